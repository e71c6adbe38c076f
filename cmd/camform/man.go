package main

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"camform/cmd/camform/manual"
	"camform/engine/render"
	"camform/schema"
)

// writeMan writes the pages of man of all commands and topics into a folder.
func writeMan(a *app, root *cobra.Command, kinds *schema.Kinds, dir string) error {
	pages := commandPages(root)
	for _, t := range manual.Topics(kinds) {
		pages = append(pages, t.Roff(version()))
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return fmt.Errorf("-man: %w", err)
	}
	for _, p := range pages {
		if err := manProduct.write(filepath.Join(dir, p.File), []byte(p.Text)); err != nil {
			return fmt.Errorf("-man: %w", err)
		}
	}
	fmt.Fprintf(a.out, "Wrote %s into %s.\n", render.Plural(len(pages), "page"), dir)
	return nil
}

// commandPages are the pages of a command and of those below it.
func commandPages(cmd *cobra.Command) []manual.Man {
	heading := func(text string) manual.Part { return manual.Part{Sort: manual.Heading, Text: text} }
	page := []manual.Part{heading("Synopsis"), {Sort: manual.Paragraph, Text: "`" + cmd.UseLine() + "`"}, heading("Description")}
	page = append(page, manual.Prose(cmd.Long)...)
	if cmd.Long == "" {
		page = append(page, manual.Part{Sort: manual.Paragraph, Text: cmd.Short + "."})
	}
	var pages []manual.Man
	below := [][]string{{"command", "what it does"}}
	for _, c := range cmd.Commands() {
		if c.IsAvailableCommand() || c.Name() == "help" {
			below = append(below, []string{"`" + c.CommandPath() + "`", c.Short + "."})
			pages = append(pages, commandPages(c)...)
		}
	}
	if len(below) > 1 {
		page = append(page, heading("Commands"), manual.Part{Sort: manual.Table, Rows: below})
	}
	page = append(page, heading("Options"), manual.Part{Sort: manual.Table, Rows: optionRows(cmd)})
	name := strings.ReplaceAll(cmd.CommandPath(), " ", "-")
	return append(pages, manual.Roff(name, "1", version(), cmd.Short, page))
}

// optionRows are the options of a command, as its help shows them.
func optionRows(cmd *cobra.Command) [][]string {
	rows := [][]string{{"option", "what it does"}}
	cmd.InitDefaultHelpFlag()
	add := func(f *pflag.Flag) {
		if f.Hidden {
			return
		}
		name, usage := pflag.UnquoteUsage(f)
		form := "-" + f.Name
		if name != "" {
			form += " " + name
		}
		if !slices.Contains([]string{"", "false", "0", "[]", "0s"}, f.DefValue) {
			usage += " (default " + f.DefValue + ")"
		}
		rows = append(rows, []string{"`" + form + "`", usage})
	}
	cmd.LocalFlags().VisitAll(add)
	cmd.InheritedFlags().VisitAll(add)
	return rows
}
