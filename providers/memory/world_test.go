package memory_test

import (
	"context"
	"errors"
	"maps"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/zclconf/go-cty/cty"

	"camform/providers"
	"camform/providers/memory"
	"camform/schema"
)

// clock is a clock that stands still unless it is set.
type clock struct {
	mu  sync.Mutex
	now time.Time
}

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *clock) Pass(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

// world is a fleet with one device and a clock.
type world struct {
	testing.TB
	clock    *clock
	fleet    *memory.Fleet
	device   *memory.Device
	provider providers.Provider
}

func newWorld(t testing.TB, options memory.Options) *world {
	c := &clock{now: time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)}
	fleet := memory.NewFleet(c.Now)
	return &world{t, c, fleet, fleet.Add("gate", "https://192.0.2.1", options), fleet.Provider()}
}

// open opens a session that is identified.
func (w *world) open() providers.Session {
	w.Helper()
	s := w.provider.Open(w.device.Target())
	if _, err := s.Identify(context.Background()); err != nil {
		w.Fatal(err)
	}
	return s
}

// read reads all documents of a kind.
func (w *world) read(s providers.Reader, kind *schema.Kind) providers.Documents {
	w.Helper()
	docs := providers.Documents{}
	changed, limits := kind.Document.Path, kind.Document.Capabilities
	for _, path := range append([]string{changed}, limits...) {
		doc, err := s.Read(context.Background(), path)
		if err != nil {
			w.Fatal(err)
		}
		docs[path] = doc
	}
	return docs
}

func (w *world) kind(name string) *schema.Kind {
	w.Helper()
	kind := w.provider.Kinds().Lookup(name)
	if kind == nil {
		w.Fatalf("there is no kind %s", name)
	}
	return kind
}

// item reads one item of a kind as the engine would; a null value if there is none.
func (w *world) item(kind, key string) cty.Value {
	w.Helper()
	docs := providers.Documents{}
	path := w.kind(kind).Document.Path
	docs[path] = providers.Document{Path: path, Body: []byte(w.device.Document(path))}
	items, err := w.provider.Decode(w.kind(kind), nil, docs)
	if err != nil {
		w.Fatal(err)
	}
	if item, ok := items[key]; ok {
		return item
	}
	return w.kind(kind).Null()
}

// want is a wanted value of a kind, with null for what is not given.
func (w *world) want(kind string, attributes map[string]cty.Value) cty.Value {
	w.Helper()
	k := w.kind(kind)
	values := map[string]cty.Value{}
	for _, a := range k.Attributes {
		values[a.Name] = cty.NullVal(a.Type)
		if v, ok := attributes[a.Name]; ok {
			values[a.Name] = a.Conceal(v)
		}
	}
	return cty.ObjectVal(values)
}

func (w *world) compose(s providers.Session, kind, key string, after cty.Value) []providers.Request {
	w.Helper()
	k := w.kind(kind)
	requests, err := w.provider.Compose(providers.Composition{
		Documents: w.read(s, k), Changes: []providers.Change{{Kind: k, Key: key, Before: w.item(kind, key), After: after}},
	})
	if err != nil {
		w.Fatal(err)
	}
	return requests
}

// change composes one change and sends it, giving what the last request gave.
func (w *world) change(s providers.Session, kind, key string, attributes map[string]cty.Value) (providers.Reply, error) {
	w.Helper()
	return w.send(s, w.compose(s, kind, key, w.want(kind, attributes)))
}

func (w *world) send(s providers.Session, requests []providers.Request) (reply providers.Reply, err error) {
	w.Helper()
	if len(requests) == 0 {
		w.Fatal("nothing was composed")
	}
	for _, r := range requests {
		if reply, err = s.Do(context.Background(), r); err != nil {
			return reply, err
		}
	}
	return reply, nil
}

// must fails the test unless err is of the family; nil stands for no error.
func (w *world) must(err, family error) {
	w.Helper()
	if !errors.Is(err, family) {
		w.Fatalf("got %v, want %v", err, family)
	}
}

// oneFamily fails the test if an error wraps more or fewer than one family.
func (w *world) oneFamily(err error) {
	w.Helper()
	families := 0
	for _, family := range []error{
		providers.ErrUnreachable, providers.ErrRefused, providers.ErrLocked, providers.ErrBudget, providers.ErrIdentity,
		providers.ErrInactive, providers.ErrUnsupported, providers.ErrDenied, providers.ErrMustChange, providers.ErrBusy, providers.ErrInvalid,
		providers.ErrMalformed, providers.ErrUnknown,
	} {
		if errors.Is(err, family) {
			families++
		}
	}
	if families != 1 {
		w.Fatalf("%v is of %d families", err, families)
	}
}

// counts fails the test unless the log holds exactly so many entries of each kind; kinds not given are not looked at.
func (w *world) counts(want map[memory.EntryKind]int) {
	w.Helper()
	for _, kind := range slices.Sorted(maps.Keys(want)) {
		if got := w.device.Count(kind); got != want[kind] {
			w.Errorf("%d entries %q in the log, want %d: %v", got, kind, want[kind], w.device.Log())
		}
	}
}

// panics fails the test unless f panics with a text that contains part.
func panics(t testing.TB, part string, f func()) {
	t.Helper()
	defer func() {
		t.Helper()
		if got, _ := recover().(string); !strings.Contains(got, part) {
			t.Errorf("panic %q, want one with %q", got, part)
		}
	}()
	f()
}

func newName(name string) map[string]cty.Value {
	return map[string]cty.Value{"name": cty.StringVal(name)}
}

var get = func(x memory.Exchange) bool { return x.Method == http.MethodGet }
