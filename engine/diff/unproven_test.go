package diff

import (
	"slices"
	"strings"
	"testing"

	"github.com/zclconf/go-cty/cty"

	"camform/engine/config"
	"camform/engine/plan"
	"camform/providers"
	"camform/schema"
)

// thin is a kind with little known of it: all of it, or one attribute, or nothing but what happens to its secret.
func thin(kind, attribute schema.Confidence) *schema.Kind {
	return &schema.Kind{
		Name: "thin", Confidence: kind, Document: schema.Document{Path: "/thin"},
		Attributes: []*schema.Attribute{
			{Name: "mode", Type: cty.String, Confidence: attribute},
			{Name: "port", Type: cty.Number},
			{Name: "password", Type: cty.String, Secret: true, WriteOnly: true},
		},
	}
}

func TestWhatIsUnprovenIsToldAndLeftAloneUnlessAllowed(t *testing.T) {
	forgetful := func(_ *schema.Kind, _ providers.Documents, _ string, want cty.Value) []providers.AttributeError {
		if !want.GetAttr("password").IsNull() {
			return nil
		}
		return []providers.AttributeError{{Attribute: "password", Unproven: true, Detail: "It may be lost."}}
	}
	willing := func(*schema.Kind, providers.Documents, string, cty.Value) []providers.AttributeError { return nil }
	for title, c := range map[string]struct {
		kind    *schema.Kind
		allowed string
		check   Check
		given   bool // the secret
		steps   string
		told    string
	}{
		"a kind":                       {kind: thin(schema.Unsure, ""), check: willing, told: `allow_unproven = ["thin"]`},
		"a kind, allowed":              {kind: thin(schema.Unsure, ""), allowed: "thin", check: willing, steps: "mode port"},
		"an attribute":                 {kind: thin(schema.Likely, schema.Unsure), check: willing, steps: "port", told: `allow_unproven = ["thin.mode"]`},
		"an attribute, allowed":        {kind: thin(schema.Likely, schema.Unsure), allowed: "thin.mode", check: willing, steps: "mode port"},
		"an attribute, all allowed":    {kind: thin(schema.Likely, schema.Unsure), allowed: "thin", check: willing, steps: "mode port"},
		"another attribute is allowed": {kind: thin(schema.Likely, schema.Unsure), allowed: "thin.port", check: willing, steps: "port", told: `["thin.mode"]`},
		"a secret that may be lost":    {kind: thin(schema.Likely, ""), check: forgetful, told: `password: It may be lost.`},
		"and is allowed to be":         {kind: thin(schema.Likely, ""), allowed: "thin.password", check: forgetful, steps: "mode port"},
		"a secret that is given":       {kind: thin(schema.Likely, ""), check: forgetful, given: true, steps: "mode port"},
	} {
		t.Run(title, func(t *testing.T) {
			wish := &config.Setting{Address: address("thin", ""), Kind: c.kind, Range: at(10), Attributes: map[string]config.Attribute{
				"mode": {Value: cty.StringVal("b"), Range: at(11)},
				"port": {Value: cty.NumberIntVal(2), Range: at(12)},
			}}
			last := map[schema.Setting]Memory{}
			if c.given {
				wish.Attributes["password"] = config.Attribute{Value: secret("Secret-1"), Range: at(13)}
				last[wish.Address] = Memory{Fingerprints: map[string]string{
					"password": rules.Fingerprint(wish.Address, "password", schema.NewSecret("Secret-1")),
				}}
			}
			d := device(wish)
			d.URL = mustURL("https://192.0.2.1:443")
			if c.allowed != "" {
				d.AllowUnproven = config.Allowances{c.allowed: ""}
			}
			s := snapshot(map[string]providers.Items{"thin": {"": cty.ObjectVal(map[string]cty.Value{
				"mode": cty.StringVal("a"), "port": cty.NumberIntVal(1), "password": cty.NullVal(cty.String),
			})}})
			planned, refusals := Plan(d, s, Compare(d, s, last, rules), schema.NewKinds(c.kind), c.check, nil)
			var steps []string
			for _, step := range planned.Steps {
				for _, w := range step.Why {
					steps = append(steps, w.Attribute)
				}
				if slices.Contains(steps, "mode") != !step.After.GetAttr("mode").IsNull() {
					t.Errorf("the step wants %#v, and says why of %v", step.After, steps)
				}
			}
			var told []string
			for _, skipped := range planned.Skipped {
				if skipped.Reason != plan.Unproven || skipped.Source.Line != 10 {
					t.Errorf("skipped %+v", skipped)
				}
				told = append(told, skipped.Told())
			}
			if len(refusals) > 0 || strings.Join(steps, " ") != c.steps {
				t.Errorf("steps %q, want %q; refusals %v", steps, c.steps, refusals)
			}
			if text := strings.Join(told, "\n"); (c.told == "") != (text == "") || !strings.Contains(text, c.told) {
				t.Errorf("told %q, want %q in it", text, c.told)
			}
		})
	}
}

func TestWhatIsMadeNeedsWhatItsKindRequires(t *testing.T) {
	d := device(want("user", "guard", values{"level": cty.StringVal("Viewer")}))
	d.URL = mustURL("https://192.0.2.1:443")
	willing := func(*schema.Kind, providers.Documents, string, cty.Value) []providers.AttributeError { return nil }

	absent := snapshot(map[string]providers.Items{"user": {}})
	_, refusals := Plan(d, absent, Compare(d, absent, nil, rules), kinds, willing, nil)
	if len(refusals) != 1 || !strings.Contains(refusals[0].Detail, "requires password") {
		t.Errorf("an account without a password is made: %v", refusals)
	}

	present := snapshot(map[string]providers.Items{"user": {"guard": have("user", values{"level": cty.StringVal("Operator")})}})
	planned, refusals := Plan(d, present, Compare(d, present, nil, rules), kinds, willing, nil)
	if len(refusals) > 0 || len(planned.Steps) != 1 {
		t.Errorf("an account that is there needs no password to change its level: %v", refusals)
	}
}

