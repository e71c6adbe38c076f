package device_test

import (
	"net/netip"
	"slices"
	"testing"
	"time"

	"camform/providers/device"
)

var (
	noon  = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	ours  = netip.MustParseAddr("198.51.100.7")
	other = netip.MustParseAddr("198.51.100.8")
	rule  = device.LockRule{Enabled: true, Attempts: 5, Duration: 30 * time.Minute}
)

func minute(n int) time.Time { return noon.Add(time.Duration(n) * time.Minute) }

// camera is a device with the account guard.
func camera(password string) *device.State {
	s := &device.State{}
	s.Accounts.Set("guard", "Operator", password)
	return s
}

// login tries a password of guard, as a face does.
func login(s *device.State, source netip.Addr, password string, at time.Time) bool {
	if s.Login(rule, device.Entry{Time: at, Source: source, User: "guard"}, password) == nil {
		return false
	}
	s.Gate.Forgive(source)
	return true
}

func TestTheLock(t *testing.T) {
	off := rule
	off.Enabled = false
	for name, c := range map[string]struct {
		gate      device.Gate
		rule      device.LockRule
		fails     []int // when a login fails
		works     []int // when one works, after those that failed by then
		at        int   // when we look
		remaining int
		locked    int // for how many minutes
	}{
		"nothing happened":                {rule: rule, remaining: 5},
		"failures count":                  {rule: rule, fails: []int{0, 1, 2}, at: 2, remaining: 2},
		"one too many":                    {rule: rule, fails: []int{0, 1, 2, 3, 4}, at: 14, remaining: 0, locked: 20},
		"a lock ends with its failures":   {rule: rule, fails: []int{0, 0, 0, 0, 0}, at: 30, remaining: 5},
		"counting starts afterwards":      {rule: rule, fails: []int{0, 0, 0, 0, 0, 30}, at: 30, remaining: 4},
		"a poke restarts it":              {rule: rule, fails: []int{0, 0, 0, 0, 0, 20}, at: 40, remaining: 0, locked: 10},
		"a login makes up for failures":   {rule: rule, fails: []int{0, 0, 0, 0, 2}, works: []int{1}, at: 2, remaining: 4},
		"or does not":                     {gate: device.Gate{KeepsFailures: true}, rule: rule, fails: []int{0, 0, 2}, works: []int{1}, at: 2, remaining: 2},
		"failures stay":                   {rule: rule, fails: []int{0, 0}, at: 300, remaining: 3},
		"or lapse after the last":         {gate: device.Gate{Lapses: true}, rule: rule, fails: []int{0, 20}, at: 50, remaining: 5},
		"and not before":                  {gate: device.Gate{Lapses: true}, rule: rule, fails: []int{0, 20}, at: 49, remaining: 3},
		"a lock that is off counts none":  {rule: off, fails: []int{0, 0, 0, 0, 0, 0, 0}, remaining: 5},
		"failures of others are not ours": {rule: rule, remaining: 5},
	} {
		s := &device.State{Gate: c.gate}
		s.FailForeign(c.rule, other, noon, 7)
		for _, at := range c.fails {
			if len(c.works) > 0 && c.works[0] < at {
				s.Gate.Forgive(ours)
			}
			s.FailForeign(c.rule, ours, minute(at), 1)
		}
		if got := s.Gate.Remaining(c.rule, ours, minute(c.at)); got != c.remaining {
			t.Errorf("%s: %d attempts are left, want %d", name, got, c.remaining)
		}
		if got, want := s.Gate.LockedFor(ours, minute(c.at)), time.Duration(c.locked)*time.Minute; got != want {
			t.Errorf("%s: it is locked for %s, want %s", name, got, want)
		}
	}
}

func TestALockOfEverybodyIsNotRestarted(t *testing.T) {
	s := camera("Secret-1")
	s.LockAll(noon, 10*time.Minute)
	if login(s, ours, "Secret-1", minute(9)) {
		t.Error("a locked device let somebody in")
	}
	if !login(s, ours, "Secret-1", minute(10)) || s.Log.Count(device.Poked) != 1 || s.Log.Count(device.Refused) != 0 {
		t.Errorf("the lock did not end, or the login during it counts: %v", s.Log.Entries())
	}
}

