package hikvision_test

import (
	"io/fs"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/hashicorp/hcl/v2"

	"camform/providers"
	"camform/providers/hikvision"
	"camform/providers/hikvision/isapi"
	"camform/providers/hikvision/reach"
	"camform/schema"
)

const (
	services = `<AdminAccessProtocolList>` +
		`<AdminAccessProtocol><id>1</id><enabled>true</enabled><protocol>HTTP</protocol><portNo>80</portNo></AdminAccessProtocol>` +
		`<AdminAccessProtocol><id>2</id><enabled>true</enabled><protocol>HTTPS</protocol><portNo>443</portNo></AdminAccessProtocol>` +
		`<AdminAccessProtocol><id>7</id><enabled>true</enabled><protocol>SDK_OVER_TLS</protocol><streamOverTls>false</streamOverTls><portNo>8443</portNo></AdminAccessProtocol>` +
		`<AdminAccessProtocol><id>9</id><enabled>true</enabled><protocol>OTHER</protocol><portNo>9</portNo></AdminAccessProtocol>` +
		`</AdminAccessProtocolList>`
	about = `<DeviceInfo><deviceName>gate</deviceName><systemContact>workshop</systemContact><telecontrolID>88</telecontrolID></DeviceInfo>`
	link  = `<NetworkInterface><id>1</id><IPAddress><ipAddress>192.0.2.7</ipAddress></IPAddress>` +
		`<Discovery><UPnP><enabled>true</enabled></UPnP></Discovery><Link><MTU>1500</MTU></Link></NetworkInterface>`
)

// TestElementsOfOtherKindsAreReachedThroughThemAlone goes through selectors that meet, hold or lie within what a kind manages,
// and through others in the same documents.
func TestElementsOfOtherKindsAreReachedThroughThemAlone(t *testing.T) {
	provider := hikvision.New(isapi.Options{})
	kind := provider.Kinds().Lookup("document")
	for _, test := range []struct{ path, element, body, owner string }{
		{"/ISAPI/Security/adminAccesses", "AdminAccessProtocol[protocol=SDK_OVER_TLS]/streamOverTls", services, "service"},
		{"/ISAPI/Security/adminAccesses", "AdminAccessProtocol[3]/streamOverTls", services, "service"},
		{"/ISAPI/Security/adminAccesses", "AdminAccessProtocol[protocol=OTHER]/portNo", services, ""},
		{"/ISAPI/Security/adminAccesses", "AdminAccessProtocol[protocol=OTHER]/protocol", services, "service"},
		{"/ISAPI/Security/adminAccesses", "AdminAccessProtocol[protocol=SDK_OVER_TLS]/portNo", services, "service"},
		{"/ISAPI/Security/adminAccesses", "AdminAccessProtocol[protocol=HTTPS]/enabled", services, "https"},
		{"/ISAPI/Security/adminAccesses", "AdminAccessProtocol[protocol=HTTPS]/id", services, "https"},
		{"/ISAPI/Security/adminAccesses", "AdminAccessProtocol[portNo=443]/enabled", services, "https"},
		{"/ISAPI/Security/adminAccesses", "AdminAccessProtocol[2]/enabled", services, "https"},
		{"/ISAPI/security/ADMINACCESSES", "AdminAccessProtocol[2]/enabled", services, "https"},
		{"/ISAPI/Security/adminAccesses", "AdminAccessProtocol[2]", services, "service"},
		{"/ISAPI/Security/adminAccesses", ".", services, "https"},
		{"/ISAPI/Security/adminAccesses/2", "enabled", services[strings.Index(services, "<AdminAccessProtocol><id>2"):strings.Index(services, "<AdminAccessProtocol><id>7")], "https"},
		{"/ISAPI/Security/adminAccesses/7", "streamOverTls", services[strings.Index(services, "<AdminAccessProtocol><id>7"):strings.Index(services, "<AdminAccessProtocol><id>9")], "service"},
		{"/ISAPI/Security/adminAccesses/7", "streamOverTls", "<Other><streamOverTls>false</streamOverTls></Other>", "https"},
		{"/ISAPI/System/deviceInfo", "systemContact", about, ""},
		{"/ISAPI/System/deviceInfo", "deviceName", about, "system"},
		{"/ISAPI/System/deviceInfo", "deviceLocation", about, "system"},
		{"/ISAPI/System/deviceInfo", "systemContact", "<Other><systemContact>workshop</systemContact></Other>", "system"},
		{"/ISAPI/System/Network/interfaces/1", "Link/MTU", link, ""},
		{"/ISAPI/System/Network/interfaces/1", "IPAddress/ipAddress", link, "network"},
		{"/ISAPI/System/Network/interfaces/1", "Discovery/UPnP/enabled", link, "network_discovery"},
		{"/ISAPI/System/Network/interfaces/1/link", "MTU", "<Link><MTU>1500</MTU></Link>", ""},
		{"/ISAPI/System/Network/interfaces/1/ipAddress", "ipAddress", "<IPAddress><ipAddress>192.0.2.7</ipAddress></IPAddress>", "network"},
		{"/ISAPI/System/time", "localTime", "<Time><timeMode>manual</timeMode><localTime>2026-01-01T00:00:00</localTime></Time>", "time"},
		{"/ISAPI/System/time", "satellite", "<Time><timeMode>NTP</timeMode><satellite>1</satellite></Time>", ""},
		{"/ISAPI/Security/users", "User[1]/note", "<UserList><User><id>1</id><userName>admin</userName><note>x</note></User></UserList>", "user"},
		{"/ISAPI/Security/users/1", "note", "<User><id>1</id><userName>admin</userName><note>x</note></User>", "user"},
		{"/ISAPI/Security/advanced?format=json", "SecurityAdvanced/more", `{"SecurityAdvanced":{"more":1}}`, ""},
		{"/ISAPI/System/Network/DDNS", "DDNSList/more", "<DDNSList><DDNS><enabled>true</enabled><userName>me</userName></DDNS><more>1</more></DDNSList>", "ddns"},
	} {
		key := test.path + "#" + test.element
		docs := providers.Documents{test.path: {Path: test.path, Body: []byte(test.body)}}
		value := object(kind, map[string]any{"value": "9"})
		errs := provider.Check(kind, docs, key, value)
		_, err := provider.Compose(providers.Composition{Documents: docs, Changes: []providers.Change{{Kind: kind, Key: key, After: value}}})
		said, words := "", "the setting "+test.owner
		for _, e := range errs {
			said += e.Detail
		}
		switch {
		case test.owner == "" && strings.Contains(said, "the setting "):
			t.Errorf("%s is refused: %s", key, said)
		case test.owner != "" && (!strings.Contains(said, words) || err == nil || !strings.Contains(err.Error(), words)):
			t.Errorf("%s: check says %q and compose %v, want %q", key, said, err, words)
		}
	}
}

