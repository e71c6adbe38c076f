package render

import (
	"bytes"
	"encoding/json"
	"io"
	"strconv"
	"strings"
	"testing"

	"camform/engine/plan"
	"camform/schema"
)

// plans are the plans whose words are fixed by golden files, in three forms side by side.
func plans(t testing.TB) map[string]*plan.Plan {
	north := plan.Device{Address: gate("north"), Unchanged: unchanged(t)}
	deaf := plan.Device{Address: gate("south"), Problem: "The device did not answer.", Family: "unreachable"}
	protected := plan.Device{Address: gate("east"), Skipped: []plan.Skipped{{Address: setting(gate("east"), "https", ""), Reason: plan.Protected}}}
	accepted := httpsUpdate(t, gate("west"))
	accepted.Accepted = "Tried on a camera on the bench on 12 May."
	return map[string]*plan.Plan{
		"accepted":    newPlan(plan.Device{Address: gate("west"), Steps: []plan.Step{accepted}}),
		"all-actions": allActions(t),
		"fleet":       fleet(t),
		"hostile":     hostile(t),
		"nothing":     newPlan(north),
		"unread":      newPlan(north, deaf),
		"left-alone":  newPlan(north, protected),
		"targets":     targeted(newPlan(north, plan.Device{Address: gate("west"), Record: plan.Unapplied})),
		"nobody":      newPlan(),
		"lost":        newPlan(north, lossy()),
		"checks":      newPlan(checked()...),
		"gone":        withGone(newPlan(north)),
		"moved":       withMoved(newPlan(north)),
	}
}

// unchanged are settings that are as wanted: one with a secret, and one that was not looked at.
func unchanged(t testing.TB) []plan.Unchanged {
	user := userCreate(t, gate("north"), "env:X")
	return []plan.Unchanged{
		{Address: setting(gate("north"), "https", ""), Value: httpsUpdate(t, gate("north")).Before},
		{Address: setting(gate("north"), "ip_filter", ""), Value: testKinds().Lookup("ip_filter").Null()},
		{Address: user.Address, Value: user.After, Hidden: []string{"level", "password"}},
	}
}

// withMoved is a plan with devices that have other names: most of a block, one that got another key, and one that stands alone.
func withMoved(p *plan.Plan) *plan.Plan {
	block := plan.Source{File: "main.cam.hcl", Line: 8}
	for _, key := range []string{"a", "b", "c"} {
		p.Moved = append(p.Moved, plan.Moved{From: gate(key), To: schema.Device{Name: "entrance", Key: key, Each: true}, Source: block})
	}
	p.Moved = append(p.Moved,
		plan.Moved{From: gate("d"), To: schema.Device{Name: "entrance", Key: "main", Each: true}, Source: plan.Source{File: "main.cam.hcl", Line: 3}},
		plan.Moved{From: schema.Device{Name: "hall"}, To: schema.Device{Name: "lobby"}, Source: plan.Source{File: "main.cam.hcl", Line: 13}})
	return p
}

// withGone is a plan with devices that left the configuration: undecided, to be cleared, and left as it is.
func withGone(p *plan.Plan) *plan.Plan {
	old, yard, hall := gate("old"), schema.Device{Name: "yard"}, schema.Device{Name: "hall"}
	p.Gone = []plan.Gone{
		{
			Address: old, Endpoint: "192.0.2.9:443", Settings: 12, Passwords: []string{"gate/old/admin", "gate/old/op"},
			Made: []schema.Setting{setting(old, "user", "op"), setting(old, "user", "viewer")},
		},
		{Address: hall, Settings: 1, Source: plan.Source{File: "main.cam.hcl", Line: 8}},
		{
			Address: yard, Endpoint: "yard.example.com:443", Settings: 2, Made: []schema.Setting{setting(yard, "user", "op")},
			Source: plan.Source{File: "main.cam.hcl", Line: 3}, Cleared: true,
		},
	}
	return p
}

// TestManyDevicesThatLeftAreCounted: ten are named, and all if somebody asks.
func TestManyDevicesThatLeftAreCounted(t *testing.T) {
	p := newPlan()
	for i := range 12 {
		p.Gone = append(p.Gone, plan.Gone{Address: numbered(i)})
	}
	for fold, want := range map[Fold]int{Folded: 10, Unfolded: 12} {
		text := string(textOf(t, Rows(p, testKinds(), Options{Fold: fold}), Options{}))
		if n := strings.Count(text, "device.gate["); n != want || strings.Contains(text, "... and 2 more") != (want == 10) {
			t.Errorf("%d are named, want %d:\n%s", n, want, text)
		}
		if !strings.Contains(text, "12 devices to forget") {
			t.Errorf("they are not counted:\n%s", text)
		}
	}
}

