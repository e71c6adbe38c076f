package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"

	"github.com/spf13/cobra"

	"camform/cmd/camform/view"
	"camform/engine/render"
	"camform/engine/state"
	"camform/schema"
)

func outputCommand(a *app) *cobra.Command {
	var format view.Format
	var raw bool
	cmd := &cobra.Command{
		Use:   "output [NAME]",
		Short: "Print the outputs of the configuration as they were last applied",
		Long: `Print the values that the outputs had when the configuration was last applied: all of them, or the one with the given name.
Values of sensitive outputs are not stored, so they are never printed.`,
		Args: arguments(cobra.MaximumNArgs(1)),
		RunE: func(cmd *cobra.Command, args []string) error {
			w, err := a.openForState(cmd)
			if err != nil {
				return err
			}
			defer w.close()
			outputs, err := w.store.AllOutputs(cmd.Context())
			if err != nil {
				return err
			}
			if len(args) == 1 {
				return printOutput(w, outputs, args[0], raw)
			}
			return view.NewOutputs(format, w.stdout()).Outputs(outputs)
		},
	}
	formatOption(cmd.Flags(), &format, view.JSON, "json", "print JSON")
	cmd.Flags().BoolVar(&raw, "raw", false, "print the text of one output without quotes, for scripts")
	return cmd
}

// printOutput prints the value of one output.
func printOutput(w *workspace, outputs []state.Output, name string, raw bool) error {
	i := slices.IndexFunc(outputs, func(o state.Output) bool { return o.Name == name })
	if i < 0 {
		var names []string
		for _, o := range outputs {
			names = append(names, o.Name)
		}
		text := fmt.Sprintf("no output %q was applied", name)
		if near := schema.Nearest(name, names); near != "" {
			text += "; did you mean " + near + "?"
		}
		return fmt.Errorf("%s; camform output lists those that were", text)
	}
	o := outputs[i]
	if o.Sensitive {
		return fmt.Errorf("the output %s is sensitive, so its value is not stored; the secret is in the vault (camform vault list) or at its origin in the configuration", name)
	}
	var text string
	if raw && json.Unmarshal(o.Value, &text) == nil {
		_, err := fmt.Fprint(w.out, text)
		return err
	}
	if raw && !bytes.ContainsAny(o.Value[:1], "0123456789-tf") {
		return fmt.Errorf("the output %s is not a string, number or boolean; print it with -json", name)
	}
	return render.JSONLine(w.out, o.Value)
}
