package simulator

import (
	"bytes"
	"errors"
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
}

// writeOnly are elements that a device takes and never shows.
var writeOnly = map[string]bool{
	"password": true, "loginPassword": true, "snmpAuthenticationPassword": true, "snmpPrivacyPassword": true, "key": true,
}

// branches are elements of which addressingFormatType selects one.
var branches = map[string]bool{"hostName": true, "ipAddress": true, "ipv6Address": true}

// always are elements that a write may carry although GET does not show them.
var always = []string{"localTime", "timeZone", "hostName", "ipAddress", "ipv6Address"}

// replaced reports whether a list is taken as a whole: lists that say how many items they may have.
func (e *element) replaced() bool {
	_, sized := e.attr("size")
	return sized
}

// composition is a write on its way into a document.
type composition struct {
	device     *Device
	path       string
	have, sent []byte
	old, want  *element
	known      map[string]bool // names that the document may contain
	pattern    *element        // limits of the values; nil where none are known
}

// compose makes the document that a write leaves behind, or refuses the write.
func (d *Device) compose(path string, have document, sent []byte) ([]byte, refusal) {
	if have.contentType != contentXML {
		return sent, nil
	}
	want, err := scan(sent)
	if err != nil || bytes.HasPrefix(sent, []byte("\xef\xbb\xbf")) {
		return nil, d.refuse(badXMLFormat)
	}
	old, err := scan(have.body)
	if err != nil {
		return sent, nil // a recording that is not XML, in spite of its name
	}
	if want.name != old.name {
		return nil, d.refuse(badXMLContent).about(want.name)
	}
	c := &composition{device: d, path: path, have: have.body, sent: sent, old: old, want: want}
	if d.model.Writes == keepWrites {
		return c.normal(sent), nil
	}
	c.pattern = d.pattern(path, old.name)
	c.known = d.knownNames(path, old, c.pattern)
	for _, check := range []func() refusal{c.checkShape, c.checkValues, c.checkMeaning} {
		if no := check(); no != nil {
			return nil, no
		}
	}
	return c.normal(c.next()), nil
}

// pattern finds the element that limits the values of a document: its capability document, or for the documents that are
// described there, the part of the security capabilities.
func (d *Device) pattern(path, root string) *element {
	if stored, ok := d.read(path + "/capabilities"); ok {
		caps, _ := scan(stored.body)
		return caps
	}
	if path != webCertificatePath && path != illegalLoginLockPath {
		return nil
	}
	stored, _ := d.read(securityCapabilitiesPath)
	caps, err := scan(stored.body)
	if err != nil {
		return nil
	}
	if own := caps.child(root + "Cap"); own != nil {
		return own
	}
	return caps
}

func (d *Device) knownNames(path string, old, pattern *element) map[string]bool {
	names := make(map[string]bool)
	add := func(e *element) { names[e.name] = true }
	old.walk(add)
	if pattern != nil {
		pattern.walk(add)
	}
	if factory, err := scan(d.model.documents[path].body); err == nil {
		factory.walk(add)
	}
	for _, name := range always {
		names[name] = true
	}
	for name := range writeOnly {
		names[name] = true
	}
	return names
}

// checkShape judges the structure of a write by the strictness of the model.
func (c *composition) checkShape() refusal {
	switch c.device.model.Writes {
	case byteWrites:
		if !c.withoutClock().sameBytes() {
			return c.device.refuse(badXMLFormat)
		}
		return c.unknownElement()
	case fullWrites:
		if name := c.missing(c.old, c.want); name != "" {
			return c.device.refuse(parametersLack).about(name)
		}
		return c.unknownElement()
	}
	return nil
}

// withoutClock is the write compared with a document without localTime, where it has none: it follows from the NTP mode,
// and even a strict device does not ask for it.
func (c *composition) withoutClock() *composition {
	local := c.old.child("localTime")
	if local == nil || c.want.child("localTime") != nil {
		return c
	}
	less := *c
	less.have = apply(c.have, []edit{local.remove(c.have)})
	old, err := scan(less.have)
	if err != nil {
		return c
	}
	less.old = old
	return &less
}

// sameBytes reports whether the write differs from the document in the text of elements only.
func (c *composition) sameBytes() bool {
	declared, sent := bytes.TrimSpace(c.have[:c.old.start]), bytes.TrimSpace(c.sent[:c.want.start])
	return bytes.Equal(declared, sent) && c.sameMarkup(c.old, c.want)
}

func (c *composition) unknownElement() refusal {
	var no refusal
	c.want.walk(func(e *element) {
		if no == nil && !c.known[e.name] {
			no = c.device.refuse(badXMLContent).about(e.name)
		}
	})
	return no
}

