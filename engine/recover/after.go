package recover

import (
	"cmp"
	"fmt"
	"slices"
	"time"

	"camform/engine/shell"
)

// prove are the steps from a reset to a password that the device is known to accept.
func (w *walk) prove() {
	wait := Step{
		Name: Wait, Phase: Reset, Who: "anybody",
		What: "Wait until the device answers again. camform asks who it is and whether it is activated, but does not log in",
		Why:  "a device that is starting rejects everything, and one that was wiped needs a different way back", Commands: []string{"camform recover wait" + w.asking("")},
	}
	activate := Step{
		Name: Activate, Phase: Reset, Who: "anybody who may apply plans",
		What:     "The device was wiped: activate it with a new password, as a reviewed plan",
		Why:      "it has no password, and the first to reach it on the network can give it one",
		Commands: w.activation(),
	}
	proven := Step{
		Name: New, Phase: Reset, Who: "the one who set the password",
		What: "Type the password that was set in the reset. camform stores it in the vault first, then tries it once",
		Why:  "nothing is recovered until a login proves it", Costs: "one attempt", Keeps: "everything", Commands: []string{"camform recover try " + New},
	}
	if !w.way.reset() {
		for _, s := range []Step{wait, activate, proven} {
			w.behind(s)
		}
		return
	}
	w.decide(&wait, w.way.event)
	insist(&wait)
	wait.Again = false
	w.append(wait)

	seen := w.since(Wait, w.way.event)
	wiped := seen != nil && seen.Kind == Done && seen.Data[Activated] == "no"
	since := time.Time{}
	if seen != nil {
		since = seen.At
	}
	if activation := w.Passwords.Activating; activation != "" {
		activate.What, activate.Commands = "An activation did not finish: find out whether the device has its new password", []string{activation}
	}
	w.append(w.byFact(activate, wiped, w.Passwords.Proven.After(since) && w.Passwords.Activating == "", "it was not wiped"))
	if wiped {
		w.append(w.byFact(proven, false, false, "it was wiped and activated instead"))
		return
	}
	w.decide(&proven, w.way.event)
	if proven.State == Refused || proven.State == Underway {
		proven.State, proven.Again = Ready, true
		proven.Note = fmt.Sprintf("tried before: %s. If the reset did not work after all: camform recover failed %s -reason 'WHY' -case %s",
			cmp.Or(proven.Note, "the outcome is not recorded"), w.way.step, w.ID)
	}
	if proven.State == Ready && seen != nil && w.Passwords.Proven.After(since) {
		proven.State, proven.At, proven.Note = Over, w.Passwords.Proven, "the device accepts the password in the vault"
	}
	w.append(proven)
}

// byFact is a step that is done once something else is so, if it is needed at all.
func (w *walk) byFact(s Step, needed, done bool, why string) Step {
	w.decide(&s, max(w.way.event, 0))
	switch {
	case s.State == Omitted || s.State == Over:
	case !needed:
		s.State, s.Note, s.Again = Absent, why, false
	case done:
		s.State = Over
	default:
		s.State, s.Again = Ready, false
	}
	return s
}

// behind appends a step that comes after a reset, where there was none.
func (w *walk) behind(s Step) {
	switch {
	case w.way.step != "":
		w.needless(s, w.way.event, w.inBy())
	case w.stop:
		s.State = Later
		w.append(s)
	default:
		w.needless(s, len(w.Events), nobodyIn)
	}
}

// nobodyIn says why nothing can be done at a device after every way failed.
const nobodyIn = "no attempt got in"

// bringBack are the steps that bring back what a reset took, once somebody is in.
func (w *walk) bringBack() {
	in := w.way.step != ""
	w.renew(in)
	restore := Step{
		Name: Restore, Phase: Reset, Who: "anybody who may apply plans",
		What: "Restore the settings: add to the configuration what only the backup has, then plan and apply until nothing is left to do",
		Why:  "the settings are back only when a plan is empty", Keeps: "settings nobody declared",
		Commands: []string{"camform plan " + w.target() + " -out restore.plan", "camform apply restore.plan", "camform recover finish"},
	}
	if backup := w.Backup; backup.Name != "" {
		restore.Note = fmt.Sprintf("the newest backup is %s of %s: camform backup config %s writes it as configuration", backup.Name, stamp(backup.Taken), backup.Name)
	}
	all := []Step{
		restore,
		{
			Name: Online, Phase: Reset, Who: "anybody who may apply plans", Commands: []string{prove, "camform recover done online confirmed_by='NAME'"},
			What: "Check that everybody who uses the device has it again, and give them its new password. camform asks the recorders it manages; for all " +
				"others, somebody must confirm", Why: "a recorder that keeps the old password locks itself out",
		},
		{
			Name: Log, Phase: Reset, Who: "anybody who may apply plans",
			Commands: []string{prove, "camform recover attach FILE -as device_log -from 'NAME' -channel in_person", "camform recover done log explained='HOW'"},
			What:     "Fetch the device's own log of the reset. camform searches the log; if that proves nothing, attach the export of the vendor's tool, or say why", Why: "it is the best evidence of what was done, and the device overwrites it in time",
		},
		{
			Name: Network, Phase: Reset, Who: "the person on site",
			Commands: []string{prove, "camform recover done network port='PORT' vlan='VLAN' confirmed_by='NAME'"},
			What:     "Confirm the switch port and its VLAN. camform compares address, subnet and gateway with the configuration or the backup",
			Why:      "others can reach a device that came back in a different network",
		},
		{
			Name: Update, Phase: Reset, Who: "the owner",
			Commands: []string{prove, "camform recover done firmware update=DATE"},
			What: "Note when the firmware will be updated, which waits until the case is closed. camform knows which builds the operator allows; for any other, give " +
				"a date, or say why it stays: not_needed='WHY'",
			Why: "an update during an open case mixes two changes", Note: w.firmware(),
		},
	}
	for _, s := range all {
		w.after(s, in)
	}
}

