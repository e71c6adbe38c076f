package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"camform/engine/render"
	"camform/engine/vault"
)

func (c vaultCommands) export() *cobra.Command {
	flags := &recipientFlags{}
	cmd := &cobra.Command{
		Use:   "export FILE [NAME]...",
		Short: "Write secrets into an encrypted file",
		Long: `Write all versions of the named secrets, or of all secrets, into a new file. The program age can open it as well. It is
encrypted for the recipients or the passphrase that you give; without any, for the recipients of the vault.`,
		Args: arguments(cobra.MinimumNArgs(1)),
		RunE: func(cmd *cobra.Command, args []string) error {
			return c.change(cmd, func(ctx context.Context, o opened) (string, error) {
				to, err := flags.choose(c.app, "the file")
				if err == nil && flags.none() {
					to.Keys, err = recipientsOf(ctx, o.vault)
				}
				if err != nil {
					return "", err
				}
				var text bytes.Buffer
				written, err := o.vault.Export(ctx, &text, to, args[1:])
				if err != nil {
					return "", err
				}
				if err := o.note(ctx, "vault-exported", render.Plural(written, "secret")+" with all versions"); err != nil {
					return "", err
				}
				if err := writeNew(args[0], text.Bytes()); err != nil {
					return "", err
				}
				return fmt.Sprintf("Wrote %s with all versions to %s.", render.Plural(written, "secret"), args[0]), nil
			})
		},
	}
	flags.add(cmd, "the file")
	return cmd
}

// recipientsOf are the keys that open the vault.
func recipientsOf(ctx context.Context, v *vault.Vault) ([]string, error) {
	keys, err := v.Access(ctx)
	keys = slices.DeleteFunc(keys, isPassphrase)
	if err == nil && len(keys) == 0 {
		err = errors.New("the vault opens only with its passphrase, which an export does not have; add -passphrase or -recipient")
	}
	return keys, err
}

func (c vaultCommands) imports() *cobra.Command {
	var over bool
	cmd := &cobra.Command{
		Use:   "import FILE",
		Short: "Take secrets from an encrypted file",
		Long: `Take all secrets from a file of "camform vault export", with all versions. The vault keeps what it has, and gets what it lacks.
If the vault has a newer version in use than the file, nothing is imported, except with -over: then the version of the file is
in use again, and the newer one becomes history.`,
		Args: arguments(cobra.ExactArgs(1)),
		RunE: func(cmd *cobra.Command, args []string) error {
			return c.change(cmd, func(ctx context.Context, o opened) (string, error) {
				file, err := os.Open(args[0])
				if err != nil {
					return "", err
				}
				defer func() { _ = file.Close() }()
				take := o.vault.Import
				if over {
					take = o.vault.ImportOver
				}
				done, err := take(ctx, file)
				if errors.Is(err, vault.ErrNewer) {
					err = fmt.Errorf("%w. With -over, the versions of the file are used again", err)
				}
				return imported(done), err
			})
		},
	}
	cmd.Flags().BoolVar(&over, "over", false, "use the versions that are in use in the file, even where the vault has newer ones")
	return cmd
}

// imported tells what an import did.
func imported(done vault.Imported) string {
	var lines []string
	for _, group := range []struct {
		how   string
		names []string
	}{{"new", done.Added}, {"changed", done.Changed}, {"as it was", done.Same}} {
		for _, name := range group.names {
			lines = append(lines, name+": "+group.how)
		}
	}
	if len(lines) == 0 {
		return "There are no secrets in the file."
	}
	return strings.Join(lines, "\n")
}
