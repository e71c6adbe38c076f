package render

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"math/rand/v2"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"unicode"

	"github.com/google/go-cmp/cmp"
	"github.com/zclconf/go-cty/cty"
	"pgregory.net/rapid"

	"camform/engine/plan"
	"camform/schema"
)

// canary is a secret that stands in plans where none should be.
const canary = "canary-7f3a"

// careless is a plan whose maker put secrets into it: in attributes of every secrecy, and in kinds that nobody knows.
func careless(t testing.TB) *plan.Plan {
	d := gate("north")
	secret := schema.MarkSecret(cty.StringVal(canary), "var.x")
	user := vals{"level": cty.StringVal("Viewer"), "password": cty.StringVal(canary)}
	foreign := cty.ObjectVal(vals{"anything": cty.StringVal(canary)})
	return newPlan(plan.Device{Address: d, Steps: []plan.Step{
		{Address: setting(d, "user", "a"), Action: plan.Create, After: object(t, "user", user), Before: testKinds().Lookup("user").Null()},
		{
			Address: setting(d, "user", "b"), Action: plan.Update, Before: object(t, "user", user),
			After: object(t, "user", vals{"password": cty.StringVal(canary + "2")}),
			Why:   []plan.Why{{Attribute: "password", Cause: plan.CauseDrift}},
		},
		{Address: setting(d, "user", "c"), Action: plan.Delete, Before: object(t, "user", user), After: testKinds().Lookup("user").Null()},
		{
			Address: setting(d, "snmp", ""), Action: plan.Update, Before: object(t, "snmp", vals{"community": cty.StringVal(canary)}),
			After: object(t, "snmp", vals{"enabled": cty.True}), Why: []plan.Why{{Attribute: "enabled", Cause: plan.CauseDrift}},
		},
		{Address: setting(d, "unheard_of", ""), Action: plan.Delete, Before: foreign, After: cty.NullVal(foreign.Type())},
		{
			Address: setting(d, "banner", ""), Action: plan.Update, Before: object(t, "banner", vals{"text": cty.StringVal("x")}),
			After: object(t, "banner", vals{"text": secret}), Why: []plan.Why{{Attribute: "text", Cause: plan.CauseConfig}},
		},
	}})
}

func TestI1NoFormOfAPlanShowsASecret(t *testing.T) {
	p := careless(t)
	rows := slices.Concat(Rows(p, testKinds(), Options{}), DriftRows(p, testKinds(), Options{Fold: Unfolded}))
	doc, err := planDocument(p, testKinds(), "")
	if err != nil {
		t.Fatal(err)
	}
	document, err := encode(doc)
	if err != nil {
		t.Fatal(err)
	}
	var stream bytes.Buffer
	s := NewStream(&stream, PlanOperation, "0.1.0", stopped)
	s.Plan(p, nil)
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	for form, text := range map[string][]byte{
		"text": textOf(t, rows, Options{}), "markdown": markdownOf(t, rows), "json": document, "stream": stream.Bytes(),
	} {
		if bytes.Contains(text, []byte(canary)) {
			t.Errorf("%s shows the secret:\n%s", form, text)
		}
		if !bytes.Contains(text, []byte("unheard_of")) {
			t.Errorf("%s does not tell of the unknown kind", form)
		}
	}
	if n := strings.Count(string(textOf(t, rows, Options{})), hidden); n < 5 {
		t.Errorf("only %d of the secrets are shown to be there", n)
	}
}

func TestI1APlanWithASecretIsNotWrittenAsJSON(t *testing.T) {
	var b bytes.Buffer
	if err := PlanJSON(&b, careless(t), testKinds(), "camform/hikvision"); err == nil || b.Len() > 0 {
		t.Errorf("wrote %d bytes, error %v", b.Len(), err)
	} else if strings.Contains(err.Error(), canary) {
		t.Errorf("the error tells the secret: %v", err)
	}
}

// unsafe finds a character that could steer a terminal or reorder a line.
func unsafe(text []byte) (rune, bool) {
	for i, r := range string(text) {
		if r == '\n' {
			continue
		}
		if unicode.IsControl(r) || unicode.Is(unicode.Cf, r) || unicode.Is(unicode.Zl, r) || unicode.Is(unicode.Zp, r) {
			return r, true
		}
		if r == unicode.ReplacementChar && !bytes.HasPrefix(text[i:], []byte("\uFFFD")) {
			return r, true
		}
	}
	return 0, false
}