// prove is the command with which camform looks at the next step.
const prove = "camform recover prove"

// renew is the step to a password that nobody has seen.
func (w *walk) renew(in bool) {
	s := Step{
		Name: Rotate, Phase: Reset, Who: "anybody who may apply plans",
		What: "Give the device a new password that nobody has seen", Why: "the current one was typed, or others know it",
		Costs: "nothing: the old one is kept until the new one is proven", Keeps: "everything", Commands: []string{"camform rotate " + w.device()},
	}
	if !in {
		w.behind(s)
		return
	}
	ended := w.Passwords.Rotating == ""
	if !ended {
		s.What, s.Why = "A rotation did not finish: find out which password the device has", "until that is known, camform does not log in to the device"
		s.Commands = []string{w.Passwords.Rotating}
	}
	made := w.Passwords.Generated && w.Passwords.Proven.After(w.entered())
	w.append(w.byFact(s, w.way.step != Current || !ended, made && ended, "camform's own password still works"))
}

// entered is when somebody got in; zero while nobody did.
func (w *walk) entered() time.Time {
	if w.way.step == "" {
		return time.Time{}
	}
	return w.Events[w.way.event].At
}

// activation are the commands that give a device without a password its first one. What the state has of it from before is in the way.
func (w *walk) activation() []string {
	commands := []string{"camform plan " + w.target() + " -out activate.plan", "camform apply activate.plan"}
	if w.Record.LastSeen.IsZero() {
		return commands
	}
	return append([]string{"camform state forget " + w.device()}, commands...)
}

// target is the option that limits a plan to the device.
func (w *walk) target() string { return "-target " + w.device() }

// device is the name of the device in a command.
func (w *walk) device() string { return shell.Quoted(w.Case.Device.String()) }

// after appends a step that comes once somebody is in.
func (w *walk) after(s Step, in bool) {
	if !in {
		w.behind(s)
		return
	}
	note := s.Note
	w.decide(&s, w.way.event)
	insist(&s)
	s.Again = false // none of them spends anything
	if s.State == Ready {
		s.Note = cmp.Or(left(w.Seen(s.Name)), s.Note, note)
	}
	w.append(s)
}

// harden are the steps after which the case can be closed.
func (w *walk) harden() {
	in := w.way.step != ""
	for _, s := range []Step{
		{
			Name: Baseline, What: "Plan and apply the hardening baseline", Why: "the cause should not be able to recur",
			Commands: []string{prove, "camform recover done baseline explained='HOW'"},
		},
		{
			Name: Accounts, What: "Give everybody who uses the administrator's account an account of their own", Why: "a shared password is one that nobody can change",
			Commands: []string{prove, "camform recover done accounts explained='HOW'"},
		},
		{
			Name: Renewed, What: "Take a fresh backup", Why: "the last one is from before the reset", Commands: []string{"camform backup " + w.device(), prove},
		},
		{
			Name: Prepare, What: "Prepare for the next time: a new GUID file, security questions, a reserved e-mail address", Why: "a used GUID file is void",
			Commands: w.preparing(),
		},
		{
			Name: Review, What: "Set the date of the next review of the password", Why: "the audit reports an overdue one",
			Commands: []string{"camform recover done review due=DATE"},
		},
		{
			Name: Alarms, What: "Send notices of illegal logins to somebody, and test it", Why: "so that the next one does not go unnoticed",
			Commands: []string{"camform recover done alarms"},
		},
		{
			Name: Record, What: "Write the record of the case", Why: "it shows later who did what, and on whose approval", Commands: []string{"camform recover record"},
		},
		{
			Name: Card, What: "Give the card to the staff on site", Why: "the next one should know whom to call", Commands: []string{"camform recover card", "camform recover done card read_by='NAME, DATE'"},
		},
	} {
		s.Phase, s.Who = Hardening, "the owner"
		if in {
			w.spare(&s)
		}
		w.after(s, in)
	}
	last := Step{
		Name: Close, Phase: Hardening, Who: "the owner", What: "Close the case", Why: "everything else is done", Commands: []string{"camform recover close"}, State: Ready,
	}
	if !in && !w.stop {
		last.What, last.Why = "Retry one of the steps that failed, were held or were skipped, or close the case without success", nobodyIn
	}
	w.append(last)
}

// spare leaves out of a step what was done since somebody got in, and only has to be reported.
func (w *walk) spare(s *Step) {
	switch {
	case s.Name == Renewed && w.Backup.Taken.After(w.entered()):
		s.Note = fmt.Sprintf("the backup %s of %s exists", w.Backup.Name, stamp(w.Backup.Taken))
	case s.Name == Prepare && w.Exported.After(w.entered()):
		s.Note = fmt.Sprintf("the vault has the file of %s", stamp(w.Exported))
	default:
		return
	}
	did := slices.IndexFunc(s.Commands, func(command string) bool { return command != prove })
	s.Commands = s.Commands[did+1:]
}

// preparing are the commands for the next time. A look comes first: what is there already is not asked for again.
func (w *walk) preparing() []string {
	commands := []string{"camform recover prepare " + w.device(), prove, "camform recover done prepared explained='HOW'"}
	if w.Case.Seen(Prepare) == nil {
		return slices.Insert(commands, 0, prove)
	}
	return commands
}
