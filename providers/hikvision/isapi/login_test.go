package isapi

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"camform/providers"
	"camform/schema"
)

func TestOneLoginOneRoundTripPerRequest(t *testing.T) {
	for _, tc := range []struct {
		algorithm   string
		offer       func(string) []string
		silent      bool // it does not say how many attempts are left
		keeps       bool // it says that it keeps the connection
		connections int
	}{
		{"MD5", offerMD5, false, false, 2},
		{"MD5", offerMD5, false, true, 1},
		{"MD5", offerMD5, true, true, 1},
		{"SHA-256", offerSHA256, false, true, 1},
		{"SHA-256", offerSHA256, true, false, 2},
	} {
		t.Run(fmt.Sprintf("%s, silent %t, keeps %t", tc.algorithm, tc.silent, tc.keeps), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := newScene(t)
				s.device.offer, s.device.keeps = tc.offer, tc.keeps
				wantRequests, remaining := []string{"GET " + deviceInfoPath, "GET " + deviceInfoPath + " +", "GET /ISAPI/a +"}, 5
				if tc.silent {
					wantRequests, remaining = slices.Insert(wantRequests, 1, "GET "+userCheckPath), providers.RemainingUnknown
					s.device.remaining = -1
				}
				session := s.open()
				identity, err := session.Identify(t.Context())
				if err != nil {
					t.Fatal(err)
				}
				want := providers.Identity{Serial: "SN0001", MAC: "a6:63:9e:f8:01:09", Model: "DS-2CD2146G2-ISU", Firmware: "V5.7.17 build 240606"}
				if identity != want {
					t.Errorf("have %+v, want %+v", identity, want)
				}
				for range 20 { // the device refuses a count that does not rise
					if _, err := session.Read(t.Context(), "/ISAPI/a"); err != nil {
						t.Fatal(err)
					}
				}
				for range 19 {
					wantRequests = append(wantRequests, "GET /ISAPI/a +")
				}
				if diff := cmp.Diff(wantRequests, s.device.seen()); diff != "" {
					t.Error(diff)
				}
				if s.network.dials != tc.connections {
					t.Errorf("%d connections, want %d", s.network.dials, tc.connections)
				}
				wantAttempt := []providers.Attempt{{Endpoint: "192.0.2.5:80", Credential: s.target.Login, Remaining: remaining}}
				if !slices.Equal(s.ledger.charged, wantAttempt) {
					t.Errorf("charged %v", s.ledger.charged)
				}
				if !slices.Equal(s.ledger.settled, []providers.AttemptResult{{Accepted: true, Remaining: providers.RemainingUnknown}}) {
					t.Errorf("settled %v", s.ledger.settled)
				}
				wantPin := providers.Pin{Realm: realm, Algorithm: tc.algorithm, Serial: "SN0001", MAC: "a6:63:9e:f8:01:09"}
				if session.Pin() != wantPin {
					t.Errorf("pin %+v, want %+v", session.Pin(), wantPin)
				}
			})
		})
	}
}

func TestTheAttemptIsChargedBeforeItIsSent(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newScene(t)
		s.device.faults = func(_ http.ResponseWriter, r *http.Request) bool {
			if r.Header.Get("Authorization") != "" && len(s.ledger.charged) == 0 {
				t.Error("a credential arrived before its charge")
			}
			return false
		}
		s.identified()
	})
}

func TestI5WrongPasswordArrivesOnce(t *testing.T) {
	for name, remaining := range map[string]int{"told": 5, "silent": -1} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := newScene(t)
				s.device.password = "changed elsewhere"
				s.device.remaining = remaining
				session := s.open()
				_, err := session.Identify(t.Context())
				wantFamily(t, err, providers.ErrRefused)
				if remaining > 0 {
					wantText(t, err, "attempts left: 4")
				}
				s.device.seen()
				_, identify := session.Identify(t.Context())
				_, read := session.Read(t.Context(), "/ISAPI/a")
				_, do := session.Do(t.Context(), providers.Request{Method: "PUT", Path: "/ISAPI/a"})
				for _, err := range []error{identify, read, do, session.Authenticate(t.Context(), s.target.Login)} {
					wantFamily(t, err, providers.ErrRefused)
				}
				if requests := s.device.seen(); len(requests) != 0 {
					t.Errorf("a dead session sent %v", requests)
				}
				if s.device.wrong != 1 {
					t.Errorf("%d wrong digests arrived, want 1", s.device.wrong)
				}
				want := []providers.AttemptResult{{Remaining: max(-1, remaining-1)}}
				if !slices.Equal(s.ledger.settled, want) {
					t.Errorf("settled %v, want %v", s.ledger.settled, want)
				}
				if session.Pin() != (providers.Pin{}) {
					t.Errorf("a device that refused was pinned: %+v", session.Pin())
				}
			})
		})
	}
}

