package engine_test

import (
	"context"
	"fmt"
	"net/http"
	"net/netip"
	"regexp"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"camform/engine/guard"
	"camform/engine/learn"
	"camform/engine/plan"
	"camform/engine/report"
	"camform/providers"
	"camform/providers/device"
	"camform/providers/hikvision"
	"camform/providers/hikvision/isapi"
	"camform/providers/hikvision/simulator"
	"camform/providers/memory"
	"camform/schema"
)

// shown is a site with a recorder that shows a camera.
type shown struct {
	*site
	camera, recorder *simulator.Device
}

const recorderPassword = "Shows-The-Gate-7"

// show makes a recorder show a camera on its channel 5, by an account of its own.
func show(t *testing.T, test func(*shown)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		fleet := newFleet(t, simulator.Options{Models: []string{"recorder-v2", "camera-v57"}})
		s := &shown{site: newSite(t, fleet, fleet.DialContext), recorder: fleet.Devices()[0], camera: fleet.Devices()[1]}
		s.camera.SetUser("nvr", "Operator", recorderPassword)
		s.env["SHOWN_PASSWORD"] = recorderPassword
		s.recorderDoes(http.MethodDelete, "/ISAPI/ContentMgmt/InputProxy/channels/4", "") // of a camera that is nowhere
		s.connect(s.camera.Address().String(), 8000)
		s.sees("connect")
		test(s)
	})
}

// connect makes channel 4 of the recorder.
func (s *shown) connect(host string, port int) { s.Helper(); s.connectBy("HIKVISION", host, port) }

// connectBy makes channel 4 of the recorder, by a protocol.
func (s *shown) connectBy(protocol, host string, port int) {
	s.Helper()
	s.recorderDoes(http.MethodPost, "/ISAPI/ContentMgmt/InputProxy/channels", fmt.Sprintf(`<InputProxyChannel><id>4</id><name>Gate</name><sourceInputPortDescriptor>`+
		`<proxyProtocol>%s</proxyProtocol><addressingFormatType>ipaddress</addressingFormatType><ipAddress>%s</ipAddress><managePortNo>%d</managePortNo>`+
		`<srcInputPort>1</srcInputPort><userName>nvr</userName><password>%s</password><connMode>manual</connMode></sourceInputPortDescriptor></InputProxyChannel>`,
		protocol, host, port, recorderPassword))
}

// recorderDoes sends a request to the recorder, as somebody at its web page would.
func (s *shown) recorderDoes(method, path, body string) {
	s.Helper()
	session := hikvision.New(isapi.Options{Dial: s.fleet.DialContext}).Open(providers.Target{
		URL: s.fleet.URL(s.recorder), Login: providers.Credential{Username: "admin", Password: schema.NewSecret(fleetPassword)}, Ledger: freeLedger{},
	})
	defer session.Close()
	if _, err := session.Identify(s.Context()); err != nil {
		s.Fatal(err)
	}
	if _, err := session.Do(s.Context(), providers.Request{Method: method, Path: path, Body: []byte(body)}); err != nil {
		s.Fatal(err)
	}
}

// freeLedger lets everybody try.
type freeLedger struct{}

func (freeLedger) Charge(context.Context, providers.Attempt) (providers.Charge, error) { return 0, nil }

func (freeLedger) Allow(context.Context, providers.Attempt) error { return nil }

func (freeLedger) Settle(context.Context, providers.Charge, providers.AttemptResult) error {
	return nil
}
func (freeLedger) Return(context.Context, providers.Charge) error      { return nil }
func (freeLedger) Leave(context.Context, providers.Charge) error       { return nil }
func (freeLedger) Locked(context.Context, string, time.Duration) error { return nil }

// sees demands what the recorder says of the camera after its next try.
func (s *shown) sees(want string) {
	s.Helper()
	time.Sleep(15 * time.Second)
	if got := string(s.recorder.Document("/ISAPI/ContentMgmt/InputProxy/channels/4/status")); !strings.Contains(got, "<chanDetectResult>"+want+"<") {
		s.Errorf("want %s, have\n%s", want, got)
	}
}

// declare declares both devices: the camera with settings, the recorder with others.
func (s *shown) declare(camera, recorder string) {
	s.Helper()
	s.manage(managedPolicy + s.deviceBlock("gate", s.camera, camera) + s.deviceBlock("recorder", s.recorder, recorder))
}

