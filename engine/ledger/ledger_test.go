package ledger_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"camform/engine/ledger"
	"camform/providers"
)

var noon = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

const unknown = providers.RemainingUnknown

func minutes(n int) time.Duration { return time.Duration(n) * time.Minute }

func entry(credential string, outcome ledger.Outcome, minute, remaining int) ledger.Entry {
	e := ledger.Entry{Credential: credential, Outcome: outcome, Charged: noon.Add(minutes(minute)), Remaining: remaining}
	if outcome != ledger.Open {
		e.Settled = e.Charged
	}
	return e
}

func locked(e ledger.Entry, d time.Duration) ledger.Entry {
	e.Lock = d
	return e
}

func rebased(e ledger.Entry, minute int) ledger.Entry {
	e.Rebased = noon.Add(minutes(minute))
	return e
}

func TestAttemptsAreSpentByTheRules(t *testing.T) {
	const none = -1000 // no refusal
	successAfterTwo := []ledger.Entry{entry("a", ledger.Refused, 0, 4), entry("d", ledger.Refused, 1, 3), entry("b", ledger.Accepted, 2, unknown)}
	for i := range successAfterTwo {
		successAfterTwo[i].ID = int64(i)
	}
	tests := []struct {
		name       string
		history    []ledger.Entry
		credential string
		remaining  int
		minute     int
		family     error
		until      int // minutes after noon
	}{
		{"nothing known", nil, "a", unknown, 0, nil, none},
		{"enough left", nil, "a", 3, 0, nil, none},
		{"two left are never spent", nil, "a", 2, 0, providers.ErrBudget, 31},
		{"none left", nil, "a", 0, 0, providers.ErrBudget, 31},

		// A refused credential.
		{"refused stays refused", []ledger.Entry{entry("a", ledger.Refused, 0, 4)}, "a", 4, 30, providers.ErrRefused, 31},
		{"until the window is over", []ledger.Entry{entry("a", ledger.Refused, 0, 4)}, "a", unknown, 31, nil, none},
		{
			"the window begins when it was refused",
			[]ledger.Entry{{Credential: "a", Outcome: ledger.Refused, Charged: noon, Settled: noon.Add(minutes(2)), Remaining: 4}},
			"a", 4, 32, providers.ErrRefused, 33,
		},
		{"a told lock makes the window longer", []ledger.Entry{locked(entry("a", ledger.Refused, 0, 0), minutes(90))}, "a", 5, 90, providers.ErrLocked, 91},
		{"a short lock does not make it shorter", []ledger.Entry{locked(entry("a", ledger.Refused, 0, 4), minutes(5))}, "a", 4, 10, providers.ErrRefused, 31},
		{"a success after it refunds it", []ledger.Entry{entry("a", ledger.Refused, 0, 4), entry("a", ledger.Accepted, 1, unknown)}, "a", unknown, 2, nil, none},
		{"a success before it does not", []ledger.Entry{entry("a", ledger.Accepted, 0, unknown), entry("a", ledger.Refused, 1, 4)}, "a", 4, 2, providers.ErrRefused, 32},
		{"nor one that was charged later and settled sooner", []ledger.Entry{
			{Credential: "a", Outcome: ledger.Refused, Charged: noon, Settled: noon.Add(minutes(3)), Remaining: 4},
			entry("a", ledger.Accepted, 1, unknown),
		}, "a", 4, 4, providers.ErrRefused, 34},
		{"nor one of another credential", []ledger.Entry{entry("a", ledger.Refused, 0, 4), entry("b", ledger.Accepted, 1, unknown)}, "a", 5, 2, providers.ErrRefused, 31},

		// The budget.
		{"another credential needs a report that enough are left", []ledger.Entry{entry("a", ledger.Refused, 0, unknown)}, "b", unknown, 1, providers.ErrBudget, 31},
		{"three now are enough", []ledger.Entry{entry("a", ledger.Refused, 0, 3)}, "b", 3, 1, nil, none},
		{"three may be older than a refusal that told none", []ledger.Entry{entry("a", ledger.Refused, 0, unknown)}, "b", 3, 1, providers.ErrBudget, 31},
		{"four are enough then", []ledger.Entry{entry("a", ledger.Refused, 0, unknown)}, "b", 4, 1, nil, none},
		{"three may be older than a refusal that told two", []ledger.Entry{entry("a", ledger.Refused, 0, 2)}, "b", 3, 1, providers.ErrBudget, 31},
		{"two now are not", []ledger.Entry{entry("a", ledger.Refused, 0, 4)}, "b", 2, 1, providers.ErrBudget, 31},
		{"three with the refusal are enough", []ledger.Entry{entry("a", ledger.Refused, 0, 3)}, "b", unknown, 1, nil, none},
		{"two with the refusal are not", []ledger.Entry{entry("a", ledger.Refused, 0, 2)}, "b", unknown, 1, providers.ErrBudget, 31},
		{"never a third refusal for a run", []ledger.Entry{entry("a", ledger.Refused, 0, 8), entry("b", ledger.Refused, 3, 7)}, "c", 7, 4, providers.ErrBudget, 34},
		{"a third when the first is over", []ledger.Entry{entry("a", ledger.Refused, 0, 8), entry("b", ledger.Refused, 3, 7)}, "c", 7, 31, nil, none},
		{"the budget is not refunded by another credential", []ledger.Entry{entry("a", ledger.Refused, 0, unknown), entry("b", ledger.Accepted, 1, unknown)}, "c", unknown, 2, providers.ErrBudget, 31},
		{"what was accepted after all that counts may be used", []ledger.Entry{entry("a", ledger.Refused, 0, unknown), entry("c", ledger.Refused, 0, unknown), entry("b", ledger.Accepted, 1, unknown)}, "b", unknown, 2, nil, none},
		{"after a success, what the device tells counts", successAfterTwo, "c", 7, 3, nil, none},
		{"and only that", successAfterTwo, "c", unknown, 3, providers.ErrBudget, 32},
		{"not where the reserve is all that is left", []ledger.Entry{entry("a", ledger.Refused, 0, unknown), entry("b", ledger.Accepted, 1, unknown)}, "b", 2, 2, providers.ErrBudget, 31},
		{"not after a refusal since", []ledger.Entry{entry("a", ledger.Refused, 0, unknown), entry("b", ledger.Accepted, 1, unknown), entry("c", ledger.Refused, 2, unknown)}, "b", unknown, 3, providers.ErrBudget, 33},
		{"not after an open one since", []ledger.Entry{entry("a", ledger.Refused, 0, unknown), entry("b", ledger.Accepted, 1, unknown), entry("b", ledger.Open, 2, unknown)}, "b", unknown, 3, providers.ErrBudget, 33},

		// Crashes and attempts under way.
		{"an open attempt counts", []ledger.Entry{entry("a", ledger.Open, 0, unknown)}, "a", unknown, 1, providers.ErrBudget, 31},
		{"for its window", []ledger.Entry{entry("a", ledger.Open, 0, unknown)}, "a", unknown, 31, nil, none},
		{"it may still reach the device", []ledger.Entry{entry("a", ledger.Open, 0, unknown)}, "a", 3, 1, providers.ErrBudget, 31},
		{"four are left for a second", []ledger.Entry{entry("a", ledger.Open, 0, unknown)}, "a", 4, 1, nil, none},
		{"two lost replies leave three of five", []ledger.Entry{entry("a", ledger.Open, 0, unknown), entry("a", ledger.Open, 1, unknown)}, "a", 5, 2, nil, none},
		{"three lost replies leave the reserve of five", []ledger.Entry{entry("a", ledger.Open, 0, unknown), entry("a", ledger.Open, 1, unknown), entry("a", ledger.Open, 1, unknown)}, "a", 5, 2, providers.ErrBudget, 32},
		{"two open ones are enough where the device does not tell", []ledger.Entry{entry("a", ledger.Open, 0, unknown), entry("a", ledger.Open, 1, unknown)}, "a", unknown, 2, providers.ErrBudget, 32},
		{"a success refunds it", []ledger.Entry{entry("a", ledger.Open, 0, unknown), entry("a", ledger.Accepted, 1, unknown)}, "a", unknown, 2, nil, none},

		// Attempts that were refused for one document only.
		{"a contested one may be decided", []ledger.Entry{entry("a", ledger.Accepted, 0, unknown), entry("a", ledger.Contested, 1, unknown)}, "a", unknown, 2, nil, none},
		{"by its own credential", []ledger.Entry{entry("a", ledger.Contested, 1, unknown)}, "b", unknown, 2, providers.ErrBudget, 32},
		{"by one more attempt", []ledger.Entry{entry("a", ledger.Contested, 1, unknown), entry("a", ledger.Contested, 2, unknown)}, "a", unknown, 3, providers.ErrBudget, 33},
		{"not beside one that was refused", []ledger.Entry{entry("b", ledger.Refused, 0, unknown), entry("a", ledger.Contested, 1, unknown)}, "a", unknown, 2, providers.ErrBudget, 32},
		{"not beside one that is open", []ledger.Entry{entry("a", ledger.Open, 0, unknown)}, "a", unknown, 2, providers.ErrBudget, 31},
		{"not into the reserve", []ledger.Entry{entry("a", ledger.Contested, 1, 2)}, "a", 2, 2, providers.ErrBudget, 32},
		{"it counts for another credential", []ledger.Entry{entry("a", ledger.Contested, 0, unknown)}, "b", 3, 1, providers.ErrBudget, 31},
		{"a success refunds a contested one", []ledger.Entry{entry("a", ledger.Contested, 0, unknown), entry("a", ledger.Accepted, 1, unknown)}, "b", unknown, 2, nil, none},

		// Locks.
		{"locked with a time", []ledger.Entry{locked(entry("", ledger.Locked, 0, unknown), minutes(10))}, "a", 5, 10, providers.ErrLocked, 11},
		{"and a minute more", []ledger.Entry{locked(entry("", ledger.Locked, 0, unknown), minutes(10))}, "a", 5, 11, nil, none},
		{"locked without a time", []ledger.Entry{entry("", ledger.Locked, 0, unknown)}, "a", 5, 30, providers.ErrLocked, 31},
		{
			"the longest lock counts",
			[]ledger.Entry{locked(entry("", ledger.Locked, 0, unknown), minutes(60)), locked(entry("", ledger.Locked, 5, unknown), minutes(5))},
			"a", 5, 20, providers.ErrLocked, 61,
		},
		{
			"a success does not lift a lock",
			[]ledger.Entry{locked(entry("a", ledger.Refused, 0, 0), minutes(30)), entry("a", ledger.Accepted, 1, unknown)},
			"a", 5, 2, providers.ErrLocked, 31,
		},

		// Clocks.
		{"a clock that goes back opens nothing", []ledger.Entry{entry("a", ledger.Refused, 0, 4)}, "a", 5, -600, providers.ErrRefused, -569},
		{"nor the lock", []ledger.Entry{entry("", ledger.Locked, 0, unknown)}, "a", 5, -600, providers.ErrLocked, -569},
		{"noticed, it is over in a window", []ledger.Entry{rebased(entry("a", ledger.Refused, 600, 4), 0)}, "a", 5, 31, nil, none},
		{"and not before", []ledger.Entry{rebased(entry("a", ledger.Refused, 600, 4), 0)}, "a", 5, 30, providers.ErrRefused, 31},
		{"back in its time, it counts once more", []ledger.Entry{rebased(entry("a", ledger.Refused, 0, 4), -60)}, "a", 5, 1, providers.ErrRefused, 31},
		{"noticed in the future is not noticed", []ledger.Entry{rebased(entry("a", ledger.Refused, 600, 4), 60)}, "a", 5, 0, providers.ErrRefused, 31},
		{"noticed after its time, it counts from then", []ledger.Entry{rebased(entry("a", ledger.Refused, 0, 4), 10)}, "a", 5, 35, providers.ErrRefused, 41},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			err := ledger.Decide(tt.history, ledger.Attempt{Credential: tt.credential, Remaining: tt.remaining}, noon.Add(minutes(tt.minute)))
			if !errors.Is(err, tt.family) || (tt.family == nil) != (err == nil) {
				t.Fatalf("got %v, want family %v", err, tt.family)
			}
			if err == nil {
				return
			}
			var refusal *ledger.Refusal
			if !errors.As(err, &refusal) {
				t.Fatalf("%T is no *Refusal", err)
			}
			if want := noon.Add(minutes(tt.until)); !refusal.Until.Equal(want) {
				t.Errorf("until %v, want %v", refusal.Until, want)
			}
			if !strings.Contains(err.Error(), refusal.Until.Format(time.RFC3339)) {
				t.Errorf("%q does not tell the time", err)
			}
		})
	}
}

