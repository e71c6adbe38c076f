package providertest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strconv"

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
	known    func(*schema.Kind) []string                    // items that the harness knows; nil for none
	named    func(*schema.Kind, *schema.Attribute) []string // names that the harness knows; nil for none
	limits   providers.Documents                            // documents that give limits, as the device has them in all trials
	readings map[string]reading                             // what was read of each kind the last time, in any trial

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
	w.docs = providers.Documents{}
	return w.decode()
}

// refreshOwn reads what the kind that is tried lives in, and decodes everything that lives there too.
func (w *trial) refreshOwn() error {
	w.docs = maps.Clone(w.docs)
	for path := range w.readings[w.kind.Name].docs {
		delete(w.docs, path)
	}
	return w.decode()
}

// decode reads the documents that are not there, and decodes them all.
func (w *trial) decode() error {
	w.session.Renew()
	w.items = map[string]providers.Items{}
	for _, kind := range w.provider.Kinds().All() {
		r, err := w.readKind(kind)
		switch {
		case err != nil:
			return err
		case errors.Is(r.err, providers.ErrUnsupported):
		case r.err != nil && kind == w.kind:
			return fmt.Errorf("decode: %w", r.err)
		case r.err == nil:
			w.items[kind.Name] = r.items
		}
	}
	return nil
}

// reading is what documents were decoded to.
type reading struct {
	docs  providers.Documents
	items providers.Items
	err   error
}

// readKind reads and decodes a kind. Documents that are the same as the last time are not decoded once more.
func (w *trial) readKind(kind *schema.Kind) (reading, error) {
	used := providers.Documents{}
	note := func(read func(string) (providers.Document, error)) func(string) (providers.Document, error) {
		return func(path string) (providers.Document, error) {
			doc, err := read(path)
			used[path] = doc
			return doc, err
		}
	}
	if err := providers.ReadKind(kind, w.itemsOf(kind), note(w.read), note(w.readLimits)); err != nil {
		return reading{}, err
	}
	last, ok := w.readings[kind.Name]
	if ok && maps.EqualFunc(last.docs, used, func(a, b providers.Document) bool {
		return a.Missing == b.Missing && bytes.Equal(a.Body, b.Body)
	}) {
		return last, nil
	}
	items, err := w.provider.Decode(kind, w.itemsOf(kind), w.docs)
	for key, item := range items {
		for _, a := range kind.Attributes {
			if v := item.GetAttr(a.Name); err == nil && !v.RawEquals(a.Conceal(v)) {
				err = fmt.Errorf("%s is a text in %s, not a schema.Secret", a.Name, schema.Setting{Kind: kind.Name, Key: key}.Local())
			}
		}
	}
	w.readings[kind.Name] = reading{used, items, err}
	return w.readings[kind.Name], nil
}

// read reads a document once.
func (w *trial) read(path string) (providers.Document, error) {
	if doc, ok := w.docs[path]; ok {
		return doc, nil
	}
	doc, err := w.session.Read(context.Background(), path)
	if err != nil {
		return doc, fmt.Errorf("read %s: %w", path, err)
	}
	w.docs[path] = doc
	return doc, nil
}

// readLimits reads a document that gives limits. They do not change, so each is read from a device only once.
func (w *trial) readLimits(path string) (providers.Document, error) {
	if doc, ok := w.limits[path]; ok {
		w.docs[path] = doc
		return doc, nil
	}
	doc, err := w.read(path)
	if err == nil {
		w.limits[path] = doc
	}
	return doc, err
}

// itemsOf are the items of a kind that have to be asked for.
func (w *trial) itemsOf(kind *schema.Kind) []string {
	if !kind.Document.PerItem() {
		return nil
	}
	keys := slices.Clone(kind.Keys)
	if w.known != nil {
		keys = append(keys, w.known(kind)...)
	}
	return keys
}

