package schema

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/zclconf/go-cty/cty"
)

var (
	namePattern = regexp.MustCompile(`^[a-z][a-z0-9_]*$`)

	phases      = []string{"clock", "accounts", "services", "login", "access", "filter"}
	reboots     = []Reboot{RebootNever, RebootMaybe, RebootYes}
	confidences = []Confidence{Confirmed, Likely, Unsure}

	// reserved are the arguments and blocks of a device or profile; a kind of that name could never be written.
	reserved = []string{
		"address", "identity", "login", "profiles", "extends", "tags", "site", "location", "exclusive", "lifecycle",
		"for_each", "tls", "name", "rule", "check", "allow_unproven", "accept_clock_jump",
	}
)

// The bounds of the time that a setting may take until it works.
const (
	shortestWait = time.Second
	longestWait  = 5 * time.Minute
)

// rule is something that a part of a kind must not be.
type rule struct {
	part    string
	summary string
	wrong   bool
	detail  string
}

// broken are the rules that a kind breaks, as faults.
func broken(rules []rule) []Fault {
	var faults []Fault
	for _, r := range rules {
		if r.wrong {
			faults = append(faults, Fault{r.part, r.summary, r.detail})
		}
	}
	return faults
}

// faults is everything that is wrong with a kind but what only its provider knows.
func (s settingShape) faults(k *Kind) []Fault {
	perItem := k.Document.PerItem()
	_, badPattern := regexp.Compile(k.KeyPattern)
	faults := broken([]rule{
		{
			"", "Name of a kind not possible", !namePattern.MatchString(k.Name) || slices.Contains(reserved, k.Name),
			fmt.Sprintf("%q must be lower case with underscores, and must not be a word that devices and profiles already use.", k.Name),
		},
		{"phase", "Unknown phase", k.Phase == 0, notOneOf(s.Phase, phases)},
		{"risk", "Unknown risk", k.Risk.Rank() < 0, notOneOf(k.Risk, Risks())},
		{"reboot", "Unknown reboot behaviour", !slices.Contains(reboots, k.Reboot), notOneOf(k.Reboot, reboots)},
		{"confidence", "Unknown confidence", !slices.Contains(confidences, k.Confidence), notOneOf(k.Confidence, confidences)},
		{"", "Document missing", len(s.Documents) == 0, "A kind needs a document block, which says where its setting is."},
		{
			"document.path", "Document of an item not possible", perItem && (!k.Keyed || k.Item != nil),
			fmt.Sprintf("A path with %s is for a keyed kind without an item block: each document is an item.", KeyHole),
		},
		{
			"item", "Item of a keyed kind incomplete", k.Keyed && !perItem && (k.Item == nil || k.Item.Key == "" || k.Item.Equals != ""),
			"A keyed kind needs an item block with key, and without equals: the label takes its place.",
		},
		{
			"item", "Item incomplete", !k.Keyed && k.Item != nil && (k.Item.Key == "") != (k.Item.Equals == ""),
			"The item block of a kind that a device has once needs key and equals, or neither for the first entry.",
		},
		{
			"item.any_case", "Item incomplete", k.Item != nil && k.Item.AnyCase && (k.Item.Key == "" || k.Item.Names != nil || k.Creatable()),
			"any_case is for items that have a key, are not named by another document, and cannot be created.",
		},
		{
			"item.apart", "Item incomplete", k.Item != nil && k.Item.Apart != "" && (!k.Keyed || k.Item.Key == "" || k.Item.Names != nil || k.Creatable()),
			"apart is for a keyed kind whose items have a key, are not named by another document, and cannot be created.",
		},
		{
			"item.alone", "Item incomplete", k.Item != nil && k.Item.Alone != "" && (!k.Keyed || !strings.HasPrefix(k.Item.Alone, "/") || strings.Count(k.Item.Alone, KeyHole) != 1),
			fmt.Sprintf("alone is a path with %s, of a keyed kind.", KeyHole),
		},
		{
			"item.words", "Words of items not possible", k.Item != nil && !k.Item.canHaveWords(k.Keys),
			"words are for items with any_case, and belong to a label that keys lists, or to equals.",
		},
		{
			"item.names", "Names of items not possible", k.Item != nil && k.Item.Names != nil && (!k.Keyed || k.Creatable()),
			"A names block is for a keyed kind whose items cannot be created.",
		},
		{
			"item.names.path", "Names of items not possible", k.Item != nil && k.Item.Names != nil && !strings.HasPrefix(k.Item.Names.Path, "/"),
			"The path must begin with a slash.",
		},
		{"key_pattern", "Pattern not possible", badPattern != nil, fmt.Sprintf("key_pattern is not a regular expression: %v.", badPattern)},
		{"keys", "Keys of a kind without key", !k.Keyed && len(k.Keys) > 0, "keys lists the labels of a keyed kind, but keyed is not set."},
		{"device_name", "Name of devices not possible", !k.canName(k.DeviceName), "device_name must name a string attribute that is not secret, of a kind that a device has once."},
		{"", "Kind without attributes", len(s.Attributes) == 0, "A kind needs at least one attribute block."},
	})
	for i, d := range s.Documents {
		faults = append(faults, Document(d).faults(fmt.Sprintf("document.%d.", i), perItem)...)
		if len(d.Beside) > 0 && (k.Hooks == "" || perItem) {
			faults = append(faults, Fault{strings.Replace(fmt.Sprintf("document.%d.beside", i), ".0.", ".", 1), "Documents not possible", "beside is for kinds with hooks, whose items share a document."})
		}
	}
	if k.Item != nil {
		for i, h := range k.Item.Hints {
			faults = append(faults, h.faults(i, k)...)
		}
	}
	faults = append(faults, k.Write.faults(k)...)
	faults = append(faults, k.Again.faults(k)...)
	faults = append(faults, k.Sees.faults()...)
	faults = append(faults, k.Clock.faults()...)
	faults = append(faults, k.Sessions.faults()...)
	if s.Works != nil {
		faults = append(faults, s.Works.faults(k)...)
	}
	faults = append(faults, k.Consumes.faults(k)...)
	faults = append(faults, k.Prepares.faults(k)...)
	for i, a := range k.Attributes {
		faults = append(faults, a.faults(k.Attributes[:i])...)
	}
	return faults
}

