package state

import (
	"encoding/json"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"camform/schema"
)

// through is an extract as it comes back from a file.
func through(t testing.TB, e Extract) Extract {
	t.Helper()
	text := must[[]byte](t)(json.Marshal(e))
	var back Extract
	ok(t, json.Unmarshal(text, &back))
	again := must[[]byte](t)(json.Marshal(back))
	if string(again) != string(text) {
		t.Fatalf("other bytes the second time:\n%s\n%s", text, again)
	}
	return back
}

func TestAnExtractIsTheStateAsFarAsAPlanNeedsIt(t *testing.T) {
	s := remembering(t)
	e := through(t, must[Extract](t)(s.Extract(t.Context())))
	there := must[*Store](t)(OpenExtract(t.Context(), e, Options{Now: s.now}))
	t.Cleanup(func() { _ = there.Close() })
	if there.Lineage() != s.Lineage() {
		t.Errorf("the lineage is %s, and not %s", there.Lineage(), s.Lineage())
	}
	here, have := dump(t, s), dump(t, there)
	for _, x := range extracts {
		if x.of != "" {
			continue // not all rows
		}
		taken := func(cells []string) []string {
			cells = slices.DeleteFunc(slices.Clone(cells), func(cell string) bool {
				column, _, _ := strings.Cut(cell, "=")
				return !slices.Contains(strings.Split(x.columns, ", "), column)
			})
			for i, cell := range cells {
				cells[i] = truth.Replace(cell)
			}
			slices.Sort(cells)
			return cells
		}
		if diff := cmp.Diff(taken(here[x.table]), taken(have[x.table])); diff != "" {
			t.Errorf("%s (-state +extract):\n%s", x.table, diff)
		}
	}
	for _, version := range must[[]SecretVersion](t)(there.AllSecrets(t.Context())) {
		if len(version.Sealed) > 0 {
			t.Errorf("%s has what the vault sealed", version.Name)
		}
	}
}

// truth writes what PostgreSQL has a type for as SQLite keeps it.
var truth = strings.NewReplacer("=true", "=1", "=false", "=0")

func TestAnExtractHasNothingThatIsNobodysBusiness(t *testing.T) {
	s := remembering(t)
	text := string(must[[]byte](t)(json.Marshal(must[Extract](t)(s.Extract(t.Context())))))
	for _, never := range []string{"sealed 2", "c2VhbGVk", "audit_log", "attempts", "case_files", "age1"} {
		if strings.Contains(text, never) {
			t.Errorf("it has %q:\n%s", never, text)
		}
	}
}

func TestFingerprintsOfAnExtractAreNotThoseOfTheState(t *testing.T) {
	s := remembering(t)
	there := must[*Store](t)(OpenExtract(t.Context(), must[Extract](t)(s.Extract(t.Context())), Options{Now: s.now}))
	t.Cleanup(func() { _ = there.Close() })
	account := schema.Setting{Device: before, Kind: "user", Key: "admin"}
	if secret := schema.NewSecret("Right-Horse-1"); there.Fingerprint(account, "password", secret) == s.Fingerprint(account, "password", secret) {
		t.Error("they are, so the key is in it")
	}
}

func TestAnExtractOfAnotherVersionIsRefused(t *testing.T) {
	e := must[Extract](t)(remembering(t).Extract(t.Context()))
	e.Tables++
	_, err := OpenExtract(t.Context(), e, Options{})
	wantError(t, err, ErrOtherTables)
}

func TestRowsThatNoStateHasAreRefused(t *testing.T) {
	for name, spoil := range map[string]func(*Extract){
		"another table":  func(e *Extract) { e.Rows["meta"] = []row{{cell{"a"}, cell{"b"}}} },
		"a column less":  func(e *Extract) { e.Rows["devices"][0] = e.Rows["devices"][0][1:] },
		"another type":   func(e *Extract) { e.Rows["devices"][0][9] = cell{"then"} },
		"the same twice": func(e *Extract) { e.Rows["devices"] = slices.Concat(e.Rows["devices"], e.Rows["devices"]) },
	} {
		t.Run(name, func(t *testing.T) {
			e := must[Extract](t)(remembering(t).Extract(t.Context()))
			spoil(&e)
			_, err := OpenExtract(t.Context(), e, Options{})
			wantError(t, err, ErrDamaged)
		})
	}
}

func TestAnExtractWritesNoFile(t *testing.T) {
	s := remembering(t)
	t.Chdir(t.TempDir())
	there := must[*Store](t)(OpenExtract(t.Context(), must[Extract](t)(s.Extract(t.Context())), Options{Now: s.now}))
	must[int](t)(there.PutSecret(t.Context(), "x", []byte("sealed"), "")) // which is in the audit log
	ok(t, there.Close())
	if left := must[[]os.DirEntry](t)(os.ReadDir(".")); len(left) > 0 {
		t.Errorf("there are %v", left)
	}
}

// A table that comes is in extracts, or somebody says here why a plan does not need it.
func TestEveryTableIsInExtractsOrLeftOut(t *testing.T) {
	leftOut := map[string]string{
		"meta": "describes the state itself", "vault": "opens secrets", "attempts": "no device is asked", "untold": "no device is asked",
		"leases": "nothing is changed", "snapshots": "holds what was before a run", "runs": "what people did", "applied_plans": "what people did",
		"audit_log": "what people did", "case_files": "papers of people",
	}
	tables := dump(t, remembering(t))
	for table := range leftOut {
		if _, there := tables[table]; !there {
			t.Errorf("there is no table %s", table)
		}
	}
	for table := range tables {
		taken := slices.ContainsFunc(extracts, func(x struct{ table, columns, of string }) bool { return x.table == table })
		if _, out := leftOut[table]; taken == out {
			t.Errorf("%s: in extracts: %v, left out: %v", table, taken, out)
		}
	}
}
