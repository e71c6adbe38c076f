package codec

import (
	"testing"
	"time"
)

func TestALocalTimeIsThatOfItsZone(t *testing.T) {
	const east = "CST+5:00:00DST01:00:00,M3.2.0/02:00:00,M11.1.0/02:00:00"
	for _, c := range []struct{ local, zone, want string }{
		{"2026-10-04T04:01:27+08:00", "CST-8:00:00", "2026-10-03T20:01:27Z"},
		{"2026-10-04T04:01:27Z", "", "2026-10-04T04:01:27Z"},
		{"2026-10-04T04:01:27", "CST-8:00:00", ""}, // without its offset it could be anywhere
		{"", "CST-8:00:00", ""},
		{"2026-09-09T07:24:29-05:00", east, "2026-09-09T11:24:29Z"},   // the offset of winter, recorded in September
		{"2026-09-09T07:24:29-04:00", east, "2026-09-09T11:24:29Z"},   // that of summer
		{"2026-12-09T07:24:29-05:00", east, "2026-12-09T12:24:29Z"},   // in winter it is right
		{"2026-09-09T07:24:29+08:00", east, "2026-09-08T23:24:29Z"},   // another one is what it says
		{"2026-09-09T07:24:29-05:00", "Mars", "2026-09-09T12:24:29Z"}, // and so is one beside no zone
	} {
		at, ok := Instant(c.local, c.zone)
		if got := at.UTC().Format(time.RFC3339); ok != (c.want != "") || ok && got != c.want {
			t.Errorf("%s in %s is %s, %t, want %s", c.local, c.zone, got, ok, c.want)
		}
	}
}

// The rules are compared with those of the time zones that Go knows.
func TestSummerBeginsAndEndsByTheRulesOfTheZone(t *testing.T) {
	for zone, place := range map[string]string{
		"CST-1:00:00DST01:00:00,M3.5.0/02:00:00,M10.5.0/03:00:00":  "Europe/Berlin",
		"CST+5:00:00DST01:00:00,M3.2.0/02:00:00,M11.1.0/02:00:00":  "America/New_York",
		"CST-10:00:00DST01:00:00,M10.1.0/02:00:00,M4.1.0/03:00:00": "Australia/Sydney",
		"CST-8:00:00": "Asia/Shanghai",
	} {
		location, err := time.LoadLocation(place)
		if err != nil {
			t.Skip(err)
		}
		for at := time.Date(2026, 1, 1, 0, 30, 0, 0, time.UTC); at.Year() < 2028; at = at.Add(time.Hour) {
			_, want := at.In(location).Zone()
			if got, ok := East(zone, at); !ok || got != time.Duration(want)*time.Second {
				t.Fatalf("%s at %s: %s, want %d seconds", place, at, got, want)
			}
		}
	}
	if _, ok := East("Mars", time.Now()); ok {
		t.Error("what is no zone has an offset")
	}
}
