package approval_test

import (
	"crypto/ed25519"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/zclconf/go-cty/cty"
	"golang.org/x/crypto/ssh"

	"camform/engine/approval"
	"camform/engine/diag"
	"camform/engine/plan"
	"camform/schema"
)

var noon = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

// The kinds of the tests, one of each risk.
var kinds = schema.NewKinds(
	kind("note", schema.RiskNone), kind("stream", schema.RiskService), kind("user", schema.RiskLogin), kind("filter", schema.RiskLockout),
)

func kind(name string, risk schema.Risk) *schema.Kind {
	return &schema.Kind{
		Name: name, Risk: risk, Document: schema.Document{Path: "/" + name},
		Attributes: []*schema.Attribute{{Name: "text", Type: cty.String}},
	}
}

// key makes the same key for the same letter.
func key(letter string) ssh.Signer {
	signer, err := ssh.NewSignerFromKey(ed25519.NewKeyFromSeed([]byte(strings.Repeat(letter, ed25519.SeedSize))))
	if err != nil {
		panic(err)
	}
	return signer
}

// line is a line of an allowed signers file. Options end with a space.
func line(name, options, letter string) string {
	return name + " " + options + string(ssh.MarshalAuthorizedKey(key(letter).PublicKey()))
}

// Everybody signs with the key of the first letter of the name; dave has a second one.
var staff = []string{line("anna", "", "a"), line("bob", "", "b"), line("carol", "", "c"), line("dave", "", "d"), line("dave", "", "D")}

func step(device, kind string) plan.Step {
	k := kinds.Lookup(kind)
	return plan.Step{
		Address: schema.Setting{Device: schema.Device{Name: device}, Kind: kind}, Action: plan.Update,
		Before: k.Null(), After: k.Null(), Risk: k.Risk,
	}
}

// made is a plan of anna with steps of these kinds on one device, for which two people must sign.
func made(kinds ...string) *plan.Plan {
	d := plan.Device{Address: schema.Device{Name: "gate"}}
	for _, kind := range kinds {
		d.Steps = append(d.Steps, step("gate", kind))
	}
	return &plan.Plan{
		Created: noon, Author: "anna", Devices: []plan.Device{d},
		Approvals: &plan.Approvals{Required: 2, For: []string{approval.ClassAll}, Signers: staff},
	}
}

func subject(t testing.TB, p *plan.Plan, remembered *plan.Approvals) approval.Subject {
	t.Helper()
	s, err := approval.For(p, kinds, remembered)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// draft is what a person signs a minute after the plan was made.
func draft(t testing.TB, s approval.Subject, principal string) approval.Statement {
	t.Helper()
	st, err := approval.Draft(s, principal, "", noon.Add(time.Minute), 0)
	if err != nil {
		t.Fatal(err)
	}
	return st
}

func signed(t testing.TB, st approval.Statement, letter string) approval.File {
	t.Helper()
	text, err := approval.Sign(st, key(letter))
	if err != nil {
		t.Fatal(err)
	}
	return approval.File{Name: "p.approval-" + st.Principal + letter, Text: text}
}

// by is the approval of a person.
func by(t testing.TB, s approval.Subject, name string) approval.File {
	t.Helper()
	return signed(t, draft(t, s, name), name[:1])
}

// soon is two minutes after the plan was made.
var soon = approval.Clock{Now: noon.Add(2 * time.Minute)}

// details are the problems of a verdict, a line for each.
func details(v approval.Verdict) string {
	var lines []string
	for _, p := range v.Problems() {
		lines = append(lines, string(p.Severity)+" "+p.Code+": "+p.Detail)
	}
	return strings.Join(lines, "\n")
}

// people are those whose approvals count.
func people(v approval.Verdict) string {
	var names []string
	for _, s := range v.Signed {
		names = append(names, s.Principal)
	}
	return strings.Join(names, " ")
}

// refused are the problems of files that do not count.
func refused(v approval.Verdict) diag.Problems {
	return slices.DeleteFunc(v.Problems(), func(p diag.Problem) bool { return p.Code != approval.CodeRefused })
}
