package backup_test

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"camform/engine/backup"
	"camform/engine/state"
	"camform/providers"
	"camform/schema"
)

var noon = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

// folder is an empty folder of a state of its own.
func folder(t *testing.T) backup.Folder {
	t.Helper()
	dir := t.TempDir()
	store, err := state.Open(t.Context(), filepath.Join(dir, "state.db"), state.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = store.Close() })
	return backup.Folder{Dir: filepath.Join(dir, "backups"), Seal: store.Key.Seal, Unseal: store.Key.Unseal, Name: store.Key.Name}
}

func gate(taken time.Time) *backup.Backup {
	return &backup.Backup{
		Device: schema.Device{Name: "gate", Key: "north", Each: true}, Taken: taken,
		Access:   backup.Access{URL: "https://192.0.2.5", Username: "admin", Origin: "vault:gate/north/admin", Tags: []string{"outdoor"}},
		Identity: providers.Identity{Serial: "S1", Model: "M", Firmware: "V5.7.3"},
		Keys:     map[string][]string{"trigger": {"io-1"}},
		Documents: []backup.Document{
			{Path: "/a", Body: []byte("<A>Clear-Text-7</A>\x00\xff")}, {Path: "/b", Missing: "403 notSupport"},
		},
		Unread:  map[string]string{"/c": "500 deviceError"},
		Archive: providers.Archive{Key: schema.NewSecret("Clear-Text-7"), Body: []byte("CFG\x00\xff")},
	}
}

func TestABackupIsReadAsItWasKept(t *testing.T) {
	f := folder(t)
	want := gate(noon)
	entry, err := f.Save(want)
	if err != nil {
		t.Fatal(err)
	}
	got, err := f.Open(entry.Name)
	if err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("%v\ngot  %+v\nwant %+v", err, got, want)
	}
	all, bad, err := f.List()
	if err != nil || len(bad) > 0 || len(all) != 1 || all[0] != entry || entry.Documents != 1 || entry.Model != "M" || !entry.Taken.Equal(noon) {
		t.Errorf("the list is %+v, bad %v: %v", all, bad, err)
	}
	text, err := os.ReadFile(filepath.Join(f.Dir, entry.Name+".backup"))
	if err != nil || bytes.Contains(text, []byte("Clear-Text-7")) || bytes.Contains(text, []byte("vault:")) {
		t.Errorf("I1: the file shows what is in it: %s %v", text, err)
	}
	if _, err := f.Save(want); err == nil {
		t.Error("a backup was written over")
	}
}

// A backup that was kept before there were archives is read as one without.
func TestTheFirstFormIsRead(t *testing.T) {
	f := folder(t)
	want := gate(noon)
	want.Archive = providers.Archive{}
	seal := f.Seal
	f.Seal = func(plain []byte) ([]byte, error) { return seal(first(t, plain)) }
	name := f.Name
	f.Name = func(plain []byte) string { return name(first(t, plain)) }
	entry, err := f.Save(want)
	if err != nil {
		t.Fatal(err)
	}
	f.Name = name
	got, err := f.Open(entry.Name)
	if err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("%v\ngot  %+v\nwant %+v", err, got, want)
	}
}

// first is the text of a backup in the first form.
func first(t *testing.T, plain []byte) []byte {
	t.Helper()
	text := bytes.Replace(plain, []byte(`{"camform_backup":2,`), []byte(`{"camform_backup":1,`), 1)
	if bytes.Equal(text, plain) && !bytes.HasPrefix(plain, []byte(`{"camform_backup":1,`)) {
		t.Fatalf("what is the form of %s?", plain)
	}
	return text
}

// A backup that was cut or changed anywhere is refused, and so is one of another state or under another name.
func TestADamagedBackupIsRefused(t *testing.T) {
	f := folder(t)
	entry, err := f.Save(gate(noon))
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(f.Dir, entry.Name+".backup")
	whole, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	refused := func(what string, text []byte) {
		if err := os.WriteFile(path, text, 0o600); err != nil {
			t.Fatal(err)
		}
		if b, err := f.Open(entry.Name); err == nil {
			t.Errorf("%s: it was opened as %+v", what, b)
		}
	}
	for i := range whole {
		refused(fmt.Sprintf("cut at %d", i), whole[:i])
		changed := bytes.Clone(whole)
		changed[i] ^= 1
		refused(fmt.Sprintf("changed at %d (%q)", i, whole[i]), changed)
	}
	refused("the same in other words", bytes.Replace(whole, []byte(`"device"`), []byte(`"Device"`), 1))
	refused("something behind it", append(bytes.Clone(whole), whole...))
	refused("another device outside", bytes.Replace(whole, []byte("north"), []byte("south"), 1))
	refused("another time outside", bytes.Replace(whole, []byte("2026-03"), []byte("2026-04"), 1))
	refused("a later format", bytes.Replace(whole, []byte(`camform_backup":1`), []byte(`camform_backup":2`), 1))
	other, err := f.Save(gate(noon.Add(time.Hour)))
	if err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(filepath.Join(f.Dir, other.Name+".backup"))
	if err != nil {
		t.Fatal(err)
	}
	refused("another backup under its name", text)
	foreign := folder(t)
	foreign.Dir = f.Dir
	if _, err := foreign.Open(other.Name); err == nil {
		t.Error("another state opens it")
	}
	foreign.Unseal = f.Unseal // as where both states have one vault
	foreign.Name = func(text []byte) string {
		mac := hmac.New(sha256.New, []byte("another"))
		mac.Write(text)
		return hex.EncodeToString(mac.Sum(nil)[:16])
	}
	if _, err := foreign.Open(other.Name); !errors.Is(err, backup.ErrDamaged) {
		t.Errorf("another state with the same vault: %v", err)
	}
}

