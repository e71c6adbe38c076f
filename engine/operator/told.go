package operator

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// Told is what one file says about one matter, for people.
type Told struct {
	File   string `json:"file"`
	Matter string `json:"matter"`
	Says   string `json:"says"`
}

// Tell says what is in force, file by file. What no file limits is left out.
func (r Rules) Tell() []Told {
	var all []Told
	for _, f := range r.files {
		tell := func(matter, format string, args ...any) {
			all = append(all, Told{f.name, matter, fmt.Sprintf(format, args...)})
		}
		if f.state != "" {
			tell("state", "at %s", f.state)
		}
		if f.networks != nil {
			tell("devices", "in %s", listed(f.networks))
		}
		for _, scheme := range slices.Sorted(maps.Keys(f.secrets)) {
			s := f.secrets[scheme]
			to := "anywhere"
			if s.networks != nil {
				to = listed(s.networks)
			}
			if s.pins != nil {
				to += ", to devices with the TLS keys " + strings.Join(s.pins, ", ")
			}
			tell("secrets", "of %s: %s, sent to %s", scheme, strings.Join(s.names, ", "), to)
		}
		if f.secrets != nil {
			tell("secrets", "of nothing else")
		}
		tell("commands", "see %s of the environment", strings.Join(append(slices.Clone(shown), f.execEnv...), ", "))
		if !f.settingFiles {
			tell("setting files", "none from a configuration")
		}
		if a := f.approvals; a != nil {
			tell("approvals", "%d at least, for %s", a.Required, strings.Join(a.For, ", "))
		}
		if s := f.snapshots; s != nil {
			says := fmt.Sprintf("signed by one of %d people", s.people)
			if s.longest > 0 {
				says += fmt.Sprintf(", not older than %s", s.longest)
			}
			if s.lineage != "" {
				says += fmt.Sprintf(", of the state %.12s", s.lineage)
			}
			tell("snapshots", "%s", says)
		}
		for _, c := range f.support {
			tell("support", "%s", c)
		}
		for _, b := range f.firmware {
			tell("firmware", "%s", b)
		}
	}
	return all
}
