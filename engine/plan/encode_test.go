package plan_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/zclconf/go-cty/cty"
	"pgregory.net/rapid"

	"camform/engine/plan"
	"camform/providers"
	"camform/schema"
)

func TestDecodeGivesWhatWasEncoded(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p := anyPlan(t)
		text, err := plan.Encode(p, kinds)
		if err != nil {
			t.Fatal(err)
		}
		back, err := plan.Decode(text, kinds)
		if err != nil {
			t.Fatalf("%v\n%s", err, text)
		}
		if d := difference(p, back); d != "" {
			t.Fatalf("%s\n%s", d, text)
		}
		again, err := plan.Encode(back, kinds)
		if err != nil || !bytes.Equal(text, again) {
			t.Fatalf("encoded again (%v):\n%s\n%s", err, text, again)
		}
		one, err1 := plan.Hash(p, kinds)
		other, err2 := plan.Hash(back, kinds)
		if one != other || err1 != nil || err2 != nil || !strings.Contains(string(text), one) {
			t.Fatalf("hashes %s (%v) and %s (%v)", one, err1, other, err2)
		}
	})
}

// small is a plan with a bit of everything.
func small() *plan.Plan {
	gate := schema.Device{Name: "gate", Key: "north", Each: true}
	user, system := kinds.Lookup("user"), kinds.Lookup("system")
	name := func(text string) cty.Value { return cty.ObjectVal(map[string]cty.Value{"name": cty.StringVal(text)}) }
	return &plan.Plan{
		Version: "1.0", Created: time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC), Schema: kinds.Hash(),
		Devices: []plan.Device{{
			Address:  gate,
			Access:   plan.Access{URL: "https://192.0.2.1:443", Username: "admin", Password: plan.SecretSource{Origin: "env:LOGIN"}},
			Identity: providers.Identity{Serial: "S1", Firmware: "V1"},
			Steps: []plan.Step{{
				Address: schema.Setting{Device: gate, Kind: "user", Key: "op"}, Action: plan.Create, Before: user.Null(),
				After:   cty.ObjectVal(map[string]cty.Value{"level": cty.StringVal("Viewer"), "password": cty.NullVal(cty.String)}),
				Secrets: map[string]plan.SecretSource{"password": {Origin: "env:OP", Fingerprint: "f0"}},
				Why:     []plan.Why{{Attribute: "level", Cause: plan.CauseConfig, Source: plan.Source{File: "main.cam.hcl", Line: 3}}},
			}},
			Adopted: []plan.Adopted{{Address: schema.Setting{Device: gate, Kind: system.Name}, Value: name("gate")}},
		}},
		Outputs: []plan.Output{{Name: "o", Value: cty.NumberIntVal(7)}, {Name: "s", Sensitive: true, Value: cty.NullVal(cty.DynamicPseudoType)}},
	}
}

