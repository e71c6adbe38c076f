package codec

import (
	"time"
)

// Instant is when it was a local time that a device shows beside its time zone. It is false for a time without its offset from UTC.
//
// Some recorders show the offset of winter all year (recorded on one with V4.61). So where the offset is that of winter while the
// zone has daylight saving time in effect, the time counts as that of the zone.
func Instant(local, zone string) (time.Time, bool) {
	at, err := time.Parse(time.RFC3339, local)
	if err != nil {
		return time.Time{}, false
	}
	_, told := at.Zone()
	z, err := parseZone(zone)
	if err != nil || told != -z.west {
		return at, true
	}
	summer := at.Add(-time.Duration(z.shift) * time.Second)
	if z.shift > 0 && z.inSummer(summer) {
		return summer, true
	}
	return at, true
}

// East is how far the clocks of a time zone are ahead of UTC at a time. It is false for what is no time zone.
func East(zone string, at time.Time) (time.Duration, bool) {
	z, err := parseZone(zone)
	if err != nil {
		return 0, false
	}
	east := -z.west
	if z.shift > 0 && z.inSummer(at) {
		east += z.shift
	}
	return time.Duration(east) * time.Second, true
}

// inSummer reports whether daylight saving time is in effect at a time. South of the equator it lasts over New Year.
func (z zone) inSummer(at time.Time) bool {
	winter := at.UTC().Add(-time.Duration(z.west) * time.Second)
	on := z.on.in(winter.Year())
	off := z.off.in(winter.Year()).Add(-time.Duration(z.shift) * time.Second) // its rule is in local time, which is that of summer
	if on.Before(off) {
		return !winter.Before(on) && winter.Before(off)
	}
	return !winter.Before(on) || winter.Before(off)
}

// in is when a switchover is in a year, in local time as if that were UTC.
func (s switchover) in(year int) time.Time {
	first := time.Date(year, time.Month(s.month), 1, 0, 0, s.second, 0, time.UTC)
	day := first.AddDate(0, 0, (s.weekday-int(first.Weekday())+7)%7+7*(s.week-1))
	if day.Month() != first.Month() { // the fifth is the last
		day = day.AddDate(0, 0, -7)
	}
	return day
}
