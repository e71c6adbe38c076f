package learn

import (
	"encoding/csv"
	"encoding/json"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/zclconf/go-cty/cty"
	"golang.org/x/text/unicode/norm"
)

// Texts of a configuration are normalised, so a cell must be so already, and still mean the same.
func TestMarksDoNotMeltIntoEscapes(t *testing.T) {
	for _, text := range []string{"\r\u0301", "a\r\u0301b", "\r\U0001D165", "\u0301", "T\u00fcr", "\\\u0301"} {
		cell := jsonText(cty.StringVal(text))
		var back string
		if err := json.Unmarshal([]byte(norm.NFC.String(cell)), &back); err != nil || back != cty.StringVal(text).AsString() {
			t.Errorf("%q is written as %s, and reads as %q (%v)", text, cell, back, err)
		}
	}
}

// What a device says is no formula for who opens the table with a spreadsheet, and nothing in it hides or reorders text.
func TestNoCellIsAFormula(t *testing.T) {
	for _, text := range []string{
		"=1+1", "+1", "-1", "@SUM(1)", " =1", "\t=1", "\r=1", "\n=1", "\u00a0=1", "\uff1d1", `=HYPERLINK("https://evil.example","x")`,
		"a\u202eb", "a\u200bb", "\x1b[31m", "a,=1", "a\"\n=1", "'=1",
	} {
		for _, values := range [][]cty.Value{
			{cty.StringVal(text), cty.StringVal("b")},
			{cty.SetVal([]cty.Value{cty.StringVal(text)}), cty.SetValEmpty(cty.String)},
		} {
			form := formOf(values)
			written := (&table{names: []string{"name"}, rows: [][]string{{form.write(values[0])}}}).text()
			rows, err := csv.NewReader(strings.NewReader(string(written))).ReadAll()
			if err != nil || len(rows) != 2 {
				t.Fatalf("%q: %v", text, err)
			}
			cell := rows[1][0]
			first := strings.TrimSpace(cell)[:1]
			if slices.Contains([]string{"=", "+", "-", "@"}, first) || strings.ContainsRune("＝＋－＠", []rune(cell)[0]) {
				t.Errorf("%q stands in a cell as %q", text, cell)
			}
			if strings.ContainsFunc(cell, func(r rune) bool { return r != '\n' && !strconv.IsPrint(r) }) {
				t.Errorf("%q stands in a cell as %q, which cannot be seen", text, cell)
			}
		}
	}
}
