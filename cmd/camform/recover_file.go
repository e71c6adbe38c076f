package main

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"camform/engine"
	"camform/engine/atomicfile"
	"camform/engine/auditlog"
	"camform/engine/config"
	"camform/engine/credential"
	"camform/engine/diag"
	"camform/engine/live"
	"camform/engine/plan"
	"camform/engine/render"
	"camform/engine/report"
	"camform/engine/shell"
	"camform/providers"
	"camform/schema"
)

func recoverPrepareCommand(a *app) *cobra.Command {
	flags := &runFlags{}
	cmd := &cobra.Command{
		Use:   "prepare [ADDR]...",
		Short: "Have devices issue the files with which their passwords can be reset later",
		Long: `Ask devices for the file with which the password of their administrator can be reset when nobody knows it, and keep it in the
vault. Recorders have one, most cameras do not; without an address, all devices of the configuration are asked. The file is as
secret as the password.

A new password makes the file worthless. Once the vault has a file of a device, rotate and apply request a new one on their own
after they change the password with which camform logs in.

Exit code: 0 if the vault has the file of every device that issues one, 1 if one did not arrive or no device issues any.`,
		RunE: func(cmd *cobra.Command, args []string) error {
			flags.targets = append(flags.targets, args...)
			w, err := a.open(cmd, flags, withSecrets)
			if err != nil {
				return err
			}
			defer w.close()
			var devices []*config.Device
			for _, d := range w.config.Devices {
				if aimedAtDevice(w.targets, d.Address) {
					devices = append(devices, d)
				}
			}
			return recoveryFiles{w}.prepare(cmd.Context(), engine.Accesses(devices))
		},
	}
	flags.addConfig(cmd.Flags())
	flags.addReading(cmd.Flags())
	return cmd
}

// aimedAtDevice reports whether targets name a device; no targets name all.
func aimedAtDevice(targets []schema.Setting, device schema.Device) bool {
	for _, t := range targets {
		if t.Covers(schema.Setting{Device: device, Kind: t.Kind, Key: t.Key}) {
			return true
		}
	}
	return len(targets) == 0
}

// recoveryFiles are the files with which passwords of devices can be reset.
type recoveryFiles struct{ *workspace }

// prepare asks devices for their files and tells what came of it.
func (w recoveryFiles) prepare(ctx context.Context, devices []plan.Device) error {
	files := w.ask(ctx, devices)
	var rows [][]string
	kept, lost := 0, 0
	for _, f := range files {
		says := fmt.Sprintf("version %d of %s", f.Version, credential.RecoveryFile(f.Device))
		switch {
		case f.Err == nil:
			kept++
		case errors.Is(f.Err, providers.ErrUnsupported):
			says = "it issues none: " + live.Explain(f.Err, f.Device)
		default:
			lost++
			says = "no file: " + live.Explain(f.Err, f.Device)
		}
		rows = append(rows, []string{f.Device.String(), says})
	}
	if err := render.Table(w.out, []string{"device", "recovery file"}, rows); err != nil {
		return err
	}
	fmt.Fprintf(w.out, "\nThe vault has a new file of %s.\n", render.Plural(kept, "device"))
	if lost > 0 || kept == 0 {
		return errReported
	}
	return nil
}

// ask asks devices for their files.
func (w recoveryFiles) ask(parent context.Context, devices []plan.Device) []engine.RecoveryFile {
	_, ctx, release := w.interruptible(parent)
	defer release()
	return w.engine.ExportRecoveryFiles(ctx, devices, w.run, engine.RecoveryVault{
		Begin: func(ctx context.Context, d schema.Device) error {
			return w.auditLog.Audit(ctx, auditlog.Record{Run: w.run, Action: auditlog.RecoveryFileAsked, Device: d.String()})
		},
		Set: func(ctx context.Context, name string, file schema.Secret) (int, error) {
			return w.vault.Set(ctx, name, file, "issued by the device")
		},
	})
}

