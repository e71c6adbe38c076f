// Package examples_test proves that every example does what it says: it is loaded, planned and applied to simulated devices,
// and nothing is left to do afterwards.
package examples_test

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"io/fs"
	"math/big"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/zclconf/go-cty/cty"

	"camform/engine"
	"camform/engine/advisory"
	"camform/engine/audit"
	"camform/engine/config"
	"camform/engine/graph"
	"camform/engine/plan"
	"camform/engine/report"
	"camform/engine/state"
	"camform/engine/vault"
	"camform/providers"
	"camform/providers/hikvision"
	"camform/providers/hikvision/isapi"
	"camform/providers/hikvision/simulator"
	"camform/providers/hikvision/xmlpatch"
	"camform/schema"
)

// stage is the devices that an example is played with.
type stage struct {
	fleet     simulator.Options
	login     string   // variable of the environment with the password of the devices
	source    string   // address that the devices see camform at
	addresses []string // of the example, one for each device of the fleet; none where the example reads the inventory of the fleet
	signs     bool     // whether an authority signs requests of the devices, and the example brings the answers from files named for their keys
}

var stages = map[string]stage{
	"campus": {
		fleet:  simulator.Options{Count: 24, Seed: 7, TLS: true},
		login:  "CAMERA_PASSWORD",
		source: "127.0.0.1",
	},
	"certificates": {
		fleet:     simulator.Options{Models: []string{"camera-v58", "camera-v57"}, TLS: true},
		login:     "CAMERA_PASSWORD",
		source:    "192.0.2.20",
		addresses: []string{"192.0.2.31", "192.0.2.32"},
		signs:     true,
	},
	"extend": {
		fleet:     simulator.Options{Models: []string{"camera-v58"}, TLS: true},
		login:     "CAMERA_PASSWORD",
		source:    "192.0.2.20",
		addresses: []string{"192.0.2.31"},
	},
	"hardening": {
		fleet:  simulator.Options{Count: 16, Seed: 7, TLS: true},
		login:  "CAMERA_PASSWORD",
		source: "127.0.0.1",
	},
	"passwords": {
		fleet:     simulator.Options{Models: []string{"recorder-v2", "camera-v57", "camera-v56"}, TLS: true},
		login:     "CAMERA_PASSWORD",
		source:    "127.0.0.1",
		addresses: []string{"192.0.2.5", "192.0.2.11", "192.0.2.12"},
	},
	"recovery": {
		fleet:     simulator.Options{Models: []string{"dvr-v47", "camera-v58"}, TLS: true},
		login:     "CAMERA_PASSWORD",
		source:    "127.0.0.1",
		addresses: []string{"192.0.2.5", "192.0.2.11"},
	},
	"shop": {
		fleet: simulator.Options{
			Models: []string{"recorder-v2", "camera-v52", "camera-v56", "camera-v57", "camera-v58"}, TLS: true,
		},
		login:     "CAMERA_PASSWORD",
		source:    "192.0.2.20",
		addresses: []string{"192.0.2.5", "192.0.2.11", "192.0.2.12", "192.0.2.13", "192.0.2.14"},
	},
}

const (
	loginPassword = "Login-1357"
	otherPassword = "Account+2468"
)

// folders are those with a configuration.
func folders(t *testing.T) []string {
	t.Helper()
	files, err := filepath.Glob(filepath.Join("*", "*.cam.hcl"))
	if err != nil || len(files) == 0 {
		t.Fatalf("no examples: %v", err)
	}
	var names []string
	for _, file := range files {
		names = append(names, filepath.Dir(file))
	}
	return slices.Compact(names)
}

func TestEveryExampleConverges(t *testing.T) {
	names := folders(t)
	for name := range stages {
		if !slices.Contains(names, name) {
			t.Errorf("there is a stage for %s, but no example", name)
		}
	}
	for _, name := range names {
		t.Run(name, func(t *testing.T) {
			st, ok := stages[name]
			if !ok {
				t.Fatalf("no stage for the example %s: say in stages which devices it is played with", name)
			}
			synctest.Test(t, func(t *testing.T) { st.play(t, name) })
		})
	}
}

