package statetest

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"camform/engine/auditlog"
	"camform/engine/state"
	"camform/schema"
)

// Recorded is what a state has a log of, and the log.
type Recorded interface {
	Changes
	BeginRun(ctx context.Context, run state.Run) error
	EndRun(ctx context.Context, id, summary string) error
	ForceRelease(ctx context.Context, device schema.Device, id int64) error
	ForgetSetting(ctx context.Context, address schema.Setting) error
	ForgetDevice(ctx context.Context, address schema.Device) error
	Fingerprint(setting schema.Setting, attribute string, secret schema.Secret) string

	PutSecret(ctx context.Context, name string, sealed []byte, note string) (int, error)
	CreateVault(ctx context.Context, v state.Vault) error
	SaveKeys(ctx context.Context, epoch int, keys string) error
	Rekey(ctx context.Context, epoch int, next state.Vault, reseal func([]byte) ([]byte, error)) error

	Audit(ctx context.Context, records ...auditlog.Record) error
	AuditEntries(ctx context.Context, from int64) iter.Seq2[auditlog.Entry, error]
	AuditHead(ctx context.Context) (auditlog.Head, error)
	VerifyAudit(ctx context.Context, anchors ...auditlog.Anchor) (auditlog.Findings, error)
}

// AuditLog tests what is in the log, and that it is one chain.
func AuditLog(t *testing.T, open Opener[Recorded]) {
	run(t, open, map[string]func(*world[Recorded]){
		"a run is in the log, in its order":             runInLog,
		"what people do is in the log":                  peopleInLog,
		"what fails leaves no record":                   failuresInLog,
		"I1 no secret is in the log":                    secretsInLog,
		"equal values have equal fingerprints":          printsInLog,
		"records of all openings are one chain":         oneChain,
		"a head that was noted elsewhere is looked for": noted,
		"the log is never pruned": func(s *world[Recorded]) {
			s.ok(s.state.BeginRun(s.Context(), state.Run{ID: "old"}))
			s.ok(s.state.EndRun(s.Context(), "old", ""))
			s.advance(20 * state.KeepHistory)
			wantWhole(s, 2)
		},
		"the log can be read while it grows": func(s *world[Recorded]) {
			fill(s, 10)
			for _, err := range s.state.AuditEntries(s.Context(), 1) {
				s.ok(err)
				fill(s, 1)
			}
			wantWhole(s, 20)
			for _, err := range s.state.AuditEntries(cancelled(), 1) {
				s.fails(err, context.Canceled)
			}
		},
		"an empty log is whole": func(s *world[Recorded]) {
			wantWhole(s, 0)
			s.same("records", records(s, 0), []auditlog.Record(nil))
		},
	})
}

// fill appends so many records.
func fill(s *world[Recorded], n int) {
	s.Helper()
	for i := range n {
		s.ok(s.state.Audit(s.Context(), auditlog.Record{Action: auditlog.SecretSet, Detail: number(i)}))
	}
}

// records are the records of the log from a sequence number on, as another opening sees them.
func records(s *world[Recorded], from int64) (all []auditlog.Record) {
	s.Helper()
	for e, err := range s.open().AuditEntries(s.Context(), from) {
		s.ok(err)
		r, err := e.Record()
		s.ok(err)
		all = append(all, r)
	}
	return all
}

func verify(s *world[Recorded], anchors ...auditlog.Anchor) auditlog.Findings {
	s.Helper()
	findings, err := s.open().VerifyAudit(s.Context(), anchors...)
	s.ok(err)
	return findings
}

// wantWhole demands a whole log of so many records.
func wantWhole(s *world[Recorded], n int64) {
	s.Helper()
	head, err := s.open().AuditHead(s.Context())
	s.ok(err)
	if f := verify(s); f.Break != nil || f.Head.Seq != n || f.Head != head {
		s.Errorf("got %d records, %v, and the state says %v; want %d", f.Head.Seq, f.Break, head, n)
	}
}

