package render

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"strconv"
	"unicode/utf16"
	"unicode/utf8"
)

// JSONLine writes v as one line of JSON in which whatever is not printable is escaped. It writes nothing if v cannot be
// encoded.
func JSONLine(w io.Writer, v any) error {
	text, err := encode(v)
	if err != nil {
		return err
	}
	_, err = w.Write(append(text, '\n'))
	return err
}

// JSONDocument writes v as one indented document of JSON in which whatever is not printable is escaped, and what HTML takes for
// mark-up. It writes nothing if v cannot be encoded.
func JSONDocument(w io.Writer, v any) error {
	text, err := json.Marshal(v)
	if err != nil {
		return err
	}
	var b bytes.Buffer
	if err := json.Indent(&b, escapeUnprintable(text), "", "  "); err != nil {
		return err
	}
	b.WriteByte('\n')
	_, err = w.Write(b.Bytes())
	return err
}

// encode is JSON without HTML escapes in which whatever is not printable is escaped.
func encode(v any) ([]byte, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		return nil, err
	}
	return escapeUnprintable(bytes.TrimSuffix(b.Bytes(), []byte("\n"))), nil
}

// escapeUnprintable writes characters that could steer a terminal as \u escapes. In JSON they stand in strings only, since
// the encoder writes no white space.
func escapeUnprintable(text []byte) []byte {
	if isPrintable(string(text)) {
		return text
	}
	var b []byte
	for _, r := range string(text) {
		switch {
		case strconv.IsPrint(r):
			b = utf8.AppendRune(b, r)
		case r > 0xffff:
			high, low := utf16.EncodeRune(r)
			b = fmt.Appendf(b, `\u%04x\u%04x`, high, low)
		default:
			b = fmt.Appendf(b, `\u%04x`, r)
		}
	}
	return b
}
