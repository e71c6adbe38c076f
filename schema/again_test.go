package schema_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"camform/schema"
)

func TestAKindSaysHowADeletedEntryIsMadeAgain(t *testing.T) {
	const block = `item {
    element = "Pet"
  }
  again {
    new        = "<Pet/>"
    room       = "most"
    source     = "a guide"
    confidence = "unsure"
  }
  `
	text := strings.Replace(kind, "document", block+"document", 1)
	kinds, diags := read(map[string]string{"pets.hcl": text})
	if diags.HasErrors() {
		t.Fatal(lines(diags))
	}
	pets := kinds.Lookup("pets")
	if diff := cmp.Diff(&schema.Again{New: "<Pet/>", Room: "most", Source: "a guide", Confidence: schema.Unsure}, pets.Again); diff != "" || pets.Template() != "<Pet/>" || pets.Creatable() {
		t.Errorf("%s %q", diff, pets.Template())
	}
	if paths := pets.ElementPaths(); !slices.Contains(paths, schema.ElementPath{Part: "again.room", Path: "most"}) {
		t.Errorf("%v", paths)
	}
	for _, tc := range []struct{ from, to, want string }{
		{`"<Pet/>"`, `""`, "Again block not possible | new must be the entry in which the attributes are set."},
		{`"a guide"`, `""`, "Again block not possible | source must say where it is documented that devices accept an entry again."},
		{`"unsure"`, `"perhaps"`, `Unknown confidence | "perhaps" is not one of confirmed, likely, unsure.`},
		{"again {", "hooks = \"users\"\n  again {", "Again block not possible | again is for kinds without hooks."},
		{"item {\n    element = \"Pet\"\n  }", "", "Again block not possible | again is for the entries of a list"},
		{"again {", "guards \"account\" {\n name = \"name\"\n level = \"name\"\n levels = { viewer = \"a\" }\n }\n  again {", "and accounts never have it."},
		{"again {", "keyed = true\n write {\n path = \"/p\"\n create = \"/p\"\n delete = \"/p\"\n new = \"<Pet/>\"\n }\n again {", "Items that camform creates and deletes do not need again"},
	} {
		if kinds, diags := read(map[string]string{"pets.hcl": strings.Replace(text, tc.from, tc.to, 1)}); !strings.Contains(lines(diags), tc.want) || len(kinds.Names()) != 0 {
			t.Errorf("%s: got %s", tc.to, lines(diags))
		}
	}
}
