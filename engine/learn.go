package engine

import (
	"cmp"
	"context"
	"fmt"
	"net/url"

	"github.com/zclconf/go-cty/cty"
	"golang.org/x/sync/errgroup"

	"camform/engine/learn"
	"camform/engine/live"
	"camform/engine/plan"
	"camform/engine/state"
	"camform/providers"
	"camform/schema"
)

// Candidate is a device that no configuration declares yet.
type Candidate struct {
	Device   schema.Device // what it is called while it is read; no two have the same
	Name     string        // what it is to be called in the configuration; empty to let the device say
	URL      *url.URL      // scheme and host, with the port only where somebody wrote it
	Username string
	Password string // origin
	Basic    bool
	Legacy   bool
	Site     string
	Tags     []string
	Want     providers.Identity // who must answer; empty fields are not checked
}

// Endpoint is the URL with a port.
func (c *Candidate) Endpoint() *url.URL {
	u := *c.URL
	switch {
	case u.Port() != "":
	case u.Scheme == "https":
		u.Host += ":443"
	default:
		u.Host += ":80"
	}
	return &u
}

// Survey is what was read of candidates, in their order.
type Survey struct {
	Devices []learn.Device // that could be read
	Unread  []Unread       // the others

	seen []state.Device // of Devices; their addresses are not known yet
}

// Unread is a candidate that could not be read, or that must not be declared.
type Unread struct {
	Candidate *Candidate
	Reason    string
}

// Survey reads candidates with all settings of the given kinds. It changes nothing on any device, and remembers nothing of
// them before Adopt; what was remembered of a device at the same address holds nevertheless. The error is for what
// concerns all of them, such as a secret that is not to be had: no device was asked then.
func (e *Engine) Survey(ctx context.Context, candidates []Candidate, kinds []*schema.Kind) (*Survey, error) {
	known, err := e.knownByEndpoint(ctx)
	if err != nil {
		return nil, err
	}
	requests := make([]live.Request, len(candidates))
	for i := range candidates {
		c := &candidates[i]
		target, err := e.target(ctx, c.Device, plan.Access{
			URL: c.Endpoint().String(), Username: c.Username, Password: plan.Secret{Origin: c.Password},
			Want: c.Want, Legacy: c.Legacy, Basic: c.Basic, Site: c.Site,
		})
		if err != nil {
			return nil, fmt.Errorf("%s: %w", c.URL, err)
		}
		target.Pin = known[target.URL.Host].Pin
		requests[i] = live.Request{Target: target, Site: c.Site, Wants: live.Wants{Kinds: kinds, Keys: fixedKeys(kinds)}}
	}
	snapshots := live.Refresh(ctx, requests, live.Options{
		Open: e.Provider.OpenReader, Interpreter: e.Provider, Limits: e.Limits, Cache: capabilityCache{e.Store}, Event: e.Event,
	})
	survey, serials := &Survey{}, map[string]*Candidate{}
	for i, snap := range snapshots {
		if snap.Err != nil {
			device := cmp.Or(known[requests[i].Target.URL.Host].Address, candidates[i].Device)
			survey.Unread = append(survey.Unread, Unread{&candidates[i], live.Explain(snap.Err, device)})
			continue
		}
		survey.add(&candidates[i], requests[i].Target, snap, serials)
	}
	return survey, nil
}

// knownByEndpoint are the devices that answered last at each endpoint.
func (e *Engine) knownByEndpoint(ctx context.Context) (map[string]state.Device, error) {
	devices, err := e.Store.Devices(ctx)
	if err != nil {
		return nil, err
	}
	known := make(map[string]state.Device, len(devices))
	for _, d := range devices {
		if d.LastSeen.After(known[d.Endpoint].LastSeen) {
			known[d.Endpoint] = d
		}
	}
	return known, nil
}

// fixedKeys are the items of those kinds whose items have names that are known beforehand.
func fixedKeys(kinds []*schema.Kind) map[string][]string {
	keys := map[string][]string{}
	for _, k := range kinds {
		keys[k.Name] = k.Keys
	}
	return keys
}

// add takes in the snapshot of a device that was read. One device that answers at two addresses is taken in once.
func (s *Survey) add(c *Candidate, target providers.Target, snap *live.Snapshot, serials map[string]*Candidate) {
	if first, ok := serials[snap.Identity.Serial]; ok && snap.Identity.Serial != "" {
		s.Unread = append(s.Unread, Unread{c, "it has the same serial number as the device at " + first.URL.String()})
		return
	}
	serials[snap.Identity.Serial] = c
	d := learn.Device{
		Name: c.Name, Address: c.URL.String(), Username: c.Username, Basic: c.Basic, Legacy: c.Legacy,
		Password: schema.MarkSecret(cty.StringVal(target.Login.Password.Reveal()), c.Password),
		Site:     c.Site, Tags: c.Tags, Identity: snap.Identity,
		Items: snap.Items, Documents: snap.Documents, Unreadable: map[string]string{},
	}
	for kind, err := range snap.Unreadable {
		d.Unreadable[kind] = providers.Reason(err)
	}
	s.Devices = append(s.Devices, d)
	s.seen = append(s.seen, state.Device{Endpoint: target.URL.Host, Identity: snap.Identity, Pin: snap.Pin})
}

// Adopt remembers who answered under the addresses that the devices have in the configuration, so that a plan notices
// when another one does. Addresses are those of Devices.
func (e *Engine) Adopt(ctx context.Context, s *Survey, addresses []schema.Device) error {
	var group errgroup.Group
	group.SetLimit(savers)
	for i, seen := range s.seen {
		seen.Address = addresses[i]
		group.Go(func() error { return e.Store.SaveSeen(ctx, seen) })
	}
	return group.Wait()
}
