// Package hikvision is the provider for cameras and recorders of Hikvision and its secondary brands, which speak ISAPI:
// XML documents over HTTP.
//
// The setting files of package schema/hikvision say where every attribute lies; package document finds the place, package
// codec reads and writes the value there, and hooks do what rows cannot say.
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
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/zclconf/go-cty/cty"

	"camform/providers"
	"camform/providers/hikvision/cipher"
	"camform/providers/hikvision/codec"
	"camform/providers/hikvision/document"
	"camform/providers/hikvision/hook"
	"camform/providers/hikvision/isapi"
	"camform/providers/hikvision/reach"
	"camform/providers/hikvision/xmlpatch"
	"camform/schema"
	files "camform/schema/hikvision"
)

// Provider implements providers.Provider for ISAPI devices. It is safe for concurrent use.
type Provider struct {
	kinds   *schema.Kinds
	options isapi.Options
}

// New makes a provider whose sessions use the options, with the kinds that come with the program.
func New(options isapi.Options) *Provider {
	provider, diags := NewWith(options)
	if diags.HasErrors() {
		panic("the setting files of the program are wrong: " + diags.Error())
	}
	return provider
}

// NewWith makes a provider that has the kinds of further setting files, too. What is wrong with those comes back with the
// provider, which lacks the kinds that are wrong.
func NewWith(options isapi.Options, further ...schema.Folder) (*Provider, hcl.Diagnostics) {
	folders := []schema.Folder{{Files: files.Files}}
	for _, folder := range further {
		folder.Own = true
		folders = append(folders, folder)
	}
	kinds, diags := schema.Read(usable, folders...)
	kinds.Acts = reach.Acts
	p := &Provider{kinds: kinds, options: options}
	for _, kind := range kinds.All() {
		kind.Composed = hook.All[kind.Hooks].Compose != nil
		if !reach.IsOutsider(kind) {
			continue
		}
		kind.Floor = func(key string) schema.Risk { return reach.Floor(kind, key) }
		kind.Carries = func(key string) bool { return p.owners().Carries(kind, key) }
		kind.Refuses = func(key string) []string { return p.owners().Refuses(kind, key) }
		if !kind.Own {
			continue
		}
		if !kind.Document.PerItem() {
			kind.Risk = kind.RiskOf(schema.KeyHole) // the same for all items, and shown
		}
		if wrong := p.owners().Overreaches(kind); len(wrong) > 0 {
			diags = append(diags, kind.Diagnose(wrong)...)
			p.kinds = p.kinds.Without(kind.Name)
		}
	}
	return p, diags
}

// owners knows which kind manages what.
func (p *Provider) owners() reach.Owners { return reach.OwnersOf(p.kinds) }

// Kinds are the kinds of the setting files.
func (p *Provider) Kinds() *schema.Kinds { return p.kinds }

// OpenReader prepares to read from a device. See package isapi.
func (p *Provider) OpenReader(target providers.Target) providers.Reader {
	return isapi.OpenReader(target, p.options)
}

// Open prepares to read from a device and to change it. The session is a providers.Authenticator too.
func (p *Provider) Open(target providers.Target) providers.Session {
	return isapi.Open(target, p.options)
}

// Decode reads the settings of a kind. Of a keyed kind with a list of keys, only those keys are in the result, and items that are
// called by words have the spelling of the file, or of the keys that are asked for, whatever the device writes; entries
// without a key are left out, and of several with the same key the first counts. The error is ErrUnsupported where the
// device has neither the document nor, for a kind that it has once, the entry; ErrMalformed where what it sent cannot be
// understood, naming the element.
//
// No text in the result repeats the password of the login with which a document was read.
func (p *Provider) Decode(kind *schema.Kind, keys []string, docs providers.Documents) (providers.Items, error) {
	if kind.Document.PerItem() {
		return decodeEach(kind, keys, docs)
	}
	at, err := document.Open(kind, docs, "")
	if err != nil {
		return nil, err
	}
	if kind.Keyed {
		asked := keys
		keys = at.ItemKeys(kind, asked...)
		for _, key := range p.Unlisted(kind, asked, docs) {
			if alone, err := document.Open(kind, docs, key); err == nil && alone.IsAlone() {
				keys = append(keys, key)
			}
		}
	} else {
		keys = []string{""}
	}
	items := providers.Items{}
	if kind.Again != nil && len(at.ItemPaths(kind, "")) == 0 && !kind.Keyed {
		return items, nil // somebody deleted the only one
	}
	for _, key := range keys {
		if len(kind.Keys) > 0 && !slices.Contains(kind.Keys, key) {
			continue
		}
		at := at
		if alone, err := document.Open(kind, docs, key); err == nil && alone.IsAlone() {
			at = alone
		}
		item, err := decodeItem(kind, at, key)
		if err != nil {
			return nil, docs[at.Path].Hide.Error(err)
		}
		items[key] = discreet(kind, item, docs[at.Path].Hide)
	}
	return items, nil
}

