package render

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/hashicorp/hcl/v2"
	"github.com/zclconf/go-cty/cty"

	"camform/engine/diag"
	"camform/engine/plan"
	"camform/engine/report"
	"camform/schema"
)

// What programs for Terraform read of a plan, strictly: a field that they do not know fails.
type (
	strictPlan struct {
		FormatVersion    string `json:"format_version"`
		TerraformVersion string `json:"terraform_version"`
		CamformVersion   string `json:"camform_version"`
		Timestamp        time.Time
		Applyable        bool
		Complete         bool
		Errored          bool
		Variables        map[string]any
		PlannedValues    *strictValues           `json:"planned_values"`
		ResourceDrift    []strictResource        `json:"resource_drift"`
		ResourceChanges  []strictResource        `json:"resource_changes"`
		OutputChanges    map[string]strictChange `json:"output_changes"`
		Checks           []strictCheck
		PriorState       *strictState              `json:"prior_state"`
		Configuration    map[string]map[string]any `json:"configuration"`
		Camform          map[string]any            `json:"x_camform"`
	}
	strictState struct {
		FormatVersion    string `json:"format_version"`
		TerraformVersion string `json:"terraform_version"`
		Values           *strictValues
	}
	strictValues struct {
		Outputs    map[string]any
		RootModule *strictModule `json:"root_module"`
	}
	strictModule struct {
		Address      string
		Resources    []strictValue
		ChildModules []strictModule `json:"child_modules"`
	}
	strictValue struct {
		Address, Mode, Type, Name string
		Index                     any
		ProviderName              string `json:"provider_name"`
		SchemaVersion             int    `json:"schema_version"`
		Values                    map[string]any
		SensitiveValues           map[string]bool `json:"sensitive_values"`
	}
	strictResource struct {
		Address       string
		ModuleAddress string `json:"module_address"`
		Mode          string
		Type          string
		Name          string
		Index         any
		ProviderName  string `json:"provider_name"`
		Change        strictChange
		ActionReason  string         `json:"action_reason"`
		Camform       map[string]any `json:"x_camform"`
	}
	strictCheck struct {
		Address   map[string]string
		Status    string
		Instances []struct {
			Address  map[string]string
			Status   string
			Problems []struct{ Message string }
			Camform  map[string]any `json:"x_camform"`
		}
	}
	strictChange struct {
		Actions         []string
		Before          any
		After           any
		AfterUnknown    any `json:"after_unknown"`
		BeforeSensitive any `json:"before_sensitive"`
		AfterSensitive  any `json:"after_sensitive"`
	}
)

func strictly(t testing.TB, p *plan.Plan) strictPlan {
	t.Helper()
	decoder := json.NewDecoder(bytes.NewReader(jsonDocOf(t, p)))
	decoder.DisallowUnknownFields()
	var doc strictPlan
	if err := decoder.Decode(&doc); err != nil {
		t.Fatal(err)
	}
	return doc
}

func TestPlanDocumentsHaveWhatReadersNeed(t *testing.T) {
	for name, p := range plans(t) {
		t.Run(name, func(t *testing.T) {
			doc := strictly(t, p)
			if doc.FormatVersion != "1.2" || doc.TerraformVersion == "" || doc.PlannedValues == nil || doc.PlannedValues.RootModule == nil ||
				doc.PriorState == nil || doc.PriorState.Values.RootModule == nil || doc.Configuration["root_module"] == nil || doc.ResourceChanges == nil {
				t.Errorf("something is missing: %+v", doc)
			}
			counts := map[string]int{}
			for _, r := range doc.ResourceChanges {
				counts[r.Change.Actions[0]]++
			}
			c := p.Counts()
			want := map[string]int{"create": c.Create, "update": c.Update, "delete": c.Delete, "forget": c.Forget}
			for action, n := range want {
				if counts[action] != n {
					t.Errorf("%d of %s, want %d", counts[action], action, n)
				}
			}
			if incomplete := slices.Contains([]string{"all-actions", "checks", "fleet", "hostile", "targets", "unread"}, name); doc.Complete == incomplete || doc.Applyable == p.Empty() {
				t.Errorf("complete %v, applyable %v", doc.Complete, doc.Applyable)
			}
			if hash, err := plan.Hash(p, testKinds()); err != nil || doc.Camform["plan_hash"] != hash {
				t.Errorf("hash %v, want %v (%v)", doc.Camform["plan_hash"], hash, err)
			}
		})
	}
}