// TestFreeElementsLeaveInTheRequestOfTheDocument changes an element by its path, one of the user's own kind, and two of a kind
// of camform, in one document.
func TestFreeElementsLeaveInTheRequestOfTheDocument(t *testing.T) {
	provider := ownKind(t, `document {
		path = "/ISAPI/System/deviceInfo"
		root = "DeviceInfo"
	}`)
	document, system, mine := provider.Kinds().Lookup("document"), provider.Kinds().Lookup("system"), provider.Kinds().Lookup("mine")
	const path = "/ISAPI/System/deviceInfo"
	body := strings.Replace(about, "<telecontrolID>", "<enabled>false</enabled><telecontrolID>", 1)
	docs := providers.Documents{path: {Path: path, Body: []byte(body)}, path + "/capabilities": {Path: path + "/capabilities", Missing: "no"}}
	changes := []providers.Change{
		{Kind: document, Key: path + "#systemContact", After: object(document, map[string]any{"value": "office"})},
		{Kind: mine, After: object(mine, map[string]any{"on": true})},
		{Kind: system, After: object(system, map[string]any{"name": "north", "telecontrol_id": 7})},
	}
	requests, err := provider.Compose(providers.Composition{Documents: docs, Changes: changes})
	if err != nil {
		t.Fatal(err)
	}
	want := strings.NewReplacer("workshop", "office", "gate", "north", "88", "7", "false", "true").Replace(body)
	if len(requests) != 1 || string(requests[0].Body) != want || len(requests[0].Keys) != 3 {
		t.Errorf("requests are %v, want one with %s", requests, want)
	}
}

