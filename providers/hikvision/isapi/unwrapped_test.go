package isapi

import "testing"

func TestDebrisAroundADocumentIsNoPartOfIt(t *testing.T) {
	for body, want := range map[string]string{
		"<a/>":                              "<a/>",
		"<a/>\n":                            "<a/>\n",
		"<a/>\r\n":                          "<a/>\r\n",
		"\xef\xbb\xbf<a>\r\n</a>\r\n\r\n":   "<a>\r\n</a>\r\n",
		" \r\n\xef\xbb\xbf\x00<a/>\x00\x00": "<a/>",
		"<a/> \n\x00":                       "<a/>",
		"\x00{\"a\":1}\n\x00":               "{\"a\":1}\n",
		" CST-8:00:00 \n":                   " CST-8:00:00 \n",
		"\x00":                              "\x00",
		"<a>\xef\xbb\xbf\xca\xe9</a>":       "<a>\xef\xbb\xbf\xca\xe9</a>",
	} {
		if have := string(unwrapped([]byte(body))); have != want {
			t.Errorf("%q: have %q, want %q", body, have, want)
		}
	}
}