// checked are devices with a check of every severity and verdict, and one that could not be read.
func checked() []plan.Device {
	at := func(line int) plan.Source { return plan.Source{File: "main.cam.hcl", Line: line} }
	current := func(v plan.Verdict, why ...string) plan.Check {
		return plan.Check{Rule: "firmware.current", Severity: plan.Block, Verdict: v, Why: why, Source: at(7)}
	}
	users := func(v plan.Verdict, why ...string) plan.Check {
		return plan.Check{Rule: "users.least", Severity: plan.Warn, Verdict: v, Why: why, Source: at(15)}
	}
	mail := plan.Check{Rule: "mail.clean", Severity: plan.Warn, Verdict: plan.Unknown, Unasked: true, Why: []string{"/mail was not read"}, Source: at(23)}
	return []plan.Device{
		{Address: gate("deaf"), Problem: "The device did not answer.", Family: "unreachable", Checks: []plan.Check{current(plan.Unknown, "The device did not answer.")}},
		{Address: gate("east"), Checks: []plan.Check{current(plan.Bad, "V5.2 is too old.", "It is not sold any more."), mail, users(plan.Bad, "There are two.")}},
		{Address: gate("north"), Checks: []plan.Check{current(plan.Good), users(plan.Good)}},
		{Address: gate("west"), Checks: []plan.Check{current(plan.Unknown, "it shows \x1b[2J"), mail, users(plan.Unknown, "the device has no /users (404)")}},
	}
}

// TestI12AFailingCheckIsNoMatch: a plan without changes does not call devices as they should be where a check says otherwise.
func TestI12AFailingCheckIsNoMatch(t *testing.T) {
	for verdict, want := range map[plan.Verdict]string{
		plan.Good:    "No changes. Your devices match the configuration.\n",
		plan.Bad:     "\n\nNo changes to make, but not every check holds.\n",
		plan.Unknown: "\n\nNo changes to make, but not every check holds.\n",
	} {
		p := newPlan(plan.Device{Address: gate("a"), Checks: []plan.Check{{Rule: "r", Severity: plan.Warn, Verdict: verdict, Why: []string{"x"}}}})
		if text := string(textOf(t, Rows(p, testKinds(), Options{}), Options{})); !strings.HasSuffix(text, want) {
			t.Errorf("where a check is %s the plan says %q", verdict, text)
		}
	}
}

// targeted restricts a plan.
func targeted(p *plan.Plan) *plan.Plan {
	p.Targets = []string{`device.gate["north"]`, "device.gate[\"a\x1b\"].https"}
	return p
}

// lossy is a device that no longer has what was applied to it, beside what it never had.
func lossy() plan.Device {
	return plan.Device{Address: gate("south"), Record: plan.Recorded, Skipped: []plan.Skipped{
		{Address: setting(gate("south"), "banner", ""), Reason: plan.Unsupported, Detail: "404", Drifted: true},
		{Address: setting(gate("south"), "https", ""), Attribute: "min_tls", Reason: plan.Protected, Detail: "kept.", Drifted: true},
		{Address: setting(gate("south"), "snmp", ""), Reason: plan.Unsupported, Detail: "404"},
	}}
}

func TestPlansSayTheSameInEveryForm(t *testing.T) {
	for name, p := range plans(t) {
		t.Run(name, func(t *testing.T) {
			rows := Rows(p, testKinds(), Options{})
			golden(t, name+".txt", textOf(t, rows, Options{}))
			golden(t, name+".md", markdownOf(t, rows))
			var indented bytes.Buffer
			if err := json.Indent(&indented, jsonDocOf(t, p), "", "  "); err != nil {
				t.Fatal(err)
			}
			golden(t, name+".json", indented.Bytes())
		})
	}
}

func TestOptionsChangeTheForm(t *testing.T) {
	for name, o := range map[string]Options{
		"fleet-unfolded.txt":    {Fold: Unfolded},
		"fleet-terraform.txt":   {Wording: Terraform},
		"all-actions-ansi.txt":  {Colour: AlwaysColour},
		"nothing-terraform.txt": {Wording: Terraform},
	} {
		t.Run(name, func(t *testing.T) {
			p := fleet(t)
			switch name {
			case "all-actions-ansi.txt":
				p = allActions(t)
			case "nothing-terraform.txt":
				p = newPlan(plan.Device{Address: gate("north")})
			}
			golden(t, name, textOf(t, Rows(p, testKinds(), o), o))
		})
	}
}

