package main

import (
	"encoding/base64"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"testing"
)

// canaries are the secrets of all scripts, by the name of the environment variable. They occur nowhere else, so that one
// found in a file or in an output is a leak.
var canaries = map[string]string{
	"ADMIN_PASSWORD":  "Zq7-canary-Admin",
	"VIEWER_PASSWORD": "Zq7-canary-View",
	"OTHER_PASSWORD":  "Zq7-canary-Other",
	fileCanary:        `Zq7&<"can>+File`,
	communityCanary:   `Zq7&<"can>+Ours`,
	shownCanary:       `Zq7&<"can>+Seen`,
	clearCanary:       `Zq7&<"can>+Text`,
}

// Canaries of the search; see TestI1NothingTheProgramWritesHasASecret. Their letters look different in most forms.
const (
	fileCanary      = "CANARY_FILE"      // password of an account, read from a file
	communityCanary = "CANARY_COMMUNITY" // that devices return in clear, declared
	shownCanary     = "CANARY_SHOWN"     // that a device has and nobody declared
	clearCanary     = "CANARY_CLEAR"     // that somebody wrote into a file where it must not stand
)

// leaksBelow looks into every file below a directory. A program that was killed may still be going, so files may go with
// it.
func leaksBelow(t testing.TB, dir string) []string {
	t.Helper()
	var leaks []string
	err := filepath.WalkDir(dir, func(path string, entry fs.DirEntry, err error) error {
		if errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		if err != nil || !entry.Type().IsRegular() {
			return err
		}
		text, err := os.ReadFile(path)
		if errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		leaks = append(leaks, leaksIn(path, text)...)
		return err
	})
	if err != nil {
		t.Errorf("looking for secrets: %v", err)
	}
	return leaks
}

func TestLeaksAreFound(t *testing.T) {
	dir := t.TempDir()
	secret := canaries["ADMIN_PASSWORD"]
	for name, text := range map[string]string{
		"clean":       "ADMIN_PASSWORD",
		"plain":       "<password>" + secret + "</password>",
		"inner/basic": "Basic " + base64.StdEncoding.EncodeToString([]byte("admin:"+secret)),
	} {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if leaks := leaksBelow(t, dir); len(leaks) != 2 {
		t.Errorf("found %q, want two leaks", leaks)
	}
}
