package render

import (
	"bytes"
	"flag"
	"os"
	"path/filepath"
	"strconv"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/zclconf/go-cty/cty"

	"camform/engine/plan"
	"camform/schema"
)

var update = flag.Bool("update", false, "write the golden files")

// golden compares got with a file in testdata, or writes the file.
func golden(t *testing.T, name string, got []byte) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(path, got, 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), string(got)); diff != "" {
		t.Errorf("%s differs (-want +got); run with -update if that is meant:\n%s", name, diff)
	}
}

func number(n int64) *int64 { return &n }

// testKinds are a few kinds that have between them every type of attribute.
func testKinds() *schema.Kinds {
	return schema.NewKinds(
		&schema.Kind{
			Name: "https", Summary: "Encrypted access", Doc: "Finds the entry by name.\nIt needs a certificate.\n\nSecond paragraph.",
			Source: "Recorded on fifteen cameras", Confidence: schema.Confirmed,
			Document: schema.Document{Path: "/ISAPI/Security/adminAccesses", Root: "List"},
			Risk:     schema.RiskLockout, Reboot: schema.RebootMaybe,
			Guards: []*schema.Guard{{Role: schema.Listener, Enabled: "enabled", Port: "port"}, {Role: schema.TLS, Minimum: "min_tls"}},
			Attributes: []*schema.Attribute{
				{Name: "enabled", Type: cty.Bool, Doc: "Whether the device answers."},
				{Name: "port", Type: cty.Number, Doc: "TCP port.", Min: number(1), Max: number(65535), Example: "443"},
				{Name: "redirect", Type: cty.Bool, Doc: "Whether HTTP is sent on."},
				{Name: "min_tls", Type: cty.String, Doc: "Lowest version.", Values: []string{"1.1", "1.2"}},
			},
		},
		&schema.Kind{
			Name: "ip_filter", Summary: "Who may connect", Source: "One client program", Confidence: schema.Likely,
			Document: schema.Document{Path: "/ISAPI/Security/ipFilter", Root: "IPFilter"}, Risk: schema.RiskLockout, Reboot: schema.RebootNever,
			Attributes: []*schema.Attribute{
				{Name: "mode", Type: cty.String, Doc: "Allow or deny.", Example: "allow"},
				{Name: "addresses", Type: cty.Set(cty.String), Doc: "Networks.", Example: `["192.0.2.0/26", "192.0.2.64/26"]`},
				{Name: "order", Type: cty.List(cty.String), Doc: "First match wins."},
			},
		},
		&schema.Kind{
			Name: "user", Summary: "An account", Source: "Recorded", Confidence: schema.Unsure, Keyed: true, KeyDoc: "Name of the user.",
			Item: &schema.Item{Element: "User", Key: "userName"}, Document: schema.Document{Path: "/ISAPI/Security/users", Root: "UserList"},
			Risk: schema.RiskLogin, Reboot: schema.RebootNever,
			Attributes: []*schema.Attribute{
				{Name: "level", Type: cty.String, Doc: "What it may do.", Values: []string{"Operator", "Viewer"}, Required: true},
				{Name: "password", Type: cty.String, Doc: "Password.", Min: number(8), Max: number(16), Required: true, Secret: true, WriteOnly: true},
			},
		},
		&schema.Kind{
			Name: "banner", Summary: "Text before the login", Source: "Recorded", Confidence: schema.Confirmed,
			Document: schema.Document{Path: "/ISAPI/System/banner", Root: "Banner"}, Risk: schema.RiskNone, Reboot: schema.RebootNever,
			Again: &schema.Again{Source: "a guide, page 7", Confidence: schema.Unsure},
			Attributes: []*schema.Attribute{
				{Name: "text", Type: cty.String, Doc: "The text."},
				{Name: "seconds", Type: cty.Number, Doc: "How long.", Unit: "seconds"},
			},
		},
		&schema.Kind{
			Name: "snmp", Summary: "SNMP", Source: "Recorded", Confidence: schema.Confirmed,
			Document: schema.Document{Path: "/ISAPI/System/Network/SNMP", Root: "SNMP"}, Risk: schema.RiskService, Reboot: schema.RebootNever,
			Attributes: []*schema.Attribute{
				{Name: "enabled", Type: cty.Bool, Doc: "Whether it answers."},
				{Name: "community", Type: cty.String, Doc: "Community.", Secret: true},
			},
		},
	)
}