// renew asks those devices for new files whose password a run has changed since the vault got one.
func (w recoveryFiles) renew(ctx context.Context, p *plan.Plan, r *report.Report) error {
	ended := map[schema.Device]bool{}
	for _, d := range r.Devices {
		ended[d.Address] = d.Result.Good()
	}
	outdated, err := w.engine.Outdated(ctx, p.Devices)
	if err != nil {
		return err
	}
	var devices []plan.Device
	for _, d := range outdated {
		if ended[d.Address] {
			devices = append(devices, d)
		}
	}
	if len(devices) == 0 {
		return nil
	}
	var troubles []render.Trouble
	for _, f := range w.ask(ctx, devices) {
		if f.Err != nil {
			troubles = append(troubles, render.Trouble{Device: f.Device, Text: fmt.Sprintf(
				"its recovery file is older than its password and worthless, and there is no new one: %s; camform recover prepare asks for it again", live.Explain(f.Err, f.Device))})
		}
	}
	if kept := len(devices) - len(troubles); kept > 0 {
		fmt.Fprintf(w.err, "The vault has a new recovery file of %s whose password changed.\n", render.Plural(kept, "device"))
	}
	if len(troubles) == 0 {
		return nil
	}
	if err := w.stderr().Troubles(troubles); err != nil {
		return err
	}
	return errReported
}

func recoverFileCommand(a *app) *cobra.Command {
	var out string
	var why purpose
	cmd := &cobra.Command{
		Use:   "file ADDR -out FILE",
		Short: "Write the recovery file of a device to a file, for import there",
		Long: `Write the file with which the password of a device can be reset, as the device issued it. Import it on the device itself or
with the vendor's own tool when nobody knows the password. Anybody who has the file can take over the device from its network:
carry it there on your own medium, and destroy the copy afterwards.

Devices reject all files for half an hour after seven wrong ones, so make sure that the file belongs to this device: the serial
number is shown.`,
		Args: arguments(cobra.ExactArgs(1)),
		RunE: func(cmd *cobra.Command, args []string) error {
			device, err := oneDevice(args[0], out)
			if err != nil {
				return err
			}
			w, err := a.openForState(cmd)
			if err != nil {
				return err
			}
			defer w.close()
			return recoveryFiles{w}.write(cmd.Context(), device, out, why)
		},
	}
	cmd.Flags().StringVar(&out, "out", "", "write to this `FILE`, which only you can read; it must not exist yet")
	why.add(cmd.Flags())
	return cmd
}

func (w recoveryFiles) write(ctx context.Context, device schema.Device, out string, why purpose) error {
	name := credential.RecoveryFile(device)
	kept, version, err := w.vault.Live(ctx, name)
	if errors.Is(err, schema.ErrAbsent) {
		return fmt.Errorf("the vault has no recovery file of %s; while its password is known, camform recover prepare %s asks for one", device, shell.Quoted(device.String()))
	}
	if err != nil {
		return err
	}
	file, err := engine.OpenRecoveryFile(kept)
	if err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	known, _, err := w.store.Device(ctx, device)
	if err != nil {
		return err
	}
	if err := w.auditLog.Audit(ctx, auditlog.Record{
		Run: w.run, Action: auditlog.RecoveryFileShown, Device: device.String(), Detail: fmt.Sprintf("version %d", version), Reason: why.reason, Ticket: why.ticket,
	}); err != nil {
		return err
	}
	if err := atomicfile.Create(out, file, 0o600); err != nil {
		return fmt.Errorf("-out: %w", err)
	}
	versions, err := w.vault.History(ctx, name)
	if err != nil {
		return err
	}
	of := strings.TrimSpace(known.Identity.Model + " " + known.Identity.Serial)
	fmt.Fprintf(w.out, "Wrote the recovery file of %s (%s), issued %s, to %s. Destroy it after use.\n", device, of, diag.Time(versions[0].Created), out)
	return nil
}
