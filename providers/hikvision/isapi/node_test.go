package isapi

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"camform/providers"
)

// nodes remembers as a state does.
type nodes struct {
	mu      sync.Mutex
	refused map[string]time.Time // by serial number, firmware and path
	untold  map[string]time.Time // likewise
	fail    error
}

func newNodes() *nodes {
	return &nodes{refused: map[string]time.Time{}, untold: map[string]time.Time{}}
}

func (n *nodes) RefusedNodes(_ context.Context, serial, firmware string) (map[string]time.Time, error) {
	return n.find(n.refused, serial, firmware)
}

func (n *nodes) UntoldNodes(_ context.Context, serial, firmware string) (map[string]time.Time, error) {
	return n.find(n.untold, serial, firmware)
}

func (n *nodes) NoteUntold(_ context.Context, serial, firmware string, nodes map[string]time.Time) error {
	n.mu.Lock()
	defer n.mu.Unlock()
	for path, at := range nodes {
		n.untold[serial+"|"+firmware+"|"+path] = at
	}
	return n.fail
}

func (n *nodes) find(among map[string]time.Time, serial, firmware string) (map[string]time.Time, error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	found := map[string]time.Time{}
	for key, at := range among {
		if path, ok := strings.CutPrefix(key, serial+"|"+firmware+"|"); ok {
			found[path] = at
		}
	}
	return found, n.fail
}

func (n *nodes) RefuseNode(_ context.Context, serial, firmware, path string) error {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.refused[serial+"|"+firmware+"|"+path] = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	return n.fail
}

func (n *nodes) ForgetNodes(context.Context, string) error {
	n.mu.Lock()
	defer n.mu.Unlock()
	clear(n.refused)
	return n.fail
}

// trouble makes a document of the device fail: it gets what fault does in place of the answer.
func (s *scene) trouble(path string, fault func(http.ResponseWriter, *http.Request)) {
	s.device.change(func() {
		s.device.faults = func(w http.ResponseWriter, r *http.Request) bool {
			if r.URL.Path != path || r.Header.Get("Authorization") == "" {
				return false
			}
			fault(w, r)
			return true
		}
	})
}

func hangUp(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }

func hang(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }

func loginPage(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Location", "/doc/page/login.asp")
	w.WriteHeader(http.StatusFound)
}

// asksAgain answers 401 whatever the login is, as d does to a request without one.
func asksAgain(d *device) func(http.ResponseWriter, *http.Request) {
	return func(w http.ResponseWriter, r *http.Request) { d.challenge(w, r, false) }
}

// Trouble with one document is its own, whatever it is: the others are read, before it and after it.
func TestI10OneDocumentDoesNotSpoilADevice(t *testing.T) {
	for name, test := range map[string]struct {
		fault func(*device) func(http.ResponseWriter, *http.Request)
		text  string
	}{
		"401":        {asksAgain, "it answers 401 although the login is good"},
		"login page": {func(*device) func(http.ResponseWriter, *http.Request) { return loginPage }, "it redirects to"},
		"cut":        {func(*device) func(http.ResponseWriter, *http.Request) { return hangUp }, "closed the connection"},
		"hang":       {func(*device) func(http.ResponseWriter, *http.Request) { return hang }, "no answer from 192.0.2.5:80 within"},
	} {
		for habit, change := range map[string]func(*device){
			"tells attempts": func(*device) {},
			"tells nothing":  func(d *device) { d.remaining = -1 },
			"bound nonces":   func(d *device) { d.boundToURL = true },
			"stale nonces":   func(d *device) { d.staleWord = `"TRUE"` },
		} {
			t.Run(name+", "+habit, func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					s := newScene(t)
					change(s.device)
					session := s.identified()
					s.trouble("/ISAPI/a", test.fault(s.device))
					for range 3 { // bound nonces are noticed meanwhile
						if _, err := session.Read(t.Context(), "/ISAPI/b"); err != nil {
							t.Fatal(err)
						}
						_, err := session.Read(t.Context(), "/ISAPI/a")
						wantFamily(t, err, providers.ErrWithheld)
						if providers.EndsSession(err) {
							t.Errorf("it ends the session: %v", err)
						}
						if _, err := session.Read(t.Context(), "/ISAPI/c"); err != nil {
							t.Fatal(err)
						}
					}
					if slices.ContainsFunc(s.ledger.settled, func(r providers.AttemptResult) bool { return !r.Accepted && !r.Contested }) {
						t.Errorf("a good password was called wrong: %+v", s.ledger.settled)
					}
					if last := s.ledger.settled[len(s.ledger.settled)-1]; !last.Accepted {
						t.Errorf("in the end it was not accepted: %+v", s.ledger.settled)
					}
				})
			})
		}
	}
}

