package simulator

import (
	"fmt"
	"net/http"
	"strings"

	"camform/providers/device"
)

// What a recorder says of the camera behind a channel: connect and notExist were recorded on NVR
// V4.61, the refusal is from field notes, and the others are known from client programs.
var sights = map[device.Sight]string{
	device.Connected: channelConnected, device.Turned: "errorUserNameOrPasswd", device.LockedOut: "userLocked", device.Unreachable: "netUnreachable",
}

const (
	channelConnected = "connect"
	channelAbsent    = "notExist"
)

// looksAtCameras answers a GET of the state of channels after the recorder has tried the cameras once more, which it cannot
// do before it is done with the request: two recorders may look at each other.
func (d *Device) looksAtCameras(q request) (reply, bool) {
	if d.fleet == nil || q.method != http.MethodGet {
		return reply{}, false
	}
	if _, found := d.channelStatus(q.path); !found {
		return reply{}, false
	}
	visits := d.visitsAt(q.path)
	return reply{later: func() reply {
		d.fleet.recorders.Look(&d.watch, visits)
		d.mu.Lock()
		defer d.mu.Unlock()
		if doc, found := d.channelStatus(q.path); found {
			return d.send(http.StatusOK, doc.contentType, doc.body)
		}
		return d.respond(q, *d.absent(q.path))
	}}, len(visits) > 0
}

// channelStatus answers a GET of the state of one channel, or of all where the model has that. The words follow from the
// channel: see detect.
func (d *Device) channelStatus(path string) (document, bool) {
	stored, found := d.stored(channelsPath)
	rest, status := strings.CutSuffix(path, "/status")
	if !found || !status || d.model.recorded {
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
	return d.statusDocument(d.statusOf(channel, d.attributes())), true
}

func (d *Device) statusList(list *element) document {
	var items strings.Builder
	for _, channel := range list.children {
		items.WriteString(d.statusOf(channel, ""))
	}
	return d.statusDocument("<InputProxyChannelStatusList" + d.attributes() + ">\n" + items.String() + "</InputProxyChannelStatusList>\n")
}

func (d *Device) statusDocument(markup string) document {
	return document{body: []byte("<?xml version=\"1.0\" encoding=\"UTF-8\" ?>\n" + markup), contentType: contentXML}
}

// attributes are those of a root element that the device makes up.
func (d *Device) attributes() string {
	return fmt.Sprintf(" version=%q xmlns=%q", d.model.Response.Version, d.model.Response.Namespace)
}

func (d *Device) statusOf(channel *element, attributes string) string {
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
func (d *Device) detect(channel *element) string {
	if v, inFleet := d.visitFor(channel); inFleet {
		return sights[d.watch.Seen(v)]
	}
	if d.model.Channels.CamerasThere && channel.child("sourceInputPortDescriptor") != nil {
		return channelConnected
	}
	return channelAbsent
}
