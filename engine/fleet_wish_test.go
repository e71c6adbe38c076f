package engine_test

import (
	"fmt"
	"net/netip"
	"slices"
	"strconv"
	"strings"

	"github.com/beevik/etree"

	"camform/providers/hikvision/simulator"
)

// wish is one setting that a test wants of a device, with what its document must hold afterwards. It is worked out from the
// documents of the device alone, so that a misreading of the program is not shared.
type wish struct {
	kind, key string
	lines     []string          // arguments in HCL
	texts     map[string]string // what is wanted, by place in the document
	may       allowance
	lacking   bool                        // the device does not have it
	judge     func(after []byte) []string // what else must be so; nil for nothing
}

func (w *wish) local() string {
	if w.key != "" {
		return w.kind + "." + w.key
	}
	return w.kind
}

// hcl is the wish as a block.
func (w *wish) hcl() string {
	label := ""
	if w.key != "" {
		label = strconv.Quote(w.key) + " "
	}
	return fmt.Sprintf("  %s %s{\n    %s\n  }\n", w.kind, label, strings.Join(w.lines, "\n    "))
}

// want adds an attribute and the text that it stands for.
func (w *wish) want(attribute, value string, at *etree.Element, text string) {
	w.lines = append(w.lines, attribute+" = "+value)
	if w.texts == nil {
		w.texts = map[string]string{}
	}
	place := placeOf(at)
	w.texts[place] = text
	w.may.contents = append(w.may.contents, place)
}

// placeOf is the place of an element as elementsOf has it.
func placeOf(e *etree.Element) string {
	if e.Parent() == nil || e.Parent().Tag == "" {
		return e.Tag + "[1]"
	}
	n := 1
	for _, sibling := range e.Parent().ChildElements() {
		if sibling == e {
			break
		}
		if sibling.Tag == e.Tag {
			n++
		}
	}
	return fmt.Sprintf("%s/%s[%d]", placeOf(e.Parent()), e.Tag, n)
}

// The documents that settings live in.
const (
	infoDocument    = "/ISAPI/System/deviceInfo"
	timeDocument    = "/ISAPI/System/time"
	ntpDocument     = "/ISAPI/System/time/ntpServers"
	filterDocument  = "/ISAPI/System/Network/ipFilter"
	upnpDocument    = "/ISAPI/System/Network/UPnP"
	cloudDocument   = "/ISAPI/System/Network/EZVIZ"
	accessDocument  = "/ISAPI/Security/adminAccesses"
	lockDocument    = "/ISAPI/Security/illegalLoginLock"
	webAuthDocument = "/ISAPI/Security/webCertificate"
	usersDocument   = "/ISAPI/Security/users"
	alarmDocument   = "/ISAPI/Event/notification/httpHosts"
)

var documentOfKind = map[string]string{
	"system": infoDocument, "time": timeDocument, "ntp": ntpDocument, "ip_filter": filterDocument, "upnp": upnpDocument,
	"cloud": cloudDocument, "https": accessDocument, "service": accessDocument, "login_lock": lockDocument,
	"web_auth": webAuthDocument, "user": usersDocument, "alarm_host": alarmDocument,
}

// wisher makes up what to want of one device: every attribute that it has, with another value than now wherever there is
// one that leaves the way in open.
type wisher struct {
	device *simulator.Device
	secure bool // the way in is HTTPS
	ports  int  // how many made-up ports are taken
}

// wishes are one for each setting of each kind that exists, those that the device lacks included.
func (w *wisher) wishes() []*wish {
	all := []*wish{w.system(), w.time(), w.ntp(), w.filter(), w.toggle("upnp"), w.toggle("cloud"), w.loginLock(), w.webAuth(), w.https()}
	for _, name := range []string{"HTTP", "RTSP", "DEV_MANAGE", "SDK_OVER_TLS", "WebSocket", "WebSocketS", "SRTP", "Bonjour"} {
		all = append(all, w.service(name))
	}
	all = append(all, w.users()...)
	return slices.DeleteFunc(all, func(one *wish) bool { return len(one.lines) == 0 })
}