// Unlisted are keys that fit into a path, of kinds whose setting file says where a device may serve them.
func (p *Provider) Unlisted(kind *schema.Kind, keys []string, docs providers.Documents) []string {
	if kind.Item == nil || kind.Item.Alone == "" {
		return nil
	}
	at, err := document.Open(kind, docs, "")
	if err != nil {
		return nil
	}
	return slices.DeleteFunc(slices.Clone(keys), func(key string) bool {
		return len(at.ItemPaths(kind, key)) > 0 || !plainID.MatchString(key) || strings.Trim(key, ".") == ""
	})
}

// Omitted are entries without a key, with one that the kind does not list and no other kind has, or with the key of one before
// them; of a kind that has the first entry of a list, the others; and lists that have an entry of an unknown form.
func (p *Provider) Omitted(kind *schema.Kind, docs providers.Documents) []providers.Omission {
	at, err := document.Open(kind, docs, "")
	if err != nil {
		return nil
	}
	if kind.Item == nil || at.Within != "" {
		return unreadLists(kind, at, "")
	}
	if n := len(at.Doc.All(at.Entries(kind))); !kind.Keyed {
		if kind.Item.Key != "" || n < 2 {
			return unreadLists(kind, at, "")
		}
		return []providers.Omission{{Why: fmt.Sprintf("for all but the first of %d entries, because camform manages only that", n)}}
	}
	var omitted []providers.Omission
	seen := map[string]bool{}
	for _, label := range at.Labels(kind) {
		switch {
		case label == "":
			omitted = append(omitted, providers.Omission{Why: "for an entry without a name"})
		case len(kind.Keys) > 0 && !slices.Contains(kind.Keys, label):
			if !p.hasEntry(kind.Document.Path, label) {
				omitted = append(omitted, providers.Omission{Key: label, Why: "because camform knows no " + kind.Name + " of this name"})
			}
		case seen[label]:
			omitted = append(omitted, providers.Omission{Key: label, Why: "for a later entry of the same name, because camform manages the first"})
		default:
			omitted = append(omitted, unreadLists(kind, at, label)...)
		}
		seen[label] = true
	}
	return omitted
}

// unreadLists are the attributes of an item that are lists with entries, all unread: one is of a form that camform does
// not know, such as a range.
func unreadLists(kind *schema.Kind, at document.Place, key string) []providers.Omission {
	var unread []providers.Omission
	for _, path := range at.ItemPaths(kind, key) {
		for _, a := range kind.Attributes {
			entry, f := codec.Of(a).Entry, at.Field(path, a)
			if entry == 0 || f.Idle() != "" || len(f.Doc.All(f.Path(entry))) == 0 {
				continue
			}
			if value, err := codec.Decode(f); err == nil && value.IsNull() {
				unread = append(unread, providers.Omission{
					Key: key, Attribute: a.Name, Why: "because the list has an entry in a form that camform does not know, so camform leaves the list alone",
				})
			}
		}
	}
	return unread
}

// hasEntry reports whether a kind that a device has once is the entry of that name in a document.
func (p *Provider) hasEntry(path, label string) bool {
	return slices.ContainsFunc(p.kinds.All(), func(kind *schema.Kind) bool {
		return kind.Document.Path == path && kind.Item != nil && kind.Item.Equals != "" && kind.Item.Named([]string{label}, kind.Item.Equals) == 0
	})
}

