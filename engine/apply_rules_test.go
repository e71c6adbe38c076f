package engine_test

import "testing"

// An account that somebody made between the plan and its apply is as wanted, and not ours for that.
func TestAnAccountThatSomebodyElseCreatedMeanwhileIsNotOurs(t *testing.T) {
	w := newWorld(t, "gate")
	gate := w.fleet.Device("gate")
	gate.SetUser("op", "Operator", "Theirs-1234")
	w.declareUser("gate", "op", "Viewer", "Viewer-1234")
	w.apply(w.plan())
	gate.Remove("user", "op")
	p := w.plan()
	w.same(toldPlan(p), "create gate.user.op level:drift password:drift")
	gate.SetUser("op", "Viewer", "Viewer-1234")
	w.same(told(w.apply(p)), `
		gate: done
		create user.op: already`)
	w.retract("gate", "user", "op")
	w.same(toldPlan(w.plan()), "forget gate.user.op")
}

// An item that is gone, or that is there by now, is not as it was planned from.
func TestI6AnItemThatCameOrWentIsStale(t *testing.T) {
	w := newWorld(t, "door", "gate")
	w.fleet.Device("gate").SetUser("op", "Operator", "Theirs-1234")
	for _, device := range []string{"door", "gate"} {
		w.declareUser(device, "op", "Viewer", "Viewer-1234")
	}
	p := w.plan()
	w.same(toldPlan(p), `
		create door.user.op level:config password:config
		update gate.user.op level:config password:config`)
	w.fleet.Device("door").SetUser("op", "Operator", "Theirs-1234")
	w.fleet.Device("gate").Remove("user", "op")
	w.same(told(w.apply(p)), `
		door: stale
		create user.op: stale
		gate: stale
		update user.op: stale`)
	if n := w.writes("door") + w.writes("gate"); n != 0 {
		t.Errorf("%d writes", n)
	}
}
