package render

import (
	"cmp"
	"fmt"
	"io"
	"slices"
	"strings"
	"sync"
	"time"

	"camform/engine/report"
	"camform/schema"
)

// Progress shows how far a run is. Event may be called by many goroutines at once and takes little time, whatever the
// output does. It must be closed.
type Progress struct {
	screen screen
	each   int // up to how many steps a run may have for each of them to be shown

	mu    sync.Mutex
	tally tally
	told  map[schema.Device]bool // devices with a step that was reported as failed
	said  map[string]int         // how often each trouble was shown
	slow  map[schema.Device]bool // devices for which it is shown what takes them long
}

// screen is where progress is shown. Its methods are called without any lock held; begin and end by one goroutine.
type screen interface {
	begin(snapshot func() tally) // a stage begins
	line(text string)            // something is to stay on record
	end()                        // the stage is over; called again it does nothing
}

// NewLineProgress shows progress as lines for a log: one when a stage begins, one when it ends, and between them at most
// one every ten seconds. Apply also shows each step, or only the failed ones if there are more than 50. A nil writer
// shows nothing.
func NewLineProgress(w io.Writer) *Progress {
	if w == nil {
		return &Progress{screen: silence{}}
	}
	return &Progress{screen: &logScreen{w: w}, each: maxTold}
}

// NewLiveProgress shows progress on a terminal as one line that changes, above it the steps that failed. The line is
// gone when a stage ends. A nil writer shows nothing.
func NewLiveProgress(w io.Writer, o Options) *Progress {
	if w == nil {
		return &Progress{screen: silence{}}
	}
	return &Progress{screen: newLiveScreen(w, o)}
}

// maxTold is up to how many steps of a run a log shows each.
const maxTold = 50

// Close ends what is shown. Events after it are counted but not shown.
func (p *Progress) Close() { p.screen.end() }

// tally is how far a stage is.
type tally struct {
	stage   report.Stage
	total   int
	done    int
	failed  int
	started time.Time
	begun   int
	active  map[schema.Device]int // devices that were started and are not done, with their turn

	steps   int                   // of all devices, where they are changed; 0 in other stages
	ended   int                   // steps that were begun and have ended, well or not
	dropped int                   // steps that will not be begun, since their device is done
	left    map[schema.Device]int // steps of the active devices that have not ended
}

// Event takes note of something that happens.
func (p *Progress) Event(e report.Event) {
	switch e.Kind {
	case report.StageStarted:
		p.restart(e)
		p.screen.line(fmt.Sprintf("%s: %s%s", e.Stage, settingsOn(e.Steps), Plural(e.Total, "device")))
		p.screen.begin(p.snapshot)
	case report.StageDone:
		p.screen.end()
		p.screen.line(fmt.Sprintf("%s, took %s", p.snapshot().text(), seconds(e.Elapsed)))
	case report.DeviceStarted:
		p.deviceStarted(e)
	case report.DeviceDone:
		p.deviceDone(e)
	case report.Activating:
		p.tell(printable(e.Device.String()) + ": " + doing[activate] + "...")
	case report.Activated:
		p.tell(printable(e.Device.String()) + ": " + did[activate] + " complete after " + seconds(e.Elapsed))
	case report.StepStarted:
		p.tell(printable(e.Setting.String()) + ": " + doing[e.Action] + "...")
	case report.StepDone:
		p.stepDone(e)
	case report.Restarting:
		p.ofFew(e.Device, awaited(e))
	case report.Asking:
		p.ofFew(e.Device, asking(e))
	case report.Waiting:
		p.screen.line("Waiting for another run: " + printable(e.Detail))
	case report.Interrupted:
		p.screen.line(inFlight(e.Total))
	}
}

// ofFew tells of the first few devices what takes them long. A run with more of them has them in its tally.
func (p *Progress) ofFew(device schema.Device, text string) {
	p.mu.Lock()
	tell := p.slow[device] || len(p.slow) < foldFrom
	if tell && p.slow == nil {
		p.slow = map[schema.Device]bool{}
	}
	if tell {
		p.slow[device] = true
	}
	p.mu.Unlock()
	if tell {
		p.screen.line(printable(device.String()) + ": " + text)
	}
}

// asking says how many items a device is asked for.
func asking(e report.Event) string {
	return fmt.Sprintf("asking for %d further %s", e.Total, e.Setting.Kind)
}

// awaited says how long a web server is waited for.
func awaited(e report.Event) string {
	text := "waiting for its web server"
	if e.Elapsed >= time.Second {
		text += ", since " + seconds(e.Elapsed)
	}
	return text + " (at most " + seconds(e.Limit) + ")"
}

// tell shows a line of a run that is small enough to show each step.
func (p *Progress) tell(text string) {
	p.mu.Lock()
	few := p.tally.steps <= p.each
	p.mu.Unlock()
	if few {
		p.screen.line(text)
	}
}

// settingsOn says how many settings a stage writes on its devices; empty for a stage that writes none.
func settingsOn(steps int) string {
	if steps == 0 {
		return ""
	}
	return Plural(steps, "setting") + " on "
}

func (p *Progress) restart(e report.Event) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.told, p.said = map[schema.Device]bool{}, map[string]int{}
	p.tally = tally{stage: e.Stage, total: e.Total, started: time.Now(), active: map[schema.Device]int{}, steps: e.Steps, left: map[schema.Device]int{}}
}

func (p *Progress) deviceStarted(e report.Event) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.tally.active == nil {
		return
	}
	p.tally.begun++
	p.tally.active[e.Device] = p.tally.begun
	p.tally.left[e.Device] = e.Total
}

