package approval

import (
	"fmt"
	"slices"
	"strings"

	"camform/engine/diag"
	"camform/engine/signers"
)

// roster is who may sign with what.
type roster []signers.Signer

// of are the entries of a key.
func (all roster) of(key string) roster {
	var found roster
	for _, s := range all {
		if s.Key == key {
			found = append(found, s)
		}
	}
	return found
}

// people are the names in a roster, sorted, each once.
func (all roster) people() []string {
	var names []string
	for _, s := range all {
		if !slices.ContainsFunc(names, func(n string) bool { return signers.Person(n) == signers.Person(s.Principal) }) {
			names = append(names, s.Principal)
		}
	}
	slices.Sort(names)
	return names
}

// readRoster reads the lines of a plan. One that is not understood is an error.
func readRoster(lines []string) (roster, error) {
	var all roster
	for i, line := range lines {
		found, err := signers.ParseLine(line, Namespace)
		if err != nil {
			return nil, fmt.Errorf("signer %d of the approvals (%s): %w", i+1, diag.Quote(firstWord(line)), err)
		}
		all = append(all, found...)
	}
	return all, nil
}

func firstWord(line string) string {
	if words := strings.Fields(line); len(words) > 0 {
		return words[0]
	}
	return ""
}
