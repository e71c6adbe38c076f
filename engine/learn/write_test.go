package learn_test

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/zclconf/go-cty/cty"

	"camform/engine/learn"
	"camform/providers"
	"camform/schema"
)

func learned(devices []learn.Device) *learn.Result {
	return learn.Learn(devices, learn.Options{Kinds: kinds})
}

// merged are values on top of others.
func merged(values ...map[string]cty.Value) map[string]cty.Value {
	all := map[string]cty.Value{}
	for _, more := range values {
		maps.Copy(all, more)
	}
	return all
}

var hardened = map[string]cty.Value{
	"time.mode": str("NTP"), "time.zone": str("CST-1:00:00"), "ntp.server": str("ntp.example.com"), "ntp.port": cty.NumberIntVal(123),
	"filter.enabled": cty.True, "service/HTTP.enabled": cty.False, "service/RTSP.enabled": cty.True, "service/RTSP.port": cty.NumberIntVal(554),
}

func TestWhatMostDevicesHaveIsTheBaseAndOthersOverrideIt(t *testing.T) {
	var devices []learn.Device
	var want []map[string]cty.Value
	for i := range 9 {
		values := merged(hardened)
		model := "DS-2CD2357"
		switch {
		case i == 0: // neither the first nor the last word is what counts, but how many have it
			model, values["ntp.server"] = "DS-7616NI", str("other.example.com")
			values["overlay/x.text"] = str("alone")
		case i > 5:
			model = "DS-2TD1228"
			values["system.location"] = str("roof")
		}
		d := device(i, values)
		d.Identity.Model = model
		devices, want = append(devices, d), append(want, values)
	}
	r := learned(devices)
	wants(t, r, devices, want)
	if got, want := string(r.Files[learn.ProfilesFile]), `profile "base" {
  filter {
    enabled = true
  }

  ntp {
    server = "ntp.example.com"
    port   = 123
  }

  service "HTTP" {
    enabled = false
  }

  service "RTSP" {
    enabled = true
    port    = 554
  }

  time {
    mode = "NTP"
    zone = "CST-1:00:00"
  }
}
`; got != want {
		t.Error(cmp.Diff(want, got))
	}
	if text := string(r.Files[learn.DevicesFile]); strings.Count(text, "ntp {") != 1 || strings.Count(text, "other.example.com") != 1 {
		t.Errorf("the time server of one device is not the only thing that is overridden:\n%s", text)
	}
}

// TestWhatGroupsShareIsAProfile: four shapes of devices, and two and two have much in common.
func TestWhatGroupsShareIsAProfile(t *testing.T) {
	var devices []learn.Device
	var want []map[string]cty.Value
	for i := range 8 {
		values, model := map[string]cty.Value{}, "DS-2CD2357"
		if i >= 4 {
			model = "DS-7616NI"
			values = merged(hardened)
		}
		if i%2 == 1 {
			model += "-X"
			values["system.location"] = str("roof")
		}
		d := device(i, values)
		d.Identity.Model = model
		devices, want = append(devices, d), append(want, values)
	}
	r := learned(devices)
	wants(t, r, devices, want)
	if r.Profiles != 1 || r.Blocks != 4 || !strings.HasPrefix(string(r.Files[learn.ProfilesFile]), `profile "ds-7616ni" {`) {
		t.Errorf("%d profiles and %d blocks, want one profile for the model and 4 blocks\n%s", r.Profiles, r.Blocks, shown(r))
	}
	devices, want = devices[:6], want[:6]
	for i := range devices {
		devices[i].Identity.Model = "DS-" + string(rune('A'+i))
	}
	r = learned(devices)
	wants(t, r, devices, want)
	if !strings.HasPrefix(string(r.Files[learn.ProfilesFile]), `profile "group-`) {
		t.Errorf("a group whose models have nothing in common has a name\n%s", shown(r))
	}
}

// TestManyDevicesThatHaveMuchInCommonStandApart: one table would need a column for each setting in which the two sites
// differ, and a cell for each device in each of them.
func TestManyDevicesThatHaveMuchInCommonStandApart(t *testing.T) {
	fleet := func(n int) ([]learn.Device, []map[string]cty.Value) {
		var devices []learn.Device
		var want []map[string]cty.Value
		for i := range n {
			site := []string{"north", "south"}[i%2]
			values := map[string]cty.Value{"system.name": str(fmt.Sprintf("Camera %d", i))}
			for k := range 10 {
				values[fmt.Sprintf("overlay/%d.text", k)] = str(fmt.Sprintf("%s %d", site, k))
			}
			d := device(i, values)
			d.Site = site
			devices, want = append(devices, d), append(want, values)
		}
		return devices, want
	}
	for n, blocks := range map[int]int{10: 1, 200: 2} {
		devices, want := fleet(n)
		r := learned(devices)
		wants(t, r, devices, want)
		if r.Blocks != blocks {
			t.Errorf("%d devices of two sites are %d blocks, want %d", n, r.Blocks, blocks)
		}
	}
}

