package state

import (
	"context"
	"encoding/json"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"camform/schema"
)

func fullSetting(t *testing.T) Setting {
	return Setting{
		Address: setting("n", "user", "a b"), Applied: toJSON(t, map[string]any{"level": "Operator", "note": "<&>"}),
		Observed: toJSON(t, map[string]any{"level": "operator"}), Fingerprints: map[string]string{"password": "00ff"},
		Created: true, PendingReboot: true, Run: "r0", At: noon.Add(-time.Hour),
	}
}

func TestWhatIsRecordedOfASettingComesBack(t *testing.T) {
	s, _ := newStore(t)
	lease := acquire(t, s, "n", "r1")
	full, bare := fullSetting(t), Setting{Address: setting("n", "https", "")}
	ok(t, s.Record(cancelled(), lease, []Setting{full, bare}, nil))
	bare.Run, bare.At = "r1", noon
	want := map[schema.Setting]Setting{full.Address: full, bare.Address: bare}
	if diff := cmp.Diff(want, must[map[schema.Setting]Setting](t)(s.SettingsOf(t.Context(), device("n")))); diff != "" {
		t.Error(diff)
	}

	other := acquire(t, s, "m", "r1")
	ok(t, s.Record(t.Context(), other, []Setting{{Address: setting("m", "https", "")}}, nil))
	changed := Setting{Address: full.Address, Run: "r2", At: noon}
	ok(t, s.Record(t.Context(), lease, []Setting{changed}, []schema.Setting{bare.Address}))
	var all []Setting
	for row, err := range s.AllSettings(t.Context()) {
		ok(t, err)
		all = append(all, row)
	}
	if diff := cmp.Diff([]Setting{{Address: setting("m", "https", ""), Run: "r1", At: noon}, changed}, all); diff != "" {
		t.Error(diff)
	}
	ok(t, s.Release(t.Context(), lease))
	ok(t, s.ForgetSetting(t.Context(), changed.Address))
	if left := must[map[schema.Setting]Setting](t)(s.SettingsOf(t.Context(), device("n"))); len(left) != 0 {
		t.Errorf("left: %v", left)
	}
}

func TestOneMayWriteWhileGoingThroughAllSettings(t *testing.T) {
	s, _ := newStore(t)
	lease := acquire(t, s, "n", "r1")
	for i := range 50 {
		ok(t, s.Record(t.Context(), lease, []Setting{{Address: setting("n", "user", name(i))}}, nil))
	}
	n := 0
	for row, err := range s.AllSettings(t.Context()) {
		ok(t, err)
		ok(t, s.Record(t.Context(), lease, nil, []schema.Setting{row.Address}))
		if n++; n == 40 {
			break
		}
	}
	if left := len(must[map[schema.Setting]Setting](t)(s.SettingsOf(t.Context(), device("n")))); left != 10 {
		t.Errorf("%d left, want 10", left)
	}
	for _, err := range s.AllSettings(cancelled()) {
		wantError(t, err, context.Canceled)
	}
}

func TestAnIntentIsOpenUntilItsOutcomeIsKnown(t *testing.T) {
	s, c := newStore(t)
	lease := acquire(t, s, "n", "r1")
	want := Intent{
		Run: "r1", Device: device("n"), Document: "/ISAPI/Security/users/2", Method: "PUT", Digest: "sha256:00", Begun: noon,
		Steps: []IntentStep{
			{
				Setting: setting("n", "user", "a b"), Action: "update", Before: toJSON(t, map[string]any{"level": "Viewer"}),
				After: toJSON(t, map[string]any{"level": "Operator"}), Fingerprints: map[string]string{"password": "00ff"},
			},
			{Setting: setting("n", "https", ""), Action: "create"},
		},
	}
	want.ID = must[IntentID](t)(s.Begin(t.Context(), lease, want))
	check := func(what string, got []Intent, err error, want ...Intent) {
		t.Helper()
		if diff := cmp.Diff(want, got); err != nil || diff != "" {
			t.Errorf("%s: %v\n%s", what, err, diff)
		}
	}
	got, err := s.OpenIntents(t.Context(), device("n"))
	check("open", got, err, want)
	got, err = s.OpenIntents(t.Context(), device("m"))
	check("of another device", got, err)

	c.advance(time.Second)
	ok(t, s.Finish(cancelled(), lease, want.ID, Unknown, nil, nil))
	want.Outcome, want.Finished = Unknown, noon.Add(time.Second)
	got, err = s.AllOpenIntents(t.Context())
	check("unknown", got, err, want)

	c.advance(time.Hour)
	later := acquire(t, s, "n", "r2")
	ok(t, s.Finish(t.Context(), later, want.ID, Done, nil, nil))
	want.Outcome, want.Finished = Done, c.now()
	got, err = s.AllOpenIntents(t.Context())
	check("resolved", got, err)
	got, err = s.RunIntents(t.Context(), "r1")
	check("history", got, err, want)
	wantError(t, s.Finish(t.Context(), later, want.ID, Unknown, nil, nil), ErrFinished)
	other := acquire(t, s, "m", "r2")
	second := must[IntentID](t)(s.Begin(t.Context(), later, Intent{Method: "PUT"}))
	wantError(t, s.Finish(t.Context(), other, second, Done, nil, nil), ErrFinished)
}

