package vault

import (
	"bytes"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	_ "modernc.org/sqlite" // to change rows behind the back of the store

	"camform/engine/state"
	"camform/schema"
)

func TestSecretsComeBack(t *testing.T) {
	v, _ := newVault(t)
	for i, text := range []string{canary + "-1", canary + "-2\nwith lines\n", canary + "-ü"} {
		if version := must[int](t)(v.Set(t.Context(), "gate/admin", schema.NewSecret(text), "by hand")); version != i+1 {
			t.Errorf("version %d, want %d", version, i+1)
		}
	}
	_ = must[int](t)(v.Set(t.Context(), "door", schema.NewSecret(canary), ""))

	text, version, err := v.Live(t.Context(), "gate/admin")
	if text.Reveal() != canary+"-ü" || version != 3 || err != nil {
		t.Errorf("the live version is %d, %q, %v", version, text, err)
	}
	if text := must[schema.Secret](t)(v.Version(t.Context(), "gate/admin", 2)); text != schema.NewSecret(canary+"-2\nwith lines\n") {
		t.Errorf("version 2 is %q", text)
	}
	history := must[[]state.SecretVersion](t)(v.History(t.Context(), "gate/admin"))
	if len(history) != 3 || history[0].Version != 3 || history[2].Status != state.SecretHistory || history[2].Note != "by hand" {
		t.Errorf("history: %+v", history)
	}
	listed := must[[]Summary](t)(v.List(t.Context()))
	for i := range listed {
		if listed[i].Since.IsZero() {
			t.Errorf("%s was made at no time", listed[i].Name)
		}
		listed[i].Since = time.Time{}
	}
	want := []Summary{{Name: "door", Versions: 1, Live: 1}, {Name: "gate/admin", Versions: 3, Live: 3}}
	if diff := cmp.Diff(want, listed); diff != "" {
		t.Error(diff)
	}
	_, err = v.Version(t.Context(), "gate/admin", 4)
	wantError(t, err, ErrAbsent, "version 4")
	_, _, err = v.Live(t.Context(), "gate")
	wantError(t, err, ErrAbsent, "camform vault set gate")
}

func TestTextsOfDevicesComeBack(t *testing.T) {
	v, _ := newVault(t)
	for _, text := range []string{"", "\n", "age-encryption.org/v1\n", strings.Repeat("x", 200_000), "\x00\xff"} {
		if got := must[[]byte](t)(v.Unseal(must[[]byte](t)(v.Seal([]byte(text))))); string(got) != text {
			t.Errorf("%d bytes came back as %d others", len(text), len(got))
		}
	}
	// Before there was a vault, the store sealed them.
	sealed := must[[]byte](t)(v.key.Seal([]byte("old")))
	if got := must[[]byte](t)(v.Unseal(sealed)); string(got) != "old" {
		t.Errorf("the store sealed %q", got)
	}
	sealed[3] ^= 1
	_, err := v.Unseal(sealed)
	wantError(t, err, state.ErrDamaged, "")
}

func TestWithoutAVaultThereIsNone(t *testing.T) {
	store, _ := newStore(t)
	v := New(store.Secrets, store.Key, Unlock{})
	_, list := v.List(t.Context())
	_, set := v.Set(t.Context(), "a", schema.NewSecret(canary), "")
	_, _, live := v.Live(t.Context(), "a")
	_, reveal := v.Version(t.Context(), "a", 1)
	_, seal := v.Seal([]byte("x"))
	_, export := v.Export(t.Context(), new(bytes.Buffer), Recipients{Keys: []string{newPerson(t).key}}, nil)
	_, imports := v.Import(t.Context(), new(bytes.Buffer))
	_, access := v.Access(t.Context())
	for what, err := range map[string]error{
		"list": list, "set": set, "live": live, "reveal": reveal, "seal": seal, "export": export, "import": imports, "access": access,
		"rekey": v.Rekey(t.Context()), "admit": v.Admit(t.Context(), Recipients{}),
	} {
		if !errors.Is(err, state.ErrNoVault) {
			t.Errorf("%s: %v", what, err)
		}
	}
}