func TestNothingUnprintableReachesTheOutput(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		text := rapid.OneOf(rapid.String(), rapid.Custom(func(rt *rapid.T) string { return string(rapid.SliceOf(rapid.Byte()).Draw(rt, "bytes")) }))
		draw := func(name string) string { return text.Draw(rt, name) }
		d := schema.Device{Name: "gate", Key: draw("key"), Each: true}
		p := newPlan(plan.Device{
			Address: d,
			Steps: []plan.Step{{
				Address: setting(d, "user", draw("item")), Action: plan.Delete, Reason: draw("reason"),
				Before: object(t, "user", vals{"level": cty.StringVal(draw("value"))}), After: testKinds().Lookup("user").Null(),
			}},
			Skipped: []plan.Skipped{{Address: setting(d, "https", ""), Reason: plan.Unreadable, Detail: draw("detail")}},
		}, plan.Device{Address: schema.Device{Name: "x"}, Problem: "p" + draw("problem")})
		rows := Rows(p, testKinds(), Options{})
		for form, text := range map[string][]byte{"text": textOf(t, rows, Options{}), "markdown": markdownOf(t, rows), "json": jsonDocOf(t, p)} {
			if r, found := unsafe(text); found {
				rt.Fatalf("%s has %U:\n%q", form, r, text)
			}
		}
	})
}

func TestHostileTextStaysInsideItsFence(t *testing.T) {
	text := string(markdownOf(t, Rows(hostile(t), testKinds(), Options{})))
	outside, fence := "", ""
	for line := range strings.Lines(text) {
		line = strings.TrimSuffix(line, "\n")
		ticks := line[:len(line)-len(strings.TrimLeft(line, "`"))]
		switch {
		case fence == "" && len(ticks) >= 3:
			fence = ticks
		case fence != "" && line == fence:
			fence = ""
		case fence == "":
			outside += line + "\n"
		}
	}
	if fence != "" {
		t.Error("a fence is not closed")
	}
	if n := strings.Count(outside, "<"); n != strings.Count(outside, "<details><summary><code>")*3+strings.Count(outside, "</code></summary>")*2+strings.Count(outside, "</details>") {
		t.Errorf("markup of others stands outside of the fences:\n%s", outside)
	}
}

func TestJSONKeepsTheTextThatItEscapes(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		want := rapid.String().Draw(rt, "text")
		text, err := encode(want)
		if err != nil {
			rt.Fatal(err)
		}
		var got string
		if err := json.Unmarshal(text, &got); err != nil || got != want {
			rt.Fatalf("%q became %q (%v)", want, got, err)
		}
		if r, found := unsafe(text); found {
			rt.Fatalf("%U in %q", r, text)
		}
	})
}

// drawPlan makes a fleet whose devices have a few changes in common.
func drawPlan(rt *rapid.T, t testing.TB) *plan.Plan {
	var devices []plan.Device
	for i := range rapid.IntRange(0, 12).Draw(rt, "devices") {
		d := plan.Device{Address: numbered(i)}
		if rapid.Bool().Draw(rt, "https") {
			step := httpsUpdate(t, d.Address)
			step.Why[0].Source.Line = rapid.IntRange(1, 2).Draw(rt, "line")
			step.Risk = rapid.SampledFrom([]schema.Risk{schema.RiskNone, schema.RiskLockout}).Draw(rt, "risk")
			step.Before = object(t, "https", vals{
				"enabled": cty.False, "port": cty.NumberIntVal(443), "redirect": cty.False,
				"min_tls": cty.StringVal(rapid.SampledFrom([]string{"1.0", "1.0", "1.0", "1.1", "1.3", "0.9", "0.8"}).Draw(rt, "before")),
			})
			d.Steps = append(d.Steps, step)
		}
		for _, key := range rapid.SliceOfDistinct(rapid.SampledFrom([]string{"a", "b"}), rapid.ID).Draw(rt, "users") {
			step := userCreate(t, d.Address, rapid.SampledFrom([]string{"env:A", "env:B"}).Draw(rt, "origin"))
			step.Address.Key = key
			step.After = object(t, "user", vals{"level": cty.StringVal(rapid.SampledFrom([]string{"Viewer", "Operator"}).Draw(rt, "level"))})
			d.Steps = append(d.Steps, step)
		}
		devices = append(devices, d)
	}
	return newPlan(devices...)
}

