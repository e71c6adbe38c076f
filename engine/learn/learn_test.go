package learn_test

import (
	"bytes"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/zclconf/go-cty/cty"
	"golang.org/x/text/unicode/norm"
	"pgregory.net/rapid"

	"camform/engine/config"
	"camform/engine/learn"
	"camform/providers"
	"camform/schema"
)

func bound(n int64) *int64 { return &n }

// kinds are one of each sort: values of every type, items with any name and with fixed ones, and secrets.
var kinds = schema.NewKinds(
	&schema.Kind{Name: "system", Attributes: []*schema.Attribute{
		{Name: "name", Type: cty.String, Min: bound(1), Max: bound(40)},
		{Name: "location", Type: cty.String},
	}},
	&schema.Kind{Name: "time", Attributes: []*schema.Attribute{
		{Name: "mode", Type: cty.String, Values: []string{"NTP", "manual"}},
		{Name: "zone", Type: cty.String},
	}},
	&schema.Kind{Name: "ntp", Attributes: []*schema.Attribute{
		{Name: "server", Type: cty.String},
		{Name: "port", Type: cty.Number, Min: bound(1), Max: bound(65535)},
		{Name: "offset", Type: cty.Number},
	}},
	&schema.Kind{Name: "filter", Attributes: []*schema.Attribute{
		{Name: "enabled", Type: cty.Bool},
		{Name: "addresses", Type: cty.Set(cty.String)},
		{Name: "order", Type: cty.List(cty.String)},
	}},
	&schema.Kind{Name: "service", Keyed: true, Keys: []string{"HTTP", "RTSP"}, Attributes: []*schema.Attribute{
		{Name: "enabled", Type: cty.Bool},
		{Name: "port", Type: cty.Number, Min: bound(1), Max: bound(65535)},
	}},
	&schema.Kind{Name: "overlay", Keyed: true, Attributes: []*schema.Attribute{
		{Name: "text", Type: cty.String},
		{Name: "size", Type: cty.Number},
	}},
	&schema.Kind{Name: "mask", Keyed: true, KeyPattern: "a|b", Attributes: []*schema.Attribute{{Name: "text", Type: cty.String}}},
	&schema.Kind{Name: "snmp", Attributes: []*schema.Attribute{
		{Name: "community", Type: cty.String, Secret: true, Max: bound(32)},
		{Name: "trap", Type: cty.String},
		{Name: "key", Type: cty.String, Secret: true, WriteOnly: true},
	}},
	&schema.Kind{Name: "user", Keyed: true, Guards: []*schema.Guard{{Role: schema.Accounts, Level: "level", Password: "password"}}, Attributes: []*schema.Attribute{
		{Name: "level", Type: cty.String, Required: true},
		{Name: "password", Type: cty.String, Min: bound(8), Max: bound(16), Required: true, Secret: true, WriteOnly: true},
	}},
	&schema.Kind{Name: "channel", Keyed: true, Consumes: &schema.Consumes{Account: "login", Password: "secret", Address: "server"}, Attributes: []*schema.Attribute{
		{Name: "server", Type: cty.String},
		{Name: "secret", Type: cty.String, Secret: true, WriteOnly: true},
		{Name: "login", Type: cty.String},
	}},
)

const (
	loginPassword = "Login-1357"
	loginOrigin   = "env:LOGIN"
)

// device makes a device with settings, by "kind", "kind.attribute" or "kind/key.attribute".
func device(n int, values map[string]cty.Value) learn.Device {
	d := learn.Device{
		Address: fmt.Sprintf("https://192.0.%d.%d", n/250, n%250+1), Username: "admin",
		Password: schema.MarkSecret(schema.NewSecret(loginPassword).Value(), loginOrigin),
		Identity: providers.Identity{Serial: fmt.Sprintf("S%05d", n), Model: "DS-2CD2357"},
		Items:    map[string]providers.Items{},
	}
	given := map[string]map[string]map[string]cty.Value{}
	for _, place := range slices.Sorted(maps.Keys(values)) {
		dot := strings.LastIndex(place, ".")
		kind, key, _ := strings.Cut(place[:dot], "/")
		if given[kind] == nil {
			given[kind] = map[string]map[string]cty.Value{}
		}
		if given[kind][key] == nil {
			given[kind][key] = map[string]cty.Value{}
			for _, a := range kinds.Lookup(kind).Attributes {
				given[kind][key][a.Name] = cty.NullVal(a.Type)
			}
		}
		attribute := place[dot+1:]
		given[kind][key][attribute] = kinds.Lookup(kind).Attribute(attribute).Conceal(values[place])
	}
	if name, ok := values["system.name"]; ok && !name.IsNull() {
		d.OwnName = name.AsString()
	}
	for kind, items := range given {
		d.Items[kind] = providers.Items{}
		for key, item := range items {
			d.Items[kind][key] = cty.ObjectVal(item)
		}
	}
	return d
}

