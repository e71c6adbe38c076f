package audit

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	gocmp "github.com/google/go-cmp/cmp"
	"github.com/zclconf/go-cty/cty"

	"camform/engine/config"
	"camform/engine/diff"
	"camform/engine/live"
	"camform/engine/plan"
	"camform/providers"
	"camform/schema"
)

// kinds are a few kinds with between them every sort of attribute that is judged in a way of its own.
var kinds = schema.NewKinds(
	&schema.Kind{
		Name: "https", Confidence: schema.Confirmed, Document: schema.Document{Path: "/ISAPI/https"},
		Attributes: []*schema.Attribute{
			{Name: "enabled", Type: cty.Bool},
			{Name: "min_tls", Type: cty.String},
			{Name: "port", Type: cty.Number},
		},
	},
	&schema.Kind{
		Name: "filter", Confidence: schema.Confirmed, Document: schema.Document{Path: "/ISAPI/filter"},
		Attributes: []*schema.Attribute{
			{Name: "addresses", Type: cty.Set(cty.String)},
			{Name: "notes", Type: cty.Map(cty.String)},
		},
	},
	&schema.Kind{
		Name: "session", Confidence: schema.Unsure, Document: schema.Document{Path: "/ISAPI/session"},
		Attributes: []*schema.Attribute{{Name: "minutes", Type: cty.Number}},
	},
	&schema.Kind{
		Name: "login_method", Confidence: schema.Confirmed, Document: schema.Document{Path: "/ISAPI/login"},
		Attributes: []*schema.Attribute{{Name: "method", Type: cty.String, Missing: "digest/basic"}},
	},
	&schema.Kind{
		Name: "user", Confidence: schema.Confirmed, Keyed: true, Document: schema.Document{Path: "/ISAPI/users"},
		Write: &schema.Write{Create: "/ISAPI/users"},
		Attributes: []*schema.Attribute{
			{Name: "level", Type: cty.String},
			{Name: "password", Type: cty.String, Secret: true, WriteOnly: true},
			{Name: "pin", Type: cty.String, Secret: true},
		},
	},
)

// subject is a device that a test describes.
type subject struct {
	testing.TB
	snap     *live.Snapshot
	refuse   []providers.AttributeError // for every change
	observed map[string][]string        // by path and element
	unread   map[string]error           // by path
	last     map[schema.Setting]diff.Memory
}

func newSubject(t testing.TB) *subject {
	s := &subject{TB: t, observed: map[string][]string{}, unread: map[string]error{}}
	s.snap = &live.Snapshot{
		Device: schema.Device{Name: "gate"}, Items: map[string]providers.Items{}, Kinds: map[string]*schema.Kind{},
		Documents: providers.Documents{}, Missing: map[string]string{}, Unreadable: map[string]error{},
	}
	for _, k := range kinds.All() {
		s.snap.Kinds[k.Name] = k
	}
	return s
}

// has gives the device a setting. Attributes that are not named are null.
func (s *subject) has(kind, key string, values map[string]cty.Value) {
	all := map[string]cty.Value{}
	for _, a := range kinds.Lookup(kind).Attributes {
		all[a.Name] = cty.NullVal(a.Type)
		if v, ok := values[a.Name]; ok {
			all[a.Name] = a.Conceal(v)
		}
	}
	if s.snap.Items[kind] == nil {
		s.snap.Items[kind] = providers.Items{}
	}
	s.snap.Items[kind][key] = cty.ObjectVal(all)
}

func (s *subject) Self() cty.Value {
	values := map[string]cty.Value{}
	for name, t := range config.SelfType.AttributeTypes() {
		values[name] = cty.NullVal(t)
	}
	values["model"] = cty.StringVal("M1")
	return cty.ObjectVal(values)
}

func (s *subject) Observed(path, element string) ([]string, error) {
	return s.observed[path+" "+element], s.unread[path]
}