func TestAVaultIsMadeOnce(t *testing.T) {
	v, p := newVault(t)
	_ = must[int](t)(v.Set(t.Context(), "a", schema.NewSecret(canary), ""))
	wantError(t, Init(t.Context(), v.secrets, Recipients{Keys: []string{p.key}}), nil, "there is a vault already")
	if text, _, err := v.Live(t.Context(), "a"); text != schema.NewSecret(canary) {
		t.Errorf("%q, %v", text, err)
	}
}

func TestSomebodyMustBeAbleToOpenTheVault(t *testing.T) {
	store, _ := newStore(t)
	for want, to := range map[string]Recipients{
		"nobody could open":     {},
		"is not a recipient":    {Keys: []string{"somebody@example.com"}},
		"private key":           {Keys: []string{"AGE-SECRET-KEY-1" + canary}},
		"age1pq1":               {Keys: []string{"age1pq1xyz"}},
		"not a public key":      {Keys: []string{"age1xyz"}},
		"cannot be used":        {Keys: []string{"ssh-ed25519 AAAA"}},
		"one line":              {Keys: []string{newPerson(t).key + "\n" + newPerson(t).key}},
		"passphrase is too sho": {Passphrase: schema.NewSecret("short")},
	} {
		wantError(t, Init(t.Context(), store.Secrets, to), nil, want)
	}
	if _, err := store.Vault(t.Context()); !errors.Is(err, state.ErrNoVault) {
		t.Errorf("a vault was made that nobody can open: %v", err)
	}
}

func TestOddNamesAndTextsAreRefused(t *testing.T) {
	v, _ := newVault(t)
	for _, test := range []struct{ name, text, want string }{
		{"", canary, "is not a valid name"},
		{"a b", canary, "is not a valid name"},
		{"a\n", canary, "is not a valid name"},
		{"a\xff", canary, "is not a valid name"},
		{strings.Repeat("n", nameLimit+1), canary, "is not a valid name"},
		{"a", "", "empty"},
		{"a", strings.Repeat(canary, textLimit), "too large"},
		{"a", canary + "\xff", "UTF-8"},
	} {
		_, err := v.Set(t.Context(), test.name, schema.NewSecret(test.text), "")
		wantError(t, err, nil, test.want)
	}
	if listed := must[[]Summary](t)(v.List(t.Context())); len(listed) > 0 {
		t.Errorf("kept: %v", listed)
	}
}

func TestEveryKindOfIdentityOpensTheVault(t *testing.T) {
	const passphrase = "five words " + canary
	owner, ed, rsa, locked, wrapped := newPerson(t), ed25519Person(t, ""), rsaPerson(t), ed25519Person(t, passphrase), protectedPerson(t, passphrase)
	stranger, strangerSSH := newPerson(t), ed25519Person(t, "other")
	store, _ := newStore(t)
	ok(t, Init(t.Context(), store.Secrets, Recipients{
		Keys: []string{owner.key, ed.key, rsa.key, locked.key, wrapped.key, owner.key}, Passphrase: schema.NewSecret(passphrase),
	}))
	_ = must[int](t)(New(store.Secrets, store.Key, Unlock{}).Set(t.Context(), "a", schema.NewSecret(canary), "")) // putting something into it needs nothing
	notAsked := func(of string) (schema.Secret, error) {
		t.Errorf("somebody was asked for %s", of)
		return schema.Secret{}, errors.New("not asked")
	}
	for title, c := range map[string]struct {
		unlock Unlock
		want   string // part of the error; empty if it opens
	}{
		"age":                      {Unlock{[]string{owner.file}, notAsked}, ""},
		"SSH ed25519":              {Unlock{[]string{ed.file}, notAsked}, ""},
		"SSH RSA":                  {Unlock{[]string{rsa.file}, notAsked}, ""},
		"SSH with a passphrase":    {Unlock{[]string{locked.file}, says(passphrase)}, ""},
		"age with a passphrase":    {Unlock{[]string{wrapped.file}, says(passphrase)}, ""},
		"the second of two":        {Unlock{[]string{stranger.file, ed.file}, notAsked}, ""},
		"others need no answer":    {Unlock{[]string{strangerSSH.file, owner.file}, notAsked}, ""},
		"the passphrase":           {Unlock{nil, says(passphrase)}, ""},
		"stranger, the passphrase": {Unlock{[]string{stranger.file, strangerSSH.file}, says(passphrase)}, ""},
		"wrong passphrase":         {Unlock{nil, says(canary)}, "the passphrase is wrong"},
		"empty passphrase":         {Unlock{nil, says("")}, "was not given"},
		"wrong one for SSH":        {Unlock{[]string{locked.file}, says(canary)}, "SSH key"},
		"wrong one for age":        {Unlock{[]string{wrapped.file}, says(canary)}, "does not open"},
		"nobody":                   {Unlock{}, "CAMFORM_VAULT_IDENTITY"},
		"no such file":             {Unlock{[]string{"none"}, notAsked}, "identity file"},
		"no identity":              {Unlock{[]string{save(t, []byte(canary))}, notAsked}, "contains neither an age identity nor an SSH key"},
		"a broken SSH key":         {Unlock{[]string{save(t, []byte("-----BEGIN "+canary))}, notAsked}, "not an SSH key"},
	} {
		t.Run(title, func(t *testing.T) {
			text, _, err := New(store.Secrets, store.Key, c.unlock).Live(t.Context(), "a")
			if c.want != "" {
				wantError(t, err, ErrLocked, c.want)
			} else if text.Reveal() != canary || err != nil {
				t.Errorf("%q, %v", text, err)
			}
		})
	}
}

