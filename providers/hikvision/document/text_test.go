package document

import (
	"slices"
	"testing"
)

func TestTextsOfDevicesAreShownHarmlessly(t *testing.T) {
	long := make([]rune, 100)
	for i := range long {
		long[i] = 'ä'
	}
	for text, want := range map[string]string{
		"digest/basic": "digest/basic", "": `""`, "a b": `"a b"`, "\x1b[31m": `"\x1b[31m"`, "a\nb": `"a\nb"`,
	} {
		if got := Show(text); got != want {
			t.Errorf("show(%q) = %s, want %s", text, got, want)
		}
	}
	if got := []rune(Quote(string(long))); len(got) != 63 || got[62] != '…' {
		t.Errorf("a long text is shown as %s", string(got))
	}
	if got := List([]string{"a", "b", "c d"}); got != `a, b and "c d"` {
		t.Errorf("list: %s", got)
	}
	if got := List(slices.Repeat([]string{"x"}, 14)); got != "x, x, x, x, x, x, x, x, x, x, x, x and 2 more" {
		t.Errorf("list: %s", got)
	}
}
