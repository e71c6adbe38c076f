package approval_test

import (
	"crypto/rand"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/crypto/ssh"

	"camform/engine/approval"
	"camform/engine/credential"
	"camform/engine/plan"
	"camform/schema"
)

func TestClassesOfChanges(t *testing.T) {
	secret := func(s plan.SecretSource) func(*plan.Step) {
		return func(step *plan.Step) { step.Secrets = map[string]plan.SecretSource{"password": s} }
	}
	for _, test := range []struct {
		name, kind string
		change     func(*plan.Step)
		want       string
	}{
		{"no risk", "note", nil, "all"},
		{"a service", "stream", nil, "all"},
		{"a login", "user", nil, "login all"},
		{"a lockout is a login too", "filter", nil, "lockout login all"},
		{"a secret", "note", secret(plan.SecretSource{Origin: "env:X"}), "credentials all"},
		{"a generated password", "user", secret(plan.SecretSource{Generate: &plan.Generate{Policy: credential.Policy{Name: "p"}}}), "credentials login all"},
		{"a password that follows another", "note", secret(plan.SecretSource{Follows: "device.gate.user.op"}), "credentials all"},
		{"a risk that was taken out of the plan", "filter", func(s *plan.Step) { s.Risk = "" }, "lockout login all"},
		{"a risk that is no risk", "filter", func(s *plan.Step) { s.Risk = "harmless" }, "lockout login all"},
		{"a risk that the plan adds", "note", func(s *plan.Step) { s.Risk = schema.RiskLogin }, "login all"},
		{"forgotten", "filter", func(s *plan.Step) { s.Action = plan.Forget }, "all"},
	} {
		p := made(test.kind)
		if test.change != nil {
			test.change(&p.Devices[0].Steps[0])
		}
		var have []string
		for _, c := range approval.Classes(p, kinds) {
			have = append(have, c.Name)
		}
		if strings.Join(have, " ") != test.want {
			t.Errorf("%s: %q, want %q", test.name, have, test.want)
		}
	}
	if have := approval.Classes(made("note", "user", "filter"), kinds); !slices.Equal(have, []approval.Class{{"lockout", 1}, {"login", 2}, {"all", 3}}) {
		t.Errorf("counted %v", have)
	}
}

func TestOnlyTheClassesOfTheRuleNeedSignatures(t *testing.T) {
	for class, kinds := range map[string]map[string]bool{
		approval.ClassLockout: {"note": false, "user": false, "filter": true},
		approval.ClassLogin:   {"note": false, "user": true, "filter": true},
		approval.ClassAll:     {"note": true, "user": true, "filter": true},
	} {
		for kind, want := range kinds {
			p := made(kind)
			p.Approvals.For = []string{class}
			if s := subject(t, p, nil); (s.Required() == 2) != want || (len(s.Classes()) == 1) != want {
				t.Errorf("%s for %s: %d people", kind, class, s.Required())
			}
		}
	}
}