func TestALockedVaultSaysWhoOpensIt(t *testing.T) {
	v, p := newVault(t)
	_ = must[int](t)(v.Set(t.Context(), "a", schema.NewSecret(canary), ""))
	other := newPerson(t)
	_, _, err := New(v.secrets, v.key, other.unlock()).Live(t.Context(), "a")
	wantError(t, err, ErrLocked, p.key)
	wantError(t, err, ErrLocked, other.file)
}

// Somebody who is asked for a passphrase thousands of times gives up.
func TestOneIsAskedOnce(t *testing.T) {
	const passphrase = "correct horse battery"
	store, _ := newStore(t)
	ok(t, Init(t.Context(), store.Secrets, Recipients{Passphrase: schema.NewSecret(passphrase)}))
	_ = must[int](t)(New(store.Secrets, store.Key, Unlock{}).Set(t.Context(), "a", schema.NewSecret(canary), ""))
	for answer, family := range map[string]error{passphrase: nil, "wrong": ErrLocked} {
		asked := 0
		v := New(store.Secrets, store.Key, Unlock{Passphrase: func(string) (schema.Secret, error) {
			asked++
			return schema.NewSecret(answer), nil
		}})
		var all sync.WaitGroup
		for range 4 {
			all.Go(func() {
				if _, _, err := v.Live(context.Background(), "a"); !errors.Is(err, family) {
					t.Errorf("%v, want %v", err, family)
				}
			})
		}
		all.Wait()
		if asked != 1 {
			t.Errorf("asked %d times", asked)
		}
	}
}

func TestWhatWasChangedIsAnErrorAndNeverAnotherText(t *testing.T) {
	v, _ := newVault(t)
	_ = must[int](t)(v.Set(t.Context(), "a", schema.NewSecret(canary), ""))
	secret := must[[]state.SecretVersion](t)(v.History(t.Context(), "a"))[0]
	if text := must[schema.Secret](t)(v.Open(secret)); text != schema.NewSecret(canary) {
		t.Fatalf("%q", text)
	}
	spoilt(secret.Sealed, func(how string, sealed []byte) {
		changed := secret
		changed.Sealed = sealed
		if text, err := v.Open(changed); !errors.Is(err, ErrDamaged) || !text.IsZero() {
			t.Fatalf("%s: %q, %v", how, text, err)
		}
	})
	secret.Sealed = append(secret.Sealed, 0)
	if text, err := v.Open(secret); err == nil {
		t.Errorf("longer: %q", text)
	}

	document := must[[]byte](t)(v.Seal([]byte("document")))
	spoilt(document, func(how string, sealed []byte) {
		if text, err := v.Unseal(sealed); err == nil {
			t.Fatalf("%s: %q", how, text)
		}
	})
}

