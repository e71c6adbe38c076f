package main

import (
	"bytes"
	"regexp"
	"strings"
	"testing"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// namedCommands finds a command in quotes, with what is written behind it.
var namedCommands = regexp.MustCompile(`"camform ([^"]+)"`)

// TestEveryForeignCallIsAnswered makes each call that hands know from Terraform: either it is taken, or the answer names a command of
// camform that exists, with its options.
func TestEveryForeignCallIsAnswered(t *testing.T) {
	for _, f := range foreigners {
		paths, option, isOption := strings.Cut(f.call, " -")
		for path := range strings.SplitSeq(paths, "|") {
			words := strings.Fields(path)
			values := []string{"", "=true", "=false", "=x", "=0"}
			if !isOption {
				values = []string{""}
			}
			for _, value := range values {
				args := words
				if isOption {
					args = append(words[:len(words):len(words)], "-"+option+value)
				}
				err := parsed(t, args)
				call := strings.Join(args, " ")
				means := map[string]string{"": "true", "=true": "true", "=false": "false", "=0": "false"}[value]
				taken := isOption && (f.takes == anything || means != "" && (f.takes == either || f.takes == means))
				switch {
				case f.takes == anything && value == "": // it needs one
				case taken != (err == nil):
					t.Errorf("%s: %v", call, err)
				case err != nil && f.instead != "" && (!strings.Contains(err.Error(), "camform has no "+path) || !strings.Contains(err.Error(), f.instead)):
					t.Errorf("%s says %v", call, err)
				}
			}
		}
		commands := namedCommands.FindAllStringSubmatch(f.instead, -1)
		if f.instead != "" && len(commands) == 0 {
			t.Errorf("%s: %s names no command", f.call, f.instead)
		}
		for _, command := range commands {
			exists(t, f.call, command[1])
		}
	}
}

// parsed reads the part of a command line that is judged before anything is opened: the error is that of its options, or of a command that
// is none.
func parsed(t *testing.T, args []string) error {
	t.Helper()
	a := &app{out: &bytes.Buffer{}, err: &bytes.Buffer{}, env: func(string) (string, bool) { return "", false }}
	root := a.root()
	cmd, rest, err := root.Find(doubleDashes(args))
	if err != nil || cmd.DisableFlagParsing {
		if err == nil {
			err = cmd.RunE(cmd, rest)
		}
		return err
	}
	if err := cmd.ParseFlags(rest); err != nil {
		return cmd.FlagErrorFunc()(cmd, err)
	}
	return nil
}

// exists proves that a command of camform that an answer names can be given so.
func exists(t *testing.T, call, command string) {
	t.Helper()
	root := (&app{env: func(string) (string, bool) { return "", false }}).root()
	cmd, rest, err := root.Find(doubleDashes(strings.Fields(command)))
	if err != nil || cmd == root || cmd.Hidden {
		t.Errorf("%s: there is no camform %s: %v", call, command, err)
		return
	}
	for _, word := range rest {
		name, isOption := strings.CutPrefix(word, "--")
		name, _, _ = strings.Cut(name, "=")
		if !isOption && word != strings.ToUpper(word) || isOption && shownOption(cmd, name) == nil {
			t.Errorf("%s: camform %s has no %s", call, command, word)
		}
	}
}

func shownOption(cmd *cobra.Command, name string) *pflag.Flag {
	for _, flags := range []*pflag.FlagSet{cmd.Flags(), cmd.InheritedFlags()} {
		if f := flags.Lookup(name); f != nil && !f.Hidden {
			return f
		}
	}
	return nil
}