func (w *wisher) root(path string) *etree.Element { return parseXML(w.device.Document(path)) }

func parseXML(body []byte) *etree.Element {
	doc := etree.NewDocument()
	if doc.ReadFromBytes(body) != nil {
		return nil
	}
	return doc.Root()
}

// child finds a child, also of no element.
func child(e *etree.Element, names ...string) *etree.Element {
	for _, name := range names {
		if e != nil {
			e = e.SelectElement(name)
		}
	}
	return e
}

func textOf(e *etree.Element) string {
	if e == nil {
		return ""
	}
	return strings.TrimSpace(e.Text())
}

// lacks is the wish for something that the device does not have.
func lacks(kind, key, line string) *wish {
	return &wish{kind: kind, key: key, lines: []string{line}, lacking: true}
}

// limits of an element: what the device says in a capability document, or on the element itself.
type limits struct {
	told     bool
	low, top int
	options  []string
}

func limitsOf(candidates ...*etree.Element) limits {
	for _, e := range candidates {
		if e == nil {
			continue
		}
		l := limits{low: 0, top: 1 << 30}
		if n, err := strconv.Atoi(e.SelectAttrValue("min", "")); err == nil {
			l.low, l.told = n, true
		}
		if n, err := strconv.Atoi(e.SelectAttrValue("max", "")); err == nil {
			l.top, l.told = n, true
		}
		if options := e.SelectAttrValue("opt", ""); options != "" {
			l.options, l.told = strings.Split(options, ","), true
		}
		if l.told {
			return l
		}
	}
	return limits{low: 0, top: 1 << 30}
}

func (l limits) takes(option string) bool {
	return len(l.options) == 0 || slices.ContainsFunc(l.options, func(o string) bool { return strings.EqualFold(strings.TrimSpace(o), option) })
}

// capability finds an element in the capability document of a resource, where it has the same shape.
func (w *wisher) capability(path string, names ...string) *etree.Element {
	return child(w.root(path+"/capabilities"), names...)
}

// security finds an element somewhere in what the device says about its security.
func (w *wisher) security(name string) *etree.Element {
	for _, path := range []string{"/ISAPI/Security/capabilities", "/ISAPI/System/capabilities"} {
		section := w.root(path)
		if section != nil && section.Tag != "SecurityCap" {
			section = section.FindElement(".//SecurityCap")
		}
		if section == nil {
			continue
		}
		if found := section.FindElement(".//" + name); found != nil {
			return found
		}
	}
	return nil
}

// flip wants the other boolean, unless the device takes no other.
func (w *wish) flip(attribute string, e, capability *etree.Element) {
	if e == nil || textOf(e) == "" {
		return
	}
	other := "true"
	if strings.EqualFold(textOf(e), "true") {
		other = "false"
	}
	if !limitsOf(capability, e).takes(other) {
		other = strings.ToLower(textOf(e))
	}
	text := other
	if textOf(e) == strings.ToUpper(textOf(e)) {
		text = strings.ToUpper(other)
	}
	w.want(attribute, other, e, text)
}

// number wants the first of the given numbers that is legal and new, or the present one.
func (w *wish) number(attribute string, e *etree.Element, l limits, try ...int) {
	have, err := strconv.Atoi(textOf(e))
	if e == nil || err != nil {
		return
	}
	wanted := have
	for _, n := range append(try, have+1, have-1) {
		if n != have && n >= l.low && n <= l.top && l.takes(strconv.Itoa(n)) {
			wanted = n
			break
		}
	}
	w.want(attribute, strconv.Itoa(wanted), e, strconv.Itoa(wanted))
}

func (w *wisher) system() *wish {
	name := child(w.root(infoDocument), "deviceName")
	if name == nil {
		return lacks("system", "", `name = "Süd 7"`)
	}
	one := &wish{kind: "system"}
	text := "Süd 7"
	if textOf(name) == text {
		text = "Nord 8"
	}
	one.want("name", strconv.Quote(text), name, text)
	return one
}

