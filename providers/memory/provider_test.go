package memory_test

import (
	"context"
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/zclconf/go-cty/cty"

	"camform/providers"
	"camform/providers/memory"
	"camform/schema"
)

func TestEveryPhaseAndRiskHasAKind(t *testing.T) {
	w := newWorld(t, memory.Options{})
	phases, risks, reboots := map[schema.Phase]bool{}, map[schema.Risk]bool{}, map[schema.Reboot]bool{}
	for _, k := range w.provider.Kinds().All() {
		phases[k.Phase], risks[k.Risk], reboots[k.Reboot] = true, true, true
		for _, path := range append([]string{k.Document.Path}, k.Document.Capabilities...) {
			if w.device.Document(path) == "" {
				t.Errorf("%s: a usual device has no %s", k.Name, path)
			}
		}
	}
	if len(phases) != 6 || phases[0] || len(risks) != 4 || risks[""] || len(reboots) != 2 || reboots[""] {
		t.Errorf("phases %v, risks %v, reboots %v", phases, risks, reboots)
	}
}

// other is a value that differs from v and that devices take.
func other(a *schema.Attribute, v cty.Value) cty.Value {
	switch {
	case a.Type == cty.Bool:
		return v.Not()
	case a.Type == cty.Number:
		return v.Add(cty.NumberIntVal(1))
	case a.Type.IsSetType():
		return cty.SetVal([]cty.Value{cty.StringVal("192.0.2.0/24"), cty.StringVal("198.51.100.7")})
	case len(a.Values) > 0:
		return cty.StringVal(a.Values[(slices.Index(a.Values, v.AsString())+1)%len(a.Values)])
	default:
		return a.Conceal(cty.StringVal("CET-1CEST,M3.5.0,M10.5.0"))
	}
}

func TestEveryAttributeReadsBackAndTheRestStaysAsItWas(t *testing.T) {
	for _, kind := range newWorld(t, memory.Options{}).provider.Kinds().All() {
		for _, a := range kind.Attributes {
			t.Run(kind.Name+"."+a.Name, func(t *testing.T) {
				w := newWorld(t, memory.Options{})
				w.device.SetUser("guard", "Viewer", "guard-Secret-1")
				w.device.SetChannel("1", "192.0.2.9", "guard", "guard-Secret-1")
				s := w.open()
				key := map[string]string{"user": "guard", "service": "RTSP", "channel": "1"}[kind.Name]
				before := w.item(kind.Name, key)
				if a.WriteOnly {
					if !before.GetAttr(a.Name).IsNull() {
						t.Fatal("the device shows what is write-only")
					}
					return
				}
				original := w.device.Document(kind.Document.Path)
				value := other(a, before.GetAttr(a.Name))
				if _, err := w.change(s, kind.Name, key, map[string]cty.Value{a.Name: value}); err != nil {
					t.Fatal(err)
				}
				want := before.AsValueMap()
				want[a.Name] = value
				if got := w.item(kind.Name, key); !got.RawEquals(cty.ObjectVal(want)) {
					t.Errorf("read back %#v, want %#v", got, want)
				}
				if w.device.Document(kind.Document.Path) == original {
					t.Error("the document did not change")
				}
				if _, err := w.change(s, kind.Name, key, map[string]cty.Value{a.Name: before.GetAttr(a.Name)}); err != nil {
					t.Fatal(err)
				}
				if diff := cmp.Diff(original, w.device.Document(kind.Document.Path)); diff != "" {
					t.Error(diff)
				}
			})
		}
	}
}

func TestChangesOfADocumentLeaveInOneRequest(t *testing.T) {
	w := newWorld(t, memory.Options{})
	s := w.open()
	https, service := w.kind("https"), w.kind("service")
	docs := w.read(s, https)
	original := string(docs["/access"].Body)
	requests, err := w.provider.Compose(providers.Composition{Documents: docs, Changes: []providers.Change{
		{Kind: https, After: w.want("https", map[string]cty.Value{"redirect": cty.True})},
		{Kind: service, Key: "RTSP", After: w.want("service", map[string]cty.Value{"port": cty.NumberIntVal(8554)})},
	}})
	if err != nil {
		t.Fatal(err)
	}
	want := []providers.Request{{
		Method: http.MethodPut, Path: "/access",
		Body: []byte(`{"items":{"HTTP":{"enabled":true,"port":80},"HTTPS":{"enabled":true,"port":443,"redirect":true},` +
			`"RTSP":{"enabled":true,"multicast":"239.0.0.1","port":8554}}}`),
		Keys: []providers.Key{{Kind: "https"}, {Kind: "service", Key: "RTSP"}},
	}}
	if diff := cmp.Diff(want, requests); diff != "" {
		t.Error(diff)
	}
	if string(docs["/access"].Body) != original {
		t.Error("Compose changed the document that it was given")
	}
}