// discreet is a setting without the secrets that the texts of a device repeat.
func discreet(kind *schema.Kind, item cty.Value, hide *providers.Redactor) cty.Value {
	if hide == nil {
		return item
	}
	values := item.AsValueMap()
	for _, a := range kind.Attributes {
		values[a.Name] = blanked(values[a.Name], hide)
	}
	return cty.ObjectVal(values)
}

// blanked is a value without them: a text, or a list or set of texts.
func blanked(v cty.Value, hide *providers.Redactor) cty.Value {
	switch {
	case v.IsNull() || !v.IsKnown():
	case v.Type() == cty.String:
		if text := hide.Blank(v.AsString()); text != v.AsString() {
			return cty.StringVal(text)
		}
	case v.Type().IsCollectionType() && v.LengthInt() > 0 && v.Type().ElementType() == cty.String:
		var texts []cty.Value
		for _, element := range v.AsValueSlice() {
			texts = append(texts, blanked(element, hide))
		}
		if v.Type().IsSetType() {
			return cty.SetVal(texts)
		}
		if v.Type().IsListType() {
			return cty.ListVal(texts)
		}
	}
	return v
}

// decodeEach reads items that each live in a document of their own. The device lacks the kind if it lacks all of them.
func decodeEach(kind *schema.Kind, keys []string, docs providers.Documents) (providers.Items, error) {
	items := providers.Items{}
	var missing error
	for _, key := range keys {
		at, err := document.Open(kind, docs, key)
		var item cty.Value
		if err == nil {
			item, err = decodeItem(kind, at, key)
		}
		switch {
		case errors.Is(err, providers.ErrUnsupported):
			missing = err
		case err != nil:
			return nil, docs[at.Path].Hide.Error(err)
		default:
			items[key] = discreet(kind, item, docs[at.Path].Hide)
		}
	}
	if len(items) == 0 && missing != nil {
		return nil, missing
	}
	return items, nil
}

func decodeItem(kind *schema.Kind, at document.Place, key string) (cty.Value, error) {
	paths := at.ItemPaths(kind, key)
	if len(paths) == 0 {
		return cty.NilVal, fmt.Errorf("the device %s: %w", at.Lacks(kind, key), providers.ErrUnsupported)
	}
	values := make(map[string]cty.Value, len(kind.Attributes))
	for _, a := range kind.Attributes {
		value, err := decodeAlike(at, paths, a)
		if err != nil {
			return cty.NilVal, fmt.Errorf("%s.%s: %w", kind.Name, a.Name, err)
		}
		values[a.Name] = a.Conceal(value)
	}
	return cty.ObjectVal(values), nil
}

// decodeAlike reads an attribute that is set in many places alike. Where they differ, a text names all that there are, so
// that it is like none that could be wanted.
func decodeAlike(at document.Place, paths []xmlpatch.Path, a *schema.Attribute) (cty.Value, error) {
	first, err := codec.Decode(at.Field(paths[0], a))
	if err != nil {
		return first, err
	}
	texts := []string{}
	for _, path := range paths[1:] {
		other, err := codec.Decode(at.Field(path, a))
		if err != nil {
			return other, err
		}
		if a.Type != cty.String || first.IsNull() || other.IsNull() || other.RawEquals(first) {
			continue
		}
		if text := other.AsString(); !slices.Contains(texts, text) {
			texts = append(texts, text)
		}
	}
	if len(texts) == 0 {
		return first, nil
	}
	return cty.StringVal(document.List(append([]string{first.AsString()}, texts...))), nil
}

// Check compares want with what the device says about its elements, by attribute in the order of the setting file. A want
// that is null as a whole is a removal. Values that are unknown are not looked at, and those that the device has already
// are never wrong. Details never show the value of a secret.
func (p *Provider) Check(kind *schema.Kind, docs providers.Documents, key string, want cty.Value) []providers.AttributeError {
	wrong := p.check(kind, docs, key, want)
	for _, place := range kind.Documents() {
		hide := docs[place.For(key).Path].Hide
		for i, e := range wrong {
			wrong[i].Detail = hide.Blank(e.Detail)
		}
	}
	return wrong
}

