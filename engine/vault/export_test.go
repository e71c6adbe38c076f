package vault

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"filippo.io/age"
	"github.com/google/go-cmp/cmp"

	"camform/engine/state"
	"camform/schema"
)

// history writes versions of a secret as "live:text history:text", newest first.
func history(t *testing.T, v *Vault, name string) string {
	t.Helper()
	versions, err := v.History(t.Context(), name)
	if errors.Is(err, ErrAbsent) {
		return ""
	}
	ok(t, err)
	var all []string
	for _, s := range versions {
		all = append(all, fmt.Sprintf("%d:%s:%s", s.Version, s.Status, must[schema.Secret](t)(v.Open(s)).Reveal()))
	}
	return strings.Join(all, " ")
}

// export writes all secrets for a person.
func export(t *testing.T, v *Vault, to person, names ...string) []byte {
	t.Helper()
	var file bytes.Buffer
	_ = must[int](t)(v.Export(t.Context(), &file, Recipients{Keys: []string{to.key}}, names))
	return file.Bytes()
}

// twin is an empty vault of the same person.
func twin(t *testing.T, p person) *Vault {
	t.Helper()
	store, _ := newStore(t)
	ok(t, Init(t.Context(), store.Secrets, Recipients{Keys: []string{p.key}}))
	return New(store.Secrets, store.Key, p.unlock())
}

// keep puts versions into a vault: "live:a" or "pending:b".
func keep(t *testing.T, v *Vault, name string, versions ...string) {
	t.Helper()
	ok(t, v.secrets.MergeSecrets(t.Context(), func([]state.SecretVersion) (rows []state.SecretVersion, err error) {
		row := must[state.Vault](t)(v.secrets.Vault(t.Context()))
		for i, text := range versions {
			status, text, _ := strings.Cut(text, ":")
			sealed := must[[]byte](t)(sealTo(row, secretLabel(name), []byte(text)))
			rows = append(rows, state.SecretVersion{Name: name, Version: i + 1, Status: state.SecretStatus(status), Sealed: sealed})
		}
		return rows, nil
	}))
}

func TestAnExportHoldsEverything(t *testing.T) {
	v, p := newVault(t)
	keep(t, v, "a", "history:"+canary+"1", "withdrawn:"+canary+"2", "live:"+canary+"3", "pending:"+canary+"4")
	keep(t, v, "b", "live:"+canary)
	before := must[[]state.SecretVersion](t)(v.secrets.AllSecrets(t.Context()))
	file := export(t, v, p)
	other := twin(t, p)
	done := must[Imported](t)(other.Import(t.Context(), bytes.NewReader(file)))
	if diff := cmp.Diff(Imported{Added: []string{"a", "b"}}, done); diff != "" {
		t.Error(diff)
	}
	after := must[[]state.SecretVersion](t)(other.secrets.AllSecrets(t.Context()))
	for i := range after {
		if must[schema.Secret](t)(v.Open(before[i])) != must[schema.Secret](t)(other.Open(after[i])) {
			t.Errorf("%s %d has another text", after[i].Name, after[i].Version)
		}
		before[i].Sealed, after[i].Sealed = nil, nil
	}
	if diff := cmp.Diff(before, after); diff != "" {
		t.Error(diff)
	}

	some := twin(t, p)
	_ = must[Imported](t)(some.Import(t.Context(), bytes.NewReader(export(t, v, p, "b", "b"))))
	if listed := must[[]Summary](t)(some.List(t.Context())); len(listed) != 1 || listed[0].Name != "b" {
		t.Errorf("an export of b has %v", listed)
	}
}