// canHaveWords reports whether the further words of an item are for labels that there are.
func (i *Item) canHaveWords(keys []string) bool {
	for label := range i.Words {
		if !i.AnyCase || label != i.Equals && !slices.Contains(keys, label) {
			return false
		}
	}
	return true
}

// canName reports whether an attribute can be the name of a device. None at all can.
func (k *Kind) canName(attribute string) bool {
	a := k.Attribute(attribute)
	return attribute == "" || a != nil && a.Type == cty.String && !a.Secret && !k.Keyed
}

// notOneOf says what a word could be.
func notOneOf[T ~string](word T, words []T) string {
	var texts []string
	for _, w := range words {
		texts = append(texts, string(w))
	}
	return fmt.Sprintf("%q is not one of %s.", string(word), strings.Join(texts, ", "))
}

func (d Document) faults(prefix string, perItem bool) []Fault {
	prefix = strings.Replace(prefix, ".0.", ".", 1)
	hole := strings.HasPrefix(d.Path, KeyHole)
	return broken([]rule{
		{prefix + "path", "Document incomplete", !strings.HasPrefix(d.Path, "/") && !hole, "path must begin with a slash."},
		{prefix + "root", "Document incomplete", d.Root == "" && !hole, "root must name the root element."},
		{prefix + "path", "Documents do not fit together", d.PerItem() != perItem, fmt.Sprintf("Either all paths of a kind contain %s, or none.", KeyHole)},
	})
}

func (w *Write) faults(k *Kind) []Fault {
	if w == nil {
		return nil
	}
	const summary = "Write block not possible"
	slash := func(part, path string) rule {
		return rule{part, summary, path != "" && !strings.HasPrefix(path, "/"), fmt.Sprintf("The path %q must begin with a slash.", path)}
	}
	return broken([]rule{
		slash("write.path", w.Path), slash("write.create", w.Create), slash("write.delete", w.Delete),
		{"write.path", summary, w.Path == "", "path must say where a changed item is sent."},
		{"write", summary, (w.Create == "") != (w.Delete == ""), "create and delete belong together: camform must be able to remove what it creates."},
		{"write.list", summary, w.List && (k.Item == nil || w.Element != "" || k.IsAccount()), "list is for whole items of a list, and never for accounts."},
		{"write.create", summary, w.Create != "" && !k.Keyed, "Only items of a keyed kind can be created."},
		{"write.create", summary, w.Create != "" && w.New == "" && k.Hooks == "", "create needs new, the item in which the attributes are set."},
	})
}

func (s *Sees) faults() []Fault {
	if s == nil {
		return nil
	}
	const summary = "Sees block not possible"
	return broken([]rule{
		{"sees.path", summary, !strings.HasPrefix(s.Path, "/"), fmt.Sprintf("The path %q must begin with a slash.", s.Path)},
		{"sees.elements", summary, len(s.Elements) == 0 || slices.Contains(s.Elements, ""), "elements must name the elements that hold an address."},
	})
}

