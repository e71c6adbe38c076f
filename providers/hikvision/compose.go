package hikvision

import (
	"bytes"
	"fmt"
	"net/http"
	"strings"

	"github.com/zclconf/go-cty/cty"

	"camform/providers"
	"camform/providers/hikvision/xmlpatch"
	"camform/schema"
)

// hook is Go code beside a setting file, for what rows cannot say. Setting files name hooks by the keys of hooks.
type hook struct {
	// compose takes the place of editing the document in one piece; nil for that.
	compose func(place, providers.Composition) ([]providers.Request, error)

	// finish makes last edits to a document that was changed; nil for none.
	finish func(*xmlpatch.Document) error

	// refuse says, in sentences, why an item must not be written whatever the device says; nil for none that must not.
	refuse func(p *Provider, kind *schema.Kind, key string) []string

	// check takes the place of asking the codecs; nil for that. Want is known, and null for a removal.
	check func(kind *schema.Kind, at place, key string, want cty.Value) []providers.AttributeError
}

var hooks = map[string]hook{
	"":         {},
	"document": {refuse: refuseDocument},
	"time":     {finish: finishTime},
	"users":    {compose: composeUsers, check: checkUser},

	"security_questions": {compose: composeQuestions, check: checkQuestions},
	"security_email":     {compose: composeEmail},
	"certificate":        {compose: composeCertificate, check: checkCertificate},
}

// Compose edits the document of the changes in place. It is put back as a whole, in one request for all changes; kinds
// that are written item by item get one request for each. Accounts are changed in one request each, that of the own login
// last. Attributes whose value the document has already, by its meaning, are left as they are; if that goes for all of
// them, there is no request.
//
// The error is ErrUnsupported where the device lacks the entry or an element and its capability documents do not speak of
// it, which Check reports before.
func (p *Provider) Compose(c providers.Composition) ([]providers.Request, error) {
	if len(c.Changes) == 0 {
		return nil, nil
	}
	first := c.Changes[0]
	for _, change := range c.Changes {
		if path := documentOf(first); documentOf(change) != path {
			panic(fmt.Sprintf("changes of %s and %s are composed together: this is a bug", path, documentOf(change)))
		}
	}
	for _, change := range c.Changes {
		if reasons := refusals(change.Kind, change.Key); len(reasons) > 0 {
			return nil, fmt.Errorf("%s: %s: %w", named(change), strings.TrimSuffix(strings.Join(reasons, " "), "."), providers.ErrUnsupported)
		}
	}
	at, err := open(first.Kind, c.Documents, first.Key)
	if err != nil {
		return nil, err
	}
	if compose := hooks[first.Kind.Hooks].compose; compose != nil {
		return compose(at, c)
	}
	var whole, single []providers.Change
	for _, change := range c.Changes {
		if change.Kind.WriteIn(at.Document) != nil {
			single = append(single, change)
		} else {
			whole = append(whole, change)
		}
	}
	requests, err := composeDocument(at, whole, c.Documents)
	if err != nil {
		return nil, err
	}
	for _, change := range single {
		more, err := composeItem(at, change, c.Documents)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", named(change), err)
		}
		requests = append(requests, more...)
	}
	return requests, nil
}

// refusals say, in sentences, why an item must not be written; there are none for nearly all.
func refusals(kind *schema.Kind, key string) []string {
	if kind.Refuses == nil {
		return nil
	}
	return kind.Refuses(key)
}

func documentOf(change providers.Change) string { return change.Kind.Document.For(change.Key).Path }

// composeDocument makes one request of all changes: the whole document.
func composeDocument(at place, changes []providers.Change, docs providers.Documents) ([]providers.Request, error) {
	request := providers.Request{Method: http.MethodPut, Path: at.Path}
	before := at.doc.Bytes()
	for _, change := range changes {
		if _, err := at.edit(change, docs); err != nil {
			return nil, fmt.Errorf("%s: %w", named(change), err)
		}
		request.Keys = append(request.Keys, keyOf(change))
	}
	if bytes.Equal(at.doc.Bytes(), before) {
		return nil, nil
	}
	for _, change := range changes {
		if finish := hooks[change.Kind.Hooks].finish; finish != nil {
			if err := finish(at.doc); err != nil {
				return nil, fmt.Errorf("%s: %w", named(change), err)
			}
		}
	}
	request.Body = at.doc.Bytes()
	return []providers.Request{request}, nil
}

// edit makes one change in a document, and returns where.
func (at place) edit(change providers.Change, docs providers.Documents) ([]xmlpatch.Path, error) {
	paths := at.itemPaths(change.Kind, change.Key)
	if len(paths) == 0 {
		return nil, fmt.Errorf("the device %s: %w", at.lacks(change.Kind, change.Key), providers.ErrUnsupported)
	}
	if change.After.IsNull() {
		return nil, fmt.Errorf("it cannot be removed: %w", providers.ErrUnsupported)
	}
	limits := limitsOf(at.Document, docs)
	for _, path := range paths {
		if err := editItem(at.doc, path, change, limits); err != nil {
			return nil, err
		}
	}
	return paths, nil
}

func editItem(doc *xmlpatch.Document, item xmlpatch.Path, change providers.Change, limits *limits) error {
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
	if reason := f.idle(); reason != "" {
		return fmt.Errorf("%s: %w", strings.TrimSuffix(reason, "."), providers.ErrUnsupported)
	}
	if hasAlready(f, want) {
		return nil
	}
	return codecOf(f.attribute).encode(f, want)
}

// refused is what Check says about a change, as an error of Compose.
func refused(change providers.Change, wrong providers.AttributeError) error {
	place := strings.TrimSuffix(named(change)+"."+wrong.Attribute, ".")
	return fmt.Errorf("%s: %s: %w", place, strings.TrimSuffix(wrong.Detail, "."), providers.ErrInvalid)
}

func keyOf(change providers.Change) providers.Key {
	return providers.Key{Kind: change.Kind.Name, Key: change.Key}
}

func named(change providers.Change) string {
	return schema.Setting{Kind: change.Kind.Name, Key: change.Key}.Local()
}