func TestWordingOfRefusals(t *testing.T) {
	zone := time.FixedZone("", 3600)
	refused := entry("a", ledger.Refused, 0, 4)
	refused.Settled = noon.Add(100 * time.Millisecond).In(zone)
	silent := refused
	silent.Remaining = unknown
	now := noon.Add(time.Minute).In(zone)
	tests := map[string]struct {
		history []ledger.Entry
		attempt ledger.Attempt
	}{
		"this password was rejected at 2026-03-01T12:00:01Z; camform does not try it again before 2026-03-01T12:31:01Z: the device rejects the credential": {
			[]ledger.Entry{refused}, ledger.Attempt{Credential: "a", Remaining: 4},
		},
		"an earlier login was rejected; so that the device does not lock, camform tries none before " +
			"2026-03-01T12:31:01Z: no login attempt may be spent": {[]ledger.Entry{silent}, ledger.Attempt{Credential: "b", Remaining: unknown}},
		"a login at 2026-03-01T12:00:00Z was cut off before its answer arrived; in case it failed, camform tries none before " +
			"2026-03-01T12:31:00Z: no login attempt may be spent": {[]ledger.Entry{entry("a", ledger.Open, 0, unknown)}, ledger.Attempt{Credential: "b", Remaining: unknown}},
		"the device reports that at most 2 login attempts are left, and camform never uses the last 2; find out which client sends a wrong " +
			"password, and try again after 2026-03-01T12:32:00Z: no login attempt may be spent": {nil, ledger.Attempt{Credential: "b", Remaining: 2}},
		"the device reported that it is locked; camform sends nothing before 2026-03-01T12:31:00Z, since every attempt may restart the lock: " +
			"the device has locked the login": {[]ledger.Entry{entry("", ledger.Locked, 0, unknown)}, ledger.Attempt{Credential: "b", Remaining: 5}},
	}
	for want, tt := range tests {
		if err := ledger.Decide(tt.history, tt.attempt, now); err == nil || err.Error() != want {
			t.Errorf("got  %v\nwant %s", err, want)
		}
	}
}