// deviceDone counts a device. A problem with one is shown at once while devices are changed; a plan shows it at its
// end.
func (p *Progress) deviceDone(e report.Event) {
	p.mu.Lock()
	delete(p.tally.active, e.Device)
	p.tally.dropped += p.tally.left[e.Device]
	delete(p.tally.left, e.Device)
	p.tally.done++
	if !e.Result.Good() {
		p.tally.failed++
	}
	tell := e.Stage == report.Apply && !e.Result.Good() && e.Result != report.NotRun && !p.told[e.Device]
	p.mu.Unlock()
	if tell {
		p.trouble(e, e.Device.String())
	}
}

// trouble tells what went wrong with a subject. The same trouble on many devices is shown for the first ones only:
// the end says it of all.
func (p *Progress) trouble(e report.Event, subject string) {
	text := joinNonEmpty(resultWords(e.Result), e.Detail)
	key := e.Setting.Local() + ": " + messageOf(text, e.Device).key()
	p.mu.Lock()
	if p.said == nil {
		p.said = map[string]int{}
	}
	p.said[key]++
	n := p.said[key]
	p.mu.Unlock()
	switch {
	case n <= foldFrom:
		p.screen.line(printable(subject) + ": " + printable(text))
	case n == foldFrom+1:
		p.screen.line(printable(strings.TrimPrefix(e.Setting.Local()+": "+resultWords(e.Result), ": ")) + ": further devices are listed at the end")
	}
}

func (p *Progress) stepDone(e report.Event) {
	if e.Result != report.NotRun {
		p.stepEnded(e.Setting.Device)
	}
	subject := printable(e.Setting.String()) + ": " + did[e.Action]
	if e.Result.Good() {
		p.tell(subject + " complete after " + seconds(e.Elapsed) + remarkOf(e.Result))
		return
	}
	if e.Result == report.NotRun {
		return // counted at the end
	}
	p.mu.Lock()
	if p.told != nil {
		p.told[e.Setting.Device] = true
	}
	p.mu.Unlock()
	p.trouble(e, subject+" failed after "+seconds(e.Elapsed))
}

// stepEnded counts a step.
func (p *Progress) stepEnded(device schema.Device) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.tally.ended++
	if left := p.tally.left[device]; left > 0 {
		p.tally.left[device] = left - 1
	}
}

// remarkOf says what is special about a step that ended well.
func remarkOf(r report.Result) string {
	if r == report.Done {
		return ""
	}
	return " (" + resultWords(r) + ")"
}

// snapshot returns the tally as it is now. Its list of active devices is a copy; that of their steps is left out.
func (p *Progress) snapshot() tally {
	p.mu.Lock()
	defer p.mu.Unlock()
	t := p.tally
	t.active = make(map[schema.Device]int, len(p.tally.active))
	for device, turn := range p.tally.active {
		t.active[device] = turn
	}
	t.left = nil
	return t
}

// text is the tally for a log.
func (t tally) text() string {
	if t.steps > 0 {
		return fmt.Sprintf("%s: %d/%d settings, %d/%d devices, %d failed", t.stage, t.ended, t.steps, t.done, t.total, t.failed)
	}
	return fmt.Sprintf("%s: %d/%d devices, %d failed", t.stage, t.done, t.total, t.failed)
}

// counted returns how much of the stage is over, and of how much: settings where they are written, devices elsewhere.
func (t tally) counted() (done, total int) {
	if t.steps > 0 {
		return min(t.ended+t.dropped, t.steps), t.steps
	}
	return t.done, t.total
}

const activeNames = 2

// activeText names the devices that are worked on, those that take the longest first.
func (t tally) activeText() string {
	devices := make([]schema.Device, 0, len(t.active))
	for device := range t.active {
		devices = append(devices, device)
	}
	slices.SortFunc(devices, func(a, b schema.Device) int { return cmp.Compare(t.active[a], t.active[b]) })
	var names []string
	for _, device := range devices[:min(len(devices), activeNames)] {
		names = append(names, printable(device.String()))
	}
	if rest := len(devices) - len(names); rest > 0 {
		names = append(names, fmt.Sprintf("%d more", rest))
	}
	return strings.Join(names, ", ")
}

// pace says at what rate a stage goes and how long the rest takes at that rate; empty before anything is done.
func (t tally) pace(now time.Time) string {
	elapsed := now.Sub(t.started)
	done, total := t.counted()
	if done == 0 || elapsed <= 0 {
		return ""
	}
	rate := float64(done) / elapsed.Seconds()
	left := time.Duration(float64(total-done) / rate * float64(time.Second))
	return fmt.Sprintf("%.1f/s, %s left", rate, seconds(left))
}

// silence shows nothing.
type silence struct{}

func (silence) begin(func() tally) {}
func (silence) line(string)        {}
func (silence) end()               {}

// logScreen writes lines.
type logScreen struct {
	mu   sync.Mutex
	w    io.Writer
	stop func() // ends the lines of the stage; nil between stages
}

func (s *logScreen) line(text string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	fmt.Fprintln(s.w, text) // an output that cannot be written to is no reason to end a run
}

func (s *logScreen) begin(snapshot func() tally) {
	s.end()
	done := make(chan struct{})
	var ticking sync.WaitGroup
	ticking.Go(func() {
		ticker := time.NewTicker(progressEvery)
		defer ticker.Stop()
		for {
			select {
			case <-done:
				return
			case <-ticker.C:
				s.line(snapshot().text())
			}
		}
	})
	s.stop = func() { close(done); ticking.Wait() }
}

func (s *logScreen) end() {
	if s.stop != nil {
		s.stop()
		s.stop = nil
	}
}