func TestPlanDocumentsEncodeSecretsAsUnknownAndSensitive(t *testing.T) {
	doc := strictly(t, newPlan(plan.Device{Address: gate("north"), Steps: []plan.Step{userCreate(t, gate("north"), "env:X")}}))
	want := strictChange{
		Actions: []string{"create"}, After: map[string]any{"level": "Operator", "password": nil},
		AfterUnknown: map[string]any{"password": true}, BeforeSensitive: false, AfterSensitive: map[string]any{"password": true},
	}
	if diff := cmp.Diff(want, doc.ResourceChanges[0].Change); diff != "" {
		t.Error(diff)
	}
}

func TestPlanDocumentsFollowTheRulesOfCreateDeleteAndForget(t *testing.T) {
	for _, r := range strictly(t, allActions(t)).ResourceChanges {
		c := r.Change
		switch c.Actions[0] {
		case "create":
			if c.Before != nil || c.BeforeSensitive != false {
				t.Errorf("%s: before %v", r.Address, c.Before)
			}
		case "delete", "forget":
			if c.After != nil || c.AfterSensitive != false || !cmp.Equal(c.AfterUnknown, map[string]any{}) || c.Before == nil {
				t.Errorf("%s: %+v", r.Address, c)
			}
		}
		if r.ProviderName != "camform/hikvision" || r.Mode != "managed" || r.Index == nil || !strings.HasPrefix(r.Address, r.ModuleAddress+".") {
			t.Errorf("%+v", r)
		}
	}
}

func TestPlanDocumentsTellWhatAttributesKeep(t *testing.T) {
	for _, r := range strictly(t, allActions(t)).ResourceChanges {
		if r.Type != "ip_filter" {
			continue
		}
		before, after := r.Change.Before.(map[string]any), r.Change.After.(map[string]any)
		if before["mode"] != "allow" || after["mode"] != "allow" {
			t.Errorf("the mode is kept: %v to %v", before["mode"], after["mode"])
		}
		return
	}
	t.Error("no ip_filter")
}

func TestI1OutputsKeepTheirSecrets(t *testing.T) {
	for name, o := range map[string]plan.Output{
		"sensitive": {Name: "x", Value: cty.StringVal(canary), Sensitive: true, Action: plan.Update, Before: []byte(`"` + canary + `"`)},
		"marked":    {Name: "x", Value: cty.ObjectVal(vals{"a": schema.MarkSecret(cty.StringVal(canary), "env:X")}), Action: plan.Update},
		"none":      {Name: "x", Action: plan.Update},
	} {
		doc, err := outputChange(o)
		if err != nil || doc.After != nil || doc.Before != nil || doc.AfterSensitive != true || doc.BeforeSensitive != true || doc.AfterUnknown != true {
			t.Errorf("%s: %+v, %v", name, doc, err)
		}
		p := newPlan()
		p.Outputs = []plan.Output{o}
		text := string(textOf(t, Rows(p, testKinds(), Options{}), Options{})) + string(textOf(t, OutputRows(p), Options{}))
		if o.Sensitive { // the others no plan holds
			text += string(jsonDocOf(t, p))
		}
		text += string(streamOf(t, PlanOperation, func(s *Stream) { s.Plan(p, nil); s.Outputs(p, true) }))
		if strings.Contains(text, canary) {
			t.Errorf("%s is shown: %s", name, text)
		}
	}
	later, err := outputChange(plan.Output{Name: "x", Value: cty.UnknownVal(cty.String)})
	if err != nil || later.AfterUnknown != true || later.After != nil {
		t.Errorf("unknown: %+v, %v", later, err)
	}
}

