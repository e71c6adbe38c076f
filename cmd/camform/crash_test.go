package main

import (
	"os/exec"
	"testing"
	"time"

	"camform/engine/state"
	"camform/engine/thorough"
	"camform/providers/hikvision/simulator"
)

// crashSite has three steps that can each be in flight when the run is killed.
const crashSite = `
device "camera" {
  address = csvdecode(file("inventory.csv"))[0].address

  login {
    username = "admin"
    password = secret("env:ADMIN_PASSWORD")
  }

  system {
    name = "Gate"
  }

  user "viewer" {
    level    = "Viewer"
    password = secret("env:VIEWER_PASSWORD")
  }

  upnp {
    enabled = true
  }
}
`

// The steps of crashSite: one write each, in this order.
const (
	systemPath = "/ISAPI/System/deviceInfo"
	usersPath  = "/ISAPI/Security/users"
	upnpPath   = "/ISAPI/System/Network/UPnP"
	steps      = 3
)

// moment is when a run is killed: what makes the window for it, and how far the device and the journal have come in it.
type moment struct {
	name   string
	window simulator.Rule
	logins int
	writes int
	open   int // requests in the journal without an end
}

// A window is longer than a test may take; it ends when the program is gone.
const window = time.Minute

var moments = []moment{
	{"while planning", simulator.Rule{Method: "GET", Path: upnpPath, Action: simulator.Latency, Delay: window}, 1, 0, 0},
	{"before the first request", simulator.Rule{Method: "PUT", Path: systemPath, Action: simulator.Latency, Delay: window}, 2, 0, 1},
	{"before the first answer", simulator.Rule{Method: "PUT", Path: systemPath, Action: simulator.SlowBody, Delay: window}, 2, 1, 1},
	{"before an account", simulator.Rule{Method: "POST", Path: usersPath, Action: simulator.Latency, Delay: window}, 2, 1, 1},
	{"before the answer about an account", simulator.Rule{Method: "POST", Path: usersPath, Action: simulator.SlowBody, Delay: window}, 2, 2, 1},
	{"before the last request", simulator.Rule{Method: "PUT", Path: upnpPath, Action: simulator.Latency, Delay: window}, 2, 2, 1},
	{"before the last answer", simulator.Rule{Method: "PUT", Path: upnpPath, Action: simulator.SlowBody, Delay: window}, 2, 3, 1},
	{"while reading back", simulator.Rule{Method: "GET", Path: upnpPath, Action: simulator.Latency, Delay: window, Nth: 3}, 2, 3, 1},
}

// Wherever a run is killed, the next one finds out the outcome of the request in flight, does the rest, and repeats
// nothing that the device carried out.
func TestI4KilledRunsConverge(t *testing.T) {
	t.Parallel()
	for _, model := range []string{"camera-v57", "recorder-v2"} {
		for _, m := range thorough.Spread(moments, thorough.Pick(1, thorough.All, thorough.All)) {
			t.Run(model+"/"+m.name, func(t *testing.T) {
				t.Parallel()
				killed(t, model, m)
			})
		}
	}
}

func killed(t *testing.T, model string, m moment) {
	s := newSite(t, simulator.Options{Models: []string{model}, TLS: true, Seed: 5}, crashSite)
	d := s.fleet.Devices()[0]
	if err := d.Inject(m.window); err != nil {
		t.Fatal(err)
	}
	s.killAt(d, m)
	d.Heal()

	s.run(0, "apply", "-auto-approve")
	s.run(0, "plan", "-detailed-exitcode")
	for _, path := range []string{systemPath, usersPath, upnpPath} {
		if done := entries(d, simulator.RemoteConfig, path); len(done) != 1 {
			t.Errorf("%s was written %d times, want once: %+v", path, len(done), done)
		}
	}
	if n := d.Count(simulator.RemoteConfig); n != steps {
		t.Errorf("%d writes, want %d", n, steps)
	}
	if d.Refusals() != 0 {
		t.Errorf("the device refused %d logins", d.Refusals())
	}
	if !d.Accepts("viewer", canaries["VIEWER_PASSWORD"]) {
		t.Error("the account does not have its password")
	}
}

// killAt starts a run and kills it at a moment.
func (s *site) killAt(d *simulator.Device, m moment) {
	s.t.Helper()
	run := s.program("apply", "-auto-approve")
	if err := run.Start(); err != nil {
		s.t.Fatal(err)
	}
	journal := &journal{store: func() (*state.Store, error) { return s.remembered(s.dir) }}
	defer journal.close()
	reached := eventually(func() bool {
		return adminLogins(d) >= m.logins && d.Count(simulator.RemoteConfig) == m.writes && journal.open() == m.open
	})
	if err := run.Process.Kill(); err != nil {
		s.t.Errorf("the run was over already: %v", err)
	}
	if err := run.Wait(); err == nil {
		s.t.Error("the run was over before it was killed")
	}
	if !reached {
		s.t.Fatalf("never came to %d logins, %d writes, %d open requests; there are %d, %d, %d", m.logins, m.writes, m.open,
			adminLogins(d), d.Count(simulator.RemoteConfig), journal.open())
	}
}

func adminLogins(d *simulator.Device) int {
	n := 0
	for _, e := range entries(d, simulator.Login, "") {
		if e.User == "admin" {
			n++
		}
	}
	return n
}

// Two runs at the same time on one state carry out every step once, together. What one of them holds the other leaves
// alone, and a third finds nothing to do.
func TestI4RunsAtTheSameTimeWriteOnce(t *testing.T) {
	t.Parallel()
	s := newSite(t, simulator.Options{TLS: true, Seed: 6}, fleetSite)
	var runs []*exec.Cmd
	for range 3 {
		run := s.program("apply", "-auto-approve")
		if err := run.Start(); err != nil {
			t.Fatal(err)
		}
		runs = append(runs, run)
	}
	for _, run := range runs {
		_ = run.Wait() // one that found devices held fails
		if code := run.ProcessState.ExitCode(); code != 0 && code != 1 {
			t.Errorf("exit code %d, want 0 or 1", code)
		}
	}
	s.run(0, "apply", "-auto-approve")
	s.run(0, "plan", "-detailed-exitcode")
	for _, d := range s.fleet.Devices() {
		for _, path := range []string{usersPath, upnpPath} {
			if done := entries(d, simulator.RemoteConfig, path); len(done) != 1 {
				t.Errorf("%s: %s was written %d times, want once", d.Name(), path, len(done))
			}
		}
		if d.Refusals() != 0 {
			t.Errorf("%s refused %d logins", d.Name(), d.Refusals())
		}
	}
}

const fleetSite = `
device "camera" {
  for_each = { for row in csvdecode(file("inventory.csv")) : row.name => row }
  address  = each.value.address

  login {
    username = "admin"
    password = secret("env:ADMIN_PASSWORD")
  }

  user "viewer" {
    level    = "Viewer"
    password = secret("env:VIEWER_PASSWORD")
  }

  upnp {
    enabled = true
  }
}
`
