package hikvision_test

import (
	"bytes"
	"strings"
	"testing"
	"testing/synctest"

	"camform/providers"
	"camform/providers/hikvision"
	"camform/providers/hikvision/codec"
	"camform/providers/hikvision/isapi"
	"camform/providers/hikvision/simulator"
	"camform/schema"
)

const gbkName = "\xca\xe9\xb7\xbf"

// TestI3BytesThatAreNoCharactersGoBackAsTheyCame from devices that are strict about all bytes, about all elements, and about
// nothing.
func TestI3BytesThatAreNoCharactersGoBackAsTheyCame(t *testing.T) {
	t.Parallel()
	for _, model := range []string{"camera-v57", "recorder-v1", "camera-v56"} {
		synctest.Test(t, func(t *testing.T) {
			quirks := simulator.Quirks{GBKName: true, CRLF: true, Debris: true}
			harness := &fleet{t: t, options: simulator.Options{Faults: simulator.Faults{Quirks: []simulator.Quirky{{Device: "*", Quirks: quirks}}}}}
			session := harness.Open(model)
			defer session.Close()
			device := harness.last.Devices()[0]
			provider := hikvision.New(isapi.Options{})
			kind := provider.Kinds().Lookup("system")
			docs := readOf(t, session, kind)
			body := docs[kind.Document.Path].Body
			if !bytes.HasPrefix(body, []byte("<?xml")) || !bytes.HasSuffix(body, []byte(">\r\n")) && !bytes.HasSuffix(body, []byte(">")) {
				t.Errorf("%s: the document has debris around it: %q … %q", model, body[:20], body[len(body)-20:])
			}
			items, err := provider.Decode(kind, nil, docs)
			if err != nil {
				t.Fatal(err)
			}
			shown := items[""].GetAttr("name")
			if shown.AsString() != `\xca\xe9\xb7\xbf` {
				t.Errorf("%s: the name is shown as %s", model, shown.AsString())
			}
			want := object(kind, map[string]any{"telecontrol_id": 99})
			requests, err := provider.Compose(providers.Composition{Documents: docs, Changes: []providers.Change{{Kind: kind, Before: items[""], After: want}}})
			if err != nil || len(requests) != 1 {
				t.Fatalf("%s: %v, %v", model, requests, err)
			}
			before := device.Document(kind.Document.Path)
			if _, err := session.Do(t.Context(), requests[0]); err != nil {
				t.Fatalf("%s: %v", model, err)
			}
			after := device.Document(kind.Document.Path)
			if !bytes.Contains(after, []byte("<deviceName>"+gbkName+"</deviceName>")) || !bytes.Contains(after, []byte("<telecontrolID>99<")) || bytes.Equal(before, after) {
				t.Errorf("%s: it has\n%q", model, after)
			}
			if text := string(provider.Shown(requests[0]).Body); !strings.Contains(text, `<deviceName>\xca\xe9\xb7\xbf<`) || !strings.Contains(text, "99") {
				t.Errorf("%s: the request is shown as %q", model, text)
			}
		})
	}
}

// readOf are the documents of a kind that a device has.
func readOf(t *testing.T, session providers.Session, kind *schema.Kind, keys ...string) providers.Documents {
	t.Helper()
	if _, err := session.Identify(t.Context()); err != nil {
		t.Fatal(err)
	}
	docs := providers.Documents{}
	read := func(path string) (doc providers.Document, err error) {
		docs[path], err = session.Read(t.Context(), path)
		return docs[path], err
	}
	if err := providers.ReadKind(kind, keys, read, read); err != nil {
		t.Fatal(err)
	}
	return docs
}

// Devices that have their zone under a further name, and go by that.
func TestAllNamesOfAZoneAreWritten(t *testing.T) {
	t.Parallel()
	for name, habit := range map[string]struct {
		model  string
		quirks simulator.Quirks
	}{
		"Windows": {"recorder-v1", simulator.Quirks{WindowsZoneRules: true}},
		"IANA":    {"camera-v57", simulator.Quirks{IANAZoneRules: true}},
		"both":    {"recorder-v1", simulator.Quirks{WindowsZoneRules: true, IANAZoneRules: true}},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) { zonesConverge(t, habit.model, habit.quirks) })
		})
	}
}

