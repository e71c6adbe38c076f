package render

import (
	"bytes"
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"camform/engine/audit"
	"camform/engine/plan"
	"camform/schema"
)

// testReport has every status, a finding that many devices share, and texts that a device could have written.
func testReport() *audit.Report {
	at := func(line int) plan.Source { return plan.Source{File: "baseline.cam.hcl", Line: line} }
	lobby := schema.Device{Name: "lobby"}
	r := &audit.Report{
		Devices: 11, Unjudged: []schema.Device{{Name: "bare"}},
		Reasons: map[string]string{"upnp.off": "Nothing opens ports by itself.", "lock.box": "Nobody takes the card."},
	}
	add := func(rule, level string, device schema.Device, status audit.Status, line int, why ...string) {
		r.Results = append(r.Results, audit.Result{Rule: rule, Level: level, Device: device, Status: status, Why: why, Source: at(line)})
	}
	for n := range 7 {
		add("cert.expiry", "high", numbered(n), audit.Compliant, 2)
	}
	add("cert.expiry", "high", numbered(7), audit.Compliant, 2, "https.days is not available: it answers notSupport")
	add("cert.expiry", "high", lobby, audit.Unknown, 2, "the device does not show what the condition is about")
	add("cert.expiry", "high", schema.Device{Name: "yard"}, audit.Unreachable, 2, "192.0.2.9 does not answer")
	add("lock.box", "site", lobby, audit.Manual, 9, "Look whether the box is locked.")
	add("name", "site", lobby, audit.Violated, 12, "system.name is \"\x1b[2Jgone\", and should be \"Lobby\"")
	add("session", "basic", lobby, audit.Unproven, 15, "session.minutes is 60, and should be 15. Nobody tried.")
	add("telnet.off", "basic", lobby, audit.Unsupported, 20, "telnet.enabled is not available: it answers notSupport")
	add("tls", "basic", lobby, audit.Overridden, 30, "https.min_tls is overridden: the device block asks for something else (main.cam.hcl:30)")
	for n := range 8 {
		add("upnp.off", "basic", numbered(n), audit.Violated, 40, "upnp.enabled is true, and should be false")
	}
	add("upnp.off", "basic", lobby, audit.Violated, 40, "upnp.enabled is true, and should be false. It takes true only.", "upnp.ports is not available: there is none.")
	add("upnp.off", "basic", schema.Device{Name: "yard"}, audit.Unreachable, 40, "192.0.2.9 does not answer")
	return r
}

func auditText(t *testing.T, r *audit.Report, o Options) string {
	t.Helper()
	var out bytes.Buffer
	if err := Text(&out, AuditRows(r, o), o); err != nil {
		t.Fatal(err)
	}
	return out.String()
}

func TestAuditsAreToldTheWorstFirst(t *testing.T) {
	golden(t, "audit.txt", []byte(auditText(t, testReport(), Options{})))
	golden(t, "audit-full.txt", []byte(auditText(t, testReport(), Options{Fold: Unfolded})))
	var out bytes.Buffer
	if err := Markdown(&out, AuditRows(testReport(), Options{})); err != nil {
		t.Fatal(err)
	}
	golden(t, "audit.md", out.Bytes())
	out.Reset()
	if err := AuditJSON(&out, testReport(), Provenance{}); err != nil {
		t.Fatal(err)
	}
	golden(t, "audit.json", out.Bytes())
}

// TestNothingOfAnAuditIsHidden: each result with something to say is shown, whatever its status, and each device that could
// not be read once.
func TestNothingOfAnAuditIsHidden(t *testing.T) {
	r := testReport()
	text := auditText(t, r, Options{Fold: Unfolded})
	for _, result := range r.Results {
		for _, why := range result.Why {
			want := result.Device.String() + ": "
			if !strings.Contains(text, want) || !strings.Contains(text, printable(strings.TrimSuffix(why, "."))) {
				t.Errorf("the result %+v is not told", result)
			}
		}
	}
	if n := strings.Count(text, "device.yard: "); n != 1 {
		t.Errorf("the device that does not answer is shown %d times", n)
	}
	for _, status := range audit.Statuses {
		if _, ok := statusTitles[status]; !ok && status != audit.Compliant {
			t.Errorf("%s has no title, so its results are not listed", status)
		}
	}
}

