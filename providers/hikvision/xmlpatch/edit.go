package xmlpatch

import (
	"fmt"
	"slices"
	"strings"
)

// Set makes text the text of the element at p. Nothing happens if it is that already, read as Element.Text reads it.
//
// White space around the old text stays, and so do comments. Only if the old or the new text is empty, or the new one
// itself begins or ends in white space (as a password may), the white space goes: then the element holds exactly text.
// CDATA sections become ordinary text. An element written <x/> gets an end tag. Characters with a meaning in XML are
// escaped.
//
// In JSON, the value stays of its type: a string, number or boolean stays one, and null becomes a string. In strings, only
// what must be escaped is.
//
// Where p leads to several elements, they are all set if they are repetitions of one value: siblings with the same text,
// as devices send them. Otherwise the error wraps ErrAmbiguous. It wraps ErrNotFound if there is none, ErrContent if the
// element has child elements or is an object, and ErrInvalid, without showing the text, if the document cannot carry it:
// XML has no control characters, and the place of a number or boolean takes only another.
func (d *Document) Set(p Path, text string) error {
	return d.edit("set", p, func() ([]splice, error) {
		nodes, err := d.tree.repetitions(p)
		if err != nil {
			return nil, err
		}
		var splices []splice
		for _, n := range nodes {
			more, err := d.tree.syntax.set(n, text)
			if err != nil {
				return nil, err
			}
			splices = append(splices, more...)
		}
		return splices, nil
	})
}

// Cover makes text the text of every chosen element that holds one, for people to look at: in JSON, it is a string where a
// number was, too. The error wraps ErrInvalid if the document cannot carry the text.
func (d *Document) Cover(text string, chosen func(Element) bool) error {
	return d.Replace(func(e Element) (string, bool) { return text, chosen(e) })
}

// Replace gives every element that holds a text, and for which with is true, the text that it returns. In JSON, that is a string
// where a number was, too. The error wraps ErrInvalid if the document cannot carry a text.
func (d *Document) Replace(with func(Element) (text string, replaced bool)) error {
	return d.edit("replace", Path{}, func() ([]splice, error) {
		var splices []splice
		for _, n := range d.tree.nodes {
			if n.text() == "" {
				continue
			}
			text, replaced := with(Element{n})
			if !replaced {
				continue
			}
			more, err := d.tree.syntax.cover(n, text)
			if err != nil {
				return nil, err
			}
			splices = append(splices, more...)
		}
		return splices, nil
	})
}

// Insert adds the missing element at p with the given text to its parent, which must be there: behind the last of its
// children with one of the names in after, or as the last child if it has none of them. Some firmware insists on an order.
// The new element is laid out like its neighbour, with the same namespace prefix and the same white space before it.
//
// In JSON, where the parent must be an object, the white space around the colon is that of the neighbour, too. The text true
// or false is written as a boolean and a number as one, everything else as a string. A number is only what comes back as it
// is from a program that keeps it in a double: 80 and 0.5, but not the version 1.10, the name 1e3 or a serial of 20 digits.
// If the parent is an entry of an array, the type is that which the member has in the first entry with one, so far as the
// text allows.
//
// The last step of p must be a mere name. The error wraps ErrExists if the parent has such a child, ErrNotFound or
// ErrAmbiguous if there is not exactly one parent, ErrContent if the parent holds text, and ErrInvalid, without showing
// the text, if the document cannot carry it.
func (d *Document) Insert(p Path, text string, after ...string) error {
	return d.edit("insert", p, func() ([]splice, error) {
		if p.IsRoot() || !p.steps[len(p.steps)-1].isMereName() {
			return nil, fmt.Errorf("%w: the last step must be a plain name", ErrPath)
		}
		parent, err := d.tree.only(p.Parent())
		if err != nil {
			return nil, fmt.Errorf("parent: %w", err)
		}
		if slices.ContainsFunc(parent.children, func(n *node) bool { return n.local == p.Name() }) {
			return nil, ErrExists
		}
		return d.tree.syntax.insert(parent, p.Name(), text, after)
	})
}

