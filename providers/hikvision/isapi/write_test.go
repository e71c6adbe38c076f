package isapi

import (
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

const newSecret = "Canary-New-Password-1"

var userBody = []byte(`<User><id>2</id><userName>operator</userName><password>` + newSecret + `</password></User>`)

func TestDoClassifiesAnswers(t *testing.T) {
	status := responseStatus
	for name, test := range map[string]struct {
		http   int
		body   string
		reply  providers.Reply
		family error
		text   string
	}{
		"applied":      {200, status(1, "OK", "ok"), providers.Reply{Outcome: providers.Applied}, nil, ""},
		"applied, 0":   {200, status(0, "OK", "OK"), providers.Reply{Outcome: providers.Applied}, nil, ""},
		"JSON":         {200, `{"statusCode": 1, "statusString": "OK", "subStatusCode": "ok"}`, providers.Reply{Outcome: providers.Applied}, nil, ""},
		"wrapped JSON": {200, `{"ResponseStatus": {"statusCode": 1, "subStatusCode": "ok"}}`, providers.Reply{Outcome: providers.Applied}, nil, ""},
		"created": {
			200, `<ResponseStatus><statusCode>1</statusCode><statusString>OK</statusString><id>7</id><subStatusCode>ok</subStatusCode></ResponseStatus>`,
			providers.Reply{Outcome: providers.Applied, ID: "7"},
			nil, "",
		},
		"created, ID":    {201, `<ResponseStatus><statusCode>1</statusCode><ID>8</ID></ResponseStatus>`, providers.Reply{Outcome: providers.Applied, ID: "8"}, nil, ""},
		"no body":        {200, "", providers.Reply{Outcome: providers.Applied, Remark: "it answered without a body"}, nil, ""},
		"weak password":  {200, status(1, "OK", "riskPassword"), providers.Reply{Outcome: providers.Applied, Remark: `it accepted with the remark "riskPassword"`}, nil, ""},
		"reboot":         {200, status(7, "Reboot Required", "rebootRequired"), providers.Reply{Outcome: providers.PendingReboot}, nil, ""},
		"reboots itself": {200, status(7, "Reboot Required", "autoReboot"), providers.Reply{Outcome: providers.Restarting}, nil, ""},
		"whole batch":    {200, status(8, "Batch Operation", "allSuccess"), providers.Reply{Outcome: providers.Applied}, nil, ""},
		"vendor sample with notes": {
			200, "<ResponseStatus>\n<statusCode>\n<!--ro, enum-->0\n</statusCode><subStatusCode>\n<!--x-->ok</subStatusCode></ResponseStatus>\x00\n",
			providers.Reply{Outcome: providers.Applied},
			nil, "",
		},

		"busy":              {200, status(2, "Device Busy", "deviceBusy"), providers.Reply{}, providers.ErrBusy, "deviceBusy"},
		"certificate there": {200, status(2, "Device Busy", "certificateExist"), providers.Reply{}, providers.ErrInvalid, ""},
		"device error":      {200, status(3, "Device Error", "deviceError"), providers.Reply{}, providers.ErrUnknown, ""},
		"device error, 403": {403, status(3, "Device Error", "deviceError"), providers.Reply{}, providers.ErrUnknown, ""},
		"encryption":        {200, status(3, "Device Error", "passwordDecodeError"), providers.Reply{}, providers.ErrInvalid, ""},
		"not supported":     {403, status(4, "Invalid Operation", "notSupport"), providers.Reply{}, providers.ErrUnsupported, ""},
		"wrong verb":        {400, status(4, "Invalid Operation", "methodNotAllowed"), providers.Reply{}, providers.ErrUnsupported, ""},
		"role too low":      {403, status(4, "Invalid Operation", "lowPrivilege"), providers.Reply{}, providers.ErrDenied, ""},
		"excluded":          {403, status(4, "Invalid Operation", "invalidOperation"), providers.Reply{}, providers.ErrInvalid, "invalidOperation"},
		"user exists":       {403, status(4, "Invalid Operation", "userExist"), providers.Reply{}, providers.ErrInvalid, "userExist"},
		"asleep":            {403, status(4, "Invalid Operation", "theAccountIsNotActivated"), providers.Reply{}, providers.ErrMustChange, ""},
		"same password":     {403, status(4, "Invalid Operation", "cannotSameAsOldPassword"), providers.Reply{}, providers.ErrInvalid, "cannotSameAsOldPassword"},
		"same, device's":    {403, status(3, "Device Error", "cannotSameAsOldPassword"), providers.Reply{}, providers.ErrInvalid, ""},
		"sessions":          {403, status(4, "Invalid Operation", "maxSessionUserLink"), providers.Reply{}, providers.ErrBusy, ""},
		"own password":      {403, status(4, "Invalid Operation", "loginPasswordError"), providers.Reply{}, providers.ErrRefused, ""},
		"locked":            {403, status(4, "Invalid Operation", "MaxPassword attempts"), providers.Reply{}, providers.ErrLocked, ""},
		"format":            {400, status(5, "Invalid XML Format", "badXmlFormat"), providers.Reply{}, providers.ErrInvalid, ""},
		"value": {
			200, `<ResponseStatus><statusCode>6</statusCode><statusString>Invalid Content</statusString><subStatusCode>portError</subStatusCode><errorMsg>portNo</errorMsg></ResponseStatus>`,
			providers.Reply{},
			providers.ErrInvalid, `it answered statusCode 6, "portError", "Invalid Content", "portNo", http status 200`,
		},
		"weak password, 6": {200, status(6, "Invalid Operation", "riskPassword"), providers.Reply{}, providers.ErrInvalid, ""},
		"half a batch":     {200, status(8, "Batch Operation", "notAllSuccess"), providers.Reply{}, providers.ErrUnknown, ""},
		"no batch":         {200, status(8, "Batch Operation", "allFailed"), providers.Reply{}, providers.ErrInvalid, ""},
		"no code":          {200, `<ResponseStatus/>`, providers.Reply{}, providers.ErrUnknown, ""},
		"cut document":     {200, `<ResponseStatus><statusCode>1</statusCode>`, providers.Reply{}, providers.ErrUnknown, ""},
		"two roots":        {200, status(1, "OK", "ok") + status(6, "x", "y"), providers.Reply{}, providers.ErrUnknown, ""},
		"page":             {200, `<html></html>`, providers.Reply{}, providers.ErrUnknown, "HTML"},
		"other document":   {200, `<UserList/>`, providers.Reply{}, providers.ErrUnknown, "UserList"},
		"contradiction":    {400, status(1, "OK", "ok"), providers.Reply{}, providers.ErrUnknown, ""},
		"bare 404":         {404, "", providers.Reply{}, providers.ErrUnsupported, ""},
		"bare 400":         {400, "", providers.Reply{}, providers.ErrInvalid, ""},
		"bare 403":         {403, "", providers.Reply{}, providers.ErrDenied, ""},
		"bare 500":         {500, "", providers.Reply{}, providers.ErrUnknown, ""},
		"bare 503":         {503, "", providers.Reply{}, providers.ErrBusy, ""},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := newScene(t)
				session := s.identified()
				tries := 0
				s.device.faults = func(w http.ResponseWriter, r *http.Request) bool {
					if r.Method == http.MethodGet {
						return false
					}
					tries++
					w.WriteHeader(test.http)
					io.WriteString(w, test.body)
					return true
				}
				reply, err := session.Do(t.Context(), providers.Request{Method: "PUT", Path: "/ISAPI/a", Body: []byte("<A/>")})
				if test.family == nil && (err != nil || reply != test.reply) {
					t.Fatalf("have %+v and %v, want %+v", reply, err, test.reply)
				}
				if test.family != nil {
					wantFamily(t, err, test.family)
					wantText(t, err, test.text)
				}
				if tries != 1 && !errors.Is(err, providers.ErrBusy) {
					t.Errorf("it was sent %d times", tries)
				}
			})
		})
	}
}

