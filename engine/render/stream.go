package render

import (
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"sync"
	"time"

	"camform/engine/diag"
	"camform/engine/plan"
	"camform/engine/report"
	"camform/providers"
	"camform/schema"
)

// Operation is what a stream tells of.
type Operation string

// The operations.
const (
	PlanOperation  Operation = "plan"
	ApplyOperation Operation = "apply"
)

// Stream writes what happens during a run as lines of JSON, one object each, like `terraform plan -json`. The first line
// tells versions, and one near the end the counts of the operation, also after a failure. No line holds a value of a setting.
//
// A run that applies what it plans tells the counts of the plan first, as those of a plan. Of those who read the lines, all pass over
// types that they do not know.
//
// Methods are safe for concurrent use. The first error of the writer ends the output and is what Close returns.
type Stream struct {
	operation Operation
	now       func() time.Time
	stop      chan struct{}
	ticking   sync.WaitGroup

	mu         sync.Mutex
	w          io.Writer
	err        error
	summarised bool
	running    map[schema.Setting]runningStep
}

type runningStep struct {
	action  plan.Action
	started time.Time
}

const progressEvery = 10 * time.Second

// NewStream begins a stream with the line of versions. Now gives the time of each line. The stream must be closed.
func NewStream(w io.Writer, operation Operation, version string, now func() time.Time) *Stream {
	s := &Stream{operation: operation, now: now, w: w, stop: make(chan struct{}), running: map[schema.Setting]runningStep{}}
	s.write(entry{Level: "info", Message: "camform " + version, Type: "version", Terraform: TerraformVersion, UI: StreamFormat, Camform: version})
	s.ticking.Go(s.tick)
	return s
}

// Close ends the stream. If no counts were written yet, because a run ended early, it reports that nothing was done.
func (s *Stream) Close() error {
	select {
	case <-s.stop:
		return errors.New("stream is closed already")
	default:
	}
	close(s.stop)
	s.ticking.Wait()
	if !s.summarised {
		s.summary(s.operation, "Nothing was done.", plan.Counts{}, 0)
	}
	return s.err
}

// Plan reports what a plan would do: drift, changes, devices that could not be read, counts. Unkept are devices with a backup due
// before.
func (s *Stream) Plan(p *plan.Plan, unkept []schema.Device) {
	for _, d := range p.Devices {
		for _, step := range d.Steps {
			if action, ok := driftAction(step); ok {
				s.change("resource_drift", step, action, ": Drift detected ("+action+")")
			}
		}
	}
	for _, m := range p.Moved {
		s.write(entry{
			Level: "info", Message: movedSentence(m), Type: "planned_change",
			Change: &streamChange{Resource: deviceResource(m.To), Previous: new(deviceResource(m.From)), Action: "move"},
		})
	}
	for _, d := range p.Activated() {
		s.write(entry{
			Level: "info", Message: d.Address.String() + " " + activationWords(d), Type: "planned_change",
			Change: &streamChange{Resource: deviceResource(d.Address), Action: streamActions[activate]},
		})
	}
	for _, d := range p.Devices {
		for _, step := range d.Steps {
			s.change("planned_change", step, streamActions[step.Action], ": Plan to "+streamActions[step.Action])
		}
	}
	if len(p.Targets) > 0 {
		detail := "Only these were looked at: " + strings.Join(p.Targets, ", ") + "."
		if p.OutputsLeftOut() {
			detail += " " + outputsLeftOut
		}
		s.diagnostic(diagnosticDoc{Severity: string(diag.Warning), Summary: "Targets are in effect", Detail: detail})
	}
	for _, d := range p.Failed() {
		s.diagnostic(diagnosticDoc{Severity: "error", Summary: "Device could not be read", Detail: d.Problem, Address: d.Address.String()})
	}
	s.checks(p)
	for _, g := range p.Gone {
		s.diagnostic(diagnosticDoc{
			Severity: string(diag.Warning), Summary: "Device left the configuration", Detail: goneSentence(g) + ".", Address: g.Address.String(),
		})
	}
	for _, d := range unkept {
		s.diagnostic(diagnosticDoc{
			Severity: string(diag.Warning), Summary: "Backup is due", Detail: "The plan changes this device, and there is no backup of it since its last change.", Address: d.String(),
		})
	}
	s.summary(PlanOperation, planSentence(p), p.Counts(), len(p.Activated()))
	s.Outputs(p, false)
}