// plans plans, and returns the problems as text.
func (s *shown) plans() (*plan.Plan, string) {
	s.Helper()
	planned, problems := s.managing().Plan(s.Context(), s.cfg, nil)
	var texts []string
	for _, p := range problems {
		texts = append(texts, fmt.Sprintf("%v %s: %s", p.Severity, p.Code, p.Detail))
	}
	if planned == nil {
		s.Fatal(texts)
	}
	return planned.Plan, strings.Join(texts, "\n")
}

const ownAccount = `
  user "nvr" {
    level           = "Operator"
    password_policy = credential_policy.standard
  }
`

// A recorder without declared channels gets the new password of the camera in the same run, and shows it afterwards.
func TestI13ARecorderIsToldANewPasswordThatNobodyDeclares(t *testing.T) {
	show(t, func(s *shown) {
		s.declare(ownAccount, "")
		p, problems := s.plans()
		if problems != "" {
			t.Fatal(problems)
		}
		s.sameText(toldPlan(p), `
			update gate.user.nvr password:config
			update recorder.channel["4"] password:config`)
		if bad := s.applies(p).Bad(); len(bad) > 0 {
			t.Fatal(bad)
		}
		s.sees("connect")
		s.declare(ownAccount, "")
		if p, problems := s.plans(); !p.Empty() || problems != "" {
			t.Errorf("planned again: %s %s", toldPlan(p), problems)
		}
	})
}

// applies carries out a plan with the vault.
func (s *shown) applies(p *plan.Plan) *report.Report {
	s.Helper()
	s.runs++
	return s.managing().Apply(s.Context(), s.Context(), p, fmt.Sprintf("run-%d", s.runs))
}

func (s *shown) sameText(got, want string) {
	s.Helper()
	if trim(got) != trim(want) {
		s.Errorf("got\n%s\nwant\n%s", trim(got), trim(want))
	}
}

// What is learned of a recorder and of the camera that it shows ties both together: the plan has nothing to do, and where the
// password of the camera is managed afterwards, the channel follows by the reference.
func TestI13WhatIsLearnedRefersToTheCamera(t *testing.T) {
	for name, how := range map[string]func([]learn.Device, learn.Options) *learn.Result{"import": learn.Import, "learn": learn.Learn} {
		t.Run(name, func(t *testing.T) {
			show(t, func(s *shown) {
				r := s.write(s.survey(s.candidates()), how)
				if p, problems := s.plan(); !p.Empty() || len(p.Devices) != 2 || len(problems) > 0 {
					t.Errorf("planned %s, problems %v", toldPlan(p), problems)
				}
				if got := s.learnedUsers(); got != `device.recorder-v2-0001.channel["4"]` {
					t.Errorf("the account is used by %s", got)
				}
				text := string(r.Files[learn.DevicesFile])
				for _, line := range []string{
					`username = device.camera-v57-0002.user.nvr.name`,
					`password = try(device.camera-v57-0002.user.nvr.password, null)`,
				} {
					if !strings.Contains(strings.Join(strings.Fields(text), " "), line) {
						t.Errorf("%s is not in\n%s", line, text)
					}
				}
			})
		})
	}
}

// learnedUsers are those who log in with the account nvr of the learned camera.
func (s *shown) learnedUsers() string {
	for _, a := range s.credentials() {
		if a.Device.Name == "camera-v57-0002" && a.Account == "nvr" {
			return strings.Join(a.Users, ", ")
		}
	}
	return "no such account"
}

// recorderOnly is an allow list that has us, and the recorder only where an entry names it.
const allowList = `
  ip_filter {
    enabled   = true
    mode      = "allow"
    addresses = ["127.0.0.1"%s]
  }
`

