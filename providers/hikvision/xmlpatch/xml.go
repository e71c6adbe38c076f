package xmlpatch

import (
	"fmt"
	"strings"
)

// xmlSyntax is how XML is edited. How it is read, the parser says.
type xmlSyntax struct{}

// tags are where an element is written in XML, and how.
type tags struct {
	name  string // as written, with the prefix of its namespace
	start span   // the start tag, from < to >
	end   span   // the end tag; empty, behind the start tag, where selfClosed
	runs  []span // the text: stretches of characters and CDATA sections between other markup

	selfClosed bool // written <x/>
}

func (n *node) prefix() string { return n.name[:len(n.name)-len(n.local)] }

func (n *node) content() span { return span{n.start.to, n.end.from} }

// lead returns the white space before n.
func (n *node) lead() string { return leadTo(n.tree.body, n.whole.from) }

func (xmlSyntax) text(n *node) string { return trim(n.untrimmed()) }

func (n *node) untrimmed() string {
	var b strings.Builder
	for _, run := range n.runs {
		b.WriteString(decode(n.tree.legible(run.of(n.tree.body))))
	}
	return b.String()
}

func (xmlSyntax) set(n *node, text string) ([]splice, error) {
	exact := text != trim(text)
	if text == n.text() || exact && text == n.untrimmed() {
		return nil, nil
	}
	encoded, err := n.tree.encode(text)
	switch {
	case err != nil:
		return nil, err
	case n.selfClosed:
		return []splice{n.opening(encoded)}, nil
	case len(n.runs) == 0:
		return []splice{{span{n.start.to, n.start.to}, encoded}}, nil
	case exact || text == "" || n.text() == "":
		return replacing(n.runs, encoded), nil
	}
	return replacing(n.cores(), encoded), nil
}

func (s xmlSyntax) cover(n *node, text string) ([]splice, error) { return s.set(n, text) }

// replacing puts encoded in place of the first of the spans, and nothing in that of the others.
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
		text := run.of(n.tree.body)
		if core := trim(text); core != "" {
			from := run.from + strings.Index(text, core)
			cores = append(cores, span{from, from + len(core)})
		}
	}
	return cores
}

// opening gives n, which is written <x/>, an end tag and the content. Blanks before the slash belong to it.
func (n *node) opening(content string) splice {
	tag := n.start.of(n.tree.body)
	kept := strings.TrimRight(strings.TrimSuffix(tag, "/>"), space)
	return splice{span{n.start.from + len(kept), n.start.to}, ">" + content + "</" + n.name + ">"}
}

func (xmlSyntax) insert(parent *node, name, text string, after []string) ([]splice, error) {
	encoded, err := parent.tree.encode(text)
	if err != nil {
		return nil, err
	}
	neighbour := last(parent.children, (*node).localName, after)
	if neighbour != nil {
		name = neighbour.prefix() + name
	} else {
		name = parent.prefix() + name
	}
	return parent.adding(neighbour, "<"+name+">"+encoded+"</"+name+">")
}

func (xmlSyntax) append(t *tree, list Path, item string) ([]splice, error) {
	parent, err := t.only(list)
	if err != nil {
		return nil, err
	}
	element, err := single(item)
	if err != nil {
		return nil, err
	}
	return parent.adding(last(parent.children, (*node).localName, nil), element)
}

// single returns item without the white space around it, if it is an element and nothing else.
func single(item string) (string, error) {
	t, err := xmlSyntax{}.parse(item)
	if err != nil {
		return "", fmt.Errorf("item: %w", err)
	}
	element := t.root.whole.of(item)
	if trim(item) != element {
		return "", fmt.Errorf("%w: the item is more than an element", errInvalidXML)
	}
	return element, nil
}

// adding puts element, written as XML, behind the given child of n; nil where n has none.
func (n *node) adding(child *node, element string) ([]splice, error) {
	if n.text() != "" {
		return nil, fmt.Errorf("%w: text", ErrContent)
	}
	if child != nil {
		return []splice{{span{child.end.to, child.end.to}, child.lead() + element}}, nil
	}
	before, behind := layout(n.lead(), n.outerLead())
	content := n.content().of(n.tree.body)
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

// outerLead returns the white space before the parent of n. The root is not indented by anything.
func (n *node) outerLead() string {
	if n.parent == nil {
		return n.lead()
	}
	return n.parent.lead()
}

func (xmlSyntax) remove(n *node) ([]splice, error) {
	return []splice{{span{n.whole.from - len(n.lead()), n.whole.to}, ""}}, nil
}

func (xmlSyntax) rename(n *node, name string) ([]splice, error) {
	if !isLocalName(name) {
		return nil, fmt.Errorf("%w: %.40q is not a local name", errInvalidXML, name)
	}
	start := n.start.from + len("<") + len(n.prefix())
	splices := []splice{{span{start, start + len(n.local)}, name}}
	if !n.selfClosed {
		end := n.end.from + len("</") + len(n.prefix())
		splices = append(splices, splice{span{end, end + len(n.local)}, name})
	}
	return splices, nil
}
