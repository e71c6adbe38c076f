package config

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestSecretsAreReadFromTheirOrigin(t *testing.T) {
	dir := write(t, map[string]string{
		"a.txt":     "  geheim \n",
		"crlf.txt":  "geheim\r\n",
		"two.txt":   "geheim\n\n",
		"plain.txt": "geheim",
		"empty.txt": "\n",
		"large.txt": strings.Repeat("x", secretLimit+1),
	})
	absolute := filepath.Join(dir, "plain.txt")
	tests := []struct {
		origin, want string
		err          error  // family
		text         string // part of the error
	}{
		{origin: "env:ADMIN", want: canary},
		{origin: "file:a.txt", want: "  geheim "},
		{origin: "file:crlf.txt", want: "geheim"},
		{origin: "file:two.txt", want: "geheim\n"},
		{origin: "file:plain.txt", want: "geheim"},
		{origin: "file:" + absolute, want: "geheim"},
		{origin: "env:NONE", err: ErrSecretAbsent, text: "NONE"},
		{origin: "env:EMPTY", err: ErrSecretAbsent, text: "EMPTY"},
		{origin: "file:none.txt", err: ErrSecretAbsent, text: "none.txt"},
		{origin: "file:empty.txt", err: ErrSecretAbsent, text: "empty"},
		{origin: "file:large.txt", text: "too large"},
		{origin: "file:.", text: "directory"},
		{origin: "env:", err: ErrSecretOrigin},
		{origin: "ADMIN", err: ErrSecretOrigin},
		{origin: "var.password", err: ErrSecretOrigin},
		{origin: "vualt:x", err: ErrSecretOrigin},
		{origin: "vault:x", err: ErrSecretAbsent, text: "vault"},
		{origin: "kv:secret/a#b", err: ErrSecretAbsent, text: "kv"},
	}
	for _, test := range tests {
		t.Run(test.origin, func(t *testing.T) {
			have, err := ReadSecret(test.origin, lookup(testEnv), dir)
			if have != test.want {
				t.Errorf("the secret is %q, want %q", have, test.want)
			}
			if fails := test.err != nil || test.text != ""; fails != (err != nil) {
				t.Fatalf("the error is %v", err)
			}
			if test.err != nil && !errors.Is(err, test.err) {
				t.Errorf("the error %v is not %v", err, test.err)
			}
			if err != nil && (!strings.Contains(err.Error(), test.text) || strings.Contains(err.Error(), "geheim")) {
				t.Errorf("the error is %q", err)
			}
		})
	}
}

func TestSecretsAreReadOnce(t *testing.T) {
	options := testOptions()
	reads := map[string]int{}
	options.Env = func(name string) (string, bool) {
		reads[name]++
		return "geheim-geheim", name != "NONE"
	}
	dir := write(t, map[string]string{"main.cam.hcl": "locals {\n  a = [for i in range(3) : secret(\"env:ADMIN\")]\n}\n"})
	if _, problems := Load(dir, options); len(problems) > 0 {
		t.Fatal(problems)
	}
	if reads["ADMIN"] != 1 {
		t.Errorf("the secret was read %d times, so that its value could differ within the run", reads["ADMIN"])
	}
}

func TestAddressesAreSpelledInOneWay(t *testing.T) {
	tests := map[string]string{
		"https://192.0.2.1":         "https://192.0.2.1:443",
		"http://192.0.2.1":          "http://192.0.2.1:80",
		"https://192.0.2.1:08443":   "https://192.0.2.1:8443",
		"HTTPS://Camera.Example":    "https://camera.example:443",
		"https://camera.example.":   "https://camera.example:443",
		"https://cam_1":             "https://cam_1:443",
		"https://[2001:DB8::0:1]":   "https://[2001:db8::1]:443",
		"https://[2001:db8::1]:444": "https://[2001:db8::1]:444",
	}
	for text, want := range tests {
		u, err := parseAddress(text)
		if err != nil || u.String() != want {
			t.Errorf("%s is %v (%v), want %s", text, u, err, want)
		}
	}
	for _, text := range []string{"", "https://", "https://a:b", "https://a:65536", "https://a/", "https://a?", "https://a#b", "https://1.2.3", "https://a..b", "https://-a", "https://" + strings.Repeat("a.", 200)} {
		if u, err := parseAddress(text); err == nil {
			t.Errorf("%q is taken as %s", text, u)
		}
	}
}

func TestFormatIsCanonicalAndStable(t *testing.T) {
	ugly := "device \"a\" {\naddress=\"x\"\n  tags   = [ \"a\",\"b\" ]\n}\n"
	want := "device \"a\" {\n  address = \"x\"\n  tags    = [\"a\", \"b\"]\n}\n"
	have, problems := Format("a.cam.hcl", []byte(ugly))
	if string(have) != want || len(problems) > 0 {
		t.Errorf("formatted is %q with %v", have, problems)
	}
	if again, _ := Format("a.cam.hcl", have); string(again) != want {
		t.Errorf("formatting twice gives %q", again)
	}
	for name, text := range map[string]string{"a.cam.hcl": "a = 1, b = 2\n", "a.cam.json": "{"} {
		have, problems := Format(name, []byte(text))
		if string(have) != text || !problems.HasErrors() || problems[0].Subject.Filename != name {
			t.Errorf("%s: broken text comes back as %q with %v", name, have, problems)
		}
	}
	if have, problems := Format("a.cam.json", []byte(`{ "a":1}`)); string(have) != `{ "a":1}` || len(problems) > 0 {
		t.Errorf("JSON comes back as %q with %v", have, problems)
	}
	if have, problems := Format("a.cam.hcl", nil); len(have) > 0 || len(problems) > 0 {
		t.Errorf("nothing comes back as %q with %v", have, problems)
	}
}

func TestFilesOutsideAreNotReachedThroughLinks(t *testing.T) {
	outside := filepath.Join(t.TempDir(), "outside.txt")
	if err := os.WriteFile(outside, []byte("geheim"), 0o600); err != nil {
		t.Fatal(err)
	}
	dir := write(t, map[string]string{"main.cam.hcl": "locals {\n  a = file(\"link\")\n}\n"})
	if err := os.Symlink(outside, filepath.Join(dir, "link")); err != nil {
		t.Fatal(err)
	}
	_, problems := Load(dir, testOptions())
	if len(problems) != 1 || !strings.Contains(problems[0].Detail, "escapes") {
		t.Errorf("the problems are %v", problems)
	}
}
