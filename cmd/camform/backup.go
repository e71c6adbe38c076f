package main

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"camform/engine"
	"camform/engine/atomicfile"
	"camform/engine/auditlog"
	"camform/engine/backup"
	"camform/engine/diag"
	"camform/engine/learn"
	"camform/engine/render"
	"camform/providers"
	"camform/schema"
)

// backupFolder is where backups of devices lie, beside the state.
const backupFolder = "backups"

func backupCommand(a *app) *cobra.Command {
	flags := &runFlags{}
	cmd := &cobra.Command{
		Use:   "backup [ADDR]...",
		Short: "Back up the settings of devices, to be able to restore them",
		Long: `Read all configuration documents of devices and keep them in one sealed file for each device, in the folder backups beside the
state. If a device exports an archive of its configuration that only it can read, the archive is kept as well, with its key. Without
an address, all devices of the configuration are read. Nothing is changed on any device, and only documents are read whose reading
has no side effect; some devices note in their log that an archive was exported. Recordings are not copied, and no document contains
passwords of accounts.

"camform backup config" turns a backup into configuration, so that restoring settings is a plan that can be reviewed.

Exit code: 0 if all is well, 1 if something went wrong, or if a device or one of its documents could not be read. The documents that
could be read are kept nevertheless. Each backup is written as soon as its device has been read, so an interrupt keeps the finished
ones.`,
		RunE: func(cmd *cobra.Command, args []string) error {
			flags.targets = append(flags.targets, args...)
			w, err := a.open(cmd, flags, withSecrets)
			if err != nil {
				return err
			}
			defer w.close()
			return archiveOf(w).make(cmd.Context())
		},
	}
	flags.addConfig(cmd.Flags())
	flags.addDevices(cmd.Flags())
	addIgnored(cmd.Flags())
	cmd.AddCommand(backupListCommand(a), backupShowCommand(a), backupDiffCommand(a), backupVerifyCommand(a), backupPruneCommand(a), backupConfigCommand(a))
	return cmd
}

// archive are the backups of the devices of a state.
type archive struct {
	*workspace
	backup.Folder
}

func archiveOf(w *workspace) archive {
	sealer := w.engine.Sealer
	return archive{w, backup.Folder{
		Dir: filepath.Join(filepath.Dir(w.path), backupFolder), Seal: sealer.Seal, Unseal: sealer.Unseal, Name: w.store.Key.Name,
	}}
}

// openBackups opens the state whose backups a command is about.
func (a *app) openBackups(cmd *cobra.Command) (archive, error) {
	w, err := a.openForState(cmd)
	if err != nil {
		return archive{}, err
	}
	return archiveOf(w), nil
}

// make reads devices and keeps what they say.
func (b archive) make(parent context.Context) error {
	var entries, partial []backup.Entry
	var problems diag.Problems
	var failed error
	unread := 0
	err := b.read(parent, "devices that are not listed have no new backup", func(ctx context.Context, e *engine.Engine) {
		problems, failed = e.Backup(ctx, b.config, b.targets, func(one *backup.Backup) error {
			entry, err := b.keep(parent, one)
			if err == nil {
				entries = append(entries, entry)
				unread += len(one.Unread)
			}
			if err == nil && len(one.Unread) > 0 {
				partial = append(partial, entry)
			}
			return err
		})
	})
	if err := b.kept(entries, partial, unread); err != nil {
		return err
	}
	if err := cmp.Or(err, failed); err != nil {
		return err
	}
	if err := b.unlessTolerated(problems); err != nil || unread == 0 {
		return err
	}
	return errReported // a backup that lacks what the device may have is not whole
}

// keep writes a backup, and says so in the audit log.
func (b archive) keep(ctx context.Context, one *backup.Backup) (backup.Entry, error) {
	entry, err := b.Save(one)
	if err != nil {
		return entry, err
	}
	return entry, b.auditLog.Audit(ctx, auditlog.Record{
		Run: b.run, Action: auditlog.DeviceBackedUp, Device: one.Device.String(), Detail: "in the backup " + entry.Name,
	})
}