// TestTheClockIsMadeReadyNoMatterWhichKindChangesItsDocument: devices refuse a clock beside a server, and one that is set by hand must
// not go back as it was some seconds ago with an offset.
func TestTheClockIsMadeReadyNoMatterWhichKindChangesItsDocument(t *testing.T) {
	provider := hikvision.New(isapi.Options{})
	kind := provider.Kinds().Lookup("document")
	const path = "/ISAPI/System/time"
	docs := providers.Documents{path: {Path: path, Body: []byte(
		`<Time><timeMode>NTP</timeMode><localTime>2026-01-01T00:00:00+01:00</localTime><satellite>1</satellite></Time>`)}}
	requests, err := provider.Compose(providers.Composition{Documents: docs, Changes: []providers.Change{
		{Kind: kind, Key: path + "#satellite", After: object(kind, map[string]any{"value": "2"})},
	}})
	if err != nil || len(requests) != 1 || string(requests[0].Body) != `<Time><timeMode>NTP</timeMode><satellite>2</satellite></Time>` {
		t.Errorf("requests are %v, error %v", requests, err)
	}
}

func TestSettingFilesOfTheUserStayOutOfOtherKindsAndOfActions(t *testing.T) {
	t.Parallel()
	const free = "document {\n path = \"/ISAPI/Smart/LineDetection/1\"\n root = \"LineDetection\"\n}\n"
	list := func(more string) string {
		return "document {\n path = \"/ISAPI/Security/adminAccesses\"\n root = \"AdminAccessProtocolList\"\n}\n" + more
	}
	const iot = "item {\n element = \"AdminAccessProtocol\"\n key = \"protocol\"\n equals = \"OTHER\"\n}\n"
	for name, test := range map[string]struct{ body, want, at string }{
		"free":                        {free, "", ""},
		"acting":                      {"document {\n path = \"/ISAPI/System/factoryReset?mode=full\"\n root = \"A\"\n}", "factoryReset is something", `"/ISAPI/System/factoryReset?mode=full"`},
		"acting, another spelling":    {"document {\n path = \"/ISAPI//System/./%72EBOOT/\"\n root = \"A\"\n}", "reboot is something", `"/ISAPI//System/./%72EBOOT/"`},
		"acting elsewhere":            {free + "document {\n path = \"/ISAPI/System/reboot\"\n root = \"A\"\n}", "reboot is something", `"/ISAPI/System/reboot"`},
		"acting write":                {free + `write { path = "/ISAPI/System/factoryReset?mode=full" }`, "factoryReset is something", `"/ISAPI/System/factoryReset?mode=full"`},
		"acting up to a zero":         {free + `write { path = "/ISAPI/System/reboot%00" }`, "uncertain where devices read", `"/ISAPI/System/reboot%00"`},
		"acting, an escaped query":    {"document {\n path = \"/ISAPI/System/factoryReset%3Fmode=full\"\n root = \"A\"\n}", "uncertain where devices read", `"/ISAPI/System/factoryReset%3Fmode=full"`},
		"acting behind a fragment":    {free + `write { path = "/ISAPI/Smart/x#/../../System/reboot" }`, "uncertain where devices read", `"/ISAPI/Smart/x#/../../System/reboot"`},
		"managed, a dot at the end":   {"document {\n path = \"/ISAPI/System/Network/UPnP.\"\n root = \"UPnP\"\n}", "the setting upnp", `"enabled"`},
		"managed, another alphabet":   {"document {\n path = \"/ISAPI/ſystem/Network/UPnP\"\n root = \"UPnP\"\n}", "uncertain where devices read", `"/ISAPI/ſystem/Network/UPnP"`},
		"acting on a door":            {free + `write { path = "/ISAPI/AccessControl/door/1/Open" }`, "open is something", `"/ISAPI/AccessControl/door/1/Open"`},
		"acting by its number":        {free + "write { path = \"/ISAPI/ContentMgmt/Storage/hdd/{id}\" }\nattribute \"number\" {\n type = string\n doc = \"x\"\n element = \"id\"\n}", "number of an item", `"id"`},
		"acting works":                {free + "works {\n path = \"/ISAPI/System/configurationData\"\n element = \"a\"\n values = [\"b\"]\n wait = \"5s\"\n}", "configurationData is something", `"/ISAPI/System/configurationData"`},
		"acting, as the guide has it": {free + `write { path = "/ISAPI/Security/deviceCertificate/certificates/1/recreate" }`, "is something", `"/ISAPI/Security/deviceCertificate/certificates/1/recreate"`},
		"reporting works":             {free + "works {\n path = \"/ISAPI/System/status\"\n element = \"a\"\n values = [\"b\"]\n wait = \"5s\"\n}", "", ""},
		"managed":                     {"document {\n path = \"/ISAPI/System/Network/UPnP\"\n root = \"UPnP\"\n}", "the setting upnp", `"enabled"`},
		"managed, another spelling":   {"document {\n path = \"/ISAPI/System/Network/%55PnP/?x=y\"\n root = \"UPnP\"\n}", "the setting upnp", `"enabled"`},
		"managed elsewhere":           {free + "document {\n path = \"/ISAPI/System/Network/UPnP\"\n root = \"UPnP\"\n}", "the setting upnp", `"enabled"`},
		"an entry of a managed list":  {list(iot), "", ""},
		"a managed entry":             {list(strings.Replace(iot, "OTHER", "HTTPS", 1)), "the setting https", `"enabled"`},
		"account":                     {"document {\n path = \"/ISAPI/Security/users/1\"\n root = \"User\"\n}", "the setting user", `"/ISAPI/Security/users/1"`},
		"sent where it was not read":  {free + `write { path = "/ISAPI/Security/adminAccesses" }`, "the setting https", `"/ISAPI/Security/adminAccesses"`},
		"sent to the other entry":     {list(iot) + `write { path = "/ISAPI/Security/adminAccesses/2" }`, "the setting https", `"/ISAPI/Security/adminAccesses/2"`},
		"sent to its entry":           {list(iot) + `write { path = "/ISAPI/Security/adminAccesses/{id}" }`, "", ""},
		"an entry sent as the list":   {list(iot) + `write { path = "/ISAPI/Security/adminAccesses" }`, "the setting https", `"/ISAPI/Security/adminAccesses"`},
		"a part sent as the entry":    {list(iot) + "write {\n path = \"/ISAPI/Security/adminAccesses/{id}\"\n element = \"more\"\n}", "the setting https", `"/ISAPI/Security/adminAccesses/{id}"`},
		"sent below what was read":    {"document {\n path = \"/ISAPI/System/Network\"\n root = \"Network\"\n}\nwrite { path = \"/ISAPI/System/Network/ipFilter\" }", "the setting ip_filter", `"/ISAPI/System/Network/ipFilter"`},
		"hooks of a kind of camform":  {free + `hooks = "users"`, "Hooks belong to", `"users"`},
		"made again there":            {list("item {\n element = \"AdminAccessProtocol\"\n}\nagain {\n new = \"<AdminAccessProtocol/>\"\n source = \"a guide\"\n confidence = \"likely\"\n}"), "the setting https", "again"},
		"made where another kind is":  {"keyed = true\n" + list("item {\n element = \"AdminAccessProtocol\"\n key = \"protocol\"\n}\nwrite {\n path = \"/ISAPI/Security/adminAccesses/{id}\"\n create = \"/ISAPI/Security/adminAccesses\"\n delete = \"/ISAPI/Security/adminAccesses/{id}\"\n new = \"<AdminAccessProtocol><protocol/></AdminAccessProtocol>\"\n}"), "the setting https", `"/ISAPI/Security/adminAccesses"`},
		"acting alone": {
			"keyed = true\n" + list("item {\n element = \"AdminAccessProtocol\"\n key = \"protocol\"\n alone = \"/ISAPI/System/reboot/{key}\"\n}\nwrite { path = \"/ISAPI/Security/adminAccesses/{id}\" }"),
			"reboot is something", `"/ISAPI/System/reboot/{key}"`,
		},
		"acting hint": {
			"keyed = true\n" + list("item {\n element = \"AdminAccessProtocol\"\n key = \"protocol\"\n alone = \"/ISAPI/Smart/x/{key}\"\n word = \"a\"\n channel = \"b\"\n"+
				"hint {\n source = \"s\"\n paths = [\"/ISAPI/Smart/y\", \"/ISAPI/Smart/{channel}/reboot\"]\n element = \"A\"\n flags = \"is{word}\"\n}\n}\nwrite { path = \"/ISAPI/Security/adminAccesses/{id}\" }"),
			"reboot is something", `"/ISAPI/Smart/{channel}/reboot"`,
		},
		"left out of what is written": {list(iot) + "write {\n path = \"/ISAPI/Security/adminAccesses/{id}\"\n without = [\"more\"]\n}", "", ""},
	} {
		folder := ownFile(test.body)
		provider, diags := hikvision.NewWith(isapi.Options{}, folder)
		if said := diags.Error(); test.want == "" && diags.HasErrors() {
			t.Errorf("%s: %s", name, said)
		}
		text, err := fs.ReadFile(folder.Files, "mine.hcl")
		at := slices.IndexFunc(diags, func(d *hcl.Diagnostic) bool { return strings.Contains(d.Detail, test.want) })
		switch {
		case test.want == "":
		case err != nil || at < 0 || provider.Kinds().Lookup("mine") != nil:
			t.Errorf("%s: it says %v, want %q, and the kind is gone", name, diags, test.want)
		case string(diags[at].Subject.SliceBytes(text)) != test.at:
			t.Errorf("%s: it blames %s, want %s", name, diags[at].Subject.SliceBytes(text), test.at)
		}
	}
}

