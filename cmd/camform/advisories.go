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
		Short: "Check the firmware of devices against security advisories",
		Long: `Show for each device of the configuration which security advisories affect it, and which may. A verdict is based on the model,
version and build that the device last reported; no device is contacted. A device that camform has never read is unknown, and
readings older than 30 days are listed: camform plan reads devices.

"Not affected" needs a definite rule. Where camform has none, look the device up by its serial number on the vendor's page. For an
advisory that needs a service, the report says whether a setting has switched the service off. That makes an attack harder, but the
device stays affected.

camform ships with the advisories. -data reads them from a file instead, in the format of engine/advisory/advisories.hcl in the source
of camform; camform refuses a file that is older than its own data.

Exit code: 2 if a device is affected, even if others are unknown; 1 if none is affected but some are unknown; 0 if none is affected.`,
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
	formatOption(cmd.Flags(), &flags.format, view.CSV, "csv", "print a CSV table with every verdict, for spreadsheets")
	formatOption(cmd.Flags(), &flags.format, view.Markdown, "markdown", "print Markdown, for a ticket or a report")
	cmd.Flags().BoolVar(&flags.full, "full", false, "show every device, even where many have the same finding")
	return cmd
}

// addData adds the option that names a file of security advisories.
func (f *runFlags) addData(flags *pflag.FlagSet) {
	flags.StringVar(&f.data, "data", "", "use the security advisories in this `FILE` instead of those that ship with camform")
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
		return nil, fmt.Errorf("-data: %s is of %s, and the data that ship with camform are of %s; leave the option out",
			flags.data, data.Date.Format(time.DateOnly), ours.Date.Format(time.DateOnly))
	}
	return data, nil
}
