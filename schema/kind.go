package schema

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/hashicorp/hcl/v2"
	"github.com/zclconf/go-cty/cty"
)

// Kind is a kind of setting, such as `https` or `user`, as its setting file describes it.
type Kind struct {
	Name       string     // the block type in a configuration
	Summary    string     // one line
	Doc        string     // paragraphs, Markdown
	Source     string     // where the facts about devices come from
	Confidence Confidence // how well they are known

	// Keyed kinds take a label, which is the key of one item: `user "operator"`. Keys lists the labels that exist; empty
	// means any.
	Keyed      bool
	Entries    bool // whether entries of a list without a key of their own count, too, see EntryKey
	Keys       []string
	KeyPattern string // regular expression that labels match as a whole; empty for any
	KeyDoc     string
	KeyExample string

	// Refuses says, in sentences, why an item must not be written whatever a device says; nil if there is no such key. The
	// provider sets it.
	Refuses func(key string) []string

	Document  Document   // the document that the setting lives in
	Elsewhere []Document // where it lives on devices that lack the first, in the order to try
	Item      *Item      // which part of it, when it is a list; nil means the whole document
	Write     *Write     // how it is sent; nil means that the whole document is put back where it came from
	Again     *Again     // how an entry is made again that somebody deleted; nil where camform makes none, or all of them
	Sees      *Sees      // where the device tells at which address it sees a client; nil if it does not
	Clock     *Clock     // where the device tells its clock, of a kind that decides where that comes from; nil for any other
	Sessions  *Sessions  // where the device lists who is logged in; nil if it does not
	Works     *Works     // how it is seen to work after a change; nil if reading it back is all that can be done
	Consumes  *Consumes  // how its items log in to other devices; nil if they do not
	Prepares  *Prepares  // which way to a new password it prepares; nil if it prepares none

	DeviceName string // attribute with the name under which a device shows itself; empty for none

	Phase  Phase  // when it is written, relative to others of the same device
	Risk   Risk   // what a wrong value can cost
	Reboot Reboot // whether a change can need a restart of the device
	Drops  bool   // whether a change can cut connections that are open

	SendsLogin bool // whether a change can carry the password of the login, by which the device proves who makes it

	// Enciphers are the names of the elements that a device takes enciphered, all of them or none, where it says how: of a change
	// with a password in it, over plain HTTP. Empty for a kind whose secrets travel as the connection has it.
	Enciphers []string

	Attributes []*Attribute // in the order of the file
	Guards     []*Guard     // what it decides about the ways in, in the order of the file

	Own      bool      // declared in a user's own setting file: what that says may add refusals, but never take one away
	Hooks    string    // name of the Go code beside the file that does what rows cannot say; empty for none
	Composed bool      // whether that code makes the requests instead of editing the document in place. The provider sets it.
	Range    hcl.Range // where the kind is declared
	Places   Places    // where its parts are

	// Floor is the least risk of an item, whatever the file says; nil for none. The provider sets it.
	Floor func(key string) Risk

	// Carries reports whether an item lies where the link is set that carries the connection, whatever the file says; nil for
	// no item. The provider sets it.
	Carries func(key string) bool
}

// RiskOf returns what a wrong value of the item with the key can cost: what the file says, or the floor where that is
// higher. The key is empty for a kind that a device has once.
func (k *Kind) RiskOf(key string) Risk {
	if k.Floor == nil {
		return k.Risk
	}
	return k.Risk.Or(k.Floor(key))
}

// Document names the document, XML or JSON, that holds a setting. Where its path contains KeyHole, every item of the
// kind has its own document.
type Document struct {
	Path         string   // URI path, as documented: "/ISAPI/Security/adminAccesses"; JSON documents have ?format=json
	Root         string   // local name of the root element, its spellings separated by |; empty for any
	Capabilities []string // URI paths of documents that give the limits of the device, the most specific first
	Beside       []string // URI paths of what else is read with it, where the device has it, for hooks
	Within       string   // path of the elements below the root that each hold all attributes; empty for the item
}

// Documents returns all documents that the kind may live in: the first, and those on devices that lack it.
func (k *Kind) Documents() []Document { return append([]Document{k.Document}, k.Elsewhere...) }

// KeyHole stands for the key of an item in the path of a document.
const KeyHole = "{key}"

