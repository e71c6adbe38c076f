package isapi

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"regexp"
	"strings"
	"unicode/utf8"
)

// answer is a small flat document of a device: a ResponseStatus, userCheck or DeviceInfo, in XML of any name space or in
// JSON. Nested elements are not in it.
type answer struct {
	root   string            // local name of the root; "ResponseStatus" for a JSON object with a statusCode; empty if unknown
	fields map[string]string // trimmed texts of the children of the root by local name; the first of equal names
}

// field gives the first of the named children that has a text.
func (a answer) field(names ...string) string {
	for _, name := range names {
		if text := a.fields[name]; text != "" {
			return text
		}
	}
	return ""
}

// maxFlat is the size up to which a body is read as an answer. Recorded ones have at most a few thousand bytes.
const maxFlat = 64 << 10

// parseAnswer reads a body as an answer. The result has an empty root if it is not one, so that a document that only
// looks like an answer is never taken for success.
func parseAnswer(body []byte) answer {
	body = trim(body)
	if len(body) > maxFlat {
		return answer{}
	}
	var a answer
	var err error
	if bytes.HasPrefix(body, []byte("{")) {
		a, err = parseJSON(body)
	} else {
		a, err = parseXML(body)
	}
	if err != nil {
		return answer{}
	}
	return a
}

// debris is what old web servers put around a document.
const debris = " \t\r\n\x00"

// trim removes a byte order mark and the debris around a document.
func trim(body []byte) []byte {
	body = bytes.TrimLeft(body, debris)
	return bytes.Trim(bytes.TrimPrefix(body, []byte("\xef\xbb\xbf")), debris)
}

// unwrapped is a document without what does not belong to it, so that none of that is sent back. The line break that ends it
// belongs to it. What is neither XML nor JSON stays as it came.
func unwrapped(body []byte) []byte {
	document := trim(body)
	if len(document) == 0 || document[0] != '<' && document[0] != '{' && document[0] != '[' {
		return body
	}
	_, behind, _ := bytes.Cut(body, document)
	for _, end := range []string{"\r\n", "\n"} {
		if bytes.HasPrefix(behind, []byte(end)) {
			return append(bytes.Clone(document), end...)
		}
	}
	return document
}

func parseXML(body []byte) (answer, error) {
	a := answer{fields: map[string]string{}}
	decoder := newDecoder(body)
	var depth int
	var name string
	var text strings.Builder
	for {
		token, err := decoder.Token()
		if errors.Is(err, io.EOF) && a.root != "" {
			return a, nil
		}
		if err != nil {
			return answer{}, err
		}
		switch token := token.(type) {
		case xml.StartElement:
			depth++
			switch {
			case depth == 1 && a.root != "":
				return answer{}, errors.New("two roots")
			case depth == 1:
				a.root = token.Name.Local
			case depth == 2:
				name = token.Name.Local
				text.Reset()
			}
		case xml.CharData:
			if depth == 2 {
				text.Write(token)
			}
		case xml.EndElement:
			if _, twice := a.fields[name]; depth == 2 && !twice {
				a.fields[name] = strings.TrimSpace(text.String())
			}
			depth--
		}
	}
}

// ampersand finds the references of XML, and each & that starts none.
var ampersand = regexp.MustCompile("&(?:(?:amp|lt|gt|apos|quot|#[0-9]+|#x[0-9a-fA-F]+);)?")

// newDecoder reads XML whose texts matter only in ASCII: in GBK and similar encodings, the rest becomes U+FFFD, and so
// do control characters. An & that firmware did not escape stands for itself.
func newDecoder(body []byte) *xml.Decoder {
	if !utf8.Valid(body) {
		body = bytes.ToValidUTF8(body, []byte("\uFFFD"))
	}
	if bytes.ContainsFunc(body, isControl) {
		body = bytes.Map(func(r rune) rune {
			if isControl(r) {
				return utf8.RuneError
			}
			return r
		}, body)
	}
	if bytes.IndexByte(body, '&') >= 0 {
		body = ampersand.ReplaceAllFunc(body, func(found []byte) []byte {
			if len(found) == 1 {
				return []byte("&amp;")
			}
			return found
		})
	}
	decoder := xml.NewDecoder(bytes.NewReader(body))
	decoder.CharsetReader = func(_ string, input io.Reader) (io.Reader, error) { return input, nil }
	return decoder
}

