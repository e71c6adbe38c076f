package main

import (
	"bufio"
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
	"golang.org/x/crypto/ssh"

	"camform/engine"
	"camform/engine/config"
	"camform/engine/diag"
	"camform/engine/plan"
	"camform/engine/render"
	"camform/engine/rotate"
	"camform/engine/shell"
	"camform/engine/signers"
	"camform/engine/snapshot"
	"camform/engine/state"
	"camform/engine/vault"
	"camform/schema"
)

func snapshotCommand(a *app) *cobra.Command {
	flags := &runFlags{}
	var out, key string
	var recipients []string
	cmd := &cobra.Command{
		Use:   "snapshot",
		Short: "Read the devices into a signed file, to make plans elsewhere",
		Long: `Read every device of the configuration, and write its answers, without secrets, and its records in the state into a file that is
signed with an SSH key. Nothing is changed on any device. Run it where the devices are, on a schedule; "camform plan -from-snapshot
FILE" makes a plan from the file where there is neither a route to the devices nor a secret, such as for a pull request.

The file is a map of the network: encrypt it with -recipient. Of secrets it contains only fingerprints and versions in the vault. A
device that could not be read is marked as such.

Exit code: 0 if all is well, 1 if something went wrong, or if more devices could not be read than -max-unreachable tolerates; this
includes devices with a declared setting that could not be read. The file is written in that case, too.`,
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if out == "" {
				return errors.New("name the file to write: -out=FILE")
			}
			w, err := a.open(cmd, flags, withSecrets)
			if err != nil {
				return err
			}
			defer w.close()
			return takeSnapshot(cmd, w, out, key, recipients)
		},
	}
	flags.addConfig(cmd.Flags())
	flags.addDevices(cmd.Flags())
	addIgnored(cmd.Flags())
	cmd.Flags().StringVar(&out, "out", "", "write the snapshot to this `FILE`, which only you can read")
	cmd.Flags().StringVar(&key, "key", "", "sign with the private key in this `FILE`, or with the key in ssh-agent that this .pub file names")
	cmd.Flags().StringArrayVar(&recipients, "recipient", nil,
		"encrypt the file, and let `KEY` open it: a public key of age (age1...) or of SSH (ssh-ed25519 ..., ssh-rsa ...); may be repeated")
	return cmd
}

// takeSnapshot reads the devices into a file.
func takeSnapshot(cmd *cobra.Command, w *workspace, out, key string, recipients []string) error {
	if err := snapshotProduct.replaceable(out); err != nil { // before a fleet is read for it
		return fmt.Errorf("-out: %w", err)
	}
	if len(recipients) > 0 {
		if err := vault.SealFile(&bytes.Buffer{}, nil, vault.Recipients{Keys: recipients}); err != nil {
			return fmt.Errorf("-recipient: %w", err)
		}
	}
	anyKey := func(ssh.PublicKey) bool { return true }
	signer, release, err := signing{w.app, key, bufio.NewReader(w.in)}.signer(anyKey, "of somebody who signs snapshots")
	if err != nil {
		return err
	}
	defer release()
	var content *snapshot.Content
	var problems diag.Problems
	err = w.read(cmd.Context(), "nothing was written", func(ctx context.Context, e *engine.Engine) {
		content, problems = e.TakeSnapshot(ctx, w.config, w.targets)
	})
	if err != nil {
		return err
	}
	if content == nil {
		return w.report(problems, w.config.Sources)
	}
	if content.State, err = w.store.Extract(cmd.Context()); err != nil {
		return err
	}
	text, err := snapshot.Write(content, signer, w.engine.Now())
	if err != nil {
		return err
	}
	if len(recipients) > 0 {
		var sealed bytes.Buffer
		if err := vault.SealFile(&sealed, text, vault.Recipients{Keys: recipients}); err != nil {
			return fmt.Errorf("-recipient: %w", err)
		}
		text = append([]byte(snapshot.SealedHead), sealed.Bytes()...)
	}
	if err := snapshotProduct.write(out, text); err != nil {
		return fmt.Errorf("-out: %w", err)
	}
	tellSnapshot(w, content, out, signer.PublicKey(), len(recipients) > 0)
	return w.unlessTolerated(problems)
}

