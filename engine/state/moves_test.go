package state

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"camform/engine/auditlog"
	"camform/providers"
	"camform/schema"
)

var (
	before   = schema.Device{Name: "zq", Key: "k/1", Each: true} // with a key that names of secrets spell in another way
	after    = schema.Device{Name: "wx", Key: "k/1", Each: true}
	recorder = schema.Device{Name: "recorder"}
	moving   = schema.Moves{{From: before, To: after}}
)

// resealedFor stands for a vault.
func resealedFor(v SecretVersion, name string) ([]byte, error) {
	return fmt.Appendf(nil, "%s for %d bytes", v.Sealed, len(name)), nil
}

// remembering is a store with rows in all tables, about a device that is before, and about a recorder that uses it.
func remembering(t testing.TB) *Store {
	t.Helper()
	s, _ := newStore(t)
	ctx := t.Context()
	ok(t, s.CreateVault(ctx, Vault{Recipient: "age1", Keys: "{}"}))
	ok(t, s.BeginRun(ctx, Run{ID: "r1", Operation: "apply"}))
	must[Application](t)(func() (Application, error) { a, _, err := s.MarkApplied(ctx, "sha256:1", "r1"); return a, err }())
	ok(t, s.SaveCapability(ctx, "model", "1.0", "/caps", []byte("x"), ""))
	must[providers.Charge](t)(s.Charge(ctx, attempt("password", providers.RemainingUnknown)))
	ok(t, s.SaveSeen(ctx, Device{Address: before, Endpoint: "192.0.2.1:443", Pin: providers.Pin{SPKI: "sha256:1"}}))
	ok(t, s.SaveOutputs(ctx, []Output{{Name: "gates", Type: json.RawMessage(`"number"`), Value: json.RawMessage(`1`)}, {Name: "key", Mark: "m", Sensitive: true}}))
	ok(t, s.SaveUses(ctx, []Uses{{Device: before, Told: json.RawMessage(`[]`)}}))
	lease := must[[]Lease](t)(s.Acquire(ctx, "r1", before))[0]
	ok(t, s.SaveSnapshot(ctx, lease, "/doc", []byte("sealed")))
	account := schema.Setting{Device: before, Kind: "user", Key: "admin"}
	print := s.Fingerprint(account, "password", schema.NewSecret("Right-Horse-1"))
	ok(t, s.Record(ctx, lease, []Setting{{Address: account, Applied: json.RawMessage(`{}`), Fingerprints: map[string]string{"password": print}, Created: true}}, nil))
	intent := Intent{Document: "/doc", Method: "PUT", Steps: []IntentStep{{
		Setting: account, Action: "update", Origins: map[string]string{"password": "vault:zq/k%2F1/admin", "other": "env:X"},
	}}, Candidates: []Candidate{{Name: "zq/k%2F1/admin", Sealed: []byte("sealed 1")}}}
	id := must[IntentID](t)(s.Begin(ctx, lease, intent))
	ok(t, s.Finish(ctx, lease, id, Done, nil, nil, Verdict{Name: "zq/k%2F1/admin", Live: 1}))
	must[IntentID](t)(s.Begin(ctx, lease, Intent{Document: "/other", Method: "PUT"})) // which stays open
	must[int](t)(s.PutSecret(ctx, "zq/k%2F1/admin", []byte("sealed 2"), "by a person"))
	ok(t, s.SaveFingerprints(ctx, []Fingerprint{{Name: "zq/k%2F1/admin", Version: 2, Text: "1:x"}}))
	must[int](t)(s.PutSecret(ctx, "smtp", []byte("sealed 3"), "of no device"))
	ok(t, s.Release(ctx, lease))

	other := must[[]Lease](t)(s.Acquire(ctx, "r1", recorder))[0]
	channel := schema.Setting{Device: recorder, Kind: "channel", Key: "1"}
	must[IntentID](t)(s.Begin(ctx, other, Intent{Document: "/channels", Method: "PUT", Steps: []IntentStep{{
		Setting: channel, Action: "update", Origins: map[string]string{"password": "vault:zq/k%2F1/admin"},
	}}}))
	ok(t, s.Release(ctx, other))
	ok(t, s.Owe(ctx, []Owed{
		{Item: channel, Account: account, Origin: "vault:zq/k%2F1/admin"},
		{Item: schema.Setting{Device: before, Kind: "channel", Key: "2"}, Account: schema.Setting{Device: recorder, Kind: "user", Key: "x"}, Origin: "env:X"},
	}))
	ok(t, s.AddCase(ctx, Case{ID: "c1", Device: before, Generation: 1, About: json.RawMessage(`{}`), Events: []json.RawMessage{json.RawMessage(`{}`)}},
		[]CaseFile{{SHA256: "1", Sealed: []byte("x")}}, auditlog.Record{Action: auditlog.CaseOpened}))
	ok(t, s.RefuseNode(ctx, "SN1", "V5", "/ISAPI/a"))
	ok(t, s.SaveOutputs(ctx, []Output{{Name: "o", Type: json.RawMessage(`"string"`), Value: json.RawMessage(`"x"`)}, {Name: "s", Mark: "m", Sensitive: true}}))
	ok(t, s.NoteUntold(ctx, "SN1", "V5", map[string]time.Time{"/ISAPI/a": {}}))
	return s
}

