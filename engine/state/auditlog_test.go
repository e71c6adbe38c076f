package state

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"camform/engine/auditlog"
)

func init() {
	// audit appends twenty records, one at a time.
	scenarios["audit"] = func(s *Store) error {
		for i := range 20 {
			if err := s.Audit(context.Background(), auditlog.Record{Action: auditlog.SecretSet, Detail: name(i)}); err != nil {
				return err
			}
		}
		fmt.Println("written")
		return nil
	}
}

// records are the records of the log from a sequence number on.
func records(t testing.TB, s *Store, from int64) []auditlog.Record {
	t.Helper()
	var all []auditlog.Record
	for e, err := range s.AuditEntries(t.Context(), from) {
		ok(t, err)
		all = append(all, must[auditlog.Record](t)(e.Record()))
	}
	return all
}

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

func step(s *Store, secret string) IntentStep {
	user := setting("n", "user", "a b")
	return IntentStep{
		Setting: user, Action: "update", Before: json.RawMessage(`{"level":"Viewer","n":1}`), After: json.RawMessage(`{"level":"Operator","n":1}`),
		Fingerprints: map[string]string{"password": s.Fingerprint(user, "password", secret)}, Origins: map[string]string{"password": "vault:x"},
	}
}

func TestARunIsInTheLogInItsOrder(t *testing.T) {
	s, c := newStore(t)
	s.from = "host https://ci.example/7"
	ok(t, s.BeginRun(t.Context(), Run{ID: "r1", Operation: "apply", PlanHash: "ph", Who: "ann@desk"}))
	lease := acquire(t, s, "n", "r1")
	id := must[IntentID](t)(s.Begin(t.Context(), lease, Intent{
		Method: "PUT", Document: "/users/2", Steps: []IntentStep{step(s, "x"), {Setting: setting("n", "https", "")}},
		Candidates: []Candidate{{Name: "gate/a", Sealed: []byte("sealed")}},
	}))
	ok(t, s.Finish(t.Context(), lease, id, Unknown, nil, nil))
	c.advance(LeaseTime)
	later := acquire(t, s, "n", "r2")
	ok(t, s.Finish(t.Context(), later, id, Done, nil, nil, Verdict{Name: "gate/a", Live: 1}))
	ok(t, s.EndRun(t.Context(), "r1", "1 changed"))

	address := device("n").String()
	request := auditlog.Record{Run: "r1", Device: address, Document: "/users/2", Settings: []string{`user["a b"]`, "https"}, Detail: fmt.Sprintf("PUT, request %d", id)}
	with := func(r auditlog.Record, change func(*auditlog.Record)) auditlog.Record { change(&r); return r }
	want := []auditlog.Record{
		{Run: "r1", Who: "ann@desk", Action: auditlog.RunBegun, Plan: "ph", Detail: "apply"},
		{Run: "r1", Device: address, Action: auditlog.SecretProposed, Detail: "gate/a, version 1"},
		with(request, func(r *auditlog.Record) { r.Action = auditlog.RequestIntended }),
		with(request, func(r *auditlog.Record) { r.Action, r.Outcome = auditlog.RequestSettled, "unknown" }),
		with(request, func(r *auditlog.Record) {
			r.Action, r.Outcome, r.Run, r.Time = auditlog.RequestSettled, "done", "r2", c.now()
			r.Detail += " of run r1"
		}),
		{Run: "r2", Device: address, Action: auditlog.SecretLive, Detail: "gate/a, version 1", Time: c.now()},
		{Run: "r1", Action: auditlog.RunEnded, Outcome: "1 changed", Time: c.now()},
	}
	for i := range want {
		w := &want[i]
		w.Seq, w.Version, w.From = int64(i+1), "1.0", "host https://ci.example/7"
		if w.Who == "" {
			w.Who = "ops@host"
		}
		if w.Time.IsZero() {
			w.Time = noon
		}
	}
	got := records(t, s, 0)
	if diff := cmp.Diff(want, got, cmpopts.IgnoreFields(auditlog.Record{}, "Prev", "Before", "After")); diff != "" {
		t.Error(diff)
	}
	if got[2].Before == "" || got[2].After == "" || got[2].Before == got[2].After {
		t.Errorf("fingerprints %q and %q", got[2].Before, got[2].After)
	}
	if diff := cmp.Diff(want[4:], records(t, s, 5), cmpopts.IgnoreFields(auditlog.Record{}, "Prev")); diff != "" {
		t.Errorf("from the fifth on: %s", diff)
	}
	wantWhole(t, s, int64(len(want)))
}

