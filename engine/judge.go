package engine

import (
	"slices"
	"time"

	"camform/engine/config"
	"camform/engine/credential"
	"camform/engine/diag"
	"camform/engine/diff"
	"camform/engine/guard"
	"camform/engine/plan"
	"camform/providers"
	"camform/schema"
)

// judge compares what was read of devices with what is wanted of them. It is pure.
type judge struct {
	providers.Interpreter
	providers.Composer
	fingerprint func(address schema.Setting, attribute string, secret schema.Secret) string
	now         time.Time
}

// rules are the judgements that a comparison needs. Asked says for which accounts somebody asked for a new password.
func (j judge) rules(known credentials, asked func(schema.Setting) bool) diff.Rules {
	return diff.Rules{
		Same: j.Same, Fingerprint: j.fingerprint, Asked: asked,
		Managed: func(name string) diff.Managed { return known.live[name] },
		Due: func(p credential.Policy, known diff.Managed) (bool, string) {
			due, reason, _ := credential.Due(p, credential.Facts{Since: known.Since, Known: known.Version != 0}, j.now)
			return due, reason
		},
		Window: func(p credential.Policy) (bool, time.Time) { return credential.InWindow(p, j.now) },
	}
}

// prove puts the steps of a device into an order in which the ways in stay open. Problems have the place in the
// configuration.
func (j judge) prove(device *config.Device, d *plan.Device) (problems diag.Problems) {
	d.Steps, problems = guard.ProveOrder(*d, j.Kinds())
	for i, p := range problems {
		if k := slices.IndexFunc(device.Settings, func(s *config.Setting) bool { return s.Address == p.Address }); k >= 0 {
			problems[i].Subject = &device.Settings[k].Range
		}
	}
	return problems
}

const refusedCode = "value-not-accepted"

// refused tells of a value that a device will not take.
func refused(r diff.Refusal) diag.Problem {
	p := diag.Problem{
		Severity: diag.Error, Code: refusedCode, Summary: "Value not accepted by the device",
		Detail: r.Detail, Address: r.Address, Subject: &r.Want.Range,
	}
	if a, ok := r.Want.Attributes[r.Attribute]; ok {
		p.Subject = &a.Range
	}
	return p
}
