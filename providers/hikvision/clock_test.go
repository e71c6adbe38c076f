package hikvision

import (
	"fmt"
	"testing"
	"time"

	"github.com/zclconf/go-cty/cty"

	"camform/providers"
	"camform/providers/hikvision/isapi"
)

var clockNow = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

// clockDocuments are those of a device that were asked for at clockNow and came two seconds later.
func clockDocuments(mode, local, zone string, date time.Time) providers.Documents {
	told := providers.Told{Asked: clockNow, Answered: clockNow.Add(2 * time.Second), Date: date}
	docs := providers.Documents{"/ISAPI/System/deviceInfo": {Path: "/ISAPI/System/deviceInfo", Body: []byte("<DeviceInfo/>"), Told: told}}
	if mode != "" {
		docs[timePath] = providers.Document{Path: timePath, Told: told, Body: fmt.Appendf(nil,
			"<Time><timeMode>%s</timeMode><localTime>%s</localTime><timeZone>%s</timeZone></Time>", mode, local, zone)}
	}
	return docs
}

func TestAClockIsReadWhereADeviceShowsIt(t *testing.T) {
	p, never := New(isapi.Options{}), time.Time{}
	for title, c := range map[string]struct {
		docs  providers.Documents
		ahead time.Duration
		known bool
	}{
		"local time":                {clockDocuments("NTP", "2026-03-01T20:00:00+08:00", "CST-8:00:00", never), -time.Second / 2, true},
		"rather than the header":    {clockDocuments("NTP", "2026-03-01T13:00:00+00:00", "CST-0:00:00", clockNow), time.Hour - time.Second/2, true},
		"no offset, but a header":   {clockDocuments("NTP", "2026-03-01T12:00:00", "CST-8:00:00", clockNow.Add(time.Minute)), time.Minute - time.Second/2, true},
		"no offset, and no header":  {clockDocuments("NTP", "2026-03-01T12:00:00", "CST-8:00:00", never), 0, false},
		"no document, but a header": {clockDocuments("", "", "", clockNow), -time.Second / 2, true},
		"nothing":                   {clockDocuments("", "", "", never), 0, false},
		"a document of another day": {providers.Documents{timePath: {Path: timePath, Body: clockDocuments("NTP", "2026-03-01T12:00:00Z", "UTC0", never)[timePath].Body}}, 0, false},
	} {
		clock, known := p.Clock(c.docs)
		if known != c.known || known && (clock.Ahead != c.ahead || clock.Within != 1500*time.Millisecond) {
			t.Errorf("%s: %+v, %t, want %s", title, clock, known, c.ahead)
		}
	}
}

func TestAJumpIsWhatAChangeDoesToTheClock(t *testing.T) {
	p := New(isapi.Options{})
	const hour, berlin = time.Hour, "CET-1CEST,M3.5.0/02:00:00,M10.5.0/03:00:00"
	change := func(kind string, before, after map[string]string) providers.Change {
		c := providers.Change{Kind: p.kinds.Lookup(kind)}
		value := func(texts map[string]string) cty.Value {
			values := map[string]cty.Value{}
			for _, a := range c.Kind.Attributes {
				values[a.Name] = cty.NullVal(a.Type)
				if text, ok := texts[a.Name]; ok && a.Type == cty.Bool {
					values[a.Name] = cty.BoolVal(text == "true")
				} else if ok {
					values[a.Name] = cty.StringVal(text)
				}
			}
			return cty.ObjectVal(values)
		}
		c.Before, c.After = value(before), value(after)
		return c
	}
	mode := func(after string) providers.Change { return change("time", nil, map[string]string{"mode": after}) }
	zone := func(after string) providers.Change { return change("time", nil, map[string]string{"zone": after}) }
	server := change("ntp", map[string]string{"server": "a"}, map[string]string{"server": "b"})
	on := change("ntp", map[string]string{"server": "a", "enabled": "false"}, map[string]string{"server": "a", "enabled": "true"})
	off := change("ntp", map[string]string{"server": "a", "enabled": "true"}, map[string]string{"server": "b", "enabled": "false"})
	another := change("ntp", map[string]string{"server": "a", "enabled": "true"}, map[string]string{"server": "b", "enabled": "true"})
	made := change("ntp", nil, map[string]string{"server": "a"})
	made.Before = made.Kind.Null()
	madeOff := change("ntp", nil, map[string]string{"server": "a", "enabled": "false"})
	madeOff.Before = madeOff.Kind.Null()
	right, wrong := "2026-03-01T20:00:01+08:00", "2026-03-01T13:00:01+08:00" // the second is 7 hours behind: somebody set it to the time in Berlin
	for title, c := range map[string]struct {
		mode, local string
		changes     []providers.Change
		by          time.Duration
		unknown     bool
		moves       bool
	}{
		"nothing":                       {"NTP", wrong, nil, 0, false, false},
		"a server is asked":             {"manual", wrong, []providers.Change{mode("NTP")}, 7 * hour, false, true},
		"a right clock":                 {"manual", right, []providers.Change{mode("NTP")}, 0, false, true},
		"another server":                {"NTP", wrong, []providers.Change{server}, 0, false, false},
		"another server, with a switch": {"NTP", wrong, []providers.Change{another}, 0, false, false},
		"a server is switched on":       {"NTP", wrong, []providers.Change{on}, 7 * hour, false, true},
		"a server is there again":       {"NTP", wrong, []providers.Change{made}, 7 * hour, false, true},
		"there again, and off":          {"NTP", wrong, []providers.Change{madeOff}, 0, false, false},
		"switched on, but not asked":    {"manual", wrong, []providers.Change{on}, 0, false, false},
		"another server, now asked":     {"manual", wrong, []providers.Change{server, mode("NTP")}, 7 * hour, false, true},
		"asked no more":                 {"NTP", wrong, []providers.Change{off}, 0, false, false},
		"by hand":                       {"NTP", wrong, []providers.Change{mode("manual")}, 0, false, false},
		"another zone":                  {"NTP", wrong, []providers.Change{zone(berlin)}, 0, false, false},
		"another zone, set by hand":     {"manual", right, []providers.Change{zone(berlin)}, 7 * hour, false, true},
		"both":                          {"manual", wrong, []providers.Change{mode("NTP"), zone(berlin)}, 7 * hour, false, true},
		"a clock of the device's own":   {"satellite", wrong, []providers.Change{zone(berlin)}, 0, false, false},
		"no offset":                     {"manual", "2026-03-01T20:00:00", []providers.Change{mode("NTP")}, 0, true, true},
		"no offset, kept as it is":      {"manual", "2026-03-01T20:00:00", []providers.Change{zone(berlin)}, 7 * hour, false, true},
		"a zone that nobody knows":      {"manual", right, []providers.Change{zone("Berlin")}, 0, true, true},
		"no document, and switched on":  {"", "", []providers.Change{on}, 0, true, true},
		"no document, not by a server":  {"", "", []providers.Change{mode("manual")}, 0, false, false},
	} {
		jump := p.Jump(c.changes, clockDocuments(c.mode, c.local, "CST-8:00:00", time.Time{}))
		if (jump.By-c.by).Abs() > time.Second && !c.unknown || jump.Unknown != c.unknown || !c.moves && jump != (providers.Jump{}) {
			t.Errorf("%s: %+v", title, jump)
		}
		if far := c.by.Abs() > 0; jump.IsFar() != far && !c.unknown {
			t.Errorf("%s: far %t, want %t", title, !far, far)
		}
	}
}