// TestPathsAtWhichDevicesActAreNotFetched: some act upon a GET, as that which restarts a camera through its recorder does.
func TestPathsAtWhichDevicesActAreNotFetched(t *testing.T) {
	t.Parallel()
	acts := hikvision.New(isapi.Options{}).Kinds().Acts
	for _, path := range []string{
		"/ISAPI/ContentMgmt/InputProxy/channels/1/reboot", "/ISAPI/ContentMgmt/InputProxy/channels/1/REBOOT?format=json",
		"/ISAPI/ContentMgmt/InputProxy/channels/1/%2572eboot", "/ISAPI/System/Network/EZVIZ/unbind?format=json",
		"/ISAPI/Security/deviceCertificate/certificates/1/recreate", "/ISAPI/Security/email/qrCode?format=json",
		"/ISAPI/System/diagnosedData", "/ISAPI/System/dumpData", "/ISAPI/System/fileExport?format=json",
		"/ISAPI/System/userLock/UnlockUser?format=json", "/ISAPI/Security/emailCertification?format=json",
		"/ISAPI/System/status#/../reboot",
	} {
		if acts(path) == "" {
			t.Errorf("%s is fetched", path)
		}
	}
	for _, path := range []string{"/ISAPI/Security/userCheck", "/ISAPI/System/status", "/ISAPI/System/workingstatus?format=json", "/SDK/activateStatus", "/ISAPI/System/deviceInfo"} {
		if reason := acts(path); reason != "" {
			t.Errorf("%s: %s", path, reason)
		}
	}
}

