package live_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/zclconf/go-cty/cty"
	"go.uber.org/goleak"

	"camform/engine/graph"
	"camform/engine/live"
	"camform/engine/report"
	"camform/providers"
	"camform/providers/memory"
	"camform/schema"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// cache is a live.Cache of one run.
type cache struct {
	mu   sync.Mutex
	docs map[string]providers.Document
}

func (c *cache) Lookup(model, firmware, path string) (providers.Document, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	doc, ok := c.docs[model+firmware+path]
	return doc, ok
}

func (c *cache) Store(model, firmware string, doc providers.Document) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.docs[model+firmware+doc.Path] = doc
}

// world is a fleet that is read.
type world struct {
	fleet   *memory.Fleet
	options live.Options
	cache   *cache
	mu      sync.Mutex
	events  []report.Event
}

func newWorld() *world {
	w := &world{fleet: memory.NewFleet(time.Now), cache: &cache{docs: map[string]providers.Document{}}}
	w.options = live.Options{
		Stage: report.Refresh, Open: w.fleet.Provider().OpenReader, Interpreter: w.fleet.Provider(), Parallelism: graph.Parallelism{Total: 2}, Cache: w.cache,
		Event: func(e report.Event) {
			w.mu.Lock()
			defer w.mu.Unlock()
			w.events = append(w.events, e)
		},
	}
	return w
}

// request asks for kinds of a device; none means all.
func (w *world) request(d *memory.Device, kinds ...string) live.Request {
	all := w.options.Interpreter.Kinds()
	if len(kinds) == 0 {
		kinds = all.Names()
	}
	return live.Request{Target: d.Target(), Wants: live.Wants{Kinds: live.KindsOf(all, kinds)}}
}

func TestASnapshotIsWhatTheDeviceSays(t *testing.T) {
	w := newWorld()
	d := w.fleet.Add("gate", "https://192.0.2.1", memory.Options{Without: []string{"cloud"}})
	d.SetDocument("/time", "rubbish")
	s := live.Refresh(t.Context(), []live.Request{w.request(d)}, w.options)[0]
	switch {
	case s.Err != nil:
		t.Fatal(s.Err)
	case s.Identity != d.Identity() || s.Pin.Serial != d.Identity().Serial || s.Pin.SPKI == "":
		t.Errorf("identity %+v, pin %+v", s.Identity, s.Pin)
	case s.Source != memory.Source:
		t.Errorf("source %q", s.Source)
	case s.Missing["cloud"] == "" || s.Items["cloud"] != nil:
		t.Errorf("a kind that the device does not have: %q", s.Missing["cloud"])
	case !errors.Is(s.Unreadable["time"], providers.ErrMalformed) || s.Items["time"] != nil:
		t.Errorf("a document that cannot be understood: %v", s.Unreadable["time"])
	case s.Items["system"][""].GetAttr("name").AsString() != "gate" || len(s.Items["service"]) != 2:
		t.Errorf("items %v", s.Items)
	case string(s.Documents["/access"].Body) != d.Document("/access"):
		t.Error("the document is not as it came")
	}
	if got := s.Documents["/limits/user"]; got.Source != "" || got.Body == nil {
		t.Errorf("limits %+v", got)
	}
}

func TestLimitsThatCannotBeReadLimitNothing(t *testing.T) {
	w := newWorld()
	d := w.fleet.Add("gate", "https://192.0.2.1", memory.Options{})
	d.SetDocument("/limits/system", "")
	d.Inject(memory.Fault{Effect: memory.Busy, Match: func(x memory.Exchange) bool { return x.Path == "/limits/user" }})
	s := live.Refresh(t.Context(), []live.Request{w.request(d, "system", "user")}, w.options)[0]
	if s.Err != nil || s.Items["system"] == nil || s.Items["user"] == nil {
		t.Fatalf("error %v, items %v", s.Err, s.Items)
	}
	if s.Documents["/limits/user"].Missing == "" || s.Documents["/limits/system"].Missing == "" {
		t.Errorf("documents %+v", s.Documents)
	}
	if _, ok := w.cache.Lookup("MEM-1", "V1.0.0", "/limits/system"); !ok {
		t.Error("that all devices of the model lack a document is worth remembering")
	}
	if _, ok := w.cache.Lookup("MEM-1", "V1.0.0", "/limits/user"); ok {
		t.Error("a device that was busy is no reason to ask no other one")
	}
}