// dump is every cell of every table, by table and column.
func dump(t testing.TB, s *Store) map[string][]string {
	t.Helper()
	cells := map[string][]string{}
	for _, table := range must[[]string](t)(read(t.Context(), s.database, scanText, s.listTables())) {
		rows := must[*sql.Rows](t)(s.db.QueryContext(t.Context(), `SELECT * FROM `+table))
		columns := must[[]string](t)(rows.Columns())
		cells[table] = nil
		for rows.Next() {
			row := make([]any, len(columns))
			for i := range row {
				row[i] = new(any)
			}
			ok(t, rows.Scan(row...))
			for i, column := range columns {
				value := *row[i].(*any)
				if raw, is := value.([]byte); is {
					value = string(raw)
				}
				cells[table] = append(cells[table], fmt.Sprintf("%s=%v", column, value))
			}
		}
		ok(t, rows.Err())
		ok(t, rows.Close())
	}
	return cells
}

// TestAMoveCarriesAllThatNamesADevice looks into every table: somebody who adds one puts a row into remembering, and makes a move carry
// what names a device there.
func TestAMoveCarriesAllThatNamesADevice(t *testing.T) {
	s := remembering(t)
	marked := map[string]bool{
		"audit_log":         true, // says what happened under the names of then
		"leases":            true, // no token of a name is given out twice
		"fingerprint_names": true,
	}
	was := dump(t, s)
	must[schema.Moves](t)(s.MoveDevices(t.Context(), "r2", moving, resealedFor))
	is := dump(t, s)
	for table, cells := range was {
		if len(cells) == 0 && table != "fingerprint_names" {
			t.Errorf("the test has no row of table %s", table)
		}
		named := func(cells []string, name string) (found []string) {
			return slices.DeleteFunc(slices.Clone(cells), func(cell string) bool { return !strings.Contains(cell, name) })
		}
		if left := named(is[table], "zq"); len(left) > 0 && !marked[table] {
			t.Errorf("%s still has the old name: %q", table, left)
		}
		if had, has := named(cells, "zq"), named(is[table], "wx"); len(had) > len(has) && table != "audit_log" {
			t.Errorf("%s had %d cells with the old name, and %d with the new one: %q", table, len(had), len(has), has)
		}
	}
	for _, v := range must[[]SecretVersion](t)(s.Versions(t.Context(), "wx/k%2F1/admin")) {
		if want := fmt.Sprintf("sealed %d for 14 bytes", v.Version); string(v.Sealed) != want || v.Under != "" {
			t.Errorf("version %d is %q under %q, want %q", v.Version, v.Sealed, v.Under, want)
		}
	}
	if prints := must[[]Fingerprint](t)(s.Fingerprints(t.Context())); slices.ContainsFunc(prints, func(f Fingerprint) bool { return f.Text != "" }) {
		t.Errorf("fingerprints of the old name stay: %v", prints)
	}
	last := must[auditlog.Head](t)(s.AuditHead(t.Context()))
	for entry, err := range s.AuditEntries(t.Context(), last.Seq) {
		ok(t, err)
		record := must[auditlog.Record](t)(entry.Record())
		if record.Action != auditlog.DeviceMoved || record.Device != after.String() || record.Detail != "it was "+before.String() || record.Run != "r2" {
			t.Errorf("the audit log says %+v", record)
		}
	}
	if again := must[schema.Moves](t)(s.MoveDevices(t.Context(), "r3", moving, resealedFor)); len(again) > 0 {
		t.Errorf("moved again: %v", again)
	}
}