func str(text string) cty.Value { return cty.StringVal(text) }

func set(texts ...string) cty.Value {
	if len(texts) == 0 {
		return cty.SetValEmpty(cty.String)
	}
	var values []cty.Value
	for _, text := range texts {
		values = append(values, str(text))
	}
	return cty.SetVal(values)
}

type fatal interface {
	Helper()
	Fatalf(format string, args ...any)
}

// load reads a result as a configuration, which must be free of problems.
func load(t fatal, r *learn.Result) map[schema.Device]*config.Device {
	t.Helper()
	dir, err := os.MkdirTemp("", "learn")
	if err != nil {
		t.Fatalf("%v", err)
	}
	defer func() { _ = os.RemoveAll(dir) }()
	for name, text := range r.Files {
		if err := os.WriteFile(filepath.Join(dir, name), text, 0o600); err != nil {
			t.Fatalf("%v", err)
		}
	}
	cfg, problems := config.Parse(dir, "").Evaluate(config.Options{Kinds: kinds, Secrets: func(origin string) (schema.Secret, bool, error) {
		if origin == loginOrigin {
			return schema.NewSecret(loginPassword), true, nil
		}
		secret, ok := r.Secrets[origin]
		if !ok {
			return secret, false, config.ErrSecretAbsent
		}
		return secret, true, nil
	}})
	for _, p := range problems {
		t.Fatalf("%v\n%s", p.Error(), shown(r))
	}
	byAddress := map[schema.Device]*config.Device{}
	for _, d := range cfg.Devices {
		byAddress[d.Address] = d
	}
	return byAddress
}

func shown(r *learn.Result) string {
	var b strings.Builder
	for _, name := range slices.Sorted(maps.Keys(r.Files)) {
		fmt.Fprintf(&b, "-- %s --\n%s", name, r.Files[name])
	}
	return b.String()
}

// wants compares what a configuration wants of each device with what it has to be.
func wants(t fatal, r *learn.Result, devices []learn.Device, want []map[string]cty.Value) {
	t.Helper()
	loaded := load(t, r)
	if len(loaded) != len(devices) {
		t.Fatalf("%d devices were written, want %d\n%s", len(loaded), len(devices), shown(r))
	}
	for i, d := range devices {
		have := loaded[r.Addresses[i]]
		if have == nil {
			t.Fatalf("there is no %s\n%s", r.Addresses[i], shown(r))
		}
		if diff := cmp.Diff(textsOf(want[i]), settingsOf(have)); diff != "" {
			t.Fatalf("%s (-want +have):\n%s\n%s", r.Addresses[i], diff, shown(r))
		}
		if have.URL.Hostname() != strings.TrimPrefix(d.Address, "https://") || have.Identity.Serial != d.Identity.Serial ||
			have.Site != d.Site || have.Login.Username != d.Username || have.Login.Basic != d.Basic || have.TLS.Legacy != d.Legacy ||
			schema.Origin(have.Login.Password) != schema.Origin(d.Password) || !slices.Equal(have.Tags, d.Tags) {
			t.Fatalf("%s is %+v, want what is said of %+v\n%s", r.Addresses[i], have, d, shown(r))
		}
	}
}

func textsOf(values map[string]cty.Value) map[string]string {
	texts := map[string]string{}
	for place, v := range values {
		texts[place] = schema.Reveal(v).GoString()
	}
	return texts
}

func settingsOf(d *config.Device) map[string]string {
	texts := map[string]string{}
	for _, s := range d.Settings {
		for name, a := range s.Attributes {
			place := s.Address.Kind + "." + name
			if s.Kind.Keyed {
				place = s.Address.Kind + "/" + s.Address.Key + "." + name
			}
			v, _ := a.Value.Unmark()
			texts[place] = schema.Reveal(v).GoString()
		}
	}
	return texts
}

// cameras are many devices that have most in common.
func cameras(n int) []learn.Device {
	var devices []learn.Device
	for i := range n {
		devices = append(devices, device(i, map[string]cty.Value{
			"system.name": str(fmt.Sprintf("Gate %d", i)), "time.mode": str("NTP"), "time.zone": str("CST-1:00:00"),
			"ntp.server": str("ntp.example.com"), "ntp.port": cty.NumberIntVal(123), "filter.addresses": set("192.0.2.1", "192.0.2.2"),
			"filter.enabled": cty.True, "service/HTTP.port": cty.NumberIntVal(80), "service/RTSP.port": cty.NumberIntVal(554),
		}))
	}
	return devices
}

