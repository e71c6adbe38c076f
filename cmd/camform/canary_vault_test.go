package main

import (
	"bytes"
	"compress/gzip"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"camform/engine/thorough"
	"camform/providers/hikvision/simulator"
)

// managedSite has accounts whose passwords camform makes up, and a recorder that uses one of them.
const managedSite = `
credential_policy "standard" {
  min_length = 14
  max_age    = "90d"
  unique     = true
}

device "camera" {
  for_each = { for row in csvdecode(file("inventory.csv")) : row.name => row }
  address  = each.value.address

  login {
    username        = "admin"
    password        = secret("env:ADMIN_PASSWORD")
    password_policy = credential_policy.standard
  }

  user "viewer" {
    level           = "Viewer"
    password_policy = credential_policy.standard
  }

  upnp {
    enabled = true
  }
}
`

// TestI1PasswordsThatCamformMadeAreNowhere lets the program make, change, list, export and re-encrypt passwords, also where
// things go wrong, and then searches every byte that it wrote for every password that the vault ever had.
func TestI1PasswordsThatCamformMadeAreNowhere(t *testing.T) {
	thorough.OnlyUsual(t)
	s := newSite(t, simulator.Options{Count: 2, TLS: true, Models: []string{"camera-v57", "recorder-v2"}}, managedSite)
	var written bytes.Buffer
	do := func(want int, stdin string, args ...string) {
		t.Helper()
		c := s.program(args...)
		c.Env = append(c.Env, "XDG_CONFIG_HOME="+filepath.Join(s.dir, "config"), "CAMFORM_LOG=debug")
		c.Stdin = strings.NewReader(stdin)
		out, _ := c.CombinedOutput()
		written.Write(out)
		if have := c.ProcessState.ExitCode(); have != want {
			t.Errorf("camform %q ended with %d, want %d\n%s", args, have, want, out)
		}
	}
	const chosen = "Chosen-By-A-Person-9"
	do(1, "", "plan") // there is no vault
	do(0, "", "vault", "init")
	do(0, chosen, "vault", "set", "note")
	do(0, "", "plan", "-out=site.plan")
	do(0, "", "apply", "-auto-approve")
	for _, rule := range []simulator.Rule{
		{Method: "PUT", Action: simulator.DropReply, Times: 1},
		{Method: "PUT", Action: simulator.ErrorButApplied, Times: 1},
		{Method: "PUT", Action: simulator.IgnoreWrite, Times: 1},
	} {
		for _, d := range s.fleet.Devices() {
			if err := d.Inject(rule); err != nil {
				t.Fatal(err)
			}
		}
		c := s.program("rotate", "-auto-approve")
		c.Env = append(c.Env, "XDG_CONFIG_HOME="+filepath.Join(s.dir, "config"), "CAMFORM_LOG=debug")
		out, _ := c.CombinedOutput() // it may end either way
		written.Write(out)
	}
	for _, d := range s.fleet.Devices() {
		d.Heal()
	}
	do(0, "", "rotate", "-auto-approve")
	do(0, "", "credentials", "-json")
	do(0, "", "credentials", "review", "-markdown", "-close", "read")
	do(0, "", "vault", "list", "-json")
	do(0, "", "vault", "history", "note")
	do(0, "", "vault", "rekey")
	do(0, "", "vault", "export", "safe.age")
	do(0, "", "state", "backup", "site.backup")
	do(0, "", "rotate", "-auto-approve")
	do(0, "", "state", "backup", "later.backup")
	do(0, "", "state", "restore", "site.backup")
	do(1, "", "plan")
	do(0, "", "state", "restore", "-merge", "later.backup")
	do(0, "", "apply", "-auto-approve")
	do(0, "", "audit-log", "export", "log.jsonl")
	do(0, "", "audit-log", "verify")
	do(0, "", "state", "runs")

	passwords := map[string]string{chosen: "the one that somebody chose"}
	store := s.state()
	versions, err := store.AllSecrets(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if err := store.Close(); err != nil {
		t.Fatal(err)
	}
	for _, v := range versions {
		c := s.program("vault", "get", "-version", strconv.Itoa(v.Version), v.Name)
		c.Env = append(c.Env, "XDG_CONFIG_HOME="+filepath.Join(s.dir, "config"))
		text, err := c.Output()
		if err != nil {
			t.Fatal(err)
		}
		passwords[string(text)] = v.Name + " version " + strconv.Itoa(v.Version)
	}
	if len(passwords) < 10 {
		t.Errorf("there are %d passwords only", len(passwords))
	}
	err = filepath.WalkDir(s.dir, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || !entry.Type().IsRegular() {
			return err
		}
		text, err := os.ReadFile(path)
		written.Write(text)
		if packed, failed := gzip.NewReader(bytes.NewReader(text)); failed == nil { // a backup
			_, failed = io.Copy(&written, packed)
			err = errors.Join(err, failed)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	for password, name := range passwords {
		for _, f := range formsOf(password) {
			if bytes.Contains(written.Bytes(), f.text) {
				t.Errorf("I1: %s was written somewhere (%s)", name, f.name)
			}
		}
	}
}
