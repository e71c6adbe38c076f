package statetest

import (
	"context"
	"encoding/json"
	"testing"

	"camform/engine/auditlog"
	"camform/engine/state"
	"camform/schema"
)

// CaseStore is what the state records about the recoveries of devices.
type CaseStore interface {
	Changes
	AddCase(ctx context.Context, c state.Case, files []state.CaseFile, record auditlog.Record) error
	ChangeCase(ctx context.Context, c state.Case, change state.CaseChange) error
	NoteCase(ctx context.Context, c state.Case, change state.CaseChange) error
	PurgeCase(ctx context.Context, c state.Case, record auditlog.Record) error
	AllCases(ctx context.Context) ([]state.Case, error)
	CaseFiles(ctx context.Context, id string) ([]state.CaseFile, error)
}

// Cases tests what the state records about the recoveries of devices.
func Cases(t *testing.T, open Opener[CaseStore]) {
	record, one, event, has := auditlog.Record{Action: auditlog.CaseWentOn}, caseOf, caseEvent, hasCases
	t.Run("custody", func(t *testing.T) { caseCustody(t, open) })
	t.Run("returns", func(t *testing.T) { caseReturns(t, open) })
	run(t, open, map[string]func(*world[CaseStore]){
		"what happened in a case is durable, in its order": func(s *world[CaseStore]) {
			c := one("a", camera("north"), 1)
			s.ok(s.state.AddCase(s.Context(), c, nil, record))
			has(s, c)
			for _, text := range []string{`"first"`, `"second"`} {
				s.ok(s.state.ChangeCase(s.Context(), c, state.CaseChange{Events: event(text), Record: record}))
				c.Events = append(c.Events, event(text)...)
				has(s, c)
			}
		},
		"what may have been spent is recorded, even if the caller cancels": func(s *world[CaseStore]) {
			c := one("a", camera("north"), 1)
			s.ok(s.state.AddCase(s.Context(), c, nil, record))
			ctx, cancel := context.WithCancel(s.Context())
			cancel()
			s.ok(s.state.ChangeCase(ctx, c, state.CaseChange{Events: event(`"spent"`), Record: record}))
			c.Events = event(`"spent"`)
			has(s, c)
		},
		"two who go on with a case do not both": func(s *world[CaseStore]) {
			c := one("a", camera("north"), 1)
			s.ok(s.state.AddCase(s.Context(), c, nil, record))
			s.ok(s.state.ChangeCase(s.Context(), c, state.CaseChange{Events: event(`1`), Record: record}))
			s.fails(s.state.ChangeCase(s.Context(), c, state.CaseChange{Events: event(`2`), Record: record}), state.ErrCaseChanged)
			c.Events = event(`1`)
			has(s, c)
			c.Generation = 2
			s.fails(s.state.ChangeCase(s.Context(), c, state.CaseChange{Events: event(`2`), Record: record}), state.ErrCaseChanged)
			s.fails(s.state.ChangeCase(s.Context(), one("b", gate, 1), state.CaseChange{Record: record}), state.ErrCaseAbsent)
		},
		"a file that is attached twice is kept once": func(s *world[CaseStore]) {
			c := one("a", camera("north"), 1)
			s.ok(s.state.AddCase(s.Context(), c, nil, record))
			for _, text := range []string{"first", "second"} {
				s.ok(s.state.ChangeCase(s.Context(), c, state.CaseChange{Files: []state.CaseFile{{SHA256: "1", Sealed: []byte(text)}}, Record: record}))
			}
			files, err := s.state.CaseFiles(s.Context(), "a")
			s.ok(err)
			s.same("files", files, []state.CaseFile{{SHA256: "1", Sealed: []byte("first")}})
		},
	})
}

func caseEvent(text string) []json.RawMessage { return []json.RawMessage{json.RawMessage(text)} }

func caseOf(id string, device schema.Device, generation int) state.Case {
	return state.Case{ID: id, Device: device, Custody: state.CaseOpen, Generation: generation, About: json.RawMessage(`{"by":"kim"}`)}
}

// hasCases demands that a state has these cases, also for another process.
func hasCases(s *world[CaseStore], want ...state.Case) {
	s.Helper()
	all, err := s.open().AllCases(s.Context())
	s.ok(err)
	s.same("cases", all, want)
}

