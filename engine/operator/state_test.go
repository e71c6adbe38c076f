package operator_test

import (
	"strings"
	"testing"

	"github.com/hashicorp/hcl/v2"
)

// The rules name a database without who asks it, and a configuration has no other state then, nor the default.
func TestI14TheStateIsInTheDatabaseOfTheRules(t *testing.T) {
	const place = "postgres://db.example.com:5432/camform"
	r := rules(t, `state = "`+place+`"`)
	for path, at := range map[string]*hcl.Range{".camform/state.db": nil, "/var/state.db": {}, "postgres://db.example.com:5432/other": {}, "postgres://elsewhere.example.com:5432/camform": {}} {
		if problems := r.CheckState(path, at); len(problems) != 1 || !strings.Contains(problems[0].Detail, place) {
			t.Errorf("%s: %v", path, problems)
		}
	}
	if problems := r.CheckState(place, &hcl.Range{}); len(problems) > 0 {
		t.Errorf("the right one: %v", problems)
	}
	for _, wrong := range []string{"postgres://db.example.com/camform", "postgres://me@db.example.com:5432/camform", "postgres://db.example.com:5432/"} {
		if _, said := read(t, `state = "`+wrong+`"`); !strings.Contains(said, "is not a database address") {
			t.Errorf("%s: %q", wrong, said)
		}
	}
}