// declared loads a configuration with one device named gate, in whose block the text stands.
func (s *subject) declared(profiles, text string) *config.Device {
	s.Helper()
	dir := s.TempDir()
	text = profiles + `
device "gate" {
  address = "https://192.0.2.1"
  login {
    username = "admin"
    password = secret("env:ADMIN")
  }
` + text + "\n}\n"
	if err := os.WriteFile(filepath.Join(dir, "main.cam.hcl"), []byte(text), 0o600); err != nil {
		s.Fatal(err)
	}
	secrets := func(origin string) (schema.Secret, bool, error) {
		return schema.NewSecret("geheim-" + strings.ToLower(strings.TrimPrefix(origin, "env:"))), true, nil
	}
	cfg, problems := config.Parse(dir, "").Evaluate(config.Options{Kinds: kinds, Secrets: secrets})
	for _, p := range problems {
		s.Fatal(p.Error(), p.Subject)
	}
	return cfg.Devices[0]
}

// subject compares the device as an engine does.
func (s *subject) subject(device *config.Device) Subject {
	if s.snap.Err != nil {
		return Subject{Device: device, Problem: s.snap.Err.Error()}
	}
	one := Subject{Device: device, Facts: s}
	open := *device
	open.Lifecycle.Protect = nil
	one.Found = diff.Compare(&open, s.snap, s.last, diff.Rules{
		Same:        func(_ *schema.Kind, _ *schema.Attribute, want, have cty.Value) bool { return want.RawEquals(have) },
		Fingerprint: func(_ schema.Setting, _ string, secret schema.Secret) string { return "f(" + secret.Reveal() + ")" },
		Held:        func(schema.Setting) string { return "" },
	})
	check := func(*schema.Kind, providers.Documents, string, cty.Value) []providers.AttributeError { return s.refuse }
	planned, refused := diff.Plan(&open, s.snap, one.Found, kinds, check, nil)
	one.Skipped, one.Refused = planned.Skipped, refused
	return one
}

// verdict judges the device and writes the results one to a line, with the line that the result is about.
func (s *subject) verdict(profiles, text string) string {
	s.Helper()
	return show(Evaluate([]Subject{s.subject(s.declared(profiles, text))}))
}

func show(r *Report) string {
	var b strings.Builder
	for _, result := range r.Results {
		fmt.Fprintf(&b, "%s %s @%d", result.Rule, result.Status, result.Source.Line)
		for _, why := range result.Why {
			fmt.Fprintf(&b, " | %s", withoutDirectory(why))
		}
		b.WriteByte('\n')
	}
	return b.String()
}

// withoutDirectory shortens paths to the file.
func withoutDirectory(text string) string {
	words := strings.Split(text, " ")
	for i, word := range words {
		if at := strings.LastIndex(word, "/"); strings.Contains(word, ".cam.hcl:") && at >= 0 {
			words[i] = strings.Repeat("(", strings.Count(word[:1], "(")) + word[at+1:]
		}
	}
	return strings.Join(words, " ")
}

const tlsRule = `rule "tls" {
  level = "basic"
  https {
    enabled = true
    min_tls = "1.2"
  }
}
`