func TestASessionThatEndsCostsTheSnapshot(t *testing.T) {
	for _, path := range []string{"/time", "/limits/system"} {
		w := newWorld()
		d := w.fleet.Add("gate", "https://192.0.2.1", memory.Options{})
		d.Inject(memory.Fault{Effect: memory.Unreachable, Match: func(x memory.Exchange) bool { return x.Path == path }})
		s := live.Refresh(t.Context(), []live.Request{w.request(d)}, w.options)[0]
		if !errors.Is(s.Err, providers.ErrUnreachable) {
			t.Errorf("%s: error %v", path, s.Err)
		}
		if n := d.Count(memory.Withheld); n != 0 {
			t.Errorf("%s: %d calls on a session that had ended", path, n)
		}
	}
}

func TestARefusedLoginIsNotTriedAgain(t *testing.T) {
	w := newWorld()
	d := w.fleet.Add("gate", "https://192.0.2.1", memory.Options{})
	r := w.request(d)
	r.Target.Login.Password = schema.NewSecret("wrong")
	s := live.Refresh(t.Context(), []live.Request{r}, w.options)[0]
	if !errors.Is(s.Err, providers.ErrRefused) || len(d.Log()) != 1 {
		t.Errorf("error %v, log %v", s.Err, d.Log())
	}
}

func TestEventsTellEachDevice(t *testing.T) {
	w := newWorld()
	one := w.fleet.Add("gate", "https://192.0.2.1", memory.Options{})
	two := w.fleet.Add("yard", "https://192.0.2.2", memory.Options{})
	two.Inject(memory.Fault{Effect: memory.Unreachable})
	live.Refresh(t.Context(), []live.Request{w.request(one), w.request(two)}, w.options)
	var got []string
	for _, e := range w.events {
		if e.Stage != report.Refresh {
			t.Errorf("stage %q", e.Stage)
		}
		if e.Kind == report.DeviceDone {
			got = append(got, fmt.Sprintf("%s %s %v", e.Device.Name, e.Result, e.Detail != ""))
		}
	}
	slices.Sort(got)
	if want := []string{"gate done false", "yard unreachable true"}; !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
	first, last := w.events[0], w.events[len(w.events)-1]
	if first.Kind != report.StageStarted || first.Total != 2 || last.Kind != report.StageDone {
		t.Errorf("first %+v, last %+v", first, last)
	}
}

func TestAnEndLeavesTheRestUnread(t *testing.T) {
	w := newWorld()
	w.options.Parallelism.Total = 1
	ctx, cut := context.WithCancelCause(t.Context())
	cause := errors.New("enough")
	var requests []live.Request
	for i := range 3 {
		requests = append(requests, w.request(w.fleet.Add(fmt.Sprintf("d%d", i), fmt.Sprintf("https://192.0.2.%d", i+1), memory.Options{}), "system"))
	}
	tell := w.options.Event
	w.options.Event = func(e report.Event) {
		tell(e)
		if e.Kind == report.DeviceDone {
			cut(cause)
		}
	}
	snapshots := live.Refresh(ctx, requests, w.options)
	if snapshots[0].Err != nil {
		t.Errorf("the first was read: %v", snapshots[0].Err)
	}
	for _, s := range snapshots[1:] {
		if !errors.Is(s.Err, cause) || s.Device.IsZero() {
			t.Errorf("snapshot %+v", s)
		}
	}
	if n := len(w.fleet.Device("d1").Log()); n != 0 {
		t.Error("a device was read after the end")
	}
}

func TestKindsOfHasEachOnce(t *testing.T) {
	kinds := memory.NewFleet(time.Now).Provider().Kinds()
	var got []string
	for _, k := range live.KindsOf(kinds, []string{"user", "nothing", "cloud", "user"}) {
		got = append(got, k.Name)
	}
	if want := []string{"cloud", "user"}; !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}

func TestResultOf(t *testing.T) {
	for _, c := range []struct {
		err  error
		want report.Result
	}{
		{nil, report.Done},
		{providers.ErrIdentity, report.Mistaken},
		{providers.ErrRefused, report.Refused},
		{providers.ErrLocked, report.Refused},
		{providers.ErrBudget, report.Refused},
		{providers.ErrUnreachable, report.Unreachable},
		{providers.ErrInactive, report.Unreachable},
		{context.Canceled, report.NotRun},
		{fmt.Errorf("%w: %w", providers.ErrUnreachable, context.Canceled), report.NotRun}, // we cut it off
		{fmt.Errorf("%w: %w", providers.ErrUnreachable, context.DeadlineExceeded), report.Unreachable},
		{providers.ErrMalformed, report.Failed},
		{http.ErrBodyNotAllowed, report.Failed},
	} {
		if got := live.ResultOf(c.err); got != c.want {
			t.Errorf("%v: got %s, want %s", c.err, got, c.want)
		}
	}
}

