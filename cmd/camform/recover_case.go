package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"camform/cmd/camform/view"
	"camform/engine"
	"camform/engine/config"
	"camform/engine/diag"
	"camform/engine/recover"
	"camform/engine/render"
	"camform/engine/state"
)

// caseFlags are the options of the commands about a case.
type caseFlags struct {
	runFlags
	id    string // empty for the only one that is open
	again string // why something is done again that may have spent something; empty if it is not
}

func (f *caseFlags) add(flags *pflag.FlagSet) {
	f.addConfig(flags)
	flags.StringVar(&f.id, "case", "", "continue this `CASE`; by default, the only one that is open")
}

func (f *caseFlags) addAgain(flags *pflag.FlagSet) {
	sayVar(flags, &f.again, "again", "repeat a step that was started before, for this `REASON`")
}

// recovery is a case with its device and what is known of it.
type recovery struct {
	*workspace
	recover.Case
	device *config.Device
	facts  recover.Facts
}

// cases are the recoveries that a state knows.
type cases struct{ *workspace }

// recovery opens a case.
func (a *app) recovery(cmd *cobra.Command, flags *caseFlags) (*recovery, error) {
	w, err := a.open(cmd, &flags.runFlags, withoutSecrets)
	if err != nil {
		return nil, err
	}
	r, err := cases{w}.find(cmd.Context(), flags.id)
	if err != nil {
		w.close()
		return nil, err
	}
	return r, nil
}

// inCase is a command that does something in a case, which is opened for it.
func inCase(a *app, flags *caseFlags, do func(context.Context, *recovery, []string) error) func(*cobra.Command, []string) error {
	return func(cmd *cobra.Command, args []string) error {
		r, err := a.recovery(cmd, flags)
		if err != nil {
			return err
		}
		defer r.close()
		return do(cmd.Context(), r, args)
	}
}

// find finds a case, with what is known of its device.
func (w cases) find(ctx context.Context, id string) (*recovery, error) {
	all, err := w.engine.Cases(ctx)
	if err != nil {
		return nil, err
	}
	c, err := chosenCase(all, id)
	if err != nil {
		return nil, err
	}
	return w.with(ctx, c)
}

// with finds out what is known of the device of a case.
func (w cases) with(ctx context.Context, c recover.Case) (*recovery, error) {
	i := slices.IndexFunc(w.config.Devices, func(d *config.Device) bool { return d.Address == c.Device })
	if i < 0 {
		return nil, fmt.Errorf("the configuration has no %s, the device of case %s; add its block again", c.Device, c.ID)
	}
	r := &recovery{workspace: w.workspace, Case: c, device: w.config.Devices[i]}
	var err error
	if r.facts, err = w.engine.RecoveryFacts(ctx, w.config, r.device); err != nil {
		return nil, err
	}
	kept, _, err := archiveOf(w.workspace).List()
	if err != nil {
		return nil, err
	}
	for _, e := range kept {
		if e.Device == c.Device && e.Taken.After(r.facts.Backup.Taken) {
			r.facts.Backup = recover.Kept{Name: e.Name[:shortName], Taken: e.Taken, Documents: e.Documents}
		}
	}
	builds, by := w.rules.Builds(r.facts.Expected(c).Model)
	for _, b := range builds {
		r.facts.Builds = append(r.facts.Builds, recover.Build{Version: b.Version, SHA256: b.SHA256, By: by})
	}
	contacts, _ := w.rules.Contacts()
	for _, contact := range contacts {
		known := recover.Contact{Name: contact.Name}
		for _, channel := range slices.Sorted(maps.Keys(contact.Channels)) {
			known.Channels = append(known.Channels, string(channel))
		}
		r.facts.Contacts = append(r.facts.Contacts, known)
	}
	return r, nil
}

