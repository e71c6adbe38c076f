package main

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"fmt"

	"camform/cmd/camform/view"
	"camform/engine/auditlog"
	"camform/engine/config"
	"camform/engine/recover"
)

// open begins a case, and shows it.
func (w cases) open(ctx context.Context, device *config.Device, reason string) error {
	var chance [3]byte
	_, _ = rand.Read(chance[:]) // never fails: see crypto/rand
	r, err := w.with(ctx, recover.Case{
		ID: hex.EncodeToString(chance[:]), Device: device.Address, URL: device.URL.String(), Opened: w.engine.Now().UTC(), By: who(), Reason: reason,
		Generation: 1, Custody: recover.Here,
	})
	if err != nil {
		return err
	}
	r.Identity = r.facts.Record.Identity
	if err := w.engine.OpenCase(ctx, r.Case, nil, auditlog.CaseOpened); err != nil {
		return err
	}
	fmt.Fprintf(w.out, "Case %s is open for %s.\n\n", r.ID, device.Address)
	v := view.NewRecovery(w.flags.format, w.stdout())
	if err := v.Stakes(r.facts); err != nil {
		return err
	}
	fmt.Fprintln(w.out)
	return r.showNext()
}
