package isapi

import (
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"
	"testing/synctest"

	"camform/providers"
	"camform/schema"
)

func TestReadClassifiesAnswers(t *testing.T) {
	status := responseStatus
	for name, test := range map[string]struct {
		http    int
		body    string
		family  error
		text    string // in the error
		missing string
	}{
		"document":              {200, "<A><secret/></A>", nil, "", ""},
		"plain text":            {200, "CST-8:00:00", nil, "", ""},
		"JSON":                  {200, `{"SecurityEmail":{}}`, nil, "", ""},
		"not supported":         {403, status(4, "Invalid Operation", "notSupport"), nil, "", "403 notSupport"},
		"not supported, JSON":   {403, `{"statusCode":4,"statusString":"Invalid Operation","subStatusCode":"notSupport","errorCode":0}`, nil, "", "403 notSupport"},
		"number only":           {403, `<ResponseStatus><statusCode>4</statusCode><errorCode>1073741825</errorCode></ResponseStatus>`, nil, "", "403 notSupport"},
		"not supported, 200":    {200, status(4, "Invalid Operation", "notSupport"), nil, "", "200 notSupport"},
		"no such path":          {404, "", nil, "", "404"},
		"page, 404":             {404, "<html>404 Not Found</html>", nil, "", "404 with an HTML page"},
		"page, 403":             {403, "<!DOCTYPE html><html></html>", nil, "", "403 with an HTML page"},
		"page, 500":             {500, "<!DOCTYPE html><html></html>", nil, "", "500 with an HTML page"},
		"no such path, new":     {404, status(4, "Invalid Operation", "invalidID"), nil, "", "404 invalidID"},
		"wrong verb":            {403, status(4, "Invalid Operation", "methodNotAllowed"), nil, "", "403 methodNotAllowed"},
		"wrong verb, 400":       {400, status(4, "Invalid Operation", "methodNotAllowed"), nil, "", "400 methodNotAllowed"},
		"bare 400":              {400, "", nil, "", "400"},
		"bare 500":              {500, "", nil, "", "500"},
		"device error, 500":     {500, status(3, "Device Error", "deviceError"), nil, "", "500 deviceError"},
		"no such trigger":       {503, status(2, "Device Busy", "isapi get event trigger is failed[131073]!!!"), nil, "", "503 isapi get event trigger is failed[131073]!!!"},
		"no such trigger, text": {503, `<ResponseStatus><statusCode>2</statusCode><subStatusString>isapi get event trigger is failed[131073]!!!</subStatusString></ResponseStatus>`, nil, "", "503 isapi get event trigger is failed[131073]!!!"},
		"bare 403":              {403, "", nil, "", "403"},
		"escapes":               {404, status(4, "x", "\x1b[31m\u202eabc"), nil, "", "404"},
		"role too low":          {403, status(4, "Invalid Operation", "lowPrivilege"), providers.ErrDenied, "lowPrivilege", ""},
		"role too low, 400":     {400, status(4, "Invalid Operation", "badAuthorization"), providers.ErrDenied, "", ""},
		"excluded":              {403, status(4, "Invalid Operation", "invalidOperation"), providers.ErrUnsupported, "invalidOperation", ""},
		"device error, 200":     {200, status(3, "Device Error", "deviceError"), providers.ErrBusy, "deviceError", ""},
		"busy":                  {200, status(2, "Device Busy", "deviceBusy"), providers.ErrBusy, "deviceBusy", ""},
		"bare 503":              {503, "", providers.ErrBusy, "503", ""},
		"busy, 500":             {500, status(2, "Device Busy", "deviceBusy"), providers.ErrBusy, "deviceBusy", ""},
		"page":                  {200, "<!DOCTYPE HTML><HTML></HTML>", providers.ErrMalformed, "HTML", ""},
		"page without type":     {200, "<html lang=en><br></html>", providers.ErrMalformed, "HTML", ""},
		"nothing":               {200, "", providers.ErrMalformed, "empty", ""},
		"mere OK":               {200, status(1, "OK", "ok"), providers.ErrMalformed, "status", ""},
		"login state":           {200, "<userCheck><statusValue>200</statusValue></userCheck>", providers.ErrMalformed, "login", ""},
		"locked":                {403, status(4, "Invalid Operation", "deviceIsLocked"), providers.ErrLocked, "", ""},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := newScene(t)
				session := s.identified()
				tries := 0
				s.device.faults = func(w http.ResponseWriter, r *http.Request) bool {
					if r.URL.Path != "/ISAPI/a" {
						return false
					}
					tries++
					w.WriteHeader(test.http)
					io.WriteString(w, test.body)
					return true
				}
				doc, err := session.Read(t.Context(), "/ISAPI/a?format=json")
				wantTries := 1
				switch {
				case test.http == 500 && test.family == nil || strings.HasPrefix(name, "device error"):
					wantTries = 2
				case errors.Is(err, providers.ErrBusy):
					wantTries = maxTries
				}
				if tries != wantTries {
					t.Errorf("asked %d times, want %d", tries, wantTries)
				}
				if test.family != nil {
					wantFamily(t, err, test.family)
					wantText(t, err, test.text)
					return
				}
				if err != nil {
					t.Fatal(err)
				}
				want := providers.Document{Path: "/ISAPI/a?format=json", Missing: test.missing}
				if test.missing == "" {
					want.Body = []byte(test.body)
				}
				if unsure := test.http == 500 || strings.HasPrefix(name, "page"); doc.Unsure != unsure {
					t.Errorf("unsure: %t, want %t", doc.Unsure, unsure)
				}
				if name == "escapes" {
					if strings.ContainsAny(doc.Missing, "\x1b\u202e") {
						t.Errorf("control characters in %q", doc.Missing)
					}
					return
				}
				if doc.Path != want.Path || string(doc.Body) != string(want.Body) || doc.Missing != want.Missing || (doc.Body == nil) != (want.Body == nil) {
					t.Errorf("have %+v, want %+v", doc, want)
				}
			})
		})
	}
}

