package recover

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"camform/providers"
)

// Phase is one of the owner's five steps.
type Phase string

// The phases.
const (
	Verifying Phase = "verify"
	Options   Phase = "built-in options"
	Request   Phase = "authorised request"
	Reset     Phase = "reset that preserves"
	Hardening Phase = "harden and document"
)

// State is how far a step is.
type State string

// The states. Those of events have the same words.
const (
	Later    State = "later" // another step comes first
	Ready    State = "ready"
	Underway State = "begun" // its outcome is uncertain until a person tells it
	Over     State = "done"
	Refused  State = "failed"
	Omitted  State = "skipped"
	Absent   State = "absent" // the case has no use for it, or the device does not have it
	Held     State = "held"   // it could spend one of the last tries before a lock
)

// Step is something to do in a case.
type Step struct {
	Name  string // one of the constants
	Phase Phase
	State State
	Again bool // it was begun before, so that it needs a reason to be begun again

	What     string // what to do
	Why      string
	Costs    string   // what it can spend or lose; empty if nothing
	Keeps    string   // what it leaves as it is; empty where nothing is at stake
	Who      string   // who may do it
	Commands []string // that do it, or tell that it was done, one after the other

	Note string    // the outcome, or what to know now; empty if nothing
	At   time.Time // when that was; zero if nothing happened
}

// settled reports whether nothing is left to do.
func (s Step) settled() bool { return s.State != Ready && s.State != Underway && s.State != Later }

// Next is the one next thing to do. Its State is Ready or Underway, or Absent where the case is not open here.
func Next(c Case, f Facts) Step {
	if c.Custody != Here {
		return Step{Name: Close, Phase: Hardening, State: Absent, Note: fmt.Sprintf("the case is %s", c.Custody)}
	}
	for _, s := range Steps(c, f) {
		if s.State == Ready || s.State == Underway {
			return s
		}
	}
	panic("a case that is open has no next step: this is a bug")
}

// Find is the step of a name, as it stands; false if there is none.
func Find(c Case, f Facts, name string) (Step, bool) {
	for _, s := range Steps(c, f) {
		if s.Name == name {
			return s, true
		}
	}
	return Step{}, false
}

// Steps are all steps of a case, in the order in which they come. At most one of them is Ready or Underway.
func Steps(c Case, f Facts) []Step {
	w := &walk{Case: c, Facts: f, way: c.wayIn()}
	w.verify()
	w.logins()
	w.announce()
	w.resets(GUIDFile, Questions, Email, App, Menu)
	w.request()
	w.resets(Support, Button)
	w.prove()
	w.bringBack()
	w.harden()
	return w.steps
}

// wayIn is by which step somebody got in, and the index of the event that says so; empty and -1 while nobody did.
type wayIn struct {
	step  string
	event int
}

func (c Case) wayIn() wayIn {
	way := wayIn{event: -1}
	for i, e := range c.Events {
		switch {
		case e.entered():
			way = wayIn{e.Step, i}
		case e.Step == way.step && e.Kind == Failed, e.Step == way.step && e.Kind == Begun:
			way = wayIn{event: -1}
		}
	}
	return way
}

// entered reports whether an event says that somebody got in.
func (e Event) entered() bool {
	return e.Kind == Done && (Resetting(e.Step) || e.Step == Current || e.Step == Previous || e.Step == Typed)
}

// reset reports whether a password was reset, in contrast to found.
func (w wayIn) reset() bool { return Resetting(w.step) }

// walk goes through the steps of a case.
type walk struct {
	Case
	Facts
	way   wayIn
	steps []Step
	stop  bool // a step is not settled, so that those behind it come later
}

// add appends a step, in the state that the last event since an index says.
func (w *walk) add(s Step, since int) {
	w.decide(&s, since)
	w.append(s)
}

// append appends a step whose state is known.
func (w *walk) append(s Step) {
	if w.stop && (s.State == Ready || s.State == Underway) {
		s.State = Later
	}
	w.stop = w.stop || !s.settled()
	for i, command := range s.Commands {
		if !strings.HasPrefix(command, "camform recover ") || strings.HasPrefix(command, "camform recover prepare ") {
			continue // it is about devices, not about a case
		}
		s.Commands[i] += " -case " + w.ID
		if s.Again && i == 0 {
			s.Commands[i] += " -again 'REASON'"
		}
	}
	w.steps = append(w.steps, s)
}

// decide gives a step the state that its last event since an index says.
func (w *walk) decide(s *Step, since int) {
	s.State = Ready
	e := w.since(s.Name, since)
	if e == nil {
		return
	}
	s.At, s.Note = e.At, e.Remark
	switch e.Kind {
	case Begun:
		s.State, s.Again = Underway, true
	case Done:
		s.State = Over
	case Failed:
		s.State, s.Again = Refused, true
		if e.Data[Spent] == "no" {
			s.State, s.Again = Ready, false
			s.Note = "it was not attempted: " + e.Remark
		}
	case Skipped:
		s.State = Omitted
	}
}

