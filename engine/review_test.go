package engine_test

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"camform/engine"
	"camform/providers/memory"
	"camform/schema"
)

// I12: where the accounts of a device that answers cannot be read, nobody can say that one is missing, or that there are no
// others.
func TestI12AccountsThatCannotBeReadAreUnknown(t *testing.T) {
	for title, spoil := range map[string]func(*memory.Device){
		"a document that makes no sense": func(d *memory.Device) {
			d.Inject(memory.Fault{Effect: memory.Reject, Match: func(x memory.Exchange) bool { return strings.Contains(x.Path, "user") }})
		},
	} {
		t.Run(title, func(t *testing.T) {
			w := newWorld(t, "gate", "yard")
			w.declareUser("gate", "operator", "Operator", "Operator-1")
			w.apply(w.plan())
			spoil(w.fleet.Device("gate"))
			accounts, unread, problems := w.engine().Review(context.Background(), w.cfg, nil)
			if len(problems) > 0 || len(unread) != 1 || unread[schema.Device{Name: "gate"}] == "" {
				t.Fatalf("unread %v, problems %v", unread, problems)
			}
			for _, a := range accounts {
				if a.Device.Name == "gate" && a.Found != nil {
					t.Errorf("%s is found %t", a.Account, *a.Found)
				}
				if a.Device.Name == "yard" && a.Found == nil {
					t.Errorf("%s of the other device is unknown, too", a.Account)
				}
			}
		})
	}
	w := newWorld(t)
	w.add("gate", memory.Options{Without: []string{"user"}})
	if _, unread, _ := w.engine().Review(context.Background(), w.cfg, nil); len(unread) != 1 {
		t.Errorf("a device that shows no accounts is not told: %v", unread)
	}
}

// users are those who log in with an account of the camera, each with how long ago that was reported.
func (s *shown) users(accounts []engine.Account, account string) string {
	for _, a := range accounts {
		if a.Device.Name != "gate" || a.Account != account {
			continue
		}
		var users []string
		for _, u := range a.Users {
			if at, told := a.Told[u]; told {
				u += fmt.Sprintf(" (%s)", time.Since(at).Round(time.Hour))
			}
			users = append(users, u)
		}
		return strings.Join(users, ", ")
	}
	return "no such account"
}

func (s *shown) credentials() []engine.Account {
	s.Helper()
	accounts, err := s.engine().Credentials(s.Context(), s.cfg, nil)
	if err != nil {
		s.Fatal(err)
	}
	return accounts
}

// I13: who uses an account is listed by what devices told last, and no device is asked for that.
func TestI13CredentialsListWhoWasFoundToUseThem(t *testing.T) {
	const (
		user    = `device.recorder.channel["4"]`
		literal = "channel \"4\" {\n username = \"nvr\"\n password = device.gate.user.nvr.password\n}\n"
		lockout = "service \"DEV_MANAGE\" {\n enabled = false\n}\n" // so that a plan asks who uses the camera
	)
	show(t, func(s *shown) {
		s.declare(ownAccount, "")
		if got := s.users(s.credentials(), "nvr"); got != "" {
			t.Errorf("nothing was reported yet, and it is used by %s", got)
		}
		s.plans()
		time.Sleep(72 * time.Hour)
		reviewed, _, problems := s.managing().Review(s.Context(), s.cfg, nil)
		if got, want := s.users(reviewed, "nvr"), user+" (72h0m0s)"; got != want || len(problems) > 0 {
			t.Errorf("by the review it is used by %s, want %s; problems %v", got, want, problems)
		}
		s.declare(lockout, "")
		reviewed, _, _ = s.managing().Review(s.Context(), s.cfg, nil)
		if got, want := s.users(reviewed, "nvr"), user+" (72h0m0s)"; got != want {
			t.Errorf("declared by nobody, it is used by %s, want %s", got, want)
		}
		s.recorder.Unplug()
		s.camera.Unplug()
		s.declare(ownAccount, literal)
		if got, want := s.users(s.credentials(), "nvr"), user+" (72h0m0s)"; got != want {
			t.Errorf("it is used by %s, want %s", got, want)
		}
		if got := s.users(s.credentials(), "admin"); got != "camform" {
			t.Errorf("the other account is used by %s", got)
		}
		s.manage(managedPolicy + s.deviceBlock("gate", s.camera, ownAccount))
		if got, want := s.users(s.credentials(), "nvr"), user+" (72h0m0s)"; got != want {
			t.Errorf("after the recorder left the configuration it is used by %s, want %s", got, want)
		}
		if err := s.store.ForgetDevice(s.Context(), schema.Device{Name: "recorder"}); err != nil {
			t.Fatal(err)
		}
		if got := s.users(s.credentials(), "nvr"); got != "" {
			t.Errorf("the recorder is forgotten, and it is used by %s", got)
		}
	})
	show(t, func(s *shown) {
		s.recorderDoes(http.MethodDelete, "/ISAPI/ContentMgmt/InputProxy/channels/4", "")
		s.connectBy("ONVIF", s.camera.Address().String(), 80)
		s.declare(ownAccount+lockout, "")
		s.plans()
		if got := s.users(s.credentials(), "nvr"); got != "" {
			t.Errorf("it is an account of another protocol that is used by %s", got)
		}
	})
}
