package engine_test

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	gocmp "github.com/google/go-cmp/cmp"

	"camform/engine"
	"camform/engine/audit"
	"camform/engine/config"
	"camform/engine/plan"
	"camform/providers"
	"camform/providers/hikvision/simulator"
	"camform/providers/memory"
	"camform/schema"
)

// audited judges the devices of a site, and fails the test if there is a problem.
func (s *site) audited(e *engine.Engine, targets ...schema.Setting) *audit.Report {
	s.Helper()
	report, problems := e.Audit(context.Background(), s.cfg, targets)
	for _, p := range problems {
		s.Fatal(p.Error())
	}
	return report
}

// toldAudit writes the results of a report one to a line.
func toldAudit(r *audit.Report) string {
	var b strings.Builder
	for _, result := range r.Results {
		fmt.Fprintf(&b, "%s %s %s", result.Rule, result.Device, result.Status)
		if len(result.Why) > 0 {
			fmt.Fprintf(&b, " | %s", strings.Join(result.Why, " | "))
		}
		b.WriteByte('\n')
	}
	return b.String()
}

// checks are check blocks, each with the condition of its assertion and what is to be said if it does not hold.
func checks(conditions ...[3]string) string {
	var b strings.Builder
	for _, c := range conditions {
		fmt.Fprintf(&b, "  check %q {\n    level = \"basic\"\n    assert {\n      condition     = %s\n      error_message = \"%s\"\n    }\n  }\n", c[0], c[1], c[2])
	}
	return b.String()
}

func TestChecksKnowWhoADeviceIs(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		fleet := newFleet(t, simulator.Options{Count: 1, TLS: true, Models: []string{"camera-v57"}})
		s := newSite(t, fleet, fleet.DialContext)
		d := fleet.Devices()[0]
		s.configure(s.deviceBlock("gate", d, "  site = \"north\"\n  tags = [\"b\", \"a\"]\n"+checks([3]string{
			"self", "false",
			`${self.address} ${self.url} ${self.username} ${self.site} ${join(",", self.tags)} ${self.location == null} ${self.model} ${self.serial} ${self.mac} ${self.firmware}`,
		})))
		report := s.audited(s.engine())
		p, _ := s.plan()
		identity := p.Devices[0].Identity
		want := fmt.Sprintf("self device.gate violated | device.gate %s:443 admin north a,b true %s %s %s %s\n",
			s.fleet.URL(d), identity.Model, identity.Serial, identity.MAC, identity.Firmware)
		if diff := gocmp.Diff(want, toldAudit(report)); diff != "" {
			t.Errorf("results (-want +have):\n%s", diff)
		}
		if n := s.count(simulator.RemoteConfig); n != 0 {
			t.Errorf("the device was written to %d times", n)
		}
	})
}

// TestChecksKnowTheCertificate: the days that are left are whole ones, and below zero as soon as it has ended.
func TestChecksKnowTheCertificate(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		fleet := newFleet(t, simulator.Options{Count: 1, TLS: true, Models: []string{"camera-v57"}})
		s := newSite(t, fleet, fleet.DialContext)
		s.configure(s.deviceBlock("gate", fleet.Devices()[0], checks(
			[3]string{"days", "false", "${self.certificate.days_left}"},
			[3]string{"end", "false", "${self.certificate.not_after}"},
			[3]string{"key", `contains(["EC 256", "RSA 2048"], self.certificate.key)`, "${self.certificate.key}"},
			[3]string{"names", `self.certificate.self_signed && self.certificate.subject == self.certificate.issuer && self.certificate.subject != ""`, "no"},
		)))
		e := s.engine()
		first := s.audited(e)
		end, err := time.Parse(time.RFC3339, first.Results[1].Why[0])
		if err != nil || first.Results[2].Status != audit.Compliant || first.Results[3].Status != audit.Compliant {
			t.Fatalf("results, %v:\n%s", err, toldAudit(first))
		}
		for before, want := range map[time.Duration]string{
			time.Hour: "0", 24 * time.Hour: "1", 47 * time.Hour: "1", -time.Hour: "-1", -25 * time.Hour: "-2",
		} {
			e.Now = func() time.Time { return end.Add(-before) }
			if have := s.audited(e).Results[0].Why[0]; have != want {
				t.Errorf("%s before the end %s days are left, want %s", before, have, want)
			}
		}
	})
}

