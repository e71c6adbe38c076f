package statetest

import (
	"context"
	"encoding/json"
	"slices"
	"testing"
	"time"

	"camform/engine/state"
	"camform/schema"
)

// Journal tests what is kept of requests: before they are sent, and about their outcomes.
func Journal(t *testing.T, open Opener[Changes]) {
	run(t, open, map[string]func(*world[Changes]){
		"I2 an intent is durable, and open until its outcome is known": opened,
		"an unknown intent is open for its device": func(s *world[Changes]) {
			lease := s.acquire("r1")
			id := s.begin(lease, state.Intent{Method: "PUT"})
			s.ok(s.state.Finish(s.Context(), lease, id, state.Unknown, nil, nil))
			s.intents(gate, state.Intent{
				ID: id, Run: "r1", Device: gate, Method: "PUT", Begun: noon, Outcome: state.Unknown, Finished: noon,
			})
		},
		"an intent has one outcome":                          oneOutcome,
		"intents have the order in which they began":         inOrder,
		"an intent speaks of its device only":                ofItsDevice,
		"I8 a request and its candidates are written as one": candidates,
		"a cancelled intent is not written":                  interrupted,
		"an outcome is written with what it leaves, or not":  whole,
		"nothing is written with a lease that was released":  fenced(func(s *world[Changes], l state.Lease) { s.ok(s.open().Release(s.Context(), l)) }),
		"nothing is written with a lease that somebody took": fenced(func(s *world[Changes], _ state.Lease) { s.advance(time.Hour); takeOver(s) }),
	})
}

func opened(s *world[Changes]) {
	lease := s.acquire("r1")
	want := state.Intent{
		Run: "r1", Device: gate, Document: "/users/2", Method: "PUT", Digest: "sha256:00", Begun: noon,
		Steps: []state.IntentStep{
			{
				Setting: of(gate, "user", "a b"), Action: "update", Before: json.RawMessage(`{"level":"Viewer"}`),
				After: json.RawMessage(`{"level":"Operator"}`), Fingerprints: map[string]string{"password": "00ff"}, Origins: map[string]string{"password": "vault:a"},
			},
			{Setting: of(gate, "https", ""), Action: "create"},
		},
	}
	want.ID = s.begin(lease, want)
	s.intents(gate, want)
	s.intents(camera("other"))

	s.advance(time.Second)
	s.ok(s.state.Finish(cancelled(), lease, want.ID, state.Unknown, nil, nil)) // in spite of an interrupt
	want.Outcome, want.Finished = state.Unknown, noon.Add(time.Second)
	s.intents(gate, want)
	all, err := s.open().AllOpenIntents(s.Context())
	s.ok(err)
	s.same("open on all devices", all, []state.Intent{want})

	s.advance(time.Hour)
	later := s.acquire("r2")
	s.ok(s.state.Finish(s.Context(), later, want.ID, state.Done, nil, nil))
	want.Outcome, want.Finished = state.Done, s.now()
	s.intents(gate)
	for run, want := range map[string][]state.Intent{"r1": {want}, "r2": nil} {
		history, err := s.open().RunIntents(s.Context(), run)
		s.ok(err)
		s.same("history of "+run, history, want)
	}
}

func oneOutcome(s *world[Changes]) {
	lease, other := s.acquire("r1"), s.lease(camera("other"), "r1")
	for _, outcome := range []state.Outcome{state.Done, state.NotApplied} {
		id := s.begin(lease, state.Intent{Method: "PUT"})
		s.fails(s.state.Finish(s.Context(), other, id, outcome, nil, nil), state.ErrFinished)
		s.ok(s.state.Finish(s.Context(), lease, id, outcome, nil, nil))
		for _, second := range []state.Outcome{state.Done, state.Unknown} {
			rows := []state.Setting{{Address: of(gate, "https", "")}}
			s.fails(s.open().Finish(s.Context(), lease, id, second, rows, nil), state.ErrFinished)
		}
	}
	s.fails(s.state.Finish(s.Context(), lease, 99, state.Done, nil, nil), state.ErrFinished)
	s.intents(gate)
	s.same("settings", len(s.settings(gate)), 0)
}

func inOrder(s *world[Changes]) {
	lease, other := s.acquire("r1"), s.lease(camera("other"), "r1")
	var all, ofGate []state.IntentID
	for i := range 6 {
		id, err := s.open().Begin(s.Context(), []state.Lease{lease, other}[i%2], state.Intent{Method: "PUT"})
		s.ok(err)
		if all = append(all, id); i%2 == 0 {
			ofGate = append(ofGate, id)
		}
		s.advance(-time.Second) // the order does not depend on the clock
	}
	ids := func(intents []state.Intent, err error) (found []state.IntentID) {
		s.Helper()
		s.ok(err)
		for _, in := range intents {
			found = append(found, in.ID)
		}
		return found
	}
	s.same("of a device", ids(s.state.OpenIntents(s.Context(), gate)), ofGate)
	s.same("of all", ids(s.state.AllOpenIntents(s.Context())), all)
	s.same("of a run", ids(s.state.RunIntents(s.Context(), "r1")), all)
	if !slices.IsSorted(all) || len(slices.Compact(slices.Clone(all))) != len(all) {
		s.Errorf("ids %v", all)
	}
}

func ofItsDevice(s *world[Changes]) {
	lease := s.acquire("r1")
	for _, step := range []state.IntentStep{
		{Setting: of(camera("other"), "https", "")},
		{Setting: of(gate, "https", ""), Before: json.RawMessage(`1`)},
		{Setting: of(gate, "https", ""), After: json.RawMessage(`{]`)},
	} {
		if _, err := s.state.Begin(s.Context(), lease, state.Intent{Steps: []state.IntentStep{step}}); err == nil {
			s.Errorf("%v was taken", step)
		}
	}
	s.intents(gate)
}