// IDHole stands in the path of a request for the number that the device gave to an item: the text of its element `id`.
const IDHole = "{id}"

// PerItem reports whether every item has its own document.
func (d Document) PerItem() bool { return strings.Contains(d.Path, KeyHole) }

// HasRoot reports whether a root element of that local name is right.
func (d Document) HasRoot(name string) bool {
	return d.Root == "" || slices.Contains(strings.Split(d.Root, "|"), name)
}

// For is the document of one item. It is d itself where the items share one. Of a key that has a fragment, like that of a
// URL, the part before the # fills the hole, so that items may be parts of one document. A query of the key goes to the end
// of a path.
func (d Document) For(key string) Document {
	if !d.PerItem() {
		return d
	}
	key, _, _ = strings.Cut(key, "#")
	key, query, asks := strings.Cut(key, "?")
	fill := func(path string) string {
		path = strings.ReplaceAll(path, KeyHole, key)
		if asks {
			path += "?" + query
		}
		return path
	}
	one := d
	one.Path = fill(d.Path)
	one.Capabilities = make([]string, len(d.Capabilities))
	for i, path := range d.Capabilities {
		one.Capabilities[i] = fill(path)
	}
	return one
}

// Write says how a changed setting is sent where that is not the whole document.
type Write struct {
	Path    string   // URI path that takes one item by PUT; KeyHole and IDHole are filled in
	Element string   // path of the element below the item that is sent; empty for the item itself
	Create  string   // URI path that takes a new item by POST; empty if items cannot be created
	Delete  string   // URI path that takes the DELETE of an item; empty if they cannot be deleted
	New     string   // a new item as XML or JSON, alone or in a list, before its attributes are set; empty if hooks make it
	List    bool     // whether the document takes a changed item as a whole where the path of the item is refused
	Without []string // elements that are left out of what is sent, such as what only the device may say
}

// Sees says where a device tells which address it sees at the other end of a connection, or at its own: devices that tell do
// not say whose. So it may only add a refusal, and proves nothing.
type Sees struct {
	Path     string   // URI path of the document that tells
	Elements []string // those that have an address, as providers observe them
}

// Sessions says where a device lists who is logged in. Clients that send credentials with each request are not in such lists, so
// absence from one proves nothing.
type Sessions struct {
	Path    string // URI path of the document with the list
	Account string // element of an entry with the account, as providers observe it
	Address string // likewise, with the address that the session comes from
	Since   string // likewise, with the time of the login as the device writes it
}

// Works says where a device tells whether a setting does what it is for: a channel that reads back as it was written may
// still have a password that the camera refuses.
type Works struct {
	Path    string        // URI path of the document that tells; of a keyed kind it has one KeyHole
	Element string        // the element that tells, as providers observe it
	Values  []string      // its texts when the setting works
	Wait    time.Duration // how long a device may take to get there, from a second to five minutes
}

// PathFor is the path of the document about one item.
func (w Works) PathFor(key string) string { return strings.ReplaceAll(w.Path, KeyHole, key) }

// WriteIn says how a setting is sent that lives in one of the documents of the kind; nil where the document is put back as a
// whole. Of a kind that lives within many entries on some devices and has a document to itself on others, Write is about the
// entries.
func (k *Kind) WriteIn(at Document) *Write {
	alike := k.Document.Within != "" || slices.ContainsFunc(k.Elsewhere, func(d Document) bool { return d.Within != "" })
	if alike && at.Within == "" {
		return nil
	}
	return k.Write
}

// Item selects one entry of a list inside a document by the text of a child element.
type Item struct {
	Element string // path of the entries below the root, its spellings separated by |: "AdminAccessProtocol"
	Key     string // child whose text identifies an entry; empty means the first entry
	Equals  string // its text for a kind that a device has once; for a keyed kind the label is used

	// AnyCase says that the texts of the key are words, such as names of protocols, which devices write in any case. Words are
	// further ones that devices have for a label, or for Equals: DEV_MANAGE is SDK on some.
	AnyCase bool
	Words   map[string][]string

	// Apart is the path of an element that tells entries with the same key apart, its spellings separated by |: the channel of an
	// event whose name stands in the list once for each. Their labels are the key and its text, as in VMD-1; the same stands for
	// IDHole. Empty if entries with the same key are repetitions.
	Apart string

	// Alone is the URI path, with KeyHole, at which a device may serve an item that its list lacks; empty for none. Hints tell of such
	// items. Word is the child of an entry with the word that hints have for it, and Channel the one with the number of the channel that
	// it is about, its spellings separated by |.
	Alone         string
	Hints         []*Hint
	Word, Channel string

	Names *Names // where the labels are, when they are not the texts of the key; nil if they are
}

