package main

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/spf13/cobra"
	"github.com/zclconf/go-cty/cty"

	"camform/engine/config"
	"camform/engine/diag"
	"camform/engine/vault"
	"camform/schema"
)

func (a *app) validateCommand() *cobra.Command {
	flags := &runFlags{}
	cmd := &cobra.Command{
		Use:   "validate",
		Short: "Check the configuration without talking to any device",
		Long: `Read the configuration and report everything that is wrong with it. No device is asked, and no secret needs to be
there. Where "camform lock" has recorded what the devices can do, values that they would refuse are found, too.`,
		Args: noArgs,
		RunE: func(*cobra.Command, []string) error { return a.validate(flags) },
	}
	flags.addConfig(cmd.Flags())
	cmd.Flags().BoolVar(&flags.json, "json", false, "print the result as one JSON document")
	return cmd
}

func (a *app) validate(flags *runFlags) error {
	provider, err := a.provider()
	if err != nil {
		return err
	}
	cfg, problems := config.Load(a.dir, config.Options{
		Kinds: provider.Kinds(), Vars: flags.vars, Env: a.env, Version: version(), Secrets: a.secretIfThere,
	})
	if !problems.HasErrors() {
		more, err := a.checkLocked(cfg, provider)
		if err != nil {
			return err
		}
		problems = append(problems, more...)
	}
	if flags.json {
		return a.validateJSON(problems)
	}
	var sources map[string][]byte
	if cfg != nil {
		sources = cfg.Sources
	}
	if err := a.report(problems, sources); err != nil {
		return err
	}
	settings := 0
	for _, d := range cfg.Devices {
		settings += len(d.Settings)
	}
	fmt.Fprintf(a.out, "The configuration is valid: %s with %s.\n", plural(len(cfg.Devices), "device"), plural(settings, "setting"))
	return nil
}

// secretIfThere reads a secret that is at hand, so that it can be checked; one that is not there, or that somebody else would
// have to be asked for, is not known.
func (a *app) secretIfThere(origin string) (cty.Value, error) {
	if err := schema.CheckOrigin(origin); err != nil {
		return cty.UnknownVal(cty.String), err
	}
	if scheme, _ := schema.OriginScheme(origin); scheme != "env" && scheme != "file" {
		return cty.UnknownVal(cty.String), nil
	}
	text, err := (&vault.Origins{Env: a.env, Dir: a.dir}).Read(context.Background(), origin)
	if err != nil {
		return cty.UnknownVal(cty.String), nil
	}
	return cty.StringVal(text), nil
}

// validateJSON prints the document that Terraform's validate -json prints.
func (a *app) validateJSON(problems diag.Problems) error {
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