// A recorder that was found to use a device counts like a declared one.
func TestI13AFoundRecorderKeepsItsWayIn(t *testing.T) {
	const literal = `
  channel "4" {
    username = "nvr"
    password = secret("env:SHOWN_PASSWORD")
  }
`
	recorder := func(s *shown) string { return fmt.Sprintf(", %q", s.recorder.Address()) }
	for name, c := range map[string]struct {
		camera   func(*shown) string
		recorder string
		refused  string // a part of the reason; empty where the plan is good
	}{
		"an allow list without it": {camera: func(*shown) string { return fmt.Sprintf(allowList, "") }, refused: "the address from which device.recorder.channel[\"4\"] (\"Gate\") reaches this device"},
		"an allow list with it":    {camera: func(s *shown) string { return fmt.Sprintf(allowList, recorder(s)) }},
		"its account goes":         {camera: func(*shown) string { return "exclusive = [\"user\"]\n" }, refused: "would no longer exist on the device"},
		"its account may do less":  {camera: func(*shown) string { return "user \"nvr\" {\n level = \"Viewer\"\n}\n" }, refused: "from Operator to Viewer"},
		"its port moves":           {camera: func(*shown) string { return "service \"DEV_MANAGE\" {\n port = 8001\n}\n" }, refused: "on port 8000, and this would move it"},
		"its listener goes":        {camera: func(*shown) string { return "service \"DEV_MANAGE\" {\n enabled = false\n}\n" }, refused: "this change would switch it off"},
		"another account": {camera: func(*shown) string {
			return "user \"guest\" {\n level = \"Viewer\"\n password_policy = credential_policy.standard\n}\n"
		}},
		"a password that is declared":     {camera: func(*shown) string { return ownAccount }, recorder: literal, refused: "Write there password = device.gate.user.nvr.password"},
		"it may be cut off":               {camera: func(*shown) string { return fmt.Sprintf(allowList, "") + accepting("device.recorder.channel[\"4\"]") }},
		"the recorder may be cut off":     {camera: func(*shown) string { return fmt.Sprintf(allowList, "") + accepting("device.recorder") }},
		"another recorder may be cut off": {camera: func(*shown) string { return fmt.Sprintf(allowList, "") + accepting("device.recorders") }, refused: "The allow list does not contain"},
		"another source, by somebody's word": {camera: func(s *shown) string {
			return fmt.Sprintf(allowList, "") + "consumer \"device.recorder\" {\n address = \"127.0.0.1\"\n}\n"
		}},
	} {
		t.Run(name, func(t *testing.T) {
			show(t, func(s *shown) {
				s.declare(c.camera(s), c.recorder)
				_, problems := s.plans()
				refused := strings.Contains(problems, "error "+guard.Code)
				if refused != (c.refused != "") || !strings.Contains(problems, c.refused) {
					t.Errorf("the plan says %q, want %q", problems, c.refused)
				}
			})
		})
	}
}

func accepting(name string) string {
	return fmt.Sprintf("consumer %q {\n ignore = true\n reason = \"it goes tomorrow\"\n}\n", name)
}

// steps are the steps of a plan and what waits, one on a line.
func (s *shown) steps(p *plan.Plan) string {
	text := toldPlan(p)
	for _, d := range p.Devices {
		for _, left := range d.Skipped {
			text += fmt.Sprintf("%s waits: %s\n", left.Address, left.Told())
		}
	}
	return text
}

// A recorder that cannot be read now counts by what it told last: it keeps its way in, and a password that it would have to
// get must wait. It stops nothing else.
func TestI13ADeadRecorderCountsByItsLastList(t *testing.T) {
	show(t, func(s *shown) {
		s.declare(fmt.Sprintf(allowList, ""), "")
		s.plans() // it tells its list
		s.recorder.Unplug()
		s.declare(fmt.Sprintf(allowList, "")+ownAccount+"system {\n name = \"Gate\"\n}\n", "")
		p, problems := s.plans()
		if !strings.Contains(problems, "error "+guard.Code) || !strings.Contains(problems, `device.recorder.channel["4"] ("Gate") reaches`) {
			t.Errorf("the problems are %q", problems)
		}
		if steps := s.steps(p); strings.Contains(steps, "update gate.user.nvr") || !strings.Contains(steps, "update gate.system") ||
			!strings.Contains(steps, `device.gate.user.nvr waits: device.recorder.channel["4"] logs in with it according to its list of `) {
			t.Errorf("the steps are\n%s", steps)
		}
		s.declare(ownAccount+accepting("device.recorder"), "")
		if p, problems := s.plans(); !strings.Contains(s.steps(p), "update gate.user.nvr") || strings.Contains(problems, "error") {
			t.Errorf("accepted, the steps are\n%s\nand the problems %q", s.steps(p), problems)
		}
	})
}

