package main

import (
	"errors"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"camform/schema"
)

func TestSecretsThatDevicesShowAreForOneReader(t *testing.T) {
	path := filepath.Join(t.TempDir(), "secrets.env")
	secret := "a'b \"c\" $d `e` \\ f"
	if err := createSecrets(path, map[string]schema.Secret{"env:B": schema.NewSecret("2"), "env:A": schema.NewSecret(secret)}); err != nil {
		t.Fatal(err)
	}
	info, err := os.Stat(path)
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("the file has the mode %v, %v", info.Mode(), err)
	}
	if err := createSecrets(path, nil); !errors.Is(err, fs.ErrExist) {
		t.Errorf("a file that is there was written over: %v", err)
	}
	shell, err := exec.LookPath("sh")
	if err != nil {
		t.Skip("there is no shell to read it with")
	}
	out, err := exec.Command(shell, "-c", `. "$0"; printf '%s|%s' "$A" "$B"`, path).Output()
	if want := secret + "|2"; err != nil || string(out) != want {
		t.Errorf("a shell reads %q, %v, want %q", out, err, want)
	}
}

func TestAddressesAreReadAsPeopleTypeThem(t *testing.T) {
	for text, want := range map[string]string{
		"192.0.2.7":                "https://192.0.2.7",
		"camera.Example.com:8443":  "https://camera.example.com:8443",
		"http://192.0.2.7":         "http://192.0.2.7",
		"HTTPS://192.0.2.7:443/":   "https://192.0.2.7:443",
		"2001:db8::7":              "https://[2001:db8::7]",
		"[2001:db8::7]:8443":       "https://[2001:db8::7]:8443",
		"":                         "",
		"https://":                 "",
		"192.0.2.7:0":              "",
		"192.0.2.7:x":              "",
		"192.0.2.7:65536":          "",
		"admin@192.0.2.7":          "",
		"ftp://192.0.2.7":          "",
		"192.0.2.7/ISAPI":          "",
		"https://192.0.2.7?x=1":    "",
		"https://192.0.2.7#top":    "",
		"https://192.0.2.7 and so": "",
	} {
		u, err := typedAddress(text)
		switch {
		case want == "" && err == nil:
			t.Errorf("%q is read as %s", text, u)
		case want != "" && (err != nil || u.String() != want):
			t.Errorf("%q is read as %v, %v, want %s", text, u, err, want)
		}
	}
}