func TestChecksSeeWhatDevicesShow(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const upnp, name = "/ISAPI/System/Network/UPnP", "/ISAPI/System/deviceInfo"
		fleet := newFleet(t, simulator.Options{Count: 1, Models: []string{"camera-v57"}})
		s := newSite(t, fleet, fleet.DialContext)
		d := fleet.Devices()[0]
		s.configure(s.deviceBlock("gate", d, checks(
			[3]string{"absent", `observed("/ISAPI/Security/nothing", "a") == null && length(observed_all("/ISAPI/Security/nothing", "a")) == 0`, "there is something"},
			[3]string{"certificate", "self.certificate.days_left > 0", "ended"},
			[3]string{"element", fmt.Sprintf(`observed(%q, "nothing/at/all") == null`, name), "there is something"},
			[3]string{"name", fmt.Sprintf(`observed(%q, "deviceName") == "gate"`, name), fmt.Sprintf(`it is ${observed("%s", "deviceName")}`, name)},
			[3]string{"upnp", fmt.Sprintf(`observed(%q, "enabled") == "false"`, upnp), "it is on"},
		)))
		report := s.audited(s.engine())
		lines := strings.Split(toldAudit(report), "\n")
		for i, want := range []string{
			"absent device.gate unknown | the device has no /ISAPI/Security/nothing (403 notSupport)",
			"certificate device.gate unknown | ", "element device.gate compliant",
			"name device.gate violated | it is " + d.Name(), "upnp device.gate compliant", "",
		} {
			if !strings.HasPrefix(lines[i], want) {
				t.Errorf("result %q, want %q", lines[i], want)
			}
		}
		// What the account may not read is not known, and the rest still is.
		if err := d.Inject(simulator.Rule{Action: simulator.Status, Status: http.StatusForbidden, Code: "lowPrivilege", Path: upnp}); err != nil {
			t.Fatal(err)
		}
		told := toldAudit(s.audited(s.engine()))
		if !strings.Contains(told, "\nupnp device.gate unknown | could not be read: read "+upnp) || !strings.Contains(told, "name device.gate violated") {
			t.Errorf("results:\n%s", told)
		}
		// A document with nothing in it says nothing.
		d.Heal()
		if err := d.SetDocument(upnp, []byte("<UPnP/>")); err != nil {
			t.Fatal(err)
		}
		if told = toldAudit(s.audited(s.engine())); !strings.Contains(told, "\nupnp device.gate unknown | "+upnp+" is empty\n") {
			t.Errorf("results:\n%s", told)
		}
	})
}

// rulesOfTheFleet are rules that a device of any model has or not.
const rulesOfTheFleet = `  rule "accounts" {
    level = "basic"
    user "viewer" {
      level = "Viewer"
    }
  }
  rule "lock" {
    level = "basic"
    login_lock {
      attempts = 6
    }
    upnp {
      enabled = true
    }
  }
  rule "time" {
    level = "high"
    ntp {
      server   = "192.0.2.123"
      interval = 120
    }
  }
  user "viewer" {
    password = secret("env:FLEET_ACCOUNT")
  }
`

// TestAnAuditFindsWhatAPlanWouldChange: rules are kept once a plan has been applied.
func TestAnAuditFindsWhatAPlanWouldChange(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		fleet := newFleet(t, simulator.Options{Count: 40, Seed: 31})
		s := newSite(t, fleet, fleet.DialContext)
		var text strings.Builder
		for i, d := range fleet.Devices() {
			text.WriteString(s.deviceBlock(fmt.Sprintf("d%d", i), d, rulesOfTheFleet))
		}
		s.configure(text.String())
		first := s.audited(s.engine()).Count()
		if first[audit.Violated] == 0 || first[audit.Unknown]+first[audit.Unreachable] > 0 {
			t.Errorf("before anything was applied the counts are %v", first)
		}
		p, problems := s.plan()
		if len(problems) > 0 {
			t.Fatal(problems)
		}
		if bad := s.apply(p).Bad(); len(bad) > 0 {
			t.Fatal(bad)
		}
		again, _ := s.plan()
		report := s.audited(s.engine())
		if !again.Empty() || len(report.Results) != 3*40 {
			t.Errorf("%d results, and still something to do:\n%s", len(report.Results), toldPlan(again))
		}
		for _, r := range report.Results {
			if r.Status != audit.Compliant && r.Status != audit.Unsupported {
				t.Errorf("%s %s %s %q", r.Rule, r.Device, r.Status, r.Why)
			}
		}
		if report.Count()[audit.Compliant] < 80 {
			t.Errorf("the counts are %v", report.Count())
		}
	})
}