// AloneAt is the URI path at which a device may serve a single item.
func (i *Item) AloneAt(key string) string { return strings.ReplaceAll(i.Alone, KeyHole, key) }

// Named returns which of the texts of the key is the item that is called label: its own, or else that in another case, or
// else a further word for it. It is -1 if none is.
func (i *Item) Named(texts []string, label string) int {
	at := slices.Index(texts, label)
	if at >= 0 || !i.AnyCase {
		return at
	}
	for _, word := range append([]string{label}, i.Words[label]...) {
		if at = slices.IndexFunc(texts, func(text string) bool { return strings.EqualFold(text, word) }); at >= 0 {
			return at
		}
	}
	return -1
}

// LabelOf returns the label among several that a text of the key stands for; the text itself if none.
func (i *Item) LabelOf(text string, labels []string) string {
	for _, label := range labels {
		if i.Named([]string{text}, label) == 0 {
			return label
		}
	}
	return text
}

// Names is a list in another document that gives names to the keys of items, such as the user names of accounts whose
// rights are listed by number.
type Names struct {
	Path    string // URI path of the document
	Root    string // local name of its root element
	Element string // path of the entries of the list
	Key     string // child of an entry with the key of the item
	Name    string // child of an entry with the label
}

// Attribute is one argument of a setting block.
type Attribute struct {
	Name string
	Type cty.Type // string, number, bool or list/set of string
	Doc  string

	// Elements are the paths of the elements below the item (or root) that hold it; most codecs use one. Where firmware
	// differs in the spelling, the spellings are separated by |, and the first that the device has counts.
	Elements []string
	After    []string          // names of the siblings behind which the element is put where it is missing
	Codec    string            // how text and value correspond; the provider knows the names
	Values   []string          // the values that exist; empty means any. Capability documents narrow them.
	Map      map[string]string // our value → text of the device, where they differ; several spellings are separated by |
	Min, Max *int64            // bounds of a number, or of the length of a string
	Unit     string            // "minutes", "seconds", ... for people

	// UsualMin and UsualMax take the place of bounds that a device does not name: those of the official guide. Of a set they
	// bound the number of its members.
	UsualMin, UsualMax *int64

	Required  bool // must be given when the item does not exist yet
	Secret    bool // never shown, also where the device returns it in clear
	WriteOnly bool // the device never returns it; whether it is up to date follows from the state
	Example   string

	// Missing is the value that a device behaves by which lacks the setting; empty where that is not known.
	Missing string

	// When says, by paths of elements below the item, which texts these must have for the attribute to mean anything;
	// several are separated by |, and so are the spellings of a path. An element that the device lacks does not count.
	// Otherwise the attribute reads as null: an address that a router gave is no setting.
	When map[string]string

	// ImpliedBy is another attribute that has no effect unless this one, a boolean, is true: where a device shows this one, it is
	// wanted with the other. Empty for none.
	ImpliedBy string

	// InNetworkOf is another attribute, an address with the length of its network, within which the address of this one, a router, must
	// lie, and be another than that one. Empty for none.
	InNetworkOf string

	// Holder is the path, below the item, of an element whose text tells that the device holds a value of a write-only
	// attribute: it does unless the text is empty, none, false or 0. A document that holds a secret is not written without it.
	Holder string

	// Omittable attributes are secrets that a device is recorded to keep where a write lacks their elements.
	Omittable bool

	Confidence Confidence // how well the attribute is known, where that is worse than of its kind; else empty
	Source     string     // where the facts about the attribute come from; empty for the source of its kind

	Range hcl.Range
}

// Attribute returns the attribute of that name, or nil.
func (k *Kind) Attribute(name string) *Attribute {
	for _, a := range k.Attributes {
		if a.Name == name {
			return a
		}
	}
	return nil
}

