package schema_test

import (
	"slices"
	"strings"
	"testing"

	"golang.org/x/text/unicode/norm"
	"pgregory.net/rapid"

	"camform/schema"
)

func TestAddressesHaveOneSpelling(t *testing.T) {
	north := schema.Device{Name: "gate", Key: "north", Each: true}
	for _, tc := range []struct {
		setting schema.Setting
		want    string
	}{
		{schema.Setting{Device: schema.Device{Name: "gate"}, Kind: "https"}, `device.gate.https`},
		{schema.Setting{Device: north, Kind: "https"}, `device.gate["north"].https`},
		{schema.Setting{Device: north, Kind: "user", Key: "operator"}, `device.gate["north"].user.operator`},
		{schema.Setting{Device: north, Kind: "user", Key: "a b"}, `device.gate["north"].user["a b"]`},
		{schema.Setting{Device: north, Kind: "user", Key: "2"}, `device.gate["north"].user["2"]`},
		{schema.Setting{Device: schema.Device{Name: "gate", Each: true}, Kind: "ntp"}, `device.gate[""].ntp`},
		{
			schema.Setting{Device: schema.Device{Name: "gate", Key: `a"b\c${d}%{e}` + "\t\r\n", Each: true}, Kind: "ntp"},
			`device.gate["a\"b\\c$${d}%%{e}\t\r\n"].ntp`,
		},
	} {
		if got := tc.setting.String(); got != tc.want {
			t.Errorf("%#v is written %s, want %s", tc.setting, got, tc.want)
		}
		got, err := schema.ParseSetting(tc.want)
		if err != nil || got != tc.setting {
			t.Errorf("ParseSetting(%s) = %#v, %v", tc.want, got, err)
		}
	}
	if got := (schema.Setting{Device: north}).String(); got != `device.gate["north"]` {
		t.Errorf("a whole device is written %s", got)
	}
}

