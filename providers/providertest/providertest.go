// Package providertest is the conformance suite that every setting of every provider passes.
//
// The promise behind it: plan again, nothing to do. Every attribute of every setting of every device is changed to other
// values that the device takes. After each change the device reads as wanted, everything else reads as before, the same
// change composes to nothing, and composing the old value leads back to the bytes of the beginning. Items of keyed kinds
// are created, changed and deleted where the device allows it, and entries that somebody deleted are made again.
package providertest

import (
	"errors"
	"fmt"
	"maps"
	"math"
	"path"
	"slices"
	"strings"
	"testing"

	"camform/providers"
	"camform/schema"
)

// Harness gives the devices on which a provider is tried.
type Harness interface {
	// Devices are the names of the devices.
	Devices() []string

	// Open returns a session with the device, in the state of the beginning whatever was done to it before. The suite
	// calls Identify.
	Open(device string) providers.Session

	// Login is the credential of the sessions.
	Login(device string) providers.Credential
}

// Itemised is a harness that knows items which no list of a device names: those of kinds whose items each live in a
// document of their own, beside the ones that the kind itself lists.
type Itemised interface {
	Items(kind *schema.Kind) []string
}

// Naming is a harness whose devices have things with names, and take for some attributes the name of such a thing only.
type Naming interface {
	// Names are what the devices take for an attribute; none where they may take anything else.
	Names(kind *schema.Kind, a *schema.Attribute) []string
}

// Losing is a harness whose devices lose entries of lists, and make them again.
type Losing interface {
	// Lose takes an entry away from the device that was opened last, as if somebody had deleted it there. It reports whether it could.
	Lose(kind *schema.Kind, key string) bool
}

// Options say what is special about the devices of a harness.
type Options struct {
	// Known are the failures that are known, with their reasons. Keys are patterns of path.Match over the places of
	// problems. A known failure that happens nowhere is a failure.
	Known map[string]string

	// Volatile are the elements that move by themselves, or that a provider is documented to change beside the declared
	// ones, by local name.
	Volatile []string
}

// Coverage says on how many devices each kind was there to be tried.
type Coverage map[string]int

// Run tries every kind on every device, and fails t for every problem that is not known. The caller judges whether the
// coverage is enough: a kind that no device has passes everything.
func Run(t *testing.T, provider providers.Provider, harness Harness, options Options) Coverage {
	t.Helper()
	coverage := Coverage{}
	happened := map[string]bool{}
	for _, device := range harness.Devices() {
		kinds, problems := Examine(provider, harness, device, options.Volatile)
		for _, kind := range kinds {
			coverage[kind]++
		}
		for _, p := range problems {
			patterns := p.known(options.Known)
			for _, pattern := range patterns {
				happened[pattern] = true
			}
			if len(patterns) == 0 {
				t.Errorf("%s", p)
			}
		}
	}
	for pattern, reason := range options.Known {
		if !happened[pattern] {
			t.Errorf("%s was known to fail (%s), and works", pattern, reason)
		}
	}
	return coverage
}

// Problem is something that a provider does not do as it should.
type Problem struct {
	// Where is "device/setting.attribute", such as "camera/service.RTSP.port"; "device/kind.create" for the life of an item,
	// and "device/kind.again" for a second one; "device/kind" for a kind that cannot be read; or the device alone, which cannot be reached.
	Where string
	What  string // without secrets
}

// String writes both parts.
func (p Problem) String() string { return p.Where + ": " + p.What }

// known returns the patterns of known failures that the problem is one of.
func (p Problem) known(known map[string]string) []string {
	var patterns []string
	for pattern := range known {
		if ok, err := path.Match(pattern, p.Where); err == nil && ok {
			patterns = append(patterns, pattern)
		}
	}
	return patterns
}

// Examine tries every kind on one device, and says which kinds the device has and what is wrong. Every attribute of every
// setting gets a device in the state of the beginning.
func Examine(provider providers.Provider, harness Harness, device string, volatile []string) (kinds []string, problems []Problem) {
	x := &examination{
		provider: provider, harness: harness, device: device, volatile: volatile,
		limits: providers.Documents{}, readings: map[string]reading{},
	}
	if itemised, ok := harness.(Itemised); ok {
		x.items = itemised.Items
	}
	if naming, ok := harness.(Naming); ok {
		x.names = naming.Names
	}
	for _, found := range x.survey() {
		kinds = append(kinds, found.kind.Name)
		for i, key := range found.keys {
			for _, a := range found.kind.Attributes {
				place := schema.Setting{Kind: found.kind.Name, Key: key}.Local()
				most := math.MaxInt
				if i >= fewItems {
					most = 1
				}
				x.try("/"+place+"."+a.Name, found.kind, func(w *trial) error { return w.attribute(key, a, most) })
			}
		}
		if found.kind.Creatable() {
			x.try("/"+found.kind.Name+".create", found.kind, (*trial).life)
		}
		if losing, ok := harness.(Losing); ok && found.kind.Again != nil && len(found.keys) > 0 {
			x.try("/"+found.kind.Name+".again", found.kind, func(w *trial) error { return w.again(losing) })
		}
	}
	return kinds, x.problems
}

// fewItems is how many items of a kind are tried with all values. Further ones, such as the sixtieth event of a recorder, are
// much like them and get one value each.
const fewItems = 10

// examination is what was found out about one device.
type examination struct {
	provider providers.Provider
	harness  Harness
	device   string
	volatile []string
	items    func(*schema.Kind) []string                    // nil for none
	names    func(*schema.Kind, *schema.Attribute) []string // nil for none
	limits   providers.Documents
	readings map[string]reading
	problems []Problem
}

// found is a kind that a device has, with the keys of its items.
type found struct {
	kind *schema.Kind
	keys []string
}

// try runs a trial on a device in the state of the beginning.
func (x *examination) try(place string, kind *schema.Kind, try func(*trial) error) {
	w := &trial{
		provider: x.provider, kind: kind, login: x.harness.Login(x.device), volatile: x.volatile, known: x.items, named: x.names,
		limits: x.limits, readings: x.readings,
	}
	if err := w.run(x.harness.Open(x.device), try); err != nil {
		x.report(place, err)
	}
}

func (x *examination) report(place string, err error) {
	x.problems = append(x.problems, Problem{Where: x.device + place, What: err.Error()})
}

// survey reads every kind once.
func (x *examination) survey() []found {
	var there []found
	x.try("", nil, func(w *trial) error {
		for _, kind := range x.provider.Kinds().All() {
			w.kind = kind
			items, err := x.provider.Decode(kind, w.itemsOf(kind), w.docs)
			switch {
			case errors.Is(err, providers.ErrUnsupported), err == nil && kind.Document.PerItem() && len(items) == 0:
				continue
			case err == nil:
				err = w.rejectsNothingUnknown()
			}
			if err != nil {
				x.report("/"+kind.Name, err)
				continue
			}
			there = append(there, found{kind, slices.Sorted(maps.Keys(items))})
		}
		return nil
	})
	return there
}

func sprint(errs []providers.AttributeError) string {
	var texts []string
	for _, e := range errs {
		texts = append(texts, fmt.Sprintf("%s: %s", e.Attribute, e.Detail))
	}
	return strings.Join(texts, "; ")
}
