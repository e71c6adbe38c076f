package xmlpatch

import "strings"

// syntax is what differs between the languages of documents: how they are read, and which bytes an edit replaces. What an
// edit is about, by path, is the same in all of them.
//
// The errors of edits wrap the sentinels as the methods of Document of the same name promise it.
type syntax interface {
	parse(body string) (*tree, error)
	text(n *node) string

	// set makes text the text of n, which has no children.
	set(n *node, text string) ([]splice, error)
	// cover is set for a document that only people look at: text need not be of the form that is there.
	cover(n *node, text string) ([]splice, error)
	// insert gives parent the child that it lacks, behind the last of those with one of the names in after, or of all.
	insert(parent *node, name, text string, after []string) ([]splice, error)
	// append puts item, written in the language, at the end of the list in t.
	append(t *tree, list Path, item string) ([]splice, error)
	remove(n *node) ([]splice, error)
	rename(n *node, name string) ([]splice, error)
}

func parsed(s syntax, body []byte) (*Document, error) {
	t, err := s.parse(string(body))
	if err != nil {
		return nil, err
	}
	return &Document{t}, nil
}

const (
	errInvalidXML  = invalidIn("an XML file")
	errInvalidJSON = invalidIn("a JSON file")
)

// invalidIn is ErrInvalid in the words of a language.
type invalidIn string

func (file invalidIn) Error() string { return "not writable as part of " + string(file) }

func (invalidIn) Unwrap() error { return ErrInvalid }

// layout returns the white space that the first thing within something else should have before it, and the end of that
// behind it. Lead and outer are the white space before the whole and before what that is in. Both results are empty if the
// whole does not stand on a line of its own.
func layout(lead, outer string) (before, behind string) {
	at := strings.LastIndexByte(lead, '\n')
	if at < 0 {
		return "", ""
	}
	newline, indent := "\n", lead[at+1:]
	if strings.HasSuffix(lead[:at], "\r") {
		newline = "\r\n"
	}
	behind = newline + indent
	unit, _ := strings.CutPrefix(indent, outer[strings.LastIndexByte(outer, '\n')+1:])
	return behind + unit, behind
}

// leadTo returns the white space before a byte.
func leadTo(body string, at int) string {
	before := body[:at]
	return before[len(strings.TrimRight(before, space)):]
}