// checks tells which checks do not hold, or have no verdict.
func (s *Stream) checks(p *plan.Plan) {
	for _, d := range p.Devices {
		for _, c := range d.Checks {
			if toldOf(c) && !d.Unread() {
				s.diagnostic(diagnosticDoc{
					Severity: string(diag.Warning), Summary: "Check is " + string(c.Verdict), Detail: c.Rule + ": " + c.Told(), Address: d.Address.String(),
				})
			}
		}
	}
}

// Result tells the counts of a run that applied a plan, and what went wrong in it.
func (s *Stream) Result(r *report.Report) {
	missed, counts := findMissed(r), countsOf(r)
	for _, m := range missed.remarks.list {
		for i, device := range m.devices {
			s.diagnostic(diagnosticDoc{
				Severity: "error", Summary: "Not applied", Detail: joinNonEmpty(m.words, m.details[i]), Address: addressOf(device, m.subject),
			})
		}
	}
	if r.Interrupted {
		s.diagnostic(diagnosticDoc{Severity: "error", Summary: "Run interrupted", Detail: interruptedSentence(r, missed)})
	}
	if missed.devices > 0 || r.Interrupted {
		s.summary(s.operation, incompleteSentence(r), counts, r.Activated())
		return
	}
	s.summary(s.operation, completeSentence(r, Terraform), counts, r.Activated())
}

// Failed tells why the run ended before its time, where nothing else did.
func (s *Stream) Failed(text string) {
	summary := "Planning failed"
	if s.operation == ApplyOperation {
		summary = "Apply failed"
	}
	s.diagnostic(diagnosticDoc{Severity: "error", Summary: summary, Detail: text})
}

// Request tells a request that apply would send.
func (s *Stream) Request(device schema.Device, r providers.Request) {
	doc := requestDocOf(r)
	s.write(entry{Level: "info", Message: device.String() + ": " + r.Method + " " + r.Path, Type: "request", Request: &doc, Device: device.String()})
}

func requestDocOf(r providers.Request) requestDoc {
	doc := requestDoc{Method: r.Method, Path: r.Path, Body: string(r.Body)}
	if r.Instead != nil {
		doc.Instead = new(requestDocOf(*r.Instead))
	}
	return doc
}

// Problems tells problems, sorted, with the source that they mark.
func (s *Stream) Problems(ps diag.Problems, sources map[string][]byte) {
	files := newFiles(sources)
	for _, p := range ps.Sorted() {
		doc := diagnosticDoc{Severity: string(p.Severity), Summary: p.Summary, Detail: p.Detail, Address: p.Place()}
		if p.Subject != nil {
			doc.Range = &rangeDoc{p.Subject.Filename, posDoc(p.Subject.Start), posDoc(p.Subject.End)}
			doc.Snippet = files.snippetDoc(p)
		}
		s.diagnostic(doc)
	}
}

// Event tells of something that happens during a run.
func (s *Stream) Event(e report.Event) {
	switch e.Kind {
	case report.DeviceStarted:
		if e.Stage == report.Refresh {
			s.hook("refresh_start", deviceResource(e.Device), e, ": Refreshing state...")
		}
	case report.DeviceDone:
		if e.Stage == report.Refresh {
			s.hook("refresh_complete", deviceResource(e.Device), e, ": Refresh complete")
			return
		}
		e.Setting, e.Action = schema.Setting{Device: e.Device}, activate
		if s.runs(e.Setting) {
			s.finish(e)
		}
	case report.Activating:
		e.Setting, e.Action = schema.Setting{Device: e.Device}, activate
		s.start(e)
	case report.Activated:
		e.Setting, e.Action, e.Result = schema.Setting{Device: e.Device}, activate, report.Done
		s.finish(e)
	case report.StepStarted:
		s.start(e)
	case report.StepDone:
		s.finish(e)
	case report.Restarting:
		s.write(entry{Level: "info", Message: e.Device.String() + ": " + awaited(e), Type: "log"})
	case report.Asking:
		s.write(entry{Level: "info", Message: e.Device.String() + ": " + asking(e), Type: "log"})
	case report.Interrupted:
		s.write(entry{Level: "warn", Message: inFlight(e.Total), Type: "log"})
	}
}

// doing and did say what apply is about, as Terraform does.
var (
	doing = map[plan.Action]string{
		plan.Create: "Creating", plan.Update: "Modifying", plan.Delete: "Destroying", plan.Forget: "Forgetting", activate: "Activating",
	}
	did = map[plan.Action]string{
		plan.Create: "Creation", plan.Update: "Modifications", plan.Delete: "Destruction", plan.Forget: "Forgetting", activate: "Activation",
	}
)

