package memory_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/zclconf/go-cty/cty"

	"camform/providers"
	"camform/providers/memory"
)

func TestEveryEffectOnAWrite(t *testing.T) {
	for effect, c := range map[memory.Effect]struct {
		family  error
		outcome providers.Outcome
		applied bool
		logged  memory.EntryKind // what the device knows of it; empty if it never saw it
	}{
		"":                     {nil, providers.Applied, true, memory.Written},
		memory.Unreachable:     {providers.ErrUnreachable, "", false, ""},
		memory.DropRequest:     {providers.ErrUnknown, "", false, ""},
		memory.DropReply:       {providers.ErrUnknown, "", true, memory.Written},
		memory.Lie:             {nil, providers.Applied, false, memory.Rejected},
		memory.ErrorButApplied: {providers.ErrInvalid, "", true, memory.Written},
		memory.Busy:            {providers.ErrBusy, "", false, memory.Rejected},
		memory.Reject:          {providers.ErrInvalid, "", false, memory.Rejected},
		memory.Deny:            {providers.ErrDenied, "", false, memory.Rejected},
		memory.Restart:         {nil, providers.Restarting, true, memory.Written},
		memory.Refuse:          {providers.ErrRefused, "", false, memory.Refused},
	} {
		t.Run(string(effect), func(t *testing.T) {
			w := newWorld(t, memory.Options{})
			s := w.open()
			requests := w.compose(s, "system", "", w.want("system", newName("barn")))
			w.device.Inject(memory.Fault{Effect: effect})
			seen := len(w.device.Log())
			reply, err := w.send(s, requests)
			if w.must(err, c.family); err != nil {
				w.oneFamily(err)
			}
			if reply.Outcome != c.outcome {
				t.Errorf("outcome %q, want %q", reply.Outcome, c.outcome)
			}
			if got := w.item("system", "").GetAttr("name").AsString(); (got == "barn") != c.applied {
				t.Errorf("the name is %q", got)
			}
			log := w.device.Log()[seen:]
			if (c.logged == "") != (len(log) == 0) || c.logged != "" && log[0].Kind != c.logged {
				t.Errorf("log %v, want %q", log, c.logged)
			}
			if c.logged == memory.Written && log[0] != (memory.Entry{Time: w.clock.Now(), Kind: memory.Written, User: "admin", Method: "PUT", Path: "/system"}) {
				t.Errorf("entry %v", log[0])
			}
		})
	}
}

func TestEveryEffectOnARead(t *testing.T) {
	for effect, family := range map[memory.Effect]error{
		"":                     nil,
		memory.Unreachable:     providers.ErrUnreachable,
		memory.DropRequest:     providers.ErrUnreachable,
		memory.DropReply:       providers.ErrUnreachable,
		memory.Lie:             nil,
		memory.ErrorButApplied: providers.ErrMalformed,
		memory.Busy:            providers.ErrBusy,
		memory.Reject:          providers.ErrMalformed,
		memory.Deny:            providers.ErrDenied,
		memory.Restart:         providers.ErrUnreachable,
		memory.Refuse:          providers.ErrRefused,
	} {
		t.Run(string(effect), func(t *testing.T) {
			w := newWorld(t, memory.Options{})
			s := w.open()
			w.device.Inject(memory.Fault{Effect: effect})
			doc, err := s.Read(context.Background(), "/time")
			w.must(err, family)
			if err != nil {
				w.oneFamily(err)
			}
			if (err == nil) != (len(doc.Body) > 0) {
				t.Errorf("document %v with %v", doc, err)
			}
			w.device.Heal()
			if err := w.identify(w.device.Target()); (err != nil) != (effect == memory.Restart) {
				t.Errorf("the next session: %v", err)
			}
		})
	}
}

func TestAFaultStrikesTheNthMatch(t *testing.T) {
	w := newWorld(t, memory.Options{})
	s := w.open()
	w.device.Inject(memory.Fault{Effect: memory.Busy, Nth: 2, Match: func(x memory.Exchange) bool { return x.Path == "/time" }})
	w.device.Inject(memory.Fault{Effect: memory.Deny, Nth: 4, Match: get})
	var got []error
	for _, path := range []string{"/time", "/system", "/time", "/time", "/time"} {
		_, err := s.Read(context.Background(), path)
		got = append(got, err)
	}
	for i, family := range []error{nil, nil, providers.ErrBusy, providers.ErrDenied, nil} {
		if !errors.Is(got[i], family) {
			t.Errorf("read %d: %v, want %v", i+1, got[i], family)
		}
	}
}

func TestOfTwoFaultsTheFirstDecides(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, memory.Options{})
		s := w.open()
		w.device.Inject(memory.Fault{Latency: time.Second})
		w.device.Inject(memory.Fault{Effect: memory.Busy, Latency: time.Minute})
		w.device.Inject(memory.Fault{Effect: memory.Deny})
		began := time.Now()
		_, err := s.Read(context.Background(), "/time")
		w.must(err, providers.ErrBusy)
		if took := time.Since(began); took != time.Minute+time.Second {
			t.Errorf("it took %v", took)
		}
	})
}

func TestGivingUpLeavesAWriteInDoubt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, memory.Options{})
		s := w.open()
		requests := w.compose(s, "system", "", w.want("system", newName("barn")))
		w.device.Inject(memory.Fault{Latency: time.Hour})
		ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
		defer cancel()
		_, err := s.Do(ctx, requests[0])
		w.must(err, providers.ErrUnknown)
		w.must(err, context.DeadlineExceeded)
		w.oneFamily(err)
		w.counts(map[memory.EntryKind]int{memory.Written: 1})

		short, cancel := context.WithTimeout(context.Background(), time.Minute)
		defer cancel()
		_, err = s.Read(short, "/time")
		w.must(err, providers.ErrUnreachable)
		w.must(err, context.DeadlineExceeded)
	})
}

