package diff

import (
	"testing"

	"github.com/zclconf/go-cty/cty"

	"camform/engine/plan"
	"camform/providers"
	"camform/schema"
)

// noted is what somebody noted where the secrets are: fingerprints by attribute and origin, and those of what the device shows.
type noted struct{ prints, shown map[string]string }

func (n noted) Fingerprint(_ schema.Setting, attribute, origin string) string {
	return n.prints[attribute+" "+origin]
}

func (n noted) Shown(_ schema.Setting, attribute string) string { return n.shown[attribute] }

// Where secrets are elsewhere, what is not known of them is unknown: neither as it should be, nor a change.
func TestI12SecretsThatAreElsewhereAreUnknownUntilApply(t *testing.T) {
	const env, vault = "env:OPERATOR", "vault:operator"
	prints := map[string]string{"password " + vault: "p2", "code " + vault: "p2"}
	unknown := func(origin string) cty.Value { return schema.MarkSecret(cty.UnknownVal(cty.String), origin) }
	user := func(origin string) (string, values) {
		return "user", values{"level": cty.StringVal("Viewer"), "password": unknown(origin)}
	}
	cloud := func(origin string) (string, values) { return "cloud", values{"code": unknown(origin)} }
	for name, test := range map[string]struct {
		of     func(origin string) (string, values)
		origin string
		last   string // the fingerprint of what was applied
		shown  string
		noted  map[string]string
		want   string
		unsure bool // whether the plan is not complete
	}{
		"another origin":                      {of: user, origin: env, last: "p1", want: "until-apply user.op\n", unsure: true},
		"another origin, never applied":       {of: user, origin: env, want: "until-apply user.op\nadopt user.op\n", unsure: true},
		"the vault, as it was applied":        {of: user, origin: vault, last: "p2", noted: prints, want: ""},
		"the vault, another than was applied": {of: user, origin: vault, last: "p1", noted: prints, want: "update user.op password:config@12\n"},
		"the vault, never applied":            {of: user, origin: vault, noted: prints, want: "update user.op password:config@12\n"},
		"the vault, new there":                {of: user, origin: vault, want: "update user.op password:config@12\n"},
		"the vault, not noted":                {of: user, origin: vault, last: "p1", want: "until-apply user.op\n", unsure: true},
		"shown, as wanted":                    {of: cloud, origin: vault, last: "p2", shown: "p2", noted: prints, want: ""},
		"shown, another":                      {of: cloud, origin: vault, last: "p2", shown: "p1", noted: prints, want: "update cloud code:drift@11\n"},
		"shown, of another origin":            {of: cloud, origin: env, last: "p2", shown: "p2", want: "until-apply cloud\n", unsure: true},
		"shown, new there":                    {of: cloud, origin: vault, shown: "p1", want: "until-apply cloud\nadopt cloud\n", unsure: true},
	} {
		t.Run(name, func(t *testing.T) {
			kind, attributes := test.of(test.origin)
			key, there := "", values{"code": cty.StringVal("(sensitive value)")}
			if kind == "user" {
				key, there = "op", values{"level": cty.StringVal("Viewer")}
			}
			r := rules
			r.Elsewhere = noted{test.noted, map[string]string{"code": test.shown}}
			r.Managed = func(name string) Managed { return map[string]Managed{"operator": {Version: 3}}[name] }
			memory := Memory{Applied: map[string]cty.Value{}, Observed: map[string]cty.Value{}, Fingerprints: map[string]string{}}
			if kind == "user" {
				memory.Applied["level"], memory.Observed["level"] = cty.StringVal("Viewer"), cty.StringVal("Viewer")
			}
			attribute := map[string]string{"user": "password", "cloud": "code"}[kind]
			last := map[schema.Setting]Memory{}
			if test.last != "" {
				memory.Fingerprints[attribute] = test.last
				last[address(kind, key)] = memory
			}
			snap := snapshot(map[string]providers.Items{kind: {key: have(kind, there)}})
			found := Compare(device(want(kind, key, attributes)), snap, last, r)
			if have := told(found); have != test.want {
				t.Errorf("it is\n%s\nwant\n%s", have, test.want)
			}
			p := &plan.Plan{Devices: []plan.Device{{Skipped: found.Skipped}}}
			if p.Complete() == test.unsure {
				t.Errorf("complete: %v", p.Complete())
			}
			for _, c := range found.Changes {
				if secret := c.Secrets[attribute]; secret.Generation != 3 || secret.Origin != test.origin {
					t.Errorf("the change has the secret %+v", secret)
				}
			}
		})
	}
}

// What a device has instead of a text that repeats a secret is unknown, and what it has beside that is compared.
func TestI12ATextThatRepeatsASecretIsUnknownWhereThatIsElsewhere(t *testing.T) {
	wanted := want("user", "op", values{"level": cty.StringVal("Operator")})
	for name, test := range map[string]struct {
		level     string
		elsewhere Elsewhere
		want      string
	}{
		"covered":             {"(sensitive value) and more", noted{}, "until-apply user.op\nadopt user.op\n"},
		"shown":               {"Viewer", noted{}, "update user.op level:config@11\n"},
		"where the secret is": {"(sensitive value)", nil, "update user.op level:config@11\n"},
	} {
		r := rules
		r.Elsewhere, r.Managed = test.elsewhere, func(string) Managed { return Managed{} }
		snap := snapshot(map[string]providers.Items{"user": {"op": have("user", values{"level": cty.StringVal(test.level)})}})
		if have := told(Compare(device(wanted), snap, nil, r)); have != test.want {
			t.Errorf("%s: it is\n%s\nwant\n%s", name, have, test.want)
		}
	}
}

// An account that is to be made gets a secret that nobody knows anything about here, so the plan is not whole.
func TestI12AnItemWithASecretThatIsElsewhereIsUnknown(t *testing.T) {
	r := rules
	r.Elsewhere, r.Managed = noted{}, func(string) Managed { return Managed{} }
	account := want("user", "op", values{"level": cty.StringVal("Viewer"), "password": schema.MarkSecret(cty.UnknownVal(cty.String), "env:X")})
	found := Compare(device(account), snapshot(map[string]providers.Items{"user": {}}), nil, r)
	if len(found.Changes) != 1 || len(found.Skipped) != 1 || found.Skipped[0].Reason != plan.UntilApply || found.Skipped[0].Attribute != "password" {
		t.Errorf("%s", told(found))
	}
}

// The password of the login is proven by the login, wherever it comes from.
func TestTheOwnPasswordIsProvenByTheSnapshot(t *testing.T) {
	r := rules
	r.Elsewhere, r.Managed = noted{}, func(string) Managed { return Managed{} }
	own := want("user", "admin", values{"level": cty.StringVal("Administrator"), "password": schema.MarkSecret(cty.UnknownVal(cty.String), "env:LOGIN")})
	snap := snapshot(map[string]providers.Items{"user": {"admin": have("user", values{"level": cty.StringVal("Administrator")})}})
	if found := Compare(device(own), snap, nil, r); len(found.Changes) > 0 || len(found.Skipped) > 0 {
		t.Errorf("%s", told(found))
	}
}
