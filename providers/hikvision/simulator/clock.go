package simulator

import (
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
)

// timeZone is what devices take: an abbreviation, hours west of Greenwich, and perhaps rules for summer time.
var timeZone = regexp.MustCompile(`^[A-Za-z]{3,}([+-]?)(\d{1,2})(?::(\d{2}))?(?::(\d{2}))?([A-Za-z]{3,}[-+:0-9]*,M[0-9.]+/[0-9:]+,M[0-9.]+/[0-9:]+)?$`)

const (
	localLayout  = "2006-01-02T15:04:05"
	offsetLayout = "2006-01-02T15:04:05-07:00"

	// defaultDaylight are the rules for summer time that digital recorders make up.
	defaultDaylight = "DST01:00:00,M4.1.0/02:00:00,M10.5.0/02:00:00"
)

// zoneOf reads a time zone of a device. The sign is that of POSIX: CST-8 is east. Summer time is for inSummer.
func zoneOf(text string) *time.Location {
	m := timeZone.FindStringSubmatch(text)
	if m == nil {
		return time.UTC
	}
	seconds := 0
	for i, unit := range []int{3600, 60, 1} {
		n, _ := strconv.Atoi(m[2+i])
		seconds += n * unit
	}
	if m[1] != "-" {
		seconds = -seconds
	}
	return time.FixedZone("", seconds)
}

// summerRules are those of a time zone: how far clocks are put forward, and the month, week, day and hour at which that begins and ends.
var summerRules = regexp.MustCompile(`DST(\d{1,2}):(\d{2})[:0-9]*,M(\d{1,2})\.(\d)\.(\d)/(\d{1,2})[:0-9]*,M(\d{1,2})\.(\d)\.(\d)/(\d{1,2})[:0-9]*$`)

// inSummer is by how much the clocks of a time zone are put forward at a time; 0 in winter, and for zones without rules.
func inSummer(text string, at time.Time) time.Duration {
	m := summerRules.FindStringSubmatch(text)
	if m == nil {
		return 0
	}
	var n [10]int
	for i := range n {
		n[i], _ = strconv.Atoi(m[i+1])
	}
	shift := time.Duration(n[0])*time.Hour + time.Duration(n[1])*time.Minute
	_, east := at.In(zoneOf(text)).Zone()
	winter := at.UTC().Add(time.Duration(east) * time.Second)
	turn := func(rule []int) time.Time {
		day := time.Date(winter.Year(), time.Month(rule[0]), 1, rule[3], 0, 0, 0, time.UTC)
		for int(day.Weekday()) != rule[2] {
			day = day.AddDate(0, 0, 1)
		}
		for week := 1; week < rule[1] && day.AddDate(0, 0, 7).Month() == day.Month(); week++ {
			day = day.AddDate(0, 0, 7)
		}
		return day
	}
	begin, end := turn(n[2:6]), turn(n[6:]).Add(-shift)
	lasts := !winter.Before(begin) && winter.Before(end)
	if end.Before(begin) {
		lasts = !winter.Before(begin) || winter.Before(end)
	}
	if !lasts {
		return 0
	}
	return shift
}

// localTime is what the clock of the device shows in the time zone of its document.
func (d *unit) localTime() string {
	zone, shown := d.storedTime().value("timeZone"), clockOf(d)
	_, winter := shown.In(zoneOf(zone)).Zone()
	summer := inSummer(zone, shown)
	offset := time.Duration(winter)*time.Second + summer
	local := shown.In(time.FixedZone("", int(offset.Seconds())))
	if d.quirks.WinterOffset {
		return local.Format(localLayout) + shown.In(zoneOf(zone)).Format("-07:00")
	}
	return local.Format(offsetLayout)
}

// clockOf is what the clock of the device shows.
func clockOf(d *unit) time.Time { return d.now().Add(d.clockOffset) }

// storedTime is the time document, nil if there is none.
func (d *unit) storedTime() *element {
	stored, _ := d.stored(timePath)
	root, _ := scan(stored.body)
	return root
}