// candidates are values to try for an attribute: names of what the device has, where the harness knows that it takes no others.
func (w *trial) candidates(a *schema.Attribute, have cty.Value) []cty.Value {
	if w.named != nil {
		if names := w.named(w.kind, a); len(names) > 0 {
			return texts(names)
		}
	}
	return candidates(a, have)
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
			all[a.Name] = a.Conceal(value)
		case other.IsKnown():
			all[a.Name] = cty.NullVal(a.Type)
		default:
			all[a.Name] = cty.UnknownVal(a.Type)
		}
	}
	return cty.ObjectVal(all)
}

// only is a setting in which one attribute has a value, together with the secrets that the provider wants beside any change.
func (w *trial) only(key string, a *schema.Attribute, value cty.Value) cty.Value {
	values := map[string]cty.Value{a.Name: value}
	for _, e := range w.check(key, w.alone(a, value)) {
		if b := w.kind.Attribute(e.Attribute); e.Unproven && b != nil && b != a && b.WriteOnly {
			values[b.Name] = cty.StringVal("Sample-2468")
		}
	}
	return w.want(values, cty.EmptyObjectVal)
}

// alone is a setting in which one attribute has a value.
func (w *trial) alone(a *schema.Attribute, value cty.Value) cty.Value {
	return w.want(map[string]cty.Value{a.Name: value}, cty.EmptyObjectVal)
}