func TestAFreshRefusalIsFinalEvenIfItSaysStale(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newScene(t)
		s.device.password = "changed elsewhere"
		s.device.offer = func(nonce string) []string {
			return []string{strings.Replace(offerMD5(nonce)[0], "FALSE", "TRUE", 1)}
		}
		_, err := s.open().Identify(t.Context())
		wantFamily(t, err, providers.ErrRefused)
		if s.device.wrong != 1 {
			t.Errorf("%d wrong digests arrived, want 1", s.device.wrong)
		}
	})
}

func TestNoCredentialWhereTheProbeForbidsIt(t *testing.T) {
	const locked = `<userCheck><statusValue>401</statusValue><lockStatus>%s</lockStatus><unlockTime>%d</unlockTime><retryLoginTime>0</retryLoginTime></userCheck>`
	for name, test := range map[string]struct {
		status int
		body   string
		family error
		text   string
		locked time.Duration
	}{
		"locked":              {401, fmt.Sprintf(locked, "lock", 1795), providers.ErrLocked, "29m55s", 1795 * time.Second},
		"locked, newer word":  {401, fmt.Sprintf(locked, "locked", 717), providers.ErrLocked, "11m57s", 717 * time.Second},
		"locked, for ever":    {401, fmt.Sprintf(locked, "lock", 0), providers.ErrLocked, "30m0s", 30 * time.Minute},
		"locked, as a status": {403, responseStatus(4, "Invalid Operation", "deviceIsLocked"), providers.ErrLocked, "30m0s", 30 * time.Minute},
		"status with times": {
			401, `<ResponseStatus><statusCode>4</statusCode><lockStatus>lock</lockStatus><resLockTime>60</resLockTime></ResponseStatus>`,
			providers.ErrLocked, "1m0s", time.Minute,
		},
		"two attempts left": {401, `<userCheck><retryLoginTime>2</retryLoginTime></userCheck>`, providers.ErrBudget, "2 login attempts left", 0},
		"two, in a status":  {401, `<ResponseStatus><statusCode>4</statusCode><retryTimes>2</retryTimes></ResponseStatus>`, providers.ErrBudget, "2 login attempts left", 0},
		"inactive":          {401, `<userCheck><isActivated>false</isActivated></userCheck>`, providers.ErrInactive, "", 0},
		"inactive, 200":     {200, `<userCheck><statusValue>200</statusValue><isActivated>false</isActivated></userCheck>`, providers.ErrInactive, "", 0},
		"filtered":          {403, "", providers.ErrLocked, "filter", 0},
		"filtered, page":    {403, "<html><body>Forbidden</body></html>", providers.ErrLocked, "filter", 0},
		"captive portal":    {200, "<!DOCTYPE html><html><form>Login</form></html>", providers.ErrMalformed, "HTML", 0},
		"open to everybody": {200, deviceInfo("SN0001"), providers.ErrMalformed, "without asking", 0},
		"another server":    {404, "404 page not found", providers.ErrMalformed, "404", 0},
		"starting":          {503, "", providers.ErrBusy, "503", 0},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := newScene(t)
				s.device.faults = func(w http.ResponseWriter, _ *http.Request) bool {
					if test.status == 401 {
						w.Header().Set("WWW-Authenticate", offerMD5("abc")[0])
					}
					w.WriteHeader(test.status)
					io.WriteString(w, test.body)
					return true
				}
				_, err := s.open().Identify(t.Context())
				wantFamily(t, err, test.family)
				wantText(t, err, test.text)
				if n := withCredential(s.device.seen()); n != 0 || len(s.ledger.charged) != 0 {
					t.Errorf("%d credentials sent, %d attempts charged", n, len(s.ledger.charged))
				}
				want := []time.Duration(nil)
				if test.locked > 0 {
					want = []time.Duration{test.locked}
				}
				if !slices.Equal(s.ledger.locks, want) {
					t.Errorf("locks noted: %v, want %v", s.ledger.locks, want)
				}
			})
		})
	}
}

