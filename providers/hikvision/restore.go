package hikvision

import (
	"fmt"
	"net/http"
	"slices"

	"camform/providers"
	"camform/providers/hikvision/document"
	"camform/providers/hikvision/reach"
	"camform/providers/hikvision/xmlpatch"
	"camform/schema"
)

// Restore undoes requests that brought a document as a whole or items of one, if all of what the device had before is known. What is
// sent instead of such a request is taken back likewise, if it brings nothing that the request does not.
func (p *Provider) Restore(before providers.Documents, request providers.Request) (providers.Request, error) {
	back := providers.Request{Method: request.Method, Path: request.Path, Keys: request.Keys}
	var kinds []*schema.Kind
	for _, key := range request.Keys {
		kind := p.kinds.Lookup(key.Kind)
		if kind == nil || kind.Composed || request.Method != http.MethodPut {
			return back, fmt.Errorf("such a request cannot be undone: %w", providers.ErrUnsupported)
		}
		kinds = append(kinds, kind)
	}
	body, err := p.sentBefore(before, request, kinds)
	if err == nil {
		err = p.wholly(request.Path, body, kinds)
	}
	if err != nil {
		return back, err
	}
	back.Body = body
	if instead := request.Instead; instead != nil && len(instead.Keys) == len(request.Keys) {
		if restored, err := p.Restore(before, *instead); err == nil {
			back.Instead = &restored
		}
	}
	return back, nil
}

// sentBefore is what a request would have brought that changes nothing.
func (p *Provider) sentBefore(before providers.Documents, request providers.Request, kinds []*schema.Kind) ([]byte, error) {
	if doc, ok := before[request.Path]; ok {
		if doc.Missing != "" {
			return nil, doc.NotThere()
		}
		return doc.Body, nil
	}
	for i, kind := range kinds {
		at, err := document.Open(kind, before, request.Keys[i].Key)
		if err != nil {
			return nil, err
		}
		write := kind.WriteIn(at.Document)
		if write == nil {
			continue
		}
		for _, item := range at.ItemPaths(kind, request.Keys[i].Key) {
			path, err := fill(at, write.Path, providers.Change{Kind: kind, Key: request.Keys[i].Key}, item)
			if err == nil && path == request.Path {
				return document.Standalone(at.Doc, parts(at, []xmlpatch.Path{item}, write)[0], write.Without)
			}
		}
	}
	return nil, fmt.Errorf("the earlier content of %s was not read: %w", request.Path, providers.ErrUnsupported)
}

// wholly returns an error if a document, or an item of one, has something that the device does not show as it is: a secret, or a mask in its
// place. Secrets that it shows are left alone as well: they are keys.
func (p *Provider) wholly(path string, body []byte, kinds []*schema.Kind) error {
	doc, err := document.Parse(body)
	if err != nil {
		return document.InFamily(err)
	}
	for _, kind := range p.kinds.All() {
		here := func(d schema.Document) bool { return reach.SamePath(d.Path, path) }
		if slices.Contains(kinds, kind) || slices.ContainsFunc(kind.Documents(), here) {
			if name := unshown(kind, doc.Root()); name != "" {
				return fmt.Errorf("the device does not show its %s of %s: %w", name, kind.Name, providers.ErrUnsupported)
			}
		}
	}
	if e, found := find(doc.Root(), secretsIn(p.kinds, path).told); found {
		return fmt.Errorf("%s is a secret: %w", e.Path(), providers.ErrUnsupported)
	}
	return nil
}

// unshown is an attribute of a kind that a part of a document may have a value of that the device never shows; empty for none.
func unshown(kind *schema.Kind, part xmlpatch.Element) string {
	for _, a := range kind.Attributes {
		if !a.WriteOnly {
			continue
		}
		holds := func(e xmlpatch.Element) bool {
			return e.EndsIn(xmlpatch.MustPath(a.Holder)) && document.Holds(e.Text())
		}
		if a.Holder == "" {
			return a.Name
		}
		if _, found := find(part, holds); found {
			return a.Name
		}
	}
	return ""
}

// told reports whether an element shows a secret, or a mask in place of anything.
func (s secrets) told(e xmlpatch.Element) bool {
	secret := s.hold(e) && !document.SaysNothing(e.Text())
	return secret || document.IsMasked(e, func() bool { return s.hold(e) })
}

// find returns an element, or one within it, that is so.
func find(e xmlpatch.Element, is func(xmlpatch.Element) bool) (xmlpatch.Element, bool) {
	if is(e) {
		return e, true
	}
	for _, child := range e.Children() {
		if found, ok := find(child, is); ok {
			return found, true
		}
	}
	return xmlpatch.Element{}, false
}