func TestAWriteIsSentOnceAsItIs(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newScene(t)
		session := s.identified()
		var types []string
		var expects []string
		s.device.faults = func(_ http.ResponseWriter, r *http.Request) bool {
			types = append(types, r.Header.Get("Content-Type"))
			expects = append(expects, r.Header.Get("Expect"), r.Header.Get("Accept-Encoding"))
			return false
		}
		for _, request := range []providers.Request{
			{Method: "PUT", Path: "/ISAPI/a", Body: []byte("<A> \r\n</A >")},
			{Method: "POST", Path: "/ISAPI/a?format=json", Body: []byte(`{"a":1}`)},
			{Method: "DELETE", Path: "/ISAPI/a/1"},
		} {
			if _, err := session.Do(t.Context(), request); err != nil {
				t.Fatal(err)
			}
		}
		if diff := cmp.Diff([]string{"<A> \r\n</A >", `{"a":1}`, ""}, s.device.writes); diff != "" {
			t.Error(diff)
		}
		if diff := cmp.Diff([]string{"PUT /ISAPI/a +", "POST /ISAPI/a?format=json +", "DELETE /ISAPI/a/1 +"}, s.device.seen()); diff != "" {
			t.Error(diff)
		}
		if !slices.Equal(types, []string{"application/xml", "application/json", ""}) || strings.Join(expects, "") != "" {
			t.Errorf("content types %q, expect and encoding %q", types, expects)
		}
	})
}

