package engine_test

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/zclconf/go-cty/cty"

	"camform/engine"
	"camform/engine/config"
	"camform/engine/plan"
	"camform/providers"
	"camform/providers/memory"
	"camform/schema"
)

// canaries are the secrets of the world below. None of them may be seen anywhere but at the device.
var canaries = []string{"Canary-Login", "Canary-Create", "Canary-Change", "Canary-Former", "Canary-Code", "Canary-Shown"}

// withoutCanaries fails the test if a text holds a secret.
func withoutCanaries(t *testing.T, what string, text []byte) {
	t.Helper()
	for _, canary := range canaries {
		if bytes.Contains(text, []byte(canary)) {
			t.Errorf("%s holds the secret %s", what, canary)
		}
	}
}

// discreet is a provider that prints what it is asked and what it reads.
type discreet struct {
	providers.Provider
	t *testing.T
}

func (p discreet) prints(what string, printed ...any) {
	p.t.Helper()
	withoutCanaries(p.t, what, fmt.Appendf(nil, "%#v %+v", printed, printed))
}

func (p discreet) Decode(kind *schema.Kind, keys []string, docs providers.Documents) (providers.Items, error) {
	items, err := p.Provider.Decode(kind, keys, docs)
	p.prints("what is read", items, err)
	return items, err
}

func (p discreet) Check(kind *schema.Kind, docs providers.Documents, key string, want cty.Value) []providers.AttributeError {
	p.prints("what is checked", want)
	return p.Provider.Check(kind, docs, key, want)
}

func (p discreet) Same(kind *schema.Kind, a *schema.Attribute, want, have cty.Value) bool {
	p.prints("what is compared", want, have)
	return p.Provider.Same(kind, a, want, have)
}

func (p discreet) Compose(c providers.Composition) ([]providers.Request, error) {
	p.prints("what is composed", c)
	return p.Provider.Compose(c)
}

func TestI1NoSecretLeavesTheDevice(t *testing.T) {
	for _, effect := range []memory.Effect{
		"", memory.Unreachable, memory.DropRequest, memory.DropReply, memory.Lie, memory.ErrorButApplied, memory.Busy,
		memory.Reject, memory.Deny, memory.Restart, memory.Refuse,
	} {
		for nth := 1; nth <= 2; nth++ {
			t.Run(fmt.Sprintf("%s at %d", effect, nth), func(t *testing.T) {
				w := newWorld(t)
				w.provider.Provider = discreet{w.provider.Provider, t}
				d := w.add("gate", memory.Options{Password: "Canary-Login"})
				d.Set("cloud", "", "code", "Canary-Shown")
				w.declareUser("gate", "op", "Operator", "Canary-Former")
				w.converge()
				w.declareUser("gate", "op", "Operator", "Canary-Change")
				w.declareUser("gate", "view", "Viewer", "Canary-Create")
				w.declareUser("gate", "admin", "Administrator", "Canary-Login")
				w.secrets["env:code"] = "Canary-Code"
				w.declare("gate", "cloud", "", values{"code": w.secret("env:code")})
				for _, s := range w.declared("gate").Settings {
					withoutCanaries(t, "what is wanted", fmt.Appendf(nil, "%#v %v", *s, *s))
				}
				w.cfg.Outputs = []config.Output{{Name: "password", Sensitive: true, Value: w.secret("env:gate")}}

				planned := w.planned()
				text, err := plan.Encode(planned.Plan, w.provider.Kinds())
				w.must(err)
				withoutCanaries(t, "the plan file", text)
				withoutCanaries(t, "the plan", fmt.Appendf(nil, "%#v %v", planned.Plan, planned.Plan))
				requests, err := engine.Requests(planned, w.provider)
				w.must(err)
				for _, r := range requests {
					for _, request := range r.Requests {
						withoutCanaries(t, "a listed request", request.Body)
					}
				}

				if effect != "" {
					d.Inject(memory.Fault{Effect: effect, Match: writing, Nth: nth})
				}
				var trace []byte
				e := w.engine()
				e.Trace = func(entry providers.TraceEntry) { trace = fmt.Appendf(trace, "%+v", entry) }
				r := e.Apply(context.Background(), context.Background(), planned.Plan, w.nextRun())
				w.clock.pass(time.Hour) // a restart and the leases are over
				recovered := w.recover()
				withoutCanaries(t, "the report", fmt.Appendf(nil, "%#v %+v", r, recovered))
				withoutCanaries(t, "the events", fmt.Appendf(nil, "%#v", w.events))
				withoutCanaries(t, "the trace", trace)
				files, err := filepath.Glob(filepath.Join(filepath.Dir(w.path), "*"))
				w.must(err)
				if len(files) < 3 {
					t.Fatalf("state consists of %v; the log is not among them", files)
				}
				for _, file := range files {
					text, err := os.ReadFile(file)
					w.must(err)
					withoutCanaries(t, file, text)
				}
			})
		}
	}
}

// A password that the configuration gives away twice is another fingerprint each time.
func TestI1EqualPasswordsDoNotShow(t *testing.T) {
	w := newWorld(t, "gate", "yard")
	for _, device := range []string{"gate", "yard"} {
		w.declareUser(device, "op", "Operator", "Same-1234")
		w.declareUser(device, "view", "Viewer", "Same-1234")
	}
	seen := map[string]bool{}
	for _, d := range w.plan().Devices {
		for _, s := range d.Steps {
			seen[s.Secrets["password"].Fingerprint] = true
		}
	}
	if len(seen) != 4 {
		t.Errorf("%d different fingerprints, want 4", len(seen))
	}
}

func TestI1APlanWithASecretIsNotEncoded(t *testing.T) {
	w := newWorld(t, "gate")
	w.declareUser("gate", "op", "Operator", "Canary-Create")
	p := w.plan()
	step := &p.Devices[0].Steps[0]
	values := step.After.AsValueMap()
	values["password"] = w.secret("env:gate/op")
	step.After = cty.ObjectVal(values)
	if text, err := plan.Encode(p, w.provider.Kinds()); err == nil {
		t.Errorf("it is encoded: %s", text)
	} else {
		withoutCanaries(t, "the error", []byte(err.Error()))
	}
}
