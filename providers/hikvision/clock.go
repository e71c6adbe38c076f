package hikvision

import (
	"strings"

	"github.com/zclconf/go-cty/cty"

	"camform/providers"
	"camform/providers/hikvision/codec"
	"camform/providers/hikvision/xmlpatch"
)

// timePath is the document with the clock of a device, and timeKind the setting in it that decides where the clock comes from.
const (
	timePath = "/ISAPI/System/time"
	timeKind = "time"
)

// The modes of a clock that Jump knows: one that follows a server, and one that somebody sets by hand. What sets it in others, only the
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

// Jump is how far the settings time and ntp move the clock. A clock that begins to follow a server goes where ours is, for all anybody
// knows; one that follows a server already has its owner's word that it may, whichever server that is. One that is set by hand
// keeps the local time that it shows, so that another zone moves it.
func (p *Provider) Jump(changes []providers.Change, docs providers.Documents) providers.Jump {
	was, read := p.timekeeping(docs)
	is, switched := was, false
	for _, c := range changes {
		switch {
		case c.After.IsNull():
		case c.Kind.Name == timeKind:
			alter(c, "mode", &is.mode)
			alter(c, "zone", &is.zone)
		default:
			switched = switched || switchedOn(c)
		}
	}
	begins := is.mode == modeServer && was.mode != modeServer || switched && (is.mode == modeServer || !read)
	switch {
	case begins:
		clock, known := p.Clock(docs)
		return providers.Jump{By: -clock.Ahead, Within: clock.Within, Unknown: !known}
	case is.mode == modeManual && is.zone != was.zone:
		at := docs[timePath].Told.Answered
		before, knownBefore := codec.East(was.zone, at)
		after, knownAfter := codec.East(is.zone, at)
		return providers.Jump{By: before - after, Unknown: !knownBefore || !knownAfter}
	}
	return providers.Jump{}
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

// alter makes a text what a change writes to an attribute, if it does.
func alter(c providers.Change, attribute string, text *string) {
	if want := c.After.GetAttr(attribute); !want.IsNull() && want.IsKnown() {
		*text = want.AsString()
	}
}

// switchedOn reports whether a change lets a device ask a server that it did not ask: one that was off, or that somebody had deleted.
func switchedOn(c providers.Change) bool {
	on := func(v cty.Value) bool {
		return c.Kind.Attribute("enabled") != nil && v.GetAttr("enabled").RawEquals(cty.True)
	}
	if c.Before.IsNull() {
		return on(c.After) || c.Kind.Attribute("enabled") == nil || c.After.GetAttr("enabled").IsNull()
	}
	return on(c.After) && !on(c.Before)
}
