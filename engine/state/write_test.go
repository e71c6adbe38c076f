package state

import (
	"bytes"
	"context"
	"database/sql"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"camform/providers"
	"camform/schema"
)

// Writes that share a transaction do not share their mistakes.
func TestAFailedWriteDoesNotHarmOthers(t *testing.T) {
	s, _ := newStore(t)
	mistake := errors.New("mistake")
	const n = 300
	errs := make([]error, n)
	var wg sync.WaitGroup
	for i := range n {
		wg.Go(func() {
			errs[i] = s.write(context.Background(), func(tx *transaction) error {
				_, err := tx.Exec(`INSERT INTO runs VALUES ($1, 'apply', '', '', 0, 0, '')`, name(i))
				if i%3 == 0 {
					return mistake
				}
				return err
			})
		})
	}
	wg.Wait()
	for i, err := range errs {
		if (i%3 == 0) != errors.Is(err, mistake) || i%3 != 0 && err != nil {
			t.Fatalf("write %d: %v", i, err)
		}
	}
	if got := count(t, s, "runs"); got != 200 {
		t.Errorf("%d rows, want 200", got)
	}
}

func TestAFullDiskCanBeTriedAgain(t *testing.T) {
	s, _ := newStore(t)
	body := make([]byte, 1<<20)
	limit := func(pages string) {
		_, err := s.writer.ExecContext(t.Context(), "PRAGMA max_page_count = "+pages)
		ok(t, err)
	}
	limit("100")
	err := s.SaveCapability(t.Context(), "m", "f", "/x", body, "")
	wantError(t, err, ErrFull)
	if !strings.Contains(err.Error(), "make room") || !strings.Contains(err.Error(), s.path) {
		t.Errorf("text %q", err)
	}
	if _, _, found, err := s.Capability(t.Context(), "m", "f", "/x"); found || err != nil {
		t.Errorf("found %v, %v", found, err)
	}
	limit("10000")
	ok(t, s.SaveCapability(t.Context(), "m", "f", "/x", body, ""))
}

// When a full disk undoes a transaction that others share, none of them learns that it is written.
func TestAFullDiskIsToldToAll(t *testing.T) {
	s, _ := newStore(t)
	_, err := s.writer.ExecContext(t.Context(), "PRAGMA max_page_count = 100")
	ok(t, err)
	const n = 40
	errs := make([]error, n)
	var wg sync.WaitGroup
	for i := range n {
		wg.Go(func() {
			errs[i] = s.SaveCapability(context.Background(), "m", "f", name(i), make([]byte, 60_000), "")
		})
	}
	wg.Wait()
	written := 0
	for _, err := range errs {
		if err == nil {
			written++
		} else {
			wantError(t, err, ErrFull)
		}
	}
	if got := count(t, s, "capabilities"); got != written || written == n {
		t.Errorf("%d rows, but %d writes succeeded", got, written)
	}
}

func TestABusyDatabaseIsSaid(t *testing.T) {
	s, _ := newStore(t)
	_, err := s.writer.ExecContext(t.Context(), "PRAGMA busy_timeout = 1")
	ok(t, err)
	other := must[*sql.DB](t)(openFile(s.path))
	defer func() { _ = other.Close() }()
	tx := must[*sql.Tx](t)(other.BeginTx(t.Context(), nil))
	wantError(t, s.BeginRun(t.Context(), Run{ID: "r"}), ErrBusy)
	if runs := must[[]Run](t)(s.LastRuns(t.Context(), 1)); len(runs) != 0 {
		t.Errorf("runs %v", runs)
	}
	ok(t, tx.Rollback())
	ok(t, s.BeginRun(t.Context(), Run{ID: "r"}))
}

func TestAClosedStoreIsSaid(t *testing.T) {
	s, _ := newStore(t)
	open(t, s.path, Options{Now: s.now}) // else SQLite would fold the log by itself
	ok(t, s.BeginRun(t.Context(), Run{ID: "r"}))
	ok(t, s.Close())
	wantError(t, s.BeginRun(t.Context(), Run{ID: "q"}), ErrClosed)
	if info := must[os.FileInfo](t)(os.Stat(s.path + "-wal")); info.Size() > 0 {
		t.Errorf("%d bytes were left in the write-ahead log", info.Size())
	}
}

