package simulator_test

import (
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"camform/providers/hikvision/sadp"
	"camform/providers/hikvision/simulator"
)

const (
	guidPath      = "/ISAPI/Security/GUIDFileData"
	questionsPath = "/ISAPI/Security/questionConfiguration"
	emailPath     = "/ISAPI/Security/email/parameter?format=json"
	logPath       = "/ISAPI/ContentMgmt/logSearch"
)

// prepared is a device with all that a model offers for the day on which nobody knows its password.
type prepared struct {
	*testing.T
	fleet  *simulator.Fleet
	device *simulator.Device
	clock  *made
	guid   []byte
}

var answers = map[string]string{"1": "green", "2": "Ada", "3": "Paris"}

func prepare(t *testing.T, model string) *prepared {
	t.Helper()
	clock := newClock()
	f, d := one(t, model, clock.now)
	d.SetUser("guard", "Operator", "Guard-Pass-1")
	c := connect(t, f, d, "admin", password)
	a := c.do(http.MethodPost, guidPath, "<LoginPassword><password>"+password+"</password></LoginPassword>")
	if a.status != http.StatusOK || len(a.body) == 0 || len(a.body) > 128 {
		t.Fatalf("%d %s", a.status, a.body)
	}
	var questions strings.Builder
	for id, answer := range answers {
		fmt.Fprintf(&questions, "<Question><id>%s</id><answer>%s</answer></Question>", id, answer)
	}
	c.put(questionsPath, "<SecurityQuestion><QuestionList>"+questions.String()+"</QuestionList><password>"+password+"</password></SecurityQuestion>", "ok")
	if strings.Contains(string(d.Document(questionsPath)), "Ada") {
		t.Error("it tells answers")
	}
	if a := c.do(http.MethodPut, emailPath, `{"SecurityEmail":{"SecurityInformation":[{"emailAddress":"owner@example.com"}],"password":"`+password+`"}}`); a.status != http.StatusOK {
		t.Fatalf("%d %s", a.status, a.body)
	}
	return &prepared{t, f, d, clock, []byte(a.body)}
}

// code is what the device gives for support.
func (p *prepared) code() []byte {
	p.Helper()
	return []byte(inquire(p.T, p.fleet).tell(sadp.GetCode(messageID, p.device.MAC())).Code)
}

func (p *prepared) mail() string {
	p.Helper()
	address, code, err := p.device.Mail()
	if err != nil || address != "owner@example.com" {
		p.Fatal(address, err)
	}
	return code
}

// attempts are the right ones, by method.
func (p *prepared) attempts() map[simulator.Method]simulator.Attempt {
	p.Helper()
	return map[simulator.Method]simulator.Attempt{
		simulator.ByGUID: {File: p.guid}, simulator.ByQuestions: {Answers: answers}, simulator.ByEmail: {Code: p.mail()},
		simulator.BySupport: {File: simulator.SupportAnswer(p.code())},
	}
}

// attempt resets the device, and demands an error; nil for none.
func (p *prepared) attempt(m simulator.Method, a simulator.Attempt, want error) {
	p.Helper()
	a.Method, a.Password = m, "Second-Pass-2"
	if err := p.device.Reset(a); !errors.Is(err, want) || (err == nil) != (want == nil) {
		p.Errorf("%s: %v, want %v", m, err, want)
	}
}

func TestAResetOfThePasswordChangesNothingElse(t *testing.T) {
	for m := range map[simulator.Method]bool{simulator.ByGUID: true, simulator.ByQuestions: true, simulator.ByEmail: true, simulator.BySupport: true} {
		p := prepare(t, "camera-v58")
		before := p.documents()
		p.attempt(m, p.attempts()[m], nil)
		if p.device.Accepts("admin", password) || !p.device.Accepts("admin", "Second-Pass-2") || !p.device.Accepts("guard", "Guard-Pass-1") || p.device.Inactive() {
			t.Errorf("%s: other passwords than there should be", m)
		}
		if after := p.documents(); after != before {
			t.Errorf("%s: it changed more than a password", m)
		}
		if last := p.device.Log()[len(p.device.Log())-1]; last.Kind != simulator.PasswordReset || last.Detail != "localResetLoginPassWord" {
			t.Errorf("%s: %+v", m, last)
		}
		p.attempt(simulator.ByGUID, simulator.Attempt{File: p.guid}, simulator.ErrWrongProof) // the file is void
		p.attempt(simulator.ByQuestions, simulator.Attempt{Answers: answers}, nil)            // answers stay
	}
}

