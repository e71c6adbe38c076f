package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"camform/engine"
	"camform/engine/diag"
	"camform/engine/ledger"
	"camform/engine/live"
	"camform/engine/operator"
	"camform/engine/recover"
	"camform/providers"
	"camform/schema"
)

func recoverTryCommand(a *app) *cobra.Command {
	flags, from := &caseFlags{}, ""
	cmd := &cobra.Command{
		Use:   "try current|previous|typed|new",
		Short: "Try one password on the device of a case, once",
		Long: `Try one password: the current one that camform has, the previous one in the vault, one that you type, or the new one that was set
in a reset. It is tried once, only while the device says that more than two attempts are left, and never several in a row. The
attempt is recorded before it is made; if its outcome is uncertain, it is not repeated without -again.

A password that the device accepts becomes the current one in the vault.`,
		Args: arguments(cobra.ExactArgs(1)),
		RunE: inCase(a, flags, func(ctx context.Context, r *recovery, args []string) error {
			if !slices.Contains([]string{recover.Current, recover.Previous, recover.Typed, recover.New}, args[0]) {
				return fmt.Errorf("%s is not a password to try; use current, previous, typed or new", diag.Quote(args[0]))
			}
			if _, err := r.may(args[0], flags.again); err != nil {
				return err
			}
			return r.try(ctx, args[0], flags.again, from)
		}),
	}
	flags.add(cmd.Flags())
	flags.addAgain(cmd.Flags())
	cmd.Flags().StringVar(&from, passwordOption, "", "read the password from this `ORIGIN`, such as env:NAME, for typed and new")
	return cmd
}

// try tries a password once.
func (r *recovery) try(parent context.Context, step, again, from string) error {
	_, ctx, release := r.interruptible(parent)
	defer release()
	typed := engine.Typed{Config: r.config, Device: r.device, Set: attempt{workspace: r.workspace}.keep}
	if step == recover.Typed || step == recover.New {
		typed.Origin, typed.Consent = from, providers.ByPerson
		typed.Password = attempt{r.workspace, &loginFlags{from: from}, r.device}.password()
	} else {
		typed.Password = func(ctx context.Context) (schema.Secret, error) { return r.engine.Remembered(ctx, r.device, step) }
	}
	if err := r.happened(parent, recover.Event{Step: step, Kind: recover.Begun, Remark: again}); err != nil {
		return err
	}
	result, err := r.engine.Login(ctx, typed, r.run)
	e := recover.Event{Step: step, Kind: recover.Done, Data: map[string]string{}}
	if result.After != providers.RemainingUnknown {
		e.Data[recover.Left] = strconv.Itoa(result.After)
	}
	if result.Version > 0 {
		e.Data[recover.Version] = strconv.Itoa(result.Version)
	}
	if err != nil {
		e.Kind, e.Remark = recover.Failed, providers.Reason(err)
		switch {
		case !result.Charged && step != recover.New && engine.AlreadyRefused(err): // an earlier command has the answer of the device
		case !result.Charged:
			e.Data[recover.Spent] = "no"
			if until := heldUntil(err, r.engine.Now()); !until.IsZero() {
				e.Data[recover.Until] = until.Add(time.Second - time.Nanosecond).UTC().Format(time.RFC3339) // never too early
			}
		case !errors.Is(err, providers.ErrRefused):
			return fmt.Errorf("%s: %s; whether the device got the password is uncertain, and it may have cost an attempt: camform recover next -case %s",
				r.Case.Device, live.Explain(err, r.Case.Device), r.ID)
		}
	}
	if noted := r.happened(parent, e); noted != nil {
		return errors.Join(err, noted)
	}
	now, unknown := cases{r.workspace}.with(parent, r.Case) // what the login found out is known now
	if unknown != nil {
		return errors.Join(err, unknown)
	}
	r.facts = now.facts
	if err != nil {
		fmt.Fprintf(r.err, "%s: %s\n\n", r.Case.Device, live.Explain(err, r.Case.Device))
		if shown := r.showNext(); shown != nil {
			return shown
		}
		return errReported
	}
	fmt.Fprintf(r.out, "%s accepts the password.\n\n", r.Case.Device)
	return r.showNext()
}

// heldUntil is until when a login is not tried that was withheld; zero if nothing says that. A device that tells of few attempts
// does not say when there are more: by then what a run spent is forgotten.
func heldUntil(err error, now time.Time) time.Time {
	if refusal, ok := errors.AsType[*ledger.Refusal](err); ok {
		return refusal.Until
	}
	if _, few := errors.AsType[*providers.FewLeftError](err); few {
		return now.Add(ledger.Window)
	}
	return time.Time{}
}

func recoverResetCommand(a *app) *cobra.Command {
	flags := &caseFlags{}
	cmd := &cobra.Command{
		Use:   "reset OPTION",
		Short: "Show how to reset a device by one of its options, and record the start",
		Long: `Show what to do in the vendor's tool or at the device to set a new password, by the option that comes next in the case. The start
is recorded first, since it can use up an attempt or a file. camform resets nothing itself. Afterwards, record the outcome with
"camform recover done" or "camform recover failed".

Use only the vendor's own tools. Never use programs that promise to compute codes: they break into devices, and nobody knows what
else they do.`,
		Args: arguments(cobra.ExactArgs(1)),
		RunE: inCase(a, flags, func(ctx context.Context, r *recovery, args []string) error {
			if !recover.Resetting(args[0]) {
				return fmt.Errorf("%s is not a way to reset a device; camform recover status %s lists them", diag.Quote(args[0]), r.ID)
			}
			if _, err := r.may(args[0], flags.again); err != nil {
				return err
			}
			if next := recover.Next(r.Case, r.facts); next.Name != args[0] && next.State == recover.Underway {
				return fmt.Errorf("%s was started, and its outcome is not recorded yet: %s", next.Name, strings.Join(next.Commands, "; "))
			}
			return r.told(ctx, recover.Event{Step: args[0], Kind: recover.Begun, Remark: flags.again})
		}),
	}
	flags.add(cmd.Flags())
	flags.addAgain(cmd.Flags())
	return cmd
}

