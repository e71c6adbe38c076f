package engine_test

import (
	"context"
	"fmt"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"

	"github.com/zclconf/go-cty/cty"

	"camform/engine"
	"camform/engine/thorough"
	"camform/providers/memory"
)

// history is a world in which runs die. On its device there is everything to do: two documents with one setting each, one
// that the device rewrites, an account to be made, one to get another password, one to be removed, and a document
// with two settings.
type history struct{ *world }

// newHistory begins with the state that a run left behind which made the accounts "op" and "view".
func newHistory(t testing.TB) history {
	t.Helper()
	begin.Do(func() {
		w := newWorld(t)
		w.add("gate", memory.Options{})
		w.declareUser("gate", "op", "Operator", former)
		w.declareUser("gate", "view", "Viewer", former)
		w.converge()
		w.must(w.store.Close())
		files, err := stateFiles(filepath.Dir(w.path))
		w.must(err)
		beginning = files
	})
	h := history{newWorldWith(t, beginning)}
	d := h.add("gate", memory.Options{AddsSummerTime: true})
	d.SetUser("op", "Operator", former)
	d.SetUser("view", "Viewer", former)
	h.provider.passwords["gate/op"] = former
	h.declareName("gate", "other")
	h.declare("gate", "time", "", values{"zone": cty.StringVal("CET-1")})
	h.declareUser("gate", "op", "Operator", "Secret-1234")
	h.declareUser("gate", "new", "Viewer", "Newest-1234")
	h.declare("gate", "https", "", values{"redirect": cty.True})
	h.declare("gate", "service", "RTSP", values{"enabled": cty.False})
	return h
}

const former = "Former-1234"

var (
	begin     sync.Once
	beginning map[string][]byte
)

// run recovers, plans and applies. It dies at the moment of that number, counted from 1 among those that counts lets
// pass; at 0 it never dies. A process that was killed writes nothing more: its store is closed, and its goroutine ends.
func (h history) run(at int, counts func(moment) bool) (passed []moment, died bool) {
	h.Helper()
	h.provider.onExchange(func(m moment) {
		if !counts(m) {
			return
		}
		passed = append(passed, m)
		if len(passed) == at {
			died = true
			_ = h.store.Close()
			runtime.Goexit()
		}
	})
	defer h.provider.onExchange(nil)
	e, ctx := h.engine(), context.Background()
	_, err := e.Recover(ctx, engine.Accesses(h.cfg.Devices), h.nextRun())
	if died {
		return passed, true
	}
	h.must(err)
	planned, problems := e.Plan(ctx, h.cfg, nil)
	if problems.HasErrors() {
		h.Fatalf("plan: %+v", problems)
	}
	e.Apply(ctx, ctx, planned.Plan, h.nextRun())
	return passed, died
}

func every(moment) bool { return true }

// telling are the moments around writes and proofs: at all others nothing is in doubt that was not in doubt before.
func telling(m moment) bool {
	return !strings.HasPrefix(m.call, "GET ") && m.call != memory.MethodIdentify && m.call != memory.MethodAsk
}

// endsWell lets another process come, without faults, and a second one an hour later where a password could not be proven at
// once, or was not begun for that reason. Then everything must be as wanted, whatever happened before.
func (h history) endsWell() {
	h.Helper()
	h.fleet.Device("gate").Heal()
	h.restart()
	h.run(0, every)
	if len(h.openIntents()) > 0 {
		h.onlyTheProofIsOpen()
		h.restart()
		h.run(0, every)
	} else if toldPlan(h.plan()) == "update gate.user.op password:config\n" {
		h.restart()
		h.run(0, every)
	}
	h.nothingToDo()
	h.has("gate", "system", "", "name", cty.StringVal("other"))
	h.has("gate", "https", "", "redirect", cty.True)
	h.has("gate", "service", "RTSP", "enabled", cty.False)
	if !h.logsIn("gate", "op", "Secret-1234") || !h.logsIn("gate", "new", "Newest-1234") || !h.item("gate", "user", "view").IsNull() {
		h.Fatalf("accounts are %s", h.fleet.Device("gate").Document("/users"))
	}
	h.retract("gate", "user", "new")
	h.retract("gate", "user", "op")
	h.same(toldPlan(h.plan()), "delete gate.user.new\ndelete gate.user.op")
}