// remembered is what a store shows of a device.
type shownOf struct {
	Device    Device
	All       []Device
	Settings  map[schema.Setting]Setting
	Every     []Setting
	Versions  []SecretVersion
	Secrets   []SecretVersion
	Uses      []Uses
	Owed      []Owed
	Snapshots []string
	Print     string
	Doubtful  map[string]bool
}

// show is what a store shows under the new name.
func show(t testing.TB, s *Store) shownOf {
	t.Helper()
	ctx := t.Context()
	shown := shownOf{
		All: must[[]Device](t)(s.AllDevices(ctx)), Settings: must[map[schema.Setting]Setting](t)(s.SettingsOf(ctx, after)),
		Versions: must[[]SecretVersion](t)(s.Versions(ctx, "wx/k%2F1/admin")), Secrets: must[[]SecretVersion](t)(s.AllSecrets(ctx)),
		Uses: must[[]Uses](t)(s.AllUses(ctx)), Owed: must[[]Owed](t)(s.AllOwed(ctx)), Snapshots: must[[]string](t)(s.SnapshotRuns(ctx, after)),
		Print:    s.Fingerprint(schema.Setting{Device: after, Kind: "user", Key: "admin"}, "password", schema.NewSecret("Right-Horse-1")),
		Doubtful: must[map[string]bool](t)(s.Doubtful(ctx)),
	}
	device, known, err := s.Device(ctx, after)
	ok(t, err)
	if !known {
		t.Fatal("the device is not known under its new name")
	}
	shown.Device = device
	for row, err := range s.AllSettings(ctx) {
		ok(t, err)
		shown.Every = append(shown.Every, row)
	}
	for _, versions := range [][]SecretVersion{shown.Versions, shown.Secrets} {
		for i := range versions { // how they are sealed is for the vault
			versions[i].Sealed, versions[i].Under = nil, ""
		}
	}
	return shown
}

// TestAMoveIsShownBeforeItIsMade: who opens a state with moves sees it as it will be, whether or not somebody makes them meanwhile.
func TestAMoveIsShownBeforeItIsMade(t *testing.T) {
	s := remembering(t)
	ctx := t.Context()
	viewer := open(t, s.path, Options{Now: s.now, Moves: schema.Moves{
		{From: schema.Device{Name: "zq"}, To: schema.Device{Name: "between"}}, {From: schema.Device{Name: "between"}, To: schema.Device{Name: "wx"}},
	}})
	if pending := must[schema.Moves](t)(viewer.PendingMoves(ctx)); !slices.Equal(pending, moving) {
		t.Errorf("pending are %v", pending)
	}
	if versions := must[[]SecretVersion](t)(viewer.Versions(ctx, "wx/k%2F1/admin")); versions[0].Under != "zq/k%2F1/admin" {
		t.Errorf("it is sealed under %q", versions[0].Under)
	}
	untouched := dump(t, s)
	first := show(t, viewer)
	if diff := cmp.Diff(untouched, dump(t, s)); diff != "" {
		t.Errorf("to look at it has changed it: %s", diff)
	}
	// What is written of it before it has moved goes to the rows that there are.
	ok(t, viewer.SaveSeen(ctx, Device{Address: after, Endpoint: "192.0.2.1:443", Pin: providers.Pin{Realm: "r"}}))
	ok(t, viewer.SaveUses(ctx, []Uses{{Device: after, Told: json.RawMessage(`[{}]`)}}))
	run(t, s, `UPDATE secrets SET uncertain = 1 WHERE version = 2`)
	ok(t, viewer.ProveSecret(ctx, "wx/k%2F1/admin", 2))
	ok(t, viewer.DoubtSecret(ctx, "wx/k%2F1/admin", 2))
	early := show(t, viewer)
	if early.Device.Pin != (providers.Pin{SPKI: "sha256:1", Realm: "r"}) || string(early.Uses[0].Told) != `[{}]` || !early.Doubtful["wx/k%2F1/admin"] || !early.Versions[0].Uncertain.IsZero() {
		t.Errorf("what was written is not there: %+v", early)
	}
	if len(early.All) != len(first.All) || len(early.Uses) != len(first.Uses) {
		t.Errorf("it is there twice: %+v", early)
	}
	mover := open(t, s.path, Options{Now: s.now})
	must[schema.Moves](t)(mover.MoveDevices(ctx, "", moving, resealedFor))
	for who, store := range map[string]*Store{"who saw it coming": viewer, "who made the move": mover, "who comes later": open(t, s.path, Options{Now: s.now})} {
		if diff := cmp.Diff(early, show(t, store)); diff != "" {
			t.Errorf("%s sees (-before the move +after it):\n%s", who, diff)
		}
		ok(t, store.SaveSeen(ctx, Device{Address: after, Endpoint: "192.0.2.1:443"}))
		ok(t, store.SaveUses(ctx, []Uses{{Device: after, Told: json.RawMessage(`[{}]`), Read: early.Uses[0].Read}}))
	}
	if pending := must[schema.Moves](t)(viewer.PendingMoves(ctx)); len(pending) > 0 {
		t.Errorf("pending are still %v", pending)
	}
	if all := must[[]Device](t)(mover.AllDevices(ctx)); len(all) != 1 {
		t.Errorf("the old name came back: %v", all)
	}
}