// kept tells which backups were kept, and how many documents the partial ones among them lack.
func (b archive) kept(entries, partial []backup.Entry, unread int) error {
	slices.SortFunc(entries, func(a, b backup.Entry) int { return a.Device.Compare(b.Device) })
	if len(entries) > 0 {
		if err := b.table(entries); err != nil {
			return err
		}
		fmt.Fprintf(b.out, "\nKept %s of %s in %s.\n", render.Plural(len(entries), "backup"), render.Plural(len(entries), "device"), b.Dir)
	}
	if unread > 0 {
		fmt.Fprintf(b.out, "%s could not be read. To see which, run:\n", render.Plural(unread, "document"))
		for _, e := range partial[:min(len(partial), 3)] {
			fmt.Fprintf(b.out, "    camform backup show %s\n", e.Name[:shortName])
		}
	}
	return nil
}

// shortName is as much of the name of a backup as people type.
const shortName = 12

func (b archive) table(entries []backup.Entry) error {
	var rows [][]string
	for _, e := range entries {
		rows = append(rows, []string{
			e.Name[:shortName], e.Device.String(), e.Taken.Format(time.DateTime), e.Model, e.Firmware, strconv.Itoa(e.Documents),
		})
	}
	return render.Table(b.out, []string{"backup", "device", "taken (UTC)", "model", "firmware", "documents"}, rows)
}