// What a check looks at beside the settings costs nothing but itself where it cannot be read.
func TestAFurtherDocumentThatCannotBeReadCostsItselfOnly(t *testing.T) {
	w := newWorld()
	d := w.fleet.Add("gate", "https://192.0.2.1", memory.Options{Without: []string{"cloud"}})
	d.Inject(memory.Fault{Effect: memory.Busy, Match: func(x memory.Exchange) bool { return x.Path == "/filter" }})
	request := w.request(d, "system")
	request.Extra = []string{"/filter", "/cloud", "/time"}
	s := live.Refresh(t.Context(), []live.Request{request}, w.options)[0]
	if s.Err != nil || s.Items["system"] == nil {
		t.Fatalf("error %v, items %v", s.Err, s.Items)
	}
	if s.UnreadDocuments["/filter"] == nil || len(s.UnreadDocuments) != 1 {
		t.Errorf("unread %v", s.UnreadDocuments)
	}
	if s.Documents["/cloud"].Missing == "" || string(s.Documents["/time"].Body) != d.Document("/time") {
		t.Errorf("documents %+v", s.Documents)
	}
}

// perItem is a device whose items live in separate documents, and it withholds some.
type perItem struct {
	providers.Reader
	providers.Interpreter
	withheld []string
	family   error // of the trouble with those
}

func (d perItem) Read(_ context.Context, path string) (providers.Document, error) {
	if slices.Contains(d.withheld, path) {
		return providers.Document{}, fmt.Errorf("read %s: it does not come: %w", path, d.family)
	}
	return providers.Document{Path: path, Body: []byte("x")}, nil
}

func (perItem) Decode(kind *schema.Kind, keys []string, docs providers.Documents) (providers.Items, error) {
	items := providers.Items{}
	for _, key := range keys {
		if docs[kind.Document.For(key).Path].Missing == "" {
			items[key] = cty.True
		}
	}
	if len(items) == 0 {
		return nil, providers.ErrUnsupported
	}
	return items, nil
}

func TestAnItemThatIsWithheldLeavesTheOthers(t *testing.T) {
	kind := &schema.Kind{Name: "item", Keyed: true, Document: schema.Document{Path: "/items/{key}"}}
	for _, c := range []struct {
		withheld []string
		family   error
		read     int
		faults   string // keys that may be there or not
		unread   string // settings that are reported as unread
	}{
		{nil, nil, 2, "", ""},
		{[]string{"/items/2"}, providers.ErrWithheld, 1, "2", `item["2"]`},
		{[]string{"/items/2"}, providers.ErrBusy, 1, "2", `item["2"]`},
		{[]string{"/items/2"}, providers.ErrMalformed, 1, "2", `item["2"]`},
		{[]string{"/items/1", "/items/2"}, providers.ErrWithheld, 0, "12", "item"},
	} {
		w := newWorld()
		d := w.fleet.Add("gate", "https://192.0.2.1", memory.Options{})
		w.options.Open = func(target providers.Target) providers.Reader {
			return perItem{Reader: w.fleet.Provider().OpenReader(target), withheld: c.withheld, family: c.family}
		}
		w.options.Interpreter = perItem{Interpreter: w.options.Interpreter}
		request := w.request(d)
		request.Wants = live.Wants{Kinds: []*schema.Kind{kind}, Keys: map[string][]string{"item": {"1", "2"}}}
		s := live.Refresh(t.Context(), []live.Request{request}, w.options)[0]
		faults := ""
		for _, key := range []string{"1", "2"} {
			if s.Fault(kind, key) != "" {
				faults += key
			}
		}
		unread := ""
		for setting := range s.Unread() {
			unread += setting.Local()
		}
		if unread != c.unread {
			t.Errorf("without %v: told as unread: %q", c.withheld, unread)
		}
		if s.Err != nil || len(s.Items["item"]) != c.read || faults != c.faults || (s.Unreadable["item"] != nil) != (c.read == 0) || len(s.Missing) > 0 {
			t.Errorf("without %v: %v, read %v, faults %q, unreadable %v, missing %v", c.withheld, s.Err, s.Items, faults, s.Unreadable, s.Missing)
		}
	}
}
