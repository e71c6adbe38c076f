package hikvision_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/zclconf/go-cty/cty"

	"camform/providers"
	"camform/providers/hikvision"
	"camform/providers/hikvision/isapi"
	"camform/providers/providertest"
	"camform/schema"
)

func documents(path, body string) providers.Documents {
	return providers.Documents{path: {Path: path, Body: []byte(body)}}
}

func TestErrorsBelongToAFamily(t *testing.T) {
	provider := hikvision.New(isapi.Options{})
	https, upnp := provider.Kinds().Lookup("https"), provider.Kinds().Lookup("upnp")
	for name, tc := range map[string]struct {
		kind *schema.Kind
		docs providers.Documents
		want error
	}{
		"missing document": {upnp, providers.Documents{upnp.Document.Path: {Missing: "404"}}, providers.ErrUnsupported},
		"not read":         {upnp, providers.Documents{}, providers.ErrMalformed},
		"no XML":           {upnp, documents(upnp.Document.Path, "upnp"), providers.ErrMalformed},
		"another root":     {upnp, documents(upnp.Document.Path, "<userCheck/>"), providers.ErrMalformed},
		"odd value":        {upnp, documents(upnp.Document.Path, "<UPnP><enabled>1</enabled></UPnP>"), providers.ErrMalformed},
		"no entry":         {https, documents(https.Document.Path, "<AdminAccessProtocolList/>"), providers.ErrUnsupported},
	} {
		if _, err := provider.Decode(tc.kind, nil, tc.docs); !errors.Is(err, tc.want) {
			t.Errorf("%s: %v, want %v", name, err, tc.want)
		}
	}
	twice := documents(https.Document.Path, `<AdminAccessProtocolList>
<AdminAccessProtocol><protocol>HTTPS</protocol><portNo>443</portNo></AdminAccessProtocol>
<AdminAccessProtocol><protocol>HTTPS</protocol><portNo>444</portNo></AdminAccessProtocol></AdminAccessProtocolList>`)
	_, err := provider.Compose(providers.Composition{Documents: twice, Changes: []providers.Change{
		{Kind: https, Before: https.Null(), After: object(https, map[string]any{"port": 4443})},
	}})
	if !errors.Is(err, providers.ErrMalformed) {
		t.Errorf("two entries of one name: %v, want %v", err, providers.ErrMalformed)
	}
}

func TestControlCharactersAreRefused(t *testing.T) {
	provider := hikvision.New(isapi.Options{})
	kind := provider.Kinds().Lookup("system")
	docs := documents(kind.Document.Path, "<DeviceInfo><deviceName>x</deviceName></DeviceInfo>")
	want := object(kind, map[string]any{"name": "a\x01b"})
	wrong := provider.Check(kind, docs, "", want)
	if len(wrong) != 1 || wrong[0].Detail != "The text contains a control character, which the device cannot store." {
		t.Errorf("Check: %v", wrong)
	}
	_, err := provider.Compose(providers.Composition{Documents: docs, Changes: []providers.Change{{Kind: kind, Before: kind.Null(), After: want}}})
	if !errors.Is(err, providers.ErrInvalid) {
		t.Errorf("Compose: %v", err)
	}
}

func TestNewEntriesHaveTheLineBreaksOfTheirDocument(t *testing.T) {
	provider := hikvision.New(isapi.Options{})
	kind := provider.Kinds().Lookup("ip_filter")
	body := "<IPFilter>\r\n<enabled>true</enabled>\r\n<permissionType>deny</permissionType>\r\n<IPFilterAddressList size=\"32\"/>\r\n</IPFilter>\r\n"
	requests, err := provider.Compose(providers.Composition{Documents: documents(kind.Document.Path, body), Changes: []providers.Change{{
		Kind: kind, Before: kind.Null(), After: object(kind, map[string]any{"addresses": cty.SetVal([]cty.Value{cty.StringVal("192.0.2.1")})}),
	}}})
	if err != nil || len(requests) != 1 {
		t.Fatal(requests, err)
	}
	sent := string(requests[0].Body)
	if strings.Count(sent, "\n") != strings.Count(sent, "\r\n") || !strings.Contains(sent, "<id>1</id>\r\n") {
		t.Errorf("sent %q", sent)
	}
}