// object is a value of a kind in which attributes that are not given are null.
func object(t testing.TB, kind string, values map[string]cty.Value) cty.Value {
	t.Helper()
	k := testKinds().Lookup(kind)
	all := map[string]cty.Value{}
	for _, a := range k.Attributes {
		all[a.Name] = cty.NullVal(a.Type)
		if v, ok := values[a.Name]; ok {
			all[a.Name] = v
		}
	}
	return cty.ObjectVal(all)
}

func gate(key string) schema.Device { return schema.Device{Name: "gate", Key: key, Each: true} }

func numbered(n int) schema.Device { return gate("cam" + strconv.Itoa(1000 + n)[1:]) }

func setting(d schema.Device, kind, key string) schema.Setting {
	return schema.Setting{Device: d, Kind: kind, Key: key}
}

func texts(all ...string) []cty.Value {
	values := make([]cty.Value, len(all))
	for i, text := range all {
		values[i] = cty.StringVal(text)
	}
	return values
}

type vals = map[string]cty.Value

// httpsUpdate is a change for each cause.
func httpsUpdate(t testing.TB, d schema.Device) plan.Step {
	return plan.Step{
		Address: setting(d, "https", ""), Action: plan.Update, Risk: schema.RiskLockout, Reboot: schema.RebootMaybe,
		Before: object(t, "https", vals{"enabled": cty.False, "port": cty.NumberIntVal(443), "redirect": cty.False, "min_tls": cty.StringVal("1.0")}),
		After:  object(t, "https", vals{"enabled": cty.True, "port": cty.NumberIntVal(443), "redirect": cty.True, "min_tls": cty.StringVal("1.2")}),
		Why: []plan.Why{
			{Attribute: "enabled", Cause: plan.CauseConfig, Source: plan.Source{File: "main.cam.hcl", Line: 10}},
			{Attribute: "redirect", Cause: plan.CauseBoth, Source: plan.Source{File: "main.cam.hcl", Line: 11}},
			{Attribute: "min_tls", Cause: plan.CauseDrift, Source: plan.Source{File: "main.cam.hcl", Line: 12}, Profile: "hardened"},
		},
	}
}

// userCreate takes its password from an origin.
func userCreate(t testing.TB, d schema.Device, origin string) plan.Step {
	at := plan.Source{File: "users.cam.hcl", Line: 3}
	return plan.Step{
		Address: setting(d, "user", "operator"), Action: plan.Create, Risk: schema.RiskLogin, Reboot: schema.RebootNever,
		Before: testKinds().Lookup("user").Null(), After: object(t, "user", vals{"level": cty.StringVal("Operator")}),
		Secrets: map[string]plan.SecretSource{"password": {Origin: origin, Fingerprint: "k1:abcdef"}},
		Why: []plan.Why{
			{Attribute: "level", Cause: plan.CauseConfig, Source: at},
			{Attribute: "password", Cause: plan.CauseConfig, Source: at},
		},
	}
}

func newPlan(devices ...plan.Device) *plan.Plan {
	return &plan.Plan{Version: "0.1.0", Created: time.Date(2026, 11, 22, 8, 0, 0, 0, time.UTC), Devices: devices}
}