// I5: what an operator may do depends on what the device reports, and never ends in a lock.
func TestI5AttemptsOfPersonsAreSpentByTheRules(t *testing.T) {
	two := []ledger.Entry{entry("a", ledger.Refused, 0, 6), entry("b", ledger.Refused, 1, 5)}
	silent := []ledger.Entry{entry("a", ledger.Refused, 0, unknown), entry("b", ledger.Refused, 1, unknown)}
	stuck := []ledger.Entry{entry("a", ledger.Refused, 0, 5), entry("b", ledger.Refused, 1, 5)}
	risked := entry("b", ledger.Refused, 1, 5)
	risked.Consent = providers.AtRisk
	lock := []ledger.Entry{locked(entry("a", ledger.Refused, 0, 0), minutes(30))}
	tests := []struct {
		name      string
		history   []ledger.Entry
		attempt   ledger.Attempt
		withheld  ledger.Cause
		atSecond3 bool // three seconds after the last of them, and not three minutes
	}{
		{"a run has two", two, ledger.Attempt{Credential: "c", Remaining: 5}, ledger.Spent, false},
		{"a person has a third", two, ledger.Attempt{Credential: "c", Remaining: 5, Consent: providers.ByPerson}, "", false},
		{"down to the reserve", two, ledger.Attempt{Credential: "c", Remaining: 2, Consent: providers.ByPerson}, ledger.Few, false},
		{"not one that was refused", two, ledger.Attempt{Credential: "b", Remaining: 5, Consent: providers.ByPerson}, ledger.Again, false},
		{"nor where the device is silent", silent, ledger.Attempt{Credential: "c", Remaining: unknown, Consent: providers.ByPerson}, ledger.Spent, false},
		{"nor where its figures do not fall", stuck, ledger.Attempt{Credential: "c", Remaining: 5, Consent: providers.ByPerson}, ledger.Spent, false},
		{"nor where it is locked", lock, ledger.Attempt{Credential: "c", Remaining: 5, Consent: providers.ByPerson}, ledger.Closed, false},

		{"the risk takes one of the reserve", two, ledger.Attempt{Credential: "c", Remaining: 2, Consent: providers.AtRisk}, "", false},
		{"never the last", two, ledger.Attempt{Credential: "c", Remaining: 1, Consent: providers.AtRisk}, ledger.Few, false},
		{"of what a refusal told just now", []ledger.Entry{entry("a", ledger.Refused, 0, 1)}, ledger.Attempt{Credential: "c", Remaining: 2, Consent: providers.AtRisk}, ledger.Few, true},
		{"less what is under way", []ledger.Entry{entry("a", ledger.Open, 0, unknown)}, ledger.Attempt{Credential: "c", Remaining: 2, Consent: providers.AtRisk}, ledger.Few, true},
		{"the device has counted what is over", []ledger.Entry{entry("a", ledger.Open, 0, unknown)}, ledger.Attempt{Credential: "c", Remaining: 2, Consent: providers.AtRisk}, "", false},
		{"once", []ledger.Entry{entry("a", ledger.Refused, 0, 6), risked}, ledger.Attempt{Credential: "c", Remaining: 5, Consent: providers.AtRisk}, ledger.Risked, false},
		{"also what was refused", two, ledger.Attempt{Credential: "b", Remaining: 5, Consent: providers.AtRisk}, "", false},
		{"where the device is silent, one more", silent, ledger.Attempt{Credential: "c", Remaining: unknown, Consent: providers.AtRisk}, "", false},
		{"but not a fourth", append(silent, entry("d", ledger.Open, 1, unknown)), ledger.Attempt{Credential: "c", Remaining: unknown, Consent: providers.AtRisk}, ledger.Spent, false},
		{"a lock that the device does not have any more", lock, ledger.Attempt{Credential: "c", Remaining: 5, Consent: providers.AtRisk}, "", false},
		{"but not one that it does not mention", lock, ledger.Attempt{Credential: "c", Remaining: unknown, Consent: providers.AtRisk}, ledger.Closed, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			now := noon.Add(minutes(4))
			if tt.atSecond3 {
				now = noon.Add(3 * time.Second)
			}
			err := ledger.Decide(tt.history, tt.attempt, now)
			var refusal *ledger.Refusal
			if errors.As(err, &refusal) != (tt.withheld != "") || refusal != nil && refusal.Cause != tt.withheld {
				t.Errorf("got %v, want the cause %q", err, tt.withheld)
			}
		})
	}
}