// isControl reports whether r is a control character that XML has no place for.
func isControl(r rune) bool { return r < ' ' && !strings.ContainsRune(" \t\r\n", r) }

func parseJSON(body []byte) (answer, error) {
	var object map[string]json.RawMessage
	if err := json.Unmarshal(body, &object); err != nil {
		return answer{}, err
	}
	a := answer{fields: map[string]string{}}
	for _, wrapper := range []string{"ResponseStatus", "userCheck"} {
		if inner, ok := object[wrapper]; ok && len(object) == 1 {
			a.root, object = wrapper, nil
			if err := json.Unmarshal(inner, &object); err != nil {
				return answer{}, err
			}
			break
		}
	}
	if _, ok := object["statusCode"]; ok && a.root == "" {
		a.root = "ResponseStatus"
	}
	for name, raw := range object {
		var scalar any
		if err := json.Unmarshal(raw, &scalar); err != nil {
			return answer{}, err
		}
		switch scalar := scalar.(type) {
		case string:
			a.fields[name] = strings.TrimSpace(scalar)
		case float64, bool:
			a.fields[name] = strings.TrimSpace(string(raw))
		}
	}
	return a, nil
}

// shape is what a body is at first sight.
type shape string

const (
	shapeEmpty shape = "an empty body"
	shapeHTML  shape = "an HTML page"
	shapeJSON  shape = "JSON"
	shapeXML   shape = "XML"
	shapeText  shape = "plain text" // time/timeZone and time/localTime are; recorded on an NVR
)

// shapeOf sniffs a body, since devices send XML as text/html and the reverse. The second result is the local name of the
// root of XML, empty if it cannot be read.
func shapeOf(body []byte) (shape, string) {
	body = trim(body)
	switch {
	case len(body) == 0:
		return shapeEmpty, ""
	case body[0] == '{' || body[0] == '[':
		return shapeJSON, ""
	case body[0] != '<':
		return shapeText, ""
	}
	root := rootName(body)
	start := bytes.ToLower(body[:min(len(body), 512)])
	if strings.EqualFold(root, "html") || bytes.Contains(start, []byte("<!doctype html")) || bytes.Contains(start, []byte("<html")) {
		return shapeHTML, ""
	}
	return shapeXML, root
}

// rootName looks at the beginning of a body first: what stands behind its first tag, often much, is of no matter.
func rootName(body []byte) string {
	const enough = 1024
	if root := firstTag(body[:min(len(body), enough)]); root != "" || len(body) <= enough {
		return root
	}
	return firstTag(body)
}

func firstTag(body []byte) string {
	decoder := newDecoder(body)
	for {
		token, err := decoder.RawToken()
		if err != nil {
			return ""
		}
		if start, ok := token.(xml.StartElement); ok {
			return start.Name.Local
		}
	}
}

// quote makes the text of a device fit for an error: between quotation marks, without control and direction characters,
// cut.
func quote(text string) string { return fmt.Sprintf("%q", cut(text)) }

// plain is like quote, without the marks.
func plain(text string) string {
	quoted := quote(text)
	return strings.ReplaceAll(quoted[1:len(quoted)-1], `\"`, `"`)
}

// cut ends a text after 200 bytes at the border of a rune.
func cut(text string) string {
	const limit = 200
	if len(text) <= limit {
		return text
	}
	return strings.ToValidUTF8(text[:limit], "") + "…"
}