// documents are all documents of the device, but for those that run.
func (p *prepared) documents() string {
	var b strings.Builder
	for _, path := range p.device.Documents() {
		fmt.Fprintf(&b, "%s %s\n", path, p.device.Document(path))
	}
	return b.String()
}

func TestWrongFilesAnswersAndCodesCostTime(t *testing.T) {
	wrong := simulator.Attempt{File: []byte("x"), Answers: map[string]string{"1": "green", "2": "Ada", "3": "Rome"}, Code: "x"}
	for _, m := range []simulator.Method{simulator.ByGUID, simulator.ByQuestions, simulator.ByEmail} {
		p := prepare(t, "camera-v58")
		right := p.attempts()[m]
		for range 6 {
			p.attempt(m, wrong, simulator.ErrWrongProof)
		}
		p.attempt(m, wrong, simulator.ErrWrongProof)
		p.attempt(m, right, simulator.ErrTooMany)
		p.clock.advance(29 * time.Minute)
		p.attempt(m, right, simulator.ErrTooMany)
		p.clock.advance(time.Minute)
		p.attempt(m, wrong, simulator.ErrWrongProof)
		p.attempt(m, right, nil)
	}
}

func TestCodesAreVoidAfterAnotherAStartAndTwoDays(t *testing.T) {
	for _, m := range []simulator.Method{simulator.ByEmail, simulator.BySupport} {
		for name, end := range map[string]func(*prepared){
			"nothing":       func(p *prepared) { p.clock.advance(48 * time.Hour) },
			"another":       func(p *prepared) { p.attempts() },
			"a start":       func(p *prepared) { p.device.Reboot(); p.device.Plug() },
			"too much time": func(p *prepared) { p.clock.advance(48*time.Hour + time.Second) },
		} {
			p := prepare(t, "camera-v58")
			right := p.attempts()[m]
			end(p)
			var want error
			switch {
			case name == "nothing":
			case m == simulator.ByEmail && name == "another":
				want = simulator.ErrWrongProof
			default:
				want = simulator.ErrOverdue
			}
			t.Log(m, name)
			p.attempt(m, right, want)
		}
	}
	p := prepare(t, "camera-v58")
	code := p.mail()
	connect(t, p.fleet, p.device, "admin", password).do(http.MethodPut, emailPath, `{"SecurityEmail":{"SecurityInformation":[{"emailAddress":"other@example.com"}],"password":"`+password+`"}}`)
	p.attempt(simulator.ByEmail, simulator.Attempt{Code: code}, simulator.ErrOverdue)
	if address, _, err := p.device.Mail(); address != "other@example.com" {
		t.Error(address, err)
	}
}

func TestWhatADeviceCannotBeResetBy(t *testing.T) {
	p := prepare(t, "camera-v58")
	weak := simulator.Attempt{Method: simulator.ByGUID, File: p.guid, Password: "weak"}
	if err := p.device.Reset(weak); !errors.Is(err, simulator.ErrRisk) {
		t.Error(err)
	}
	p.attempt("app", simulator.Attempt{}, simulator.ErrNoSuchReset)
	p.device.Unplug()
	p.attempt(simulator.Wipe, simulator.Attempt{}, simulator.ErrNoState)
	p.device.Plug()
	p.clock.advance(time.Hour)
	p.device.SetQuirks(simulator.Quirks{Inactive: true})
	p.attempt(simulator.ByGUID, simulator.Attempt{File: p.guid}, simulator.ErrNoState)
	f, d := one(t, "thermal-v55", newClock().now)
	thermal := &prepared{T: t, fleet: f, device: d}
	thermal.attempt(simulator.ByGUID, simulator.Attempt{}, simulator.ErrNoSuchReset)
	thermal.attempt(simulator.BySupport, simulator.Attempt{}, simulator.ErrOverdue)
	if _, _, err := d.Mail(); !errors.Is(err, simulator.ErrNoSuchReset) {
		t.Error(err)
	}
	if a := connect(t, f, d, "admin", password).do(http.MethodPost, guidPath, "<LoginPassword/>"); a.status != http.StatusForbidden {
		t.Errorf("%d %s", a.status, a.body)
	}
}

