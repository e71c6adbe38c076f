package engine

import (
	"cmp"
	"fmt"
	"iter"
	"maps"
	"slices"
	"strings"

	"camform/engine/config"
	"camform/engine/diag"
	"camform/engine/plan"
	"camform/schema"
)

// The codes of problems with what devices do not have.
const (
	nowhereCode = "setting-nowhere"
	lackingCode = "setting-lacking"
)

// lack is something that is wanted of devices and that they do not have.
type lack struct {
	want    *config.Setting // of the first of them
	left    plan.Skipped    // what the plan says of it there
	devices []schema.Device // in order
}

// lacks are what is wanted in vain, the same on several devices once.
type lacks map[lacksKey]*lack

type lacksKey struct{ setting, attribute, detail string }

func (all lacks) add(key lacksKey, want *config.Setting, left plan.Skipped) {
	if all[key] == nil {
		all[key] = &lack{want: want, left: left}
	}
	all[key].devices = append(all[key].devices, want.Address.Device)
}

// sorted are the lacks in the order of the first devices.
func (all lacks) sorted() []*lack {
	return slices.SortedFunc(maps.Values(all), func(a, b *lack) int {
		return cmp.Or(a.left.Address.Compare(b.left.Address), strings.Compare(a.left.Attribute, b.left.Attribute))
	})
}

// lacking tells what is wanted in vain: settings that no device has, which is how a misspelt label looks, and everything that a
// strict device lacks. That some devices of many lack a setting is what profiles are made for; the plan tells it.
func (p *Planned) lacking(devices []*config.Device) diag.Problems {
	nowhere, strict := p.nowhere(devices), lacks{}
	for i, device := range devices {
		for want, left := range p.unsupported(i, device) {
			if _, told := nowhere[lacksKey{setting: want.Address.Local()}]; device.Strict && !told {
				strict.add(lacksKey{want.Address.Local(), left.Attribute, left.Detail}, want, left)
			}
		}
	}
	var problems diag.Problems
	for _, l := range nowhere.sorted() {
		problems = append(problems, l.problem(nowhereCode, "Setting that no device has",
			"Correct its label or remove it."+p.labels(l)))
	}
	for _, l := range strict.sorted() {
		problems = append(problems, l.problem(lackingCode, "Setting that a strict device lacks",
			"Remove it for that device, or set strict = false there."))
	}
	return problems
}

// nowhere finds the settings that none of the devices has that could be read and that want it. One that the state remembers
// exists somewhere, also where that device cannot be read now. With targets nothing can be said of all devices.
func (p *Planned) nowhere(devices []*config.Device) lacks {
	found, exists := lacks{}, map[string]bool{}
	for _, remembered := range p.last {
		for address := range remembered {
			exists[address.Local()] = true
		}
	}
	for i, device := range devices {
		lacked := map[schema.Setting]bool{}
		for want, left := range p.unsupported(i, device) {
			if left.Attribute == "" {
				found.add(lacksKey{setting: want.Address.Local()}, want, left)
				lacked[want.Address] = true
			}
		}
		for _, want := range device.Settings {
			if !p.Plan.Devices[i].Unread() && !lacked[want.Address] && !p.unreadable(i, want.Address) {
				exists[want.Address.Local()] = true
			}
		}
	}
	maps.DeleteFunc(found, func(key lacksKey, _ *lack) bool { return len(p.Plan.Targets) > 0 || exists[key.setting] })
	return found
}

// unsupported are the wanted settings of a device that it lacks, or that lack an attribute on it, with what the plan says.
func (p *Planned) unsupported(i int, device *config.Device) iter.Seq2[*config.Setting, plan.Skipped] {
	return func(yield func(*config.Setting, plan.Skipped) bool) {
		for _, left := range p.Plan.Devices[i].Skipped {
			k := slices.IndexFunc(device.Settings, func(s *config.Setting) bool { return s.Address == left.Address })
			if left.Reason == plan.Unsupported && k >= 0 && !yield(device.Settings[k], left) {
				return
			}
		}
	}
}

func (p *Planned) unreadable(i int, address schema.Setting) bool {
	return slices.ContainsFunc(p.Plan.Devices[i].Skipped, func(s plan.Skipped) bool {
		return s.Address == address && s.Reason == plan.Unreadable
	})
}

// problem tells of a lack, and what to do about it.
func (l *lack) problem(code, summary, advice string) diag.Problem {
	name := l.want.Address.Local()
	at := l.want.Range
	if l.left.Attribute != "" {
		name += "." + l.left.Attribute
		at = l.want.Attributes[l.left.Attribute].Range
	}
	const most = 3
	var names []string
	for _, device := range l.devices[:min(most, len(l.devices))] {
		names = append(names, device.String())
	}
	if more := len(l.devices) - most; more > 0 {
		names = append(names, fmt.Sprintf("%d more", more))
	}
	return diag.Problem{
		Severity: diag.Error, Code: code, Summary: summary, Address: l.left.Address, Subject: &at,
		Detail: fmt.Sprintf("%s is not available on %s: %s. %s", name, strings.Join(names, ", "), strings.TrimSuffix(l.left.Detail, "."), advice),
	}
}

// labels says which labels of the kind devices have where one is missing.
func (p *Planned) labels(l *lack) string {
	if l.want.Address.Key == "" {
		return ""
	}
	there := map[string]bool{}
	for _, device := range l.devices {
		for key := range p.Snapshots[device].Items[l.want.Kind.Name] {
			there[key] = true
		}
	}
	keys := slices.Sorted(maps.Keys(there))
	switch near := schema.Nearest(l.want.Address.Key, keys); {
	case near != "":
		return " Did you mean " + diag.Quote(near) + "?"
	case len(keys) > 0 && len(keys) <= mostLabels:
		return " There are " + strings.Join(quoted(keys), ", ") + "."
	default:
		return ""
	}
}

// mostLabels is the most labels that are worth listing.
const mostLabels = 12

func quoted(texts []string) []string {
	all := make([]string, len(texts))
	for i, text := range texts {
		all[i] = diag.Quote(text)
	}
	return all
}
