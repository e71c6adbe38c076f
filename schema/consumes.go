package schema

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/zclconf/go-cty/cty"
)

// Consumes says how an item logs in to another device, as a channel of a recorder does to its camera. A block `consumes` of a
// setting file declares it. Parts that are not given are empty.
type Consumes struct {
	// Names of attributes of the kind.
	Account  string `hcl:"account"`           // the account on the other device
	Password string `hcl:"password"`          // its password
	Address  string `hcl:"address"`           // address or host name of the other device, with or without a port
	Port     string `hcl:"port,optional"`     // port of the other device
	Title    string `hcl:"title,optional"`    // what people call the item
	Protocol string `hcl:"protocol,optional"` // how it talks to the other device

	// Serial is the path, below the item, of the element with the serial number that the other device told. No attribute has
	// it, since nobody can set it.
	Serial string `hcl:"serial,optional"`

	// Types are words in what devices call themselves that use others for certain. One of them that denies the documents is not
	// believed: it may show anything.
	Types []string `hcl:"types,optional"`

	// Schemes are the schemes of guards by the values of Protocol. A value that is missing in it is unknown.
	Schemes map[string]string `hcl:"schemes,optional"`

	// Inside says by attribute which value puts the other device into a network of the device's own, where addresses mean
	// nothing to anybody else.
	Inside map[string]string `hcl:"inside,optional"`
}

// Names reports whether an attribute says which device an item logs in to, and as whom. A kind that uses no others has none.
func (c *Consumes) Names(attribute string) bool {
	return c != nil && slices.Contains([]string{c.Account, c.Address, c.Port, c.Protocol}, attribute)
}

// Certain reports whether a device that calls itself by a type uses others, whatever its documents say.
func (c *Consumes) Certain(deviceType string) bool {
	return slices.ContainsFunc(c.Types, func(word string) bool {
		return strings.Contains(strings.ToLower(deviceType), strings.ToLower(word))
	})
}

// Told is the kind reduced to what its items tell of the devices that they log in to: the attributes that Consumes names, also
// where they mean nothing to somebody who sets them, and one that is called like Serial. Entries without a key count. It is for
// decoding only.
func (k *Kind) Told() *Kind {
	c := k.Consumes
	told := *k
	told.Attributes, told.Guards, told.Entries = nil, nil, true
	names := append([]string{c.Account, c.Address, c.Port, c.Title, c.Protocol}, slices.Collect(maps.Keys(c.Inside))...)
	for _, a := range k.Attributes {
		if slices.Contains(names, a.Name) {
			always := *a
			always.When = nil
			told.Attributes = append(told.Attributes, &always)
		}
	}
	if c.Serial != "" {
		told.Attributes = append(told.Attributes, &Attribute{Name: c.Serial, Type: cty.String, Elements: []string{c.Serial}, Codec: "text"})
	}
	return &told
}

// EntryKey is the key under which an entry of a list counts that has none of its own, or that of an earlier one. Entries are
// counted from 1. No item with such a key can be written.
func EntryKey(n int) string { return "#" + strconv.Itoa(n) }

// EntryOf is the number of the entry that has a key by EntryKey; false for any other key.
func EntryOf(key string) (n int, ok bool) {
	digits, ok := strings.CutPrefix(key, "#")
	n, err := strconv.Atoi(digits)
	return n, ok && err == nil && n > 0
}

// Consuming are the kinds whose items log in to other devices.
func (s *Kinds) Consuming() []*Kind {
	return slices.DeleteFunc(slices.Clone(s.All()), func(k *Kind) bool { return k.Consumes == nil })
}

func (c *Consumes) faults(k *Kind) []Fault {
	if c == nil {
		return nil
	}
	const summary = "Consumes block not possible"
	rules := []rule{{"consumes", summary, !k.Keyed || k.Document.PerItem(), "consumes is for the items of a list in one document."}}
	attribute := func(part, name string, needed bool) {
		if name == "" && !needed {
			return
		}
		rules = append(rules, rule{"consumes." + part, summary, k.Attribute(name) == nil, fmt.Sprintf("%s has no attribute %q.", k.Name, name)})
	}
	attribute("account", c.Account, true)
	attribute("password", c.Password, true)
	attribute("address", c.Address, true)
	attribute("port", c.Port, false)
	attribute("title", c.Title, false)
	attribute("protocol", c.Protocol, false)
	for _, name := range slices.Sorted(maps.Keys(c.Inside)) {
		attribute("inside", name, true)
	}
	for _, word := range slices.Sorted(maps.Keys(c.Schemes)) {
		scheme := c.Schemes[word]
		rules = append(rules, rule{"consumes.schemes", summary, !slices.Contains(schemes, scheme), notOneOf(scheme, schemes)})
	}
	a := k.Attribute(c.Password)
	rules = append(rules, rule{"consumes.password", summary, a != nil && !a.Secret, fmt.Sprintf("%q must be secret.", c.Password)})
	return broken(rules)
}

// IsInside reports whether an item with some attributes, as text, has its device in a separate network.
func (c *Consumes) IsInside(text func(attribute string) string) bool {
	for name, value := range c.Inside {
		if strings.EqualFold(text(name), value) {
			return true
		}
	}
	return false
}
