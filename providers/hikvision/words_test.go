package hikvision_test

import (
	"maps"
	"slices"
	"strings"
	"testing"

	"camform/providers"
)

const lowerServices = "<AdminAccessProtocolList>" +
	"<AdminAccessProtocol><id>1</id><enabled>true</enabled><protocol>http</protocol><portNo>80</portNo></AdminAccessProtocol>" +
	"<AdminAccessProtocol><id>2</id><enabled>true</enabled><protocol>Https</protocol><portNo>443</portNo></AdminAccessProtocol>" +
	"<AdminAccessProtocol><id>3</id><protocol>SDK</protocol><portNo>8000</portNo></AdminAccessProtocol>" +
	"</AdminAccessProtocolList>"

// Devices write names of protocols in any case, and some have another word for one. What is sent has their spelling.
func TestItemsCalledByWordsAreFoundInAnyCase(t *testing.T) {
	provider, kind, docs := opened(t, "service", "", lowerServices)
	limits := kind.Document.Capabilities[0]
	docs[limits] = providers.Document{Path: limits, Body: []byte(`<AdminAccessProtocolList><AdminAccessProtocol><protocol>HTTPS</protocol><portNo min="1" max="9"/></AdminAccessProtocol>` +
		`<AdminAccessProtocol><protocol>HTTP</protocol><portNo min="80" max="90"/></AdminAccessProtocol></AdminAccessProtocolList>`)}
	items, err := provider.Decode(kind, nil, docs)
	if have := slices.Sorted(maps.Keys(items)); err != nil || !slices.Equal(have, []string{"DEV_MANAGE", "HTTP"}) {
		t.Fatalf("%v, %v", have, err)
	}
	for key, old := range map[string]string{"HTTP": "http</protocol><portNo>80", "DEV_MANAGE": "SDK</protocol><portNo>8000"} {
		want := object(kind, map[string]any{"port": 85})
		requests, err := provider.Compose(providers.Composition{Documents: docs, Changes: []providers.Change{{Kind: kind, Key: key, Before: kind.Null(), After: want}}})
		place, _, _ := strings.Cut(old, "<portNo>")
		if err != nil || len(requests) != 1 || string(requests[0].Body) != strings.Replace(lowerServices, old, place+"<portNo>85", 1) {
			t.Errorf("%s: %v, %v", key, err, requests)
		}
	}
	if wrong := provider.Check(kind, docs, "HTTP", object(kind, map[string]any{"port": 91})); len(wrong) != 1 || !strings.Contains(wrong[0].Detail, "80 to 90") {
		t.Errorf("the limits in another case say nothing: %v", wrong)
	}
	https := provider.Kinds().Lookup("https")
	if items, err := provider.Decode(https, nil, docs); err != nil || items[""].GetAttr("port").AsBigFloat().String() != "443" {
		t.Errorf("https: %v, %v", items, err)
	}
}

// Of entries that differ in the case of their words alone, and of a word and another for it, the exact one is meant.
func TestTheExactWordComesFirst(t *testing.T) {
	provider, kind, docs := opened(t, "service", "", "<AdminAccessProtocolList>"+
		"<AdminAccessProtocol><protocol>http</protocol><portNo>81</portNo></AdminAccessProtocol>"+
		"<AdminAccessProtocol><protocol>SDK</protocol><portNo>82</portNo></AdminAccessProtocol>"+
		"<AdminAccessProtocol><protocol>HTTP</protocol><portNo>83</portNo></AdminAccessProtocol>"+
		"<AdminAccessProtocol><protocol>dev_manage</protocol><portNo>84</portNo></AdminAccessProtocol>"+
		"</AdminAccessProtocolList>")
	fill(docs, kind)
	items, err := provider.Decode(kind, nil, docs)
	if err != nil || items["HTTP"].GetAttr("port").AsBigFloat().String() != "83" || items["DEV_MANAGE"].GetAttr("port").AsBigFloat().String() != "84" {
		t.Errorf("%#v, %v", items, err)
	}
	requests, err := provider.Compose(providers.Composition{Documents: docs, Changes: []providers.Change{
		{Kind: kind, Key: "HTTP", Before: kind.Null(), After: object(kind, map[string]any{"port": 85})},
	}})
	if err != nil || len(requests) != 1 || !strings.Contains(string(requests[0].Body), "http</protocol><portNo>81<") || !strings.Contains(string(requests[0].Body), "HTTP</protocol><portNo>85<") {
		t.Errorf("%v, %v", err, requests)
	}
}