// A refusal says with which consent the same attempt would be made all the same, and none that would be refused as well.
func TestARefusalHasTheLeastConsentThatHelps(t *testing.T) {
	two := []ledger.Entry{entry("a", ledger.Refused, 0, 6), entry("b", ledger.Refused, 1, 5)}
	silent := []ledger.Entry{entry("a", ledger.Refused, 0, unknown)}
	risked := entry("b", ledger.Refused, 1, unknown)
	risked.Consent = providers.AtRisk
	for name, tt := range map[string]struct {
		history []ledger.Entry
		attempt ledger.Attempt
		want    providers.Consent
	}{
		"a person goes further":          {two, ledger.Attempt{Credential: "c", Remaining: 5}, providers.ByPerson},
		"a silent device takes the risk": {silent, ledger.Attempt{Credential: "c", Remaining: unknown}, providers.AtRisk},
		"so does what was refused":       {two, ledger.Attempt{Credential: "b", Remaining: 5}, providers.AtRisk},
		"and one of the reserve":         {nil, ledger.Attempt{Credential: "c", Remaining: 2}, providers.AtRisk},
		"the risk is there once":         {append(silent, risked), ledger.Attempt{Credential: "c", Remaining: unknown}, providers.ByRun},
		"and never for the last":         {nil, ledger.Attempt{Credential: "c", Remaining: 1}, providers.ByRun},
	} {
		refusal, refused := errors.AsType[*ledger.Refusal](ledger.Advise(tt.history, tt.attempt, noon.Add(minutes(4))))
		if !refused || refusal.Least != tt.want {
			t.Errorf("%s: got %+v, want the least consent %q", name, refusal, tt.want)
		}
	}
	if err := ledger.Advise(nil, ledger.Attempt{Credential: "c", Remaining: unknown}, noon); err != nil {
		t.Error(err)
	}
}