func TestAWriteToADeviceThatForbidsEverythingIsLocked(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newScene(t)
		session := s.identified()
		s.device.faults = func(w http.ResponseWriter, _ *http.Request) bool {
			w.WriteHeader(http.StatusForbidden)
			return true
		}
		_, err := session.Do(t.Context(), providers.Request{Method: "PUT", Path: "/ISAPI/a", Body: []byte("<A/>")})
		wantFamily(t, err, providers.ErrLocked)
	})
}

func TestAnOldLoginIsProvenBeforeABodyIsSent(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newScene(t)
		session := s.identified()
		if err := sleep(t.Context(), freshness); err != nil {
			t.Fatal(err)
		}
		s.device.forget() // the nonce has died of age
		if _, err := session.Do(t.Context(), providers.Request{Method: "PUT", Path: "/ISAPI/a", Body: userBody}); err != nil {
			t.Fatal(err)
		}
		requests := s.device.seen()
		if n := len(requests); requests[0] != "GET "+deviceInfoPath+" +" || requests[n-1] != "PUT /ISAPI/a +" || slices.Index(requests, "PUT /ISAPI/a +") != n-1 {
			t.Errorf("have %q", requests)
		}
	})
}

func TestI11AWriteIsNeverRepeatedInDoubt(t *testing.T) {
	hang := func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }
	abort := func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }
	for name, fault := range map[string]http.HandlerFunc{
		"no answer":  hang,
		"cut before": abort,
		"cut within": func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Length", "500")
			io.WriteString(w, "<ResponseStatus><statusCode>1</statusCode>")
			panic(http.ErrAbortHandler)
		},
		"answer too long": func(w http.ResponseWriter, _ *http.Request) { io.Copy(w, endless{}) },
		"encoded": func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Encoding", "gzip")
			io.WriteString(w, "x")
		},
		"garbage": func(w http.ResponseWriter, _ *http.Request) {
			conn, _, _ := w.(http.Hijacker).Hijack()
			io.WriteString(conn, "\x1b[31mthis is not HTTP\r\n\r\n")
			conn.Close()
		},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := newScene(t)
				session := s.identified()
				s.device.faults = func(w http.ResponseWriter, r *http.Request) bool {
					if r.Method == http.MethodGet {
						return false
					}
					io.Copy(io.Discard, r.Body)
					fault(w, r)
					return true
				}
				_, err := session.Do(t.Context(), providers.Request{Method: "PUT", Path: "/ISAPI/a", Body: userBody})
				wantFamily(t, err, providers.ErrUnknown)
				if providers.EndsSession(err) {
					t.Errorf("%v has two families", err)
				}
				if strings.Contains(err.Error(), "\x1b") || strings.Contains(err.Error(), newSecret) {
					t.Errorf("%q shows what it must not", err)
				}
				if requests := s.device.seen(); !slices.Equal(requests, []string{"PUT /ISAPI/a +"}) {
					t.Errorf("sent: %q", requests)
				}
				if _, err := session.Read(t.Context(), "/ISAPI/a"); err != nil {
					t.Errorf("the session does not go on to resolve it: %v", err)
				}
			})
		})
	}
}