func TestAGUIDFileNeedsThePassword(t *testing.T) {
	p := prepare(t, "camera-v57")
	c := connect(t, p.fleet, p.device, "admin", password)
	if a := c.do(http.MethodPost, guidPath, "<LoginPassword><password>wrong</password></LoginPassword>"); !strings.Contains(a.body, "administratorPasswordError") || p.device.Refusals() != 1 {
		t.Errorf("%d refusals, %s", p.device.Refusals(), a.body)
	}
	for body, want := range map[string]string{"x": "badXmlFormat", "<User/>": "badXmlContent", "<LoginPassword/>": "MessageParametersLack"} {
		if a := c.do(http.MethodPost, guidPath, body); !strings.Contains(a.body, want) {
			t.Errorf("%s: %s", body, a.body)
		}
	}
	if a := connect(t, p.fleet, p.device, "guard", "Guard-Pass-1").do(http.MethodPost, guidPath, "<LoginPassword><password>Guard-Pass-1</password></LoginPassword>"); !strings.Contains(a.body, "lowPrivilege") {
		t.Error(a.body)
	}
	text, iv := encipher(t, password, cipherKey(c), 3)
	a := c.do(http.MethodPost, guidPath+"?security=1&iv="+iv, "<LoginPassword><password>"+text+"</password></LoginPassword>")
	if a.body != string(p.guid) {
		t.Errorf("%s", a.body)
	}
}

func TestABasicResetKeepsTheWayInAndAFullOneNothing(t *testing.T) {
	p := prepare(t, "camera-v58")
	const lockPath, ntpPath = "/ISAPI/Security/illegalLoginLock", "/ISAPI/System/time/ntpServers"
	factoryNTP := string(p.device.Document(ntpPath))
	for path, change := range map[string][2]string{lockPath: {">30<", ">31<"}, ntpPath: {"<portNo>123<", "<portNo>124<"}} {
		if err := p.device.SetDocument(path, []byte(edit(t, string(p.device.Document(path)), change[0], change[1]))); err != nil {
			t.Fatal(err)
		}
	}
	p.attempt(simulator.Basic, simulator.Attempt{}, nil)
	if !p.device.Accepts("admin", password) || !strings.Contains(string(p.device.Document(lockPath)), ">31<") || string(p.device.Document(ntpPath)) != factoryNTP {
		t.Errorf("after a basic reset:\n%s", p.documents())
	}
	p.clock.advance(time.Hour)
	p.attempt(simulator.ByGUID, simulator.Attempt{File: p.guid}, nil)
	p.attempt(simulator.Wipe, simulator.Attempt{}, nil)
	p.clock.advance(time.Hour)
	if !p.device.Inactive() || strings.Contains(string(p.device.Document(lockPath)), ">31<") {
		t.Error("it remembers")
	}
	if a := activateV3(anonymousClient(t, p.fleet, p.device), "First-Pass-1"); a.status != http.StatusOK {
		t.Error(a.body)
	}
	p.attempt(simulator.ByQuestions, simulator.Attempt{Answers: answers}, simulator.ErrWrongProof)
	if _, _, err := p.device.Mail(); !errors.Is(err, simulator.ErrNoState) {
		t.Error(err)
	}
	var kinds []string
	for _, e := range p.device.Log() {
		if e.Detail != "" {
			kinds = append(kinds, e.Detail)
		}
	}
	if got := fmt.Sprint(kinds); got != "[localParamSimpleDefault localResetLoginPassWord localParamFactoryDefault remoteSetDeviceActive]" {
		t.Error(got)
	}
}