// A recorder whose channels are unknown holds back what could cut it off, on devices of its site.
func TestI13ARecorderThatWasNeverReadHoldsChangesOfItsSite(t *testing.T) {
	const declared = "channel \"7\" {\n name = \"Yard\"\n}\n"
	for name, c := range map[string]struct {
		camera, recorder string
		waits            bool
		warns            bool
	}{
		"a recorder by its settings":     {recorder: declared, waits: true},
		"of another site":                {camera: "site = \"north\"\n", recorder: "site = \"south\"\n" + declared, warns: true},
		"a device that may be none":      {warns: true},
		"a recorder that may be cut off": {camera: accepting("device.recorder"), recorder: declared, warns: true},
	} {
		t.Run(name, func(t *testing.T) {
			show(t, func(s *shown) {
				s.recorder.Unplug()
				s.declare(ownAccount+"system {\n name = \"Gate\"\n}\n"+c.camera, c.recorder)
				p, problems := s.plans()
				steps := s.steps(p)
				waits := strings.Contains(steps, "device.gate.user.nvr waits: device.recorder may use this device, but camform has never read")
				if waits != c.waits || strings.Contains(steps, "update gate.user.nvr") == c.waits || !strings.Contains(steps, "update gate.system") {
					t.Errorf("the steps are\n%s", steps)
				}
				if warns := strings.Contains(problems, guard.CutCode); warns != c.warns || strings.Contains(problems, "error") {
					t.Errorf("the problems are %q", problems)
				}
			})
		})
	}
}

// A picture that was there before a run and is missing afterwards is reported, also where the plan accepted that.
func TestI13APictureThatIsGoneAfterARunIsTold(t *testing.T) {
	show(t, func(s *shown) {
		s.declare(fmt.Sprintf(allowList, "")+"consumer \"device.recorder\" {\n address = \"127.0.0.1\"\n}\n", "")
		p, problems := s.plans()
		if problems != "" {
			t.Fatal(problems)
		}
		r := s.applies(p)
		s.sameText(told(r), `
			gate: done
			update ip_filter: done
			recorder: lost
			channel["4"]: lost`)
		if bad := r.Bad(); len(bad) != 1 || !strings.Contains(bad[0].Detail, `channel["4"]: the device reports online = false`) {
			t.Errorf("it needs attention: %v", bad)
		}
		s.sees("netUnreachable")
	})
}

// A picture that stays is not told.
func TestI13APictureThatStaysIsNotTold(t *testing.T) {
	show(t, func(s *shown) {
		s.declare(fmt.Sprintf(allowList, fmt.Sprintf(", %q", s.recorder.Address())), "")
		p, problems := s.plans()
		if problems != "" {
			t.Fatal(problems)
		}
		if bad := s.applies(p).Bad(); len(bad) > 0 {
			t.Errorf("it needs attention: %v", bad)
		}
		s.sees("connect")
	})
}

// What a device block keeps from being changed is not told a new password: the account waits for somebody's word.
func TestI13WhatIsProtectedIsToldNoPassword(t *testing.T) {
	const keeps = "device.gate.user.nvr waits: device.recorder.channel[\"4\"] logs in with it and would lose this device: lifecycle { %s } of device.recorder"
	for _, c := range []struct{ camera, recorder, waits string }{
		{ownAccount, "lifecycle {\n protect = [channel]\n}\n", "protect"},
		{ownAccount, "lifecycle {\n ignore_changes = [channel[\"4\"].password]\n}\n", "ignore_changes"},
		{ownAccount, "channel \"4\" {\n password = device.gate.user.nvr.password\n}\nlifecycle {\n ignore_changes = [channel]\n}\n", "ignore_changes"},
		{ownAccount, "lifecycle {\n protect = [channel[\"5\"]]\n ignore_changes = [channel[\"4\"].name]\n}\n", ""},
		{ownAccount + accepting("device.recorder"), "lifecycle {\n protect = [channel]\n}\n", ""},
	} {
		show(t, func(s *shown) {
			s.declare(c.camera, c.recorder)
			p, problems := s.plans()
			steps := s.steps(p)
			waits := strings.Contains(steps, "user.nvr waits")
			told := strings.Contains(steps, "update recorder.channel")
			if waits != (c.waits != "") || waits && !strings.Contains(steps, fmt.Sprintf(keeps, c.waits)) || told != (!waits && c.camera == ownAccount) {
				t.Errorf("%s\nthe steps are\n%s\nand the problems %s", c.recorder, steps, problems)
			}
		})
	}
}