func TestAccountsLeaveInOneRequestEach(t *testing.T) {
	w := newWorld(t, memory.Options{})
	w.device.SetUser("guard", "Viewer", "guard-Secret-1")
	w.device.SetUser("night", "Viewer", "night-Secret-1")
	s := w.open()
	user := w.kind("user")
	text := cty.StringVal
	requests, err := w.provider.Compose(providers.Composition{Documents: w.read(s, user), Changes: []providers.Change{
		{Kind: user, Key: "operator", After: w.want("user", map[string]cty.Value{"level": text("Operator"), "password": text("op-Secret-1")})},
		{Kind: user, Key: "guard", After: w.want("user", map[string]cty.Value{"password": text("guard-Secret-2")})},
		{Kind: user, Key: "night", After: user.Null()},
	}})
	if err != nil {
		t.Fatal(err)
	}
	want := []providers.Request{
		{Method: "POST", Path: "/users", Body: []byte(`{"level":"Operator","name":"operator","password":"op-Secret-1"}`), Keys: []providers.Key{{Kind: "user", Key: "operator"}}},
		{Method: "PUT", Path: "/users/2", Body: []byte(`{"id":2,"level":"Viewer","password":"guard-Secret-2"}`), Keys: []providers.Key{{Kind: "user", Key: "guard"}}},
		{Method: "DELETE", Path: "/users/3", Keys: []providers.Key{{Kind: "user", Key: "night"}}},
	}
	if diff := cmp.Diff(want, requests); diff != "" {
		t.Error(diff)
	}
	var ids []string
	for _, r := range requests {
		reply, err := s.Do(context.Background(), r)
		if err != nil {
			t.Fatal(err)
		}
		ids = append(ids, reply.ID)
	}
	if !slices.Equal(ids, []string{"4", "", ""}) {
		t.Errorf("ids %q", ids)
	}
	if got, want := w.device.Document("/users"), `{"items":{"admin":{"id":1,"level":"Administrator"},"guard":{"id":2,"level":"Viewer"},"operator":{"id":4,"level":"Operator"}}}`; got != want {
		t.Errorf("users %s, want %s", got, want)
	}
}

func TestComposeRefusesWhatCannotBe(t *testing.T) {
	w := newWorld(t, memory.Options{Without: []string{"cloud"}})
	s := w.open()
	marked := map[string]cty.Value{"password": schema.MarkSecret(cty.StringVal("canary-Secret"), "env:X")}
	for _, c := range []struct {
		kind, key string
		after     cty.Value
		family    error
	}{
		{"cloud", "", w.want("cloud", map[string]cty.Value{"enabled": cty.True}), providers.ErrUnsupported},
		{"service", "SSH", w.want("service", map[string]cty.Value{"enabled": cty.True}), providers.ErrUnsupported},
		{"service", "RTSP", w.kind("service").Null(), providers.ErrUnsupported},
		{"user", "nobody", w.kind("user").Null(), providers.ErrInvalid},
		{"user", "admin", w.want("user", marked), providers.ErrInvalid},
		{"system", "", w.want("system", map[string]cty.Value{"name": cty.UnknownVal(cty.String)}), providers.ErrInvalid},
	} {
		k := w.kind(c.kind)
		requests, err := w.provider.Compose(providers.Composition{
			Documents: w.read(s, k), Changes: []providers.Change{{Kind: k, Key: c.key, After: c.after}},
		})
		w.must(err, c.family)
		w.oneFamily(err)
		if requests != nil || strings.Contains(err.Error(), "canary") {
			t.Errorf("%s %s: %v, %v", c.kind, c.key, requests, err)
		}
	}
	if requests, err := w.provider.Compose(providers.Composition{}); requests != nil || err != nil {
		t.Errorf("no changes: %v, %v", requests, err)
	}
	panics(t, "in one composition; this is a bug", func() {
		_, _ = w.provider.Compose(providers.Composition{Changes: []providers.Change{{Kind: w.kind("time")}, {Kind: w.kind("filter")}}})
	})
	panics(t, "was not read; this is a bug", func() {
		_, _ = w.provider.Decode(w.kind("time"), nil, providers.Documents{})
	})
}