// since is the last event of a step that stands at an index or behind it, and says what its outcome is.
func (w *walk) since(step string, index int) *Event {
	return Case{Events: w.Events[max(index, 0):]}.Last(step)
}

// needless appends a step that the case has no use for, unless something happened in it.
func (w *walk) needless(s Step, since int, why string) {
	w.decide(&s, since)
	if s.State == Ready || s.State == Underway {
		s.State, s.Note = Absent, why
	}
	w.append(s)
}

// insist makes a step that failed ready once more: nothing else leads on.
func insist(s *Step) {
	if s.State == Refused {
		s.State = Ready
		s.Note = "failed before: " + s.Note
	}
}

func (w *walk) verify() {
	s := Step{
		Name: Verify, Phase: Verifying, Who: "the owner or the custodian, and a second person",
		What: "Make sure that this is your device, that its ownership record is complete, and that somebody is at the device. " +
			"camform asks the device who it is, without logging in",
		Why:      "resetting somebody else's device is breaking into it, and a warranty or contract may do the work for you",
		Commands: []string{"camform recover verify on_site='NAME' second='NAME'" + w.asking(" -interface IF")},
	}
	w.decide(&s, 0)
	insist(&s)
	s.Again = false // it spends nothing
	if s.State == Ready {
		s.Note = strings.Join(append(w.ownership(), nonEmpty(s.Note)...), "; ")
	}
	w.append(s)
}

// asking are the options with which the device was asked last in this state, for a command that asks it again; other ones if it was
// not asked here.
func (w *walk) asking(other string) string {
	for _, e := range slices.Backward(w.Events) {
		if e.Step == Handover {
			break // the networks of another machine are others
		}
		if e.Data[Asked] != "" {
			return " " + e.Data[Asked]
		}
	}
	return other
}

func nonEmpty(text string) []string {
	if text == "" {
		return nil
	}
	return []string{text}
}

// logins are the passwords that may be tried.
func (w *walk) logins() {
	for _, l := range []struct{ name, what, origin, lacks string }{
		{Current, "Try the password that camform has for the device", w.Passwords.Current, "camform has no password for it"},
		{Previous, "Try the previous password", w.Passwords.Previous, "the vault has no earlier one"},
		{Typed, "Try the one password that you or your installer believe is right, or skip this step", "typed", ""},
	} {
		s := Step{
			Name: l.name, Phase: Options, Who: "anybody who may use the vault",
			What: l.what, Why: "if a login works, nothing is lost", Costs: "one attempt; camform never uses the last two before a lock",
			Keeps: "everything", Commands: []string{"camform recover try " + l.name},
		}
		w.decide(&s, 0)
		switch {
		case l.name == Current && s.State == Ready && w.blank():
			s.What = "The device reports that it has no password: it was reset, so there is none to try. Close the case, and activate the device with a reviewed plan"
			s.Why, s.Costs, s.Keeps, s.Who = "the first to reach it on the network can give it one", "", "", "anybody who may apply plans"
			s.Commands = append([]string{"camform recover close -reason 'IT WAS RESET'"}, w.activation()...)
		case s.State == Underway:
			s.Note = "the login was begun, but its outcome was not recorded: it may have cost an attempt. Try it again with a reason, or give up: " +
				"camform recover failed " + l.name + " -reason 'INTERRUPTED' -case " + w.ID
		case s.State != Ready:
		case w.way.step != "":
			s.State, s.Note = Absent, w.inBy()
		case l.origin == "":
			s.State, s.Note = Absent, l.lacks
		case w.busy() != "":
			s.State, s.Note = Held, w.busy()
		case w.withheld(l.name).Until.After(w.Now):
			s.State, s.Note = Held, w.withheld(l.name).Why
		case w.Passwords.Left != providers.RemainingUnknown && w.Passwords.Left <= reserve:
			s.State, s.Note = Held, fmt.Sprintf("the device reports that %d attempts are left", w.Passwords.Left)
		case l.name == Current && w.Passwords.Rotating+w.Passwords.Activating != "":
			s.What, s.Commands = "A new password was being sent to the device: find out which one it has", []string{cmp.Or(w.Passwords.Rotating, w.Passwords.Activating)}
			s.Costs = "one attempt for each of the two; camform never uses the last two before a lock"
		}
		w.append(s)
	}
}

