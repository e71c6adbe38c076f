package schema_test

import (
	"fmt"
	"strings"
	"testing"

	"camform/schema"
)

// gate is a setting file with a keyed kind and one block that says what it guards.
func gate(role, parts string) string {
	return fmt.Sprintf(`setting "gate" {
  summary    = "Gates"
  source     = "made up"
  confidence = "likely"
  phase      = "access"
  risk       = "lockout"
  keyed      = true
  keys       = ["front", "back"]
  document {
    path = "/gates"
    root = "Gates"
  }
  item {
    element = "Gate"
    key     = "name"
  }
  guards %q {
%s
  }
  attribute "open" {
    type    = bool
    doc     = "Open."
    element = "open"
  }
  attribute "door" {
    type    = number
    doc     = "Door."
    element = "door"
  }
  attribute "word" {
    type    = string
    doc     = "Word."
    element = "word"
    values  = ["allow", "deny"]
  }
  attribute "guests" {
    type    = set(string)
    doc     = "Guests."
    element = "guests"
  }
}
`, role, parts)
}

func TestAKindSaysWhatItGuards(t *testing.T) {
	kinds, diags := read(map[string]string{"a.hcl": gate("listener", `    key       = "front"
    scheme    = "https"
    called    = "Front"
    enabled   = "open"
    port      = "door"
    delivered = 443
  }
  guards "listener" {
    port = "door"`)})
	if diags.HasErrors() {
		t.Fatal(lines(diags))
	}
	k := kinds.Lookup("gate")
	front, back := k.GuardsOf("front"), k.GuardsOf("back")
	if len(front) != 1 || len(back) != 1 {
		t.Fatalf("guards are %v and %v", front, back)
	}
	if g := front[0]; g.Scheme != schema.SchemeHTTPS || g.Called != "Front" || g.Enabled != "open" || g.Port != "door" || g.Delivered != 443 {
		t.Errorf("front is %+v", g)
	}
	if g := back[0]; g.Role != schema.Listener || g.Key != "" || g.Port != "door" || g.Range.String() != "a.hcl:25,3-20" {
		t.Errorf("back is %+v", g)
	}
}

func TestAKindWithoutAUsefulRoleIsOpaque(t *testing.T) {
	filter := &schema.Guard{Role: schema.AddressFilter, Enabled: "open", List: "guests"}
	front := &schema.Guard{Role: schema.Listener, Key: "front", Port: "door"}
	for name, c := range map[string]struct {
		kind schema.Kind
		want bool
	}{
		"no role":                       {schema.Kind{Risk: schema.RiskLockout}, true},
		"a role":                        {schema.Kind{Risk: schema.RiskLockout, Guards: []*schema.Guard{filter}}, false},
		"a role of a user's own file":   {schema.Kind{Risk: schema.RiskLockout, Own: true, Guards: []*schema.Guard{filter}}, true},
		"an item without any knowledge": {schema.Kind{Risk: schema.RiskLockout, Guards: []*schema.Guard{front}}, true},
		"a link":                        {schema.Kind{Risk: schema.RiskLockout, Guards: []*schema.Guard{{Role: schema.Link}}}, true},
		"a link with what cuts it":      {schema.Kind{Risk: schema.RiskLockout, Guards: []*schema.Guard{{Role: schema.Link, Cuts: []string{"word"}}}}, false},
		"the risk of its path":          {schema.Kind{Risk: schema.RiskNone, Floor: func(string) schema.Risk { return schema.RiskLockout }}, true},
		"less risk":                     {schema.Kind{Risk: schema.RiskLogin}, false},
	} {
		if got := c.kind.Opaque("back"); got != c.want {
			t.Errorf("%s: opaque %t, want %t", name, got, c.want)
		}
	}
}

func TestAccountsOfADeviceAreKnownByTheirRole(t *testing.T) {
	account := func(schemes ...string) []*schema.Guard {
		return []*schema.Guard{{Role: schema.Rights}, {Role: schema.Accounts, Schemes: schemes, Password: "word"}}
	}
	for name, c := range map[string]struct {
		kind schema.Kind
		want bool
	}{
		"no role":                     {schema.Kind{}, false},
		"another role":                {schema.Kind{Guards: []*schema.Guard{{Role: schema.Rights, Name: schema.KeyHole}}}, false},
		"accounts":                    {schema.Kind{Guards: account()}, true},
		"for ONVIF alone":             {schema.Kind{Guards: account(schema.SchemeONVIF)}, false},
		"for ONVIF and more":          {schema.Kind{Guards: account(schema.SchemeONVIF, schema.SchemeHTTPS)}, true},
		"a role of a user's own file": {schema.Kind{Own: true, Guards: account()}, false},
	} {
		if got := c.kind.IsAccount(); got != c.want {
			t.Errorf("%s: accounts %t, want %t", name, got, c.want)
		}
		if got := c.kind.Account().Password == "word"; got != c.want {
			t.Errorf("%s: the password is %q", name, c.kind.Account().Password)
		}
	}
}

