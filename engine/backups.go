package engine

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"maps"
	"net/url"
	"slices"
	"time"

	"camform/engine/backup"
	"camform/engine/config"
	"camform/engine/diff"
	"camform/engine/live"
	"camform/engine/plan"
	"camform/engine/state"
	"camform/providers"
	"camform/schema"
)

// wantsOfBackup are all kinds, as for a lock, and the other documents that are known.
func wantsOfBackup(known []string) wants {
	return func(kinds *schema.Kinds, device *config.Device) live.Wants {
		all := wantsOfLock(kinds, device)
		all.Extra, all.Archive = known, true
		return all
	}
}

// keeping hands the backup of each device on as soon as the device was read, one at a time, and lets go of what was read: a fleet
// says more than a machine holds.
type keeping struct {
	keep func(*backup.Backup) error
	now  func() time.Time
	stop context.CancelCauseFunc // ends the reading of the other devices

	turn   chan struct{} // full while a backup is kept, to which failed belongs
	failed error         // why a backup could not be kept; nobody is asked after that
}

func (k *keeping) take(d *config.Device, wants live.Wants, s *live.Snapshot) {
	b := backupOf(d, s, wants.Keys, k.now())
	*s = live.Snapshot{Device: s.Device, Identity: s.Identity, Pin: s.Pin}
	k.turn <- struct{}{}
	defer func() { <-k.turn }()
	if k.failed != nil {
		return
	}
	if err := k.keep(b); err != nil {
		k.failed = fmt.Errorf("the backup of %s could not be kept: %w", d.Address, err)
		k.stop(k.failed)
	}
}

func backupOf(d *config.Device, s *live.Snapshot, keys map[string][]string, now time.Time) *backup.Backup {
	access := diff.AccessOf(d)
	b := &backup.Backup{
		Device: d.Address, Taken: now.UTC().Truncate(time.Microsecond), Identity: s.Identity, Keys: keys, Unread: map[string]string{},
		Access: backup.Access{
			URL: d.URL.String(), Username: access.Username, Origin: access.Password.Origin, Basic: access.Basic, Legacy: access.Legacy,
			Site: d.Site, Tags: d.Tags,
		},
	}
	for _, path := range slices.Sorted(maps.Keys(s.Documents)) {
		doc := s.Documents[path]
		if doc.Unsure {
			b.Unread[path] = doc.Missing
			continue
		}
		b.Documents = append(b.Documents, backup.Document{Path: path, Body: doc.Body, Missing: doc.Missing})
	}
	for path, err := range s.UnreadDocuments {
		b.Unread[path] = providers.Reason(err)
	}
	switch err := s.ArchiveErr; {
	case err == nil && s.Archive != nil:
		b.Archive = *s.Archive
	case errors.Is(err, providers.ErrUnsupported), errors.Is(err, providers.ErrDenied):
		b.NoArchive = providers.Reason(err)
	case err != nil:
		b.Unread[backup.ArchiveName] = providers.Reason(err)
	}
	for name, err := range s.Unreadable {
		for _, place := range s.Kinds[name].Documents() {
			if _, ok := s.Documents[place.Path]; !ok {
				b.Unread[place.Path] = providers.Reason(err)
			}
		}
	}
	return b
}

// unkept are the devices whose settings a plan changes and that have no backup since they were last changed, in the
// order of the plan. Passwords are in no backup.
func unkept(p *plan.Plan, changed, taken map[schema.Device]time.Time) []schema.Device {
	var all []schema.Device
	for _, d := range p.Devices {
		kept, ok := taken[d.Address]
		writes := slices.ContainsFunc(d.Steps, func(s plan.Step) bool { return s.Action != plan.Forget && !s.Rotates() && s.Follows() == "" })
		if writes && d.Activation == nil && (!ok || kept.Before(changed[d.Address])) {
			all = append(all, d.Address)
		}
	}
	return all
}

// surveyOf reads backups instead of their devices, one after the other, and keeps of each only what the wants name.
func (j judge) surveyOf(ctx context.Context, all iter.Seq2[*backup.Backup, error], wants wants) ([]Candidate, *survey, error) {
	var candidates []Candidate
	found := &survey{}
	for b, err := range all {
		if err != nil {
			return nil, nil, err
		}
		u, err := url.Parse(b.Access.URL)
		if err != nil {
			return nil, nil, fmt.Errorf("%w: the address of %s", backup.ErrDamaged, b.Device)
		}
		candidate := Candidate{
			Device: b.Device, Name: b.Device.Name, URL: u, Username: b.Access.Username, Origin: b.Access.Origin, Basic: b.Access.Basic,
			Legacy: b.Access.Legacy, Site: b.Access.Site, Tags: b.Access.Tags,
		}
		device := candidate.device()
		request := live.Request{Target: providers.Target{Device: b.Device, URL: u}, Wants: wants(j.Kinds(), device)}
		request.Keys = b.Keys
		candidates, found.known = append(candidates, candidate), append(found.known, state.Device{})
		found.devices, found.requests = append(found.devices, device), append(found.requests, request)
		found.snapshots = append(found.snapshots, live.Read(ctx, b.Reader(), request, live.Options{Interpreter: j, Cache: noCache{}}))
	}
	return candidates, found, nil
}

// noCache keeps nothing: a backup has its own limits.
type noCache struct{}

func (noCache) Lookup(string, string, string) (providers.Document, bool) {
	return providers.Document{}, false
}
func (noCache) Store(string, string, providers.Document) {}
