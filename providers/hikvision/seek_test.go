package hikvision_test

import (
	"maps"
	"slices"
	"strings"
	"testing"

	"camform/providers"
	"camform/providers/hikvision"
	"camform/providers/hikvision/isapi"
	"camform/providers/hikvision/reach"
	"camform/schema"
)

// Documents that tell of events.
const (
	allChannels = "/ISAPI/Event/channels/capabilities"
	channelOne  = "/ISAPI/Event/channels/1/capabilities"
	channelTwo  = "/ISAPI/Event/channels/2/capabilities"
	systemTells = "/ISAPI/System/capabilities"
	eventTells  = "/ISAPI/Event/capabilities"
	smartTells  = "/ISAPI/Smart/capabilities"
	allTriggers = "/ISAPI/Event/triggersCap"
)

// trigger is an event as a list has it; a channel of 0 is not told.
func trigger(id, eventType, channel string) string {
	text := "<EventTrigger><id>" + id + "</id><eventType>" + eventType + "</eventType>"
	if channel != "" {
		text += "<videoInputChannelID>" + channel + "</videoInputChannelID>"
	}
	return text + "<EventTriggerNotificationList/></EventTrigger>"
}

// eventDocs are documents that a device has; an empty one is missing.
func eventDocs(list string, docs map[string]string) providers.Documents {
	const triggers = "/ISAPI/Event/triggers"
	all := providers.Documents{triggers: {Path: triggers, Body: []byte("<EventTriggerList>" + list + "</EventTriggerList>")}}
	for path, body := range docs {
		doc := providers.Document{Path: path, Body: []byte(body)}
		if body == "" {
			doc = providers.Document{Path: path, Missing: "404 notSupport"}
		}
		all[path] = doc
	}
	return all
}

func ofChannel(number, words string) string {
	return "<ChannelEventCap><eventType opt=\"" + words + "\"/><channelID>" + number + "</channelID></ChannelEventCap>"
}

// silent are the documents of a device that tells nothing.
func silent() map[string]string {
	return map[string]string{allChannels: "", channelOne: "", systemTells: "<DeviceCap/>", eventTells: "", smartTells: "", allTriggers: ""}
}

// with replaces some of the documents of a device that tells nothing.
func with(docs map[string]string) map[string]string {
	all := silent()
	maps.Copy(all, docs)
	return all
}