func candidates(s *world[Changes]) {
	lease := s.acquire("r1")
	wish := []state.Candidate{{Name: "a", Sealed: []byte("one")}, {Name: "b", Sealed: []byte("two")}, {Name: "a", Sealed: []byte("three")}}
	bad := state.Intent{Candidates: slices.Clone(wish), Steps: []state.IntentStep{{Setting: of(camera("other"), "https", "")}}}
	if _, err := s.state.Begin(s.Context(), lease, bad); err == nil {
		s.Error("a step of another device was taken")
	}
	s.have("a", "")

	s.ok(s.state.Release(s.Context(), lease))
	_, err := s.state.Begin(s.Context(), lease, state.Intent{Candidates: slices.Clone(wish)})
	s.lost(err)
	s.have("a", "")

	lease = s.acquire("r2")
	id := s.begin(lease, state.Intent{Candidates: slices.Clone(wish)})
	s.have("a", "2:pending:three 1:pending:one")
	s.have("b", "1:pending:two")
	s.intents(gate, state.Intent{
		ID: id, Run: "r2", Device: gate, Begun: noon,
		Candidates: []state.Candidate{{Name: "a", Version: 1}, {Name: "b", Version: 1}, {Name: "a", Version: 2}},
	})
}

func interrupted(s *world[Changes]) {
	_, err := s.state.Begin(cancelled(), s.acquire("r1"), state.Intent{Method: "PUT", Candidates: []state.Candidate{{Name: "a"}}})
	s.fails(err, context.Canceled)
	s.intents(gate)
	s.have("a", "")
}

// whole makes mistakes in one part of an outcome, and demands that the other parts are not written either.
func whole(s *world[Changes]) {
	lease := s.acquire("r1")
	s.ok(s.state.Record(s.Context(), lease, []state.Setting{{Address: of(gate, "old", "")}}, nil))
	id := s.send(lease, "a", "new")
	good, other := state.Setting{Address: of(gate, "https", "")}, of(camera("other"), "https", "")
	for what, mistake := range map[string]struct {
		rows    []state.Setting
		forget  []schema.Setting
		verdict state.Verdict
	}{
		"row of another device":       {rows: []state.Setting{good, {Address: other}}, verdict: state.Verdict{Name: "a", Live: 1}},
		"forget of another device":    {[]state.Setting{good}, []schema.Setting{of(gate, "old", ""), other}, state.Verdict{Name: "a", Live: 1}},
		"applied is no object":        {rows: []state.Setting{good, {Address: of(gate, "x", ""), Applied: json.RawMessage(`[]`)}}, verdict: state.Verdict{Name: "a", Live: 1}},
		"observed is no JSON":         {rows: []state.Setting{good, {Address: of(gate, "x", ""), Observed: json.RawMessage(`{`)}}, verdict: state.Verdict{Name: "a", Live: 1}},
		"a version that is not there": {[]state.Setting{good}, []schema.Setting{of(gate, "old", "")}, state.Verdict{Name: "a", Live: 9}},
	} {
		if s.state.Finish(s.Context(), lease, id, state.Done, mistake.rows, mistake.forget, mistake.verdict) == nil {
			s.Errorf("%s: the mistake was not noticed", what)
		}
		if mistake.verdict.Live == 1 && s.state.Record(s.Context(), lease, mistake.rows, mistake.forget) == nil {
			s.Errorf("%s: the mistake was not noticed in Record", what)
		}
		left := s.settings(gate)
		if _, old := left[of(gate, "old", "")]; !old || len(left) != 1 {
			s.Errorf("%s: settings %v", what, left)
		}
		s.have("a", "1:pending:new")
		if open, err := s.open().OpenIntents(s.Context(), gate); err != nil || len(open) != 1 || open[0].Outcome != "" {
			s.Errorf("%s: open %v, %v", what, open, err)
		}
	}
	s.ok(s.state.Finish(s.Context(), lease, id, state.Done, []state.Setting{good}, []schema.Setting{of(gate, "old", "")}, state.Verdict{Name: "a", Live: 1}))
	s.have("a", "1:live:new")
	s.intents(gate)
	if left := s.settings(gate); len(left) != 1 || left[good.Address].Run != "r1" {
		s.Errorf("settings %v", left)
	}
}

// takeOver is another run that takes the lease of the device.
func takeOver(s *world[Changes]) {
	_, err := s.open().Acquire(s.Context(), "r2", gate)
	s.ok(err)
}

// fenced: whatever is written with a lease is refused once it is lost, and leaves no trace.
func fenced(lose func(*world[Changes], state.Lease)) func(*world[Changes]) {
	return func(s *world[Changes]) {
		lease := s.acquire("r1")
		id := s.begin(lease, state.Intent{Method: "PUT"})
		lose(s, lease)
		rows := []state.Setting{{Address: of(gate, "https", "")}}
		_, err := s.state.Begin(s.Context(), lease, state.Intent{Method: "PUT"})
		s.lost(err)
		s.lost(s.state.Finish(s.Context(), lease, id, state.Done, rows, nil))
		s.lost(s.state.Record(s.Context(), lease, rows, nil))
		s.same("settings", len(s.settings(gate)), 0)
		s.intents(gate, state.Intent{ID: id, Run: "r1", Device: gate, Method: "PUT", Begun: noon})
	}
}
