package xmlpatch

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"unicode"
)

// Path leads from an element to others below it. Written, it is a list of local names with optional choices among the
// elements of that name:
//
//	enabled                                     the child of that name
//	AdminAccessProtocol[protocol=HTTPS]/portNo  below the entry whose child protocol has the text HTTPS
//	User[UserPermission/level="a]b"]            the child may be a path; quoted like a Go string if need be
//	AdminAccessProtocol[protocol~=https]        the same whatever the case of the text
//	ipAddress[.=192.0.2.1]                      the entry whose own text is that
//	TrustedSource[2]                            the second of that name
//	User[level=Operator][2]                     the second of those with that text
//
// Texts are compared trimmed and unescaped, with exact case but for ~=. A choice by text takes every element that has such a child;
// positions count from 1 below each parent. The empty path, also written ".", is the element itself. The zero Path is the
// empty one. Paths are never changed, and may be shared.
type Path struct{ steps []step }

type step struct {
	name     string
	keys     []key
	position int // from 1; 0 for all of them
}

type key struct {
	child   Path
	value   string
	anyCase bool
}

// ParsePath reads a path. The error wraps ErrPath.
func ParsePath(s string) (Path, error) {
	r := pathReader{rest: s}
	p, err := r.path()
	if err == nil && r.rest != "" {
		err = fmt.Errorf("unexpected %.10q", r.rest)
	}
	if err != nil {
		return Path{}, fmt.Errorf("%w %q: %w", ErrPath, s, err)
	}
	return p, nil
}

// MustPath is ParsePath for paths in the source code; it panics where ParsePath returns an error.
func MustPath(s string) Path {
	p, err := ParsePath(s)
	if err != nil {
		panic("xmlpatch: " + err.Error())
	}
	return p
}

// String returns p as ParsePath reads it; "." for the empty path.
func (p Path) String() string {
	if len(p.steps) == 0 {
		return "."
	}
	written := make([]string, len(p.steps))
	for i, s := range p.steps {
		written[i] = s.String()
	}
	return strings.Join(written, "/")
}

// IsRoot reports whether p is the empty path.
func (p Path) IsRoot() bool { return len(p.steps) == 0 }

// Join returns the path that goes on with q where p ends.
func (p Path) Join(q Path) Path { return Path{slices.Concat(p.steps, q.steps)} }

// Child returns the path to the children of that local name. It panics if name is not one.
func (p Path) Child(name string) Path {
	if !isLocalName(name) {
		panic(fmt.Sprintf("xmlpatch: %.40q is not a local name", name))
	}
	return p.Join(Path{[]step{{name: name}}})
}

// Where returns p restricted to elements below which child leads to an element with the text value. Nothing in value
// needs quoting here. It panics if p is empty, since the root is not chosen among others.
func (p Path) Where(child Path, value string) Path {
	return p.restrict(func(last *step) {
		last.keys = append(slices.Clone(last.keys), key{child: child, value: value})
	})
}

// WhereAnyCase is Where for a value in any case.
func (p Path) WhereAnyCase(child Path, value string) Path {
	return p.restrict(func(last *step) {
		last.keys = append(slices.Clone(last.keys), key{child, value, true})
	})
}

// At returns p restricted to the element in that position, counted from 1 among those that p takes below one parent. It
// panics if p is empty or position less than 1.
func (p Path) At(position int) Path {
	if position < 1 {
		panic("xmlpatch: positions count from 1")
	}
	return p.restrict(func(last *step) { last.position = position })
}

func (p Path) restrict(change func(last *step)) Path {
	if p.IsRoot() {
		panic("xmlpatch: the empty path leaves nothing to choose from")
	}
	steps := slices.Clone(p.steps)
	change(&steps[len(steps)-1])
	return Path{steps}
}

// Covers reports whether what p leads to is, holds or lies within what q leads to, in every document: both take the same way
// up to where they end, and q chooses no other entries than p on it.
func (p Path) Covers(q Path) bool {
	for i := range min(len(p.steps), len(q.steps)) {
		p, q := p.steps[i], q.steps[i]
		if !q.includes(p) {
			return false
		}
	}
	return true
}

// Parent returns p without its last step. The parent of the empty path is empty.
func (p Path) Parent() Path { return Path{p.steps[:max(0, len(p.steps)-1)]} }

// Name returns the local name of the elements that p leads to; "" for the empty path.
func (p Path) Name() string {
	if p.IsRoot() {
		return ""
	}
	return p.steps[len(p.steps)-1].name
}

