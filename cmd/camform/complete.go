package main

import (
	"cmp"
	"errors"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"camform/engine/config"
	"camform/schema"
)

// completers say what the arguments of commands are. An option -target is an address wherever there is one of configurations.
var completers = map[string]func(*app) completer{
	"apply": completesPlan, "approve": completesPlan, "show": completesPlan,

	"advisories": completesTargets, "backup": completesTargets, "backup list": completesTargets, "backup prune": completesTargets,
	"credentials": completesTargets, "credentials review": completesTargets, "explain": completesTargets, "inventory": completesTargets,
	"recover prepare": completesTargets, "rollback": completesTargets, "rotate": completesTargets,

	"certificate request": completesDevice, "login": completesDevice, "recover file": completesDevice, "recover open": completesDevice,
	"recover review": completesDevice,

	"state forget": completesRemembered, "state list": completesRemembered, "state mv": completesRemembered, "state show": completesRemembered,
}

// addCompletions lets shells complete what commands are about.
func addCompletions(a *app, root *cobra.Command) {
	for path, of := range completers {
		cmd, rest, err := root.Find(strings.Fields(path))
		if err != nil || len(rest) > 0 {
			panic("there is no command " + path + ": this is a bug")
		}
		cmd.ValidArgsFunction = of(a)
	}
	for _, cmd := range root.Commands() {
		addTargetCompletions(a, cmd)
	}
}

func addTargetCompletions(a *app, cmd *cobra.Command) {
	if f := cmd.Flags().Lookup("target"); f != nil && f.Value.Type() == "stringArray" {
		if err := cmd.RegisterFlagCompletionFunc("target", completesTargets(a)); err != nil {
			panic(err) // it has one already: this is a bug
		}
	}
	for _, below := range cmd.Commands() {
		addTargetCompletions(a, below)
	}
}

// bashQuoting is added to the script for bash. That inserts what several proposals have in common as it stands, so that an address
// ended within its quotes, and nothing could be completed any more.
const bashQuoting = `
# Of several proposals, the shell inserts the common beginning: write them as they have to be typed.
__camform_quoted()
{
    __start_camform "$@"
    local i
    if (( ${#COMPREPLY[@]} > 1 )); then
        for i in "${!COMPREPLY[@]}"; do
            case ${COMPREPLY[i]} in
            *"  ("*) ;;
            *) COMPREPLY[i]=$(printf %q "${COMPREPLY[i]}") ;;
            esac
        done
    fi
}

if [[ $(type -t compopt) == builtin ]]; then
    complete -o default -F __camform_quoted camform
else
    complete -o default -o nospace -F __camform_quoted camform
fi
`

// quotesInBash adds to the script that completes commands in bash.
func quotesInBash(root *cobra.Command) {
	root.InitDefaultCompletionCmd()
	bash, _, err := root.Find([]string{"completion", "bash"})
	if err != nil {
		panic(err) // the library has no such command any more
	}
	script := bash.RunE
	bash.RunE = func(cmd *cobra.Command, args []string) error {
		if err := script(cmd, args); err != nil {
			return err
		}
		_, err := io.WriteString(cmd.OutOrStdout(), bashQuoting)
		return err
	}
}

// completer proposes words for the one that somebody began at a shell.
type completer = func(cmd *cobra.Command, args []string, begun string) ([]string, cobra.ShellCompDirective)

// completes makes a completer of a function that proposes words; those that begin like the typed word are shown. It runs in the
// directory of -chdir. Where something is wrong nothing is proposed: a message would stand in the middle of somebody's line.
func completes(a *app, propose func(cmd *cobra.Command, b *beginning, begun string) ([]string, error)) completer {
	return func(cmd *cobra.Command, _ []string, begun string) ([]string, cobra.ShellCompDirective) {
		if err := a.enter(); err != nil { // the options of the command line are known only now
			return nil, cobra.ShellCompDirectiveError
		}
		b, err := a.begin()
		if err != nil {
			return nil, cobra.ShellCompDirectiveError
		}
		words, err := propose(cmd, b, begun)
		if err != nil {
			return nil, cobra.ShellCompDirectiveError
		}
		words = slices.DeleteFunc(words, func(word string) bool { return !strings.HasPrefix(word, begun) })
		slices.Sort(words)
		return slices.Compact(words), cobra.ShellCompDirectiveNoFileComp
	}
}

// firstOnly completes the first argument of a command, and no other one.
func firstOnly(first completer) completer {
	return func(cmd *cobra.Command, args []string, begun string) ([]string, cobra.ShellCompDirective) {
		if len(args) > 0 {
			return nil, cobra.ShellCompDirectiveNoFileComp
		}
		return first(cmd, args, begun)
	}
}

