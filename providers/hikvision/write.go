package hikvision

import (
	"bytes"
	"cmp"
	"fmt"
	"net/http"
	"regexp"
	"slices"
	"strings"

	"camform/providers"
	"camform/providers/hikvision/codec"
	"camform/providers/hikvision/document"
	"camform/providers/hikvision/reach"
	"camform/providers/hikvision/xmlpatch"
	"camform/schema"
)

// Kinds that are written item by item: a request carries one entry of a list, or a part of it, as a separate document.

// composeItem makes the requests for one change: to create the item, to remove it, or to send what was edited, which are
// several where the kind is set in many places alike.
func composeItem(at document.Place, change providers.Change) ([]providers.Request, error) {
	write := change.Kind.Write
	paths := at.ItemPaths(change.Kind, change.Key)
	switch {
	case len(paths) == 0 && change.After.IsNull():
		return nil, nil
	case len(paths) == 0 && change.Kind.Creatable():
		return composeNew(at, change)
	case change.After.IsNull() && change.Kind.Creatable():
		path, err := fill(at, write.Delete, change, paths[0])
		return []providers.Request{{Method: http.MethodDelete, Path: path, Keys: []providers.Key{change.Item()}}}, err
	}
	before := parts(at, paths, write)
	if err := edit(at, change); err != nil {
		return nil, err
	}
	var requests []providers.Request
	for i, after := range parts(at, paths, write) {
		if bytes.Equal(before[i], after) {
			continue
		}
		path, err := fill(at, write.Path, change, paths[i])
		if err != nil {
			return nil, err
		}
		body, err := document.Standalone(at.Doc, after, write.Without)
		if err != nil {
			return nil, err
		}
		requests = append(requests, providers.Request{
			Method: http.MethodPut, Path: path, Body: body, Keys: []providers.Key{change.Item()},
		})
	}
	return requests, nil
}

// located is a change with where it is made.
type located struct {
	providers.Change
	at document.Place
}

// wholeList is the request that brings all changed items of a kind at once, with the list; nil where the setting file does not say
// that devices take that, and where another item has a secret that the device never shows: it would be lost. The changes are in
// the document.
func wholeList(kind *schema.Kind, changes []located) *providers.Request {
	if !kind.Write.List || len(changes) == 0 {
		return nil
	}
	at := changes[0].at
	request := &providers.Request{Method: http.MethodPut, Path: at.Path, Body: at.Doc.Bytes()}
	own := map[xmlpatch.Element]bool{}
	for _, change := range changes {
		request.Keys = append(request.Keys, change.Change.Item())
		for _, path := range at.ItemPaths(kind, change.Key) {
			entry, _ := at.Doc.Find(path)
			own[entry] = true
		}
	}
	for _, entry := range at.Doc.All(at.Entries(kind)) {
		for _, a := range kind.Attributes {
			holder, _ := entry.Find(xmlpatch.MustPath(cmp.Or(a.Holder, ".")))
			if !own[entry] && a.Holder != "" && document.Holds(holder.Text()) {
				return nil
			}
		}
	}
	return request
}

// parts are the bytes of what is sent of each entry that the paths are in.
func parts(at document.Place, paths []xmlpatch.Path, write *schema.Write) [][]byte {
	var parts [][]byte
	for _, path := range paths {
		e, _ := at.Doc.Find(at.Entry(path).Join(xmlpatch.MustPath(write.Element)))
		parts = append(parts, e.Raw())
	}
	return parts
}

// number is what the device calls an item in the paths of requests: its id, or for one of several with the same key what tells it
// from the others as well.
func number(at document.Place, kind *schema.Kind, item xmlpatch.Path) string {
	id, _ := at.Doc.Find(at.Entry(item).Join(document.ItemID))
	if kind.Item == nil || kind.Item.Apart == "" {
		return id.Text()
	}
	entry, _ := at.Doc.Find(item)
	for n, other := range at.Doc.All(at.Entries(kind)) {
		if other == entry {
			return at.Called(kind)[n]
		}
	}
	return id.Text()
}

var plainID = regexp.MustCompile(`^[A-Za-z0-9_.-]{1,64}$`)

// fill puts the key and the number of an item into the path of a request. The number is a text of the device, or what a kind
// of the user's makes of it, and must not lead to a path at which the device does something.
func fill(at document.Place, path string, change providers.Change, item xmlpatch.Path) (string, error) {
	path, err := filled(path, schema.KeyHole, change.Key)
	if err != nil {
		return "", err
	}
	path, err = filled(path, schema.IDHole, number(at, change.Kind, item))
	if why := reach.NoSetting(path); err == nil && why != "" && reach.IsOutsider(change.Kind) {
		return "", fmt.Errorf("%s: %w", strings.TrimSuffix(why, "."), providers.ErrUnsupported)
	}
	return path, err
}

// filled puts a text into the hole of a path, if it has that hole. The texts come from devices, and labels may have been
// learned from one: anything but a plain word would lead the request elsewhere.
func filled(path, hole, text string) (string, error) {
	if !strings.Contains(path, hole) {
		return path, nil
	}
	if !plainID.MatchString(text) || strings.Trim(text, ".") == "" {
		return "", fmt.Errorf("it is called %s, which is not a number or a word: %w", document.Quote(text), providers.ErrMalformed)
	}
	return strings.ReplaceAll(path, hole, text), nil
}

