package main

import (
	"strings"
	"testing"

	"github.com/spf13/cobra"
)

// A command with others below it says that it does not have one of another name, where it takes no address itself: help and a good
// exit code would look like success to a script.
func TestACommandOfCommandsRefusesOthers(t *testing.T) {
	groups := 0
	var walk func(*cobra.Command)
	walk = func(cmd *cobra.Command) {
		for _, below := range cmd.Commands() {
			walk(below)
		}
		if !cmd.HasAvailableSubCommands() || strings.Contains(cmd.Use, "ADDR") {
			return
		}
		groups++
		if !cmd.Runnable() || cmd.Args == nil || cmd.Args(cmd, []string{"nosuch"}) == nil {
			t.Errorf("%s nosuch is no error", cmd.CommandPath())
		}
	}
	walk((&app{}).root())
	if groups < 8 {
		t.Errorf("%d groups of commands", groups)
	}
}
