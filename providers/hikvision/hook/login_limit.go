package hook

import (
	"fmt"
	"net/http"

	"github.com/zclconf/go-cty/cty"

	"camform/providers"
	"camform/providers/hikvision/codec"
	"camform/providers/hikvision/document"
	"camform/providers/hikvision/xmlpatch"
	"camform/schema"
)

const loginsAttribute = "logins"

var adminPassword = xmlpatch.MustPath("adminPassword")

// checkLoginLimit asks the codec, as for a kind without hooks: only the request has something that no row says.
func checkLoginLimit(kind *schema.Kind, at document.Place, _ string, want cty.Value) []providers.AttributeError {
	if want.IsNull() {
		return document.About("", document.Sentence("This device does not allow its removal."))
	}
	value := want.GetAttr(loginsAttribute)
	if !value.IsKnown() || value.IsNull() {
		return nil
	}
	return document.About(loginsAttribute, codec.Check(at.Field(xmlpatch.Path{}, kind.Attribute(loginsAttribute)), value))
}

// composeLoginLimit makes the one request that devices take: the number, and the password of the administrator.
func composeLoginLimit(at document.Place, c providers.Composition) ([]providers.Request, error) {
	change := c.Changes[0]
	if change.After.IsNull() {
		return nil, fmt.Errorf("%s: it cannot be removed: %w", change.Name(), providers.ErrUnsupported)
	}
	f := at.Field(xmlpatch.Path{}, change.Kind.Attribute(loginsAttribute))
	want := change.After.GetAttr(loginsAttribute)
	if want.IsNull() || codec.HasAlready(f, want) {
		return nil, nil
	}
	if err := codec.Encode(f, want); err != nil {
		return nil, fmt.Errorf("%s: %s: %w", change.Name(), loginsAttribute, err)
	}
	const text = "-" // a string, whatever the password looks like
	if err := setOrInsert(at.Doc, adminPassword, text, f.Element(0).Name()); err != nil {
		return nil, document.InFamily(err)
	}
	if err := at.Doc.Set(adminPassword, c.Login.Password.Reveal()); err != nil {
		return nil, document.InFamily(err)
	}
	return []providers.Request{{
		Method: http.MethodPut, Path: at.Path, Body: at.Doc.Bytes(), Keys: []providers.Key{change.Item()}, Sensitive: change.Kind.Enciphers,
	}}, nil
}
