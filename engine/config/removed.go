package config

import (
	"github.com/hashicorp/hcl/v2"
	"github.com/zclconf/go-cty/cty"

	"camform/schema"
)

// Removed says what becomes of a device that left the configuration.
type Removed struct {
	From   schema.Device // without a key, and without Device, it stands for every device of that name
	Device *Device       // how to reach it, to delete what camform made there; nil to leave it as it is
	Range  hcl.Range
}

// Covers reports whether a block is about a device. One that says how to reach it is about a single one.
func (r Removed) Covers(device schema.Device) bool {
	return r.From == device || r.Device == nil && !r.From.Each && r.From.Name == device.Name
}

// removedBlock is a removed block.
type removedBlock struct{ body }

func (b *removedBlock) evaluate(l *loader, s scope) {
	from, ok := s.deviceNamed(b.body, "from")
	if !ok {
		return
	}
	s.about.Device = from
	r := Removed{From: from, Range: b.block.DefRange}
	for _, other := range l.config.Removed {
		if other.Covers(from) || r.Covers(other.From) {
			s.add(duplicateName.at(b.block.DefRange, "%s is already removed at %s. Remove one of the two blocks.", from, line(other.Range)))
			return
		}
	}
	sections := s.single(b.sections)
	destroy, ok := b.destroys(s, sections["lifecycle"])
	switch {
	case !ok:
		return
	case destroy:
		r.Device = b.leaving(s, from, sections)
		if r.Device == nil {
			return
		}
	case b.attributes["address"] != nil || sections["login"] != nil || sections["tls"] != nil:
		s.add(unknownArgument.at(b.block.DefRange, "With destroy = false, camform does not contact the device. Remove address, login and tls."))
	}
	l.config.Removed = append(l.config.Removed, r)
}

// destroys reads whether what camform made on the device is to be deleted. Nobody guesses that.
func (b *removedBlock) destroys(s scope, lifecycle *section) (destroy, ok bool) {
	if lifecycle == nil || lifecycle.attributes["destroy"] == nil {
		s.add(missingArgument.at(b.block.DefRange, "A removed block needs lifecycle { destroy = false } to leave the device as it is, or lifecycle { destroy = true } to delete the accounts and other items that camform made there."))
		return false, false
	}
	attr := lifecycle.attributes["destroy"]
	v := s.argument(attr, cty.Bool)
	if v.IsNull() || !v.IsKnown() {
		s.add(missingArgument.at(attr.Expr.Range(), "destroy must be true or false."))
		return false, false
	}
	return v.True(), true
}

// leaving is how to reach a device that is removed; nil if that is not said.
func (b *removedBlock) leaving(s scope, from schema.Device, sections map[string]*section) *Device {
	d := &Device{Address: from, TLS: s.tls(sections["tls"]), Range: b.block.DefRange}
	d.URL, d.URLRange = s.address(b.block, "address", b.attributes["address"])
	d.Login = s.login(b.block, sections["login"], unmanaged)
	if d.URL == nil || d.Login.Username == "" || !schema.IsSecret(d.Login.Password) {
		return nil
	}
	return d
}

// gone reports removed blocks of devices that the configuration declares.
func (l *loader) gone() {
	for _, r := range l.config.Removed {
		for _, d := range l.config.Devices {
			if r.Covers(d.Address) {
				s := scope{loader: l, about: schema.Setting{Device: d.Address}}
				s.add(duplicateName.at(r.Range, "%s is declared at %s, so it is not removed. Remove one of the two blocks.", d.Address, line(d.Range)))
				break
			}
		}
	}
}