func TestBackupsAreFoundByTheBeginningOfTheirNames(t *testing.T) {
	f := folder(t)
	var names []string
	for i := range 20 {
		entry, err := f.Save(gate(noon.Add(time.Duration(i) * time.Hour)))
		if err != nil {
			t.Fatal(err)
		}
		names = append(names, entry.Name)
	}
	for _, name := range names {
		if got, err := f.Find(name[:12]); err != nil || got != name {
			t.Errorf("%s: %s %v", name, got, err)
		}
	}
	for _, beginning := range []string{"", "x", names[0] + "0"} {
		if name, err := f.Find(beginning); err == nil || !strings.Contains(err.Error(), "backup list") {
			t.Errorf("%q finds %s: %v", beginning, name, err)
		}
	}
	several := 0
	for _, digit := range "0123456789abcdef" {
		if _, err := f.Find(string(digit)); err != nil && strings.Contains(err.Error(), "give more of the name") {
			several++
		}
	}
	if several == 0 {
		t.Error("of twenty names no two begin alike")
	}
}

// The newest backups of each device stay, whatever is asked for at least one.
func TestTheNewestBackupsStay(t *testing.T) {
	f := folder(t)
	for i := range 4 {
		for _, key := range []string{"north", "south"} {
			b := gate(noon.Add(time.Duration(i) * time.Hour))
			b.Device.Key = key
			if _, err := f.Save(b); err != nil {
				t.Fatal(err)
			}
		}
	}
	all, _, err := f.List()
	if err != nil {
		t.Fatal(err)
	}
	for keep, want := range map[int]int{-1: 6, 0: 6, 1: 6, 3: 2, 4: 0, 9: 0} {
		old := backup.Superseded(all, keep)
		if len(old) != want {
			t.Errorf("of 8 with %d to stay, %d go, want %d", keep, len(old), want)
		}
		for _, e := range old {
			if e.Taken.Equal(noon.Add(3 * time.Hour)) {
				t.Errorf("with %d to stay the newest of %s goes", keep, e.Device)
			}
		}
	}
}

func TestReadingABackupReachesNobody(t *testing.T) {
	r := gate(noon).Reader()
	if identity, err := r.Identify(t.Context()); err != nil || identity.Serial != "S1" {
		t.Errorf("%+v %v", identity, err)
	}
	if d, err := r.Read(t.Context(), "/a"); err != nil || !bytes.HasPrefix(d.Body, []byte("<A>")) {
		t.Errorf("%+v %v", d, err)
	}
	if d, err := r.Read(t.Context(), "/b"); err != nil || d.Missing == "" {
		t.Errorf("%+v %v", d, err)
	}
	for _, path := range []string{"/c", "/d"} {
		if d, err := r.Read(t.Context(), path); err == nil {
			t.Errorf("%s: %+v", path, d)
		}
	}
}

// The heads of files tell when each device was backed up last. A file without its end does not count.
func TestTheLatestBackupOfEachDeviceIsToldByTheHeadsOfFiles(t *testing.T) {
	f := folder(t)
	if latest, err := f.Latest(); err != nil || len(latest) > 0 {
		t.Errorf("without a folder: %v %v", latest, err)
	}
	save := func(key string, taken time.Time) string {
		b := gate(taken)
		b.Device.Key = key
		entry, err := f.Save(b)
		if err != nil {
			t.Fatal(err)
		}
		return filepath.Join(f.Dir, entry.Name+".backup")
	}
	save("north", noon.Add(time.Hour))
	save("north", noon)
	whole := save("south", noon)
	cut := save("south", noon.Add(2*time.Hour))
	text, err := os.ReadFile(cut)
	if err != nil {
		t.Fatal(err)
	}
	for _, size := range []int{len(text) - 1, 300, 20, 1, 0} {
		if err := os.WriteFile(cut, text[:size], 0o600); err != nil {
			t.Fatal(err)
		}
		latest, err := f.Latest()
		north, south := latest[schema.Device{Name: "gate", Key: "north", Each: true}], latest[schema.Device{Name: "gate", Key: "south", Each: true}]
		if err != nil || len(latest) != 2 || !north.Equal(noon.Add(time.Hour)) || !south.Equal(noon) {
			t.Errorf("cut at %d: %v %v", size, latest, err)
		}
	}
	// What is sealed is not looked at.
	if text, err = os.ReadFile(whole); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(whole, bytes.Replace(text, []byte(`"sealed":"`), []byte(`"sealed":"!`), 1), 0o600); err != nil {
		t.Fatal(err)
	}
	if latest, err := f.Latest(); err != nil || len(latest) != 2 {
		t.Errorf("%v %v", latest, err)
	}
}
