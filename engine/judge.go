package engine

import (
	"fmt"
	"slices"
	"time"

	"camform/engine/advisory"
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
	elsewhere   diff.Elsewhere // what is known of secrets that are not here; nil where they are
	advisories  *advisory.Data
	now         time.Time
}

// rules are the judgements that a comparison needs. Asked says for which accounts somebody asked for a new password.
func (j judge) rules(known credentials, asked func(schema.Setting) bool) diff.Rules {
	return diff.Rules{
		Same: j.Same, Fingerprint: j.fingerprint, Elsewhere: j.elsewhere, Asked: asked, Held: func(schema.Setting) string { return "" },
		Managed: func(name string) diff.Managed { return known.live[name] },
		Due: func(p credential.Policy, known diff.Managed) (bool, string) {
			due, reason, _ := credential.Due(p, credential.Facts{Since: known.Since, Known: known.Version != 0}, j.now)
			return due, reason
		},
		Window: func(p credential.Policy) (bool, time.Time) { return credential.InWindow(p, j.now) },
	}
}

// prove gives filters their stages and puts the steps of a device into an order in which the ways in stay open. Problems have
// the place in the configuration.
func (j judge) prove(device *config.Device, docs providers.Documents, d *plan.Device) (problems diag.Problems) {
	d.Steps = guard.Stage(d.Steps, j.Kinds(), j.Composer, docs)
	d.Steps, problems = guard.ProveOrder(*d, j.Kinds())
	d.Cuts = guard.Cuts(*d, j.Kinds())
	for i, p := range problems {
		if k := slices.IndexFunc(device.Settings, func(s *config.Setting) bool { return s.Address == p.Address }); k >= 0 {
			problems[i].Subject = &device.Settings[k].Range
		}
	}
	return problems
}

// stoppedCode is that of a check that stops apply.
const stoppedCode = "check-stops-apply"

// stopping tells which checks stop apply, each once, with what one of its devices is like.
func stopping(p *plan.Plan) diag.Problems {
	type finding struct {
		rule    string
		verdict plan.Verdict
		source  plan.Source
	}
	devices, order := map[finding]int{}, []finding{}
	first := map[finding]string{}
	for _, d := range p.Devices {
		for _, c := range d.Stops() {
			f := finding{c.Rule, c.Verdict, c.Source}
			if devices[f]++; devices[f] == 1 {
				order, first[f] = append(order, f), fmt.Sprintf("%s: %s", d.Address, diag.CleanText(c.Told()))
			}
		}
	}
	var problems diag.Problems
	for _, f := range order {
		where, says := first[f], fmt.Sprintf("The check %q does not hold on", f.rule)
		if devices[f] > 1 {
			where = fmt.Sprintf("%d devices, such as %s", devices[f], where)
		}
		if f.verdict == plan.Unknown {
			says = fmt.Sprintf("It is unknown whether the check %q holds on", f.rule)
		}
		problems = append(problems, diag.Problem{
			Severity: diag.Error, Code: stoppedCode, Summary: "Check stops apply", Subject: f.source.HCL(),
			Detail: fmt.Sprintf("%s %s. Fix that, or remove severity = \"block\" from the check, and plan again.", says, where),
		})
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
