package simulator

import (
	"crypto/tls"
	"fmt"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"time"

	"camform/providers/device"
)

// settings are what the documents of a device ask it to do. They are values: a change makes new ones.
type settings struct {
	algorithms []algorithm // of digest, in the order in which they are offered
	basic      bool        // HTTP Basic is accepted, too

	lock        device.LockRule
	http, https service
	private     service  // of the vendor's own protocol, which recorders speak
	rtsp        service  // for the picture, where that protocol does not carry it
	onvif       bool     // recorders of other vendors are let in
	redirect    bool     // plain requests are sent to HTTPS
	tls         []uint16 // versions that are spoken
	filter      filter
	address     netip.Addr // that the device was given; invalid for the one that it has from the start, or from a server
	leased      bool       // a server gives the device its address
}

// privatePort is where recorders find cameras that nobody told otherwise.
const privatePort = 8000

// service is a port that is open or not.
type service struct {
	enabled bool
	port    int
}

// defaults are the settings of a device without documents.
func (b *blueprint) defaults() settings {
	s := settings{algorithms: algorithms["MD5"], basic: strings.Contains(b.CertificateType, "basic")}
	s.lock = device.LockRule{Enabled: true, Attempts: b.Lock.Times, Duration: time.Duration(b.Lock.Minutes) * time.Minute}
	s.http, s.https = service{true, 80}, service{true, 443}
	s.private, s.rtsp, s.onvif = service{true, privatePort}, service{true, 554}, true
	s.tls = []uint16{tls.VersionTLS12, tls.VersionTLS13}
	if len(b.TLS) > 0 {
		s.tls = nil
	}
	for _, v := range b.TLS {
		s.tls = append(s.tls, tlsVersions[v])
	}
	return s
}

var tlsVersions = map[string]uint16{
	"1.0": tls.VersionTLS10, "1.1": tls.VersionTLS11, "1.2": tls.VersionTLS12, "1.3": tls.VersionTLS13,
}

// learn takes over what the document at path asks for. Documents that ask for nothing are ignored.
func (s *settings) learn(b *blueprint, path string, body []byte) error {
	learners := map[string]func(*blueprint, *element) error{
		webCertificatePath:   s.learnCertificate,
		illegalLoginLockPath: s.learnLock,
		adminAccessesPath:    s.learnServices,
		ipFilterPath:         s.learnFilter,
		integratePath:        s.learnIntegration,
		interfacesPath:       s.learnAddress,
	}
	learner, ok := learners[path]
	if !ok {
		return nil
	}
	root, err := scan(body)
	if err != nil {
		return err
	}
	return learner(b, root)
}

// learnAddress reads that of the first interface. What was recorded is the address of another device.
func (s *settings) learnAddress(b *blueprint, root *element) error {
	at := root.child("NetworkInterface").child("IPAddress")
	s.address, s.leased = netip.Addr{}, false
	if at == nil || b.recorded {
		return nil
	}
	address, err := netip.ParseAddr(at.value("ipAddress"))
	switch {
	case err != nil: // a model has a placeholder
	case at.value("addressingType") == "dynamic":
		s.leased = true
	default:
		s.address = address
	}
	return nil
}

func (s *settings) learnIntegration(_ *blueprint, root *element) error {
	if choice := root.child(onvif).child("enable"); choice != nil {
		s.onvif = strings.EqualFold(choice.text, "true")
	}
	return nil
}

func (s *settings) learnCertificate(_ *blueprint, root *element) error {
	s.basic = strings.Contains(strings.ToLower(root.value("CertificateType")), "basic")
	choice := root.find("algorithmType")
	if choice == nil {
		return nil
	}
	offered, ok := algorithms[choice.text]
	if !ok {
		return fmt.Errorf("algorithmType %q is not known", choice.text)
	}
	s.algorithms = offered
	return nil
}

func (s *settings) learnLock(b *blueprint, root *element) error {
	s.lock.Enabled = !strings.EqualFold(root.value("enabled"), "false")
	if n, err := strconv.Atoi(root.value("maxIllegalLoginTimes")); err == nil && n > 0 {
		s.lock.Attempts = n
	}
	if n, err := strconv.Atoi(root.value("maxIllegalLoginLockTime")); err == nil && n > 0 {
		s.lock.Duration = b.Lock.lockTime(n)
	}
	return nil
}