// Unseen reports whether what a device shows says nothing of the attribute: devices never return it, or this one
// masks the secret, so that it reads as null. Whether it is up to date is known from the state only.
func (a *Attribute) Unseen(have cty.Value) bool { return a.WriteOnly || a.Secret && have.IsNull() }

// Strange are the words in a set that the setting file does not know, though it lists those that exist: nobody can declare them. They
// are shown and kept. Values of other types have none.
func (a *Attribute) Strange(v cty.Value) []string {
	if !a.Type.IsSetType() || len(a.Values) == 0 || v.IsMarked() || !v.IsWhollyKnown() || v.IsNull() {
		return nil
	}
	var strange []string
	for _, word := range v.AsValueSlice() {
		if !word.IsNull() && !slices.Contains(a.Values, word.AsString()) {
			strange = append(strange, word.AsString())
		}
	}
	return strange
}

// Known is a set without its strange words; any other value as it is.
func (a *Attribute) Known(v cty.Value) cty.Value {
	if len(a.Strange(v)) == 0 {
		return v
	}
	return setOf(slices.DeleteFunc(v.AsValueSlice(), func(word cty.Value) bool { return !slices.Contains(a.Values, word.AsString()) }))
}

// Keeping is a wanted set of words with the strange ones that a device has; any other value as it is.
func (a *Attribute) Keeping(want, have cty.Value) cty.Value {
	strange := a.Strange(have)
	if len(strange) == 0 || want.IsMarked() || !want.IsWhollyKnown() || want.IsNull() {
		return want
	}
	words := want.AsValueSlice()
	for _, word := range strange {
		words = append(words, cty.StringVal(word))
	}
	return setOf(words)
}

func setOf(words []cty.Value) cty.Value {
	if len(words) == 0 {
		return cty.SetValEmpty(cty.String)
	}
	return cty.SetVal(words)
}

// DependsOn reports whether the attribute means something only with some values of another one: When names an element
// of the other.
func (a *Attribute) DependsOn(other *Attribute) bool {
	for paths := range a.When {
		for path := range strings.SplitSeq(paths, "|") {
			for _, element := range other.Elements {
				if slices.Contains(strings.Split(element, "|"), path) {
					return true
				}
			}
		}
	}
	return false
}

// CanConceal reports whether a value of an attribute may be secret although the kind does not call it so: a free text by
// which nobody judges the way in, or finds a device.
func (k *Kind) CanConceal(a *Attribute) bool {
	if a.Type != cty.String || len(a.Values) > 0 || a.Name == k.DeviceName || k.Consumes.Names(a.Name) || k.Consumes != nil && a.Name == k.Consumes.Title {
		return false
	}
	return !slices.ContainsFunc(k.Guards, func(g *Guard) bool { return g.names(a.Name) })
}

// IsSecret reports whether the attribute of that name is secret.
func (k *Kind) IsSecret(name string) bool {
	a := k.Attribute(name)
	return a != nil && a.Secret
}

// Creatable reports whether items of the kind can be created and deleted. The items of other keyed kinds, such as the
// protocols of a device, are there or not.
func (k *Kind) Creatable() bool { return k.Keyed && k.Write != nil && k.Write.Create != "" }

// Grade is how well the facts about one of its attributes are known.
func (k *Kind) Grade(a *Attribute) Confidence { return cmp.Or(a.Confidence, k.Confidence) }

// Unproven reports whether the facts about an attribute are too weak to write it to a device that somebody needs, unless
// that was allowed. With the empty name it speaks of the kind as a whole.
func (k *Kind) Unproven(attribute string) bool {
	a := k.Attribute(attribute)
	return k.Confidence == Unsure || a != nil && a.Confidence == Unsure
}

// Type is the type of a whole setting: an object with every attribute.
func (k *Kind) Type() cty.Type {
	types := make(map[string]cty.Type, len(k.Attributes))
	for _, a := range k.Attributes {
		types[a.Name] = a.Type
	}
	return cty.Object(types)
}

// Null is the value of a setting that does not exist.
func (k *Kind) Null() cty.Value { return cty.NullVal(k.Type()) }

// Confidence says how well the facts behind a kind are known.
type Confidence string

// The grades of confidence.
const (
	Confirmed Confidence = "confirmed" // answers of real devices show it
	Likely    Confidence = "likely"    // client programs in use or an official guide tell, and answers of devices show a part or a flag
	Unsure    Confidence = "unsure"    // a weak source, contradictions, or a guide alone: no known use
)