func TestADeviceCostsALine(t *testing.T) {
	a, b := learn.Learn(cameras(100), learn.Options{Kinds: kinds}), learn.Learn(cameras(200), learn.Options{Kinds: kinds})
	if more := b.Lines() - a.Lines(); more != 100 {
		t.Errorf("100 devices more cost %d lines more", more)
	}
	if naive := learn.Import(cameras(200), learn.Options{Kinds: kinds}).Lines(); b.Lines()*10 > naive {
		t.Errorf("200 devices take %d lines, %d without profiles", b.Lines(), naive)
	}
}

func TestWhatIsWrittenIsCanonicalAndAlwaysTheSame(t *testing.T) {
	for name, write := range map[string]func([]learn.Device, learn.Options) *learn.Result{"import": learn.Import, "learn": learn.Learn} {
		first, again := write(cameras(20), learn.Options{Kinds: kinds}), write(cameras(20), learn.Options{Kinds: kinds})
		for file, text := range first.Files {
			if !bytes.Equal(text, again.Files[file]) {
				t.Errorf("%s: %s differs from one run to the next", name, file)
			}
			if !strings.HasSuffix(file, ".hcl") {
				continue
			}
			formatted, problems := config.Format(file, text)
			if len(problems) > 0 || !bytes.Equal(formatted, text) || bytes.Contains(text, []byte("\n\n\n")) {
				t.Errorf("%s: %s is not canonical:\n%s", name, file, text)
			}
		}
	}
}