// clockZones are time zones as people write them, with how devices do.
var clockZones = [][2]string{
	{"EST5EDT,M3.2.0,M11.1.0", "CST+5:00:00DST01:00:00,M3.2.0/02:00:00,M11.1.0/02:00:00"},
	{"CET-1CEST,M3.5.0/02:00:00,M10.5.0/03:00:00", "CST-1:00:00DST01:00:00,M3.5.0/02:00:00,M10.5.0/03:00:00"},
}

func (w *wisher) time() *wish {
	root := w.root(timeDocument)
	if root == nil || root.Tag != "Time" {
		return lacks("time", "", `mode = "NTP"`)
	}
	one := &wish{kind: "time"}
	one.may.comes = []string{"Time[1]/localTime[1]"}
	if mode := child(root, "timeMode"); mode != nil {
		wanted := "NTP"
		if l := limitsOf(w.capability(timeDocument, "timeMode"), mode); textOf(mode) == wanted && l.takes("manual") {
			wanted = "manual"
		}
		one.want("mode", strconv.Quote(wanted), mode, wanted)
	}
	if zone := child(root, "timeZone"); zone != nil {
		wanted := clockZones[0]
		if textOf(zone) == wanted[1] {
			wanted = clockZones[1]
		}
		one.want("zone", strconv.Quote(wanted[0]), zone, wanted[1])
		if name := child(root, "windowsZone"); name != nil { // follows
			one.may.contents = append(one.may.contents, placeOf(name))
		}
	}
	return one
}

func (w *wisher) ntp() *wish {
	server := child(w.root(ntpDocument), "NTPServer")
	if server == nil {
		return lacks("ntp", "", `server = "ntp.example.org"`)
	}
	one := &wish{kind: "ntp"}
	one.host(server)
	one.number("port", child(server, "portNo"), limitsOf(w.capability(ntpDocument, "NTPServer", "portNo"), child(server, "portNo")), 1123)
	one.number("interval", child(server, "synchronizeInterval"),
		limitsOf(w.capability(ntpDocument, "NTPServer", "synchronizeInterval"), child(server, "synchronizeInterval")), 90)
	return one
}

// host wants an address where there is a name, and a name where there is an address: the element gives way to the other.
func (w *wish) host(at *etree.Element) {
	from, to, format, text := "hostName", "ipAddress", "ipaddress", "192.0.2.123"
	if child(at, from) == nil {
		from, to, format, text = to, from, "hostname", "ntp.example.org"
	}
	have := child(at, from)
	if have == nil {
		return
	}
	w.want("server", strconv.Quote(text), have, text)
	if child(at, to) != nil {
		panic("a server with a name and an address: decide which one gives way")
	}
	place := placeOf(have)
	delete(w.texts, place)
	w.may.contents = slices.DeleteFunc(w.may.contents, func(p string) bool { return p == place })
	moved := placeOf(at) + "/" + to + "[1]"
	w.texts[moved] = text
	w.may.elements = append(w.may.elements, place, moved)
	if f := child(at, "addressingFormatType"); f != nil {
		w.texts[placeOf(f)] = format
		w.may.contents = append(w.may.contents, placeOf(f))
	}
}

// sourceAddress is where the fleet sees connections come from.
var sourceAddress = netip.MustParseAddr("127.0.0.1")

func (w *wisher) filter() *wish {
	root := w.root(filterDocument)
	if root == nil || root.Tag != "IPFilter" {
		return lacks("ip_filter", "", "enabled = false")
	}
	one := &wish{kind: "ip_filter"}
	mode, list := child(root, "permissionType"), child(root, "IPFilterAddressList")
	one.flip("enabled", child(root, "enabled"), w.capability(filterDocument, "enabled"))
	wanted := "allow"
	if textOf(mode) == wanted {
		wanted = "deny"
	}
	one.want("mode", strconv.Quote(wanted), mode, wanted)
	members := []string{"192.0.2.77", "198.51.100.8"}
	if wanted == "allow" {
		members = append(members, sourceAddress.String())
	}
	one.lines = append(one.lines, "addresses = ["+quoted(members)+"]")
	one.may.contents = append(one.may.contents, placeOf(list))
	one.judge = func(after []byte) []string { return judgeFilter(after, wanted, members) }
	return one
}