func TestSameIgnoresMarksAndRewrittenIsForZonesOnly(t *testing.T) {
	provider := hikvision.New(isapi.Options{})
	time, system := provider.Kinds().Lookup("time"), provider.Kinds().Lookup("system")
	zone, name := time.Attribute("zone"), system.Attribute("name")
	text := cty.StringVal
	if !provider.Same(system, name, schema.MarkSecret(text(" gate "), "env:X"), text("gate")) || provider.Same(system, name, text("Gate"), text("gate")) {
		t.Error("names are compared as they are, but for marks and white space around them")
	}
	if provider.Same(system, name, cty.UnknownVal(cty.String), text("gate")) {
		t.Error("what is not known yet is not the same")
	}
	if provider.Rewritten(system, name, text("a"), text("b")) {
		t.Error("a name is never rewritten")
	}
	const vendor = "DST01:00:00,M4.1.0/02:00:00,M10.5.0/02:00:00"
	for _, tc := range []struct {
		want, have string
		rewritten  bool
	}{
		{"CST-8", "CST-8:00:00" + vendor, true},
		{"CST-8", "CST-7:00:00" + vendor, false},
		{"CST-8", "CST-8:00:00DST01:00:00,M3.5.0/02:00:00,M10.5.0/03:00:00", false},
		{"CST-8", "CST-8:00:00", false},
		{"CET-1CEST,M3.5.0,M10.5.0/3", "CST-1:00:00" + vendor, false},
		{"nonsense", "CST-8:00:00" + vendor, false},
	} {
		if got := provider.Rewritten(time, zone, text(tc.want), text(tc.have)); got != tc.rewritten {
			t.Errorf("%s rewritten as %s: %v", tc.want, tc.have, got)
		}
	}
}

func TestChangesOfDifferentDocumentsAreABug(t *testing.T) {
	provider := hikvision.New(isapi.Options{})
	defer func() {
		if recover() == nil {
			t.Error("Compose must panic")
		}
	}()
	_, _ = provider.Compose(providers.Composition{Changes: []providers.Change{
		{Kind: provider.Kinds().Lookup("https")}, {Kind: provider.Kinds().Lookup("time")},
	}})
}

// broken is a provider with a mistake.
type broken struct {
	providers.Provider
	same    func() bool
	compose func([]providers.Request, error) ([]providers.Request, error)
	decode  func(providers.Items) providers.Items
}

func (b broken) Same(k *schema.Kind, a *schema.Attribute, want, have cty.Value) bool {
	if b.same != nil {
		return b.same()
	}
	return b.Provider.Same(k, a, want, have)
}

func (b broken) Compose(c providers.Composition) ([]providers.Request, error) {
	requests, err := b.Provider.Compose(c)
	if b.compose != nil {
		return b.compose(requests, err)
	}
	return requests, err
}

func (b broken) Decode(kind *schema.Kind, keys []string, docs providers.Documents) (providers.Items, error) {
	items, err := b.Provider.Decode(kind, keys, docs)
	if b.decode != nil && err == nil {
		items = b.decode(items)
	}
	return items, err
}

func TestTheConformanceSuiteNoticesBrokenProviders(t *testing.T) {
	replaced := func(old, new string) func([]providers.Request, error) ([]providers.Request, error) {
		return func(requests []providers.Request, err error) ([]providers.Request, error) {
			for i := range requests {
				requests[i].Body = []byte(strings.ReplaceAll(string(requests[i].Body), old, new))
			}
			return requests, err
		}
	}
	whole := hikvision.New(isapi.Options{})
	devices := archive{"camera": {
		"/ISAPI/System/Network/UPnP":    []byte("<UPnP>\n<enabled>false</enabled>\n<name vendor=\"1\">x</name>\n</UPnP>"),
		"/ISAPI/Security/users":         []byte("<UserList><User><id>1</id><userName>admin</userName><userLevel>Administrator</userLevel></User><User><id>2</id><userName>guard</userName><userLevel>Viewer</userLevel></User></UserList>"),
		"/ISAPI/Security/adminAccesses": []byte("<AdminAccessProtocolList><AdminAccessProtocol><enabled>true</enabled><protocol>HTTP</protocol><portNo>80</portNo></AdminAccessProtocol><AdminAccessProtocol><enabled>true</enabled><protocol>HTTPS</protocol><portNo>443</portNo></AdminAccessProtocol></AdminAccessProtocolList>"),
	}}
	if _, problems := providertest.Examine(whole, devices, "camera", nil); len(problems) > 0 {
		t.Fatalf("the provider itself: %v", problems)
	}
	for name, tc := range map[string]struct {
		provider broken
		want     string
	}{
		"nothing is the same": {broken{same: func() bool { return false }}, "it reads as"},
		"an attribute of a tag changes": {
			broken{compose: replaced(`vendor="1"`, `vendor="2"`)},
			"changes an element that the attribute does not declare",
		},
		"another text changes":   {broken{compose: replaced(">x<", ">y<")}, "changes an element that the attribute does not declare"},
		"another entry changes":  {broken{compose: replaced("80", "81")}, "changes an element that the attribute does not declare: AdminAccessProtocol"},
		"white space changes":    {broken{compose: replaced(">\n<", "><")}, "does not lead back to the old bytes"},
		"requests get lost":      {broken{compose: func([]providers.Request, error) ([]providers.Request, error) { return nil, nil }}, "it composes to no request"},
		"a password is returned": {broken{decode: withPassword(schema.NewSecret("known").Value())}, "a write-only attribute is read back"},
		"a password is a text":   {broken{decode: withPassword(cty.StringVal("known"))}, "password is a text in user."},
		"the keys are missing": {broken{compose: func(requests []providers.Request, err error) ([]providers.Request, error) {
			for i := range requests {
				requests[i].Keys = nil
			}
			return requests, err
		}}, "does not name the setting"},
		"the level of an account is always written": {broken{compose: replaced("<userLevel>Viewer", "<userLevel>Operator")}, "changed its level"},
		"an unsupported attribute is composed": {broken{compose: func(requests []providers.Request, err error) ([]providers.Request, error) {
			return requests, nil
		}}, "what Check refuses"},
	} {
		t.Run(name, func(t *testing.T) {
			tc.provider.Provider = whole
			_, problems := providertest.Examine(tc.provider, devices, "camera", nil)
			for _, p := range problems {
				if strings.Contains(p.What, tc.want) {
					return
				}
			}
			t.Errorf("want %q, found %v", tc.want, problems)
		})
	}
}

