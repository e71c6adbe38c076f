package xmlpatch

import "strings"

// The limits of a document, before and after every edit. Recorded answers of cameras and recorders stay below 25 KB, 700
// elements and 10 levels; recorders with more channels send some 40 KB. In JSON, values are counted instead of elements.
const (
	MaxBytes      = 4 << 20 // of the whole document
	MaxDepth      = 64      // elements within each other, the root being the first
	MaxElements   = 50_000  // in all
	MaxAttributes = 64      // of one element
	MaxName       = 256     // bytes in a name of an element or attribute
)

// Parse reads a document. Body is not kept. White space and NUL bytes after the root element are accepted, as old web
// servers send them, and stay. Bytes that are not UTF-8, and all beyond ASCII where the document declares another encoding,
// stay as they are: Element.Text shows them escaped, and Set keeps them unless it gets another text. So do control characters in
// texts, which recorders send in names and addresses (reported in 2022), and an & that starts no reference.
//
// The error wraps ErrMalformed or ErrLimit, and names line and column, both counted from 1, columns in characters.
func Parse(body []byte) (*Document, error) {
	return parsed(xmlSyntax{}, body)
}

func (xmlSyntax) parse(body string) (*tree, error) {
	p := parser{cursor: cursor{tree: &tree{body: body, syntax: xmlSyntax{}}}}
	if err := p.checkLength(); err != nil {
		return nil, err
	}
	p.skip("\ufeff")
	p.skipSpace() // as old web servers send it
	if err := p.declaration(); err != nil {
		return nil, err
	}
	for p.at < len(body) {
		if err := p.next(); err != nil {
			return nil, err
		}
	}
	forbidden := p.forbidden()
	switch {
	case forbidden >= 0:
		return nil, p.malformed(forbidden, "a forbidden character")
	case p.root == nil:
		return nil, p.malformed(p.at, "no root element")
	case p.open != nil:
		return nil, p.malformed(p.open.start.from, "the element is not closed")
	}
	return p.tree, nil
}

// trailing is what may follow the root element, besides comments and processing instructions. NUL bytes elsewhere are
// forbidden characters.
const trailing = space + "\x00"

// forbidden is the offset of the first byte outside of texts that no XML can have, or -1.
func (t *tree) forbidden() int {
	markup := strings.TrimRight(t.body, trailing)
	if forbiddenAt(markup) < 0 {
		return -1
	}
	blank := []byte(markup)
	for _, n := range t.nodes {
		for _, run := range n.runs {
			copy(blank[run.from:], strings.Repeat(" ", run.to-run.from))
		}
	}
	return forbiddenAt(string(blank))
}

// parser reads a body from front to back.
type parser struct {
	cursor
	open  *node // the innermost element whose end tag was not read yet; nil outside of the root
	depth int   // number of open elements
}

// next reads a tag, a stretch of text, or something else that is skipped.
func (p *parser) next() error {
	switch {
	case p.sees("<!--"):
		return p.comment()
	case p.sees(cdataStart), !p.sees("<"):
		return p.text()
	case p.sees("<!"):
		return p.malformed(p.at, "document types are refused")
	case p.sees("<?"):
		return p.instruction()
	case p.sees("</"):
		return p.endTag()
	}
	return p.startTag()
}

// declaration reads <?xml version="1.0" encoding="UTF-8"?>, if it is there.
func (p *parser) declaration() error {
	start := p.at
	if !p.skip("<?xml") || !strings.ContainsAny(p.ahead(1), space) {
		p.at = start
		return nil
	}
	attrs, err := p.attributes()
	if err != nil {
		return err
	}
	if !p.skip("?>") {
		return p.malformed(p.at, "broken XML declaration")
	}
	for _, a := range attrs {
		switch {
		case a.name == "version" && a.value != "1.0":
			return p.malformed(start, "XML of another version than 1.0")
		case a.name == "encoding" && !strings.EqualFold(a.value, "UTF-8"):
			p.encoding = a.value
		}
	}
	return nil
}

func (p *parser) comment() error {
	start := p.at
	p.at += len("<!--")
	if !p.skipTo("--") {
		return p.malformed(start, "comment without end")
	}
	if !p.skip(">") {
		return p.malformed(p.at, "-- within a comment")
	}
	return nil
}

func (p *parser) instruction() error {
	start := p.at
	p.at += len("<?")
	target, err := p.name()
	if err != nil {
		return err
	}
	if strings.EqualFold(target, "xml") {
		return p.malformed(start, "XML declaration that is not at the start")
	}
	if !p.skipTo("?>") {
		return p.malformed(start, "processing instruction without end")
	}
	return nil
}

func (p *parser) startTag() error {
	start := p.at
	if p.root != nil && p.open == nil {
		return p.malformed(start, "a second root element")
	}
	p.at++
	name, err := p.name()
	if err != nil {
		return err
	}
	attrs, err := p.attributes()
	if err != nil {
		return err
	}
	selfClosed := p.skip("/")
	if !p.skip(">") {
		return p.malformed(p.at, "broken start tag")
	}
	n := &node{
		tree: p.tree, parent: p.open, local: local(name), attrs: attrs, whole: span{start, p.at},
		tags: tags{name: name, start: span{start, p.at}, end: span{p.at, p.at}, selfClosed: selfClosed},
	}
	return p.add(n)
}

