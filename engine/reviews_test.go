package engine_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"camform/engine"
	"camform/engine/auditlog"
	"camform/engine/recover"
	"camform/engine/state"
	"camform/providers/memory"
	"camform/schema"
)

// A case that is closed takes notes, is forgotten but for its number, and one that is open is neither.
func TestACaseIsNotedOnAndPurgedOnceItIsClosed(t *testing.T) {
	s := newStudioOf(t)
	s.addAt("gate", "https://10.0.0.7:443", memory.Options{})
	e := s.engineOf()
	c := recover.Case{ID: "7f3a2b", Device: schema.Device{Name: "gate"}, Opened: s.clock.now(), By: "kim", Reason: "Ann left", Generation: 1, Custody: recover.Here}
	s.ok(e.OpenCase(t.Context(), c, nil, auditlog.CaseOpened))
	if err := e.PurgeCase(t.Context(), c); !errors.Is(err, state.ErrCaseAway) {
		t.Errorf("an open case is purged: %v", err)
	}
	c, err := e.Noted(t.Context(), c, recover.Event{Who: "kim", Step: recover.Card, Kind: recover.Done}, engine.Attach("a", "other", []byte("x")))
	s.ok(err)
	c, err = e.EndCase(t.Context(), c, recover.Event{Who: "kim", Step: recover.Close, Kind: recover.Done}, recover.Closed)
	s.ok(err)
	if _, err := e.Happened(t.Context(), c, recover.Event{Step: recover.Card}); !errors.Is(err, state.ErrCaseAway) {
		t.Errorf("something happens in a case that is closed: %v", err)
	}
	c, err = e.Noted(t.Context(), c, recover.Event{Who: "kim", Step: recover.Record, Kind: recover.Done})
	s.ok(err)
	if cases, err := e.Cases(t.Context()); err != nil || len(cases) != 1 || len(cases[0].Events) != 3 || cases[0].Custody != recover.Closed {
		t.Fatalf("%+v, %v", cases, err)
	}
	s.ok(e.PurgeCase(t.Context(), c))
	cases, err := e.Cases(t.Context())
	if err != nil || len(cases) != 1 || cases[0].ID != c.ID || cases[0].Custody != recover.Purged || len(cases[0].Events) > 0 || cases[0].By+cases[0].Reason != "" {
		t.Errorf("%+v, %v", cases, err)
	}
	if files, err := e.Attachments(t.Context(), c); err != nil || len(files) > 0 {
		t.Errorf("%v, %v", files, err)
	}
	if err := e.OpenCase(t.Context(), c, nil, auditlog.CaseAccepted); !errors.Is(err, state.ErrCaseKnown) {
		t.Errorf("its generation is accepted: %v", err)
	}
}

// From the day after its date a review is overdue, until another date is said.
func TestAnOverdueReviewIsTold(t *testing.T) {
	s := newStudioOf(t)
	s.addAt("gate", "https://10.0.0.7:443", memory.Options{})
	s.addAt("yard", "https://10.0.0.8:443", memory.Options{})
	e := s.engineOf()
	device := schema.Device{Name: "gate"}
	said := recover.Event{Who: "kim", Step: recover.Review, Kind: recover.Done}
	if _, err := e.Reviewed(t.Context(), device, said); err == nil || !strings.Contains(err.Error(), "credentials review") {
		t.Errorf("without a case: %v", err)
	}
	s.ok(e.OpenCase(t.Context(), recover.Case{ID: "1", Device: device, Opened: s.clock.now(), Generation: 1, Custody: recover.Here}, nil, auditlog.CaseOpened))
	due := s.clock.now().AddDate(0, 0, 1)
	for _, step := range []struct {
		pass time.Duration
		date time.Time // said before; zero for none
		told int
	}{
		{0, time.Time{}, 0}, {0, due, 0}, {35 * time.Hour, time.Time{}, 0}, {time.Hour, time.Time{}, 1}, {0, due.AddDate(1, 0, 0), 0},
	} {
		s.clock.pass(step.pass)
		if !step.date.IsZero() {
			said.Data = map[string]string{"due": step.date.Format(time.DateOnly)}
			_, err := e.Reviewed(t.Context(), device, said)
			s.ok(err)
		}
		_, problems := e.Audit(t.Context(), s.cfg, nil)
		told := 0
		for _, p := range problems {
			if p.Code == engine.OverdueCode && p.Address.Device == device {
				told++
			}
		}
		if told != step.told {
			t.Errorf("at %s it is reported %d times, want %d: %v", s.clock.now(), told, step.told, problems)
		}
	}
}

func (s *studio) ok(err error) {
	s.Helper()
	if err != nil {
		s.Fatal(err)
	}
}
