package schema

import (
	"crypto/sha256"
	"encoding/hex"
	"slices"
	"strings"
	"unicode"

	"github.com/agext/levenshtein"
)

// Kinds are the kinds of settings that are known, by name. The zero value has none.
type Kinds struct {
	// Acts says, in a sentence, that a device does something when a path is fetched, so that nobody's configuration may name it;
	// empty for other paths, and nil for a provider of whose devices that is not known. The provider sets it.
	Acts func(path string) string

	byName map[string]*Kind
	names  []string
	hash   string
}

// NewKinds makes a set of kinds. Names must differ; the last one wins otherwise, which Read never lets happen.
func NewKinds(kinds ...*Kind) *Kinds {
	set := &Kinds{byName: make(map[string]*Kind, len(kinds))}
	for _, k := range kinds {
		if set.byName[k.Name] == nil {
			set.names = append(set.names, k.Name)
		}
		set.byName[k.Name] = k
	}
	slices.Sort(set.names)
	return set
}

// Without is the set without a kind. It has the hash of the whole: what is left out was read.
func (s *Kinds) Without(name string) *Kinds {
	rest := NewKinds(slices.DeleteFunc(s.All(), func(k *Kind) bool { return k.Name == name })...)
	rest.hash, rest.Acts = s.hash, s.Acts
	return rest
}

// Lookup returns the kind of that name, or nil.
func (s *Kinds) Lookup(name string) *Kind { return s.byName[name] }

// Names are the names of all kinds, sorted. The caller must not change the slice.
func (s *Kinds) Names() []string { return s.names }

// All returns the kinds in the order of their names.
func (s *Kinds) All() []*Kind {
	all := make([]*Kind, len(s.names))
	for i, name := range s.names {
		all[i] = s.byName[name]
	}
	return all
}

// Roots are the first folders of the paths of all documents, such as "/api/", sorted: a device has nothing elsewhere.
func (s *Kinds) Roots() []string {
	var roots []string
	for _, k := range s.byName {
		for _, d := range k.Documents() {
			if first, _, ok := strings.Cut(strings.TrimPrefix(d.Path, "/"), "/"); ok && strings.HasPrefix(d.Path, "/") {
				roots = append(roots, "/"+first+"/")
			}
		}
	}
	slices.Sort(roots)
	return slices.Compact(roots)
}

// Hash identifies the setting files that the kinds were read from, so that a plan is not applied with others. It is empty
// for kinds that were not read from files.
func (s *Kinds) Hash() string { return s.hash }

// Nearest returns the candidate that differs from name by a slip of the keyboard, or "". In a short word every letter counts, two that
// changed places are one slip, and another digit is another thing.
func Nearest(name string, candidates []string) string {
	best, bestDistance := "", max(1, len(name)/3)+1
	for _, c := range candidates {
		d := levenshtein.Distance(name, c, nil)
		if d == 2 && swapped(name, c) {
			d = 1
		}
		if d < bestDistance && (d == 0 || withoutDigits(name) != withoutDigits(c)) {
			best, bestDistance = c, d
		}
	}
	return best
}

// swapped reports whether two letters beside each other changed places, and nothing else.
func swapped(a, b string) bool {
	if len(a) != len(b) {
		return false
	}
	i := 0
	for i < len(a) && a[i] == b[i] {
		i++
	}
	return i+1 < len(a) && a[i] == b[i+1] && a[i+1] == b[i] && a[i+2:] == b[i+2:]
}

func withoutDigits(text string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsDigit(r) {
			return -1
		}
		return r
	}, text)
}

func hashSources(sources []source) string {
	h := sha256.New()
	for _, s := range sources {
		h.Write([]byte(s.name + "\x00" + string(s.text) + "\x00"))
	}
	return hex.EncodeToString(h.Sum(nil))
}