// chosenCase is the case that people name by the beginning of its id, or by its device; without a name it is the only one that is
// open.
func chosenCase(all []recover.Case, name string) (recover.Case, error) {
	var found []recover.Case
	for _, c := range all {
		switch {
		case c.ID == name:
			return c, nil
		case name == "" && c.Custody == recover.Here, name != "" && (strings.HasPrefix(c.ID, name) || c.Device.String() == name && c.Custody == recover.Here):
			found = append(found, c)
		}
	}
	switch {
	case len(found) == 1:
		return found[0], nil
	case len(found) > 1:
		names := make([]string, len(found))
		for i, c := range found {
			names[i] = fmt.Sprintf("%s (%s)", c.ID, c.Device)
		}
		return recover.Case{}, fmt.Errorf("this matches %d cases: %s; name one of them with -case", len(found), strings.Join(names, ", "))
	case name == "":
		return recover.Case{}, errors.New("no case is open; camform recover open DEVICE opens one")
	}
	return recover.Case{}, fmt.Errorf("there is no case %s; camform recover status lists them", diag.Quote(name))
}

// may makes sure that a step can be begun or told now.
func (r *recovery) may(step, again string) (recover.Step, error) {
	if r.Custody != recover.Here {
		return recover.Step{}, fmt.Errorf("the case %s is %s: nothing more can be done in it here", r.ID, r.Custody)
	}
	s, ok := recover.Find(r.Case, r.facts, step)
	if !ok {
		return s, fmt.Errorf("there is no step %s; camform recover status lists them", diag.Quote(step))
	}
	switch s.State {
	case recover.Ready:
		if !s.Again || again != "" {
			return s, nil
		}
	case recover.Underway, recover.Refused, recover.Omitted:
		if again != "" {
			return s, nil
		}
	case recover.Later:
		next := recover.Next(r.Case, r.facts)
		return s, fmt.Errorf("%s comes first: %s", next.Name, strings.Join(next.Commands, "; "))
	default:
		return s, fmt.Errorf("the step %s is %s: %s", step, s.State, cmp.Or(s.Note, "nothing is left to do in it"))
	}
	return s, fmt.Errorf("the step %s was already started at %s, and repeating it may use up an attempt or a file. If that is intended, add -again 'REASON'", step, diag.Time(s.At))
}

// happened adds an event to the case.
func (r *recovery) happened(ctx context.Context, e recover.Event, files ...engine.Attachment) error {
	e.Who = who()
	c, err := r.engine.Happened(ctx, r.Case, e, files...)
	if err != nil {
		if errors.Is(err, state.ErrCaseChanged) {
			return err
		}
		return fmt.Errorf("the case %s could not be continued: %w", r.ID, err)
	}
	r.Case, r.facts.Now = c, r.engine.Now()
	return nil
}

// told adds an event, and shows the next step.
func (r *recovery) told(ctx context.Context, e recover.Event, files ...engine.Attachment) error {
	if err := r.happened(ctx, e, files...); err != nil {
		return err
	}
	fmt.Fprintf(r.out, "Case %s: %s is %s.\n\n", r.ID, e.Step, e.Kind)
	return r.showNext()
}

func (r *recovery) showNext() error {
	return view.NewRecovery(r.flags.format, r.stdout()).Next(r.Case, recover.Next(r.Case, r.facts))
}

// fieldsOf reads the details of a step that somebody gives as NAME=VALUE.
func fieldsOf(args []string) (map[string]string, error) {
	all := map[string]string{}
	for _, arg := range args {
		name, value, ok := strings.Cut(arg, "=")
		if !ok || name == "" {
			return nil, fmt.Errorf("%s is not of the form NAME=VALUE", diag.Quote(arg))
		}
		all[name] = value
	}
	return all, nil
}

// fieldsHelp lists the fields of steps for the help of a command.
func fieldsHelp(steps ...string) string {
	var text strings.Builder
	for _, step := range steps {
		for _, f := range recover.FieldsOf(step) {
			must := ""
			if f.Required {
				must = " (required)"
			}
			fmt.Fprintf(&text, "    %-11s %-14s %s%s\n", step, f.Name, f.What, must)
		}
	}
	return text.String()
}

func recoverOpenCommand(a *app) *cobra.Command {
	flags, reason := &caseFlags{}, ""
	cmd := &cobra.Command{
		Use:   "open DEVICE",
		Short: "Open a case for a device whose password nobody knows",
		Long: `Open a case for a device to which nobody can log in any more. The case lists what a reset can cost and how to restore it: while
nobody can log in, no new backup can be made. It then names one step after the other, and keeps a record of each. camform resets
nothing itself: you do every reset in the vendor's tool or at the device.`,
		Args: arguments(cobra.ExactArgs(1)),
		RunE: func(cmd *cobra.Command, args []string) error {
			flags.targets = args
			w, err := a.open(cmd, &flags.runFlags, withoutSecrets)
			if err != nil {
				return err
			}
			defer w.close()
			if reason == "" {
				return errors.New("-reason: say what happened to the password of the device")
			}
			device, err := onlyDevice(w.config, w.targets[0])
			if err != nil {
				return err
			}
			return cases{w}.open(cmd.Context(), device, reason)
		},
	}
	flags.addConfig(cmd.Flags())
	sayVar(cmd.Flags(), &reason, "reason", "say what happened, for the `RECORD`")
	return cmd
}

