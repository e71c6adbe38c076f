package engine_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/hashicorp/hcl/v2"
	"github.com/zclconf/go-cty/cty"

	"camform/engine"
	"camform/engine/config"
	"camform/engine/diag"
	"camform/engine/live"
	"camform/engine/lockfile"
	"camform/engine/state"
	"camform/providers"
	"camform/providers/memory"
	"camform/schema"
)

// judging is a provider that says the same of every switch that is off: by itself, and for a device.
type judging struct {
	providers.Provider
	alone, device []providers.AttributeError
}

func (j judging) CheckAlone(_ *schema.Kind, want cty.Value) []providers.AttributeError {
	return ofOff(want, j.alone)
}

func (j judging) Check(_ *schema.Kind, _ providers.Documents, _ string, want cty.Value) []providers.AttributeError {
	return ofOff(want, j.device)
}

func ofOff(want cty.Value, says []providers.AttributeError) []providers.AttributeError {
	if off := want.GetAttr("enabled"); off.IsKnown() && !off.IsNull() && off.False() {
		return says
	}
	return nil
}

// unlocked is a configuration of devices with a switch each, and what there is to put into a lock of them.
type unlocked struct {
	provider providers.Provider
	kind     *schema.Kind
	cfg      *config.Config
}

func newUnlocked(values map[string]cty.Value) unlocked {
	u := unlocked{provider: memory.NewFleet(time.Now).Provider(), cfg: &config.Config{}}
	u.kind = u.provider.Kinds().Lookup("cloud")
	line := hcl.Range{Filename: "main.cam.hcl", Start: hcl.Pos{Line: 3}, End: hcl.Pos{Line: 3}}
	for name, value := range values {
		device := schema.Device{Name: name}
		u.cfg.Devices = append(u.cfg.Devices, &config.Device{Address: device, Settings: []*config.Setting{{
			Address: schema.Setting{Device: device, Kind: u.kind.Name}, Kind: u.kind, Range: line,
			Attributes: map[string]config.Attribute{"enabled": {Value: value, Range: line}},
		}}})
	}
	slices.SortFunc(u.cfg.Devices, func(a, b *config.Device) int { return a.Address.Compare(b.Address) })
	return u
}

// lock puts a device into a lock. A document without a text is one that the device does not have.
func (u unlocked) lock(l *lockfile.File, name, firmware string, docs map[string]string) {
	snap := &live.Snapshot{Device: schema.Device{Name: name}, Identity: providers.Identity{Model: "M", Firmware: firmware}, Documents: providers.Documents{}}
	for path, text := range docs {
		snap.Documents[path] = providers.Document{Path: path, Body: []byte(text)}
		if text == "" {
			snap.Documents[path] = providers.Document{Path: path, Missing: "404"}
		}
	}
	l.Set(snap, func(docs providers.Documents) providers.Documents { return docs })
}

// has are the documents of a device with the switch.
func (u unlocked) has() map[string]string {
	return map[string]string{u.kind.Document.Path: `{"items":{"":{"enabled":true}}}`}
}

// codes are those of problems with what they are about, in order.
func codes(problems diag.Problems) string {
	var all []string
	for _, p := range problems.Sorted() {
		all = append(all, strings.TrimSpace(string(p.Severity)+" "+p.Code+" "+p.Place()))
	}
	return strings.Join(all, ", ")
}

func says(detail string) []providers.AttributeError {
	return []providers.AttributeError{{Attribute: "enabled", Detail: detail}}
}

// Only what a device would refuse makes a configuration wrong. What it lacks is left out by plans, and what is unproven is for a plan
// to tell.
func TestALockRefusesOnlyWhatTheDeviceWould(t *testing.T) {
	u := newUnlocked(map[string]cty.Value{"gate": cty.False})
	locked := lockfile.New()
	u.lock(locked, "gate", "1", u.has())
	for title, c := range map[string]struct {
		wrong providers.AttributeError
		want  string
	}{
		"it would refuse": {providers.AttributeError{Attribute: "enabled", Detail: "No."}, "error value-not-accepted device.gate.cloud"},
		"it lacks it":     {providers.AttributeError{Attribute: "enabled", Detail: "No.", Lacks: true}, "warning setting-not-on-device device.gate.cloud"},
		"it is unproven":  {providers.AttributeError{Attribute: "enabled", Detail: "No.", Unproven: true}, ""},
	} {
		problems := engine.Validate(u.cfg, locked, nil, judging{Provider: u.provider, device: []providers.AttributeError{c.wrong}})
		if codes(problems) != c.want {
			t.Errorf("%s: %v", title, problems)
		}
		for _, p := range problems {
			if p.Subject == nil || p.Subject.Start.Line != 3 {
				t.Errorf("%s: it does not say where: %v", title, p)
			}
		}
	}
}

