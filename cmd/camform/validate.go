package main

import (
	"encoding/json"
	"fmt"

	"github.com/spf13/cobra"

	"camform/engine/config"
	"camform/engine/diag"
)

func (a *app) validateCommand() *cobra.Command {
	flags := &runFlags{}
	cmd := &cobra.Command{
		Use:   "validate",
		Short: "Check the configuration without talking to any device",
		Long: `Read the configuration and report everything that is wrong with it. No device is asked, and no secret needs to be
there.`,
		Args: noArgs,
		RunE: func(*cobra.Command, []string) error {
			if flags.json {
				return a.validateJSON(flags)
			}
			cfg, err := a.configure(flags, a.provider().Kinds(), config.Unread)
			if err != nil {
				return err
			}
			settings := 0
			for _, d := range cfg.Devices {
				settings += len(d.Settings)
			}
			fmt.Fprintf(a.out, "The configuration is valid: %s with %s.\n", plural(len(cfg.Devices), "device"), plural(settings, "setting"))
			return nil
		},
	}
	flags.addConfig(cmd.Flags())
	cmd.Flags().BoolVar(&flags.json, "json", false, "print the result as one JSON document")
	return cmd
}

// validateJSON prints the document that Terraform's validate -json prints.
func (a *app) validateJSON(flags *runFlags) error {
	_, problems := config.Load(a.dir, config.Options{
		Kinds: a.provider().Kinds(), Vars: flags.vars, Env: a.env, Version: version(), Secrets: config.Unread,
	})
	type position struct {
		Line   int `json:"line"`
		Column int `json:"column"`
		Byte   int `json:"byte"`
	}
	type place struct {
		Filename string   `json:"filename"`
		Start    position `json:"start"`
		End      position `json:"end"`
	}
	type problem struct {
		Severity diag.Severity `json:"severity"`
		Code     string        `json:"code"`
		Summary  string        `json:"summary"`
		Detail   string        `json:"detail"`
		Address  string        `json:"address,omitempty"`
		Range    *place        `json:"range,omitempty"`
	}
	result := struct {
		FormatVersion string    `json:"format_version"`
		Valid         bool      `json:"valid"`
		ErrorCount    int       `json:"error_count"`
		WarningCount  int       `json:"warning_count"`
		Diagnostics   []problem `json:"diagnostics"`
	}{FormatVersion: "1.0", Valid: !problems.HasErrors(), Diagnostics: []problem{}}
	for _, p := range problems.Sorted() {
		if p.Severity == diag.Error {
			result.ErrorCount++
		} else {
			result.WarningCount++
		}
		shown := problem{Severity: p.Severity, Code: p.Code, Summary: p.Summary, Detail: p.Detail, Address: p.Place()}
		if p.Subject != nil {
			shown.Range = &place{p.Subject.Filename, position(p.Subject.Start), position(p.Subject.End)}
		}
		result.Diagnostics = append(result.Diagnostics, shown)
	}
	encoder := json.NewEncoder(a.out)
	encoder.SetIndent("", "  ")
	if err := encoder.Encode(result); err != nil {
		return err
	}
	if !result.Valid {
		return errReported
	}
	return nil
}

func plural(n int, word string) string {
	if n == 1 {
		return "1 " + word
	}
	return fmt.Sprintf("%d %ss", n, word)
}