func TestARuleIsAsGoodAsTheWorstOfItsAttributes(t *testing.T) {
	good := map[string]cty.Value{"enabled": cty.True, "min_tls": cty.StringVal("1.2"), "port": cty.NumberIntVal(80)}
	with := func(name string, v cty.Value) map[string]cty.Value {
		changed := map[string]cty.Value{}
		for n, v := range good {
			changed[n] = v
		}
		changed[name] = v
		return changed
	}
	tests := map[string]struct {
		set  func(s *subject)
		text string
		want string
	}{
		"everything as wanted": {
			set:  func(s *subject) { s.has("https", "", good) },
			text: tlsRule,
			want: "tls compliant @8\n",
		},
		"one attribute differs": {
			set:  func(s *subject) { s.has("https", "", with("min_tls", cty.StringVal("1.0"))) },
			text: tlsRule,
			want: "tls violated @8 | https.min_tls is \"1.0\", and should be \"1.2\"\n",
		},
		"what the rule does not name does not count": {
			set:  func(s *subject) { s.has("https", "", with("port", cty.NumberIntVal(81))) },
			text: tlsRule + "https {\n  port = 80\n}\n",
			want: "tls compliant @8\n",
		},
		"all attributes that differ are reported": {
			set: func(s *subject) {
				s.has("https", "", map[string]cty.Value{"enabled": cty.False})
			},
			text: tlsRule,
			want: "tls violated @8 | https.enabled is false, and should be true | https.min_tls is not set, and should be \"1.2\"\n",
		},
		"the device has not got the kind": {
			set:  func(s *subject) { s.snap.Missing["https"] = "it answers notSupport" },
			text: tlsRule,
			want: "tls unsupported @8 | https is not available: it answers notSupport\n",
		},
		"a part is not available": {
			set: func(s *subject) {
				s.has("https", "", with("min_tls", cty.NullVal(cty.String)))
				s.refuse = []providers.AttributeError{{Attribute: "min_tls", Detail: "There is no TLS1_2Enable.", Lacks: true}}
			},
			text: tlsRule,
			want: "tls compliant @8 | https.min_tls is not available: There is no TLS1_2Enable.\n",
		},
		"a part is not available and another is wrong": {
			set: func(s *subject) {
				s.has("https", "", map[string]cty.Value{"enabled": cty.False})
				s.refuse = []providers.AttributeError{{Attribute: "min_tls", Detail: "There is no TLS1_2Enable.", Lacks: true}}
			},
			text: tlsRule,
			want: "tls violated @8 | https.enabled is false, and should be true | https.min_tls is not available: There is no TLS1_2Enable.\n",
		},
		"the document could not be read": {
			set:  func(s *subject) { s.snap.Unreadable["https"] = errors.New("it is busy") },
			text: tlsRule,
			want: "tls unknown @8 | https could not be read: it is busy\n",
		},
		"the device could not be read": {
			set:  func(s *subject) { s.snap.Err = errors.New("no answer") },
			text: tlsRule,
			want: "tls unreachable @8 | no answer\n",
		},
		"the device would not take the value": {
			set: func(s *subject) {
				s.has("https", "", with("min_tls", cty.StringVal("1.0")))
				s.refuse = []providers.AttributeError{{Attribute: "min_tls", Detail: "It takes 1.0 and 1.1."}}
			},
			text: tlsRule,
			want: "tls violated @8 | https.min_tls is \"1.0\", and should be \"1.2\". It takes 1.0 and 1.1.\n",
		},
		"it is uncertain what happens to another attribute": {
			set: func(s *subject) {
				s.has("https", "", map[string]cty.Value{"enabled": cty.False, "min_tls": cty.StringVal("1.0")})
				s.refuse = []providers.AttributeError{{Attribute: "min_tls", Detail: "Nobody tried.", Unproven: true}}
			},
			text: "rule \"on\" {\n  level = \"basic\"\n  https {\n    enabled = true\n  }\n}\nrule \"tls\" {\n  level = \"basic\"\n  https {\n    min_tls = \"1.2\"\n  }\n}\n",
			want: "on violated @8 | https.enabled is false, and should be true\n" +
				"tls unproven @14 | https.min_tls is \"1.0\", and should be \"1.2\". Nobody tried. Try it on a device that you can reach by hand, with allow_unproven = [\"https.min_tls\"] in its block.\n",
		},
		"what a device does that lacks a setting": {
			set:  func(s *subject) { s.snap.Missing["login_method"] = "404" },
			text: "rule \"basic\" {\n  level = \"basic\"\n  login_method {\n    method = \"digest\"\n  }\n}\n",
			want: "basic violated @8 | login_method.method is not available, and a device without it effectively has \"digest/basic\": 404\n",
		},
		"what a device does that lacks a setting is as wanted": {
			set:  func(s *subject) { s.snap.Missing["login_method"] = "404" },
			text: "rule \"both\" {\n  level = \"basic\"\n  login_method {\n    method = \"digest/basic\"\n  }\n}\n",
			want: "both compliant @8\n",
		},
		"a kind is not proven and differs": {
			set:  func(s *subject) { s.has("session", "", map[string]cty.Value{"minutes": cty.NumberIntVal(60)}) },
			text: "rule \"idle\" {\n  level = \"basic\"\n  session {\n    minutes = 15\n  }\n}\n",
			want: "idle unproven @8 | session.minutes is 60, and should be 15. It is documented only by a single weak source, and no device has been seen to accept it. Try it on a device that you can reach by hand, with allow_unproven = [\"session\"] in its block.\n",
		},
		"a kind is not proven and as wanted": {
			set:  func(s *subject) { s.has("session", "", map[string]cty.Value{"minutes": cty.NumberIntVal(15)}) },
			text: "rule \"idle\" {\n  level = \"basic\"\n  session {\n    minutes = 15\n  }\n}\n",
			want: "idle compliant @8\n",
		},
		"protect changes nothing but the advice": {
			set:  func(s *subject) { s.has("https", "", with("min_tls", cty.StringVal("1.0"))) },
			text: "rule \"on\" {\n  level = \"basic\"\n  https {\n    enabled = true\n  }\n}\nrule \"tls\" {\n  level = \"basic\"\n  https {\n    min_tls = \"1.2\"\n  }\n}\nlifecycle {\n  protect = [https]\n}\n",
			want: "on compliant @8\n" +
				"tls violated @14 | https.min_tls is \"1.0\", and should be \"1.2\"; lifecycle { protect } keeps it so\n",
		},
		"an ignored attribute is overridden, whatever the device has": {
			set:  func(s *subject) { s.has("https", "", good) },
			text: tlsRule + "lifecycle {\n  ignore_changes = [https.min_tls]\n}\n",
			want: "tls overridden @16 | https.min_tls is in ignore_changes (main.cam.hcl:16)\n",
		},
		"a violation weighs more than what is overridden": {
			set:  func(s *subject) { s.has("https", "", with("enabled", cty.False)) },
			text: tlsRule + "lifecycle {\n  ignore_changes = [https.min_tls]\n}\n",
			want: "tls violated @8 | https.enabled is false, and should be true\n",
		},
		"sets and maps are shown whole": {
			set: func(s *subject) {
				s.has("filter", "", map[string]cty.Value{
					"addresses": cty.SetVal([]cty.Value{cty.StringVal("b"), cty.StringVal("a")}),
					"notes":     cty.MapVal(map[string]cty.Value{"x": cty.StringVal("1")}),
				})
			},
			text: "rule \"filter\" {\n  level = \"high\"\n  filter {\n    addresses = []\n    notes     = { y = \"2\" }\n  }\n}\n",
			want: "filter violated @8 | filter.addresses is [\"a\", \"b\"], and should be [] | filter.notes is {\"x\" = \"1\"}, and should be {\"y\" = \"2\"}\n",
		},
		"a rule that asks for nothing proves nothing": {
			set:  func(s *subject) { s.has("https", "", good) },
			text: "rule \"tls\" {\n  level = \"basic\"\n  https {\n    min_tls = null\n  }\n}\n",
			want: "tls unknown @8 | it requires nothing on this device: none of its values is set\n",
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			s := newSubject(t)
			test.set(s)
			if diff := gocmp.Diff(test.want, s.verdict("", test.text)); diff != "" {
				t.Errorf("results (-want +have):\n%s", diff)
			}
		})
	}
}

