package main

import (
	"bytes"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"camform/engine/state"
	"camform/engine/state/pgtest"
	"camform/engine/state/statetest"
	"camform/engine/thorough"
	"camform/providers/hikvision/simulator"
)

// pause is how long the device takes at a moment: long enough for the server to go away meanwhile.
const pause = 2 * time.Second

// TestI2TheServerOfTheStateGoesAway takes the server with the state away in the middle of an apply. Nothing more is sent than what was
// in flight, and of that the intent is durable; the operator learns what to do; and once the server is back, the next run converges.
func TestI2TheServerOfTheStateGoesAway(t *testing.T) {
	t.Parallel()
	server := pgtest.Own(t)
	for _, m := range thorough.Spread(moments, thorough.Pick(1, 2, 5)) {
		t.Run(m.name, func(t *testing.T) { goneAt(t, server, m) })
	}
}

func goneAt(t *testing.T, server *pgtest.Server, m moment) {
	s := newSite(t, simulator.Options{Models: []string{"camera-v57"}, TLS: true, Seed: 5}, crashSite)
	s.onServer(statetest.On(t, server))
	d := s.fleet.Devices()[0]
	m.window.Delay = pause
	if err := d.Inject(m.window); err != nil {
		t.Fatal(err)
	}
	out := s.goneDuring(server, d, m)
	before := d.Count(simulator.RemoteConfig)
	for _, part := range []string{"connection to the state database is lost", s.server.Database, "run again when it"} {
		if !strings.Contains(out, part) {
			t.Errorf("it does not say %q:\n%s", part, out)
		}
	}
	if before > m.writes+m.open {
		t.Errorf("%d writes arrived, %d after the server was gone", before, before-m.writes)
	}
	d.Heal()
	if err := server.Start(); err != nil {
		t.Fatal(err)
	}
	s.intended(d)

	s.run(0, "apply", "-auto-approve")
	s.run(0, "plan", "-detailed-exitcode")
	for _, path := range []string{systemPath, usersPath, upnpPath} {
		if done := entries(d, simulator.RemoteConfig, path); len(done) != 1 {
			t.Errorf("%s was written %d times, want once: %+v", path, len(done), done)
		}
	}
	if d.Refusals() != 0 {
		t.Errorf("the device refused %d logins", d.Refusals())
	}
	if !d.Accepts("viewer", canaries["VIEWER_PASSWORD"]) {
		t.Error("the account does not have its password")
	}
	s.run(0, "audit-log", "verify")
}

// goneDuring runs apply, and takes the server away at a moment.
func (s *site) goneDuring(server *pgtest.Server, d *simulator.Device, m moment) string {
	s.t.Helper()
	run := s.program("apply", "-auto-approve")
	var out bytes.Buffer
	run.Stdout, run.Stderr = &out, &out
	if err := run.Start(); err != nil {
		s.t.Fatal(err)
	}
	j := &journal{store: func() (*state.Store, error) { return s.remembered(s.dir) }}
	reached := eventually(func() bool {
		return adminLogins(d) >= m.logins && d.Count(simulator.RemoteConfig) == m.writes && j.open() == m.open
	})
	server.Crash()
	j.close()
	err := run.Wait()
	if failed, ok := errors.AsType[*exec.ExitError](err); !ok || failed.ExitCode() != 1 {
		s.t.Errorf("apply ended with %v, want exit code 1\n%s", err, out.Bytes())
	}
	if !reached {
		s.t.Fatalf("never came to %d logins, %d writes, %d open requests\n%s", m.logins, m.writes, m.open, out.Bytes())
	}
	for _, leak := range leaksIn("the output", out.Bytes()) {
		s.t.Errorf("I1: %s", leak)
	}
	return out.String()
}

// intended demands an intent for every write that the device has in its log.
func (s *site) intended(d *simulator.Device) {
	s.t.Helper()
	store := s.state()
	defer func() { _ = store.Close() }()
	runs, err := store.LastRuns(s.t.Context(), 10)
	if err != nil {
		s.t.Fatal(err)
	}
	var documents []string
	for _, r := range runs {
		sent, err := store.RunIntents(s.t.Context(), r.ID)
		if err != nil {
			s.t.Fatal(err)
		}
		for _, i := range sent {
			documents = append(documents, i.Document)
		}
	}
	for _, e := range entries(d, simulator.RemoteConfig, "") {
		if !slices.ContainsFunc(documents, func(document string) bool { return strings.HasPrefix(e.Path, document) }) {
			s.t.Errorf("I2: %s was sent without an intent; there are those of %q", e.Path, documents)
		}
	}
}

// onServer lets the site keep its state on a server.
func (s *site) onServer(at state.Server) {
	s.server = &at
	s.write("state.cam.hcl", []byte("camform {\n  "+stateBlock(at)+"\n}\n"))
}

// checkout is another directory with the same configuration, as on another machine.
func (s *site) checkout() *site {
	s.t.Helper()
	other := &site{world: s.world, t: s.t, dir: s.t.TempDir()}
	files, err := filepath.Glob(filepath.Join(s.dir, "*.*"))
	if err != nil {
		s.t.Fatal(err)
	}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			continue // a folder
		}
		other.write(filepath.Base(file), text)
	}
	s.t.Cleanup(func() {
		for _, leak := range leaksBelow(s.t, other.dir) {
			s.t.Errorf("I1: %s", leak)
		}
	})
	return other
}

// Three processes in three checkouts share one server, and one of them is killed while it writes. Together they carry out every step
// once, and a fourth checkout, which knows nothing but the server, finds nothing to do, and then what somebody changed.
func TestI4CheckoutsShareAServer(t *testing.T) {
	t.Parallel()
	s := newSite(t, simulator.Options{TLS: true, Seed: 6}, fleetSite)
	s.onServer(statetest.Server(t))
	var runs []*exec.Cmd
	for _, checkout := range []*site{s, s.checkout(), s.checkout()} {
		run := checkout.program("apply", "-auto-approve")
		if err := run.Start(); err != nil {
			t.Fatal(err)
		}
		runs = append(runs, run)
	}
	devices := s.fleet.Devices()
	if !eventually(func() bool {
		return slices.ContainsFunc(devices, func(d *simulator.Device) bool { return d.Count(simulator.RemoteConfig) > 0 })
	}) {
		t.Error("nobody wrote anything")
	}
	_ = runs[0].Process.Kill()
	for _, run := range runs {
		_ = run.Wait() // one that found devices held fails, and one was killed
	}
	fresh := s.checkout()
	fresh.run(0, "apply", "-auto-approve")
	fresh.run(0, "plan", "-detailed-exitcode")
	for _, d := range devices {
		for _, path := range []string{usersPath, upnpPath} {
			if done := entries(d, simulator.RemoteConfig, path); len(done) != 1 {
				t.Errorf("%s: %s was written %d times, want once", d.Name(), path, len(done))
			}
		}
		if d.Refusals() != 0 {
			t.Errorf("%s refused %d logins", d.Name(), d.Refusals())
		}
	}
	last := s.checkout()
	last.run(0, "drift")
	if err := devices[0].SetDocument(upnpPath, bytes.Replace(devices[0].Document(upnpPath), []byte("<enabled>true"), []byte("<enabled>false"), 1)); err != nil {
		t.Fatal(err)
	}
	last.run(2, "drift")
	last.run(0, "audit-log", "verify")
}