func TestRowsCannotBeExchanged(t *testing.T) {
	v, _ := newVault(t)
	a, b := must[[]byte](t)(v.Keep("a", schema.NewSecret(canary+"a"))), must[[]byte](t)(v.Keep("b", schema.NewSecret(canary+"b")))
	document := must[[]byte](t)(v.Seal([]byte(canary)))
	for what, s := range map[string]state.SecretVersion{
		"another secret": {Name: "a", Version: 1, Sealed: b},
		"a document":     {Name: "a", Version: 1, Sealed: document},
	} {
		if text, err := v.Open(s); !errors.Is(err, ErrDamaged) {
			t.Errorf("%s: %q, %v", what, text, err)
		}
	}
	if text, err := v.Unseal(a); !errors.Is(err, ErrDamaged) {
		t.Errorf("a secret is a document: %q, %v", text, err)
	}
	if text := must[schema.Secret](t)(v.Open(state.SecretVersion{Name: "a", Sealed: a})); text != schema.NewSecret(canary+"a") {
		t.Errorf("%q", text)
	}
}

// edit changes the row of the vault behind its back.
func edit(t *testing.T, path, statement string, args ...any) {
	t.Helper()
	db := must[*sql.DB](t)(sql.Open("sqlite", path))
	defer func() { _ = db.Close() }()
	_ = must[sql.Result](t)(db.ExecContext(t.Context(), statement, args...))
}

func TestNobodyMakesHimselfARecipient(t *testing.T) {
	store, dir := newStore(t)
	path := filepath.Join(dir, "state.db")
	owner, thief := newPerson(t), newPerson(t)
	ok(t, Init(t.Context(), store.Secrets, Recipients{Keys: []string{owner.key}}))
	_ = must[int](t)(New(store.Secrets, store.Key, Unlock{}).Set(t.Context(), "a", schema.NewSecret(canary), ""))
	good := must[state.Vault](t)(store.Vault(t.Context()))

	r := must[ring](t)(parseRing(good.Keys))
	r.Recipients = append(r.Recipients, thief.key)
	forged := must[string](t)(r.write(good, dataKeys{Key: "not known"}))
	_, own, err := NewIdentity()
	ok(t, err)
	for what, row := range map[string]state.Vault{
		"a longer list":     {Recipient: good.Recipient, Keys: strings.Replace(good.Keys, `"recipients":[`, `"recipients":["`+thief.key+`",`, 1)},
		"another ring":      {Recipient: good.Recipient, Keys: forged},
		"another key":       {Recipient: own, Keys: good.Keys},
		"another epoch":     {Recipient: good.Recipient, Keys: good.Keys, Epoch: 7},
		"a broken ring":     {Recipient: good.Recipient, Keys: "{"},
		"a form of later":   {Recipient: good.Recipient, Keys: `{"version":9}`},
		"its own passphras": {Recipient: good.Recipient, Keys: strings.Replace(good.Keys, `"sealed"`, `"passphrase":{"recipient":"`+own+`","sealed":""},"sealed"`, 1)},
	} {
		edit(t, path, `UPDATE vault SET recipient = $1, keys = $2, epoch = $3`, row.Recipient, row.Keys, max(row.Epoch, 1))
		v := New(store.Secrets, store.Key, owner.unlock())
		if text, _, err := v.Live(t.Context(), "a"); err == nil {
			t.Errorf("%s: it opens, with %q", what, text)
		}
		if err := v.Admit(t.Context(), Recipients{Keys: []string{newPerson(t).key}}); err == nil {
			t.Errorf("%s: the recipients were taken over", what)
		}
		var file bytes.Buffer
		if _, err := v.Export(t.Context(), &file, Recipients{Keys: []string{owner.key}}, nil); err == nil || file.Len() > 0 {
			t.Errorf("%s: exported: %v", what, err)
		}
	}
}