// The rule that was in force approves its own change.
func TestARuleIsNotLoosenedByItself(t *testing.T) {
	old := func() *plan.Approvals {
		return &plan.Approvals{Required: 2, For: []string{"credentials", "login"}, Signers: []string{
			line("anna", "", "a"), line("bob", "", "b"), line("carol", `valid-after="20260101Z",valid-before="20270101Z" `, "c"),
		}}
	}
	for _, test := range []struct {
		name   string
		change func(a *plan.Approvals) *plan.Approvals
		says   string // empty if it is not looser
	}{
		{"the same", func(a *plan.Approvals) *plan.Approvals { return a }, ""},
		{"other order", func(a *plan.Approvals) *plan.Approvals {
			slices.Reverse(a.For)
			slices.Reverse(a.Signers)
			return a
		}, ""},
		{"more people", func(a *plan.Approvals) *plan.Approvals { a.Required = 3; return a }, ""},
		{"more classes", func(a *plan.Approvals) *plan.Approvals { a.For = append(a.For, "lockout"); return a }, ""},
		{"fewer signers", func(a *plan.Approvals) *plan.Approvals { a.Signers = a.Signers[:2]; return a }, ""},
		{"an earlier end", func(a *plan.Approvals) *plan.Approvals {
			a.Signers[2] = line("carol", `valid-before="20260601Z",valid-after="20260201Z" `, "c")
			return a
		}, ""},
		{"an earlier begin", func(a *plan.Approvals) *plan.Approvals {
			a.Signers[2] = line("carol", `valid-before="20270101Z",valid-after="20251231Z" `, "c")
			return a
		}, "carol is newly allowed to sign"},
		{"fewer people", func(a *plan.Approvals) *plan.Approvals { a.Required = 1; return a }, "it requires the signatures of 1 person instead of 2"},
		{"nobody", func(*plan.Approvals) *plan.Approvals { return nil }, "it requires the signatures of 0 people instead of 2"},
		{"below nobody", func(a *plan.Approvals) *plan.Approvals { a.Required = -1; return a }, "it requires the signatures of 0 people instead of 2"},
		{"a class less", func(a *plan.Approvals) *plan.Approvals { a.For = []string{"login"}; return a }, `changes of the class "credentials" no longer need a signature`},
		{"a smaller class", func(a *plan.Approvals) *plan.Approvals { a.For[1] = "lockout"; return a }, `changes of the class "login" no longer need a signature`},
		{"a signer more", func(a *plan.Approvals) *plan.Approvals { a.Signers = append(a.Signers, line("eve", "", "e")); return a }, "eve is newly allowed to sign with this key"},
		{"another key", func(a *plan.Approvals) *plan.Approvals { a.Signers[1] = line("bob", "", "x"); return a }, "bob is newly allowed to sign with this key"},
		{"another name", func(a *plan.Approvals) *plan.Approvals { a.Signers[1] = line("bart", "", "b"); return a }, "bart is newly allowed to sign with this key"},
		{"no end", func(a *plan.Approvals) *plan.Approvals { a.Signers[2] = line("carol", "", "c"); return a }, "carol is newly allowed to sign"},
		{"a later end", func(a *plan.Approvals) *plan.Approvals {
			a.Signers[2] = line("carol", `valid-after="20260101Z",valid-before="20280101Z" `, "c")
			return a
		}, "carol is newly allowed to sign"},
	} {
		t.Run(test.name, func(t *testing.T) {
			for _, steps := range [][]string{nil, {"note"}} { // not even changes that need no signature
				p := made(steps...)
				p.Approvals = test.change(old())
				s := subject(t, p, old())
				if have := strings.Join(s.Looser(), "; "); !strings.Contains(have, test.says) || (have == "") != (test.says == "") {
					t.Fatalf("looser: %q, want %q", have, test.says)
				}
				want := 0
				if test.says != "" {
					want = 2
				}
				if s.Required() != want {
					t.Errorf("%d people must sign, want %d", s.Required(), want)
				}
				if v := approval.Verify(s, []approval.File{by(t, s, "bob"), signed(t, draft(t, s, "eve"), "e")}, soon); v.Enough() != (want == 0) {
					t.Errorf("without the old rule: %s", details(v))
				}
				p.Author = "zoe"
				s = subject(t, p, old())
				if v := approval.Verify(s, []approval.File{by(t, s, "bob"), by(t, s, "carol")}, soon); !v.Enough() {
					t.Errorf("with the old rule: %s", details(v))
				}
			}
		})
	}
}

// I14: what the operator asks for counts beside what the plan and the last one ask for, whichever is stricter.
func TestI14TheOperatorsApprovalsAreTheLeast(t *testing.T) {
	least := &plan.Approvals{Required: 2, For: []string{"all"}, Signers: []string{
		line("bob", "", "b"), line("carol", `valid-before="20270101Z" `, "c"), line("dave", "", "d"),
	}}
	for name, tc := range map[string]struct {
		own, old *plan.Approvals
		required int
		people   string
		wrong    string
	}{
		"a plan that asks for nothing": {required: 2, people: "bob, carol, dave"},
		"one that asks for less":       {own: &plan.Approvals{Required: 1, For: []string{"login"}, Signers: least.Signers[:2]}, required: 2, people: "bob, carol"},
		"one that asks for more":       {own: &plan.Approvals{Required: 3, For: []string{"all"}, Signers: least.Signers}, required: 3, people: "bob, carol, dave"},
		"signers of its own":           {own: &plan.Approvals{Required: 1, For: []string{"all"}, Signers: append([]string{line("eve", "", "e")}, least.Signers[:2]...)}, required: 2, people: "bob, carol"},
		"too few of the operator's":    {own: &plan.Approvals{Required: 1, For: []string{"all"}, Signers: []string{line("eve", "", "e"), line("bob", "", "b")}}, wrong: "of 2 people, but the operator's rules allow only 1"},
		"other keys of his people":     {own: &plan.Approvals{Required: 2, For: []string{"all"}, Signers: []string{line("bob", "", "x"), line("dave", "", "y")}}, wrong: "allow only 0"},
		"a last plan that asked for more": {
			own: &plan.Approvals{Required: 2, For: []string{"all"}, Signers: least.Signers}, old: &plan.Approvals{Required: 3, For: []string{"all"}, Signers: least.Signers},
			required: 3, people: "bob, carol, dave",
		},
	} {
		t.Run(name, func(t *testing.T) {
			p := made("note")
			p.Approvals = tc.own
			s, err := approval.For(p, kinds, tc.old, least)
			if tc.wrong != "" {
				if err == nil || !strings.Contains(err.Error(), tc.wrong) {
					t.Errorf("it says %v", err)
				}
				return
			}
			if err != nil || s.Required() != tc.required || strings.Join(s.People(), ", ") != tc.people {
				t.Errorf("%d of %v, %v", s.Required(), s.People(), err)
			}
		})
	}
	// A signer is good for no longer than both say.
	p := made("note")
	p.Approvals = &plan.Approvals{Required: 2, For: []string{"all"}, Signers: []string{line("bob", "", "b"), line("carol", "", "c")}}
	s, err := approval.For(p, kinds, nil, least)
	if err != nil {
		t.Fatal(err)
	}
	late := approval.Clock{Now: time.Date(2027, 6, 1, 0, 0, 0, 0, time.UTC)}
	if v := approval.Verify(s, []approval.File{by(t, s, "bob"), by(t, s, "carol")}, late); v.Enough() {
		t.Error("a key counts after the end that the operator gave it")
	}
}

