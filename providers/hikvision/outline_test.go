package hikvision_test

import (
	"errors"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/zclconf/go-cty/cty"

	"camform/providers"
	"camform/providers/hikvision"
	"camform/providers/hikvision/isapi"
	"camform/schema"
)

// TestOutlinesJudgeAsTheirDocumentsDo checks many values against every recorded document and against its outline: what a
// device would refuse, its outline refuses too, and nothing else.
func TestOutlinesJudgeAsTheirDocumentsDo(t *testing.T) {
	provider := hikvision.New(isapi.Options{})
	judged, refused := 0, 0
	for device, documents := range openArchive(t, recordings(t)) {
		docs := providers.Documents{}
		for path, body := range documents {
			docs[path] = providers.Document{Path: path, Body: body}
		}
		for _, kind := range provider.Kinds().All() {
			fill(docs, kind)
		}
		outlines := provider.Outline(docs)
		for _, kind := range provider.Kinds().All() {
			items, err := provider.Decode(kind, kind.Keys, docs)
			if errors.Is(err, providers.ErrUnsupported) || err != nil {
				continue
			}
			for _, key := range slices.Sorted(maps.Keys(items)) {
				if kind.Creatable() {
					continue // an outline does not have them
				}
				for _, a := range kind.Attributes {
					if a.InNetworkOf != "" {
						continue // it depends on an address, which an outline does not have
					}
					for _, value := range strangeValues(a) {
						want := onlyAttribute(kind, a, value)
						have := details(provider.Check(kind, docs, key, want))
						got := details(provider.Check(kind, outlines, key, want))
						judged++
						if have != "" {
							refused++
						}
						if have != got {
							t.Errorf("%s: %s[%s].%s = %#v: the outline says %q, the document %q", device, kind.Name, key, a.Name, value, got, have)
						}
					}
				}
			}
		}
	}
	if judged < 900 || refused < 250 {
		t.Errorf("only %d values were judged, %d of them refused", judged, refused)
	}
}

// TestOutlinesHoldNothingThatIsSet looks for texts of documents in their outlines: names, addresses, passwords and keys
// must be gone.
func TestOutlinesHoldNothingThatIsSet(t *testing.T) {
	provider := hikvision.New(isapi.Options{})
	docs := providers.Documents{}
	for path, body := range map[string]string{
		"/ISAPI/Security/users": `<UserList><User><id>1</id><userName>admin</userName><userLevel>Administrator</userLevel></User>` +
			`<User><id>2</id><userName>canary-guard</userName><userLevel>Operator</userLevel></User></UserList>`,
		"/ISAPI/System/deviceInfo":       `<DeviceInfo><deviceName>canary-name</deviceName><serialNumber>canary-serial</serialNumber></DeviceInfo>`,
		"/ISAPI/Security/capabilities":   `<SecurityCap><salt>canary-salt</salt><supportUserNums>32</supportUserNums></SecurityCap>`,
		"/ISAPI/System/Network/SNMP":     `<SNMP><SNMPv2c><readCommunity>canary-community</readCommunity></SNMPv2c></SNMP>`,
		"/ISAPI/System/Network/ipFilter": `<IPFilter note="canary-attribute"><enabled>true</enabled></IPFilter>`,
	} {
		docs[path] = providers.Document{Path: path, Body: []byte(body)}
	}
	for path, outline := range provider.Outline(docs) {
		if text := string(outline.Body); strings.Contains(text, "canary") {
			t.Errorf("%s: %s", path, text)
		}
	}
	users := string(provider.Outline(docs)["/ISAPI/Security/users"].Body)
	if !strings.Contains(users, "admin") || strings.Count(users, "<User>") != 1 {
		t.Errorf("of the accounts, only the built-in one stays: %s", users)
	}
}

// fill notes the documents of a kind that were not recorded as missing.
func fill(docs providers.Documents, kind *schema.Kind) {
	absent := func(path string) (providers.Document, error) {
		if doc, ok := docs[path]; ok {
			return doc, nil
		}
		docs[path] = providers.Document{Path: path, Missing: "403 notSupport"}
		return docs[path], nil
	}
	_ = providers.ReadKind(kind, kind.Keys, absent, absent)
}

func strangeValues(a *schema.Attribute) []cty.Value {
	switch a.Type {
	case cty.Bool:
		return []cty.Value{cty.True, cty.False}
	case cty.Number:
		return []cty.Value{cty.NumberIntVal(0), cty.NumberIntVal(1), cty.NumberIntVal(79), cty.NumberIntVal(70000), cty.NumberFloatVal(1.5)}
	case cty.String:
		values := []cty.Value{cty.StringVal("x"), cty.StringVal(strings.Repeat("long", 50)), cty.StringVal("192.0.2.1"), cty.StringVal("2001:db8::1")}
		for _, v := range a.Values {
			values = append(values, cty.StringVal(v))
		}
		return values
	case cty.Set(cty.String):
		return []cty.Value{cty.SetVal([]cty.Value{cty.StringVal("192.0.2.0/26")}), cty.SetVal([]cty.Value{cty.StringVal("x")})}
	default:
		return nil
	}
}

func onlyAttribute(kind *schema.Kind, a *schema.Attribute, value cty.Value) cty.Value {
	values := map[string]cty.Value{}
	for _, other := range kind.Attributes {
		values[other.Name] = cty.NullVal(other.Type)
	}
	values[a.Name] = value
	return cty.ObjectVal(values)
}

func details(errs []providers.AttributeError) string {
	var texts []string
	for _, e := range errs {
		texts = append(texts, e.Detail)
	}
	return strings.Join(texts, "; ")
}
