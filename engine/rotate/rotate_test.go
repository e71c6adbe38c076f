package rotate_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"camform/engine/ledger"
	"camform/engine/plan"
	"camform/engine/rotate"
	"camform/engine/state"
	"camform/providers"
	"camform/schema"
)

var noon = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

// version is a version of a password. A candidate may have been sent.
func version(number int, status state.SecretStatus) state.SecretVersion {
	s := state.SecretVersion{Name: "device.gate.user.admin", Version: number, Status: status}
	if status == state.SecretPending {
		s.Sent = noon
	}
	return s
}

func pending(number int) state.SecretVersion   { return version(number, state.SecretPending) }
func live(number int) state.SecretVersion      { return version(number, state.SecretLive) }
func withdrawn(number int) state.SecretVersion { return version(number, state.SecretWithdrawn) }
func former(number int) state.SecretVersion    { return version(number, state.SecretHistory) }

// refusedAs is a version with its place in the order in which versions were refused.
func refusedAs(place int64, s state.SecretVersion) state.SecretVersion {
	s.Tried = place
	return s
}

// unsent is a candidate that never left.
func unsent(number int) state.SecretVersion {
	s := pending(number)
	s.Sent = time.Time{}
	return s
}

func numbers(versions []state.SecretVersion) string {
	all := make([]string, len(versions))
	for i, v := range versions {
		all[i] = fmt.Sprint(v.Version)
	}
	return strings.Join(all, " ")
}

func TestWhatMayHaveBeenSentIsInDoubt(t *testing.T) {
	for name, test := range map[string]struct {
		versions []state.SecretVersion
		want     bool
	}{
		"nothing":                             {nil, false},
		"one in use":                          {[]state.SecretVersion{live(1)}, false},
		"a candidate that was not sent":       {[]state.SecretVersion{unsent(2), live(1)}, false},
		"a candidate that may have left":      {[]state.SecretVersion{pending(2), live(1)}, true},
		"the first one may have left":         {[]state.SecretVersion{pending(1)}, true},
		"the one in use was refused":          {[]state.SecretVersion{refusedAs(1, live(1))}, true},
		"former ones were refused":            {[]state.SecretVersion{live(3), refusedAs(2, withdrawn(2)), refusedAs(1, former(1))}, false},
		"two candidates, one of them pending": {[]state.SecretVersion{unsent(3), pending(2), live(1)}, true},
	} {
		if got := rotate.InDoubt(test.versions); got != test.want {
			t.Errorf("%s: in doubt is %v", name, got)
		}
	}
}

func TestTheLiveVersionIsTheOneInUse(t *testing.T) {
	got, ok := rotate.Live([]state.SecretVersion{pending(4), withdrawn(3), refusedAs(7, live(2)), former(1)})
	if diff := cmp.Diff(refusedAs(7, live(2)), got); diff != "" || !ok {
		t.Errorf("there is one: %v %s", ok, diff)
	}
	if got, ok := rotate.Live([]state.SecretVersion{pending(2), former(1)}); ok || got.Version != 0 {
		t.Errorf("there is none, and it is %+v", got)
	}
}

// restored is a live version of a backup.
func restored(version int) state.SecretVersion {
	v := live(version)
	v.Uncertain = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	return v
}

