package engine_test

import (
	"bytes"
	"context"
	"crypto/rand"
	"fmt"
	"html"
	"net"
	"net/http"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"camform/engine"
	"camform/engine/config"
	"camform/engine/credential"
	"camform/engine/plan"
	"camform/engine/report"
	"camform/engine/state"
	"camform/engine/thorough"
	"camform/engine/vault"
	"camform/providers/hikvision"
	"camform/providers/hikvision/isapi"
	"camform/providers/hikvision/simulator"
	"camform/schema"
)

// storedPasswords are managed passwords, sealed with the key of the state.
type storedPasswords struct{ *state.Store }

func (p storedPasswords) Propose(_ context.Context, _, account string, how plan.Generate) (schema.Secret, []byte, error) {
	secret, err := credential.Generate(how.Policy, credential.Rules{Account: account, MinLen: how.MinLen, MaxLen: how.MaxLen}, rand.Reader)
	if err != nil {
		return schema.Secret{}, nil, err
	}
	sealed, err := p.Keep("", secret)
	return secret, sealed, err
}

func (p storedPasswords) Keep(_ string, secret schema.Secret) ([]byte, error) {
	return p.Seal([]byte(secret.Reveal()))
}

func (p storedPasswords) Open(s state.SecretVersion) (schema.Secret, error) {
	text, err := p.Unseal(s.Sealed)
	return schema.NewSecret(string(text)), err
}

// live is the live version of a name.
func (s *site) live(name string) (schema.Secret, error) {
	versions, err := s.store.Versions(context.Background(), name)
	if err != nil {
		return schema.Secret{}, err
	}
	for _, v := range versions {
		if v.Status == state.SecretLive {
			return storedPasswords{s.store}.Open(v)
		}
	}
	return schema.Secret{}, fmt.Errorf("the vault has no %s: %w", name, config.ErrSecretAbsent)
}

func (s *site) secret(origin string) (schema.Secret, error) {
	if name, ok := strings.CutPrefix(origin, "vault:"); ok {
		return s.live(name)
	}
	return s.origins(s.cfg.Dir).Read(context.Background(), origin)
}

// origins reads secrets that are not in the vault.
func (s *site) origins(dir string) *vault.Origins { return &vault.Origins{Env: s.lookup, Dir: dir} }

// reader reads secrets for a configuration without a vault.
func (s *site) reader(dir string) config.SecretReader {
	return func(origin string) (schema.Secret, bool, error) {
		secret, err := s.origins(dir).Read(context.Background(), origin)
		return secret, true, err
	}
}

// manage loads a configuration whose secrets may come from the vault.
func (s *site) manage(text string) {
	s.Helper()
	dir := s.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "main.cam.hcl"), []byte(text), 0o600); err != nil {
		s.Fatal(err)
	}
	s.cfg = &config.Config{Dir: dir}
	cfg, problems := config.Parse(dir, "").Evaluate(config.Options{Kinds: s.provider.Kinds(), Env: s.lookup, Secrets: func(origin string) (schema.Secret, bool, error) {
		secret, err := s.secret(origin)
		return secret, true, err
	}})
	for _, p := range problems {
		s.Fatal(p)
	}
	s.cfg = cfg
}

func (s *site) managing() *engine.Engine {
	e := s.engine()
	e.Passwords = storedPasswords{s.store}
	return e
}

// rotate finishes what earlier runs left, and gives accounts new passwords.
func (s *site) rotate(choice engine.Choice) *report.Report {
	s.Helper()
	s.runs++
	e, run := s.managing(), fmt.Sprintf("run-%d", s.runs)
	recovered, err := e.Recover(context.Background(), engine.Accesses(s.cfg.Devices), run)
	if err != nil {
		s.Fatal(err)
	}
	for _, d := range recovered {
		s.Logf("recovered %s: %s %s", d.Address, d.Result, d.Detail)
	}
	planned, problems := e.Rotate(context.Background(), s.cfg, nil, choice)
	if problems.HasErrors() {
		s.Fatal(problems)
	}
	return e.Apply(context.Background(), context.Background(), planned.Plan, run)
}

const managedPolicy = `
credential_policy "standard" {
  min_length = 14
  classes    = 4
  max_age    = "90d"
  unique     = true
}
`

