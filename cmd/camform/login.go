package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"camform/engine"
	"camform/engine/auditlog"
	"camform/engine/config"
	"camform/engine/diag"
	"camform/engine/live"
	"camform/engine/render"
	"camform/providers"
	"camform/schema"
)

// loginFlags are the options of login.
type loginFlags struct {
	runFlags
	from string // origin of the password; empty to ask
	risk string // why the risk is accepted; empty if it is not
	why  purpose
}

func loginCommand(a *app) *cobra.Command {
	flags := &loginFlags{}
	cmd := &cobra.Command{
		Use:   "login ADDRESS",
		Short: "Try a password for a device once, and keep it if it is right",
		Long: `Try a password once for the account with which camform logs in to a device, and show how many attempts the device says are
left. Type the password at the terminal, where it is not shown, or pass it on standard input, or name its source with
-password-from. It is never given as an argument, where every user of the machine could see it.

If the device accepts it and camform manages the account, it becomes the current password in the vault. Use this to give camform
a password that somebody changed by hand. Nothing is changed on the device.

The last two attempts before a lockout are never used. With -accept-risk, camform makes one attempt that it would otherwise
refuse, but never the last one; the reason goes into the audit log.

Exit code: 0 if the device accepts the password, 1 if not.`,
		Args: arguments(cobra.ExactArgs(1)),
		RunE: func(cmd *cobra.Command, args []string) error {
			flags.targets = args
			w, err := a.open(cmd, &flags.runFlags, withoutSecrets)
			if err != nil {
				return err
			}
			defer w.close()
			device, err := onlyDevice(w.config, w.targets[0])
			if err != nil {
				return err
			}
			return attempt{w, flags, device}.make(cmd.Context())
		},
	}
	flags.addConfig(cmd.Flags())
	cmd.Flags().StringVar(&flags.from, passwordOption, "", "read the password from this `ORIGIN`, such as env:NAME, file:PATH or vault:NAME")
	flags.why.add(cmd.Flags())
	sayVar(cmd.Flags(), &flags.risk, "accept-risk", "make one attempt that camform would otherwise refuse, for this `REASON`")
	return cmd
}

// onlyDevice is the device that a target names.
func onlyDevice(cfg *config.Config, target schema.Setting) (*config.Device, error) {
	var found []*config.Device
	for _, d := range cfg.Devices {
		if target.Covers(schema.Setting{Device: d.Address}) {
			found = append(found, d)
		}
	}
	if target.Kind != "" || len(found) != 1 {
		return nil, fmt.Errorf("%s names %s; a password is tried on one device", target.Device, render.Plural(len(found), "device"))
	}
	return found[0], nil
}

// attempt is a login to a device.
type attempt struct {
	*workspace
	flags  *loginFlags
	device *config.Device
}

// make tries the password, and once more at the risk if that is accepted.
func (a attempt) make(parent context.Context) error {
	_, ctx, release := a.interruptible(parent)
	defer release()
	typed := engine.Typed{Config: a.config, Device: a.device, Origin: a.flags.from, Password: a.password(), Consent: providers.ByPerson, Set: a.keep}
	result, err := a.engine.Login(ctx, typed, a.run)
	if errors.Is(err, engine.ErrWithheld) && a.flags.risk != "" {
		if err := a.auditLog.Audit(ctx, auditlog.Record{
			Run: a.run, Action: "risk-accepted", Device: a.device.Address.String(), Detail: providers.Reason(err), Reason: a.flags.risk,
		}); err != nil {
			return err
		}
		typed.Consent = providers.AtRisk
		result, err = a.engine.Login(ctx, typed, a.run)
	}
	outcome := "accepted"
	if err != nil {
		outcome = providers.Reason(err)
	}
	if err := a.auditLog.Audit(ctx, auditlog.Record{
		Run: a.run, Action: auditlog.LoginTried, Device: a.device.Address.String(), Outcome: outcome, Reason: a.flags.why.reason, Ticket: a.flags.why.ticket,
	}); err != nil {
		return err
	}
	if problem, ok := errors.AsType[diag.Problem](err); ok {
		return a.report(diag.Problems{problem}, a.config.Sources)
	}
	if err != nil {
		return fmt.Errorf("%s: %s%s", a.device.Address, live.Explain(err, a.device.Address), a.afterwards(result, err))
	}
	return a.accepted(result)
}

// password returns a function that gives the password to try; one that somebody types is asked for at once.
func (a attempt) password() func(context.Context) (schema.Secret, error) {
	if a.flags.from != "" {
		return func(ctx context.Context) (schema.Secret, error) { return a.origins.Read(ctx, a.flags.from) }
	}
	password, err := a.typed(fmt.Sprintf("Enter the password of %q on %s: ", a.device.Login.Username, a.device.Address))
	return func(context.Context) (schema.Secret, error) { return password, err }
}

// keep puts a password that the device accepted into the vault.
func (a attempt) keep(ctx context.Context, name string, password schema.Secret) (version int, err error) {
	return a.vault.Set(ctx, name, password, "proven by "+who())
}

// accepted tells of a login that succeeded.
func (a attempt) accepted(result engine.LoginResult) error {
	left := ""
	if result.Before != providers.RemainingUnknown {
		left = fmt.Sprintf(" (attempts left: %d)", result.Before)
	}
	next := fmt.Sprintf("camform reads the password from %s: put this one there.", schema.Origin(a.device.Login.Password))
	if result.Name != "" {
		next = fmt.Sprintf("It is now the current version %d of %s in the vault.", result.Version, result.Name)
	}
	_, err := fmt.Fprintf(a.out, "%s accepts the password of %q%s.\n%s\n", a.device.Address, a.device.Login.Username, left, next)
	return err
}

// atRisk is the command that makes the attempt at the risk.
func (a attempt) atRisk() string {
	return engine.LoginCommand(a.device.Address, a.flags.from, "REASON")
}

// afterwards says what to do after a login that did not succeed.
func (a attempt) afterwards(result engine.LoginResult, err error) string {
	switch {
	case errors.Is(err, engine.ErrWithheld) && a.flags.risk == "":
		return ". To make one attempt anyway, add -accept-risk with the reason: " + a.atRisk()
	case errors.Is(err, engine.ErrWithheld) || !errors.Is(err, providers.ErrRefused):
		return ""
	case result.Name == "":
		return fmt.Sprintf(". Nothing was changed; camform reads its password from %s", schema.Origin(a.device.Login.Password))
	}
	return ". The vault is unchanged"
}
