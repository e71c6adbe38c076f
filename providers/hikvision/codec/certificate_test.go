package codec

import "testing"

func TestDatesOfCertificatesAreReadInAllSpellings(t *testing.T) {
	for _, text := range []string{
		"2027-03-04T23:30:00Z", "2027-03-05T01:30:00+02:00", "2027-03-04T23:30:00", "2027-03-04 23:30:00", "2027-03-04", "Mar  4 23:30:00 2027 GMT",
	} {
		if at, err := parseDate(text); err != nil || at.Format("2006-01-02") != "2027-03-04" {
			t.Errorf("%q is %v, %v", text, at, err)
		}
	}
	if _, err := parseDate("soon"); err == nil {
		t.Error("a word is read as a date")
	}
}
