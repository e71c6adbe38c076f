package recover

import (
	"fmt"
	"strings"
	"time"
)

// How long a request to support is good for, from the moment at which the device made its code.
const (
	warnAfter = 24 * time.Hour
	goodFor   = 48 * time.Hour
)

// Pending is a request to support that is open: the device made a code, or may have made one.
type Pending struct {
	Since   time.Time
	Until   time.Time // it expires
	Warn    bool      // more than a day has gone by
	Expired bool
	Void    string // why the answer to it will not work; empty if nothing says so
}

// PendingIn is the request of a case; false if there is none, or if somebody got in since: then nobody waits for an answer.
func PendingIn(c Case, now time.Time) (Pending, bool) {
	at := c.request()
	if at < 0 || c.Custody == Closed {
		return Pending{}, false
	}
	e := c.Events[at]
	p := Pending{Since: e.At, Until: e.At.Add(goodFor), Warn: now.Sub(e.At) >= warnAfter, Expired: now.Sub(e.At) >= goodFor}
	for _, later := range c.Events[at+1:] {
		switch {
		case later.entered(), later.Step == Code && later.Kind == Skipped:
			return Pending{}, false
		case later.Data[Answered] == "yes" && e.Data[BootTime] != "" && later.Data[BootTime] != "" && later.Data[BootTime] != e.Data[BootTime]:
			p.Void = fmt.Sprintf("the device has restarted: it reports %s now and reported %s then", later.Data[BootTime], e.Data[BootTime])
		}
	}
	return p, true
}

// Over reports whether the answer to a request will no longer work.
func (p Pending) Over() bool { return p.Expired || p.Void != "" }

// Spoils says why nothing may be done to the device of a case now, in a part of a sentence; empty if that is no matter. What would
// spoil a request (a restart, an upgrade, another export, a setting that brings one about) is for the caller to refuse.
func Spoils(c Case, now time.Time) string {
	p, open := PendingIn(c, now)
	if !open || p.Over() || c.Custody == Closed {
		return ""
	}
	return fmt.Sprintf("the case %s waits for support until %s, and a restart or another export would spoil the request", c.ID, stamp(p.Until))
}

// request is the index of the event with which the last request began; -1 if there is none.
func (c Case) request() int {
	at := -1
	for i, e := range c.Events {
		if e.Step != Code {
			continue
		}
		switch e.Kind {
		case Begun, Done:
			at = i
		case Failed:
			at = -1
		}
	}
	return at
}

// request0 is where the events of the last request begin.
func (w *walk) request0() int { return max(w.Case.request(), 0) }

// request are the steps of a request to support.
func (w *walk) request() {
	code := Step{
		Name: Code, Phase: Request, Who: "the owner or their representative",
		What: "Have the device generate the code for support, once. From then on the device must stay powered. If camform cannot request it, " +
			"export the file in the vendor's tool, once, and attach it: camform recover attach FILE -as device_export -from 'NAME' -channel in_person",
		Why: "support needs it to answer, and no prepared method is left", Costs: "the previous code: each new one voids it",
		Keeps: "everything", Commands: []string{"camform recover request" + w.asking(" -interface IF")},
	}
	pending, open := PendingIn(w.Case, w.Now)
	support := Option{Abilities: optionOf(Support).Abilities}.offered(w.Case)
	w.decide(&code, 0)
	switch {
	case w.way.step != "" && !open:
		w.needless(code, 0, w.inBy())
	case code.State == Ready && support == "no":
		w.needless(code, 0, "the device reports that support cannot reset it")
	case code.State == Underway:
		code.Note = fmt.Sprintf("begun at %s, but no code was recorded: the device may have generated one. If there is an export, attach it; otherwise "+
			"request again with a reason, which voids any earlier code", stamp(code.At))
		w.append(code)
	case code.State == Over && open && pending.Over() && w.since(Support, w.request0()) == nil && w.begun() == "":
		code.State, code.Again = Ready, true
		code.Note = "the request is void: " + pending.reason() + ". Restart the device, then ask for a new code"
		w.append(code)
	default:
		w.append(code)
	}
	w.correspond(pending, open && code.State == Over)
}

// reason says why a request is over.
func (p Pending) reason() string {
	if p.Void != "" {
		return p.Void
	}
	return "it expired at " + stamp(p.Until)
}

// correspond are the steps between the code and the answer.
func (w *walk) correspond(p Pending, open bool) {
	contacts := make([]string, len(w.Contacts))
	for i, c := range w.Contacts {
		contacts[i] = fmt.Sprintf("%s (%s)", c.Name, strings.Join(c.Channels, ", "))
	}
	to := "support of the vendor or its distributor"
	if len(contacts) > 0 {
		to = strings.Join(contacts, ", or ")
	}
	for _, s := range []Step{
		{
			Name: Bundle, Phase: Request, Who: "the owner", What: "Assemble the request to support: form, label and device code, never a password",
			Why: "support answers only complete requests", Commands: []string{"camform recover bundle -name 'NAME' -email ADDRESS"},
		},
		{
			Name: HandedOver, Phase: Request, Who: "the owner", What: "Give the bundle to " + to + "; no chat, forum or unencrypted mail",
			Why:      "anybody who has the answer can open the device",
			Commands: []string{"camform recover bundle FILE -to 'NAME' -channel CHANNEL", "camform recover done handed_over to='NAME' channel=CHANNEL ref='TICKET'"},
		},
		{
			Name: Answer, Phase: Request, Who: "the owner", What: "Wait for the answer from support, and attach it. Keep the device powered",
			Why: "the answer works once, on this device, as long as it is not restarted", Commands: []string{"camform recover attach FILE -as answer -from 'NAME' -channel CHANNEL"},
		},
	} {
		if !open {
			w.dormant(s)
			continue
		}
		w.decide(&s, w.request0())
		if s.State == Ready && (p.Warn || s.Name == Answer) {
			s.Note = "the request expires at " + stamp(p.Until)
		}
		w.append(s)
	}
}

// dormant appends a step of a request while there is none.
func (w *walk) dormant(s Step) {
	if w.stop && w.way.step == "" {
		s.State = Later
		w.append(s)
		return
	}
	since := len(w.Events)
	if w.Case.request() >= 0 {
		since = w.request0()
	}
	w.needless(s, since, "there is no request")
}

// answered decides about a reset with the answer of support.
func (w *walk) answered(s *Step) {
	p, open := PendingIn(w.Case, w.Now)
	answer := w.since(Answer, w.request0())
	switch {
	case !open && !w.stop, answer == nil && !w.stop, answer != nil && answer.Kind == Skipped:
		s.State, s.Note = Absent, "there is no answer from support"
	case open && !p.Over():
		s.Note = "the request expires at " + stamp(p.Until)
	}
}