// TestAnAuditLooksPastWhatAPlanWouldDo: protected settings are judged like others, and what a device lacks or refuses is
// reported by the documents of the device.
func TestAnAuditLooksPastWhatAPlanWouldDo(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		fleet := newFleet(t, simulator.Options{Count: 2, Models: []string{"camera-v52", "camera-v57"}})
		s := newSite(t, fleet, fleet.DialContext)
		const block = `  rule "lock" {
    level = "basic"
    login_lock {
      attempts = 7
    }
  }
  rule "name" {
    level = "basic"
    system {
      name = "Gate of the northern and southern entrance north"
    }
  }
  rule "tls" {
    level = "basic"
    https {
      min_tls = "1.2"
    }
  }
  rule "upnp" {
    level = "basic"
    upnp {
      enabled = true
    }
  }
  lifecycle {
    protect = [upnp]
  }
`
		s.configure(s.deviceBlock("a", fleet.Devices()[0], block) + s.deviceBlock("b", fleet.Devices()[1], block))
		told := toldAudit(s.audited(s.engine()))
		for _, want := range []string{
			"lock device.a unsupported | login_lock is not available: ",
			"lock device.b compliant\n",
			"should be \"Gate of the northern and southern entrance north\". The text has 48 characters; this device accepts 1 to 32.\n",
			"tls device.a unsupported | https.min_tls is not available: ",
			"tls device.b compliant\n",
			"upnp device.b violated | upnp.enabled is false, and should be true; lifecycle { protect } keeps it so\n",
		} {
			if !strings.Contains(told, want) {
				t.Errorf("the results do not have %q:\n%s", want, told)
			}
		}
	})
}

func TestATargetNamesWhatIsJudged(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		fleet := newFleet(t, simulator.Options{Count: 2, Models: []string{"camera-v57"}})
		s := newSite(t, fleet, fleet.DialContext)
		block := rulesOfTheFleet + checks([3]string{"shown", `self.model != ""`, "no"})
		s.configure(s.deviceBlock("a", fleet.Devices()[0], block) + s.deviceBlock("b", fleet.Devices()[1], block))
		a := schema.Device{Name: "a"}
		tests := map[string][]schema.Setting{
			"accounts a, lock a, shown a, time a": {{Device: a}},
			"lock a":                              {{Device: a, Kind: "upnp"}},
			"lock a, lock b, time a":              {{Device: a, Kind: "upnp"}, {Device: a, Kind: "ntp"}, {Device: schema.Device{Name: "b"}, Kind: "login_lock"}},
			"":                                    {{Device: a, Kind: "https"}},
		}
		for want, targets := range tests {
			var judged []string
			report := s.audited(s.engine(), targets...)
			for _, r := range report.Results {
				judged = append(judged, r.Rule+" "+r.Device.Name)
				if strings.Contains(strings.Join(r.Why, " "), "was not compared") {
					t.Errorf("%s %s %q", r.Rule, r.Status, r.Why)
				}
			}
			if have := strings.Join(judged, ", "); have != want {
				t.Errorf("%v judges %q, want %q", targets, have, want)
			}
		}
	})
}

// TestWhatIsNeverShownIsJudgedByMemory: a password that nobody can read is kept for as long as it is the one that
// was written, and not known before that.
func TestWhatIsNeverShownIsJudgedByMemory(t *testing.T) {
	w := newWorld(t, "gate")
	w.declareUser("gate", "operator", "Operator", "Right-Horse-1")
	d := w.declared("gate")
	d.Rules = []config.Rule{{ID: "account", Level: "basic", Settings: d.Settings}}
	judged := func() audit.Result {
		report, problems := w.engine().Audit(context.Background(), w.cfg, nil)
		if len(problems) > 0 || len(report.Results) != 1 {
			t.Fatalf("problems %v, report %+v", problems, report)
		}
		return report.Results[0]
	}
	if r := judged(); r.Status != audit.Violated || !strings.Contains(strings.Join(r.Why, " "), "does not exist yet") {
		t.Errorf("before: %+v", r)
	}
	w.converge()
	if r := judged(); r.Status != audit.Compliant {
		t.Errorf("after: %+v", r)
	}
	w.declareUser("gate", "operator", "Operator", "Other-Horse-2")
	d.Rules = []config.Rule{{ID: "account", Level: "basic", Settings: d.Settings}}
	if r := judged(); r.Status != audit.Unknown || strings.Contains(strings.Join(r.Why, " "), "Horse") {
		t.Errorf("with another password: %+v", r)
	}
	w.eventsArePaired()
}