func TestExportsAreForThoseWhoAreNamed(t *testing.T) {
	const passphrase = "correct horse battery"
	v, p := newVault(t)
	_ = must[int](t)(v.Set(t.Context(), "a", schema.NewSecret(canary), ""))
	file := export(t, v, newPerson(t))
	_, err := v.Import(t.Context(), bytes.NewReader(file))
	wantError(t, err, ErrLocked, "no identity here opens the file")

	var sealed bytes.Buffer
	_ = must[int](t)(v.Export(t.Context(), &sealed, Recipients{Passphrase: schema.NewSecret(passphrase)}, nil))
	for answer, want := range map[string]string{passphrase: "", canary: "the passphrase is wrong"} {
		reader := New(v.secrets, v.key, Unlock{Identities: []string{p.file}, Passphrase: says(answer)})
		_, err := reader.Import(t.Context(), bytes.NewReader(sealed.Bytes()))
		if want != "" {
			wantError(t, err, nil, want)
		} else {
			ok(t, err)
		}
	}
	for want, to := range map[string]Recipients{
		"not for both":         {Keys: []string{p.key}, Passphrase: schema.NewSecret(passphrase)},
		"nobody could open":    {},
		"too short":            {Passphrase: schema.NewSecret("short")},
		"is not a recipient":   {Keys: []string{"x"}},
		"the vault has no b; ": {Keys: []string{p.key}},
	} {
		var nothing bytes.Buffer
		_, err := v.Export(t.Context(), &nothing, to, []string{"a", "b"})
		wantError(t, err, nil, want)
		if nothing.Len() > 0 {
			t.Errorf("%s: something was written", want)
		}
	}
}

func TestImportsMerge(t *testing.T) {
	tests := map[string]struct {
		ours, theirs []string // oldest first
		want         string   // newest first; empty if the vault is newer
		over         string   // what ImportOver makes of it then
		same         bool
	}{
		"nothing here":        {nil, []string{"history:a", "live:b"}, "2:live:b 1:history:a", "", false},
		"the same":            {[]string{"history:a", "live:b"}, []string{"history:a", "live:b"}, "2:live:b 1:history:a", "", true},
		"less there":          {[]string{"history:a", "live:b"}, []string{"live:b"}, "2:live:b 1:history:a", "", true},
		"older ones there":    {[]string{"live:b"}, []string{"history:a", "live:b"}, "2:history:a 1:live:b", "", false},
		"newer there":         {[]string{"live:a"}, []string{"history:a", "live:b"}, "2:live:b 1:history:a", "", false},
		"newer by two":        {[]string{"live:a"}, []string{"history:a", "withdrawn:x", "live:b"}, "3:live:b 2:withdrawn:x 1:history:a", "", false},
		"in doubt there":      {[]string{"live:a"}, []string{"live:a", "pending:b"}, "2:pending:b 1:live:a", "", false},
		"none in use here":    {[]string{"pending:b"}, []string{"history:a", "live:b"}, "2:history:a 1:live:b", "", false},
		"none in use there":   {[]string{"live:a"}, []string{"withdrawn:b"}, "2:withdrawn:b 1:live:a", "", false},
		"newer here":          {[]string{"history:a", "live:b"}, []string{"live:a"}, "", "2:history:b 1:live:a", false},
		"both went their way": {[]string{"history:a", "live:b"}, []string{"history:a", "live:c"}, "", "3:live:c 2:history:b 1:history:a", false},
		"unrelated":           {[]string{"live:b"}, []string{"live:c"}, "", "2:live:c 1:history:b", false},
		"each knows both":     {[]string{"history:a", "live:b"}, []string{"history:b", "live:a"}, "", "2:history:b 1:live:a", false},
	}
	for title, test := range tests {
		t.Run(title, func(t *testing.T) {
			v, p := newVault(t)
			keep(t, v, "x", test.theirs...)
			keep(t, v, "z", "live:z")
			file := export(t, v, p)
			ours := twin(t, p)
			if test.ours != nil {
				keep(t, ours, "x", test.ours...)
			}
			before := history(t, ours, "x")
			done, err := ours.Import(t.Context(), bytes.NewReader(file))
			if test.want == "" {
				wantError(t, err, ErrNewer, "x")
				if history(t, ours, "x") != before || history(t, ours, "z") != "" {
					t.Error("a part of the file was imported")
				}
				done, err = ours.ImportOver(t.Context(), bytes.NewReader(file))
				test.want = test.over
			}
			ok(t, err)
			if got := history(t, ours, "x"); got != test.want {
				t.Errorf("it has %s, want %s", got, test.want)
			}
			if slices.Contains(done.Same, "x") != test.same || !slices.Contains(done.Added, "z") {
				t.Errorf("it says %+v", done)
			}
			if again := must[Imported](t)(ours.ImportOver(t.Context(), bytes.NewReader(file))); !slices.Equal(again.Same, []string{"x", "z"}) {
				t.Errorf("the second time: %+v", again)
			}
		})
	}
}

