package state

import (
	"bytes"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"camform/engine/auditlog"
)

// told writes the versions of a name, newest first: "2:live:text 1:history:text".
func told(t *testing.T, s *Store, name string) string {
	t.Helper()
	var all []string
	for _, v := range must[[]SecretVersion](t)(s.Versions(t.Context(), name)) {
		all = append(all, fmt.Sprintf("%d:%s:%s", v.Version, v.Status, v.Sealed))
	}
	return strings.Join(all, " ")
}

func versionsAre(t *testing.T, s *Store, name, want string) {
	t.Helper()
	if got := told(t, s, name); got != want {
		t.Errorf("%s has %q, want %q", name, got, want)
	}
}

func TestVersionsOfASecretAreKept(t *testing.T) {
	s, c := newStore(t)
	for i, text := range []string{"one", "two", "three"} {
		if version := must[int](t)(s.PutSecret(t.Context(), "a", []byte(text), "by hand")); version != i+1 {
			t.Errorf("version %d, want %d", version, i+1)
		}
		c.advance(time.Minute)
	}
	_ = must[int](t)(s.PutSecret(t.Context(), "A", []byte("other"), ""))
	versionsAre(t, s, "a", "3:live:three 2:history:two 1:history:one")
	newest := must[[]SecretVersion](t)(s.Versions(t.Context(), "a"))[0]
	want := SecretVersion{Name: "a", Version: 3, Status: SecretLive, Sealed: []byte("three"), Created: noon.Add(2 * time.Minute), Note: "by hand"}
	if diff := cmp.Diff(want, newest); diff != "" {
		t.Error(diff)
	}
	all := must[[]SecretVersion](t)(s.AllSecrets(t.Context()))
	if len(all) != 4 || all[0].Name != "A" || all[1].Version != 3 || all[3].Version != 1 {
		t.Errorf("all: %+v", all)
	}
	versionsAre(t, s, "none", "")
}

func TestAVersionThatDoesNotExistIsNotInUse(t *testing.T) {
	s, _ := newStore(t)
	_ = must[int](t)(s.PutSecret(t.Context(), "a", []byte("one"), ""))
	if err := s.SettleSecret(t.Context(), acquire(t, s, "n", "r1"), Verdict{Name: "a", Live: 9}); err == nil {
		t.Error("a version that does not exist is in use")
	}
	versionsAre(t, s, "a", "1:live:one")
}

func TestThereIsOneVault(t *testing.T) {
	s, c := newStore(t)
	_, err := s.Vault(t.Context())
	wantError(t, err, ErrNoVault)
	ok(t, s.CreateVault(t.Context(), Vault{Epoch: 9, Recipient: "r", Keys: "k"}))
	if err := s.CreateVault(t.Context(), Vault{Recipient: "x", Keys: "x"}); err == nil {
		t.Error("a second vault took the place of the first")
	}
	c.advance(time.Hour)
	ok(t, s.SaveKeys(t.Context(), 1, "k2"))
	if err := s.SaveKeys(t.Context(), 2, "k3"); err == nil {
		t.Error("keys of another epoch were saved")
	}
	want := Vault{Epoch: 1, Recipient: "r", Keys: "k2", Created: noon, Rekeyed: noon}
	if diff := cmp.Diff(want, must[Vault](t)(s.Vault(t.Context()))); diff != "" {
		t.Error(diff)
	}
}

// upper seals again in a way that can be read.
func upper(sealed []byte) ([]byte, error) { return bytes.ToUpper(sealed), nil }