// zonesConverge writes one zone after the other to a device, and demands that it has each.
func zonesConverge(t *testing.T, model string, quirks simulator.Quirks) {
	harness := &fleet{t: t, options: simulator.Options{Faults: simulator.Faults{Quirks: []simulator.Quirky{{Device: "*", Quirks: quirks}}}}}
	session := harness.Open(model)
	defer session.Close()
	provider := hikvision.New(isapi.Options{})
	kind := provider.Kinds().Lookup("time")
	for _, zone := range []string{"UTC-3", "CST-8", "EST5EDT,M3.2.0,M11.1.0", "CET-1CEST,M3.5.0,M10.5.0/03:00:00"} {
		want := object(kind, map[string]any{"zone": zone})
		for range 2 { // the first write may be the one that gives it a second name
			docs := readOf(t, session, kind)
			requests, err := provider.Compose(providers.Composition{Documents: docs, Changes: []providers.Change{{Kind: kind, Before: kind.Null(), After: want}}})
			if err != nil {
				t.Fatal(err)
			}
			for _, r := range requests {
				if _, err := session.Do(t.Context(), r); err != nil {
					t.Fatalf("%s: %v", zone, err)
				}
			}
		}
		items, err := provider.Decode(kind, nil, readOf(t, session, kind))
		if err != nil || !provider.Same(kind, kind.Attribute("zone"), want.GetAttr("zone"), items[""].GetAttr("zone")) {
			t.Errorf("%s: it reads as %#v, %v", zone, items[""].GetAttr("zone"), err)
		}
	}
}

// What is shown in place of bytes would be another name on the device.
func TestEscapedBytesAreNeverSent(t *testing.T) {
	provider, kind, docs := opened(t, "system", "", "<DeviceInfo><deviceName>"+gbkName+"</deviceName></DeviceInfo>")
	fill(docs, kind)
	for _, name := range []string{`\xca\xe9\xb7\xbf`, `\xb6\xab`} {
		want := object(kind, map[string]any{"name": name})
		if wrong := provider.Check(kind, docs, "", want); len(wrong) != 1 || wrong[0].Detail != codec.NoCharacters {
			t.Errorf("%s: %v", name, wrong)
		}
		requests, _ := provider.Compose(providers.Composition{Documents: docs, Changes: []providers.Change{{Kind: kind, Before: kind.Null(), After: want}}})
		if len(requests) > 0 {
			t.Errorf("%s: sent %q", name, requests[0].Body)
		}
	}
	if wrong := provider.Check(kind, docs, "", object(kind, map[string]any{"name": "yard"})); len(wrong) > 0 {
		t.Errorf("another name: %v", wrong)
	}
}

// An account whose name is not UTF-8 can be changed, and none of that name is made.
func TestEscapedKeysNameWhatIsThere(t *testing.T) {
	provider, kind, docs := opened(t, "user", "", "<UserList><User><id>2</id><userName>"+gbkName+"</userName><userLevel>Operator</userLevel></User></UserList>")
	fill(docs, kind)
	want := object(kind, map[string]any{"level": "Viewer"})
	key := `\xca\xe9\xb7\xbf`
	if wrong := provider.Check(kind, docs, key, want); len(wrong) > 0 {
		t.Errorf("%v", wrong)
	}
	requests, err := provider.Compose(providers.Composition{Documents: docs, Changes: []providers.Change{{Kind: kind, Key: key, Before: kind.Null(), After: want}}})
	if err != nil || len(requests) != 1 || !bytes.Contains(requests[0].Body, []byte("<userName>"+gbkName+"</userName><userLevel>Viewer<")) {
		t.Errorf("%v, %v", err, requests)
	}
	if wrong := provider.Check(kind, docs, `\xb6\xab`, want); len(wrong) != 1 || wrong[0].Detail != codec.NoCharacters {
		t.Errorf("a new one: %v", wrong)
	}
}