func TestEveryAddressIsReadBack(t *testing.T) {
	name := rapid.StringMatching(`[a-z][a-z0-9_-]{0,8}`)
	key := rapid.Custom(func(t *rapid.T) string {
		fragments := rapid.SliceOf(rapid.SampledFrom([]string{"$", "%", "{", "}", `"`, `\`, "\n", "ä", " ", "x", ".", "[", "0", "\u200b", "…"}))
		return norm.NFC.String(strings.Join(fragments.Draw(t, "fragments"), ""))
	})
	rapid.Check(t, func(t *rapid.T) {
		want := schema.Setting{Device: schema.Device{Name: name.Draw(t, "name")}, Kind: name.Draw(t, "kind"), Key: key.Draw(t, "item")}
		if rapid.Bool().Draw(t, "each") {
			want.Device.Key, want.Device.Each = key.Draw(t, "key"), true
		}
		got, err := schema.ParseSetting(want.String())
		if err != nil || got != want {
			t.Fatalf("%#v is written %s and read as %#v, %v", want, want, got, err)
		}
		device, err := schema.ParseDevice(want.Device.String())
		if err != nil || device != want.Device {
			t.Fatalf("%#v is written %s and read as %#v, %v", want.Device, want.Device, device, err)
		}
	})
}

func TestWrongAddressesAreExplained(t *testing.T) {
	const help = `an address is written like device.gate, device.gate["north"].https or device.gate["north"].user.operator`
	const network = `that is a network address; use the address in the configuration, such as device.gate ("camform inventory" lists both)`
	for text, want := range map[string]string{
		"":                             `"" is not an address: ` + help,
		"gate":                         `"gate" is not an address: ` + help,
		"camera.gate.https":            `"camera.gate.https" is not an address: ` + help,
		`device["gate"].https`:         `"device[\"gate\"].https" is not an address: ` + help,
		"device.gate[1].https":         `"device.gate[1].https" is not an address: a key needs quotes: device.gate["1"].https (in a shell, put single quotes around the address)`,
		"device.gate[north]":           `"device.gate[north]" is not an address: a key needs quotes: device.gate["north"] (in a shell, put single quotes around the address)`,
		"192.0.2.7":                    `"192.0.2.7" is not an address: ` + network,
		"https://192.0.2.7:8443/":      `"https://192.0.2.7:8443/" is not an address: ` + network,
		"[2001:db8::1]:443":            `"[2001:db8::1]:443" is not an address: ` + network,
		`device.gate["${x}"].https`:    `"device.gate[\"${x}\"].https" is not an address: ` + help,
		"device.gate.user.2":           `"device.gate.user.2" is not an address: ` + help,
		"device.gate.user[2]":          `"device.gate.user[2]" is not an address: ` + help,
		`device.gate.user[""]`:         `"device.gate.user[\"\"]" is not an address: ` + help,
		"device.gate.user.a.password":  `"device.gate.user.a.password" is not an address: ` + help,
		`device.gate["a"]["b"].https`:  `"device.gate[\"a\"][\"b\"].https" is not an address: ` + help,
		"device.gate.https; rm -rf /":  `"device.gate.https; rm -rf /" is not an address: ` + help,
		"device.gate":                  `"device.gate" is the address of a device; a setting of it is written like device.gate.https`,
		`device.gate["north west"]`:    `"device.gate[\"north west\"]" is the address of a device; a setting of it is written like device.gate["north west"].https`,
		"device.gate.user.a b":         `"device.gate.user.a b" is not an address: ` + help,
		"device.gate.user.*":           `"device.gate.user.*" is not an address: ` + help,
		"device.gate.user[*].password": `"device.gate.user[*].password" is not an address: ` + help,
	} {
		_, err := schema.ParseSetting(text)
		if err == nil || err.Error() != want {
			t.Errorf("ParseSetting(%q): %v\nwant %s", text, err, want)
		}
	}
	_, err := schema.ParseDevice("device.gate.https")
	if want := `"device.gate.https" is the address of a setting; a device is written like device.gate`; err == nil || err.Error() != want {
		t.Errorf("ParseDevice: %v\nwant %s", err, want)
	}
}

func TestTargetsCoverWhatTheyName(t *testing.T) {
	for _, tc := range []struct {
		target, setting string
		want            bool
	}{
		{`device.gate`, `device.gate.https`, true},
		{`device.gate`, `device.gate["north"].https`, true},
		{`device.gate["north"]`, `device.gate["north"].user.a`, true},
		{`device.gate["north"]`, `device.gate["south"].user.a`, false},
		{`device.gate["north"]`, `device.gate.user.a`, false},
		{`device.gate.https`, `device.gate["north"].https`, true},
		{`device.gate.https`, `device.gate["north"].time`, false},
		{`device.gate.user`, `device.gate.user.a`, true},
		{`device.gate.user.a`, `device.gate.user.a`, true},
		{`device.gate.user.a`, `device.gate.user.b`, false},
		{`device.gate.user.a`, `device.gate.service.a`, false},
		{`device.gate`, `device.gates.https`, false},
	} {
		target, err := schema.ParseTarget(tc.target)
		if err != nil {
			t.Fatal(err)
		}
		setting, err := schema.ParseSetting(tc.setting)
		if err != nil {
			t.Fatal(err)
		}
		if got := target.Covers(setting); got != tc.want {
			t.Errorf("%s covers %s: %v, want %v", tc.target, tc.setting, got, tc.want)
		}
	}
}

func TestAddressesAreOrderedByDeviceKindAndKey(t *testing.T) {
	want := []string{
		`device.a.https`, `device.a.user`, `device.a.user.b`, `device.a.user.c`,
		`device.b.https`, `device.b[""].https`, `device.b["x"].https`, `device.b["y"].https`,
	}
	var settings []schema.Setting
	for _, text := range want {
		s, err := schema.ParseTarget(text)
		if err != nil {
			t.Fatal(err)
		}
		settings = append(settings, s)
	}
	for i, a := range settings {
		for j, b := range settings {
			if got := a.Compare(b); (got < 0) != (i < j) || (got == 0) != (i == j) {
				t.Errorf("%s compared with %s is %d", a, b, got)
			}
		}
	}
	slices.Reverse(settings)
	slices.SortFunc(settings, schema.Setting.Compare)
	for i, s := range settings {
		if s.String() != want[i] {
			t.Errorf("place %d has %s, want %s", i, s, want[i])
		}
	}
}

func TestOnlyTheEmptyDeviceIsZero(t *testing.T) {
	if !(schema.Device{}).IsZero() || (schema.Device{Name: "a"}).IsZero() || (schema.Device{Each: true}).IsZero() {
		t.Error("IsZero must hold for the zero value only")
	}
}
