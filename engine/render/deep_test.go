package render

import (
	"bytes"
	"strings"
	"testing"

	"github.com/hashicorp/hcl/v2"
	"github.com/mattn/go-runewidth"

	"camform/engine/diag"
)

// A source that is nested too deep for a parser is shown without the block around the place.
func TestAProblemInADeepSourceIsTold(t *testing.T) {
	source := "locals {\n  a = " + strings.Repeat("[", 200_000) + strings.Repeat("]", 200_000) + "\n}\n"
	at := hcl.Range{Filename: "deep.cam.hcl", Start: hcl.Pos{Line: 1, Column: 1}, End: hcl.Pos{Line: 1, Column: 7, Byte: 6}}
	var out bytes.Buffer
	err := Problems(&out, diag.Problems{{Severity: diag.Error, Summary: "Bound exceeded", Subject: &at}},
		map[string][]byte{"deep.cam.hcl": []byte(source)}, Options{})
	if err != nil || !strings.Contains(out.String(), "on deep.cam.hcl line 1:") {
		t.Errorf("%v\n%s", err, out.String())
	}
}

func TestOfALongLineOnlyTheSubjectIsShown(t *testing.T) {
	for name, c := range map[string]struct {
		before, after int
		starts, ends  string
	}{
		"at its beginning": {0, 1_000_000, `    1: "here"`, "é…"},
		"within":           {1_000_000, 1_000_000, "    1: …é", "é…"},
		"at its end":       {1_000_000, 0, "    1: …é", `"here"`},
	} {
		source := strings.Repeat("é", c.before) + `"here"` + strings.Repeat("é", c.after)
		at := hcl.Range{
			Filename: "long.cam.hcl", Start: hcl.Pos{Line: 1, Column: c.before + 1, Byte: 2 * c.before},
			End: hcl.Pos{Line: 1, Column: c.before + 7, Byte: 2*c.before + 6},
		}
		var out bytes.Buffer
		problem := diag.Problem{Severity: diag.Error, Summary: "Long", Subject: &at}
		if err := Problems(&out, diag.Problems{problem}, map[string][]byte{"long.cam.hcl": []byte(source)}, Options{}); err != nil {
			t.Fatal(err)
		}
		var shown, marker string
		for line := range strings.Lines(out.String()) {
			line = strings.TrimRight(strings.TrimPrefix(line, "│"), "\n")
			if strings.Contains(line, "1: ") && strings.Contains(line, "here") {
				shown = line
			}
			if strings.Contains(line, "^") {
				marker = line
			}
		}
		here := runewidth.StringWidth(shown[:max(0, strings.Index(shown, `"here"`))])
		if len(shown) > 2*maxSourceBytes || !strings.HasSuffix(shown, c.ends) || !strings.HasPrefix(strings.TrimSpace(shown), strings.TrimSpace(c.starts)) ||
			marker != strings.Repeat(" ", here)+"^^^^^^" {
			t.Errorf("%s: %q\n%q", name, shown, marker)
		}
	}
}
