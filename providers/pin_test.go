package providers

import (
	"errors"
	"testing"
)

func TestI11NoCredentialGoesToAnotherPeer(t *testing.T) {
	known := Pin{SPKI: "sha256:aa", Realm: "IP Camera(A)", Algorithm: "SHA-256"}
	for title, c := range map[string]struct {
		pin, seen Pin
		mode      TrustMode
		trusted   bool
	}{
		"first contact":                        {Pin{}, Pin{SPKI: "sha256:bb", Realm: "R", Algorithm: "MD5"}, TrustPin, true},
		"as pinned":                            {known, known, TrustPin, true},
		"another key":                          {known, Pin{SPKI: "sha256:bb", Realm: "IP Camera(A)", Algorithm: "SHA-256"}, TrustPin, false},
		"another key, verified by a chain":     {known, Pin{SPKI: "sha256:bb", Realm: "IP Camera(A)", Algorithm: "SHA-256"}, TrustVerify, true},
		"another realm over TLS":               {known, Pin{SPKI: "sha256:aa", Realm: "IP Camera(B)", Algorithm: "SHA-256"}, TrustPin, true},
		"another realm in clear":               {known, Pin{Realm: "IP Camera(B)", Algorithm: "SHA-256"}, TrustPin, false},
		"same realm in clear":                  {known, Pin{Realm: "IP Camera(A)", Algorithm: "SHA-256"}, TrustPin, true},
		"weaker algorithm":                     {known, Pin{SPKI: "sha256:aa", Realm: "IP Camera(A)", Algorithm: "MD5"}, TrustPin, false},
		"weaker algorithm, verified":           {known, Pin{SPKI: "sha256:aa", Realm: "IP Camera(A)", Algorithm: "MD5"}, TrustVerify, false},
		"stronger algorithm":                   {Pin{Algorithm: "MD5"}, Pin{Algorithm: "SHA-256"}, TrustPin, true},
		"nothing seen of the algorithm as yet": {known, Pin{SPKI: "sha256:aa"}, TrustPin, true},
	} {
		err := c.pin.Trusts(c.seen, c.mode)
		if (err == nil) != c.trusted || (err != nil && !errors.Is(err, ErrIdentity)) {
			t.Errorf("%s: %v, want trusted %v", title, err, c.trusted)
		}
	}
}

func TestTheRightDeviceAnswers(t *testing.T) {
	got := Identity{Serial: "S1", MAC: "02:00:00:00:00:01", Model: "M", Firmware: "V5"}
	for title, c := range map[string]struct {
		pin   Pin
		want  Identity
		right bool
	}{
		"nothing known":           {Pin{}, Identity{}, true},
		"declared":                {Pin{}, Identity{Serial: "s1", MAC: "02-00-00-00-00-01", Model: "m"}, true},
		"another serial declared": {Pin{}, Identity{Serial: "S2"}, false},
		"another MAC declared":    {Pin{}, Identity{MAC: "02:00:00:00:00:02"}, false},
		"another model declared":  {Pin{}, Identity{Model: "N"}, false},
		"pinned":                  {Pin{Serial: "S1", MAC: " 02:00:00:00:00:01"}, Identity{}, true},
		"another serial pinned":   {Pin{Serial: "S2"}, Identity{}, false},
		"another serial pinned, declared as it is": {Pin{Serial: "S2"}, Identity{Serial: "S1"}, false},
	} {
		err := c.pin.Matches(got, c.want)
		if (err == nil) != c.right || (err != nil && !errors.Is(err, ErrIdentity)) {
			t.Errorf("%s: %v, want right %v", title, err, c.right)
		}
	}
}

func TestPinsNeverBecomeWeaker(t *testing.T) {
	merged := Pin{SPKI: "a", Algorithm: "SHA-256", Serial: "S"}.Merge(Pin{Realm: "R", Algorithm: "MD5", SPKI: "b"})
	if want := (Pin{SPKI: "b", Realm: "R", Algorithm: "SHA-256", Serial: "S"}); merged != want {
		t.Errorf("got %+v, want %+v", merged, want)
	}
}

// TestTheNextKeyTakesThePlaceOfTheFirst: while both are accepted it does not matter when a run ends, and afterwards the old one is
// nobody's.
func TestTheNextKeyTakesThePlaceOfTheFirst(t *testing.T) {
	both := Pin{SPKI: "old"}.Merge(Pin{Next: "new"})
	for key, good := range map[string]bool{"old": true, "new": true, "other": false, "": true} {
		if err := both.Trusts(Pin{SPKI: key}, TrustPin); (err == nil) != good {
			t.Errorf("while the next key may come, %q: %v", key, err)
		}
	}
	if still := both.Merge(Pin{SPKI: "old"}); still != both {
		t.Errorf("the old key is shown again: %+v", still)
	}
	after := both.Merge(Pin{SPKI: "new"})
	if after.SPKI != "new" || after.Next != "" || after.Trusts(Pin{SPKI: "old"}, TrustPin) == nil {
		t.Errorf("after the next key was seen: %+v", after)
	}
	if late := after.Merge(Pin{SPKI: "old"}); late != after {
		t.Errorf("somebody who began earlier takes it back: %+v", late)
	}
	if same := (Pin{SPKI: "old"}).Merge(Pin{Next: "old"}); same != (Pin{SPKI: "old"}) {
		t.Errorf("the key that is there comes next: %+v", same)
	}
}