// A question whether a login may be tried sends no credential and charges nothing; the ledger gets the figure of this moment.
func TestToAskForALoginCostsNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for _, left := range []int{4, providers.RemainingUnknown} {
			s := newScene(t)
			session := s.identified()
			s.device.seen()
			charged := len(s.ledger.charged)
			s.device.remaining = left
			next := providers.Credential{Username: "guard"}
			if err := session.MayAuthenticate(t.Context(), next); err != nil {
				t.Error(err)
			}
			want := []providers.Attempt{{Endpoint: "192.0.2.5:80", Credential: next, Remaining: left}}
			if !slices.Equal(s.ledger.asked, want) {
				t.Errorf("asked the ledger for %v, want %v", s.ledger.asked, want)
			}
			if seen := s.device.seen(); len(seen) != 1 || withCredential(seen) != 0 || len(s.ledger.charged) != charged {
				t.Errorf("sent %v, charged %d attempts", seen, len(s.ledger.charged)-charged)
			}
			s.ledger.refuse = fmt.Errorf("later: %w", providers.ErrBudget)
			wantFamily(t, session.MayAuthenticate(t.Context(), next), providers.ErrBudget)
			if _, err := session.Read(t.Context(), "/ISAPI/a"); errors.Is(err, providers.ErrBudget) {
				t.Errorf("the session ended with a question: %v", err)
			}
			s.device.lockedFor = 60
			wantFamily(t, session.MayAuthenticate(t.Context(), next), providers.ErrLocked)
		}
	})
}

func TestTheLedgerHasTheLastWord(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newScene(t)
		s.ledger.refuse = fmt.Errorf("disk full")
		session := s.open()
		_, err := session.Identify(t.Context())
		wantFamily(t, err, providers.ErrBudget)
		wantText(t, err, "disk full")
		s.target.Ledger = nil
		_, err = s.open().Identify(t.Context())
		wantFamily(t, err, providers.ErrBudget)
		s.ledger.refuse = nil
		s.target.Ledger, s.target.Login.Password = s.ledger, schema.Secret{}
		_, err = s.open().Identify(t.Context())
		wantFamily(t, err, providers.ErrBudget)
		if n := withCredential(s.device.seen()); n != 0 {
			t.Errorf("%d credentials sent", n)
		}
	})
}

func TestADeviceWithoutUserCheckIsAskedForDeviceInfo(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newScene(t)
		s.device.faults = func(w http.ResponseWriter, r *http.Request) bool {
			if r.URL.Path != userCheckPath {
				return false
			}
			w.WriteHeader(http.StatusNotFound)
			return true
		}
		session := s.identified()
		if err := session.Authenticate(t.Context(), s.target.Login); err != nil {
			t.Error(err)
		}
		wrong := providers.Credential{Username: "admin", Password: schema.NewSecret("something else")}
		wantFamily(t, session.Authenticate(t.Context(), wrong), providers.ErrRefused)
	})
}

func TestAUserCheckThatIsMissingBehindTheLoginJudgesNobody(t *testing.T) {
	for name, status := range map[string]int{"not found": http.StatusNotFound, "device error": http.StatusInternalServerError} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := newScene(t)
				s.device.boundToURL = true
				s.device.faults = func(w http.ResponseWriter, r *http.Request) bool {
					if r.URL.Path != userCheckPath || r.Header.Get("Authorization") == "" {
						return false
					}
					w.WriteHeader(status)
					return true
				}
				session := s.identified()
				charged, settled := len(s.ledger.charged), len(s.ledger.settled)
				if err := session.Authenticate(t.Context(), s.target.Login); err != nil {
					t.Error(err)
				}
				wrong := providers.Credential{Username: "admin", Password: schema.NewSecret("something else")}
				wantFamily(t, session.Authenticate(t.Context(), wrong), providers.ErrRefused)
				if n, m := len(s.ledger.charged)-charged, len(s.ledger.settled)-settled; n != 2 || m != 2 {
					t.Errorf("two logins cost %d attempts, and %d were judged", n, m)
				}
			})
		})
	}
}

