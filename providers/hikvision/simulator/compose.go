package simulator

import (
	"bytes"
	"net/netip"
	"slices"
	"strconv"
	"strings"
)

// readOnly are elements whose text a write does not change.
var readOnly = map[string]bool{
	"deviceID": true, "model": true, "serialNumber": true, "macAddress": true, "firmwareVersion": true, "firmwareReleasedDate": true,
	"encoderVersion": true, "encoderReleasedDate": true, "bootVersion": true, "bootReleasedDate": true, "hardwareVersion": true,
	"deviceType": true, "firmwareVersionInfo": true, "subSerialNumber": true, "registerStatus": true, "bindStatus": true,
	"isSummerTime": true, "localTime": true, "localEngineID": true, "MACAddress": true, "hostNameExample": true, "hostNameExampleList": true,
	"devIndex": true, "httpBroken": true,
}

// writable are documents in which an element of a read-only name is a setting.
var writable = map[string]string{ehomePath: "deviceID", macFilterPath: "MACAddress"}

// fixed reports whether a write of the document leaves the text of an element as it is.
func fixed(document, name string) bool {
	if document == userPermissionPath && (name == "userID" || name == "userType") {
		return true
	}
	return readOnly[name] && writable[document] != name
}

// writeOnly are elements that a device takes and never shows.
var writeOnly = map[string]bool{
	"password": true, "loginPassword": true, "snmpAuthenticationPassword": true, "snmpPrivacyPassword": true, "key": true, "answer": true,
	"adminPassword": true,
}

// replacedLists are lists that a write brings as a whole, beside those that say how many items they may have.
var replacedLists = map[string]bool{
	"EventTriggerNotificationList": true, "SNMPTrapReceiverList": true, "ScheduleBlockList": true, "ipv6AddressList": true,
	"MACFilterAddressList": true,
}

// fixedLists are lists of slots: an item that is not there cannot be added by a write of the list.
var fixedLists = map[string]bool{
	"AdminAccessProtocolList": true, "NetworkInterfaceList": true, "HttpHostNotificationList": true, "receiverList": true, "DSCPList": true,
	"EventTriggerList": true, "StreamingChannelList": true, "TrackList": true, "DDNSList": true, "mailingList": true, "FTPNotificationList": true, "SNMPUserList": true,
	"portList": true, "UserPermissionList": true, "HolidayList": true, "InputProxyChannelList": true, "QuestionList": true,
}

// branches are the elements among which addressingFormatType selects one.
var branches = map[string]bool{"hostName": true, "ipAddress": true, "ipv6Address": true}

// always are elements that a write may carry although GET does not show them.
var always = []string{"localTime", "timeZone", "hostName", "ipAddress", "ipv6Address"}

// replaced reports whether a list is taken as a whole.
func (e *element) replaced() bool {
	_, sized := e.attr("size")
	return (sized || replacedLists[e.name]) && !fixedLists[e.name]
}

// composition is a write on its way into a document, or into a part that stands alone.
type composition struct {
	unit       *unit
	path       string // that is written
	document   string // path of what is kept
	have, sent []byte
	old, want  *element
	known      map[string]bool // names that the document may contain
	pattern    *element        // limits of the values; nil where none are known
}

// composed is what a write leaves behind: the document as it will be shown, and the write-only values by their trails.
type composed struct {
	body    []byte
	secrets map[string]string
}

// compose makes the document that a write of a part leaves behind, or refuses the write.
func (w *write) compose(path string, p part, have, sent []byte) (composed, refusal) {
	want, err := scan(sent)
	if err != nil || bytes.HasPrefix(sent, []byte("\xef\xbb\xbf")) {
		return composed{}, w.unit.model.refuse(badXMLFormat)
	}
	old, err := scan(have)
	if err != nil {
		return composed{}, w.unit.model.refuse(deviceError)
	}
	if want.name != old.name {
		return composed{}, w.unit.model.refuse(badXMLContent).about(want.name)
	}
	if given := want.value("id"); p.id != "" && given != "" && given != p.id {
		return composed{}, w.unit.model.refuse(badParameters).about("id")
	}
	c := &composition{unit: w.unit, path: path, document: p.document, have: have, sent: sent, old: old, want: want}
	switch {
	case w.unit.quirks.ExactBodies:
		if !c.withoutClock().withoutSecrets().sameBytes() {
			return composed{}, w.unit.model.refuse(badXMLFormat)
		}
	case prefixed.Match(sent):
		c.sent = withoutPrefixes(sent, want)
		if c.want, err = scan(c.sent); err != nil {
			return composed{}, w.unit.model.refuse(badXMLFormat)
		}
		sent = c.sent
	}
	if w.unit.model.Writes == keepWrites {
		return c.normal(sent), nil
	}
	c.pattern = w.unit.pattern(path, p)
	c.known = w.unit.knownNames(path, p, old, c.pattern)
	for _, check := range []func() refusal{c.checkShape, c.checkBanned, c.checkSlots, c.checkValues, c.checkTime} {
		if no := check(); no != nil {
			return composed{}, no
		}
	}
	return c.normal(c.next()), nil
}