// The content of the state says to whom a secret is sealed. Where the vault is open, it is known better.
func TestNothingNewIsSealedForAStranger(t *testing.T) {
	store, dir := newStore(t)
	owner, thief := newPerson(t), newPerson(t)
	ok(t, Init(t.Context(), store.Secrets, Recipients{Keys: []string{owner.key}}))
	v := New(store.Secrets, store.Key, owner.unlock())
	_ = must[int](t)(v.Set(t.Context(), "a", schema.NewSecret("old"), ""))
	_ = must[schema.Secret](t)(v.Version(t.Context(), "a", 1))
	edit(t, filepath.Join(dir, "state.db"), `UPDATE vault SET recipient = $1`, thief.key)
	sealed, err := v.Keep("a", schema.NewSecret(canary))
	wantError(t, err, ErrDamaged, "a new secret could not be read again")
	if sealed != nil {
		t.Error("it was sealed for the one who changed the state")
	}
}

func TestTheRowOfTheVaultIsRightOrAnError(t *testing.T) {
	v, _ := newVault(t)
	_ = must[int](t)(v.Set(t.Context(), "a", schema.NewSecret(canary), ""))
	secret := must[[]state.SecretVersion](t)(v.History(t.Context(), "a"))[0]
	good := must[state.Vault](t)(v.secrets.Vault(t.Context()))
	opened := 0
	spoilt([]byte(good.Keys), func(_ string, keys []byte) {
		changed := good
		changed.Keys = string(keys)
		o, err := v.openRow(changed)
		if err != nil {
			return
		}
		opened++
		if text := must[[]byte](t)(o.unseal(secretLabel("a"), secret.Sealed)); string(text) != canary {
			t.Fatalf("another text: %q", text)
		}
	})
	// A name of JSON may be written in capitals, which changes nothing.
	if opened > 60 {
		t.Errorf("%d changes of the keys were not noticed", opened)
	}
}

func TestRecipientsComeAndGo(t *testing.T) {
	v, owner := newVault(t)
	_ = must[int](t)(v.Set(t.Context(), "a", schema.NewSecret(canary), ""))
	second, third := ed25519Person(t, ""), newPerson(t)
	opens := func(u Unlock) bool {
		t.Helper()
		_, _, err := New(v.secrets, v.key, u).Live(t.Context(), "a")
		if err != nil && !errors.Is(err, ErrLocked) {
			t.Errorf("neither open nor locked: %v", err)
		}
		return err == nil
	}
	access := func(want ...string) {
		t.Helper()
		if got := must[[]string](t)(v.Access(t.Context())); !slices.Equal(got, want) {
			t.Errorf("it opens for %q, want %q", got, want)
		}
	}
	const passphrase = "correct horse battery"
	ok(t, v.Admit(t.Context(), Recipients{Keys: []string{second.key, " " + owner.key + " "}, Passphrase: schema.NewSecret(passphrase)}))
	access(owner.key, second.key, PassphraseKey)
	if !opens(owner.unlock()) || !opens(second.unlock()) || !opens(Unlock{Passphrase: says(passphrase)}) || opens(third.unlock()) {
		t.Error("somebody was not let in, or a stranger was")
	}
	wantError(t, v.Dismiss(t.Context(), owner.key, third.key), nil, "is not a recipient of the vault")
	access(owner.key, second.key, PassphraseKey)
	ok(t, v.Dismiss(t.Context(), strings.TrimSuffix(second.key, " somebody@desk"), PassphraseKey))
	access(owner.key)
	if !opens(owner.unlock()) || opens(second.unlock()) || opens(Unlock{Passphrase: says(passphrase)}) {
		t.Error("somebody who was dismissed gets in, or the owner does not")
	}
	wantError(t, v.Dismiss(t.Context(), owner.key), nil, "nobody could open the vault")
	wantError(t, v.Dismiss(t.Context(), PassphraseKey), nil, "is not a recipient")
	access(owner.key)
	wantError(t, New(v.secrets, v.key, third.unlock()).Admit(t.Context(), Recipients{Keys: []string{third.key}}), ErrLocked, "")
}