func TestAFullTableOfSessionsIsWaitedFor(t *testing.T) {
	for name, test := range map[string]struct {
		refusals int
		family   error
	}{"short": {2, nil}, "long": {99, providers.ErrBusy}} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := newScene(t)
				left := test.refusals
				s.device.faults = func(w http.ResponseWriter, r *http.Request) bool {
					if r.Header.Get("Authorization") != "" && left > 0 {
						t.Error("a credential went to a device with a full table")
					}
					left--
					if left >= 0 {
						w.WriteHeader(http.StatusUnauthorized)
					}
					return left >= 0
				}
				_, err := s.open().Identify(t.Context())
				if test.family == nil && err != nil {
					t.Error(err)
				} else if test.family != nil {
					wantFamily(t, err, test.family)
					if n := len(s.device.seen()); n != 3 {
						t.Errorf("asked %d times, want 3", n)
					}
				}
			})
		})
	}
}

func TestARefusedNonceIsHealedOnce(t *testing.T) {
	for name, test := range map[string]struct {
		stale     string
		remaining int
		want      []string
	}{
		"stale":             {`"TRUE"`, 5, []string{"GET /ISAPI/a +", "GET /ISAPI/a +"}},
		"stale, as in RFC":  {`true`, 5, []string{"GET /ISAPI/a +", "GET /ISAPI/a +"}},
		"without a reason":  {"", 5, []string{"GET /ISAPI/a +", "GET " + userCheckPath, "GET /ISAPI/a", "GET /ISAPI/a +"}},
		"and without count": {"", -1, []string{"GET /ISAPI/a +", "GET " + userCheckPath, "GET /ISAPI/a", "GET /ISAPI/a +"}},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := newScene(t)
				s.device.staleWord, s.device.remaining = test.stale, test.remaining
				session := s.identified()
				s.device.forget()
				if _, err := session.Read(t.Context(), "/ISAPI/a"); err != nil {
					t.Fatal(err)
				}
				if diff := cmp.Diff(test.want, s.device.seen()); diff != "" {
					t.Error(diff)
				}
				if len(s.ledger.charged) != 2 || len(s.ledger.settled) != 2 || !s.ledger.settled[1].Accepted {
					t.Errorf("charged %v, settled %v", s.ledger.charged, s.ledger.settled)
				}
			})
		})
	}
}

// The outcome of a write that was answered with a 401 is found by reading. After that the device is known for nonces that do not
// last: a write answers a challenge of its own.
func TestI11AWriteThatMeetsA401IsNeverSentAgain(t *testing.T) {
	for _, stale := range []string{"", `"TRUE"`} {
		synctest.Test(t, func(t *testing.T) {
			s := newScene(t)
			s.device.staleWord = stale
			session := s.identified()
			s.device.forget()
			write := providers.Request{Method: "PUT", Path: "/ISAPI/a", Body: []byte("<A/>")}
			_, err := session.Do(t.Context(), write)
			wantFamily(t, err, providers.ErrUnknown)
			if seen := s.device.seen(); !slices.Equal(seen, []string{"PUT /ISAPI/a +"}) || len(s.device.writes) != 0 {
				t.Errorf("sent %v, carried out %q", seen, s.device.writes)
			}
			if _, err := session.Read(t.Context(), "/ISAPI/a"); err != nil {
				t.Fatal(err)
			}
			s.device.forget()
			if _, err := session.Do(t.Context(), write); err != nil || !slices.Equal(s.device.writes, []string{"<A/>"}) {
				t.Errorf("the next one: %v, carried out %q", err, s.device.writes)
			}
		})
	}
}

func TestAPasswordChangedElsewhereEndsTheSession(t *testing.T) {
	for name, test := range map[string]struct {
		remaining int
		stale     string
		wrong     int // digests with the old password that may arrive; two of five attempts stay whatever happens
	}{
		"the count falls":      {5, "", 2},  // the cached one, and the one that decides
		"it tells no count":    {-1, "", 3}, // and the one that is left for the document
		"the count is at 3":    {3, "", 1},
		"it says stale anyway": {-1, `"TRUE"`, 3},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := newScene(t)
				s.device.remaining = test.remaining
				session := s.identified()
				s.device.change(func() {
					s.device.password = "changed elsewhere"
					if test.stale != "" {
						s.device.offer = func(n string) []string { return []string{strings.Replace(offerMD5(n)[0], "FALSE", "TRUE", 1)} }
					}
				})
				_, err := session.Read(t.Context(), "/ISAPI/a")
				wantFamily(t, err, providers.ErrRefused)
				if seen := s.device.seen(); test.remaining == 3 && len(seen) != 1 {
					t.Errorf("sent %v, although the refusal said it all", seen)
				}
				_, err = session.Read(t.Context(), "/ISAPI/a")
				wantFamily(t, err, providers.ErrRefused)
				if s.device.wrong != test.wrong {
					t.Errorf("%d wrong digests arrived, want %d", s.device.wrong, test.wrong)
				}
			})
		})
	}
}