type endless struct{}

func (endless) Read(p []byte) (int, error) { return len(p), nil }

func TestAWriteThatNeverLeftIsMadeAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newScene(t)
		session := s.identified()
		session.Renew()
		s.network.dials = 0
		s.network.fail = func(n int) error {
			if n < maxTries {
				return fmt.Errorf("connection refused")
			}
			return nil
		}
		if _, err := session.Do(t.Context(), providers.Request{Method: "PUT", Path: "/ISAPI/a", Body: []byte("<A/>")}); err != nil {
			t.Fatal(err)
		}
		if s.network.dials != maxTries || len(s.device.writes) != 1 {
			t.Errorf("%d dials, %d writes", s.network.dials, len(s.device.writes))
		}
	})
}

func TestADeviceThatStaysAwayIsUnreachable(t *testing.T) {
	for name, test := range map[string]struct {
		err   error
		dials int
		text  string
	}{
		"refuses":      {fmt.Errorf("connection refused"), maxTries, "no connection to 192.0.2.5:80 (connection refused)"},
		"is not there": {timeoutError{}, 1, "no answer from 192.0.2.5:80 within 5s"},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := newScene(t)
				s.network.fail = func(int) error { return test.err }
				_, err := s.open().Identify(t.Context())
				wantFamily(t, err, providers.ErrUnreachable)
				wantText(t, err, test.text)
				if s.network.dials != test.dials {
					t.Errorf("%d dials, want %d", s.network.dials, test.dials)
				}
			})
		})
	}
}

type timeoutError struct{}

func (timeoutError) Error() string   { return "i/o timeout" }
func (timeoutError) Timeout() bool   { return true }
func (timeoutError) Temporary() bool { return true }

func TestBusyIsWaitedForThreeTimes(t *testing.T) {
	for name, test := range map[string]struct {
		busy   int
		writes int
		family error
	}{"twice": {2, 1, nil}, "for ever": {99, 0, providers.ErrBusy}} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := newScene(t)
				session := s.identified()
				tries := 0
				s.device.faults = func(w http.ResponseWriter, r *http.Request) bool {
					tries++
					if tries > test.busy {
						return false
					}
					io.WriteString(w, responseStatus(2, "Device Busy", "configOperating"))
					return true
				}
				_, err := session.Do(t.Context(), providers.Request{Method: "PUT", Path: "/ISAPI/a", Body: []byte("<A/>")})
				if test.family != nil {
					wantFamily(t, err, test.family)
				} else if err != nil {
					t.Fatal(err)
				}
				if tries != maxTries || len(s.device.writes) != test.writes {
					t.Errorf("%d tries, %d writes", tries, len(s.device.writes))
				}
			})
		})
	}
}