func TestAnAuditOfTwinsIsToldAndNotTrusted(t *testing.T) {
	w := newWorld(t)
	id := providers.Identity{Serial: "SAME"}
	w.add("gate", memory.Options{Identity: id})
	w.add("yard", memory.Options{Identity: id})
	report, problems := w.engine().Audit(context.Background(), w.cfg, nil)
	if len(problems) != 1 || problems[0].Code != "same-serial-number" || report == nil || len(report.Unjudged) != 2 {
		t.Errorf("problems %v, report %+v", problems, report)
	}
}

// TestPlansJudgeByChecks: by those that observe what a plan reads anyway, by those that may stop apply, and if somebody asks, by
// all.
func TestPlansJudgeByChecks(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const upnp, mail, nothing = "/ISAPI/System/Network/UPnP", "/ISAPI/System/Network/mailing", "/ISAPI/System/nothing"
		fleet := newFleet(t, simulator.Options{Count: 1, Models: []string{"camera-v57"}})
		s := newSite(t, fleet, fleet.DialContext)
		d := fleet.Devices()[0]
		block := func(text string) string {
			return strings.ReplaceAll(text, "level = \"basic\"", "level = \"basic\"\n    severity = \"block\"")
		}
		s.configure(s.deviceBlock("gate", d, "  upnp {\n    enabled = true\n  }\n"+checks(
			[3]string{"a.self", `self.model == ""`, "it has a model"},
			[3]string{"b.read", fmt.Sprintf(`observed(%q, "enabled") == "false"`, upnp), "on"},
			[3]string{"c.unasked", fmt.Sprintf(`observed(%q, "x") == null`, mail), "there is something"},
		)+block(checks(
			[3]string{"d.block", fmt.Sprintf(`observed(%q, "x") == null`, nothing), "there is something"},
		))))
		told := func(p *plan.Plan) string {
			var b strings.Builder
			for _, c := range p.Devices[0].Checks {
				fmt.Fprintf(&b, "%s %s %s %v %d | %s\n", c.Rule, c.Severity, c.Verdict, c.Unasked, c.Source.Line, c.Told())
			}
			return b.String()
		}
		p, _ := s.plan()
		lines := strings.Split(told(p), "\n")
		for i, want := range []string{
			"a.self warn bad false ", "b.read warn good false ", "c.unasked warn unknown true ",
			"d.block block unknown false ", "",
		} {
			if !strings.HasPrefix(lines[i], want) {
				t.Errorf("%q, want %q", lines[i], want)
			}
		}
		if want := " | the device has no " + nothing + " (403 notSupport)"; !strings.HasSuffix(lines[3], want) {
			t.Errorf("%q, want %q", lines[3], want)
		}
		stopping := engine.Stopping(p)
		if len(stopping) != 1 || stopping[0].Subject.Start.Line != p.Devices[0].Checks[3].Source.Line ||
			!strings.HasPrefix(stopping[0].Detail, `It is unknown whether the check "d.block" holds on device.gate: the device has no `+nothing) {
			t.Errorf("what stops apply: %v", stopping)
		}
		all, problems := s.engine().PlanWithChecks(t.Context(), s.cfg, nil)
		if len(problems) > 0 || all.Plan.Devices[0].Checks[2].Unasked {
			t.Errorf("with all checks: %v\n%s", problems, told(all.Plan))
		}
		drift, _ := s.engine().Drift(t.Context(), s.cfg, nil)
		if n := len(drift.Plan.Devices[0].Checks); n > 0 {
			t.Errorf("drift judges by %d checks", n)
		}
	})
}

// TestAStoppingCheckIsToldOnce: with the number of devices, and one of them.
func TestAStoppingCheckIsToldOnce(t *testing.T) {
	check := plan.Check{Rule: "model", Severity: plan.Block, Verdict: plan.Bad, Why: []string{"It is a toy."}, Source: plan.Source{File: "a.cam.hcl", Line: 3}}
	p := &plan.Plan{}
	for _, name := range []string{"a", "b", "c"} {
		p.Devices = append(p.Devices, plan.Device{Address: schema.Device{Name: name}, Checks: []plan.Check{check}})
	}
	want := `The check "model" does not hold on 3 devices, such as device.a: It is a toy. Fix that, or remove severity = "block" from the check, and plan again.`
	if have := engine.Stopping(p); len(have) != 1 || have[0].Detail != want {
		t.Errorf("have %v, want %s", have, want)
	}
}
