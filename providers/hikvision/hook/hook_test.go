package hook

import (
	"maps"
	"slices"
	"testing"

	"camform/schema"
	"camform/schema/hikvision"
)

func TestSettingFilesAndCodeNameTheSameHooks(t *testing.T) {
	kinds, diags := schema.Read(nil, schema.Folder{Files: hikvision.Files})
	used := map[string]bool{"": true}
	for _, k := range kinds.All() {
		used[k.Hooks] = true
	}
	if used, written := slices.Sorted(maps.Keys(used)), slices.Sorted(maps.Keys(All)); diags.HasErrors() || !slices.Equal(used, written) {
		t.Errorf("setting files use the hooks %v, there are %v", used, written)
	}
}
