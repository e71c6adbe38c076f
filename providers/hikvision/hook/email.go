package hook

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"

	"camform/providers"
	"camform/providers/hikvision/codec"
	"camform/providers/hikvision/document"
	"camform/providers/hikvision/xmlpatch"
)

const addressesAttribute = "addresses"

// composeEmail makes the one request that devices take: all addresses, and the password of the login.
func composeEmail(at document.Place, c providers.Composition) ([]providers.Request, error) {
	change := c.Changes[0]
	if change.After.IsNull() {
		return nil, fmt.Errorf("%s: it cannot be removed: %w", change.Name(), providers.ErrUnsupported)
	}
	a := change.Kind.Attribute(addressesAttribute)
	f := at.Field(xmlpatch.Path{}, a)
	want := change.After.GetAttr(addressesAttribute)
	if want.IsNull() || codec.HasAlready(f, want) {
		return nil, nil
	}
	if wrong := document.About(addressesAttribute, codec.Check(f, want)); len(wrong) > 0 {
		return nil, change.Refused(wrong[0], providers.ErrInvalid)
	}
	var body bytes.Buffer
	writer := json.NewEncoder(&body)
	writer.SetEscapeHTML(false) // firmware need not know the escapes that JSON in web pages has
	if err := writer.Encode(emailRequest{emailParameter{c.Login.Password.Reveal(), entriesOf(codec.TextsOf(want))}}); err != nil {
		return nil, fmt.Errorf("%s: %w: %w", change.Name(), err, providers.ErrInvalid)
	}
	return []providers.Request{{
		Method: http.MethodPut, Path: at.Path, Body: body.Bytes(), Keys: []providers.Key{change.Item()}, Sensitive: change.Kind.Enciphers,
	}}, nil
}

type emailRequest struct {
	SecurityEmail emailParameter
}

type emailParameter struct {
	Password            string `json:"password"`
	SecurityInformation []emailEntry
}

type emailEntry struct {
	EmailAddress string `json:"emailAddress"`
}

func entriesOf(addresses []string) []emailEntry {
	entries := make([]emailEntry, len(addresses))
	for i, address := range addresses {
		entries[i].EmailAddress = address
	}
	return entries
}