func (s *settings) learnServices(_ *blueprint, root *element) error {
	for _, entry := range root.children {
		found := service{enabled: !strings.EqualFold(entry.value("enabled"), "false")}
		found.port, _ = strconv.Atoi(entry.value("portNo"))
		switch strings.ToUpper(entry.value("protocol")) {
		case "HTTP":
			s.http = found
		case "DEV_MANAGE", "SDK":
			s.private = found
		case "RTSP":
			s.rtsp = found
		case "HTTPS":
			s.https = found
			s.redirect = strings.EqualFold(entry.value("redirectToHttps"), "true")
			s.learnTLS(entry)
		}
	}
	return nil
}

var tlsFlags = []struct {
	element string
	version uint16
}{
	{"TLS1_0Enable", tls.VersionTLS10},
	{"TLS1_1Enable", tls.VersionTLS11},
	{"TLS1_2Enable", tls.VersionTLS12},
	{"TLS1_3Enable", tls.VersionTLS13},
}

func (s *settings) learnTLS(entry *element) {
	var versions []uint16
	flagged := false
	for _, f := range tlsFlags {
		if flag := entry.child(f.element); flag != nil {
			flagged = true
			if strings.EqualFold(flag.text, "true") {
				versions = append(versions, f.version)
			}
		}
	}
	if flagged {
		s.tls = versions
	}
}

// filter says which sources a device talks to.
type filter struct {
	enabled bool
	allow   bool // only listed sources; otherwise all but them
	sources []func(netip.Addr) bool
}

func (f filter) drops(source netip.Addr) bool {
	if !f.enabled {
		return false
	}
	listed := slices.ContainsFunc(f.sources, func(holds func(netip.Addr) bool) bool { return holds(source) })
	return listed != f.allow
}

func (s *settings) learnFilter(_ *blueprint, root *element) error {
	f := filter{
		enabled: strings.EqualFold(root.value("enabled"), "true"),
		allow:   strings.EqualFold(root.value("permissionType"), "allow"),
	}
	for _, entry := range root.child("IPFilterAddressList").items() {
		holds, err := filterEntry(entry)
		if err != nil {
			return err
		}
		f.sources = append(f.sources, holds...)
	}
	s.filter = f
	return nil
}

// items are the children, also of nil.
func (e *element) items() []*element {
	if e == nil {
		return nil
	}
	return e.children
}

// filterEntry reads an address, an address with a number of bits, or a range. Unset addresses hold nothing.
func filterEntry(entry *element) ([]func(netip.Addr) bool, error) {
	if r := entry.child("AddressRange"); r != nil {
		from, errFrom := netip.ParseAddr(r.value("startIPAddress"))
		to, errTo := netip.ParseAddr(r.value("endIPAddress"))
		if errFrom != nil || errTo != nil {
			return nil, fmt.Errorf("%w: range of addresses", errAddress)
		}
		return []func(netip.Addr) bool{func(a netip.Addr) bool { return from.Compare(a) <= 0 && a.Compare(to) <= 0 }}, nil
	}
	var all []func(netip.Addr) bool
	for _, name := range []string{"ipAddress", "ipv6Address"} {
		address := entry.find(name)
		if address == nil || address.text == "" || address.text == "0.0.0.0" || address.text == "::" {
			continue
		}
		prefix, err := parsePrefix(address.text, entry.find("bitMask"))
		if err != nil {
			return nil, err
		}
		all = append(all, prefix.Contains)
	}
	return all, nil
}

func parsePrefix(text string, mask *element) (netip.Prefix, error) {
	address, err := netip.ParseAddr(text)
	if err != nil {
		return netip.Prefix{}, fmt.Errorf("%w: %s", errAddress, text)
	}
	bits := address.BitLen()
	if mask != nil && mask.text != "" {
		if bits, err = strconv.Atoi(mask.text); err != nil {
			return netip.Prefix{}, fmt.Errorf("%w: bitMask %s", errAddress, mask.text)
		}
	}
	prefix, err := address.Prefix(bits)
	if err != nil {
		return netip.Prefix{}, fmt.Errorf("%w: bitMask %d", errAddress, bits)
	}
	return prefix, nil
}
