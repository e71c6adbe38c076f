package plan

import (
	"slices"
	"time"

	"camform/schema"
)

// Taken says from which snapshot a plan was made instead of from its devices.
type Taken struct {
	Signer  string    `json:"signer"`  // who signed it, by the signers that the reader trusts
	Key     string    `json:"key"`     // fingerprint of the key, as ssh-keygen -l shows it
	Hash    string    `json:"hash"`    // of what was signed
	Signed  time.Time `json:"signed"`  // UTC, whole seconds
	Oldest  time.Time `json:"oldest"`  // when the first of the devices of the plan was read that was not too old; zero if none was
	Longest string    `json:"max_age"` // how old a reading was allowed to be, for people: "24 hours"
}

// Age is how old the oldest reading is at a time; 0 where there is none.
func (t Taken) Age(at time.Time) time.Duration {
	if t.Oldest.IsZero() {
		return 0
	}
	return at.Sub(t.Oldest)
}

// UntilApplied are the settings of a plan that may change or not, as nobody knew where it was made: their secrets were not there.
func (p *Plan) UntilApplied() []Skipped {
	var all []Skipped
	for _, d := range p.Devices {
		for _, s := range d.Skipped {
			if s.untilApply() {
				all = append(all, s)
			}
		}
	}
	return all
}

// OutputsUntilApplied are the sensitive outputs that may change or not, as nobody knew where the plan was made.
func (p *Plan) OutputsUntilApplied() []string {
	var names []string
	for _, o := range p.Outputs {
		if o.Elsewhere {
			names = append(names, o.Name)
		}
	}
	return names
}

// Whole reports whether a plan was made where its secrets are, or by nothing that only they tell.
func (p *Plan) Whole() bool { return len(p.UntilApplied()) == 0 && len(p.OutputsUntilApplied()) == 0 }

func (s Skipped) untilApply() bool { return s.Reason == UntilApply }

// ContentHash identifies what a plan does: two plans that do the same to the same devices have the same one, no matter who made them, when,
// with which camform, and from which lines. A secret of the vault is its generation there, so that somebody who cannot open the vault gets
// the same hash.
func ContentHash(p *Plan, kinds *schema.Kinds) (string, error) {
	c := *p
	c.Version, c.Created, c.Author, c.Taken, c.Configuration = "", time.Time{}, "", nil, Configuration{}
	c.Outputs = slices.Clone(p.Outputs)
	for i := range c.Outputs {
		c.Outputs[i].Mark = "" // which the key of the state made; what becomes of the output is its action
	}
	c.Devices, c.Users = contents(p.Devices), contents(p.Users)
	c.Usage.Lists = slices.Clone(p.Usage.Lists)
	for i := range c.Usage.Lists {
		c.Usage.Lists[i].Read = time.Time{}
	}
	c.Gone = slices.Clone(p.Gone)
	for i := range c.Gone {
		c.Gone[i].Source = Source{}
	}
	return Hash(&c, kinds)
}

func contents(devices []Device) []Device {
	all := slices.Clone(devices)
	for i, d := range all {
		all[i].Steps = slices.Clone(d.Steps)
		for n, s := range d.Steps {
			s.Range, s.Why, s.Secrets = Source{}, slices.Clone(s.Why), generations(s.Secrets)
			for k := range s.Why {
				s.Why[k].Source, s.Why[k].Profile = Source{}, ""
			}
			all[i].Steps[n] = s
		}
		all[i].Adopted = slices.Clone(d.Adopted)
		for n, a := range d.Adopted {
			all[i].Adopted[n].Secrets = generations(a.Secrets)
		}
		all[i].Skipped = slices.Clone(d.Skipped)
		for n := range d.Skipped {
			all[i].Skipped[n].Source = Source{}
		}
		all[i].Checks = slices.Clone(d.Checks)
		for n := range d.Checks {
			all[i].Checks[n].Source = Source{}
		}
	}
	return all
}

// generations are secrets, those of the vault by their generations alone. Why a new one is made is for people.
func generations(secrets map[string]SecretSource) map[string]SecretSource {
	all := make(map[string]SecretSource, len(secrets))
	for attribute, s := range secrets {
		if s.Generation > 0 {
			s.Fingerprint = ""
		}
		if how := s.Generate; how != nil && !how.First() {
			made := *how
			made.Reason, s.Generate = "", &made
		}
		all[attribute] = s
	}
	return all
}
