package vault

import (
	"database/sql"
	"fmt"
	"net/url"
	"path/filepath"
	"strings"
	"testing"

	_ "modernc.org/sqlite"

	"camform/engine/state"
	"camform/schema"
)

func taken(t testing.TB, v *Vault, text string) bool {
	t.Helper()
	return must[func(schema.Secret) bool](t)(v.Taken(t.Context()))(schema.NewSecret(text))
}

func TestEveryVersionOfEverySecretIsTaken(t *testing.T) {
	v, _ := newVault(t)
	if taken(t, v, canary) {
		t.Error("an empty vault holds a text")
	}
	for i, name := range []string{"gate/a", "gate/b", "gate/a"} {
		must[int](t)(v.Set(t.Context(), name, schema.NewSecret(fmt.Sprint(canary, i)), ""))
		for j := range 4 {
			if have := taken(t, v, fmt.Sprint(canary, j)); have != (j <= i) {
				t.Errorf("after %d secrets, the text %d is taken: %v", i+1, j, have)
			}
		}
	}
	ok(t, v.Rekey(t.Context()))
	again := New(v.secrets, v.key, v.unlock)
	for _, vault := range []*Vault{v, again} {
		if !taken(t, vault, canary+"0") || taken(t, vault, canary+"3") {
			t.Error("after a new key there is no record of what is taken")
		}
	}
}

func TestTakenNeedsWhatOpensTheVault(t *testing.T) {
	v, _ := newVault(t)
	must[int](t)(v.Set(t.Context(), "gate/a", schema.NewSecret(canary), ""))
	_ = taken(t, v, "x")
	_, err := New(v.secrets, v.key, newPerson(t).unlock()).Taken(t.Context())
	wantError(t, err, ErrLocked, "")
}

// What was opened once is not opened again: that would no longer work.
func TestAVersionIsOpenedOnceToKnowWhatIsTaken(t *testing.T) {
	store, dir := newStore(t)
	p := newPerson(t)
	ok(t, Init(t.Context(), store.Secrets, Recipients{Keys: []string{p.key}}))
	v := New(store.Secrets, store.Key, p.unlock())
	must[int](t)(v.Set(t.Context(), "gate/a", schema.NewSecret(canary), ""))
	if !taken(t, v, canary) {
		t.Fatal("it is not taken")
	}
	spoil(t, dir)
	if again := New(store.Secrets, store.Key, p.unlock()); !taken(t, again, canary) || taken(t, again, "other") {
		t.Error("it is not taken any more")
	}
	must[int](t)(v.Set(t.Context(), "gate/b", schema.NewSecret("other"), ""))
	spoil(t, dir)
	_, err := v.Taken(t.Context())
	wantError(t, err, ErrDamaged, "gate/b")
}

func spoil(t *testing.T, dir string) {
	t.Helper()
	db := must[*sql.DB](t)(sql.Open("sqlite", (&url.URL{Scheme: "file", Path: filepath.Join(dir, "state.db")}).String()))
	must[sql.Result](t)(db.ExecContext(t.Context(), `UPDATE secrets SET sealed = substr(sealed, 1, length(sealed) - 1)`))
	ok(t, db.Close())
}

// Equal texts do not show, and a fingerprint says nothing to those who have all of the state but no identity.
func TestI1FingerprintsOfEqualTextsDiffer(t *testing.T) {
	v, _ := newVault(t)
	for _, name := range []string{"gate/a", "gate/a", "gate/b"} {
		must[int](t)(v.Set(t.Context(), name, schema.NewSecret(canary), ""))
	}
	_ = taken(t, v, canary)
	all := must[[]state.Fingerprint](t)(v.secrets.Fingerprints(t.Context()))
	seen := map[string]bool{}
	for _, f := range all {
		if !strings.HasPrefix(f.Text, "1:") || len(f.Text) != len("1:")+32 {
			t.Errorf("the fingerprint %q", f.Text)
		}
		seen[f.Text] = true
	}
	if len(seen) != 3 {
		t.Errorf("%d fingerprints of 3 versions with the same text", len(seen))
	}
	other, _ := newVault(t)
	must[int](t)(other.Set(t.Context(), "gate/a", schema.NewSecret(canary), ""))
	_ = taken(t, other, canary)
	for _, f := range must[[]state.Fingerprint](t)(other.secrets.Fingerprints(t.Context())) {
		if seen[f.Text] {
			t.Error("two vaults make the same fingerprint of a text")
		}
	}
}

// BenchmarkTaken is what one new password costs among those of 1,000 accounts.
func BenchmarkTaken(b *testing.B) {
	v, _ := newVault(b)
	for i := range 1000 {
		must[int](b)(v.Set(b.Context(), fmt.Sprint("gate/", i), schema.NewSecret(fmt.Sprint(canary, i)), ""))
	}
	_ = taken(b, v, canary)
	for b.Loop() {
		if taken(b, v, canary) {
			b.Fatal("it is taken")
		}
	}
	b.ReportMetric(float64(b.Elapsed().Microseconds())/float64(b.N), "µs/password")
}