// sameMarkup reports whether only the text of elements differs. Items of a list that is taken as a whole are free.
func (c *composition) sameMarkup(old, want *element) bool {
	sameTag := old.startTag(c.have) == want.startTag(c.sent)
	if branches[old.name] && branches[want.name] {
		sameTag = true
	}
	if !sameTag || old.replaced() {
		return sameTag
	}
	if len(old.children) != len(want.children) {
		return false
	}
	oldAt, wantAt := old.inner, want.inner
	for i, o := range old.children {
		w := want.children[i]
		if !bytes.Equal(c.have[oldAt:o.start], c.sent[wantAt:w.start]) || !c.sameMarkup(o, w) {
			return false
		}
		oldAt, wantAt = o.end, w.end
	}
	return old.leaf() || bytes.Equal(c.have[oldAt:old.close], c.sent[wantAt:want.close])
}

// missing returns the name of an element that a full document has to bring and want does not, or "".
func (c *composition) missing(old, want *element) string {
	if old.replaced() {
		return ""
	}
	for _, o := range old.children {
		if readOnly[o.name] {
			continue
		}
		w := want.counterpart(o)
		if w == nil && branches[o.name] && want.child("addressingFormatType") != nil {
			continue
		}
		if w == nil {
			return o.name
		}
		if name := c.missing(o, w); name != "" {
			return name
		}
	}
	return ""
}

// checkValues compares values that change with the limits of the capability document.
func (c *composition) checkValues() refusal { return c.checkValue(c.want, c.old, c.pattern) }

func (c *composition) checkValue(want, old, pattern *element) refusal {
	if want.leaf() {
		if old != nil && old.text == want.text || readOnly[want.name] || allowed(want.text, old, pattern) {
			return nil
		}
		return c.device.refuse(badParameters).about(want.name)
	}
	if size, sized := sizeOf(pattern, old); sized && len(want.children) > size {
		return c.device.refuse(badParameters).about(want.name)
	}
	for _, w := range want.children {
		if key, _ := w.identity(); key != "" && key != "id" && pattern.child(w.name) != nil && pattern.counterpart(w) == nil {
			return c.device.refuse(badParameters).about(key)
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
// first item, which stands for all.
func patternOf(pattern, e *element) *element {
	if exact := pattern.counterpart(e); exact != nil {
		return exact
	}
	return pattern.child(e.name)
}

// allowed reports whether a text keeps the limits of its pattern, and is a boolean where the old one was. Limits count
// characters unless the pattern shows a number.
func allowed(text string, old, pattern *element) bool {
	if old != nil && isBool(old.text) && !isBool(text) {
		return false
	}
	if pattern == nil {
		return true
	}
	if options, found := pattern.attr("opt"); found && options != "" {
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

// checkMeaning refuses what is well-formed and within limits, but cannot be.
func (c *composition) checkMeaning() refusal {
	switch c.path {
	case timePath:
		return c.checkTime()
	case adminAccessesPath:
		return c.checkServices()
	}
	trial := c.device.model.defaults()
	err := trial.learn(c.device.model, c.path, c.next())
	switch {
	case errors.Is(err, errAddress):
		return c.device.refuse(badIPv4Address)
	case err != nil:
		return c.device.refuse(badParameters)
	}
	return nil
}

// checkServices refuses ports that are used twice and an HTTPS service without a version of TLS.
func (c *composition) checkServices() refusal {
	root, err := scan(c.next())
	if err != nil {
		return c.device.refuse(badXMLFormat)
	}
	ports := make(map[string]bool)
	for _, entry := range root.children {
		port := entry.value("portNo")
		if port != "" && ports[port] {
			return c.device.refuse(badPort)
		}
		ports[port] = true
		if entry.value("protocol") != "HTTPS" {
			continue
		}
		trial := c.device.model.defaults()
		if trial.learnTLS(entry); len(trial.tls) == 0 {
			return c.device.refuse(tlsVersionRequired)
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

// add puts w, a child of want, into old: in the place of the branch that it takes over from, or behind last.
func (m *merger) add(old, want, w, last *element) {
	markup := string(m.sent[w.start:w.end])
	for _, o := range old.children {
		if branches[w.name] && branches[o.name] && want.child(o.name) == nil {
			m.edits = append(m.edits, edit{o.start, o.end, markup})
			return
		}
	}
	if last != nil {
		m.edits = append(m.edits, last.insertAfter(m.have, markup))
	}
}

// normal makes a document what a later GET shows: read-only elements as they were, secrets gone, and the rewrites of the
// model.
func (c *composition) normal(next []byte) []byte {
	root, err := scan(next)
	if err != nil {
		return next
	}
	n := &normaliser{next: next}
	n.restore(c.old, root)
	next = apply(next, n.edits)
	if c.path == timePath {
		next = c.device.rewriteTime(next)
	}
	return next
}

type normaliser struct {
	next  []byte
	edits []edit
}

func (n *normaliser) restore(old, e *element) {
	for _, child := range e.children {
		before := old.counterpart(child)
		switch {
		case writeOnly[child.name]:
			n.edits = append(n.edits, child.remove(n.next))
		case !child.leaf():
			n.restore(before, child)
		case readOnly[child.name] && before != nil && before.text != child.text:
			n.edits = append(n.edits, child.setText(n.next, before.text))
		}
	}
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
