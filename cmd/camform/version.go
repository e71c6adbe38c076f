package main

import (
	"encoding/json"
	"fmt"
	"runtime"
	"runtime/debug"

	"github.com/spf13/cobra"

	"camform/engine/render"
)

// release is set by the linker of a release build.
var release = "0.1.0-dev"

func version() string { return release }

func versionCommand(a *app) *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "version",
		Short: "Print the version",
		Args:  noArgs,
		RunE: func(*cobra.Command, []string) error {
			platform := runtime.GOOS + "_" + runtime.GOARCH
			if asJSON {
				return json.NewEncoder(a.out).Encode(map[string]any{
					"camform_version": version(), "platform": platform, "go_version": runtime.Version(),
					"terraform_version": render.TerraformVersion, "provider_selections": map[string]string{}, "terraform_outdated": false,
				})
			}
			if a.called == render.Terraform {
				fmt.Fprintf(a.out, "Terraform v%s\non %s\n+ camform v%s\n", render.TerraformVersion, platform, version())
				return nil
			}
			fmt.Fprintf(a.out, "camform v%s\non %s", version(), platform)
			if info, ok := debug.ReadBuildInfo(); ok {
				for _, s := range info.Settings {
					if s.Key == "vcs.revision" {
						fmt.Fprintf(a.out, ", revision %.12s", s.Value)
					}
				}
			}
			fmt.Fprintln(a.out)
			return nil
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return cmd
}
