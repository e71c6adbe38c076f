package main

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"camform/cmd/camform/view"
	"camform/engine/render"
	"camform/schema"
)

// Options that name the origin of a password. None takes a password, which every user of the machine could read then.
const (
	passwordOption    = "password-from"
	newPasswordOption = "new-password-from"
)

var errTwoForms = errors.New("these forms of output exclude each other; choose one")

// formatOption adds an option that chooses the form in which a command prints. Two different forms are an error.
func formatOption(flags *pflag.FlagSet, to *view.Format, form view.Format, name, usage string) {
	flags.BoolFunc(name, usage, func(text string) error {
		chosen, err := strconv.ParseBool(text)
		switch {
		case err != nil || !chosen:
			return err
		case *to != view.Text && *to != form:
			return errTwoForms
		}
		*to = form
		return nil
	})
}

var unknownFlag = regexp.MustCompile(`^unknown flag: --(\S+)$`)

// flagError adds the nearest option to a message about one that does not exist, and says which value an option cannot have.
func flagError(cmd *cobra.Command, err error) error {
	help := "; see " + cmd.CommandPath() + " -help"
	if invalid, ok := errors.AsType[*pflag.InvalidValueError](err); ok {
		if refused, ok := errors.AsType[refusal](invalid.Unwrap()); ok {
			return refused
		}
		if errors.Is(invalid, errTwoForms) {
			return fmt.Errorf("%w%s", errTwoForms, help)
		}
		return fmt.Errorf("-%s cannot be %q%s%s", invalid.GetFlag().Name, invalid.GetValue(), because(invalid.Unwrap()), help)
	}
	match := unknownFlag.FindStringSubmatch(err.Error())
	if match == nil {
		return fmt.Errorf("%w%s", err, help)
	}
	var names []string
	shown := func(f *pflag.Flag) {
		if !f.Hidden {
			names = append(names, f.Name)
		}
	}
	cmd.Flags().VisitAll(shown)
	cmd.InheritedFlags().VisitAll(shown)
	text := cmd.CommandPath() + " has no option -" + match[1]
	if near := schema.Nearest(match[1], names); near != "" {
		return errors.New(text + "; did you mean -" + near + "?")
	}
	return errors.New(text + help)
}

// because is the reason that an option gives for refusing a value, if it is one for people.
func because(cause error) string {
	if _, ok := errors.AsType[*strconv.NumError](cause); ok || cause == nil {
		return ""
	}
	return ": " + cause.Error()
}

// noArgs refuses words behind a command that takes none.
func noArgs(cmd *cobra.Command, args []string) error {
	if len(args) == 0 {
		return nil
	}
	instead := "-chdir=DIR chooses another directory"
	if cmd.Flags().Lookup("case") != nil {
		instead = "-case=CASE names a case"
	}
	return fmt.Errorf("%s takes no argument, but %s was given; %s", cmd.CommandPath(), strings.Join(args, " "), instead)
}

// arguments refuses a number of arguments that a rule does not allow, and says how the command is written. It repeats none of
// them: somebody may have written a password there.
func arguments(rule cobra.PositionalArgs) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		if rule(cmd, args) == nil {
			return nil
		}
		given := "none was given"
		if len(args) == 0 {
			given += listedBy(cmd.Use)
		} else {
			given = render.Plural(len(args), "argument") + " given"
		}
		return fmt.Errorf("write it as: %s; %s. See %s -help", strings.TrimSuffix(cmd.UseLine(), " [flags]"), given, cmd.CommandPath())
	}
}

// listed says what lists the values of the words that stand for arguments.
var listed = []struct{ word, by string }{
	{"RUN", `"camform state runs" lists the runs`},
	{"ADDR", `"camform state list" lists addresses`},
	{"PLANFILE", `"camform plan -out=PLANFILE" writes one`},
}

// listedBy says where to look for the first argument of a command.
func listedBy(use string) string {
	words := strings.Fields(use)
	for _, l := range listed {
		if len(words) > 1 && slices.Contains(strings.Split(strings.TrimRight(words[1], "."), "|"), l.word) {
			return "; " + l.by
		}
	}
	return ""
}

// atLeastOne is an option that is a number from 1.
type atLeastOne struct{ to *int }

func (n atLeastOne) String() string {
	if n.to == nil {
		return ""
	}
	return strconv.Itoa(*n.to)
}

func (n atLeastOne) Set(text string) error {
	number, err := strconv.Atoi(text)
	if err != nil || number < 1 {
		return errors.New("write a number from 1")
	}
	*n.to = number
	return nil
}

func (atLeastOne) Type() string { return "int" }

// oneDevice reads the arguments of a command that writes a file about one device.
func oneDevice(address, out string) (schema.Device, error) {
	target, err := schema.ParseTarget(address)
	if err == nil && (out == "" || target.Kind != "") {
		err = errors.New("name one device, and with -out the file to write")
	}
	return target.Device, err
}

// onlyCommands refuses words behind a command that only has others below it, and suggests the nearest of them.
func onlyCommands(cmd *cobra.Command, args []string) error {
	if len(args) == 0 {
		return nil
	}
	var names []string
	for _, c := range cmd.Commands() {
		if c.IsAvailableCommand() {
			names = append(names, c.Name())
		}
	}
	text := cmd.CommandPath() + " has no command " + args[0]
	if near := schema.Nearest(args[0], names); near != "" {
		return errors.New(text + "; did you mean " + near + "?")
	}
	return errors.New(text + "; see " + cmd.CommandPath() + " -help")
}
