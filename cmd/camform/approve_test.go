package main

import (
	"bytes"
	"crypto/ed25519"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"golang.org/x/crypto/ssh"
	"golang.org/x/crypto/ssh/agent"

	"camform/engine/approval"
	"camform/engine/plan"
	"camform/providers/hikvision"
	"camform/providers/hikvision/isapi"
	"camform/schema"
)

func TestTheAuthorIsWhoSaysSoOrGitKnows(t *testing.T) {
	git, err := exec.LookPath("git")
	if err != nil {
		t.Skip("there is no git here")
	}
	dir := t.TempDir()
	t.Setenv("GIT_CONFIG_GLOBAL", os.DevNull)
	t.Setenv("GIT_CONFIG_SYSTEM", os.DevNull)
	t.Setenv("GIT_CEILING_DIRECTORIES", filepath.Dir(dir))
	t.Chdir(dir)
	said := map[string]string{}
	env := func(name string) (string, bool) { text, ok := said[name]; return text, ok }
	want := func(name string) {
		t.Helper()
		if have := author(env); have != name {
			t.Errorf("the author is %q, want %q", have, name)
		}
	}
	want(who())
	for _, args := range [][]string{{"init", "-q", "."}, {"config", "user.email", "anna@example.com"}} {
		command := exec.Command(git, args...)
		command.Dir = dir
		if out, err := command.CombinedOutput(); err != nil {
			t.Fatalf("git %v: %v\n%s", args, err, out)
		}
	}
	want("anna@example.com")
	said["CAMFORM_AUTHOR"] = " "
	want("anna@example.com")
	said["CAMFORM_AUTHOR"] = "bob@example.com "
	want("bob@example.com")
}

// ring is an ssh-agent with keys that are named by a letter each.
func ring(t *testing.T, letters string) (socket string) {
	t.Helper()
	keys := agent.NewKeyring()
	for _, letter := range letters {
		key := ed25519.NewKeyFromSeed(bytes.Repeat([]byte(string(letter)), ed25519.SeedSize))
		if err := keys.Add(agent.AddedKey{PrivateKey: key}); err != nil {
			t.Fatal(err)
		}
	}
	socket = filepath.Join(t.TempDir(), "agent")
	listener, err := net.Listen("unix", socket)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = listener.Close() })
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			go func() { _ = agent.ServeAgent(keys, conn) }() // until the program hangs up
		}
	}()
	return socket
}

// public is a line with the public key of a letter.
func public(t *testing.T, letter string) string {
	t.Helper()
	key, err := ssh.NewPublicKey(ed25519.NewKeyFromSeed(bytes.Repeat([]byte(letter), ed25519.SeedSize)).Public())
	if err != nil {
		t.Fatal(err)
	}
	return string(ssh.MarshalAuthorizedKey(key))
}

// signable saves a plan of anna that one of anna, bob and carol must sign, each with the key of the first letter. The test
// may let the program go into the directory: its own process, in which other tests follow.
func signable(t *testing.T, dir string) {
	t.Helper()
	t.Chdir(".") // and back when the test ends
	provider, diags := hikvision.NewWith(isapi.Options{})
	if diags.HasErrors() {
		t.Fatal(diags)
	}
	kind := provider.Kinds().Lookup("upnp")
	gate := schema.Device{Name: "gate"}
	p := &plan.Plan{
		Created: time.Now().Add(-time.Hour), Schema: provider.Kinds().Hash(), Author: "anna",
		Devices: []plan.Device{{Address: gate, Steps: []plan.Step{{
			Address: schema.Setting{Device: gate, Kind: "upnp"}, Action: plan.Update, Before: kind.Null(), After: kind.Null(), Risk: kind.Risk,
		}}}},
		Approvals: &plan.Approvals{Required: 1, For: []string{approval.ClassAll}},
	}
	for _, name := range []string{"anna", "bob", "carol"} {
		p.Approvals.Signers = append(p.Approvals.Signers, name+" "+public(t, name[:1]))
	}
	text, err := plan.Encode(p, provider.Kinds())
	if err != nil {
		t.Fatal(err)
	}
	for name, text := range map[string]string{"p": string(text), "carol.pub": public(t, "c"), "dave.pub": public(t, "d")} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

// The agent signs with the key that is named, or with the only one that would count. The author's does not.
func TestTheAgentSigns(t *testing.T) {
	for _, test := range []struct {
		name, held string
		args       []string
		by, says   string // who signed, or what is said
	}{
		{"the only key that counts", "abx", nil, "bob", ""},
		{"the one that is named", "abc", []string{"-key", "carol.pub"}, "carol", ""},
		{"none that counts", "ax", nil, "", "ssh-agent does not hold the key of those who may sign this plan"},
		{"two that count", "bc", nil, "", "ssh-agent holds 2 keys of those who may sign this plan; choose one with -key=FILE.pub"},
		{"not the one that is named", "bc", []string{"-key", "dave.pub"}, "", "ssh-agent does not hold the key that dave.pub names"},
	} {
		t.Run(test.name, func(t *testing.T) {
			dir := t.TempDir()
			signable(t, dir)
			socket := ring(t, test.held)
			var out, errs bytes.Buffer
			a := &app{in: strings.NewReader("yes\n"), out: &out, err: &errs, env: func(name string) (string, bool) {
				return socket, name == "SSH_AUTH_SOCK"
			}}
			err := a.execute(append([]string{"approve", "p", "-chdir", dir}, test.args...))
			if test.says != "" {
				if err == nil || !strings.Contains(err.Error(), test.says) {
					t.Fatalf("got %v, want %q", err, test.says)
				}
				return
			}
			if err != nil {
				t.Fatalf("%v\n%s", err, errs.String())
			}
			out.Reset()
			if err := a.execute([]string{"approve", "-verify", "p", "-chdir", dir}); err != nil || !strings.Contains(out.String(), test.by+" signed with") {
				t.Errorf("%v\n%s%s", err, out.String(), errs.String())
			}
			info, err := os.Stat(filepath.Join(dir, "p.approval-"+test.by))
			if err != nil || info.Mode().Perm() != 0o644 {
				t.Errorf("the file of the approval: %v, %v", info, err)
			}
		})
	}
}

// Where there is no state the rule of the last plan is not known, so that an approval may count after all.
func TestWithoutAStateAnApprovalMayCountNevertheless(t *testing.T) {
	dir := t.TempDir()
	signable(t, dir)
	socket := ring(t, "d")
	var out, errs bytes.Buffer
	a := &app{in: strings.NewReader("yes\n"), out: &out, err: &errs, env: func(name string) (string, bool) {
		return socket, name == "SSH_AUTH_SOCK"
	}}
	if err := a.execute([]string{"approve", "p", "-chdir", dir, "-key", "dave.pub", "-as", "dave"}); err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(errs.String(), `Judging by what is known here, the approval will be refused: the key`) {
		t.Errorf("said %q", errs.String())
	}
	if _, err := os.Stat(filepath.Join(dir, ".camform")); !os.IsNotExist(err) {
		t.Errorf("approving made a state: %v", err)
	}
}
