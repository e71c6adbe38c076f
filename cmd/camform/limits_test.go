package main

import (
	"strings"
	"testing"
)

// Reasons go into the summary of a run, which is one line.
func TestReasonsForExceedingLimitsAreOneLine(t *testing.T) {
	for text, good := range map[string]bool{
		"max_changes=new site, ticket 7 = big":            true,
		"max_changes=two\nlines":                          false,
		"max_changes=\x1b[2Jred":                          false,
		"max_changes=left\u202eright":                     false,
		"max_changes=" + strings.Repeat("x", maxReason):   true,
		"max_changes=" + strings.Repeat("x", maxReason+1): false,
	} {
		reasons, err := parseOverrides([]string{text})
		if _, want, _ := strings.Cut(text, "="); good && reasons["max_changes"] != want {
			t.Errorf("%q: %v, %v", text, reasons, err)
		}
		if !good && (err == nil || !strings.Contains(err.Error(), "must be one line")) {
			t.Errorf("%q: %v", text, err)
		}
	}
}