// What no device takes is found with a lock and without, once, and not on a device with another value.
func TestValuesThatNoDeviceTakesAreFoundOnce(t *testing.T) {
	u := newUnlocked(map[string]cty.Value{"a": cty.False, "b": cty.True, "c": cty.False, "d": cty.UnknownVal(cty.Bool)})
	locked := lockfile.New()
	for _, name := range []string{"a", "b", "c", "d"} {
		u.lock(locked, name, "1", u.has())
	}
	const want = "error impossible-value device.a.cloud, error impossible-value device.c.cloud"
	provider := judging{Provider: u.provider, alone: says("Never."), device: says("Never.")}
	if got := codes(engine.Validate(u.cfg, locked, nil, provider)); got != want {
		t.Errorf("with a lock: %s", got)
	}
	if got := codes(engine.Validate(u.cfg, nil, nil, provider)); got != want+", warning no-lock" {
		t.Errorf("without a lock: %s", got)
	}
}

// What one device would refuse is no word about one that can do something else.
func TestDevicesAreJudgedByWhatTheyThemselvesCanDo(t *testing.T) {
	u := newUnlocked(map[string]cty.Value{"has": cty.False, "lacks": cty.False, "untold": cty.False})
	locked := lockfile.New()
	u.lock(locked, "has", "1", u.has())
	u.lock(locked, "lacks", "1", map[string]string{u.kind.Document.Path: ""})
	u.lock(locked, "untold", "1", nil)
	problems := engine.Validate(u.cfg, locked, nil, judging{Provider: u.provider, device: says("No.")})
	if got, want := codes(problems), "error value-not-accepted device.has.cloud, warning setting-not-on-device device.lacks.cloud, warning lock-out-of-date"; got != want {
		t.Errorf("got %s", got)
	}
	if text := fmt.Sprint(problems); !strings.Contains(text, "does not have the capabilities of the devices for device.untold.cloud. Run camform lock") {
		t.Errorf("got %s", text)
	}
}

// A lock that does not fit any more says so once, whatever the number of devices, and what to do.
func TestALockThatIsOutOfDateIsTold(t *testing.T) {
	const advice = " Run camform lock where the devices can be reached."
	devices := map[string]cty.Value{"a": cty.True, "b": cty.True, "c": cty.True, "d": cty.True}
	u := newUnlocked(devices)
	whole := func() *lockfile.File {
		l := lockfile.New()
		for name := range devices {
			u.lock(l, name, "1", u.has())
		}
		return l
	}
	seen := func(firmware string) (all []state.Device) {
		for name := range devices {
			all = append(all, state.Device{Address: schema.Device{Name: name}, Identity: providers.Identity{Model: "M", Firmware: firmware}})
		}
		return all
	}
	for title, c := range map[string]struct {
		change func(*lockfile.File, *config.Config) *lockfile.File
		seen   []state.Device
		want   string
	}{
		"it is up to date":           {seen: seen("1")},
		"nobody remembers a device":  {},
		"firmware is not remembered": {seen: seen("")},
		"there is none": {
			change: func(*lockfile.File, *config.Config) *lockfile.File { return nil },
			want:   "There is no camform.lock.json, so values were not checked against the capabilities of the devices.",
		},
		"it is empty": {
			change: func(*lockfile.File, *config.Config) *lockfile.File { return lockfile.New() },
			want:   "camform.lock.json does not have the capabilities of device.a, device.b, device.c and 1 more.",
		},
		"other firmware was seen": {
			seen: seen("2")[:1],
			want: `was last seen with "M 2", and the lock file has "M 1".`,
		},
		"another model is declared": {
			change: func(l *lockfile.File, cfg *config.Config) *lockfile.File {
				cfg.Devices[0].Identity.Model = "N"
				return l
			},
			want: `camform.lock.json was made with other devices than those of the configuration: device.a is declared as "N" and was "M 1".`,
		},
		"a device is gone": {
			change: func(l *lockfile.File, _ *config.Config) *lockfile.File {
				u.lock(l, "e", "1", u.has())
				return l
			},
			want: "camform.lock.json has devices that the configuration no longer has: device.e.",
		},
	} {
		cfg, locked := newUnlocked(devices).cfg, whole()
		if c.change != nil {
			locked = c.change(locked, cfg)
		}
		problems := engine.Validate(cfg, locked, c.seen, u.provider)
		switch {
		case c.want == "" && len(problems) == 0:
		case c.want == "" || len(problems) != 1 || problems[0].Severity != diag.Warning || !strings.HasSuffix(problems[0].Detail, c.want+advice):
			t.Errorf("%s: %v", title, problems)
		}
	}
}

// Values of a fleet that differ from device to device, and those that are the same on all.
func BenchmarkValidate(b *testing.B) {
	const devices = 10_000
	values := map[string]cty.Value{}
	for i := range devices {
		values[fmt.Sprintf("d%05d", i)] = cty.BoolVal(i%2 == 0)
	}
	u := newUnlocked(values)
	locked := lockfile.New()
	for name := range values {
		u.lock(locked, name, "1", u.has())
	}
	b.ResetTimer()
	for b.Loop() {
		if problems := engine.Validate(u.cfg, locked, nil, u.provider); len(problems) > 0 {
			b.Fatal(problems)
		}
	}
	b.ReportMetric(float64(b.Elapsed().Microseconds())/float64(b.N)/devices, "µs/device")
}