// managedDevice is a device on which camform manages its own account and that of an operator.
func (s *site) managedDevice(name string, d *simulator.Device) string {
	return fmt.Sprintf(`device %q {
  address = %q
  login {
    username        = "admin"
    password        = secret("env:FLEET_PASSWORD")
    password_policy = credential_policy.standard
  }
  tls {
    plain = true
  }
  user "operator" {
    level           = "Operator"
    password_policy = credential_policy.standard
  }
}
`, name, s.fleet.URL(d))
}

// badNight are the faults of the devices of a fleet while it rotates: 2 % lose the answer to what they carried out, 1 %
// restart when they are asked to change something.
func badNight(t *testing.T, devices []*simulator.Device) {
	t.Helper()
	for i, d := range devices {
		var fault simulator.Rule
		switch {
		case i%50 == 11:
			fault = simulator.Rule{Action: simulator.DropReply, Method: http.MethodPut, Path: "/ISAPI/Security/users/*"}
		case i%100 == 23:
			fault = simulator.Rule{Action: simulator.RebootDevice, Method: http.MethodPut, Path: "/ISAPI/Security/users/*", Times: 1}
		default:
			continue
		}
		if err := d.Inject(fault); err != nil {
			t.Fatal(err)
		}
	}
}

// TestTwoHundredDevicesRotate rotates a fleet in which 3 % of the devices are dead, 2 % lose answers and 1 % restart: no
// password is lost, no device locks itself, and what could not be done is reported and done by the next run.
func TestTwoHundredDevicesRotate(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		size := thorough.Pick(40, 200, 200)
		fleet := newFleet(t, simulator.Options{Count: size, Seed: 41})
		devices := fleet.Devices()
		dead := map[netip.Addr]bool{}
		for i := range size * 3 / 100 {
			dead[devices[i*33+5].Address()] = true
		}
		night := true
		s := newSite(t, fleet, without(fleet.DialContext, func(a netip.Addr) bool { return night && dead[a] }))
		var text strings.Builder
		text.WriteString(managedPolicy)
		for i, d := range devices {
			text.WriteString(s.managedDevice(fmt.Sprintf("camera-%03d", i+1), d))
		}
		badNight(t, devices)
		s.manage(text.String())

		first := s.rotate(engine.All)
		results := map[report.Result]int{}
		for _, d := range first.Devices {
			results[d.Result]++
		}
		t.Logf("first run: %v", results)
		for _, d := range first.Bad() {
			if d.Result != report.Unreachable {
				t.Logf("%s: %s %v", d.Address, d.Detail, d.Steps)
			}
		}
		if results[report.Unreachable] < len(dead) || results[report.Done] < size*9/10 {
			t.Errorf("the first run ended with %v", results)
		}
		s.accountsAreSafe()

		night = false
		for _, d := range devices {
			d.Heal()
		}
		time.Sleep(time.Hour)
		s.manage(text.String())
		if bad := s.rotate(engine.Due).Bad(); len(bad) > 0 {
			t.Errorf("the second run left %v", bad)
		}
		s.manage(text.String())
		s.accountsAreSafe()
		if open, err := s.store.AllOpenIntents(t.Context()); err != nil || len(open) > 0 {
			t.Errorf("%d intents are open, %v", len(open), err)
		}
		if planned, _ := s.managing().Rotate(t.Context(), s.cfg, nil, engine.Due); !planned.Plan.Empty() {
			t.Errorf("there is still something to do:\n%s", toldPlan(planned.Plan))
		}
	})
}

// accountsAreSafe: every device accepts a password of the vault for every account that has one, and none locked itself.
func (s *site) accountsAreSafe() {
	s.Helper()
	vault := storedPasswords{s.store}
	all, err := s.store.AllSecrets(s.Context())
	if err != nil {
		s.Fatal(err)
	}
	known := map[string][]string{}
	for _, v := range all {
		secret, err := vault.Open(v)
		if err != nil {
			s.Fatal(err)
		}
		if v.Status == state.SecretLive {
			known[v.Name] = []string{secret.Reveal()}
		} else if v.Status == state.SecretPending {
			known[v.Name] = append(known[v.Name], secret.Reveal())
		}
	}
	for _, d := range s.cfg.Devices {
		device := s.deviceAt(d.URL.Hostname())
		for account, first := range map[string]string{"admin": fleetPassword, "operator": ""} {
			texts := known[credential.Name(d.Address, account)]
			if len(texts) == 0 && first == "" {
				continue // an account that was not made yet
			}
			if !slices.ContainsFunc(append(texts, first), func(text string) bool { return text != "" && device.Accepts(account, text) }) {
				s.Errorf("%s accepts no password of %s that is known", d.Address, account)
			}
		}
		if n := device.Count(simulator.Locked); n > 0 {
			s.Errorf("%s locked itself", d.Address)
		}
	}
}

