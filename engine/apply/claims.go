package apply

import (
	"fmt"
	"strings"

	"camform/providers"
	"camform/schema"
)

// Claims are the serial numbers and hardware addresses that devices are said to have, or answered with.
type Claims map[mark][]claimant

// mark is a serial number, in capitals, or a hardware address.
type mark struct{ what, text string }

// claimant is a device that is said to have one.
type claimant struct {
	device schema.Device
	how    string // "is declared with", for people
}

func marksOf(identity providers.Identity) []mark {
	var all []mark
	if identity.Serial != "" {
		all = append(all, mark{"serial number", strings.ToUpper(identity.Serial)})
	}
	if mac := providers.NormalMAC(identity.MAC); mac != "" {
		all = append(all, mark{"hardware address", mac})
	}
	return all
}

// Add notes what a device is said to have, and how that is known.
func (c Claims) Add(device schema.Device, identity providers.Identity, how string) {
	for _, m := range marksOf(identity) {
		c[m] = append(c[m], claimant{device, how})
	}
}

// Another says which device besides one has something of an identity; empty for none.
func (c Claims) Another(device schema.Device, identity providers.Identity) string {
	for _, m := range marksOf(identity) {
		for _, other := range c[m] {
			if other.device != device {
				return fmt.Sprintf("%s %s the %s %q, too", other.device, other.how, m.what, m.text)
			}
		}
	}
	return ""
}
