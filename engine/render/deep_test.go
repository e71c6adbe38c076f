package render

import (
	"bytes"
	"strings"
	"testing"

	"github.com/hashicorp/hcl/v2"

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