// Phase orders the writes to one device, so that what a later step relies on is already there: clocks and logs first,
// then accounts, then services, and what can close the way in last.
type Phase int

// The phases, in the order in which they are applied.
const (
	PhaseClock    Phase = iota + 1 // time zone, NTP, names
	PhaseAccounts                  // additional users and their rights
	PhaseServices                  // services and integrations that nobody needs for the way in
	PhaseLogin                     // lock, authentication modes
	PhaseAccess                    // ports and protocols of the way in
	PhaseFilter                    // address filters
)

// Risk is what a wrong value of a setting can cost.
type Risk string

// The risks, from the least to the greatest.
const (
	RiskNone    Risk = "none"    // nothing but the setting itself
	RiskService Risk = "service" // a service that others may use stops
	RiskLogin   Risk = "login"   // some accounts or clients cannot log in
	RiskLockout Risk = "lockout" // nobody reaches the device any more
)

// Risks returns all risks, from the least to the greatest.
func Risks() []Risk { return []Risk{RiskNone, RiskService, RiskLogin, RiskLockout} }

// Rank returns the position of a risk among all: 0 for the least, -1 for a word that is no risk.
func (r Risk) Rank() int { return slices.Index(Risks(), r) }

// Or returns the greater of two risks.
func (r Risk) Or(other Risk) Risk {
	if other.Rank() > r.Rank() {
		return other
	}
	return r
}

// Reboot says whether a change takes effect at once.
type Reboot string

// The kinds of reboot behaviour.
const (
	RebootNever Reboot = "never" // effective at once on every device seen
	RebootMaybe Reboot = "maybe" // some devices answer "reboot required"
	RebootYes   Reboot = "yes"   // effective after a restart only, on every device
)

// ElementPath is the path of an element that a part of a kind names, its spellings separated by |.
type ElementPath struct {
	Part string // as in Kind.Places
	Path string
}

// ElementPaths are all paths of elements that a kind names, from its documents to its attributes.
func (k *Kind) ElementPaths() []ElementPath {
	paths := []ElementPath{{"document.within", k.Document.Within}}
	for i, d := range k.Elsewhere {
		paths = append(paths, ElementPath{fmt.Sprintf("document.%d.within", i+1), d.Within})
	}
	if k.Item != nil {
		paths = append(paths, ElementPath{"item.element", k.Item.Element}, ElementPath{"item.key", k.Item.Key}, ElementPath{"item.apart", k.Item.Apart})
		paths = append(paths, ElementPath{"item.word", k.Item.Word}, ElementPath{"item.channel", k.Item.Channel})
		for i, h := range k.Item.Hints {
			paths = append(paths, ElementPath{HintPart(i) + ".channel", h.Channel}, ElementPath{HintPart(i) + ".words", h.Words})
		}
		if n := k.Item.Names; n != nil {
			paths = append(paths, ElementPath{"item.names.element", n.Element}, ElementPath{"item.names.key", n.Key}, ElementPath{"item.names.name", n.Name})
		}
	}
	if k.Write != nil {
		paths = append(paths, ElementPath{"write.element", k.Write.Element})
		for i, left := range k.Write.Without {
			paths = append(paths, ElementPath{fmt.Sprintf("write.without.%d", i), left})
		}
	}
	if k.Again != nil {
		paths = append(paths, ElementPath{"again.room", k.Again.Room})
	}
	for _, a := range k.Attributes {
		part := "attribute." + a.Name
		paths = append(paths, ElementPath{part + ".holder", a.Holder})
		for _, elements := range slices.Sorted(maps.Keys(a.When)) {
			paths = append(paths, ElementPath{part + ".when." + elements, elements})
		}
		paths = append(paths, k.Elements(a)...)
	}
	return paths
}

// Elements are the paths of the elements of an attribute.
func (k *Kind) Elements(a *Attribute) []ElementPath {
	var paths []ElementPath
	part, first := "attribute."+a.Name+".element", 0
	if _, ok := k.Places[part]; ok {
		paths, first = append(paths, ElementPath{part, a.Elements[0]}), 1
	}
	for i, element := range a.Elements[first:] {
		paths = append(paths, ElementPath{fmt.Sprintf("%ss.%d", part, i), element})
	}
	return paths
}
