package schema

import (
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
	Keyed  bool
	Keys   []string
	KeyDoc string

	Document Document // the document that the setting lives in
	Item     *Item    // which part of it, when it is a list; nil means the whole document

	Phase  Phase  // when it is written, relative to others of the same device
	Risk   Risk   // what a wrong value can cost
	Reboot Reboot // whether a change can need a restart of the device

	Attributes []*Attribute // in the order of the file

	Hooks string    // name of the Go code beside the file that does what rows cannot say; empty for none
	Range hcl.Range // where the kind is declared
}

// Document names the XML document that holds a setting.
type Document struct {
	Path         string   // URI path, as documented: "/ISAPI/Security/adminAccesses"
	Root         string   // local name of the root element
	Capabilities []string // URI paths of documents that give the limits of the device, the most specific first
}

// Item selects one entry of a list inside a document by the text of a child element.
type Item struct {
	Element string // path of the entries below the root: "AdminAccessProtocol"
	Key     string // child whose text identifies an entry; empty means the first entry
	Equals  string // its text for a kind that a device has once; for a keyed kind the label is used
}

// Attribute is one argument of a setting block.
type Attribute struct {
	Name string
	Type cty.Type // string, number, bool or list/set of string
	Doc  string

	Elements []string          // paths of the elements below the item (or root) that hold it; most codecs use one
	Codec    string            // how text and value correspond; the provider knows the names
	Values   []string          // the values that exist; empty means any. Capability documents narrow them.
	Map      map[string]string // our value → text of the device, where they differ
	Min, Max *int64            // bounds of a number, or of the length of a string
	Unit     string            // "minutes", "seconds", ... for people

	Required  bool // must be given when the item does not exist yet
	Secret    bool // never shown, also where the device returns it in clear
	WriteOnly bool // the device never returns it; whether it is up to date follows from the state
	Example   string

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

// Creatable reports whether items of the kind can be created and deleted. The items of a keyed kind with fixed keys, such
// as the protocols of a device, are there or not.
func (k *Kind) Creatable() bool { return k.Keyed && len(k.Keys) == 0 }

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
	Confirmed Confidence = "confirmed" // seen in answers of real devices or in official guides
	Likely    Confidence = "likely"    // seen only in client programs
	Unsure    Confidence = "unsure"    // a single weak source, or contradictions
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

// Reboot says whether a change takes effect at once.
type Reboot string

// The kinds of reboot behaviour.
const (
	RebootNever Reboot = "never" // effective at once on every device seen
	RebootMaybe Reboot = "maybe" // some devices answer "reboot required"
)
