package operator

import (
	"cmp"
	"net/netip"
	"slices"

	"github.com/hashicorp/hcl/v2"
	"github.com/zclconf/go-cty/cty"

	"camform/engine/config"
	"camform/engine/diag"
	"camform/providers"
	"camform/schema"
)

// CheckDevices judges where the devices of a configuration are, and which secrets they are sent. A device with a name instead of
// an address is judged when it is connected to.
func (r Rules) CheckDevices(cfg *config.Config, dir string) diag.Problems {
	var problems diag.Problems
	if r.None() {
		return nil
	}
	type trouble struct {
		at      hcl.Range
		devices []schema.Device
	}
	found := map[string]*trouble{} // by why
	for _, d := range cfg.Devices {
		address, err := netip.ParseAddr(d.URL.Hostname())
		if err != nil {
			continue
		}
		refuse := func(at hcl.Range, bounds providers.Bounds) {
			why := bounds.Refuse(address)
			if why == "" {
				return
			}
			if found[why] == nil {
				found[why] = &trouble{at: at}
			}
			if t := found[why]; !slices.Contains(t.devices, d.Address) {
				t.devices = append(t.devices, d.Address)
			}
		}
		refuse(d.URLRange, r.Within(dir))
		refuse(d.Login.Range, r.sending(dir, d.Login.Password))
		for _, s := range d.Settings {
			for _, a := range s.Attributes {
				refuse(a.Range, r.sending(dir, a.Value))
			}
		}
	}
	for why, t := range found {
		names := make([]string, len(t.devices))
		for i, d := range t.devices {
			names[i] = d.String()
		}
		p := forbidden(&t.at, "%s: %s.", diag.FirstOf(names), why)
		p[0].Address.Device = t.devices[0]
		problems = append(problems, p...)
	}
	return problems.Sorted()
}

// sending are the bounds of the secrets that a value was made of, without those that hold for all devices.
func (r Rules) sending(dir string, v cty.Value) providers.Bounds {
	var all providers.Bounds
	_, marks := v.UnmarkDeep()
	for mark := range marks {
		if secret, ok := mark.(schema.SecretMark); ok && secret.Origin != "" {
			all = append(all, r.limits(dir, secret.Origin)...)
		}
	}
	slices.SortFunc(all, func(a, b providers.Bound) int { return cmp.Compare(a.Why, b.Why) })
	return all
}
