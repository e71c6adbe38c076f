// Package hikvision is the provider for cameras and recorders of Hikvision and its secondary brands, which speak ISAPI:
// XML documents over HTTP.
//
// The setting files of package schema/hikvision say where every attribute lies; codecs, one per form of a value, read and
// write it; hooks do what rows cannot say.
//
// Rules:
//
//   - Documents are edited, not rebuilt: what is sent is the bytes just read, with the texts of the declared elements
//     changed. Two exceptions are documented at their hooks: the clock, and accounts.
//   - All changes to a document leave in one request.
//   - An element that the device does not have is added only where the device's own capability documents have it.
//   - What devices say is quoted in messages, never trusted.
//   - Everything here but the sessions is pure: no network, no clock, no randomness.
package hikvision

import (
	"errors"
	"fmt"
	"slices"

	"github.com/zclconf/go-cty/cty"

	"camform/providers"
	"camform/providers/hikvision/isapi"
	"camform/providers/hikvision/xmlpatch"
	"camform/schema"
	files "camform/schema/hikvision"
)

// Provider implements providers.Provider for ISAPI devices. It is safe for concurrent use.
type Provider struct {
	kinds   *schema.Kinds
	options isapi.Options
}

// New makes a provider whose sessions use the options.
func New(options isapi.Options) *Provider {
	kinds, diags := schema.Read(files.Files)
	if diags.HasErrors() {
		panic("the setting files of the program are wrong: " + diags.Error())
	}
	return &Provider{kinds: kinds, options: options}
}

// Kinds are the kinds of the setting files that come with the program.
func (p *Provider) Kinds() *schema.Kinds { return p.kinds }

// OpenReader prepares to read from a device. See package isapi.
func (p *Provider) OpenReader(target providers.Target) providers.Reader {
	return isapi.OpenReader(target, p.options)
}

// Open prepares to read from a device and to change it. The session is a providers.Authenticator too.
func (p *Provider) Open(target providers.Target) providers.Session {
	return isapi.Open(target, p.options)
}

// DocumentPaths are the paths of the setting file.
func (p *Provider) DocumentPaths(kind *schema.Kind) (changed string, limits []string) {
	return kind.Document.Path, slices.Clone(kind.Document.Capabilities)
}

// Decode reads the settings of a kind. Of a keyed kind with a list of keys, only those keys are in the result; entries
// without a key are left out, and of several with the same key the first counts. The error is ErrUnsupported where the
// device has neither the document nor, for a kind that it has once, the entry; ErrMalformed where what it sent cannot be
// understood, naming the element.
func (p *Provider) Decode(kind *schema.Kind, docs providers.Documents) (providers.Items, error) {
	doc, err := open(kind, docs)
	if err != nil {
		return nil, err
	}
	keys := []string{""}
	if kind.Keyed {
		keys = itemKeys(kind, doc)
	}
	items, limits := providers.Items{}, limitsOf(kind, docs)
	for _, key := range keys {
		if len(kind.Keys) > 0 && !slices.Contains(kind.Keys, key) {
			continue
		}
		item, err := decodeItem(kind, doc, limits, key)
		if err != nil {
			return nil, err
		}
		items[key] = item
	}
	return items, nil
}

func decodeItem(kind *schema.Kind, doc *xmlpatch.Document, limits *limits, key string) (cty.Value, error) {
	item := itemPath(kind, key)
	if _, ok := doc.Find(item); !ok {
		return cty.NilVal, fmt.Errorf("the device %s: %w", lacks(kind, doc, key), providers.ErrUnsupported)
	}
	values := make(map[string]cty.Value, len(kind.Attributes))
	for _, a := range kind.Attributes {
		value, err := decodeAttribute(field{doc, item, a, limits})
		if err != nil {
			return cty.NilVal, fmt.Errorf("%s.%s: %w", kind.Name, a.Name, err)
		}
		values[a.Name] = value
	}
	return cty.ObjectVal(values), nil
}

func decodeAttribute(f field) (cty.Value, error) {
	if f.attribute.WriteOnly {
		return f.null(), nil
	}
	return codecOf(f.attribute).decode(f)
}

// Check compares want with what the device says about its elements, by attribute in the order of the setting file. A want
// that is null as a whole is a removal. Values that are unknown are not looked at, and those that the device has already
// are never wrong. Details never show the value of a secret.
func (p *Provider) Check(kind *schema.Kind, docs providers.Documents, key string, want cty.Value) []providers.AttributeError {
	want, _ = want.UnmarkDeep()
	doc, err := open(kind, docs)
	switch {
	case errors.Is(err, providers.ErrUnsupported):
		return about("", sentence("This device does not have it: %s.", quote(docs[kind.Document.Path].Missing)))
	case err != nil:
		return about("", sentence("What the device sent cannot be understood: %s.", err))
	case !want.IsKnown():
		return nil
	}
	limits := limitsOf(kind, docs)
	if check := hooks[kind.Hooks].check; check != nil {
		return check(kind, doc, limits, key, want)
	}
	item := itemPath(kind, key)
	if _, ok := doc.Find(item); !ok {
		return about("", sentence("This device %s.", lacks(kind, doc, key)))
	}
	if want.IsNull() {
		return about("", sentence("This device does not let it be removed."))
	}
	var wrong []providers.AttributeError
	for _, a := range kind.Attributes {
		if value := want.GetAttr(a.Name); value.IsKnown() && !value.IsNull() {
			wrong = append(wrong, about(a.Name, checkAttribute(field{doc, item, a, limits}, value))...)
		}
	}
	return wrong
}

// checkAttribute asks the codec, unless the device has the value: recorders are delivered with ports that they would not
// let anybody set.
func checkAttribute(f field, want cty.Value) []string {
	if hasAlready(f, want) {
		return nil
	}
	return codecOf(f.attribute).check(f, want)
}

// hasAlready reports whether the device has what is wanted. It is false for an attribute that is never returned.
func hasAlready(f field, want cty.Value) bool {
	have, err := decodeAttribute(f)
	return err == nil && !have.IsNull() && same(f.attribute, want, have)
}

// about makes an error about an attribute of each sentence.
func about(attribute string, sentences []string) []providers.AttributeError {
	var list []providers.AttributeError
	for _, detail := range sentences {
		list = append(list, providers.AttributeError{Attribute: attribute, Detail: detail})
	}
	return list
}

// Same compares by the codec of the attribute: texts without the white space around them, words without regard to case,
// addresses, sets of addresses and time zones by what they mean. Marks are ignored.
func (p *Provider) Same(_ *schema.Kind, attribute *schema.Attribute, want, have cty.Value) bool {
	want, _ = want.UnmarkDeep()
	have, _ = have.UnmarkDeep()
	return same(attribute, want, have)
}

func same(attribute *schema.Attribute, want, have cty.Value) bool {
	if compare := codecOf(attribute).same; compare != nil && want.IsWhollyKnown() {
		return compare(want, have)
	}
	return want.RawEquals(have)
}

// Rewritten is true for a time zone without daylight saving where the device, as DVRs do, has the same offset with the
// rules of the vendor.
func (p *Provider) Rewritten(_ *schema.Kind, attribute *schema.Attribute, want, have cty.Value) bool {
	rewritten := codecOf(attribute).rewritten
	return rewritten != nil && rewritten(want, have)
}
