package render_test

import (
	"bytes"
	"fmt"
	"strings"
	"testing"

	"github.com/hashicorp/hcl/v2"

	"camform/engine/diag"
	"camform/engine/plan"
	"camform/engine/render"
	"camform/engine/report"
	"camform/schema"
)

// The same trouble on many devices is one message, although it names a key, an address or the device; another trouble is another
// message, and one that fewer have is shown for each in full.
func TestTheSameTroubleIsOneMessage(t *testing.T) {
	p := &plan.Plan{}
	add := func(n int, problem func(i int, d schema.Device) string) {
		for i := range n {
			d := schema.Device{Name: "cam", Key: fmt.Sprintf("c%02d", len(p.Devices)), Each: true}
			p.Devices = append(p.Devices, plan.Device{Address: d, Problem: problem(i, d)})
		}
	}
	add(20, func(i int, d schema.Device) string {
		return fmt.Sprintf("its TLS key is sha256:%08x…, but sha256:%08x… is pinned; run: camform state forget '%s'", i, i+100, d)
	})
	add(6, func(i int, _ schema.Device) string { return fmt.Sprintf("no answer from 192.0.2.%d:443 within 5s", i) })
	add(4, func(int, schema.Device) string { return "503 deviceError" })
	add(3, func(int, schema.Device) string { return "500 deviceError" })
	add(2, func(i int, _ schema.Device) string { return fmt.Sprintf("another trouble with 192.0.2.%d:80", i) })
	var text bytes.Buffer
	if err := render.Text(&text, render.Rows(p, nil, render.Options{}), render.Options{Width: 200}); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		"20 devices: its TLS key is …, but … is pinned; run: camform state forget 'device.cam[\"c00\"]' (the same on the others)\n",
		"6 devices: no answer from … within 5s\n", "4 devices: 503 deviceError\n", "3 devices: 500 deviceError\n",
		"device.cam[\"c33\"]: another trouble with 192.0.2.0:80\n", "... and 15 more",
	} {
		if !strings.Contains(text.String(), want) {
			t.Errorf("it does not say %q:\n%s", want, text.String())
		}
	}
	text.Reset()
	if err := render.Text(&text, render.Rows(p, nil, render.Options{Fold: render.Unfolded}), render.Options{Width: 200}); err != nil {
		t.Fatal(err)
	}
	if want := "device.cam[\"c19\"]: its TLS key is sha256:00000013…, but sha256:00000077… is pinned; run: camform state forget 'device.cam[\"c19\"]'\n"; !strings.Contains(text.String(), want) {
		t.Errorf("unfolded it does not say %q:\n%s", want, text.String())
	}
}

// A problem that names its device is the same one for the next device.
func TestAProblemThatNamesItsDeviceIsToldOnce(t *testing.T) {
	var all diag.Problems
	for i := range 30 {
		d := schema.Device{Name: "cam", Key: fmt.Sprint("c", i), Each: true}
		all = append(all, diag.Problem{
			Severity: diag.Error, Code: "x", Summary: "Trouble", Detail: fmt.Sprintf("Run: camform state forget '%s'.", d), Address: schema.Setting{Device: d},
		})
	}
	var text bytes.Buffer
	if err := render.Problems(&text, all, nil, render.Options{Width: 120}); err != nil {
		t.Fatal(err)
	}
	if strings.Count(text.String(), "Trouble") != 1 || !strings.Contains(text.String(), "and 29 more devices") {
		t.Errorf("it says\n%s", text.String())
	}
}