func TestDriftReportsTellOnlyWhatHappenedOnDevices(t *testing.T) {
	config := userCreate(t, gate("north"), "env:X")
	vanished := userCreate(t, gate("south"), "env:X")
	for i := range vanished.Why {
		vanished.Why[i].Cause = plan.CauseDrift
	}
	deaf := plan.Device{Address: schema.Device{Name: "recorder"}, Problem: "No route."}
	fresh := plan.Device{Address: gate("west"), Record: plan.Unapplied, Steps: []plan.Step{config}}
	north := plan.Device{Address: gate("north"), Record: plan.Recorded}
	for name, c := range map[string]struct {
		plan     *plan.Plan
		verdict  string
		complete bool
	}{
		"drift.txt": {
			newPlan(
				plan.Device{Address: gate("north"), Record: plan.Recorded, Steps: []plan.Step{config, httpsUpdate(t, gate("north"))}},
				plan.Device{Address: gate("south"), Record: plan.Recorded, Steps: []plan.Step{vanished, allActions(t).Devices[1].Steps[0], allActions(t).Devices[1].Steps[2]}}, deaf),
			"bad", false,
		},
		"drift-none.txt":      {newPlan(plan.Device{Address: gate("north"), Record: plan.Recorded, Steps: []plan.Step{config}}), "good", true},
		"drift-unread.txt":    {newPlan(north, deaf), "unknown", false},
		"drift-unapplied.txt": {newPlan(north, fresh), "unknown", false},
		"drift-unknown.txt":   {newPlan(fresh), "unknown", false},
		"drift-lost.txt":      {newPlan(north, lossy()), "bad", true},
		"drift-nobody.txt":    {newPlan(), "unknown", false},
		"drift-targets.txt":   {targeted(newPlan(north)), "unknown", false},
	} {
		t.Run(name, func(t *testing.T) {
			golden(t, name, textOf(t, DriftRows(c.plan, testKinds(), Options{}), Options{}))
			var b bytes.Buffer
			if err := DriftJSON(&b, c.plan, testKinds(), "camform/hikvision"); err != nil {
				t.Fatal(err)
			}
			var doc planDoc
			if err := json.Unmarshal(b.Bytes(), &doc); err != nil {
				t.Fatal(err)
			}
			if doc.Camform.Verdict != c.verdict || doc.Complete != c.complete {
				t.Errorf("verdict %q, complete %t, want %q and %t", doc.Camform.Verdict, doc.Complete, c.verdict, c.complete)
			}
		})
	}
	golden(t, "drift.md", markdownOf(t, DriftRows(newPlan(plan.Device{Address: gate("s"), Steps: []plan.Step{vanished}}), testKinds(), Options{})))
	golden(t, "drift-targets.md", markdownOf(t, DriftRows(targeted(newPlan(north, lossy(), fresh)), testKinds(), Options{})))
}

func BenchmarkTenThousandDevices(b *testing.B) {
	step, kinds := httpsUpdate(b, gate("x")), testKinds()
	var devices []plan.Device
	for i := range 10_000 {
		d := plan.Device{Address: gate(strconv.Itoa(i))}
		step.Address.Device = d.Address
		for range 5 {
			d.Steps = append(d.Steps, step)
		}
		devices = append(devices, d)
	}
	p := newPlan(devices...)
	for name, o := range map[string]Options{"folded": {}, "unfolded": {Fold: Unfolded}} {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				if err := Text(io.Discard, Rows(p, kinds, o), o); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
	b.Run("json", func(b *testing.B) {
		for b.Loop() {
			if err := PlanJSON(io.Discard, p, kinds, "camform/hikvision"); err != nil {
				b.Fatal(err)
			}
		}
	})
}

// What devices lack as a whole is counted; an attribute that they lack keeps its reason, however many they are.
func TestOnlyWholeSettingsAreCounted(t *testing.T) {
	var devices []plan.Device
	for _, name := range []string{"north", "south", "east"} {
		devices = append(devices, plan.Device{Address: gate(name), Skipped: []plan.Skipped{
			{Address: setting(gate(name), "ip_filter", ""), Reason: plan.Unsupported, Detail: "403"},
			{Address: setting(gate(name), "https", ""), Attribute: "min_tls", Reason: plan.Unsupported, Detail: "No switch."},
		}})
	}
	text := string(textOf(t, Rows(newPlan(devices...), testKinds(), Options{}), Options{}))
	if !strings.Contains(text, "ip_filter: not available on 3 devices\n") || !strings.Contains(text, "min_tls: No switch.") {
		t.Errorf("got\n%s", text)
	}
}