func backupListCommand(a *app) *cobra.Command {
	asJSON := false
	cmd := &cobra.Command{
		Use:   "list [ADDR]...",
		Short: "List the backups",
		RunE: func(cmd *cobra.Command, args []string) error {
			b, err := a.openBackups(cmd)
			if err != nil {
				return err
			}
			defer b.close()
			all, err := b.listed(args)
			if err != nil {
				return err
			}
			if asJSON {
				for _, e := range all {
					text, err := json.Marshal(struct {
						Type      string    `json:"type"`
						Name      string    `json:"name"`
						Device    string    `json:"device"`
						Taken     time.Time `json:"taken"`
						Model     string    `json:"model"`
						Firmware  string    `json:"firmware"`
						Documents int       `json:"documents"`
					}{"backup", e.Name, e.Device.String(), e.Taken, e.Model, e.Firmware, e.Documents})
					if err != nil {
						return err
					}
					fmt.Fprintf(b.out, "%s\n", text)
				}
				return nil
			}
			if len(all) == 0 {
				fmt.Fprintln(b.out, "There are no backups. camform backup makes one of each device.")
				return nil
			}
			return b.table(all)
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print one JSON object per line instead of text")
	return cmd
}

// listed are the backups of devices that people name; of all without a name. Files that are none are an error.
func (b archive) listed(devices []string) ([]backup.Entry, error) {
	var named []schema.Setting
	for _, text := range devices {
		target, err := schema.ParseTarget(text)
		if err != nil {
			return nil, err
		}
		named = append(named, target)
	}
	all, bad, err := b.List()
	if err != nil {
		return nil, err
	}
	for _, name := range slices.Sorted(maps.Keys(bad)) {
		p := unusable(bad[name])
		p.Severity = diag.Warning
		if err := b.report(diag.Problems{p}, nil); err != nil {
			return nil, err
		}
	}
	return slices.DeleteFunc(all, func(e backup.Entry) bool {
		return len(named) > 0 && !slices.ContainsFunc(named, func(t schema.Setting) bool { return t.Covers(schema.Setting{Device: e.Device}) })
	}), nil
}

func unusable(err error) diag.Problem {
	return diag.FromError(err, "backup-damaged", "Backup cannot be used")
}

// open opens the backup whose name begins with a text.
func (b archive) open(beginning string) (*backup.Backup, error) {
	name, err := b.Find(beginning)
	if err != nil {
		return nil, err
	}
	return b.Open(name)
}

func backupShowCommand(a *app) *cobra.Command {
	path := ""
	cmd := &cobra.Command{
		Use:   "show BACKUP",
		Short: "Show what is in a backup",
		Long:  `Show the documents of a backup, or the text of one of them. Secrets in it are blanked.`,
		Args:  arguments(cobra.ExactArgs(1)),
		RunE: func(cmd *cobra.Command, args []string) error {
			b, err := a.openBackups(cmd)
			if err != nil {
				return err
			}
			defer b.close()
			kept, err := b.open(args[0])
			if err != nil {
				return err
			}
			if path == "" {
				return b.contents(kept)
			}
			d, ok := kept.Find(path)
			switch {
			case !ok:
				return fmt.Errorf("%s is not in the backup; camform backup show %s lists its documents", path, args[0])
			case d.Missing != "":
				return fmt.Errorf("the device has no %s (%s)", path, d.Missing)
			}
			fmt.Fprintln(b.out, strings.Join(b.shown(d), "\n"))
			return nil
		},
	}
	cmd.Flags().StringVar(&path, "document", "", "show the document at this `PATH`")
	return cmd
}

// contents lists the documents of a backup.
func (b archive) contents(kept *backup.Backup) error {
	fmt.Fprintf(b.out, "%s, %s %s, serial number %s, taken %s.\n\n", kept.Device, kept.Identity.Model, kept.Identity.Firmware, kept.Identity.Serial,
		kept.Taken.Format(time.DateTime))
	var rows [][]string
	missing := 0
	for _, d := range kept.Documents {
		if d.Missing != "" {
			missing++
			continue
		}
		rows = append(rows, []string{d.Path, fmt.Sprintf("%d bytes", len(d.Body))})
	}
	for _, path := range slices.Sorted(maps.Keys(kept.Unread)) {
		rows = append(rows, []string{path, "could not be read: " + kept.Unread[path]})
	}
	if err := render.Table(b.out, []string{"document", ""}, rows); err != nil {
		return err
	}
	fmt.Fprintf(b.out, "\nThe device had %s, and lacks %d that camform asked for.\n", render.Plural(kept.Has(), "document"), missing)
	switch {
	case kept.Archive.Body != nil:
		fmt.Fprintf(b.out, "Its own archive of %d bytes is kept with its key. Only this device can read it, with the firmware that it had.\n", len(kept.Archive.Body))
	case kept.NoArchive != "":
		fmt.Fprintf(b.out, "The device exported no archive of its own: %s.\n", diag.CleanText(kept.NoArchive))
	}
	return nil
}

// shown are the lines of a document, without its secrets, fit for a terminal.
func (b archive) shown(d backup.Document) []string {
	body := b.engine.Provider.Shown(providers.Request{Path: d.Path, Body: d.Body}).Body
	return render.Lines(string(body))
}

func backupDiffCommand(a *app) *cobra.Command {
	return &cobra.Command{
		Use:   "diff BACKUP BACKUP",
		Short: "Show the differences between two backups",
		Long: `Show the differences between two backups, document by document. Secrets are blanked, so differences between secrets are not
shown. Clocks and counters differ between any two backups.`,
		Args: arguments(cobra.ExactArgs(2)),
		RunE: func(cmd *cobra.Command, args []string) error {
			b, err := a.openBackups(cmd)
			if err != nil {
				return err
			}
			defer b.close()
			before, err := b.open(args[0])
			if err != nil {
				return err
			}
			after, err := b.open(args[1])
			if err != nil {
				return err
			}
			b.difference(before, after)
			return nil
		},
	}
}

// difference prints what differs between two backups.
func (b archive) difference(before, after *backup.Backup) {
	paths := map[string]bool{}
	for _, d := range slices.Concat(before.Documents, after.Documents) {
		paths[d.Path] = true
	}
	same := true
	for _, path := range slices.Sorted(maps.Keys(paths)) {
		was, _ := before.Find(path)
		is, _ := after.Find(path)
		var lines [2][]string
		for i, d := range []backup.Document{was, is} {
			if d.Body != nil {
				lines[i] = b.shown(d)
			}
		}
		if slices.Equal(lines[0], lines[1]) {
			continue
		}
		same = false
		fmt.Fprintf(b.out, "%s\n", path)
		for _, line := range render.Difference(lines[0], lines[1]) {
			fmt.Fprintf(b.out, "  %s\n", line)
		}
	}
	if same {
		fmt.Fprintln(b.out, "No differences in what can be shown.")
	}
}

func backupVerifyCommand(a *app) *cobra.Command {
	return &cobra.Command{
		Use:   "verify [BACKUP]...",
		Short: "Verify that backups can be opened and are intact",
		Long: `Open the named backups, or all of them, and verify that the content of each matches its name.

Exit code: 0 if all are intact, 1 if one is not or if there is none.`,
		RunE: func(cmd *cobra.Command, args []string) error {
			b, err := a.openBackups(cmd)
			if err != nil {
				return err
			}
			defer b.close()
			return b.verify(args)
		},
	}
}

func (b archive) verify(beginnings []string) error {
	var names []string
	for _, text := range beginnings {
		name, err := b.Find(text)
		if err != nil {
			return err
		}
		names = append(names, name)
	}
	if len(beginnings) == 0 {
		var err error
		if names, err = b.Names(); err != nil {
			return err
		}
	}
	if len(names) == 0 {
		return errors.New("there is no backup to verify; camform backup makes one of each device")
	}
	var problems diag.Problems
	for _, name := range names {
		if _, err := b.Open(name); err != nil {
			problems = append(problems, unusable(err))
		}
	}
	fmt.Fprintf(b.out, "%d of %s can be opened and are intact.\n", len(names)-len(problems), render.Plural(len(names), "backup"))
	return b.report(problems, nil)
}

func backupPruneCommand(a *app) *cobra.Command {
	keep, dry := 5, false
	cmd := &cobra.Command{
		Use:   "prune [ADDR]...",
		Short: "Delete old backups",
		Long: `Delete all but the newest backups of each device. At least the newest one is always kept. Devices that are no longer in the
configuration keep as many as the others.`,
		RunE: func(cmd *cobra.Command, args []string) error {
			b, err := a.openBackups(cmd)
			if err != nil {
				return err
			}
			defer b.close()
			if keep < 1 {
				return errors.New("-keep: at least 1 backup of each device must be kept")
			}
			all, err := b.listed(args)
			if err != nil {
				return err
			}
			old := backup.Superseded(all, keep)
			if len(old) == 0 {
				fmt.Fprintln(b.out, "There is nothing to delete.")
				return nil
			}
			if err := b.table(old); err != nil {
				return err
			}
			if dry {
				fmt.Fprintf(b.out, "\nWithout -dry-run, these %s would be deleted.\n", render.Plural(len(old), "backup"))
				return nil
			}
			for _, e := range old {
				if err := b.Remove(e.Name); err != nil {
					return err
				}
			}
			fmt.Fprintf(b.out, "\nDeleted %s.\n", render.Plural(len(old), "backup"))
			return nil
		},
	}
	cmd.Flags().IntVar(&keep, "keep", keep, "keep the newest `N` backups of each device")
	cmd.Flags().BoolVar(&dry, "dry-run", false, "only show what would be deleted")
	return cmd
}

func backupConfigCommand(a *app) *cobra.Command {
	flags, out := &surveyFlags{}, ""
	cmd := &cobra.Command{
		Use:   "config BACKUP...",
		Short: "Turn backups into configuration",
		Long: `Write the settings in backups as configuration, one device block for each, so that restoring them is a plan: put the settings that
were lost into the configuration, and review "camform plan". No secret is written: secrets that devices show are read from variables
of the environment.`,
		Args: arguments(cobra.MinimumNArgs(1)),
		RunE: func(cmd *cobra.Command, args []string) error {
			b, err := a.openBackups(cmd)
			if err != nil {
				return err
			}
			defer b.close()
			kinds, err := flags.chosen(b.engine.Provider.Kinds())
			if err != nil {
				return err
			}
			return b.configuration(cmd.Context(), args, &surveyor{workspace: b.workspace, flags: flags, kinds: kinds}, out)
		},
	}
	cmd.Flags().StringSliceVar(&flags.kinds, "kinds", nil, "write only these `KINDS` of settings, separated by commas")
	cmd.Flags().StringVar(&flags.secrets, "secrets", "", "write the secrets that devices showed, such as communities, to this `FILE`, which only you can read")
	cmd.Flags().StringVar(&out, "out", "", "write to this `FILE` instead of the standard output; it must not exist yet")
	return cmd
}

// configuration writes what backups amount to.
func (b archive) configuration(ctx context.Context, beginnings []string, s *surveyor, out string) error {
	for option, path := range map[string]string{"-out": out, "-secrets": s.flags.secrets} {
		if err := vacant(option, path, path); err != nil {
			return err
		}
	}
	read, err := b.engine.FromBackups(ctx, func(yield func(*backup.Backup, error) bool) {
		for _, text := range beginnings {
			if !yield(b.open(text)) {
				return
			}
		}
	}, s.kinds)
	if err != nil {
		return err
	}
	r := learn.Import(read.Devices, s.learning(nil))
	if s.flags.secrets != "" {
		if err := createSecrets(s.flags.secrets, r.Secrets); err != nil {
			return fmt.Errorf("-secrets: %w", err)
		}
	}
	text := r.Files[learn.DevicesFile]
	if out == "" {
		if _, err := b.out.Write(text); err != nil {
			return err
		}
		return s.tell(read, r, "the text")
	}
	if err := atomicfile.Create(out, text, 0o644); err != nil {
		return fmt.Errorf("-out: %w", err)
	}
	return s.tell(read, r, out)
}