// told is what rows say of each setting: the lines of its change without the header.
func told(rows []Row) map[schema.Setting]string {
	all := map[schema.Setting]string{}
	for i, r := range rows {
		if len(r.Settings) == 0 {
			continue
		}
		body := []string{strings.TrimPrefix(r.Text(), r.Parts[0].Text)}
		for _, line := range rows[i+1:] {
			if line.Block != r.Block {
				break
			}
			if text := line.Text(); !strings.HasPrefix(text, "#") || strings.Contains(text, "hidden") {
				body = append(body, string(line.Mark)+text)
			}
		}
		for _, s := range r.Settings {
			all[s] = strings.Join(body, "\n")
		}
	}
	return all
}

var (
	variantText = regexp.MustCompile(`\((\d+) different values\) ->`)
	valueBefore = regexp.MustCompile(`(min_tls  = )"[^"]*" ->`)
)

var originText = regexp.MustCompile(`\(sensitive value from [^)]*\)`)

func TestFoldingTellsTheSameOfTheSameSettings(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		p := drawPlan(rt, t)
		folded, unfolded := told(Rows(p, testKinds(), Options{})), told(Rows(p, testKinds(), Options{Fold: Unfolded}))
		var want []schema.Setting
		for _, d := range p.Devices {
			for _, s := range d.Steps {
				want = append(want, s.Address)
			}
		}
		slices.SortFunc(want, schema.Setting.Compare)
		if diff := cmp.Diff(want, slices.SortedFunc(maps.Keys(folded), schema.Setting.Compare)); len(want) > 0 && diff != "" {
			rt.Fatalf("folded rows tell of other settings (-want +got):\n%s", diff)
		}
		for s, text := range unfolded {
			if m := variantText.FindStringSubmatch(folded[s]); m != nil { // the values before are not told, and they are more than a few
				if n, _ := strconv.Atoi(m[1]); n <= mostVariants {
					rt.Fatalf("%s has %d values before, which are not told:\n%s", s, n, folded[s])
				}
				text = valueBefore.ReplaceAllString(text, "$1"+m[0])
			}
			if originText.ReplaceAllString(folded[s], "") != originText.ReplaceAllString(text, "") {
				rt.Fatalf("%s is shown as\n%s\nfolded, and as\n%s", s, folded[s], text)
			}
		}
		if diff := cmp.Diff(Rows(p, testKinds(), Options{}), Rows(p, testKinds(), Options{})); diff != "" {
			rt.Fatalf("the order is not stable:\n%s", diff)
		}
	})
}

func TestFoldedDevicesAreInOrder(t *testing.T) {
	var devices []plan.Device
	for _, i := range []int{2, 0, 1} {
		devices = append(devices, plan.Device{Address: numbered(i), Steps: []plan.Step{httpsUpdate(t, numbered(i))}})
	}
	for _, r := range Rows(newPlan(devices...), testKinds(), Options{}) {
		if len(r.Settings) > 0 && !slices.IsSortedFunc(r.Settings, schema.Setting.Compare) {
			t.Error(r.Settings)
		}
	}
}

func TestSecrecyFollowsTheKindAndTheMarks(t *testing.T) {
	kind := &schema.Kind{Attributes: []*schema.Attribute{{Name: "open"}, {Name: "secret", Secret: true}, {Name: "write_only", WriteOnly: true}}}
	plain, marked := cty.StringVal("x"), schema.MarkSecret(cty.StringVal("x"), "env:X")
	for _, c := range []struct {
		kind  *schema.Kind
		name  string
		value cty.Value
		want  bool
	}{
		{kind, "open", plain, false},
		{kind, "open", marked, true},
		{kind, "open", cty.ListVal([]cty.Value{marked}), true},
		{kind, "secret", plain, true},
		{kind, "write_only", plain, true},
		{kind, "not_in_the_kind", plain, true},
		{nil, "open", plain, true},
	} {
		if got := isSecret(c.kind, c.name, c.value); got != c.want {
			t.Errorf("%s %#v: %v", c.name, c.value, got)
		}
	}
}

func TestTwoDevicesAreNotFoldedThreeAre(t *testing.T) {
	for n, want := range map[int]int{2: 2, 3: 1} {
		var devices []plan.Device
		for i := range n {
			devices = append(devices, plan.Device{Address: numbered(i), Steps: []plan.Step{httpsUpdate(t, numbered(i))}})
		}
		heads := 0
		for _, r := range Rows(newPlan(devices...), testKinds(), Options{}) {
			if len(r.Settings) > 0 {
				heads++
			}
		}
		if heads != want {
			t.Errorf("%d devices have %d headers, want %d", n, heads, want)
		}
	}
}

