package vault

import (
	"slices"
	"strings"
	"testing"
	"time"

	"camform/engine/state"
)

var noon = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

// keepMade is keep of versions with the time when they were made: "live:a@1" was made an hour after noon.
func keepMade(t *testing.T, v *Vault, name string, versions ...string) {
	t.Helper()
	ok(t, v.secrets.MergeSecrets(t.Context(), func([]state.SecretVersion) (rows []state.SecretVersion, err error) {
		row := must[state.Vault](t)(v.secrets.Vault(t.Context()))
		for i, text := range versions {
			text, hours, _ := strings.Cut(text, "@")
			status, text, _ := strings.Cut(text, ":")
			sealed := must[[]byte](t)(sealTo(row, secretLabel(name), []byte(text)))
			made := noon.Add(time.Duration(len(hours)) * time.Hour)
			rows = append(rows, state.SecretVersion{Name: name, Version: i + 1, Status: state.SecretStatus(status), Sealed: sealed, Created: made})
		}
		return rows, nil
	}))
}

// uncertainSince is since when the version in use is uncertain.
func uncertainSince(t *testing.T, v *Vault, name string) time.Time {
	t.Helper()
	for _, s := range must[[]state.SecretVersion](t)(v.History(t.Context(), name)) {
		if s.Status == state.SecretLive {
			return s.Uncertain
		}
	}
	return time.Time{}
}

func TestAMergeTakesWhatIsNewerAndLosesNothing(t *testing.T) {
	tests := []struct {
		name         string
		ours, theirs []string // oldest first
		want         string   // newest first
		newer        bool
		uncertain    bool
	}{
		{name: "newer there", ours: []string{"live:a@"}, theirs: []string{"history:a@", "history:b@.", "live:c@.."}, want: "3:live:c 2:history:b 1:history:a", newer: true, uncertain: true},
		{name: "older there", ours: []string{"history:a@", "live:b@."}, theirs: []string{"live:a@"}, want: "2:live:b 1:history:a"},
		{name: "the same", ours: []string{"live:a@"}, theirs: []string{"live:a@"}, want: "1:live:a"},
		{name: "not here", theirs: []string{"history:a@", "live:b@."}, want: "2:live:b 1:history:a", newer: true, uncertain: true},
		{name: "both went on, they later", ours: []string{"history:a@", "live:b@."}, theirs: []string{"history:a@", "live:c@.."}, want: "3:live:c 2:history:b 1:history:a", newer: true, uncertain: true},
		{name: "both went on, we later", ours: []string{"history:a@", "live:b@.."}, theirs: []string{"history:a@", "live:c@."}, want: "2:live:b 1:history:a"},
		{name: "one on its way there", ours: []string{"live:a@"}, theirs: []string{"history:a@", "live:b@.", "pending:c@.."}, want: "3:pending:c 2:live:b 1:history:a", newer: true, uncertain: true},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			v, p := newVault(t)
			other := twin(t, p)
			keepMade(t, v, "gate/admin", tt.ours...)
			keepMade(t, other, "gate/admin", tt.theirs...)
			done := must[Merged](t)(v.Merge(t.Context(), other, noon.Add(9*time.Hour)))
			if got := history(t, v, "gate/admin"); got != tt.want {
				t.Errorf("it has %s, want %s", got, tt.want)
			}
			if slices.Contains(done.Newer, "gate/admin") != tt.newer || len(done.Newer)+len(done.Older)+len(done.Same) != 1 {
				t.Errorf("it says %+v", done)
			}
			want := time.Time{}
			if tt.uncertain {
				want = noon.Add(9 * time.Hour)
			}
			if got := uncertainSince(t, v, "gate/admin"); !got.Equal(want) {
				t.Errorf("it is uncertain since %v, want %v", got, want)
			}
			again := must[Merged](t)(v.Merge(t.Context(), other, noon.Add(9*time.Hour)))
			if len(again.Newer) > 0 || history(t, v, "gate/admin") != tt.want {
				t.Errorf("the second time it says %+v", again)
			}
		})
	}
}

// A later backup with the same password makes the uncertainty shorter, and an earlier one does not make it longer.
func TestAMergeOfTheSameSaysSinceWhen(t *testing.T) {
	v, p := newVault(t)
	other := twin(t, p)
	for _, each := range []*Vault{v, other} {
		keepMade(t, each, "gate/admin", "live:a@")
	}
	since := func(hours int) time.Time { return noon.Add(time.Duration(hours) * time.Hour) }
	must[Merged](t)(v.Merge(t.Context(), other, since(5)))
	if got := uncertainSince(t, v, "gate/admin"); !got.IsZero() {
		t.Errorf("a certain one is uncertain since %v", got)
	}
	ok(t, v.secrets.MergeSecrets(t.Context(), func(known []state.SecretVersion) ([]state.SecretVersion, error) {
		known[0].Uncertain = since(3)
		return known, nil
	}))
	for _, tt := range []struct{ made, want int }{{2, 3}, {5, 5}, {4, 5}} {
		must[Merged](t)(v.Merge(t.Context(), other, since(tt.made)))
		if got := uncertainSince(t, v, "gate/admin"); !got.Equal(since(tt.want)) {
			t.Errorf("after a backup of %d it is uncertain since %v, want %d", tt.made, got, tt.want)
		}
	}
}

// A backup of a vault that somebody else opens is merged by who can open both.
func TestAMergeNeedsBothVaults(t *testing.T) {
	v, _ := newVault(t)
	stranger, _ := newVault(t)
	keep(t, stranger, "gate/admin", "live:"+canary)
	locked := New(stranger.secrets, stranger.key, v.unlock)
	_, err := v.Merge(t.Context(), locked, noon)
	wantError(t, err, ErrLocked, "the vault of the backup")
	if got := history(t, v, "gate/admin"); got != "" {
		t.Errorf("it has %s", got)
	}
}