// TestTheOldNameIsFree: the device that gets it later has nothing in common with the device that had it.
func TestTheOldNameIsFree(t *testing.T) {
	s := remembering(t)
	print := func(d schema.Device) string {
		return s.Fingerprint(schema.Setting{Device: d, Kind: "user", Key: "admin"}, "password", schema.NewSecret("Right-Horse-1"))
	}
	was := print(before)
	must[schema.Moves](t)(s.MoveDevices(t.Context(), "", moving, resealedFor))
	if print(after) != was || print(before) == was {
		t.Error("the fingerprints have not moved, or equal secrets of two devices show")
	}
	must[schema.Moves](t)(s.MoveDevices(t.Context(), "", schema.Moves{{From: after, To: before}}, resealedFor))
	if print(before) != was || print(after) == was {
		t.Error("the fingerprints have not moved back")
	}
}

// TestNobodyWritesUnderAnOldName: tokens of leases are given out once, under any name.
func TestNobodyWritesUnderAnOldName(t *testing.T) {
	s := remembering(t)
	ctx := t.Context()
	for range 3 { // the old name has had more leases than the new one
		ok(t, s.Release(ctx, must[[]Lease](t)(s.Acquire(ctx, "r1", before))...))
	}
	sleeper := must[[]Lease](t)(s.Acquire(ctx, "r2", before))[0]
	_, err := s.MoveDevices(ctx, "", moving, resealedFor)
	var held HeldErrors
	if !errors.As(err, &held) || len(held) != 1 || held[0].Device != before {
		t.Fatalf("a device that somebody holds: %v", err)
	}
	target := must[[]Lease](t)(s.Acquire(ctx, "r2", after))[0]
	if _, err = s.MoveDevices(ctx, "", moving, resealedFor); !errors.As(err, &held) || len(held) != 2 {
		t.Fatalf("a name that somebody holds: %v", err)
	}
	ok(t, s.Release(ctx, target))
	s.now = func() time.Time { return time.Now().Add(time.Hour) } // the lease ends by itself
	must[schema.Moves](t)(s.MoveDevices(ctx, "", moving, resealedFor))
	wantError(t, s.Record(ctx, sleeper, nil, nil), ErrLeaseLost)
	if lost := must[[]Lease](t)(s.Renew(ctx, sleeper)); len(lost) != 1 {
		t.Error("who slept through the move has its lease again")
	}
	for _, d := range []schema.Device{before, after} {
		if next := must[[]Lease](t)(s.Acquire(ctx, "r3", d))[0]; next.Token <= sleeper.Token || next.Token <= target.Token {
			t.Errorf("%s gets the token %d after %d and %d", d, next.Token, sleeper.Token, target.Token)
		}
	}
}

func TestADeviceMovesToNoNameInUse(t *testing.T) {
	for what, use := range map[string]func(*Store) error{
		"a device": func(s *Store) error { return s.SaveSeen(t.Context(), Device{Address: after}) },
		"a password of a device that was forgotten": func(s *Store) error {
			_, err := s.PutSecret(t.Context(), "wx/k%2F1/admin", []byte("other"), "")
			return err
		},
		"what it uses": func(s *Store) error { return s.SaveUses(t.Context(), []Uses{{Device: after}}) },
	} {
		t.Run(what, func(t *testing.T) {
			s := remembering(t)
			ok(t, use(s))
			was := dump(t, s)
			_, err := s.MoveDevices(t.Context(), "", moving, resealedFor)
			wantError(t, err, ErrTaken)
			if diff := cmp.Diff(was, dump(t, s)); diff != "" {
				t.Error(diff)
			}
			viewer := open(t, s.path, Options{Moves: moving})
			if pending := must[schema.Moves](t)(viewer.PendingMoves(t.Context())); len(pending) > 0 {
				t.Errorf("it is shown under a name that is in use: %v", pending)
			}
		})
	}
}