// A recorder that listed channels and no longer lists any is reported: somebody may have emptied it by mistake.
func TestI13ARecorderThatShowsNothingAnyMoreIsToldOf(t *testing.T) {
	show(t, func(s *shown) {
		s.declare(fmt.Sprintf(allowList, fmt.Sprintf(", %q", s.recorder.Address())), "")
		s.plans()
		for _, id := range channelIDs(string(s.recorder.Document("/ISAPI/ContentMgmt/InputProxy/channels"))) {
			s.recorderDoes(http.MethodDelete, "/ISAPI/ContentMgmt/InputProxy/channels/"+id, "")
		}
		if _, problems := s.plans(); !strings.Contains(problems, `device.recorder no longer lists any channel`) || !strings.Contains(problems, `device.recorder.channel["3"] and 1 more`) {
			t.Errorf("the problems are %q", problems)
		}
	})
}

// channelIDs are the numbers of the channels in a list.
func channelIDs(list string) []string {
	var ids []string
	for _, m := range regexp.MustCompile(`<InputProxyChannel\b[^>]*>\s*<id>(\d+)</id>`).FindAllStringSubmatch(list, -1) {
		ids = append(ids, m[1])
	}
	return ids
}

// callItself makes the recorder call itself another type of device.
func (s *shown) callItself(deviceType string) {
	s.Helper()
	const path = "/ISAPI/System/deviceInfo"
	info := string(s.recorder.Document(path))
	if !strings.Contains(info, "<deviceType>NVR<") {
		s.Fatalf("it does not call itself NVR:\n%s", info)
	}
	if err := s.recorder.SetDocument(path, []byte(strings.Replace(info, "<deviceType>NVR<", "<deviceType>"+deviceType+"<", 1))); err != nil {
		s.Fatal(err)
	}
}

const mayShow = "device.gate.user.nvr waits: device.recorder may use this device"

// A recorder that was read, but never reported what it shows, holds changes back when it is dead, and is reported where it did not even
// call itself one: its pictures are unknown.
func TestI13ARecorderOfWhichOnlyTheNameIsKnownIsTold(t *testing.T) {
	for deviceType, waits := range map[string]bool{"HybirdNVR": true, "DVR": false} {
		show(t, func(s *shown) {
			s.callItself(deviceType)
			s.declare("system {\n name = \"Gate\"\n}\n", "system {\n name = \"Recorder\"\n}\n")
			s.plans() // remembers who it is
			s.recorder.Unplug()
			s.declare(ownAccount, "")
			p, problems := s.plans()
			if steps := s.steps(p); strings.Contains(steps, mayShow) != waits {
				t.Errorf("%s: the steps are\n%s", deviceType, steps)
			}
			if strings.Contains(problems, "never read which other devices are used by device.recorder.") == waits {
				t.Errorf("%s: the problems are %q", deviceType, problems)
			}
		})
	}
}

// A device that calls itself a recorder and denies its list, or answers it with a fault, may show anything, and so may others of its
// model. One that does not call itself so is believed where it denies, and told of where it has a fault.
func TestI13ARecorderByItsTypeIsNotBelievedToShowNothing(t *testing.T) {
	denied := simulator.Rule{Status: http.StatusForbidden, Code: "notSupport"}
	broken := simulator.Rule{Status: http.StatusInternalServerError, Code: "deviceError"}
	for _, c := range []struct {
		deviceType   string
		answer       simulator.Rule
		waits, warns bool
	}{
		{"NVR", denied, true, false},
		{"NVR", broken, true, false},
		{"DVR", denied, false, false},
		{"DVR", broken, false, true},
	} {
		show(t, func(s *shown) {
			s.callItself(c.deviceType)
			c.answer.Action, c.answer.Method, c.answer.Path = simulator.Status, http.MethodGet, "/ISAPI/ContentMgmt/InputProxy/channels"
			if err := s.recorder.Inject(c.answer); err != nil {
				t.Fatal(err)
			}
			s.declare(ownAccount, "")
			for range 2 { // the second time by what was remembered
				p, problems := s.plans()
				steps := s.steps(p)
				if waits := strings.Contains(steps, mayShow); waits != c.waits || p.Complete() == c.waits {
					t.Errorf("%s, %s: the steps are\n%s", c.deviceType, c.answer.Code, steps)
				}
				if warns := strings.Contains(problems, "camform has never read which other devices are used by device.recorder"); warns != c.warns {
					t.Errorf("%s, %s: the problems are %q", c.deviceType, c.answer.Code, problems)
				}
			}
		})
	}
}