// Only the password of an account is known from being logged in with it: a mail account may have the same name and secret.
func TestOnlyAnAccountIsProvenByTheLogin(t *testing.T) {
	for _, account := range []bool{true, false} {
		kind := &schema.Kind{Name: "thin", Keyed: true, Attributes: []*schema.Attribute{
			{Name: "word", Type: cty.String, Secret: true, WriteOnly: true},
		}}
		if account {
			kind.Guards = []*schema.Guard{{Role: schema.Accounts, Password: "word"}}
		}
		d := device(&config.Setting{Address: address("thin", "admin"), Kind: kind, Attributes: map[string]config.Attribute{
			"word": {Value: secret("Login-1")},
		}})
		s := snapshot(map[string]providers.Items{"thin": {"admin": cty.ObjectVal(map[string]cty.Value{"word": cty.NullVal(cty.String)})}})
		if found := Compare(d, s, nil, rules); (len(found.Changes) == 0) != account {
			t.Errorf("account %t: changes %v", account, found.Changes)
		}
	}
}

func TestWhatANewItemCannotHaveIsRefused(t *testing.T) {
	d := device(want("user", "guard", values{"level": cty.StringVal("Viewer"), "password": secret("Secret-1")}))
	d.URL = mustURL("https://192.0.2.1:443")
	lacking := func(*schema.Kind, providers.Documents, string, cty.Value) []providers.AttributeError {
		return []providers.AttributeError{{Attribute: "level", Detail: "Not here.", Lacks: true}}
	}
	s := snapshot(map[string]providers.Items{"user": {}})
	planned, refusals := Plan(d, s, Compare(d, s, nil, rules), kinds, lacking, nil)
	if len(refusals) != 1 || len(planned.Skipped) > 0 {
		t.Errorf("an item is made without what was asked of it: refusals %v, skipped %v", refusals, planned.Skipped)
	}
}

// I12: what was applied while it was allowed, and was changed on the device since, has drifted, also where camform would not
// dare to write it again.
func TestI12WhatIsUnprovenHasDriftedAllTheSame(t *testing.T) {
	for title, kind := range map[string]*schema.Kind{"a kind": thin(schema.Unsure, ""), "an attribute": thin(schema.Likely, schema.Unsure)} {
		for _, applied := range []bool{true, false} {
			wish := &config.Setting{Address: address("thin", ""), Kind: kind, Range: at(10), Attributes: map[string]config.Attribute{
				"mode": {Value: cty.StringVal("b"), Range: at(11)},
			}}
			last := map[schema.Setting]Memory{}
			if applied {
				mode := values{"mode": cty.StringVal("b")}
				last[wish.Address] = Memory{Applied: mode, Observed: mode}
			}
			d := device(wish)
			d.URL = mustURL("https://192.0.2.1:443")
			s := snapshot(map[string]providers.Items{"thin": {"": cty.ObjectVal(map[string]cty.Value{
				"mode": cty.StringVal("a"), "port": cty.NumberIntVal(1), "password": cty.NullVal(cty.String),
			})}})
			willing := func(*schema.Kind, providers.Documents, string, cty.Value) []providers.AttributeError { return nil }
			planned, _ := Plan(d, s, Compare(d, s, last, rules), schema.NewKinds(kind), willing, nil)
			if len(planned.Skipped) != 1 || planned.Skipped[0].Reason != plan.Unproven || planned.Skipped[0].Drifted != applied {
				t.Errorf("%s, applied %t: %+v", title, applied, planned.Skipped)
			}
		}
	}
}

// What proves who changes a way back in leaves over plain HTTP enciphered only, whatever somebody said of plain HTTP.
func TestI11AProofDoesNotLeaveOverPlainHTTPInClear(t *testing.T) {
	kind := thin(schema.Likely, "")
	kind.SendsLogin = true
	willing := func(*schema.Kind, providers.Documents, string, cty.Value) []providers.AttributeError { return nil }
	for url, steps := range map[string]map[bool]int{"http://192.0.2.1:80": {true: 1, false: 0}, "https://192.0.2.1:443": {true: 1, false: 1}} {
		for takes, want := range steps {
			wish := &config.Setting{Address: address("thin", ""), Kind: kind, Range: at(10), Attributes: map[string]config.Attribute{
				"mode": {Value: cty.StringVal("b"), Range: at(11)},
			}}
			d := device(wish)
			d.URL, d.TLS.Plain = mustURL(url), true
			s := snapshot(map[string]providers.Items{"thin": {"": cty.ObjectVal(map[string]cty.Value{
				"mode": cty.StringVal("a"), "port": cty.NumberIntVal(1), "password": cty.NullVal(cty.String),
			})}})
			planned, _ := Plan(d, s, Compare(d, s, nil, rules), schema.NewKinds(kind), willing, func(*schema.Kind, providers.Documents) bool { return takes })
			exposed := slices.ContainsFunc(planned.Skipped, func(s plan.Skipped) bool { return s.Reason == plan.Exposed })
			if len(planned.Steps) != want || exposed != (want == 0) {
				t.Errorf("%s, enciphered %t: steps %v, skipped %v", url, takes, planned.Steps, planned.Skipped)
			}
		}
	}
}