// After a 401 for one document there is one retry with a fresh challenge, and then the document decides that the device gave first.
// The retry is contested, and the decision refunds it.
func TestI5AKnownDocumentDecidesAboutA401(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newScene(t)
		session := s.identified()
		s.ledger.settled = nil
		s.trouble("/ISAPI/a", asksAgain(s.device))
		_, err := session.Read(t.Context(), "/ISAPI/a")
		wantFamily(t, err, providers.ErrWithheld)
		wantText(t, err, "-retry-nodes")
		want := []string{
			"GET /ISAPI/a +", "GET " + userCheckPath, "GET /ISAPI/a", "GET /ISAPI/a +", "GET " + deviceInfoPath, "GET " + deviceInfoPath + " +",
		}
		if diff := cmp.Diff(want, s.device.seen()); diff != "" {
			t.Error(diff)
		}
		outcomes := []providers.AttemptResult{{Contested: true, Remaining: 5}, {Accepted: true, Remaining: providers.RemainingUnknown}}
		if diff := cmp.Diff(outcomes, s.ledger.settled); diff != "" {
			t.Error(diff)
		}
	})
}

// The first document that a session asks for has nothing that could decide: its 401 is a refusal.
func TestI5A401BeforeAnyDocumentIsARefusal(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newScene(t)
		s.trouble(deviceInfoPath, asksAgain(s.device))
		_, err := s.open().Identify(t.Context())
		wantFamily(t, err, providers.ErrRefused)
	})
}

// A document that counts a failed login for each 401 is not tried twice, and is left alone where the last attempts are near.
func TestI5ADocumentThatCountsFailuresLeavesTheReserve(t *testing.T) {
	for left, family := range map[int]error{5: providers.ErrWithheld, 4: providers.ErrWithheld, 3: providers.ErrRefused} {
		synctest.Test(t, func(t *testing.T) {
			s := newScene(t)
			s.device.remaining = left
			session := s.identified()
			s.trouble("/ISAPI/a", func(w http.ResponseWriter, r *http.Request) {
				s.device.remaining--
				s.device.challenge(w, r, false)
			})
			_, err := session.Read(t.Context(), "/ISAPI/a")
			wantFamily(t, err, family)
			if s.device.remaining < 2 {
				t.Errorf("of %d attempts %d are left", left, s.device.remaining)
			}
		})
	}
}

// A device that counts a failed login for each 401, and does not tell how many are left, is not asked for document after document:
// after the second that answers 401 every run reads nothing but what was given before, until the device counts them no longer. Then
// a run goes on behind what is known.
func TestI5DocumentsThatCountFailuresUntoldLeaveTheReserve(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newScene(t)
		s.device.remaining = -1
		store, failures, withheld := newNodes(), 0, []string{"/ISAPI/a", "/ISAPI/b", "/ISAPI/c"}
		s.device.change(func() {
			s.device.faults = func(w http.ResponseWriter, r *http.Request) bool {
				if !slices.Contains(withheld, r.URL.Path) || r.Header.Get("Authorization") == "" {
					return false
				}
				failures++
				s.device.challenge(w, r, false)
				return true
			}
		})
		for window := range withheld {
			failures = 0
			for range 2 {
				s.target.Nodes = providers.NewNodes(store)
				session := s.identified()
				if _, err := session.Read(t.Context(), "/ISAPI/good"); err != nil {
					t.Fatal(err)
				}
				for _, path := range withheld {
					_, err := session.Read(t.Context(), path)
					wantFamily(t, err, providers.ErrWithheld)
				}
				if _, err := session.Read(t.Context(), deviceInfoPath); err != nil {
					t.Errorf("window %d: who it is: %v", window, err)
				}
				if failures > 3 {
					t.Errorf("window %d: the device counted %d failed logins", window, failures)
				}
				for range 2 { // another session of the run is no other device
					if _, err := session.Read(t.Context(), "/ISAPI/good"); err != nil {
						t.Errorf("window %d: what was given before: %v", window, err)
					}
					_, err := session.Read(t.Context(), "/ISAPI/new")
					if left := window+1 < len(withheld); left != (err != nil) {
						t.Errorf("window %d: a document that was not asked for before: %v", window, err)
					} else if left {
						wantText(t, err, "camform does not ask for it before "+time.Now().Add(providers.AttemptWindow).UTC().Format(time.RFC3339))
					}
					session = s.identified()
				}
			}
			time.Sleep(providers.AttemptWindow)
		}
		failures = 0
		for range 3 { // who asks once more for what was refused has the same attempts
			s.target.Nodes = providers.RetryNodes(store)
			session := s.identified()
			for _, path := range withheld {
				_, err := session.Read(t.Context(), path)
				wantFamily(t, err, providers.ErrWithheld)
			}
		}
		if failures == 0 || failures > 3 {
			t.Errorf("the device counted %d failed logins after -retry-nodes", failures)
		}
	})
}