// TestAMoveIsWholeOrNotMade: whatever fails in between, nothing has moved.
func TestAMoveIsWholeOrNotMade(t *testing.T) {
	fails := errors.New("the vault is locked")
	s := remembering(t)
	_, err := s.MoveDevices(t.Context(), "", moving, func(SecretVersion, string) ([]byte, error) { return nil, fails })
	wantError(t, err, fails)
	if moved := must[bool](t)(hasMoved(t, s)); moved {
		t.Error("it has moved without its passwords")
	}
	for _, at := range []string{
		"UPDATE ON devices", "UPDATE ON settings", "UPDATE ON snapshots", "UPDATE ON uses", "UPDATE OF device ON owed", "UPDATE OF account ON owed",
		"UPDATE OF device ON cases", "UPDATE OF device ON intents", "UPDATE OF steps ON intents", "UPDATE ON secrets", "UPDATE ON leases", "INSERT ON fingerprint_names", "INSERT ON audit_log",
	} {
		t.Run(at, func(t *testing.T) {
			s := remembering(t)
			was := dump(t, s)
			run(t, s, `CREATE TRIGGER breaks BEFORE `+at+` BEGIN SELECT RAISE(ABORT, 'broken'); END`)
			if _, err := s.MoveDevices(t.Context(), "", moving, resealedFor); err == nil || !strings.Contains(err.Error(), "broken") {
				t.Fatalf("it did not fail there: %v", err)
			}
			if diff := cmp.Diff(was, dump(t, s)); diff != "" {
				t.Errorf("something has moved: %s", diff)
			}
			run(t, s, `DROP TRIGGER breaks`)
			must[schema.Moves](t)(s.MoveDevices(t.Context(), "", moving, resealedFor))
			if moved := must[bool](t)(hasMoved(t, s)); !moved {
				t.Error("it does not move after that")
			}
		})
	}
}

func hasMoved(t testing.TB, s *Store) (bool, error) {
	t.Helper()
	_, known, err := s.Device(t.Context(), after)
	return known, err
}

// TestAMoveThatIsKilledIsNotMade kills the process between its writes.
func TestAMoveThatIsKilledIsNotMade(t *testing.T) {
	s := remembering(t)
	was := dump(t, s)
	ok(t, s.Close())
	c := startChild(t, "move", s.path)
	if line := c.line(t); line != "in between" {
		t.Fatal(line)
	}
	c.kill(t)
	again := open(t, s.path, Options{})
	is := dump(t, again)
	delete(was, "attempts") // which are old by now
	delete(is, "attempts")
	if diff := cmp.Diff(was, is); diff != "" {
		t.Errorf("something has moved: %s", diff)
	}
	must[schema.Moves](t)(again.MoveDevices(t.Context(), "", moving, resealedFor))
	if moved := must[bool](t)(hasMoved(t, again)); !moved {
		t.Error("it does not move after that")
	}
}

// moveAndHang is a process that stays in the middle of a move, where the audit log asks for the time.
func moveAndHang(s *Store) error {
	s.now = func() time.Time {
		fmt.Println("in between")
		select {}
	}
	_, err := s.MoveDevices(context.Background(), "", moving, resealedFor)
	return err
}

// TestAMovedPasswordIsTheOneThatWasSealed: of passwords that somebody changes while they are sealed again, none is lost.
func TestAMovedPasswordIsTheOneThatWasSealed(t *testing.T) {
	s := remembering(t)
	late := open(t, s.path, Options{})
	changes := false
	_, err := s.MoveDevices(t.Context(), "", moving, func(v SecretVersion, name string) ([]byte, error) {
		if !changes {
			changes = true
			must[int](t)(late.PutSecret(t.Context(), "zq/k%2F1/admin", []byte("newer"), ""))
		}
		return resealedFor(v, name)
	})
	if err == nil || !strings.Contains(err.Error(), "try again") {
		t.Errorf("it moved all the same: %v", err)
	}
	if moved := must[bool](t)(hasMoved(t, s)); moved {
		t.Error("it has moved")
	}
}