func recoverDoneCommand(a *app) *cobra.Command {
	flags := &caseFlags{}
	cmd := &cobra.Command{
		Use:   "done STEP [NAME=VALUE]...",
		Short: "Record that a step of a case was done",
		Long: `Record that you did a step, with the details that the record of the case needs. Steps that camform can prove are proven instead.

` + fieldsHelp(recover.Consumers, recover.Recordings, recover.GUIDFile, recover.HandedOver, recover.Online, recover.Network, recover.Update, recover.Review, recover.Card) +
			`
The fields of guid_file are those of every option.`,
		Args:        arguments(cobra.MinimumNArgs(1)),
		Annotations: map[string]string{kept: "fields"},
		RunE: func(cmd *cobra.Command, args []string) error {
			says, err := fieldsOf(args[1:])
			if err != nil {
				return err
			}
			r, err := a.recovery(cmd, flags)
			if err != nil {
				return err
			}
			defer r.close()
			return r.done(cmd.Context(), args[0], says)
		},
	}
	flags.add(cmd.Flags())
	return cmd
}

func (r *recovery) done(ctx context.Context, step string, says map[string]string) error {
	s, err := r.may(step, "its outcome is recorded")
	switch by := recover.ProvenBy(step); {
	case err != nil:
		return err
	case by != "":
		return fmt.Errorf("camform proves the step %s itself: %s", step, by)
	case s.State == recover.Omitted || s.State == recover.Refused || recover.Resetting(step) && s.State != recover.Underway:
		return fmt.Errorf("the step %s was not started: camform recover reset %s -case %s", step, step, r.ID)
	}
	if err := recover.CheckFields(step, says); err != nil {
		return err
	}
	if why := recover.Premature(r.Case, step); why != "" {
		return errors.New(why)
	}
	if step == recover.HandedOver {
		if err := r.rules.MaySend(says["to"], operator.Channel(says["channel"])); err != nil {
			return err
		}
	}
	return r.told(ctx, recover.Event{Step: step, Kind: recover.Done, Data: says})
}

func recoverFailedCommand(a *app) *cobra.Command {
	flags, reason, left, unspent := &caseFlags{}, "", -1, false
	cmd := &cobra.Command{
		Use:   "failed STEP",
		Short: "Record that a step of a case did not work",
		Long: `Record that a step that was started did not work, and why. It counts as a used attempt, unless nothing was tried (-not-spent).
camform keeps the last two attempts before a lockout: give with -left the number of attempts that the vendor's tool says are left.`,
		Args: arguments(cobra.ExactArgs(1)),
		RunE: inCase(a, flags, func(ctx context.Context, r *recovery, args []string) error {
			if reason == "" {
				return errors.New("-reason: say what the device or the tool said")
			}
			s, ok := recover.Find(r.Case, r.facts, args[0])
			begun := ok && (s.State == recover.Underway || recover.Resetting(args[0]) && s.State == recover.Over)
			if r.Custody != recover.Here || !begun {
				return fmt.Errorf("the step %s was not started; camform recover status %s shows which steps were", args[0], r.ID)
			}
			data := map[string]string{}
			if left >= 0 {
				data[recover.Left] = strconv.Itoa(left)
			}
			if unspent {
				data[recover.Spent] = "no"
			}
			return r.told(ctx, recover.Event{Step: args[0], Kind: recover.Failed, Data: data, Remark: reason})
		}),
	}
	flags.add(cmd.Flags())
	sayVar(cmd.Flags(), &reason, "reason", "what the device or the tool said, for the `RECORD`")
	cmd.Flags().IntVar(&left, "left", -1, "how many attempts the tool says are left: `N`")
	cmd.Flags().BoolVar(&unspent, "not-spent", false, "nothing was tried")
	return cmd
}

func recoverSkipCommand(a *app) *cobra.Command {
	flags, reason := &caseFlags{}, ""
	cmd := &cobra.Command{
		Use:   "skip STEP",
		Short: "Skip a step of a case, with a reason",
		Long:  `Skip a step that is not possible or not needed, and say why. The reason goes into the record of the case.`,
		Args:  arguments(cobra.ExactArgs(1)),
		RunE: inCase(a, flags, func(ctx context.Context, r *recovery, args []string) error {
			if reason == "" {
				return errors.New("-reason: say why the step is skipped")
			}
			s, err := r.may(args[0], "left out")
			switch {
			case err != nil && s.State != recover.Held:
				return err
			case s.State == recover.Refused:
				return fmt.Errorf("the step %s was tried and failed at %s, so it cannot be skipped; camform recover next -case %s goes on without it",
					s.Name, diag.Time(s.At), r.ID)
			case s.State == recover.Underway:
				return fmt.Errorf("the step %s was started: record its outcome first: %s", s.Name, strings.Join(s.Commands, "; "))
			case slices.Contains([]string{recover.Verify, recover.Wait, recover.New, recover.Close}, args[0]):
				return fmt.Errorf("the step %s cannot be skipped", args[0])
			}
			return r.told(ctx, recover.Event{Step: args[0], Kind: recover.Skipped, Remark: reason})
		}),
	}
	flags.add(cmd.Flags())
	sayVar(cmd.Flags(), &reason, "reason", "why it is skipped, for the `RECORD`")
	return cmd
}
