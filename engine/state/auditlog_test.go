package state

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"camform/engine/auditlog"
)

func verifyAudit(t testing.TB, s *Store, anchors ...auditlog.Anchor) auditlog.Findings {
	t.Helper()
	return must[auditlog.Findings](t)(s.VerifyAudit(t.Context(), anchors...))
}

// wantWhole demands a whole log of so many records.
func wantWhole(t testing.TB, s *Store, n int64) {
	t.Helper()
	if f := verifyAudit(t, s); f.Break != nil || f.Head.Seq != n {
		t.Errorf("got %d records, %v; want %d", f.Head.Seq, f.Break, n)
	}
}

// What cannot be recorded is not done.
func TestNothingIsDoneWithoutARecord(t *testing.T) {
	s, _ := newStore(t)
	lease := acquire(t, s, "n", "r1")
	id := must[IntentID](t)(s.Begin(t.Context(), lease, Intent{Method: "PUT"}))
	run(t, s, `CREATE TRIGGER full BEFORE INSERT ON audit_log BEGIN SELECT RAISE(ABORT, 'no more'); END`)
	runs := map[string]error{
		"begin":        func() error { _, err := s.Begin(t.Context(), lease, Intent{Method: "PUT"}); return err }(),
		"candidate":    func() error { _, err := s.PutSecret(t.Context(), "a", nil, ""); return err }(),
		"finish":       s.Finish(t.Context(), lease, id, Done, nil, nil),
		"begin run":    s.BeginRun(t.Context(), Run{ID: "r1"}),
		"vault":        s.CreateVault(t.Context(), Vault{}),
		"settle":       s.SettleSecret(t.Context(), lease, Verdict{Name: "a"}),
		"adopt":        s.AdoptSecret(t.Context(), lease, "a", nil, ""),
		"lease":        s.ForceRelease(t.Context(), device("n"), lease.Token),
		"other things": s.Audit(t.Context(), auditlog.Record{}),
	}
	for what, err := range runs {
		if err == nil {
			t.Errorf("%s was done without a record", what)
		}
	}
	if open := must[[]Intent](t)(s.AllOpenIntents(t.Context())); len(open) != 1 || count(t, s, "secrets")+count(t, s, "runs")+count(t, s, "vault") != 0 {
		t.Errorf("something was written all the same: %v", open)
	}
	run(t, s, `DROP TRIGGER full`)
	ok(t, s.BeginRun(t.Context(), Run{ID: "r1"}))
	wantWhole(t, s, 2)
}

func run(t testing.TB, s *Store, statement string, args ...any) {
	t.Helper()
	_, err := s.db.ExecContext(t.Context(), statement, args...)
	ok(t, err)
}

// filled is a store with a log of ten records.
func filled(t testing.TB) *Store {
	t.Helper()
	s, _ := newStore(t)
	for i := range 10 {
		ok(t, s.Audit(t.Context(), auditlog.Record{Action: auditlog.SecretSet, Detail: name(i)}))
	}
	return s
}

func TestDamageInTheDatabaseIsLocated(t *testing.T) {
	for what, tt := range map[string]struct {
		statement string
		want      auditlog.Break
	}{
		"edit":           {`UPDATE audit_log SET record = replace(record, '0003', '0033') WHERE seq = 4`, auditlog.Break{Kind: auditlog.Changed, Seq: 4}},
		"hash":           {`UPDATE audit_log SET hash = replace(hash, substr(hash, 1, 1), 'x') WHERE seq = 4`, auditlog.Break{Kind: auditlog.Changed, Seq: 4}},
		"deletion":       {`DELETE FROM audit_log WHERE seq IN (4, 5)`, auditlog.Break{Kind: auditlog.Missing, Seq: 4, Last: 5}},
		"beginning":      {`DELETE FROM audit_log WHERE seq < 4`, auditlog.Break{Kind: auditlog.Late, Seq: 1, Last: 3}},
		"end":            {`DELETE FROM audit_log WHERE seq > 7`, auditlog.Break{Kind: auditlog.Cut, Seq: 8, Last: 10, Noted: "in the state"}},
		"all":            {`DELETE FROM audit_log`, auditlog.Break{Kind: auditlog.Cut, Seq: 1, Last: 10, Noted: "in the state"}},
		"row before all": {`INSERT INTO audit_log SELECT 0, record, hash FROM audit_log WHERE seq = 1`, auditlog.Break{Kind: auditlog.Changed, Seq: 1}},
		"head":           {`DELETE FROM meta WHERE name = 'audit_head'`, auditlog.Break{Kind: auditlog.Added, Seq: 1, Last: 10}},
		"damaged head":   {`UPDATE meta SET value = 'x' WHERE name = 'audit_head'`, auditlog.Break{Kind: auditlog.Added, Seq: 1, Last: 10}},
	} {
		t.Run(what, func(t *testing.T) {
			s := filled(t)
			wantWhole(t, s, 10)
			run(t, s, tt.statement)
			if diff := cmp.Diff(&tt.want, verifyAudit(t, s).Break); diff != "" {
				t.Fatal(diff)
			}
			// What is appended later does not heal it.
			for range 3 {
				ok(t, s.Audit(t.Context(), auditlog.Record{Action: auditlog.SecretSet}))
			}
			if verifyAudit(t, s).Break == nil {
				t.Error("three records later the log looks whole")
			}
		})
	}
}