func (st stage) play(t *testing.T, folder string) {
	st.fleet.Password = loginPassword
	fleet, err := simulator.New(st.fleet)
	if err != nil {
		t.Fatal(err)
	}
	dir := st.copied(t, folder, fleet)
	e, secrets := st.engine(t, fleet, folder, dir)
	cfg := st.load(t, e, secrets, dir)
	if want := len(fleet.Devices()); len(cfg.Devices) != want {
		t.Fatalf("the example has %d devices, and %d are simulated", len(cfg.Devices), want)
	}
	first := planned(t, e, cfg)
	if first.Empty() {
		t.Error("the first plan is empty, so the example shows nothing")
	}
	steps := 0
	for _, d := range e.Apply(t.Context(), t.Context(), first, "run-1").Devices {
		steps += len(d.Steps)
		if !d.Result.Good() {
			t.Errorf("%s ended with %s: %s %v", d.Address, d.Result, d.Detail, d.Steps)
		}
	}
	if err := engine.KeepOutputs(t.Context(), e.Store.Outputs, first); err != nil {
		t.Error(err)
	}
	t.Logf("%d devices, %d steps", len(first.Devices), steps)
	if st.signs {
		signed(t, e, cfg, dir)
		brought := planned(t, e, st.load(t, e, secrets, dir))
		if got := brought.Counts().Update; got != len(cfg.Devices) {
			t.Errorf("the plan with the certificates changes %d settings of %d devices", got, len(cfg.Devices))
		}
		for _, d := range e.Apply(t.Context(), t.Context(), brought, "run-2").Devices {
			if !d.Result.Good() {
				t.Errorf("%s ended with %s: %s %v", d.Address, d.Result, d.Detail, d.Steps)
			}
		}
	}
	cfg = st.load(t, e, secrets, dir) // the vault may have passwords by now
	if last := planned(t, e, cfg); !last.Empty() {
		t.Errorf("planned again, there is still something to do: %+v", last.Counts())
	}
	audited(t, e, cfg)
	for _, d := range fleet.Devices() {
		if n := d.Refusals(); n > 0 {
			t.Errorf("%s refused %d logins", d.Name(), n)
		}
	}
}

