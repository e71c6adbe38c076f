package diag

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/hashicorp/hcl/v2"

	"camform/schema"
)

func at(file string, line int) *hcl.Range {
	return &hcl.Range{Filename: file, Start: hcl.Pos{Line: line, Byte: line * 10}, End: hcl.Pos{Line: line, Byte: line*10 + 5}}
}

func TestProblemsAreToldInOneOrderAndOnce(t *testing.T) {
	device := func(key string) schema.Setting {
		return schema.Setting{Device: schema.Device{Name: "gate", Key: key, Each: true}}
	}
	want := Problems{
		{Severity: Error, Code: "a", Detail: "1", Subject: at("a.cam.hcl", 1)},
		{Severity: Error, Code: "b", Detail: "1", Subject: at("a.cam.hcl", 1)},
		{Severity: Error, Code: "a", Detail: "1", Subject: at("a.cam.hcl", 2)},
		{Severity: Error, Code: "a", Detail: "1", Subject: at("b.cam.hcl", 1)},
		{Severity: Error, Code: "a", Detail: "1", Address: device("a")},
		{Severity: Error, Code: "a", Detail: "1", Address: device("b")},
		{Severity: Error, Code: "a", Detail: "2", Address: device("b")},
		{Severity: Warning, Code: "a", Detail: "1", Subject: at("a.cam.hcl", 1)},
	}
	shuffled := append(slices.Clone(want), want[0], want[4])
	slices.Reverse(shuffled)
	got := shuffled.Sorted()
	if len(got) != len(want) {
		t.Fatalf("%d problems, want %d", len(got), len(want))
	}
	for i := range want {
		if got[i].Error() != want[i].Error() || got[i].Severity != want[i].Severity {
			t.Errorf("problem %d is %q, want %q", i, got[i].Error(), want[i].Error())
		}
	}
	if shuffled[0].Error() != want[4].Error() {
		t.Error("sorting changed the list that it was given")
	}
}

func TestErrorsAndWarnings(t *testing.T) {
	if (Problems{{Severity: Warning}}).HasErrors() || !(Problems{{Severity: Warning}, {Severity: Error}}).HasErrors() {
		t.Error("a warning is no error, an error is one")
	}
}

func TestAProblemOnOneLineSaysWhereItIs(t *testing.T) {
	p := Problem{
		Summary: "Unknown argument", Detail: "It is unknown.", Subject: at("main.cam.hcl", 3),
		Address: schema.Setting{Device: schema.Device{Name: "gate"}, Kind: "https"},
	}
	if got, want := p.Error(), "main.cam.hcl:3: device.gate.https: Unknown argument: It is unknown."; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	p.Address.Kind = ""
	if got := p.Place(); got != "device.gate" {
		t.Errorf("the place is %q", got)
	}
}

func TestFromHCLGivesStableCodes(t *testing.T) {
	got := FromHCL(hcl.Diagnostics{
		{Severity: hcl.DiagError, Summary: "Missing newline after argument", Detail: "Here.", Subject: at("a", 1)},
		{Severity: hcl.DiagWarning, Summary: `Use of "old" words!`},
	})
	if got[0].Code != "missing-newline-after-argument" || got[0].Severity != Error || got[0].Subject == nil {
		t.Errorf("got %+v", got[0])
	}
	if got[1].Code != "use-of-old-words" || got[1].Severity != Warning {
		t.Errorf("got %+v", got[1])
	}
}

func TestFromErrorKeepsAProblemThatTravelledAsAnError(t *testing.T) {
	inner := Problem{Severity: Error, Code: "inner", Summary: "Inner"}
	if got := FromError(fmt.Errorf("outer: %w", inner), "outer", "Outer"); got.Code != "inner" {
		t.Errorf("got %+v", got)
	}
	if got := FromError(errors.New("disk full"), "outer", "Outer"); got.Detail != "Disk full." || got.Summary != "Outer" {
		t.Errorf("got %+v", got)
	}
}

func TestTextOfDevicesCannotSteerATerminal(t *testing.T) {
	hostile := "gate\x1b[2J\u202e\r\nname"
	if got := Quote(hostile); got != `"gate\x1b[2J\u202e\r\nname"` {
		t.Errorf("got %s", got)
	}
	if got := Quote(strings.Repeat("ä", 400)); len(got) > quoteLimit+5 || !strings.HasSuffix(got, `…"`) {
		t.Errorf("a long text is %d bytes", len(got))
	}
	if got := CleanText("<a>\"x\"\\\t\x1b[2J</a>\r\n<b/>"); got != "<a>\"x\"\\    \\x1b[2J</a>\n<b/>" {
		t.Errorf("got %q", got)
	}
}