func TestDecodeSaysWhatIsMissing(t *testing.T) {
	w := newWorld(t, memory.Options{Without: []string{"cloud", "https"}})
	s := w.open()
	for kind, family := range map[string]error{"cloud": providers.ErrUnsupported, "https": providers.ErrUnsupported, "service": nil} {
		_, err := w.provider.Decode(w.kind(kind), nil, w.read(s, w.kind(kind)))
		w.must(err, family)
	}
	w.device.SetDocument("/time", `{"items":{"":{"zone":"UTC0"}}}`)
	if got := w.item("time", ""); !got.GetAttr("mode").IsNull() || got.GetAttr("zone").AsString() != "UTC0" {
		t.Errorf("an attribute that the document lacks is %#v, want null", got)
	}
	w.device.Set("https", "", "enabled", true)
	if items, err := w.provider.Decode(w.kind("service"), nil, w.read(s, w.kind("service"))); err != nil ||
		!slices.Equal(slices.Sorted(maps.Keys(items)), []string{"HTTP", "RTSP"}) {
		t.Errorf("services %v, %v", items, err)
	}
	for _, text := range []string{`{`, `[]`, `{}`, `{"items":null}`, `{"items":{},"more":{}}`, `{"items":{"":null}}`, `{"items":{"":{"zone":[1]}}}`} {
		w.device.SetDocument("/time", text)
		_, err := w.provider.Decode(w.kind("time"), nil, w.read(s, w.kind("time")))
		if w.must(err, providers.ErrMalformed); err != nil && !strings.Contains(err.Error(), "/time") {
			t.Errorf("%v does not name the document", err)
		}
	}
}

func TestCheckKnowsTheLimitsOfTheDevice(t *testing.T) {
	w := newWorld(t, memory.Options{Documents: map[string]string{
		"/time":              `{"items":{"":{"zone":"UTC0"}}}`,
		"/limits/login_lock": `{`,
	}})
	s := w.open()
	text, long := cty.StringVal, strings.Repeat("ü", 33)
	var many []cty.Value
	for _, octet := range strings.Fields("1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20 21 22 23 24 25 26 27 28 29 30 31 32 33") {
		many = append(many, text("192.0.2."+octet))
	}
	set := cty.SetVal(many)
	for _, c := range []struct {
		name, kind, key string
		want            cty.Value
		offence         string // attribute and detail; empty if all is well
	}{
		{"long enough", "system", "", w.want("system", newName(long[2:])), ""},
		{"too long", "system", "", w.want("system", newName(long)), "name: This device accepts at most 32 characters for name."},
		{"unknown", "system", "", w.want("system", map[string]cty.Value{"name": cty.UnknownVal(cty.String)}), ""},
		{"wholly unknown", "system", "", cty.UnknownVal(w.kind("system").Type()), ""},
		{"null", "system", "", w.want("system", nil), ""},
		{"too many", "filter", "", w.want("filter", map[string]cty.Value{"addresses": set}), "addresses: This device accepts at most 32 entries for addresses."},
		{"short secret", "user", "x", w.want("user", map[string]cty.Value{"password": schema.MarkSecret(text("canary"), "env:X")}), "password: This device takes at least 8 characters for password."},
		{"secret of an account that exists", "user", "admin", w.want("user", map[string]cty.Value{"password": text("some-Secret-1")}), ""},
		{"nothing known yet", "time", "", cty.UnknownVal(w.kind("time").Type()), ""},
		{"no such level", "user", "x", w.want("user", map[string]cty.Value{"level": text("King")}), "level: This device takes only Administrator, Operator, Viewer for level."},
		{"no limits known", "login_lock", "", w.want("login_lock", map[string]cty.Value{"attempts": cty.NumberIntVal(99)}), ""},
		{"lacking attribute", "time", "", w.want("time", map[string]cty.Value{"mode": text("NTP"), "zone": text("UTC0")}), "mode: This device does not have mode."},
		{"lacking item", "service", "SSH", w.want("service", nil), ": This device does not have service.SSH."},
		{"no removal", "service", "RTSP", w.kind("service").Null(), ": This device always has service.RTSP; it can be changed, but not removed."},
		{"removal of admin", "user", "admin", w.kind("user").Null(), ": The built-in account cannot be removed."},
		{"removal", "user", "x", w.kind("user").Null(), ""},
	} {
		var got []string
		for _, offence := range w.provider.Check(w.kind(c.kind), w.read(s, w.kind(c.kind)), c.key, c.want) {
			got = append(got, offence.Attribute+": "+offence.Detail)
		}
		if strings.Join(got, "\n") != c.offence {
			t.Errorf("%s: %q, want %q", c.name, got, c.offence)
		}
	}
	k := newWorld(t, memory.Options{})
	locked := k.want("login_lock", map[string]cty.Value{"attempts": cty.NumberIntVal(2), "minutes": cty.NumberIntVal(121)})
	if got := k.provider.Check(k.kind("login_lock"), k.read(k.open(), k.kind("login_lock")), "", locked); len(got) != 2 {
		t.Errorf("bounds of numbers: %v", got)
	}
	w.device.SetDocument("/cloud", "")
	if got := w.provider.Check(w.kind("cloud"), w.read(s, w.kind("cloud")), "", w.want("cloud", nil)); len(got) != 1 {
		t.Errorf("a kind that the device lacks: %v", got)
	}
}

