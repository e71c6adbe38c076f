package engine

import (
	"errors"
	"fmt"
	"slices"

	"github.com/zclconf/go-cty/cty"

	"camform/engine/config"
	"camform/engine/diag"
	"camform/engine/diff"
	"camform/engine/lockfile"
	"camform/engine/state"
	"camform/providers"
	"camform/schema"
)

// The codes of what validate tells.
const (
	impossibleCode = "impossible-value"
	noLockCode     = "no-lock"
	notLockedCode  = "device-not-locked"
	oldLockCode    = "lock-out-of-date"
	lacksCode      = "setting-not-on-device"
)

// validation judges a configuration without its devices.
type validation struct {
	judge
	locked *lockfile.File                 // nil where there is none
	docs   map[string]providers.Documents // of the lock, by what devices can do
	known  map[subject][]ruling
}

// subject is what a ruling can be about, but for the value: devices that can do the same share one.
type subject struct {
	ability, kind, key string
}

// ruling is what was found out about a value.
type ruling struct {
	want   cty.Value
	alone  []providers.AttributeError // what no device takes
	device []providers.AttributeError // what the devices of the lock do not take
	lacks  bool                       // whether these do not have the item at all
	untold bool                       // whether the lock does not know what they have there
}

// mostRulings bounds how many values of a setting are compared with a further one. Those of a profile are the same on all devices, and
// a name is another one on each.
const mostRulings = 4

// problems are what is wrong with the settings of all devices. Those about which a lock knows nothing come back by their addresses.
func (v validation) problems(devices []*config.Device) (problems diag.Problems, untold []string) {
	for _, device := range devices {
		for _, s := range device.Settings {
			r := v.rule(s)
			problems = append(problems, v.of(s, r)...)
			if r.untold {
				untold = append(untold, s.Address.String())
			}
		}
	}
	return problems, untold
}

// rule finds out about a setting, unless that is known of another device with the same abilities.
func (v validation) rule(s *config.Setting) ruling {
	want, _ := s.Want().UnmarkDeep()
	about := subject{kind: s.Address.Kind, key: s.Address.Key}
	if v.locked != nil {
		about.ability = v.locked.Ability(s.Address.Device)
	}
	for _, known := range v.known[about] {
		if known.want.RawEquals(want) {
			return known
		}
	}
	r := ruling{want: want, alone: v.CheckAlone(s.Kind, want)}
	if about.ability != "" {
		v.byLock(s, about.ability, &r)
	}
	if len(v.known[about]) < mostRulings {
		v.known[about] = append(v.known[about], r)
	}
	return r
}

// byLock adds to a ruling what a device would refuse by its documents in the lock, or that it does not have the item.
func (v validation) byLock(s *config.Setting, ability string, r *ruling) {
	if v.docs[ability] == nil {
		v.docs[ability] = v.locked.Documents(s.Address.Device)
	}
	docs, key := v.docs[ability], s.Address.Key
	if r.untold = !mentions(docs, s); r.untold {
		return
	}
	items, err := v.Decode(s.Kind, []string{key}, docs)
	_, there := items[key]
	switch {
	case errors.Is(err, providers.ErrUnsupported), err == nil && !there && !s.Kind.Creatable() && s.Kind.Again == nil:
		r.lacks = true
	case err == nil && (there || s.Kind.Creatable()):
		r.device = v.Check(s.Kind, docs, key, r.want)
	}
}

// of are the problems of a setting by a ruling. What no device takes is not told again of one.
func (v validation) of(s *config.Setting, r ruling) diag.Problems {
	var problems diag.Problems
	for _, wrong := range r.alone {
		p := refused(diff.Refusal{Address: s.Address, Want: s, AttributeError: wrong})
		p.Code, p.Summary = impossibleCode, "Value not possible"
		problems = append(problems, p)
	}
	for _, wrong := range r.device {
		told := slices.ContainsFunc(r.alone, func(other providers.AttributeError) bool { return other.Attribute == wrong.Attribute })
		switch {
		case told, wrong.Unproven:
		case wrong.Lacks:
			problems = append(problems, lacking(s, wrong))
		default:
			problems = append(problems, refused(diff.Refusal{Address: s.Address, Want: s, AttributeError: wrong}))
		}
	}
	if r.lacks {
		problems = append(problems, lacking(s, providers.AttributeError{Detail: fmt.Sprintf("The device does not have %s.", s.Address.Local())}))
	}
	return problems
}