// attribute changes an attribute of an item to every value that can be thought of and that the device takes, or as many as
// most of them, each time back to what it was. The password of the own login is left alone: the session would end with it.
func (w *trial) attribute(key string, a *schema.Attribute, most int) error {
	if a.WriteOnly && key == w.login.Username {
		return nil
	}
	original, taken := w.value(key, a), 0
	for _, value := range w.candidates(a, original) {
		if !original.IsNull() && w.provider.Same(w.kind, a, value, original) || len(w.check(key, w.only(key, a, value))) > 0 {
			continue
		}
		if taken++; taken > most {
			break
		}
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

// moving are the names of the attributes that a change of one may change: itself, and those that depend on it.
func (w *trial) moving(a *schema.Attribute) []string {
	names := []string{a.Name}
	for _, other := range w.kind.Attributes {
		if other.DependsOn(a) {
			names = append(names, other.Name)
		}
	}
	return names
}

// restore gives an attribute the value that it had, if it had one and the device would take it: factory settings can be
// outside the limits that a device sets for everybody else.
func (w *trial) restore(key string, a *schema.Attribute, original cty.Value) error {
	if original.IsNull() || len(w.check(key, w.only(key, a, original))) > 0 {
		return nil
	}
	if err := w.carryOut(key, w.only(key, a, original), w.refreshOwn); err != nil {
		return err
	}
	return w.reads(key, a, original)
}

// refuses: what Check says the device does not have is never composed either.
func (w *trial) refuses(key string, a *schema.Attribute) error {
	for _, value := range w.candidates(a, cty.NullVal(a.Type)) {
		if requests, err := w.compose(w.docs, key, w.only(key, a, value)); err == nil {
			return fmt.Errorf("what Check refuses, %s, is composed into %d requests", show(a, value), len(requests))
		}
	}
	return nil
}

// change makes one change and looks at everything that must be true then.
func (w *trial) change(key string, a *schema.Attribute, value cty.Value) error {
	want := w.only(key, a, value)
	before, docs := w.independent(), w.docs
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
	if err := unchanged(before, w.items, w.kind.Name, key, w.moving(a)...); err != nil {
		return err
	}
	if changed := w.changed(docs, key).Path; w.kind.Write != nil && changed != "" {
		if err := w.onlyDeclared(key, a, docs[changed].Body, w.docs[changed].Body); err != nil {
			return err
		}
	}
	if a.WriteOnly {
		return nil
	}
	return w.nothingToDo(key, w.alone(a, value))
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
// composing the old value leads back to the old bytes, unless a secret had to be sent along. The order of a set has no meaning, so what was removed from one
// need not come back to its place.
func (w *trial) reversible(key string, a *schema.Attribute, want cty.Value, requests []providers.Request) error {
	place := w.changed(w.docs, key)
	changed := place.Path
	if len(requests) != 1 || requests[0].Path != changed || w.kind.WriteIn(place) != nil {
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
	if w.kind.SendsLogin { // beside what was read
		return nil
	}
	if old.IsNull() || !keepsAll(want.GetAttr(a.Name), old) || !want.RawEquals(w.alone(a, want.GetAttr(a.Name))) {
		return nil
	}
	docs := maps.Clone(w.docs)
	docs[changed] = providers.Document{Path: changed, Body: sent}
	back, err := w.compose(docs, key, w.only(key, a, old))
	if err != nil {
		return fmt.Errorf("back again: %w", err)
	}
	if len(back) != 1 || !bytes.Equal(w.still(back[0].Body), w.still(original)) {
		return errors.New("composing the old value does not lead back to the old bytes")
	}
	return nil
}

// changed is the document of an item that is changed: the first place that the device has. It is zero for none.
func (w *trial) changed(docs providers.Documents, key string) schema.Document {
	for _, place := range append([]schema.Document{w.kind.Document}, w.kind.Elsewhere...) {
		place = place.For(key)
		if doc, ok := docs[place.Path]; ok && doc.Missing == "" {
			return place
		}
	}
	return schema.Document{}
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

// independent are the items of all kinds but of those that come and go with items of the kind that is tried, as the rights
// of accounts do.
func (w *trial) independent() map[string]providers.Items {
	items := maps.Clone(w.items)
	for _, kind := range w.provider.Kinds().All() {
		if kind.Item != nil && kind.Item.Names != nil && kind.Item.Names.Path == w.kind.Document.Path {
			delete(items, kind.Name)
		}
	}
	return items
}

// unchanged compares all settings but some attributes of one of them.
func unchanged(before, after map[string]providers.Items, kind, key string, attributes ...string) error {
	for _, name := range slices.Sorted(maps.Keys(before)) {
		for _, k := range slices.Sorted(maps.Keys(before[name])) {
			then, ok := after[name][k]
			if !ok {
				return fmt.Errorf("%s %q is gone", name, k)
			}
			for a, value := range before[name][k].AsValueMap() {
				if name == kind && k == key && slices.Contains(attributes, a) {
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
	key := w.freshKey()
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
	before := w.independent()
	if err := w.carryOut(key, want, w.refresh); err != nil {
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
		for _, value := range w.candidates(a, have) {
			if value.RawEquals(values[a.Name]) || len(w.check(key, w.only(key, a, value))) > 0 {
				continue
			}
			if err := w.change(key, a, value); err != nil {
				return fmt.Errorf("update of %s: %w", a.Name, err)
			}
			break
		}
	}
	if err := w.carryOut(key, w.kind.Null(), w.refresh); err != nil {
		return fmt.Errorf("delete: %w", err)
	}
	if _, ok := w.items[w.kind.Name][key]; ok {
		return errors.New("delete: the item is still there")
	}
	return unchanged(before, w.items, w.kind.Name, key)
}

// freshKey is a key that the kind allows and that no item has: a word, or the next number where keys are numbers, which a
// device would give too.
func (w *trial) freshKey() string {
	const word = "probe"
	if regexp.MustCompile("^(?:"+w.kind.KeyPattern+")$").MatchString(word) || w.kind.KeyPattern == "" {
		return word
	}
	next := 1
	for _, key := range w.keys() {
		if n, err := strconv.Atoi(key); err == nil {
			next = max(next, n+1)
		}
	}
	return strconv.Itoa(next)
}

// acceptable is the first value of an attribute that the device takes, or null.
func (w *trial) acceptable(key string, a *schema.Attribute) cty.Value {
	for _, value := range w.candidates(a, cty.NullVal(a.Type)) {
		if len(w.check(key, w.only(key, a, value))) == 0 {
			return value
		}
	}
	return cty.NullVal(a.Type)
}

// carryOut makes a change without looking at the result, and refreshes what is known.
func (w *trial) carryOut(key string, want cty.Value, refresh func() error) error {
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
	return refresh()
}

func show(a *schema.Attribute, value cty.Value) string {
	if a.Secret {
		return schema.Blank
	}
	return fmt.Sprintf("%#v", value)
}
