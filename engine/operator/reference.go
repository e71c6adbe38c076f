package operator

import (
	"reflect"
	"strings"

	"camform/engine/config"
)

// Reference describes a file of rules to people: what stands in it, and its blocks.
func Reference() config.BlockReference { return described(reflect.TypeFor[fileShape](), "", nil) }

// described makes the description of a block from the tags by which it is read.
func described(shape reflect.Type, name string, labels []string) config.BlockReference {
	b := config.BlockReference{Name: name, Labels: labels}
	for field := range shape.Fields() {
		is, sort, _ := strings.Cut(field.Tag.Get("hcl"), ",")
		switch sort {
		case "label":
			b.Labels = append(b.Labels, is)
		case "block":
			inner := field.Type
			if inner.Kind() == reflect.Slice || inner.Kind() == reflect.Pointer {
				inner = inner.Elem()
			}
			b.Blocks = append(b.Blocks, described(inner, is, nil))
		case "def_range":
		default:
			b.Arguments = append(b.Arguments, config.ArgumentReference{Name: is, Takes: field.Tag.Get("takes"), Doc: field.Tag.Get("doc")})
		}
	}
	return b
}
