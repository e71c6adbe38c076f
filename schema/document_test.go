package schema_test

import (
	"slices"
	"testing"

	"camform/schema"
)

func TestTheKeyFillsTheHolesOfADocument(t *testing.T) {
	shared := schema.Document{Path: "/ISAPI/a", Capabilities: []string{"/ISAPI/a/capabilities"}}
	perItem := schema.Document{Path: "/ISAPI/{key}/b", Capabilities: []string{"/ISAPI/{key}/b/capabilities", "/ISAPI/b"}}
	whole := schema.Document{Path: "{key}", Capabilities: []string{"{key}/capabilities"}}
	for name, tc := range map[string]struct {
		document     schema.Document
		key          string
		path         string
		capabilities []string
	}{
		"shared":        {shared, "7#x", "/ISAPI/a", []string{"/ISAPI/a/capabilities"}},
		"number":        {perItem, "7", "/ISAPI/7/b", []string{"/ISAPI/7/b/capabilities", "/ISAPI/b"}},
		"with fragment": {whole, "/ISAPI/x#a/b", "/ISAPI/x", []string{"/ISAPI/x/capabilities"}},
		"with query": {
			whole, "/ISAPI/x?format=json#a", "/ISAPI/x?format=json", []string{"/ISAPI/x/capabilities?format=json"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			one := tc.document.For(tc.key)
			if one.Path != tc.path || !slices.Equal(one.Capabilities, tc.capabilities) {
				t.Errorf("it is at %s with limits in %v, want %s and %v", one.Path, one.Capabilities, tc.path, tc.capabilities)
			}
		})
	}
}

func TestRootsHaveSpellings(t *testing.T) {
	spelled := schema.Document{Root: "List|Notification"}
	for name, want := range map[string]bool{"List": true, "Notification": true, "list": false, "List|Notification": false, "": false} {
		if got := spelled.HasRoot(name); got != want {
			t.Errorf("%q is %v", name, got)
		}
	}
	if !(schema.Document{}).HasRoot("Whatever") {
		t.Error("a document without a root has any")
	}
}

func TestAKindCanBeLeftOut(t *testing.T) {
	all := schema.NewKinds(&schema.Kind{Name: "a"}, &schema.Kind{Name: "b"})
	rest := all.Without("a")
	if !slices.Equal(rest.Names(), []string{"b"}) || rest.Lookup("a") != nil || all.Lookup("a") == nil || rest.Hash() != all.Hash() {
		t.Errorf("without a there are %v, and before %v", rest.Names(), all.Names())
	}
}
