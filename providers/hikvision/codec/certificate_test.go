package codec

import "testing"

func TestNamesOfCertificatesAreReadInAllSpellings(t *testing.T) {
	for subject, want := range map[string]string{
		"CN=gate.example.com":                   "gate.example.com",
		"CN=gate.example.com,O=Example":         "gate.example.com",
		"C=CN, ST=ZheJiang, CN=DS-2CD2386G2-IU": "DS-2CD2386G2-IU",
		"/C=CN/O=Example/CN=gate.example.com":   "gate.example.com",
		"O=Example; cn = gate":                  "gate",
		`CN=Example\, Gate,O=Example`:           "Example, Gate",
		"O=CN=trap,OU=x":                        "",
		"O=Example":                             "",
		"":                                      "",
		"C=CN+CN=gate.example.com+SERIALNUMBER=DS-2CD238": "gate.example.com",
	} {
		if got := commonName(subject); got != want {
			t.Errorf("%q names %q, want %q", subject, got, want)
		}
	}
}

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
