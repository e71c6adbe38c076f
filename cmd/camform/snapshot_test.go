package main

import (
	"bytes"
	"compress/gzip"
	"crypto/ed25519"
	"encoding/json"
	"encoding/pem"
	"io"
	"os"
	"path/filepath"
	"testing"

	"golang.org/x/crypto/ssh"

	"camform/engine/snapshot"
	"camform/providers/hikvision/simulator"
	"camform/schema"
)

// TestI1ASnapshotHasNoSecret looks into what a snapshot is made of, which is compressed in its file: of devices that show secrets,
// declared and not, that repeat the password of the login in a document, or that are misnamed with it.
func TestI1ASnapshotHasNoSecret(t *testing.T) {
	t.Parallel()
	s := newSite(t, simulator.Options{Models: []string{"camera-v57", "recorder-v2"}, TLS: true, Seed: 11}, canarySite)
	c := &canaryRun{hunt: newHunt(s), camera: s.fleet.Devices()[0], recorder: s.fleet.Devices()[1]}
	c.plantFor(t, "guard.txt", canaries[fileCanary])
	s.write("key", privateKeyOf(t, "watchman"))
	take := func(name string, code int) {
		t.Helper()
		program := s.program("snapshot", "-out", name+".snapshot", "-key", "key", "-max-unreachable", "2")
		program.Env = append(program.Env, "CAMFORM_VAR_community="+canaries[communityCanary])
		out, err := program.CombinedOutput()
		if have := program.ProcessState.ExitCode(); have != code {
			t.Errorf("%s: exit code %d (%v)\n%s", name, have, err, out)
		}
		for _, leak := range append(leaksIn("the output", out), leaksIn("the snapshot", contentOf(t, s, name+".snapshot"))...) {
			t.Errorf("I1: %s: %s", name, leak)
		}
	}
	apply := s.program("apply", "-auto-approve")
	apply.Env = append(apply.Env, "CAMFORM_VAR_community="+canaries[communityCanary])
	if out, err := apply.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	show(c)
	take("shown", 0)
	tamper(c)
	take("tampered", 0)
	rename(c)
	take("renamed", 0)
	inject(simulator.Rule{Path: "/ISAPI/System/Network/UPnP", Action: simulator.Echo})(c)
	take("echoed", 0)
	heal(c)
	c.camera.SetUser("admin", "Administrator", canaries["OTHER_PASSWORD"])
	take("refused", 0)
	text := contentOf(t, s, "shown.snapshot")
	if !bytes.Contains(text, []byte(`"address":"device.camera`)) || !bytes.Contains(text, []byte(`"fingerprint":`)) {
		t.Errorf("the test saw no snapshot: %.200s", text)
	}
}

// contentOf is the content of a snapshot, with the texts of its documents as they are.
func contentOf(t *testing.T, s *site, name string) []byte {
	t.Helper()
	file, err := os.ReadFile(filepath.Join(s.dir, name))
	if err != nil {
		t.Fatal(err)
	}
	_, packed, _ := bytes.Cut(file, []byte("-----END SSH SIGNATURE-----\n"))
	r, err := gzip.NewReader(bytes.NewReader(packed))
	if err != nil {
		t.Fatal(err)
	}
	text, err := io.ReadAll(r)
	if err != nil {
		t.Fatal(err)
	}
	var c snapshot.Content
	if err := json.Unmarshal(text, &c); err != nil {
		t.Fatal(err)
	}
	covered := 0
	for _, doc := range c.Texts {
		text = append(append(text, '\n'), doc...)
		covered += bytes.Count(doc, []byte(schema.Blank))
	}
	if covered == 0 && len(c.Texts) > 0 && name == "shown.snapshot" {
		t.Error("no secret is covered, so that there was none")
	}
	return text
}

func privateKeyOf(t *testing.T, name string) []byte {
	t.Helper()
	seed := make([]byte, ed25519.SeedSize)
	copy(seed, name)
	block, err := ssh.MarshalPrivateKey(ed25519.NewKeyFromSeed(seed), name)
	if err != nil {
		t.Fatal(err)
	}
	return pem.EncodeToMemory(block)
}