func quoted(texts []string) string {
	var all []string
	for _, text := range texts {
		all = append(all, strconv.Quote(text))
	}
	return strings.Join(all, ", ")
}

// judgeFilter says what is wrong with the entries of a filter.
func judgeFilter(document []byte, mode string, members []string) []string {
	var wrong, have []string
	ids := map[string]bool{}
	for _, entry := range child(parseXML(document), "IPFilterAddressList").ChildElements() {
		if at := child(entry, "permissionType"); at != nil && textOf(at) != mode {
			wrong = append(wrong, "an entry has the mode "+textOf(at))
		}
		id := textOf(child(entry, "id"))
		if id == "" || ids[id] {
			wrong = append(wrong, fmt.Sprintf("an entry has the id %q, which is no id or another one's", id))
		}
		ids[id] = true
		if address := textOf(child(entry, "AddressMask", "ipAddress")); address != "" && address != "0.0.0.0" {
			have = append(have, address)
		}
	}
	slices.Sort(have)
	if want := slices.Sorted(slices.Values(members)); !slices.Equal(have, want) {
		wrong = append(wrong, fmt.Sprintf("the list has %q, want %q", have, want))
	}
	return wrong
}

// toggle is the wish for a kind with a switch and nothing else.
func (w *wisher) toggle(kind string) *wish {
	path := documentOfKind[kind]
	e := child(w.root(path), "enabled")
	if e == nil {
		return lacks(kind, "", "enabled = false")
	}
	one := &wish{kind: kind}
	one.flip("enabled", e, w.capability(path, "enabled"))
	return one
}

func (w *wisher) loginLock() *wish {
	root := w.root(lockDocument)
	if root == nil {
		return lacks("login_lock", "", "enabled = true")
	}
	one := &wish{kind: "login_lock"}
	one.flip("enabled", child(root, "enabled"), nil)
	one.number("attempts", child(root, "maxIllegalLoginTimes"), limitsOf(w.security("maxIllegalLoginTimes")), 9)
	units := limitsOf(w.security("maxIllegalLoginLockTime"))
	if minutes := child(root, "maxIllegalLoginLockTime"); units.told && minutes != nil {
		if units.top > 120 {
			panic("a lock that is counted in seconds: work out the minutes")
		}
		one.number("minutes", minutes, units, 45)
	}
	return one
}

// stronger is another digest algorithm that anybody who has seen the first one accepts.
var stronger = map[string]string{"MD5": "MD5/SHA256", "MD5/SHA256": "SHA256", "SHA256": "MD5/SHA256"}

func (w *wisher) webAuth() *wish {
	root := w.root(webAuthDocument)
	if root == nil {
		return lacks("web_auth", "", `method = "digest"`)
	}
	one := &wish{kind: "web_auth"}
	if method := child(root, "CertificateType"); method != nil {
		wanted := "digest"
		if textOf(method) == wanted && limitsOf(w.security("CertificateType")).takes("digest/basic") {
			wanted = "digest/basic"
		}
		one.want("method", strconv.Quote(wanted), method, wanted)
	}
	if algorithm := child(root, "SecurityAlgorithm", "algorithmType"); algorithm != nil {
		wanted := stronger[textOf(algorithm)]
		one.want("algorithm", strconv.Quote(wanted), algorithm, wanted)
	}
	return one
}

// entry finds the entry of a service, in the list or in its capabilities.
func entry(root *etree.Element, protocol string) *etree.Element {
	if root == nil {
		return nil
	}
	for _, e := range root.SelectElements("AdminAccessProtocol") {
		if textOf(child(e, "protocol")) == protocol {
			return e
		}
	}
	return nil
}

