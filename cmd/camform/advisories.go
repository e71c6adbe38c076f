package main

import (
	"fmt"
	"os"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"camform/cmd/camform/view"
	"camform/engine/advisory"
	"camform/engine/diag"
)

func advisoriesCommand(a *app) *cobra.Command {
	flags := &runFlags{}
	cmd := &cobra.Command{
		Use:   "advisories [ADDRESS]...",
		Short: "Judge the firmware of devices by security advisories",
		Long: `Say for each device of the configuration by which security advisories it is affected, and by which it may be. The verdicts go by
model, version and build as the device told them last; no device is asked. A device that camform never read is not known, and
readings older than 30 days are named: camform plan reads devices.

Not affected needs a definite rule. Where camform has none, look the device up on the vendor's page by its serial number. Beside an
advisory that needs a service, the report says whether a setting has switched the service off. That makes an attack harder, and the
device stays affected.

The advisories come with camform. -data reads them from a file instead, as engine/advisory/advisories.hcl in the source of camform is
written; one that is older than the data of camform is refused.

Exit code: 2 if a device is affected, also where others are not known; 1 if nobody knows whether one is; 0 if none is.`,
		RunE: func(cmd *cobra.Command, args []string) error {
			flags.targets = append(flags.targets, args...)
			w, err := a.open(cmd, flags, withoutSecrets)
			if err != nil {
				return err
			}
			defer w.close()
			return advise(cmd, w)
		},
	}
	flags.addConfig(cmd.Flags())
	flags.addData(cmd.Flags())
	formatOption(cmd.Flags(), &flags.format, view.JSON, "json", "print one JSON document instead of text")
	formatOption(cmd.Flags(), &flags.format, view.CSV, "csv", "print a table for spreadsheets, with every verdict")
	formatOption(cmd.Flags(), &flags.format, view.Markdown, "markdown", "print Markdown, for a ticket or a report")
	cmd.Flags().BoolVar(&flags.full, "full", false, "show every device, also where many have the same finding")
	return cmd
}

// addData adds the option that names a file of security advisories.
func (f *runFlags) addData(flags *pflag.FlagSet) {
	flags.StringVar(&f.data, "data", "", "judge by the security advisories in this `FILE`, instead of those that come with camform")
}

// advise prints how devices stand to advisories.
func advise(cmd *cobra.Command, w *workspace) error {
	report, err := w.engine.Advisories(cmd.Context(), w.config, w.targets)
	if err != nil {
		return err
	}
	if err := view.NewAdvisories(w.flags.format, w.output()).Report(report); err != nil {
		return err
	}
	switch counts := report.Count(); {
	case counts[advisory.Affected] > 0:
		return exit{code: exitChanges}
	case counts[advisory.Unknown] > 0:
		return errReported
	}
	return nil
}

// known are the security advisories of the option -data; nil without it. What is wrong with the file is printed.
func (b *beginning) known(flags *runFlags) (*advisory.Data, error) {
	if flags.data == "" {
		return nil, nil
	}
	text, err := os.ReadFile(flags.data)
	if err != nil {
		return nil, fmt.Errorf("-data: %w", err)
	}
	data, diags := advisory.Read(flags.data, text)
	if err := b.report(diag.FromHCL(diags), map[string][]byte{flags.data: text}); err != nil {
		return nil, err
	}
	if ours := advisory.Builtin(); data.Date.Before(ours.Date) {
		return nil, fmt.Errorf("-data: %s is of %s, and the data that come with camform are of %s; leave the option out",
			flags.data, data.Date.Format(time.DateOnly), ours.Date.Format(time.DateOnly))
	}
	return data, nil
}
