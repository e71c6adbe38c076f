package view

import (
	"cmp"
	"fmt"
	"strings"
	"time"

	"camform/engine/diag"
	"camform/engine/recover"
	"camform/engine/render"
)

// Recovery prints cases of devices whose password nobody knows.
type Recovery interface {
	Cases(all []recover.Case) error
	Status(c recover.Case, f recover.Facts) error
	Next(c recover.Case, next recover.Step) error

	// Looks prints what camform saw of steps, and then the next one.
	Looks(c recover.Case, seen []recover.Event, next recover.Step) error

	// Stakes prints what a reset can cost, and what brings it back.
	Stakes(f recover.Facts) error
}

// NewRecovery makes the view of cases.
func NewRecovery(f Format, out Output) Recovery {
	if f == JSON {
		return recoveryJSON{out}
	}
	return recoveryText{out}
}

type recoveryText struct{ Output }

func (v recoveryText) Cases(all []recover.Case) error {
	if len(all) == 0 {
		_, err := fmt.Fprintln(v, "There are no cases. camform recover open DEVICE opens one.")
		return err
	}
	var rows [][]string
	for _, c := range all {
		rows = append(rows, []string{c.ID, c.Device.String(), string(c.Custody), diag.Time(c.Opened), c.By, c.Reason})
	}
	return render.Table(v, []string{"case", "device", "custody", "opened", "by", "reason"}, rows)
}

func (v recoveryText) Status(c recover.Case, f recover.Facts) error {
	fmt.Fprintf(v, "Case %s of %s (serial number %s): %s, opened %s by %s.\nReason: %s\n\n",
		c.ID, c.Device, oneLine(cmp.Or(c.Identity.Serial, "unknown")), c.Custody, diag.Time(c.Opened), oneLine(c.By), oneLine(c.Reason))
	var rows [][]string
	for _, s := range recover.Steps(c, f) {
		rows = append(rows, []string{s.Name, string(s.Phase), string(s.State), diag.Time(s.At), firstSentence(s.Note)})
	}
	if err := render.Table(v, []string{"step", "part", "state", "since", "note"}, rows); err != nil {
		return err
	}
	fmt.Fprintln(v)
	if p, open := recover.PendingIn(c, f.Now); open {
		fmt.Fprintf(v, "%s\n\n", oneLine(pendingText(p)))
	}
	if back, _ := recover.Find(c, f, recover.Restore); back.State == recover.Later { // nobody got in yet
		if err := v.Stakes(f); err != nil {
			return err
		}
		fmt.Fprintln(v)
	}
	return v.Next(c, recover.Next(c, f))
}

// firstSentence shortens a note for a table.
func firstSentence(text string) string {
	first, _, _ := strings.Cut(text, ". ")
	return first
}

// pendingText says how long a request to support is good for.
func pendingText(p recover.Pending) string {
	switch {
	case p.Void != "":
		return "The request to support is void: " + p.Void + "."
	case p.Expired:
		return fmt.Sprintf("The request to support expired at %s.", diag.Time(p.Until))
	case p.Warn:
		return fmt.Sprintf("WARNING: the request to support expires at %s. The device must stay powered until its answer was used.", diag.Time(p.Until))
	}
	return fmt.Sprintf("The request to support is valid until %s. The device must stay powered, and nothing may be exported from it again.", diag.Time(p.Until))
}

func (v recoveryText) Stakes(f recover.Facts) error {
	fmt.Fprintln(v, "While nobody can log in, no new backup can be made. What there is:")
	var rows [][]string
	for _, r := range recover.Returns(f) {
		rows = append(rows, []string{r.What, yesNo(r.Kept), cmp.Or(r.Back, "nothing: lost")})
	}
	return render.Table(v, []string{"at stake", "kept by a reset of the password", "restored after a wipe by"}, rows)
}

func yesNo(fact bool) string {
	if fact {
		return "yes"
	}
	return "no"
}

