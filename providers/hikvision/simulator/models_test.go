package simulator

import (
	"slices"
	"strings"
	"testing"
	"time"
)

// beyond are texts of documents that their own capability documents do not allow, as on devices.
var beyond = map[string]string{
	"EZVIZ/addressingFormatType": "the capability document spells it hostName",
	"EZVIZ/verificationCode":     "none was given",
	"Ehome/addressingFormatType": "unset on the thermal camera",
	"Ehome/hostName":             "unset on the thermal camera",
	"Ehome/ipAddress":            "unset on the thermal camera",
	"Ehome/portNo":               "unset on the thermal camera",
	"Ehome/deviceID":             "unset on the thermal camera",
	"Ehome/protocolVersion":      "unset on the thermal camera",

	"AdminAccessProtocolList/portNo": "recorders say that RTSP has 1024 and more, and have 554",
}

// What a model holds keeps the limits that it tells: otherwise a client that trusts them cannot write it back.
func TestModelsObeyTheirOwnCapabilities(t *testing.T) {
	models, err := builtIn()
	if err != nil {
		t.Fatal(err)
	}
	checked, used := 0, map[string]bool{}
	for name, b := range models {
		d := newDevice(b, 1, name, loopback.Addr(), time.Now)
		for document := range b.documents {
			p, isXML := d.unit.partAt(document)
			pattern := d.unit.pattern(document, p)
			if !isXML || pattern == nil || strings.HasSuffix(document, "/capabilities") {
				continue
			}
			d.eachLeaf(p.root, pattern, func(leaf, limit *element) {
				checked++
				place := p.root.name + "/" + leaf.name
				if allowed(leaf.text, leaf, limit) {
					return
				}
				used[place] = true
				if beyond[place] == "" {
					t.Errorf("%s %s: %s is %q, but that may be %v", name, document, leaf.name, leaf.text, limit.attrs)
				}
			})
		}
	}
	if checked < 800 {
		t.Errorf("only %d texts have limits", checked)
	}
	for place, reason := range beyond {
		if !used[place] {
			t.Errorf("%s keeps its limits now: %s", place, reason)
		}
	}
}

// eachLeaf visits every leaf of a document that a capability document says something of.
func (d *Device) eachLeaf(e, pattern *element, visit func(leaf, limit *element)) {
	for _, child := range e.children {
		limit := patternOf(pattern, child)
		switch {
		case limit == nil:
		case child.leaf():
			visit(child, limit)
		default:
			d.eachLeaf(child, limit, visit)
		}
	}
}

// Every new item must be one of its list, and every list that grows must be there.
func TestTemplatesFitTheirLists(t *testing.T) {
	models, err := builtIn()
	if err != nil {
		t.Fatal(err)
	}
	used := map[string]bool{}
	for name, b := range models {
		d := newDevice(b, 1, name, loopback.Addr(), time.Now)
		for list, text := range b.templates {
			used[list] = true
			known := slices.ContainsFunc(growingLists, func(g growing) bool { return g.path == list })
			p, found := d.unit.partAt(list)
			root, err := scan(text)
			if !known || !found || err != nil || root.child("id") == nil {
				t.Errorf("%s: the template of %s serves nothing", name, list)
				continue
			}
			for _, item := range p.element.children {
				if item.name != root.name {
					t.Errorf("%s: the template of %s is a %s", name, list, root.name)
				}
			}
		}
	}
	for _, g := range growingLists {
		for name, b := range models {
			d := newDevice(b, 1, name, loopback.Addr(), time.Now)
			d.SetQuirks(Quirks{DeletesSlots: true})
			used[g.path] = used[g.path] || g.slots && g.template(&d.unit) != nil
		}
		if !used[g.path] {
			t.Errorf("no model lets %s grow", g.path)
		}
	}
}

// seldom are the documents of views that only recorded devices have, or that a quirk adds.
var seldom = []string{
	hiddenEventPath, interfacesPath + "/{id}", videoInputsPath + "/{id}/overlays", "/ISAPI/System/IO/inputs", "/ISAPI/System/IO/outputs",
	"/ISAPI/System/TwoWayAudio/channels", "/ISAPI/Image/channels", storagePath + "/hdd",
}

// Every view is one of some model, but for those that are known to be seldom.
func TestViewsAreUsed(t *testing.T) {
	models, err := builtIn()
	if err != nil {
		t.Fatal(err)
	}
	for _, v := range views {
		there := slices.ContainsFunc(Models(), func(name string) bool { return models[name].documents[v.document].body != nil })
		if there == slices.Contains(seldom, v.document) {
			t.Errorf("a model has the document of %s: %t", v.path, there)
		}
	}
}

func TestScanJSONFindsPlaces(t *testing.T) {
	const doc = " {\"a\" : {\"b\": [1, {\"c\": 2}] ,\"d\":null}, \"e\": \"x,y:z\"}\n"
	root, err := scanJSON([]byte(doc))
	if err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		m    *member
		want string
	}{
		{root, strings.TrimSpace(doc)},
		{root.child("a"), `{"b": [1, {"c": 2}] ,"d":null}`},
		{root.child("a").child("b"), `[1, {"c": 2}]`},
		{root.child("a").child("d"), `null`},
		{root.child("e"), `"x,y:z"`},
	} {
		if got := doc[test.m.start:test.m.end]; got != test.want {
			t.Errorf("have %s, want %s", got, test.want)
		}
	}
	for _, bad := range []string{"", "{", `{"a":1`, `{"a"}`, `{"a":1}}`, `[`, `{"a":1,}`, "<a/>", `{"a":}`} {
		if _, err := scanJSON([]byte(bad)); err == nil {
			t.Errorf("%q was read", bad)
		}
	}
}