func TestWhatPeopleDoIsInTheLog(t *testing.T) {
	s, _ := newStore(t)
	ok(t, s.CreateVault(t.Context(), Vault{Recipient: "k", Keys: "keys"}))
	must[int](t)(s.PutSecret(t.Context(), "a", []byte("sealed"), "typed in"))
	ok(t, s.SaveKeys(t.Context(), 1, "others"))
	ok(t, s.Rekey(t.Context(), 1, Vault{Recipient: "l", Keys: "keys"}, func(b []byte) ([]byte, error) { return b, nil }))
	lease := acquire(t, s, "n", "r1")
	ok(t, s.AdoptSecret(t.Context(), lease, "b", []byte("sealed"), ""))
	ok(t, s.AdoptSecret(t.Context(), lease, "b", []byte("sealed"), "")) // changes nothing
	ok(t, s.SettleSecret(t.Context(), lease, Verdict{Name: "b"}))
	ok(t, s.ForceRelease(t.Context(), device("n"), lease.Token))
	ok(t, s.ForgetSetting(t.Context(), setting("n", "https", "")))
	ok(t, s.ForgetDevice(t.Context(), device("n")))
	ok(t, s.Audit(cancelled(), auditlog.Record{Action: "other", Who: "ann@desk", Reason: "since"}, auditlog.Record{Action: "another"}))

	address := device("n").String()
	want := []auditlog.Record{
		{Action: auditlog.VaultCreated},
		{Action: auditlog.SecretSet, Detail: "a, version 1"},
		{Action: auditlog.RecipientsChanged},
		{Action: auditlog.VaultRekeyed},
		{Action: auditlog.SecretAdopted, Run: "r1", Device: address, Detail: "b, version 1"},
		{Action: auditlog.SecretWithdrawn, Run: "r1", Device: address, Detail: "b"},
		{Action: auditlog.LeaseForced, Device: address, Detail: "lease 1"},
		{Action: auditlog.SettingForgotten, Device: address, Settings: []string{"https"}},
		{Action: auditlog.DeviceForgotten, Device: address},
		{Action: "other", Who: "ann@desk", Reason: "since"},
		{Action: "another"},
	}
	for i := range want {
		if want[i].Who == "" {
			want[i].Who = "ops@host"
		}
	}
	ignored := cmpopts.IgnoreFields(auditlog.Record{}, "Seq", "Time", "From", "Version", "Prev")
	if diff := cmp.Diff(want, records(t, s, 0), ignored); diff != "" {
		t.Error(diff)
	}
	wantWhole(t, s, int64(len(want)))
}