// streamActions are the words of a stream, which calls forgetting a removal.
var streamActions = map[plan.Action]string{
	plan.Create: "create", plan.Update: "update", plan.Delete: "delete", plan.Forget: "remove", activate: "activate",
}

// activate is what a stream calls that a device gets its first password, beside the actions of steps.
const activate plan.Action = "activate"

// driftAction says what happened on the device before a step that undoes it.
func driftAction(step plan.Step) (string, bool) {
	if !step.Drifted() || step.Action == plan.Delete {
		return "", false
	}
	if step.Action == plan.Create {
		return "delete", true
	}
	return "update", true
}

// start begins a step, or the activation of a device, which is a setting without a kind.
func (s *Stream) start(e report.Event) {
	s.mu.Lock()
	s.running[e.Setting] = runningStep{action: e.Action, started: s.now()}
	s.mu.Unlock()
	s.hook("apply_start", resourceOf(e.Setting), e, ": "+doing[e.Action]+"...")
}

func (s *Stream) runs(a schema.Setting) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	_, running := s.running[a]
	return running
}

func (s *Stream) finish(e report.Event) {
	s.mu.Lock()
	delete(s.running, e.Setting)
	s.mu.Unlock()
	kind, text := "apply_complete", fmt.Sprintf(": %s complete after %s%s", did[e.Action], seconds(e.Elapsed), remarkOf(e.Result))
	if !e.Result.Good() {
		kind, text = "apply_errored", fmt.Sprintf(": %s errored after %s: %s", did[e.Action], seconds(e.Elapsed), resultWords(e.Result))
	}
	s.hook(kind, resourceOf(e.Setting), e, text)
}

func (s *Stream) tick() {
	ticker := time.NewTicker(progressEvery)
	defer ticker.Stop()
	for {
		select {
		case <-s.stop:
			return
		case <-ticker.C:
			s.progress()
		}
	}
}

// progress tells of every step that has been running for a while.
func (s *Stream) progress() {
	for _, e := range s.slow() {
		s.hook("apply_progress", resourceOf(e.Setting), e, fmt.Sprintf(": Still %s... [%s elapsed]", strings.ToLower(doing[e.Action]), seconds(e.Elapsed)))
	}
}

func (s *Stream) slow() []report.Event {
	s.mu.Lock()
	defer s.mu.Unlock()
	var events []report.Event
	for setting, step := range s.running {
		if elapsed := s.now().Sub(step.started); elapsed >= progressEvery {
			events = append(events, report.Event{Kind: report.StepStarted, Setting: setting, Action: step.action, Elapsed: elapsed})
		}
	}
	slices.SortFunc(events, func(a, b report.Event) int { return a.Setting.Compare(b.Setting) })
	return events
}

func (s *Stream) hook(kind string, resource streamResource, e report.Event, text string) {
	h := &hookDoc{Resource: resource}
	if e.Action != "" {
		h.Action = streamActions[e.Action]
	}
	if kind != "apply_start" && e.Action != "" {
		elapsed := int64(e.Elapsed.Round(time.Second) / time.Second)
		h.Elapsed = &elapsed
	}
	level := "info"
	if kind == "apply_errored" {
		level = "error"
	}
	s.write(entry{Level: level, Message: resource.Addr + text, Type: kind, Hook: h})
}

func (s *Stream) change(kind string, step plan.Step, action, text string) {
	resource := settingResource(step.Address)
	doc := &streamChange{Resource: resource, Action: action}
	if kind == "planned_change" && step.Action == plan.Delete {
		doc.Reason = "delete_because_no_resource_config"
	}
	s.write(entry{Level: "info", Message: resource.Addr + text, Type: kind, Change: doc})
}

func (s *Stream) diagnostic(doc diagnosticDoc) {
	level, title := "error", "Error: "
	if doc.Severity == string(diag.Warning) {
		level, title = "warn", "Warning: "
	}
	s.write(entry{Level: level, Message: title + doc.Summary, Type: "diagnostic", Diagnostic: &doc})
}

func (s *Stream) summary(of Operation, sentence string, c plan.Counts, activated int) {
	s.write(entry{
		Level: "info", Message: sentence, Type: "change_summary",
		Changes: &summaryDoc{Add: c.Create, Change: c.Update, Remove: c.Delete, Forget: c.Forget, Activate: activated, Operation: string(of)},
	})
	s.mu.Lock()
	defer s.mu.Unlock()
	s.summarised = s.summarised || of == s.operation
}

