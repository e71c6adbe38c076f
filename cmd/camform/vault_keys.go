package main

import (
	"context"
	"fmt"
	"slices"

	"github.com/spf13/cobra"

	"camform/engine/render"
	"camform/engine/vault"
)

func (c vaultCommands) rekey() *cobra.Command {
	return &cobra.Command{
		Use:   "rekey",
		Short: "Give the vault a new key and re-encrypt everything",
		Long: `Give the vault a new key, re-encrypt everything in it, and overwrite the old ciphertext. Do this after somebody lost the right
to open it. Anybody who has an old copy of the state can still read what was in it then, so change those passwords on the
devices too: "camform rotate".

PostgreSQL keeps the old ciphertext in its files until the role that owns the tables runs
VACUUM FULL camform.secrets, camform.snapshots, and in its WAL archive and backups until they are deleted.`,
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return c.change(cmd, func(ctx context.Context, o opened) (string, error) {
				done := "The vault has a new key, and everything in it is re-encrypted."
				if o.server {
					done += " The server keeps the old ciphertext until its owner runs VACUUM FULL camform.secrets, camform.snapshots, and longer in its WAL archive and backups."
				}
				return done, o.vault.Rekey(ctx)
			})
		},
	}
}

func (c vaultCommands) recipients() *cobra.Command {
	var add, remove []string
	cmd := &cobra.Command{
		Use:   "recipients",
		Short: "List or change who can open the vault",
		Long: `List who can open the vault, or add and remove recipients: public keys of age (age1...) or of SSH, or the word passphrase,
which camform then asks for. At least one recipient must be left. A removed recipient may have kept the key of the vault: run
"camform vault rekey" afterwards, and change the passwords that the recipient knew.`,
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if len(add)+len(remove) == 0 {
				return c.use(cmd, c.listRecipients)
			}
			return c.change(cmd, func(ctx context.Context, o opened) (string, error) {
				return changedRecipients(add, remove), c.changeRecipients(ctx, o, add, remove)
			})
		},
	}
	cmd.Flags().StringArrayVar(&add, "add", nil, "let this `KEY` open the vault; may be repeated")
	cmd.Flags().StringArrayVar(&remove, "remove", nil, "no longer let this `KEY` open the vault; may be repeated")
	return cmd
}

// changedRecipients tells what was changed, and what is left to do.
func changedRecipients(add, remove []string) string {
	if len(remove) == 0 {
		return fmt.Sprintf("Added %s.", render.Plural(len(add), "recipient"))
	}
	return fmt.Sprintf("Added %s and removed %d. Run camform vault rekey, and change the passwords that the removed ones knew.",
		render.Plural(len(add), "recipient"), len(remove))
}

func (c vaultCommands) listRecipients(ctx context.Context, o opened) error {
	access, err := o.vault.Access(ctx)
	if err != nil {
		return err
	}
	for _, key := range access {
		fmt.Fprintln(c.out, key)
	}
	return nil
}

// changeRecipients adds and then removes, so that a recipient can take the place of the only one.
func (c vaultCommands) changeRecipients(ctx context.Context, o opened, add, remove []string) error {
	if len(add) > 0 {
		others := vault.Recipients{Keys: slices.DeleteFunc(slices.Clone(add), isPassphrase)}
		if slices.ContainsFunc(add, isPassphrase) {
			var err error
			if others.Passphrase, err = c.newPassphrase("the vault"); err != nil {
				return err
			}
		}
		if err := o.vault.Admit(ctx, others); err != nil {
			return err
		}
	}
	if len(remove) > 0 {
		return o.vault.Dismiss(ctx, remove...)
	}
	return nil
}

func isPassphrase(key string) bool { return key == vault.PassphraseKey }