// allActions has every action, every kind of value and every note.
func allActions(t testing.TB) *plan.Plan {
	north, south := gate("north"), gate("south")
	recorder := schema.Device{Name: "recorder"}
	before := "one\ntwo\nthree\nfour\nfive\nsix\nseven\neight\n"
	after := "one\ntwo\nthree\nfour\nfive\n6\nseven\neight\n"
	p := newPlan(
		plan.Device{
			Address: north,
			Steps: []plan.Step{
				{
					Address: setting(north, "banner", ""), Action: plan.Update,
					Before: object(t, "banner", vals{"text": cty.StringVal(before), "seconds": cty.NumberFloatVal(2.5)}),
					After:  object(t, "banner", vals{"text": cty.StringVal(after)}),
					Why:    []plan.Why{{Attribute: "text", Cause: plan.CauseConfig, Source: plan.Source{File: "main.cam.hcl", Line: 30}}},
				},
				userCreate(t, north, "env:OPERATOR_PASSWORD"),
				httpsUpdate(t, north),
				{
					Address: setting(north, "ip_filter", ""), Action: plan.Update, Risk: schema.RiskLockout,
					Before: object(t, "ip_filter", vals{
						"mode": cty.StringVal("allow"), "addresses": cty.SetVal(texts("192.0.2.0/24", "198.51.100.7")),
						"order": cty.ListVal(texts("a", "b", "c", "d")),
					}),
					After: object(t, "ip_filter", vals{
						"addresses": cty.SetVal(texts("192.0.2.0/26", "198.51.100.7")), "order": cty.ListVal(texts("a", "c", "d", "e")),
					}),
					Why: []plan.Why{
						{Attribute: "addresses", Cause: plan.CauseConfig, Source: plan.Source{File: "main.cam.hcl", Line: 20}, Profile: "hardened"},
						{Attribute: "order", Cause: plan.CauseConfig, Source: plan.Source{File: "main.cam.hcl", Line: 21}, Profile: "hardened"},
					},
				},
			},
			Unmanaged: map[string]int{"user": 2},
			Cuts: []plan.Cut{
				{
					Who: `device.recorder.channel["4"]`, Title: "Gate", What: "ip_filter", Reason: "it goes tomorrow",
					Why: "The allow list does not contain 192.0.2.99, the address from which it reaches this device.",
				},
				{Who: "device.archive", Why: "Whether device.archive uses this device is unknown.", Reason: "shows other cameras"},
			},
		},
		plan.Device{
			Address: south,
			Steps: []plan.Step{
				{
					Address: setting(south, "user", "old man"), Action: plan.Delete, Risk: schema.RiskLogin,
					Before: object(t, "user", vals{"level": cty.StringVal("Viewer")}), After: testKinds().Lookup("user").Null(),
					Reason: "no configuration declares it, and the device lists user as exclusive", Cause: plan.CauseDrift,
				},
				{
					Address: setting(south, "user", "guest"), Action: plan.Update, Risk: schema.RiskLogin,
					Before:  object(t, "user", vals{"level": cty.StringVal("Viewer")}),
					After:   object(t, "user", vals{"level": cty.StringVal("Viewer")}),
					Secrets: map[string]plan.SecretSource{"password": {Origin: "file:guest.txt"}},
					Why:     []plan.Why{{Attribute: "password", Cause: plan.CauseConfig, Source: plan.Source{File: "users.cam.hcl", Line: 9}}},
				},
				{
					Address: setting(south, "snmp", ""), Action: plan.Forget, Before: object(t, "snmp", vals{"enabled": cty.True}),
					After: testKinds().Lookup("snmp").Null(), Reason: "the configuration no longer declares it; the device keeps it as it is",
				},
			},
			Skipped: []plan.Skipped{
				{Address: setting(south, "https", ""), Reason: plan.Unsupported, Detail: "403 notSupport", Source: plan.Source{File: "main.cam.hcl", Line: 10}},
				{Address: setting(south, "banner", ""), Reason: plan.Protected},
			},
			Unmanaged: map[string]int{"user": 1},
		},
		plan.Device{Address: recorder, Problem: "The device did not answer within 10s.", Family: "unreachable"},
	)
	p.Configuration = written()
	p.Outputs = []plan.Output{
		{Name: "gone", Value: cty.NullVal(cty.DynamicPseudoType), Before: []byte(`"x"`), Action: plan.Delete},
		{Name: "kept", Value: cty.True, Before: []byte("true")},
		{Name: "names", Value: cty.TupleVal(texts("north", "south")), Before: []byte(`["north"]`), Action: plan.Update},
		{Name: "new", Value: cty.NumberIntVal(7), Action: plan.Create},
		{Name: "password", Value: cty.NullVal(cty.String), Sensitive: true, Mark: "m", Action: plan.Create},
	}
	return p
}

