package main

import (
	"context"
	"errors"
	"slices"

	"github.com/spf13/cobra"

	"camform/cmd/camform/view"
	"camform/engine"
	"camform/engine/operator"
	"camform/schema"
)

func validateCommand(a *app) *cobra.Command {
	flags := &runFlags{}
	cmd := &cobra.Command{
		Use:   "validate",
		Short: "Check the configuration without contacting any device",
		Long: `Read the configuration and report everything that is wrong with it. No device is contacted, and no secret needs to be
available. It finds values that no device accepts, such as mistyped host names and addresses, a gateway outside its network,
receivers that are not mail addresses, wrong names of time zones, and fractions where devices store whole numbers.

If "camform lock" has recorded the capabilities of each device, validate also finds values that a device would reject, and warns
about settings that it does not have. It also warns if there is no lock file or if it is out of date, judging by the configuration
and by the firmware that a state in a file has on record. Warnings do not change the exit code.

Values that are unknown here, such as secrets kept elsewhere, are not checked.`,
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return a.validate(cmd.Context(), flags) },
	}
	flags.addConfig(cmd.Flags())
	formatOption(cmd.Flags(), &flags.format, view.JSON, "json", "print the result as one JSON document")
	return cmd
}

func (a *app) validate(ctx context.Context, flags *runFlags) error {
	b, err := a.begin()
	if err != nil {
		return err
	}
	cfg, problems := b.judged(flags, b.secretIfThere)
	problems = append(problems, flags.vacant(cfg, problems)...)
	if !problems.HasErrors() {
		more, err := b.withoutDevices(ctx, cfg)
		if err != nil {
			return err
		}
		problems = append(problems, slices.Concat(more, engine.OverHTTP(cfg), engine.ShownToOthers(cfg.Devices))...)
	}
	shown := view.NewValidation(flags.format, a.stdout(), a.stderr())
	if !problems.HasErrors() {
		return shown.Valid(cfg, problems)
	}
	if err := shown.Invalid(problems, cfg.Sources); err != nil {
		return err
	}
	return errReported
}

// secretIfThere reads a secret that is at hand, so that it can be checked; one that is not there, or that somebody else would
// have to be asked for, is not known.
func (b *beginning) secretIfThere(origin string) (secret schema.Secret, known bool, err error) {
	scheme, _ := schema.OriginScheme(origin)
	if err := schema.CheckOrigin(origin); err != nil || scheme != "env" && scheme != "file" {
		return schema.Secret{}, false, err
	}
	secret, err = b.origins(".", nil).Read(context.Background(), origin)
	if errors.Is(err, operator.ErrForbidden) {
		return schema.Secret{}, false, err
	}
	return secret, err == nil, nil
}