// Events are called as they are declared, and written as the device calls them.
func TestADeclaredEventIsFoundInAnyCase(t *testing.T) {
	provider, kind, docs := opened(t, "event_trigger", "", `<EventTriggerList><EventTrigger><id>vmd-1</id><EventTriggerNotificationList/></EventTrigger>`+
		`<EventTrigger><id>illAccess</id><EventTriggerNotificationList/></EventTrigger></EventTriggerList>`)
	items, err := provider.Decode(kind, []string{"VMD-1"}, docs)
	if have := slices.Sorted(maps.Keys(items)); err != nil || !slices.Equal(have, []string{"VMD-1", "illAccess"}) {
		t.Fatalf("%v, %v", have, err)
	}
	want := object(kind, map[string]any{"notify": []string{"center"}})
	requests, err := provider.Compose(providers.Composition{Documents: docs, Changes: []providers.Change{{Kind: kind, Key: "VMD-1", Before: kind.Null(), After: want}}})
	if err != nil || len(requests) != 1 || requests[0].Path != "/ISAPI/Event/triggers/vmd-1/notifications" {
		t.Errorf("%v, %v", err, requests)
	}
}

// What a kind manages it manages in any case.
func TestAnyElementIsReachedThroughItsOwnKindInAnyCase(t *testing.T) {
	provider, kind, docs := opened(t, "document", "/ISAPI/Security/adminAccesses#AdminAccessProtocol[protocol=SDK]/portNo", lowerServices)
	for path, free := range map[string]bool{
		"AdminAccessProtocol[protocol=SDK]/portNo": false, "AdminAccessProtocol[protocol=http]/portNo": false,
		"AdminAccessProtocol[protocol=http]/portNo2": true,
	} {
		key := "/ISAPI/Security/adminAccesses#" + path
		docs["/ISAPI/Security/adminAccesses"] = providers.Document{Path: "/ISAPI/Security/adminAccesses", Body: []byte(strings.ReplaceAll(lowerServices, "</portNo>", "</portNo><portNo2>1</portNo2>"))}
		wrong := provider.Check(kind, docs, key, object(kind, map[string]any{"value": "85"}))
		refused := slices.ContainsFunc(wrong, func(e providers.AttributeError) bool { return strings.Contains(e.Detail, "belongs to the setting") })
		if refused == free {
			t.Errorf("%s: %v", path, wrong)
		}
	}
}

const repeatedEvents = `<EventTriggerList>` +
	`<EventTrigger><id>VMD-1</id><dynVideoInputChannelID>1</dynVideoInputChannelID><EventTriggerNotificationList/></EventTrigger>` +
	`<EventTrigger><id>thrown</id><dynVideoInputChannelID>1</dynVideoInputChannelID><EventTriggerNotificationList></EventTriggerNotificationList></EventTrigger>` +
	`<EventTrigger><id>thrown</id><dynVideoInputChannelID>2</dynVideoInputChannelID><EventTriggerNotificationList></EventTriggerNotificationList></EventTrigger>` +
	`<EventTrigger><id>IO</id><EventTriggerNotificationList/></EventTrigger><EventTrigger><id>IO</id><EventTriggerNotificationList/></EventTrigger>` +
	`</EventTriggerList>`

// An event that a list has once for each channel is an item for each.
func TestEntriesOfTheSameNameAreItemsOfTheirOwn(t *testing.T) {
	provider, kind, docs := opened(t, "event_trigger", "", repeatedEvents)
	items, err := provider.Decode(kind, nil, docs)
	if have := slices.Sorted(maps.Keys(items)); err != nil || !slices.Equal(have, []string{"IO", "VMD-1", "thrown-1", "thrown-2"}) {
		t.Fatalf("%v, %v", have, err)
	}
	want := object(kind, map[string]any{"notify": []string{"center"}})
	for _, key := range []string{"thrown-2", "THROWN-2"} {
		requests, err := provider.Compose(providers.Composition{Documents: docs, Changes: []providers.Change{{Kind: kind, Key: key, Before: kind.Null(), After: want}}})
		if err != nil || len(requests) != 1 || requests[0].Path != "/ISAPI/Event/triggers/thrown-2/notifications" || !strings.Contains(string(requests[0].Body), "<id>center</id>") {
			t.Errorf("%s: %v, %v", key, err, requests)
		}
	}
	if wrong := provider.Check(kind, docs, "thrown", want); len(wrong) != 1 || !strings.Contains(wrong[0].Detail, "thrown-1, thrown-2") {
		t.Errorf("without a channel: %v", wrong)
	}
	if have := provider.Omitted(kind, docs); len(have) != 1 || have[0].Key != "IO" || !strings.Contains(have[0].Why, "manages the first") {
		t.Errorf("omitted: %v", have)
	}
}

