package engine

import (
	"context"
	"fmt"

	"camform/engine/config"
	"camform/engine/credential"
	"camform/engine/diag"
	"camform/engine/plan"
	"camform/engine/shell"
	"camform/engine/state"
	"camform/schema"
)

// movedOf finds the devices that a configuration gives other names and that the state still has under the old ones, if targets
// name them. The state shows them under the new ones already. The problems say which of them cannot get their names.
func movedOf(ctx context.Context, store *state.Renames, cfg *config.Config, targets []schema.Setting) ([]plan.Moved, diag.Problems) {
	pending, err := store.PendingMoves(ctx)
	if err != nil {
		return nil, stateUnreadable(err)
	}
	known, err := store.KnownDevices(ctx)
	if err != nil {
		return nil, stateUnreadable(err)
	}
	var all []plan.Moved
	for _, m := range pending {
		delete(known, m.From)
		if covered(targets, schema.Setting{Device: m.To}) {
			all = append(all, plan.Moved{From: m.From, To: m.To, Source: plan.SourceOf(blockOf(cfg, m.From).Range)})
		}
	}
	problems := oldSecrets(cfg, pending)
	for _, d := range cfg.Devices { // in their order
		for from := range known {
			if to := cfg.Moves().Of(from); to == d.Address && to != from {
				problems = append(problems, taken(cfg, from, to))
			}
		}
	}
	return all, problems
}

// blockOf is the moved block that is about a device.
func blockOf(cfg *config.Config, from schema.Device) config.Moved {
	to, _ := cfg.Moves().Next(from)
	for _, m := range cfg.Moved {
		if end, ok := m.Of(from); ok && end == to {
			return m
		}
	}
	return config.Moved{}
}

// taken is the problem of a device whose new name the state knows, too.
func taken(cfg *config.Config, from, to schema.Device) diag.Problem {
	at := blockOf(cfg, from).Range
	return diag.Problem{
		Severity: diag.Error, Code: "move-to-a-name-in-use", Summary: "Name of a moved device in use", Subject: &at, Address: schema.Setting{Device: to},
		Detail: fmt.Sprintf("%s has moved to %s, and camform has records under both names. Give the records of an earlier device another name: "+
			"%s, or %s. If both devices exist, each needs its own name: remove the moved block.",
			from, to, moving(to, spare(to)), moving(from, spare(from))),
	}
}

// moving is the command that gives the records of a device another name.
func moving(from, to schema.Device) string {
	return fmt.Sprintf("camform state mv %s %s", shell.Quoted(from.String()), shell.Quoted(to.String()))
}

// spare is a name for the records of an earlier device.
func spare(d schema.Device) schema.Device {
	d.Name += "_before"
	return d
}

// oldSecrets reports secrets that a configuration reads from the vault under the old names of devices that have moved: they move with
// these.
func oldSecrets(cfg *config.Config, pending schema.Moves) diag.Problems {
	var problems diag.Problems
	for _, origin := range cfg.Origins {
		scheme, name := schema.OriginScheme(origin)
		device, account, ok := credential.AccountOf(name)
		if scheme != schema.OriginVault || !ok {
			continue
		}
		for _, m := range pending {
			if m.From != device {
				continue
			}
			at := blockOf(cfg, m.From).Range
			problems = append(problems, diag.Problem{
				Severity: diag.Error, Code: "secret-moves", Summary: "Secret of a moved device under its old name", Subject: &at, Address: schema.Setting{Device: m.To},
				Detail: fmt.Sprintf("The configuration reads secret(\"%s\"), which moves with %s. Write secret(\"%s\").",
					origin, m.From, credential.Origin(credential.Name(m.To, account))),
			})
		}
	}
	return problems
}

// moveFirst is the problem of a command that has to know devices by their new names in the state; nil if it does.
func moveFirst(ctx context.Context, store *state.Renames, concerns func(schema.Device) bool) diag.Problems {
	pending, err := store.PendingMoves(ctx)
	if err != nil {
		return stateUnreadable(err)
	}
	var problems diag.Problems
	for _, m := range pending {
		if concerns(m.To) {
			problems = append(problems, diag.Problem{
				Severity: diag.Error, Code: "move-not-applied", Summary: "Device not moved yet", Address: schema.Setting{Device: m.To},
				Detail: fmt.Sprintf("The state has %s under its old name %s. Run camform apply first, or: %s.", m.To, m.From, moving(m.From, m.To)),
			})
		}
	}
	return problems
}