func TestADeviceThatForbidsEverythingIsLocked(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newScene(t)
		session := s.identified()
		s.device.faults = func(w http.ResponseWriter, _ *http.Request) bool {
			w.WriteHeader(http.StatusForbidden)
			return true
		}
		_, err := session.Read(t.Context(), "/ISAPI/a")
		wantFamily(t, err, providers.ErrLocked)
	})
}

func TestNothingIsReadBeforeIdentify(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newScene(t)
		session := s.open()
		_, read := session.Read(t.Context(), "/ISAPI/a")
		_, do := session.Do(t.Context(), providers.Request{Method: "PUT", Path: "/ISAPI/a"})
		if read == nil || do == nil || len(s.device.seen()) != 0 {
			t.Errorf("read: %v, do: %v", read, do)
		}
	})
}

func TestAnotherDeviceIsRefused(t *testing.T) {
	for name, test := range map[string]struct {
		pin    providers.Pin
		want   providers.Identity
		answer string
		family error
	}{
		"declared serial": {want: providers.Identity{Serial: "SN0002"}, family: providers.ErrIdentity},
		"declared model":  {want: providers.Identity{Model: "DS-1"}, family: providers.ErrIdentity},
		"pinned serial":   {pin: providers.Pin{Serial: "SN0002"}, family: providers.ErrIdentity},
		"pinned MAC":      {pin: providers.Pin{MAC: "00:11:22:33:44:55"}, family: providers.ErrIdentity},
		"a page":          {answer: "<html></html>", family: providers.ErrMalformed},
		"another root":    {answer: "<userCheck><serialNumber>SN0001</serialNumber></userCheck>", family: providers.ErrMalformed},
		"nameless":        {answer: "<DeviceInfo><model>x</model></DeviceInfo>", family: providers.ErrMalformed},
		"denied":          {answer: responseStatus(4, "Invalid Operation", "lowPrivilege"), family: providers.ErrDenied},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := newScene(t)
				s.target.Pin, s.target.Want = test.pin, test.want
				if test.answer != "" {
					s.device.documents[deviceInfoPath] = test.answer
				}
				session := s.open()
				_, err := session.Identify(t.Context())
				wantFamily(t, err, test.family)
				s.device.seen()
				if _, err := session.Do(t.Context(), providers.Request{Method: "PUT", Path: "/ISAPI/a"}); err == nil || len(s.device.seen()) != 0 {
					t.Errorf("something was written to an unknown device: %v", err)
				}
				if session.Pin() != test.pin {
					t.Errorf("it was pinned: %+v", session.Pin())
				}
			})
		})
	}
}

