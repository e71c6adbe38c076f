package providertest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"

	"github.com/zclconf/go-cty/cty"

	"camform/providers"
	"camform/schema"
)

// trial is a session with a device and what is known of it at the moment.
type trial struct {
	provider providers.Provider
	kind     *schema.Kind // the kind that is tried
	login    providers.Credential
	volatile []string

	session providers.Session
	docs    providers.Documents
	items   map[string]providers.Items // of every kind that the device has
}

func (w *trial) run(session providers.Session, try func(*trial) error) error {
	defer session.Close()
	w.session = session
	if _, err := session.Identify(context.Background()); err != nil {
		return fmt.Errorf("identify: %w", err)
	}
	if err := w.refresh(); err != nil {
		return err
	}
	return try(w)
}

// refresh reads and decodes everything.
func (w *trial) refresh() error {
	w.session.Renew()
	w.docs, w.items = providers.Documents{}, map[string]providers.Items{}
	for _, path := range paths(w.provider) {
		doc, err := w.session.Read(context.Background(), path)
		if err != nil {
			return fmt.Errorf("read %s: %w", path, err)
		}
		w.docs[path] = doc
	}
	for _, kind := range w.provider.Kinds().All() {
		items, err := w.provider.Decode(kind, w.docs)
		switch {
		case errors.Is(err, providers.ErrUnsupported):
		case err != nil && kind == w.kind:
			return fmt.Errorf("decode: %w", err)
		case err == nil:
			w.items[kind.Name] = items
		}
	}
	return nil
}

// rejectsNothingUnknown: what is known later cannot be wrong yet.
func (w *trial) rejectsNothingUnknown() error {
	for _, key := range w.keys() {
		if errs := w.check(key, w.want(nil, cty.DynamicVal)); len(errs) > 0 {
			return fmt.Errorf("check of unknown values: %s", sprint(errs))
		}
	}
	return nil
}

func (w *trial) keys() []string { return slices.Sorted(maps.Keys(w.items[w.kind.Name])) }

func (w *trial) value(key string, a *schema.Attribute) cty.Value {
	return w.items[w.kind.Name][key].GetAttr(a.Name)
}

func (w *trial) check(key string, want cty.Value) []providers.AttributeError {
	return w.provider.Check(w.kind, w.docs, key, want)
}

// want is a setting with the given values. The other attributes are other: null to keep them, or unknown.
func (w *trial) want(values map[string]cty.Value, other cty.Value) cty.Value {
	all := map[string]cty.Value{}
	for _, a := range w.kind.Attributes {
		switch value, ok := values[a.Name]; {
		case ok:
			all[a.Name] = value
		case other.IsKnown():
			all[a.Name] = cty.NullVal(a.Type)
		default:
			all[a.Name] = cty.UnknownVal(a.Type)
		}
	}
	return cty.ObjectVal(all)
}

func (w *trial) only(a *schema.Attribute, value cty.Value) cty.Value {
	return w.want(map[string]cty.Value{a.Name: value}, cty.EmptyObjectVal)
}

// attribute changes an attribute of an item to every value that can be thought of and that the device takes, each time
// back to what it was. The password of the own login is left alone: the session would end with it.
func (w *trial) attribute(key string, a *schema.Attribute) error {
	if a.WriteOnly && key == w.login.Username {
		return nil
	}
	original, taken := w.value(key, a), 0
	for _, value := range candidates(a, original) {
		if !original.IsNull() && w.provider.Same(w.kind, a, value, original) || len(w.check(key, w.only(a, value))) > 0 {
			continue
		}
		taken++
		if err := w.change(key, a, value); err != nil {
			return fmt.Errorf("to %s: %w", show(a, value), err)
		}
		if err := w.restore(key, a, original); err != nil {
			return fmt.Errorf("from %s back: %w", show(a, value), err)
		}
	}
	if taken == 0 && original.IsNull() && !a.WriteOnly {
		return w.refuses(key, a)
	}
	return nil
}

// restore gives an attribute the value that it had, if it had one and the device would take it: factory settings can be
// outside the limits that a device sets for everybody else.
func (w *trial) restore(key string, a *schema.Attribute, original cty.Value) error {
	if original.IsNull() || len(w.check(key, w.only(a, original))) > 0 {
		return nil
	}
	if err := w.carryOut(key, w.only(a, original)); err != nil {
		return err
	}
	return w.reads(key, a, original)
}

