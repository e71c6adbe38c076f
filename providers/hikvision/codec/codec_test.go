package codec

import (
	"maps"
	"slices"
	"testing"

	"camform/schema"
	"camform/schema/hikvision"
)

func TestSettingFilesAndCodeNameTheSameCodecs(t *testing.T) {
	used := map[string]bool{}
	for _, k := range kinds(t) {
		for _, a := range k.Attributes {
			used[a.Codec] = true
		}
	}
	if used, written := slices.Sorted(maps.Keys(used)), slices.Sorted(maps.Keys(All)); !slices.Equal(used, written) {
		t.Errorf("setting files use the codecs %v, there are %v", used, written)
	}
}

// TestElementsOfCodecsAreThoseOfTheSettingFiles: but for choices and slots, codecs need the number of elements that they are
// given.
func TestElementsOfCodecsAreThoseOfTheSettingFiles(t *testing.T) {
	for _, k := range kinds(t) {
		for _, a := range k.Attributes {
			want := shapeOf(a.Codec).elements
			switch a.Codec {
			case "tls_minimum", "rights": // every value has an element
				want = len(a.Values)
			case "choice", "address_slots":
				continue
			}
			if len(a.Elements) != want {
				t.Errorf("%s.%s: the codec %s has %d elements, not %v", k.Name, a.Name, a.Codec, want, a.Elements)
			}
		}
	}
}

func kinds(t *testing.T) []*schema.Kind {
	t.Helper()
	kinds, diags := schema.Read(nil, schema.Folder{Files: hikvision.Files})
	if diags.HasErrors() {
		t.Fatal(diags)
	}
	return kinds.All()
}
