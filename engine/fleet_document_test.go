package engine_test

import (
	"bytes"
	"cmp"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"unicode/utf8"
)

// markup is an element in the bytes of a document: where its start tag, its content and its end tag lie.
type markup struct {
	place                    string // its way from the root, each step with its number among the siblings of the same name: "List[1]/Entry[2]/id[1]"
	name                     string // as the tag spells it
	text                     string
	start, inner, close, end int
}

// selfClosed reports whether the element is one tag.
func (m markup) selfClosed() bool { return m.inner == m.end }

// elementsOf lists the elements of a document in the order of their start tags. It shares no code with what edits documents.
func elementsOf(body []byte) ([]*markup, error) {
	decoder := xml.NewDecoder(bytes.NewReader(legible(body)))
	var all, open []*markup
	numbers := map[string]int{}
	for {
		at := int(decoder.InputOffset())
		token, err := decoder.RawToken()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, err
		}
		switch t := token.(type) {
		case xml.StartElement:
			way := t.Name.Local
			if len(open) > 0 {
				way = open[len(open)-1].place + "/" + way
			}
			numbers[way]++
			m := &markup{
				place: fmt.Sprintf("%s[%d]", way, numbers[way]), name: strings.TrimPrefix(t.Name.Space+":"+t.Name.Local, ":"),
				start: at, inner: int(decoder.InputOffset()),
			}
			all, open = append(all, m), append(open, m)
		case xml.CharData:
			if len(open) > 0 {
				open[len(open)-1].text += string(t)
			}
		case xml.EndElement:
			if len(open) == 0 {
				return nil, fmt.Errorf("an end tag too many: %s", t.Name.Local)
			}
			m := open[len(open)-1]
			m.close, m.end = at, int(decoder.InputOffset())
			open = open[:len(open)-1]
		}
	}
	if len(all) == 0 || len(open) > 0 {
		return nil, errors.New("no whole element")
	}
	return all, nil
}

// legible is a document in which a question mark stands for each byte that is no UTF-8, so that all else stays where it is.
func legible(body []byte) []byte {
	if utf8.Valid(body) {
		return body
	}
	out := bytes.Clone(body)
	for at := 0; at < len(out); {
		r, size := utf8.DecodeRune(out[at:])
		if r == utf8.RuneError && size == 1 {
			out[at] = '?'
		}
		at += size
	}
	return out
}

// textsOf are the texts of the elements of a document by place, without white space around them.
func textsOf(body []byte) map[string]string {
	elements, err := elementsOf(body)
	if err != nil {
		return nil
	}
	texts := make(map[string]string, len(elements))
	for _, m := range elements {
		texts[m.place] = strings.TrimSpace(m.text)
	}
	return texts
}

// allowance is what a change may touch in a document, by place.
type allowance struct {
	contents []string // what is between the tags
	elements []string // the tags as well: elements that take another name
	comes    []string // elements that appear or go, with the white space before them
}

// and allows what either allows.
func (a allowance) and(b allowance) allowance {
	return allowance{
		contents: slices.Concat(a.contents, b.contents), elements: slices.Concat(a.elements, b.elements),
		comes: slices.Concat(a.comes, b.comes),
	}
}

const masked = "*"

// mask is a document with everything that may change taken out: two versions of a document are the same under it if, byte
// for byte, nothing else changed.
func (a allowance) mask(body []byte) (string, error) {
	elements, err := elementsOf(body)
	if err != nil {
		return "", err
	}
	type cut struct {
		from, to int
		by       string
	}
	var cuts []cut
	for _, m := range elements {
		switch {
		case slices.Contains(a.comes, m.place):
			cuts = append(cuts, cut{len(bytes.TrimRight(body[:m.start], " \t\r\n")), m.end, ""})
		case slices.Contains(a.elements, m.place):
			cuts = append(cuts, cut{m.start, m.end, masked})
		case slices.Contains(a.contents, m.place) && m.selfClosed():
			slash := m.inner - len("/>")
			cuts = append(cuts, cut{slash, m.end, ">" + masked + "</" + m.name + ">"})
		case slices.Contains(a.contents, m.place):
			cuts = append(cuts, cut{m.inner, m.close, masked})
		}
	}
	slices.SortFunc(cuts, func(x, y cut) int { return cmp.Compare(x.from, y.from) })
	var out strings.Builder
	done := 0
	for _, c := range cuts {
		if c.from < done {
			continue // within an element that is masked as a whole
		}
		out.Write(body[done:c.from])
		out.WriteString(c.by)
		done = c.to
	}
	out.Write(body[done:])
	return out.String(), nil
}

// compare says where two versions of a document differ beyond what may change, or "".
func (a allowance) compare(before, after []byte) string {
	if bytes.Equal(before, after) {
		return ""
	}
	x, errX := a.mask(before)
	y, errY := a.mask(after)
	if err := errors.Join(errX, errY); err != nil {
		return fmt.Sprintf("it changed, and is no XML: %v", err)
	}
	if x == y {
		return ""
	}
	at := 0
	for at < min(len(x), len(y)) && x[at] == y[at] {
		at++
	}
	near := func(s string) string { return s[max(0, min(at, len(s))-60):min(len(s), at+60)] }
	return fmt.Sprintf("more than the declared elements changed, from\n%q\nto\n%q", near(x), near(y))
}
