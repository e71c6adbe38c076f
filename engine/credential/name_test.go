package credential

import (
	"testing"

	"camform/schema"
)

// TestNamesLeadBackToAccounts: the name of a password tells the device and the account, and no other name does.
func TestNamesLeadBackToAccounts(t *testing.T) {
	for _, device := range []schema.Device{
		{Name: "gate"}, {Name: "gate", Each: true, Key: "north"}, {Name: "gate", Each: true, Key: "a/b c%2F"}, {Name: "gate", Each: true, Key: "é\n"},
	} {
		for _, account := range []string{"admin", "a/b", "x y", "%"} {
			have, of, ok := AccountOf(Name(device, account))
			if !ok || have != device || of != account {
				t.Errorf("%s of %s is kept as %s, which is read as %s of %s (%v)", account, device, Name(device, account), of, have, ok)
			}
		}
	}
	for _, name := range []string{"", "mail", "a/b/c/d", "1gate/admin", "gate/%zz", "gate/a%62", "/admin", "ga te/admin"} {
		if device, account, ok := AccountOf(name); ok {
			t.Errorf("%q is read as %s of %s", name, account, device)
		}
	}
}