func TestRekeySealsEverythingAnewOrNothing(t *testing.T) {
	s, c := newStore(t)
	ok(t, s.CreateVault(t.Context(), Vault{Recipient: "r", Keys: "k"}))
	for i := range 3*resealed + 1 {
		_ = must[int](t)(s.PutSecret(t.Context(), name(i), []byte("text of a secret "+name(i)), ""))
	}
	lease := acquire(t, s, "n", "r1")
	large := bytes.Repeat([]byte("text of a document "), 2000) // of several pages
	ok(t, s.SaveSnapshot(t.Context(), lease, "/a", large))
	before := must[[]SecretVersion](t)(s.AllSecrets(t.Context()))

	broken := errors.New("broken")
	n := 0
	wantError(t, s.Rekey(t.Context(), 1, Vault{Recipient: "r2", Keys: "k2"}, func(sealed []byte) ([]byte, error) {
		if n++; n > 2*resealed {
			return nil, broken
		}
		return upper(sealed)
	}), broken)
	if err := s.Rekey(t.Context(), 2, Vault{Recipient: "r2", Keys: "k2"}, upper); err == nil {
		t.Error("a key of another epoch was replaced")
	}
	if diff := cmp.Diff(before, must[[]SecretVersion](t)(s.AllSecrets(t.Context()))); diff != "" {
		t.Errorf("a part was sealed again: %s", diff)
	}

	c.advance(time.Hour)
	ok(t, s.Rekey(t.Context(), 1, Vault{Recipient: "r2", Keys: "k2"}, upper))
	for i, v := range must[[]SecretVersion](t)(s.AllSecrets(t.Context())) {
		if want := bytes.ToUpper(before[i].Sealed); !bytes.Equal(v.Sealed, want) {
			t.Fatalf("%s is %q, want %q", v.Name, v.Sealed, want)
		}
		v.Sealed = before[i].Sealed
		if diff := cmp.Diff(before[i], v); diff != "" {
			t.Error(diff)
		}
	}
	if snap := must[[]Snapshot](t)(s.FindSnapshots(t.Context(), SnapshotQuery{}))[0]; !bytes.Equal(snap.Sealed, bytes.ToUpper(large)) {
		t.Error("the snapshot was not sealed again")
	}
	want := Vault{Epoch: 2, Recipient: "r2", Keys: "k2", Created: noon, Rekeyed: noon.Add(time.Hour)}
	if diff := cmp.Diff(want, must[Vault](t)(s.Vault(t.Context()))); diff != "" {
		t.Error(diff)
	}
	for _, file := range must[[]string](t)(filepath.Glob(s.path + "*")) {
		if text := must[[]byte](t)(os.ReadFile(file)); bytes.Contains(text, []byte("text of a")) {
			t.Errorf("%s still has what was sealed before", file)
		}
	}
}

// A process that reads what was before keeps it in the log.
func TestRekeyTellsWhenItCannotOverwrite(t *testing.T) {
	s, _ := newStore(t)
	ok(t, s.CreateVault(t.Context(), Vault{Recipient: "r", Keys: "k"}))
	_ = must[int](t)(s.PutSecret(t.Context(), "a", []byte("text"), ""))
	other := must[*sql.DB](t)(openFile(s.path))
	defer func() { _ = other.Close() }()
	reader := must[*sql.Tx](t)(other.BeginTx(t.Context(), &sql.TxOptions{ReadOnly: true}))
	ok(t, reader.QueryRow(`SELECT name FROM secrets`).Scan(new(string)))

	s.db.SetMaxIdleConns(1)
	s.db.SetMaxOpenConns(2) // the writer, and one that waits for nobody
	_ = must[sql.Result](t)(s.db.ExecContext(t.Context(), "PRAGMA busy_timeout = 1"))
	err := s.Rekey(t.Context(), 1, Vault{Recipient: "r2", Keys: "k2"}, upper)
	wantError(t, err, ErrBusy)
	versionsAre(t, s, "a", "1:live:TEXT")
	ok(t, reader.Rollback())
}

func TestMergeAddsVersionsAndChangesTheirStatus(t *testing.T) {
	s, _ := newStore(t)
	_ = must[int](t)(s.PutSecret(t.Context(), "a", []byte("one"), "note"))
	added := SecretVersion{
		Name: "a", Version: 2, Status: SecretLive, Sealed: []byte("two"), Created: noon.Add(-time.Hour), Sent: noon, Proven: noon,
		Tried: 4, Run: "r", Note: "n",
	}
	ok(t, s.MergeSecrets(t.Context(), func(known []SecretVersion) ([]SecretVersion, error) {
		known[0].Status, known[0].Sealed = SecretHistory, []byte("not changed")
		return append(known, added), nil
	}))
	versionsAre(t, s, "a", "2:live:two 1:history:one")
	if diff := cmp.Diff(added, must[[]SecretVersion](t)(s.Versions(t.Context(), "a"))[0]); diff != "" {
		t.Error(diff)
	}
	var logged []string
	for e, err := range s.AuditEntries(t.Context(), 1) {
		ok(t, err)
		record := must[auditlog.Record](t)(e.Record())
		logged = append(logged, string(record.Action)+" "+record.Detail)
	}
	if want := []string{"secret-set a, version 1", "secret-set a, version 2"}; !slices.Equal(logged, want) {
		t.Errorf("the log has %q", logged)
	}
	broken := errors.New("broken")
	wantError(t, s.MergeSecrets(t.Context(), func([]SecretVersion) ([]SecretVersion, error) {
		return []SecretVersion{{Name: "b", Version: 1}}, broken
	}), broken)
	versionsAre(t, s, "b", "")
}
