package hikvision

import (
	"bytes"
	"encoding/xml"
	"regexp"
	"slices"
	"strings"

	"camform/providers"
	"camform/providers/hikvision/codec"
	"camform/providers/hikvision/document"
	"camform/providers/hikvision/hook"
	"camform/providers/hikvision/xmlpatch"
	"camform/schema"
)

// Outline rewrites documents, as XML whatever they were: with all elements, with what their attributes say about their
// values, and with texts that are booleans, short numbers, or words that the setting files list, unless they are secrets: a PIN
// is a short number. Where a text tells that the device holds a secret, a word stands for it that says no more. Entries that can be made and removed are left out, but
// for the account that is built in.
func (p *Provider) Outline(docs providers.Documents) providers.Documents {
	outlines := providers.Documents{}
	for path, doc := range docs {
		outline := providers.Document{Path: path, Missing: doc.Missing}
		if parsed, err := document.Parse(doc.Body); doc.Missing == "" && err == nil && parsed.Root().Name() != "" {
			o := outliner{words: p.words(path), entries: p.entries(path), keys: p.keys(path), names: p.names(path), holders: p.holders(path), secrets: secretsIn(p.kinds, path)}
			o.element(parsed.Root(), "")
			outline.Body = o.text.Bytes()
		}
		if outline.Missing != "" || outline.Body != nil {
			outlines[path] = outline
		}
	}
	return outlines
}

// words are the texts that the setting files know of the elements of a document: keys of entries and enumerations.
func (p *Provider) words(path string) []string {
	var words []string
	for _, kind := range p.concerning(path) {
		words = append(words, kind.Keys...)
		if kind.Item != nil {
			words = append(words, kind.Item.Equals)
		}
		for _, a := range kind.Attributes {
			if a.Secret {
				continue
			}
			words = append(words, a.Values...)
			for _, texts := range a.Map {
				words = append(words, strings.Split(texts, "|")...)
			}
		}
	}
	return words
}

// entries are the paths of entries that come and go in a document.
func (p *Provider) entries(path string) []string {
	var entries []string
	for _, kind := range p.livingIn(path) {
		if kind.Creatable() {
			entries = append(entries, withinItems(kind, "")...)
		}
		for _, a := range kind.Attributes {
			if n := codec.Of(a).Entry; n > 0 {
				entries = append(entries, withinItems(kind, a.Elements[n])...)
			}
		}
	}
	return entries
}

// withinItems are the paths, from the root, of an element of every item of a kind; of the items themselves for "".
func withinItems(kind *schema.Kind, element string) []string {
	if kind.Item == nil {
		return []string{element}
	}
	var paths []string
	for items := range strings.SplitSeq(kind.Item.Element, "|") {
		paths = append(paths, strings.TrimSuffix(items+"/"+element, "/"))
	}
	return paths
}

// keys are the paths of elements that hold the keys of items which are there or not, such as names of events.
func (p *Provider) keys(path string) []string {
	var keys []string
	for _, kind := range p.livingIn(path) {
		if kind.Keyed && kind.Item != nil && !kind.Creatable() && kind.Item.Names == nil {
			keys = append(keys, withinItems(kind, kind.Item.Key)...)
		}
	}
	return keys
}

// names are the paths of elements that hold the names of accounts.
func (p *Provider) names(path string) []string {
	var names []string
	for _, kind := range p.livingIn(path) {
		if kind.IsAccount() {
			names = append(names, kind.Item.Element+"/"+kind.Item.Key)
		}
	}
	return names
}

// holders are the paths of elements whose text tells that a device holds a secret.
func (p *Provider) holders(path string) []string {
	var holders []string
	for _, kind := range p.livingIn(path) {
		for _, a := range kind.Attributes {
			if a.Holder != "" {
				holders = append(holders, withinItems(kind, a.Holder)...)
			}
		}
	}
	return holders
}

// livingIn are the kinds that a document holds settings of.
func (p *Provider) livingIn(path string) []*schema.Kind {
	return slices.DeleteFunc(slices.Clone(p.kinds.All()), func(kind *schema.Kind) bool {
		return !slices.ContainsFunc(places(kind), func(at schema.Document) bool { return at.Path == path })
	})
}

// concerning are the kinds that a document holds settings or limits of.
func (p *Provider) concerning(path string) []*schema.Kind {
	return slices.DeleteFunc(slices.Clone(p.kinds.All()), func(kind *schema.Kind) bool {
		return !slices.ContainsFunc(places(kind), func(at schema.Document) bool {
			return at.Path == path || slices.Contains(at.Capabilities, path)
		})
	})
}

// places are all documents that a kind may live in, those of its listed items too.
func places(kind *schema.Kind) []schema.Document {
	var all []schema.Document
	for _, at := range kind.Documents() {
		all = append(all, at)
		for _, key := range kind.Keys {
			if at.PerItem() {
				all = append(all, at.For(key))
			}
		}
	}
	return all
}

// outliner writes the outline of one document.
type outliner struct {
	words, entries, keys, names, holders []string
	secrets                              secrets
	text                                 bytes.Buffer
}

// telling are the attributes of elements that Check looks at.
var telling = []string{"xmlns", "opt", "min", "max", "size"}

var harmless = regexp.MustCompile(`^(?i:true|false|-?[0-9]{1,6})$`)

func (o *outliner) element(e xmlpatch.Element, path string) {
	o.text.WriteString("<" + e.Name())
	for _, name := range telling {
		if value, ok := e.Attr(name); ok {
			o.text.WriteString(" " + name + `="`)
			_ = xml.EscapeText(&o.text, []byte(value)) // a buffer takes everything
			o.text.WriteString(`"`)
		}
	}
	o.text.WriteString(">")
	switch text := e.Text(); {
	case !document.SaysNothing(text) && o.secrets.hold(e):
	case harmless.MatchString(text) || slices.Contains(o.words, text) || slices.Contains(o.names, path) || slices.Contains(o.keys, path):
		_ = xml.EscapeText(&o.text, []byte(text))
	case slices.Contains(o.holders, path) && document.Holds(text):
		o.text.WriteString("held")
	}
	for _, child := range e.Children() {
		below := strings.TrimPrefix(path+"/"+child.Name(), "/")
		comes := slices.Contains(o.entries, below)
		if !comes || len(o.names) > 0 && hook.IsBuiltIn(child) {
			o.element(child, below)
		}
	}
	o.text.WriteString("</" + e.Name() + ">")
}