func TestWhatADeviceToldLastCountsUntilASuccess(t *testing.T) {
	history := []ledger.Entry{entry("a", ledger.Refused, 0, 6), entry("b", ledger.Refused, 1, 5), entry("c", ledger.Open, 1, unknown)}
	for i := range history {
		history[i].ID = int64(i)
	}
	if got := ledger.Told(history, noon.Add(minutes(2))); got != 5 {
		t.Errorf("got %d, want 5", got)
	}
	accepted := entry("d", ledger.Accepted, 2, unknown)
	accepted.ID = 3
	if got := ledger.Told(append(history, accepted), noon.Add(minutes(3))); got != unknown {
		t.Errorf("after a success: %d", got)
	}
	if got := ledger.Told(history, noon.Add(minutes(40))); got != unknown {
		t.Errorf("after the window: %d", got)
	}
}

func TestRebaseMarksWhatLiesInTheFutureOnce(t *testing.T) {
	history := []ledger.Entry{entry("past", ledger.Refused, -1, 4), entry("future", ledger.Open, 5, unknown), entry("now", ledger.Open, 0, unknown)}
	changed := ledger.Rebase(history, noon)
	if len(changed) != 1 || changed[0].Credential != "future" || !changed[0].Rebased.Equal(noon) || !history[1].Rebased.Equal(noon) {
		t.Fatalf("changed %+v", changed)
	}
	if again := ledger.Rebase(history, noon.Add(time.Minute)); len(again) != 0 {
		t.Errorf("marked again: %+v", again)
	}
	if further := ledger.Rebase(history, noon.Add(-time.Hour)); len(further) != 3 {
		t.Errorf("a clock that went back further marked %+v, want all three", further)
	}
}

