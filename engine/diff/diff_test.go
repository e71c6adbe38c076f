package diff

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/hashicorp/hcl/v2"
	"github.com/zclconf/go-cty/cty"

	"camform/engine/config"
	"camform/engine/live"
	"camform/engine/plan"
	"camform/providers"
	"camform/providers/memory"
	"camform/schema"
)

var (
	provider = memory.NewFleet(time.Now).Provider()
	kinds    = provider.Kinds()
	gate     = schema.Device{Name: "gate"}
	rules    = Rules{
		Same: provider.Same, Held: func(schema.Setting) string { return "" },
		Fingerprint: func(address schema.Setting, attribute string, secret schema.Secret) string {
			return fmt.Sprintf("fingerprint(%s %s %d)", address, attribute, len(secret.Reveal()))
		},
	}
)

type values map[string]cty.Value

func address(kind, key string) schema.Setting {
	return schema.Setting{Device: gate, Kind: kind, Key: key}
}

// want declares a setting, each attribute on a line of its own.
func want(kind, key string, attributes values) *config.Setting {
	s := &config.Setting{
		Address: address(kind, key), Kind: kinds.Lookup(kind), Attributes: map[string]config.Attribute{},
		Range: at(10),
	}
	line := 10
	for _, a := range s.Kind.Attributes {
		if v, ok := attributes[a.Name]; ok {
			line++
			s.Attributes[a.Name] = config.Attribute{Value: a.Conceal(v), Range: at(line), Profile: "hardened"}
		}
	}
	return s
}

func at(line int) hcl.Range {
	return hcl.Range{Filename: "main.cam.hcl", Start: hcl.Pos{Line: line}, End: hcl.Pos{Line: line}}
}

// have is what a device says: attributes that are not named are null.
func have(kind string, attributes values) cty.Value {
	all := map[string]cty.Value{}
	for _, a := range kinds.Lookup(kind).Attributes {
		all[a.Name] = cty.NullVal(a.Type)
		if v, ok := attributes[a.Name]; ok {
			all[a.Name] = a.Conceal(v)
		}
	}
	return cty.ObjectVal(all)
}

func snapshot(items map[string]providers.Items) *live.Snapshot {
	s := &live.Snapshot{
		Device: gate, Items: items, Kinds: map[string]*schema.Kind{}, Documents: providers.Documents{},
		Missing: map[string]string{}, Unreadable: map[string]error{},
	}
	for _, k := range kinds.All() {
		s.Kinds[k.Name] = k
	}
	return s
}

func device(settings ...*config.Setting) *config.Device {
	return &config.Device{
		Address:  gate,
		Settings: settings,
		Login:    config.Login{Username: "admin", Password: schema.MarkSecret(schema.NewSecret("Login-1").Value(), "env:LOGIN")},
	}
}

// told writes a result on a few lines, so that a table can say what is wanted of it.
func told(r Result) string {
	var b strings.Builder
	for _, c := range r.Changes {
		fmt.Fprintf(&b, "%s %s", c.Action, c.Address.Local())
		for _, w := range c.Why {
			fmt.Fprintf(&b, " %s:%s@%d", w.Attribute, w.Cause, w.Source.Line)
		}
		b.WriteString("\n")
	}
	for _, c := range r.Protected {
		fmt.Fprintf(&b, "protected %s\n", c.Address.Local())
	}
	for _, s := range r.Skipped {
		fmt.Fprintf(&b, "%s %s\n", s.Reason, s.Address.Local())
	}
	for _, a := range r.Adopted {
		fmt.Fprintf(&b, "adopt %s\n", a.Address.Local())
	}
	for kind, n := range r.Unmanaged {
		fmt.Fprintf(&b, "unmanaged %s %d\n", kind, n)
	}
	return b.String()
}

func secret(text string) cty.Value {
	return schema.MarkSecret(schema.NewSecret(text).Value(), "env:OPERATOR")
}

