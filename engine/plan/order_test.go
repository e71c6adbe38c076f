package plan_test

import (
	"slices"
	"testing"

	"github.com/zclconf/go-cty/cty"
	"pgregory.net/rapid"

	"camform/engine/plan"
	"camform/schema"
)

func TestOrderHasEachStepOnceWhateverTheOrderBefore(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		steps := anySteps(t, schema.Device{Name: "gate"})
		given := slices.Clone(steps)
		ordered := plan.Order(steps, kinds)
		for i := range steps {
			if steps[i].Address != given[i].Address {
				t.Fatal("the steps of the caller were moved")
			}
		}
		if len(ordered) != len(steps) {
			t.Fatalf("%d steps, want %d", len(ordered), len(steps))
		}
		for _, s := range steps {
			if !slices.ContainsFunc(ordered, func(o plan.Step) bool { return o.Address == s.Address && o.Action == s.Action }) {
				t.Fatalf("%s is missing", s.Address)
			}
		}
		again := plan.Order(rapid.Permutation(steps).Draw(t, "other order"), kinds)
		for i := range ordered {
			if ordered[i].Address != again[i].Address {
				t.Fatalf("%s and %s stand at %d", ordered[i].Address, again[i].Address, i)
			}
		}
	})
}

func TestGroupsAreDocumentsInPhases(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		steps := plan.Order(anySteps(t, schema.Device{Name: "gate"}), kinds)
		var flat []plan.Step
		seen := map[string]bool{}
		phase := schema.Phase(0)
		for _, g := range plan.Groups(steps, kinds) {
			if seen[g.Document] {
				t.Fatalf("%s is in two groups", g.Document)
			}
			seen[g.Document] = true
			if g.Phase < phase {
				t.Fatalf("phase %d comes after %d", g.Phase, phase)
			}
			phase = g.Phase
			for _, s := range g.Steps {
				kind := kinds.Lookup(s.Address.Kind)
				if kind.Document.Path != g.Document || kind.Phase > g.Phase || s.Action == plan.Forget {
					t.Fatalf("%s %s is in the group of %s", s.Action, s.Address, g.Document)
				}
			}
			flat = append(flat, g.Steps...)
		}
		forgotten := steps[len(flat):]
		for i, s := range flat {
			if steps[i].Address != s.Address {
				t.Fatalf("the groups are not in the order of the steps: %s at %d", s.Address, i)
			}
		}
		for _, s := range forgotten {
			if s.Action != plan.Forget {
				t.Fatalf("%s %s is in no group", s.Action, s.Address)
			}
		}
	})
}

func TestAStagedStepTakesTwoRequests(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		for _, g := range plan.Groups(anySteps(t, schema.Device{Name: "gate"}), kinds) {
			parts := g.Requests()
			last := parts[len(parts)-1]
			if len(last.Steps) != len(g.Steps) || len(parts) > 2 || last.Document != g.Document {
				t.Fatalf("%d groups, the last with %d steps of %d", len(parts), len(last.Steps), len(g.Steps))
			}
			var first []plan.Step
			if len(parts) == 2 {
				first = parts[0].Steps
			}
			for i, s := range g.Steps {
				if !s.Staged() {
					if !last.Steps[i].Before.RawEquals(s.Before) || !last.Steps[i].After.RawEquals(s.After) {
						t.Fatalf("%s is changed", s.Address)
					}
					continue
				}
				if len(first) == 0 || first[0].Staged() || last.Steps[i].Staged() || !first[0].After.RawEquals(s.Stage) || !first[0].Before.RawEquals(s.Before) {
					t.Fatalf("%s does not begin with its stage", s.Address)
				}
				checkSecond(t, s, last.Steps[i])
				first = first[1:]
			}
			if len(first) > 0 {
				t.Fatalf("%d stages of no step", len(first))
			}
		}
	})
}

// checkSecond checks the second request of a staged step: it begins with what the first leaves behind, and leaves behind what
// is wanted, and what was there where only the first wanted something else.
func checkSecond(t *rapid.T, s, second plan.Step) {
	for name := range s.Before.Type().AttributeTypes() {
		before, stage, after := s.Before.GetAttr(name), s.Stage.GetAttr(name), s.After.GetAttr(name)
		began, want := before, after
		if !stage.IsNull() {
			began = stage
		}
		if after.IsNull() && !stage.IsNull() {
			want = before
		}
		if !second.Before.GetAttr(name).RawEquals(began) || !second.After.GetAttr(name).RawEquals(want) {
			t.Fatalf("%s.%s goes from %#v to %#v, want %#v to %#v", s.Address, name, second.Before.GetAttr(name), second.After.GetAttr(name), began, want)
		}
	}
}

