package hikvision

import (
	"net/netip"
	"slices"
	"strings"

	"github.com/zclconf/go-cty/cty"

	"camform/providers"
	"camform/providers/hikvision/codec"
	"camform/providers/hikvision/document"
	"camform/schema"
)

// What can be said of values without a device.

// astray finds routers that their interface cannot reach. Have is what the device has of an attribute that is not wanted: of both
// addresses, one may stay as it is.
func astray(kind *schema.Kind, want cty.Value, have func(*schema.Attribute) cty.Value) []providers.AttributeError {
	var wrong []providers.AttributeError
	for _, router := range kind.Attributes {
		if router.InNetworkOf == "" {
			continue
		}
		own := kind.Attribute(router.InNetworkOf)
		both := []*schema.Attribute{router, own}
		changed := slices.DeleteFunc(slices.Clone(both), func(a *schema.Attribute) bool { return want.GetAttr(a.Name).IsNull() })
		malformed := slices.ContainsFunc(both, func(a *schema.Attribute) bool { return len(codec.Form(a, want.GetAttr(a.Name))) > 0 })
		if len(changed) == 0 || malformed {
			continue
		}
		text := func(a *schema.Attribute) string {
			v := want.GetAttr(a.Name)
			if v.IsNull() {
				v = have(a)
			}
			if v.IsNull() || !v.IsKnown() || v.Type() != cty.String { // a secret is not looked at
				return ""
			}
			return strings.TrimSpace(v.AsString())
		}
		network, errNetwork := netip.ParsePrefix(text(own))
		address, errAddress := netip.ParseAddr(text(router))
		if errNetwork == nil && errAddress == nil {
			wrong = append(wrong, document.About(changed[0].Name, unreachable(router.Name, address, network))...)
		}
	}
	return wrong
}

// unreachable says why an interface with an address in a network cannot reach a router.
func unreachable(name string, router netip.Addr, own netip.Prefix) []string {
	switch {
	case router.Is6() && router.IsLinkLocalUnicast(): // every interface has a network of those
		return nil
	case !own.Contains(router):
		return document.Sentence("The %s %s is outside the network %s of the interface, which cannot reach it. Give one within.", name, router, own.Masked())
	case router == own.Addr():
		return document.Sentence("The %s %s is the address of the interface itself. Give that of the router.", name, router)
	case router.Is4() && router == own.Masked().Addr():
		return document.Sentence("The %s %s is the network %s itself, not an address in it.", name, router, own.Masked())
	case router == codec.Broadcast(own):
		return document.Sentence("The %s %s is the broadcast address of the network %s.", name, router, own.Masked())
	}
	return nil
}
