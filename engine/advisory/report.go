package advisory

import (
	"fmt"
	"slices"
	"time"

	"camform/schema"
)

// Report is how the devices of a configuration stand to the advisories of some data.
type Report struct {
	Data    *Data
	Devices []Judged // ordered by address
	Targets []string // addresses to which the report was restricted; none for the whole configuration
}

// Judged is how one device stands to every advisory.
type Judged struct {
	Address  schema.Device
	Device   Device
	Seen     time.Time // when the device told this; UTC; zero if camform has no record of it
	Old      bool      // it may have other firmware by now
	Findings []Finding
}

// OldAfter is how long after a device told its firmware that is old.
const OldAfter = 30 * 24 * time.Hour

// Worst is the worst verdict about the device.
func (j Judged) Worst() Verdict {
	for _, v := range Verdicts {
		if len(IDs(j.Findings, v)) > 0 {
			return v
		}
	}
	return Unknown
}

// Count says how many devices have each verdict as their worst.
func (r *Report) Count() map[Verdict]int {
	counts := map[Verdict]int{}
	for _, d := range r.Devices {
		counts[d.Worst()]++
	}
	return counts
}

// NeverSeen is why nothing can be said about a device that the state has no record of.
const NeverSeen = "camform has no record of the device"

// Unseen is a device that the state has no record of: unknown by every advisory.
func (d *Data) Unseen(address schema.Device) Judged {
	j := Judged{Address: address, Findings: make([]Finding, len(d.Advisories))}
	for i, a := range d.Advisories {
		j.Findings[i] = Finding{Advisory: a, Verdict: Unknown, Why: NeverSeen}
	}
	return j
}

// Mitigation says whether the service that an advisory needs is off. It stands beside affected and replaces nothing.
type Mitigation struct {
	State MitigationState
	Text  string // part of a sentence, for people
}

// MitigationState is whether something mitigates an advisory.
type MitigationState string

// The states.
const (
	Mitigated         MitigationState = "mitigated"
	NotMitigated      MitigationState = "not mitigated"
	MitigationUnknown MitigationState = "unknown"
)

// Reading is what is known of the setting that switches a service off.
type Reading struct {
	Value  string    // what the device had when the setting was applied last; empty if camform has no record of it
	At     time.Time // when; UTC
	Wanted string    // what the configuration asks for; empty for nothing
}

// Mitigation says whether the service is off by a reading.
func (s *Service) Mitigation(r Reading) Mitigation {
	name := s.Setting + "." + s.Attribute
	switch {
	case s.Setting == "":
		return Mitigation{MitigationUnknown, "camform has no setting that switches off " + s.Title}
	case r.Value == s.Off:
		return Mitigation{Mitigated, fmt.Sprintf("mitigated by %s = %s, as of %s", name, r.Value, r.At.UTC().Format(time.DateOnly))}
	case r.Value != "":
		return Mitigation{NotMitigated, fmt.Sprintf("not mitigated: %s = %s, as of %s", name, r.Value, r.At.UTC().Format(time.DateOnly))}
	case r.Wanted == s.Off:
		return Mitigation{MitigationUnknown, fmt.Sprintf("the configuration wants %s = %s, but camform has no record that it was applied", name, r.Wanted)}
	}
	return Mitigation{MitigationUnknown, fmt.Sprintf("camform has no record of %s, which switches off %s", name, s.Title)}
}

// Needed are the services that advisories need which affect the device, each once.
func (j Judged) Needed() []*Service {
	var needed []*Service
	for _, f := range j.Findings {
		if s := f.Advisory.Service; f.Verdict == Affected && s != nil && !slices.Contains(needed, s) {
			needed = append(needed, s)
		}
	}
	return needed
}

// Mitigate notes beside each advisory that affects the device what is known of the service that it needs.
func (j *Judged) Mitigate(s *Service, r Reading) {
	for i, f := range j.Findings {
		if f.Verdict == Affected && f.Advisory.Service == s {
			j.Findings[i].Mitigation = s.Mitigation(r)
		}
	}
}
