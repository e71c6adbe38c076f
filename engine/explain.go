package engine

import (
	"context"
	"fmt"
	"iter"
	"maps"
	"slices"
	"time"

	"camform/engine/auditlog"
	"camform/engine/config"
	"camform/engine/state"
	"camform/schema"
)

// Explanation says why a setting is wanted as it is, and how it was applied. What the device has now is not in it.
type Explanation struct {
	Address    schema.Setting
	Kind       *schema.Kind    // nil for one that this camform does not have
	Declared   *config.Setting // nil where the configuration does not ask for it
	Remembered *state.Setting  // nil where nothing was applied, or it was forgotten
	Requests   []Request       // that changed it, or may have: the last first, MostRequests of them
	More       int             // requests before those
	Users      []Account       // accounts of the device of whose use something is known; of an account, that one alone
}

// MostRequests is how many requests an Explanation has.
const MostRequests = 5

// Request is a request that was sent for a setting, with its outcome.
type Request struct {
	At             time.Time // when its outcome was known; UTC
	Run, Who       string    // Who is empty where the audit log does not have the run
	Outcome        string    // as the journal says it
	Reason, Ticket string    // of the run, in the words of the person who started it
}

// begun is what the audit log says of the beginning of a run.
type begun struct{ who, reason, ticket string }

// explainer puts together what is known of settings.
type explainer struct {
	kinds *schema.Kinds
	store *state.Fleet
	found map[schema.Setting]*Explanation
}

// declared adds what a configuration asks for.
func (x explainer) declared(devices []*config.Device, targets []schema.Setting) {
	for _, d := range devices {
		for _, s := range d.Settings {
			if covered(targets, s.Address) {
				x.of(s.Address).Declared = s
			}
		}
	}
}

// remembered adds what was applied.
func (x explainer) remembered(ctx context.Context, targets []schema.Setting) error {
	for row, err := range x.store.AllSettings(ctx) {
		if err != nil {
			return err
		}
		if covered(targets, row.Address) {
			x.of(row.Address).Remembered = &row
		}
	}
	return nil
}

// requests adds what was sent, by the audit log.
func (x explainer) requests(entries iter.Seq2[auditlog.Entry, error]) error {
	runs := map[string]begun{}
	locals := map[string]map[string]*Explanation{}
	for address, e := range x.found {
		if locals[address.Device.String()] == nil {
			locals[address.Device.String()] = map[string]*Explanation{}
		}
		locals[address.Device.String()][address.Local()] = e
	}
	for entry, err := range entries {
		if err != nil {
			return err
		}
		r, err := entry.Record()
		if err != nil {
			return fmt.Errorf("%w; run camform audit-log verify for details", err)
		}
		switch r.Action {
		case auditlog.RunBegun:
			runs[r.Run] = begun{r.Who, r.Reason, r.Ticket}
		case auditlog.RequestSettled:
			run := runs[r.Run]
			for _, local := range r.Settings {
				if e := locals[r.Device][local]; e != nil {
					e.Requests = append(e.Requests, Request{r.Time, r.Run, run.who, r.Outcome, run.reason, run.ticket})
				}
			}
		}
	}
	for _, e := range x.found {
		slices.Reverse(e.Requests)
		if more := len(e.Requests) - MostRequests; more > 0 {
			e.Requests, e.More = e.Requests[:MostRequests], more
		}
	}
	return nil
}

// users adds who logs in.
func (x explainer) users(accounts []Account) {
	for address, e := range x.found {
		account := e.Kind != nil && e.Kind.IsAccount()
		for _, a := range accounts {
			if a.Device == address.Device && len(a.Users) > 0 && (!account || a.Account == address.Key) {
				e.Users = append(e.Users, a)
			}
		}
	}
}

func (x explainer) of(address schema.Setting) *Explanation {
	if x.found[address] == nil {
		x.found[address] = &Explanation{Address: address, Kind: x.kinds.Lookup(address.Kind)}
	}
	return x.found[address]
}

// all are the explanations by address.
func (x explainer) all() []Explanation {
	var all []Explanation
	for _, address := range slices.SortedFunc(maps.Keys(x.found), schema.Setting.Compare) {
		all = append(all, *x.found[address])
	}
	return all
}