// userStep changes the level and the password of an account.
func userStep(s *world[Recorded], secret string) state.IntentStep {
	user := of(gate, "user", "a b")
	return state.IntentStep{
		Setting: user, Action: "update", Before: json.RawMessage(`{"level":"Viewer","n":1}`), After: json.RawMessage(`{"level":"Operator","n":1}`),
		Fingerprints: map[string]string{"password": s.state.Fingerprint(user, "password", schema.NewSecret(secret))}, Origins: map[string]string{"password": "vault:x"},
	}
}

func runInLog(s *world[Recorded]) {
	s.ok(s.state.BeginRun(s.Context(), state.Run{ID: "r1", Operation: "apply", PlanHash: "ph", Who: "ann@desk"}))
	lease := s.acquire("r1")
	id := s.begin(lease, state.Intent{
		Method: "PUT", Document: "/users/2", Steps: []state.IntentStep{userStep(s, "x"), {Setting: of(gate, "https", "")}},
		Candidates: []state.Candidate{{Name: "gate/a", Sealed: []byte("sealed")}},
	})
	s.ok(s.state.Finish(s.Context(), lease, id, state.Unknown, nil, nil))
	s.advance(state.LeaseTime)
	later := s.acquire("r2")
	s.ok(s.state.Finish(s.Context(), later, id, state.Done, nil, nil, state.Verdict{Name: "gate/a", Live: 1}))
	s.ok(s.state.EndRun(cancelled(), "r1", "1 changed"))

	request := auditlog.Record{Run: "r1", Device: gate.String(), Document: "/users/2", Settings: []string{`user["a b"]`, "https"}, Detail: fmt.Sprintf("PUT, request %d", id)}
	with := func(r auditlog.Record, change func(*auditlog.Record)) auditlog.Record { change(&r); return r }
	want := []auditlog.Record{
		{Run: "r1", Who: "ann@desk", Action: auditlog.RunBegun, Plan: "ph", Detail: "apply"},
		{Run: "r1", Device: gate.String(), Action: auditlog.SecretProposed, Detail: "gate/a, version 1"},
		with(request, func(r *auditlog.Record) { r.Action = auditlog.RequestIntended }),
		with(request, func(r *auditlog.Record) { r.Action, r.Outcome = auditlog.RequestSettled, "unknown" }),
		with(request, func(r *auditlog.Record) {
			r.Action, r.Outcome, r.Run, r.Time = auditlog.RequestSettled, "done", "r2", s.now()
			r.Detail += " of run r1"
		}),
		{Run: "r2", Device: gate.String(), Action: auditlog.SecretLive, Detail: "gate/a, version 1", Time: s.now()},
		{Run: "r1", Action: auditlog.RunEnded, Outcome: "1 changed", Time: s.now()},
	}
	for i := range want {
		w := &want[i]
		w.Seq, w.Version, w.From = int64(i+1), "1.0", options(&s.clock).From
		if w.Who == "" {
			w.Who = "ops@host"
		}
		if w.Time.IsZero() {
			w.Time = noon
		}
	}
	got := records(s, 0)
	if diff := cmp.Diff(want, got, cmpopts.IgnoreFields(auditlog.Record{}, "Prev", "Before", "After")); diff != "" {
		s.Fatal(diff)
	}
	if got[2].Before == "" || got[2].After == "" || got[2].Before == got[2].After {
		s.Errorf("fingerprints %q and %q", got[2].Before, got[2].After)
	}
	s.same("from the fifth on", records(s, 5), got[4:])
	wantWhole(s, int64(len(want)))
}

