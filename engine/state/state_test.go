package state

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"camform/engine/state/pgtest"
	"camform/schema"
)

var noon = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

// TestMain runs a part of a test in a process of its own where childMain says so.
func TestMain(m *testing.M) {
	if scenario := os.Getenv(childVariable); scenario != "" {
		childMain(scenario)
	}
	goleak.VerifyTestMain(ending{m})
}

// ending are the tests, after which nothing runs any more.
type ending struct{ *testing.M }

func (e ending) Run() int {
	defer pgtest.End()
	return e.M.Run()
}

// clock is a made-up clock. It is set by the goroutine of the test only.
type clock struct{ t time.Time }

func (c *clock) now() time.Time          { return c.t }
func (c *clock) advance(d time.Duration) { c.t = c.t.Add(d) }

func open(t testing.TB, path string, options Options) *Store {
	t.Helper()
	s, err := openAt(t.Context(), path, options)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	return s
}

func newStore(t testing.TB) (*Store, *clock) {
	t.Helper()
	c := &clock{noon}
	path := filepath.Join(t.TempDir(), "state.db")
	if strings.HasPrefix(t.Name(), onAServer) {
		path = newServer(t)
	}
	return open(t, path, Options{Now: c.now, Owner: Owner{"ops@host", 7, "apply", "1.0"}}), c
}

func device(key string) schema.Device { return schema.Device{Name: "gate", Key: key, Each: true} }

func setting(key, kind, item string) schema.Setting {
	return schema.Setting{Device: device(key), Kind: kind, Key: item}
}

func must[T any](t testing.TB) func(T, error) T {
	return func(v T, err error) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}

func acquire(t testing.TB, s *Store, key, run string) Lease {
	t.Helper()
	return must[[]Lease](t)(s.Acquire(t.Context(), run, device(key)))[0]
}

func ok(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func wantError(t testing.TB, err, family error) {
	t.Helper()
	if !errors.Is(err, family) {
		t.Fatalf("got error %v, want one of the family %q", err, family)
	}
}

// cancelled is a context that is over.
func cancelled() context.Context {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	return ctx
}

func name(i int) string { return fmt.Sprintf("%04d", i) }