func TestAStartingDeviceIsGivenItsGrace(t *testing.T) {
	for name, test := range map[string]struct {
		grace  time.Duration
		method string
		http   int
		body   string
		ready  time.Duration // when the device is up
		family error
	}{
		"write":              {2 * time.Minute, "PUT", 403, responseStatus(4, "Invalid Operation", "invalidOperation"), 90 * time.Second, nil},
		"write, too long":    {time.Minute, "PUT", 403, responseStatus(4, "Invalid Operation", "invalidOperation"), 90 * time.Second, providers.ErrInvalid},
		"write, no grace":    {0, "PUT", 403, responseStatus(4, "Invalid Operation", "invalidOperation"), 100 * time.Millisecond, providers.ErrInvalid},
		"read":               {2 * time.Minute, "GET", 503, "", 90 * time.Second, nil},
		"read, not starting": {2 * time.Minute, "GET", 403, responseStatus(4, "Invalid Operation", "invalidOperation"), time.Second, providers.ErrUnsupported},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := newScene(t)
				s.options.Grace = test.grace
				session := s.identified()
				start := time.Now()
				s.device.faults = func(w http.ResponseWriter, r *http.Request) bool {
					if time.Since(start) >= test.ready || r.Method != test.method {
						return false
					}
					w.WriteHeader(test.http)
					io.WriteString(w, test.body)
					return true
				}
				var err error
				if test.method == "GET" {
					_, err = session.Read(t.Context(), "/ISAPI/a")
				} else {
					_, err = session.Do(t.Context(), providers.Request{Method: test.method, Path: "/ISAPI/a", Body: []byte("<A/>")})
				}
				if test.family == nil && err != nil {
					t.Fatal(err)
				} else if test.family != nil {
					wantFamily(t, err, test.family)
				}
				if waited := time.Since(start); waited > test.grace+time.Second {
					t.Errorf("it waited %s", waited)
				}
			})
		})
	}
}

func TestAConnectionThatTheDeviceClosedIsReplaced(t *testing.T) {
	for _, method := range []string{"GET", "PUT"} {
		t.Run(method, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := newScene(t)
				session := s.identified()
				s.device.change(func() { s.network.dials = 0 })
				if err := sleep(t.Context(), 9*time.Second); err != nil {
					t.Fatal(err)
				}
				var err error
				if method == "GET" {
					_, err = session.Read(t.Context(), "/ISAPI/a")
				} else {
					_, err = session.Do(t.Context(), providers.Request{Method: method, Path: "/ISAPI/a", Body: []byte("<A/>")})
				}
				if err != nil || s.network.dials != 1 {
					t.Errorf("%v after %d dials", err, s.network.dials)
				}
			})
		})
	}
}

func TestWordsOfTheDeviceDoNotRepeatSecrets(t *testing.T) {
	for name, body := range map[string]string{
		"error":  `<ResponseStatus><statusCode>6</statusCode><subStatusCode>badXmlContent</subStatusCode><errorMsg>bad value ` + newSecret + ` for operator</errorMsg></ResponseStatus>`,
		"login":  `<ResponseStatus><statusCode>6</statusCode><subStatusCode>` + goodPassword + `</subStatusCode></ResponseStatus>`,
		"remark": `<ResponseStatus><statusCode>1</statusCode><subStatusCode>risk ` + newSecret + `</subStatusCode><id>` + newSecret + `</id></ResponseStatus>`,
		"root":   `<` + newSecret + `/>`,
	} {
		t.Run(name, func(t *testing.T) {
			reply, err := replyOf(http.StatusOK, []byte(body), secrets{userBody, providers.Credential{Password: schema.NewSecret(goodPassword)}}.blank)
			if text := fmt.Sprint(reply, err); strings.Contains(text, newSecret) || strings.Contains(text, goodPassword) {
				t.Error(text)
			}
		})
	}
}

