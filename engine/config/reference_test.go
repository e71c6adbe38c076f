package config_test

import (
	"testing"

	"camform/engine/config"
	"camform/schema"
	"camform/schema/hikvision"
)

// What the language takes is described where the decoder has it; here are the descriptions that somebody forgot.
func TestEverythingOfTheLanguageIsDescribed(t *testing.T) {
	kinds, diags := schema.Read(nil, schema.Folder{Files: hikvision.Files})
	if diags.HasErrors() {
		t.Fatal(diags)
	}
	var walk func(path string, b config.BlockReference)
	arguments := 0
	walk = func(path string, b config.BlockReference) {
		for _, a := range b.Arguments {
			arguments++
			if a.Doc == "" || a.Takes == "" || a.Doc[len(a.Doc)-1] != '.' {
				t.Errorf("%s: %s is not described: %+v", path, a.Name, a)
			}
		}
		for _, inner := range b.Blocks {
			walk(path+" "+inner.Name, inner)
		}
	}
	for _, b := range config.Language(kinds) {
		walk(b.Name, b)
	}
	if arguments < 80 {
		t.Errorf("only %d arguments", arguments)
	}
	for _, f := range config.FunctionReferences() {
		if f.Doc == "" || f.Doc[len(f.Doc)-1] != '.' {
			t.Errorf("%s is not described: %q", f.Call, f.Doc)
		}
	}
}
