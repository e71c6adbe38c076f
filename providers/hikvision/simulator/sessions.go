package simulator

import (
	"fmt"
	"net/netip"
	"strings"
)

// OpenSession is somebody who logs in at the web page, from an address. He is in the list of users who are online until
// [Device.CloseSession] or a reboot; clients with digest, like the requests that a device answers here, never are.
func (d *Device) OpenSession(user string, from netip.Addr) {
	defer d.enter()()
	d.unit.core.Sessions.Open(user, from, d.unit.now())
}

// CloseSession logs out who came from an address.
func (d *Device) CloseSession(from netip.Addr) {
	defer d.enter()()
	d.unit.core.Sessions.Close(from)
}

// readOnlineUsers answers a GET of the users who are logged in, where the model has that.
func (d *unit) readOnlineUsers(path string) (document, bool) {
	if path != onlineUsersPath || d.model.recorded || !strings.EqualFold(d.scanned(securityCapabilitiesPath).value("isSupportOnlineUser"), "true") {
		return document{}, false
	}
	var b strings.Builder
	for _, s := range d.core.OnlineUsers() {
		fmt.Fprintf(&b, `<OnlineUser>
<id>%d</id>
<name>%s</name>
<type>%s</type>
<loginTime>%s</loginTime>
<clientAddress>
<ipAddress>%s</ipAddress>
</clientAddress>
</OnlineUser>
`, s.ID, escape(s.User), permissionTypes[d.core.Accounts.Named(s.User).Level], s.Since.Format("2006-01-02 15:04:05"), s.Source)
	}
	return d.model.made("<OnlineUserList" + d.model.attributes() + ">\n" + b.String() + "</OnlineUserList>\n"), true
}