// A reviewer who sees one profile for all of them would not see that another one asks for the same.
func TestDevicesWithTheSameFromDifferentProfilesAreNotFolded(t *testing.T) {
	for profile, want := range map[string]int{"hardened": 1, "office": 3} {
		var devices []plan.Device
		for i, from := range []string{"hardened", "hardened", profile} {
			step := httpsUpdate(t, numbered(i))
			step.Why = slices.Clone(step.Why)
			for j := range step.Why {
				step.Why[j].Profile = from
			}
			devices = append(devices, plan.Device{Address: numbered(i), Steps: []plan.Step{step}})
		}
		heads := 0
		for _, r := range Rows(newPlan(devices...), testKinds(), Options{}) {
			if len(r.Settings) > 0 {
				heads++
			}
		}
		if heads != want {
			t.Errorf("two devices by hardened and one by %s have %d headers, want %d", profile, heads, want)
		}
	}
}

func TestAnOriginIsNamedIfAllFoldedDevicesShareIt(t *testing.T) {
	var devices []plan.Device
	for i := range 3 {
		devices = append(devices, plan.Device{Address: numbered(i), Steps: []plan.Step{userCreate(t, numbered(i), "env:SHARED")}})
	}
	if text := string(textOf(t, Rows(newPlan(devices...), testKinds(), Options{}), Options{})); !strings.Contains(text, "(sensitive value from env:SHARED)") {
		t.Error(text)
	}
}

func TestLongValuesAreShownWhole(t *testing.T) {
	for _, filler := range []string{"a", "é", "日", "\x1b"} {
		d := gate("x")
		before, after := strings.Repeat(filler, 300)+"1", strings.Repeat(filler, 300)+"2"
		p := newPlan(plan.Device{Address: d, Steps: []plan.Step{{
			Address: setting(d, "banner", ""), Action: plan.Update, Before: object(t, "banner", vals{"text": cty.StringVal(before)}),
			After: object(t, "banner", vals{"text": cty.StringVal(after)}), Why: []plan.Why{{Attribute: "text"}},
		}}})
		want := fmt.Sprintf("text = %q -> %q\n", before, after)
		if text := string(textOf(t, Rows(p, testKinds(), Options{}), Options{})); !strings.Contains(text, want) {
			t.Errorf("lacks %s:\n%s", want, text)
		}
	}
	if text := quoted(strings.Repeat("x", 2*valueLimit)); len(text) > valueLimit+100 || !strings.HasSuffix(text, "... (4096 more bytes)") {
		t.Errorf("%d bytes, ending %q", len(text), text[len(text)-40:])
	}
}

func TestEditsLeadFromBeforeToAfter(t *testing.T) {
	list := rapid.SliceOf(rapid.SampledFrom([]string{"a", "b", "c", "", "d e"}))
	rapid.Check(t, func(rt *rapid.T) {
		before, after := list.Draw(rt, "before"), list.Draw(rt, "after")
		var gotBefore, gotAfter []string
		for _, e := range edits(before, after) {
			if e.mark != AddMark {
				gotBefore = append(gotBefore, e.text)
			}
			if e.mark != RemoveMark {
				gotAfter = append(gotAfter, e.text)
			}
		}
		if !slices.Equal(before, gotBefore) || !slices.Equal(after, gotAfter) {
			rt.Fatalf("%q to %q is shown as %q to %q", before, after, gotBefore, gotAfter)
		}
	})
}

func TestVeryLongTextsAreReplacedAsAWhole(t *testing.T) {
	same := slices.Repeat([]string{"x"}, editLimit)
	got := edits(same, append(slices.Clone(same), "y"))
	if len(got) != 2*editLimit+1 || got[0].mark != RemoveMark || got[len(got)-1].mark != AddMark {
		t.Errorf("%d edits", len(got))
	}
}