func TestMishapsOfPasswords(t *testing.T) {
	for name, c := range map[string]struct {
		mishap        device.Mishap
		soon          string // accepted at once
		later         string // accepted after an hour
		restarted     string // accepted after a restart then
		epochsDiffer  bool   // whether a session from before has to log in again at once
		restartEpochs bool
	}{
		"none":     {device.Mishap{}, "Secret-2", "Secret-2", "Secret-2", true, false},
		"late":     {device.Mishap{Late: time.Hour}, "Secret-1", "Secret-2", "Secret-2", false, false},
		"lost":     {device.Mishap{Lost: true}, "Secret-2", "Secret-2", "Secret-1", true, true},
		"cut":      {device.Mishap{Cut: 6}, "Secret", "Secret", "Secret", true, false},
		"not less": {device.Mishap{Cut: 60}, "Secret-2", "Secret-2", "Secret-2", true, false},
	} {
		s := camera("Secret-1")
		u := s.Accounts.Named("guard")
		epoch := u.Epoch
		s.Accounts.Change(u, "Secret-2", c.mishap, noon)
		if (u.Epoch != epoch) != c.epochsDiffer {
			t.Errorf("%s: the epoch was %d and is %d", name, epoch, u.Epoch)
		}
		if !login(s, ours, c.soon, minute(59)) || !login(s, ours, c.later, minute(60)) {
			t.Errorf("%s: %+v", name, *u)
		}
		epoch = u.Epoch
		s.Restart(minute(61), time.Minute)
		if !login(s, ours, c.restarted, minute(62)) || (u.Epoch != epoch) != c.restartEpochs {
			t.Errorf("%s: after the restart %+v", name, *u)
		}
	}
}

func TestAPasswordThatWasLostTwiceIsTheFirst(t *testing.T) {
	s := camera("Secret-1")
	for _, next := range []string{"Secret-2", "Secret-3"} {
		s.Accounts.Change(s.Accounts.Named("guard"), next, device.Mishap{Lost: true}, noon)
	}
	s.Restart(noon, time.Minute)
	if !login(s, ours, "Secret-1", minute(1)) {
		t.Errorf("%+v", s.Accounts.All())
	}
	s.Accounts.Change(s.Accounts.Named("guard"), "Secret-2", device.Mishap{}, minute(1))
	s.Restart(minute(1), time.Minute)
	if !login(s, ours, "Secret-2", minute(2)) || s.Starts != 2 || !s.Away.Equal(minute(2)) {
		t.Errorf("%+v", s)
	}
}

func TestAccountsHaveTheLowestFreeID(t *testing.T) {
	var a device.Accounts
	for _, name := range []string{"admin", "guard", "night"} {
		a.Set(name, "Viewer", "x")
	}
	guard := a.Named("guard")
	a.Remove(func(u device.Account) bool { return u.Name == "guard" })
	if guard.Name != "guard" || a.Named("guard") != nil || a.Len() != 2 {
		t.Errorf("%+v, %+v", *guard, a.All())
	}
	if id := a.Set("day", "Viewer", "x").ID; id != 2 || a.WithID(2).Name != "day" || a.Set("night", "Operator", "y").ID != 3 {
		t.Errorf("%+v", a.All())
	}
}

func TestClonesGoTheirOwnWay(t *testing.T) {
	s := camera("Secret-1")
	for range 3 {
		login(s, ours, "wrong", noon) // so that there is room behind what the log holds
	}
	c := s.Clone()
	login(s, ours, "wrong", noon)
	login(&c, other, "wrong", noon)
	s.Accounts.Set("guard", "Viewer", "Secret-2")
	if !login(&c, ours, "Secret-1", noon) || s.Gate.Remaining(rule, ours, noon) != 1 || c.Log.CountFrom(device.Refused, ours) != 3 || s.Log.CountFrom(device.Refused, other) != 0 {
		t.Errorf("the state %v, the clone %v", s.Log.Entries(), c.Log.Entries())
	}
}

func TestALogForgetsTheOldest(t *testing.T) {
	l := device.Log{Limit: 8}
	for i := range 9 {
		l.Add(device.Entry{Time: minute(i)})
	}
	if e := l.Entries(); len(e) != 7 || !e[0].Time.Equal(minute(2)) || !e[6].Time.Equal(minute(8)) {
		t.Errorf("%v", e)
	}
}

func TestFaultsCountWhatTheyMatch(t *testing.T) {
	var s device.Script[string]
	s.Add("a")
	s.Add("b")
	was := s.Clone()
	var got []int
	meet := func(s *device.Script[string], name string) {
		s.Meet(func(f *string) bool { return *f == name }, func(_ *string, place, n int) { got = append(got, place, n) })
	}
	meet(&s, "b")
	meet(&s, "b")
	meet(&s, "a")
	meet(&was, "b")
	s.Heal()
	meet(&s, "b")
	if want := []int{1, 1, 1, 2, 0, 1, 1, 1}; !slices.Equal(got, want) {
		t.Errorf("%v, want %v", got, want)
	}
}
