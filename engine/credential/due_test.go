package credential

import (
	"errors"
	"testing"
	"time"

	"pgregory.net/rapid"
)

func TestPasswordsAreDueByTheirAge(t *testing.T) {
	since := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	known := Facts{Since: since, Known: true}
	tests := map[string]struct {
		maxAge time.Duration
		facts  Facts
		now    time.Time
		reason string // empty if it is not due
		at     time.Time
	}{
		"no age":          {0, known, since.Add(9999 * day), "", time.Time{}},
		"no age, unknown": {0, Facts{}, since, "", time.Time{}},
		"young":           {90 * day, known, since.Add(90*day - time.Second), "", since.Add(90 * day)},
		"from the future": {90 * day, known, since.Add(-time.Hour), "", since.Add(90 * day)},
		"just due":        {90 * day, known, since.Add(90 * day), "it is 90 days old, and 90 are allowed", since.Add(90 * day)},
		"overdue":         {90 * day, known, since.Add(93*day + 23*time.Hour), "it is 93 days old, and 90 are allowed", since.Add(90 * day)},
		"hours":           {36 * time.Hour, known, since.Add(40 * time.Hour), "it is 40 hours old, and 36 are allowed", since.Add(36 * time.Hour)},
		"one hour":        {time.Hour, known, since.Add(time.Hour), "it is 1 hour old, and 1 is allowed", since.Add(time.Hour)},
		"unknown":         {90 * day, Facts{}, since, "its age is unknown, and 90 days are allowed", since},
		"unknown, hour":   {time.Hour, Facts{Since: since}, since, "its age is unknown, and 1 hour is allowed", since},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			due, reason, at := Due(Policy{MaxAge: test.maxAge}, test.facts, test.now)
			if due != (test.reason != "") || reason != test.reason || !at.Equal(test.at) {
				t.Errorf("due %v because %q at %v, want %q at %v", due, reason, at, test.reason, test.at)
			}
		})
	}
}

func TestWindowsOpenAtTheirTimeAndDay(t *testing.T) {
	berlin, err := time.LoadLocation("Europe/Berlin")
	if err != nil {
		t.Skipf("no time zones here: %v", err)
	}
	at := func(text string) time.Time {
		moment, err := time.ParseInLocation("2006-01-02 15:04", text, berlin)
		if err != nil {
			t.Fatal(err)
		}
		return moment
	}
	// 2026-03-27 is a Friday; clocks go from 02:00 to 03:00 on the 29th, and from 03:00 to 02:00 on 2026-10-25.
	tests := map[string]struct{ window, now, next string }{ // open if next is now
		"any time":                {"", "2026-03-27 13:00", "2026-03-27 13:00"},
		"before":                  {"02:00-05:00", "2026-03-27 01:59", "2026-03-27 02:00"},
		"at the beginning":        {"02:00-05:00", "2026-03-27 02:00", "2026-03-27 02:00"},
		"before the end":          {"02:00-05:00", "2026-03-27 04:59", "2026-03-27 04:59"},
		"at the end":              {"02:00-05:00", "2026-03-27 05:00", "2026-03-28 02:00"},
		"over midnight, late":     {"22:00-04:00", "2026-03-27 23:00", "2026-03-27 23:00"},
		"over midnight, early":    {"22:00-04:00", "2026-03-27 03:59", "2026-03-27 03:59"},
		"over midnight, closed":   {"22:00-04:00", "2026-03-27 04:00", "2026-03-27 22:00"},
		"until midnight":          {"22:00-00:00", "2026-03-27 23:59", "2026-03-27 23:59"},
		"another day":             {"sat,sun 22:00-04:00", "2026-03-27 23:00", "2026-03-28 22:00"},
		"the day it began":        {"sat 22:00-04:00", "2026-03-29 03:30", "2026-03-29 03:30"},
		"not the day it ends":     {"sun 22:00-04:00", "2026-03-29 01:00", "2026-03-29 22:00"},
		"next week":               {"fri 02:00-05:00", "2026-03-27 05:00", "2026-04-03 02:00"},
		"several":                 {"mon,fri 02:00-05:00", "2026-03-27 05:00", "2026-03-30 02:00"},
		"shortened by the clocks": {"01:30-03:30", "2026-03-29 03:29", "2026-03-29 03:29"},
		"left out by the clocks":  {"02:30-03:00", "2026-03-29 01:59", "2026-03-30 02:30"},
		"lengthened by them":      {"02:00-02:30", "2026-10-25 02:15", "2026-10-25 02:15"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			open, next := InWindow(Policy{Window: test.window}, at(test.now))
			if open != (test.now == test.next) || !next.Equal(at(test.next)) {
				t.Errorf("open is %v and the next time %v, want %s", open, next, test.next)
			}
		})
	}
}

