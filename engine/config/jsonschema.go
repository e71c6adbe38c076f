package config

import (
	"encoding/json"
	"fmt"

	"github.com/zclconf/go-cty/cty"

	"camform/schema"
)

// JSONSchema describes *.cam.json files for editors, as a JSON Schema of the draft 2020-12: which blocks and arguments
// there are, and for the arguments of settings what values they take. Every value may also be a string with a template.
func JSONSchema(kinds *schema.Kinds) []byte {
	w := schemaWriter{kinds: kinds}
	properties := object{comment: object{}}
	shapes := languageOf(kinds)
	for _, block := range topLevel.Blocks {
		properties[block.Type] = w.labelled(w.body(shapes[block.Type]), len(block.LabelNames))
	}
	root := object{
		"$schema": "https://json-schema.org/draft/2020-12/schema", "title": "camform configuration",
		"type": "object", "properties": properties, "additionalProperties": false, "$defs": w.definitions(),
	}
	text, err := json.MarshalIndent(root, "", "  ")
	if err != nil {
		panic(fmt.Sprintf("this is a bug: the schema cannot be encoded: %v", err))
	}
	return append(text, '\n')
}

// comment is the property that JSON files of HCL ignore.
const comment = "//"

type object map[string]any

type schemaWriter struct{ kinds *schema.Kinds }

// body is the schema of a body of a shape, which is nil for one that holds anything. Settings are described once, in the definitions.
func (w schemaWriter) body(s *shape) object {
	if s == nil {
		return object{"type": "object"}
	}
	properties := object{comment: object{}}
	for _, a := range s.arguments {
		properties[a.name] = a.schema()
	}
	for _, block := range s.content.Blocks {
		inner := object{}
		if kind := w.kinds.Lookup(block.Type); kind != nil {
			inner["$ref"] = "#/$defs/" + kind.Name
		} else {
			inner = w.body(s.blocks[block.Type])
		}
		properties[block.Type] = w.labelled(inner, len(block.LabelNames))
	}
	if s.generate {
		properties[dynamic] = object{}
	}
	return object{"type": "object", "properties": properties, "additionalProperties": false}
}

// schema describes the argument for editors. One that takes several forms, or anything, is left open.
func (a arg) schema() object {
	described := object{"description": a.doc}
	text := object{"type": "string"}
	list := object{"type": "array", "items": text}
	switch a.takes.form {
	case textForm:
		if len(a.takes.words) > 0 {
			text = object{"type": "string", "enum": a.takes.words}
		}
		described["anyOf"] = append([]any{text}, template...)
	case flagForm:
		described["anyOf"] = append([]any{object{"type": "boolean"}}, template...)
	case numberForm:
		described["anyOf"] = append([]any{object{"type": "number"}}, template...)
	case listForm:
		described["anyOf"] = append([]any{list}, template...)
	case namesForm:
		described["anyOf"] = []any{list, text, object{"type": "null"}}
	case mapForm:
		described["anyOf"] = append([]any{object{"type": "object"}}, template...)
	case nameForm, typeForm:
		described["anyOf"] = []any{text, object{"type": "null"}}
	}
	return described
}

// labelled is the schema of blocks with labels, which are properties around the body. Several blocks are an array.
func (w schemaWriter) labelled(body object, labels int) object {
	several := object{"anyOf": []any{body, object{"type": "array", "items": body}}}
	for range labels {
		named := object{"type": "object", "additionalProperties": several}
		several = object{"anyOf": []any{named, object{"type": "array", "items": named}}}
	}
	return several
}

// definitions describe the kinds of settings.
func (w schemaWriter) definitions() object {
	all := object{}
	for _, kind := range w.kinds.All() {
		properties := object{comment: object{}}
		for _, a := range kind.Attributes {
			properties[a.Name] = valueSchema(a)
		}
		if kind.IsAccount() {
			properties[policyArgument] = managedBy.schema()
		}
		all[kind.Name] = object{
			"type": "object", "title": kind.Summary, "description": kind.Doc,
			"properties": properties, "additionalProperties": false,
		}
	}
	return all
}

// template is a string with an expression in it, which can be anything. A null counts as absent.
var template = []any{object{"type": "string", "pattern": `\$\{|%\{`}, object{"type": "null"}}

func valueSchema(a *schema.Attribute) object {
	if a.Secret {
		return object{"description": a.Doc, "anyOf": template} // in clear it would be an error
	}
	return object{"description": a.Doc, "anyOf": append([]any{plainSchema(a, a.Type)}, template...)}
}

func plainSchema(a *schema.Attribute, t cty.Type) object {
	switch {
	case t == cty.Bool:
		return object{"type": "boolean"}
	case t == cty.Number:
		plain := object{"type": "number"}
		limited(plain, a, "minimum", "maximum")
		return plain
	case t == cty.String:
		plain := object{"type": "string"}
		if len(a.Values) > 0 {
			plain["enum"] = a.Values
		}
		if a.Type == cty.String {
			limited(plain, a, "minLength", "maxLength")
		}
		return plain
	case t.IsSetType():
		return object{"type": "array", "items": object{"anyOf": append([]any{plainSchema(a, t.ElementType())}, template...)}, "uniqueItems": true}
	default:
		return object{"type": "array", "items": object{"anyOf": append([]any{plainSchema(a, t.ElementType())}, template...)}}
	}
}

func limited(plain object, a *schema.Attribute, low, high string) {
	if a.Min != nil {
		plain[low] = *a.Min
	}
	if a.Max != nil {
		plain[high] = *a.Max
	}
}
