package simulator

import (
	"fmt"
	"strings"
)

// lowerWords makes a device with the quirk LowerWords write its words as it does, in its documents and in their limits.
func (d custody) lowerWords() {
	for path, name := range map[string]string{
		adminAccessesPath: "protocol", adminAccessesPath + "/capabilities": "protocol", triggersPath: "id",
	} {
		stored, found := d.stored(path)
		root, err := scan(stored.body)
		if !found || err != nil {
			continue
		}
		var edits []edit
		root.walk(func(e *element) {
			word := e.child(name)
			switch {
			case word == nil || e.name == "EventTriggerNotification":
			case word.text == "DEV_MANAGE":
				edits = append(edits, word.setText(stored.body, "SDK"))
			default:
				edits = append(edits, word.setText(stored.body, strings.ToLower(word.text)))
			}
		})
		d.own[path] = apply(stored.body, edits)
	}
}

// crowdLists puts the entries into lists that a device with the quirk CrowdedLists has.
func (d custody) crowdLists() {
	var events strings.Builder
	for channel := range 18 {
		fmt.Fprintf(&events, "\n<EventTrigger>\n<id>objectsThrownDetection</id>\n<eventType>objectsThrownDetection</eventType>\n<dynVideoInputChannelID>%d</dynVideoInputChannelID>\n"+
			"<EventTriggerNotificationList>\n</EventTriggerNotificationList>\n</EventTrigger>", channel+1)
	}
	for path, entries := range map[string]string{
		triggersPath: events.String(),
		adminAccessesPath: "\n<AdminAccessProtocol>\n<id>98</id>\n<enabled>true</enabled>\n<protocol>Zeta</protocol>\n<portNo>9998</portNo>\n</AdminAccessProtocol>" +
			"\n<AdminAccessProtocol>\n<id>99</id>\n<enabled>true</enabled>\n<protocol>RTSP</protocol>\n<portNo>9999</portNo>\n</AdminAccessProtocol>",
	} {
		stored, found := d.stored(path)
		list, err := scan(stored.body)
		if !found || err != nil {
			continue
		}
		if nested := list.child("EventTriggerList"); nested != nil {
			list = nested
		}
		d.own[path] = apply(stored.body, []edit{list.appendChild(stored.body, strings.TrimPrefix(entries, "\n"))})
	}
}

// hiddenEvent is an event that the list of a device with the quirk HidesEvent lacks, and toldEvents what the capabilities of its first
// channel tell: each event in both of its words where it has two, an input, and one that nobody knows.
const (
	toldEventsPath = "/ISAPI/Event/channels/1/capabilities"
	toldEvents     = `<?xml version="1.0" encoding="UTF-8"?>
<ChannelEventCap version="2.0" xmlns="http://www.hikvision.com/ver20/XMLSchema">
<eventType opt="VMD,motionDetection,shelteralarm,tamperDetection,scenechangedetection,sceneChangeDetection,parcelDetection,IO,diskfull,illaccess"></eventType>
<channelID>1</channelID>
<id>1</id>
</ChannelEventCap>
`
	hiddenEventPath = triggersPath + "/scenechangedetection-1"
	hiddenEvent     = `<?xml version="1.0" encoding="UTF-8"?>
<EventTrigger version="2.0" xmlns="http://www.hikvision.com/ver20/XMLSchema">
<id>scenechangedetection-1</id>
<eventType>scenechangedetection</eventType>
<videoInputChannelID>1</videoInputChannelID>
<EventTriggerNotificationList>
<EventTriggerNotification>
<id>email</id>
<notificationMethod>email</notificationMethod>
<notificationRecurrence>beginning</notificationRecurrence>
</EventTriggerNotification>
</EventTriggerNotificationList>
</EventTrigger>
`
)