// Append adds item, a single element written as XML, as the last child of the element at list. White space around item is
// left out; instead it gets the white space that its new sibling has before it. In an empty list it is laid out like the
// list itself, one level deeper; a list written <x/> gets an end tag.
//
// Remove of the item restores the bytes of a list that had entries or a line break in it, and of every list in a document
// without line breaks; only <x/> stays <x></x>.
//
// In JSON, item is a value, written as JSON without a name, and list leads to the array: by its name for a member of an
// object, although there are as many elements of that name as entries, and by position for an array within an array. An
// empty array, which is no element, is found as well. Remove of the item restores the bytes, but for white space that
// was alone between the brackets.
//
// The error wraps ErrNotFound or ErrAmbiguous if there is not exactly one list, ErrContent if it holds text, ErrMalformed or
// ErrLimit as Parse(item) would return them, and ErrInvalid if item has a declaration or comments around its element. In
// JSON, it wraps ErrContent if something else than an array is there.
func (d *Document) Append(list Path, item []byte) error {
	return d.edit("append to", list, func() ([]splice, error) {
		return d.tree.syntax.append(d.tree, list, string(item))
	})
}

// Remove takes away the element at p, with all that is in it and the white space before it; in JSON, with the comma that
// parted it from the one before it, or if it was the first, from the next. An array that loses its last entry stays as an
// empty one. The error wraps ErrNotFound or ErrAmbiguous if there is not exactly one, and ErrMalformed for the root, without
// which there is no document.
func (d *Document) Remove(p Path) error {
	return d.edit("remove", p, func() ([]splice, error) {
		n, err := d.tree.only(p)
		if err != nil {
			return nil, err
		}
		return d.tree.syntax.remove(n)
	})
}

// Rename gives the element at p another local name. Prefix, attributes and white space of its tags stay. The error wraps
// ErrNotFound or ErrAmbiguous if there is not exactly one, and ErrInvalid if name is not a local name, or in JSON, if the
// element is an entry of an array or a root without a name: those have no name of their own.
func (d *Document) Rename(p Path, name string) error {
	return d.edit("rename", p, func() ([]splice, error) {
		n, err := d.tree.only(p)
		if err != nil {
			return nil, err
		}
		return d.tree.syntax.rename(n, name)
	})
}

// last returns the last thing in list with one of the names, or the last of all if there is none of them; nil if list is
// empty.
func last[T any](list []*T, nameOf func(*T) string, names []string) *T {
	for _, thing := range slices.Backward(list) {
		if slices.Contains(names, nameOf(thing)) {
			return thing
		}
	}
	if len(list) == 0 {
		return nil
	}
	return list[len(list)-1]
}

// splice replaces a span of the body.
type splice struct {
	span
	with string
}

// edit makes the splices that find returns, which are in the order of the body and do not overlap. If anything is wrong,
// before or after, the document stays as it was.
func (d *Document) edit(verb string, p Path, find func() ([]splice, error)) error {
	splices, err := find()
	if err != nil {
		return fmt.Errorf("%s %s: %w", verb, p, err)
	}
	if len(splices) == 0 {
		return nil
	}
	edited, err := d.tree.syntax.parse(d.tree.spliced(splices))
	if err == nil && (edited.root.local == "") != (d.tree.root.local == "") {
		err = fmt.Errorf("%w: another element would be the root", ErrMalformed)
	}
	if err != nil {
		return fmt.Errorf("%s %s: the document would break: %w", verb, p, err)
	}
	d.tree = edited
	return nil
}

func (t *tree) spliced(splices []splice) string {
	var b strings.Builder
	at := 0
	for _, s := range splices {
		b.WriteString(t.body[at:s.from])
		b.WriteString(s.with)
		at = s.to
	}
	b.WriteString(t.body[at:])
	return b.String()
}

// only returns the one element at p.
func (t *tree) only(p Path) (*node, error) {
	nodes := t.root.all(p)
	switch len(nodes) {
	case 0:
		return nil, ErrNotFound
	case 1:
		return nodes[0], nil
	}
	return nil, fmt.Errorf("%w: %d of them", ErrAmbiguous, len(nodes))
}

// repetitions returns the elements at p, which hold text, and the same one below the same parent if they are several.
func (t *tree) repetitions(p Path) ([]*node, error) {
	nodes := t.root.all(p)
	if len(nodes) == 0 {
		return nil, ErrNotFound
	}
	first := nodes[0]
	for _, n := range nodes {
		switch {
		case n.parent != first.parent || n.text() != first.text():
			return nil, fmt.Errorf("%w: %d of them", ErrAmbiguous, len(nodes))
		case len(n.children) > 0:
			return nil, fmt.Errorf("%w: child elements", ErrContent)
		}
	}
	return nodes, nil
}