// Whatever a list has beside its items is reported.
func TestEntriesThatAreNoItemsAreTold(t *testing.T) {
	for _, test := range []struct{ kind, body, want string }{
		{
			"service", strings.Replace(lowerServices, "<AdminAccessProtocol>", "<AdminAccessProtocol><id>7</id><protocol>Zeta</protocol></AdminAccessProtocol><AdminAccessProtocol><id>8</id></AdminAccessProtocol><AdminAccessProtocol>", 1),
			"Zeta because camform knows no service of this name;  for an entry without a name",
		},
		{"https", lowerServices, ""},
		{"ntp", "<NTPServerList><NTPServer><id>1</id></NTPServer><NTPServer><id>2</id></NTPServer></NTPServerList>", " for all but the first of 2 entries, because camform manages only that"},
		{"user", "<UserList><User><userName>a</userName></User><User><userName>a</userName></User></UserList>", "a for a later entry of the same name, because camform manages the first"},
		{"system", "<DeviceInfo/>", ""},
		{
			"ip_filter", "<IPFilter><enabled>false</enabled><permissionType>deny</permissionType><IPFilterAddressList><IPFilterAddress><id>1</id><addressFilterType>range</addressFilterType></IPFilterAddress></IPFilterAddressList></IPFilter>",
			".addresses because the list has an entry in a form that camform does not know, so camform leaves the list alone",
		},
		{"ip_filter", "<IPFilter><enabled>false</enabled><permissionType>deny</permissionType><IPFilterAddressList/></IPFilter>", ""},
	} {
		provider, kind, docs := opened(t, test.kind, "", test.body)
		var texts []string
		for _, o := range provider.Omitted(kind, docs) {
			name := o.Key
			if o.Attribute != "" {
				name += "." + o.Attribute
			}
			texts = append(texts, name+" "+o.Why)
		}
		if have := strings.Join(texts, "; "); have != test.want {
			t.Errorf("%s: have %s, want %s", test.kind, have, test.want)
		}
	}
}

// An event that the list lacks is written where the device serves it.
func TestAnEventThatTheListLacksHasItsOwnAddress(t *testing.T) {
	provider, kind, docs := opened(t, "event_trigger", "", `<EventTriggerList><EventTrigger><id>VMD-1</id><EventTriggerNotificationList/></EventTrigger></EventTriggerList>`)
	keys := []string{"vmd-1", "scene-1", "scene-2", ".."}
	if have := provider.Unlisted(kind, keys, docs); !slices.Equal(have, []string{"scene-1", "scene-2"}) {
		t.Errorf("not in the list: %v", have)
	}
	alone := kind.Document.Path + "/scene-1"
	docs[alone] = providers.Document{Path: alone, Body: []byte(`<EventTrigger><id>scene-1</id><EventTriggerNotificationList></EventTriggerNotificationList></EventTrigger>`)}
	docs[kind.Document.Path+"/scene-2"] = providers.Document{Path: kind.Document.Path + "/scene-2", Missing: "403 notSupport"}
	items, err := provider.Decode(kind, keys, docs)
	if have := slices.Sorted(maps.Keys(items)); err != nil || !slices.Equal(have, []string{"scene-1", "vmd-1"}) {
		t.Fatalf("%v, %v", have, err)
	}
	want := object(kind, map[string]any{"notify": []string{"center"}})
	requests, err := provider.Compose(providers.Composition{Documents: docs, Changes: []providers.Change{
		{Kind: kind, Key: "vmd-1", Before: kind.Null(), After: want}, {Kind: kind, Key: "scene-1", Before: kind.Null(), After: want},
	}})
	if err != nil || len(requests) != 2 || requests[1].Path != alone+"/notifications" || !strings.HasPrefix(string(requests[1].Body), "<EventTriggerNotificationList") {
		t.Errorf("%v, %v", err, requests)
	}
	if wrong := provider.Check(kind, docs, "scene-2", want); len(wrong) == 0 {
		t.Error("one that the device does not serve is accepted")
	}
}