func (s *Stream) write(e entry) {
	e.Module, e.Timestamp = "camform.ui", s.now().Format("2006-01-02T15:04:05.000000Z07:00")
	text, err := encode(e)
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.err != nil {
		return
	}
	if err == nil {
		_, err = s.w.Write(append(text, '\n'))
	}
	s.err = err
}

// The shape of a line.
type (
	entry struct {
		Level      string               `json:"@level"`
		Message    string               `json:"@message"`
		Module     string               `json:"@module"`
		Timestamp  string               `json:"@timestamp"`
		Type       string               `json:"type"`
		Terraform  string               `json:"terraform,omitempty"`
		UI         string               `json:"ui,omitempty"`
		Camform    string               `json:"camform,omitempty"`
		Diagnostic *diagnosticDoc       `json:"diagnostic,omitempty"`
		Change     *streamChange        `json:"change,omitempty"`
		Hook       *hookDoc             `json:"hook,omitempty"`
		Changes    *summaryDoc          `json:"changes,omitempty"`
		Outputs    map[string]outputDoc `json:"outputs,omitempty"`
		Device     string               `json:"device,omitempty"`
		Request    *requestDoc          `json:"request,omitempty"`
	}
	requestDoc struct {
		Method  string      `json:"method"`
		Path    string      `json:"path"`
		Body    string      `json:"body,omitempty"`
		Instead *requestDoc `json:"instead,omitempty"` // where the device refuses the path
	}
	streamResource struct {
		Addr            string  `json:"addr"`
		Module          string  `json:"module"`
		Resource        string  `json:"resource"`
		ImpliedProvider string  `json:"implied_provider"`
		ResourceType    string  `json:"resource_type"`
		ResourceName    string  `json:"resource_name"`
		ResourceKey     *string `json:"resource_key"`
	}
	streamChange struct {
		Resource streamResource  `json:"resource"`
		Previous *streamResource `json:"previous_resource,omitempty"`
		Action   string          `json:"action"`
		Reason   string          `json:"reason,omitempty"`
	}
	hookDoc struct {
		Resource streamResource `json:"resource"`
		Action   string         `json:"action,omitempty"`
		Elapsed  *int64         `json:"elapsed_seconds,omitempty"`
	}
	summaryDoc struct {
		Add       int    `json:"add"`
		Change    int    `json:"change"`
		Import    int    `json:"import"`
		Remove    int    `json:"remove"`
		Forget    int    `json:"forget"`
		Activate  int    `json:"activate,omitempty"` // devices that get their first password
		Operation string `json:"operation"`
	}
	diagnosticDoc struct {
		Severity string      `json:"severity"`
		Summary  string      `json:"summary"`
		Detail   string      `json:"detail"`
		Address  string      `json:"address,omitempty"`
		Range    *rangeDoc   `json:"range,omitempty"`
		Snippet  *snippetDoc `json:"snippet,omitempty"`
	}
	rangeDoc struct {
		Filename string `json:"filename"`
		Start    posDoc `json:"start"`
		End      posDoc `json:"end"`
	}
	posDoc struct {
		Line   int `json:"line"`
		Column int `json:"column"`
		Byte   int `json:"byte"`
	}
	snippetDoc struct {
		Context        *string    `json:"context"`
		Code           string     `json:"code"`
		StartLine      int        `json:"start_line"`
		HighlightStart int        `json:"highlight_start_offset"`
		HighlightEnd   int        `json:"highlight_end_offset"`
		Values         []struct{} `json:"values"`
	}
)

func deviceResource(d schema.Device) streamResource {
	r := streamResource{Addr: d.String(), Resource: d.String(), ImpliedProvider: "camform", ResourceType: "device", ResourceName: d.Name}
	if d.Each {
		r.ResourceKey = &d.Key
	}
	return r
}

// resourceOf is a setting, or a device where there is no kind.
func resourceOf(a schema.Setting) streamResource {
	if a.Kind == "" {
		return deviceResource(a.Device)
	}
	return settingResource(a)
}

func settingResource(a schema.Setting) streamResource {
	r := streamResource{
		Addr: a.String(), Module: a.Device.String(), Resource: a.Local(), ImpliedProvider: "camform", ResourceType: a.Kind, ResourceName: a.Kind,
	}
	if a.Key != "" {
		r.ResourceName = a.Key
	}
	if a.Device.Each {
		r.ResourceKey = &a.Device.Key
	}
	return r
}
