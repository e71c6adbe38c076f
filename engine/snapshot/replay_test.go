package snapshot

import (
	"errors"
	"net/url"
	"strings"
	"testing"
	"time"

	"camform/providers"
	"camform/schema"
)

func target(t testing.TB, name, at string) providers.Target {
	t.Helper()
	u, err := url.Parse(at)
	if err != nil {
		t.Fatal(err)
	}
	return providers.Target{Device: schema.Device{Name: name}, URL: u, Login: providers.Credential{Username: "admin"}}
}

func replay(t testing.TB, longest time.Duration, moves ...schema.Move) *Replay {
	t.Helper()
	r, err := NewReplay(small(), noon.Add(time.Hour), longest, moves)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// A reader of a snapshot says what the device said, also where that was a failure.
func TestASnapshotAnswersLikeTheDevice(t *testing.T) {
	r := replay(t, 24*time.Hour)
	reader := r.Open(target(t, "gate", "https://192.0.2.1"))
	identity, err := reader.Identify(t.Context())
	if identity.Serial != "S1" || reader.Pin().SPKI != "sha256:1" || err != nil {
		t.Errorf("it is %v with the pin %v (%v)", identity, reader.Pin(), err)
	}
	doc, err := reader.Read(t.Context(), "/a")
	if string(doc.Body) != "<a/>" || doc.Source != "192.0.2.9" || !doc.Told.Date.Equal(noon) || err != nil {
		t.Errorf("%+v (%v)", doc, err)
	}
	if doc, err := reader.Read(t.Context(), "/b"); doc.Missing != "403 notSupport" || err != nil {
		t.Errorf("%+v (%v)", doc, err)
	}
	if _, err := reader.Read(t.Context(), "/c"); !errors.Is(err, providers.ErrDenied) || providers.Reason(err) != "the account may not" {
		t.Errorf("%v", err)
	}
	if _, err := reader.Read(t.Context(), "/d"); err == nil || !strings.Contains(err.Error(), "does not have it") || providers.EndsSession(err) {
		t.Errorf("%v", err)
	}
	away := r.Open(target(t, "lobby", "https://192.0.2.2"))
	if _, err := away.Identify(t.Context()); !errors.Is(err, providers.ErrUnreachable) || providers.Reason(err) != "no answer" {
		t.Errorf("%v", err)
	}
}

// What is not known of a device is reported for that device: no other one has to do with it.
func TestI12WhatASnapshotDoesNotKnowIsUnknown(t *testing.T) {
	gate := target(t, "gate", "https://192.0.2.1")
	other := gate
	other.Login.Username = "root"
	for name, test := range map[string]struct {
		target  providers.Target
		longest time.Duration
		want    string
	}{
		"known":             {gate, time.Hour, ""},
		"too old":           {gate, time.Hour - time.Second, "longer than 59m59s ago"},
		"never read":        {target(t, "yard", "https://192.0.2.1"), time.Hour, "does not have it"},
		"at another place":  {target(t, "gate", "https://192.0.2.3"), time.Hour, "at a different address or with a different account"},
		"without TLS":       {target(t, "gate", "http://192.0.2.1"), time.Hour, "at a different address or with a different account"},
		"by another person": {other, time.Hour, "at a different address or with a different account"},
	} {
		t.Run(name, func(t *testing.T) {
			r := replay(t, test.longest)
			_, err := r.Open(test.target).Identify(t.Context())
			if test.want == "" && err != nil || test.want != "" && (err == nil || !strings.Contains(err.Error(), test.want)) {
				t.Errorf("%v", err)
			}
			if _, err := r.Open(target(t, "lobby", "https://192.0.2.2")).Identify(t.Context()); err == nil {
				t.Error("the one that was not read is")
			}
		})
	}
}

// I11: who answers is judged by what the configuration says now.
func TestI11ADeviceOfASnapshotIsTheOneThatIsMeant(t *testing.T) {
	r := replay(t, time.Hour)
	gate := target(t, "gate", "https://192.0.2.1")
	gate.Want.Serial = "S2"
	if _, err := r.Open(gate).Identify(t.Context()); !errors.Is(err, providers.ErrIdentity) {
		t.Errorf("declared as another one: %v", err)
	}
	gate.Want, gate.Pin = providers.Identity{}, providers.Pin{Serial: "S2"}
	if _, err := r.Open(gate).Identify(t.Context()); !errors.Is(err, providers.ErrIdentity) {
		t.Errorf("remembered as another one: %v", err)
	}
}

func TestADeviceThatMovesTakesItsReadingAlong(t *testing.T) {
	from, to := schema.Device{Name: "gate"}, schema.Device{Name: "door"}
	r := replay(t, time.Hour, schema.Move{From: from, To: to})
	if _, err := r.Open(target(t, "door", "https://192.0.2.1")).Identify(t.Context()); err != nil {
		t.Error(err)
	}
	if r.Read(to).IsZero() || !r.Read(from).IsZero() {
		t.Error("it was read under the old name")
	}
	guard := schema.Setting{Device: to, Kind: "user", Key: "guard"}
	if print := r.Fingerprint(guard, "password", "vault:door/guard"); print != "f1" {
		t.Errorf("its password is noted as %q", print)
	}
	if print := r.Shown(schema.Setting{Device: to, Kind: "snmp"}, "community"); print != "f2" {
		t.Errorf("what it shows is noted as %q", print)
	}
	if print := r.Fingerprint(guard, "password", "vault:gate/guard"); print != "" {
		t.Errorf("the password of somebody else is noted as %q", print)
	}
}

func TestOnlyWhatCountsWasRead(t *testing.T) {
	if at := replay(t, time.Hour).Read(schema.Device{Name: "lobby"}); !at.IsZero() {
		t.Errorf("one that failed was read at %s", at)
	}
	if at := replay(t, time.Minute).Read(schema.Device{Name: "gate"}); !at.IsZero() {
		t.Errorf("one that is too old was read at %s", at)
	}
}