func TestCounts(t *testing.T) {
	var p plan.Plan
	if !p.Empty() {
		t.Error("a plan without devices has nothing to do")
	}
	for _, a := range []plan.Action{plan.Create, plan.Update, plan.Update, plan.Delete, plan.Forget} {
		p.Devices = append(p.Devices, plan.Device{Steps: []plan.Step{{Action: a, Before: cty.NilVal}}})
	}
	if got := p.Counts(); got != (plan.Counts{Create: 1, Update: 2, Delete: 1, Forget: 1}) || p.Empty() {
		t.Errorf("counts %+v", got)
	}
	p.Devices[1].Problem = "no answer"
	if failed := p.Failed(); len(failed) != 1 || failed[0].Problem != "no answer" {
		t.Errorf("failed %+v", failed)
	}
}

func TestTolerance(t *testing.T) {
	for _, c := range []struct {
		tolerance plan.Tolerance
		n, all    int
		want      bool
	}{
		{plan.Tolerance{}, 0, 10, true},
		{plan.Tolerance{}, 1, 10, false},
		{plan.Tolerance{Count: 2}, 2, 10, true},
		{plan.Tolerance{Count: 2}, 3, 1000, false},
		{plan.Tolerance{Percent: 10}, 1, 10, true},
		{plan.Tolerance{Percent: 10}, 2, 10, false},
		{plan.Tolerance{Percent: 100}, 10, 10, true},
	} {
		if got := c.tolerance.Allows(c.n, c.all); got != c.want {
			t.Errorf("%+v allows %d of %d: %v", c.tolerance, c.n, c.all, got)
		}
	}
}

// Items that live in documents of their own are written each by itself; parts of one document leave together.
func TestItemsInDocumentsOfTheirOwnAreGroupsOfTheirOwn(t *testing.T) {
	kinds := schema.NewKinds(&schema.Kind{Name: "part", Keyed: true, Phase: schema.PhaseServices, Document: schema.Document{Path: "/{key}"}})
	var steps []plan.Step
	for _, key := range []string{"a#one", "b#one", "a#two"} {
		steps = append(steps, plan.Step{Address: schema.Setting{Device: schema.Device{Name: "gate"}, Kind: "part", Key: key}, Action: plan.Update})
	}
	groups := plan.Groups(steps, kinds)
	if len(groups) != 2 || groups[0].Document != "/a" || len(groups[0].Steps) != 2 || groups[1].Document != "/b" {
		t.Errorf("groups %+v", groups)
	}
}

// rotation is a step that gives an account that exists a new password.
func rotation(name string, own bool) plan.Step {
	return plan.Step{
		Address: schema.Setting{Device: schema.Device{Name: "gate"}, Kind: "user", Key: name}, Action: plan.Update,
		Secrets: map[string]plan.SecretSource{"password": {Generate: &plan.Generate{Own: own}}},
	}
}

func TestOurOwnPasswordComesLast(t *testing.T) {
	steps := []plan.Step{
		rotation("admin", true), rotation("operator", false),
		{Address: schema.Setting{Device: schema.Device{Name: "gate"}, Kind: "https"}, Action: plan.Update},
	}
	ordered := plan.Order(steps, kinds)
	if got := ordered[len(ordered)-1].Address.Key; got != "admin" || ordered[0].Address.Kind != "https" {
		t.Errorf("the order is %v", ordered)
	}
}

func TestNewPasswordsComeOneAtATime(t *testing.T) {
	steps := []plan.Step{rotation("guard", false), rotation("operator", false), rotation("admin", true)}
	if groups := plan.Groups(steps, kinds); len(groups) != 3 {
		t.Errorf("three new passwords leave in %d groups", len(groups))
	}
	if groups := plan.GroupsAsOrdered(plan.Order(steps, kinds), kinds); len(groups) != 3 {
		t.Errorf("three new passwords leave in %d groups when they stand in order", len(groups))
	}
}