// TestKeysOfTheUsersKindsLeadNowhereElse: labels fill holes in paths, and choose entries of lists.
func TestKeysOfTheUsersKindsLeadNowhereElse(t *testing.T) {
	hole := ownKind(t, `keyed = true
		document {
			path = "/ISAPI/{key}"
			root = "UPnP"
		}`).Kinds().Lookup("mine")
	entry := ownKind(t, `keyed = true
		document {
			path = "/ISAPI/Security/adminAccesses"
			root = "AdminAccessProtocolList"
		}
		item {
			element = "AdminAccessProtocol"
			key     = "protocol"
		}`).Kinds().Lookup("mine")
	for _, test := range []struct {
		kind *schema.Kind
		key  string
		want bool
	}{
		{hole, "Smart/LineDetection", false},
		{hole, "System/reboot", true},
		{hole, "Smart/../System/REBOOT", true},
		{hole, "System/Network/UPnP", true},
		{entry, "OTHER", false},
		{entry, "HTTPS", true},
		{entry, "RTSP", true},
	} {
		if refused := len(test.kind.Refuses(test.key)) > 0; refused != test.want {
			t.Errorf("%s is refused: %t, want %t", test.key, refused, test.want)
		}
	}
}

// TestNumbersOfItemsLeadToNoAction: the number of an item comes from the device, which may be hostile.
func TestNumbersOfItemsLeadToNoAction(t *testing.T) {
	const disks = "/ISAPI/Smart/disks"
	provider := ownKind(t, `
		attribute "spare" {
			type    = string
			doc     = "Whether it is a spare one."
			element = "spare"
		}
		document {
			path = "`+disks+`"
			root = "DiskList"
		}
		item {
			element = "Disk"
			key     = "name"
			equals  = "a"
		}
		write { path = "`+disks+`/{id}" }`)
	kind := provider.Kinds().Lookup("mine")
	for number, refused := range map[string]bool{"2": false, "Format": true} {
		docs := providers.Documents{disks: {Path: disks, Body: []byte(
			`<DiskList><Disk><id>` + number + `</id><name>a</name><spare>no</spare></Disk></DiskList>`)}}
		requests, err := provider.Compose(providers.Composition{Documents: docs, Changes: []providers.Change{
			{Kind: kind, After: object(kind, map[string]any{"spare": "yes"})},
		}})
		if (err != nil) != refused || len(requests) > 0 == refused {
			t.Errorf("%s: requests %v, error %v", number, requests, err)
		}
	}
}

