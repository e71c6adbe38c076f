package config

import (
	"fmt"
	"net/url"
	"slices"

	"github.com/hashicorp/hcl/v2"

	"camform/schema"
)

// Import says which device is to be read and written down as configuration.
type Import struct {
	To       schema.Device
	URL      *url.URL
	Login    Login
	TLS      TLS
	Declared bool // the configuration declares a device of that address, so that there is nothing to do any more
	Range    hcl.Range
}

// importBlock is an import block.
type importBlock struct{ body }

// declareUnnamed declares a block without a name; its number stands for that.
func (l *loader) declareUnnamed(block *hcl.Block, shape *shape, as func(body) declaration) {
	content, problems := shape.read(block.Body)
	l.add(problems...)
	n := node{block.Type, fmt.Sprint(len(l.nodes))}
	l.declarations[n] = as(body{block: block, shape: shape, outline: content})
	l.nodes = append(l.nodes, n)
}

func (b *importBlock) evaluate(l *loader, s scope) {
	to, ok := s.deviceNamed(b.body, "to")
	ok = ok && s.fits(to, b.attributes["to"].Expr.Range())
	if !ok {
		return
	}
	s.about.Device = to
	sections := s.single(b.sections)
	i := Import{To: to, TLS: s.tls(sections["tls"]), Range: b.block.DefRange}
	i.URL, _ = s.address(b.block, "id", b.attributes["id"])
	i.Login = s.login(b.block, sections["login"], unmanaged)
	if j := slices.IndexFunc(l.config.Imports, func(other Import) bool { return other.To == to }); j >= 0 {
		s.add(duplicateName.at(b.block.DefRange, "%s is already imported at %s. Remove one of them.", to, line(l.config.Imports[j].Range)))
		return
	}
	if i.URL != nil && i.Login.Username != "" && schema.IsSecret(i.Login.Password) {
		l.config.Imports = append(l.config.Imports, i)
	}
}

// deviceNamed reads an argument that names a device, which need not exist.
func (s scope) deviceNamed(b body, argument string) (schema.Device, bool) {
	attr := b.attributes[argument]
	if attr == nil {
		s.add(missingArgument.at(b.block.DefRange, "The block %s needs the argument %s, such as %s = device.lobby.", b.block.Type, argument, argument))
		return schema.Device{}, false
	}
	if named, ok := deviceIn(attr); ok {
		return named, true
	}
	s.add(invalidReference.at(attr.Expr.Range(), "%s accepts the address of a device, such as device.lobby, without quotes.", argument))
	return schema.Device{}, false
}

// fits reports whether an address has a key if and only if the block of that name, where there is one, has a for_each.
func (s scope) fits(to schema.Device, at hcl.Range) bool {
	block, ok := s.declarations[node{"device", to.Name}].(*deviceBlock)
	switch {
	case !ok || to.Each == (block.attributes["for_each"] != nil):
		return true
	case to.Each:
		s.add(invalidReference.at(at, "device.%s (%s) has no for_each, so it has no keys.", to.Name, line(block.place())))
	default:
		s.add(invalidReference.at(at, "device.%s (%s) has a for_each. Name one of its devices, such as device.%s[\"KEY\"].", to.Name, line(block.place()), to.Name))
	}
	return false
}

// fulfilled marks the imports whose devices are declared, and reports those of a device that has another name already.
func (l *loader) fulfilled() {
	type owner struct {
		address schema.Device
		at      hcl.Range
	}
	declared, hosts := map[schema.Device]bool{}, map[string]owner{}
	for _, d := range l.config.Devices {
		declared[d.Address] = true
		hosts[d.URL.Host] = owner{d.Address, d.URLRange}
	}
	for i := range l.config.Imports {
		wanted := &l.config.Imports[i]
		wanted.Declared = declared[wanted.To]
		first, ok := hosts[wanted.URL.Host]
		if !ok {
			hosts[wanted.URL.Host] = owner{wanted.To, wanted.Range}
			continue
		}
		if first.address != wanted.To {
			s := scope{loader: l, about: schema.Setting{Device: wanted.To}}
			s.add(duplicateAddress.at(wanted.Range, "%s and %s (%s) have the same address %s. Declare each device only once.", wanted.To, first.address, line(first.at), wanted.URL.Host))
		}
	}
}