// tellSnapshot says what is in a snapshot and what to do with it.
func tellSnapshot(w *workspace, c *snapshot.Content, out string, key ssh.PublicKey, sealed bool) {
	unread := 0
	for _, d := range c.Devices {
		if d.Failure != nil {
			unread++
		}
	}
	text := fmt.Sprintf("%s has the answers of %s", out, render.Plural(len(c.Devices)-unread, "device"))
	if unread > 0 {
		text += fmt.Sprintf(", and why %d could not be read", unread)
	}
	fmt.Fprintf(w.out, "%s. It is signed with the key %s.\n", text, ssh.FingerprintSHA256(key))
	if !w.automated() {
		if !sealed {
			fmt.Fprintln(w.out, "It is a map of the network; to encrypt it, add -recipient=KEY.")
		}
		fmt.Fprintf(w.out, "To plan from it elsewhere, with a file that lists who may sign snapshots, run:\n    camform plan -from-snapshot %s -snapshot-signers SIGNERS\n", shell.Word(out))
	}
}

// fromFlags are the options for a plan from a snapshot.
type fromFlags struct {
	file     string
	signers  string
	identity string
	longest  time.Duration
}

// usualAge is how old the reading of a device may be if nobody says otherwise.
const usualAge = 24 * time.Hour

func (f *fromFlags) add(flags *pflag.FlagSet) {
	flags.StringVar(&f.file, "from-snapshot", "", "contact no device: plan from this `FILE` of camform snapshot, without secrets")
	flags.DurationVar(&f.longest, "max-age", usualAge, "with -from-snapshot, treat devices that were read longer ago than this `TIME` as unread")
	flags.StringVar(&f.signers, "snapshot-signers", "", "with -from-snapshot, the `FILE` that lists who may sign snapshots, in the form of allowed signers of OpenSSH; it must not lie in the repository")
	flags.StringVar(&f.identity, "snapshot-identity", "", "with -from-snapshot, the `FILE` with the private key that opens an encrypted snapshot")
}

// check refuses options that mean nothing without a snapshot, or with one.
func (f *fromFlags) check(flags *pflag.FlagSet) error {
	for _, name := range []string{"max-age", "snapshot-signers", "snapshot-identity"} {
		if f.file == "" && flags.Changed(name) {
			return fmt.Errorf("-%s is for a plan from a snapshot; add -from-snapshot=FILE", name)
		}
	}
	if f.file != "" && f.longest <= 0 {
		return errors.New("-max-age is a time such as 24h")
	}
	return nil
}

// openFrom evaluates the configuration, without secrets, and opens a snapshot instead of the state and the devices.
func openFrom(a *app, cmd *cobra.Command, flags *runFlags, f fromFlags) (*workspace, error) {
	b, err := a.begin()
	if err != nil {
		return nil, err
	}
	if err := b.sound(); err != nil {
		return nil, err
	}
	content, taken, err := b.snapshot(f)
	if err != nil {
		return nil, fmt.Errorf("-from-snapshot: %s: %w", f.file, err)
	}
	moves := b.source.Moves()
	longest := b.rules.SnapshotAge(f.longest)
	replay, err := snapshot.NewReplay(content, time.Now(), longest, moves)
	if err != nil {
		return nil, fmt.Errorf("-from-snapshot: %s: %w", f.file, err)
	}
	options := stateOptions(cmd.Name())
	options.Moves = moves
	store, err := state.OpenExtract(cmd.Context(), content.State, options)
	if err != nil {
		return nil, fmt.Errorf("-from-snapshot: %s: %w", f.file, err)
	}
	m := memory{
		store: store.Fleet, runs: store.Runs, approvals: store.Approvals, auditLog: store.AuditLog, backups: store.Backups, closer: store,
		vault: vault.New(store.Secrets, store.Key, vault.Unlock{}), origins: b.origins(".", nil),
	}
	cfg, targets, err := b.wanted(flags, sealedSecrets(cmd.Context(), store.Secrets))
	if err != nil {
		m.close()
		return nil, err
	}
	w, err := b.workspace(cmd.Context(), flags, m, cfg)
	if err != nil {
		return nil, err
	}
	taken.Longest = snapshot.Hours(longest)
	w.targets, w.engine.From = targets, &engine.From{Replay: replay, Taken: taken}
	return w, nil
}