func peopleInLog(s *world[Recorded]) {
	put := func(name string) {
		_, err := s.state.PutSecret(s.Context(), name, []byte("sealed"), "typed in")
		s.ok(err)
	}
	s.ok(s.state.CreateVault(s.Context(), state.Vault{Recipient: "k", Keys: "keys"}))
	put("a")
	s.ok(s.state.SaveKeys(s.Context(), 1, "others"))
	s.ok(s.state.Rekey(s.Context(), 1, state.Vault{Recipient: "l", Keys: "keys"}, func(b []byte) ([]byte, error) { return b, nil }))
	lease := s.acquire("r1")
	s.ok(s.state.AdoptSecret(s.Context(), lease, "b", []byte("sealed"), ""))
	s.ok(s.state.AdoptSecret(s.Context(), lease, "b", []byte("sealed"), "")) // changes nothing
	s.ok(s.state.SettleSecret(s.Context(), lease, state.Verdict{Name: "b"}))
	s.ok(s.state.ForceRelease(s.Context(), gate, lease.Token))
	s.ok(s.state.ForgetSetting(s.Context(), of(gate, "https", "")))
	s.ok(s.state.ForgetDevice(s.Context(), gate))
	s.ok(s.state.Audit(cancelled(), auditlog.Record{Action: "other", Who: "ann@desk", Reason: "since"}, auditlog.Record{Action: "another"}))

	want := []auditlog.Record{
		{Action: auditlog.VaultCreated},
		{Action: auditlog.SecretSet, Detail: "a, version 1"},
		{Action: auditlog.RecipientsChanged},
		{Action: auditlog.VaultRekeyed},
		{Action: auditlog.SecretAdopted, Run: "r1", Device: gate.String(), Detail: "b, version 1"},
		{Action: auditlog.SecretWithdrawn, Run: "r1", Device: gate.String(), Detail: "b"},
		{Action: auditlog.LeaseForced, Device: gate.String(), Detail: "lease 1"},
		{Action: auditlog.SettingForgotten, Device: gate.String(), Settings: []string{"https"}},
		{Action: auditlog.DeviceForgotten, Device: gate.String()},
		{Action: "other", Who: "ann@desk", Reason: "since"},
		{Action: "another"},
	}
	for i := range want {
		if want[i].Who == "" {
			want[i].Who = "ops@host"
		}
	}
	ignored := cmpopts.IgnoreFields(auditlog.Record{}, "Seq", "Time", "From", "Version", "Prev")
	if diff := cmp.Diff(want, records(s, 0), ignored); diff != "" {
		s.Error(diff)
	}
	wantWhole(s, int64(len(want)))
}

func failuresInLog(s *world[Recorded]) {
	lease := s.acquire("r1")
	begin := func(lease state.Lease, steps ...state.IntentStep) error {
		_, err := s.state.Begin(s.Context(), lease, state.Intent{Method: "PUT", Steps: steps, Candidates: []state.Candidate{{Name: "a"}}})
		return err
	}
	other := state.Lease{Device: camera("other"), Run: "r1", Token: 1}
	for what, err := range map[string]error{
		"end of a run that never began": s.state.EndRun(s.Context(), "never begun", ""),
		"keys of another epoch":         s.state.SaveKeys(s.Context(), 7, ""),
		"force without a lease":         s.state.ForceRelease(s.Context(), camera("other"), 1),
		"request without a lease":       begin(other),
		"request for another device":    begin(lease, state.IntentStep{Setting: of(camera("other"), "https", "")}),
		"outcome without a request":     s.state.Finish(s.Context(), lease, 1, state.Done, nil, nil),
		"secret without a lease":        s.state.AdoptSecret(s.Context(), other, "a", nil, ""),
		"forgetting what is held":       s.state.ForgetDevice(s.Context(), gate),
		"a setting of what is held":     s.state.ForgetSetting(s.Context(), of(gate, "https", "")),
	} {
		if err == nil {
			s.Errorf("%s: the mistake was not noticed", what)
		}
	}
	wantWhole(s, 0)
	id := s.begin(lease, state.Intent{Method: "PUT"})
	if s.state.Finish(s.Context(), lease, id, state.Done, []state.Setting{{Address: of(camera("other"), "https", "")}}, nil) == nil {
		s.Error("a row of another device was taken")
	}
	wantWhole(s, 1)
}

func secretsInLog(s *world[Recorded]) {
	const canary = "cAnAry-7f3a9b"
	lease := s.acquire("r1")
	values := userStep(s, canary)
	values.Origins["password"] = "env:" + canary // an origin that tells too much
	values.Before = json.RawMessage(`{"note":"` + canary + `"}`)
	id := s.begin(lease, state.Intent{
		Method: "PUT", Document: "/x", Digest: canary, Steps: []state.IntentStep{values},
		Candidates: []state.Candidate{{Name: "gate/a", Sealed: []byte(canary), Note: canary}},
	})
	s.ok(s.state.Finish(s.Context(), lease, id, state.Done, nil, nil, state.Verdict{Name: "gate/a", Live: 1}))
	_, err := s.state.PutSecret(s.Context(), "gate/b", []byte(canary), canary)
	s.ok(err)
	s.ok(s.state.CreateVault(s.Context(), state.Vault{Recipient: canary, Keys: canary}))
	for e, err := range s.state.AuditEntries(s.Context(), 1) {
		if s.ok(err); strings.Contains(e.Text, canary) {
			s.Errorf("%s", e.Text)
		}
	}
	wantWhole(s, 6)
}

