package hikvision_test

import (
	"fmt"

	"github.com/zclconf/go-cty/cty"
	"github.com/zclconf/go-cty/cty/gocty"

	"camform/schema"
)

// object is a setting with the given attributes; the others are null.
func object(kind *schema.Kind, values map[string]any) cty.Value {
	all := map[string]cty.Value{}
	for _, a := range kind.Attributes {
		all[a.Name] = cty.NullVal(a.Type)
		if value, ok := values[a.Name]; ok {
			all[a.Name] = a.Conceal(toValue(a, value))
			delete(values, a.Name)
		}
	}
	if len(values) > 0 {
		panic(fmt.Sprintf("%s has no attributes %v", kind.Name, values))
	}
	return cty.ObjectVal(all)
}

func toValue(a *schema.Attribute, value any) cty.Value {
	if v, ok := value.(cty.Value); ok {
		return v
	}
	v, err := gocty.ToCtyValue(value, a.Type)
	if err != nil {
		panic(fmt.Sprintf("%s: %v", a.Name, err))
	}
	return v
}