// TestDevicesThatShareLittleStayTogether: each of ten settings divides the devices into halves, but no two in the same way.
func TestDevicesThatShareLittleStayTogether(t *testing.T) {
	var devices []learn.Device
	var want []map[string]cty.Value
	for i := range 100 {
		values := map[string]cty.Value{}
		for k, factor := range []int{1, 3, 7, 9, 11, 13, 17, 19, 21, 23} {
			values[fmt.Sprintf("overlay/%d.text", k)] = str(fmt.Sprint(i * factor % 100 / 50))
		}
		devices, want = append(devices, device(i, values)), append(want, values)
	}
	r := learned(devices)
	wants(t, r, devices, want)
	if r.Blocks != 1 {
		t.Errorf("there are %d blocks, want 1", r.Blocks)
	}
}

func TestCellsAreReadBackAsTheyWere(t *testing.T) {
	for name, values := range map[string][]cty.Value{
		`split\(" ", each.value.filter_addresses\)`:               {set("a", "b"), set("c")},
		`compact\(split\(" ", each.value.filter_addresses\)\)`:    {set("a", "b"), set()},
		`jsondecode\(each.value.filter_addresses\)`:               {set("a b"), set("c")},
		`= jsondecode\(each.value.filter_addresses\)`:             {set(""), set("c")},
		`  addresses = jsondecode\(each.value.filter_addresses\)`: {set("a\nb"), set()},
		`each.value.system_location`:                              {str("x"), str("")},
		`location = each.value.system_location`:                   {str("a\nb, \"c\" ${d}"), str(" y ")},
		`jsondecode\(each.value.system_location\)`:                {str("a\r\nb"), str("y")},
		`  location = jsondecode\(each.value.system_location\)`:   {str("=1+1"), str("x")},
		`   location = jsondecode\(each.value.system_location\)`:  {str("x\u202e"), str("x")},
		`each.value.ntp_offset`:                                   {cty.MustParseNumberVal("123456789012345678901"), cty.MustParseNumberVal("-0.1")},
		`each.value.filter_enabled`:                               {cty.True, cty.False},
		`order = split\(" ", each.value.filter_order\)`: {
			cty.ListVal([]cty.Value{str("b"), str("a"), str("b")}), cty.ListVal([]cty.Value{str("c")}),
		},
	} {
		column := name[strings.Index(name, "each.value.")+len("each.value."):]
		place := strings.Replace(strings.TrimRight(column, `\)`), "_", ".", 1)
		var devices []learn.Device
		var want []map[string]cty.Value
		for i, v := range values {
			devices = append(devices, device(i, map[string]cty.Value{place: v}))
			want = append(want, map[string]cty.Value{place: v})
		}
		r := learned(devices)
		wants(t, r, devices, want)
		if !regexp.MustCompile(name).Match(r.Files[learn.DevicesFile]) {
			t.Errorf("the cells are not read by %s:\n%s", name, shown(r))
		}
	}
}

func TestThePasswordOfTheLoginIsWrittenWhereAConfigurationTakesIt(t *testing.T) {
	d := device(0, map[string]cty.Value{"user/admin.level": str("Administrator"), "user/other.level": str("Viewer")})
	want := map[string]cty.Value{"user/admin.level": str("Administrator"), "user/other.level": str("Viewer")}
	d.Password = schema.MarkSecret(schema.NewSecret("short").Value(), "env:LOGIN")
	r := learned([]learn.Device{d})
	if text := string(r.Files[learn.DevicesFile]); strings.Count(text, "password ") != 1 || len(r.Left) != 2 {
		t.Errorf("a password is written that a configuration refuses, or is not told: %v\n%s", r.Left, text)
	}
	d.Password = schema.MarkSecret(schema.NewSecret(loginPassword).Value(), loginOrigin)
	want["user/admin.password"] = str(loginPassword)
	wants(t, learned([]learn.Device{d}), []learn.Device{d}, []map[string]cty.Value{want})
}