// refuses: what Check says the device does not have is never composed either.
func (w *trial) refuses(key string, a *schema.Attribute) error {
	for _, value := range candidates(a, cty.NullVal(a.Type)) {
		if requests, err := w.compose(w.docs, key, w.only(a, value)); err == nil {
			return fmt.Errorf("what Check refuses, %s, is composed into %d requests", show(a, value), len(requests))
		}
	}
	return nil
}

// change makes one change and looks at everything that must be true then.
func (w *trial) change(key string, a *schema.Attribute, value cty.Value) error {
	want := w.only(a, value)
	before, docs := w.items, w.docs
	requests, err := w.compose(docs, key, want)
	if err != nil {
		return err
	}
	if len(requests) == 0 {
		return errors.New("it composes to no request")
	}
	if err := w.reversible(key, a, want, requests); err != nil {
		return err
	}
	if err := w.send(requests); err != nil {
		return err
	}
	if err := w.refresh(); err != nil {
		return err
	}
	if err := w.reads(key, a, value); err != nil {
		return err
	}
	if err := unchanged(before, w.items, w.kind.Name, key, a.Name); err != nil {
		return err
	}
	if a.WriteOnly {
		return nil
	}
	return w.nothingToDo(key, want)
}

// compose composes a change of one item. It must not touch the documents it was given.
func (w *trial) compose(docs providers.Documents, key string, want cty.Value) ([]providers.Request, error) {
	before := w.kind.Null()
	if have, ok := w.items[w.kind.Name][key]; ok {
		before = have
	}
	given := map[string]string{}
	for path, doc := range docs {
		given[path] = string(doc.Body)
	}
	requests, err := w.provider.Compose(providers.Composition{
		Documents: docs, Login: w.login,
		Changes: []providers.Change{{Kind: w.kind, Key: key, Before: before, After: want}},
	})
	for path, doc := range docs {
		if given[path] != string(doc.Body) {
			return nil, fmt.Errorf("compose changed the document %s that it was given", path)
		}
	}
	if err != nil {
		return nil, fmt.Errorf("compose: %w", err)
	}
	for _, request := range requests {
		if !slices.Contains(request.Keys, providers.Key{Kind: w.kind.Name, Key: key}) {
			return nil, fmt.Errorf("the request to %s does not name the setting", request.Path)
		}
	}
	return requests, nil
}

// reversible: of a document that is sent as a whole, nothing but the declared elements differs from what was read, and
// composing the old value leads back to the old bytes. The order of a set has no meaning, so what was removed from one
// need not come back to its place.
func (w *trial) reversible(key string, a *schema.Attribute, want cty.Value, requests []providers.Request) error {
	changed, _ := w.provider.DocumentPaths(w.kind)
	if len(requests) != 1 || requests[0].Path != changed {
		return nil
	}
	original, sent := w.docs[changed].Body, requests[0].Body
	if bytes.Equal(original, sent) {
		return errors.New("the request changes nothing")
	}
	if err := w.onlyDeclared(key, a, original, sent); err != nil {
		return err
	}
	old := w.value(key, a)
	if old.IsNull() || !keepsAll(want.GetAttr(a.Name), old) {
		return nil
	}
	docs := maps.Clone(w.docs)
	docs[changed] = providers.Document{Path: changed, Body: sent}
	back, err := w.compose(docs, key, w.only(a, old))
	if err != nil {
		return fmt.Errorf("back again: %w", err)
	}
	if len(back) != 1 || !bytes.Equal(w.still(back[0].Body), w.still(original)) {
		return errors.New("composing the old value does not lead back to the old bytes")
	}
	return nil
}

// keepsAll reports whether want has every member of have, if the two have members.
func keepsAll(want, have cty.Value) bool {
	if !have.CanIterateElements() {
		return true
	}
	return !slices.ContainsFunc(have.AsValueSlice(), func(member cty.Value) bool {
		return !slices.ContainsFunc(want.AsValueSlice(), member.RawEquals)
	})
}

func (w *trial) send(requests []providers.Request) error {
	for _, request := range requests {
		if _, err := w.session.Do(context.Background(), request); err != nil {
			return fmt.Errorf("%s %s: %w", request.Method, request.Path, err)
		}
	}
	return nil
}

