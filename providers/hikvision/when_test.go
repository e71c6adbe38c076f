package hikvision

import (
	"strings"
	"testing"

	"github.com/zclconf/go-cty/cty"

	"camform/providers"
	"camform/providers/hikvision/isapi"
	"camform/schema"
)

const mailing = `<mailingList><mailing><id>1</id><sender><smtp><enableAuthorization>true</enableAuthorization>` +
	`<accountName>ops</accountName></smtp></sender></mailing></mailingList>`

const interfaces = `<NetworkInterfaceList><NetworkInterface><id>1</id><IPAddress><addressingType>dynamic</addressingType>` +
	`<ipAddress>192.0.2.7</ipAddress><subnetMask>255.255.255.0</subnetMask></IPAddress></NetworkInterface></NetworkInterfaceList>`

// TestWhatDependsOnAnUnknownValueIsNotJudged: a value that is known only when others are applied may make an attribute
// count, or not.
func TestWhatDependsOnAnUnknownValueIsNotJudged(t *testing.T) {
	for name, tc := range map[string]struct {
		kind, key, body string
		values          map[string]cty.Value
		wrong           string
	}{
		"address under DHCP": {
			"network", "1", interfaces, map[string]cty.Value{"address": cty.StringVal("192.0.2.9/24")}, "It only has an effect while",
		},
		"address in a mode that is not known yet": {
			"network", "1", interfaces,
			map[string]cty.Value{"address": cty.StringVal("192.0.2.9/24"), "mode": cty.UnknownVal(cty.String)},
			"",
		},
		"mode that devices do not offer, and an address": {
			"network", "1", interfaces, map[string]cty.Value{"mode": cty.StringVal("static"), "address": cty.StringVal("gate")}, "is not an IPv4 address",
		},
		"password that is held":      {"mail", "", mailing, map[string]cty.Value{"sender_name": cty.UnknownVal(cty.String)}, "never shows"},
		"login that is switched off": {"mail", "", mailing, map[string]cty.Value{"authentication": cty.False}, ""},
		"login that is not known yet": {
			"mail", "", mailing, map[string]cty.Value{"authentication": cty.UnknownVal(cty.Bool)}, "",
		},
	} {
		t.Run(name, func(t *testing.T) {
			provider := New(isapi.Options{})
			kind := provider.Kinds().Lookup(tc.kind)
			docs := providers.Documents{kind.Document.Path: {Path: kind.Document.Path, Body: []byte(tc.body)}}
			values := map[string]cty.Value{}
			for _, a := range kind.Attributes {
				values[a.Name] = cty.NullVal(a.Type)
			}
			for name, value := range tc.values {
				values[name] = value
			}
			wrong := provider.Check(kind, docs, tc.key, cty.ObjectVal(values))
			if tc.wrong == "" && len(wrong) > 0 || tc.wrong != "" && (len(wrong) != 1 || !strings.Contains(wrong[0].Detail, tc.wrong)) {
				t.Errorf("check says %v, want %q", wrong, tc.wrong)
			}
		})
	}
}

// TestPathsOfDependenciesAreRead: a path that cannot be read is a mistake in a setting file, found before any device is
// asked.
func TestPathsOfDependenciesAreRead(t *testing.T) {
	kind := &schema.Kind{Attributes: []*schema.Attribute{
		{Name: "port", Type: cty.Number, Codec: "number", Elements: []string{"portNo"}, When: map[string]string{"mode|a//b": "on"}},
	}}
	if diags := usable(kind); len(diags) != 1 {
		t.Errorf("found %v", diags)
	}
}
