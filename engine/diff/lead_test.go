package diff

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/zclconf/go-cty/cty"

	"camform/engine/config"
	"camform/engine/credential"
	"camform/engine/plan"
	"camform/providers"
	"camform/schema"
)

const opPassword = "vault:gate/op"

// camera has an account that the vault manages, and that has no password of the vault yet.
func camera() Subject {
	op := want("user", "op", values{"level": cty.StringVal("Operator"), "password": schema.MarkSecret(schema.NewSecret("First-1").Value(), opPassword)})
	password := op.Attributes["password"]
	password.Policy = &credential.Policy{Name: "standard"}
	op.Attributes["password"] = password
	return Subject{Device: device(op), Snapshot: snapshot(map[string]providers.Items{
		"user": {"op": have("user", values{"level": cty.StringVal("Operator")})},
	})}
}

// recorder logs in to the camera with that account, and is known to have the password of now.
func recorder() Subject {
	channel := want("channel", "1", values{"username": cty.StringVal("op"), "password": schema.MarkSecret(schema.NewSecret("First-1").Value(), opPassword)})
	d := device(channel)
	d.Address = schema.Device{Name: "recorder"}
	channel.Address.Device = d.Address
	s := snapshot(map[string]providers.Items{"channel": {"1": have("channel", values{"username": cty.StringVal("op")})}})
	s.Device = d.Address
	return Subject{Device: d, Snapshot: s, Last: map[schema.Setting]Memory{channel.Address: {
		Applied:      map[string]cty.Value{"username": cty.StringVal("op")},
		Fingerprints: map[string]string{"password": rules.Fingerprint(channel.Address, "password", schema.NewSecret("First-1"))},
	}}}
}

func leading() Rules {
	r := rules
	r.Managed = func(string) Managed { return Managed{} }
	r.Asked = func(schema.Setting) bool { return false }
	r.Due = func(credential.Policy, Managed) (bool, string) { return false, "" }
	r.Window = func(credential.Policy) (bool, time.Time) { return true, time.Time{} }
	return r
}

// Whichever comes first, what logs in with a new password follows the account that gets it; unless no plan would give it one.
func TestWhatLogsInWithANewPasswordFollows(t *testing.T) {
	willing := func(*schema.Kind, providers.Documents, string, cty.Value) []providers.AttributeError { return nil }
	doubting := func(kind *schema.Kind, _ providers.Documents, _ string, _ cty.Value) []providers.AttributeError {
		if kind.Name == "user" {
			return []providers.AttributeError{{Attribute: "password", Detail: "Nobody knows.", Unproven: true}}
		}
		return nil
	}
	for name, c := range map[string]struct {
		check  Check
		change func(camera, recorder *Subject)
		camera string
		follow string
	}{
		"it gets one":           {willing, func(_, _ *Subject) {}, "update user.op password:config@12", "device.gate.user.op"},
		"it is left out":        {doubting, func(_, _ *Subject) {}, "update user.op password:config@12", ""},
		"it is protected":       {willing, func(c, _ *Subject) { c.Device.Lifecycle.Protect = []config.Pattern{{Kind: "user"}} }, "protected user.op", ""},
		"the camera is silent":  {willing, func(c, _ *Subject) { c.Snapshot.Err = errors.New("no answer") }, "", ""},
		"over old TLS":          {willing, func(c, _ *Subject) { c.Device.URL, c.Device.TLS.Legacy = mustURL("https://192.0.2.1:443"), true }, "update user.op password:config@12", ""},
		"the password is known": {willing, func(c, _ *Subject) { delete(c.Device.Settings[0].Attributes, "password") }, "adopt user.op", ""},
	} {
		for _, reversed := range []bool{false, true} {
			cam, rec := camera(), recorder()
			c.change(&cam, &rec)
			subjects := []Subject{cam, rec}
			if reversed {
				slices.Reverse(subjects)
			}
			results := CompareAll(subjects, leading(), c.check)
			if reversed {
				slices.Reverse(results)
			}
			if got := strings.TrimSpace(told(results[0])); got != c.camera {
				t.Errorf("%s: the camera: %s", name, got)
			}
			follows := ""
			for _, change := range results[1].Changes {
				follows = change.Secrets["password"].Follows
			}
			if follows != c.follow {
				t.Errorf("%s: the recorder follows %q, want %q", name, follows, c.follow)
			}
		}
	}
}

// A recorder that could not be read could not get a new password.
func TestAnAccountKeepsThePasswordOfWhatCouldNotBeRead(t *testing.T) {
	cam, rec := camera(), recorder()
	rec.Snapshot.Err = errors.New("no answer")
	known := leading()
	known.Managed = func(string) Managed { return Managed{Version: 1, Made: true} }
	known.Asked = func(schema.Setting) bool { return true }
	results := CompareAll([]Subject{cam, rec}, known, nil)
	if len(results[0].Changes) > 0 || len(results[0].Skipped) != 1 {
		t.Fatalf("result %+v", results[0])
	}
	skipped := results[0].Skipped[0]
	if skipped.Reason != plan.Waiting || skipped.Detail != `device.recorder.channel["1"] logs in with it, and could not be read: no answer` {
		t.Errorf("skipped %+v", skipped)
	}
}

// By itself, what logs in with a password is judged by the one of now.
func TestADeviceByItselfFollowsNobody(t *testing.T) {
	cam := camera()
	other := want("user", "other", values{"level": cty.StringVal("Operator"), "password": schema.MarkSecret(schema.NewSecret("First-1").Value(), opPassword)})
	cam.Device.Settings = append(cam.Device.Settings, other)
	cam.Snapshot.Items["user"]["other"] = have("user", values{"level": cty.StringVal("Operator")})
	last := map[schema.Setting]Memory{other.Address: {
		Applied:      map[string]cty.Value{"level": cty.StringVal("Operator")},
		Fingerprints: map[string]string{"password": rules.Fingerprint(other.Address, "password", schema.NewSecret("First-1"))},
	}}
	if got := told(Compare(cam.Device, cam.Snapshot, last, leading())); got != "update user.op password:config@12\n" {
		t.Errorf("result:\n%s", got)
	}
}

// Over old TLS a new password waits until the connection is a better one.
func TestI11ANewPasswordDoesNotLeaveOverOldTLS(t *testing.T) {
	for legacy, want := range map[bool]string{false: "update user.op password:config@12", true: "exposed user.op\nadopt user.op"} {
		cam := camera()
		cam.Device.URL, cam.Device.TLS.Legacy = mustURL("https://192.0.2.1:443"), legacy
		known := leading()
		known.Managed = func(string) Managed { return Managed{Version: 1, Made: true} }
		known.Asked = func(schema.Setting) bool { return true }
		if got := strings.TrimSpace(told(Compare(cam.Device, cam.Snapshot, nil, known))); got != want {
			t.Errorf("legacy %t: %s", legacy, got)
		}
	}
}
