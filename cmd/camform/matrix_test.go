package main

import (
	"fmt"
	"os"
	"strings"
	"testing"

	"camform/engine/thorough"
	"camform/providers/hikvision/simulator"
)

// The campus, which has every built-in model, is planned, applied, and planned again over every kind of connection and
// login.
func TestI4EveryModelConverges(t *testing.T) {
	t.Parallel()
	campus, err := os.ReadFile("../../examples/campus/main.cam.hcl")
	if err != nil {
		t.Fatal(err)
	}
	for _, tls := range thorough.Spread([]bool{false, true}, thorough.Pick(1, thorough.All, thorough.All)) {
		for _, digest := range thorough.Spread([]string{"MD5", "SHA256", "MD5/SHA256"}, thorough.Pick(1, thorough.All, thorough.All)) {
			t.Run(fmt.Sprintf("tls=%t,digest=%s", tls, digest), func(t *testing.T) {
				t.Parallel()
				s := newSite(t, simulator.Options{Seed: 3, TLS: tls, Algorithm: digest}, strings.ReplaceAll(string(campus), "CAMERA_PASSWORD", "ADMIN_PASSWORD"))
				s.run(2, "plan", "-detailed-exitcode", "-out=campus.plan")
				s.run(0, "apply", "campus.plan")
				s.run(0, "plan", "-detailed-exitcode")
				s.run(0, "drift")
				for _, d := range s.fleet.Devices() {
					if d.Count(simulator.RemoteConfig) == 0 || d.Refusals() != 0 || d.Count(simulator.Rejected) != 0 {
						t.Errorf("%s carried out %d writes, refused %d and %d logins; want some, none, none",
							d.Name(), d.Count(simulator.RemoteConfig), d.Count(simulator.Rejected), d.Refusals())
					}
				}
				if strong := s.strongLogins(); (strong > 0) != (digest != "MD5") {
					t.Errorf("%d devices are logged in to with SHA-256", strong)
				}
			})
		}
	}
}

// strongLogins is how many devices the state remembers to be logged in to with SHA-256.
func (s *site) strongLogins() int {
	s.t.Helper()
	store := s.state()
	defer store.Close()
	devices, err := store.AllDevices(s.t.Context())
	if err != nil {
		s.t.Fatal(err)
	}
	n := 0
	for _, d := range devices {
		if d.Pin.Algorithm == "SHA-256" {
			n++
		}
	}
	return n
}

func TestExamplesAreValid(t *testing.T) {
	t.Parallel()
	for _, example := range []string{"shop", "campus"} {
		t.Run(example, func(t *testing.T) {
			t.Parallel()
			text, err := os.ReadFile("../../examples/" + example + "/main.cam.hcl")
			if err != nil {
				t.Fatal(err)
			}
			s := newSite(t, simulator.Options{Models: []string{"camera-v57"}}, string(text))
			s.run(0, "validate")
			s.run(0, "fmt", "-check")
		})
	}
}