func (s *site) deviceAt(host string) *simulator.Device {
	for _, d := range s.fleet.Devices() {
		if d.Address().String() == host {
			return d
		}
	}
	s.Fatalf("no device at %s", host)
	return nil
}

// A plan that lets the machine in on which it was made would shut out another one that applies it.
func TestAPlanIsProvenAgainFromWhereItIsApplied(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		fleet := newFleet(t, simulator.Options{Count: 1, Models: []string{"camera-v57"}})
		office, elsewhere := netip.MustParseAddr("192.0.2.20"), netip.MustParseAddr("192.0.2.77")
		s := newSite(t, fleet, fleet.Dialer(office))
		s.configure(s.deviceBlock("gate", fleet.Devices()[0], `
  ip_filter {
    enabled   = true
    mode      = "allow"
    addresses = ["192.0.2.20"]
  }
`))
		p, problems := s.plan()
		if len(problems) > 0 || len(p.Devices[0].Steps) != 1 {
			t.Fatalf("%q, %s", problems, toldPlan(p))
		}
		s.provider = newInspector(hikvision.New(isapi.Options{Dial: fleet.Dialer(elsewhere)}), fleet)
		d := s.apply(p).Devices[0]
		if d.Steps[0].Result != report.Failed || !strings.Contains(d.Detail, "192.0.2.77") {
			t.Errorf("it ended with %s: %s %v", d.Result, d.Detail, d.Steps)
		}
		s.provider = newInspector(hikvision.New(isapi.Options{Dial: fleet.Dialer(office)}), fleet)
		if d := s.apply(p).Devices[0]; d.Result != report.Done {
			t.Errorf("from where it was made it ended with %s: %s %v", d.Result, d.Detail, d.Steps)
		}
	})
}

// Some devices put an account to sleep whose password an administrator has set, until it sets another one itself.
func TestAnAccountThatSleepsSetsItsOwnPassword(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		fleet := newFleet(t, simulator.Options{Count: 1, Models: []string{"camera-v57"}})
		device := fleet.Devices()[0]
		device.SetQuirks(simulator.Quirks{MustChange: true})
		s := newSite(t, fleet, fleet.DialContext)
		text := managedPolicy + s.managedDevice("gate", device)
		for range 2 { // the account is made, and then gets a new password
			s.manage(text)
			if bad := s.rotate(engine.All).Bad(); len(bad) > 0 {
				t.Fatalf("it ended with %v", bad)
			}
		}
		password, err := s.live("gate/operator")
		if err != nil || !device.Accepts("operator", password.Reveal()) {
			t.Errorf("the device does not accept what the vault calls current: %v", err)
		}
		if body := string(device.Document("/ISAPI/Security/users")); strings.Contains(body, "<userActivationStatus>false") {
			t.Errorf("an account still sleeps:\n%s", body)
		}
		versions, err := s.store.Versions(t.Context(), "gate/operator")
		if err != nil || len(versions) != 3 || versions[1].Status != state.SecretHistory {
			t.Errorf("the vault has %d versions, %v; want the first, the one that it was given and the one that it set", len(versions), err)
		}
		s.manage(text)
		if p, problems := s.managing().Plan(t.Context(), s.cfg, nil); len(problems) > 0 || !p.Plan.Empty() {
			t.Errorf("there is still something to do: %v %s", problems, toldPlan(p.Plan))
		}
	})
}

// tapped is the connection of a device that somebody listens to.
type tapped struct {
	net.Conn
	heard *lockedBuffer
}

func (c tapped) Write(p []byte) (int, error) {
	_, _ = c.heard.Write(p)
	return c.Conn.Write(p)
}

// lockedBuffer collects what several connections carry.
type lockedBuffer struct {
	mu sync.Mutex
	bytes.Buffer
}

func (b *lockedBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.Buffer.Write(p)
}

