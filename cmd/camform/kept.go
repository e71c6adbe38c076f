package main

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"camform/engine/config"
	"camform/providers"
	"camform/schema"
)

// kept marks texts on the command line that camform stores where others can read them: options by an annotation of theirs, and
// the NAME=VALUE of a command by one of the command.
const kept = "kept"

// sayVar adds an option for a text that is kept.
func sayVar(flags *pflag.FlagSet, to *string, name, usage string) {
	flags.StringVar(to, name, "", usage)
	keep(flags, name)
}

// keep marks an option whose text is kept.
func keep(flags *pflag.FlagSet, name string) {
	if err := flags.SetAnnotation(name, kept, nil); err != nil {
		panic(err) // there is no such option: this is a bug
	}
}

// saying is a text from the command line that camform stores.
type saying struct{ where, text string }

// saidIn are the texts of a command line that are kept.
func saidIn(cmd *cobra.Command, args []string) []saying {
	var all []saying
	cmd.Flags().Visit(func(f *pflag.Flag) {
		if _, ok := f.Annotations[kept]; ok {
			all = append(all, saying{"-" + f.Name, f.Value.String()})
		}
	})
	if _, ok := cmd.Annotations[kept]; !ok {
		return all
	}
	for _, arg := range args {
		if name, value, ok := strings.Cut(arg, "="); ok {
			all = append(all, saying{name, value})
		}
	}
	return all
}

// discreet makes sure that no text which would be kept holds a secret that can be read here: one that the vault has or had, or that
// the configuration names. Nothing was written yet.
func discreet(ctx context.Context, w *workspace) error {
	if len(w.said) == 0 {
		return nil
	}
	all, err := w.store.AllSecrets(ctx)
	if err != nil {
		return err
	}
	var known []schema.Secret
	for _, v := range all {
		if secret, err := w.vault.Open(v); err == nil {
			known = append(known, secret)
		} // what cannot be opened here cannot be looked for either
	}
	for _, origin := range originsIn(w.config) {
		if secret, err := w.secret(origin); err == nil {
			known = append(known, secret)
		}
	}
	blanks := providers.NewRedactor(known...)
	for _, s := range w.said {
		if blanks.Blank(s.text) != s.text {
			return fmt.Errorf("%s contains a password or another secret, and would be stored where others can read it. Nothing was done or written; leave the secret out", s.where)
		}
	}
	return nil
}

// originsIn are where the configuration says that secrets come from, each once.
func originsIn(cfg *config.Config) []string {
	if cfg == nil {
		return nil
	}
	var all []string
	for _, d := range cfg.Devices {
		all = append(all, schema.Origin(d.Login.Password))
		for _, s := range d.Settings {
			for _, a := range s.Attributes {
				all = append(all, schema.Origin(a.Value))
			}
		}
	}
	slices.Sort(all)
	return slices.DeleteFunc(slices.Compact(all), func(origin string) bool { return origin == "" || strings.HasPrefix(origin, "vault:") })
}
