package hikvision

import (
	"strings"

	"github.com/zclconf/go-cty/cty"

	"camform/providers"
	"camform/providers/hikvision/codec"
	"camform/providers/hikvision/xmlpatch"
	"camform/schema"
)

// timePath is the document with the clock of a device, and timeKind the setting in it that decides where the clock comes from.
const (
	timePath = "/ISAPI/System/time"
	timeKind = "time"
)

// The modes of a clock that Jump knows: one that follows a server, and one that a person sets. What sets it in others, only the
// device knows.
const (
	modeServer = "NTP"
	modeManual = "manual"
)

var (
	localTime = xmlpatch.MustPath("localTime")
	timeZone  = xmlpatch.MustPath("timeZone")
)

// Clock reads the local time that a device shows. Devices without the document, or that show it without its offset from UTC, tell the
// time in the headers of their answers.
func (p *Provider) Clock(docs providers.Documents) (providers.Clock, bool) {
	doc, ok := docs[timePath]
	if !ok || doc.Missing != "" || doc.Told.Asked.IsZero() {
		return providers.DatedClock(docs)
	}
	if tree, err := xmlpatch.Parse(doc.Body); err == nil {
		shown, _ := tree.Find(localTime)
		zone, _ := tree.Find(timeZone)
		if at, ok := codec.Instant(strings.TrimSpace(shown.Text()), zone.Text()); ok {
			return doc.Told.ClockAt(at), true
		}
	}
	return providers.DatedClock(docs)
}

// Jump is how far the settings time and ntp move the clock. A clock that follows a server goes where ours is, as far as anybody knows.
// One that is set by hand keeps the local time that it shows, so that another zone moves it the other way.
func (p *Provider) Jump(changes []providers.Change, docs providers.Documents) providers.Jump {
	was, read := p.timekeeping(docs)
	is, moves := was, false
	for _, c := range changes {
		if c.After.IsNull() {
			continue
		}
		if c.Kind.Name == timeKind {
			moves = alter(c, "mode", &is.mode) || moves
			moves = alter(c, "zone", &is.zone) || moves
			continue
		}
		moves = moves || (is.mode == modeServer || !read) && asksAnother(c)
	}
	if !moves {
		return providers.Jump{}
	}
	at := docs[timePath].Told.Answered
	before, knownBefore := codec.East(was.zone, at)
	after, knownAfter := codec.East(is.zone, at)
	turned := after - before
	if was.zone == is.zone {
		turned, knownBefore, knownAfter = 0, true, true
	}
	var jump providers.Jump
	clock, known := p.Clock(docs)
	switch {
	case is.mode == modeManual:
		jump.By = -turned
	case is.mode == modeServer, !read:
		jump.By, jump.Within, jump.Unknown = -clock.Ahead, clock.Within, !known
	}
	jump.Shown = jump.By + turned
	jump.Unknown = jump.Unknown || !knownBefore || !knownAfter
	return jump
}

// timekeeping is where a clock comes from, and its time zone.
type timekeeping struct{ mode, zone string }

// timekeeping reads how a device keeps the time. It is false where the device does not tell.
func (p *Provider) timekeeping(docs providers.Documents) (timekeeping, bool) {
	kind := p.kinds.Lookup(timeKind)
	if _, read := docs[timePath]; kind == nil || !read {
		return timekeeping{}, false
	}
	items, err := p.Decode(kind, nil, docs)
	if err != nil || items[""].IsNull() {
		return timekeeping{}, false
	}
	text := func(name string) string {
		if v := items[""].GetAttr(name); !v.IsNull() && v.IsKnown() {
			return v.AsString()
		}
		return ""
	}
	return timekeeping{text("mode"), text("zone")}, true
}

// alter makes a text what a change writes to an attribute. It reports whether that is something else.
func alter(c providers.Change, attribute string, text *string) bool {
	want := c.After.GetAttr(attribute)
	if want.IsNull() || !want.IsKnown() || want.AsString() == *text {
		return false
	}
	*text = want.AsString()
	return true
}

// asksAnother reports whether a change makes a device ask another server for the time, or ask one at all. How often it asks does not
// matter.
func asksAnother(c providers.Change) bool {
	if enabled := c.Kind.Attribute("enabled"); enabled != nil && differs(c, enabled) && c.After.GetAttr("enabled").RawEquals(cty.False) {
		return false
	}
	for _, a := range c.Kind.Attributes {
		if a.Name != "interval" && differs(c, a) {
			return true
		}
	}
	return false
}

// differs reports whether a change writes something else to an attribute than is there.
func differs(c providers.Change, a *schema.Attribute) bool {
	want := c.After.GetAttr(a.Name)
	return !want.IsNull() && (c.Before.IsNull() || !c.Before.GetAttr(a.Name).RawEquals(want))
}