// The order of what an account can have, by what is known.
func TestWhatIsTriedInWhichOrder(t *testing.T) {
	for name, test := range map[string]struct {
		versions []state.SecretVersion
		answer   rotate.Answer
		likely   string
		possible string
	}{
		"the device accepted it":            {[]state.SecretVersion{pending(2), live(1)}, rotate.Accepted, "2 1", "2 1"},
		"the device said no":                {[]state.SecretVersion{pending(2), live(1)}, rotate.Denied, "1 2", "1 2"},
		"no answer came":                    {[]state.SecretVersion{pending(2), live(1)}, rotate.Unheard, "2 1", "2 1"},
		"it was no, for the likely only":    {[]state.SecretVersion{pending(4), live(3), withdrawn(2), former(1)}, rotate.Denied, "3 4", "3 4 2 1"},
		"withdrawn ones before former ones": {[]state.SecretVersion{live(4), former(3), withdrawn(2), former(1)}, rotate.Unheard, "4", "4 2 3 1"},
		"the newest candidate first":        {[]state.SecretVersion{pending(2), live(1), pending(3)}, rotate.Unheard, "3 2 1", "3 2 1"},
		"in any order that they come in":    {[]state.SecretVersion{former(1), live(2), former(3), pending(4)}, rotate.Unheard, "4 2", "4 2 3 1"},
		"what was refused waits":            {[]state.SecretVersion{refusedAs(2, pending(3)), refusedAs(1, live(2)), former(1)}, rotate.Unheard, "2 3", "1 2 3"},
		"also where the device accepted it": {[]state.SecretVersion{refusedAs(5, pending(2)), live(1)}, rotate.Accepted, "1 2", "1 2"},
		"one candidate for the first time":  {[]state.SecretVersion{pending(1)}, rotate.Denied, "1", "1"},
		"there is no record":                {nil, rotate.Accepted, "", ""},
		"restored, each once":               {[]state.SecretVersion{pending(4), restored(3), withdrawn(2), former(1)}, rotate.Unheard, "4 3", "4 3"},
		"restored, and the candidate is no": {[]state.SecretVersion{refusedAs(1, pending(4)), restored(3), former(1)}, rotate.Unheard, "3 4", "3"},
		"restored, and refused":             {[]state.SecretVersion{refusedAs(1, restored(3)), former(1)}, rotate.Unheard, "3", ""},
	} {
		t.Run(name, func(t *testing.T) {
			before := slices.Clone(test.versions)
			if got := numbers(rotate.Likely(test.versions, test.answer)); got != test.likely {
				t.Errorf("likely are %q, want %q", got, test.likely)
			}
			if got := numbers(rotate.Possible(test.versions, test.answer)); got != test.possible {
				t.Errorf("possible are %q, want %q", got, test.possible)
			}
			if diff := cmp.Diff(before, test.versions); diff != "" {
				t.Errorf("the versions of the caller were changed: %s", diff)
			}
		})
	}
}

// A device that came back from a restart may have what it had long ago, but not what it had before eight others.
func TestOnlyTheLatestFormerVersionsAreTried(t *testing.T) {
	versions := []state.SecretVersion{live(10), pending(13), withdrawn(12), withdrawn(11)}
	for number := 1; number < 10; number++ {
		versions = append(versions, former(number))
	}
	if got, want := numbers(rotate.Possible(versions, rotate.Unheard)), "13 10 12 11 9 8 7 6 5 4"; got != want {
		t.Errorf("possible are %q, want %q", got, want)
	}
}

// errRefused is what a device says to a wrong password.
var errRefused = fmt.Errorf("the login of admin: %w", providers.ErrRefused)

// withheld is what the ledger says to a login that was refused before, and to one that is too many.
func withheld(t *testing.T, family error) error {
	t.Helper()
	before := ledger.Entry{Credential: "this one", Outcome: ledger.Refused, Charged: noon, Settled: noon, Remaining: providers.RemainingUnknown}
	if errors.Is(family, providers.ErrBudget) {
		before.Credential = "another one"
	}
	attempt := ledger.Attempt{Credential: "this one", Remaining: providers.RemainingUnknown}
	err := ledger.Decide([]ledger.Entry{before}, attempt, noon.Add(time.Minute))
	if !errors.Is(err, family) {
		t.Fatalf("the ledger says %v, want %v", err, family)
	}
	return fmt.Errorf("the login of admin: %w", err)
}

func TestOnlyADeviceRefuses(t *testing.T) {
	for name, test := range map[string]struct {
		err              error
		refused, untried bool
	}{
		"nothing":                         {nil, false, false},
		"the device":                      {errRefused, true, false},
		"the ledger, refused before":      {withheld(t, providers.ErrRefused), false, true},
		"the ledger, no attempts":         {withheld(t, providers.ErrBudget), false, true},
		"no answer":                       {providers.ErrUnreachable, false, false},
		"a lock":                          {providers.ErrLocked, false, false},
		"an answer without an outcome":    {providers.ErrUnknown, false, false},
		"somebody who stopped the search": {context.Canceled, false, false},
	} {
		if rotate.Refused(test.err) != test.refused || rotate.Untried(test.err) != test.untried {
			t.Errorf("%s: refused is %v, untried is %v", name, rotate.Refused(test.err), rotate.Untried(test.err))
		}
	}
}