// pattern finds the element that limits the values of a part: its capability document or the place of the part in that of
// the document. The documents that security capabilities describe have theirs there.
func (d *unit) pattern(path string, p part) *element {
	if caps := d.scanned(path + "/capabilities"); caps != nil {
		return caps
	}
	if p.document == webCertificatePath || p.document == illegalLoginLockPath {
		caps := d.scanned(securityCapabilitiesPath)
		if own := caps.child(p.root.name + "Cap"); own != nil {
			return own
		}
		return caps
	}
	caps := d.scanned(p.document + "/capabilities")
	for e := p.root; caps != nil && p.element != nil; {
		if e != p.root {
			caps = patternOf(caps, e)
		}
		if e == p.element {
			break
		}
		e = e.towards(p.element)
	}
	return caps
}

// scanned is the root of a document, nil if there is none.
func (d *unit) scanned(path string) *element {
	stored, found := d.stored(path)
	if !found {
		return nil
	}
	root, _ := scan(stored.body)
	return root
}

func (d *unit) knownNames(path string, p part, old, pattern *element) map[string]bool {
	names := make(map[string]bool)
	add := func(e *element) { names[e.name] = true }
	old.walk(add)
	if pattern != nil {
		pattern.walk(add)
	}
	for _, known := range []string{path, p.document} {
		if factory, err := scan(d.model.documents[known].body); err == nil {
			factory.walk(add)
		}
		if template, err := scan(d.model.templates[known]); err == nil {
			template.walk(add)
		}
	}
	for _, name := range always {
		names[name] = true
	}
	for name := range writeOnly {
		names[name] = true
	}
	return names
}

// checkValues compares values that change with the limits of the capability document.
func (c *composition) checkValues() refusal { return c.checkValue(c.want, c.old, c.pattern) }

func (c *composition) checkValue(want, old, pattern *element) refusal {
	if want.leaf() {
		if old != nil && old.text == want.text || fixed(c.document, want.name) || allowed(want.text, old, pattern) {
			return nil
		}
		return c.unit.model.refuse(badParameters).about(want.name)
	}
	if size, sized := sizeOf(pattern, old); sized && len(want.children) > size {
		return c.unit.model.refuse(badParameters).about(want.name)
	}
	for _, w := range want.children {
		if key, _ := w.identity(); key != "" && key != "id" && pattern.child(w.name) != nil && pattern.counterpart(w) == nil {
			return c.unit.model.refuse(badParameters).about(key)
		}
		if no := c.checkValue(w, old.counterpart(w), patternOf(pattern, w)); no != nil {
			return no
		}
	}
	return nil
}

// sizeOf returns how many items a list may have.
func sizeOf(candidates ...*element) (int, bool) {
	for _, e := range candidates {
		if e == nil {
			continue
		}
		if text, found := e.attr("size"); found {
			n, err := strconv.Atoi(text)
			return n, err == nil
		}
	}
	return 0, false
}

// patternOf finds the part of a capability document that limits an element: the item for the same protocol or id, or the
// first item, which stands for all. The capability document of a list may describe just an item.
func patternOf(pattern, e *element) *element {
	if pattern != nil && (pattern.name == e.name || pattern.name == e.name+"Cap") {
		return pattern
	}
	if exact := pattern.counterpart(e); exact != nil {
		return exact
	}
	return pattern.child(e.name)
}

