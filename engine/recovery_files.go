package engine

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"

	"camform/engine/credential"
	"camform/engine/graph"
	"camform/engine/plan"
	"camform/engine/shell"
	"camform/engine/state"
	"camform/providers"
	"camform/schema"
)

// RecoveryVault keeps the files with which passwords of devices can be reset.
type RecoveryVault struct {
	// Begin records durably that a device is about to be asked for its file.
	Begin func(context.Context, schema.Device) error

	// Set puts the file into the vault, as vault.Vault.Set does.
	Set func(ctx context.Context, name string, file schema.Secret) (version int, err error)
}

// RecoveryFile is what came of asking a device for its file.
type RecoveryFile struct {
	Device  schema.Device
	Version int   // in the vault, under credential.RecoveryFile; 0 if there is none
	Err     error // ErrUnsupported where the device gives none; nil if the file is kept
}

// ExportRecoveryFiles asks each device once for the file with which its password can be reset while nobody knows it, and keeps the
// file in the vault. The results are in the order of the devices. An answer that was lost is an error and asked for no second time:
// the device may have made a file that voids the one before.
func (e *Engine) ExportRecoveryFiles(ctx context.Context, devices []plan.Device, run string, vault RecoveryVault) []RecoveryFile {
	files := make([]RecoveryFile, len(devices))
	all := make([]int, len(devices))
	for i, d := range devices {
		all[i], files[i] = i, RecoveryFile{Device: d.Address, Err: context.Canceled}
	}
	graph.Walk(ctx, all, func(i int) string { return devices[i].Access.Site }, e.Parallelism, func(i int) {
		files[i].Version, files[i].Err = e.exportRecoveryFile(ctx, devices[i], run, vault)
	})
	return files
}

func (e *Engine) exportRecoveryFile(ctx context.Context, d plan.Device, run string, vault RecoveryVault) (version int, err error) {
	name := credential.RecoveryFile(d.Address)
	if _, err := e.Passwords.Keep(name, schema.NewSecret("to be asked for")); err != nil {
		return 0, err // nothing is asked for that could not be kept
	}
	leases, err := e.Store.Acquire(ctx, run, d.Address)
	if err != nil {
		return 0, err
	}
	defer func() { _ = e.Store.Release(context.WithoutCancel(ctx), leases...) }() // one that cannot be given back expires by itself
	known, _, err := e.Store.Device(ctx, d.Address)
	if err != nil {
		return 0, err
	}
	if known.LastSeen.IsZero() {
		return 0, fmt.Errorf("camform has not seen it yet; run camform plan -target %s first", shell.Quoted(d.Address.String()))
	}
	if err := e.sparing().spared(ctx, d.Address, known.Identity.Serial); err != nil {
		return 0, err
	}
	target, err := e.surveyor(nil).target(ctx, d.Address, d.Access, known.Pin)
	if err != nil {
		return 0, err
	}
	session := e.Provider.Open(target)
	defer session.Close()
	identity, err := session.Identify(ctx)
	if err != nil {
		return 0, err
	}
	if err := e.Store.SaveSeen(ctx, state.Device{Address: d.Address, Endpoint: target.URL.Host, Identity: identity, Pin: session.Pin()}); err != nil {
		return 0, err
	}
	exporter, ok := session.(providers.Exporter)
	if !ok {
		return 0, providers.ErrUnsupported
	}
	if err := vault.Begin(ctx, d.Address); err != nil {
		return 0, err
	}
	file, err := exporter.ExportRecoveryFile(ctx)
	if errors.Is(err, providers.ErrUnknown) {
		return 0, fmt.Errorf("it may have made a file that did not arrive and that voids the one on record: %w", err)
	}
	if err != nil {
		return 0, err
	}
	return vault.Set(context.WithoutCancel(ctx), name, schema.NewSecret(base64.StdEncoding.EncodeToString(file)))
}

// OpenRecoveryFile is a file as the device gave it out, from what the vault keeps.
func OpenRecoveryFile(kept schema.Secret) ([]byte, error) {
	file, err := base64.StdEncoding.DecodeString(kept.Reveal())
	if err != nil {
		return nil, errors.New("the secret of this name in the vault is not a recovery file")
	}
	return file, nil
}

// Outdated are the devices whose recovery file is on record and older than their password, among some. The guard against losing the
// way by file is to ask for it again.
func (e *Engine) Outdated(ctx context.Context, devices []plan.Device) ([]plan.Device, error) {
	known, err := readCredentials(ctx, e.Store)
	if err != nil {
		return nil, err
	}
	var outdated []plan.Device
	for _, d := range devices {
		if known.recoveryFile(d.Address, d.Access.Managed) == fileOutdated {
			outdated = append(outdated, d)
		}
	}
	return outdated, nil
}