// Devices that no line of a file is to blame for are shown in one box, whatever the message names of each; two of them have their own,
// and so has a value that somebody wrote.
func TestTheSameTroubleOfDevicesIsOneBox(t *testing.T) {
	problem := func(i int, detail string) diag.Problem {
		return diag.Problem{
			Severity: diag.Error, Code: "x", Summary: "Trouble", Detail: fmt.Sprintf(detail, i),
			Address: schema.Setting{Device: schema.Device{Name: "cam", Key: fmt.Sprintf("c%02d", i), Each: true}},
		}
	}
	var all diag.Problems
	for i := range 9 {
		all = append(all, problem(i, "no answer from 192.0.2.%d:443."))
	}
	for i := range 2 {
		all = append(all, problem(i, "it lost its way to 192.0.2.%d:80."))
	}
	for i := range 3 {
		p := problem(i, "192.0.2.30%d is no address.")
		p.Subject = &hcl.Range{Filename: "main.cam.hcl", Start: hcl.Pos{Line: 1, Column: 1}, End: hcl.Pos{Line: 1, Column: 2}}
		all = append(all, p)
	}
	var text bytes.Buffer
	if err := render.Problems(&text, all, nil, render.Options{Width: 120}); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		`with device.cam["c00"] and 8 more devices`, "no answer from ….", "it lost its way to 192.0.2.0:80.", "it lost its way to 192.0.2.1:80.",
		"192.0.2.300 is no address.", "192.0.2.301 is no address.", "192.0.2.302 is no address.",
	} {
		if !strings.Contains(text.String(), want) {
			t.Errorf("it does not say %q:\n%s", want, text.String())
		}
	}
}

// While a run lasts, a trouble is shown for the first devices that have it; the end lists all of them.
func TestProgressTellsATroubleOfTheFirstDevices(t *testing.T) {
	var text bytes.Buffer
	p := render.NewLineProgress(&text)
	for i := range 20 {
		d := schema.Device{Name: "cam", Key: fmt.Sprintf("c%02d", i), Each: true}
		p.Event(report.Event{
			Kind: report.StepDone, Stage: report.Apply, Device: d, Setting: schema.Setting{Device: d, Kind: "upnp"}, Action: plan.Update,
			Result: report.Failed, Detail: fmt.Sprintf("no answer from 192.0.2.%d:443", i),
		})
		p.Event(report.Event{
			Kind: report.StepDone, Stage: report.Apply, Device: d, Setting: schema.Setting{Device: d, Kind: "ntp"}, Action: plan.Update, Result: report.NotRun,
		})
	}
	d := schema.Device{Name: "other"}
	p.Event(report.Event{Kind: report.DeviceDone, Stage: report.Apply, Device: d, Result: report.Failed, Detail: "another trouble"})
	p.Close()
	if n := strings.Count(text.String(), "no answer from"); n != 3 {
		t.Errorf("one trouble was shown %d times:\n%s", n, text.String())
	}
	for what, want := range map[string]int{"upnp: failed, nothing was changed: further devices are listed at the end": 1, "another trouble": 1, "not begun": 0} {
		if n := strings.Count(text.String(), what); n != want {
			t.Errorf("%q is there %d times, want %d:\n%s", what, n, want, text.String())
		}
	}
}

// Only devices that nobody could log in to are said to be out of reach.
func TestADeviceThatFailedIsNotSaidToBeOutOfReach(t *testing.T) {
	device := func(name string, result report.Result) report.Device {
		return report.Device{Address: schema.Device{Name: name}, Result: result, Detail: "trouble"}
	}
	for want, devices := range map[string][]report.Device{
		"Look at 1 device of 1: 1 device failed.":                                                    {device("a", report.Failed)},
		"Look at 2 devices of 2: out of reach, or not ready for a login.":                            {device("a", report.Unreachable), device("b", report.Refused)},
		"Look at 3 devices of 3: 2 devices failed, 1 device out of reach, or not ready for a login.": {device("a", report.Failed), device("b", report.Failed), device("c", report.Mistaken)},
	} {
		rows := render.Result(&report.Report{Devices: devices}, render.Options{})
		if got := rows[len(rows)-1].Text(); got != want {
			t.Errorf("it says %q, want %q", got, want)
		}
	}
}
