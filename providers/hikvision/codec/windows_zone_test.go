package codec

import (
	"strings"
	"testing"

	"github.com/zclconf/go-cty/cty"

	"camform/providers/hikvision/document"
	"camform/providers/hikvision/xmlpatch"
	"camform/schema"
)

// A device that has a zone under two names can go by either, so both are written together.
func TestTheNameOfWindowsFollowsTheZone(t *testing.T) {
	zone := &schema.Attribute{Name: "zone", Type: cty.String, Codec: "time_zone", Elements: []string{"timeZone", "windowsZone", "IANA"}}
	before := "<Time><timeZone>CST-1:00:00DST01:00:00,M3.5.0/02:00:00,M10.5.0/03:00:00</timeZone><windowsZone>Romance Standard Time</windowsZone></Time>"
	for want, after := range map[string]string{
		"CST-8":                              "<Time><timeZone>CST-8:00:00</timeZone><windowsZone>China Standard Time</windowsZone></Time>",
		"EST5EDT,M3.2.0,M11.1.0":             "<Time><timeZone>CST+5:00:00DST01:00:00,M3.2.0/02:00:00,M11.1.0/02:00:00</timeZone><windowsZone>Eastern Standard Time</windowsZone></Time>",
		"CET-1CEST,M3.5.0,M10.5.0/03:00:00":  before,
		"XXX-1XXX,M4.1.0,M9.1.0":             "<Time><timeZone>CST-1:00:00DST01:00:00,M4.1.0/02:00:00,M9.1.0/02:00:00</timeZone><windowsZone>Romance Standard Time</windowsZone></Time>",
		"<+07>-7":                            "<Time><timeZone>CST-7:00:00</timeZone><windowsZone>North Asia Standard Time</windowsZone></Time>",
		"NZST-12NZDT,M9.5.0,M4.1.0/03:00:00": "<Time><timeZone>CST-12:00:00DST01:00:00,M9.5.0/02:00:00,M4.1.0/03:00:00</timeZone><windowsZone>Romance Standard Time</windowsZone></Time>",
	} {
		doc, err := document.Parse([]byte(strings.Replace(before, "<windowsZone>", `<windowsZone opt="China Standard Time,Eastern Standard Time,North Asia Standard Time">`, 1)))
		if err != nil {
			t.Fatal(err)
		}
		f := document.Field{Doc: doc, Item: xmlpatch.Path{}, Attribute: zone, Limits: &document.Limits{}}
		if err := Encode(f, cty.StringVal(want)); err != nil {
			t.Errorf("%s: %v", want, err)
		}
		have := strings.Replace(string(doc.Bytes()), ` opt="China Standard Time,Eastern Standard Time,North Asia Standard Time"`, "", 1)
		if have != after {
			t.Errorf("%s:\nhave %s\nwant %s", want, have, after)
		}
	}
}

// So does the name of the IANA, where a device has one, whether it has that of Windows or not.
func TestTheNameOfTheIANAFollowsTheZone(t *testing.T) {
	zone := &schema.Attribute{Name: "zone", Type: cty.String, Codec: "time_zone", Elements: []string{"timeZone", "windowsZone", "IANA"}}
	before := "<Time><timeZone>CST-1:00:00DST01:00:00,M3.5.0/02:00:00,M10.5.0/03:00:00</timeZone><IANA>Europe/Vienna</IANA></Time>"
	for want, after := range map[string]string{
		"CST-8":                             "<Time><timeZone>CST-8:00:00</timeZone><IANA>Asia/Shanghai</IANA></Time>",
		"GMT0BST,M3.5.0/1,M10.5.0":          "<Time><timeZone>CST+0:00:00DST01:00:00,M3.5.0/01:00:00,M10.5.0/02:00:00</timeZone><IANA>Europe/London</IANA></Time>",
		"CET-1CEST,M3.5.0,M10.5.0/03:00:00": before,
		"XXX-1XXX,M4.1.0,M9.1.0":            "<Time><timeZone>CST-1:00:00DST01:00:00,M4.1.0/02:00:00,M9.1.0/02:00:00</timeZone><IANA>Europe/Vienna</IANA></Time>",
	} {
		doc, err := document.Parse([]byte(before))
		if err != nil {
			t.Fatal(err)
		}
		f := document.Field{Doc: doc, Item: xmlpatch.Path{}, Attribute: zone, Limits: &document.Limits{}}
		if err := Encode(f, cty.StringVal(want)); err != nil {
			t.Errorf("%s: %v", want, err)
		}
		if have := string(doc.Bytes()); have != after {
			t.Errorf("%s:\nhave %s\nwant %s", want, have, after)
		}
	}
}