// composeNew makes the request that creates an item.
func composeNew(at document.Place, change providers.Change) ([]providers.Request, error) {
	fresh, item, err := newItem(at, change.Kind, change.Key)
	if err != nil {
		return nil, err
	}
	if err := editItem(fresh, item, change); err != nil {
		return nil, err
	}
	path, err := filled(change.Kind.Write.Create, schema.KeyHole, change.Key)
	if err != nil {
		return nil, err
	}
	return []providers.Request{{
		Method: http.MethodPost, Path: path, Body: fresh.Doc.Bytes(), Keys: []providers.Key{change.Item()},
	}}, nil
}

// newItem is the new item of the setting file with its key, as a document, and where it is in it: devices want the item, or
// a list with just the item.
func newItem(at document.Place, kind *schema.Kind, key string) (document.Place, xmlpatch.Path, error) {
	body, err := document.Standalone(at.Doc, []byte(strings.TrimSpace(kind.Template())), nil)
	if err != nil {
		return document.Place{}, xmlpatch.Path{}, err
	}
	doc, err := document.Parse(body)
	if err != nil {
		return document.Place{}, xmlpatch.Path{}, document.InFamily(err)
	}
	fresh, item := document.Place{Document: at.Document, Doc: doc, Limits: at.Limits.OfNew(at.Entries(kind), at.Doc)}, xmlpatch.Path{}
	if doc.Root().Name() == at.Root {
		fresh.Limits, item = at.Limits, at.Entries(kind)
	}
	if kind.Item.Key != "" {
		if err := doc.Set(item.Join(xmlpatch.MustPath(kind.Item.Key)), key); err != nil {
			return document.Place{}, xmlpatch.Path{}, document.InFamily(err)
		}
	}
	return fresh, item, fit(kind, fresh, item, at.Doc.All(at.Entries(kind)))
}

// fit takes out of a new item the preset elements that a device does not know, as its other items and its capability
// documents tell: older firmware refuses what newer wants. Elements that stand for each other in an attribute, as those of a host do, are
// known together.
func fit(kind *schema.Kind, at document.Place, item xmlpatch.Path, others []xmlpatch.Element) error {
	known := func(path xmlpatch.Path) bool {
		_, documented := at.Limits.Element(item, path)
		return documented || slices.ContainsFunc(others, func(other xmlpatch.Element) bool {
			_, ok := other.Find(path)
			return ok
		})
	}
	e, _ := at.Doc.Find(item)
	for _, path := range presets(e, xmlpatch.Path{}, kind.Again != nil) {
		if len(others) == 0 || known(path) || slices.ContainsFunc(standIns(kind, path), known) {
			continue
		}
		if err := at.Doc.Remove(item.Join(path)); err != nil {
			return document.InFamily(err)
		}
	}
	return nil
}

// standIns are the elements of the attribute that an element belongs to.
func standIns(kind *schema.Kind, of xmlpatch.Path) []xmlpatch.Path {
	a := attributeAt(kind, of)
	if a == nil {
		return nil
	}
	return elementsIn(a)
}

// attributeAt is the attribute that an element of an item belongs to; nil for none.
func attributeAt(kind *schema.Kind, element xmlpatch.Path) *schema.Attribute {
	for _, a := range kind.Attributes {
		if slices.ContainsFunc(elementsIn(a), func(path xmlpatch.Path) bool { return path.String() == element.String() }) {
			return a
		}
	}
	return nil
}

func elementsIn(a *schema.Attribute) []xmlpatch.Path {
	var paths []xmlpatch.Path
	for _, elements := range a.Elements {
		paths = append(paths, document.Spellings(elements)...)
	}
	return paths
}

// presets are the paths of the elements below an item that hold a text, or of all without children.
func presets(e xmlpatch.Element, at xmlpatch.Path, all bool) []xmlpatch.Path {
	var paths []xmlpatch.Path
	if e.Text() != "" || all && len(e.Children()) == 0 {
		paths = append(paths, at)
	}
	for _, child := range e.Children() {
		paths = append(paths, presets(child, at.Child(child.Name()), all)...)
	}
	return paths
}

// edit makes one change in a document.
func edit(at document.Place, change providers.Change) error {
	paths := at.ItemPaths(change.Kind, change.Key)
	if len(paths) == 0 {
		return fmt.Errorf("the device %s: %w", at.Lacks(change.Kind, change.Key), providers.ErrUnsupported)
	}
	if change.After.IsNull() {
		return fmt.Errorf("it cannot be removed: %w", providers.ErrUnsupported)
	}
	for _, path := range paths {
		if err := editItem(at, path, change); err != nil {
			return err
		}
	}
	return nil
}

func editItem(at document.Place, item xmlpatch.Path, change providers.Change) error {
	for _, a := range change.Kind.Attributes {
		if want := change.After.GetAttr(a.Name); !want.IsNull() {
			if err := codec.Encode(at.Field(item, a), want); err != nil {
				return fmt.Errorf("%s: %w", a.Name, err)
			}
		}
	}
	return nil
}