func recoverStatusCommand(a *app) *cobra.Command {
	flags := &caseFlags{}
	cmd := &cobra.Command{
		Use:   "status [CASE]",
		Short: "Show a case: its steps, what is at stake, and what comes next",
		Long: `Show a case with all its steps. Without a case, show the only one that is open, or list all cases if there are several or none.
No device is contacted.`,
		Args: arguments(cobra.MaximumNArgs(1)),
		RunE: func(cmd *cobra.Command, args []string) error {
			w, err := a.open(cmd, &flags.runFlags, withoutSecrets)
			if err != nil {
				return err
			}
			defer w.close()
			return cases{w}.status(cmd.Context(), cmp.Or(strings.Join(args, ""), flags.id))
		},
	}
	flags.add(cmd.Flags())
	formatOption(cmd.Flags(), &flags.format, view.JSON, "json", "print one JSON document instead of text")
	return cmd
}

// status shows a case, or lists all.
func (w cases) status(ctx context.Context, name string) error {
	all, err := w.engine.Cases(ctx)
	if err != nil {
		return err
	}
	v := view.NewRecovery(w.flags.format, w.stdout())
	open := 0
	for _, c := range all {
		if c.Custody == recover.Here {
			open++
		}
	}
	if name == "" && open != 1 {
		return v.Cases(all)
	}
	c, err := chosenCase(all, name)
	if err != nil {
		return err
	}
	r, err := w.with(ctx, c)
	if err != nil {
		return err
	}
	return v.Status(r.Case, r.facts)
}

func recoverNextCommand(a *app) *cobra.Command {
	flags := &caseFlags{}
	cmd := &cobra.Command{
		Use:   "next [CASE]",
		Short: "Show the next step of a case",
		Long:  `Show the next step of a case: what to do and why, what it costs and preserves, who may do it, and the command. No device is contacted.`,
		Args:  arguments(cobra.MaximumNArgs(1)),
		RunE: func(cmd *cobra.Command, args []string) error {
			flags.id = cmp.Or(strings.Join(args, ""), flags.id)
			r, err := a.recovery(cmd, flags)
			if err != nil {
				return err
			}
			defer r.close()
			return r.showNext()
		},
	}
	flags.add(cmd.Flags())
	formatOption(cmd.Flags(), &flags.format, view.JSON, "json", "print one JSON document instead of text")
	return cmd
}

func recoverCloseCommand(a *app) *cobra.Command {
	flags, reason := &caseFlags{}, ""
	cmd := &cobra.Command{
		Use:   "close",
		Short: "Close a case",
		Long: `Close a case. If steps are left to do, they are closed with it, and you have to give a reason. The record of the case stays, and
plans no longer leave the device out.`,
		Args: noArgs,
		RunE: inCase(a, flags, func(ctx context.Context, r *recovery, _ []string) error {
			if r.Custody != recover.Here {
				return fmt.Errorf("the case %s is %s", r.ID, r.Custody)
			}
			if next := recover.Next(r.Case, r.facts); next.Name != recover.Close && reason == "" {
				return fmt.Errorf("the case is not finished: the next step is %s. To close it anyway, add -reason", next.Name)
			}
			if _, err := r.engine.EndCase(ctx, r.Case, recover.Event{Who: who(), Step: recover.Close, Kind: recover.Done, Remark: reason}, recover.Closed); err != nil {
				return err
			}
			fmt.Fprintf(r.out, "Case %s of %s is closed, with %s.\n", r.ID, r.Case.Device, render.Plural(len(r.Events)+1, "event"))
			return nil
		}),
	}
	flags.add(cmd.Flags())
	sayVar(cmd.Flags(), &reason, "reason", "say why it is closed before it is finished, for the `RECORD`")
	return cmd
}