func TestOnlyAnotherValueOverridesARule(t *testing.T) {
	const profiles = `profile "base" {
  rule "tls" {
    level = "basic"
    https {
      min_tls = "1.2"
    }
  }
}
profile "old" {
  https {
    min_tls = "1.0"
  }
}
`
	tests := map[string]struct{ text, want string }{
		"by the device": {
			"profiles = [profile.base]\nhttps {\n  min_tls = \"1.0\"\n}\n",
			"tls overridden @23 | https.min_tls is overridden: the device block asks for something else (main.cam.hcl:23)\n",
		},
		"by a later profile": {
			"profiles = [profile.base, profile.old]\n",
			"tls overridden @11 | https.min_tls is overridden: profile.old asks for something else (main.cam.hcl:11)\n",
		},
		"not by an earlier profile": {
			"profiles = [profile.old, profile.base]\n",
			"tls violated @2 | https.min_tls is \"1.0\", and should be \"1.2\"\n",
		},
		"not by the same value": {
			"profiles = [profile.base]\nhttps {\n  min_tls = \"1.2\"\n}\n",
			"tls violated @2 | https.min_tls is \"1.0\", and should be \"1.2\"\n",
		},
		"not by a rule of the same id, which replaces it": {
			"profiles = [profile.base]\nrule \"tls\" {\n  level = \"site\"\n  https {\n    min_tls = \"1.0\"\n  }\n}\n",
			"tls compliant @22\n",
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			s := newSubject(t)
			s.has("https", "", map[string]cty.Value{"min_tls": cty.StringVal("1.0")})
			if diff := gocmp.Diff(test.want, s.verdict(profiles, test.text)); diff != "" {
				t.Errorf("results (-want +have):\n%s", diff)
			}
		})
	}
}