// caseCustody tests where a case is open.
func caseCustody(t *testing.T, open Opener[CaseStore]) {
	record, one, event, has := auditlog.Record{Action: auditlog.CaseWentOn}, caseOf, caseEvent, hasCases
	run(t, open, map[string]func(*world[CaseStore]){
		"nothing happens in a case that is not open": func(s *world[CaseStore]) {
			c := one("a", camera("north"), 1)
			s.ok(s.state.AddCase(s.Context(), c, nil, record))
			s.ok(s.state.ChangeCase(s.Context(), c, state.CaseChange{Custody: "closed", Record: record}))
			s.fails(s.state.ChangeCase(s.Context(), c, state.CaseChange{Events: event(`1`), Record: record}), state.ErrCaseAway)
			c.Custody = "closed"
			has(s, c)
		},
		"of a case that is closed something may be noted": func(s *world[CaseStore]) {
			c := one("a", camera("north"), 1)
			s.ok(s.state.AddCase(s.Context(), c, nil, record))
			s.fails(s.state.NoteCase(s.Context(), c, state.CaseChange{Events: event(`1`), Record: record}), state.ErrCaseAway)
			s.ok(s.state.ChangeCase(s.Context(), c, state.CaseChange{Custody: state.CaseClosed, Record: record}))
			c.Custody = state.CaseClosed
			s.ok(s.state.NoteCase(s.Context(), c, state.CaseChange{Events: event(`1`), Record: record}))
			s.fails(s.state.NoteCase(s.Context(), c, state.CaseChange{Events: event(`2`), Record: record}), state.ErrCaseChanged)
			c.Events = event(`1`)
			has(s, c)
		},
		"of a case that is purged its generation stays": func(s *world[CaseStore]) {
			c, other := one("a", camera("north"), 2), one("b", gate, 1)
			files := []state.CaseFile{{SHA256: "1", Sealed: []byte("x")}}
			s.ok(s.state.AddCase(s.Context(), c, files, record))
			s.ok(s.state.AddCase(s.Context(), other, files, record))
			s.fails(s.state.PurgeCase(s.Context(), c, record), state.ErrCaseAway)
			c.Custody = state.CaseClosed
			s.fails(s.state.PurgeCase(s.Context(), c, record), state.ErrCaseAway)
			c.Custody = state.CaseOpen
			s.ok(s.state.ChangeCase(s.Context(), c, state.CaseChange{Events: event(`1`), Custody: state.CaseClosed, Record: record}))
			c.Custody, c.About = state.CaseClosed, json.RawMessage(`{}`)
			s.fails(s.state.PurgeCase(s.Context(), c, record), state.ErrCaseChanged)
			c.Events = event(`1`)
			s.ok(s.state.PurgeCase(s.Context(), c, record))
			c.Events, c.Custody = nil, state.CasePurged
			has(s, c, other)
			kept, err := s.state.CaseFiles(s.Context(), "a")
			s.ok(err)
			if len(kept) > 0 {
				s.Errorf("it has the files %+v", kept)
			}
			kept, err = s.state.CaseFiles(s.Context(), "b")
			s.ok(err)
			s.same("files", kept, files)
			s.fails(s.state.PurgeCase(s.Context(), c, record), state.ErrCaseAway)
			s.fails(s.state.AddCase(s.Context(), one("a", camera("north"), 1), nil, record), state.ErrCaseKnown)
		},
		"a device has one open case": func(s *world[CaseStore]) {
			c, other, next := one("a", camera("north"), 1), one("b", gate, 1), one("c", camera("north"), 1)
			s.ok(s.state.AddCase(s.Context(), c, nil, record))
			s.ok(s.state.AddCase(s.Context(), other, nil, record))
			s.fails(s.state.AddCase(s.Context(), next, nil, record), state.ErrCaseExists)
			s.ok(s.state.ChangeCase(s.Context(), c, state.CaseChange{Custody: "closed", Record: record}))
			s.ok(s.state.AddCase(s.Context(), next, nil, record))
			c.Custody = "closed"
			has(s, c, other, next)
		},
	})
}

// caseReturns tests which cases come back.
func caseReturns(t *testing.T, open Opener[CaseStore]) {
	record, one, event, has := auditlog.Record{Action: auditlog.CaseWentOn}, caseOf, caseEvent, hasCases
	run(t, open, map[string]func(*world[CaseStore]){
		"a case that comes back is the one that left": func(s *world[CaseStore]) {
			c := one("a", camera("north"), 1)
			s.ok(s.state.AddCase(s.Context(), c, nil, record))
			forged := one("a", camera("north"), 9)
			forged.Events = append(event(`1`), event(`2`)...)
			s.fails(s.state.AddCase(s.Context(), forged, nil, record), state.ErrCaseOther) // while it is open here
			s.ok(s.state.ChangeCase(s.Context(), c, state.CaseChange{Events: event(`1`), Custody: "handed over", Raise: true, Record: record}))
			for _, events := range [][]json.RawMessage{nil, event(`2`), append(event(`2`), event(`1`)...)} {
				other := forged
				other.Events = events
				s.fails(s.state.AddCase(s.Context(), other, nil, record), state.ErrCaseOther)
			}
			other := forged
			other.Device = gate
			s.fails(s.state.AddCase(s.Context(), other, nil, record), state.ErrCaseOther)
			s.ok(s.state.AddCase(s.Context(), forged, nil, record))
			s.ok(s.state.ChangeCase(s.Context(), forged, state.CaseChange{Custody: state.CaseClosed, Record: record}))
			again := forged
			again.Generation = 10
			s.fails(s.state.AddCase(s.Context(), again, nil, record), state.ErrCaseOther)
			forged.Custody = state.CaseClosed
			has(s, forged)
		},
		"no generation is accepted twice": func(s *world[CaseStore]) {
			c := one("a", camera("north"), 1)
			s.ok(s.state.AddCase(s.Context(), c, []state.CaseFile{{SHA256: "1", Sealed: []byte("x")}}, record))
			s.fails(s.state.AddCase(s.Context(), c, nil, record), state.ErrCaseKnown)
			s.ok(s.state.ChangeCase(s.Context(), c, state.CaseChange{Events: event(`1`), Custody: "handed over", Raise: true, Record: record}))
			for _, known := range []int{1, 2} { // what is handed over is for others
				s.fails(s.state.AddCase(s.Context(), one("a", camera("north"), known), nil, record), state.ErrCaseKnown)
			}
			back := one("a", camera("north"), 3)
			back.Events = append(event(`1`), event(`3`)...)
			s.ok(s.state.AddCase(s.Context(), back, []state.CaseFile{{SHA256: "3", Sealed: []byte("y")}}, record))
			has(s, back)
			files, err := s.state.CaseFiles(s.Context(), "a")
			s.ok(err)
			s.same("files", files, []state.CaseFile{{SHA256: "3", Sealed: []byte("y")}})
			s.fails(s.state.AddCase(s.Context(), one("a", camera("north"), 2), nil, record), state.ErrCaseKnown)
		},
	})
}
