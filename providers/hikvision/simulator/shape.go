package simulator

import (
	"bytes"
	"regexp"
)

// checkShape judges the structure of a write by the strictness of the model.
func (c *composition) checkShape() refusal {
	if c.unit.model.Writes == fullWrites {
		if name := c.missing(c.old, c.want); name != "" {
			return c.unit.model.refuse(parametersLack).about(name)
		}
	}
	if c.unit.model.Writes == fullWrites || c.unit.quirks.ExactBodies {
		return c.unknownElement()
	}
	return nil
}

// prefixed finds a tag with the prefix of a name space, and prefix is one at the beginning.
var (
	prefixed = regexp.MustCompile(`</?[\pL_][\pL\d._-]*:`)
	prefix   = regexp.MustCompile(`^(</?)[\pL_][\pL\d._-]*:`)
)

// withoutPrefixes is a document whose elements have the names that devices give them: what a client writes with a prefix for the name
// space means the same without.
func withoutPrefixes(doc []byte, root *element) []byte {
	var edits []edit
	bare := func(at int) {
		if p := prefix.FindSubmatchIndex(doc[at:]); p != nil {
			edits = append(edits, edit{at + p[3], at + p[1], ""})
		}
	}
	root.walk(func(e *element) {
		bare(e.start)
		if e.inner < e.end {
			bare(e.close)
		}
	})
	return apply(doc, edits)
}

// withoutClock is the write compared with a document without localTime, where it has none: it follows from the NTP mode,
// and even a strict device does not ask for it.
func (c *composition) withoutClock() *composition {
	local := c.old.child("localTime")
	if local == nil || c.want.child("localTime") != nil {
		return c
	}
	less := *c
	less.have = apply(c.have, []edit{local.remove(c.have)})
	old, err := scan(less.have)
	if err != nil {
		return c
	}
	less.old = old
	return &less
}

// withoutSecrets is the write without the write-only elements that it adds: no GET shows where they belong.
func (c *composition) withoutSecrets() *composition {
	edits := c.addedSecrets(c.old, c.want)
	less := *c
	less.sent = apply(c.sent, edits)
	want, err := scan(less.sent)
	if err != nil {
		return c
	}
	less.want = want
	return &less
}

func (c *composition) addedSecrets(old, want *element) (edits []edit) {
	for _, w := range want.children {
		o := old.counterpart(w)
		if o == nil && writeOnly[w.name] {
			edits = append(edits, w.remove(c.sent))
		} else {
			edits = append(edits, c.addedSecrets(o, w)...)
		}
	}
	return edits
}

// sameBytes reports whether the write differs from the document in the text of elements only.
func (c *composition) sameBytes() bool {
	declared, sent := bytes.TrimSpace(c.have[:c.old.start]), bytes.TrimSpace(c.sent[:c.want.start])
	return bytes.Equal(declared, sent) && c.sameMarkup(c.old, c.want)
}

func (c *composition) unknownElement() refusal {
	var no refusal
	c.want.walk(func(e *element) {
		if no == nil && !c.known[e.name] {
			no = c.unit.model.refuse(badXMLContent).about(e.name)
		}
	})
	return no
}

// sameMarkup reports whether only the text of elements differs. Items of a list that is taken as a whole are free.
func (c *composition) sameMarkup(old, want *element) bool {
	sameTag := old.startTag(c.have) == want.startTag(c.sent)
	if branches[old.name] && branches[want.name] {
		sameTag = true
	}
	if !sameTag || old.replaced() {
		return sameTag
	}
	if len(old.children) != len(want.children) {
		return false
	}
	oldAt, wantAt := old.inner, want.inner
	for i, o := range old.children {
		w := want.children[i]
		if !bytes.Equal(c.have[oldAt:o.start], c.sent[wantAt:w.start]) || !c.sameMarkup(o, w) {
			return false
		}
		oldAt, wantAt = o.end, w.end
	}
	return old.leaf() || bytes.Equal(c.have[oldAt:old.close], c.sent[wantAt:want.close])
}

// missing returns the name of an element that a full document has to bring and want does not, or "".
func (c *composition) missing(old, want *element) string {
	if old.replaced() {
		return ""
	}
	for _, o := range old.children {
		if fixed(c.document, o.name) {
			continue
		}
		w := want.counterpart(o)
		if w == nil && branches[o.name] && want.child("addressingFormatType") != nil {
			continue
		}
		if w == nil {
			return o.name
		}
		if name := c.missing(o, w); name != "" {
			return name
		}
	}
	return ""
}