// allowed reports whether a text keeps the limits of its pattern, and is a boolean where the old one was. Limits count
// characters unless the pattern shows a number.
func allowed(text string, old, pattern *element) bool {
	options, found := "", false
	if pattern != nil {
		options, found = pattern.attr("opt")
	}
	if listed := strings.Split(options, ","); old != nil && isBool(old.text) && !isBool(text) && !slices.Contains(listed, text) {
		return false
	}
	if pattern == nil {
		return true
	}
	if found && options != "" {
		if strings.HasPrefix(options, "ipv4") {
			return isAddress(text, options)
		}
		return isBool(text) && isBool(firstOption(options)) || slices.Contains(strings.Split(options, ","), text)
	}
	measure := len(text)
	if numeric(old, pattern) {
		n, err := strconv.Atoi(text)
		if err != nil {
			return false
		}
		measure = n
	}
	low, hasLow := limit(pattern, "min")
	high, hasHigh := limit(pattern, "max")
	return (!hasLow || measure >= low) && (!hasHigh || measure <= high)
}

// isAddress reports whether a text is an address of one of the families ipv4 and ipv6, which a capability document lists in
// place of values.
func isAddress(text, families string) bool {
	address, err := netip.ParseAddr(text)
	return err == nil && (address.Is4() || strings.Contains(families, "ipv6"))
}

func numeric(old, pattern *element) bool {
	if _, limited := pattern.attr("min"); !limited {
		return false
	}
	isNumber := func(e *element) bool {
		if e == nil {
			return false
		}
		_, err := strconv.Atoi(e.text)
		return err == nil
	}
	return pattern.name == "id" || pattern.name == "bitMask" || isNumber(old) || isNumber(pattern)
}

func limit(pattern *element, name string) (int, bool) {
	text, _ := pattern.attr(name)
	n, err := strconv.Atoi(text)
	return n, err == nil
}

func isBool(text string) bool {
	return strings.EqualFold(text, "true") || strings.EqualFold(text, "false")
}

func firstOption(options string) string {
	first, _, _ := strings.Cut(options, ",")
	return first
}

// checkBanned refuses values that the firmware shows from the factory, yet does not take.
func (c *composition) checkBanned() refusal {
	for _, b := range c.unit.model.Banned {
		if e := c.want.find(b.Element); b.Path == c.document && e != nil && e.text == b.Text {
			return c.unit.model.refuse(b.Code).about(b.Element)
		}
	}
	return nil
}

// checkSlots refuses items that a list has no slot for.
func (c *composition) checkSlots() refusal { return c.checkSlot(c.want, c.old) }

func (c *composition) checkSlot(want, old *element) refusal {
	for _, w := range want.children {
		o := old.counterpart(w)
		if o == nil && old != nil && fixedLists[old.name] {
			return c.unit.model.refuse(badParameters).about(w.name)
		}
		if no := c.checkSlot(w, o); no != nil {
			return no
		}
	}
	return nil
}

// next is the document that a write leaves behind: the sent bytes where they bring everything, or else the old document
// with the sent values.
func (c *composition) next() []byte {
	if c.old.startTag(c.have) == c.want.startTag(c.sent) && c.complete(c.old, c.want) {
		return c.sent
	}
	m := &merger{have: c.have, sent: c.sent, known: c.known}
	m.merge(c.old, c.want)
	return apply(c.have, m.edits)
}

// complete reports whether want brings every element of old, read-only ones included.
func (c *composition) complete(old, want *element) bool {
	if old.replaced() {
		return true
	}
	for _, o := range old.children {
		w := want.counterpart(o)
		if w == nil || !c.complete(o, w) {
			return false
		}
	}
	return true
}

// merger takes the values of one document over into another.
type merger struct {
	have, sent []byte
	known      map[string]bool
	edits      []edit
}

func (m *merger) merge(old, want *element) {
	if old.replaced() {
		if content := m.sent[want.inner:want.close]; !bytes.Equal(content, m.have[old.inner:old.close]) {
			m.edits = append(m.edits, old.setContent(m.have, string(content)))
		}
		return
	}
	if old.leaf() && want.leaf() {
		if old.text != want.text {
			m.edits = append(m.edits, old.setText(m.have, want.text))
		}
		return
	}
	if old.leaf() && old.text == "" {
		m.edits = append(m.edits, old.setContent(m.have, string(m.sent[want.inner:want.close])))
		return
	}
	var last *element
	for _, w := range want.children {
		if o := old.counterpart(w); o != nil {
			m.merge(o, w)
			last = o
		} else if m.known[w.name] {
			m.add(old, want, w, last)
		}
	}
}