// access is the wish for what every service has. The way in stays where it is.
func (w *wisher) access(one *wish, protocol string, own bool) *etree.Element {
	at := entry(w.root(accessDocument), protocol)
	capability := entry(w.root(accessDocument+"/capabilities"), protocol)
	if enabled := child(at, "enabled"); own && enabled != nil {
		one.want("enabled", "true", enabled, "true")
	} else {
		one.flip("enabled", enabled, child(capability, "enabled"))
	}
	port := child(at, "portNo")
	if own && port != nil {
		one.want("port", textOf(port), port, textOf(port))
	} else if port != nil {
		w.ports++
		one.number("port", port, limitsOf(child(capability, "portNo"), port), 20000+w.ports)
	}
	return at
}

func (w *wisher) https() *wish {
	if entry(w.root(accessDocument), "HTTPS") == nil {
		return lacks("https", "", "enabled = true")
	}
	one := &wish{kind: "https"}
	at := w.access(one, "HTTPS", w.secure)
	if redirect := child(at, "redirectToHttps"); w.secure {
		one.flip("redirect", redirect, nil)
	} else if redirect != nil {
		one.want("redirect", "false", redirect, "false")
	}
	one.lowestTLS(at)
	return one
}

// lowestTLS wants another lowest version than the present one, of those that have a switch.
func (w *wish) lowestTLS(at *etree.Element) {
	var versions []string
	lowest := ""
	for _, version := range []string{"1.1", "1.2", "1.3"} {
		flag := child(at, tlsFlag(version))
		if flag == nil {
			continue
		}
		versions = append(versions, version)
		if lowest == "" && strings.EqualFold(textOf(flag), "true") {
			lowest = version
		}
	}
	wanted := slices.IndexFunc(versions, func(v string) bool { return v != lowest && v != "1.1" })
	if len(versions) > 0 && wanted < 0 {
		wanted = 0
	}
	for i := 0; i <= wanted; i++ {
		flag := child(at, tlsFlag(versions[i]))
		w.texts[placeOf(flag)] = strconv.FormatBool(i == wanted)
		w.may.contents = append(w.may.contents, placeOf(flag))
	}
	if wanted >= 0 {
		w.lines = append(w.lines, "min_tls = "+strconv.Quote(versions[wanted]))
	}
}

func tlsFlag(version string) string { return "TLS" + strings.ReplaceAll(version, ".", "_") + "Enable" }

func (w *wisher) service(protocol string) *wish {
	if entry(w.root(accessDocument), protocol) == nil {
		return lacks("service", protocol, "enabled = false")
	}
	one := &wish{kind: "service", key: protocol}
	w.access(one, protocol, protocol == "HTTP" && !w.secure)
	return one
}

// The accounts that tests want: one that is there with another level, and one that is not there.
const (
	changedAccount = "porter"
	newAccount     = "warden"
	accountOrigin  = `secret("env:FLEET_ACCOUNT")`
)

func (w *wisher) users() []*wish {
	if w.root(usersDocument) == nil {
		return []*wish{{kind: "user", key: newAccount, lines: []string{`level = "Operator"`, "password = " + accountOrigin}, lacking: true}}
	}
	list := w.root(usersDocument).SelectElements("User")
	if most, err := strconv.Atoi(textOf(w.security("supportUserNums"))); err == nil && most < len(list)+2 {
		return nil
	}
	w.device.SetUser(changedAccount, "Viewer", "Before-2468")
	list = w.root(usersDocument).SelectElements("User")
	at := slices.IndexFunc(list, func(e *etree.Element) bool { return textOf(child(e, "userName")) == changedAccount })
	changed := &wish{kind: "user", key: changedAccount, lines: []string{"password = " + accountOrigin}}
	changed.want("level", `"Operator"`, child(list[at], "userLevel"), "Operator")
	return []*wish{changed, {
		kind: "user", key: newAccount, lines: []string{`level = "Viewer"`, "password = " + accountOrigin},
		texts: map[string]string{
			fmt.Sprintf("UserList[1]/User[%d]/userName[1]", len(list)+1):  newAccount,
			fmt.Sprintf("UserList[1]/User[%d]/userLevel[1]", len(list)+1): "Viewer",
		},
		may: allowance{comes: []string{fmt.Sprintf("UserList[1]/User[%d]", len(list)+1)}},
	}}
}