func (v recoveryText) Next(c recover.Case, next recover.Step) error {
	if next.State == recover.Absent {
		_, err := fmt.Fprintf(v, "There is nothing to do here: %s.\n", oneLine(next.Note))
		return err
	}
	fmt.Fprintf(v, "Next: %s (%s)\n", next.Name, next.Phase)
	for _, line := range []struct{ name, text string }{
		{"What", next.What}, {"Why", next.Why}, {"Costs", cmp.Or(next.Costs, "nothing")}, {"Keeps", next.Keeps}, {"Who", next.Who}, {"Note", next.Note},
	} {
		if line.text != "" {
			fmt.Fprintf(v, "  %-6s %s\n", line.name+":", oneLine(strings.TrimSuffix(line.text, ".")))
		}
	}
	for _, command := range next.Commands {
		fmt.Fprintf(v, "\n    %s", command)
	}
	_, err := fmt.Fprintln(v)
	return err
}

func (v recoveryText) Looks(c recover.Case, seen []recover.Event, next recover.Step) error {
	for _, e := range seen {
		result := "proven"
		if e.Kind != recover.Done {
			result = "not all of it is proven"
		}
		fmt.Fprintf(v, "Case %s: %s, %s:\n", c.ID, e.Step, result)
		var rows [][]string
		for _, f := range e.Findings {
			rows = append(rows, []string{f.About, string(f.Verdict), f.Why})
		}
		if err := render.Table(v, []string{"what", "verdict", "why"}, rows); err != nil {
			return err
		}
		fmt.Fprintln(v)
	}
	return v.Next(c, next)
}

type recoveryJSON struct{ Output }

// looksJSON is what camform saw of steps, as programs read it.
type looksJSON struct {
	Looked []recover.Event `json:"looked"`
	Next   stepJSON        `json:"next"`
}

func (v recoveryJSON) Looks(_ recover.Case, seen []recover.Event, next recover.Step) error {
	return v.document(looksJSON{seen, stepOf(next)})
}

// caseJSON is a case as programs read it.
type caseJSON struct {
	ID         string          `json:"id"`
	Device     string          `json:"device"`
	Serial     string          `json:"serial,omitempty"`
	Custody    string          `json:"custody"`
	Generation int             `json:"generation"`
	Opened     time.Time       `json:"opened"`
	By         string          `json:"by"`
	Reason     string          `json:"reason"`
	Steps      []stepJSON      `json:"steps,omitempty"`
	AtStake    []stakeJSON     `json:"at_stake,omitempty"`
	Events     []recover.Event `json:"events,omitempty"`
}

type stepJSON struct {
	Name     string   `json:"name"`
	Part     string   `json:"part"`
	State    string   `json:"state"`
	What     string   `json:"what"`
	Why      string   `json:"why"`
	Costs    string   `json:"costs,omitempty"`
	Keeps    string   `json:"keeps,omitempty"`
	Who      string   `json:"who"`
	Note     string   `json:"note,omitempty"`
	Commands []string `json:"commands,omitempty"`
}

type stakeJSON struct {
	What string `json:"what"`
	Kept bool   `json:"kept_by_reset_of_password"`
	Back string `json:"brought_back_by,omitempty"`
}

func headJSON(c recover.Case) caseJSON {
	return caseJSON{
		ID: c.ID, Device: c.Device.String(), Serial: c.Identity.Serial, Custody: string(c.Custody), Generation: c.Generation, Opened: c.Opened, By: c.By,
		Reason: c.Reason,
	}
}

func stepOf(s recover.Step) stepJSON {
	return stepJSON{s.Name, string(s.Phase), string(s.State), s.What, s.Why, s.Costs, s.Keeps, s.Who, s.Note, s.Commands}
}

func (v recoveryJSON) Cases(all []recover.Case) error {
	heads := make([]caseJSON, len(all))
	for i, c := range all {
		heads[i] = headJSON(c)
	}
	return v.document(heads)
}

func (v recoveryJSON) Status(c recover.Case, f recover.Facts) error {
	whole := headJSON(c)
	for _, s := range recover.Steps(c, f) {
		whole.Steps = append(whole.Steps, stepOf(s))
	}
	whole.AtStake, whole.Events = stakesJSON(f), c.Events
	return v.document(whole)
}

func (v recoveryJSON) Stakes(f recover.Facts) error { return v.document(stakesJSON(f)) }

func stakesJSON(f recover.Facts) []stakeJSON {
	var all []stakeJSON
	for _, r := range recover.Returns(f) {
		all = append(all, stakeJSON(r))
	}
	return all
}

func (v recoveryJSON) Next(_ recover.Case, next recover.Step) error { return v.document(stepOf(next)) }
