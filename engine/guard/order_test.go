package guard

import (
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/zclconf/go-cty/cty"
	"pgregory.net/rapid"

	"camform/engine/plan"
	"camform/schema"
)

// local are the steps of a device in their order.
func local(steps []plan.Step) string {
	var all []string
	for _, s := range steps {
		all = append(all, s.Address.Local())
	}
	return strings.Join(all, " ")
}

// rotation is a new password for the account that camform uses, which is an operator here.
func rotation(account string) plan.Step {
	return secret(step("user", account, user("Operator"), user("Operator")), plan.SecretSource{Generate: &plan.Generate{Own: account == "camform"}})
}

func TestI9WhatOpensAWayInComesFirst(t *testing.T) {
	old, successor := step("user", "admin", user("Administrator"), nil), created("user", "chief", user("Administrator"))
	lock := step("upnp", "", values{"enabled": on}, values{"enabled": off})
	for name, c := range map[string]struct {
		steps []plan.Step
		want  string
	}{
		"as it is":                 {[]plan.Step{lock, step("https", "", values{"redirect": off}, values{"redirect": on})}, "upnp https"},
		"the next administrator":   {[]plan.Step{old, successor, rotation("camform")}, "user.chief user.admin user.camform"},
		"others keep their places": {[]plan.Step{old, successor, step("user", "guest", user("Viewer"), nil), lock, rotation("camform")}, "user.chief user.admin user.guest upnp user.camform"},
		"forgotten ones come last": {[]plan.Step{old, successor, rotation("camform"), {Action: plan.Forget, Address: schema.Setting{Kind: "https"}}}, "user.chief user.admin user.camform https"},
	} {
		d := over(secure, c.steps...).as("camform").Device
		ordered, problems := ProveOrder(d, kinds)
		if problems.HasErrors() || local(ordered) != c.want {
			t.Errorf("%s: order %s, want %s; problems %v", name, local(ordered), c.want, problems)
		}
		d.Steps = ordered
		if problems := Prove(d, kinds); problems.HasErrors() {
			t.Errorf("%s: the order that was found is refused: %v", name, problems)
		}
	}
}

func TestI9TheOrderInWhichStepsStandIsProven(t *testing.T) {
	d := over(secure, step("user", "admin", user("Administrator"), nil), created("user", "chief", user("Administrator")), rotation("camform")).as("camform").Device
	d.Steps = append([]plan.Step{{Action: plan.Forget, Address: schema.Setting{Kind: "https"}}}, d.Steps...)
	problems := Prove(d, kinds)
	if len(problems) != 1 || problems[0].Address.Local() != "user.admin" ||
		!strings.HasPrefix(problems[0].Detail, "After step 1 of 3 (user.admin), camform would have no way in, although it is open again at the end. camform knows of no other administrator") {
		t.Errorf("problems %v", problems)
	}
}

// New passwords are written one by one, in the order in which they stand.
func TestI9NewPasswordsAreWrittenAsTheyStand(t *testing.T) {
	raised, lowered := step("user", "camform", user("Operator"), user("Administrator")), step("user", "old", user("Administrator"), user("Viewer"))
	for name, steps := range map[string][]plan.Step{
		"another one": {raised, secret(lowered, generated)},
		"our own":     {secret(raised, generated), lowered},
	} {
		if problems := Prove(over(secure, steps...).as("camform").Device, kinds); problems.HasErrors() {
			t.Errorf("%s: %v", name, problems)
		}
	}
}

// What the device says may look as if camform could not get in. It does, so it must go on to.
func TestI9TheOwnWayInIsOpenWhateverTheDeviceSays(t *testing.T) {
	elsewhere := step("https", "", values{"enabled": off}, values{"enabled": on})
	d := over(secure, step("user", "admin", user("Administrator"), nil), created("user", "chief", user("Administrator")), elsewhere, rotation("camform")).as("camform").Device
	if problems := Prove(d, kinds); len(problems) != 1 || problems[0].Address.Local() != "user.admin" {
		t.Errorf("problems %v", problems)
	}
}

// The account that camform uses is written behind the others, whatever the plan says, so that it cannot open the way.
func TestI9NoSafeOrderIsRefused(t *testing.T) {
	own := step("user", "camform", user("Operator"), user("Administrator"))
	d := over(secure, own, step("user", "old", user("Administrator"), user("Viewer"))).as("camform").Device
	ordered, problems := ProveOrder(d, kinds)
	if len(problems) != 1 || !strings.HasPrefix(problems[0].Detail, "After step 1 of 2 (user.old)") || !strings.HasSuffix(problems[0].Detail, "No other order of the steps was found that avoids it.") {
		t.Errorf("problems %v", problems)
	}
	if local(ordered) != "user.camform user.old" {
		t.Errorf("without a safe order the steps are %s", local(ordered))
	}
	if problems := Prove(d, kinds); !problems.HasErrors() {
		t.Error("the order of the plan counts, and not that in which the accounts are written")
	}
}

func TestI9AWayInThatIsClosedInTheEndHasNoOrder(t *testing.T) {
	d := over(secure, step("https", "", values{"enabled": on}, values{"enabled": off}), step("ip_filter", "", noFilter, filter(on, "allow"))).Device
	groups := plan.Groups(d.Steps, kinds)
	ordered, refusal := Order(d, groups, kinds)
	if refusal == nil || refusal.Step.Address.Kind != "https" || !strings.Contains(refusal.Detail, "switch it off") {
		t.Errorf("refusal %+v", refusal)
	}
	if len(ordered) != len(groups) || ordered[0].Document != "/ISAPI/Security/adminAccesses" {
		t.Errorf("groups %+v", ordered)
	}
	if _, problems := ProveOrder(d, kinds); len(problems) != 2 {
		t.Errorf("both steps close the way in: %v", problems)
	}
}