// A document that asked for a login again is not asked for in later sessions, of this run or another; with other firmware it is, and
// where somebody wants to know.
func TestADocumentThatRefusedALoginIsLeftAlone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newScene(t)
		store := newNodes()
		s.target.Nodes = providers.NewNodes(store)
		s.trouble("/ISAPI/a", asksAgain(s.device))
		_, err := s.identified().Read(t.Context(), "/ISAPI/a")
		wantFamily(t, err, providers.ErrWithheld)
		for _, known := range []*providers.Nodes{s.target.Nodes, providers.NewNodes(store)} {
			s.target.Nodes = known
			session := s.identified()
			_, err := session.Read(t.Context(), "/ISAPI/a")
			wantFamily(t, err, providers.ErrWithheld)
			wantText(t, err, "although the login was good; to ask for it again, add -retry-nodes")
			if seen := s.device.seen(); len(seen) != 0 {
				t.Errorf("sent %v", seen)
			}
		}
		s.device.change(func() { s.device.faults = nil })
		s.target.Nodes = providers.RetryNodes(store)
		if _, err := s.identified().Read(t.Context(), "/ISAPI/a"); err != nil || len(store.refused) != 0 {
			t.Errorf("asked again: %v, remembered: %v", err, store.refused)
		}
	})
}

func TestADocumentIsAskedForAgainWithOtherFirmware(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newScene(t)
		store := newNodes()
		s.target.Nodes = providers.NewNodes(store)
		s.trouble("/ISAPI/a", asksAgain(s.device))
		_, err := s.identified().Read(t.Context(), "/ISAPI/a")
		wantFamily(t, err, providers.ErrWithheld)
		s.device.change(func() {
			s.device.faults = nil
			s.device.documents[deviceInfoPath] = strings.Replace(deviceInfo("SN0001"), "V5.7.17", "V5.7.18", 1)
		})
		if _, err := s.identified().Read(t.Context(), "/ISAPI/a"); err != nil {
			t.Error(err)
		}
	})
}

// A state that cannot be read does not show what to leave alone: nothing is asked for. One that cannot be written is reported.
func TestNodesThatCannotBeRemembered(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newScene(t)
		store := newNodes()
		s.target.Nodes = providers.NewNodes(store)
		session := s.identified()
		if _, err := session.Read(t.Context(), "/ISAPI/b"); err != nil {
			t.Fatal(err)
		}
		store.fail = errors.New("disk full")
		s.trouble("/ISAPI/a", asksAgain(s.device))
		_, err := session.Read(t.Context(), "/ISAPI/a")
		wantFamily(t, err, providers.ErrWithheld)
		wantText(t, err, "could not be recorded for later runs (disk full)")
		s.target.Nodes = providers.NewNodes(store)
		session = s.identified()
		if _, err := session.Read(t.Context(), "/ISAPI/b"); err == nil || providers.EndsSession(err) || len(s.device.seen()) != 0 {
			t.Errorf("have %v", err)
		}
	})
}

// What hangs costs the time of one exchange in a run, all sessions and documents together, but for a moment each.
func TestAHangCostsItsTimeOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newScene(t)
		s.target.Nodes = providers.NewNodes(nil)
		s.device.faults = func(_ http.ResponseWriter, r *http.Request) bool {
			if !strings.HasPrefix(r.URL.Path, "/ISAPI/hangs") {
				return false
			}
			<-r.Context().Done()
			return true
		}
		took := func(session *Session, path string, family error) time.Duration {
			begun := time.Now()
			_, err := session.Read(t.Context(), path)
			if family == nil && err != nil || !errors.Is(err, family) {
				t.Errorf("%s: %v", path, err)
			}
			return time.Since(begun)
		}
		first := s.identified()
		if d := took(first, "/ISAPI/hangs/1", providers.ErrWithheld); d > defaultTimeout {
			t.Errorf("the first took %s", d)
		}
		if d := took(first, "/ISAPI/hangs/2", providers.ErrWithheld); d > 3*time.Second {
			t.Errorf("the second took %s", d)
		}
		second := s.identified()
		for _, path := range []string{"/ISAPI/hangs/1", "/ISAPI/hangs/2", "/ISAPI/b"} {
			family := providers.ErrWithheld
			if path == "/ISAPI/b" {
				family = nil
			}
			if d := took(second, path, family); d != 0 {
				t.Errorf("%s took %s in another session of the run", path, d)
			}
		}
		if d := took(second, "/ISAPI/hangs/3", providers.ErrWithheld); d > 3*time.Second {
			t.Errorf("the third took %s", d)
		}
	})
}

