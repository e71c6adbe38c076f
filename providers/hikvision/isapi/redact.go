package isapi

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/url"
	"slices"
	"strings"

	"camform/providers"
	"camform/schema"
)

// harmless are the elements whose text may be shown. Everything else could be a secret: devices answer with communities,
// keys and verification codes in clear, and firmware adds elements that nobody has seen before.
var harmless = map[string]bool{
	"enabled": true, "protocol": true, "portNo": true, "id": true,
	"statusCode": true, "statusString": true, "subStatusCode": true, "errorCode": true,
	"statusValue": true, "isActivated": true, "lockStatus": true, "unlockTime": true, "retryLoginTime": true,
	"model": true, "firmwareVersion": true, "deviceType": true,
}

// redacted is a body as it may be shown: names of elements, and only the texts of harmless ones. Attributes are left out.
func redacted(body []byte) string {
	shown, _ := redact(body)
	return shown
}

// redact separates a body into what may be shown and the texts that may not.
func redact(body []byte) (shown string, hidden []string) {
	const limit = 4 << 10
	r := &redaction{}
	var err error
	switch form, _ := shapeOf(body); form {
	case shapeEmpty:
		return "", nil
	case shapeXML:
		err = r.xml(newDecoder(trim(body)))
	case shapeJSON:
		err = r.json(json.NewDecoder(bytes.NewReader(trim(body))))
	default:
		return size(len(body)), []string{string(body)}
	}
	if err != nil {
		r.out.WriteString(size(len(body)))
		r.hidden = append(r.hidden, string(body))
	}
	text := r.out.String()
	if len(text) > limit {
		text = strings.ToValidUTF8(text[:limit], "") + "…"
	}
	return text, r.hidden
}

func size(n int) string { return fmt.Sprintf("‹%d bytes›", n) }

type redaction struct {
	out    strings.Builder
	hidden []string
}

// text writes the text of an element, or its size.
func (r *redaction) text(name, text string) {
	text = strings.TrimSpace(text)
	switch {
	case text == "":
	case harmless[name]:
		r.out.WriteString(plain(text))
	default:
		r.out.WriteString(size(len(text)))
		r.hidden = append(r.hidden, text)
	}
}

func (r *redaction) xml(decoder *xml.Decoder) error {
	var names []string
	for {
		token, err := decoder.Token()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		switch token := token.(type) {
		case xml.StartElement:
			names = append(names, token.Name.Local)
			r.out.WriteString("<" + plain(token.Name.Local) + ">")
			for _, attribute := range token.Attr {
				r.hidden = append(r.hidden, attribute.Value)
			}
		case xml.EndElement:
			names = names[:len(names)-1]
			r.out.WriteString("</" + plain(token.Name.Local) + ">")
		case xml.CharData:
			name := ""
			if len(names) > 0 {
				name = names[len(names)-1]
			}
			r.text(name, string(token))
		}
	}
}

// json writes JSON in the form of XML, so that a trace reads alike for both.
func (r *redaction) json(decoder *json.Decoder) error {
	decoder.UseNumber()
	var value any
	if err := decoder.Decode(&value); err != nil {
		return err
	}
	r.value("", value)
	return nil
}

func (r *redaction) value(name string, value any) {
	switch value := value.(type) {
	case map[string]any:
		for _, key := range slices.Sorted(maps.Keys(value)) {
			r.out.WriteString("<" + plain(key) + ">")
			r.value(key, value[key])
			r.out.WriteString("</" + plain(key) + ">")
		}
	case []any:
		for _, item := range value {
			r.value(name, item)
		}
	case nil:
	default:
		r.text(name, fmt.Sprint(value))
	}
}

// blank is a function that takes secrets out of a text of the device.
type blank func(text string) string

// secrets are what must not be shown although a device may repeat it: the texts of a request body that could be secret, and the
// password of a login.
type secrets struct {
	body       []byte
	credential providers.Credential
}

// blank replaces every secret in a text. It looks into the body only then, since devices seldom have anything to say.
func (s secrets) blank(text string) string {
	if text == "" {
		return ""
	}
	_, hidden := redact(s.body)
	all := []schema.Secret{s.credential.Password}
	for _, text := range hidden {
		all = append(all, schema.NewSecret(text))
	}
	return providers.NewRedactor(all...).Blank(text)
}

// shownPath is a path as it may be shown: values of the query are blanked, since some requests carry keys there. Only
// the format stays.
func shownPath(path string) string {
	before, query, ok := strings.Cut(path, "?")
	if !ok {
		return plain(before)
	}
	pairs := strings.Split(query, "&")
	for i, pair := range pairs {
		name, value, ok := strings.Cut(pair, "=")
		if !ok {
			pairs[i] = size(len(pair))
		} else if name != "format" {
			pairs[i] = name + "=" + size(len(value))
		}
	}
	return plain(before + "?" + strings.Join(pairs, "&"))
}

// shownURL is an address as it may be shown, without user and query.
func shownURL(u *url.URL) string {
	return quote((&url.URL{Scheme: u.Scheme, Host: u.Host, Path: u.Path}).String())
}