func TestLessThanPossibleIsNotLooser(t *testing.T) {
	p := made("note")
	p.Approvals = &plan.Approvals{Required: 1, For: []string{"login"}, Signers: staff}
	for name, old := range map[string]*plan.Approvals{
		"nothing": nil, "nobody": {Required: 0, For: []string{"all"}}, "no class": {Required: 2, Signers: staff},
	} {
		if s := subject(t, p, old); len(s.Looser()) != 0 {
			t.Errorf("%s: %v", name, s.Looser())
		}
	}
	for class, old := range map[string][]string{"login": {"lockout"}, "all": {"credentials", "login"}} {
		p.Approvals.For = []string{class}
		if s := subject(t, p, &plan.Approvals{Required: 1, For: old, Signers: staff}); len(s.Looser()) != 0 {
			t.Errorf("%s instead of %v: %v", class, old, s.Looser())
		}
	}
}

// Taking the author out of the signers does not make the author's key that of somebody else.
func TestTheKeysOfTheAuthorAreRemembered(t *testing.T) {
	shared := []string{line("anna", "", "a"), line("bob", "", "a"), line("carol", "", "c")}
	p := made("note")
	p.Approvals.Required, p.Approvals.Signers = 1, shared[1:]
	s := subject(t, p, &plan.Approvals{Required: 1, For: []string{"all"}, Signers: shared})
	v := approval.Verify(s, []approval.File{signed(t, draft(t, s, "bob"), "a")}, soon)
	if v.Enough() || len(s.Looser()) != 0 || !strings.Contains(details(v), "shares a key with its author") {
		t.Errorf("%s", details(v))
	}
}

func TestWhoMaySign(t *testing.T) {
	p := made("note")
	p.Approvals.Signers = []string{line("anna,bob", "", "a"), line("dave,carol", "", "c"), line("carol", "", "x"), line("erin", `namespaces="git" `, "e")}
	s := subject(t, p, nil)
	if have := fmt.Sprint(s.People()); have != "[carol dave]" {
		t.Errorf("may sign: %s", have)
	}
	if have := fmt.Sprint(s.Principals(key("c").PublicKey()), s.Principals(key("e").PublicKey())); have != "[carol dave] []" {
		t.Errorf("with the keys: %s", have)
	}
}

func TestLinesOfSigners(t *testing.T) {
	certificate := &ssh.Certificate{Key: key("b").PublicKey(), CertType: ssh.UserCert, ValidBefore: ssh.CertTimeInfinity}
	if err := certificate.SignCert(rand.Reader, key("x")); err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct{ line, says string }{
		{"bob " + string(ssh.MarshalAuthorizedKey(certificate)), "it contains a certificate"},
		{line("bob", "cert-authority ", "b"), "cert-authority is not supported"},
		{line("bob", `namespaces="*",CERT-AUTHORITY `, "b"), "cert-authority is not supported"},
		{line("bob", "no-touch-required ", "b"), `there is no option "no-touch-required"`},
		{line("bob", `namespaces="!git,*" `, "b"), "name the namespaces one by one"},
		{line("bob", `valid-after="20270101" `, "b"), `"20270101" is not a time in UTC`},
		{line("bob", `valid-before="tomorrow" `, "b"), `"tomorrow" is not a time in UTC`},
		{line("*", "", "b"), `"*" does not name one person`},
		{line("bob,,carol", "", "b"), `"" does not name one person`},
		{line("bob\x1b", "", "b"), `"bob\x1b" does not name one person`},
		{"bob", "it contains no public key"},
		{"", "it contains no public key"},
		{line("bob", "", "b") + line("eve", "", "e"), "a line ends within it"},
		{"bob ssh-ed25519 AAAA", "it contains no public key"},
	} {
		p := made("note")
		p.Approvals.Signers = []string{staff[0], test.line}
		if _, err := approval.For(p, kinds, nil); err == nil || !strings.Contains(err.Error(), test.says) || !strings.Contains(err.Error(), "signer 2 of the approvals (") {
			t.Errorf("%q: %v, want %q", test.line, err, test.says)
		}
		if _, err := approval.For(made("note"), kinds, p.Approvals); err == nil || !strings.Contains(err.Error(), "the last plan that was applied") {
			t.Errorf("remembered %q: %v", test.line, err)
		}
	}
}