func TestACancelledCallSendsNothing(t *testing.T) {
	w := newWorld(t, memory.Options{})
	s := w.open()
	seen := len(w.device.Log())
	w.device.Inject(memory.Fault{Effect: memory.Busy, Nth: 1})
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	_, err := s.Do(ctx, providers.Request{Method: "PUT", Path: "/time"})
	w.must(err, providers.ErrUnreachable)
	w.must(err, context.Canceled)
	if len(w.device.Log()) != seen {
		t.Errorf("log %v", w.device.Log())
	}
	_, err = w.provider.Open(w.device.Target()).Identify(context.Background())
	w.must(err, providers.ErrBusy) // it was not counted before
}

// died is what a made-up crash panics with.
type died struct{}

func TestAProcessMayDieBeforeAndAfterAWrite(t *testing.T) {
	for name, c := range map[string]struct {
		hook    func(*memory.Device, func(memory.Exchange))
		effect  memory.Effect
		called  bool
		applied bool
		family  error // when the hook cancels the context instead
	}{
		"before":             {(*memory.Device).BeforeWrite, "", true, false, providers.ErrUnreachable},
		"after":              {(*memory.Device).AfterWrite, "", true, true, providers.ErrUnknown},
		"after a lie":        {(*memory.Device).AfterWrite, memory.Lie, true, false, providers.ErrUnknown},
		"after a lost reply": {(*memory.Device).AfterWrite, memory.DropReply, true, true, providers.ErrUnknown},
		"after nothing came": {(*memory.Device).AfterWrite, memory.DropRequest, false, false, providers.ErrUnknown},
	} {
		t.Run(name, func(t *testing.T) {
			for _, way := range []string{"panic", "cancel"} {
				w := newWorld(t, memory.Options{})
				s := w.open()
				requests := w.compose(s, "system", "", w.want("system", newName("barn")))
				w.device.Inject(memory.Fault{Effect: c.effect, Match: memory.Exchange.Writes})
				ctx, cancel := context.WithCancel(context.Background())
				var met []memory.Exchange
				c.hook(w.device, func(x memory.Exchange) {
					met = append(met, x)
					w.device.Document("/system") // no lock is held
					if way == "panic" {
						panic(died{})
					}
					cancel()
				})
				err := func() (err error) {
					defer func() {
						if r := recover(); r != nil && r != (died{}) {
							t.Errorf("panic %v", r)
						}
					}()
					_, err = s.Do(ctx, requests[0])
					return err
				}()
				if way == "cancel" {
					w.must(err, c.family)
				}
				if c.called != (len(met) == 1) || c.called && met[0].String() != "PUT /system" {
					t.Errorf("the hook met %v", met)
				}
				if got := w.item("system", "").GetAttr("name").AsString(); (got == "barn") != c.applied {
					t.Errorf("%s: the name is %q", way, got)
				}
				w.device.Heal()
				c.hook(w.device, nil)
				again := w.open()
				if _, err := w.change(again, "system", "", newName("barn")); err != nil {
					t.Errorf("%s: the next process: %v", way, err)
				}
			}
		})
	}
}

func TestExchangesHaveNames(t *testing.T) {
	for want, x := range map[string]memory.Exchange{
		"IDENTIFY": {Method: memory.MethodIdentify}, "AUTHENTICATE": {Method: memory.MethodAuthenticate}, "GET /time": {Method: "GET", Path: "/time"},
	} {
		if x.String() != want || x.Writes() {
			t.Errorf("%v writes: %v", x, x.Writes())
		}
	}
}

func TestAListIsShortened(t *testing.T) {
	for length, want := range []string{"[]", `["192.0.2.1"]`, `["192.0.2.1","192.0.2.2"]`, `["192.0.2.1","192.0.2.2"]`} {
		w := newWorld(t, memory.Options{})
		w.device.Inject(memory.Fault{Effect: memory.Shorten, Match: memory.Exchange.Writes, Length: length})
		list := cty.SetVal([]cty.Value{cty.StringVal("192.0.2.1"), cty.StringVal("192.0.2.2")})
		_, err := w.change(w.open(), "filter", "", map[string]cty.Value{"addresses": list})
		w.must(err, nil)
		if have := w.device.Document("/filter"); !strings.Contains(have, `"addresses":`+want) {
			t.Errorf("with room for %d it has %s", length, have)
		}
	}
}

// Entries of a list that stay keep their places, and of the new ones those come first that have to.
func TestListsAreWrittenInPlace(t *testing.T) {
	provider := memory.NewFleet(time.Now).Provider()
	kind := provider.Kinds().Lookup("filter")
	list := func(texts ...string) cty.Value {
		var values []cty.Value
		for _, text := range texts {
			values = append(values, cty.StringVal(text))
		}
		return cty.ObjectVal(map[string]cty.Value{"enabled": cty.NullVal(cty.Bool), "addresses": cty.SetVal(values)})
	}
	requests, err := provider.Compose(providers.Composition{
		Documents: providers.Documents{"/filter": {Path: "/filter", Body: []byte(`{"items":{"":{"addresses":["c","z","b"],"enabled":true}}}`)}},
		Changes:   []providers.Change{{Kind: kind, Before: kind.Null(), After: list("a", "b", "c", "d")}},
		First:     []string{"d"},
	})
	if err != nil || !strings.Contains(string(requests[0].Body), `"addresses":["c","b","d","a"]`) {
		t.Errorf("%v: %s", err, requests[0].Body)
	}
}