func TestDriftDocumentsGoFromWhatWasAppliedToWhatThereIs(t *testing.T) {
	vanished := userCreate(t, gate("south"), "env:X")
	for i := range vanished.Why {
		vanished.Why[i].Cause = plan.CauseDrift
	}
	doc := strictly(t, newPlan(plan.Device{Address: gate("south"), Steps: []plan.Step{httpsUpdate(t, gate("south")), vanished}}))
	want := []strictChange{
		{
			Actions: []string{"update"}, AfterUnknown: map[string]any{}, BeforeSensitive: map[string]any{}, AfterSensitive: map[string]any{},
			Before: map[string]any{"enabled": false, "port": 443.0, "redirect": nil, "min_tls": "1.2"},
			After:  map[string]any{"enabled": false, "port": 443.0, "redirect": false, "min_tls": "1.0"},
		},
		{
			Actions: []string{"delete"}, AfterUnknown: map[string]any{}, BeforeSensitive: map[string]any{"password": true}, AfterSensitive: false,
			Before: map[string]any{"level": "Operator", "password": nil},
		},
	}
	if diff := cmp.Diff(want, []strictChange{doc.ResourceDrift[0].Change, doc.ResourceDrift[1].Change}); diff != "" {
		t.Error(diff)
	}
}

// stopped is a clock that stands.
func stopped() time.Time { return time.Date(2026, 11, 22, 8, 0, 0, 0, time.UTC) }

func problemsFixture() (diag.Problems, map[string][]byte) {
	source := "device \"gate\" {\n  https {\n\tmin_tsl = \"1.2\" # 日本\n    名前 = \"日本語\"\n  }\n  login {\n    username = \"admin\"\n    password = \"" + canary +
		"\"\n  }\n  user \"x\" { password = secret(\"env:X\") }\n  banner = <<EOT\nfirst\nEOT\n  snmp { community = <<EOT\n" + canary + "\nEOT\n  }\n}\n"
	at := func(text string) *hcl.Range {
		i := strings.Index(source, text)
		line := strings.Count(source[:i], "\n") + 1
		return &hcl.Range{
			Filename: "main.cam.hcl", Start: hcl.Pos{Line: line, Column: 1, Byte: i},
			End: hcl.Pos{Line: line + strings.Count(text, "\n"), Column: 1, Byte: i + len(text)},
		}
	}
	ps := diag.Problems{
		{Severity: diag.Warning, Code: "unused", Summary: "Unused profile", Detail: "Nobody uses it."},
		{
			Severity: diag.Error, Code: "unknown-attribute", Summary: "Unknown attribute", Subject: at("min_tsl"),
			Detail:  "There is no attribute \"min_tsl\" in https. Did you mean \"min_tls\"? This sentence is long enough to be broken into lines, 日本語 included.\n\n  laid out by hand, whatever its length is, even if that is longer than the width of the terminal",
			Address: setting(gate("north"), "https", ""),
		},
		{Severity: diag.Error, Code: "wide", Summary: "Wide", Detail: "Wide.", Subject: at("\"日本語\"")},
		{Severity: diag.Error, Code: "literal-secret", Summary: "Secret written in the configuration", Detail: "Use secret().", Subject: at("\"" + canary + "\"")},
		{Severity: diag.Error, Code: "origin", Summary: "No such origin", Detail: "X is not set.", Subject: at("secret(\"env:X\")")},
		{Severity: diag.Error, Code: "heredoc", Summary: "Secret written in the configuration", Detail: "Use secret().", Subject: at("community = <<EOT\n" + canary + "\nEOT")},
		{Severity: diag.Error, Code: "elsewhere", Summary: "Elsewhere", Detail: "No text at hand.", Subject: &hcl.Range{Filename: "other.cam.hcl", Start: hcl.Pos{Line: 7}}},
		{Severity: diag.Error, Code: "beyond", Summary: "Beyond the file", Detail: "Bad range.", Subject: &hcl.Range{Filename: "main.cam.hcl", Start: hcl.Pos{Line: 700, Byte: 99999}}},
		{Severity: diag.Error, Code: "device", Summary: "Hostile \x1b[31m", Detail: "It says \u202e\x9b.", Address: schema.Setting{Device: gate("\x1b]0;x\x07")}},
	}
	for i := range 5 {
		ps = append(ps, diag.Problem{
			Severity: diag.Error, Code: "too-long", Summary: "Value too long", Detail: "At most 32 characters.", Subject: at("username"),
			Address: setting(numbered(i), "https", ""),
		})
	}
	for _, kind := range []string{"https", "user"} {
		ps = append(ps, diag.Problem{Severity: diag.Error, Code: "twice", Summary: "Twice", Detail: "Twice.", Address: setting(gate("north"), kind, "")})
	}
	return ps, map[string][]byte{"main.cam.hcl": []byte(source)}
}