// A recorder that showed cameras and says of a sudden that it has no channels counts by what it told before.
func TestI13ARecorderThatDeniesItsChannelsCountsByItsLastList(t *testing.T) {
	show(t, func(s *shown) {
		s.callItself("DVR")
		s.declare(fmt.Sprintf(allowList, ""), "")
		s.plans() // it tells its list
		if err := s.recorder.Inject(simulator.Rule{
			Action: simulator.Status, Method: http.MethodGet, Path: "/ISAPI/ContentMgmt/InputProxy/channels", Status: http.StatusForbidden, Code: "notSupport",
		}); err != nil {
			t.Fatal(err)
		}
		for range 2 { // the second time camform knows that the model has none
			if _, problems := s.plans(); !strings.Contains(problems, "error "+guard.Code) || !strings.Contains(problems, `device.recorder.channel["4"] ("Gate")`) {
				t.Errorf("the problems are %q", problems)
			}
		}
	})
}

// A channel that is only taken for one of a camera, since the camera is reached by a forwarded address, is not told its password:
// it may be one of another camera, which would be lost by it.
func TestI13AChannelThatMayBeOfAnotherCameraIsToldNoPassword(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newStudioOf(t)
		for i := range 2 {
			name := fmt.Sprintf("camera%d", i)
			s.addAt(name, fmt.Sprintf("https://203.0.113.9:%d", 8001+i), memory.Options{Without: []string{"channel"}}).SetUser(shownAs, "Operator", "Shown-"+name)
			s.cameras = append(s.cameras, name)
		}
		recorder := s.addAt("recorder0", "https://10.0.0.100:443", memory.Options{HidesSerials: []string{"1"}, Identity: providers.Identity{Model: "MEM-8"}})
		s.fleet.Route(device.Route{Recorder: "recorder0", To: netip.MustParseAddrPort("192.168.1.64:0"), Camera: "camera1", Port: 8002})
		recorder.SetChannel("1", "192.168.1.64:8002", shownAs, "Shown-camera1")
		s.declareUser("camera0", shownAs, "Operator", "Chosen-camera0")
		planned, problems := s.engineOf().Plan(t.Context(), s.cfg, nil)
		if steps := toldPlan(planned.Plan); strings.Contains(steps, "recorder0") || !strings.Contains(fmt.Sprint(problems), "password = device.camera0.user.rec.password") {
			t.Errorf("the steps are\n%s\nand the problems %v", steps, problems)
		}
	})
}

// A recorder that answers, and refuses to tell what it shows, may show anything.
func TestI13ARecorderThatRefusesItsListHoldsChangesOfItsSite(t *testing.T) {
	show(t, func(s *shown) {
		s.callItself("DVR")
		if err := s.recorder.Inject(simulator.Rule{
			Action: simulator.Status, Method: http.MethodGet, Path: "/ISAPI/ContentMgmt/InputProxy/channels", Status: http.StatusForbidden, Code: "lowPrivilege",
		}); err != nil {
			t.Fatal(err)
		}
		s.declare(fmt.Sprintf(allowList, ""), "")
		p, problems := s.plans()
		if steps := s.steps(p); !strings.Contains(steps, "device.gate.ip_filter waits: device.recorder may use this device") {
			t.Errorf("the steps are\n%s\nand the problems %q", steps, problems)
		}
		if p.Complete() {
			t.Error("the plan calls itself complete")
		}
	})
}