func TestFirmwareFromBeforeActivationComesBackWithItsFactoryPassword(t *testing.T) {
	clock := newClock()
	f, d := one(t, "camera-v52", clock.now)
	if got := connect(t, f, d, "admin", password).get(userCheck); !strings.Contains(got, "<isDefaultPassword>false<") || !strings.Contains(got, "<isRiskPassword>false<") {
		t.Error(got)
	}
	if err := d.Reset(simulator.Attempt{Method: simulator.Wipe}); err != nil {
		t.Fatal(err)
	}
	clock.advance(time.Hour)
	if got := connect(t, f, d, "admin", "12345").get(userCheck); !strings.Contains(got, "<isDefaultPassword>true<") || !strings.Contains(got, "<isRiskPassword>true<") || d.Accepts("admin", password) {
		t.Error(got)
	}
}

func TestAWipedDeviceShowsAnotherKey(t *testing.T) {
	f := newFleet(t, simulator.Options{Models: []string{"camera-v57"}, TLS: true, Clock: newClock().now})
	d := f.Devices()[0]
	shown := func() string {
		t.Helper()
		response, err := connect(t, f, d, "admin", password).http.Get(f.URL(d).String() + "/SDK/activateStatus")
		if err != nil {
			t.Fatal(err)
		}
		response.Body.Close()
		return fmt.Sprint(response.TLS.PeerCertificates[0].PublicKey)
	}
	before := shown()
	if again := shown(); again != before {
		t.Error("it changes without a reason")
	}
	if err := d.Reset(simulator.Attempt{Method: simulator.Basic}); err != nil {
		t.Fatal(err)
	}
	d.Plug()
	if shown() != before {
		t.Error("a basic reset changes the key")
	}
	if err := d.Reset(simulator.Attempt{Method: simulator.Wipe}); err != nil {
		t.Fatal(err)
	}
	d.Plug()
	if shown() == before {
		t.Error("the old key outlasts a wipe")
	}
}

func TestARecorderForgetsItsCameras(t *testing.T) {
	f, says := wired(t, simulator.Wiring{Channels: []simulator.Channel{
		{Recorder: recorder1, Camera: camera3}, {Recorder: recorder1, Camera: camera4, Plugged: true}, {Recorder: recorder1, Camera: camera5},
	}})
	says(recorder1, connected, connected, connected)
	r := f.Device(recorder1)
	if err := r.Reset(simulator.Attempt{Method: simulator.Basic}); err != nil {
		t.Fatal(err)
	}
	r.Plug()
	says(recorder1, connected, connected, connected)
	if err := r.Reset(simulator.Attempt{Method: simulator.Wipe}); err != nil {
		t.Fatal(err)
	}
	r.Plug()
	says(recorder1, none) // the one at its port, without the password
	if f.Device(camera3).Inactive() || !f.Device(camera3).Accepts("admin", password) {
		t.Error("a camera lost its password with its recorder")
	}
}

func TestAResetCameraLocksItsRecorderOut(t *testing.T) {
	f, says := wired(t, simulator.Wiring{Channels: []simulator.Channel{{Recorder: recorder1, Camera: camera3}}})
	says(recorder1, connected)
	d := f.Device(camera3)
	p := &prepared{T: t, fleet: f, device: d}
	p.attempt(simulator.BySupport, simulator.Attempt{File: simulator.SupportAnswer(p.code())}, nil)
	for range 7 { // which it does every ten seconds
		says(recorder1, none)
	}
	says(recorder1, "userLocked")
}

// search searches the log of the device for records.
func search(c *client, what, spans string, position, limit int) string {
	c.t.Helper()
	a := c.do(http.MethodPost, logPath, fmt.Sprintf(`<CMSearchDescription><searchID>A-1</searchID><metaId>log.std-cgi.com/%s</metaId>%s<searchResultPostion>%d</searchResultPostion><maxResults>%d</maxResults></CMSearchDescription>`, what, spans, position, limit))
	if a.status != http.StatusOK || !strings.Contains(a.body, "<searchID>A-1<") {
		c.t.Fatalf("%d %s", a.status, a.body)
	}
	return a.body
}