// checkTime refuses a time zone that does not parse, and in manual mode a time that is missing or has an offset: the zone
// gives it. Other documents pass.
func (c *composition) checkTime() refusal {
	if c.path != timePath {
		return nil
	}
	if zone := c.want.child("timeZone"); zone != nil && !timeZone.MatchString(zone.text) {
		return c.unit.model.refuse(badParameters).about("timeZone")
	}
	if !strings.EqualFold(c.want.value("timeMode"), "manual") {
		return nil
	}
	local := c.want.child("localTime")
	if local == nil {
		return c.unit.model.refuse(parametersLack).about("localTime")
	}
	if _, err := time.Parse(localLayout, local.text); err != nil {
		return c.unit.model.refuse(timeFormatError).about("localTime")
	}
	return nil
}

// setClock sets the clock of the device to the local time of a write in manual mode. With NTP the clock is right.
func (d *unit) setClock(sent []byte) {
	root, err := scan(sent)
	if err != nil {
		return
	}
	if !strings.EqualFold(root.value("timeMode"), "manual") {
		d.clockOffset = 0
		return
	}
	text := d.storedTime().value("timeZone")
	zone := zoneOf(text)
	if local, err := time.ParseInLocation(localLayout, root.value("localTime"), zone); err == nil {
		d.clockOffset = local.Add(-inSummer(text, local)).Sub(d.now())
	}
}

// rewriteTime makes the changes that the model makes to a time document that it accepts.
func (d *unit) rewriteTime(doc []byte) []byte {
	if d.quirks.WindowsZoneRules {
		doc = zoneBy(doc, "windowsZone", windowsZones)
	}
	rewrites := d.model.Rewrites
	if d.quirks.IANAZoneRules {
		doc = zoneBy(doc, "IANA", ianaZones)
		rewrites = append(slices.Clone(rewrites), rewriteIANA)
	}
	for _, r := range rewrites {
		root, err := scan(doc)
		if err != nil {
			return doc
		}
		doc = apply(doc, r.edits(doc, root))
	}
	return doc
}

// zoneBy gives a time document the zone that the name in one of its elements stands for, where that is known.
func zoneBy(doc []byte, name string, zones map[string]string) []byte {
	root, err := scan(doc)
	if err != nil {
		return doc
	}
	zone, rules := root.child("timeZone"), zones[root.value(name)]
	if zone == nil || rules == "" {
		return doc
	}
	return apply(doc, []edit{zone.setText(doc, rules)})
}

// ianaZones are some zones by the names that the IANA has for them.
var ianaZones = map[string]string{
	"Europe/Berlin":    "CST-1:00:00DST01:00:00,M3.5.0/02:00:00,M10.5.0/03:00:00",
	"America/New_York": "CST+5:00:00DST01:00:00,M3.2.0/02:00:00,M11.1.0/02:00:00",
	"Asia/Shanghai":    "CST-8:00:00",
}

// windowsZones are some zones by the names that Windows has for them.
var windowsZones = map[string]string{
	"W. Europe Standard Time": "CST-1:00:00DST01:00:00,M3.5.0/02:00:00,M10.5.0/03:00:00",
	"Eastern Standard Time":   "CST+5:00:00DST01:00:00,M3.2.0/02:00:00,M11.1.0/02:00:00",
	"China Standard Time":     "CST-8:00:00",
}

func (r rewrite) edits(doc []byte, root *element) []edit {
	zone := root.child("timeZone")
	switch {
	case zone == nil:
		return nil
	case r == rewriteDaylight && !strings.Contains(zone.text, ","):
		return []edit{zone.setText(doc, zone.text+defaultDaylight)}
	case r == rewriteWindowsZone && root.child("windowsZone") == nil:
		last := root.children[len(root.children)-1]
		return []edit{last.insertAfter(doc, "<windowsZone>W. Europe Standard Time</windowsZone>")}
	case r == rewriteIANA && root.child("IANA") == nil:
		last := root.children[len(root.children)-1]
		return []edit{last.insertAfter(doc, "<IANA>Europe/Berlin</IANA>")}
	}
	return nil
}