// streamOf collects what a stream writes, indented for reading.
func streamOf(t *testing.T, operation Operation, tell func(*Stream)) []byte {
	t.Helper()
	var b bytes.Buffer
	s := NewStream(&b, operation, "0.1.0", stopped)
	tell(s)
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	for i, line := range bytes.Split(bytes.TrimSuffix(b.Bytes(), []byte("\n")), []byte("\n")) {
		var e struct {
			Level     string    `json:"@level"`
			Message   string    `json:"@message"`
			Module    string    `json:"@module"`
			Timestamp time.Time `json:"@timestamp"`
			Type      string
			UI        string
		}
		if err := json.Unmarshal(line, &e); err != nil || e.Level == "" || e.Message == "" || e.Module == "" || e.Timestamp.IsZero() || e.Type == "" {
			t.Errorf("line %d: %v: %s", i+1, err, line)
		}
		if (i == 0) != (e.Type == "version" && e.UI == "1.2") {
			t.Errorf("line %d has the type %s", i+1, e.Type)
		}
		if r, found := unsafe(line); found {
			t.Errorf("line %d has %U", i+1, r)
		}
	}
	return b.Bytes()
}

func TestStreamsOfPlans(t *testing.T) {
	golden(t, "stream-plan.jsonl", streamOf(t, PlanOperation, func(s *Stream) {
		s.Event(report.Event{Kind: report.StageStarted, Stage: report.Refresh, Total: 1})
		s.Event(report.Event{Kind: report.DeviceStarted, Stage: report.Refresh, Device: gate("north")})
		s.Event(report.Event{Kind: report.DeviceDone, Stage: report.Refresh, Device: gate("north"), Result: report.Done})
		s.Event(report.Event{Kind: report.Interrupted})
		s.Plan(allActions(t), nil)
	}))
	ps, sources := problemsFixture()
	text := streamOf(t, PlanOperation, func(s *Stream) { s.Problems(ps, sources) })
	if bytes.Contains(text, []byte(canary)) {
		t.Error("a snippet shows a secret")
	}
	golden(t, "stream-problems.jsonl", text)
}

func TestStreamsOfRuns(t *testing.T) {
	golden(t, "stream-apply.jsonl", streamOf(t, ApplyOperation, func(s *Stream) {
		https := setting(gate("north"), "https", "")
		user := setting(schema.Device{Name: "recorder"}, "user", "operator")
		s.Event(report.Event{Kind: report.StepStarted, Stage: report.Apply, Setting: https, Action: plan.Update})
		s.Event(report.Event{Kind: report.StepDone, Stage: report.Apply, Setting: https, Action: plan.Update, Result: report.Done, Elapsed: 2 * time.Second})
		s.Event(report.Event{Kind: report.StepStarted, Stage: report.Apply, Setting: user, Action: plan.Create})
		s.Event(report.Event{Kind: report.StepDone, Stage: report.Apply, Setting: user, Action: plan.Create, Result: report.Rejected, Detail: "no"})
		s.Result(resultFixture())
	}))
}

func TestStreamsTellCountsAlsoAfterAFailure(t *testing.T) {
	for _, o := range []Operation{PlanOperation, ApplyOperation} {
		text := string(streamOf(t, o, func(*Stream) {}))
		if strings.Count(text, `"type":"change_summary"`) != 1 || !strings.Contains(text, `"operation":"`+string(o)+`"`) {
			t.Error(text)
		}
	}
}