func TestWhatIsFoundEverywhereNeedsNoNames(t *testing.T) {
	r := &audit.Report{Devices: 3}
	for n := range 3 {
		r.Results = append(r.Results, audit.Result{Rule: "a", Level: "basic", Device: numbered(n), Status: audit.Manual, Why: []string{"Look."}})
	}
	if text := auditText(t, r, Options{}); !strings.Contains(text, "  a (basic)\n    all 3 devices: Look\n\n") {
		t.Errorf("the text is %s", text)
	}
	if text := auditText(t, r, Options{Fold: Unfolded}); strings.Count(text, "device.gate[") != 3 {
		t.Errorf("the text in full is %s", text)
	}
	for _, change := range []func(){
		func() { r.Devices = 4 },
		func() { r.Devices, r.Results[2].Why = 3, []string{"Listen."} },
		func() { r.Devices, r.Results = 2, r.Results[:2] },
	} {
		change()
		if text := auditText(t, r, Options{}); strings.Contains(text, "all 3 ") || strings.Contains(text, "all 2 ") || strings.Contains(text, "all 4 ") || !strings.Contains(text, "device.gate[") {
			t.Errorf("the text is %s", text)
		}
	}
}

func TestTextsOfDevicesDoNotSteerTheTerminal(t *testing.T) {
	if text := auditText(t, testReport(), Options{}); strings.ContainsRune(text, 0x1b) || !strings.Contains(text, `\x1b[2Jgone`) {
		t.Errorf("the text is %q", text)
	}
}

func TestAnAuditOfNothingSaysSo(t *testing.T) {
	r := &audit.Report{Devices: 2, Unjudged: []schema.Device{{Name: "a"}, {Name: "b"}}}
	for want, report := range map[string]*audit.Report{
		"Nothing was judged: no device has a rule or a check.\n":                                    r,
		"Nothing was judged: these devices have none of the rules and checks that you asked for.\n": {Devices: 2, Unjudged: r.Unjudged[:1]},
		"Nothing was judged: there is no device.\n":                                                 {},
	} {
		if have := auditText(t, report, Options{}); have != want {
			t.Errorf("the text is %q, want %q", have, want)
		}
	}
	byHand := &audit.Report{Devices: 1, Results: []audit.Result{{Rule: "box", Status: audit.Manual}}}
	if have := auditText(t, byHand, Options{}); !strings.HasSuffix(have, "\nNothing was judged: all of it has to be verified by hand.\n") {
		t.Errorf("the text is %q", have)
	}
	var out bytes.Buffer
	if err := AuditJSON(&out, r, Provenance{}); err != nil {
		t.Fatal(err)
	}
	var doc map[string]any
	if err := json.Unmarshal(out.Bytes(), &doc); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"rules", "results"} {
		if list, ok := doc[name].([]any); !ok || len(list) > 0 {
			t.Errorf("%s is %v, not an empty list", name, doc[name])
		}
	}
	if counts := doc["counts"].(map[string]any); len(counts) != len(audit.Statuses) {
		t.Errorf("the counts are %v", counts)
	}
}

// TestAllButOneIsNotEverything: a share that is rounded up would say 100 % of something that is not.
func TestAllButOneIsNotEverything(t *testing.T) {
	r := &audit.Report{Devices: 5000}
	for n := range 5000 {
		status := audit.Compliant
		if n == 0 {
			status = audit.Unproven
		}
		r.Results = append(r.Results, audit.Result{Rule: "a", Level: "basic", Device: gate(string(rune('a' + n%26))), Status: status})
	}
	if text := auditText(t, r, Options{}); !strings.Contains(text, "Compliance of what could be judged: 99.9 %.") {
		t.Errorf("the text is %s", text)
	}
	r.Results = slices.DeleteFunc(r.Results, func(result audit.Result) bool { return result.Status == audit.Unproven })
	if text := auditText(t, r, Options{}); !strings.Contains(text, "100.0 %") {
		t.Errorf("the text is %s", text)
	}
}