func TestTheSearchGoesOnUntilOneIsAccepted(t *testing.T) {
	all := []state.SecretVersion{pending(3), live(2), former(1)}
	locked := fmt.Errorf("the login of admin: %w", providers.ErrLocked)
	untried := withheld(t, providers.ErrRefused)
	for name, test := range map[string]struct {
		says  map[int]error // by version; nil is an accepted one
		want  rotate.Finding
		tried string
	}{
		"the candidate":       {map[int]error{3: nil, 2: nil}, rotate.Finding{Live: 3}, "3"},
		"the one before":      {map[int]error{3: errRefused, 2: nil}, rotate.Finding{Live: 2, Refused: []int{3}}, "3 2"},
		"a former one":        {map[int]error{3: errRefused, 2: errRefused, 1: nil}, rotate.Finding{Live: 1, Refused: []int{3, 2}}, "3 2 1"},
		"none":                {map[int]error{3: errRefused, 2: errRefused, 1: errRefused}, rotate.Finding{Refused: []int{3, 2, 1}}, "3 2 1"},
		"locked at once":      {map[int]error{3: locked, 2: nil}, rotate.Finding{Err: locked}, "3"},
		"locked in between":   {map[int]error{3: errRefused, 2: locked, 1: nil}, rotate.Finding{Refused: []int{3}, Err: locked}, "3 2"},
		"no attempts anymore": {map[int]error{3: errRefused, 2: untried, 1: nil}, rotate.Finding{Refused: []int{3}, Err: untried}, "3 2"},
		"silence":             {map[int]error{3: providers.ErrUnreachable, 2: nil}, rotate.Finding{Err: providers.ErrUnreachable}, "3"},
	} {
		t.Run(name, func(t *testing.T) {
			var tried []state.SecretVersion
			got := rotate.Resolve(all, func(v state.SecretVersion) error {
				tried = append(tried, v)
				return test.says[v.Version]
			})
			if got.Live != test.want.Live || !slices.Equal(got.Refused, test.want.Refused) || !errors.Is(got.Err, test.want.Err) {
				t.Errorf("found %+v, want %+v", got, test.want)
			}
			if got.Settled() != (test.want.Err == nil) {
				t.Errorf("settled is %v", got.Settled())
			}
			if numbers(tried) != test.tried {
				t.Errorf("tried %s, want %s", numbers(tried), test.tried)
			}
		})
	}
	if got := rotate.Resolve(nil, func(state.SecretVersion) error { return errRefused }); !got.Settled() || got.Live != 0 {
		t.Errorf("of nothing: %+v", got)
	}
}

func TestAFindingIsAVerdictOfTheVersionThatWasAccepted(t *testing.T) {
	accounts := rotate.NewAccounts(rotate.World{}, state.Lease{Device: schema.Device{Name: "gate"}}, plan.Access{})
	for _, test := range []struct {
		found rotate.Finding
		want  state.Verdict
	}{
		{rotate.Finding{Live: 3, Refused: []int{4}}, state.Verdict{Name: "gate/admin", Live: 3}},
		{rotate.Finding{Refused: []int{4, 3}}, state.Verdict{Name: "gate/admin"}},
		{rotate.Finding{}, state.Verdict{Name: "gate/admin"}},
	} {
		if got := accounts.Verdict("admin", test.found); got != test.want {
			t.Errorf("verdict %+v, want %+v", got, test.want)
		}
	}
}

// account draws versions of an account as a vault can have them; the device has one of them.
func account(t *rapid.T) (versions []state.SecretVersion, has int) {
	n := rapid.IntRange(1, 8).Draw(t, "versions")
	inUse := rapid.IntRange(0, n).Draw(t, "live")
	for number := 1; number <= n; number++ {
		status := rapid.SampledFrom([]state.SecretStatus{state.SecretPending, state.SecretWithdrawn, state.SecretHistory}).Draw(t, "status")
		if number == inUse {
			status = state.SecretLive
		}
		versions = append(versions, version(number, status))
	}
	return rapid.Permutation(versions).Draw(t, "kept"), rapid.IntRange(1, n).Draw(t, "has")
}

// However few attempts a run may spend, every version has its turn after some runs, and none has a second one before all
// had their first.
func TestEveryVersionHasItsTurn(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		versions, has := account(t)
		place := int64(0)
		turns := map[int]int{}
		for run := 1; ; run++ {
			if run > len(versions) {
				t.Fatalf("version %d has had no turn: %v", has, turns)
			}
			budget := rapid.IntRange(1, 3).Draw(t, "attempts")
			answer := rapid.SampledFrom([]rotate.Answer{rotate.Accepted, rotate.Denied, rotate.Unheard}).Draw(t, "answer")
			found := rotate.Resolve(rotate.Possible(versions, answer), func(v state.SecretVersion) error {
				if budget == 0 {
					return providers.ErrBudget
				}
				budget--
				if turns[v.Version]++; turns[v.Version] > 1 && len(turns) < len(versions) {
					t.Fatalf("version %d has a second turn, and %d of %d had one", v.Version, len(turns), len(versions))
				}
				if v.Version == has {
					return nil
				}
				return errRefused
			})
			for _, number := range found.Refused {
				place++
				versions[slices.IndexFunc(versions, func(v state.SecretVersion) bool { return v.Version == number })].Tried = place
			}
			if found.Live == has {
				return
			}
			if found.Settled() {
				t.Fatalf("nothing is in doubt any more, and version %d was not found: %+v", has, found)
			}
		}
	})
}