func TestOnlyPathsOfTheDeviceAreAsked(t *testing.T) {
	origin := parseURL(t, "http://192.0.2.5:80")
	for _, path := range []string{"", "ISAPI/a", "//evil.example/ISAPI", "http://evil.example/ISAPI", "/ISAPI/\x00", "/a b%zz", "@evil.example/"} {
		if req, err := newRequest(t.Context(), origin, "GET", path, nil); err == nil {
			t.Errorf("%q gives %s", path, req.URL)
		}
	}
	req, err := newRequest(t.Context(), origin, "GET", "/ISAPI/Security/users?security=1&iv=%2Fa", nil)
	if err != nil || req.URL.RequestURI() != "/ISAPI/Security/users?security=1&iv=%2Fa" || req.URL.Host != origin.Host {
		t.Errorf("%v %v", req, err)
	}
}

// What a request has instead is sent after the refusals that say that the device does not have the address, and after no other
// answer.
func TestWhatIsInsteadIsSentWhereTheAddressIsRefused(t *testing.T) {
	for name, test := range map[string]struct {
		status int
		body   string
		sent   bool
	}{
		"not supported":   {403, responseStatus(4, "Invalid Operation", "notSupport"), true},
		"wrong verb":      {400, responseStatus(4, "Invalid Operation", "methodNotAllowed"), true},
		"no such path":    {404, "<html>404 Not Found</html>", true},
		"wrong verb, 405": {405, "", true},
		"bad value":       {400, responseStatus(6, "Invalid Content", "badParameters"), false},
		"device error":    {500, responseStatus(3, "Device Error", "deviceError"), false},
		"accepted":        {200, responseStatus(1, "OK", "ok"), false},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := newScene(t)
				session, sent := s.identified(), false
				s.device.faults = func(w http.ResponseWriter, r *http.Request) bool {
					switch {
					case r.Method == http.MethodGet:
						return false
					case r.URL.Path == "/ISAPI/list":
						sent = true
						io.WriteString(w, responseStatus(1, "OK", "ok"))
						return true
					}
					w.WriteHeader(test.status)
					io.WriteString(w, test.body)
					return true
				}
				_, err := session.Do(t.Context(), providers.Request{
					Method: "PUT", Path: "/ISAPI/list/1", Body: []byte("<A/>"), Instead: &providers.Request{Method: "PUT", Path: "/ISAPI/list", Body: []byte("<B/>")},
				})
				if sent != test.sent || sent && err != nil {
					t.Errorf("sent instead: %v, %v", sent, err)
				}
			})
		})
	}
}

// Requests that have the same instead share its outcome: the list brings the changes of all, so it is sent once, also where
// it is refused, and the later ones are not sent at all.
func TestWhatSeveralHaveInsteadIsSentOnce(t *testing.T) {
	for name, test := range map[string]struct {
		body string
		good bool
	}{
		"taken":   {responseStatus(1, "OK", "ok"), true},
		"refused": {responseStatus(6, "Invalid Content", "badParameters"), false},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := newScene(t)
				session := s.identified()
				var writes []string
				s.device.faults = func(w http.ResponseWriter, r *http.Request) bool {
					if r.Method == http.MethodGet {
						return false
					}
					writes = append(writes, r.URL.Path)
					if r.URL.Path == "/ISAPI/list" {
						io.WriteString(w, test.body)
						return true
					}
					w.WriteHeader(http.StatusForbidden)
					io.WriteString(w, responseStatus(4, "Invalid Operation", "notSupport"))
					return true
				}
				list := &providers.Request{Method: "PUT", Path: "/ISAPI/list", Body: []byte("<B/>")}
				for _, slot := range []string{"1", "2", "3"} {
					_, err := session.Do(t.Context(), providers.Request{Method: "PUT", Path: "/ISAPI/list/" + slot, Body: []byte("<A/>"), Instead: list})
					if (err == nil) != test.good {
						t.Errorf("slot %s: %v", slot, err)
					}
				}
				if want := []string{"/ISAPI/list/1", "/ISAPI/list"}; !slices.Equal(writes, want) {
					t.Errorf("sent %v, want %v", writes, want)
				}
			})
		})
	}
}