func TestADeviceWithoutAPortIsRefused(t *testing.T) {
	d := over("https://192.0.2.1", step("upnp", "", nil, values{"enabled": on})).Device
	if _, problems := ProveOrder(d, kinds); !problems.HasErrors() || problems[0].Address.Device != d.Address {
		t.Errorf("problems %v", problems)
	}
	if _, refusal := Order(d, nil, kinds); refusal == nil {
		t.Error("no refusal")
	}
}

// A way in that is closed now may stay so until the step comes that opens it; one that is open must not be closed meanwhile.
func TestWaysInThatAreClosedNowMayOpenLate(t *testing.T) {
	needy := plan.Way{Who: "vms", Account: "vms", Level: "Operator", Source: "203.0.113.9"}
	d := over(secure,
		step("user", "vms", user("Viewer"), user("Operator")),
		step("ip_filter", "", filter(on, "allow", "198.51.100.7"), filter(on, "allow", "198.51.100.7", "203.0.113.9")),
	).needed(needy).Device
	if ordered, problems := ProveOrder(d, kinds); len(problems) > 0 || local(ordered) != "user.vms ip_filter" {
		t.Errorf("order %s, problems %v", local(ordered), problems)
	}
}

// accounts are up to five accounts of a device before and after, in the order of a plan.
func accounts(t *rapid.T) []plan.Step {
	levels := []string{"", "Viewer", "Operator", "Administrator"}
	var steps []plan.Step
	for _, name := range []string{"a", "b", "camform", "d", "e"} {
		before, after := rapid.SampledFrom(levels).Draw(t, name+" before"), rapid.SampledFrom(levels).Draw(t, name+" after")
		switch {
		case before == after:
		case name == "camform":
			steps = append(steps, step("user", name, user("Operator"), user("Administrator")))
		case before == "":
			steps = append(steps, created("user", name, user(after)))
		case after == "":
			steps = append(steps, step("user", name, user(before), nil))
		default:
			steps = append(steps, step("user", name, user(before), user(after)))
		}
	}
	if rapid.Bool().Draw(t, "more") {
		steps = append(steps, step("upnp", "", values{"enabled": on}, values{"enabled": off}))
	}
	if rapid.Bool().Draw(t, "rotation") && !slices.ContainsFunc(steps, func(s plan.Step) bool { return s.Address.Key == "camform" }) {
		steps = append(steps, rotation("camform"))
	}
	return steps
}

// administered is an own judgement: whether an administrator is left after each step, as accounts are written.
func administered(steps []plan.Step) bool {
	levels := map[string]string{}
	for _, s := range steps {
		if level := valueIn(s.Before, "level"); !level.IsNull() {
			levels[s.Address.Key] = level.AsString()
		}
	}
	if _, known := levels["camform"]; !known {
		return true // the account in use may be one
	}
	written := slices.DeleteFunc(slices.Clone(steps), func(s plan.Step) bool { return s.Address.Key == "camform" })
	for _, s := range steps {
		if s.Address.Key == "camform" {
			written = append(written, s)
		}
	}
	for _, s := range written {
		was := levels[s.Address.Key]
		if level := valueIn(s.After, "level"); !level.IsNull() {
			levels[s.Address.Key] = level.AsString()
		} else if s.Address.Kind == "user" {
			delete(levels, s.Address.Key)
		}
		if was == "Administrator" && levels[s.Address.Key] != "Administrator" && !slices.Contains(slices.Collect(maps.Values(levels)), "Administrator") {
			return false
		}
	}
	return true
}

// permutations are all orders of steps.
func permutations(steps []plan.Step) [][]plan.Step {
	if len(steps) < 2 {
		return [][]plan.Step{steps}
	}
	var all [][]plan.Step
	for i, first := range steps {
		rest := slices.Delete(slices.Clone(steps), i, i+1)
		for _, p := range permutations(rest) {
			all = append(all, append([]plan.Step{first}, p...))
		}
	}
	return all
}

func TestAnOrderIsFoundWhereThereIsOne(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		steps := accounts(t)
		d := over(secure, steps...).as("camform").Device
		ordered, problems := ProveOrder(d, kinds)
		again, _ := ProveOrder(d, kinds)
		sorted := func(steps []plan.Step) []string { return slices.Sorted(strings.FieldsSeq(local(steps))) }
		switch {
		case local(again) != local(ordered):
			t.Fatalf("%s and then %s", local(ordered), local(again))
		case !slices.Equal(sorted(ordered), sorted(steps)):
			t.Fatalf("of %s came %s", local(steps), local(ordered))
		case administered(plan.Order(steps, kinds)) && local(ordered) != local(plan.Order(steps, kinds)):
			t.Fatalf("%s is safe, but became %s", local(steps), local(ordered))
		case !problems.HasErrors() && !administered(ordered):
			t.Fatalf("%s leaves no administrator", local(ordered))
		case problems.HasErrors() && slices.ContainsFunc(permutations(steps), administered):
			t.Fatalf("%s is refused, but has a safe order: %v", local(steps), problems)
		}
	})
}

// However many steps a device has, the search ends.
func TestTheSearchIsBounded(t *testing.T) {
	steps := []plan.Step{step("user", "camform", user("Operator"), user("Administrator"))}
	for i := range 40 {
		steps = append(steps, step("user", "old"+cty.NumberIntVal(int64(i)).GoString(), user("Administrator"), user("Viewer")))
	}
	if _, problems := ProveOrder(over(secure, steps...).as("camform").Device, kinds); !problems.HasErrors() {
		t.Error("no administrator is left before the last step, and nobody minds")
	}
}