func TestOneItemSaysNothingAboutAnother(t *testing.T) {
	s := newSubject(t)
	s.has("user", "good", map[string]cty.Value{"level": cty.StringVal("Viewer")})
	s.has("user", "bad", map[string]cty.Value{"level": cty.StringVal("Operator")})
	var text string
	for _, key := range []string{"good", "bad", "none"} {
		text += fmt.Sprintf("rule %q {\n  level = \"basic\"\n  user %q {\n    level = \"Viewer\"\n  }\n}\n", key, key)
	}
	want := "bad violated @14 | user.bad.level is \"Operator\", and should be \"Viewer\"\n" +
		"good compliant @8\n" +
		"none violated @20 | user.none.level does not exist yet\n"
	if diff := gocmp.Diff(want, s.verdict("", text)); diff != "" {
		t.Errorf("results (-want +have):\n%s", diff)
	}
}

const accountRule = `rule "account" {
  level = "basic"
  user "operator" {
    level    = "Viewer"
    password = secret("env:OPERATOR")
    pin      = secret("env:PIN")
  }
}
`

func TestSecretsAreJudgedAndNotShown(t *testing.T) {
	address := schema.Setting{Device: schema.Device{Name: "gate"}, Kind: "user", Key: "operator"}
	right := map[string]cty.Value{"level": cty.StringVal("Viewer"), "pin": cty.StringVal("geheim-pin")}
	written := map[schema.Setting]diff.Memory{address: {
		Applied:      map[string]cty.Value{"level": cty.StringVal("Viewer")},
		Fingerprints: map[string]string{"password": "f(geheim-operator)", "pin": "f(geheim-pin)"},
	}}
	tests := map[string]struct {
		set  func(s *subject)
		want string
	}{
		"the account does not exist": {
			func(s *subject) { s.snap.Items["user"] = providers.Items{} },
			"account violated @8 | user.operator.level does not exist yet | user.operator.password does not exist yet | user.operator.pin does not exist yet\n",
		},
		"what was written last counts for what the device never shows": {
			func(s *subject) { s.has("user", "operator", right); s.last = written },
			"account compliant @8\n",
		},
		"what nobody wrote is not known": {
			func(s *subject) { s.has("user", "operator", right) },
			"account unknown @8 | user.operator.password cannot be compared, and camform cannot tell whether it is what it wrote last\n",
		},
		"nor one that the device could show, and does not": {
			func(s *subject) {
				s.has("user", "operator", map[string]cty.Value{"level": cty.StringVal("Viewer")})
				s.last = map[schema.Setting]diff.Memory{address: {Fingerprints: map[string]string{"password": "f(geheim-operator)"}}}
			},
			"account unknown @8 | user.operator.pin cannot be compared, and camform cannot tell whether it is what it wrote last\n",
		},
		"a secret that the device shows is compared": {
			func(s *subject) {
				s.has("user", "operator", map[string]cty.Value{"level": cty.StringVal("Viewer"), "pin": cty.StringVal("geheim-other")})
				s.last = written
			},
			"account violated @8 | user.operator.pin is not the wanted secret\n",
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			s := newSubject(t)
			test.set(s)
			have := s.verdict("", accountRule)
			if diff := gocmp.Diff(test.want, have); diff != "" {
				t.Errorf("results (-want +have):\n%s", diff)
			}
			if strings.Contains(have, "geheim") {
				t.Errorf("I1: a secret is in the report: %s", have)
			}
		})
	}
}

