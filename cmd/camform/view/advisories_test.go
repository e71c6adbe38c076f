package view

import (
	"bytes"
	"encoding/csv"
	"strings"
	"testing"
	"time"

	"camform/engine/advisory"
	"camform/engine/render"
	"camform/schema"
)

// evil is what a device could call itself to do harm where the report is read.
const evil = "=HYPERLINK(\"http://x\")\n```\n</details><b>\x1b[31m"

func evilReport() *advisory.Report {
	told := advisory.Device{Model: evil, Firmware: evil, Type: evil}
	listed := advisory.Device{Model: "DS-2CD1301-I", Firmware: evil, Type: evil}
	data := advisory.Builtin()
	seen := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	return &advisory.Report{Data: data, Devices: []advisory.Judged{
		{Address: schema.Device{Name: "a"}, Device: told, Seen: seen, Old: true, Findings: data.Judge(told)},
		{Address: schema.Device{Name: "b"}, Device: listed, Seen: seen, Findings: data.Judge(listed)},
	}}
}

func TestWhatDevicesTellDoesNoHarmInAReportOfAdvisories(t *testing.T) {
	for name, f := range map[string]Format{"text": Text, "markdown": Markdown, "json": JSON, "csv": CSV} {
		var out bytes.Buffer
		if err := NewAdvisories(f, Output{Writer: &out, Options: render.Options{}}).Report(evilReport()); err != nil {
			t.Fatal(err)
		}
		if text := out.String(); f != CSV && strings.ContainsRune(text, '\x1b') {
			t.Errorf("%s has a control character", name)
		}
		if f == Markdown {
			fenced := false
			for line := range strings.Lines(out.String()) {
				if strings.HasPrefix(line, "```") {
					fenced = !fenced
				} else if !fenced && strings.Contains(line, "HYPERLINK") {
					t.Errorf("outside of a fence: %s", line)
				}
			}
			if fenced || !strings.Contains(out.String(), "HYPERLINK") {
				t.Error(out.String())
			}
		}
		if f != CSV {
			continue
		}
		rows, err := csv.NewReader(&out).ReadAll()
		if err != nil || len(rows) != 1+2*len(advisory.Builtin().Advisories) {
			t.Fatalf("%d rows: %v", len(rows), err)
		}
		for _, row := range rows {
			for _, cell := range row {
				if cell != "" && strings.ContainsRune("=+-@", rune(cell[0])) {
					t.Errorf("%q is a formula", cell)
				}
			}
		}
	}
}

func TestOldReadingsAreTold(t *testing.T) {
	var out bytes.Buffer
	if err := NewAdvisories(Text, Output{Writer: &out}).Report(evilReport()); err != nil {
		t.Fatal(err)
	}
	if want := "  device.a: it last reported its firmware on 2026-01-02\n"; !strings.Contains(out.String(), want) {
		t.Errorf("%s", out.String())
	}
	if strings.Contains(out.String(), "device.b: it told") {
		t.Error("a new reading is called old")
	}
}
