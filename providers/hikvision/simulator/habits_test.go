package simulator

import (
	"reflect"
	"slices"
	"strings"
	"testing"
)

// Every quirk that a fault file can switch on, and every action of a rule, is a habit with its documentation, and nothing else is.
func TestEveryHabitIsDocumentedUnderItsName(t *testing.T) {
	var want []string
	for field := range reflect.TypeFor[Quirks]().Fields() {
		if name := field.Tag.Get("json"); name != "-" {
			want = append(want, name)
		}
	}
	for _, a := range actions {
		want = append(want, "rule "+string(a))
	}
	var have []string
	for _, h := range Habits() {
		name := h.Name
		if h.Rule {
			name = "rule " + name
		}
		if h.What == "" || strings.HasSuffix(h.What, ".") {
			t.Errorf("%s: what it does is %q", h.Name, h.What)
		}
		have = append(have, name)
	}
	slices.Sort(want)
	slices.Sort(have)
	if !slices.Equal(have, want) {
		t.Errorf("documented are\n%q\nthere are\n%q", have, want)
	}
}