func TestOptionsOfSigners(t *testing.T) {
	for options, want := range map[string]bool{
		"":                                true,
		`namespaces="camform-plan" `:      true,
		`namespaces="git,camform-plan" `:  true,
		`NAMESPACES="camform-*" `:         true,
		`namespaces="git" `:               false,
		`namespaces="camform" `:           false,
		`valid-after="20260301Z" `:        true,
		`valid-after="202603011200Z" `:    true,
		`valid-after="20260301120101Z" `:  false,
		`valid-before="20260301120201Z" `: true,
		`valid-before="20260301120200Z" `: false,
		// Of several, the strictest counts.
		`valid-after="20260302Z",valid-after="20260228Z" `:   false,
		`valid-before="20260228Z",valid-before="20260302Z" `: false,
	} {
		p := made("note")
		p.Approvals.Required, p.Approvals.Signers = 1, []string{line("bob", options, "b")}
		s := subject(t, p, nil)
		if v := approval.Verify(s, []approval.File{by(t, s, "bob")}, soon); v.Enough() != want {
			t.Errorf("%q: %v\n%s", options, v.Enough(), details(v))
		}
	}
}

func TestExceededLimits(t *testing.T) {
	p := made("note", "user", "user", "filter")
	forgotten := step("gate", "filter")
	forgotten.Action = plan.Forget
	p.Devices[0].Steps = append(p.Devices[0].Steps, forgotten)
	p.Devices = append(p.Devices, plan.Device{Address: schema.Device{Name: "yard"}, Steps: []plan.Step{step("yard", "note")}},
		plan.Device{Address: schema.Device{Name: "idle"}, Steps: []plan.Step{forgotten}})
	for _, test := range []struct {
		limits plan.Limits
		want   []approval.Exceeded
	}{
		{plan.Limits{}, nil},
		{plan.Limits{MaxChanges: 5, MaxDevices: 2, MaxRisk: map[schema.Risk]int{"none": 2, "login": 2, "lockout": 1}}, nil},
		{plan.Limits{MaxChanges: 4}, []approval.Exceeded{{"max_changes", 4, 5}}},
		{plan.Limits{MaxDevices: 1}, []approval.Exceeded{{"max_devices", 1, 2}}},
		{plan.Limits{MaxRisk: map[schema.Risk]int{"none": 1, "service": 1, "login": 1, "lockout": 1}}, []approval.Exceeded{{"risk.none", 1, 2}, {"risk.login", 1, 2}}},
	} {
		p.Limits = test.limits
		if have := approval.ExceededBy(p); !slices.Equal(have, test.want) {
			t.Errorf("%+v: %v, want %v", test.limits, have, test.want)
		}
	}
	p.Devices[1].Steps[0].Risk = "" // as good as none
	p.Limits = plan.Limits{MaxRisk: map[schema.Risk]int{"none": 1}}
	if have := approval.ExceededBy(p); len(have) != 1 || have[0].Found != 2 {
		t.Errorf("without a risk: %v", have)
	}
	if have := fmt.Sprint(approval.LimitNames()); have != "[max_changes max_devices risk.none risk.service risk.login risk.lockout]" {
		t.Errorf("limits %s", have)
	}
}

func TestLockoutIsKnown(t *testing.T) {
	if !subject(t, made("note", "filter"), nil).LocksOut() || subject(t, made("note", "user"), nil).LocksOut() {
		t.Error("plans that can lock everybody out are not told from others")
	}
	st := draft(t, subject(t, made("filter"), nil), "bob")
	if life := st.Expires.Sub(st.Created); life != 2*time.Hour {
		t.Errorf("an approval of a lockout holds for %v", life)
	}
}
