package engine

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"camform/engine/plan"
	"camform/engine/recover"
	"camform/engine/state"
	"camform/providers"
	"camform/schema"
)

// caseAbout is what is kept of a case beside its events and what the store knows itself.
type caseAbout struct {
	Identity providers.Identity `json:"identity"`
	URL      string             `json:"url"`
	Opened   time.Time          `json:"opened"`
	By       string             `json:"by"`
	Reason   string             `json:"reason"`
}

// casesIn are all recoveries that a state knows.
func casesIn(ctx context.Context, store *state.Cases) ([]recover.Case, error) {
	stored, err := store.AllCases(ctx)
	if err != nil {
		return nil, err
	}
	var all []recover.Case
	for _, s := range stored {
		var about caseAbout
		if err := json.Unmarshal(s.About, &about); err != nil {
			return nil, fmt.Errorf("%w: table cases: %w", state.ErrDamaged, err)
		}
		c := recover.Case{
			ID: s.ID, Device: s.Device, Custody: recover.Custody(s.Custody), Generation: s.Generation,
			Identity: about.Identity, URL: about.URL, Opened: about.Opened, By: about.By, Reason: about.Reason,
		}
		for _, text := range s.Events {
			var event recover.Event
			if err := json.Unmarshal(text, &event); err != nil {
				return nil, fmt.Errorf("%w: table case_events: %w", state.ErrDamaged, err)
			}
			c.Events = append(c.Events, event)
		}
		all = append(all, c)
	}
	return all, nil
}

// sparing leaves devices alone while a request to support is open for them.
type sparing struct {
	store *state.Cases
	now   func() time.Time
}

// ErrHeldByCase says that nothing may be done to a device, since that could spoil a request to support.
var ErrHeldByCase = errors.New("the device is left alone")

// spared fails with ErrHeldByCase while a request to support is open for a device, by its name or its serial number.
func (g sparing) spared(ctx context.Context, device schema.Device, serial string) error {
	cases, err := casesIn(ctx, g.store)
	if err != nil {
		return err
	}
	for _, c := range cases {
		same := c.Device == device || serial != "" && strings.EqualFold(c.Identity.Serial, serial)
		if why := recover.Spoils(c, g.now()); same && why != "" {
			return fmt.Errorf("%w: %s. See camform recover status %s", ErrHeldByCase, why, c.ID)
		}
	}
	return nil
}

// spare holds back all settings of a plan whose devices are left alone, with the reason.
func (g sparing) spare(ctx context.Context, p *plan.Plan, held map[schema.Setting]string) error {
	for _, d := range p.Devices {
		if len(d.Steps) == 0 {
			continue
		}
		err := g.spared(ctx, d.Address, d.Identity.Serial)
		if err != nil && !errors.Is(err, ErrHeldByCase) {
			return err
		}
		for _, s := range d.Steps {
			if err != nil {
				held[s.Address] = err.Error()
			}
		}
	}
	return nil
}
