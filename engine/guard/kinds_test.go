package guard

import (
	"camform/schema"
	"camform/schema/hikvision"
)

// kinds are those of the program, as their setting files describe them.
var kinds = builtIn()

func builtIn() *schema.Kinds {
	kinds, diags := schema.Read(nil, schema.Folder{Files: hikvision.Files})
	if diags.HasErrors() {
		panic(diags)
	}
	for _, k := range kinds.All() {
		k.Composed = k.Hooks != "" && k.Hooks != "document" && k.Hooks != "time" // as their provider says
	}
	return kinds
}