func TestNamesAreReadableAndNeverCollide(t *testing.T) {
	named := func(name, own, model string) learn.Device {
		values := map[string]cty.Value{"system.location": str("x")}
		if own != "" {
			values["system.name"] = str(own)
		}
		d := device(len(name)+100*len(own)+10000*len(model), values)
		d.Name, d.Identity.Model = name, model
		return d
	}
	devices := []learn.Device{
		named("lobby", "Gate", "M"), named("", "IP Camera 03", "M"), named("", "7", "DS-2CD2357/X"), named("", "", "DS-2CD2357 X"),
		named("", "!", ""), named("", "", "7"), named("Lobby", "", ""), named("", "Straße Süd", ""),
	}
	for i := range devices {
		devices[i].Address = fmt.Sprintf("https://192.0.2.%d", i+1)
		devices[i].Identity.Serial = ""
	}
	var names []string
	for _, a := range learn.Import(devices, learn.Options{Kinds: kinds}).Addresses {
		names = append(names, a.String())
	}
	want := []string{
		"device.lobby", "device.ip-camera-03", "device.ds-2cd2357-x", "device.ds-2cd2357-x-2", "device.device", "device.device-2",
		"device.Lobby", "device.straße-süd",
	}
	if !slices.Equal(names, want) {
		t.Errorf("names are %q, want %q", names, want)
	}
	taken := learn.Import(devices[:1], learn.Options{Kinds: kinds, Taken: []string{"lobby"}}).Addresses[0]
	if want := (schema.Device{Name: "lobby-2"}); taken != want {
		t.Errorf("a name that is taken was given again: %s", taken)
	}
	same := cameras(3)
	for i := range same {
		same[i].Name = "Gate  7 \"${x}\""
	}
	var keys []string
	for _, a := range learned(same).Addresses {
		keys = append(keys, a.Key)
	}
	if want := []string{`Gate 7 "${x}"`, `Gate 7 "${x}"-2`, `Gate 7 "${x}"-3`}; !slices.Equal(keys, want) {
		t.Errorf("keys are %q, want %q", keys, want)
	}
}

func TestTheNameOfADeviceIsWrittenOnce(t *testing.T) {
	devices := cameras(3)
	for i := range devices {
		devices[i].Name = fmt.Sprintf("Gate %d", i)
	}
	r := learned(devices)
	if text := string(r.Files[learn.DevicesFile]); !strings.Contains(text, "name = each.key\n") {
		t.Errorf("the name is not the key:\n%s", text)
	}
	if table, _, _ := strings.Cut(string(r.Files[learn.TableFile]), "\n"); table != "name,address,serial" {
		t.Errorf("the table has the columns %s", table)
	}
}

// TestI1NoSecretIsInAnyFile also looks for secrets in what is reported.
func TestI1NoSecretIsInAnyFile(t *testing.T) {
	const community, other, trap = "Comm-Unity-1", "Comm-Unity-2", "Tr4p"
	var devices []learn.Device
	var want []map[string]cty.Value
	for i := range 4 {
		values := map[string]cty.Value{"snmp.community": str(community), "snmp.trap": str(trap), "user/admin.level": str("Administrator")}
		if i == 2 {
			values["snmp.community"] = str(other)
		}
		devices = append(devices, device(i, values))
		want = append(want, merged(values, map[string]cty.Value{"user/admin.password": str(loginPassword)}))
	}
	for name, r := range map[string]*learn.Result{
		"learn": learned(devices), "import": learn.Import(devices, learn.Options{Kinds: kinds}),
	} {
		wants(t, r, devices, want)
		told := fmt.Sprint(shown(r), r.Left)
		for _, secret := range []string{community, other, loginPassword} {
			if strings.Contains(told, secret) {
				t.Errorf("%s: %s was written", name, secret)
			}
		}
		if want := map[string]schema.Secret{
			"env:CAMFORM_SNMP_COMMUNITY": schema.NewSecret(community), "env:CAMFORM_SNMP_COMMUNITY_2": schema.NewSecret(other),
		}; !maps.Equal(r.Secrets, want) {
			t.Errorf("%s: the secrets are others, of %q", name, slices.Sorted(maps.Keys(r.Secrets)))
		}
		if got, want := string(r.Files[learn.SecretsFile]),
			"# snmp.community\nCAMFORM_SNMP_COMMUNITY=\n# snmp.community\nCAMFORM_SNMP_COMMUNITY_2=\n# login of admin\nLOGIN=\n"; got != want {
			t.Errorf("%s: %s is\n%s", name, learn.SecretsFile, got)
		}
	}
}