// Somebody who cuts the log and the head in the state as well has forgotten the file beside the database.
func TestACutLogIsShownByTheFileBesideIt(t *testing.T) {
	s := filled(t)
	cut := func(to int64) {
		run(t, s, `DELETE FROM audit_log WHERE seq > $1`, to)
		run(t, s, `UPDATE meta SET value = (SELECT seq || ':' || hash FROM audit_log WHERE seq = $1) WHERE name = 'audit_head'`, to)
	}
	cut(7)
	noted := "in the file " + s.path + ".audit-head"
	want := &auditlog.Break{Kind: auditlog.Cut, Seq: 8, Last: 10, Noted: noted}
	if diff := cmp.Diff(want, verifyAudit(t, s).Break); diff != "" {
		t.Error(diff)
	}
	for range 6 {
		ok(t, s.Audit(t.Context(), auditlog.Record{Action: "later"}))
	}
	want = &auditlog.Break{Kind: auditlog.Rewritten, Seq: 10, Noted: noted}
	if diff := cmp.Diff(want, verifyAudit(t, s).Break); diff != "" {
		t.Errorf("grown again: %s", diff)
	}
}

// The file may be behind, gone or empty, which a crash or a power failure leaves, and the next write mends it.
func TestAFileThatIsBehindIsNoBreak(t *testing.T) {
	for what, spoil := range map[string]func(path string) error{
		"behind": func(path string) error {
			return os.WriteFile(path, []byte(auditlog.Empty().String()+"\n"), 0o600)
		},
		"gone":  os.Remove,
		"empty": func(path string) error { return os.Truncate(path, 0) },
	} {
		s := filled(t)
		ok(t, spoil(s.headPath()))
		wantWhole(t, s, 10)
		_, err := s.NotedHead()
		if what == "gone" && !errors.Is(err, fs.ErrNotExist) || what == "empty" && !errors.Is(err, auditlog.ErrHead) {
			t.Errorf("%s: %v", what, err)
		}
		ok(t, s.Audit(t.Context(), auditlog.Record{}))
		if noted := must[auditlog.Head](t)(s.NotedHead()); noted.Seq != 11 {
			t.Errorf("%s: noted %v", what, noted)
		}
		if left := temporaryFiles(t, s); len(left) != 0 {
			t.Errorf("%s: files %v", what, left)
		}
	}
}

// The file is a help; nothing waits for it or fails with it.
func TestWithoutTheFileTheLogGoesOn(t *testing.T) {
	s, _ := newStore(t)
	ok(t, os.Mkdir(s.headPath(), 0o700))
	ok(t, s.BeginRun(t.Context(), Run{ID: "r1"}))
	ok(t, s.EndRun(t.Context(), "r1", ""))
	wantWhole(t, s, 2)
	if info := must[fs.FileInfo](t)(os.Stat(s.headPath())); !info.IsDir() {
		t.Error("a directory was replaced")
	}
	if left := temporaryFiles(t, s); len(left) != 0 {
		t.Errorf("files %v", left)
	}
}

// temporaryFiles are those that should have got another name, or be gone.
func temporaryFiles(t *testing.T, s *Store) []string {
	t.Helper()
	return must[[]string](t)(filepath.Glob(filepath.Join(filepath.Dir(s.path), ".camform-*")))
}

func TestWhereARunComesFrom(t *testing.T) {
	host := must[string](t)(os.Hostname())
	for what, tt := range map[string]struct {
		env  map[string]string
		want string
	}{
		"by hand": {nil, host},
		"GitLab":  {map[string]string{"CI_JOB_URL": "https://git.example/a/-/jobs/7"}, host + " https://git.example/a/-/jobs/7"},
		"GitHub": {
			map[string]string{"GITHUB_SERVER_URL": "https://git.example", "GITHUB_REPOSITORY": "a/b", "GITHUB_RUN_ID": "7"},
			host + " https://git.example/a/b/actions/runs/7",
		},
		"Jenkins":        {map[string]string{"BUILD_URL": "http://ci.example:8080/job/7/"}, host + " http://ci.example:8080/job/7/"},
		"with a secret":  {map[string]string{"BUILD_URL": "http://a:b@ci.example/7?token=c#d"}, host + " http://ci.example/7"},
		"not of the web": {map[string]string{"CI_JOB_URL": "file://x/y"}, host},
		"not an address": {map[string]string{"CI_JOB_URL": "https://%zz"}, host},
	} {
		if got := whereFrom(func(name string) string { return tt.env[name] }); got != tt.want {
			t.Errorf("%s: %q, want %q", what, got, tt.want)
		}
	}
	path := filepath.Join(t.TempDir(), "state.db")
	if s := open(t, path, Options{}); !strings.HasPrefix(s.from, host) {
		t.Errorf("from %q", s.from)
	}
	if s := open(t, path, Options{From: "elsewhere"}); s.from != "elsewhere" {
		t.Errorf("from %q", s.from)
	}
}

func BenchmarkAudit(b *testing.B) {
	s, _ := newStore(b)
	parallel(b, 32, func(int) error {
		return s.Audit(context.Background(), auditlog.Record{Action: auditlog.SecretSet, Detail: "gate/a, version 1"})
	})
}