// The answer that another process waits for is waited for, as long as that can take and the process runs; and where a login was refused
// there is nothing to wait for.
func TestAnAttemptOfALivingProcessIsNotCutOff(t *testing.T) {
	alive := func(e ledger.Entry) ledger.Entry {
		e.Alive = true
		return e
	}
	for name, c := range map[string]struct {
		history []ledger.Entry
		after   time.Duration
		cause   ledger.Cause
		until   int
	}{
		"it waits":                  {[]ledger.Entry{alive(entry("a", ledger.Open, 0, unknown))}, 59 * time.Second, ledger.UnderWay, 1},
		"for too long":              {[]ledger.Entry{alive(entry("a", ledger.Open, 0, unknown))}, time.Minute, ledger.Forgotten, 31},
		"it died":                   {[]ledger.Entry{entry("a", ledger.Open, 0, unknown)}, time.Second, ledger.Forgotten, 31},
		"one of two died":           {[]ledger.Entry{entry("a", ledger.Open, 0, unknown), alive(entry("a", ledger.Open, 0, unknown))}, time.Second, ledger.UnderWay, 1},
		"beside a refused password": {[]ledger.Entry{entry("b", ledger.Refused, 0, unknown), alive(entry("a", ledger.Open, 0, unknown))}, time.Second, ledger.Spent, 31},
	} {
		err := ledger.Decide(c.history, ledger.Attempt{Credential: "a", Remaining: unknown}, noon.Add(c.after))
		refusal, refused := errors.AsType[*ledger.Refusal](err)
		if !refused || refusal.Cause != c.cause || !refusal.Until.Equal(noon.Add(minutes(c.until))) || !errors.Is(err, providers.ErrBudget) {
			t.Errorf("%s: %+v, want %s until minute %d", name, err, c.cause, c.until)
		}
	}
}

// One process at a time is at work on a device that does not tell how many attempts are left: it may count what it withholds.
func TestASessionOnADeviceThatTellsNothingIsWaitedFor(t *testing.T) {
	accepted := func(alive bool) []ledger.Entry {
		e := entry("a", ledger.Accepted, 0, unknown)
		e.Settled, e.Alive = e.Charged, alive
		return []ledger.Entry{e}
	}
	for name, c := range map[string]struct {
		history []ledger.Entry
		attempt ledger.Attempt
		after   time.Duration
		waits   bool
	}{
		"the same password":    {accepted(true), ledger.Attempt{Credential: "a", Remaining: unknown}, time.Minute, true},
		"another password":     {accepted(true), ledger.Attempt{Credential: "b", Remaining: unknown}, time.Minute, true},
		"a person's":           {accepted(true), ledger.Attempt{Credential: "a", Remaining: unknown, Consent: providers.ByPerson}, time.Minute, true},
		"at a person's risk":   {accepted(true), ledger.Attempt{Credential: "a", Remaining: unknown, Consent: providers.AtRisk}, time.Minute, false},
		"the device tells now": {accepted(true), ledger.Attempt{Credential: "a", Remaining: 5}, time.Minute, false},
		"it is over":           {accepted(false), ledger.Attempt{Credential: "a", Remaining: unknown}, time.Minute, false},
		"almost too long":      {accepted(true), ledger.Attempt{Credential: "a", Remaining: unknown}, ledger.Session - time.Second, true},
		"for too long":         {accepted(true), ledger.Attempt{Credential: "a", Remaining: unknown}, ledger.Session, false},
	} {
		err := ledger.Decide(c.history, c.attempt, noon.Add(c.after))
		refusal, refused := errors.AsType[*ledger.Refusal](err)
		switch {
		case refused != c.waits:
			t.Errorf("%s: %v", name, err)
		case refused && (refusal.Cause != ledger.UnderWay || !refusal.Until.Equal(noon.Add(ledger.Session)) || !errors.Is(err, providers.ErrBudget)):
			t.Errorf("%s: %+v", name, refusal)
		}
	}
}
