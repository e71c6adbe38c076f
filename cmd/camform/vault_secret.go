package main

import (
	"context"
	"errors"
	"fmt"
	"strconv"

	"github.com/spf13/cobra"

	"camform/cmd/camform/view"
	"camform/engine/diag"
	"camform/engine/render"
	"camform/engine/vault"
	"camform/schema"
)

func (c vaultCommands) set() *cobra.Command {
	var origin string
	var why purpose
	cmd := &cobra.Command{
		Use:   "set NAME",
		Short: "Put a secret into the vault, or a new version of it",
		Long: `Put a secret into the vault. Type it twice at the terminal, where it is not shown, or pass it on standard input, or name its
source with -from. It is never given as an argument, where every user of the machine could see it. The previous version is
kept.

Nothing is changed on any device: use this to tell camform which password a device has.`,
		Args: arguments(cobra.ExactArgs(1)),
		RunE: func(cmd *cobra.Command, args []string) error {
			return c.change(cmd, func(ctx context.Context, o opened) (string, error) {
				name := args[0]
				secret, note, err := c.given(ctx, name, origin, o)
				if err != nil {
					return "", err
				}
				version, err := o.vault.Set(ctx, name, secret, note+why.String())
				return fmt.Sprintf("The vault now has version %d of %s.", version, name), err
			})
		},
	}
	cmd.Flags().StringVar(&origin, "from", "", "read the secret from this `ORIGIN`, such as env:NAME or file:PATH")
	why.add(cmd.Flags())
	return cmd
}

// given is the secret that somebody wants to keep, and where it came from.
func (c vaultCommands) given(ctx context.Context, name, origin string, o opened) (secret schema.Secret, note string, err error) {
	note = "set by " + who()
	if origin == "" {
		secret, err = c.newSecret(name)
		return secret, note, err
	}
	from := &vault.Origins{Env: c.env, Dir: ".", Vault: o.vault, Check: o.origins.Check, Shows: o.origins.Shows}
	secret, err = from.Read(ctx, origin)
	return secret, note + " from " + origin, err
}

func (c vaultCommands) get() *cobra.Command {
	var (
		version int
		show    bool
	)
	cmd := &cobra.Command{
		Use:   "get NAME",
		Short: "Print a secret of the vault",
		Long: `Print the version of a secret that is in use, or another one. It is written to a pipe or a file as it is, without a newline.
On a terminal it is shown only with -show, and after you typed its name: others may be watching, and terminals keep a history.`,
		Args: arguments(cobra.ExactArgs(1)),
		RunE: func(cmd *cobra.Command, args []string) error {
			return c.change(cmd, func(ctx context.Context, o opened) (string, error) {
				_, shown := terminal(c.out)
				if shown {
					if err := c.confirmShowing(args[0], show); err != nil {
						return "", err
					}
				}
				secret, err := chosen(ctx, o.vault, args[0], version)
				if err != nil {
					return "", err
				}
				if err := o.note(ctx, "secret-shown", args[0]); err != nil {
					return "", err
				}
				text := secret.Reveal()
				if shown {
					text += "\n"
				}
				_, err = fmt.Fprint(c.out, text)
				return "", err
			})
		},
	}
	cmd.Flags().IntVar(&version, "version", 0, "print version `N`, in use or not")
	cmd.Flags().BoolVar(&show, "show", false, "show it on a terminal")
	return cmd
}

func (c vaultCommands) confirmShowing(name string, show bool) error {
	if !show {
		return errors.New("a secret is not shown on a terminal unless you add -show; write it to a pipe or a file")
	}
	return c.confirm(fmt.Sprintf("The secret will be visible on the screen. Type %s to see it: ", name), name)
}

func chosen(ctx context.Context, v *vault.Vault, name string, version int) (schema.Secret, error) {
	if version != 0 {
		return v.Version(ctx, name, version)
	}
	secret, _, err := v.Live(ctx, name)
	return secret, err
}

func (c vaultCommands) list() *cobra.Command {
	var format view.Format
	cmd := &cobra.Command{
		Use:   "list",
		Short: "List the secrets of the vault, without showing any",
		Args:  noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return c.use(cmd, func(ctx context.Context, o opened) error {
				listed, err := o.vault.List(ctx)
				if err != nil {
					return err
				}
				return view.NewSecrets(format, c.stdout()).List(listed)
			})
		},
	}
	formatOption(cmd.Flags(), &format, view.JSON, "json", "print JSON")
	return cmd
}

func (c vaultCommands) history() *cobra.Command {
	return &cobra.Command{
		Use:   "history NAME",
		Short: "List the versions of a secret, without showing any",
		Args:  arguments(cobra.ExactArgs(1)),
		RunE: func(cmd *cobra.Command, args []string) error {
			return c.use(cmd, func(ctx context.Context, o opened) error {
				versions, err := o.vault.History(ctx, args[0])
				if err != nil {
					return err
				}
				var rows [][]string
				for _, s := range versions {
					rows = append(rows, []string{
						strconv.Itoa(s.Version), string(s.Status), diag.Time(s.Created), diag.Time(s.Sent), diag.Time(s.Proven), s.Run, s.Note,
					})
				}
				return render.Table(c.out, []string{"version", "status", "made", "sent", "proven", "run", "note"}, rows)
			})
		},
	}
}
