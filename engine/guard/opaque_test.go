package guard

import (
	"slices"
	"strings"
	"testing"

	"github.com/zclconf/go-cty/cty"

	"camform/engine/diag"
	"camform/engine/plan"
	"camform/schema"
)

// strange are kinds with the risk lockout, and nobody knows what they guard.
func strange() *schema.Kinds {
	kind := func(name string, change func(*schema.Kind)) *schema.Kind {
		k := &schema.Kind{
			Name: name, Document: schema.Document{Path: "/" + name}, Phase: schema.PhaseServices, Risk: schema.RiskLockout,
			Attributes: []*schema.Attribute{{Name: "enabled", Type: cty.Bool}, {Name: "port", Type: cty.Number}},
		}
		change(k)
		return k
	}
	listener := []*schema.Guard{{Role: schema.Listener, Scheme: schema.SchemeHTTPS, Called: "HTTPS", Enabled: "enabled", Port: "port", Delivered: 443}}
	return schema.NewKinds(
		kind("plain", func(*schema.Kind) {}),
		kind("own", func(k *schema.Kind) { k.Own, k.Guards = true, listener }),
		kind("items", func(k *schema.Kind) { k.Write = &schema.Write{Path: "/items/{id}"} }),
		kind("hooked", func(k *schema.Kind) { k.Composed = true }),
		kind("late", func(k *schema.Kind) { k.Reboot = schema.RebootYes }),
		kind("beside", func(k *schema.Kind) { k.Carries = func(string) bool { return true } }),
		kind("wire", func(k *schema.Kind) { k.Guards = []*schema.Guard{{Role: schema.Link}} }),
	)
}

func TestI9WhatNobodyUnderstandsIsTriedOrRefused(t *testing.T) {
	kinds := strange()
	changed := func(kind string) plan.Step {
		return step(kind, "", values{"enabled": off}, values{"enabled": on}) // which says nothing of a restart: a plan may be written by hand
	}
	for name, c := range map[string]struct {
		step plan.Step
		says string // a part of the refusal; empty for a step that is tried
	}{
		"a document that is put back": {changed("plain"), ""},
		"one of a user's own file":    {changed("own"), ""},
		"an item that is made":        {created("plain", "", values{"enabled": on}), "creates or deletes an item"},
		"an item that is removed":     {step("plain", "", values{"enabled": on}, nil), "creates or deletes an item"},
		"an entry of a list":          {changed("items"), "something other than the document it read"},
		"a request of its own":        {changed("hooked"), "something other than the document it read"},
		"one that needs a restart":    {changed("late"), "takes effect at a restart"},
		"the link":                    {changed("wire"), "changes the link itself"},
		"what lies beside the link":   {changed("beside"), "changes the link itself"},
	} {
		if !Trials(plan.Group{Steps: []plan.Step{c.step}}, kinds) {
			t.Errorf("%s is not tried", name)
		}
		problems := Prove(over(secure, c.step).Device, kinds)
		if refused := problems.HasErrors(); refused != (c.says != "") {
			t.Errorf("%s: problems %v", name, problems)
			continue
		}
		if c.says == "" {
			continue
		}
		if p := problems[0]; p.Code != Code || !strings.Contains(p.Detail, c.says) || !strings.Contains(p.Detail, `allow_unproven = { "`+c.step.Address.Kind+`" = `) {
			t.Errorf("%s: %v", name, problems)
		}
		c.step.Accepted = "tested on the bench"
		if problems := Prove(over(secure, c.step).Device, kinds); problems.HasErrors() {
			t.Errorf("%s is refused in spite of a reason: %v", name, problems)
		}
	}
}

func TestI9AReasonAcceptsOnlyWhatNobodyUnderstands(t *testing.T) {
	for _, p := range pairs {
		d := p.shut.Device
		d.Steps = slices.Clone(d.Steps)
		for i := range d.Steps {
			d.Steps[i].Accepted = "never mind"
		}
		if !Prove(d, kinds).HasErrors() {
			t.Errorf("%s passes with a reason", p.name)
		}
	}
}

func TestI9RolesOfOnesOwnAddRefusalsAndProveNothing(t *testing.T) {
	theirs := strange()
	if problems := Prove(over(secure, step("own", "", values{"enabled": on}, values{"enabled": off})).Device, theirs); !problems.HasErrors() {
		t.Error("its role is not judged")
	}
	account := &schema.Kind{
		Name: "twin", Own: true, Keyed: true, Document: schema.Document{Path: "/twins"}, Risk: schema.RiskLogin,
		Guards: []*schema.Guard{kinds.Lookup("user").Guards[0]},
	}
	both := schema.NewKinds(append(builtIn().All(), account)...)
	d := over(secure,
		step("user", "admin", user("Administrator"), nil),
		created("twin", "chief", user("Administrator")),
		step("user", "camform", user("Viewer"), user("Operator")),
	).as("camform").Device
	if problems := Prove(d, both); !slices.ContainsFunc(problems, func(p diag.Problem) bool { return p.Address.Local() == "user.admin" }) {
		t.Errorf("an account of a user's own file counts as an administrator: %v", problems)
	}
}

func TestI9AKindThatIsNotThereIsRefused(t *testing.T) {
	if problems := Prove(over(secure, step("nothing", "", values{"enabled": off}, values{"enabled": on})).Device, strange()); !problems.HasErrors() {
		t.Error("nobody knows what it does, and it passes")
	}
}

func TestEveryRoleIsJudged(t *testing.T) {
	for _, name := range schema.Roles() {
		if r := roles[name]; r.each == nil || r.once == nil || r.tried == nil {
			t.Errorf("nothing judges the role %s", name)
		}
	}
}
