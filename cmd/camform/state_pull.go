package main

import (
	"context"
	"encoding/json"
	"math"

	"github.com/spf13/cobra"

	"camform/cmd/camform/view"
)

func statePullCommand(a *app) *cobra.Command {
	return &cobra.Command{
		Use:   "pull",
		Short: "Print the state as JSON, without secrets",
		Long: `Print the state as one JSON document: devices and their settings, runs, requests whose outcome is uncertain, which runs hold
devices, the names and versions of secrets, and the head of the audit log. The document is the same from a file and from PostgreSQL,
in a stable order; the README lists its fields. It contains no secrets, neither as ciphertext nor as fingerprints, so it is not a
backup.`,
		Args: arguments(cobra.NoArgs),
		RunE: func(cmd *cobra.Command, _ []string) error {
			w, err := a.openForState(cmd)
			if err != nil {
				return err
			}
			defer w.close()
			pulled, err := pull(cmd.Context(), w.memory)
			if err == nil {
				pulled.Devices, err = w.remembered(cmd, nil)
			}
			if err != nil {
				return err
			}
			return w.stdout().Pull(pulled)
		},
	}
}

// pull is what a state remembers, without its devices.
func pull(ctx context.Context, m memory) (p view.Pulled, err error) {
	p.Lineage = m.store.Lineage()
	if p.AuditLog, err = m.auditLog.AuditHead(ctx); err != nil {
		return p, err
	}
	approvals, err := m.approvals.LoadApprovals(ctx)
	if err != nil {
		return p, err
	}
	p.Approvals = json.RawMessage(approvals)
	if p.Secrets, err = m.store.AllSecrets(ctx); err != nil {
		return p, err
	}
	if p.Uses, err = m.store.AllUses(ctx); err != nil {
		return p, err
	}
	if p.Owed, err = m.store.AllOwed(ctx); err != nil {
		return p, err
	}
	if p.Cases, err = m.store.AllCases(ctx); err != nil {
		return p, err
	}
	if p.Held, err = m.store.Held(ctx); err != nil {
		return p, err
	}
	if p.Open, err = m.store.AllOpenIntents(ctx); err != nil {
		return p, err
	}
	p.Runs, err = m.runs.LastRuns(ctx, math.MaxInt32)
	return p, err
}