func TestSameComparesByMeaning(t *testing.T) {
	w := newWorld(t, memory.Options{})
	addresses := func(texts ...string) cty.Value {
		var members []cty.Value
		for _, text := range texts {
			members = append(members, cty.StringVal(text))
		}
		return cty.SetVal(members)
	}
	zone := "CET-1CEST,M3.5.0/02:00:00,M10.5.0/03:00:00"
	for _, c := range []struct {
		kind, attribute string
		want, have      cty.Value
		same, rewritten bool
	}{
		{"time", "zone", cty.StringVal("CET-1CEST,M3.5.0/02,M10.5.0/03"), cty.StringVal(zone), true, false},
		{"time", "zone", cty.StringVal("IST-5:30"), cty.StringVal("IST-5:30:00"), true, false},
		{"time", "zone", cty.StringVal("IST-5:30"), cty.StringVal("IST-5"), false, false},
		{"time", "zone", cty.StringVal("X-1:00:30"), cty.StringVal("X-1:30"), false, false},
		{"time", "zone", cty.StringVal("UTC0"), cty.StringVal("UTC0DST,M4.1.0/02,M10.5.0/02"), false, true},
		{"time", "zone", cty.StringVal("UTC0"), cty.StringVal("UTC1DST,M4.1.0/02,M10.5.0/02"), false, false},
		{"time", "mode", cty.StringVal("NTP"), cty.StringVal("NTPDST,M4.1.0/02,M10.5.0/02"), false, false},
		{"filter", "addresses", addresses("192.0.2.1", "2001:DB8::1"), addresses("2001:db8::1/128", "192.0.2.1/32"), true, false},
		{"filter", "addresses", addresses("192.0.2.7/24"), addresses("192.0.2.0/24"), true, false},
		{"filter", "addresses", addresses("192.0.2.1"), addresses("192.0.2.2"), false, false},
		{"filter", "addresses", addresses("gate"), addresses("barn"), false, false},
		{"https", "port", cty.NumberIntVal(443), cty.NumberIntVal(443), true, false},
		{"https", "port", cty.NumberIntVal(443), cty.NumberIntVal(444), false, false},
	} {
		k := w.kind(c.kind)
		a := k.Attribute(c.attribute)
		if got := w.provider.Same(k, a, c.want, c.have); got != c.same {
			t.Errorf("Same(%#v, %#v) is %v", c.want, c.have, got)
		}
		if a.Type != cty.String {
			continue
		}
		if got := w.provider.Rewritten(k, a, c.want, c.have); got != c.rewritten {
			t.Errorf("Rewritten(%#v, %#v) is %v", c.want, c.have, got)
		}
	}
}

func TestADeviceAddsSummerTimeAndTheProviderKnows(t *testing.T) {
	w := newWorld(t, memory.Options{AddsSummerTime: true})
	s := w.open()
	k, want := w.kind("time"), cty.StringVal("CET-1")
	if _, err := w.change(s, "time", "", map[string]cty.Value{"zone": want}); err != nil {
		t.Fatal(err)
	}
	have := w.item("time", "").GetAttr("zone")
	if w.provider.Same(k, k.Attribute("zone"), want, have) || !w.provider.Rewritten(k, k.Attribute("zone"), want, have) {
		t.Errorf("zone %#v is not what was rewritten", have)
	}
	with := cty.StringVal("CET-1CEST,M3.5.0,M10.5.0")
	if _, err := w.change(s, "time", "", map[string]cty.Value{"zone": with}); err != nil {
		t.Fatal(err)
	}
	if have := w.item("time", "").GetAttr("zone"); !have.RawEquals(with) {
		t.Errorf("zone with a summer time became %#v", have)
	}
}

func TestI12NothingIsObservedInWhatIsNotThere(t *testing.T) {
	w := newWorld(t, memory.Options{})
	_, err := w.provider.Observe(providers.Document{Path: "/time", Missing: "404"}, "zone")
	w.must(err, providers.ErrUnsupported)
	_, err = w.provider.Observe(providers.Document{Path: "/time", Body: []byte(`{"items":{}}`)}, "zone")
	w.must(err, providers.ErrMalformed)
	texts, err := w.provider.Observe(providers.Document{Path: "/time", Body: []byte(`{"items":{"":{"mode":"NTP"}}}`)}, "zone")
	if w.must(err, nil); len(texts) != 0 {
		t.Errorf("a document without the member shows %q", texts)
	}
}