// ciphertexts are parts of what the database has sealed, long enough to be found by.
func ciphertexts(t *testing.T, store *state.Store) [][]byte {
	t.Helper()
	var parts [][]byte
	add := func(sealed []byte) {
		parts = append(parts, sealed[len(sealed)-24:], sealed[len(sealed)/2:len(sealed)/2+24])
	}
	for _, s := range must[[]state.SecretVersion](t)(store.AllSecrets(t.Context())) {
		add(s.Sealed)
	}
	for _, s := range must[[]state.Snapshot](t)(store.FindSnapshots(t.Context(), state.SnapshotQuery{})) {
		add(s.Sealed)
	}
	return parts
}

// found counts which of some texts are in the files of a directory.
func found(t *testing.T, dir string, parts [][]byte) int {
	t.Helper()
	var all []byte
	for _, file := range must[[]string](t)(filepath.Glob(filepath.Join(dir, "*"))) {
		all = append(all, must[[]byte](t)(os.ReadFile(file))...)
	}
	n := 0
	for _, part := range parts {
		if bytes.Contains(all, part) {
			n++
		}
	}
	return n
}

func TestRekeyLeavesNothingThatTheOldKeyOpens(t *testing.T) {
	store, dir := newStore(t)
	owner := newPerson(t)
	ok(t, Init(t.Context(), store.Secrets, Recipients{Keys: []string{owner.key}, Passphrase: schema.NewSecret("correct horse battery")}))
	v := New(store.Secrets, store.Key, owner.unlock())
	for i := range 100 {
		_ = must[int](t)(v.Set(t.Context(), fmt.Sprintf("name/%d", i%40), schema.NewSecret(fmt.Sprint(canary, i, strings.Repeat("x", i*40))), ""))
	}
	device := schema.Device{Name: "gate"}
	lease := must[[]state.Lease](t)(store.Acquire(t.Context(), "r1", device))[0]
	document := bytes.Repeat([]byte(canary), 3000) // larger than a page
	ok(t, store.SaveSnapshot(t.Context(), lease, "/a", must[[]byte](t)(v.Seal(document))))
	ok(t, store.SaveSnapshot(t.Context(), lease, "/b", must[[]byte](t)(store.Seal([]byte("before the vault")))))

	stale := New(store.Secrets, store.Key, owner.unlock()) // of another process
	_ = must[schema.Secret](t)(stale.Version(t.Context(), "name/0", 1))
	before, old := ciphertexts(t, store), must[*opened](t)(v.open(t.Context()))
	if n := found(t, dir, before); n < len(before)*9/10 { // some are split between pages
		t.Fatalf("%d of %d texts are in the files, so that nothing can be said", n, len(before))
	}

	ok(t, v.Rekey(t.Context()))
	if n := found(t, dir, before); n > 0 {
		t.Errorf("%d of %d texts of before are still in the files", n, len(before))
	}
	after := ciphertexts(t, store)
	if n := found(t, dir, after); n < len(after)*9/10 {
		t.Errorf("%d of %d texts of now are in the files", n, len(after))
	}
	for _, s := range must[[]state.SecretVersion](t)(store.AllSecrets(t.Context())) {
		if _, err := old.decrypt(s.Sealed); err == nil {
			t.Fatalf("the old key opens %s", s.Name)
		}
	}
	for who, v := range map[string]*Vault{
		"the same": v, "another process": stale, "a later one": New(store.Secrets, store.Key, owner.unlock()), "the passphrase": New(store.Secrets, store.Key, Unlock{Passphrase: says("correct horse battery")}),
	} {
		for i := 60; i < 100; i++ {
			text, _, err := v.Live(t.Context(), fmt.Sprintf("name/%d", i%40))
			if text.Reveal() != fmt.Sprint(canary, i, strings.Repeat("x", i*40)) || err != nil {
				t.Fatalf("%s: name/%d is %q, %v", who, i%40, text, err)
			}
		}
		for i, s := range must[[]state.Snapshot](t)(store.FindSnapshots(t.Context(), state.SnapshotQuery{})) {
			if text := must[[]byte](t)(v.Unseal(s.Sealed)); string(text) != []string{string(document), "before the vault"}[i] {
				t.Errorf("%s: the snapshot %s has %d bytes", who, s.Path, len(text))
			}
		}
	}
	if row := must[state.Vault](t)(store.Vault(t.Context())); row.Epoch != 2 || row.Rekeyed.Before(row.Created) {
		t.Errorf("the vault says %+v", row)
	}
}