// What fails leaves no record, and what leaves no record fails.
func TestARecordAndItsWriteAreOne(t *testing.T) {
	s, _ := newStore(t)
	lease := acquire(t, s, "n", "r1")
	if s.EndRun(t.Context(), "never begun", "") == nil || s.SaveKeys(t.Context(), 7, "") == nil || s.ForceRelease(t.Context(), device("m"), 1) == nil {
		t.Fatal("a mistake was not noticed")
	}
	wantWhole(t, s, 0)
	id := must[IntentID](t)(s.Begin(t.Context(), lease, Intent{Method: "PUT"}))
	if s.Finish(t.Context(), lease, id, Done, []Setting{{Address: setting("m", "https", "")}}, nil) == nil {
		t.Fatal("a mistake was not noticed")
	}
	wantWhole(t, s, 1)

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

// Jobs that share a transaction share the chain, and one that fails takes only its own records with it.
func TestTheChainSurvivesFailuresOfOthers(t *testing.T) {
	s, _ := newStore(t)
	mistake := errors.New("mistake")
	const n = 300
	var wg sync.WaitGroup
	for i := range n {
		wg.Go(func() {
			_ = s.write(context.Background(), func(tx *transaction) error {
				if err := s.appendAudit(tx, auditlog.Record{Action: auditlog.SecretSet}); err != nil || i%3 > 0 {
					return err
				}
				return mistake
			})
		})
	}
	wg.Wait()
	wantWhole(t, s, 200)
}

func TestTwoProcessesKeepOneChain(t *testing.T) {
	s, _ := newStore(t)
	var children []*child
	for range 2 {
		children = append(children, startChild(t, "audit", s.path))
	}
	for range 20 {
		ok(t, s.Audit(t.Context(), auditlog.Record{Action: auditlog.SecretSet}))
	}
	for _, c := range children {
		if got := c.line(t); got != "written" {
			t.Fatal(got)
		}
	}
	wantWhole(t, s, 60)
	if noted := must[auditlog.Head](t)(s.NotedHead()); noted.Seq == 0 || noted.Seq > 60 {
		t.Errorf("noted %v", noted)
	}
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

// Whoever cuts the log and the head in the state as well has forgotten the file beside the database.
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

func TestAHeadThatWasNotedElsewhereIsLookedFor(t *testing.T) {
	s := filled(t)
	head := must[auditlog.Head](t)(s.AuditHead(t.Context()))
	ok(t, s.Audit(t.Context(), auditlog.Record{Action: "later"}))
	if f := verifyAudit(t, s, auditlog.Anchor{Noted: "on paper", Head: head}); f.Break != nil {
		t.Errorf("got %v", f.Break)
	}
	head.Seq--
	want := &auditlog.Break{Kind: auditlog.Rewritten, Seq: 9, Noted: "on paper"}
	if diff := cmp.Diff(want, verifyAudit(t, s, auditlog.Anchor{Noted: "on paper", Head: head}).Break); diff != "" {
		t.Error(diff)
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

func TestEqualValuesHaveEqualFingerprints(t *testing.T) {
	s, _ := newStore(t)
	base := step(s, "x")
	change := func(f func(*IntentStep)) []IntentStep { b := base; f(&b); return []IntentStep{b} }
	prints := func(steps []IntentStep) []string {
		lease := acquire(t, s, "n", "r")
		must[IntentID](t)(s.Begin(t.Context(), lease, Intent{Steps: steps}))
		ok(t, s.Release(t.Context(), lease))
		all := records(t, s, 0)
		last := all[len(all)-1]
		return []string{last.Before, last.After}
	}
	want := prints([]IntentStep{base})
	for what, tt := range map[string]struct {
		steps         []IntentStep
		before, after bool // whether they are those of base
	}{
		"written otherwise": {change(func(b *IntentStep) { b.Before = json.RawMessage(`{ "n":1, "level":"Viewer" }`) }), true, true},
		"another value":     {change(func(b *IntentStep) { b.After = json.RawMessage(`{"level":"Operator","n":1.0}`) }), true, false},
		"another secret":    {change(func(b *IntentStep) { b.Fingerprints = map[string]string{"password": "00"} }), true, false},
		"another attribute": {change(func(b *IntentStep) { b.Fingerprints = map[string]string{"pin": base.Fingerprints["password"]} }), true, false},
		"another setting":   {change(func(b *IntentStep) { b.Setting.Key = "b" }), false, false},
		"twice":             {[]IntentStep{base, base}, false, false},
	} {
		got := prints(tt.steps)
		if (got[0] == want[0]) != tt.before || (got[1] == want[1]) != tt.after {
			t.Errorf("%s: %v, want %v", what, got, want)
		}
	}
	back := prints(change(func(b *IntentStep) { b.Before, b.After, b.Fingerprints = b.After, b.Before, nil }))
	if back[1] != want[0] {
		t.Error("a value that is written back has another fingerprint than when it was read")
	}
	none := prints(change(func(b *IntentStep) { b.Before = nil }))
	if none[0] != "" || none[1] == "" {
		t.Errorf("of an item that did not exist: %q", none)
	}
}

func TestI1NoSecretIsInTheLog(t *testing.T) {
	const canary = "cAnAry-7f3a9b"
	s, _ := newStore(t)
	lease := acquire(t, s, "n", "r1")
	values := step(s, canary)
	values.Origins["password"] = "env:" + canary // an origin that tells too much
	values.Before = json.RawMessage(`{"note":"` + canary + `"}`)
	id := must[IntentID](t)(s.Begin(t.Context(), lease, Intent{
		Method: "PUT", Document: "/x", Digest: canary, Steps: []IntentStep{values},
		Candidates: []Candidate{{Name: "gate/a", Sealed: []byte(canary), Note: canary}},
	}))
	ok(t, s.Finish(t.Context(), lease, id, Done, nil, nil, Verdict{Name: "gate/a", Live: 1}))
	must[int](t)(s.PutSecret(t.Context(), "gate/b", []byte(canary), canary))
	ok(t, s.CreateVault(t.Context(), Vault{Recipient: canary, Keys: canary}))
	texts := 0
	for e, err := range s.AuditEntries(t.Context(), 1) {
		ok(t, err)
		texts++
		if strings.Contains(e.Text, canary) {
			t.Errorf("%s", e.Text)
		}
	}
	if texts != 6 {
		t.Errorf("%d records, want 6", texts)
	}
}

func TestTheLogIsNeverPruned(t *testing.T) {
	s, c := newStore(t)
	ok(t, s.BeginRun(t.Context(), Run{ID: "old"}))
	ok(t, s.EndRun(t.Context(), "old", ""))
	c.advance(20 * keepHistory)
	s = open(t, s.path, Options{Now: c.now})
	if n := count(t, s, "runs"); n != 0 {
		t.Fatalf("%d runs are left", n)
	}
	wantWhole(t, s, 2)
}

func TestTheLogCanBeReadWhileItGrows(t *testing.T) {
	s := filled(t)
	for range s.AuditEntries(t.Context(), 1) {
		ok(t, s.Audit(t.Context(), auditlog.Record{}))
	}
	wantWhole(t, s, 20)
	for _, err := range s.AuditEntries(cancelled(), 1) {
		wantError(t, err, context.Canceled)
	}
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
