package plan

import (
	"slices"
	"strings"
)

// Check is how a device stood to a check of the configuration when it was read.
type Check struct {
	Rule     string   `json:"rule"`     // id of the check
	Severity Severity `json:"severity"` // what it means for apply
	Verdict  Verdict  `json:"verdict"`
	Unasked  bool     `json:"unasked,omitempty"` // whether it is unknown for the sole reason that nobody asked to read what it observes
	Why      []string `json:"why,omitempty"`     // sentences or parts of them, for people; none for a good one
	Source   Source   `json:"source"`            // the block that declares it
}

// Told is why the check has its verdict, in one line.
func (c Check) Told() string {
	parts := make([]string, len(c.Why))
	for i, text := range c.Why {
		parts[i] = strings.TrimSuffix(text, ".")
	}
	return strings.Join(parts, "; ")
}

// Severity is what a check means for apply.
type Severity string

// The severities. Only what blocks stops apply; it does so unless it is good.
const (
	Warn  Severity = "warn"
	Block Severity = "block"
)

// Stops are the checks that stop apply on a device. One that could not be read stops nothing: nothing is written there, or it
// has no password yet.
func (d Device) Stops() []Check {
	if d.Unread() {
		return nil
	}
	return slices.DeleteFunc(slices.Clone(d.Checks), func(c Check) bool { return c.Severity != Block || c.Verdict == Good })
}

// Stopped reports whether checks stop apply.
func (p *Plan) Stopped() bool {
	return slices.ContainsFunc(p.Devices, func(d Device) bool { return len(d.Stops()) > 0 })
}