// Another process may have read the old key right before, and write what it sealed right after.
func TestWhatIsSealedDuringARekeyIsNotLost(t *testing.T) {
	v, _ := newVault(t)
	late := must[[]byte](t)(v.Keep("a", schema.NewSecret(canary)))
	ok(t, v.Rekey(t.Context()))
	ok(t, v.Rekey(t.Context()))
	_ = must[int](t)(v.secrets.PutSecret(t.Context(), "a", late, ""))
	if text, _, err := v.Live(t.Context(), "a"); text != schema.NewSecret(canary) || err != nil {
		t.Fatalf("%q, %v", text, err)
	}
	ok(t, v.Rekey(t.Context()))
	if text, _, err := v.Live(t.Context(), "a"); text != schema.NewSecret(canary) || err != nil {
		t.Errorf("%q, %v", text, err)
	}
}

func TestADamagedSecretStopsARekeyAsAWhole(t *testing.T) {
	v, owner := newVault(t)
	_ = must[int](t)(v.Set(t.Context(), "a", schema.NewSecret(canary), ""))
	sealed := must[[]byte](t)(v.Keep("b", schema.NewSecret(canary)))
	sealed[len(sealed)-1] ^= 1
	_ = must[int](t)(v.secrets.PutSecret(t.Context(), "b", sealed, ""))
	wantError(t, v.Rekey(t.Context()), ErrDamaged, "secrets")
	if text, _, err := New(v.secrets, v.key, owner.unlock()).Live(t.Context(), "a"); text != schema.NewSecret(canary) || err != nil {
		t.Errorf("%q, %v", text, err)
	}
}

func TestManyMaySetAtOnce(t *testing.T) {
	v, _ := newVault(t)
	var all sync.WaitGroup
	const writers, each = 6, 5
	for w := range writers {
		all.Go(func() {
			for i := range each {
				if _, err := v.Set(context.Background(), "a", schema.NewSecret(fmt.Sprintf("%s-%d-%d", canary, w, i)), ""); err != nil {
					t.Error(err)
				}
				if _, _, err := v.Live(context.Background(), "a"); err != nil {
					t.Error(err)
				}
			}
		})
	}
	all.Wait()
	texts, live := map[string]bool{}, 0
	for i, s := range must[[]state.SecretVersion](t)(v.History(t.Context(), "a")) {
		if s.Version != writers*each-i {
			t.Errorf("version %d at place %d", s.Version, i)
		}
		if s.Status == state.SecretLive {
			live++
		}
		texts[must[schema.Secret](t)(v.Open(s)).Reveal()] = true
	}
	if live != 1 || len(texts) != writers*each {
		t.Errorf("%d live versions and %d texts", live, len(texts))
	}
}

func TestI1NoFileHasASecret(t *testing.T) {
	store, dir := newStore(t)
	owner := newPerson(t)
	ok(t, Init(t.Context(), store.Secrets, Recipients{Keys: []string{owner.key}, Passphrase: schema.NewSecret(canary + "-passphrase")}))
	v := New(store.Secrets, store.Key, owner.unlock())
	_ = must[int](t)(v.Set(t.Context(), "a", schema.NewSecret(canary), ""))
	var file bytes.Buffer
	_ = must[int](t)(v.Export(t.Context(), &file, Recipients{Keys: []string{owner.key}}, nil))
	ok(t, os.WriteFile(filepath.Join(dir, "export"), file.Bytes(), 0o600))
	o := must[*opened](t)(v.open(t.Context()))
	private := []byte(o.keys.Key)
	for _, when := range []string{"open", "closed"} {
		if n := found(t, dir, [][]byte{[]byte(canary), private}); n > 0 {
			t.Errorf("%s: a secret is in the files", when)
		}
		ok(t, store.Close())
	}
}