// What Finish and Record write, they write as a whole: a mistake anywhere in it leaves everything as it was.
func TestAWriteIsWholeOrNotAtAll(t *testing.T) {
	good := Setting{Address: setting("n", "https", "")}
	tests := map[string]struct {
		rows   []Setting
		forget []schema.Setting
	}{
		"row of another device":    {[]Setting{good, {Address: setting("m", "https", "")}}, nil},
		"forget of another device": {[]Setting{good}, []schema.Setting{setting("n", "old", ""), setting("m", "https", "")}},
		"applied is no object":     {[]Setting{good, {Address: setting("n", "x", ""), Applied: json.RawMessage(`[]`)}}, nil},
		"observed is no JSON":      {[]Setting{good, {Address: setting("n", "x", ""), Observed: json.RawMessage(`{`)}}, nil},
	}
	for what, tt := range tests {
		t.Run(what, func(t *testing.T) {
			s, _ := newStore(t)
			lease := acquire(t, s, "n", "r1")
			ok(t, s.Record(t.Context(), lease, []Setting{{Address: setting("n", "old", "")}}, nil))
			id := must[IntentID](t)(s.Begin(t.Context(), lease, Intent{Method: "PUT"}))
			if s.Finish(t.Context(), lease, id, Done, tt.rows, tt.forget) == nil || s.Record(t.Context(), lease, tt.rows, tt.forget) == nil {
				t.Fatal("the mistake was not noticed")
			}
			settings := must[map[schema.Setting]Setting](t)(s.SettingsOf(t.Context(), device("n")))
			if _, old := settings[setting("n", "old", "")]; !old || len(settings) != 1 {
				t.Errorf("settings %v", settings)
			}
			if open := must[[]Intent](t)(s.OpenIntents(t.Context(), device("n"))); len(open) != 1 {
				t.Errorf("open %v", open)
			}
		})
	}
}

func TestAnIntentSpeaksOfItsDeviceOnly(t *testing.T) {
	s, _ := newStore(t)
	lease := acquire(t, s, "n", "r1")
	for _, step := range []IntentStep{
		{Setting: setting("m", "https", "")},
		{Setting: setting("n", "https", ""), Before: json.RawMessage(`1`)},
		{Setting: setting("n", "https", ""), After: json.RawMessage(`{]`)},
	} {
		if _, err := s.Begin(t.Context(), lease, Intent{Steps: []IntentStep{step}}); err == nil {
			t.Errorf("%v was taken", step)
		}
	}
	if open := must[[]Intent](t)(s.AllOpenIntents(t.Context())); len(open) != 0 {
		t.Errorf("open %v", open)
	}
}

func TestACancelledIntentIsNotWritten(t *testing.T) {
	s, _ := newStore(t)
	lease := acquire(t, s, "n", "r1")
	_, err := s.Begin(cancelled(), lease, Intent{Method: "PUT"})
	wantError(t, err, context.Canceled)
	if open := must[[]Intent](t)(s.AllOpenIntents(t.Context())); len(open) != 0 {
		t.Errorf("open %v", open)
	}
}

func TestRunsAreListedNewestFirst(t *testing.T) {
	s, c := newStore(t)
	ok(t, s.BeginRun(t.Context(), Run{ID: "r1", Operation: "apply", PlanHash: "h"}))
	c.advance(time.Minute)
	ok(t, s.BeginRun(t.Context(), Run{ID: "r2", Operation: "drift", Who: "cron@host"}))
	ok(t, s.EndRun(cancelled(), "r1", "2 changed"))
	want := []Run{
		{ID: "r2", Operation: "drift", Who: "cron@host", Started: noon.Add(time.Minute)},
		{ID: "r1", Operation: "apply", PlanHash: "h", Who: "ops@host", Started: noon, Ended: noon.Add(time.Minute), Summary: "2 changed"},
	}
	if diff := cmp.Diff(want, must[[]Run](t)(s.LastRuns(t.Context(), 10))); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff(want[:1], must[[]Run](t)(s.LastRuns(t.Context(), 1))); diff != "" {
		t.Error(diff)
	}
	if s.BeginRun(t.Context(), Run{ID: "r1"}) == nil || s.EndRun(t.Context(), "r3", "") == nil {
		t.Error("a run began twice, or ended without having begun")
	}
}

func TestAPlanIsAppliedFirstOnce(t *testing.T) {
	s, _ := newStore(t)
	const n = 20
	firsts := make(chan string, n)
	var wg sync.WaitGroup
	for i := range n {
		wg.Go(func() {
			if a, first, err := s.MarkApplied(context.Background(), "h", name(i)); err != nil || first != (a.Run == name(i)) {
				t.Errorf("run %d: %v, first %v, %v", i, a, first, err)
			} else if first {
				firsts <- a.Run
			}
		})
	}
	wg.Wait()
	close(firsts)
	var all []string
	for run := range firsts {
		all = append(all, run)
	}
	got, first, err := s.MarkApplied(t.Context(), "h", "later")
	if len(all) != 1 || err != nil || first || got != (Application{all[0], noon}) {
		t.Errorf("firsts %v, applied %v, first %v, %v", all, got, first, err)
	}
}

// An apply writes an intent and an outcome for every document of every device.
func BenchmarkBeginFinish(b *testing.B) {
	s, _ := newStore(b)
	leases := make(chan Lease, 32)
	for i := range cap(leases) {
		leases <- acquire(b, s, name(i), "r1")
	}
	parallel(b, cap(leases), func(int) error {
		lease := <-leases
		defer func() { leases <- lease }()
		row := Setting{Address: schema.Setting{Device: lease.Device, Kind: "https"}, Applied: json.RawMessage(`{"enabled":true}`)}
		step := IntentStep{Setting: row.Address, Action: "update", Before: json.RawMessage(`{"enabled":false}`), After: row.Applied}
		id, err := s.Begin(context.Background(), lease, Intent{Method: "PUT", Document: "/x", Steps: []IntentStep{step}})
		if err != nil {
			return err
		}
		return s.Finish(context.Background(), lease, id, Done, []Setting{row}, nil)
	})
}