// String returns the step as it is written in a path.
func (s step) String() string {
	var b strings.Builder
	b.WriteString(s.name)
	for _, k := range s.keys {
		sign := "="
		if k.anyCase {
			sign = "~="
		}
		fmt.Fprintf(&b, "[%s%s%s]", k.child, sign, quoteIfNeeded(k.value))
	}
	if s.position > 0 {
		fmt.Fprintf(&b, "[%d]", s.position)
	}
	return b.String()
}

func quoteIfNeeded(value string) string {
	special := func(r rune) bool { return strings.ContainsRune(`[]"\`, r) || !unicode.IsPrint(r) }
	if strings.ContainsFunc(value, special) {
		return strconv.Quote(value)
	}
	return value
}

// describes reports whether n has the name and the texts of s, whatever its position.
func (s step) describes(n *node) bool {
	return n.local == s.name && !slices.ContainsFunc(s.keys, func(k key) bool { return !k.fits(n) })
}

func (s step) isMereName() bool { return len(s.keys) == 0 && s.position == 0 }

// includes reports whether s chooses every entry that t chooses, whatever the document.
func (s step) includes(t step) bool {
	if s.position > 0 {
		return s.String() == t.String()
	}
	return s.name == t.name && !slices.ContainsFunc(s.keys, func(k key) bool { return !slices.ContainsFunc(t.keys, k.includes) })
}

// includes reports whether what has the value of l has that of k.
func (k key) includes(l key) bool {
	return k.child.String() == l.child.String() && (k.value == l.value && k.anyCase == l.anyCase || k.anyCase && strings.EqualFold(k.value, l.value))
}

func (s step) takes(position int) bool { return s.position == 0 || s.position == position }

// fits reports whether any element that the key's path leads to from n has its value.
func (k key) fits(n *node) bool {
	differs := func(m *node) bool { return m.text() != k.value && !(k.anyCase && strings.EqualFold(m.text(), k.value)) }
	return !n.walk(k.child.steps, differs)
}

// pathReader reads a path from the front of rest.
type pathReader struct{ rest string }

func (r *pathReader) path() (Path, error) {
	if r.skip(".") || r.rest == "" {
		return Path{}, nil
	}
	var p Path
	for {
		s, err := r.step()
		if err != nil {
			return Path{}, err
		}
		p.steps = append(p.steps, s)
		if !r.skip("/") {
			return p, nil
		}
	}
}

func (r *pathReader) step() (step, error) {
	end := strings.IndexAny(r.rest, "/[]=~")
	if end < 0 {
		end = len(r.rest)
	}
	s := step{name: r.rest[:end]}
	if !isLocalName(s.name) {
		return step{}, fmt.Errorf("%.40q is not a local name", s.name)
	}
	r.rest = r.rest[end:]
	for r.skip("[") {
		if s.position > 0 {
			return step{}, errors.New("a position comes last")
		}
		if err := r.choice(&s); err != nil {
			return step{}, err
		}
		if !r.skip("]") {
			return step{}, errors.New("missing ]")
		}
	}
	return s, nil
}

// choice reads what stands between brackets.
func (r *pathReader) choice(s *step) error {
	if digits := r.digits(); digits != "" {
		n, err := strconv.Atoi(digits)
		if err != nil || n == 0 {
			return errors.New("positions count from 1")
		}
		s.position = n
		return nil
	}
	child, err := r.path()
	if err != nil {
		return err
	}
	anyCase := r.skip("~")
	if !r.skip("=") {
		return errors.New("missing =")
	}
	value, err := r.value()
	s.keys = append(s.keys, key{child, value, anyCase})
	return err
}

func (r *pathReader) digits() string {
	rest := strings.TrimLeft(r.rest, "0123456789")
	digits := r.rest[:len(r.rest)-len(rest)]
	r.rest = rest
	return digits
}

func (r *pathReader) value() (string, error) {
	if strings.HasPrefix(r.rest, `"`) {
		quoted, err := strconv.QuotedPrefix(r.rest)
		if err != nil {
			return "", errors.New("unfinished quotation")
		}
		r.rest = r.rest[len(quoted):]
		return strconv.Unquote(quoted)
	}
	end := strings.IndexByte(r.rest, ']')
	if end < 0 {
		return "", errors.New("missing ]")
	}
	value := r.rest[:end]
	r.rest = r.rest[end:]
	return value, nil
}

func (r *pathReader) skip(prefix string) bool {
	rest, ok := strings.CutPrefix(r.rest, prefix)
	r.rest = rest
	return ok
}