// withPassword makes the password of every account known.
func withPassword(password cty.Value) func(providers.Items) providers.Items {
	return func(items providers.Items) providers.Items {
		for key, item := range items {
			if !item.Type().HasAttribute("password") {
				continue
			}
			values := item.AsValueMap()
			values["password"] = password
			items[key] = cty.ObjectVal(values)
		}
		return items
	}
}

func BenchmarkDecodeAndCompose(b *testing.B) {
	provider := hikvision.New(isapi.Options{})
	kind := provider.Kinds().Lookup("https")
	docs := providers.Documents{}
	for path, body := range openArchive(b, recordings(b))["DS-2CD2386G2-IU"] {
		docs[path] = providers.Document{Path: path, Body: body}
	}
	want := object(kind, map[string]any{"port": 4443, "min_tls": "1.3"})
	b.ReportAllocs()
	for b.Loop() {
		items, err := provider.Decode(kind, nil, docs)
		if err != nil {
			b.Fatal(err)
		}
		change := providers.Change{Kind: kind, Before: items[""], After: want}
		if _, err := provider.Compose(providers.Composition{Documents: docs, Changes: []providers.Change{change}}); err != nil {
			b.Fatal(err)
		}
	}
}

// TestI12NothingIsObservedInWhatIsNotThere: a document that is missing or holds nothing is an error, so that nobody takes it
// for one without the element.
func TestI12NothingIsObservedInWhatIsNotThere(t *testing.T) {
	provider := hikvision.New(isapi.Options{})
	for name, tc := range map[string]struct {
		doc   providers.Document
		texts string
		want  error
	}{
		"missing":            {providers.Document{Missing: "404"}, "", providers.ErrUnsupported},
		"empty list":         {providers.Document{Body: []byte("<UserList version=\"2.0\"/>")}, "", providers.ErrMalformed},
		"white space":        {providers.Document{Body: []byte("<UserList>\n</UserList>")}, "", providers.ErrMalformed},
		"empty object":       {providers.Document{Body: []byte("{}")}, "", providers.ErrMalformed},
		"no XML":             {providers.Document{Body: []byte("users")}, "", providers.ErrMalformed},
		"without an entry":   {providers.Document{Body: []byte("<UserList><more/></UserList>")}, "", nil},
		"with two of them":   {providers.Document{Body: []byte("<UserList><User><name>a</name></User><User><name>b</name></User></UserList>")}, "a b", nil},
		"with nothing in it": {providers.Document{Body: []byte("<UserList><User><name/></User></UserList>")}, "", nil},
	} {
		texts, err := provider.Observe(tc.doc, "User/name")
		if !errors.Is(err, tc.want) || strings.Join(texts, " ") != tc.texts {
			t.Errorf("%s: %q, %v, want %q, %v", name, texts, err, tc.texts, tc.want)
		}
	}
}