func TestAVariableThatTheLoginUsesIsNoOther(t *testing.T) {
	d := device(0, map[string]cty.Value{"snmp.community": str("public")})
	d.Password = schema.MarkSecret(schema.NewSecret(loginPassword).Value(), "env:CAMFORM_SNMP_COMMUNITY")
	r := learned([]learn.Device{d})
	if want := map[string]schema.Secret{"env:CAMFORM_SNMP_COMMUNITY_2": schema.NewSecret("public")}; !maps.Equal(r.Secrets, want) {
		t.Errorf("the secrets are others, of %q", slices.Sorted(maps.Keys(r.Secrets)))
	}
}

func TestI15WhatADeviceMasksInPartIsNoWish(t *testing.T) {
	for text, kept := range map[string]bool{"b***@example.com": false, "••67": false, "a*b": true} {
		r := learn.Import([]learn.Device{device(0, map[string]cty.Value{"system.location": str(text)})}, learn.Options{Kinds: kinds})
		if written := string(r.Files[learn.DevicesFile]); strings.Contains(written, text) != kept {
			t.Errorf("%s: the configuration is\n%s", text, written)
		}
	}
}

func TestWhatCannotBeWrittenIsTold(t *testing.T) {
	values := map[string]cty.Value{
		"time.mode": str("satellite"), "time.zone": str("UTC"), "ntp.port": cty.NumberIntVal(0), "snmp.community": str(""),
		"user/viewer.level": str("Viewer"), "service/QUIC.port": cty.NumberIntVal(7), "overlay/.text": str("x"),
		"system.location": str("\xff"), "filter.addresses": set("bad"), "overlay/\x1b[1m.text": str("x"),
		"mask/a1.text": str("x"), "filter.order": cty.ListVal([]cty.Value{str("a"), cty.NullVal(cty.String)}),
	}
	d := device(0, values)
	refuse := func(kind *schema.Kind, _ providers.Documents, key string, want cty.Value) []providers.AttributeError {
		switch {
		case kind.Name == "filter":
			return []providers.AttributeError{{Attribute: "addresses", Detail: "It\nholds none."}}
		case kind.Name == "overlay":
			return []providers.AttributeError{{Detail: "It shows none."}}
		case kind.Name == "time":
			return []providers.AttributeError{{Attribute: "zone", Detail: "Not tested.", Unproven: true}}
		}
		return nil
	}
	d.Unreadable = map[schema.Setting]string{{Kind: "user"}: "it sent half a document"}
	r := learn.Import([]learn.Device{d}, learn.Options{Kinds: kinds, Check: refuse})
	wants(t, r, []learn.Device{d}, []map[string]cty.Value{{"time.zone": str("UTC"), "user/viewer.level": str("Viewer")}})
	head, _, _ := strings.Cut(string(r.Files[learn.DevicesFile]), "\ndevice ")
	if want := `# Left out: filter.order, because camform could read only part of it
# Left out: filter.addresses, because the device would not accept it: It holds none.
# Left out: mask.a1, because camform knows no mask of this name
# Left out: ntp.port, because its value is outside the limits that camform knows: 1 to 65535
# Left out: overlay, because it has no name
# Left out: overlay[" [1m"], because the device would not accept it: It shows none.
# Left out: service.QUIC, because camform knows no service of this name
# Left out: snmp.community, because it is not text that a variable can hold
# Left out: snmp.key, user.viewer.password, because devices never return it; to manage it, add it with secret("env:NAME")
# Left out: system.location, because it is not text
# Left out: time.mode, because its value is none of those that camform writes: NTP, manual
# Left out: user, because it could not be read: it sent half a document`; head != want {
		t.Error(cmp.Diff(want, head))
	}
	for _, l := range r.Left {
		if l.Device != r.Addresses[0] || l.Setting.Device != r.Addresses[0] || l.Setting.Kind == "" {
			t.Errorf("it is not told where something was left out: %+v", l)
		}
	}
}