// signed has each device make a request, and writes what an authority answers to a file beside the example.
func signed(t *testing.T, e *engine.Engine, cfg *config.Config, dir string) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	for _, d := range cfg.Devices {
		asked := func(context.Context) error { return nil }
		made, err := e.RequestCertificate(t.Context(), d, providers.Subject{Country: "NL"}, "run-"+d.Address.Key, asked)
		if err != nil {
			t.Fatal(err)
		}
		authority := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "Example CA"}}
		leaf := &x509.Certificate{
			SerialNumber: big.NewInt(2), Subject: made.Request.Subject, NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().AddDate(1, 0, 0),
			IPAddresses: []net.IP{net.ParseIP(d.URL.Hostname())},
		}
		der, err := x509.CreateCertificate(rand.Reader, leaf, authority, made.Request.PublicKey, key)
		if err != nil {
			t.Fatal(err)
		}
		text := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
		if err := os.WriteFile(filepath.Join(dir, d.Address.Key+".pem"), text, 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

// audited judges the devices by the rules of the example, if it has any. What was applied complies, but for what devices
// lack and for what nobody dares to write; and all that is observed can be.
func audited(t *testing.T, e *engine.Engine, cfg *config.Config) {
	t.Helper()
	observing := map[string]bool{}
	for _, d := range cfg.Devices {
		for _, rule := range d.Rules {
			observing[rule.ID] = len(rule.Asserts) > 0
		}
	}
	judged, problems := e.Audit(t.Context(), cfg, nil)
	for _, p := range problems {
		t.Fatal(p)
	}
	for _, r := range judged.Results {
		switch {
		case r.Status == audit.Violated && slices.ContainsFunc(r.Why, saysLacking):
		case r.Status == audit.Violated && !observing[r.Rule], r.Status == audit.Unreachable, r.Status == audit.Unknown:
			t.Errorf("%s on %s is %s: %v", r.Rule, r.Device, r.Status, r.Why)
		}
	}
	t.Logf("%d rules, %v", len(observing), judged.Count())
}

// saysLacking reports whether a rule is violated by what a device does that lacks the setting, which nobody can change.
func saysLacking(why string) bool { return strings.Contains(why, "and a device without it effectively has ") }

// damages are the ways in which a document says nothing of what a check looks for.
var damages = map[string]func(providers.Document) providers.Document{
	"missing": func(doc providers.Document) providers.Document {
		return providers.Document{Path: doc.Path, Missing: "404 notSupport"}
	},
	"empty":       func(doc providers.Document) providers.Document { return rewritten(doc, "") },
	"other words": func(doc providers.Document) providers.Document { return rewritten(doc, "<other/>") },
}

// rewritten is a document with the same items, in which there is nothing but content; without content, no items either.
func rewritten(doc providers.Document, content string) providers.Document {
	parsed, err := xmlpatch.Parse(doc.Body)
	if err != nil {
		return providers.Document{Path: doc.Path, Missing: "404 notSupport"} // the device never had it
	}
	root, items := parsed.Root(), ""
	for _, e := range root.Children() {
		if content != "" {
			items += "<" + e.Name() + ">" + content + "</" + e.Name() + ">"
		}
	}
	return providers.Document{Path: doc.Path, Body: []byte("<" + root.Name() + ">" + items + "</" + root.Name() + ">")}
}

// seen are the facts of a check about a device that shows damaged documents.
type seen struct {
	device   *simulator.Device
	provider *hikvision.Provider
	damage   func(providers.Document) providers.Document
}

func (seen) Self() cty.Value { return cty.NullVal(config.SelfType) }

func (s seen) Observed(path, element string) ([]string, error) {
	return s.provider.Observe(s.damage(providers.Document{Path: path, Body: s.device.Document(path)}), element)
}

// TestI12NoCheckOfAnExampleJudgesWithoutAReading: whatever hides what a check looks for, its verdict is unknown.
func TestI12NoCheckOfAnExampleJudgesWithoutAReading(t *testing.T) {
	judged, provider := map[string]bool{}, hikvision.New(isapi.Options{})
	for folder, st := range stages {
		st.fleet.Password = loginPassword
		fleet, err := simulator.New(st.fleet)
		if err != nil {
			t.Fatal(err)
		}
		dir := st.copied(t, folder, fleet)
		e, secrets := st.engine(t, fleet, folder, dir)
		for _, rule := range observing(st.load(t, e, secrets, dir)) {
			for way, damage := range damages {
				for _, d := range fleet.Devices() {
					for _, assert := range rule.Asserts {
						holds, message, err := assert.Evaluate(seen{d, provider, damage})
						judged[rule.ID] = true
						if err == nil {
							t.Errorf("%s of %s, where the documents of %s are %s: %v %q, and nothing was read", rule.ID, folder, d.Name(), way, holds, message)
						}
					}
				}
			}
		}
	}
	if len(judged) < 5 {
		t.Errorf("only %v observe something", judged)
	}
}

// observing are the checks of a configuration that observe documents, each once.
func observing(cfg *config.Config) map[string]config.Rule {
	rules := map[string]config.Rule{}
	for _, d := range cfg.Devices {
		for _, rule := range d.Rules {
			if len(rule.Documents) > 0 {
				rules[rule.ID] = rule
			}
		}
	}
	return rules
}

// TestI12AModelThatNobodyNamedIsNotCurrent holds the baseline to what it knows: a model without a line in minimum_firmware
// is unknown, however old its firmware is.
func TestI12AModelThatNobodyNamedIsNotCurrent(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		st := stages["hardening"]
		st.fleet = simulator.Options{Models: []string{"camera-v52"}, TLS: true, Password: loginPassword}
		fleet, err := simulator.New(st.fleet)
		if err != nil {
			t.Fatal(err)
		}
		dir := st.copied(t, "hardening", fleet)
		e, secrets := st.engine(t, fleet, "hardening", dir)
		verdict := func(minimum string) audit.Status {
			cfg := st.load(t, e, secrets, dir, config.Var{Name: "minimum_firmware", Text: minimum})
			judged, problems := e.Audit(t.Context(), cfg, nil)
			for _, p := range problems {
				t.Fatal(p)
			}
			i := slices.IndexFunc(judged.Results, func(r audit.Result) bool { return r.Rule == "firmware.current" })
			return judged.Results[i].Status
		}
		for minimum, want := range map[string]audit.Status{
			`{}`: audit.Unknown, `{"DS-2CD2132-SIM" = "5.2.0"}`: audit.Compliant, `{"DS-2CD2132-SIM" = "5.2.1"}`: audit.Violated,
		} {
			if have := verdict(minimum); have != want {
				t.Errorf("with %s, V5.2.0 is %s, want %s", minimum, have, want)
			}
		}
	})
}