func TestCapabilitiesAreKeptByModelAndFirmware(t *testing.T) {
	s, _ := newStore(t)
	body := []byte("<a/>")
	ok(t, s.SaveCapability(t.Context(), "m", "f", "/x", body, ""))
	body[0] = '!'
	ok(t, s.SaveCapability(t.Context(), "m", "f", "/y", nil, "404"))
	ok(t, s.SaveCapability(t.Context(), "m", "f2", "/x", []byte("<old/>"), ""))
	ok(t, s.SaveCapability(t.Context(), "m", "f2", "/x", []byte("<new/>"), ""))
	fresh := open(t, s.path, Options{Now: s.now}) // nothing in memory yet
	for _, store := range []*Store{s, fresh, fresh} {
		for _, tt := range []struct{ model, firmware, path, body, missing string }{
			{"m", "f", "/x", "<a/>", ""}, {"m", "f", "/y", "", "404"}, {"m", "f2", "/x", "<new/>", ""},
		} {
			got, missing, found, err := store.Capability(t.Context(), tt.model, tt.firmware, tt.path)
			if string(got) != tt.body || missing != tt.missing || !found || err != nil {
				t.Errorf("%v: %q, %q, %v, %v", tt, got, missing, found, err)
			}
		}
		if _, _, found, err := store.Capability(t.Context(), "m", "other", "/x"); found || err != nil {
			t.Errorf("found %v, %v", found, err)
		}
	}
	ok(t, fresh.Close())
	if _, _, found, err := fresh.Capability(t.Context(), "m", "f", "/x"); !found || err != nil {
		t.Errorf("not taken from memory: %v, %v", found, err)
	}
}

func TestOldRowsGoAndOpenIntentsStay(t *testing.T) {
	s, c := newStore(t)
	lease := acquire(t, s, "n", "old")
	for _, run := range []string{"old", "older"} {
		ok(t, s.BeginRun(t.Context(), Run{ID: run}))
	}
	left := must[IntentID](t)(s.Begin(t.Context(), lease, Intent{Method: "PUT"}))
	doubt := must[IntentID](t)(s.Begin(t.Context(), lease, Intent{Method: "PUT"}))
	done := must[IntentID](t)(s.Begin(t.Context(), lease, Intent{Method: "PUT"}))
	ok(t, s.Finish(t.Context(), lease, doubt, Unknown, nil, nil))
	ok(t, s.Finish(t.Context(), lease, done, Done, nil, nil))
	ok(t, s.Settle(t.Context(), charge(t, s, "wrong", 5), providers.AttemptResult{Remaining: 4}))
	charge(t, s, "other", 5)
	slow := attempt("slow", 5)
	slow.Endpoint = "192.0.2.9:443"
	late := must[providers.Charge](t)(s.Charge(t.Context(), slow))
	_, _, err := s.MarkApplied(t.Context(), "h", "old")
	ok(t, err)

	reopen := func(later time.Duration) *Store {
		c.t = noon.Add(later)
		return open(t, s.path, Options{Now: c.now})
	}
	s = reopen(keepAttempts)
	if n := count(t, s, "attempts"); n != 3 {
		t.Errorf("%d attempts after %v, want 3", n, keepAttempts)
	}
	ok(t, s.Settle(t.Context(), late, providers.AttemptResult{Remaining: 4}))
	s = reopen(keepAttempts + time.Second)
	if n := count(t, s, "attempts"); n != 1 {
		t.Errorf("%d attempts were left, want the one that was settled just now", n)
	}
	s = reopen(KeepHistory)
	if n := len(must[[]Intent](t)(s.RunIntents(t.Context(), "old"))); n != 3 {
		t.Errorf("%d intents after %v, want 3", n, KeepHistory)
	}
	s = reopen(KeepHistory + time.Second)
	intents, runs := must[[]Intent](t)(s.RunIntents(t.Context(), "old")), must[[]Run](t)(s.LastRuns(t.Context(), 9))
	if len(intents) != 2 || intents[0].ID != left || intents[1].ID != doubt || len(runs) != 1 || runs[0].ID != "old" {
		t.Errorf("left: %v, %v", intents, runs)
	}
	if _, first, err := s.MarkApplied(t.Context(), "h", "later"); first || err != nil {
		t.Errorf("the applied plan is forgotten: first %v, %v", first, err)
	}
}