// add puts n, whose start tag was read, into the tree.
func (p *parser) add(n *node) error {
	switch {
	case p.depth == MaxDepth:
		return p.beyond(n.start.from, "elements nested more than %d deep", MaxDepth)
	case len(p.nodes) == MaxElements:
		return p.beyond(n.start.from, "more than %d elements", MaxElements)
	}
	p.nodes = append(p.nodes, n)
	if n.parent == nil {
		p.root = n
	} else {
		n.parent.children = append(n.parent.children, n)
	}
	if !n.selfClosed {
		p.open = n
		p.depth++
	}
	return nil
}

func (p *parser) endTag() error {
	start := p.at
	p.at += len("</")
	name, err := p.name()
	if err != nil {
		return err
	}
	p.skipSpace()
	switch {
	case !p.skip(">"):
		return p.malformed(p.at, "broken end tag")
	case p.open == nil:
		return p.malformed(start, "end tag without start tag")
	case p.open.name != name:
		line, column := p.place(p.open.start.from)
		return p.malformed(start, "end tag that does not match the start tag at line %d, column %d", line, column)
	}
	p.open.end = span{start, p.at}
	p.open.whole.to = p.at
	p.open = p.open.parent
	p.depth--
	return nil
}

// text reads up to the next tag, comment or processing instruction.
func (p *parser) text() error {
	if p.open == nil {
		return p.outside()
	}
	start := p.at
	for p.at < len(p.body) {
		read := p.characters
		switch {
		case p.sees(cdataStart):
			read = p.cdata
		case p.sees("<"):
			p.open.runs = append(p.open.runs, span{start, p.at})
			return nil
		}
		if err := read(); err != nil {
			return err
		}
	}
	return nil // the element is not closed, which parse reports
}

// outside reads what surrounds the root element.
func (p *parser) outside() error {
	p.skipAll(trailing)
	if p.at < len(p.body) && (!p.sees("<") || p.sees(cdataStart)) {
		return p.malformed(p.at, "text outside the root element")
	}
	return nil
}

func (p *parser) cdata() error {
	start := p.at
	if !p.skipTo(cdataEnd) {
		return p.malformed(start, "CDATA section without end")
	}
	return nil
}

func (p *parser) characters() error {
	text, _, _ := strings.Cut(p.body[p.at:], "<")
	if at := strings.Index(text, cdataEnd); at >= 0 {
		return p.malformed(p.at+at, "%s in a text", cdataEnd)
	}
	p.at += len(text)
	return nil
}

// attributes reads as many attributes as follow, and the white space around them.
func (p *parser) attributes() ([]attribute, error) {
	var list []attribute
	for {
		p.skipSpace()
		if nameLength(p.body[p.at:]) == 0 {
			return list, nil
		}
		start := p.at
		a, err := p.attribute()
		if err != nil {
			return nil, err
		}
		if len(list) == MaxAttributes {
			return nil, p.beyond(start, "more than %d attributes", MaxAttributes)
		}
		for _, other := range list {
			if other.name == a.name {
				return nil, p.malformed(start, "the second attribute of that name")
			}
		}
		list = append(list, a)
	}
}

func (p *parser) attribute() (attribute, error) {
	name, err := p.name()
	if err != nil {
		return attribute{}, err
	}
	p.skipSpace()
	if !p.skip("=") {
		return attribute{}, p.malformed(p.at, "attribute without =")
	}
	p.skipSpace()
	start := p.at + 1
	if !p.skip(`"`) && !p.skip(`'`) {
		return attribute{}, p.malformed(p.at, "attribute value without quotation marks")
	}
	quote := p.body[start-1 : start]
	if !p.skipTo(quote) {
		return attribute{}, p.malformed(start-1, "attribute value without end")
	}
	value := p.body[start : p.at-1]
	if at := strings.IndexByte(value, '<'); at >= 0 {
		return attribute{}, p.malformed(start+at, "< in an attribute value")
	}
	return attribute{name: name, local: local(name), value: unescape(normalise(p.legible(value)))}, nil
}

// name reads a name with at most one prefix.
func (p *parser) name() (string, error) {
	start := p.at
	// One byte more than allowed is enough to see that it is too long.
	name := p.ahead(MaxName + 1)
	name = name[:nameLength(name)]
	if len(name) > MaxName {
		return "", p.beyond(start, "a name of more than %d bytes", MaxName)
	}
	prefix, rest, prefixed := strings.Cut(name, ":")
	if name == "" || prefixed && (prefix == "" || nameLength(rest) == 0 || strings.Contains(rest, ":")) {
		return "", p.malformed(start, "a name is missing or broken")
	}
	p.at += len(name)
	return name, nil
}

// local returns name without its prefix.
func local(name string) string { return name[strings.IndexByte(name, ':')+1:] }
