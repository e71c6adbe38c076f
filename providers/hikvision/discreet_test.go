package hikvision_test

import (
	"bytes"
	"errors"
	"maps"
	"slices"
	"strings"
	"testing"

	"camform/providers"
	"camform/providers/hikvision"
	"camform/providers/hikvision/isapi"
	"camform/schema"
)

// What is kept of documents where others may read it has no secret, and all else of them byte for byte.
func TestI1WhatIsKeptOfDocumentsHasNoSecret(t *testing.T) {
	provider := hikvision.New(isapi.Options{})
	for name, tc := range shownSecrets {
		doc, err := provider.Discreet(providers.Document{Path: tc.path, Body: []byte(tc.body)}, nil)
		want := strings.NewReplacer("<![CDATA[Canary]]>", schema.Blank, "Canary", schema.Blank).Replace(tc.body)
		if string(doc.Body) != want || err != nil {
			t.Errorf("%s: kept is\n%s (%v)\nwant\n%s", name, doc.Body, err, want)
		}
	}
	word := `<SNMP><SNMPv2c><enabled>true</enabled><writeCommunity>true</writeCommunity></SNMPv2c></SNMP>`
	doc, err := provider.Discreet(providers.Document{Path: "/ISAPI/System/Network/SNMP", Body: []byte(word)}, nil)
	if want := strings.Replace(word, "y>true", "y>"+schema.Blank, 1); string(doc.Body) != want || err != nil {
		t.Errorf("a secret that is a word is kept as %s (%v)", doc.Body, err)
	}
	mask := `<User><password>******</password><isDefaultPassword>false</isDefaultPassword></User>`
	if doc, err := provider.Discreet(providers.Document{Path: "/ISAPI/Any", Body: []byte(mask)}, nil); string(doc.Body) != mask || err != nil {
		t.Errorf("a mask is kept as %s (%v)", doc.Body, err)
	}
}

func TestI1WhatIsKeptOfDocumentsDoesNotRepeatALogin(t *testing.T) {
	provider := hikvision.New(isapi.Options{})
	hide := providers.NewRedactor(schema.NewSecret("Right-Horse-1"))
	for _, body := range []string{
		`<Any note="Right-Horse-1"><name>is Right-Horse-1</name></Any>`,
		`<Any><!-- right-horse-1 --><name>UmlnaHQtSG9yc2UtMQ==</name></Any>`,
	} {
		doc, err := provider.Discreet(providers.Document{Path: "/ISAPI/Any", Body: []byte(body)}, hide)
		if hide.Blank(string(doc.Body)) != string(doc.Body) || len(doc.Body) == 0 || err != nil {
			t.Errorf("kept is %s (%v)", doc.Body, err)
		}
	}
	doc, err := provider.Discreet(providers.Document{Path: "/ISAPI/Any", Missing: "403 Right-Horse-1"}, hide)
	if strings.Contains(doc.Missing, "Horse") || err != nil {
		t.Errorf("why it is missing is kept as %q (%v)", doc.Missing, err)
	}
}

func TestWhatNobodyUnderstandsIsNotKept(t *testing.T) {
	for _, body := range []string{"password=Canary", "<a><password>Canary</a>", "<a>", "{"} {
		doc, err := hikvision.New(isapi.Options{}).Discreet(providers.Document{Path: "/ISAPI/Any", Body: []byte(body)}, nil)
		if !errors.Is(err, providers.ErrMalformed) || len(doc.Body) > 0 {
			t.Errorf("%s is kept as %q (%v)", body, doc.Body, err)
		}
	}
}

// A plan from what was kept finds what the devices said, but for the values of secrets.
func TestWhatIsKeptOfDocumentsSaysWhatTheySaid(t *testing.T) {
	provider := hikvision.New(isapi.Options{})
	read, changed := 0, 0
	for device, documents := range openArchive(t, recordings(t)) {
		docs, kept := providers.Documents{}, providers.Documents{}
		for path, body := range documents {
			docs[path] = providers.Document{Path: path, Body: body}
			doc, err := provider.Discreet(docs[path], nil)
			if err != nil {
				doc = providers.Document{Path: path, Body: body} // nobody can read it either way
			}
			if !bytes.Equal(doc.Body, body) {
				changed++
			}
			kept[path] = doc
		}
		for _, kind := range provider.Kinds().All() {
			fill(docs, kind)
			fill(kept, kind)
		}
		for _, kind := range provider.Kinds().All() {
			items, err1 := provider.Decode(kind, kind.Keys, docs)
			others, err2 := provider.Decode(kind, kind.Keys, kept)
			if (err1 == nil) != (err2 == nil) || len(items) != len(others) {
				t.Errorf("%s: %s: %v, and as kept %v", device, kind.Name, err1, err2)
				continue
			}
			for _, key := range slices.Sorted(maps.Keys(items)) {
				read++
				for _, a := range kind.Attributes {
					have, got := items[key].GetAttr(a.Name), others[key].GetAttr(a.Name)
					if have.IsNull() != got.IsNull() || !a.Secret && !have.RawEquals(got) {
						t.Errorf("%s: %s[%s].%s is %#v, and as kept %#v", device, kind.Name, key, a.Name, have, got)
					}
					for _, value := range strangeValues(a) {
						want := onlyAttribute(kind, a, value)
						if have, got := details(provider.Check(kind, docs, key, want)), details(provider.Check(kind, kept, key, want)); have != got {
							t.Errorf("%s: %s[%s].%s = %#v: the device says %q, and what is kept %q", device, kind.Name, key, a.Name, value, have, got)
						}
					}
				}
			}
		}
	}
	if read < 500 || changed < 10 {
		t.Errorf("only %d settings were read, and %d documents had secrets", read, changed)
	}
}