// reads: the device has the value, or one that it is known to make of it.
func (w *trial) reads(key string, a *schema.Attribute, want cty.Value) error {
	item, ok := w.items[w.kind.Name][key]
	if !ok {
		return errors.New("the item is gone")
	}
	have := item.GetAttr(a.Name)
	switch {
	case a.WriteOnly && !have.IsNull():
		return errors.New("a write-only attribute is read back")
	case a.WriteOnly:
		return nil
	case have.IsNull():
		return errors.New("it reads as null then")
	case !w.provider.Same(w.kind, a, want, have) && !w.provider.Rewritten(w.kind, a, want, have):
		return fmt.Errorf("it reads as %s then", show(a, have))
	}
	return nil
}

// nothingToDo: a change that was made composes to nothing, unless the device rewrote it.
func (w *trial) nothingToDo(key string, want cty.Value) error {
	for _, a := range w.kind.Attributes {
		value := want.GetAttr(a.Name)
		if have := w.items[w.kind.Name][key].GetAttr(a.Name); !value.IsNull() && w.provider.Rewritten(w.kind, a, value, have) {
			return nil
		}
	}
	requests, err := w.compose(w.docs, key, want)
	if err != nil {
		return fmt.Errorf("once more: %w", err)
	}
	if len(requests) > 0 {
		return errors.New("the same change composes to another request")
	}
	return nil
}

// unchanged compares all settings but one attribute of one of them.
func unchanged(before, after map[string]providers.Items, kind, key, attribute string) error {
	for _, name := range slices.Sorted(maps.Keys(before)) {
		for _, k := range slices.Sorted(maps.Keys(before[name])) {
			then, ok := after[name][k]
			if !ok {
				return fmt.Errorf("%s %q is gone", name, k)
			}
			for a, value := range before[name][k].AsValueMap() {
				if name == kind && k == key && a == attribute {
					continue
				}
				if !value.RawEquals(then.GetAttr(a)) {
					return fmt.Errorf("%s %q changed its %s", name, k, a)
				}
			}
		}
		if len(after[name]) > len(before[name]) {
			return fmt.Errorf("there are more items of %s", name)
		}
	}
	return nil
}

// life creates an item, changes each of its attributes, and deletes it. A device that takes no further item is left alone.
func (w *trial) life() error {
	const key = "probe"
	values := map[string]cty.Value{}
	for _, a := range w.kind.Attributes {
		if a.Required {
			values[a.Name] = w.acceptable(key, a)
		}
	}
	want := w.want(values, cty.EmptyObjectVal)
	if len(w.check(key, want)) > 0 {
		return nil
	}
	before := w.items
	if err := w.carryOut(key, want); err != nil {
		return fmt.Errorf("create: %w", err)
	}
	for _, a := range w.kind.Attributes {
		if value, ok := values[a.Name]; ok {
			if err := w.reads(key, a, value); err != nil {
				return fmt.Errorf("create: %s: %w", a.Name, err)
			}
		}
	}
	for _, a := range w.kind.Attributes {
		have := w.items[w.kind.Name][key].GetAttr(a.Name)
		for _, value := range candidates(a, have) {
			if value.RawEquals(values[a.Name]) || len(w.check(key, w.only(a, value))) > 0 {
				continue
			}
			if err := w.change(key, a, value); err != nil {
				return fmt.Errorf("update of %s: %w", a.Name, err)
			}
			break
		}
	}
	if err := w.carryOut(key, w.kind.Null()); err != nil {
		return fmt.Errorf("delete: %w", err)
	}
	if _, ok := w.items[w.kind.Name][key]; ok {
		return errors.New("delete: the item is still there")
	}
	return unchanged(before, w.items, w.kind.Name, key, "")
}

// acceptable is the first value of an attribute that the device takes, or null.
func (w *trial) acceptable(key string, a *schema.Attribute) cty.Value {
	for _, value := range candidates(a, cty.NullVal(a.Type)) {
		if len(w.check(key, w.only(a, value))) == 0 {
			return value
		}
	}
	return cty.NullVal(a.Type)
}

func (w *trial) carryOut(key string, want cty.Value) error {
	requests, err := w.compose(w.docs, key, want)
	if err != nil {
		return err
	}
	if len(requests) == 0 {
		return errors.New("it composes to no request")
	}
	if err := w.send(requests); err != nil {
		return err
	}
	return w.refresh()
}

func show(a *schema.Attribute, value cty.Value) string {
	if a.Secret {
		return providers.Blank
	}
	return fmt.Sprintf("%#v", value)
}