func encoded(t *testing.T, p *plan.Plan) []byte {
	t.Helper()
	text, err := plan.Encode(p, kinds)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

func TestADamagedPlanIsNeverAnotherPlan(t *testing.T) {
	p := small()
	text := encoded(t, p)
	accepted := 0
	try := func(damaged []byte) {
		t.Helper()
		got, err := plan.Decode(damaged, kinds)
		if err != nil {
			if !errors.Is(err, plan.ErrNotAPlan) && !errors.Is(err, plan.ErrOtherFormat) && !errors.Is(err, plan.ErrTampered) && !errors.Is(err, plan.ErrOtherKind) {
				t.Errorf("error %v is of no family", err)
			}
			return
		}
		accepted++
		if d := difference(p, got); d != "" {
			t.Errorf("%s\nis taken for another plan: %s", damaged, d)
		}
	}
	for i := range text {
		for bit := range 8 {
			damaged := bytes.Clone(text)
			damaged[i] ^= 1 << bit
			try(damaged)
		}
		try(text[:i])
		try(append(bytes.Clone(text[:i]), text[i+1:]...))
	}
	if accepted > 50 {
		t.Errorf("%d damaged texts were accepted", accepted)
	}
}

// rehashed replaces a part of a plan file and makes its hash fit again.
func rehashed(t *testing.T, text []byte, old, replacement string) []byte {
	t.Helper()
	var envelope struct {
		Format int             `json:"camform_plan"`
		Hash   string          `json:"hash"`
		Plan   json.RawMessage `json:"plan"`
	}
	if err := json.Unmarshal(text, &envelope); err != nil {
		t.Fatal(err)
	}
	body := strings.Replace(string(envelope.Plan), old, replacement, 1)
	if body == string(envelope.Plan) {
		t.Fatalf("%s has no %s", body, old)
	}
	sum := sha256.Sum256([]byte(body))
	return fmt.Appendf(nil, `{"camform_plan":%d,"hash":"sha256:%x","plan":%s}`, envelope.Format, sum, body)
}

func TestPlansThatAreRefused(t *testing.T) {
	text := encoded(t, small())
	other := small()
	other.Schema = "other"
	for title, c := range map[string]struct {
		text []byte
		want error
	}{
		"nothing":            {nil, plan.ErrNotAPlan},
		"no JSON":            {[]byte("plan"), plan.ErrNotAPlan},
		"other JSON":         {[]byte(`{}`), plan.ErrNotAPlan},
		"null":               {[]byte(`null`), plan.ErrNotAPlan},
		"text after it":      {append(bytes.Clone(text), "{}"...), plan.ErrNotAPlan},
		"brace after it":     {append(bytes.Clone(text), '}'), plan.ErrNotAPlan},
		"changed":            {bytes.Replace(text, []byte("192.0.2.1"), []byte("192.0.2.9"), 1), plan.ErrTampered},
		"older format":       {bytes.Replace(text, []byte(`"camform_plan":6`), []byte(`"camform_plan":5`), 1), plan.ErrOtherFormat},
		"newer format":       {bytes.Replace(text, []byte(`"camform_plan":6`), []byte(`"camform_plan":7`), 1), plan.ErrOtherFormat},
		"envelope field":     {bytes.Replace(text, []byte(`"hash"`), []byte(`"x":1,"hash"`), 1), plan.ErrNotAPlan},
		"field of the plan":  {rehashed(t, text, `"version"`, `"x":1,"version"`), plan.ErrNotAPlan},
		"field of a device":  {rehashed(t, text, `"address"`, `"x":1,"address"`), plan.ErrNotAPlan},
		"field of a step":    {rehashed(t, text, `"action"`, `"x":1,"action"`), plan.ErrNotAPlan},
		"other setting file": {encoded(t, other), plan.ErrOtherKind},
		"kind":               {rehashed(t, text, `.user.op`, `.people.op`), plan.ErrNotAPlan},
		"address":            {rehashed(t, text, `device.gate`, `gate`), plan.ErrNotAPlan},
		"attribute":          {rehashed(t, text, `"level":"Viewer"`, `"rank":"Viewer"`), plan.ErrNotAPlan},
		"type of a value":    {rehashed(t, text, `"level":"Viewer"`, `"level":["Viewer"]`), plan.ErrNotAPlan},
		"no value":           {rehashed(t, text, `"before":null,`, ``), plan.ErrNotAPlan},
		"time":               {rehashed(t, text, `2026-03-01T`, `2026-03-01 `), plan.ErrNotAPlan},
		"secret":             {rehashed(t, text, `"password":null`, `"password":"Canary-1234"`), plan.ErrNotAPlan},
		"stage of an item":   {rehashed(t, text, `"after":{"level"`, `"stage":{"level":"Viewer","password":null},"after":{"level"`), plan.ErrNotAPlan},
		"stage without any":  {rehashed(t, text, `"after":{"level"`, `"stage":null,"after":{"level"`), plan.ErrNotAPlan},
		"action":             {rehashed(t, text, `"action":"create"`, `"action":"explode"`), plan.ErrNotAPlan},
	} {
		t.Run(title, func(t *testing.T) {
			if _, err := plan.Decode(c.text, kinds); !errors.Is(err, c.want) {
				t.Errorf("got error %v, want %v", err, c.want)
			} else if strings.Contains(err.Error(), "Canary") {
				t.Errorf("the error shows a secret: %v", err)
			}
		})
	}
	if _, err := plan.Decode(text, kinds); err != nil {
		t.Error(err)
	}
}

func TestI1SecretsAreNotEncoded(t *testing.T) {
	secret := cty.StringVal("Canary-1234")
	user := func(level, password cty.Value) cty.Value {
		return cty.ObjectVal(map[string]cty.Value{"level": level, "password": password})
	}
	level := cty.StringVal("Viewer")
	for title, spoil := range map[string]func(*plan.Plan){
		"after":  func(p *plan.Plan) { p.Devices[0].Steps[0].After = user(level, secret) },
		"before": func(p *plan.Plan) { p.Devices[0].Steps[0].Before = user(level, secret) },
		"mark": func(p *plan.Plan) {
			p.Devices[0].Steps[0].After = user(schema.MarkSecret(secret, "env:X"), cty.NullVal(cty.String))
		},
		"unchanged": func(p *plan.Plan) {
			p.Devices[0].Unchanged = []plan.Unchanged{{Address: p.Devices[0].Steps[0].Address, Value: user(level, secret)}}
		},
		"adopted": func(p *plan.Plan) {
			p.Devices[0].Adopted[0].Value = schema.MarkSecret(p.Devices[0].Adopted[0].Value, "env:X")
		},
		"output": func(p *plan.Plan) { p.Outputs[0].Value = schema.MarkSecret(secret, "env:X") },
		"unknown": func(p *plan.Plan) {
			p.Devices[0].Steps[0].After = user(cty.UnknownVal(cty.String), cty.NullVal(cty.String))
		},
		"no kind": func(p *plan.Plan) { p.Devices[0].Steps[0].Address.Kind = "people" },
		"adopted of no kind": func(p *plan.Plan) {
			p.Devices[0].Adopted[0].Address.Kind = "people"
		},
	} {
		t.Run(title, func(t *testing.T) {
			p := small()
			spoil(p)
			text, err := plan.Encode(p, kinds)
			if err == nil {
				t.Fatalf("it is encoded: %s", text)
			}
			if strings.Contains(err.Error(), "Canary") {
				t.Errorf("the error shows a secret: %v", err)
			}
			if _, err := plan.Hash(p, kinds); err == nil {
				t.Error("it has a hash")
			}
		})
	}
}

func TestASensitiveOutputHasNoValueInTheFile(t *testing.T) {
	p := small()
	p.Outputs[1].Value = cty.StringVal("Canary-1234")
	if text := encoded(t, p); bytes.Contains(text, []byte("Canary")) {
		t.Errorf("%s", text)
	}
}
