package render

import (
	"strings"
	"testing"

	"github.com/mattn/go-runewidth"
	"pgregory.net/rapid"
)

func TestLinesWrapAtWords(t *testing.T) {
	for _, tc := range []struct {
		line          string
		width, indent int
		want          string
	}{
		{"one two three", 0, 0, "one two three"},
		{"one two three", 13, 0, "one two three"},
		{"one two three", 12, 0, "one two\nthree"},
		{"one two three", 7, 2, "one two\n  three"},
		{"one two three four", 9, 2, "one two\n  three\n  four"},
		{"one  two", 6, 0, "one\ntwo"},
		{"  one two", 6, 4, "  one\n    two"},
		{"verylongword two", 6, 0, "verylongword\ntwo"},
		{"\x1b[1mone two\x1b[0m three", 8, 0, "\x1b[1mone two\x1b[0m\nthree"},
		{"通道 通道 通道", 9, 0, "通道 通道\n通道"},
		{"    camform apply -target='device.a' a.plan", 20, 0, "    camform apply -target='device.a' a.plan"},
		{"name = 1   # main.cam.hcl:2", 14, 2, "name = 1\n  # main.cam.hcl:2"},
		{"        # (3 unchanged attributes hidden)", 30, 10, "        # (3 unchanged\n          attributes hidden)"},
	} {
		if have := Wrap(tc.line, tc.width, tc.indent); have != tc.want {
			t.Errorf("Wrap(%q, %d, %d) = %q, want %q", tc.line, tc.width, tc.indent, have, tc.want)
		}
	}
}

// Whatever the line, its words stay, in their order, and no part is wider than the screen unless it is one word.
func TestWrappingKeepsWords(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		words := rapid.SliceOfN(rapid.StringMatching(`[a-z"é通]{1,12}`), 1, 30).Draw(t, "words")
		width, indent := rapid.IntRange(1, 40).Draw(t, "width"), rapid.IntRange(0, 6).Draw(t, "indent")
		have := Wrap(strings.Join(words, " "), width, indent)
		if strings.Join(strings.Fields(have), " ") != strings.Join(words, " ") {
			t.Fatalf("%q became %q", words, have)
		}
		for part := range strings.SplitSeq(have, "\n") {
			if runewidth.StringWidth(part) > width && len(strings.Fields(part)) > 1 {
				t.Fatalf("%q is wider than %d", part, width)
			}
		}
	})
}

// The text of a plan fits the screen, and what is laid out keeps its indent.
func TestTextFitsTheScreen(t *testing.T) {
	d := &document{}
	d.line(2, Normal, "device.gate: the secret is absent, and it is to be set before camform runs")
	d.marked(6, ChangeMark, Part{`name = "Gate north" -> "Door north"`, Normal}, Part{"   # main.cam.hcl:26", Quiet})
	for _, tc := range []struct {
		width int
		want  string
	}{
		{0, "  device.gate: the secret is absent, and it is to be set before camform runs\n      ~ name = \"Gate north\" -> \"Door north\"   # main.cam.hcl:26\n"},
		{44, "  device.gate: the secret is absent, and it\n      is to be set before camform runs\n      ~ name = \"Gate north\" -> \"Door north\"\n            # main.cam.hcl:26\n"},
	} {
		var b strings.Builder
		if err := Text(&b, d.rows, Options{Width: tc.width}); err != nil || b.String() != tc.want {
			t.Errorf("at %d, %v:\n%s\nwant\n%s", tc.width, err, b.String(), tc.want)
		}
	}
}