func TestPruningIsBounded(t *testing.T) {
	s, c := newStore(t)
	ok(t, s.write(t.Context(), func(tx *transaction) error {
		_, err := tx.Exec(`WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i <= $1)
			INSERT INTO runs SELECT 'r' || i, 'apply', '', '', 1, 0, '' FROM n`, pruneBatch*pruneBatches)
		return err
	}))
	c.advance(time.Hour)
	if n := count(t, open(t, s.path, Options{Now: c.now}), "runs"); n != 1 {
		t.Errorf("%d rows were left, want 1", n)
	}
}

func TestI1NoSecretReachesTheFiles(t *testing.T) {
	const canary, user = "cAnAry-7f3a9b", "CanaryUser"
	s, _ := newStore(t)
	a := attempt(canary, unknown)
	a.Credential.Username = user
	c := must[providers.Charge](t)(s.Charge(t.Context(), a))
	ok(t, s.Settle(t.Context(), c, providers.AttemptResult{Remaining: 4}))
	_, refusal := s.Charge(t.Context(), a)
	lease := acquire(t, s, "n", "r1")
	print := map[string]string{"password": s.Fingerprint(setting("n", "user", "a"), "password", schema.NewSecret(canary))}
	id := must[IntentID](t)(s.Begin(t.Context(), lease, Intent{Steps: []IntentStep{{Setting: setting("n", "user", "a"), Fingerprints: print}}}))
	ok(t, s.Finish(t.Context(), lease, id, Done, []Setting{{Address: setting("n", "user", "a"), Fingerprints: print}}, nil))

	scan := func(when string) {
		t.Helper()
		files, err := filepath.Glob(filepath.Join(filepath.Dir(s.path), "*"))
		ok(t, err)
		if len(files) < 2 {
			t.Fatalf("files %v", files)
		}
		printed := false
		for _, file := range files {
			text := must[[]byte](t)(os.ReadFile(file))
			printed = printed || bytes.Contains(text, []byte(print["password"]))
			for _, secret := range []string{canary, user} {
				if bytes.Contains(text, []byte(secret)) {
					t.Errorf("%s: %q stands in %s", when, secret, file)
				}
			}
		}
		if !printed {
			t.Errorf("%s: the files do not even hold the fingerprint", when)
		}
	}
	scan("open")
	ok(t, s.Close())
	scan("closed")
	if refusal == nil || strings.Contains(refusal.Error(), canary) {
		t.Errorf("text %v", refusal)
	}
}

func TestFingerprintsDifferInEveryField(t *testing.T) {
	s, _ := newStore(t)
	all := map[string]string{}
	for what, print := range map[string]string{
		"base":      s.Fingerprint(setting("n", "user", "a"), "password", schema.NewSecret("secret")),
		"secret":    s.Fingerprint(setting("n", "user", "a"), "password", schema.NewSecret("secret2")),
		"attribute": s.Fingerprint(setting("n", "user", "a"), "pin", schema.NewSecret("secret")),
		"item":      s.Fingerprint(setting("n", "user", "b"), "password", schema.NewSecret("secret")),
		"kind":      s.Fingerprint(setting("n", "usera", ""), "password", schema.NewSecret("secret")),
		"device":    s.Fingerprint(setting("m", "user", "a"), "password", schema.NewSecret("secret")),
		"shifted":   s.Fingerprint(setting("n", "user", "a"), "passwords", schema.NewSecret("ecret")),
		"empty":     s.Fingerprint(setting("n", "user", "a"), "password", schema.NewSecret("")),
	} {
		if other, twice := all[print]; twice {
			t.Errorf("%s and %s have one fingerprint", what, other)
		}
		if len(print) != 32 || strings.Trim(print, "0123456789abcdef") != "" {
			t.Errorf("%s: %q", what, print)
		}
		all[print] = what
	}
	if all[s.Fingerprint(setting("n", "user", "a"), "password", schema.NewSecret("secret"))] != "base" {
		t.Error("the same secret has two fingerprints")
	}
}
