package hook

import (
	"testing"

	"github.com/zclconf/go-cty/cty"

	"camform/providers/hikvision/document"
)

func TestPrivateKeysAreNoPartOfAChain(t *testing.T) {
	const key = "-----BEGIN EC PRIVATE KEY-----\nAAAA\n-----END EC PRIVATE KEY-----\n"
	want := cty.ObjectVal(map[string]cty.Value{
		selfSignedAttribute: cty.NullVal(cty.Bool), countryAttribute: cty.NullVal(cty.String), commonNameAttribute: cty.NullVal(cty.String), daysAttribute: cty.NullVal(cty.Number),
		chainAttribute: cty.StringVal(key),
	})
	wrong := checkUpload(document.Place{}, want)
	if len(wrong) != 1 || wrong[0].Detail != "The chain cannot be sent: it contains a private key, which must stay where it is." {
		t.Errorf("%v", wrong)
	}
}