// add puts w, a child of want, into old: in place of the branch that it takes over from, behind last, or first of all.
func (m *merger) add(old, want, w, last *element) {
	markup := string(m.sent[w.start:w.end])
	for _, o := range old.children {
		if branches[w.name] && branches[o.name] && want.child(o.name) == nil {
			m.edits = append(m.edits, edit{o.start, o.end, markup})
			return
		}
	}
	switch {
	case last != nil:
		m.edits = append(m.edits, last.insertAfter(m.have, markup))
	case len(old.children) > 0:
		space := string(m.have[old.inner:old.children[0].start])
		m.edits = append(m.edits, edit{old.inner, old.inner, space + markup})
	}
}

// normal makes a document what a later GET shows: read-only elements as they were, secrets gone, and the rewrites of the
// model.
func (c *composition) normal(next []byte) composed {
	root, err := scan(next)
	if err != nil {
		return composed{body: next}
	}
	n := &normaliser{next: next, root: root, document: c.document, secrets: make(map[string]string)}
	n.restore(c.old, root)
	if c.unit.model.LeaseWins && c.document == interfacesPath {
		n.restoreLeases(c.old, root)
	}
	next = apply(next, n.edits)
	if c.path == timePath {
		next = c.unit.rewriteTime(next)
	}
	return composed{body: next, secrets: n.secrets}
}

type normaliser struct {
	next     []byte
	root     *element
	document string
	secrets  map[string]string
	edits    []edit
}

func (n *normaliser) restore(old, e *element) {
	for _, child := range e.children {
		before := old.counterpart(child)
		switch {
		case writeOnly[child.name]:
			n.secrets[trail(n.root, child)] = child.text
			n.edits = append(n.edits, child.remove(n.next))
		case !child.leaf():
			n.restore(before, child)
		case fixed(n.document, child.name) && before != nil && before.text != child.text:
			n.edits = append(n.edits, child.setText(n.next, before.text))
		}
	}
}

// restoreLeases keeps the addresses of interfaces that got them from a server.
func (n *normaliser) restoreLeases(old, e *element) {
	for _, child := range e.children {
		before := old.counterpart(child)
		switch {
		case before == nil:
		case !child.leaf():
			n.restoreLeases(before, child)
		case leased[child.name] && n.dynamic(child) && before.text != child.text:
			n.edits = append(n.edits, child.setText(n.next, before.text))
		}
	}
}

// leased are the elements of an interface that a server gives.
var leased = map[string]bool{"ipAddress": true, "subnetMask": true, "ipv6Address": true, "bitMask": true}

// dynamic reports whether an element belongs to an interface that gets its address from a server.
func (n *normaliser) dynamic(leaf *element) bool {
	for e := n.root; !e.leaf(); e = e.towards(leaf) {
		if e.value("addressingType") == "dynamic" {
			return true
		}
	}
	return false
}

// firstChange takes over only the first text by which next differs from have: a device that applies half of a request.
func firstChange(have, next []byte) []byte {
	old, errOld := scan(have)
	want, errWant := scan(next)
	if errOld != nil || errWant != nil {
		return have
	}
	m := &merger{have: have, sent: next, known: map[string]bool{}}
	m.merge(old, want)
	return apply(have, m.edits[:min(1, len(m.edits))])
}

// firstEntries keeps no more than the first n entries of each list that a write brings as a whole: a device that stores what it
// has room for, and says nothing.
func firstEntries(doc []byte, n int) []byte {
	root, err := scan(doc)
	if err != nil {
		return doc
	}
	var edits []edit
	var cut func(*element)
	cut = func(e *element) {
		kept := e.children
		if e.replaced() {
			kept = kept[:min(n, len(kept))]
		}
		for _, entry := range e.children[len(kept):] {
			edits = append(edits, entry.remove(doc))
		}
		for _, child := range kept {
			cut(child)
		}
	}
	cut(root)
	return apply(doc, edits)
}
