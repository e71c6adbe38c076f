package engine

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"camform/engine/config"
	"camform/engine/credential"
	"camform/engine/diag"
	"camform/engine/plan"
	"camform/engine/state"
	"camform/schema"
)

// left are the devices that the state remembers and a configuration no longer has.
type left struct {
	gone    []plan.Gone
	cleared []*config.Device // those on which what camform made is to be deleted; ordered by address
}

// leftOf finds the devices that left a configuration. One that it is about to import has not come yet.
func leftOf(ctx context.Context, store *state.Fleet, cfg *config.Config) (left, diag.Problems) {
	here := map[schema.Device]bool{}
	for _, d := range cfg.Devices {
		here[d.Address] = true
	}
	for _, i := range cfg.Imports {
		here[i.To] = true
	}
	remembered, err := store.AllDevices(ctx)
	if err != nil {
		return left{}, stateUnreadable(err)
	}
	remembered = slices.DeleteFunc(remembered, func(d state.Device) bool { return here[d.Address] })
	if len(remembered) == 0 {
		return left{}, nil
	}
	kept, err := readKept(ctx, store)
	if err != nil {
		return left{}, stateUnreadable(err)
	}
	var l left
	for _, d := range remembered {
		g := kept.gone(d)
		if i := slices.IndexFunc(cfg.Removed, func(r config.Removed) bool { return r.Covers(d.Address) }); i >= 0 {
			block := cfg.Removed[i]
			g.Source = plan.SourceOf(block.Range)
			if g.Cleared = block.Device != nil; g.Cleared {
				l.cleared = append(l.cleared, block.Device)
			}
		}
		l.gone = append(l.gone, g)
	}
	return l, l.misnamed(cfg.Removed)
}

// gone is what a plan says about a device that left.
func (k kept) gone(d state.Device) plan.Gone {
	g := plan.Gone{Address: d.Address, Endpoint: d.Endpoint, Seen: d.LastSeen.UTC()}
	for address, row := range k.rows {
		if address.Device == d.Address {
			g.Settings++
			if row.Created {
				g.Made = append(g.Made, address)
			}
		}
	}
	slices.SortFunc(g.Made, schema.Setting.Compare)
	for name := range k.versions {
		if device, _, ok := credential.AccountOf(name); ok && device == d.Address {
			g.Passwords = append(g.Passwords, name)
		}
	}
	slices.Sort(g.Passwords)
	return g
}

// misnamed reports removed blocks that are to delete something on several devices at once: each has an address and a login of
// its own.
func (l left) misnamed(blocks []config.Removed) diag.Problems {
	var problems diag.Problems
	for _, block := range blocks {
		var several []string
		for _, g := range l.gone {
			if block.Device != nil && !block.From.Each && g.Address.Each && g.Address.Name == block.From.Name {
				several = append(several, g.Address.String())
			}
		}
		if len(several) > 0 {
			problems = append(problems, diag.Problem{
				Severity: diag.Error, Code: "removed-names-several", Summary: "Device not named", Subject: &block.Range,
				Detail: fmt.Sprintf("%s stands for %s here, and each has its own address and login. Write a removed block for each, such as from = %s.",
					block.From, strings.Join(several, ", "), several[0]),
			})
		}
	}
	return problems
}

// join puts the devices that are to be cleared among those of a configuration.
func (l left) join(devices []*config.Device) []*config.Device {
	all := slices.Concat(devices, l.cleared)
	slices.SortFunc(all, func(a, b *config.Device) int { return a.Address.Compare(b.Address) })
	return all
}