func TestAssertionsHoldOrNotOrAreNotKnown(t *testing.T) {
	check := func(conditions ...string) string {
		text := "check \"shown\" {\n  level = \"basic\"\n"
		for i, condition := range conditions {
			text += fmt.Sprintf("  assert {\n    condition     = %s\n    error_message = \"Number %d does not hold.\"\n  }\n", condition, i+1)
		}
		return text + "}\n"
	}
	const on = `observed("/ISAPI/a", "A/on") == "true"`
	tests := map[string]struct {
		set  func(s *subject)
		text string
		want string
	}{
		"holds": {
			func(s *subject) { s.observed["/ISAPI/a A/on"] = []string{"true"} }, check(on), "shown compliant @8\n",
		},
		"does not hold": {
			func(s *subject) { s.observed["/ISAPI/a A/on"] = []string{"false"} },
			check(on), "shown violated @8 | Number 1 does not hold.\n",
		},
		"all that do not hold are reported": {
			func(s *subject) {},
			check(`self.model == "M2"`, `self.model == "M1"`, `length(self.model) > 2`),
			"shown violated @8 | Number 1 does not hold. | Number 3 does not hold.\n",
		},
		"what could not be read is not known": {
			func(s *subject) { s.unread["/ISAPI/a"] = errors.New("/ISAPI/a is busy") },
			check(on), "shown unknown @8 | /ISAPI/a is busy\n",
		},
		"a failed read is not made good by the condition": {
			func(s *subject) { s.unread["/ISAPI/a"] = errors.New("/ISAPI/a is busy") },
			check(`try(observed("/ISAPI/a", "A/on"), "true") == "true"`), "shown unknown @8 | /ISAPI/a is busy\n",
		},
		"nor is it made bad": {
			func(s *subject) { s.unread["/ISAPI/a"] = errors.New("/ISAPI/a is busy") },
			check(`can(observed("/ISAPI/a", "A/on"))`), "shown unknown @8 | /ISAPI/a is busy\n",
		},
		"a violation weighs more than what is not known": {
			func(s *subject) { s.unread["/ISAPI/a"] = errors.New("/ISAPI/a is busy") },
			check(on, `self.model == "M2"`), "shown violated @8 | Number 2 does not hold.\n",
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			s := newSubject(t)
			test.set(s)
			if diff := gocmp.Diff(test.want, s.verdict("", test.text)); diff != "" {
				t.Errorf("results (-want +have):\n%s", diff)
			}
		})
	}
}

// TestAConditionWithoutAnAnswerIsNotAPass holds the status only: the words are those of package config.
func TestAConditionWithoutAnAnswerIsNotAPass(t *testing.T) {
	for _, condition := range []string{
		`observed("/ISAPI/a", "A/on") == null ? null : true`,
		`version_at_least(self.firmware, "5.0")`,
		`tonumber(observed("/ISAPI/b", "B/port")) > 1`,
	} {
		s := newSubject(t)
		s.observed["/ISAPI/b B/port"] = []string{"many"}
		have := s.verdict("", "check \"c\" {\n  level = \"basic\"\n  assert {\n    condition     = "+condition+"\n    error_message = \"No.\"\n  }\n}\n")
		if !strings.HasPrefix(have, "c unknown @8 | ") {
			t.Errorf("%s gives %s", condition, have)
		}
	}
}

func TestWhatAPersonMustVerifyIsSaidOfDevicesThatDoNotAnswerToo(t *testing.T) {
	const text = "check \"lock\" {\n  level  = \"basic\"\n  manual = \"Look whether the box is locked.\"\n}\n"
	for _, err := range []error{nil, errors.New("no answer")} {
		s := newSubject(t)
		s.snap.Err = err
		if have, want := s.verdict("", text), "lock manual @8 | Look whether the box is locked.\n"; have != want {
			t.Errorf("with error %v: %s", err, have)
		}
	}
}

// TestWhatWasNotComparedIsNotCompliant: a rule whose setting is not among those of the device, as with a target that
// names another one.
func TestWhatWasNotComparedIsNotCompliant(t *testing.T) {
	s := newSubject(t)
	s.has("https", "", map[string]cty.Value{"enabled": cty.True, "min_tls": cty.StringVal("1.2")})
	device := s.declared("", tlsRule)
	device.Settings = nil
	want := "tls unknown @8 | https.enabled was not compared | https.min_tls was not compared\n"
	if have := show(Evaluate([]Subject{s.subject(device)})); have != want {
		t.Errorf("results are %s", have)
	}
}