// TestFirmwareThatAnAdvisoryAffectsIsNotCurrent judges the same camera by advisories that affect it, leave it open, and do not affect it.
func TestFirmwareThatAnAdvisoryAffectsIsNotCurrent(t *testing.T) {
	const file = `
data {
  version = "1"
  date    = "2026-07-09"
  page    = "https://vendor.example/"
}
family "camera" {
  title  = "cameras"
  models = ["DS-2CD*"]
}
advisory "CVE-1" {
  title      = "one"
  url        = "https://cve.example/"
  confidence = "confirmed"
  families   = ["camera"]
  complete   = true
  products {
    models = ["DS-2CD2132*"]
    LIMIT
  }
}`
	synctest.Test(t, func(t *testing.T) {
		st := stages["hardening"]
		st.fleet = simulator.Options{Models: []string{"camera-v52"}, TLS: true, Password: loginPassword}
		fleet, err := simulator.New(st.fleet)
		if err != nil {
			t.Fatal(err)
		}
		dir := st.copied(t, "hardening", fleet)
		e, secrets := st.engine(t, fleet, "hardening", dir)
		for _, c := range []struct {
			limit, minimum string
			want           audit.Status
		}{
			{`lte = "V5.2.0 build 140721"`, `{}`, audit.Violated},
			{`lte = "V5.2.0 build 140721"`, `{"DS-2CD2132-SIM" = "5.2.0"}`, audit.Violated},
			{`lte = "V5.1.0 build 140720"`, `{}`, audit.Compliant},
			{`lte = "V5.1.0 build 140720"`, `{"DS-2CD2132-SIM" = "5.2.1"}`, audit.Violated},
			{``, `{}`, audit.Unknown},
			{`lte = "V5.1.0 build 140722"`, `{}`, audit.Unknown},
			{`lte = "V5.1.0 build 140722"`, `{"DS-2CD2132-SIM" = "5.2.0"}`, audit.Compliant},
			{`lte = "V5.1.0 build 140722"`, `{"DS-2CD2132-SIM" = "5.2.1"}`, audit.Violated},
		} {
			data, diags := advisory.Read("data.hcl", []byte(strings.Replace(file, "LIMIT", c.limit, 1)))
			if diags.HasErrors() {
				t.Fatal(diags)
			}
			e.Known = data
			cfg := st.load(t, e, secrets, dir, config.Var{Name: "minimum_firmware", Text: c.minimum})
			judged, problems := e.Audit(t.Context(), cfg, nil)
			for _, p := range problems {
				t.Fatal(p)
			}
			i := slices.IndexFunc(judged.Results, func(r audit.Result) bool { return r.Rule == "firmware.current" })
			if have := judged.Results[i]; have.Status != c.want {
				t.Errorf("%s with %s is %s (%s), want %s", c.limit, c.minimum, have.Status, have.Why, c.want)
			}
		}
	})
}

// planned plans, and fails the test for everything that is not well.
func planned(t *testing.T, e *engine.Engine, cfg *config.Config) *plan.Plan {
	t.Helper()
	result, problems := e.Plan(t.Context(), cfg, nil)
	for _, p := range problems {
		t.Fatal(p)
	}
	for _, d := range result.Plan.Failed() {
		t.Errorf("%s: %s", d.Address, d.Problem)
	}
	for _, d := range result.Plan.Devices {
		for _, s := range d.Skipped {
			if s.Reason == plan.Unreadable {
				t.Errorf("%s cannot be read: %s", s.Address, s.Detail)
			}
		}
	}
	return result.Plan
}

// copied is a directory with a copy of an example, and the inventory of the fleet beside it.
func (st stage) copied(t *testing.T, folder string, fleet *simulator.Fleet) string {
	t.Helper()
	dir := t.TempDir()
	if err := os.CopyFS(dir, os.DirFS(folder)); err != nil {
		t.Fatal(err)
	}
	var inventory bytes.Buffer
	if err := fleet.WriteInventory(&inventory); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "inventory.csv"), inventory.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	return dir
}