func TestThreeWayComparison(t *testing.T) {
	name := func(text string) values { return values{"name": cty.StringVal(text)} }
	system := func(text string) map[string]providers.Items {
		return map[string]providers.Items{"system": {"": have("system", name(text))}}
	}
	applied := func(applied, observed string) map[schema.Setting]Memory {
		return map[schema.Setting]Memory{address("system", ""): {Applied: name(applied), Observed: name(observed)}}
	}
	for title, c := range map[string]struct {
		want string
		have string
		last map[schema.Setting]Memory
		told string
	}{
		"as wanted and remembered":                 {"gate", "gate", applied("gate", "gate"), ""},
		"as wanted, not remembered":                {"gate", "gate", nil, "adopt system\n"},
		"as wanted, other value remembered":        {"gate", "gate", applied("door", "door"), "adopt system\n"},
		"never applied":                            {"gate", "cam", nil, "update system name:config@11\n"},
		"configuration moved":                      {"gate", "door", applied("door", "door"), "update system name:config@11\n"},
		"device moved":                             {"gate", "cam", applied("gate", "gate"), "update system name:drift@11\n"},
		"both moved":                               {"gate", "cam", applied("door", "door"), "update system name:both@11\n"},
		"device keeps a form of its own":           {"gate", "GATE", applied("gate", "GATE"), ""},
		"device left its own form":                 {"gate", "cam", applied("gate", "GATE"), "update system name:drift@11\n"},
		"configuration left a value in other form": {"door", "GATE", applied("gate", "GATE"), "update system name:config@11\n"},
	} {
		t.Run(title, func(t *testing.T) {
			got := told(Compare(device(want("system", "", name(c.want))), snapshot(system(c.have)), c.last, rules))
			if got != c.told {
				t.Errorf("got %q, want %q", got, c.told)
			}
		})
	}
}

func TestOnlyDeclaredAttributesAreCompared(t *testing.T) {
	d := device(want("https", "", values{"enabled": cty.True}))
	s := snapshot(map[string]providers.Items{"https": {"": have("https", values{"enabled": cty.False, "port": cty.NumberIntVal(444)})}})
	r := Compare(d, s, nil, rules)
	if got, want := told(r), "update https enabled:config@11\n"; got != want {
		t.Fatalf("got %q, want %q", got, want)
	}
	c := r.Changes[0]
	if !c.After.GetAttr("port").IsNull() || !c.Before.GetAttr("port").RawEquals(cty.NumberIntVal(444)) {
		t.Errorf("undeclared attributes must be kept: before %#v, after %#v", c.Before, c.After)
	}
}

