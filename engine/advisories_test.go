package engine_test

import (
	"encoding/json"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/zclconf/go-cty/cty"

	"camform/engine"
	"camform/engine/advisory"
	"camform/engine/config"
	"camform/engine/state"
	"camform/providers"
	"camform/schema"
)

// TestAServiceThatIsOffStandsBesideAffected plays what the state and the configuration may know of the setting that switches the
// search of the vendor's tools off. Whatever that is, the device stays affected.
func TestAServiceThatIsOffStandsBesideAffected(t *testing.T) {
	now := time.Date(2026, 11, 29, 12, 0, 0, 0, time.UTC)
	store, err := state.Open(t.Context(), filepath.Join(t.TempDir(), "state.db"), state.Options{Now: func() time.Time { return now }})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = store.Close() }()
	e := &engine.Engine{Store: store.Fleet, Now: func() time.Time { return now }}
	const off = `{"sadp": "nonDiscoverable"}`
	for name, c := range map[string]struct {
		observed string
		reboot   bool
		wanted   string
		model    string
		state    advisory.MitigationState
		says     string
	}{
		"off":                      {observed: off, state: advisory.Mitigated, says: "discovery.sadp = nonDiscoverable, as of 2026-11-29"},
		"on":                       {observed: `{"sadp": "discoverable"}`, state: advisory.NotMitigated, says: "discovery.sadp = discoverable, as of 2026-11-29"},
		"on_and_wanted_off":        {observed: `{"sadp": "discoverable"}`, wanted: "nonDiscoverable", state: advisory.NotMitigated, says: "discoverable"},
		"off_after_a_restart":      {observed: off, reboot: true, state: advisory.MitigationUnknown, says: "no record of discovery.sadp"},
		"not_told":                 {observed: `{"pcap": "x"}`, state: advisory.MitigationUnknown, says: "no record of discovery.sadp"},
		"never_applied":            {state: advisory.MitigationUnknown, says: "no record of discovery.sadp"},
		"wanted_off":               {wanted: "nonDiscoverable", state: advisory.MitigationUnknown, says: "no record that it was applied"},
		"wanted_on":                {wanted: "discoverable", state: advisory.MitigationUnknown, says: "no record of discovery.sadp"},
		"not_affected":             {observed: off, model: "DS-KV8213-WME1", state: ""},
		"a_service_without_switch": {model: "DS-77", state: advisory.MitigationUnknown, says: "no setting that switches off"},
	} {
		t.Run(name, func(t *testing.T) {
			device := &config.Device{Address: schema.Device{Name: name}}
			identity := providers.Identity{Serial: name, Model: "DS-2CD1301-I", Firmware: "V5.4.5 build 170123", Type: "IPCamera"}
			id := "CVE-2025-66177"
			switch c.model {
			case "":
			case "DS-77":
				identity.Model, identity.Firmware, identity.Type, id = "DS-7716NI-I4", "V4.61.030 build 230820", "NVR", "CVE-2023-28811"
			default:
				identity.Model = c.model
			}
			if err := store.SaveSeen(t.Context(), state.Device{Address: device.Address, Identity: identity, LastSeen: now}); err != nil {
				t.Fatal(err)
			}
			address := schema.Setting{Device: device.Address, Kind: "discovery"}
			if c.wanted != "" {
				device.Settings = []*config.Setting{{Address: address, Attributes: map[string]config.Attribute{"sadp": {Value: cty.StringVal(c.wanted)}}}}
			}
			if c.observed != "" {
				leases, err := store.Acquire(t.Context(), "run", device.Address)
				if err != nil {
					t.Fatal(err)
				}
				row := state.Setting{Address: address, Observed: json.RawMessage(c.observed), PendingReboot: c.reboot}
				if err := store.Record(t.Context(), leases[0], []state.Setting{row}, nil); err != nil {
					t.Fatal(err)
				}
				if err := store.Release(t.Context(), leases...); err != nil {
					t.Fatal(err)
				}
			}
			report, err := e.Advisories(t.Context(), &config.Config{Devices: []*config.Device{device}}, nil)
			if err != nil {
				t.Fatal(err)
			}
			for _, f := range report.Devices[0].Findings {
				if f.Advisory.ID != id {
					continue
				}
				if (f.Verdict == advisory.Affected) != (c.state != "") {
					t.Errorf("%s (%s)", f.Verdict, f.Why)
				}
				if m := f.Mitigation; m.State != c.state || !strings.Contains(m.Text, c.says) {
					t.Errorf("%q: %s, want %q: %s", m.State, m.Text, c.state, c.says)
				}
			}
		})
	}
}

// TestI12AReadingThatIsOldOrMissingIsTold has a device that was never read, one that was read long ago, and one that was not.
func TestI12AReadingThatIsOldOrMissingIsTold(t *testing.T) {
	now := time.Date(2026, 11, 29, 12, 0, 0, 0, time.UTC)
	store, err := state.Open(t.Context(), filepath.Join(t.TempDir(), "state.db"), state.Options{Now: func() time.Time { return now }})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = store.Close() }()
	e := &engine.Engine{Store: store.Fleet, Now: func() time.Time { return now }}
	cfg := &config.Config{Devices: []*config.Device{
		{Address: schema.Device{Name: "never"}}, {Address: schema.Device{Name: "old"}}, {Address: schema.Device{Name: "new"}},
	}}
	for name, ago := range map[string]time.Duration{"old": advisory.OldAfter + time.Second, "new": advisory.OldAfter} {
		identity := providers.Identity{Serial: name, Model: "DS-3WF0AC-2NT", Firmware: "V1.1.0"}
		if err := store.SaveSeen(t.Context(), state.Device{Address: schema.Device{Name: name}, Identity: identity, LastSeen: now.Add(-ago)}); err != nil {
			t.Fatal(err)
		}
	}
	report, err := e.Advisories(t.Context(), cfg, nil)
	if err != nil {
		t.Fatal(err)
	}
	for i, want := range []struct {
		name       string
		seen, old  bool
		notUnknown bool
	}{{"never", false, false, false}, {"new", true, false, true}, {"old", true, true, true}} {
		d := report.Devices[i]
		known := len(advisory.IDs(d.Findings, advisory.Unknown)) < len(d.Findings)
		if d.Address.Name != want.name || d.Seen.IsZero() == want.seen || d.Old != want.old || known != want.notUnknown {
			t.Errorf("%s: seen %s, old %t, known %t", d.Address, d.Seen, d.Old, known)
		}
	}
	if n := report.Count()[advisory.Unknown]; n != 3 { // CVE-2021-36260 leaves all in doubt
		t.Errorf("%d devices are not known", n)
	}
	targeted, err := e.Advisories(t.Context(), cfg, []schema.Setting{{Device: schema.Device{Name: "new"}}})
	if err != nil || len(targeted.Devices) != 1 || len(targeted.Targets) != 1 {
		t.Errorf("%+v: %v", targeted, err)
	}
}