// TestADayWithoutMidnightIsThatDay has clocks that are put forward at midnight, from Saturday to Sunday.
func TestADayWithoutMidnightIsThatDay(t *testing.T) {
	zone, err := time.LoadLocation("America/Sao_Paulo")
	if err != nil {
		t.Skipf("no time zones here: %v", err)
	}
	sunday := time.Date(2018, 11, 4, 3, 0, 0, 0, zone)
	if open, _ := InWindow(Policy{Window: "sun 02:00-05:00"}, sunday); !open {
		t.Error("the window of Sunday is closed")
	}
	if open, _ := InWindow(Policy{Window: "sat 02:00-05:00"}, sunday); open {
		t.Error("the window of Saturday is open")
	}
}

// TestAClosedWindowOpensWhenItSays walks from any moment to the one that InWindow names, in zones that change their clocks
// at different times of the day.
func TestAClosedWindowOpensWhenItSays(t *testing.T) {
	zones := []*time.Location{time.UTC, time.FixedZone("behind", -11*60*60)}
	for _, name := range []string{"Europe/Berlin", "America/Sao_Paulo", "Australia/Lord_Howe", "Africa/Cairo"} {
		if zone, err := time.LoadLocation(name); err == nil {
			zones = append(zones, zone)
		}
	}
	rapid.Check(t, func(t *rapid.T) {
		window := rapid.StringMatching(`((sat|sun|wed) |mon,sun )?(0[0-9]|2[0-3]):[0-5][05]-(0[0-9]|2[0-3]):[0-5][27]`).Draw(t, "window")
		seconds := rapid.Int64Range(1_500_000_000, 1_560_000_000).Draw(t, "now")
		now := time.Unix(seconds, 0).In(rapid.SampledFrom(zones).Draw(t, "zone"))
		policy := Policy{Window: window}
		open, next := InWindow(policy, now)
		if open {
			if !next.Equal(now) {
				t.Fatalf("open, and the next time is %v", next)
			}
			return
		}
		if again, _ := InWindow(policy, next); !again || !next.After(now) {
			t.Fatalf("closed, and at %v, the next time, open is %v", next, again)
		}
		for moment := now; moment.Before(next); moment = moment.Add(19 * time.Minute) {
			if early, _ := InWindow(policy, moment); early {
				t.Fatalf("open at %v already, before %v", moment, next)
			}
		}
	})
}

func TestWindowsAreChecked(t *testing.T) {
	for _, text := range []string{"02:00-05:00", "00:00-23:59", "mon 02:00-05:00", "sun,mon,tue,wed,thu,fri,sat 22:00-04:00", "  sat   02:00-05:00 "} {
		if err := CheckWindow(text); err != nil {
			t.Errorf("%q: %v", text, err)
		}
	}
	bad := []string{
		"", " ", "night", "02:00", "02:00-", "-05:00", "2:00-05:00", "02:00-5:00", "02:00-24:00", "02:60-05:00", "02:00 - 05:00", "02:00-05:00-06:00",
		"sat", "sat,", "saturday 02:00-05:00", "Sat 02:00-05:00", "sat, sun 02:00-05:00", ",sat 02:00-05:00", "02:00-02:00", "02:00-05:00 sat", "+2:00-05:00",
	}
	for _, text := range bad {
		if err := CheckWindow(text); !errors.Is(err, ErrWindow) {
			t.Errorf("%q: %v", text, err)
		}
		if text == "" {
			continue // no window is always open
		}
		if open, next := InWindow(Policy{Window: text}, time.Now()); open || !next.IsZero() {
			t.Errorf("%q opens at %v", text, next)
		}
	}
}