func TestReportsAreOrderedAndCounted(t *testing.T) {
	subjects := make([]Subject, 0, 4)
	for _, name := range []string{"south", "north", "bare", "dead"} {
		s := newSubject(t)
		text := tlsRule + "check \"by.hand\" {\n  level  = \"high\"\n  reason = \"because\"\n  manual = \"Look.\"\n}\n"
		s.has("https", "", map[string]cty.Value{"enabled": cty.BoolVal(name == "north"), "min_tls": cty.StringVal("1.2")})
		switch name {
		case "bare":
			text = ""
		case "dead":
			s.snap.Err = errors.New("no answer")
		}
		device := s.declared("", text)
		device.Address = schema.Device{Name: name}
		for _, setting := range device.Settings {
			setting.Address.Device = device.Address
		}
		subjects = append(subjects, s.subject(device))
	}
	report := Evaluate(subjects)
	var order []string
	for _, r := range report.Results {
		order = append(order, r.Rule+" "+r.Device.Name+" "+string(r.Status))
	}
	want := []string{
		"by.hand dead manual", "by.hand north manual", "by.hand south manual",
		"tls dead unreachable", "tls north compliant", "tls south violated",
	}
	if diff := gocmp.Diff(want, order); diff != "" {
		t.Errorf("results (-want +have):\n%s", diff)
	}
	counts := map[Status]int{Manual: 3, Unreachable: 1, Compliant: 1, Violated: 1}
	if diff := gocmp.Diff(counts, report.Count()); diff != "" {
		t.Errorf("counts (-want +have):\n%s", diff)
	}
	if report.Devices != 4 || !slices.Equal(report.Unjudged, []schema.Device{{Name: "bare"}}) || report.Reasons["by.hand"] != "because" || len(report.Reasons) != 1 {
		t.Errorf("the report is %+v", report)
	}
	basic := report.Only(func(r Result) bool { return r.Level == "basic" })
	if len(basic.Results) != 3 || basic.Devices != 4 || len(report.Results) != 6 {
		t.Errorf("a part of the report is %+v", basic)
	}
}

// TestTheWorstCounts: of two findings a rule is as good as the worse one, but what a device lacks cannot be wrong.
func TestTheWorstCounts(t *testing.T) {
	worstFirst := []Status{Violated, Unreachable, Unknown, Unproven, Overridden, Manual, Compliant, Unsupported}
	if len(Statuses) != len(worstFirst) {
		t.Errorf("there are %d statuses, not %d", len(Statuses), len(worstFirst))
	}
	for i, a := range worstFirst {
		for j, b := range worstFirst {
			r := Result{}.of([]finding{{status: a}, {status: b}})
			if want := worstFirst[min(i, j)]; r.Status != want {
				t.Errorf("%s and %s give %s, want %s", a, b, r.Status, want)
			}
		}
	}
}

func TestTheFirstPlaceOfTheWorstIsNamed(t *testing.T) {
	found := func(status Status, line int) finding {
		return finding{status: status, why: "a", source: plan.Source{Line: line}}
	}
	r := Result{Source: plan.Source{Line: 9}}.of([]finding{found(Compliant, 1), found(Overridden, 2), found(Overridden, 3)})
	if r.Source.Line != 2 || len(r.Why) != 1 {
		t.Errorf("the result is %+v", r)
	}
	if r := (Result{Source: plan.Source{Line: 9}}).of([]finding{{status: Violated}}); r.Source.Line != 9 {
		t.Errorf("the result is %+v", r)
	}
}

// TestI12WhatNobodyJudgedIsNotKnown: neither a device without a rule nor a report of what only a person can tell is good.
func TestI12WhatNobodyJudgedIsNotKnown(t *testing.T) {
	named := func(name string) schema.Device { return schema.Device{Name: name} }
	result := func(device string, status Status) Result {
		return Result{Rule: "r", Device: named(device), Status: status}
	}
	for name, tc := range map[string]struct {
		report   Report
		judged   bool
		notKnown []schema.Device
	}{
		"nothing":            {Report{}, false, nil},
		"no rules":           {Report{Devices: 1, Unjudged: []schema.Device{named("a")}}, false, []schema.Device{named("a")}},
		"only for people":    {Report{Results: []Result{result("a", Manual)}}, false, nil},
		"good":               {Report{Results: []Result{result("a", Compliant), result("a", Manual)}}, true, nil},
		"one without a rule": {Report{Unjudged: []schema.Device{named("b")}, Results: []Result{result("a", Compliant)}}, true, []schema.Device{named("b")}},
		"unknown": {
			Report{Unjudged: []schema.Device{named("c")}, Results: []Result{result("b", Unknown), result("b", Unreachable), result("a", Unreachable), result("d", Violated)}},
			true,
			[]schema.Device{named("a"), named("b"), named("c")},
		},
	} {
		if have := tc.report.Judged(); have != tc.judged {
			t.Errorf("%s: judged is %v", name, have)
		}
		if have := tc.report.NotKnown(); !slices.Equal(have, tc.notKnown) {
			t.Errorf("%s: not known are %v, want %v", name, have, tc.notKnown)
		}
	}
}
