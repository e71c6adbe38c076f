package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"camform/engine/atomicfile"
	"camform/engine/vault"
)

// recipientFlags are who is to open what a command seals.
type recipientFlags struct {
	keys       []string
	passphrase bool
}

func (f *recipientFlags) add(cmd *cobra.Command, what string) {
	cmd.Flags().StringArrayVar(&f.keys, "recipient", nil,
		"let `KEY` open "+what+": a public key of age (age1...) or of SSH (ssh-ed25519 ..., ssh-rsa ...); may be repeated")
	cmd.Flags().BoolVar(&f.passphrase, "passphrase", false, "let a passphrase open "+what+", which is asked for twice")
}

// choose returns the recipients, with the passphrase if there is to be one.
func (f *recipientFlags) choose(a *app, what string) (to vault.Recipients, err error) {
	to.Keys = f.keys
	if f.passphrase {
		to.Passphrase, err = a.newPassphrase(what)
	}
	return to, err
}

func (f *recipientFlags) none() bool { return len(f.keys) == 0 && !f.passphrase }

func (c vaultCommands) init() *cobra.Command {
	flags := &recipientFlags{}
	cmd := &cobra.Command{
		Use:   "init",
		Short: "Make a vault in the state of the configuration",
		Long: `Make a vault in the state of the configuration. Without -recipient and -passphrase, it opens with your identity, which is
made if there is none yet. If everything that opens the vault is lost, so are its secrets: name a second recipient, such as a
key in a safe.`,
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return c.change(cmd, func(ctx context.Context, o opened) (string, error) {
				if _, err := o.vault.Access(ctx); err == nil {
					return "", errors.New("there is a vault already; camform vault recipients changes who can open it")
				}
				to, err := flags.choose(c.app, "the vault")
				if err == nil && flags.none() {
					to.Keys, err = c.ownRecipients()
				}
				if err != nil {
					return "", err
				}
				return "The vault is ready.", vault.Init(ctx, o.store.Secrets, to)
			})
		},
	}
	flags.add(cmd, "the vault")
	return cmd
}

// ownRecipients are the public keys of the identity of the user. It is made if there is none, and never replaced.
func (c vaultCommands) ownRecipients() ([]string, error) {
	path, err := identityPath()
	if err != nil {
		return nil, err
	}
	text, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return c.makeIdentity(path)
	}
	if err != nil {
		return nil, err
	}
	keys, err := vault.RecipientsOf(string(text))
	if err == nil && len(keys) == 0 {
		err = errors.New("it has no identity that can be a recipient")
	}
	if err != nil {
		return nil, fmt.Errorf("%s: %w; name recipients with -recipient", path, err)
	}
	fmt.Fprintf(c.err, "The vault opens with your identity %s.\n", path)
	return keys, nil
}

func (c vaultCommands) makeIdentity(path string) ([]string, error) {
	text, recipient, err := vault.NewIdentity()
	if err != nil {
		return nil, err
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return nil, err
	}
	if err := writeNew(path, []byte(text)); err != nil {
		return nil, err
	}
	fmt.Fprintf(c.err, `Made your identity: %s
Its public key is %s

Keep a copy of that file in a safe place, not beside the state. Without it, nobody can read the vault.
`, path, recipient)
	return []string{recipient}, nil
}

// writeNew writes a file that only the user can read. It fails if there is one of that name.
func writeNew(path string, text []byte) error {
	err := atomicfile.Create(path, text, 0o600)
	if errors.Is(err, fs.ErrExist) {
		return fmt.Errorf("%s already exists and was not changed", path)
	}
	return err
}