// blank reports whether the device said when it was verified that it has no password, so that nobody has to find one.
func (w *walk) blank() bool {
	e := w.Last(Verify)
	return e != nil && e.Kind == Done && e.Data[Activated] == "no" && w.way.step == ""
}

// withheld is why a login would not be made now, by what is known or by what came of it last; its time is zero if nothing is in the way.
func (w *walk) withheld(step string) Withheld {
	known := w.Passwords.Withheld[step]
	if e := w.Last(step); e != nil && e.Data[Spent] == "no" {
		if until, err := time.Parse(time.RFC3339, e.Data[Until]); err == nil && until.After(known.Until) {
			return Withheld{until, e.Remark}
		}
	}
	return known
}

// busy is what goes on at the device, so that no login whose time has come by now gets between; empty if nothing does.
func (w *walk) busy() string { return cmp.Or(w.begun(), Spoils(w.Case, w.Now)) }

// begun is which reset goes on, so that no other one, whose time has come by now, gets before it; empty if none does.
func (w *walk) begun() string {
	for _, o := range options {
		if e := w.Last(o.Name); e != nil && e.Kind == Begun {
			return o.Name + " was begun, and its outcome has not been reported yet"
		}
	}
	return ""
}

func (w *walk) inBy() string { return "the step " + w.way.step + " succeeded" }

// announce is what comes before anything that changes the device.
func (w *walk) announce() {
	all := []Step{
		{
			Name: Consumers, Phase: Options, Who: "the owner",
			What:     "Tell everybody who uses the device how long it may be away: " + cmp.Or(w.consumers(), "no user is on record; find out who watches or records it"),
			Why:      "a reset interrupts its picture, and a recorder that retries the old password locks itself out",
			Commands: []string{"camform recover done consumers notified='WHO, WHEN' downtime='HOW LONG'"},
		},
		{
			Name: Recordings, Phase: Options, Who: "the person on site",
			What:     "Export the recordings that you may need, or skip this step and say why",
			Why:      "camform copies no recordings, and a failed reset can lose them",
			Commands: []string{"camform recover done recordings range='FROM - UNTIL' medium='WHERE' sha256=HASH"},
		},
	}
	for _, s := range all {
		if w.way.step != "" {
			w.needless(s, 0, w.inBy())
			continue
		}
		w.add(s, 0)
	}
}

// resets are ways to a new password.
func (w *walk) resets(names ...string) {
	for _, name := range names {
		o := optionOf(name)
		s := Step{
			Name: o.Name, Phase: Options, What: o.What, Costs: o.Costs, Keeps: o.Keeps, Who: o.Who,
			Why: "of the remaining methods, this one loses least", Commands: []string{"camform recover reset " + o.Name},
		}
		since := 0
		if name == Support || name == Button {
			s.Phase = Reset
		}
		if name == Support {
			since = w.request0()
		}
		w.decide(&s, since)
		w.judge(&s, *o)
		w.append(s)
	}
}

// judge decides about a way to a new password beyond what its events say.
func (w *walk) judge(s *Step, o Option) {
	ledger := LedgerOf(w.Case, o.Name, w.Now)
	switch {
	case s.State == Underway:
		s.Note = fmt.Sprintf("begun at %s, but its outcome is not recorded yet. Do it, or ask who did, and report the result: the first command if it "+
			"worked, the second if not", stamp(s.At))
		s.Again, s.Commands = false, []string{
			fmt.Sprintf("camform recover done %s tool='NAME VERSION'", o.Name), fmt.Sprintf("camform recover failed %s -reason 'WHAT IT SAID'", o.Name),
		}
	case s.State != Ready && s.State != Refused:
	case w.way.step != "" && s.State == Ready:
		s.State, s.Note = Absent, w.inBy()
	case s.State == Ready && !w.stop && w.begun() != "":
		s.State, s.Note = Held, w.begun()
	case ledger.Until.After(w.Now):
		s.State, s.Note = Held, fmt.Sprintf("failed attempts so far: %d. camform keeps the last %d before a lock; it can be tried again from %s",
			ledger.Wrong, reserve, stamp(ledger.Until))
	case s.State == Refused:
	case o.Name == Support:
		w.answered(s)
	default:
		w.offer(s, o)
	}
}

// offer says whether the device has an option, and what is on record for it.
func (w *walk) offer(s *Step, o Option) {
	switch o.offered(w.Case) {
	case "no":
		s.State, s.Note = Absent, "the device reports that it does not support this"
		return
	case "unknown":
		s.Note = "ask on site: the device does not say whether it supports this. If not, skip it"
	}
	if kept := w.Prepared[o.Name]; kept != "" {
		s.Note = strings.Join(append([]string{kept}, nonEmpty(s.Note)...), "; ")
	}
}

func stamp(t time.Time) string { return t.UTC().Format(time.RFC3339) }
