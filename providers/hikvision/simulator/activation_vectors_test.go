package simulator

import "testing"

// text is that of the published vectors.
const text = "c8059b41126bd480f684b6a46d48804c"

func TestPasswordsOfActivationsAreUnderstood(t *testing.T) {
	const first, second = "NDk5M2NhMWZiNTdmNDViNzY1NDlkOTVkMTI4YjBkODhmY2U5M2QwZTcxMzdhYmJlZWM1YzU2ZmE3YTczNDQ1Nw==", "NDk5M2NhMWZiNTdmNDViNzY1NDlkOTVkMTI4YjBkODhiYmU3NjM2ZTUxYTQ0OWI0MjNlOTRhZjY3YmVjNzZmMA=="
	const v3 = "MDgyYWY0MmQxYzIwNGI4MTQ2YjY5ODEwOTNlNzc5ZmJlMWU0NTAyOTk3YzNmYjIxN2QwYzk5YjBiN2YzNzMxZg=="
	const iv = "000102030405060708090a0b0c0d0e0f"
	for sent, want := range map[string]string{first: "qwer1234", second: "Example-Pass1"} {
		if got, err := classicPassword(text, sent); err != nil || got != want {
			t.Errorf("%q, %v, want %q", got, err, want)
		}
	}
	if got, err := v3Password(text, v3, iv); err != nil || got != "Example-Pass1" {
		t.Errorf("%q, %v", got, err)
	}
	const exchanged = "Pfx+txle8iGTsGB0iIeyvOkqU46KOlj2NQCJszmZBsY="
	if got, err := exchangedPassword(text, exchanged); err != nil || got != "Example-Pass1" {
		t.Errorf("%q, %v", got, err)
	}
	const other = "d8059b41126bd480f684b6a46d48804c"
	for name, understand := range map[string]func() (string, error){
		"plain":                   func() (string, error) { return classicPassword(text, "Example-Pass1") },
		"nothing":                 func() (string, error) { return classicPassword(text, "") },
		"no challenge":            func() (string, error) { return classicPassword("", first) },
		"another challenge":       func() (string, error) { return classicPassword(other, first) },
		"half a block":            func() (string, error) { return classicPassword(text, "NDk5M2Nh") },
		"V3: plain":               func() (string, error) { return v3Password(text, "Example-Pass1", iv) },
		"V3: nothing":             func() (string, error) { return v3Password(text, "", iv) },
		"V3: no start":            func() (string, error) { return v3Password(text, v3, "") },
		"V3: another start":       func() (string, error) { return v3Password(text, v3, "010102030405060708090a0b0c0d0e0f") },
		"V3: no challenge":        func() (string, error) { return v3Password("", v3, iv) },
		"V3: another challenge":   func() (string, error) { return v3Password(other, v3, iv) },
		"SADP: plain":             func() (string, error) { return exchangedPassword(text, "Example-Pass1") },
		"SADP: another exchange":  func() (string, error) { return exchangedPassword(other, exchanged) },
		"SADP: no exchange":       func() (string, error) { return exchangedPassword("", exchanged) },
		"V3: of the classic flow": func() (string, error) { return v3Password(text, second, iv) },
	} {
		if got, err := understand(); err == nil {
			t.Errorf("%s: %q", name, got)
		}
	}
}
