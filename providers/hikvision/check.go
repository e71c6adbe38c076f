package hikvision

import (
	"slices"

	"github.com/zclconf/go-cty/cty"

	"camform/providers"
	"camform/providers/hikvision/codec"
	"camform/providers/hikvision/document"
	"camform/providers/hikvision/xmlpatch"
	"camform/schema"
)

// What the device says of the attributes of one item.

func checkItem(kind *schema.Kind, at document.Place, paths []xmlpatch.Path, want cty.Value) []providers.AttributeError {
	var wrong []providers.AttributeError
	then := then(at, kind, paths, want)
	for _, a := range kind.Attributes {
		value := want.GetAttr(a.Name)
		if !value.IsKnown() || value.IsNull() || undecided(kind, a, want) {
			continue
		}
		for _, path := range paths {
			f := at.Field(path, a)
			if len(a.When) > 0 {
				f.Doc = then
			}
			if details := codec.Check(f, value); len(details) > 0 {
				for _, e := range document.About(a.Name, details) {
					e.Lacks = codec.Lacking(f)
					wrong = append(wrong, e)
				}
				break
			}
		}
	}
	here := astray(kind, want, func(a *schema.Attribute) cty.Value {
		have, err := codec.Decode(document.Field{Doc: then, Item: paths[0], Attribute: a, Limits: at.Limits})
		if err != nil {
			return cty.NullVal(a.Type)
		}
		return have
	})
	return append(wrong, here...)
}

// then is the document with what other attributes depend on as it is wanted; that of the device where none do. What is
// wrong with those values is found elsewhere.
func then(at document.Place, kind *schema.Kind, paths []xmlpatch.Path, want cty.Value) *xmlpatch.Document {
	then := at.Doc
	for _, a := range kind.Attributes {
		value := want.GetAttr(a.Name)
		rules := slices.ContainsFunc(kind.Attributes, func(b *schema.Attribute) bool { return b.DependsOn(a) })
		if !rules || !value.IsKnown() || value.IsNull() {
			continue
		}
		changed, err := document.Parse(then.Bytes())
		for _, path := range paths {
			if err == nil {
				err = codec.Encode(document.Field{Doc: changed, Item: path, Attribute: a, Limits: at.Limits}, value)
			}
		}
		if err == nil {
			then = changed
		}
	}
	return then
}

// undecided reports whether an attribute depends on a value that is not known yet.
func undecided(kind *schema.Kind, a *schema.Attribute, want cty.Value) bool {
	return slices.ContainsFunc(kind.Attributes, func(b *schema.Attribute) bool {
		return a.DependsOn(b) && !want.GetAttr(b.Name).IsKnown()
	})
}

// checkNew checks an item that is to be created, by way of what it would be sent as.
func checkNew(kind *schema.Kind, at document.Place, key string, want cty.Value) []providers.AttributeError {
	if want.IsNull() {
		return nil
	}
	if most := size(at, kind); most > 0 && len(at.Doc.All(at.Entries(kind))) >= most {
		return document.About("", document.Sentence("This device holds %d of them, and all places are taken.", most))
	}
	fresh, item, err := newItem(at, kind, key)
	if err != nil {
		return document.About("", document.Sentence("It cannot be created: %s.", err))
	}
	return checkItem(kind, fresh, []xmlpatch.Path{item}, want)
}

// size is how many items the list of a kind can hold, as the limits of the device say; 0 if they do not. The size in the
// list itself can be anything: recorders were seen with room for 16 cameras and 10, and with 0 and an entry.
func size(at document.Place, kind *schema.Kind) int {
	list, _ := at.Limits.Element(xmlpatch.Path{}, at.Entries(kind).Parent())
	if n := document.NumberAttr(list, "size"); n != nil {
		return int(*n)
	}
	return 0
}
