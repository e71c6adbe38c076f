package render

import (
	"bytes"
	"fmt"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"
	"unicode/utf8"

	"camform/engine/plan"
	"camform/engine/report"
	"camform/schema"
)

// screenful is a writer for many goroutines.
type screenful struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (s *screenful) Write(text []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.Write(text)
}

func (s *screenful) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.String()
}

// refresh tells of a stage in which each of n devices takes d, one after the other.
func refresh(p *Progress, n int, d time.Duration) {
	started := time.Now()
	p.Event(report.Event{Kind: report.StageStarted, Stage: report.Refresh, Total: n})
	for i := range n {
		p.Event(report.Event{Kind: report.DeviceStarted, Stage: report.Refresh, Device: numbered(i)})
		time.Sleep(d)
		result := report.Done
		if i == 1 {
			result = report.Unreachable
		}
		p.Event(report.Event{Kind: report.DeviceDone, Stage: report.Refresh, Device: numbered(i), Result: result})
	}
	p.Event(report.Event{Kind: report.StageDone, Stage: report.Refresh, Elapsed: time.Since(started)})
}

func TestProgressInALogIsALineEveryTenSeconds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var out screenful
		p := NewLineProgress(&out)
		refresh(p, 6, 4*time.Second+time.Millisecond)
		p.Close()
		want := "refresh: 6 devices\nrefresh: 2/6 devices, 1 failed\nrefresh: 4/6 devices, 1 failed\nrefresh: 6/6 devices, 1 failed, took 24s\n"
		if got := out.String(); got != want {
			t.Errorf("got\n%s\nwant\n%s", got, want)
		}
	})
}

// steps tells of an apply stage of n steps: two that end well, one that does not, one that forgets, and a device that does not answer.
func steps(p *Progress, n int) {
	d, deaf := gate("north"), gate("deaf\x1b[2J")
	p.Event(report.Event{Kind: report.StageStarted, Stage: report.Apply, Total: 2, Steps: n})
	p.Event(report.Event{Kind: report.DeviceStarted, Stage: report.Apply, Device: d, Total: 4})
	for _, s := range []struct {
		kind   string
		action plan.Action
		result report.Result
	}{{"banner", plan.Create, report.Done}, {"https", plan.Update, report.PendingReboot}, {"user", plan.Delete, report.Rejected}, {"snmp", plan.Forget, report.Done}} {
		e := report.Event{Kind: report.StepStarted, Stage: report.Apply, Device: d, Setting: setting(d, s.kind, ""), Action: s.action}
		p.Event(e)
		e.Kind, e.Result, e.Elapsed, e.Detail = report.StepDone, s.result, 2*time.Second, ""
		if s.result == report.Rejected {
			e.Detail = "it says \x1b[31mno"
		}
		p.Event(e)
	}
	for _, waited := range []time.Duration{0, 21 * time.Second} {
		p.Event(report.Event{Kind: report.Restarting, Stage: report.Apply, Device: d, Elapsed: waited, Limit: 3 * time.Minute})
	}
	p.Event(report.Event{Kind: report.Interrupted})
	p.Event(report.Event{Kind: report.DeviceDone, Stage: report.Apply, Device: d, Result: report.Rejected, Detail: "a step was refused"})
	p.Event(report.Event{Kind: report.DeviceStarted, Stage: report.Apply, Device: deaf})
	p.Event(report.Event{Kind: report.DeviceDone, Stage: report.Apply, Device: deaf, Result: report.Unreachable, Detail: "no answer"})
	p.Event(report.Event{Kind: report.StageDone, Stage: report.Apply, Elapsed: 3 * time.Second})
	p.Close()
}

func TestProgressOfStepsInALog(t *testing.T) {
	var few, many screenful
	steps(NewLineProgress(&few), maxTold)
	steps(NewLineProgress(&many), maxTold+1)
	golden(t, "progress-few.txt", []byte(few.String()))
	golden(t, "progress-many.txt", []byte(many.String()))
	if r, found := unsafe([]byte(few.String())); found {
		t.Errorf("%U", r)
	}
}

