package main

import (
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// foreign is a call that hands and programs know from Terraform, from OpenTofu or from other commands, and that is answered in another way.
type foreign struct {
	call    string // commands, with | between several, and an option of theirs, if one is meant: "plan|apply -state"
	takes   string // what the option may be all the same, since that is how camform works anyway: true, false, either or anything
	instead string // what to do, with the command for it in quotes; empty where nothing is refused
}

// What an option may be, besides true and false.
const (
	either   = "true or false"
	anything = "anything"
)

const (
	notDestroyed = `camform destroys no devices: to stop managing one, replace its block by a removed block; "camform plan" shows the effect`
	onePlace     = `the state block of the configuration says where the state is; "camform state migrate" moves it to another place`
	noModules    = `there are no modules: settings that several devices share go into a profile, and "camform explain ADDRESS" shows which one wants a value`
	noTests      = `check blocks judge devices: "camform plan -checks"`
	onlyTargets  = `"camform plan -target=ADDRESS" looks only at this address, and may be repeated`
	byOrigin     = `no option takes a password or the name of a variable: -password-from names its origin, such as env:CAMERA_PASSWORD or file:PATH; "camform help" has the topic secrets`
	whoAnswered  = `"camform inventory" lists which device answered at each address`
)

// foreigners are all such calls. A test runs each, and proves that the commands in quotes exist.
var foreigners = []foreign{
	{call: "console", instead: `to see the value of an expression, put it into an output block: "camform plan" shows it`},
	{call: "destroy", instead: notDestroyed},
	{call: "get", instead: noModules},
	{call: "graph", instead: `"camform explain ADDRESS" and "camform credentials" show what depends on what`},
	{call: "logout", instead: `passwords of devices are in the vault: "camform vault list" lists them`},
	{call: "metadata", instead: `"camform settings -json-schema" describes the configuration for editors`},
	{call: "modules", instead: noModules},
	{call: "providers", instead: `"camform settings" lists the kinds of settings that it knows`},
	{call: "query", instead: `"camform discover" and "camform inventory" list devices`},
	{call: "refresh", instead: `every plan reads the devices; "camform drift" shows what was changed on them`},
	{call: "state identities", instead: whoAnswered},
	{call: "state push", instead: `the state cannot be overwritten: "camform state restore FILE" restores a backup, and "camform state migrate" moves the state to another place`},
	{call: "state replace-provider", instead: `settings have no provider that could be replaced; after a device was replaced, run "camform state forget ADDRESS"`},
	{call: "taint", instead: `settings are not replaced: "camform rotate ADDRESS" makes new passwords`},
	{call: "test", instead: noTests},
	{call: "untaint", instead: `nothing is ever tainted: the next "camform apply" finishes what an interrupted run began`},
	{call: "workspace new", instead: oneWorkspace},
	{call: "workspace select", instead: oneWorkspace},
	{call: "workspace delete", instead: oneWorkspace},

	{call: "plan|apply -destroy", takes: "false", instead: notDestroyed},
	{call: "plan|apply -exclude", instead: onlyTargets},
	{call: "plan|apply -exclude-file", instead: onlyTargets},
	{call: "plan|apply -target-file", instead: onlyTargets},
	{call: "plan|apply -refresh", takes: "true", instead: `a plan always reads the devices; "camform plan -from-snapshot FILE" plans without contacting them`},
	{call: "plan|apply -refresh-only", takes: "false", instead: `to see what was changed on devices, run "camform drift"`},
	{call: "plan|apply -replace", instead: `settings are not replaced: "camform rotate ADDRESS" makes new passwords, and "camform rollback RUN" restores the earlier values`},
	{call: "apply -html", instead: `"camform show PLANFILE -html=FILE" makes a page of a saved plan, and "camform apply -markdown" reports what was done`},
	{call: "plan -generate-config-out", instead: `"camform import" writes the configuration of the devices that import blocks name`},
	{call: "plan|apply|import|output|force-unlock|state list|state mv|state rm -state", instead: onePlace},
	{call: "apply|import -state-out", instead: onePlace},
	{call: "apply|import|state mv|state rm -backup", instead: `"camform state backup FILE" backs up the state whenever you want`},
	{call: "import -config", instead: `the configuration is the one in the directory: "camform import -chdir=DIR" chooses another`},
	{call: "state list -id", instead: whoAnswered},
	{call: "state mv -dry-run", takes: "false", instead: `"camform state list" shows the names; a move changes no device, and moving back undoes it`},
	{call: "plan|apply|import|state mv|state rm -lock", takes: "true", instead: `camform always locks the devices that it changes against other runs; "camform apply -lock-timeout=10m" waits for another run`},
	{call: "plan|import|state mv|state rm -lock-timeout", takes: anything},
	{call: "import|state mv|state rm -ignore-remote-version", takes: either},
	{call: "force-unlock -force", takes: either},

	{call: "init -backend", takes: either},
	{call: "init -get", takes: either},
	{call: "init -upgrade", takes: either}, // nothing is fetched that could be older
	{call: "init -backend-config", instead: onePlace},
	{call: "init -force-copy", takes: "false", instead: onePlace},
	{call: "init -migrate-state", takes: "false", instead: onePlace},
	{call: "init -reconfigure", takes: "false", instead: onePlace},
	{call: "init -from-module", instead: `"camform learn" writes the configuration of a fleet, and "camform import ADDRESS" that of a single device`},
	{call: "init -plugin-dir", instead: `"camform settings" lists the kinds of settings that it knows; the camform block names folders with more`},
	{call: "init -lockfile", instead: `"camform lock" records what each device can do`},
	{call: "init|validate -test-directory", instead: noTests},
	{call: "validate -no-tests", takes: either},

	{call: "import|learn|login -password", instead: byOrigin},
	{call: "simulate -password", instead: byOrigin},
	{call: "simulate -password-env", instead: byOrigin},
	{call: "simulate ctl reset -new-password-env", instead: `-new-password-from says where the password is: "camform simulate ctl reset -new-password-from=ORIGIN", such as env:NEW_PASSWORD`},
}

// addForeign lets commands answer the foreign calls.
func addForeign(root *cobra.Command) {
	for _, f := range foreigners {
		paths, option, isOption := strings.Cut(f.call, " -")
		for path := range strings.SplitSeq(paths, "|") {
			words := strings.Fields(path)
			if !isOption {
				above, _, err := root.Find(words[:len(words)-1])
				if err != nil {
					panic(fmt.Sprintf("%s: %v: this is a bug", f.call, err))
				}
				above.AddCommand(f.command(path, words[len(words)-1]))
				continue
			}
			cmd, rest, err := root.Find(words)
			if err != nil || len(rest) > 0 {
				panic(fmt.Sprintf("%s: no command %s: this is a bug", f.call, path))
			}
			f.option(cmd.Flags(), path, option)
		}
	}
}

func (f foreign) command(path, name string) *cobra.Command {
	return &cobra.Command{
		Use: name, Hidden: true, DisableFlagParsing: true,
		RunE: func(*cobra.Command, []string) error { return f.refused(path) },
	}
}

// option adds the option. It may stand without a value, as a switch does.
func (f foreign) option(flags *pflag.FlagSet, path, name string) {
	flags.Func(name, "answered for Terraform", func(text string) error {
		given, err := strconv.ParseBool(text)
		switch {
		case f.takes == anything, err == nil && (f.takes == either || f.takes == strconv.FormatBool(given)):
			return nil
		case f.instead == "":
			return errors.New("write true or false")
		}
		return f.refused(path + " -" + name)
	})
	added := flags.Lookup(name)
	added.Hidden = true
	if f.takes != anything {
		added.NoOptDefVal = "true"
	}
}

// refusal is the error of a foreign call.
type refusal struct{ error }

func (f foreign) refused(call string) error {
	return refusal{errors.New("camform has no " + call + ": " + f.instead)}
}
