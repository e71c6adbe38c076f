package engine_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"

	"camform/engine"
	"camform/engine/backup"
	"camform/engine/recover"
	"camform/providers/hikvision/simulator"
)

// looked is a look at a step of a case of a device, as "verdict about" of all findings in order.
func (s *site) looked(name, step string, change func(*engine.Looking)) (seen []string) {
	s.Helper()
	at := engine.Looking{Config: s.cfg, Case: recover.Case{Custody: recover.Here}}
	for _, d := range s.cfg.Devices {
		if d.Address.Name == name {
			at.Device, at.Case.Device = d, d.Address
		}
	}
	if change != nil {
		change(&at)
	}
	findings, _, problems := s.engine().Look(s.Context(), at, step)
	if problems.HasErrors() {
		s.Fatal(problems)
	}
	for _, f := range findings {
		seen = append(seen, string(f.Verdict)+" "+f.About)
		if f.Why == "" {
			s.Errorf("nothing says why %s is %s", f.About, f.Verdict)
		}
	}
	slices.Sort(seen)
	return seen
}

// verified is a case in which a device told before of items with which it uses others.
func verified(uses ...string) func(*engine.Looking) {
	return func(at *engine.Looking) {
		at.Case = at.Case.With(recover.Event{Step: recover.Verify, Kind: recover.Done, Data: map[string]string{recover.Uses: strings.Join(uses, ",")}})
	}
}

// A user of a device is seen to have it again on the device that uses it, and a channel that vanished is no channel that works.
func TestI13TheUsersOfADeviceAreSeenOnline(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		fleet := newFleet(t, simulator.Options{Count: 3, Models: []string{"recorder-v2", "camera-v57", "camera-v57"}, Wiring: simulator.Wiring{
			Channels: []simulator.Channel{
				{Recorder: "recorder-v2-0001", Camera: "camera-v57-0002", Username: "admin", Password: fleetPassword},
				{Recorder: "recorder-v2-0001", Camera: "camera-v57-0003", Username: "admin", Password: fleetPassword},
			},
		}})
		s := newSite(t, fleet, fleet.DialContext)
		recorder, first, second := fleet.Devices()[0], fleet.Devices()[1], fleet.Devices()[2]
		s.configure(s.deviceBlock("recorder", recorder, "") + s.deviceBlock("first", first, "") +
			s.deviceBlock("second", second, `  consumer "vms" {
    address = "192.0.2.9"
  }
`))
		channel := func(verdict string, n int) string {
			return fmt.Sprintf("%s device.recorder.channel[%q]", verdict, fmt.Sprint(n))
		}
		see := func(what, name string, change func(*engine.Looking), want ...string) {
			t.Helper()
			if got := s.looked(name, recover.Online, change); !slices.Equal(got, want) {
				t.Errorf("%s: %q, want %q", what, got, want)
			}
		}
		see("a camera that one recorder shows", "first", nil, channel("good", 1))
		see("what camform cannot see", "second", nil, channel("good", 2), "unknown vms")
		see("the recorder itself", "recorder", verified(`channel["1"]`), channel("good", 1), channel("good", 2))
		see("a channel that vanished", "recorder", verified(`channel["7"]`, "rubbish["), channel("bad", 7), channel("good", 1), channel("good", 2))
		first.Unplug()
		see("a camera without power", "first", nil, channel("bad", 1))
		first.Plug()
		recorder.Unplug()
		see("a recorder without power", "first", nil, channel("unknown", 1))
		see("a recorder without power, which is the device", "recorder", verified(`channel["1"]`), channel("unknown", 1), channel("unknown", 2))
		recorder.Plug()
		s.configure(s.deviceBlock("first", first, ""))
		see("a recorder that left", "first", nil, "unknown device.recorder.channel[\"1\"]")
	})
	synctest.Test(t, func(t *testing.T) {
		fleet := newFleet(t, simulator.Options{Count: 1, Models: []string{"camera-v57"}})
		s := newSite(t, fleet, fleet.DialContext)
		s.configure(s.deviceBlock("gate", fleet.Devices()[0], ""))
		if got := s.looked("gate", recover.Online, nil); !slices.Equal(got, []string{"unknown users"}) {
			t.Errorf("nobody is on record: %q", got)
		}
	})
}

