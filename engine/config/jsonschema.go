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
	for _, block := range topLevel.Blocks {
		properties[block.Type] = w.labelled(w.topLevel(block.Type), len(block.LabelNames))
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

// topLevel is the schema of the body of a block at the top of a file.
func (w schemaWriter) topLevel(name string) object {
	switch name {
	case "camform":
		return w.body(camformShape)
	case "variable":
		return w.body(variableShape)
	case "output":
		return w.body(outputShape)
	case "credential_policy":
		return w.body(policyShape)
	case "import":
		return w.body(importShape)
	case "removed":
		return w.body(removedShape)
	case "moved":
		return w.body(movedShape)
	case "profile":
		return w.body(profileShape(w.kinds))
	case "device":
		return w.body(deviceShape(w.kinds))
	default:
		return object{"type": "object"} // locals, which hold anything
	}
}

// body is the schema of a body of a shape. Settings are described once, in the definitions.
func (w schemaWriter) body(s *shape) object {
	properties := object{comment: object{}}
	for _, a := range s.content.Attributes {
		properties[a.Name] = object{}
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
			properties[policyArgument] = policySchema
		}
		all[kind.Name] = object{
			"type": "object", "title": kind.Summary, "description": kind.Doc,
			"properties": properties, "additionalProperties": false,
		}
	}
	return all
}

// policySchema describes the argument that names the policy of an account.
var policySchema = object{
	"description": "Name of the policy by which the password is made, kept in the vault and changed: credential_policy.NAME",
	"anyOf":       []any{object{"type": "string"}, object{"type": "null"}},
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