func TestTheLogTellsOfResets(t *testing.T) {
	p := prepare(t, "camera-v57")
	p.attempt(simulator.ByGUID, simulator.Attempt{File: p.guid}, nil)
	p.clock.advance(time.Minute)
	c := connect(t, p.fleet, p.device, "admin", "Second-Pass-2")
	const resets = "Operation/localResetLoginPassWord"
	found := search(c, resets, "", 0, 40)
	for _, want := range []string{">OK<", "<numOfMatches>1<", "<metaId>log.std-cgi.com/" + resets + "<", "<StartDateTime>2026-03-04T", "<userName>admin<"} {
		if !strings.Contains(found, want) {
			t.Errorf("no %s in\n%s", want, found)
		}
	}
	span := func(from, to string) string {
		return "<timeSpanList><timeSpan><startTime>" + from + "</startTime><endTime>" + to + "</endTime></timeSpan></timeSpanList>"
	}
	if got := search(c, resets, span("2026-03-04T00:00:00Z", "2026-03-05T00:00:00Z"), 0, 40); !strings.Contains(got, "<numOfMatches>1<") {
		t.Error(got)
	}
	if got := search(c, resets, span("2026-03-05T00:00:00Z", "2026-03-06T00:00:00Z"), 0, 40); !strings.Contains(got, "NO MATCHES") {
		t.Error(got)
	}
	all := search(c, "All", "", 0, 100)
	if !strings.Contains(all, "remoteLogin") || !strings.Contains(search(c, "Operation", "", 0, 100), resets) || strings.Contains(search(c, "Exception", "", 0, 100), resets) {
		t.Error(all)
	}
	first, second := search(c, "All", "", 0, 1), search(c, "All", "", 1, 1)
	if !strings.Contains(first, ">MORE<") || first == second || !strings.Contains(second, "<numOfMatches>1<") {
		t.Error(first, second)
	}
	for body, want := range map[string]string{
		"x": "badXmlFormat", "<CMSearchDescription/>": "badXmlContent",
		"<CMSearchDescription><searchID>a</searchID><metaId>log.std-cgi.com/All</metaId><timeSpanList><timeSpan/></timeSpanList><maxResults>1</maxResults></CMSearchDescription>": "badParameters",
	} {
		if a := c.do(http.MethodPost, logPath, body); !strings.Contains(a.body, want) {
			t.Errorf("%s: %s", body, a.body)
		}
	}
}

func TestPeopleActFromAnotherProcess(t *testing.T) {
	p := prepare(t, "camera-v58")
	server := httptest.NewServer(p.fleet.Control())
	defer server.Close()
	act := func(a simulator.Act) (simulator.Outcome, error) {
		a.Device = p.device.Name()
		return simulator.Perform(t.Context(), server.URL, a)
	}
	o, err := act(simulator.Act{Deed: simulator.AskMail})
	if err != nil || o.Address != "owner@example.com" || o.Code == "" {
		t.Error(o, err)
	}
	if _, err := act(simulator.Act{Deed: simulator.ResetIt, Attempt: simulator.Attempt{Method: simulator.ByEmail, Code: o.Code, Password: "Second-Pass-2"}}); err != nil || !p.device.Accepts("admin", "Second-Pass-2") {
		t.Error(err)
	}
	if _, err := act(simulator.Act{Deed: simulator.ResetIt, Attempt: simulator.Attempt{Method: simulator.ByGUID, File: []byte("x"), Password: "Second-Pass-2"}}); err == nil || !strings.Contains(err.Error(), "6 attempts are left") {
		t.Error(err)
	}
	if _, err := act(simulator.Act{Deed: "kick"}); err == nil {
		t.Error("somebody kicks it")
	}
	if _, err := act(simulator.Act{Deed: simulator.RebootIt}); err != nil || p.device.Count(simulator.Rebooted) != 1 {
		t.Error(err)
	}
	if _, err := simulator.Perform(t.Context(), server.URL, simulator.Act{Device: "x", Deed: simulator.RebootIt}); err == nil || !strings.Contains(err.Error(), `no device "x"`) {
		t.Error(err)
	}
	r, err := http.NewRequest(http.MethodPost, server.URL+"/act", strings.NewReader(`{"deed":"reboot"}`))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Origin", "https://example.com")
	if answer, err := http.DefaultClient.Do(r); err != nil || answer.StatusCode != http.StatusForbidden {
		t.Error("a page in a browser acts at devices")
	}
}