// A count that fell between the refusal, which says nothing, and the probe: the document is not tried again, and the one that
// decides only where attempts are left beside the last ones.
func TestI5ACountThatFellByOthersIsNotTriedAgainst(t *testing.T) {
	for left, test := range map[int]struct {
		family error
		sent   []string
	}{
		4: {providers.ErrWithheld, []string{"GET /ISAPI/a +", "GET " + userCheckPath, "GET " + deviceInfoPath, "GET " + deviceInfoPath + " +"}},
		2: {providers.ErrRefused, []string{"GET /ISAPI/a +", "GET " + userCheckPath}},
	} {
		synctest.Test(t, func(t *testing.T) {
			s := newScene(t)
			session := s.identified()
			s.device.faults = func(w http.ResponseWriter, r *http.Request) bool {
				switch r.URL.Path {
				case userCheckPath:
					s.device.remaining = left
					return false
				case deviceInfoPath:
					return false
				}
				w.Header().Set("WWW-Authenticate", offerMD5("next")[0])
				w.WriteHeader(http.StatusUnauthorized)
				return true
			}
			_, err := session.Read(t.Context(), "/ISAPI/a")
			wantFamily(t, err, test.family)
			if diff := cmp.Diff(test.sent, s.device.seen()); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestALockInTheMiddleEndsTheSession(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newScene(t)
		session := s.identified()
		s.device.change(func() { s.device.lockedFor = 600 })
		_, err := session.Read(t.Context(), "/ISAPI/a")
		wantFamily(t, err, providers.ErrLocked)
		s.device.seen()
		_, err = session.Read(t.Context(), "/ISAPI/a")
		wantFamily(t, err, providers.ErrLocked)
		if n := len(s.device.seen()); n != 0 || !slices.Equal(s.ledger.locks, []time.Duration{10 * time.Minute}) {
			t.Errorf("%d requests to a locked device, locks %v", n, s.ledger.locks)
		}
	})
}

func TestNoncesThatHoldForOnePathAreNoticed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newScene(t)
		s.device.boundToURL = true
		session := s.identified()
		for _, path := range []string{"/ISAPI/a", "/ISAPI/b", "/ISAPI/c", "/ISAPI/a", "/ISAPI/b", "/ISAPI/c"} {
			if _, err := session.Read(t.Context(), path); err != nil {
				t.Fatal(err)
			}
		}
		want := []string{
			"GET /ISAPI/a +", "GET " + userCheckPath, "GET /ISAPI/a", "GET /ISAPI/a +", // first groundless refusal
			"GET /ISAPI/b +", "GET " + userCheckPath, "GET /ISAPI/b", "GET /ISAPI/b +", // second
			"GET /ISAPI/c", "GET /ISAPI/c +", // from here a challenge per path
			"GET /ISAPI/a", "GET /ISAPI/a +",
			"GET /ISAPI/b +", "GET /ISAPI/c +", // and the nonces are kept
		}
		if diff := cmp.Diff(want, s.device.seen()); diff != "" {
			t.Error(diff)
		}
	})
}

