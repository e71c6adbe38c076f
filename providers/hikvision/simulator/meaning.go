package simulator

import (
	"errors"
	"net/netip"
	"slices"
	"strconv"
	"strings"
)

// checkMeaning refuses a document that is well-formed and within limits, but cannot be.
func (d *unit) checkMeaning(path string, doc []byte) refusal {
	root, err := scan(doc)
	if err != nil {
		return d.model.refuse(badXMLFormat)
	}
	switch path {
	case adminAccessesPath:
		return d.model.checkServices(root)
	case interfacesPath:
		return d.model.checkInterfaces(root)
	case triggersPath:
		return d.model.checkNotifications(root)
	case onvifUsersPath:
		return d.model.checkNames(root)
	case userPermissionPath:
		return d.checkRights(root)
	}
	trial := d.model.defaults()
	err = trial.learn(d.model, path, doc)
	switch {
	case errors.Is(err, errAddress):
		return d.model.refuse(badIPv4Address)
	case err != nil:
		return d.model.refuse(badParameters)
	}
	return nil
}

// checkServices refuses ports that are used twice and an HTTPS service without a version of TLS.
func (b *blueprint) checkServices(root *element) refusal {
	ports := make(map[string]bool)
	for _, entry := range root.children {
		port := entry.value("portNo")
		if port != "" && ports[port] {
			return b.refuse(badPort)
		}
		ports[port] = true
		if entry.value("protocol") != "HTTPS" {
			continue
		}
		trial := b.defaults()
		if trial.learnTLS(entry); len(trial.tls) == 0 {
			return b.refuse(tlsVersionRequired)
		}
	}
	return nil
}

// checkInterfaces refuses addresses that are none, and a gateway outside of the network of the interface.
func (b *blueprint) checkInterfaces(root *element) refusal {
	for _, face := range root.children {
		if no := b.checkAddresses(face.child("IPAddress")); no != nil {
			return no
		}
	}
	return nil
}

func (b *blueprint) checkAddresses(e *element) refusal {
	if e == nil {
		return nil
	}
	for _, of := range []*element{e, e.child("DefaultGateway"), e.child("PrimaryDNS"), e.child("SecondaryDNS")} {
		if no := b.checkAddress(of, "ipAddress", netip.Addr.Is4, badIPv4Address); no != nil {
			return no
		}
		if no := b.checkAddress(of, "ipv6Address", netip.Addr.Is6, badIPv6Address); no != nil {
			return no
		}
	}
	bits, valid := maskBits(e.value("subnetMask"))
	if !valid {
		return b.refuse(badNetMask).about("subnetMask")
	}
	own, _ := netip.ParseAddr(e.value("ipAddress"))
	network, err := own.Prefix(bits)
	gateway := netip.Addr{}
	if g := e.child("DefaultGateway"); g != nil {
		gateway, _ = netip.ParseAddr(g.value("ipAddress"))
	}
	if e.value("addressingType") == "static" && err == nil && gateway.IsValid() && !gateway.IsUnspecified() && !network.Contains(gateway) {
		return b.refuse(gatewayElsewhere)
	}
	return nil
}

// checkAddress refuses a child that is no address of the family. An empty one is unset.
func (b *blueprint) checkAddress(of *element, name string, family func(netip.Addr) bool, code subCode) refusal {
	if of == nil || of.value(name) == "" {
		return nil
	}
	if a, err := netip.ParseAddr(of.value(name)); err != nil || !family(a) {
		return b.refuse(code).about(name)
	}
	return nil
}

// maskBits counts the leading ones of a mask such as 255.255.255.0; an empty one has all.
func maskBits(mask string) (bits int, valid bool) {
	if mask == "" {
		return 32, true
	}
	a, err := netip.ParseAddr(mask)
	if err != nil || !a.Is4() {
		return 0, false
	}
	b := a.As4()
	text := ""
	for _, octet := range b {
		text += strconv.FormatUint(uint64(octet)|256, 2)[1:]
	}
	ones := strings.TrimRight(text, "0")
	return len(ones), !strings.Contains(ones, "0")
}

// checkNotifications refuses actions on an event that a strict recorder does not accept: with
// another id than the method has, or to record without the channel.
func (b *blueprint) checkNotifications(root *element) refusal {
	var no refusal
	root.walk(func(e *element) {
		if no != nil || e.name != "EventTriggerNotification" || !b.StrictTriggers {
			return
		}
		method, id := e.value("notificationMethod"), e.value("id")
		channelled := method == "record" || method == "IO"
		switch {
		case !channelled && id != method, channelled && !strings.HasPrefix(id, method+"-"):
			no = &result{http: 400, code: badParameters, detail: "id"}
		case method == "record" && e.child("dynVideoInputID") == nil:
			no = &result{http: 400, code: badParameters, detail: "dynVideoInputID"}
		}
	})
	return no
}

// checkNames refuses a list in which two have the same name.
func (b *blueprint) checkNames(root *element) refusal {
	var seen []string
	for _, item := range root.children {
		if slices.Contains(seen, item.value("userName")) {
			return b.refuse(userExist)
		}
		seen = append(seen, item.value("userName"))
	}
	return nil
}