// Who listens to plain HTTP reads no password of an account where the device takes them enciphered, no matter who sets it: when an account
// is made, gets a new password, sets its own, and is removed.
func TestI11PasswordsOfAccountsAreNotReadOnTheWay(t *testing.T) {
	for _, model := range simulator.Models() {
		t.Run(model, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				fleet := newFleet(t, simulator.Options{Count: 1, Models: []string{model}})
				device := fleet.Devices()[0]
				device.SetQuirks(simulator.Quirks{MustChange: true})
				var heard lockedBuffer
				s := newSite(t, fleet, func(ctx context.Context, network, address string) (net.Conn, error) {
					conn, err := fleet.DialContext(ctx, network, address)
					return tapped{conn, &heard}, err
				})
				text := managedPolicy + s.managedDevice("gate", device)
				for range 2 {
					s.manage(text)
					if bad := s.rotate(engine.All).Bad(); len(bad) > 0 {
						t.Fatalf("it ended with %v", bad)
					}
				}
				s.manage(text[:strings.Index(text, "  user ")] + "}\n")
				removing := s.managing()
				p, problems := removing.Plan(t.Context(), s.cfg, nil)
				if problems.HasErrors() {
					t.Fatal(problems)
				}
				removal := removing.Apply(t.Context(), t.Context(), p.Plan, "removal")
				if bad := removal.Bad(); len(bad) > 0 || strings.Contains(string(device.Document("/ISAPI/Security/users")), "operator") {
					t.Fatalf("the account is not removed: %v %s %+v", bad, toldPlan(p.Plan), string(device.Document("/ISAPI/Security/users")))
				}
				said, clear := heard.String(), 0
				for _, name := range []string{"gate/admin", "gate/operator"} {
					versions, err := s.store.Versions(t.Context(), name)
					if err != nil || len(versions) < 2 {
						t.Fatal(versions, err)
					}
					for _, v := range versions {
						if password, err := (storedPasswords{s.store}).Open(v); err != nil || strings.Contains(said, html.EscapeString(password.Reveal())) || strings.Contains(said, password.Reveal()) {
							clear++
						}
					}
				}
				if enciphers := strings.Contains(string(device.Document("/ISAPI/Security/capabilities")), "securityVersion"); enciphers == (clear > 0) {
					t.Errorf("%d passwords were read on the way of a device that enciphers: %t", clear, enciphers)
				}
			})
		})
	}
}

// Who stands between and hides that a device takes passwords enciphered, after the plan was made, does not get them in clear.
func TestI11APasswordThatWasPlannedAsEncipheredNeverLeavesInClear(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		fleet := newFleet(t, simulator.Options{Count: 1, Models: []string{"camera-v57"}})
		device := fleet.Devices()[0]
		const capabilities = "/ISAPI/Security/capabilities"
		var heard lockedBuffer
		s := newSite(t, fleet, func(ctx context.Context, network, address string) (net.Conn, error) {
			conn, err := fleet.DialContext(ctx, network, address)
			return tapped{conn, &heard}, err
		})
		s.manage(managedPolicy + strings.ReplaceAll(s.managedDevice("gate", device), "plain = true", "plain = false"))
		e := s.managing()
		planned, problems := e.Plan(t.Context(), s.cfg, nil)
		if problems.HasErrors() {
			t.Fatal(problems)
		}
		if err := device.Inject(simulator.Rule{Path: capabilities + "*", Action: simulator.Status, Status: http.StatusForbidden, Code: "notSupport"}); err != nil {
			t.Fatal(err)
		}
		text, err := plan.Encode(planned.Plan, e.Provider.Kinds())
		if err != nil {
			t.Fatal(err)
		}
		saved, err := plan.Decode(text, e.Provider.Kinds())
		if err != nil {
			t.Fatal(err)
		}
		for _, step := range saved.Devices[0].Steps {
			if step.Enciphered != (len(step.Secrets) > 0) {
				t.Errorf("%s is planned as enciphered: %t", step.Address, step.Enciphered)
			}
		}
		if bad := e.Apply(t.Context(), t.Context(), saved, "run").Bad(); len(bad) == 0 {
			t.Error("apply is content although the passwords could not leave as planned")
		}
		if said := heard.String(); strings.Contains(said, "<password>") {
			t.Errorf("a password left in clear: %s", said[max(0, strings.Index(said, "<password>")-300):])
		}
	})
}