// load loads an example, with what the vault has now.
func (st stage) load(t *testing.T, e *engine.Engine, secrets *vault.Origins, dir string, vars ...config.Var) *config.Config {
	t.Helper()
	cfg, problems := config.Parse(dir, "").Evaluate(config.Options{Kinds: e.Provider.Kinds(), Vars: vars, Env: st.environment, Secrets: func(origin string) (schema.Secret, bool, error) {
		secret, err := secrets.Read(t.Context(), origin)
		return secret, true, err
	}})
	for _, p := range problems {
		t.Fatal(p)
	}
	return cfg
}

// environment gives a password to every variable that asks for one.
func (st stage) environment(name string) (string, bool) {
	switch {
	case name == st.login:
		return loginPassword, true
	case strings.HasSuffix(name, "PASSWORD"):
		return otherPassword, true
	case strings.Contains(name, "_ANSWER_"):
		return "Heron of " + name, true
	}
	return "", false
}

func (st stage) engine(t *testing.T, fleet *simulator.Fleet, folder, dir string) (*engine.Engine, *vault.Origins) {
	t.Helper()
	store, err := state.Open(t.Context(), filepath.Join(t.TempDir(), "state.db"), state.Options{
		Owner: state.Owner{Who: "ops@host", PID: 7, Operation: "apply", Version: "1.0"},
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = store.Close() })
	kept := newVault(t, store)
	secrets := &vault.Origins{Env: st.environment, Dir: dir, Vault: kept}
	return &engine.Engine{
		Provider: st.provider(t, folder, st.dial(fleet)), Store: store.Fleet, Now: time.Now, Version: "1.0",
		Parallelism: graph.Parallelism{Total: 64, PerGroup: 16}, Event: func(report.Event) {},
		Secret:    func(origin string) (schema.Secret, error) { return secrets.Read(t.Context(), origin) },
		Passwords: engine.Passwords{Vault: kept, Secrets: store.Secrets}, Sealer: kept,
	}, secrets
}

// newVault makes the vault of a state, with an identity of its own.
func newVault(t *testing.T, store *state.Store) *vault.Vault {
	t.Helper()
	identity, recipient, err := vault.NewIdentity()
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "identity")
	if err := os.WriteFile(path, []byte(identity), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := vault.Init(t.Context(), store.Secrets, vault.Recipients{Keys: []string{recipient}}); err != nil {
		t.Fatal(err)
	}
	return vault.New(store.Secrets, store.Key, vault.Unlock{Identities: []string{path}})
}

// provider has the setting files that the example brings along.
func (st stage) provider(t *testing.T, folder string, dial isapi.Dial) *hikvision.Provider {
	t.Helper()
	var own []schema.Folder
	if files := os.DirFS(filepath.Join(folder, "schemas")); exists(files) {
		own = append(own, schema.Folder{Name: "schemas", Files: files})
	}
	provider, diags := hikvision.NewWith(isapi.Options{Dial: dial}, own...)
	if diags.HasErrors() {
		t.Fatal(diags)
	}
	return provider
}

func exists(folder fs.FS) bool {
	_, err := fs.Stat(folder, ".")
	return err == nil
}

// dial leads each address of the example to a device of the fleet.
func (st stage) dial(fleet *simulator.Fleet) isapi.Dial {
	connect := fleet.Dialer(netip.MustParseAddr(st.source))
	devices := map[string]string{}
	for i, address := range st.addresses {
		devices[address] = fleet.Devices()[i].Address().String()
	}
	return func(ctx context.Context, network, address string) (net.Conn, error) {
		host, port, err := net.SplitHostPort(address)
		if err != nil {
			return nil, err
		}
		if len(st.addresses) > 0 {
			device, ok := devices[host]
			if !ok {
				return nil, fmt.Errorf("no device plays %s", host)
			}
			host = device
		}
		return connect(ctx, network, net.JoinHostPort(host, port))
	}
}

func TestEveryExampleIsInCanonicalStyle(t *testing.T) {
	for _, folder := range folders(t) {
		files, err := filepath.Glob(filepath.Join(folder, "*.cam.*"))
		if err != nil {
			t.Fatal(err)
		}
		for _, file := range files {
			text, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			formatted, problems := config.Format(file, text)
			if len(problems) > 0 || !bytes.Equal(text, formatted) {
				t.Errorf("%s is not in canonical style: format it with camform fmt (%v)", file, problems)
			}
		}
	}
}