// lacking tells of what a device does not have. It is no error, since plans leave it out and say so: a profile may be for many models.
func lacking(s *config.Setting, wrong providers.AttributeError) diag.Problem {
	p := refused(diff.Refusal{Address: s.Address, Want: s, AttributeError: wrong})
	p.Severity, p.Code, p.Summary = diag.Warning, lacksCode, "Setting not on the device"
	p.Detail += fmt.Sprintf(" This is according to %s. Plans leave it out; remove it from the configuration of this device, or run camform lock if its firmware has changed since.", lockfile.Name)
	return p
}

// mentions reports whether documents tell of a setting, if only that the device does not have it.
func mentions(docs providers.Documents, s *config.Setting) bool {
	return slices.ContainsFunc(s.Kind.Documents(), func(d schema.Document) bool {
		_, ok := docs[d.For(s.Address.Key).Path]
		return ok
	})
}

// age tells where there is no lock, and where it does not know the devices as they are declared now, or as they were last seen.
func (v validation) age(devices []*config.Device, untold []string, seen []state.Device) diag.Problems {
	const advice = " Run camform lock where the devices can be reached."
	switch {
	case len(devices) == 0:
		return nil
	case v.locked == nil:
		return diag.Problems{{
			Severity: diag.Warning, Code: noLockCode, Summary: "No lock",
			Detail: fmt.Sprintf("There is no %s, so values were not checked against the capabilities of the devices.", lockfile.Name) + advice,
		}}
	}
	var missing, others, older, gone []string
	last, here := map[schema.Device]providers.Identity{}, map[schema.Device]bool{}
	for _, d := range seen {
		last[d.Address] = d.Identity
	}
	for _, d := range devices {
		here[d.Address] = true
		known, ok := v.locked.Device(d.Address)
		if !ok {
			missing = append(missing, d.Address.String())
			continue
		}
		now := lockfile.Device{Model: last[d.Address].Model, Firmware: last[d.Address].Firmware}
		switch {
		case d.Identity.Model != "" && d.Identity.Model != known.Model:
			others = append(others, fmt.Sprintf("%s is declared as %s and was %s", d.Address, diag.Quote(d.Identity.Model), diag.Quote(known.String())))
		case now.Firmware != "" && (now.Firmware != known.Firmware || now.Model != known.Model):
			older = append(older, fmt.Sprintf("%s was last seen with %s, and the lock file has %s", d.Address, diag.Quote(now.String()), diag.Quote(known.String())))
		}
	}
	for _, d := range v.locked.Devices() {
		if !here[d] {
			gone = append(gone, d.String())
		}
	}
	var problems diag.Problems
	tell := func(names []string, code, summary, format string) {
		if len(names) > 0 {
			problems = append(problems, diag.Problem{
				Severity: diag.Warning, Code: code, Summary: summary, Detail: fmt.Sprintf(format, lockfile.Name, diag.FirstOf(names)) + advice,
			})
		}
	}
	tell(missing, notLockedCode, "Device not in the lock file", "%s does not have the capabilities of %s.")
	tell(others, oldLockCode, "Lock file is out of date", "%s was made with other devices than those of the configuration: %s.")
	tell(older, oldLockCode, "Lock file is out of date", "%s was made with other firmware than the devices have: %s.")
	tell(untold, oldLockCode, "Lock file is out of date", "%s does not have the capabilities of the devices for %s.")
	tell(gone, oldLockCode, "Lock file is out of date", "%s has devices that the configuration no longer has: %s.")
	return problems
}