func TestProgressOnATerminalIsOneLineWithFailuresAbove(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var out screenful
		p := NewLiveProgress(&out, Options{Width: 100})
		p.Event(report.Event{Kind: report.StageStarted, Stage: report.Apply, Total: 4})
		for i := range 4 {
			p.Event(report.Event{Kind: report.DeviceStarted, Stage: report.Apply, Device: numbered(i)})
		}
		time.Sleep(199 * time.Millisecond)
		synctest.Wait()
		if first := out.String(); !strings.Contains(first, "apply: 0/4") || !strings.Contains(first, `device.gate["cam000"], device.gate["cam001"], 2 more`) {
			t.Errorf("first paint: %q", first)
		}
		p.Event(report.Event{Kind: report.DeviceDone, Stage: report.Apply, Device: numbered(0), Result: report.Done})
		p.Event(report.Event{Kind: report.DeviceDone, Stage: report.Apply, Device: numbered(1), Result: report.Unreachable, Detail: "no answer"})
		time.Sleep(9801 * time.Millisecond)
		synctest.Wait()
		late := out.String()
		if !strings.Contains(late, "\x1b[J"+`device.gate["cam001"]: not reachable: no answer`+"\n") {
			t.Errorf("the failure is not told: %q", late)
		}
		last := late[strings.LastIndex(late, "\x1b[J"):]
		for _, want := range []string{"apply: 2/4", "1 failed", "0.2/s, 10s left", "[=", ">", `device.gate["cam002"]`} {
			if !strings.Contains(last, want) {
				t.Errorf("lacks %q: %q", want, last)
			}
		}
		p.Event(report.Event{Kind: report.StageDone, Stage: report.Apply, Elapsed: 10 * time.Second})
		p.Close()
		if end := out.String(); !strings.HasSuffix(end, "\x1b[1A\x1b[Japply: 2/4 devices, 1 failed, took 10s\n") {
			t.Errorf("the line stays: %q", end[len(late):])
		}
	})
}

func TestTheLiveLineFitsTheTerminal(t *testing.T) {
	for _, width := range []int{20, 40, 80} {
		synctest.Test(t, func(t *testing.T) {
			var out screenful
			p := NewLiveProgress(&out, Options{Width: width})
			p.Event(report.Event{Kind: report.StageStarted, Stage: report.Refresh, Total: 10000})
			for i := range 50 {
				p.Event(report.Event{Kind: report.DeviceStarted, Stage: report.Refresh, Device: gate(strings.Repeat("x", 60) + fmt.Sprint(i))})
			}
			time.Sleep(time.Second)
			p.Close()
			if width == 80 && !strings.Contains(out.String(), "[----") {
				t.Errorf("no room for the bar: %q", out.String())
			}
			for line := range strings.Lines(out.String()) {
				line = strings.TrimSuffix(strings.TrimPrefix(line, "\x1b[1A\x1b[J"), "\n")
				if n := utf8.RuneCountInString(line); strings.HasPrefix(line, "refresh: 0") && n > width {
					t.Errorf("%d columns of %d: %q", n, width, line)
				}
			}
		})
	}
}

func TestProgressIntoNothingShowsNothing(t *testing.T) {
	steps(NewLineProgress(nil), 6)
	steps(NewLiveProgress(nil, Options{}), 6)
}

func TestProgressCountsEventsOfManyGoroutines(t *testing.T) {
	const devices = 2000
	for name, start := range map[string]func(*screenful) *Progress{
		"log":  func(out *screenful) *Progress { return NewLineProgress(out) },
		"live": func(out *screenful) *Progress { return NewLiveProgress(out, Options{}) },
	} {
		var out screenful
		p := start(&out)
		p.Event(report.Event{Kind: report.StageStarted, Stage: report.Refresh, Total: devices})
		var all sync.WaitGroup
		for i := range devices {
			all.Go(func() {
				d := numbered(i)
				p.Event(report.Event{Kind: report.DeviceStarted, Stage: report.Refresh, Device: d})
				p.Event(report.Event{Kind: report.StepDone, Setting: schema.Setting{Device: d, Kind: "x"}, Result: report.Done})
				p.Event(report.Event{Kind: report.DeviceDone, Stage: report.Refresh, Device: d, Result: report.Refused})
			})
		}
		all.Wait()
		p.Event(report.Event{Kind: report.StageDone, Stage: report.Refresh})
		p.Close()
		if got := out.String(); !strings.HasSuffix(got, "refresh: 2000/2000 devices, 2000 failed, took 0s\n") {
			t.Errorf("%s: %q", name, got)
		}
	}
}