// How a device is on its network is held against the configuration, and where that says nothing against a backup of before.
func TestI12TheNetworkOfADeviceIsComparedWithWhatIsOnRecord(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		fleet := newFleet(t, simulator.Options{Count: 1, Models: []string{"camera-v57"}})
		s := newSite(t, fleet, fleet.DialContext)
		camera := fleet.Devices()[0]
		s.configure(s.deviceBlock("gate", camera, ""))
		see := func(what string, before *backup.Backup, want ...string) {
			t.Helper()
			got := s.looked("gate", recover.Network, func(at *engine.Looking) { at.Before = before })
			if !slices.Equal(got, want) {
				t.Errorf("%s: %q, want %q", what, got, want)
			}
		}
		link := func(verdict, attribute string) string {
			return fmt.Sprintf("%s network[%q].%s", verdict, "1", attribute)
		}
		see("nothing on record", nil, "good address", link("unknown", "address"), link("unknown", "gateway"), link("unknown", "ipv6_mode"), link("unknown", "mode"))
		var before *backup.Backup
		if _, err := s.engine().Backup(t.Context(), s.cfg, nil, func(b *backup.Backup) error { before = b; return nil }); err != nil {
			t.Fatal(err)
		}
		see("a backup", before, "good address", link("good", "address"), link("good", "gateway"), link("good", "ipv6_mode"), link("good", "mode"))
		s.configure(s.deviceBlock("gate", camera, `  network "1" {
    gateway = "192.0.2.77"
  }
`))
		see("a configuration, and a backup", before, "bad network[\"1\"].gateway", "good address", link("good", "address"), link("good", "ipv6_mode"), link("good", "mode"))
		s.configure(s.deviceBlock("gate", camera, `  network "2" {
    gateway = "192.0.2.77"
  }
`))
		see("a link that the device does not have", nil, "good address", link("unknown", "address"), link("unknown", "gateway"), link("unknown", "ipv6_mode"), link("unknown", "mode"), "unknown network[\"2\"].gateway")
		camera.Unplug()
		see("a device without power", before, "unknown network")
	})
}

// The baseline is clean only where rules judge the device and it complies, and an account of the administrator is nobody's own.
func TestI12HardeningIsProvenByWhatIsRead(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		fleet := newFleet(t, simulator.Options{Count: 2, Models: []string{"recorder-v2", "camera-v58"}, Wiring: simulator.Wiring{
			Channels: []simulator.Channel{{Recorder: "recorder-v2-0001", Camera: "camera-v58-0002", Username: "admin", Password: fleetPassword}},
		}})
		s := newSite(t, fleet, fleet.DialContext)
		recorder, camera := fleet.Devices()[0], fleet.Devices()[1]
		const rules = `
profile "hardened" {
  check "model.known" {
    level  = "basic"
    reason = "For the test."
    assert {
      condition     = self.model != null
      error_message = "It does not tell its model."
    }
  }
  check "firmware.new" {
    level  = "basic"
    reason = "For the test."
    assert {
      condition     = version_at_least(self.firmware, "V99.0.0")
      error_message = "It is old."
    }
  }
  check "place" {
    level  = "basic"
    reason = "For the test."
    manual = "Look whether it hangs straight."
  }
}
profile "easy" {
  check "model.known" {
    level  = "basic"
    reason = "For the test."
    assert {
      condition     = self.model != null
      error_message = "It does not tell its model."
    }
  }
}
`
		see := func(what, step, settings string, want ...string) {
			t.Helper()
			s.configure(s.deviceBlock("recorder", recorder, "") + s.deviceBlock("gate", camera, settings) + rules)
			if got := s.looked("gate", step, nil); !slices.Equal(got, want) {
				t.Errorf("%s: %q, want %q", what, got, want)
			}
		}
		see("no rule", recover.Baseline, "", "unknown baseline")
		see("a rule that it complies with", recover.Baseline, "  profiles = [profile.easy]\n", "good baseline")
		see("rules of all sorts", recover.Baseline, "  profiles = [profile.hardened]\n", "bad firmware.new", "good baseline", "unknown place")
		see("a recorder that logs in as the administrator", recover.Accounts, "", `bad device.recorder.channel["1"]`)
		see("a user of whom nobody says how he logs in", recover.Accounts, "  consumer \"vms\" {\n    address = \"192.0.2.9\"\n  }\n", `bad device.recorder.channel["1"]`, "unknown vms")
		see("a user with an account of his own", recover.Accounts, "  consumer \"vms\" {\n    address  = \"192.0.2.9\"\n    username = \"vms\"\n  }\n", `bad device.recorder.channel["1"]`, "good vms")
		see("nothing prepared", recover.Prepare, "", "bad ways to a new password")
		camera.Unplug()
		see("a device without power", recover.Prepare, "", "unknown ways to a new password")
		see("a device without power that is judged", recover.Baseline, "  profiles = [profile.easy]\n", "unknown model.known")
	})
}
