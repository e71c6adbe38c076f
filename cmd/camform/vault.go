package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"camform/engine/auditlog"
	"camform/engine/vault"
	"camform/schema"
)

// The variables of the environment that open the vault.
const (
	identityVariable   = "CAMFORM_VAULT_IDENTITY"
	passphraseVariable = "CAMFORM_VAULT_PASSPHRASE_FILE"
)

func vaultCommand(a *app) *cobra.Command {
	var identities []string
	cmd := &cobra.Command{
		Use:   "vault",
		Short: "Keep the passwords of devices, encrypted for chosen recipients",
		Long: `Keep secrets in the state, readable only for the recipients of the vault. A configuration reads them with
secret("vault:NAME"), and camform keeps the passwords of accounts with a password_policy there, with every version.

The identity of a recipient opens the vault: the files that -identity or CAMFORM_VAULT_IDENTITY name, separated as in PATH; else
the identity that "camform vault init" made, and ~/.ssh/id_ed25519. An identity is an age identity, or an SSH key of type
ed25519 or RSA. A vault can also have a passphrase, which camform asks for, or reads from the file that
CAMFORM_VAULT_PASSPHRASE_FILE names. Putting secrets into the vault needs none of these.`,
		Args: onlyCommands,
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.PersistentFlags().StringArrayVar(&identities, "identity", nil, "open the vault with the identities in this `FILE`; may be repeated")
	with := vaultCommands{a, &identities}
	cmd.AddCommand(with.init(), with.set(), with.get(), with.list(), with.history(), with.export(), with.imports(), with.rekey(),
		with.recipients())
	return cmd
}

// vaultCommands are the commands below vault, with the option that they share.
type vaultCommands struct {
	*app
	identities *[]string
}

// opened is the vault of a configuration while a command uses it.
type opened struct {
	*workspace
	vault *vault.Vault // opened as the options say
}

// note keeps in the audit log that secrets are about to leave the vault. Without that none does.
func (o opened) note(ctx context.Context, action auditlog.Action, what string) error {
	return o.auditLog.Audit(ctx, auditlog.Record{Action: action, Detail: what})
}

// use does something with the vault.
func (c vaultCommands) use(cmd *cobra.Command, do func(ctx context.Context, o opened) error) error {
	w, err := c.openForState(cmd)
	if err != nil {
		return err
	}
	defer w.close()
	return do(cmd.Context(), opened{w, vault.New(w.store.Secrets, w.store.Key, c.unlock(*c.identities))})
}

// change does something with the vault that others are to know of: it changes what the vault has, or takes secrets out of
// it. What was done comes back as a sentence without secrets and is printed.
func (c vaultCommands) change(cmd *cobra.Command, do func(ctx context.Context, o opened) (done string, err error)) error {
	return c.use(cmd, func(ctx context.Context, o opened) error {
		done, err := do(ctx, o)
		if err == nil && done != "" {
			fmt.Fprintln(o.err, done)
		}
		return err
	})
}

// unlock says how the vault is opened: with the files that are named, or else those of the environment, or else those that
// are where they usually are.
func (a *app) unlock(files []string) vault.Unlock {
	if len(files) == 0 {
		named, _ := a.env(identityVariable)
		files = filepath.SplitList(named)
	}
	if len(files) == 0 {
		files = usualIdentities()
	}
	return vault.Unlock{Identities: files, Passphrase: a.passphrase}
}

// private are the files that open the vault, which no configuration reads.
func (a *app) private() []string {
	files := a.unlock(nil).Identities
	if path, _ := a.env(passphraseVariable); path != "" {
		files = append(files, path)
	}
	return files
}

// usualIdentities are the identity files that exist.
func usualIdentities() []string {
	var usual, found []string
	if path, err := identityPath(); err == nil {
		usual = append(usual, path)
	}
	if home, err := os.UserHomeDir(); err == nil {
		usual = append(usual, filepath.Join(home, ".ssh", "id_ed25519"))
	}
	for _, path := range usual {
		if _, err := os.Stat(path); err == nil {
			found = append(found, path)
		}
	}
	return found
}

// identityPath is where the identity of the user is that vault init makes.
func identityPath() (string, error) {
	dir, err := os.UserConfigDir()
	if err != nil {
		return "", fmt.Errorf("there is no place for an identity: %w; name recipients with -recipient", err)
	}
	return filepath.Join(dir, "camform", "identity"), nil
}

// passphrase gives a passphrase that exists: from a file, or from the person at the terminal.
func (a *app) passphrase(of string) (schema.Secret, error) {
	if filed, ok, err := a.filedPassphrase(); ok {
		return filed, err
	}
	return a.hidden("Enter " + of + ": ")
}

// newPassphrase lets somebody choose a passphrase.
func (a *app) newPassphrase(of string) (schema.Secret, error) {
	if filed, ok, err := a.filedPassphrase(); ok {
		return filed, err
	}
	return a.hiddenTwice("new passphrase for " + of)
}

// filedPassphrase is the passphrase from the file that the environment names; ok is false if it names none.
func (a *app) filedPassphrase() (passphrase schema.Secret, ok bool, err error) {
	path, _ := a.env(passphraseVariable)
	if path == "" {
		return schema.Secret{}, false, nil
	}
	passphrase, err = (&vault.Origins{Dir: "."}).Read(context.Background(), "file:"+path)
	if err != nil {
		err = fmt.Errorf("%s: %w", passphraseVariable, err)
	}
	return passphrase, true, err
}

var errTwoAnswers = errors.New("the two are not the same; nothing was changed")