// written is a configuration with a block of each type, and with constants, references and what is neither.
func written() plan.Configuration {
	constant := func(text string) plan.Expression { return plan.Expression{Constant: []byte(text)} }
	from := func(references ...string) plan.Expression { return plan.Expression{References: references} }
	at := func(line int) plan.Source { return plan.Source{File: "main.cam.hcl", Line: line} }
	return plan.Configuration{
		Variables: []plan.Variable{{Name: "network", Value: []byte(`["192.0.2.0/24"]`)}, {Name: "pin", Sensitive: true}},
		Blocks: []plan.Declaration{
			{
				Type: "device", Name: "gate", Source: at(10), Arguments: map[string]plan.Expression{"for_each": from("var.gates"), "address": from("each.value.ip"), "site": constant(`"hq"`)},
				Blocks: []plan.Declaration{
					{Type: "login", Arguments: map[string]plan.Expression{"username": constant(`"admin"`), "password": {}}, Source: at(12)},
					{Type: "user", Name: "night watch", Arguments: map[string]plan.Expression{"level": constant(`"Viewer"`)}, Source: at(16)},
				},
			},
			{Type: "output", Name: "password", Arguments: map[string]plan.Expression{"value": {}, "sensitive": constant("true"), "description": constant(`"for the desk"`)}},
			{Type: "profile", Name: "hardened", Source: at(2), Blocks: []plan.Declaration{
				{Type: "https", Arguments: map[string]plan.Expression{"enabled": constant("true")}, Source: at(3)},
			}},
			{Type: "variable", Name: "network", Arguments: map[string]plan.Expression{"default": constant(`["192.0.2.0/24"]`)}},
			{Type: "variable", Name: "pin", Arguments: map[string]plan.Expression{"sensitive": constant("true")}},
		},
	}
}

// fleet has the same change on seven devices, the same with a password of its own, and one change of its own.
func fleet(t testing.TB) *plan.Plan {
	var devices []plan.Device
	for i := range 7 {
		d := plan.Device{Address: numbered(i)}
		d.Steps = append(d.Steps, userCreate(t, d.Address, "vault:"+d.Address.Key+"/operator"), httpsUpdate(t, d.Address))
		if i == 3 {
			d.Steps[1].After = object(t, "https", vals{"enabled": cty.True, "redirect": cty.True, "min_tls": cty.StringVal("1.3")})
		}
		devices = append(devices, d)
	}
	for i := 7; i < 11; i++ {
		devices = append(devices, plan.Device{Address: numbered(i), Problem: "No route to host.", Family: "unreachable"})
		devices[i-7].Skipped = []plan.Skipped{{Address: setting(numbered(i-7), "ip_filter", ""), Reason: plan.Unsupported, Detail: "404"}}
	}
	return newPlan(devices...)
}

// hostile holds text that tries to get out of every place it can stand in.
func hostile(t testing.TB) *plan.Plan {
	const evil = "a\x1b[31m\u202e`````\n```\n</code></summary><script>alert(1)</script> *x* @team \x9b1;2H\u2028\x00\xff"
	d := schema.Device{Name: "gate", Key: evil, Each: true}
	steps := []plan.Step{
		{
			Address: setting(d, "user", evil), Action: plan.Delete, Before: object(t, "user", vals{"level": cty.StringVal(evil)}),
			After: testKinds().Lookup("user").Null(), Reason: evil,
		},
		{
			Address: setting(d, "banner", ""), Action: plan.Update, Before: object(t, "banner", vals{"text": cty.StringVal(evil)}),
			After: object(t, "banner", vals{"text": cty.StringVal("x")}),
			Why:   []plan.Why{{Attribute: "text", Cause: plan.CauseDrift, Profile: evil, Source: plan.Source{File: evil, Line: 1}}},
		},
		{
			Address: setting(d, "ip_filter", ""), Action: plan.Update, Before: object(t, "ip_filter", vals{"addresses": cty.SetVal(texts(evil))}),
			After: object(t, "ip_filter", vals{"addresses": cty.SetVal(texts("x"))}),
			Why:   []plan.Why{{Attribute: "addresses", Cause: plan.CauseConfig}},
		},
	}
	return newPlan(
		plan.Device{
			Address: d, Steps: steps, Unmanaged: map[string]int{"user": 1},
			Skipped: []plan.Skipped{{Address: setting(d, "user", evil), Reason: plan.Unreadable, Detail: evil}},
			Cuts:    []plan.Cut{{Who: "device.recorder", Title: evil, What: evil, Why: evil, Reason: evil}},
		},
		plan.Device{Address: schema.Device{Name: "other"}, Problem: evil, Family: "unreachable"},
	)
}

func textOf(t testing.TB, rows []Row, o Options) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := Text(&b, rows, o); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func markdownOf(t testing.TB, rows []Row) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := Markdown(&b, rows); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func jsonDocOf(t testing.TB, p *plan.Plan) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := PlanJSON(&b, p, testKinds(), "camform/hikvision"); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}