func TestStreamsTellOfStepsThatTakeLong(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var b bytes.Buffer
		s := NewStream(&b, ApplyOperation, "0.1.0", time.Now)
		step := report.Event{Kind: report.StepStarted, Setting: setting(gate("north"), "https", ""), Action: plan.Update}
		time.Sleep(5 * time.Second)
		s.Event(step)
		time.Sleep(24 * time.Second) // ticks after 5, 15 and 25 s from now, the first too early to be worth a word
		step.Kind = report.StepDone
		s.Event(step)
		time.Sleep(time.Minute)
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
		if n := strings.Count(b.String(), `"type":"apply_progress"`); n != 1 || !strings.Contains(b.String(), "Still modifying... [15s elapsed]") {
			t.Errorf("%d lines of progress:\n%s", n, b.String())
		}
	})
}

type broken struct{ after int }

var errBroken = errors.New("pipe closed")

func (b *broken) Write(text []byte) (int, error) {
	if b.after--; b.after < 0 {
		return 0, errBroken
	}
	return len(text), nil
}

func TestWriteErrorsAreReturned(t *testing.T) {
	s := NewStream(&broken{after: 1}, PlanOperation, "0.1.0", stopped)
	s.Plan(allActions(t), nil)
	if err := s.Close(); !errors.Is(err, errBroken) {
		t.Errorf("stream: %v", err)
	}
	if err := s.Close(); err == nil {
		t.Error("a stream is closed twice")
	}
	ps, sources := problemsFixture()
	rows := Rows(allActions(t), testKinds(), Options{})
	for name, write := range map[string]func(io.Writer) error{
		"text":     func(w io.Writer) error { return Text(w, rows, Options{}) },
		"markdown": func(w io.Writer) error { return Markdown(w, rows) },
		"json":     func(w io.Writer) error { return PlanJSON(w, allActions(t), testKinds(), "camform/hikvision") },
		"problems": func(w io.Writer) error { return Problems(w, ps, sources, Options{}) },
		"table":    func(w io.Writer) error { return Table(w, []string{"a"}, nil) },
		"kind":     func(w io.Writer) error { return KindMarkdown(w, testKinds().Lookup("https")) },
		"kindtext": func(w io.Writer) error { return KindText(w, testKinds().Lookup("https"), Options{}) },
	} {
		if err := write(&broken{}); !errors.Is(err, errBroken) {
			t.Errorf("%s: %v", name, fmt.Sprint(err))
		}
	}
}

func TestPlanDocumentsShowThatAPasswordIsReplaced(t *testing.T) {
	change := func(replaces int) strictChange {
		user := userCreate(t, gate("north"), "vault:gate/north/operator")
		user.Secrets = map[string]plan.SecretSource{"password": {Generate: &plan.Generate{Reason: "it is due", Replaces: replaces}}}
		if replaces > 0 {
			user.Action, user.Before = plan.Update, user.After
		}
		return strictly(t, newPlan(plan.Device{Address: gate("north"), Steps: []plan.Step{user}})).ResourceChanges[0].Change
	}
	next := func(c strictChange) bool {
		after := c.After.(map[string]any)
		epoch, there := after["credential_epoch"]
		return there && epoch == nil && c.AfterUnknown.(map[string]any)["credential_epoch"] == true && after["password"] == nil
	}
	if c := change(7); c.Before.(map[string]any)["credential_epoch"] != 7.0 || !next(c) {
		t.Errorf("%+v", c)
	}
	if c := change(0); c.Before != nil || !next(c) {
		t.Errorf("the first one: %+v", c)
	}
}

func TestI1PlanDocumentsHideWhatUnchangedSettingsHide(t *testing.T) {
	user := userCreate(t, gate("north"), "env:X")
	doc := strictly(t, newPlan(plan.Device{Address: gate("north"), Unchanged: []plan.Unchanged{
		{Address: user.Address, Value: object(t, "user", vals{"level": cty.StringVal(canary)}), Hidden: []string{"level"}},
	}}))
	want := strictChange{
		Actions: []string{"no-op"}, Before: map[string]any{"level": nil, "password": nil}, After: map[string]any{"level": nil, "password": nil},
		AfterUnknown: map[string]any{}, BeforeSensitive: map[string]any{"level": true, "password": true}, AfterSensitive: map[string]any{"level": true, "password": true},
	}
	if diff := cmp.Diff(want, doc.ResourceChanges[0].Change); diff != "" {
		t.Error(diff)
	}
	if doc.Applyable {
		t.Error("there is nothing to apply")
	}
}
