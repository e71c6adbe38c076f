package simulator

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
)

// member is a value of a JSON document, with its place in the bytes.
type member struct {
	name       string // within an object
	start, end int
	value      any       // of a value that is neither object nor array, as encoding/json reads it
	members    []*member // of an object
	object     bool
}

var errJSON = errors.New("not one JSON value")

// scanJSON finds the members of a document. Arrays are values without parts.
func scanJSON(doc []byte) (*member, error) {
	decoder := json.NewDecoder(bytes.NewReader(doc))
	root, err := nextMember(decoder, doc)
	if err != nil {
		return nil, err
	}
	if _, err := decoder.Token(); err != io.EOF {
		return nil, errJSON
	}
	return root, nil
}

// nextMember reads the value that follows.
func nextMember(decoder *json.Decoder, doc []byte) (*member, error) {
	from := int(decoder.InputOffset())
	m := &member{start: from + len(doc[from:]) - len(bytes.TrimLeft(doc[from:], " \t\r\n:,"))}
	if !bytes.HasPrefix(doc[m.start:], []byte("{")) {
		err := decoder.Decode(&m.value)
		m.end = int(decoder.InputOffset())
		return m, err
	}
	m.object = true
	if _, err := decoder.Token(); err != nil {
		return nil, err
	}
	for decoder.More() {
		name, err := decoder.Token()
		if err != nil {
			return nil, err
		}
		child, err := nextMember(decoder, doc)
		if err != nil {
			return nil, err
		}
		child.name = fmt.Sprint(name)
		m.members = append(m.members, child)
	}
	_, err := decoder.Token()
	m.end = int(decoder.InputOffset())
	return m, err
}

// child returns the member of that name, or nil. It may be called on nil.
func (m *member) child(name string) *member {
	if m == nil {
		return nil
	}
	for _, c := range m.members {
		if c.name == name {
			return c
		}
	}
	return nil
}

// jsonMerge takes the values of a write over into a document.
type jsonMerge struct {
	unit       *unit
	document   string
	have, sent []byte
	edits      []edit
	secrets    map[string]string
}

// putJSON merges a write into a JSON document: members that are given are changed where they stand, the others stay. Unknown
// members, values of another kind and values beyond the limits of the capability document are refused.
func (w *write) putJSON(path string, have, sent []byte) result {
	want, err := scanJSON(sent)
	if err != nil {
		return *w.unit.model.refuse(badJSONFormat)
	}
	old, err := scanJSON(have)
	if err != nil {
		return *w.unit.model.refuse(deviceError)
	}
	caps, _ := scanJSON(w.unit.model.documents[path+"/capabilities"].body)
	m := &jsonMerge{unit: w.unit, document: path, have: have, sent: sent, secrets: make(map[string]string)}
	if no := m.merge(old, want, caps, ""); no != nil {
		return *no
	}
	next := apply(have, m.edits)
	if no := w.bindCertificate(path, next); no != nil {
		return *no
	}
	return w.keep(path, part{document: path}, composed{body: next, secrets: m.secrets})
}

func (m *jsonMerge) merge(old, want, caps *member, at string) refusal {
	if !want.object {
		return m.replace(old, want, caps)
	}
	if !old.object {
		return m.unit.model.refuse(badParameters).about(want.name)
	}
	for _, w := range want.members {
		o := old.child(w.name)
		switch {
		case writeOnly[w.name]:
			m.secrets[strings.TrimPrefix(at+"/"+w.name, "/")] = fmt.Sprint(w.value)
			continue
		case o == nil:
			return m.unit.model.refuse(badJSONContent).about(w.name)
		}
		if no := m.merge(o, w, caps.child(w.name), at+"/"+w.name); no != nil {
			return no
		}
	}
	return nil
}

func (m *jsonMerge) replace(old, want, caps *member) refusal {
	if old.object || fmt.Sprintf("%T", old.value) != fmt.Sprintf("%T", want.value) || !withinJSON(want.value, caps) {
		return m.unit.model.refuse(badParameters).about(want.name)
	}
	text := m.sent[want.start:want.end]
	if m.document == emailPath {
		text = maskAddresses(text)
	}
	if !bytes.Equal(text, m.have[old.start:old.end]) {
		m.edits = append(m.edits, edit{old.start, old.end, string(text)})
	}
	return nil
}

// withinJSON reports whether a value keeps the limits that a capability document has for it: @opt, and @min and @max of a
// number or of the length of a text.
func withinJSON(value any, caps *member) bool {
	if options := caps.child("@opt"); options != nil {
		list, _ := options.value.([]any)
		return slices.Contains(list, value)
	}
	var measure float64
	switch v := value.(type) {
	case float64:
		measure = v
	case string:
		measure = float64(len(v))
	default:
		return true
	}
	low, hasLow := caps.number("@min")
	high, hasHigh := caps.number("@max")
	return (!hasLow || measure >= low) && (!hasHigh || measure <= high)
}

func (m *member) number(name string) (float64, bool) {
	c := m.child(name)
	if c == nil {
		return 0, false
	}
	n, found := c.value.(float64)
	return n, found
}

// maskAddresses hides all but the first letter and the domain of the addresses in a list of JSON, as the device does in
// what it shows. What is hidden already stays as it is.
func maskAddresses(list []byte) []byte {
	var entries []map[string]any
	if json.Unmarshal(list, &entries) != nil {
		return list
	}
	for _, entry := range entries {
		text, _ := entry["emailAddress"].(string)
		if name, domain, found := strings.Cut(text, "@"); found && name != "" {
			list = bytes.Replace(list, []byte(text), []byte(name[:1]+"****@"+domain), 1)
		}
	}
	return list
}
