package engine

import (
	"context"
	"fmt"
	"slices"

	"camform/engine/config"
	"camform/engine/diag"
	"camform/engine/diff"
	"camform/engine/live"
	"camform/engine/lock"
	"camform/providers"
	"camform/schema"
)

// Lock reads what the devices of a configuration can do, and puts it into a lock: the old one with what was read. Devices
// that the configuration does not have are dropped. Devices that could not be read keep what is known of them; they come
// back as problems.
func (e *Engine) Lock(ctx context.Context, cfg *config.Config, targets []schema.Setting, old *lock.Lock) (*lock.Lock, diag.Problems) {
	devices := targeted(cfg.Devices, targets)
	known, err := e.credentials(ctx, nobodyAsked)
	if err != nil {
		return nil, diag.Problems{diag.FromError(err, "state-unreadable", "State cannot be read")}
	}
	requests, problems := e.requests(ctx, devices, nil, known)
	if problems.HasErrors() {
		return nil, problems
	}
	for i := range requests {
		requests[i].Kinds = e.Provider.Kinds().All()
		requests[i].Keys = allKeys(e.Provider.Kinds(), requests[i].Keys)
	}
	snapshots := live.Refresh(ctx, requests, live.Options{
		Open: e.Provider.OpenReader, Interpreter: e.Provider, Limits: e.Limits, Cache: capabilityCache{e.Store}, Event: e.Event,
	})
	problems = append(problems, e.remember(ctx, requests, snapshots)...)
	fresh, err := lock.Decode(old.Encode())
	if err != nil {
		panic(fmt.Sprintf("this is a bug: %v", err))
	}
	for _, s := range snapshots {
		if s.Err != nil {
			problems = append(problems, diag.Problem{
				Severity: diag.Error, Code: "device-not-read", Summary: "Device could not be read",
				Detail: live.Explain(s.Err, s.Device) + ".", Address: schema.Setting{Device: s.Device},
			})
			continue
		}
		fresh.Set(s, e.Provider.Outline)
	}
	addresses := make([]schema.Device, len(cfg.Devices))
	for i, d := range cfg.Devices {
		addresses[i] = d.Address
	}
	fresh.Keep(addresses)
	return fresh, problems
}

// allKeys adds to the items that are asked for those that the kinds themselves list.
func allKeys(kinds *schema.Kinds, keys map[string][]string) map[string][]string {
	for _, kind := range kinds.All() {
		for _, key := range kind.Keys {
			if !slices.Contains(keys[kind.Name], key) {
				keys[kind.Name] = append(keys[kind.Name], key)
			}
		}
	}
	return keys
}

// CheckLocked finds what the devices of a lock would refuse, without asking them. What a device lacks as a whole is no
// problem here: a plan tells it. Devices that the lock does not know come back by their addresses.
func CheckLocked(cfg *config.Config, locked *lock.Lock, provider providers.Provider) (diag.Problems, []schema.Device) {
	var problems diag.Problems
	var unknown []schema.Device
	for _, device := range cfg.Devices {
		if _, ok := locked.Device(device.Address); !ok {
			unknown = append(unknown, device.Address)
			continue
		}
		docs := locked.Documents(device.Address)
		for _, s := range device.Settings {
			for _, refusal := range refusedByLock(s, docs, provider) {
				problems = append(problems, refused(refusal))
			}
		}
	}
	return problems, unknown
}

func refusedByLock(s *config.Setting, docs providers.Documents, provider providers.Provider) []diff.Refusal {
	items, err := provider.Decode(s.Kind, []string{s.Address.Key}, docs)
	if _, there := items[s.Address.Key]; err != nil || !there && !s.Kind.Creatable() {
		return nil
	}
	want, _ := s.Want().UnmarkDeep()
	var refusals []diff.Refusal
	for _, wrong := range provider.Check(s.Kind, docs, s.Address.Key, want) {
		if !wrong.Lacks && !wrong.Unproven {
			refusals = append(refusals, diff.Refusal{Address: s.Address, Want: s, AttributeError: wrong})
		}
	}
	return refusals
}