func TestAChangedExportIsNotImported(t *testing.T) {
	v, p := newVault(t)
	_ = must[int](t)(v.Set(t.Context(), "a", schema.NewSecret(canary), ""))
	file := export(t, v, p)
	spoilt(file, func(how string, text []byte) {
		if _, err := v.readExport(bytes.NewReader(text)); err == nil {
			t.Fatalf("%s: it was read", how)
		}
	})
	if _, err := v.readExport(bytes.NewReader(append(file, 0))); err == nil {
		t.Error("longer: it was read")
	}
}

func TestOddExportsAreRefused(t *testing.T) {
	v, p := newVault(t)
	to := must[*age.X25519Recipient](t)(age.ParseX25519Recipient(p.key))
	secret := exportedSecret{Name: "a", Version: 1, Status: state.SecretLive, Secret: inClear{schema.NewSecret(canary)}}
	changed := func(change func(*exportedSecret)) exportedSecret {
		s := secret
		change(&s)
		return s
	}
	for title, test := range map[string]struct {
		file exported
		want string
	}{
		"another form":        {exported{Format: "x"}, "not an export"},
		"is not a valid name": {exported{exportFormat, []exportedSecret{changed(func(s *exportedSecret) { s.Name = "" })}}, "is not a valid name"},
		"no text":             {exported{exportFormat, []exportedSecret{changed(func(s *exportedSecret) { s.Secret = inClear{} })}}, "empty"},
		"no version":          {exported{exportFormat, []exportedSecret{changed(func(s *exportedSecret) { s.Version = 0 })}}, "version 0"},
		"a version twice":     {exported{exportFormat, []exportedSecret{secret, secret}}, "version 1 twice"},
		"an odd status":       {exported{exportFormat, []exportedSecret{changed(func(s *exportedSecret) { s.Status = "x" })}}, "unknown status"},
		"two live":            {exported{exportFormat, []exportedSecret{secret, changed(func(s *exportedSecret) { s.Version = 2 })}}, "2 versions in use"},
	} {
		t.Run(title, func(t *testing.T) {
			plain := must[[]byte](t)(json.Marshal(test.file))
			_, err := v.Import(t.Context(), bytes.NewReader(must[[]byte](t)(encrypt(plain, to))))
			wantError(t, err, nil, test.want)
		})
	}
	_, err := v.Import(t.Context(), strings.NewReader("age-encryption.org/v1\n"))
	wantError(t, err, nil, "the file cannot be opened")
}

// Not parallel: the others make passphrases that are quick to guess.
func TestAGuessOfAPassphraseCosts(t *testing.T) {
	quick := workFactor
	workFactor = passphraseWork
	defer func() { workFactor = quick }()
	key := must[*passphraseKey](t)(newPassphraseKey(schema.NewSecret("correct horse battery")))
	header := string(key.Sealed[:200])
	if !strings.Contains(header, "\n-> scrypt ") || !strings.Contains(header, " 18\n") {
		t.Errorf("scrypt does not work 2^18 times: %q", header)
	}
}