func TestADeviceTellsWhichEventsItHas(t *testing.T) {
	provider := hikvision.New(isapi.Options{})
	kind := provider.Kinds().Lookup("event_trigger")
	vmd := trigger("VMD-1", "VMD", "1")
	for name, test := range map[string]struct {
		list          string
		docs          map[string]string
		keys, strange string
		silent        bool
	}{
		"nothing": {vmd, silent(), "", "", true},
		"words of a channel": {
			vmd, with(map[string]string{channelOne: ofChannel("1", "VMD,motionDetection, scenechangedetection,sceneChangeDetection,IO,illaccess")}),
			"scenechangedetection-1 illaccess", "", false,
		},
		"both words of an event are one": {
			vmd, with(map[string]string{channelOne: ofChannel("1", "shelteralarm,tamperDetection,TAMPERDETECTION")}), "tamper-1", "", false,
		},
		"a word that the guide does not have is kept": {
			vmd, with(map[string]string{channelOne: ofChannel("1", "parcelDetection")}), "parcelDetection-1", "", false,
		},
		"a word that leads elsewhere": {
			vmd, with(map[string]string{channelOne: ofChannel("1", "../reboot,a b,")}), "", "../reboot|a b", false,
		},
		"a list for all channels": {
			vmd, with(map[string]string{allChannels: "<ChannelEventCapList>" + ofChannel("1", "VMD,loitering") + ofChannel("3", "VMD") + "</ChannelEventCapList>"}),
			"loitering-1 VMD-3", "", false,
		},
		"flags of all channels": {
			vmd + trigger("VMD-2", "VMD", "2"), with(map[string]string{systemTells: "<DeviceCap><SmartCap><isSupportLoitering>TRUE</isSupportLoitering>" +
				"<isSupportParking>false</isSupportParking><isSupportROI>true</isSupportROI><isSupportPortal>true</isSupportPortal></SmartCap></DeviceCap>"}),
			"loitering-1 loitering-2", "Portal", false,
		},
		"flags of the device": {
			vmd, with(map[string]string{eventTells: "<EventCap><isSupportHDFull>true</isSupportHDFull><isSupportRecordException>true</isSupportRecordException></EventCap>"}),
			"diskfull recordingfailure", "", false,
		},
		"no flag is true": {vmd, with(map[string]string{eventTells: "<EventCap><isSupportHDFull>false</isSupportHDFull></EventCap>"}), "", "", false},
		"what can be linked, where nothing else tells": {
			vmd, with(map[string]string{allTriggers: "<EventTriggersCap><IllaccesTriggerCap/><FaceSnapTriggerCap><isSupportBeep>true</isSupportBeep></FaceSnapTriggerCap><isSupportAudioAction/></EventTriggersCap>"}),
			"illaccess faceSnap-1", "", false,
		},
		"what can be linked, where something else tells": {
			vmd, with(map[string]string{channelOne: ofChannel("1", "VMD"), allTriggers: "<EventTriggersCap><FaceSnapTriggerCap/></EventTriggersCap>"}), "", "", false,
		},
		"an event that the list calls otherwise": {
			trigger("facedetection", "facedetection", "1") + trigger("Linedetection-2", "linedetection", "2"),
			with(map[string]string{channelOne: ofChannel("1", "faceDetection,lineDetection")}), "Linedetection-1", "", false,
		},
		"channels that only the names of events tell": {
			trigger("VMD-1", "VMD", "") + trigger("thermometry-2", "thermometry", "2") + trigger("IO-7", "IO", ""),
			with(map[string]string{systemTells: "<DeviceCap><SmartCap><isSupportLoitering>true</isSupportLoitering></SmartCap></DeviceCap>"}), "loitering-1 loitering-2", "", false,
		},
		"a list without channels": {
			trigger("illaccess", "illaccess", ""), with(map[string]string{systemTells: "<DeviceCap><SmartCap><isSupportLoitering>true</isSupportLoitering></SmartCap></DeviceCap>"}), "loitering-1", "", false,
		},
	} {
		sought := provider.Sought(kind, eventDocs(test.list, test.docs))
		if have := strings.Join(sought.Keys, " "); have != test.keys || strings.Join(sought.Strange, "|") != test.strange || sought.Told == test.silent {
			t.Errorf("%s: %+v", name, sought)
		}
	}
}

// What tells is asked for in turn, and no longer than it takes.
func TestWhatTellsOfEventsIsAskedForInTurn(t *testing.T) {
	provider := hikvision.New(isapi.Options{})
	kind := provider.Kinds().Lookup("event_trigger")
	two := trigger("VMD-1", "VMD", "1") + trigger("VMD-2", "VMD", "2")
	for name, test := range map[string]struct {
		docs map[string]string
		want []string
	}{
		"at first":                         {nil, []string{allChannels}},
		"no list":                          {map[string]string{allChannels: ""}, []string{channelOne}},
		"a list":                           {map[string]string{allChannels: ofChannel("1", "VMD")}, []string{systemTells}},
		"a first channel":                  {map[string]string{allChannels: "", channelOne: ofChannel("1", "VMD")}, []string{channelTwo}},
		"no first channel":                 {map[string]string{allChannels: "", channelOne: ""}, []string{systemTells}},
		"a device that tells nothing else": {map[string]string{allChannels: "", channelOne: "", systemTells: "<DeviceCap/>"}, []string{eventTells}},
		"a device that tells in one document": {
			map[string]string{allChannels: "", channelOne: "", systemTells: "<DeviceCap><EventCap/><SmartCap/></DeviceCap>"}, nil,
		},
		"one that told nothing": {
			map[string]string{allChannels: "", channelOne: "", systemTells: "<DeviceCap/>", eventTells: "", smartTells: ""}, []string{allTriggers},
		},
		"all": {silent(), nil},
	} {
		var have []string
		for _, hint := range provider.Hints(kind, eventDocs(two, test.docs)) {
			have = append(have, hint.Path)
			if hint.OfModel != (strings.Count(hint.Path, "channels") == 0) {
				t.Errorf("%s: %s is that of the model: %t", name, hint.Path, hint.OfModel)
			}
		}
		if !slices.Equal(have, test.want) {
			t.Errorf("%s: have %q, want %q", name, have, test.want)
		}
	}
	if next := provider.Hints(provider.Kinds().Lookup("upnp"), providers.Documents{}); len(next) > 0 {
		t.Errorf("of a kind that nothing tells of: %+v", next)
	}
}

