package render

import (
	"encoding/binary"
	"fmt"
	"slices"

	"github.com/zclconf/go-cty/cty"

	"camform/engine/plan"
	"camform/schema"
)

const (
	foldFrom  = 3 // number of devices from which on the same thing is shown once
	foldNames = 5 // devices that are named then

	mostVariants = 3 // ways in which the same change is shown if devices had different values before
)

// changesOf works out the steps of a plan that keep selects. Folded changes come first, in the order of their first
// steps, then the others by device. The devices of a folded change are in order.
func changesOf(p *plan.Plan, kinds *schema.Kinds, fold Fold, keep func(plan.Step) bool) []*change {
	var all []*change
	for _, d := range p.Devices {
		for _, s := range d.Steps {
			if keep(s) {
				c := newChange(s, kinds.Lookup(s.Address.Kind))
				c.unread = d.Activation != nil
				if s.Jumps {
					c.jump = d.ClockJump
				}
				all = append(all, c)
			}
		}
	}
	if fold == Unfolded {
		return all
	}
	return folded(all)
}

// folded puts together the changes that have the same words on at least foldFrom devices. Where the devices had values of
// more than mostVariants sorts before, these are counted and not told.
func folded(all []*change) []*change {
	alike, variants := map[string][]*change{}, map[string]map[string]bool{}
	keys, exact := make([]string, len(all)), make([]string, len(all))
	for i, c := range all {
		keys[i], exact[i] = string(c.key(nil, false)), string(c.key(nil, true))
		if variants[keys[i]] == nil {
			variants[keys[i]] = map[string]bool{}
		}
		variants[keys[i]][exact[i]] = true
	}
	for i, c := range all {
		if len(variants[keys[i]]) <= mostVariants {
			keys[i] = exact[i]
		}
		alike[keys[i]] = append(alike[keys[i]], c)
	}
	var many, few []*change
	for i, c := range all {
		group := alike[keys[i]]
		switch {
		case len(group) < foldFrom:
			few = append(few, c)
		case group[0] == c:
			many = append(many, merged(group))
		}
	}
	return append(many, few...)
}

// merged makes the first change of a group stand for all of them.
func merged(group []*change) *change {
	one := group[0]
	one.devices = make([]schema.Device, len(group))
	for i, c := range group {
		one.devices[i] = c.step.Address.Device
		for j, x := range c.deltas {
			if x.origin != one.deltas[j].origin {
				one.deltas[j].origin = various
			}
			if x.follows != one.deltas[j].follows {
				one.deltas[j].follows = "the camera"
			}
		}
	}
	for j := range one.deltas {
		different := map[string]bool{}
		for _, c := range group {
			different[string(appendValue(nil, c.deltas[j].before))] = true
		}
		one.deltas[j].variants = len(different)
	}
	slices.SortFunc(one.devices, schema.Device.Compare)
	return one
}

// key appends what must be the same for two changes to be shown as one: everything that is shown but the device and the
// origins of secrets, and, if they are not to be exactly alike, but short values that change.
func (c *change) key(b []byte, exactly bool) []byte {
	s := c.step
	for _, text := range []string{s.Address.Kind, s.Address.Key, string(s.Action), s.Reason, s.Accepted, string(s.Risk), string(s.Reboot)} {
		b = appendText(b, text)
	}
	b = binary.AppendVarint(appendText(b, c.stage()), int64(c.hidden))
	if c.unread {
		b = append(b, 'u')
	}
	if s.Jumps {
		b = appendText(append(b, 'j'), c.jump)
	}
	for _, x := range c.deltas {
		b = appendText(b, x.name)
		b = append(b, x.mark...)
		if exactly || x.mark != ChangeMark || !isShort(x.before) || !isShort(x.after) {
			b = appendValue(append(b, 'b'), x.before)
		}
		b = appendValue(b, x.after)
		if x.origin != "" {
			b = append(b, 's')
		}
		if x.generate != nil {
			b = appendText(appendText(append(b, 'g'), x.generate.Policy.Name), x.generate.Reason)
		}
		if x.follows != "" {
			b = append(b, 'f')
		}
		b = appendText(appendText(b, string(x.why.Cause)), x.why.Profile)
		b = binary.AppendVarint(appendText(b, x.why.Source.File), int64(x.why.Source.Line))
	}
	return b
}

// isShort reports whether a value is shown on one line.
func isShort(v cty.Value) bool { return !isCollection(v) && !isMultiline(v) }

// appendText appends a text so that no two lists of texts give the same bytes.
func appendText(b []byte, text string) []byte {
	return append(binary.AppendUvarint(b, uint64(len(text))), text...)
}

func appendValue(b []byte, v cty.Value) []byte {
	if v.IsKnown() && !v.IsNull() {
		switch {
		case v.Type() == cty.String:
			return appendText(append(b, 't'), v.AsString())
		case isCollection(v):
			b = binary.AppendUvarint(append(b, 'l'), uint64(v.LengthInt()))
			for it := v.ElementIterator(); it.Next(); {
				_, element := it.Element()
				b = appendValue(b, element)
			}
			return b
		}
	}
	return appendText(append(b, 'v'), scalar(v))
}

// some are the first of many devices by name and how many are left; all of them when nothing is to be folded.
func some(devices []schema.Device, fold Fold) []string {
	shown := devices
	if fold == Folded && len(devices) > foldNames {
		shown = devices[:foldNames]
	}
	texts := make([]string, len(shown), len(shown)+1)
	for i, d := range shown {
		texts[i] = printable(d.String())
	}
	if rest := len(devices) - len(shown); rest > 0 {
		texts = append(texts, fmt.Sprintf("... and %d more", rest))
	}
	return texts
}
