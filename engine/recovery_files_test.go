package engine_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"camform/engine"
	"camform/engine/credential"
	"camform/engine/recover"
	"camform/engine/state"
	"camform/providers"
	"camform/providers/memory"
	"camform/schema"
)

// asking is a recovery vault in the state of a studio, with what it was given.
type asking struct {
	*studio
	begun []schema.Device
	fails bool // whether nothing can be recorded
}

func (a *asking) export() []engine.RecoveryFile {
	a.Helper()
	return a.engineOf().ExportRecoveryFiles(a.Context(), engine.Accesses(a.cfg.Devices), "run-1", engine.RecoveryVault{
		Begin: func(_ context.Context, d schema.Device) error {
			if a.fails {
				return errors.New("the disk is full")
			}
			a.begun = append(a.begun, d)
			return nil
		},
		Set: func(ctx context.Context, name string, file schema.Secret) (int, error) {
			sealed, err := storedPasswords{a.store}.Keep(name, file)
			if err != nil {
				return 0, err
			}
			return a.store.PutSecret(ctx, name, sealed, "given out")
		},
	})
}

func newAsking(t *testing.T) *asking {
	a := &asking{studio: newStudioOf(t)}
	a.addAt("rec", "https://10.0.0.7:443", memory.Options{GivesFile: true})
	a.addAt("cam", "https://10.0.0.8:443", memory.Options{})
	if _, problems := a.engineOf().Plan(t.Context(), a.cfg, nil); problems.HasErrors() {
		t.Fatal(problems)
	}
	return a
}

func (a *asking) asked(name string) int {
	n := 0
	for _, e := range a.fleet.Device(name).Log() {
		if e.Path == memory.RecoveryFilePath {
			n++
		}
	}
	return n
}

// The file that a device gives out is in the vault, sealed; one that gives none says so, and costs nobody else his file.
func TestARecoveryFileIsKept(t *testing.T) {
	a := newAsking(t)
	files := a.export()
	cam, rec := files[slices.IndexFunc(files, isFor("cam"))], files[slices.IndexFunc(files, isFor("rec"))]
	if rec.Err != nil || rec.Version != 1 || !errors.Is(cam.Err, providers.ErrUnsupported) || cam.Version != 0 || len(a.begun) != 2 {
		t.Fatalf("%+v, begun %v", files, a.begun)
	}
	versions, err := a.store.Versions(t.Context(), credential.RecoveryFile(rec.Device))
	if err != nil || len(versions) != 1 {
		t.Fatal(versions, err)
	}
	kept, err := storedPasswords{a.store}.Open(versions[0])
	if err != nil {
		t.Fatal(err)
	}
	file, err := engine.OpenRecoveryFile(kept)
	if err != nil || !strings.HasPrefix(string(file), "file 1 of ") {
		t.Errorf("%q, %v", file, err)
	}
	if again := a.export(); again[slices.IndexFunc(again, isFor("rec"))].Version != 2 {
		t.Errorf("again: %+v", again)
	}
	if _, err := engine.OpenRecoveryFile(schema.NewSecret("not base64!")); err == nil {
		t.Error("any secret is a recovery file")
	}
}

func isFor(name string) func(engine.RecoveryFile) bool {
	return func(f engine.RecoveryFile) bool { return f.Device.Name == name }
}

// Nothing is asked for before that is on record, and nothing twice: the device may void the file before.
func TestI2ARecoveryFileIsAskedForOnceAndOnRecord(t *testing.T) {
	a := newAsking(t)
	a.fails = true
	if files := a.export(); files[0].Err == nil || a.asked("rec")+a.asked("cam") != 0 {
		t.Errorf("it was asked without a record: %+v", files)
	}
	a.fails = false
	a.fleet.Device("rec").Inject(memory.Fault{Effect: memory.DropReply, Match: func(x memory.Exchange) bool { return x.Path == memory.RecoveryFilePath }})
	files := a.export()
	rec := files[slices.IndexFunc(files, isFor("rec"))]
	if !errors.Is(rec.Err, providers.ErrUnknown) || !strings.Contains(rec.Err.Error(), "did not arrive") || a.asked("rec") != 1 || rec.Version != 0 {
		t.Errorf("asked %d times: %+v", a.asked("rec"), rec)
	}
}

// A device that nobody has seen is sent no password within a request.
func TestI11ADeviceThatNobodyHasSeenIsNotAskedForAFile(t *testing.T) {
	a := &asking{studio: newStudioOf(t)}
	a.addAt("rec", "https://10.0.0.7:443", memory.Options{GivesFile: true})
	if files := a.export(); files[0].Err == nil || !strings.Contains(files[0].Err.Error(), "camform plan") || len(a.fleet.Device("rec").Log()) > 0 {
		t.Errorf("%+v", files)
	}
}

// A file that is older than the password does not count any more, and is known to need another one.
func TestAFileOlderThanThePasswordIsOutdated(t *testing.T) {
	a := newAsking(t)
	devices := engine.Accesses(a.cfg.Devices)
	rec := slices.IndexFunc(a.export(), isFor("rec"))
	outdated := func() int {
		t.Helper()
		found, err := a.engineOf().Outdated(t.Context(), devices)
		if err != nil {
			t.Fatal(err)
		}
		return len(found)
	}
	if n := outdated(); n != 0 {
		t.Errorf("%d files are outdated at once", n)
	}
	devices[rec].Access.Managed = credential.Name(devices[rec].Address, "admin")
	a.clock.pass(time.Minute)
	sealed, err := storedPasswords{a.store}.Keep("", schema.NewSecret("New-One-1234"))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := a.store.PutSecret(t.Context(), devices[rec].Access.Managed, sealed, ""); err != nil {
		t.Fatal(err)
	}
	if n := outdated(); n != 1 {
		t.Errorf("%d files are outdated after a new password", n)
	}
}

// A case offers the file that the vault has, and says of one that a later password voided that it is void: nobody spends a try on it.
func TestAVoidRecoveryFileIsNotOfferedInACase(t *testing.T) {
	a := newAsking(t)
	device := a.declared("rec")
	a.export()
	offered := func() recover.Facts {
		t.Helper()
		f, err := a.engineOf().RecoveryFacts(t.Context(), a.cfg, device)
		a.ok(err)
		return f
	}
	if f := offered(); !strings.Contains(f.Prepared[recover.GUIDFile], "camform recover file") || f.Exported.IsZero() {
		t.Errorf("%+v", f.Prepared)
	}
	a.clock.pass(time.Minute)
	name := credential.Name(device.Address, device.Login.Username)
	device.Login.Policy = &credential.Policy{MinLength: 12, Classes: 3}
	sealed, err := storedPasswords{a.store}.Keep(name, schema.NewSecret("Newer-One-1234"))
	a.ok(err)
	version, err := a.store.PutSecret(t.Context(), name, sealed, "")
	a.ok(err)
	if f := offered(); !strings.Contains(f.Prepared[recover.GUIDFile], "camform recover file") || !f.Exported.IsZero() {
		t.Errorf("a password that no device accepted voids no file, and does not make it a fresh one: %+v", f.Prepared)
	}
	leases, err := a.store.Acquire(t.Context(), "run-2", device.Address)
	a.ok(err)
	a.ok(a.store.SettleSecret(t.Context(), leases[0], state.Verdict{Name: name, Live: version}))
	if f := offered(); !strings.Contains(f.Prepared[recover.GUIDFile], "is void") || !f.Exported.IsZero() {
		t.Errorf("%+v", f.Prepared)
	}
}
