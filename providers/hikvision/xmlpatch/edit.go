package xmlpatch

import (
	"bytes"
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
// Where p leads to several elements, they are all set if they are repetitions of one value: siblings with the same text,
// as devices send them. Otherwise the error wraps ErrAmbiguous. It wraps ErrNotFound if there is none, ErrContent if the
// element has child elements, and ErrInvalid, without showing the text, if XML cannot carry it.
func (d *Document) Set(p Path, text string) error {
	return d.edit("set", p, func() ([]splice, error) {
		nodes, err := d.tree.repetitions(p)
		if err != nil {
			return nil, err
		}
		encoded, err := encode(text)
		if err != nil {
			return nil, err
		}
		var splices []splice
		for _, n := range nodes {
			splices = append(splices, n.setting(text, encoded)...)
		}
		return splices, nil
	})
}

// Insert adds the missing element at p with the given text to its parent, which must be there: behind the last of its
// children with one of the names in after, or as the last child if it has none of them. Some firmware insists on an order.
// The new element is laid out like its neighbour, with the same namespace prefix and the same white space before it.
//
// The last step of p must be a mere name. The error wraps ErrExists if the parent has such a child, ErrNotFound or
// ErrAmbiguous if there is not exactly one parent, ErrContent if the parent holds text, and ErrInvalid, without showing
// the text, if XML cannot carry it.
func (d *Document) Insert(p Path, text string, after ...string) error {
	return d.edit("insert", p, func() ([]splice, error) {
		if p.IsRoot() || !p.steps[len(p.steps)-1].isMereName() {
			return nil, fmt.Errorf("%w: the last step must be a mere name", ErrPath)
		}
		parent, err := d.tree.only(p.Parent())
		if err != nil {
			return nil, fmt.Errorf("parent: %w", err)
		}
		if slices.ContainsFunc(parent.children, func(n *node) bool { return n.local == p.Name() }) {
			return nil, ErrExists
		}
		encoded, err := encode(text)
		if err != nil {
			return nil, err
		}
		neighbour := parent.lastChild(after)
		name := parent.prefix() + p.Name()
		if neighbour != nil {
			name = neighbour.prefix() + p.Name()
		}
		return parent.adding(neighbour, "<"+name+">"+encoded+"</"+name+">")
	})
}

// Append adds item, a single element written as XML, as the last child of the element at list. White space around item is
// left out; instead it gets the white space that its new sibling has before it. In an empty list it is laid out like the
// list itself, one level deeper; a list written <x/> gets an end tag.
//
// Remove of the item restores the bytes of a list that had entries or a line break in it, and of every list in a document
// without line breaks; only <x/> stays <x></x>.
//
// The error wraps ErrNotFound or ErrAmbiguous if there is not exactly one list, ErrContent if it holds text, ErrMalformed or
// ErrLimit as Parse(item) would return them, and ErrInvalid if item has a declaration or comments around its element.
func (d *Document) Append(list Path, item []byte) error {
	return d.edit("append to", list, func() ([]splice, error) {
		parent, err := d.tree.only(list)
		if err != nil {
			return nil, err
		}
		element, err := single(item)
		if err != nil {
			return nil, err
		}
		return parent.adding(parent.lastChild(nil), element)
	})
}

// Remove takes away the element at p, with all that is in it and the white space before it. The error wraps ErrNotFound
// or ErrAmbiguous if there is not exactly one, and ErrMalformed for the root, without which there is no document.
func (d *Document) Remove(p Path) error {
	return d.edit("remove", p, func() ([]splice, error) {
		n, err := d.tree.only(p)
		if err != nil {
			return nil, err
		}
		return []splice{{span{n.start.from - len(n.lead()), n.end.to}, ""}}, nil
	})
}

// Rename gives the element at p another local name. Prefix, attributes and white space of its tags stay. The error wraps
// ErrNotFound or ErrAmbiguous if there is not exactly one, and ErrInvalid if name is not a local name.
func (d *Document) Rename(p Path, name string) error {
	return d.edit("rename", p, func() ([]splice, error) {
		n, err := d.tree.only(p)
		if err != nil {
			return nil, err
		}
		if !isLocalName(name) {
			return nil, fmt.Errorf("%w: %.40q is no local name", ErrInvalid, name)
		}
		return n.renaming(name), nil
	})
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
	edited, err := parse(d.tree.spliced(splices))
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

// single returns item without the white space around it, if it is an element and nothing else.
func single(item []byte) (string, error) {
	d, err := Parse(item)
	if err != nil {
		return "", fmt.Errorf("item: %w", err)
	}
	element := d.Root().Raw()
	if !bytes.Equal(bytes.Trim(item, space), element) {
		return "", fmt.Errorf("%w: the item is more than an element", ErrInvalid)
	}
	return string(element), nil
}

// setting makes text, which is written as encoded, the text of n.
func (n *node) setting(text, encoded string) []splice {
	exact := text != trim(text)
	switch {
	case text == n.text(), exact && text == n.untrimmed():
		return nil
	case n.selfClosed:
		return []splice{n.opening(encoded)}
	case len(n.runs) == 0:
		return []splice{{span{n.start.to, n.start.to}, encoded}}
	case exact || text == "" || n.text() == "":
		return replacing(n.runs, encoded)
	}
	return replacing(n.cores(), encoded)
}

// replacing puts encoded in the place of the first of the spans, and nothing in that of the others.
func replacing(spans []span, encoded string) []splice {
	splices := make([]splice, len(spans))
	for i, s := range spans {
		splices[i] = splice{span: s}
	}
	splices[0].with = encoded
	return splices
}

// cores are the runs of n without the white space around each, those without more left out.
func (n *node) cores() []span {
	var cores []span
	for _, run := range n.runs {
		text := run.of(n.body)
		if core := trim(text); core != "" {
			from := run.from + strings.Index(text, core)
			cores = append(cores, span{from, from + len(core)})
		}
	}
	return cores
}

// opening gives n, which is written <x/>, an end tag and the content. Blanks before the slash belong to it.
func (n *node) opening(content string) splice {
	tag := n.start.of(n.body)
	kept := strings.TrimRight(strings.TrimSuffix(tag, "/>"), space)
	return splice{span{n.start.from + len(kept), n.start.to}, ">" + content + "</" + n.name + ">"}
}

// renaming replaces the local name in the tags of n.
func (n *node) renaming(name string) []splice {
	start := n.start.from + len("<") + len(n.prefix())
	splices := []splice{{span{start, start + len(n.local)}, name}}
	if !n.selfClosed {
		end := n.end.from + len("</") + len(n.prefix())
		splices = append(splices, splice{span{end, end + len(n.local)}, name})
	}
	return splices
}

// lastChild returns the last child with one of the names, or the last of all if there is none of them; nil without
// children.
func (n *node) lastChild(names []string) *node {
	for _, child := range slices.Backward(n.children) {
		if slices.Contains(names, child.local) {
			return child
		}
	}
	if len(n.children) == 0 {
		return nil
	}
	return n.children[len(n.children)-1]
}

// adding puts element, written as XML, behind the given child of n; nil where n has none.
func (n *node) adding(child *node, element string) ([]splice, error) {
	if n.text() != "" {
		return nil, fmt.Errorf("%w: text", ErrContent)
	}
	if child != nil {
		return []splice{{span{child.end.to, child.end.to}, child.lead() + element}}, nil
	}
	before, behind := n.layout()
	content := n.content().of(n.body)
	switch {
	case n.selfClosed:
		return []splice{n.opening(before + element + behind)}, nil
	case content == "":
		return []splice{{n.content(), before + element + behind}}, nil
	}
	// The white space before the end tag is there already.
	at := n.start.to + len(strings.TrimRight(content, space))
	return []splice{{span{at, at}, before + element}}, nil
}

// lead returns the white space before n.
func (n *node) lead() string {
	before := n.body[:n.start.from]
	return before[len(strings.TrimRight(before, space)):]
}

// layout returns the white space that a first child of n should have before it, and the end tag behind it. Both are empty
// if n does not stand on a line of its own.
func (n *node) layout() (before, behind string) {
	lead := n.lead()
	at := strings.LastIndexByte(lead, '\n')
	if at < 0 {
		return "", ""
	}
	newline, indent := "\n", lead[at+1:]
	if strings.HasSuffix(lead[:at], "\r") {
		newline = "\r\n"
	}
	behind = newline + indent
	return behind + n.indentUnit(indent), behind
}

// indentUnit returns by how much n, which is indented by indent, is so further than its parent.
func (n *node) indentUnit(indent string) string {
	if n.parent == nil {
		return ""
	}
	lead := n.parent.lead()
	outer := lead[strings.LastIndexByte(lead, '\n')+1:]
	unit, _ := strings.CutPrefix(indent, outer)
	return unit
}
