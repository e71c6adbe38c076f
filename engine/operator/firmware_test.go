package operator_test

import (
	"strings"
	"testing"
)

const first, second = "V5.7.15 build 230313", "V5.7.18 build 240826"

func firmware(model string, images ...string) string {
	var lines []string
	for i := 0; i < len(images); i += 2 {
		lines = append(lines, `"`+images[i]+`" = "sha256:`+strings.Repeat(images[i+1], 32)+`"`)
	}
	return "firmware \"" + model + "\" {\n  images = { " + strings.Join(lines, ", ") + " }\n}\n"
}

// A further file of rules takes firmware away, and adds none: neither a version, nor another image of one, nor a model.
func TestI14AFileMoreAllowsNoFirmware(t *testing.T) {
	both := firmware("DS-1", first, "aa", second, "bb")
	for name, tt := range map[string]struct {
		files []string
		model string
		want  string
	}{
		"one file":                  {[]string{both}, "ds-1", first + " " + second},
		"another model":             {[]string{both}, "DS-2", ""},
		"a file without firmware":   {[]string{"state = \"/a\"", both}, "DS-1", first + " " + second},
		"a file with less":          {[]string{both, firmware("DS-1", second, "bb")}, "DS-1", second},
		"a file with more":          {[]string{firmware("DS-1", second, "bb"), both}, "DS-1", second},
		"a file with another image": {[]string{both, firmware("DS-1", second, "cc")}, "DS-1", ""},
		"a file with another model": {[]string{both, firmware("DS-2", second, "bb")}, "DS-2", ""},
		"no file":                   {nil, "DS-1", ""},
	} {
		builds, _ := rules(t, tt.files...).Builds(tt.model)
		var got []string
		for _, b := range builds {
			got = append(got, b.Version)
		}
		if text := strings.Join(got, " "); text != tt.want {
			t.Errorf("%s: %q, want %q", name, text, tt.want)
		}
	}
}

func TestFirmwareWithoutAHashIsAnError(t *testing.T) {
	for text, want := range map[string]string{
		"firmware \"\" {\n images = { \"V1\" = \"" + strings.Repeat("a", 64) + "\" }\n}": "needs its own model",
		firmware("DS-1", first, "aa") + firmware("ds-1", second, "aa"):                   "its own model",
		firmware("DS-1"): "needs at least one image",
		"firmware \"DS-1\" {\n images = { \"V1\" = \"none\" }\n}":                          "is not an image",
		"firmware \"DS-1\" {\n images = { \"\" = \"" + strings.Repeat("a", 64) + "\" }\n}": "is not an image",
	} {
		if _, wrong := read(t, text); !strings.Contains(wrong, want) {
			t.Errorf("%s: %q", text, wrong)
		}
	}
}
