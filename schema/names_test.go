package schema_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"camform/schema"
)

// rights is a setting file with a kind whose labels are names in another document.
const rights = `setting "rights" {
  summary    = "Rights"
  source     = "made up"
  confidence = "likely"
  phase      = "login"
  keyed      = true
  document {
    path = "/rights"
    root = "Rights"
  }
  item {
    element = "Right"
    key     = "owner"
    names {
      path    = "/pets"
      root    = "Pets"
      element = "Pet"
      key     = "id"
      name    = "petName"
    }
  }
  write {
    path = "/rights/{id}"
  }
  attribute "bark" {
    type    = bool
    doc     = "Bark."
    element = "bark"
  }
}
`

func TestLabelsCanBeNamesInAnotherDocument(t *testing.T) {
	kinds, diags := read(map[string]string{"a.hcl": rights})
	if diags.HasErrors() {
		t.Fatal(lines(diags))
	}
	want := &schema.Names{Path: "/pets", Root: "Pets", Element: "Pet", Key: "id", Name: "petName"}
	if diff := cmp.Diff(want, kinds.Lookup("rights").Item.Names); diff != "" {
		t.Error(diff)
	}
	for name, change := range map[string][]string{
		"an item that can be made": {`path = "/rights/{id}"`, "path = \"/rights/{id}\"\ncreate = \"/rights\"\ndelete = \"/rights/{id}\"\nnew = \"<Right/>\""},
		"no path":                  {`path    = "/pets"`, `path    = "pets"`},
	} {
		_, diags := read(map[string]string{"a.hcl": strings.Replace(rights, change[0], change[1], 1)})
		if !strings.Contains(lines(diags), "Names of items not possible") {
			t.Errorf("%s: %s", name, lines(diags))
		}
	}
}

func TestEntriesAreWrittenOneByOneAndADocumentOfItsOwnAsAWhole(t *testing.T) {
	alone, within := schema.Document{Path: "/one"}, schema.Document{Path: "/all", Within: "Entry/Part"}
	write := &schema.Write{Path: "/all/{id}"}
	either := &schema.Kind{Document: alone, Elsewhere: []schema.Document{within}, Write: write}
	if either.WriteIn(alone) != nil || either.WriteIn(within) != write {
		t.Error("of a kind that lives within entries or alone, only entries are written one by one")
	}
	listed := &schema.Kind{Document: alone, Write: write}
	if listed.WriteIn(alone) != write || (&schema.Kind{Document: alone}).WriteIn(alone) != nil {
		t.Error("items of a list are written one by one where the setting file says so")
	}
}