func TestAnElementThatTheDeviceLacksIsAChange(t *testing.T) {
	d := device(want("https", "", values{"redirect": cty.False}))
	s := snapshot(map[string]providers.Items{"https": {"": have("https", values{"enabled": cty.True})}})
	if got, want := told(Compare(d, s, nil, rules)), "update https redirect:config@11\n"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestWriteOnlyValuesGoByTheirFingerprint(t *testing.T) {
	users := func(password string) *config.Device {
		value := secret(password)
		if password == "" { // it was left unread
			value = schema.MarkSecret(cty.UnknownVal(schema.SecretType), "env:OPERATOR")
		}
		return device(want("user", "op", values{"level": cty.StringVal("Operator"), "password": value}))
	}
	there := snapshot(map[string]providers.Items{"user": {"op": have("user", values{"level": cty.StringVal("Operator")})}})
	remembered := map[schema.Setting]Memory{address("user", "op"): {
		Applied:      values{"level": cty.StringVal("Operator")},
		Observed:     values{"level": cty.StringVal("Operator")},
		Fingerprints: map[string]string{"password": rules.Fingerprint(address("user", "op"), "password", schema.NewSecret("Secret-1"))},
	}}
	for title, c := range map[string]struct {
		password string
		last     map[schema.Setting]Memory
		told     string
	}{
		"known":   {"Secret-1", remembered, ""},
		"changed": {"Secret-22", remembered, "update user.op password:config@12\n"},
		"unknown": {"Secret-1", nil, "update user.op password:config@12\n"},

		"unread, and applied":       {"", remembered, ""},
		"unread, and never applied": {"", map[schema.Setting]Memory{address("user", "op"): {}}, "update user.op password:config@12\n"},
	} {
		t.Run(title, func(t *testing.T) {
			r := Compare(users(c.password), there, c.last, rules)
			if got := told(r); got != c.told {
				t.Fatalf("got %q, want %q", got, c.told)
			}
			for _, change := range r.Changes {
				if change.After.ContainsMarked() || !change.After.GetAttr("password").IsNull() {
					t.Errorf("the secret itself is in the change: %v", change.Secrets)
				}
				if change.Secrets["password"].Origin != "env:OPERATOR" {
					t.Errorf("origin is %q", change.Secrets["password"].Origin)
				}
			}
		})
	}
}

func TestTheLoginProvesItsOwnPassword(t *testing.T) {
	s := snapshot(map[string]providers.Items{"user": {"admin": have("user", values{"level": cty.StringVal("Administrator")})}})
	same := device(want("user", "admin", values{"password": schema.MarkSecret(schema.NewSecret("Login-1").Value(), "env:LOGIN")}))
	if got := told(Compare(same, s, nil, rules)); got != "adopt user.admin\n" {
		t.Errorf("got %q", got)
	}
	other := device(want("user", "admin", values{"password": secret("Another-1")}))
	if got := told(Compare(other, s, nil, rules)); got != "update user.admin password:config@11\n" {
		t.Errorf("got %q", got)
	}
}

func TestItemsComeAndGo(t *testing.T) {
	viewer := have("user", values{"level": cty.StringVal("Viewer")})
	op := want("user", "op", values{"level": cty.StringVal("Operator"), "password": secret("Secret-1")})
	exclusive := device()
	exclusive.Exclusive = []string{"user"}
	created := map[schema.Setting]Memory{address("user", "op"): {Created: true}}
	met := map[schema.Setting]Memory{address("user", "op"): {}}
	for title, c := range map[string]struct {
		device *config.Device
		items  providers.Items
		last   map[schema.Setting]Memory
		told   string
	}{
		"new":                               {device(op), providers.Items{}, nil, "create user.op level:config@11 password:config@12\n"},
		"vanished from the device":          {device(op), providers.Items{}, created, "create user.op level:drift@11 password:drift@12\n"},
		"undeclared is left alone":          {device(), providers.Items{"guest": viewer}, nil, "unmanaged user 1\n"},
		"undeclared where exclusive":        {exclusive, providers.Items{"guest": viewer, "admin": viewer}, nil, "delete user.guest\nunmanaged user 1\n"},
		"no longer declared, created by us": {device(), providers.Items{"op": viewer}, created, "delete user.op\n"},
		"no longer declared, met":           {device(), providers.Items{"op": viewer}, met, "forget user.op\nunmanaged user 1\n"},
		"gone on both sides":                {device(), providers.Items{}, created, "forget user.op\n"},
	} {
		t.Run(title, func(t *testing.T) {
			got := told(Compare(c.device, snapshot(map[string]providers.Items{"user": c.items}), c.last, rules))
			if got != c.told {
				t.Errorf("got %q, want %q", got, c.told)
			}
		})
	}
}

func TestASingletonThatVanishedIsOnlyForgotten(t *testing.T) {
	s := snapshot(map[string]providers.Items{"system": {"": have("system", values{"name": cty.StringVal("gate")})}})
	last := map[schema.Setting]Memory{address("system", ""): {Applied: values{"name": cty.StringVal("gate")}}}
	if got := told(Compare(device(), s, last, rules)); got != "forget system\n" {
		t.Errorf("got %q", got)
	}
}

func TestOurOwnAccountIsNeverDeleted(t *testing.T) {
	s := snapshot(map[string]providers.Items{"user": {"admin": have("user", values{"level": cty.StringVal("Administrator")})}})
	last := map[schema.Setting]Memory{address("user", "admin"): {Created: true}}
	d := device()
	d.Exclusive = []string{"user"}
	if got := told(Compare(d, s, last, rules)); strings.Contains(got, "delete") {
		t.Errorf("got %q", got)
	}
}

func TestWhatTheDeviceDoesNotHaveIsSkipped(t *testing.T) {
	d := device(
		want("cloud", "", values{"enabled": cty.False}),
		want("service", "HTTP", values{"enabled": cty.False}),
		want("system", "", values{"name": cty.StringVal("gate")}),
	)
	s := snapshot(map[string]providers.Items{"service": {}})
	s.Missing["cloud"] = "403 notSupport"
	s.Unreadable["system"] = providers.ErrBusy
	want := "unsupported cloud\nunsupported service.HTTP\nunreadable system\n"
	if got := told(Compare(d, s, nil, rules)); got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestAnUnreadKindIsNotForgotten(t *testing.T) {
	s := snapshot(nil)
	s.Unreadable["system"] = providers.ErrBusy
	last := map[schema.Setting]Memory{address("system", ""): {}}
	if got := told(Compare(device(), s, last, rules)); got != "" {
		t.Errorf("got %q: a read that failed never means that something is gone", got)
	}
}

func TestLifecycle(t *testing.T) {
	s := snapshot(map[string]providers.Items{
		"https": {"": have("https", values{"enabled": cty.False, "port": cty.NumberIntVal(443)})},
	})
	wanted := want("https", "", values{"enabled": cty.True, "port": cty.NumberIntVal(444)})
	for title, c := range map[string]struct {
		lifecycle config.Lifecycle
		told      string
	}{
		"nothing":          {config.Lifecycle{}, "update https enabled:config@11 port:config@12\n"},
		"protect":          {config.Lifecycle{Protect: []config.Pattern{{Kind: "https"}}}, "protected https\n"},
		"protect all":      {config.Lifecycle{Protect: []config.Pattern{{}}}, "protected https\n"},
		"protect other":    {config.Lifecycle{Protect: []config.Pattern{{Kind: "user"}}}, "update https enabled:config@11 port:config@12\n"},
		"ignore attribute": {config.Lifecycle{Ignore: []config.Pattern{{Kind: "https", Attribute: "port"}}}, "update https enabled:config@11\n"},
		"ignore setting":   {config.Lifecycle{Ignore: []config.Pattern{{Kind: "https"}}}, ""},
		"ignore all":       {config.Lifecycle{Ignore: []config.Pattern{{}}}, ""},
	} {
		t.Run(title, func(t *testing.T) {
			d := device(wanted)
			d.Lifecycle = c.lifecycle
			if got := told(Compare(d, s, nil, rules)); got != c.told {
				t.Errorf("got %q, want %q", got, c.told)
			}
		})
	}
}

func TestOnlyWhatChangesIsCheckedAgainstTheDevice(t *testing.T) {
	d := device(want("https", "", values{"enabled": cty.True, "port": cty.NumberIntVal(443)}))
	d.URL = mustURL("https://192.0.2.1:443")
	s := snapshot(map[string]providers.Items{
		"https": {"": have("https", values{"enabled": cty.False, "port": cty.NumberIntVal(443)})},
	})
	var asked []string
	check := func(_ *schema.Kind, _ providers.Documents, _ string, want cty.Value) []providers.AttributeError {
		for name, v := range want.AsValueMap() {
			if !v.IsNull() {
				asked = append(asked, name)
			}
		}
		return []providers.AttributeError{{Attribute: "enabled", Detail: "no"}}
	}
	_, refusals := Plan(d, s, Compare(d, s, nil, rules), kinds, check, nil)
	if !slices.Equal(asked, []string{"enabled"}) {
		t.Errorf("checked %v, want the attribute that changes", asked)
	}
	if len(refusals) != 1 || refusals[0].Want.Attributes["enabled"].Range.Start.Line != 11 {
		t.Errorf("refusals %v", refusals)
	}
}

func TestStepsComeInPhasesAndByDocument(t *testing.T) {
	d := device(
		want("filter", "", values{"enabled": cty.True}),
		want("https", "", values{"enabled": cty.True}),
		want("service", "HTTP", values{"enabled": cty.False}),
		want("system", "", values{"name": cty.StringVal("gate")}),
		want("user", "op", values{"level": cty.StringVal("Viewer"), "password": secret("Secret-1")}),
	)
	d.URL = mustURL("https://192.0.2.1:443")
	s := snapshot(map[string]providers.Items{
		"filter":  {"": have("filter", values{"enabled": cty.False})},
		"https":   {"": have("https", values{"enabled": cty.False})},
		"service": {"HTTP": have("service", values{"enabled": cty.True})},
		"system":  {"": have("system", values{"name": cty.StringVal("cam")})},
		"user":    {},
	})
	nothing := func(*schema.Kind, providers.Documents, string, cty.Value) []providers.AttributeError { return nil }
	planned, _ := Plan(d, s, Compare(d, s, nil, rules), kinds, nothing, nil)
	var order []string
	for _, step := range planned.Steps {
		order = append(order, step.Address.Local())
	}
	if want := []string{"system", "user.op", "https", "service.HTTP", "filter"}; !slices.Equal(order, want) {
		t.Errorf("order %v, want %v", order, want)
	}
	groups := plan.Groups(planned.Steps, kinds)
	if len(groups) != 4 || len(groups[2].Steps) != 2 {
		t.Errorf("https and service share a document and must share a group: %v", groups)
	}
}

func TestDriftIsWhatSomebodyElseMoved(t *testing.T) {
	d := plan.Device{Steps: []plan.Step{
		{Address: address("system", ""), Why: []plan.Why{{Attribute: "name", Cause: plan.CauseConfig}}},
		{Address: address("https", ""), Why: []plan.Why{
			{Attribute: "enabled", Cause: plan.CauseDrift}, {Attribute: "port", Cause: plan.CauseConfig}, {Attribute: "redirect", Cause: plan.CauseBoth},
		}},
		{Address: address("user", "x"), Action: plan.Forget},
	}}
	drifted := Drifted(d)
	if len(drifted.Steps) != 1 || len(drifted.Steps[0].Why) != 2 || len(d.Steps[1].Why) != 3 {
		t.Errorf("drift is %+v, and the plan must stay as it was: %+v", drifted.Steps, d.Steps[1].Why)
	}
}

func TestAnAttributeThatTheDeviceLacksIsToldAndLeftOut(t *testing.T) {
	d := device(want("https", "", values{"enabled": cty.True, "redirect": cty.True}))
	d.URL = mustURL("https://192.0.2.1:443")
	lacks := false
	refuseRedirect := func(_ *schema.Kind, _ providers.Documents, _ string, want cty.Value) []providers.AttributeError {
		if want.GetAttr("redirect").IsNull() {
			return nil
		}
		return []providers.AttributeError{{Attribute: "redirect", Detail: "Not here.", Lacks: lacks}}
	}
	for title, c := range map[string]struct {
		have              values
		lacks             bool
		refusals, skipped int
		steps             string
	}{
		"lacks one":                    {values{"enabled": cty.False}, true, 0, 1, "https:enabled"},
		"lacks the only one to change": {values{"enabled": cty.True}, true, 0, 1, ""},
		"has it and refuses":           {values{"enabled": cty.True, "redirect": cty.False}, false, 1, 0, "https:redirect"},
	} {
		t.Run(title, func(t *testing.T) {
			s := snapshot(map[string]providers.Items{"https": {"": have("https", c.have)}})
			lacks = c.lacks
			planned, refusals := Plan(d, s, Compare(d, s, nil, rules), kinds, refuseRedirect, nil)
			var steps []string
			for _, step := range planned.Steps {
				for _, w := range step.Why {
					steps = append(steps, step.Address.Local()+":"+w.Attribute)
				}
			}
			if len(refusals) != c.refusals || len(planned.Skipped) != c.skipped || strings.Join(steps, " ") != c.steps {
				t.Errorf("steps %v, skipped %v, refusals %v", steps, planned.Skipped, refusals)
			}
		})
	}
}

// I12: what was applied once and is not there any more has drifted, also where no step could bring it back. What a device
// never had has not.
func TestI12WhatWasAppliedAndVanishedHasDrifted(t *testing.T) {
	lacksRedirect := func(_ *schema.Kind, _ providers.Documents, _ string, want cty.Value) []providers.AttributeError {
		if want.GetAttr("redirect").IsNull() {
			return nil
		}
		return []providers.AttributeError{{Attribute: "redirect", Detail: "Not here.", Lacks: true}}
	}
	applied := func(attributes values) Memory { return Memory{Applied: attributes, Observed: attributes} }
	both := values{"enabled": cty.True, "redirect": cty.True}
	protect := config.Lifecycle{Protect: []config.Pattern{{Kind: "https"}}}
	for title, c := range map[string]struct {
		want      *config.Setting
		items     map[string]providers.Items
		last      Memory
		lifecycle config.Lifecycle
		reason    plan.SkipReason
	}{
		"a kind": {
			want("cloud", "", values{"enabled": cty.False}),
			map[string]providers.Items{},
			applied(values{"enabled": cty.False}),
			config.Lifecycle{},
			plan.Unsupported,
		},
		"an item": {
			want("service", "HTTP", values{"enabled": cty.False}),
			map[string]providers.Items{"service": {}},
			applied(values{"enabled": cty.False}),
			config.Lifecycle{},
			plan.Unsupported,
		},
		"an attribute": {
			want("https", "", both),
			map[string]providers.Items{"https": {"": have("https", values{"enabled": cty.True})}},
			applied(both),
			config.Lifecycle{},
			plan.Unsupported,
		},
		"a value that is protected": {
			want("https", "", values{"enabled": cty.True}),
			map[string]providers.Items{"https": {"": have("https", values{"enabled": cty.False})}},
			applied(values{"enabled": cty.True}), protect, plan.Protected,
		},
	} {
		for known, last := range map[string]map[schema.Setting]Memory{"applied": {c.want.Address: c.last}, "never applied": nil} {
			t.Run(title+", "+known, func(t *testing.T) {
				d := device(c.want)
				d.URL, d.Lifecycle = mustURL("https://192.0.2.1:443"), c.lifecycle
				s := snapshot(c.items)
				s.Missing["cloud"] = "403 notSupport"
				planned, _ := Plan(d, s, Compare(d, s, last, rules), kinds, lacksRedirect, nil)
				if len(planned.Skipped) != 1 || planned.Skipped[0].Reason != c.reason || planned.Skipped[0].Drifted != (last != nil) {
					t.Errorf("left alone: %+v", planned.Skipped)
				}
				if len(planned.Steps) > 0 {
					t.Errorf("steps %+v", planned.Steps)
				}
			})
		}
	}
}

// A label that a device does not have is reported also where the block says nothing more.
func TestAnItemWithoutAttributesMustBeThere(t *testing.T) {
	d := device(want("service", "SHTTP", nil), want("user", "nobody", nil), want("service", "HTTP", nil))
	s := snapshot(map[string]providers.Items{"service": {"HTTP": have("service", nil)}, "user": {}})
	if got, want := told(Compare(d, s, nil, rules)), "unsupported service.SHTTP\nunsupported user.nobody\n"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

// TestWhatAnAttributeNeedsIsWantedWithIt: a switch without which it has no effect, and words that nobody can declare.
func TestWhatAnAttributeNeedsIsWantedWithIt(t *testing.T) {
	kind := &schema.Kind{Name: "ntp", Attributes: []*schema.Attribute{
		{Name: "server", Type: cty.String},
		{Name: "enabled", Type: cty.Bool, ImpliedBy: "server"},
		{Name: "notify", Type: cty.Set(cty.String), Values: []string{"center"}},
	}}
	words := func(list ...string) cty.Value {
		var members []cty.Value
		for _, word := range list {
			members = append(members, cty.StringVal(word))
		}
		return cty.SetVal(members)
	}
	there := func(enabled cty.Value) cty.Value {
		return cty.ObjectVal(map[string]cty.Value{"server": cty.StringVal("a"), "enabled": enabled, "notify": words("whiteLight")})
	}
	declared := map[string]config.Attribute{"server": {Value: cty.StringVal("b"), Range: at(11)}}
	for name, tc := range map[string]struct {
		more    config.Attribute
		ignored bool
		have    cty.Value
		want    cty.Value // of enabled; NilVal for nothing
	}{
		"a device with the switch":  {have: cty.False, want: cty.True},
		"a device without it":       {have: cty.NullVal(cty.Bool)},
		"declared off":              {more: config.Attribute{Value: cty.False}, have: cty.False, want: cty.False},
		"the switch is left to him": {have: cty.False, ignored: true},
	} {
		attributes := maps.Clone(declared)
		if tc.more.Value != cty.NilVal {
			attributes["enabled"] = tc.more
		}
		device := &config.Device{Address: gate}
		if tc.ignored {
			device.Lifecycle.Ignore = []config.Pattern{{Kind: "ntp", Attribute: "enabled"}}
		}
		c := &comparison{Subject: Subject{Device: device}}
		full := c.completed(&config.Setting{Address: address("ntp", ""), Kind: kind, Attributes: attributes}, there(tc.have))
		if got, ok := full.Attributes["enabled"]; ok != (tc.want != cty.NilVal) || ok && !got.Value.RawEquals(tc.want) {
			t.Errorf("%s: enabled is wanted as %#v", name, got.Value)
		}
	}
	attributes := map[string]config.Attribute{"notify": {Value: words("center")}}
	full := (&comparison{Subject: Subject{Device: &config.Device{Address: gate}}}).completed(&config.Setting{Address: address("ntp", ""), Kind: kind, Attributes: attributes}, there(cty.False))
	if got := full.Attributes["notify"].Value; !got.RawEquals(words("center", "whiteLight")) || len(full.Attributes) != 1 {
		t.Errorf("notify is wanted as %#v", got)
	}
}