// TestWhatLiesBelowALinkIsTheLink: its speed cuts the connection like its address.
func TestWhatLiesBelowALinkIsTheLink(t *testing.T) {
	kind := hikvision.New(isapi.Options{}).Kinds().Lookup("document")
	for key, want := range map[string]bool{
		"/ISAPI/System/Network/interfaces#NetworkInterface[1]/Link/speed": true,
		"/isapi/system/network/interfaces/1/link#speed":                   true,
		"/ISAPI/System/Network/Bond/1#workMode":                           true,
		"/ISAPI/System/Network/PPPoE/1#enabled":                           true,
		"/ISAPI/System/Network/WirelessDial/Interfaces/1/dial#enabled":    true,
		"/ISAPI/System/Network/EZVIZ#serverAddress/hostName":              false,
	} {
		if is := kind.IsLink(key); is != want {
			t.Errorf("%s is part of the link: %t, want %t", key, is, want)
		}
	}
}

// TestWhatIsMissingOrLeftOutMayNotBelongToAnotherKind: an entry chosen by its number turns out to be that of HTTPS, which lacks
// an element.
func TestWhatIsMissingOrLeftOutMayNotBelongToAnotherKind(t *testing.T) {
	provider := ownKind(t, `
		attribute "redirect" {
			type    = bool
			doc     = "Redirect."
			element = "redirectToHttps"
			codec   = "boolean"
		}
		document {
			path = "/ISAPI/Security/adminAccesses"
			root = "AdminAccessProtocolList"
		}
		item {
			element = "AdminAccessProtocol"
			key     = "id"
			equals  = "2"
		}
		write {
			path    = "/ISAPI/Security/adminAccesses/{id}"
			without = ["portNo"]
		}`)
	kind := provider.Kinds().Lookup("mine")
	docs := providers.Documents{kind.Document.Path: {Path: kind.Document.Path, Body: []byte(services)}}
	var of []string
	for _, e := range provider.Check(kind, docs, "", object(kind, map[string]any{})) {
		if strings.Contains(e.Detail, "belongs to the setting https") {
			of = append(of, e.Attribute)
		}
	}
	if diff := cmp.Diff([]string{"redirect", "on", ""}, of); diff != "" {
		t.Errorf("what belongs to https is (-want +got)\n%s", diff)
	}
}

// TestRequestsOfKindsStayAtTheirDocuments: what a kind manages is looked for by the paths of its documents. Paths that act are closed
// to all others anyway.
func TestRequestsOfKindsStayAtTheirDocuments(t *testing.T) {
	for _, kind := range hikvision.New(isapi.Options{}).Kinds().All() {
		if kind.Write == nil {
			continue
		}
		for _, path := range []string{kind.Write.Path, kind.Write.Create, kind.Write.Delete} {
			below := path == "" || reach.NoSetting(path) != ""
			for _, at := range kind.Documents() {
				below = below || strings.HasPrefix(path, strings.TrimSuffix(at.Path, "?format=json"))
			}
			if !below {
				t.Errorf("%s is written at %s, which is not among its documents", kind.Name, path)
			}
		}
	}
}