func TestMistakesInWhatAKindGuardsAreNamed(t *testing.T) {
	for _, tc := range []struct{ name, role, parts, want string }{
		{"role", "listner", `    port = "door"`, `17,10-19: Unknown role | "listner" is not one of account, address_filter, authentication, capacity, hardware_filter, ` +
			`link, listener, lock, redirect, requirement, rights, tls, tls_identity. Did you mean "listener"?`},
		{"part", "listener", `    prot = "door"`, `18,5-9: Unknown part of a role | The role listener has the parts called, delivered, enabled, key, port, scheme. Did you mean "port"?`},
		{"part of another role", "listener", `    list = "guests"`, `18,5-9: Unknown part of a role | The role listener has the parts called, delivered, enabled, key, port, scheme.`},
		{"missing part", "redirect", `    enabled = "open"`, `17,3-20: Part of a role missing | The role redirect needs from.`},
		{"attribute", "listener", `    port = "dor"`, `18,12-17: Unknown attribute | gate has no attribute "dor". Did you mean "door"?`},
		{"type of an attribute", "listener", `    port = "open"`, `18,12-18: Attribute does not fit the role | This takes an attribute of the type number; open is bool.`},
		{"one of several attributes", "tls_identity", `    renews = ["open", "shut"]`, `18,23-29: Unknown attribute | gate has no attribute "shut".`},
		{"key", "listener", "    key = \"side\"\n    port = \"door\"", `18,11-17: Parts of a role do not fit together | "side" is not one of front, back.`},
		{"scheme", "listener", "    scheme = \"htps\"\n    port = \"door\"", `18,14-20: Unknown word | "htps" is not one of http, https, rtsp, onvif, sdk, sdk_tls. Did you mean "https"?`},
		{"scheme of several", "authentication", "    schemes = [\"http\", \"ftp\"]\n    algorithm = \"guests\"", `18,24-29: Unknown word`},
		{"nothing", "listener", "", `17,3-20: Parts of a role do not fit together | A listener needs enabled, port or both.`},
		{"type of a part", "listener", "    port = \"door\"\n    delivered = \"soon\"", `19,18-22: Unsuitable value type`},
		{"name", "rights", "    name = \"word\"\n    rights = \"guests\"\n    configure = \"c\"\n    view = \"v\"", `18,12-18: Unknown word | "word" is not one of {key}.`},
		{"values", "authentication", "    schemes = [\"http\"]\n    algorithm = \"word\"", `19,17-23: Attribute does not fit the role | Here values can be MD5, SHA256, MD5/SHA256, and word has "allow". Its map can translate words.`},
		{"no values", "address_filter", "    enabled = \"open\"\n    mode = \"word\"\n    list = \"word\"", `20,12-18: Attribute does not fit the role | This takes an attribute of the type set(string); word is string.`},
		{"levels", "account", "    name = key\n    level = \"word\"\n    password = \"word\"\n    levels = { boss = \"allow\" }", `21,16-20: Unknown word | "boss" is not one of viewer, operator, administrator.`},
		{
			"words of levels", "account", "    name = key\n    level = \"word\"\n    password = \"word\"\n    levels = { viewer = \"watch\" }",
			`21,14-34: Parts of a role do not fit together | "watch" is none of the values of word: allow, deny.`,
		},
		{"versions without values", "tls", `    minimum = "word"`, ""},
	} {
		t.Run(tc.name, func(t *testing.T) {
			kinds, diags := read(map[string]string{"a.hcl": gate(tc.role, tc.parts)})
			got := lines(diags)
			if tc.want == "" {
				if got != "" || kinds.Lookup("gate") == nil {
					t.Errorf("it is refused: %s", got)
				}
				return
			}
			if !strings.HasPrefix(got, "a.hcl:"+tc.want) {
				t.Errorf("got\n%swant\n%s", got, tc.want)
			}
			if kinds.Lookup("gate") != nil {
				t.Error("the kind is taken")
			}
		})
	}
}

// A finding of a provider is reported at the value, and disables the kind.
func TestAProviderChecksKinds(t *testing.T) {
	check := func(k *schema.Kind) []schema.Fault {
		return []schema.Fault{
			{Part: "attribute.guests.element", Summary: "No", Detail: "Never."},
			{Part: "item.equals", Summary: "No", Detail: "Not there."},
			{Part: "hooks", Summary: "No", Detail: "Nothing near."},
		}
	}
	kinds, diags := readWith(check, map[string]string{"a.hcl": gate("listener", `    port = "door"`)})
	want := "a.hcl:39,15-23: No | Never.\na.hcl:13,3-7: No | Not there.\na.hcl:1,1-15: No | Nothing near.\n"
	if got := lines(diags); got != want {
		t.Errorf("got\n%swant\n%s", got, want)
	}
	if len(kinds.Names()) != 0 {
		t.Error("the kind is taken")
	}
}
