package codec

import (
	"strings"
	"testing"

	"pgregory.net/rapid"
)

func TestZonesAreReadInBothSpellings(t *testing.T) {
	european := zone{-3600, 3600, switchover{3, 5, 0, 7200}, switchover{10, 5, 0, 10800}}
	for text, want := range map[string]zone{
		"CET-1CEST,M3.5.0/02:00:00,M10.5.0/03:00:00":                european,
		"CET-1CEST-2,M3.5.0,M10.5.0/3":                              european,
		"<+01>-01:00<+02>,M3.5.0/2,M10.5.0/3:00":                    european,
		"CST-1:00:00DST01:00:00,M3.5.0/02:00:00,M10.5.0/03:00:00":   european,
		" CST-1:00:00DST01:00:00,M3.5.0/02:00:00,M10.5.0/03:00:00 ": european,
		"CST-8:00:00":                      {west: -8 * 3600},
		"CST-8":                            {west: -8 * 3600},
		"UTC0":                             {},
		"CST+5:00:00":                      {west: 5 * 3600},
		"EST5":                             {west: 5 * 3600},
		"<-0330>3:30":                      {west: 3*3600 + 1800},
		"IST-5:30":                         {west: -5*3600 - 1800},
		"EST5EDT,M3.2.0,M11.1.0":           {18000, 3600, switchover{3, 2, 0, 7200}, switchover{11, 1, 0, 7200}},
		"LHST-10:30LHDT-11,M10.1.0,M4.1.0": {-37800, 1800, switchover{10, 1, 0, 7200}, switchover{4, 1, 0, 7200}},
		"CST-8:00:00DST00:30:00,M4.1.0/02:00:00,M10.5.0/02:00:00": {-28800, 1800, vendorOn, vendorOff},
		"CST-2:00:00DST01:00:00,M3.5.5/02:00:00,M10.5.0/02:00:00": {-7200, 3600, switchover{3, 5, 5, 7200}, switchover{10, 5, 0, 7200}},
		"CST-2:00:00DST00:00:00,M3.5.5/02:00:00,M10.5.0/02:00:00": {west: -7200},
	} {
		if got, err := parseZone(text); err != nil || got != want {
			t.Errorf("parseZone(%q) = %+v, %v; want %+v", text, got, err, want)
		}
	}
}

func TestZonesThatDevicesCannotKeepAreRefused(t *testing.T) {
	for text, want := range map[string]string{
		"":                                       "a time zone is written like",
		"Europe/Berlin":                          "a time zone is written like",
		"+01:00":                                 "a time zone is written like",
		"CET-1CEST":                              "the rules for begin and end of daylight saving are missing",
		"CET-1CEST,J60,J300":                     "a rule is written like",
		"CET-1CEST,M13.5.0,M10.5.0":              "a rule is written like",
		"CET-1CEST,M0.5.0,M10.5.0":               "a rule is written like",
		"CET-1CEST,M3.6.0,M10.5.0":               "a rule is written like",
		"CET-1CEST,M3.0.0,M10.5.0":               "a rule is written like",
		"CET-1CEST,M3.5.7,M10.5.0":               "a rule is written like",
		"CET-1CEST,M3.5.0/24,M10.5.0":            `"24" is not a time`,
		"CET-1CEST,M3.5.0,M10.5.0/2:60":          `"2:60" is not a time`,
		"CET-24":                                 `"24" is not a time`,
		"IST-1GMT0,M10.5.0,M3.5.0/1":             "daylight saving must put clocks forward",
		"CET-1CEST-6,M3.5.0,M10.5.0":             "daylight saving must put clocks forward, by three hours at most",
		"CST-1:00:00DST01:00:00,M3.5.0/02:00:00": "a time zone is written like",
	} {
		if got, err := parseZone(text); err == nil || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("parseZone(%q) = %+v, %v; want %s", text, got, err, want)
		}
	}
}

func TestZonesAreWrittenAsDevicesDo(t *testing.T) {
	for text, want := range map[string]struct{ device, posix string }{
		"CET-1CEST,M3.5.0/2,M10.5.0/3":     {"CST-1:00:00DST01:00:00,M3.5.0/02:00:00,M10.5.0/03:00:00", "CST-1DST,M3.5.0/02:00:00,M10.5.0/03:00:00"},
		"EST5EDT,M3.2.0,M11.1.0":           {"CST+5:00:00DST01:00:00,M3.2.0/02:00:00,M11.1.0/02:00:00", "CST+5DST,M3.2.0/02:00:00,M11.1.0/02:00:00"},
		"LHST-10:30LHDT-11,M10.1.0,M4.1.0": {"CST-10:30:00DST00:30:00,M10.1.0/02:00:00,M4.1.0/02:00:00", "CST-10:30DST-11,M10.1.0/02:00:00,M4.1.0/02:00:00"},
		"UTC0":                             {"CST+0:00:00", "CST+0"},
		"XXX0:00:30":                       {"CST+0:00:30", "CST+0:00:30"},
	} {
		z, err := parseZone(text)
		if err != nil {
			t.Fatal(err)
		}
		if z.device() != want.device || z.posix() != want.posix {
			t.Errorf("%s is written %s and %s, want %s and %s", text, z.device(), z.posix(), want.device, want.posix)
		}
	}
}

func TestEveryZoneSurvivesBothSpellings(t *testing.T) {
	rule := rapid.Custom(func(t *rapid.T) switchover {
		return switchover{
			rapid.IntRange(1, 12).Draw(t, "month"), rapid.IntRange(1, 5).Draw(t, "week"),
			rapid.IntRange(0, 6).Draw(t, "weekday"), rapid.IntRange(0, 24*3600-1).Draw(t, "second"),
		}
	})
	rapid.Check(t, func(t *rapid.T) {
		want := zone{west: rapid.IntRange(-14*3600, 14*3600).Draw(t, "west")}
		if want.shift = rapid.IntRange(0, mostShift).Draw(t, "shift"); want.shift > 0 {
			want.on, want.off = rule.Draw(t, "on"), rule.Draw(t, "off")
		}
		for _, text := range []string{want.device(), want.posix()} {
			if got, err := parseZone(text); err != nil || got != want {
				t.Fatalf("%+v is written %s and read as %+v, %v", want, text, got, err)
			}
		}
	})
}

func FuzzZone(f *testing.F) {
	f.Add("CET-1CEST,M3.5.0/02:00:00,M10.5.0/03:00:00")
	f.Add("CST-8:00:00DST00:30:00,M4.1.0/02:00:00,M10.5.0/02:00:00")
	f.Fuzz(func(t *testing.T, text string) {
		z, err := parseZone(text)
		if err != nil {
			return
		}
		if again, err := parseZone(z.device()); err != nil || again != z {
			t.Errorf("%q is %+v, which is written %s and read as %+v, %v", text, z, z.device(), again, err)
		}
	})
}
