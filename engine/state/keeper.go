package state

import (
	"context"
	"maps"
	"slices"
	"sync"
	"time"

	"camform/schema"
)

// Keeper renews leases while a run works. The zero value is not usable; see NewKeeper.
type Keeper struct {
	store Renewer
	lost  func(Lease)

	mu     sync.Mutex
	leases map[schema.Device]Lease
}

// Renewer renews leases; see Leases.Renew.
type Renewer interface {
	Renew(ctx context.Context, leases ...Lease) (lost []Lease, err error)
}

// NewKeeper makes a keeper without leases. Lost is called from Run for a lease that somebody else took over; nothing more
// may be sent to its device.
func NewKeeper(store Renewer, lost func(Lease)) *Keeper {
	return &Keeper{store: store, lost: lost, leases: map[schema.Device]Lease{}}
}

// Hold adds leases to those that are renewed.
func (k *Keeper) Hold(leases ...Lease) {
	k.mu.Lock()
	defer k.mu.Unlock()
	for _, lease := range leases {
		k.leases[lease.Device] = lease
	}
}

// Drop takes leases out again, before they are released.
func (k *Keeper) Drop(leases ...Lease) {
	k.mu.Lock()
	defer k.mu.Unlock()
	for _, lease := range leases {
		delete(k.leases, lease.Device)
	}
}

// Run renews the leases three times in LeaseTime until ctx ends. A renewal that fails is tried again at the next beat:
// should the lease end and be taken over meanwhile, the next write with it is refused.
func (k *Keeper) Run(ctx context.Context) {
	beat := time.NewTicker(LeaseTime / 3)
	defer beat.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-beat.C:
			k.renew(ctx)
		}
	}
}

func (k *Keeper) renew(ctx context.Context) {
	lost, _ := k.store.Renew(ctx, k.held()...)
	for _, lease := range lost {
		if k.forget(lease) {
			k.lost(lease)
		}
	}
}

func (k *Keeper) held() []Lease {
	k.mu.Lock()
	defer k.mu.Unlock()
	return slices.Collect(maps.Values(k.leases))
}

// forget reports whether the lease was still held. One that was dropped during a renewal was released, not lost.
func (k *Keeper) forget(lease Lease) bool {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.leases[lease.Device] != lease {
		return false
	}
	delete(k.leases, lease.Device)
	return true
}