// onlyTheProofIsOpen fails the test if more is open than a password that could not be proven, since it had been refused
// before it was written.
func (h history) onlyTheProofIsOpen() {
	h.Helper()
	for _, in := range h.openIntents() {
		if in.Method != "PUT" || in.Document != "/users" || !h.logsIn("gate", "op", "Secret-1234") {
			h.Fatalf("open: %+v", in)
		}
	}
}

func (h history) wroteNothingTwice() {
	h.Helper()
	if len(h.provider.needless) > 0 {
		h.Fatalf("written without need: %v", h.provider.needless)
	}
}

// places are numbers from 1 to last, n of them or all.
func places(last, n int) []int {
	all := make([]int, last)
	for i := range all {
		all[i] = i + 1
	}
	return thorough.Spread(all, n)
}

func TestI2ARunMayDieAtAnyMoment(t *testing.T) {
	all, _ := newHistory(t).run(0, every)
	for _, at := range places(len(all), thorough.Pick(12, thorough.All, thorough.All)) {
		t.Run(fmt.Sprintf("%d %s", at, all[at-1]), func(t *testing.T) {
			h := newHistory(t)
			if _, died := h.run(at, every); !died {
				t.Fatal("it did not die")
			}
			h.endsWell()
			h.wroteNothingTwice()
		})
	}
	t.Logf("%d histories", len(all))
}

func TestI2ARunMayDieAgainWhileItRecovers(t *testing.T) {
	first, _ := newHistory(t).run(0, telling)
	histories := 0
	for _, at := range places(len(first), thorough.Pick(2, 8, thorough.All)) {
		m := first[at-1]
		for again := 1; ; again++ {
			died := false
			t.Run(fmt.Sprintf("%d %s, then %d", at, m, again), func(t *testing.T) {
				h := newHistory(t)
				h.run(at, telling)
				h.restart()
				if _, died = h.run(again, telling); died {
					histories++
				}
				h.endsWell()
				h.wroteNothingTwice()
			})
			if !died {
				break
			}
		}
	}
	t.Logf("%d histories", histories)
}

// Every fault at every write and every proof, in a run that ends by itself or dies right after.
func TestI11EveryFaultAtEveryWrite(t *testing.T) {
	count := func(m moment) bool { return telling(m) && !m.after }
	writes, _ := newHistory(t).run(0, count)
	histories := 0
	for _, effect := range []memory.Effect{
		memory.Unreachable, memory.DropRequest, memory.DropReply, memory.Lie, memory.ErrorButApplied, memory.Busy, memory.Reject,
		memory.Deny, memory.Restart, memory.Refuse,
	} {
		for _, at := range places(len(writes), thorough.Pick(3, thorough.All, thorough.All)) {
			i, m := at-1, writes[at-1]
			if effect == memory.Refuse && !writes[i].writes() {
				continue // a device that refuses what it took cannot be distinguished from one that never took it
			}
			for _, dies := range []bool{false, true} {
				t.Run(fmt.Sprintf("%s at %d %s, dies %v", effect, i+1, m, dies), func(t *testing.T) {
					histories++
					h := newHistory(t)
					h.fleet.Device("gate").Inject(memory.Fault{
						Effect: effect, Nth: i + 1,
						Match: func(x memory.Exchange) bool { return x.Writes() || x.Method == memory.MethodAuthenticate },
					})
					at := 0
					if dies {
						at = 2 * (i + 1) // moments come in pairs
					}
					h.run(at, telling)
					h.endsWell()
					if effect != memory.ErrorButApplied { // which is what the contract with providers does not allow
						h.wroteNothingTwice()
					}
				})
			}
		}
	}
	t.Logf("%d histories", histories)
}