// Programs find the plan in the text by these patterns.
func TestTerraformWordingMatchesWhatProgramsLookFor(t *testing.T) {
	o := Options{Wording: Terraform}
	text := string(textOf(t, Rows(allActions(t), testKinds(), o), o)) + string(textOf(t, Rows(fleet(t), testKinds(), o), o))
	for _, pattern := range []string{
		`(?m)^Terraform will perform the following actions:$`,
		`(?m)^ *# device\.gate\["north"\]\.user\.operator will be created$`,
		`(?m)^ *# .*https will be updated in-place$`,
		`(?m)^ *# .*user\["old man"\] will be destroyed$`,
		`(?m)^ *# user.operator on 7 devices will be created$`,
		`(?m)^Plan: (?:(\d+) to import, )?(\d+) to add, (\d+) to change, (\d+) to destroy(?:, (\d+) to forget)?\.`,
	} {
		if !regexp.MustCompile(pattern).MatchString(text) {
			t.Errorf("nothing matches %s", pattern)
		}
	}
	none := string(textOf(t, Rows(newPlan(), testKinds(), o), o))
	if !regexp.MustCompile(`No changes. (Infrastructure is up-to-date|Your infrastructure matches the configuration).`).MatchString(none) {
		t.Error(none)
	}
}

func TestUnreadDevicesForbidThePlainSentence(t *testing.T) {
	deaf := plan.Device{Address: gate("x"), Problem: "No answer."}
	skipped := plan.Device{Address: gate("y"), Skipped: []plan.Skipped{{Address: setting(gate("y"), "https", ""), Reason: plan.Unsupported}}}
	for _, p := range []*plan.Plan{newPlan(deaf), newPlan(deaf, plan.Device{Address: gate("z")}), newPlan(skipped)} {
		for _, w := range []Wording{Own, Terraform} {
			text := string(textOf(t, Rows(p, testKinds(), Options{Wording: w}), Options{}))
			if strings.Contains(text, "match") {
				t.Errorf("claims too much:\n%s", text)
			}
		}
	}
}

func TestIfNoDeviceCouldBeReadNothingIsKnown(t *testing.T) {
	p := newPlan(plan.Device{Address: gate("x"), Problem: "No answer."})
	for _, rows := range [][]Row{Rows(p, testKinds(), Options{}), DriftRows(p, testKinds(), Options{})} {
		if last := rows[len(rows)-1]; last.Text() != "No device could be read (of 1)." || last.Severity != Alarm {
			t.Errorf("%q", last.Text())
		}
	}
}

func TestUpdatesShowWhatWouldBeWritten(t *testing.T) {
	d := gate("x")
	step := httpsUpdate(t, d)
	user := userCreate(t, d, "env:X")
	user.Action, user.Before = plan.Update, object(t, "user", vals{"level": cty.StringVal("Viewer")})
	user.Why = user.Why[:1] // the password is as it should be
	text := string(textOf(t, Rows(newPlan(plan.Device{Address: d, Steps: []plan.Step{user}}), testKinds(), Options{}), Options{}))
	if strings.Contains(text, "password") {
		t.Errorf("tells of a password that does not change:\n%s", text)
	}
	step.Why = step.Why[:1] // the others differ all the same, and would be written
	text = string(textOf(t, Rows(newPlan(plan.Device{Address: d, Steps: []plan.Step{step}}), testKinds(), Options{}), Options{}))
	if !strings.Contains(text, `min_tls  = "1.0" -> "1.2"`) {
		t.Errorf("hides what would be written:\n%s", text)
	}
}

// TestCodeIsNotLeft: whatever a text is, as code it is one line, ends no cell, and has no backticks that end it.
func TestCodeIsNotLeft(t *testing.T) {
	pieces := []string{"`", "``", "|", `\`, `\|`, "\n", "\n\n# t", "[x](javascript:1)", "<script>", "@all", "https://evil.example", "\u202e", "\x1b[31m", "a", " ", "&lt;"}
	random := rand.New(rand.NewPCG(1, 2))
	for range 2000 {
		var text strings.Builder
		for range random.IntN(6) {
			text.WriteString(pieces[random.IntN(len(pieces))])
		}
		code := Code(text.String())
		if text.Len() == 0 {
			if code != "" {
				t.Errorf("nothing is %q", code)
			}
			continue
		}
		fence := code[:len(code)-len(strings.TrimLeft(code, "`"))]
		body, ok := strings.CutSuffix(strings.TrimPrefix(code, fence), fence)
		if !ok || fence == "" || ticks(body) >= len(fence) || strings.HasPrefix(body, "`") || strings.HasSuffix(body, "`") {
			t.Fatalf("%q is left: %q", text.String(), code)
		}
		if strings.ContainsAny(code, "|\n") || !isPrintable(code) {
			t.Fatalf("%q is no cell: %q", text.String(), code)
		}
	}
}