// I5: another process was at work on the device for so long that the challenge is too old: a right password is not refused for it.
func TestI5AWaitForAnotherProcessDoesNotMakeTheChallengeTooOld(t *testing.T) {
	for name, c := range map[string]struct {
		wait          time.Duration
		before, after int
		family        error
		charged       int
		away          int // dials that are refused after the wait
	}{
		"no wait":          {wait: time.Second, before: 5, after: 5, charged: 1},
		"untold":           {wait: 4 * time.Minute, before: -1, after: -1, charged: 1},
		"told":             {wait: 4 * time.Minute, before: 5, after: 5, charged: 1},
		"fewer":            {wait: 4 * time.Minute, before: 5, after: 4, charged: 2},
		"the reserve":      {wait: 4 * time.Minute, before: 5, after: 2, charged: 1, family: providers.ErrBudget},
		"away for a while": {wait: 4 * time.Minute, before: 5, after: 5, charged: 2, away: 3},
		"told only now":    {wait: 4 * time.Minute, before: -1, after: 4, charged: 2},
		"the reserve, now": {wait: 4 * time.Minute, before: -1, after: 2, charged: 1, family: providers.ErrBudget},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := newScene(t)
				s.device.remaining = c.before
				away := 0
				s.network.fail = func(int) error {
					if away == 0 {
						return nil
					}
					away--
					return errors.New("connection refused")
				}
				s.ledger.waits = func() {
					away = c.away
					time.Sleep(c.wait)
					s.device.mu.Lock()
					defer s.device.mu.Unlock()
					if s.device.remaining = c.after; c.wait >= time.Minute {
						clear(s.device.nonces)
					}
				}
				_, err := s.open().Identify(t.Context())
				if !errors.Is(err, c.family) {
					t.Errorf("have %v, want the family %v", err, c.family)
				}
				accepted := 1
				if c.family != nil {
					accepted = 0
				}
				if s.device.wrong != 0 || len(s.ledger.settled) != accepted || len(s.ledger.charged) != c.charged || s.ledger.returned != c.charged-accepted {
					t.Errorf("%d wrong, settled %v, charged %v, returned %d", s.device.wrong, s.ledger.settled, s.ledger.charged, s.ledger.returned)
				}
			})
		})
	}
}

// What another account logs in to is a session as well, and ends with the answer: other processes would wait for it.
func TestTheSessionOfAnotherAccountEndsWithTheAnswer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newScene(t)
		session := s.identified()
		if err := session.Authenticate(t.Context(), s.target.Login); err != nil {
			t.Fatal(err)
		}
		if _, err := session.DoAs(t.Context(), s.target.Login, providers.Request{Method: http.MethodPut, Path: "/ISAPI/a", Body: []byte("<A/>")}); err != nil {
			t.Fatal(err)
		}
		if want := []providers.Charge{2, 3}; !slices.Equal(s.ledger.left, want) {
			t.Errorf("left %v, want %v", s.ledger.left, want)
		}
		session.Close()
		if want := []providers.Charge{2, 3, 1}; !slices.Equal(s.ledger.left, want) {
			t.Errorf("left %v, want %v", s.ledger.left, want)
		}
	})
}

func TestAnAttemptThatWasNotJudgedKeepsItsCharge(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newScene(t)
		busy := 2
		s.device.faults = func(w http.ResponseWriter, r *http.Request) bool {
			if r.Header.Get("Authorization") == "" || busy == 0 {
				return false
			}
			busy--
			w.WriteHeader(http.StatusServiceUnavailable)
			return true
		}
		s.identified()
		if len(s.ledger.charged) != 1 || len(s.ledger.settled) != 1 {
			t.Errorf("charged %v, settled %v", s.ledger.charged, s.ledger.settled)
		}
	})
}

// I5: net/http would repeat a read that was cut off on a connection that was used before, and the attempt would count twice.
func TestI5AnAttemptWithoutAnswerStaysUnsettledAndLeavesOnce(t *testing.T) {
	for _, keeps := range []bool{false, true} {
		t.Run(fmt.Sprintf("keeps %t", keeps), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := newScene(t)
				s.device.keeps = keeps
				s.device.faults = func(_ http.ResponseWriter, r *http.Request) bool {
					if r.Header.Get("Authorization") != "" {
						panic(http.ErrAbortHandler)
					}
					return false
				}
				session := s.open()
				_, err := session.Identify(t.Context())
				wantFamily(t, err, providers.ErrUnreachable)
				if n := withCredential(s.device.seen()); n != 1 || len(s.ledger.charged) != 1 || len(s.ledger.settled) != 0 || s.ledger.returned != 0 {
					t.Errorf("%d attempts, charged %v, settled %v", n, s.ledger.charged, s.ledger.settled)
				}
				_, err = session.Identify(t.Context())
				wantFamily(t, err, providers.ErrUnreachable)
				if n := withCredential(s.device.seen()); n != 1 || len(s.ledger.charged) != 2 {
					t.Errorf("%d attempts, charged %v, settled %v", n, s.ledger.charged, s.ledger.settled)
				}
			})
		})
	}
}