func TestWhatWasLeftOutOfSomeDevicesIsCounted(t *testing.T) {
	devices := cameras(4)
	for i := range devices {
		devices[i].Items["time"][""] = cty.ObjectVal(map[string]cty.Value{"zone": str("UTC"), "mode": str([]string{"NTP", "satellite"}[i/3])})
	}
	devices[0].Items["snmp"] = providers.Items{"": cty.ObjectVal(map[string]cty.Value{
		"community": cty.NullVal(cty.String), "trap": cty.NullVal(cty.String), "key": cty.NullVal(cty.String),
	})}
	r := learned(devices)
	if text := string(r.Files[learn.DevicesFile]); !strings.Contains(text, "# Left out: snmp.key, because devices never return it; to manage it, add it with secret(\"env:NAME\") (1 of 3 devices)\n") {
		t.Errorf("it is not told how many devices have more than was written:\n%s", text)
	}
	if len(r.Left) != 2 || r.Left[0].Device != r.Addresses[0] || r.Left[1].Device != r.Addresses[3] || r.Left[1].Attribute != "mode" {
		t.Errorf("left out is %+v", r.Left)
	}
}

func TestALongListHasALineForEachElement(t *testing.T) {
	var addresses []string
	for i := range 20 {
		addresses = append(addresses, fmt.Sprintf("192.0.2.%d", i))
	}
	d := device(0, map[string]cty.Value{"filter.addresses": set(addresses...)})
	r := learn.Import([]learn.Device{d}, learn.Options{Kinds: kinds})
	wants(t, r, []learn.Device{d}, []map[string]cty.Value{{"filter.addresses": set(addresses...)}})
	if text := string(r.Files[learn.DevicesFile]); !strings.Contains(text, "\n      \"192.0.2.7\",\n") {
		t.Errorf("the addresses have no lines of their own:\n%s", text)
	}
}

func TestNoDevicesAreNoFiles(t *testing.T) {
	for _, r := range []*learn.Result{learned(nil), learn.Import(nil, learn.Options{Kinds: kinds})} {
		if len(r.Files) != 0 || len(r.Addresses) != 0 {
			t.Errorf("without devices there is %+v", r)
		}
	}
}

// BenchmarkLearn learns ten thousand devices with a hundred and fifty attributes each.
func BenchmarkLearn(b *testing.B) {
	var devices []learn.Device
	for i := range 10000 {
		values := map[string]cty.Value{"system.name": str(fmt.Sprintf("Gate %d", i)), "time.zone": str(fmt.Sprintf("CST-%d:00:00", i%3))}
		for k := range 74 {
			place := fmt.Sprintf("overlay/%d.", k)
			values[place+"text"], values[place+"size"] = str(fmt.Sprint(i%7*k)), cty.NumberIntVal(int64(i/1000*k))
		}
		devices = append(devices, device(i, values))
	}
	for b.Loop() {
		r := learned(devices)
		b.ReportMetric(float64(r.Lines()), "lines")
	}
}

// Bytes of a device that are no characters stay as they are: written as a wish, what is shown of them would take their place.
func TestBytesAreNoWish(t *testing.T) {
	d := device(0, map[string]cty.Value{
		"system.location": str(`\xca\xe9\xb7\xbf`), "overlay/x.text": str(`C:\xyz`), `overlay/\xb6\xab.text`: str("east"),
	})
	r := learn.Import([]learn.Device{d}, learn.Options{Kinds: kinds})
	text := string(r.Files[learn.DevicesFile])
	for _, want := range []string{
		`# Left out: overlay["\\xb6\\xab"], because its name contains bytes that are not characters; it stays as it is`,
		`# Left out: system.location, because its value contains bytes that are not characters, \xca\xe9\xb7\xbf; they stay as they are while nothing declares it`,
		`text = "C:\\xyz"`,
	} {
		if !strings.Contains(text, want) {
			t.Errorf("%q is missing in\n%s", want, text)
		}
	}
	if strings.Contains(text, "location =") || strings.Contains(text, "east") {
		t.Errorf("written as a wish:\n%s", text)
	}
}

func TestEntriesThatAreNoItemsAreLeftOut(t *testing.T) {
	d := device(0, map[string]cty.Value{"service/HTTP.enabled": cty.True})
	d.Omitted = map[string][]providers.Omission{
		"service": {{Key: "Zeta", Why: "because nobody knows it"}},
		"system":  {{Attribute: "contact", Why: "because of a range"}},
	}
	r := learn.Import([]learn.Device{d}, learn.Options{Kinds: kinds})
	if text := string(r.Files[learn.DevicesFile]); !strings.Contains(text, "# Left out: service.Zeta, because nobody knows it\n") ||
		!strings.Contains(text, "# Left out: system.contact, because of a range\n") || len(r.Left) != 2 {
		t.Errorf("%v\n%s", r.Left, text)
	}
}