// A write has its time even where documents hang: its outcome would be uncertain.
func TestAWriteIsWaitedForWhereDocumentsHang(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newScene(t)
		session := s.identified()
		s.trouble("/ISAPI/a", hang)
		_, err := session.Read(t.Context(), "/ISAPI/a")
		wantFamily(t, err, providers.ErrWithheld)
		s.trouble("/ISAPI/b", func(http.ResponseWriter, *http.Request) { time.Sleep(15 * time.Second) })
		_, err = session.Do(t.Context(), providers.Request{Method: "PUT", Path: "/ISAPI/b", Body: []byte("<B/>")})
		if err != nil {
			t.Error(err)
		}
	})
}

// The state of the login is a document like others: a device that does not answer there is logged in to all the same.
func TestADeviceIsReadWhoseLoginStateHangs(t *testing.T) {
	for name, fault := range map[string]func(http.ResponseWriter, *http.Request){"cut": hangUp, "hang": hang, "login page": loginPage} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := newScene(t)
				s.device.remaining = -1 // otherwise the challenge tells
				s.device.faults = func(w http.ResponseWriter, r *http.Request) bool {
					if r.URL.Path != userCheckPath {
						return false
					}
					fault(w, r)
					return true
				}
				if _, err := s.identified().Read(t.Context(), "/ISAPI/a"); err != nil {
					t.Error(err)
				}
			})
		})
	}
}

// Where the device is gone altogether, one document is not to blame.
func TestADeviceThatIsGoneIsUnreachable(t *testing.T) {
	for name, fault := range map[string]func(http.ResponseWriter, *http.Request){"cut": hangUp, "hang": hang, "login page": loginPage} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := newScene(t)
				session := s.identified()
				s.device.change(func() {
					s.device.faults = func(w http.ResponseWriter, r *http.Request) bool {
						fault(w, r)
						return true
					}
				})
				_, err := session.Read(t.Context(), "/ISAPI/a")
				wantFamily(t, err, providers.ErrUnreachable)
			})
		})
	}
}

// One document that counts failed logins untold is not asked for again before they are forgotten, however often somebody wants it.
func TestI5OneDocumentThatCountsIsNotRetriedWithinTheWindow(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newScene(t)
		s.device.remaining = -1
		failures := 0
		s.device.change(func() {
			s.device.faults = func(w http.ResponseWriter, r *http.Request) bool {
				if r.URL.Path != "/ISAPI/a" || r.Header.Get("Authorization") == "" {
					return false
				}
				failures++
				s.device.challenge(w, r, false)
				return true
			}
		})
		store := newNodes()
		s.target.Nodes = providers.NewNodes(store)
		for window := range 3 {
			failures = 0
			for range 4 {
				session := s.identified()
				_, err := session.Read(t.Context(), "/ISAPI/a")
				wantFamily(t, err, providers.ErrWithheld)
				session.Close()
				s.target.Nodes = providers.RetryNodes(store)
			}
			if failures == 0 || failures > 2 {
				t.Errorf("window %d: the device counted %d failed logins", window, failures)
			}
			time.Sleep(providers.AttemptWindow)
		}
		accepted := slices.DeleteFunc(s.ledger.settled, func(r providers.AttemptResult) bool { return !r.Accepted })
		if left := len(slices.Compact(s.ledger.left)); left != len(accepted) {
			t.Errorf("%d of %d sessions ended", left, len(accepted))
		}
	})
}

// What another run finds out between two sessions of a run counts in the second.
func TestI5ASecondSessionKnowsWhatOthersFound(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newScene(t)
		s.device.remaining = -1
		store := newNodes()
		s.target.Nodes = providers.NewNodes(store)
		if _, err := s.identified().Read(t.Context(), "/ISAPI/a"); err != nil {
			t.Fatal(err)
		}
		session := s.identified()
		noted := map[string]time.Time{"/ISAPI/a": time.Now()}
		if err := store.NoteUntold(t.Context(), session.identity.Serial, session.identity.Firmware, noted); err != nil {
			t.Fatal(err)
		}
		_, err := s.identified().Read(t.Context(), "/ISAPI/a")
		wantFamily(t, err, providers.ErrWithheld)
	})
}