// A device that closes its connections without a word gets a new one for the attempt, which would be lost otherwise.
func TestI5AnAttemptIsNotLostOnAConnectionThatTheDeviceCloses(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newScene(t)
		answered := map[int]int{} // by connection
		s.device.faults = func(_ http.ResponseWriter, r *http.Request) bool {
			if answered[s.network.dials]++; answered[s.network.dials] > 1 && r.Header.Get("Authorization") != "" && len(s.ledger.settled) == 0 {
				panic(http.ErrAbortHandler)
			}
			return false
		}
		s.identified()
	})
}

func TestI5AnAttemptThatNeverLeftIsGivenBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newScene(t)
		s.network.fail = func(n int) error {
			if n == 2 || n == 3 {
				return errors.New("connection refused")
			}
			return nil
		}
		s.identified()
		if s.network.dials != 4 || len(s.ledger.charged) != 3 || s.ledger.returned != 2 || len(s.ledger.settled) != 1 {
			t.Errorf("%d dials, charged %v, returned %d, settled %v", s.network.dials, s.ledger.charged, s.ledger.returned, s.ledger.settled)
		}
	})
}

// An interrupt comes between the charge and the first byte.
func TestI5AnInterruptGivesBackWhatDidNotLeave(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newScene(t)
		ctx, interrupt := context.WithCancel(t.Context())
		s.network.fail = func(n int) error {
			if n == 2 { // the connection for the attempt
				interrupt()
				return ctx.Err()
			}
			return nil
		}
		if _, err := s.open().Identify(ctx); err == nil {
			t.Fatal("it was not interrupted")
		}
		if n := withCredential(s.device.seen()); n != 0 || len(s.ledger.charged) != 1 || s.ledger.returned != 1 {
			t.Errorf("%d attempts arrived, charged %v, returned %d", n, s.ledger.charged, s.ledger.returned)
		}
	})
}

// I5: an operator who accepts the risk may have the last but one, and nobody the last.
func TestI5WhatIsKeptDependsOnTheConsent(t *testing.T) {
	for _, c := range []struct {
		consent providers.Consent
		left    int
		charged int
	}{
		{providers.ByRun, 2, 0},
		{providers.ByPerson, 2, 0},
		{providers.AtRisk, 2, 1},
		{providers.AtRisk, 1, 0},
	} {
		synctest.Test(t, func(t *testing.T) {
			s := newScene(t)
			s.device.remaining = c.left
			s.target.Consent = c.consent
			_, err := s.open().Identify(t.Context())
			if len(s.ledger.charged) != c.charged || (err == nil) != (c.charged == 1) {
				t.Errorf("%q with %d left: %v, charged %v", c.consent, c.left, err, s.ledger.charged)
			}
			for _, a := range s.ledger.charged {
				if a.Consent != c.consent {
					t.Errorf("charged with the consent %q, want %q", a.Consent, c.consent)
				}
			}
		})
	}
}

func TestANonceWhoseAnswerWasLostIsNotUsedAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newScene(t)
		session := s.identified()
		s.device.forget()
		credentials := 0
		s.device.faults = func(_ http.ResponseWriter, r *http.Request) bool {
			if r.Header.Get("Authorization") != "" {
				credentials++
			}
			if credentials == 2 {
				clear(s.device.nonces) // it restarts
				credentials++
				panic(http.ErrAbortHandler)
			}
			return false
		}
		_, err := session.Read(t.Context(), "/ISAPI/a")
		wantFamily(t, err, providers.ErrWithheld)
		if _, err := session.Read(t.Context(), "/ISAPI/a"); err != nil {
			t.Error(err)
		}
	})
}

func TestALockInAnswerToTheAttemptIsSettled(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newScene(t)
		s.device.faults = func(w http.ResponseWriter, r *http.Request) bool {
			if r.Header.Get("Authorization") == "" {
				return false
			}
			w.WriteHeader(http.StatusForbidden)
			io.WriteString(w, responseStatus(4, "Invalid Operation", "deviceIsLocked"))
			return true
		}
		_, err := s.open().Identify(t.Context())
		wantFamily(t, err, providers.ErrLocked)
		want := []providers.AttemptResult{{Remaining: providers.RemainingUnknown, Lock: assumedLock}}
		if !slices.Equal(s.ledger.settled, want) {
			t.Errorf("settled %v, want %v", s.ledger.settled, want)
		}
	})
}