func (s *Sessions) faults() []Fault {
	if s == nil {
		return nil
	}
	const summary = "Sessions block not possible"
	return broken([]rule{
		{"sessions.path", summary, !strings.HasPrefix(s.Path, "/"), fmt.Sprintf("The path %q must begin with a slash.", s.Path)},
		{"sessions", summary, s.Account == "" || s.Address == "" || s.Since == "", "account, address and since must each name an element."},
	})
}

func (s worksShape) faults(k *Kind) []Fault {
	const summary = "Works block not possible"
	wait, err := time.ParseDuration(s.Wait)
	holes := strings.Count(s.Path, KeyHole)
	return broken([]rule{
		{"works.wait", summary, err != nil || wait < shortestWait || wait > longestWait, fmt.Sprintf("wait must be a time from %q to %q.", "1s", "5m")},
		{"works.path", summary, !strings.HasPrefix(s.Path, "/"), fmt.Sprintf("The path %q must begin with a slash.", s.Path)},
		{"works.path", summary, k.Keyed && holes != 1, fmt.Sprintf("The path of a keyed kind needs %s once, for the label.", KeyHole)},
		{"works.path", summary, !k.Keyed && holes != 0, fmt.Sprintf("%s is for keyed kinds only.", KeyHole)},
		{"works.element", summary, s.Element == "", "element must name the element to look at."},
		{"works.values", summary, len(s.Values) == 0 || slices.Contains(s.Values, ""), "values must list the texts that the element has when everything works."},
	})
}

// faults is what is wrong with an attribute that follows others.
func (a *Attribute) faults(before []*Attribute) []Fault {
	part := "attribute." + a.Name
	earlier := 0
	for _, b := range before {
		if b.Name == a.Name {
			earlier++
		}
	}
	if earlier > 0 {
		return []Fault{{fmt.Sprintf("%s.%d", part, earlier), "Attribute declared twice", fmt.Sprintf("The attribute %q is already declared above.", a.Name)}}
	}
	return broken([]rule{
		{part, "Name of an attribute not possible", !namePattern.MatchString(a.Name), fmt.Sprintf("%q must be lower case with underscores.", a.Name)},
		{
			part, "Attribute without an element", len(a.Elements) == 0,
			fmt.Sprintf("element or elements must name where the value of %q lies in the document.", a.Name),
		},
		{part + ".confidence", "Unknown confidence", a.Confidence != "" && !slices.Contains(confidences, a.Confidence), notOneOf(a.Confidence, confidences)},
		{
			part + ".holder", "Holder of an attribute that can be read", a.Holder != "" && !a.WriteOnly,
			fmt.Sprintf("holder shows that a device holds a value which it never returns; %q is not write_only.", a.Name),
		},
		{
			part + ".omittable", "Not a secret that can be left out", a.Omittable && (!a.Secret || a.Holder != ""),
			fmt.Sprintf("omittable says that a device keeps a secret that a write leaves out; %q is not a secret, or it has a holder, which is for a secret that is not proven to be kept.", a.Name),
		},
		{part + ".min", "Bounds the wrong way round", a.Min != nil && a.Max != nil && *a.Min > *a.Max, fmt.Sprintf("min of %q is greater than max.", a.Name)},
		{
			part + ".implied_by", "Only a switch can be implied", a.ImpliedBy != "" && a.Type != cty.Bool,
			fmt.Sprintf("implied_by is for booleans, which %q is not.", a.Name),
		},
		{
			part + ".implied_by", "Implied by nothing", a.ImpliedBy != "" && a.Type == cty.Bool && !slices.ContainsFunc(before, func(b *Attribute) bool { return b.Name == a.ImpliedBy }),
			fmt.Sprintf("implied_by of %q must name an attribute that is declared above it, not %q.", a.Name, a.ImpliedBy),
		},
		{
			part + ".in_network_of", "Network of nothing", a.InNetworkOf != "" && (a.Type != cty.String || !slices.ContainsFunc(before, func(b *Attribute) bool {
				return b.Name == a.InNetworkOf && b.Type == cty.String
			})),
			fmt.Sprintf("in_network_of is for strings; that of %q must name a string that is declared above it, not %q.", a.Name, a.InNetworkOf),
		},
		{part + ".example", "Example of a secret", a.Secret && a.Example != "", fmt.Sprintf("%q is secret and must not have an example value.", a.Name)},
	})
}

func allowedType(t cty.Type) bool {
	if t.IsListType() || t.IsSetType() {
		return t.ElementType() == cty.String
	}
	return t == cty.String || t == cty.Number || t == cty.Bool
}
