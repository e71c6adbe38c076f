package simulator

import (
	"fmt"
	"net/http"
	"strings"

	"camform/providers/device"
)

// What a recorder says of the camera behind a channel: connect and notExist were recorded on NVR V4.61, the refusal is from
// field notes, ipcStreamFail and netUnreachable are from the guide, and userLocked is known from client programs.
var sights = map[device.Sight]string{
	device.Connected: channelConnected, device.Turned: "errorUserNameOrPasswd", device.LockedOut: "userLocked",
	device.Blind: "ipcStreamFail", device.Unreachable: "netUnreachable",
}

const (
	channelConnected = "connect"
	channelAbsent    = "notExist"
)

// looksAtCameras answers a GET of the state of channels after the recorder has tried the cameras once more, which it cannot
// do before it is done with the request: two recorders may look at each other.
func (x *exchange) looksAtCameras() (reply, bool) {
	if x.unit.fleet == nil || x.q.method != http.MethodGet {
		return reply{}, false
	}
	if _, found := x.unit.channelStatus(x.q.path); !found {
		return reply{}, false
	}
	visits := x.unit.visitsAt(x.q.path)
	return reply{later: func() reply {
		x.unit.fleet.recorders.Look(&x.unit.watch, visits)
		x.unit.mu.Lock()
		defer x.unit.mu.Unlock()
		if doc, found := x.unit.channelStatus(x.q.path); found {
			return x.unit.model.send(http.StatusOK, doc.contentType, doc.body)
		}
		return x.unit.model.respond(x.q, *x.unit.model.absent(x.q.path))
	}}, len(visits) > 0
}

// channelStatus answers a GET of the state of one channel, or of all where the model has that. The words follow from the
// channel: see detect.
func (d *unit) channelStatus(path string) (document, bool) {
	rest, status := strings.CutSuffix(path, "/status")
	if !status || d.model.recorded {
		return document{}, false
	}
	stored, found := d.stored(channelsPath)
	if !found {
		return document{}, false
	}
	list, err := scan(stored.body)
	if err != nil {
		return document{}, false
	}
	if rest == channelsPath && d.model.Channels.StatusList {
		return d.statusList(list), true
	}
	id, below := strings.CutPrefix(rest, channelsPath+"/")
	channel := itemWithID(list, id)
	if !below || channel == nil {
		return document{}, false
	}
	return d.model.made(d.statusOf(channel, d.model.attributes())), true
}

// cameraElements are what a channel tells of its camera, as the recorder learned it there.
var cameraElements = map[string]func(device.Camera) string{
	"model":           func(c device.Camera) string { return c.Model },
	"serialNumber":    func(c device.Camera) string { return c.Serial },
	"firmwareVersion": func(c device.Camera) string { return c.Firmware },
}

// withCameras is the list of channels with what the recorder knows by now of the cameras that are in the fleet. Recorders whose
// list has no elements for it never tell.
func (d *unit) withCameras(list []byte) []byte {
	root, err := scan(list)
	if err != nil {
		return list
	}
	var edits []edit
	for _, channel := range root.children {
		v, inFleet := d.visitFor(channel)
		camera := d.watch.Met(v.Camera)
		for name, tells := range cameraElements {
			e := channel.child("sourceInputPortDescriptor").child(name)
			switch {
			case e == nil:
			case d.quirks.HidesSerials:
				edits = append(edits, e.remove(list))
			case inFleet && e.text != tells(camera):
				edits = append(edits, e.setText(list, tells(camera)))
			}
		}
	}
	return apply(list, edits)
}

func (d *unit) statusList(list *element) document {
	var items strings.Builder
	for _, channel := range list.children {
		items.WriteString(d.statusOf(channel, ""))
	}
	return d.model.made("<InputProxyChannelStatusList" + d.model.attributes() + ">\n" + items.String() + "</InputProxyChannelStatusList>\n")
}

// made is a document that the device makes up.
func (b *blueprint) made(markup string) document {
	return document{body: []byte("<?xml version=\"1.0\" encoding=\"UTF-8\" ?>\n" + markup), contentType: contentXML}
}

// attributes are those of a root element that the device makes up.
func (b *blueprint) attributes() string {
	return fmt.Sprintf(" version=%q xmlns=%q", b.Response.Version, b.Response.Namespace)
}

func (d *unit) statusOf(channel *element, attributes string) string {
	id := channel.value("id")
	at := channel.child("sourceInputPortDescriptor")
	address := ""
	if at != nil {
		address = at.value("ipAddress")
	}
	seen := d.detect(channel)
	return fmt.Sprintf(`<InputProxyChannelStatus%s>
<id>%s</id>
<sourceInputPortDescriptor>
<ipAddress>%s</ipAddress>
</sourceInputPortDescriptor>
<online>%t</online>
<streamingProxyChannelIdList>
<streamingProxyChannelId>%s01</streamingProxyChannelId>
<streamingProxyChannelId>%s02</streamingProxyChannelId>
</streamingProxyChannelIdList>
<chanDetectResult>%s</chanDetectResult>
</InputProxyChannelStatus>
`, attributes, id, escape(address), seen == channelConnected, id, id, seen)
}

// detect tells how a recorder gets on with the camera of a channel: what came of its last try, if a device of the fleet has
// the address. Cameras that are not in the fleet are there or not as the model says.
func (d *unit) detect(channel *element) string {
	if v, inFleet := d.visitFor(channel); inFleet {
		return sights[d.watch.Seen(v)]
	}
	if d.model.Channels.CamerasThere && channel.child("sourceInputPortDescriptor") != nil {
		return channelConnected
	}
	return channelAbsent
}
