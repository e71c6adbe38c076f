package vault

import (
	"bytes"
	"crypto"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/rsa"
	"encoding/pem"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"filippo.io/age"
	"filippo.io/age/armor"
	"go.uber.org/goleak"
	"golang.org/x/crypto/ssh"

	"camform/engine/state"
	"camform/schema"
)

// canary is in secrets only, so that one found elsewhere is a leak.
const canary = "Zq7-canary"

func TestMain(m *testing.M) {
	if filepath.Base(os.Args[0]) == "sops" {
		os.Exit(fakeSOPS(os.Args[1:]))
	}
	workFactor = 10 // only TestAGuessOfAPassphraseCosts is about how long a guess takes
	goleak.VerifyTestMain(m)
}

func ok(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func must[T any](t testing.TB) func(T, error) T {
	return func(v T, err error) T {
		t.Helper()
		ok(t, err)
		return v
	}
}

// wantError wants an error of a family whose text has a part and no secret.
func wantError(t testing.TB, err, family error, part string) {
	t.Helper()
	if err == nil {
		t.Fatalf("no error; want %q", part)
	}
	if family != nil && !errors.Is(err, family) {
		t.Errorf("the error is %q, want one of the family %q", err, family)
	}
	if !strings.Contains(err.Error(), part) || strings.Contains(err.Error(), canary) {
		t.Errorf("the error is %q, want one with %q and without a secret", err, part)
	}
}

func newStore(t testing.TB) (store *state.Store, dir string) {
	t.Helper()
	dir = t.TempDir()
	store = must[*state.Store](t)(state.Open(t.Context(), filepath.Join(dir, "state.db"), state.Options{}))
	t.Cleanup(func() { _ = store.Close() })
	return store, dir
}

// person is somebody with an identity.
type person struct {
	file string // identity file
	key  string // recipient
}

func newPerson(t testing.TB) person {
	t.Helper()
	text, key, err := NewIdentity()
	ok(t, err)
	return person{save(t, []byte(text)), key}
}

func (p person) unlock() Unlock { return Unlock{Identities: []string{p.file}} }

// save writes a file and returns its name.
func save(t testing.TB, text []byte) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "file")
	ok(t, os.WriteFile(path, text, 0o600))
	return path
}

// newVault makes a vault for one person.
func newVault(t testing.TB) (*Vault, person) {
	t.Helper()
	store, _ := newStore(t)
	p := newPerson(t)
	ok(t, Init(t.Context(), store.Secrets, Recipients{Keys: []string{p.key}}))
	return New(store.Secrets, store.Key, p.unlock()), p
}

func sshPerson(t testing.TB, private crypto.PrivateKey, public any, passphrase string) person {
	t.Helper()
	var block *pem.Block
	var err error
	if passphrase == "" {
		block, err = ssh.MarshalPrivateKey(private, "")
	} else {
		block, err = ssh.MarshalPrivateKeyWithPassphrase(private, "", []byte(passphrase))
	}
	ok(t, err)
	key := must[ssh.PublicKey](t)(ssh.NewPublicKey(public))
	return person{save(t, pem.EncodeToMemory(block)), strings.TrimSpace(string(ssh.MarshalAuthorizedKey(key))) + " somebody@desk"}
}

func ed25519Person(t testing.TB, passphrase string) person {
	t.Helper()
	public, private, err := ed25519.GenerateKey(rand.Reader)
	ok(t, err)
	return sshPerson(t, private, public, passphrase)
}

func rsaPerson(t testing.TB) person {
	t.Helper()
	private := must[*rsa.PrivateKey](t)(rsa.GenerateKey(rand.Reader, 2048))
	return sshPerson(t, private, &private.PublicKey, "")
}

// protectedPerson has an identity file that age made with a passphrase, as text.
func protectedPerson(t testing.TB, passphrase string) person {
	t.Helper()
	p := newPerson(t)
	to := must[*age.ScryptRecipient](t)(age.NewScryptRecipient(passphrase))
	to.SetWorkFactor(10)
	sealed := must[[]byte](t)(encrypt(must[[]byte](t)(os.ReadFile(p.file)), to))
	var text bytes.Buffer
	writer := armor.NewWriter(&text)
	_, err := writer.Write(sealed)
	ok(t, errors.Join(err, writer.Close()))
	return person{save(t, text.Bytes()), p.key}
}

// says is somebody who answers every question in the same way.
func says(passphrase string) func(string) (schema.Secret, error) {
	return func(string) (schema.Secret, error) { return schema.NewSecret(passphrase), nil }
}

// spoilt goes through all texts that differ from one in a bit, or lack its end.
func spoilt(text []byte, try func(how string, spoilt []byte)) {
	for i := range text {
		try("cut", text[:i])
		for bit := range 8 {
			changed := bytes.Clone(text)
			changed[i] ^= 1 << bit
			try("changed", changed)
		}
	}
}
