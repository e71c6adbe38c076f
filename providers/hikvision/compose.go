package hikvision

import (
	"bytes"
	"fmt"
	"net/http"

	"github.com/zclconf/go-cty/cty"

	"camform/providers"
	"camform/providers/hikvision/xmlpatch"
	"camform/schema"
)

// hook is Go code beside a setting file, for what rows cannot say. Setting files name hooks by the keys of hooks.
type hook struct {
	// compose takes the place of editing the document in one piece; nil for that.
	compose func(*xmlpatch.Document, providers.Composition) ([]providers.Request, error)

	// finish makes last edits to a document that was changed; nil for none.
	finish func(*xmlpatch.Document) error

	// check takes the place of asking the codecs; nil for that. Want is known, and null for a removal.
	check func(kind *schema.Kind, doc *xmlpatch.Document, limits *limits, key string, want cty.Value) []providers.AttributeError
}

var hooks = map[string]hook{
	"":      {},
	"time":  {finish: finishTime},
	"users": {compose: composeUsers, check: checkUser},
}

// Compose edits the document of the changes in place and puts it back, in one request for all changes. Accounts are
// changed in one request each, that of the own login last. Attributes whose value the document has already, by its meaning,
// are left as they are; if that goes for all of them, there is no request.
//
// The error is ErrUnsupported where the device lacks the entry or an element and its capability documents do not speak of
// it, which Check reports before.
func (p *Provider) Compose(c providers.Composition) ([]providers.Request, error) {
	if len(c.Changes) == 0 {
		return nil, nil
	}
	kind := c.Changes[0].Kind
	for _, change := range c.Changes {
		if change.Kind.Document.Path != kind.Document.Path {
			panic(fmt.Sprintf("changes of %s and %s are composed together: this is a bug", kind.Document.Path, change.Kind.Document.Path))
		}
	}
	doc, err := open(kind, c.Documents)
	if err != nil {
		return nil, err
	}
	if compose := hooks[kind.Hooks].compose; compose != nil {
		return compose(doc, c)
	}
	return composeDocument(doc, c)
}

func composeDocument(doc *xmlpatch.Document, c providers.Composition) ([]providers.Request, error) {
	request := providers.Request{Method: http.MethodPut, Path: c.Changes[0].Kind.Document.Path}
	before := doc.Bytes()
	for _, change := range c.Changes {
		if err := edit(doc, change, limitsOf(change.Kind, c.Documents)); err != nil {
			return nil, fmt.Errorf("%s: %w", named(change), err)
		}
		request.Keys = append(request.Keys, keyOf(change))
	}
	if bytes.Equal(doc.Bytes(), before) {
		return nil, nil
	}
	for _, change := range c.Changes {
		if finish := hooks[change.Kind.Hooks].finish; finish != nil {
			if err := finish(doc); err != nil {
				return nil, fmt.Errorf("%s: %w", named(change), err)
			}
		}
	}
	request.Body = doc.Bytes()
	return []providers.Request{request}, nil
}

// edit makes one change in a document.
func edit(doc *xmlpatch.Document, change providers.Change, limits *limits) error {
	item := itemPath(change.Kind, change.Key)
	if _, ok := doc.Find(item); !ok {
		return fmt.Errorf("the device %s: %w", lacks(change.Kind, doc, change.Key), providers.ErrUnsupported)
	}
	if change.After.IsNull() {
		return fmt.Errorf("it cannot be removed: %w", providers.ErrUnsupported)
	}
	for _, a := range change.Kind.Attributes {
		if want := change.After.GetAttr(a.Name); !want.IsNull() {
			if err := editAttribute(field{doc, item, a, limits}, want); err != nil {
				return fmt.Errorf("%s: %w", a.Name, err)
			}
		}
	}
	return nil
}

func editAttribute(f field, want cty.Value) error {
	if hasAlready(f, want) {
		return nil
	}
	return codecOf(f.attribute).encode(f, want)
}

func keyOf(change providers.Change) providers.Key {
	return providers.Key{Kind: change.Kind.Name, Key: change.Key}
}

func named(change providers.Change) string {
	return schema.Setting{Kind: change.Kind.Name, Key: change.Key}.Local()
}