func TestADeviceThatIsSwappedInTheMiddleIsNotWrittenTo(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newScene(t)
		session := s.identified()
		s.device.change(func() { s.device.documents[deviceInfoPath] = deviceInfo("SN0002") })
		if err := sleep(t.Context(), freshness); err != nil {
			t.Fatal(err)
		}
		_, err := session.Do(t.Context(), providers.Request{Method: "PUT", Path: "/ISAPI/a"})
		wantFamily(t, err, providers.ErrIdentity)
		if len(s.device.writes) != 0 {
			t.Error("the other device was written to")
		}
	})
}

func TestI7AReaderCannotWrite(t *testing.T) {
	var reader providers.Reader = OpenReader(providers.Target{}, Options{})
	if _, ok := reader.(interface {
		Do(providers.Request) (providers.Reply, error)
	}); ok {
		t.Error("a reader has Do")
	}
	if _, ok := reader.(providers.Session); ok {
		t.Error("a reader is a session")
	}
	if _, ok := reader.(providers.Authenticator); ok {
		t.Error("a reader can spend login attempts")
	}
}

func TestASourceIsTheLocalAddress(t *testing.T) {
	server := httptest.NewServer(newDevice())
	defer server.Close()
	session := Open(providers.Target{
		URL:    parseURL(t, server.URL),
		Login:  providers.Credential{Username: "admin", Password: schema.NewSecret(goodPassword)},
		Ledger: &ledger{},
	}, Options{})
	defer session.Close()
	if _, err := session.Identify(t.Context()); err != nil {
		t.Fatal(err)
	}
	doc, err := session.Read(t.Context(), "/ISAPI/a")
	if err != nil || doc.Source != "127.0.0.1" {
		t.Errorf("source %q, %v", doc.Source, err)
	}
}

func TestRecordedIdentitiesAreRead(t *testing.T) {
	found := 0
	for _, file := range recorded(t, "deviceInfo.xml") {
		body, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := identityOf(http.StatusOK, body, nil); err != nil {
			t.Errorf("%s: %v", file, err)
		}
		found++
	}
	if found == 0 {
		t.Error("no recorded deviceInfo was found")
	}
}

func TestRecordedRepliesHaveAFamily(t *testing.T) {
	found := 0
	for _, file := range recorded(t, "*-response*.xml") {
		body, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		v := verdictOf(http.StatusOK, body)
		if !v.isapi {
			continue
		}
		found++
		if _, err := replyOf(http.StatusOK, body, secrets{}.blank); (err == nil) != v.accepted() {
			t.Errorf("%s: %v", file, err)
		}
		if v.code < 0 {
			t.Errorf("%s: no statusCode", file)
		}
	}
	if found == 0 {
		t.Error("no recorded reply was found")
	}
}

// A plan needs the document that told who is there once. What a session reads it may write, so that has to be as it is now.
func TestASessionReadsAnewWhatItMayWrite(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newScene(t)
		session := s.identified()
		reader := OpenReader(s.target, s.options)
		defer reader.Close()
		if _, err := reader.Identify(t.Context()); err != nil {
			t.Fatal(err)
		}
		s.device.seen()
		s.device.change(func() { s.device.documents[deviceInfoPath] = deviceInfo("SN0002") })
		for i, want := range []struct {
			reader   providers.Reader
			serial   string
			requests int
		}{{reader, "SN0001", 0}, {reader, "SN0002", 1}, {session, "SN0002", 1}} {
			doc, err := want.reader.Read(t.Context(), deviceInfoPath)
			if err != nil || !strings.Contains(string(doc.Body), want.serial) {
				t.Errorf("%d: %s, %v", i, doc.Body, err)
			}
			if n := len(s.device.seen()); n != want.requests {
				t.Errorf("%d: %d requests, want %d", i, n, want.requests)
			}
		}
	})
}

// Firmware writes names without escaping them, and texts with control characters; who it is stands beside them.
func TestADeviceIsKnownWhateverItsNameHas(t *testing.T) {
	for _, name := range []string{"Bar & Grill", "R&D", "A&nbsp;B", "yard\x01", "\xca\xe9\xb7\xbf & \x02", "a &amp; b &#38; c"} {
		synctest.Test(t, func(t *testing.T) {
			s := newScene(t)
			s.device.documents[deviceInfoPath] = strings.Replace(deviceInfo("SN0001"), ">gate<", ">"+name+"<", 1)
			if identity, err := s.open().Identify(t.Context()); err != nil || identity.Serial != "SN0001" {
				t.Errorf("%q: %+v, %v", name, identity, err)
			}
		})
	}
}
