package codec

import "testing"

func TestAddressesAreComparedByWhatIsShownOfThem(t *testing.T) {
	for name, tc := range map[string]struct {
		want, have []string
		same       bool
	}{
		"none":                     {nil, nil, true},
		"as shown":                 {[]string{"ops@example.com"}, []string{"o****@example.com"}, true},
		"whatever the stars hide":  {[]string{"o@example.com"}, []string{"o****@example.com"}, true},
		"another case":             {[]string{"Ops@Example.com"}, []string{"o**@example.com"}, true},
		"the end is shown":         {[]string{"guard@example.com"}, []string{"g***d@example.com"}, true},
		"nothing is hidden":        {[]string{"ops@example.com"}, []string{"ops@example.com"}, true},
		"several in another order": {[]string{"ops@example.com", "guard@example.com"}, []string{"g*@example.com", "o*@example.com"}, true},
		"one could be either":      {[]string{"opal@example.com", "ora@example.com"}, []string{"o**@example.com", "op*@example.com"}, true},
		"another letter":           {[]string{"ops@example.com"}, []string{"a****@example.com"}, false},
		"another domain":           {[]string{"ops@example.com"}, []string{"o****@example.net"}, false},
		"a dot is a dot":           {[]string{"ops@exampleXcom"}, []string{"o****@example.com"}, false},
		"stars hide no domain":     {[]string{"ops@a@example.com"}, []string{"o****@example.com"}, false},
		"one more":                 {[]string{"ops@example.com", "guard@example.com"}, []string{"o****@example.com"}, false},
		"one less":                 {[]string{"ops@example.com"}, []string{"o****@example.com", "g****@example.com"}, false},
	} {
		if got := sameMasked(setOf(tc.want), setOf(tc.have)); got != tc.same {
			t.Errorf("%s: %v like %v: %v", name, tc.want, tc.have, got)
		}
	}
}
