package apply_test

import (
	"testing"

	"camform/engine/apply"
	"camform/providers"
	"camform/schema"
)

// A serial number or a hardware address is the same however it is written.
func TestI11AClaimIsNoticedHoweverItIsWritten(t *testing.T) {
	gate, other := schema.Device{Name: "gate"}, schema.Device{Name: "other"}
	claims := apply.Claims{}
	claims.Add(gate, providers.Identity{Serial: "DS-2CD2357-7aB", MAC: "00:00:5e:00:53:0a"}, "is declared with")
	for _, same := range []providers.Identity{{Serial: "ds-2cd2357-7Ab"}, {MAC: "00-00-5E-00-53-0A"}} {
		if claims.Another(other, same) == "" {
			t.Errorf("nobody has %+v", same)
		}
		if why := claims.Another(gate, same); why != "" {
			t.Errorf("its own %+v: %s", same, why)
		}
	}
}