func BenchmarkProgressEvents(b *testing.B) {
	var out screenful
	p := NewLiveProgress(&out, Options{})
	p.Event(report.Event{Kind: report.StageStarted, Stage: report.Refresh, Total: b.N})
	b.RunParallel(func(pb *testing.PB) {
		d := gate("x")
		for pb.Next() {
			p.Event(report.Event{Kind: report.DeviceStarted, Stage: report.Refresh, Device: d})
			p.Event(report.Event{Kind: report.DeviceDone, Stage: report.Refresh, Device: d, Result: report.Done})
		}
	})
	p.Close()
}

// A fleet of few devices with many settings shows how far it is while they are written. Steps that will not be begun leave the rest of
// the time, and are no settings that were written.
func TestProgressOfChangesCountsSettings(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var out screenful
		p := NewLiveProgress(&out, Options{Width: 100})
		d, deaf := numbered(0), numbered(1)
		p.Event(report.Event{Kind: report.StageStarted, Stage: report.Apply, Total: 2, Steps: 100})
		for device, steps := range map[schema.Device]int{d: 60, deaf: 40} {
			p.Event(report.Event{Kind: report.DeviceStarted, Stage: report.Apply, Device: device, Total: steps})
		}
		painted := func(after time.Duration) string {
			time.Sleep(after)
			synctest.Wait()
			text := out.String()
			return text[strings.LastIndex(text, "\x1b[J"):]
		}
		for range 10 {
			p.Event(report.Event{Kind: report.StepDone, Stage: report.Apply, Setting: setting(d, "https", ""), Result: report.Done})
		}
		p.Event(report.Event{Kind: report.StepDone, Stage: report.Apply, Setting: setting(deaf, "https", ""), Result: report.NotRun})
		if have := painted(10050 * time.Millisecond); !strings.Contains(have, "apply: 10/100") || !strings.Contains(have, "1.0/s, 1m3") {
			t.Errorf("ten of a hundred in ten seconds: %q", have)
		}
		p.Event(report.Event{Kind: report.DeviceDone, Stage: report.Apply, Device: deaf, Result: report.Unreachable, Detail: "no answer"})
		if have := painted(100 * time.Millisecond); !strings.Contains(have, "apply: 50/100") || !strings.Contains(have, "10s left") {
			t.Errorf("forty of a device that is done: %q", have)
		}
		p.Event(report.Event{Kind: report.StageDone, Stage: report.Apply, Elapsed: 20 * time.Second})
		p.Close()
		if have := out.String(); !strings.HasSuffix(have, "apply: 10/100 settings, 1/2 devices, 1 failed, took 20s\n") {
			t.Errorf("at the end: %q", have[max(0, len(have)-200):])
		}
	})
}

func TestPaceBeforeAnythingIsDoneIsUnknown(t *testing.T) {
	if text := (tally{total: 5, started: stopped()}).pace(stopped().Add(time.Second)); text != "" {
		t.Error(text)
	}
}

// A device that is asked for much is named, and of many the first ones.
func TestProgressTellsWhatTakesLong(t *testing.T) {
	var lines screenful
	p := NewLineProgress(&lines)
	p.Event(report.Event{Kind: report.StageStarted, Stage: report.Refresh, Total: 5})
	for i := range 5 {
		device := schema.Device{Name: "cam", Key: fmt.Sprint(i), Each: true}
		p.Event(report.Event{Kind: report.Asking, Stage: report.Refresh, Device: device, Setting: schema.Setting{Device: device, Kind: "event_trigger"}, Total: 14})
	}
	p.Close()
	if text := lines.String(); strings.Count(text, "asking for 14 further event_trigger\n") != foldFrom || !strings.Contains(text, `device.cam["0"]: asking`) {
		t.Error(text)
	}
}
