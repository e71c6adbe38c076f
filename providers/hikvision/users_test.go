package hikvision_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"camform/providers"
	"camform/providers/hikvision"
	"camform/providers/hikvision/isapi"
	"camform/providers/hikvision/simulator"
	"camform/schema"
)

// asleep is a device that lets the user guard do nothing but set a password of his own, since the administrator has set
// his to Second-Pass-2.
type asleep struct {
	*told
	device *simulator.Device
	docs   providers.Documents
}

func putToSleep(t *testing.T, model string) asleep {
	t.Helper()
	harness := &fleet{t: t}
	d := asleep{told: open(t, "user", harness, model)}
	d.device = harness.last.Devices()[0]
	d.device.SetUser("guard", "Operator", "First-Pass-1")
	d.device.SetQuirks(simulator.Quirks{MustChange: true})
	d.read()
	d.docs = d.told.docs
	request := d.passwordOf("guard", "Second-Pass-2", harness.Login(model))
	if _, err := d.session.Do(t.Context(), request); err != nil {
		t.Fatal(err)
	}
	return d
}

// passwordOf is the request with which an account changes a password.
func (d asleep) passwordOf(account, to string, login providers.Credential) providers.Request {
	d.t.Helper()
	requests, err := d.provider.Compose(providers.Composition{Documents: d.docs, Login: login, Changes: []providers.Change{
		{Kind: d.kind, Key: account, Before: d.kind.Null(), After: object(d.kind, map[string]any{"password": to})},
	}})
	if err != nil || len(requests) != 1 {
		d.t.Fatal(requests, err)
	}
	return requests[0]
}

func guard(password string) providers.Credential {
	return providers.Credential{Username: "guard", Password: schema.NewSecret(password)}
}

func (d asleep) authenticate(c providers.Credential) error {
	return d.session.(providers.Authenticator).Authenticate(d.t.Context(), c)
}

func (d asleep) doAs(c providers.Credential, r providers.Request) error {
	_, err := d.session.(providers.Impersonator).DoAs(d.t.Context(), c, r)
	return err
}

func TestAnAccountThatIsNoAdministratorSetsItsPassword(t *testing.T) {
	for _, model := range simulator.Models() {
		t.Run(model, func(t *testing.T) {
			d := putToSleep(t, model)
			if err := d.authenticate(guard("Second-Pass-2")); !errors.Is(err, providers.ErrMustChange) || providers.EndsSession(err) {
				t.Fatalf("the login was right, and the account sleeps: %v", err)
			}
			same := d.passwordOf("guard", "Second-Pass-2", guard("Second-Pass-2"))
			if err := d.doAs(guard("Second-Pass-2"), same); !errors.Is(err, providers.ErrInvalid) || !strings.Contains(err.Error(), "cannotSameAsOldPassword") {
				t.Errorf("the same password: %v", err)
			}
			other := d.passwordOf("guard", "Third-Pass-3", guard("Second-Pass-2"))
			if err := d.doAs(guard("Second-Pass-2"), other); err != nil {
				t.Fatal(err)
			}
			if err := d.authenticate(guard("Third-Pass-3")); err != nil {
				t.Errorf("the account still sleeps: %v", err)
			}
			if _, err := d.session.Read(t.Context(), d.kind.Document.Path); err != nil {
				t.Errorf("the session of the administrator has ended: %v", err)
			}
		})
	}
}

func TestAnAccountThatSleepsMayDoNothingElse(t *testing.T) {
	d := putToSleep(t, "camera-v57")
	request := d.passwordOf("admin", "Third-Pass-3", guard("Second-Pass-2"))
	if err := d.doAs(guard("Second-Pass-2"), request); !errors.Is(err, providers.ErrMustChange) {
		t.Errorf("it changes the password of the administrator: %v", err)
	}
	if !d.device.Accepts("admin", fleetPassword) {
		t.Error("it has changed the password of the administrator")
	}
}

func TestAnOwnPasswordComesWithTheOneThatTheAccountHas(t *testing.T) {
	d := putToSleep(t, "camera-v57")
	body := string(d.passwordOf("guard", "Third-Pass-3", guard("Second-Pass-2")).Body)
	for _, want := range []string{"<loginPassword>Second-Pass-2<", "<password>Third-Pass-3<", "<userLevel>Operator<"} {
		if !strings.Contains(body, want) {
			t.Errorf("no %s in\n%s", want, body)
		}
	}
}

func TestAChannelIsSeenToWork(t *testing.T) {
	devices, err := simulator.New(simulator.Options{Models: []string{"recorder-v1", "recorder-v2"}, Password: fleetPassword})
	if err != nil {
		t.Fatal(err)
	}
	provider := hikvision.New(isapi.Options{})
	works := provider.Kinds().Lookup("channel").Works
	for _, d := range devices.Devices() {
		doc := providers.Document{Path: works.PathFor("1"), Body: d.Document(works.PathFor("1"))}
		want := map[string]string{"recorder-v1": "false", "recorder-v2": "true"}[d.Model()]
		if texts, err := provider.Observe(doc, works.Element); err != nil || len(texts) != 1 || texts[0] != want {
			t.Errorf("%s: %q, %v", d.Name(), texts, err)
		}
	}
	recorded := openArchive(t, recordings(t))["DS-7708N-I4"][works.PathFor("1")]
	texts, err := provider.Observe(providers.Document{Body: recorded}, works.Element)
	if err != nil || len(texts) != 1 || texts[0] != works.Values[0] {
		t.Errorf("recorded: %q, %v in\n%s", texts, err, recorded)
	}
	if works.Wait < 10*time.Second {
		t.Error("recorders try every ten seconds only")
	}
}
