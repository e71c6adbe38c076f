package main

import (
	_ "embed"
	"fmt"
	"path/filepath"

	"github.com/spf13/cobra"

	"camform/engine/atomicfile"
)

//go:embed starter.cam.hcl
var starter []byte

func initCommand(a *app) *cobra.Command {
	flags := &runFlags{}
	cmd := &cobra.Command{
		Use:   "init",
		Short: "Prepare a directory",
		Long: `Prepare a directory for camform: check its configuration and create the state. In a directory without a configuration,
it writes a main.cam.hcl to start with. You can run it again at any time; nothing is overwritten.`,
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return a.init(cmd, flags) },
	}
	flags.addConfig(cmd.Flags())
	cmd.Flags().Lookup("allow-no-devices").Hidden = true // they may come later
	addIgnored(cmd.Flags())
	return cmd
}

func (a *app) init(cmd *cobra.Command, flags *runFlags) error {
	present, err := hasConfiguration(".")
	if err != nil {
		return err
	}
	if !present {
		if err := atomicfile.Create("main.cam.hcl", starter, 0o644); err != nil {
			return err
		}
		fmt.Fprint(a.out, "Wrote a main.cam.hcl to start with. Put the addresses of your devices into it.\n\n")
	}
	flags.noDevices = true
	w, err := a.open(cmd, flags, withoutSecrets)
	if err != nil {
		return err
	}
	defer w.close()
	path := w.config.Settings.StatePath
	fmt.Fprintf(a.out, "camform is ready. The state is in %s\n", path)
	if !a.automated() {
		fmt.Fprint(a.out, "\nNext, see what would change, without changing anything:\n    camform plan\n")
	}
	return nil
}

// hasConfiguration reports whether a directory has any file of a configuration.
func hasConfiguration(dir string) (bool, error) {
	for _, pattern := range []string{"*.cam.hcl", "*.cam.json"} {
		names, err := filepath.Glob(filepath.Join(dir, pattern))
		if err != nil || len(names) > 0 {
			return len(names) > 0, err
		}
	}
	return false, nil
}
