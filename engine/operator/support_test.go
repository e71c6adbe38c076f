package operator_test

import (
	"errors"
	"strings"
	"testing"

	"camform/engine/operator"
)

const distributor = `support "Example Distribution" {
  kind     = "distributor"
  channels = { portal = "https://support.example.com/rma", pgp = "rma@example.com 0123456789ABCDEF", in_person = "Hall 3, Mr Doe" }
}
`

// A request to reset a device goes to whom the operator's rules name, and nowhere else.
func TestI14RequestsGoOnlyToContactsOfTheRules(t *testing.T) {
	r := rules(t, distributor)
	for _, try := range []struct {
		name    string
		channel operator.Channel
		why     string // empty if it is allowed
	}{
		{"Example Distribution", operator.Portal, ""},
		{"Example Distribution", operator.InPerson, ""},
		{"Example Distribution", operator.SMIME, `no channel "smime" for Example Distribution; they name in_person, pgp, portal`},
		{"Friendly Unlocker", operator.Portal, "and name Example Distribution;"},
	} {
		err := r.MaySend(try.name, try.channel)
		if (err == nil) != (try.why == "") || err != nil && (!errors.Is(err, operator.ErrForbidden) || !strings.Contains(err.Error(), try.why)) {
			t.Errorf("%s over %s: %v", try.name, try.channel, err)
		}
	}
	if err := (operator.Rules{}).MaySend("Example Distribution", operator.Portal); err != nil {
		t.Errorf("nobody limits it: %v", err)
	}
}

// A further file of rules takes contacts and channels away, and adds none.
func TestI14AFileMoreAddsNoContact(t *testing.T) {
	other := strings.NewReplacer("0123456789ABCDEF", "FEDCBA9876543210", ", Mr Doe", "").Replace(distributor)
	stranger := strings.ReplaceAll(distributor, "Example Distribution", "Friendly Unlocker")
	vendor := strings.ReplaceAll(distributor, `"distributor"`, `"support"`)
	for _, texts := range [][]string{{distributor, other + stranger}, {other + stranger, distributor}, {"state = \"/a\"", distributor, other}} {
		contacts, _ := rules(t, texts...).Contacts()
		if len(contacts) != 1 || contacts[0].String() != "Example Distribution (distributor): portal https://support.example.com/rma" {
			t.Errorf("of %d files: %v", len(texts), contacts)
		}
	}
	for _, second := range []string{stranger, vendor} {
		for _, texts := range [][]string{{distributor, second}, {distributor, second, distributor}} {
			r := rules(t, texts...)
			if contacts, limited := r.Contacts(); len(contacts) > 0 || !limited {
				t.Errorf("files that agree on nobody: %v, %v", contacts, limited)
			}
			if err := r.MaySend("Example Distribution", operator.Portal); err == nil || !strings.Contains(err.Error(), "name nobody yet") {
				t.Errorf("files that agree on nobody let a request go: %v", err)
			}
		}
	}
}

// Nothing but a channel that nobody else reads can be written into the rules.
func TestPublicChannelsAreNone(t *testing.T) {
	for channels, want := range map[string]string{
		`{ email = "rma@example.com" }`:                    `"email" is not a channel for the files of a reset, since others could read them`,
		`{ whatsapp = "+1 555 0100" }`:                     "The channels are portal, smime, pgp, in_person",
		`{ portal = "http://support.example.com" }`:        "is not a portal",
		`{ portal = "https://me:pw@support.example.com" }`: "is not a portal",
		`{ portal = "rma@example.com" }`:                   "is not a portal",
		`{ portal = "https://www.dropbox.com/request/x" }`: "is a messenger or a shared folder",
		`{ portal = "https://WA.me/15550100" }`:            "is a messenger or a shared folder",
		`{ portal = "https://support-wa.me" }`:             "",
		`{ pgp = "0123456789ABCDEF" }`:                     "does not begin with a mail address",
		`{ smime = "Support <rma@example.com>" }`:          "does not begin with a mail address",
		`{ smime = "rma@example.com" }`:                    "",
		`{ in_person = " " }`:                              "who receives the files",
		`{}`:                                               "needs at least one channel",
	} {
		_, wrong := read(t, "support \"x\" {\n kind = \"support\"\n channels = "+channels+"\n}")
		if want == "" && wrong != "" || !strings.Contains(wrong, want) {
			t.Errorf("%s: %s", channels, wrong)
		}
	}
	for text, want := range map[string]string{
		strings.ReplaceAll(distributor, `"distributor"`, `"friend"`): `no kind of contact "friend"; there are support and distributor`,
		distributor + distributor:                                    "its own name",
		strings.ReplaceAll(distributor, "Example Distribution", ""):  "its own name",
		"support \"x\" {\n}":                                         `The argument "kind" is required`,
	} {
		if _, wrong := read(t, text); !strings.Contains(wrong, want) {
			t.Errorf("%s: %s", text, wrong)
		}
	}
}
