package simulator

import (
	"fmt"
	"net/netip"
	"strings"
)

// What a recorder says of the camera behind a channel (recorded on NVR V4.61 and in field notes).
const (
	channelConnected = "connect"
	channelAbsent    = "notExist"
	channelRefused   = "errorUserNameOrPasswd"
)

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
	seen := d.detect(id, at)
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

// detect tells how a recorder gets on with the camera of a channel. If a device of the fleet has the address, it is asked
// whether it knows the user and the password of the channel; nothing is charged for that. Cameras that are not in the fleet
// are there or not as the model says.
func (d *Device) detect(id string, at *element) string {
	if at == nil {
		return channelAbsent
	}
	address, err := netip.ParseAddr(at.value("ipAddress"))
	camera := d.fleet.at(address)
	switch {
	case err == nil && camera != nil:
		password := d.secrets[channelsPath+"#InputProxyChannel["+id+"]/sourceInputPortDescriptor/password"]
		if camera.admits(at.value("userName"), password) {
			return channelConnected
		}
		return channelRefused
	case d.model.Channels.CamerasThere:
		return channelConnected
	}
	return channelAbsent
}