// What an address shows is an event of its own only under a name of its own.
func TestAnEventIsFoundOnce(t *testing.T) {
	provider := hikvision.New(isapi.Options{})
	kind := provider.Kinds().Lookup("event_trigger")
	at := func(key string) string { return kind.Item.AloneAt(key) }
	docs := eventDocs(trigger("VMD-1", "VMD", "1"), map[string]string{
		at("motion-1"): trigger("vmd-1", "VMD", "1"), at("loitering-1"): trigger("loitering-1", "loitering", "1"), at("Loiter-1"): trigger("Loitering-1", "loitering", "1"),
		at("parking-1"): "", at("group-1"): "<DeviceInfo/>", at("nameless-1"): "<EventTrigger><EventTriggerNotificationList/></EventTrigger>",
	})
	have := provider.Served(kind, []string{"motion-1", "loitering-1", "Loiter-1", "parking-1", "group-1", "nameless-1", "never-asked-1"}, docs)
	if !slices.Equal(have, []string{"loitering-1", "nameless-1"}) {
		t.Errorf("found %q", have)
	}
}

func TestWhatADeviceDoesNotHaveIsSimplyNotThere(t *testing.T) {
	provider := hikvision.New(isapi.Options{})
	for missing, want := range map[string]bool{
		"404 notSupport": true, "403 notSupport": true, "400": true, "404 with an HTML page": true, "503 isapi get event trigger is failed[131073]!!!": true,
		"500 deviceError": false, "503 with an HTML page": false, "": false,
	} {
		unsure := strings.HasPrefix(missing, "50") && !strings.Contains(missing, "131073") || strings.Contains(missing, "page")
		if have := provider.Absent(providers.Document{Missing: missing, Unsure: unsure}); have != want {
			t.Errorf("%q: %t", missing, have)
		}
	}
}

// What camform asks for by itself only reads: each document that tells, and each address that it leads to, by words of the guide and
// by any others.
func TestHintsLeadToWhatIsOnlyRead(t *testing.T) {
	provider := hikvision.New(isapi.Options{})
	for _, kind := range provider.Kinds().All() {
		if kind.Item == nil {
			continue
		}
		for _, h := range kind.Item.Hints {
			if h.Source == "" {
				t.Errorf("%s: nobody knows where %q comes from", kind.Name, h.Paths)
			}
			for _, path := range h.Paths {
				if why := reach.Acts(strings.ReplaceAll(path, schema.ChannelHole, "1")); why != "" {
					t.Error(why)
				}
			}
			for word, key := range h.Keys {
				if key = strings.ReplaceAll(key, schema.ChannelHole, "1"); key != "" && (!kind.HasKey(key) || reach.Acts(kind.Item.AloneAt(key)) != "") {
					t.Errorf("%s: %s is no %s", word, key, kind.Name)
				}
			}
		}
	}
}

// Words of a file that lead to an address at which a device acts are reported, and lead nowhere.
func TestNoWordLeadsToAnAction(t *testing.T) {
	provider := ownKind(t, `keyed = true
		document {
			path = "/ISAPI/Smart/rules"
			root = "Rules"
		}
		item {
			element = "Rule"
			key     = "id"
			alone   = "/ISAPI/Smart/rules/{key}"
			word    = "sort"
			channel = "channelID"
			hint {
				source  = "made up"
				paths   = ["/ISAPI/Smart/rules/capabilities"]
				element = "RuleCap"
				flags   = "has{word}"
				keys    = { Restart = "Reboot", Line = "line" }
			}
		}
		write { path = "/ISAPI/Smart/rules/{id}" }`)
	sought := provider.Sought(provider.Kinds().Lookup("mine"), providers.Documents{
		"/ISAPI/Smart/rules":              {Path: "/ISAPI/Smart/rules", Body: []byte("<Rules/>")},
		"/ISAPI/Smart/rules/capabilities": {Path: "/ISAPI/Smart/rules/capabilities", Body: []byte("<RuleCap><hasRestart>true</hasRestart><hasLine>true</hasLine></RuleCap>")},
	})
	if !slices.Equal(sought.Keys, []string{"line"}) || !slices.Equal(sought.Strange, []string{"Restart"}) {
		t.Errorf("%+v", sought)
	}
}