// CheckAlone looks at the form of values, such as hosts, addresses, receivers and time zones, and at routers that their interface
// cannot reach.
func (p *Provider) CheckAlone(kind *schema.Kind, want cty.Value) []providers.AttributeError {
	want, _ = want.UnmarkDeep()
	if want.IsNull() || !want.IsKnown() {
		return nil
	}
	var wrong []providers.AttributeError
	for _, a := range kind.Attributes {
		wrong = append(wrong, document.About(a.Name, codec.Form(a, want.GetAttr(a.Name)))...)
	}
	return append(wrong, astray(kind, want, func(a *schema.Attribute) cty.Value { return cty.NullVal(a.Type) })...)
}

func (p *Provider) check(kind *schema.Kind, docs providers.Documents, key string, want cty.Value) []providers.AttributeError {
	want, _ = want.UnmarkDeep()
	if reasons := refusals(kind, key); len(reasons) > 0 {
		return document.About("", reasons)
	}
	at, err := document.Open(kind, docs, key)
	switch {
	case errors.Is(err, providers.ErrUnsupported):
		return document.About("", document.Sentence("This device does not have it: %s.", document.Quote(missingOf(kind, docs, key))))
	case err != nil:
		return document.About("", document.Sentence("What the device sent cannot be understood: %s.", err))
	}
	if wrong := p.owners().Trespasses(kind, at, key); len(wrong) > 0 || !want.IsKnown() {
		return wrong
	}
	if schema.IsEscaped(key) && kind.Item != nil && !want.IsNull() && !slices.Contains(at.ItemKeys(kind), key) {
		return document.About("", document.Sentence(codec.NoCharacters))
	}
	withheld := withheld(p.kinds, kind, at, key, want)
	if check := hook.All[kind.Hooks].Check; check != nil {
		return append(check(kind, at, key, want), withheld...)
	}
	paths := at.ItemPaths(kind, key)
	switch {
	case len(paths) == 0 && kind.Again != nil && !want.IsNull():
		return checkAgain(kind, at, key, want)
	case len(paths) == 0 && !kind.Creatable():
		return document.About("", document.Sentence("This device %s.", at.Lacks(kind, key)))
	case len(paths) == 0:
		return checkNew(kind, at, key, want)
	case want.IsNull() && !kind.Creatable():
		return document.About("", document.Sentence("This device does not allow its removal."))
	case want.IsNull():
		return nil
	}
	wrong := append(checkItem(kind, at, paths, want), withheld...)
	return append(wrong, forgetful(kind, at, paths[0], want)...)
}

// missingOf is why a device does not have a kind: what it answered for the document, or for the names in it.
func missingOf(kind *schema.Kind, docs providers.Documents, key string) string {
	why := docs[kind.Document.For(key).Path].Missing
	if why == "" && kind.Item != nil && kind.Item.Names != nil {
		why = docs[kind.Item.Names.Path].Missing
	}
	return why
}

// forgetful finds secrets that the device holds, that it never shows, and that are not given: what becomes of one when the
// document is written without it is unproven for every document.
func forgetful(kind *schema.Kind, at document.Place, item xmlpatch.Path, want cty.Value) []providers.AttributeError {
	var wrong []providers.AttributeError
	then := then(at, kind, []xmlpatch.Path{item}, want)
	for _, a := range kind.Attributes {
		idle := document.Field{Doc: then, Item: item, Attribute: a, Limits: at.Limits}.Idle() != ""
		if a.Holder == "" || idle || undecided(kind, a, want) || !want.GetAttr(a.Name).IsNull() {
			continue
		}
		holder, _ := at.Doc.Find(item.Join(xmlpatch.MustPath(a.Holder)))
		if !document.Holds(holder.Text()) || at.Field(item, a).IsMasked() {
			continue
		}
		wrong = append(wrong, providers.AttributeError{Attribute: a.Name, Unproven: true, Held: true, Detail: fmt.Sprintf(
			"The device holds a %s here that it never shows. Whether it survives a write without it is unproven. Give it, too.", a.Name)})
	}
	return wrong
}