func printsInLog(s *world[Recorded]) {
	base := userStep(s, "x")
	change := func(f func(*state.IntentStep)) []state.IntentStep { b := base; f(&b); return []state.IntentStep{b} }
	prints := func(steps []state.IntentStep) [2]string {
		lease := s.acquire("r")
		s.begin(lease, state.Intent{Steps: steps})
		s.ok(s.state.Release(s.Context(), lease))
		all := records(s, 0)
		last := all[len(all)-1]
		return [2]string{last.Before, last.After}
	}
	want := prints([]state.IntentStep{base})
	for what, tt := range map[string]struct {
		steps         []state.IntentStep
		before, after bool // whether they are those of base
	}{
		"written otherwise": {change(func(b *state.IntentStep) { b.Before = json.RawMessage(`{ "n":1, "level":"Viewer" }`) }), true, true},
		"another value":     {change(func(b *state.IntentStep) { b.After = json.RawMessage(`{"level":"Operator","n":1.0}`) }), true, false},
		"another secret":    {change(func(b *state.IntentStep) { b.Fingerprints = map[string]string{"password": "00"} }), true, false},
		"another attribute": {change(func(b *state.IntentStep) { b.Fingerprints = map[string]string{"pin": base.Fingerprints["password"]} }), true, false},
		"another setting":   {change(func(b *state.IntentStep) { b.Setting.Key = "b" }), false, false},
		"twice":             {[]state.IntentStep{base, base}, false, false},
	} {
		got := prints(tt.steps)
		if (got[0] == want[0]) != tt.before || (got[1] == want[1]) != tt.after {
			s.Errorf("%s: %v, want %v", what, got, want)
		}
	}
	back := prints(change(func(b *state.IntentStep) { b.Before, b.After, b.Fingerprints = b.After, b.Before, nil }))
	if back[1] != want[0] {
		s.Error("a value that is written back has another fingerprint than when it was read")
	}
	none := prints(change(func(b *state.IntentStep) { b.Before = nil }))
	if none[0] != "" || none[1] == "" {
		s.Errorf("of an item that did not exist: %q", none)
	}
}

// oneChain: those who append at the same time, also from other processes, do not tear the chain, and those who fail meanwhile
// take only their own records with them.
func oneChain(s *world[Recorded]) {
	const n = 200
	openings := []Recorded{s.state, s.open()}
	lease := s.acquire("r1")
	id, bad := s.begin(lease, state.Intent{Method: "PUT"}), []state.Setting{{Address: of(camera("other"), "https", "")}}
	errs := make([]error, n)
	var running sync.WaitGroup
	for i := range n {
		running.Go(func() {
			in := openings[i%2]
			if i%5 == 0 {
				if in.Finish(context.Background(), lease, id, state.Done, bad, nil) == nil {
					errs[i] = errors.New("a row of another device was taken")
				}
				return
			}
			errs[i] = in.Audit(context.Background(), auditlog.Record{Action: auditlog.SecretSet})
		})
	}
	running.Wait()
	for i, err := range errs {
		if err != nil {
			s.Errorf("write %d: %v", i, err)
		}
	}
	wantWhole(s, n/5*4+1)
}

func noted(s *world[Recorded]) {
	fill(s, 10)
	head, err := s.state.AuditHead(s.Context())
	s.ok(err)
	s.advance(time.Minute)
	fill(s, 1)
	if f := verify(s, auditlog.Anchor{Noted: "on paper", Head: head}); f.Break != nil {
		s.Errorf("got %v", f.Break)
	}
	head.Seq--
	want := &auditlog.Break{Kind: auditlog.Rewritten, Seq: 9, Noted: "on paper"}
	s.same("break", verify(s, auditlog.Anchor{Noted: "on paper", Head: head}).Break, want)
}