// sealedSecrets knows which secrets the vault had when a snapshot was taken, and none of their values.
func sealedSecrets(ctx context.Context, secrets *state.Secrets) config.SecretReader {
	return func(origin string) (schema.Secret, bool, error) {
		scheme, name := schema.OriginScheme(origin)
		if err := schema.CheckOrigin(origin); err != nil || scheme != schema.OriginVault {
			return config.SecretsUnknown(origin)
		}
		versions, err := secrets.Versions(ctx, name)
		if _, live := rotate.Live(versions); err == nil && live {
			return schema.Secret{}, false, config.ErrSecretSealed
		}
		return schema.Secret{}, false, cmp.Or(err, config.ErrSecretAbsent)
	}
}

// snapshot reads a snapshot that somebody signed who may.
func (b *beginning) snapshot(f fromFlags) (*snapshot.Content, plan.Taken, error) {
	trust := snapshot.Trust{Lists: b.rules.SnapshotSigners(), Lineages: b.rules.SnapshotLineages(), Now: time.Now()}
	if f.signers != "" {
		list, err := snapshotSigners(f.signers)
		if err != nil {
			return nil, plan.Taken{}, fmt.Errorf("-snapshot-signers: %w", err)
		}
		trust.Lists = append(trust.Lists, list)
	}
	if len(trust.Lists) == 0 {
		return nil, plan.Taken{}, errors.New("it is not configured who may sign snapshots; name a file with -snapshot-signers, or write a snapshots block into the operator's rules")
	}
	if info, err := os.Stat(f.file); err == nil && info.Size() > snapshot.MaxFile+maxSeal { // which takes long to read
		return nil, plan.Taken{}, snapshot.ErrNotASnapshot
	}
	text, err := readBounded(f.file, snapshot.MaxFile+maxSeal)
	if err != nil {
		return nil, plan.Taken{}, err
	}
	if sealed, ok := bytes.CutPrefix(text, []byte(snapshot.SealedHead)); ok {
		unlock := b.unlock(nil)
		if f.identity != "" {
			unlock = b.unlock([]string{f.identity})
		}
		if text, err = unlock.Open(sealed); err != nil {
			return nil, plan.Taken{}, fmt.Errorf("%w; name the private key with -snapshot-identity", err)
		}
	}
	return snapshot.Open(text, trust)
}

// maxSeal is what encryption adds to a file at most.
const maxSeal = 1 << 20

// snapshotSigners reads a list of who may sign snapshots. One inside a repository is refused: somebody who can change a configuration
// there would choose whom to believe.
func snapshotSigners(path string) ([]signers.Signer, error) {
	real, err := filepath.EvalSymlinks(path)
	if err != nil {
		return nil, err
	}
	if real, err = filepath.Abs(real); err != nil {
		return nil, err
	}
	root, err := repository(".")
	if err != nil {
		return nil, err
	}
	if inside, err := filepath.Rel(root, real); err == nil && inside != ".." && !strings.HasPrefix(inside, ".."+string(filepath.Separator)) {
		return nil, fmt.Errorf("%s lies in the repository %s, where a pull request could change it; keep it elsewhere", path, root)
	}
	text, err := readBounded(real, maxSigners)
	if err != nil {
		return nil, err
	}
	lines, people, errs := signers.ParseLines(string(text), signers.Snapshots)
	if err := errors.Join(errs...); err != nil {
		return nil, fmt.Errorf("%s:%w", path, errs[0])
	}
	if people == 0 {
		return nil, fmt.Errorf("%s names nobody who may sign snapshots", path)
	}
	var all []signers.Signer
	for _, line := range lines {
		found, err := signers.ParseLine(line, signers.Snapshots)
		if err != nil {
			return nil, err
		}
		all = append(all, found...)
	}
	return all, nil
}

const maxSigners = 1 << 20

// repository is the folder of the repository that a folder lies in, or the folder itself where it lies in none.
func repository(dir string) (string, error) {
	dir, err := filepath.Abs(dir)
	if err != nil {
		return "", err
	}
	if dir, err = filepath.EvalSymlinks(dir); err != nil {
		return "", err
	}
	for up := dir; ; up = filepath.Dir(up) {
		if _, err := os.Lstat(filepath.Join(up, ".git")); err == nil {
			return up, nil
		}
		if filepath.Dir(up) == up {
			return dir, nil
		}
	}
}