// oddText are texts out of everything that means something in HCL, CSV or JSON.
var oddText = rapid.Custom(func(t *rapid.T) string {
	fragments := []string{
		"$", "%", "{", "}", "${", "%{", "$${", `"`, `\`, "\n", "\r", "\t", ",", ";", " ", "x", "ä", "\u0301", "\u200b", "\ufeff",
		"\x01", "'", "#", "//", "/*", "0", "-", ".", "true", "EOT", "…", "𝄞",
	}
	return norm.NFC.String(strings.Join(rapid.SliceOfN(rapid.SampledFrom(fragments), 0, 5).Draw(t, "fragments"), ""))
})

// world is what random devices are made of. Few different values make it likely that devices have something in common.
type world struct {
	texts []string
	keys  []string
}

func (w *world) value(t *rapid.T, a *schema.Attribute) cty.Value {
	text := func() string { return rapid.SampledFrom(w.texts).Draw(t, "text") }
	several := func() []cty.Value {
		var values []cty.Value
		for range rapid.IntRange(0, 3).Draw(t, "elements") {
			values = append(values, str(text()))
		}
		return values
	}
	switch {
	case a.Type == cty.Bool:
		return cty.BoolVal(rapid.Bool().Draw(t, "bool"))
	case a.Type == cty.Number && a.Min != nil:
		return cty.NumberIntVal(rapid.Int64Range(-1, 3).Draw(t, "number"))
	case a.Type == cty.Number:
		return cty.MustParseNumberVal(rapid.SampledFrom([]string{"0", "-7", "0.1", "123456789012345678901234567890", "1.5"}).Draw(t, "number"))
	case a.Type == cty.String && len(a.Values) > 0:
		return str(rapid.SampledFrom(append([]string{"satellite"}, a.Values...)).Draw(t, "choice"))
	case a.Type == cty.String:
		return str(text())
	case a.Type.IsSetType():
		if values := several(); len(values) > 0 {
			return cty.SetVal(values)
		}
		return cty.SetValEmpty(cty.String)
	default:
		if values := several(); len(values) > 0 {
			return cty.ListVal(values)
		}
		return cty.ListValEmpty(cty.String)
	}
}

// device makes a random device, and says what is to be written of it.
func (w *world) device(t *rapid.T, n int) (learn.Device, map[string]cty.Value) {
	has, want := map[string]cty.Value{}, map[string]cty.Value{}
	lacks := rapid.SampledFrom([]string{"", "time", "overlay", "filter"}).Draw(t, "lacks")
	for _, kind := range kinds.All() {
		if kind.Name == lacks {
			continue
		}
		places := []string{kind.Name}
		if kind.Keyed {
			places = nil
			for _, key := range rapid.SliceOfNDistinct(rapid.SampledFrom(w.keysOf(kind)), 0, 2, rapid.ID).Draw(t, "keys") {
				places = append(places, kind.Name+"/"+key)
			}
		}
		for _, place := range places {
			w.setting(t, kind, place, has, want)
		}
	}
	d := device(n, has)
	d.Identity.Model = rapid.SampledFrom([]string{"DS-2CD2357", "DS-2CD2T46", "DS-7616NI", ""}).Draw(t, "model")
	d.Name = rapid.SampledFrom(append([]string{"", "gate", "Gate 7"}, w.texts...)).Draw(t, "name")
	d.Site = rapid.SampledFrom([]string{"", "north", "south"}).Draw(t, "site")
	d.Tags = slices.Sorted(slices.Values(rapid.SliceOfNDistinct(rapid.SampledFrom([]string{"a", "b", "in doors"}), 0, 2, rapid.ID).Draw(t, "tags")))
	d.Basic = rapid.IntRange(0, 9).Draw(t, "basic") == 0
	d.Legacy = rapid.IntRange(0, 9).Draw(t, "legacy") == 0
	return d, want
}

func (w *world) keysOf(kind *schema.Kind) []string {
	switch {
	case len(kind.Keys) > 0:
		return append([]string{"QUIC"}, kind.Keys...)
	case kind.Name == "user":
		return []string{"admin", "viewer"}
	case kind.Name == "mask":
		return []string{"a", "b"}
	case kind.Name == "channel":
		return []string{"1", "2"}
	default:
		return w.keys
	}
}

func (w *world) setting(t *rapid.T, kind *schema.Kind, place string, has, want map[string]cty.Value) {
	for _, a := range kind.Attributes {
		full := place + "." + a.Name
		has[full] = cty.NullVal(a.Type)
		if a.WriteOnly || rapid.IntRange(0, 9).Draw(t, "null") == 0 {
			continue
		}
		has[full] = w.value(t, a)
		if sayable(a, has[full]) && place != "service/QUIC" && place != "overlay/" {
			want[full] = has[full]
		}
	}
	if place == "user/admin" {
		want["user/admin.password"] = str(loginPassword)
	}
}

// sayable reports whether a configuration can give a value, in the words of the kinds above.
func sayable(a *schema.Attribute, v cty.Value) bool {
	length := 0
	if v.Type() == cty.String {
		length = len([]rune(v.AsString()))
	}
	switch a.Name {
	case "mode":
		return v.AsString() != "satellite"
	case "name":
		return length >= 1 && length <= 40
	case "port":
		return v.GreaterThan(cty.Zero).True()
	case "community":
		return length >= 1 && length <= 32
	default:
		return true
	}
}

func TestWhatIsWrittenIsWhatTheDevicesHave(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		w := &world{texts: rapid.SliceOfN(oddText, 1, 4).Draw(t, "texts"), keys: rapid.SliceOfNDistinct(oddText, 1, 3, rapid.ID).Draw(t, "keys")}
		w.keys = append(w.keys, "a b")
		var devices []learn.Device
		var want []map[string]cty.Value
		// Few kinds of devices, many times each, as in life; and each of them a little different.
		for range rapid.IntRange(1, 4).Draw(t, "models") {
			d, wanted := w.device(t, len(devices))
			for range rapid.IntRange(1, 40).Draw(t, "copies") {
				one, its := d, maps.Clone(wanted)
				n := len(devices)
				one.Address, one.Identity.Serial = fmt.Sprintf("https://192.0.2.%d", n+1), fmt.Sprintf("S%d", n)
				if rapid.IntRange(0, 5).Draw(t, "own") == 0 {
					one.Items, its = w.another(t, one.Items, its)
				}
				devices, want = append(devices, one), append(want, its)
			}
		}
		wants(t, learn.Import(devices, learn.Options{Kinds: kinds}), devices, want)
		wants(t, learn.Learn(devices, learn.Options{Kinds: kinds}), devices, want)
	})
}

// another is the settings of a device with other names and another time server.
func (w *world) another(t *rapid.T, items map[string]providers.Items, want map[string]cty.Value) (map[string]providers.Items, map[string]cty.Value) {
	other, its := w.device(t, 0)
	items = maps.Clone(items)
	for _, kind := range []string{"system", "ntp", "snmp"} {
		if _, ok := other.Items[kind]; !ok || items[kind] == nil {
			continue
		}
		items[kind] = other.Items[kind]
		maps.DeleteFunc(want, func(place string, _ cty.Value) bool { return strings.HasPrefix(place, kind+".") })
		for place, v := range its {
			if strings.HasPrefix(place, kind+".") {
				want[place] = v
			}
		}
	}
	return items, want
}