// completesTargets proposes what the configuration declares: blocks, their devices, and the settings of the one that is written out.
// No device is asked and no secret is read.
func completesTargets(a *app) completer {
	return completes(a, func(cmd *cobra.Command, b *beginning, begun string) ([]string, error) {
		declared, err := declaredBy(cmd, b)
		return targetsIn(declared, begun), err
	})
}

// completesDevice proposes the devices that the configuration declares, for commands about one of them.
func completesDevice(a *app) completer {
	return firstOnly(completes(a, func(cmd *cobra.Command, b *beginning, _ string) ([]string, error) {
		declared, err := declaredBy(cmd, b)
		var words []string
		for _, address := range declared {
			words = append(words, address.Device.String())
		}
		return words, err
	}))
}

// completesRemembered proposes what the state remembers.
func completesRemembered(a *app) completer {
	return completes(a, func(cmd *cobra.Command, b *beginning, begun string) ([]string, error) {
		ctx := cmd.Context()
		m, err := b.recall(ctx, "completion", b.settings.StatePath, nil)
		if err != nil || m.store == nil {
			return nil, err
		}
		defer m.close()
		devices, err := m.store.AllDevices(ctx)
		if err != nil {
			return nil, err
		}
		var known []schema.Setting
		for _, d := range devices {
			known = append(known, schema.Setting{Device: d.Address})
			if !strings.HasPrefix(begun, d.Address.String()+".") {
				continue
			}
			settings, err := m.store.SettingsOf(ctx, d.Address)
			if err != nil {
				return nil, err
			}
			for _, s := range settings {
				known = append(known, s.Address)
			}
		}
		return targetsIn(known, begun), nil
	})
}

// declaredBy are the addresses of the devices and settings of a configuration, with the variables of the command line.
func declaredBy(cmd *cobra.Command, b *beginning) ([]schema.Setting, error) {
	if err := b.sound(); err != nil {
		return nil, err
	}
	flags := &runFlags{}
	if f := cmd.Flags().Lookup("var"); f != nil {
		flags.vars = *f.Value.(varFlag).to
	}
	cfg, problems := b.judged(flags, config.SecretsUnknown)
	if problems.HasErrors() {
		return nil, errReported
	}
	var all []schema.Setting
	for _, d := range cfg.Devices {
		all = append(all, schema.Setting{Device: d.Address})
		for _, s := range d.Settings {
			all = append(all, s.Address)
		}
	}
	return all, nil
}

// targetsIn are the addresses that may stand for others where a word was begun: blocks and devices, and the settings of one whose
// address is written out up to the dot. A fleet has too many settings to propose all of them.
func targetsIn(all []schema.Setting, begun string) []string {
	var words []string
	for _, address := range all {
		block := schema.Device{Name: address.Device.Name}
		for _, device := range []schema.Device{block, address.Device} {
			words = append(words, device.String())
			if address.Kind != "" && strings.HasPrefix(begun, device.String()+".") {
				words = append(words, schema.Setting{Device: device, Kind: address.Kind, Key: address.Key}.String())
			}
		}
	}
	return words
}

// completesPlan proposes the plan files of the folder that is written, and the folders in it. Plans may have any name, so that they
// are recognised by their beginning.
func completesPlan(a *app) completer {
	return firstOnly(func(_ *cobra.Command, _ []string, begun string) ([]string, cobra.ShellCompDirective) {
		if err := a.enter(); err != nil {
			return nil, cobra.ShellCompDirectiveError
		}
		folder, start := filepath.Split(begun)
		entries, err := os.ReadDir(cmp.Or(folder, "."))
		if err != nil {
			return nil, cobra.ShellCompDirectiveError
		}
		var words []string
		further := cobra.ShellCompDirectiveNoFileComp
		for _, e := range entries {
			name := e.Name()
			if !strings.HasPrefix(name, start) || start == "" && strings.HasPrefix(name, ".") {
				continue
			}
			switch {
			case e.IsDir():
				words = append(words, folder+name+string(filepath.Separator))
				further |= cobra.ShellCompDirectiveNoSpace
			case e.Type().IsRegular() && isPlan(folder+name):
				words = append(words, folder+name)
			}
		}
		return words, further
	})
}

// isPlan reports whether a file begins as saved plans do.
func isPlan(path string) bool {
	file, err := planProduct.older(path)
	if file == nil {
		return false
	}
	info, failed := file.Stat()
	return errors.Join(err, failed, file.Close()) == nil && info.Size() > 0
}