// A fault of a device is no answer: what it uses is not known, for others of its model neither, and what was applied to it has not
// vanished.
func TestI12AFaultThatMayPassIsNoAnswer(t *testing.T) {
	show(t, func(s *shown) {
		s.callItself("DVR")
		s.declare("upnp {\n enabled = true\n}\n", "")
		p, problems := s.plans()
		if bad := s.applies(p).Bad(); problems != "" || len(bad) > 0 {
			t.Fatal(problems, bad)
		}
		for d, path := range map[*simulator.Device]string{s.recorder: "/ISAPI/ContentMgmt/InputProxy/channels", s.camera: "/ISAPI/System/Network/UPnP"} {
			rule := simulator.Rule{Action: simulator.Status, Method: http.MethodGet, Path: path, Status: http.StatusInternalServerError, Code: "deviceError"}
			if err := d.Inject(rule); err != nil {
				t.Fatal(err)
			}
		}
		if found, wrong := s.managing().Drift(s.Context(), s.cfg, nil); wrong.HasErrors() || found.Plan.Drifted() != plan.Unknown {
			t.Errorf("drift is %s: %v", found.Plan.Drifted(), wrong)
		}
		s.declare("", "")
		if p, _ := s.plans(); len(toldPlan(p)) > 0 {
			t.Errorf("what was applied and is not declared any more is taken for gone: %s", toldPlan(p))
		}
		s.declare(fmt.Sprintf(allowList, ""), "")
		for range 2 {
			if _, problems := s.plans(); !strings.Contains(problems, "camform has never read which other devices are used by device.recorder") {
				t.Errorf("the plan says %q", problems)
			}
		}
	})
}

// Where each item has a document of its own, a fault in one of them leaves that item unknown, and says nothing of the others.
func TestI12AFaultOfOneItemIsNoAnswer(t *testing.T) {
	show(t, func(s *shown) {
		const contact = "document \"/ISAPI/System/deviceInfo#systemContact\" {\n value = \"somebody\"\n}\nallow_unproven = [\"document\"]\n"
		s.declare(contact+"document \"/ISAPI/System/Network/EZVIZ#serverAddress/hostName\" {\n value = \"ez.example.com\"\n}\n", "")
		p, problems := s.plans()
		if bad := s.applies(p).Bad(); len(bad) > 0 {
			t.Fatal(problems, bad)
		}
		if err := s.camera.Inject(simulator.Rule{
			Action: simulator.Status, Method: http.MethodGet, Path: "/ISAPI/System/Network/EZVIZ", Status: http.StatusInternalServerError, Code: "deviceError",
		}); err != nil {
			t.Fatal(err)
		}
		found, wrong := s.managing().Drift(s.Context(), s.cfg, nil)
		left := append(found.Plan.Devices[0].Skipped, found.Plan.Devices[1].Skipped...)
		if wrong.HasErrors() || found.Plan.Drifted() != plan.Unknown || len(left) != 1 || !strings.Contains(left[0].Detail, "500") {
			t.Errorf("drift is %s, and left alone is %v: %v", found.Plan.Drifted(), left, wrong)
		}
		s.declare(contact, "")
		if p, _ := s.plans(); len(toldPlan(p)) > 0 {
			t.Errorf("what was applied and is not declared any more is taken for gone: %s", toldPlan(p))
		}
	})
}

// I14: the secrets that a plan sends to a device are judged with the password that camform logs in with, when it is applied.
func TestI14SecretsGoOnlyWhereTheyMay(t *testing.T) {
	for name, forbidden := range map[string]string{"the password of the login": "env:FLEET_PASSWORD", "a secret of a step": "env:NEXT_PASSWORD"} {
		t.Run(name, func(t *testing.T) {
			show(t, func(s *shown) {
				s.env["NEXT_PASSWORD"] = "Next-password-1"
				s.declare("user \"nvr\" {\n level = \"Operator\"\n password = secret(\"env:NEXT_PASSWORD\")\n}\nconsumer \"device.recorder\" {\n ignore = true\n reason = \"a test\"\n}\n", "")
				p, problems := s.plans()
				if strings.Contains(problems, "error") {
					t.Fatal(problems)
				}
				e := s.managing()
				e.Within = func(origins ...string) providers.Bounds {
					if slices.Contains(origins, forbidden) {
						return providers.Bounds{{Why: "the rules say so"}}
					}
					return nil
				}
				text := told(e.Apply(s.Context(), s.Context(), p, "run"))
				if !s.camera.Accepts("nvr", recorderPassword) || !strings.Contains(text, "gate: failed") {
					t.Errorf("it ended with\n%s", text)
				}
			})
		})
	}
}