// Same compares by the codec of the attribute: texts without the white space around them, words without regard to case,
// addresses, sets of addresses and time zones by what they mean. Marks are ignored.
func (p *Provider) Same(_ *schema.Kind, attribute *schema.Attribute, want, have cty.Value) bool {
	want, _ = want.UnmarkDeep()
	have, _ = have.UnmarkDeep()
	return codec.Same(attribute, want, have)
}

// Rewritten is true for a time zone without daylight saving where the device, as DVRs do, has the same offset with the
// rules of the vendor.
func (p *Provider) Rewritten(_ *schema.Kind, attribute *schema.Attribute, want, have cty.Value) bool {
	rewritten := codec.Of(attribute).Rewritten
	return rewritten != nil && rewritten(want, have)
}

// Observe reads elements of a document; element is a path of package xmlpatch. It is ErrInvalid where they hold secrets, or
// where the path chooses entries by one: what a check knows, it can tell.
func (p *Provider) Observe(doc providers.Document, element string) ([]string, error) {
	path, err := xmlpatch.ParsePath(element)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", err, providers.ErrInvalid)
	}
	if doc.Missing != "" {
		return nil, doc.NotThere()
	}
	parsed, err := document.Parse(doc.Body)
	if err != nil {
		return nil, fmt.Errorf("%s: %w: %w", doc.Path, err, providers.ErrMalformed)
	}
	if len(parsed.Root().Children()) == 0 {
		return nil, doc.Empty()
	}
	var texts []string
	secrets := secretsIn(p.kinds, doc.Path)
	for _, e := range parsed.All(path) {
		if !document.SaysNothing(e.Text()) && (document.LeadsToSecret(element) || secrets.hold(e)) {
			return nil, fmt.Errorf("%s of %s holds a secret, which a check cannot read: %w", path, doc.Path, providers.ErrInvalid)
		}
		texts = append(texts, doc.Hide.Blank(e.Text()))
	}
	return texts, nil
}

// usable finds what only this provider can find wrong in a setting file: codecs and hooks that it does not have, and paths
// of elements that it cannot read.
func usable(kind *schema.Kind) []schema.Fault {
	var faults []schema.Fault
	wrong := func(part, summary, format string, args ...any) {
		faults = append(faults, schema.Fault{Part: part, Summary: summary, Detail: fmt.Sprintf(format, args...)})
	}
	if _, ok := hook.All[kind.Hooks]; !ok {
		wrong("hooks", "Unknown hooks", "There are no hooks called %q.", kind.Hooks)
	}
	if template := kind.Template(); template != "" {
		if _, err := document.Parse([]byte(template)); err != nil {
			part := "write.new"
			if kind.Again != nil {
				part = "again.new"
			}
			wrong(part, "New item not possible", "new cannot be parsed: %s.", err)
		}
	}
	faults = append(faults, codec.Faults(kind)...)
	for _, a := range kind.Attributes {
		for _, named := range kind.Elements(a) {
			if !a.Secret && a.Type != cty.Bool && document.LeadsToSecret(named.Path) {
				wrong(named.Part, "Secret that would be shown", "The name of %s says that it holds a secret. Write secret = true, or write_only = true where devices never return it.", named.Path)
			}
		}
	}
	for _, named := range kind.ElementPaths() {
		for spelling := range strings.SplitSeq(named.Path, "|") {
			if _, err := xmlpatch.ParsePath(strings.TrimSpace(spelling)); err != nil {
				wrong(named.Part, "Path of an element not possible", "%s.", err)
			}
		}
	}
	return faults
}

// refusals say, in sentences, why an item must not be written; there are none for nearly all.
func refusals(kind *schema.Kind, key string) []string {
	if kind.Refuses == nil {
		return nil
	}
	return kind.Refuses(key)
}

// Enciphers reads what the device says of its ciphers among the limits of the kind.
func (p *Provider) Enciphers(kind *schema.Kind, docs providers.Documents) bool {
	return len(kind.Enciphers) > 0 && slices.ContainsFunc(kind.Document.Capabilities, func(path string) bool {
		return cipher.Offers(docs[path].Body)
	})
}
