package plan_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/zclconf/go-cty/cty"
	"pgregory.net/rapid"

	"camform/engine/consumer"
	"camform/engine/plan"
	"camform/providers"
	"camform/providers/memory"
	"camform/schema"
)

var kinds = memory.NewFleet(time.Now).Provider().Kinds()

// anyPlan makes plans with everything in them that a plan can have.
func anyPlan(t *rapid.T) *plan.Plan {
	p := &plan.Plan{
		Version: word.Draw(t, "version"),
		Created: time.Unix(rapid.Int64Range(0, 4e9).Draw(t, "created"), 0).UTC(),
		Schema:  kinds.Hash(),
		MaxUnreachable: plan.Tolerance{
			Count: rapid.IntRange(0, 3).Draw(t, "count"), Percent: rapid.Float64Range(0, 100).Draw(t, "percent"),
		},
	}
	for i := range rapid.IntRange(0, 3).Draw(t, "devices") {
		p.Devices = append(p.Devices, anyDevice(t, schema.Device{
			Name: fmt.Sprintf("d%d", i), Each: rapid.Bool().Draw(t, "each"),
		}))
	}
	for i := range rapid.IntRange(0, 2).Draw(t, "lists") {
		p.Usage = anyUsage(t, p.Usage, schema.Device{Name: fmt.Sprintf("u%d", i)})
	}
	for range rapid.IntRange(0, 2).Draw(t, "targets") {
		p.Targets = append(p.Targets, text.Draw(t, "target"))
	}
	for i := range rapid.IntRange(0, 2).Draw(t, "gone") {
		g := plan.Gone{
			Address: schema.Device{Name: fmt.Sprintf("g%d", i)}, Endpoint: word.Draw(t, "endpoint"), Settings: rapid.IntRange(0, 9).Draw(t, "settings"),
			Seen:      time.Unix(rapid.Int64Range(0, 4e9).Draw(t, "seen"), rapid.Int64Range(0, 1e9-1).Draw(t, "nanos")).UTC(),
			Passwords: rapid.SliceOfN(text, 1, 2).Draw(t, "passwords"), Source: anySource(t), Cleared: rapid.Bool().Draw(t, "cleared"),
		}
		g.Made = append(g.Made, anyAddress(t, g.Address, anyKind(t)))
		p.Gone = append(p.Gone, g)
	}
	if rapid.Bool().Draw(t, "taken") {
		p.Taken = &plan.Taken{
			Signer: word.Draw(t, "signer"), Key: word.Draw(t, "key"), Hash: word.Draw(t, "hash"), Longest: word.Draw(t, "longest"),
			Signed: time.Unix(rapid.Int64Range(0, 4e9).Draw(t, "signed"), 0).UTC(), Oldest: time.Unix(rapid.Int64Range(0, 4e9).Draw(t, "oldest"), 0).UTC(),
		}
	}
	for i := range rapid.IntRange(0, 2).Draw(t, "outputs") {
		o := plan.Output{Name: fmt.Sprintf("o%d", i), Sensitive: rapid.Bool().Draw(t, "sensitive"), Value: cty.NullVal(cty.DynamicPseudoType)}
		if rapid.Bool().Draw(t, "changes") {
			o.Action, o.Before, o.Mark = plan.Update, json.RawMessage(`[1]`), word.Draw(t, "mark")
		}
		if !o.Sensitive {
			o.Value = cty.ObjectVal(map[string]cty.Value{"a": cty.StringVal(text.Draw(t, "output")), "b": cty.EmptyTupleVal})
		}
		p.Outputs = append(p.Outputs, o)
	}
	if rapid.Bool().Draw(t, "configuration") {
		p.Configuration = plan.Configuration{
			Variables: []plan.Variable{{Name: word.Draw(t, "variable"), Value: json.RawMessage(`["a"]`)}, {Name: "pin", Sensitive: true}},
			Blocks: []plan.Declaration{{
				Type: "device", Name: word.Draw(t, "block"), Source: anySource(t), Arguments: map[string]plan.Expression{
					"site": {Constant: json.RawMessage("7")}, "address": {References: rapid.SliceOfN(word, 1, 2).Draw(t, "references")},
				},
				Blocks: []plan.Declaration{{Type: "login"}},
			}},
		}
	}
	return p
}

// anyUsage is a usage with the list of one device more.
func anyUsage(t *rapid.T, u plan.Usage, user schema.Device) plan.Usage {
	at := consumer.Device{Address: user, Site: text.Draw(t, "site"), Host: word.Draw(t, "host"), Serial: word.Draw(t, "serial")}
	list := consumer.List{
		Device: user, Site: at.Site, Host: at.Host, Away: text.Draw(t, "away"), Read: time.Unix(rapid.Int64Range(0, 4e9).Draw(t, "read"), 0).UTC(),
	}
	for range rapid.IntRange(0, 2).Draw(t, "uses") {
		use := consumer.Use{
			Key: anyKey(t), Kind: "channel", Title: text.Draw(t, "title"), Serial: word.Draw(t, "told serial"), Host: text.Draw(t, "told host"),
			Port: rapid.Int64Range(0, 65535).Draw(t, "port"), Account: text.Draw(t, "account"), Inside: rapid.Bool().Draw(t, "inside"),
		}
		use.Item = schema.Setting{Device: user, Kind: use.Kind, Key: use.Key}
		list.Uses = append(list.Uses, use)
	}
	u.Fleet, u.Lists = append(u.Fleet, at), append(u.Lists, list)
	return u
}

var (
	text = rapid.StringN(0, 12, -1)
	word = rapid.StringMatching(`[a-z0-9. ]{0,8}`)
)

// anyKey is the key of an item: with all that has a meaning in an address, and with letters from elsewhere.
func anyKey(t *rapid.T) string {
	return rapid.StringOfN(rapid.RuneFrom([]rune("aZ09_-. \"\\$%{}[]\n\täé漢🎥")), 1, 8, -1).Draw(t, "key")
}

func anyDevice(t *rapid.T, address schema.Device) plan.Device {
	if address.Each {
		address.Key = anyKey(t)
	}
	d := plan.Device{
		Address: address, Source: word.Draw(t, "source"),
		Access: plan.Access{
			URL: "https://192.0.2.1:443", Username: text.Draw(t, "username"), Password: anySecret(t), Want: anyIdentity(t),
			Verify: rapid.Bool().Draw(t, "verify"), CAFile: word.Draw(t, "ca"), Legacy: rapid.Bool().Draw(t, "legacy"), Plain: rapid.Bool().Draw(t, "plain"),
			Basic: rapid.Bool().Draw(t, "basic"), Site: text.Draw(t, "site"),
		},
		Record:   rapid.SampledFrom([]plan.Record{plan.NoRecord, plan.Unapplied, plan.Recorded}).Draw(t, "record"),
		Identity: anyIdentity(t), Problem: text.Draw(t, "problem"), Family: word.Draw(t, "family"),
	}
	if rapid.Bool().Draw(t, "unmanaged") {
		d.Unmanaged = map[string]int{"user": 2, "service": 1}
	}
	for i := range rapid.IntRange(0, 2).Draw(t, "checks") {
		d.Checks = append(d.Checks, plan.Check{
			Rule: fmt.Sprintf("c%d", i), Severity: rapid.SampledFrom([]plan.Severity{plan.Warn, plan.Block}).Draw(t, "severity"),
			Verdict: rapid.SampledFrom([]plan.Verdict{plan.Good, plan.Bad, plan.Unknown}).Draw(t, "verdict"),
			Unasked: rapid.Bool().Draw(t, "unasked"), Why: rapid.SliceOfN(text, 1, 2).Draw(t, "why"), Source: anySource(t),
		})
	}
	if rapid.Bool().Draw(t, "seen") {
		d.Seen = []string{word.Draw(t, "seen at")}
	}
	if rapid.Bool().Draw(t, "cuts") {
		d.Cuts = []plan.Cut{{Who: word.Draw(t, "who"), Title: text.Draw(t, "title"), What: word.Draw(t, "what"), Why: text.Draw(t, "cut"), Reason: text.Draw(t, "accepted")}}
	}
	d.Steps = plan.Order(anySteps(t, address), kinds)
	for range rapid.IntRange(0, 2).Draw(t, "adopted") {
		kind := anyKind(t)
		d.Adopted = append(d.Adopted, plan.Adopted{Address: anyAddress(t, address, kind), Value: anyValue(t, kind), Secrets: anySecrets(t, kind)})
	}
	for range rapid.IntRange(0, 2).Draw(t, "unchanged") {
		kind := anyKind(t)
		d.Unchanged = append(d.Unchanged, plan.Unchanged{
			Address: anyAddress(t, address, kind), Value: anyValue(t, kind), Hidden: rapid.SliceOfN(word, 1, 2).Draw(t, "hidden"),
		})
	}
	for range rapid.IntRange(0, 2).Draw(t, "skipped") {
		d.Skipped = append(d.Skipped, plan.Skipped{
			Address: anyAddress(t, address, anyKind(t)), Attribute: text.Draw(t, "attribute"), Reason: plan.Protected,
			Detail: text.Draw(t, "detail"), Drifted: rapid.Bool().Draw(t, "drifted"), Source: anySource(t),
		})
	}
	return d
}

// anySteps makes steps of different settings.
func anySteps(t *rapid.T, device schema.Device) []plan.Step {
	var steps []plan.Step
	for range rapid.IntRange(0, 6).Draw(t, "steps") {
		kind := anyKind(t)
		s := plan.Step{
			Address: anyAddress(t, device, kind), Before: anyValue(t, kind), After: anyValue(t, kind), Secrets: anySecrets(t, kind),
			Action: rapid.SampledFrom([]plan.Action{plan.Create, plan.Update, plan.Delete, plan.Forget}).Draw(t, "action"),
			Reason: text.Draw(t, "reason"), Range: anySource(t), Risk: kind.Risk, Reboot: kind.Reboot,
		}
		if stage := anyValue(t, kind); s.Action == plan.Update && !stage.IsNull() && !s.Before.IsNull() && !s.After.IsNull() {
			s.Stage = stage
		}
		for _, a := range kind.Attributes {
			if rapid.Bool().Draw(t, "why") {
				s.Why = append(s.Why, plan.Why{Attribute: a.Name, Cause: plan.CauseBoth, Source: anySource(t), Profile: word.Draw(t, "profile")})
			}
		}
		if !slices.ContainsFunc(steps, func(other plan.Step) bool { return other.Address == s.Address }) {
			steps = append(steps, s)
		}
	}
	return steps
}

func anyKind(t *rapid.T) *schema.Kind { return rapid.SampledFrom(kinds.All()).Draw(t, "kind") }

func anyAddress(t *rapid.T, device schema.Device, kind *schema.Kind) schema.Setting {
	s := schema.Setting{Device: device, Kind: kind.Name}
	if kind.Keyed {
		s.Key = anyKey(t)
	}
	return s
}

// anyValue is a setting with secrets null, or none at all.
func anyValue(t *rapid.T, kind *schema.Kind) cty.Value {
	if rapid.Bool().Draw(t, "null") {
		return kind.Null()
	}
	values := map[string]cty.Value{}
	for _, a := range kind.Attributes {
		values[a.Name] = cty.NullVal(a.Type)
		if a.Secret || rapid.Bool().Draw(t, a.Name+" null") {
			continue
		}
		switch {
		case a.Type == cty.String:
			values[a.Name] = cty.StringVal(text.Draw(t, a.Name))
		case a.Type == cty.Bool:
			values[a.Name] = cty.BoolVal(rapid.Bool().Draw(t, a.Name))
		case a.Type == cty.Number:
			values[a.Name] = cty.NumberIntVal(rapid.Int64().Draw(t, a.Name))
		default:
			set := []cty.Value{cty.StringVal("192.0.2.1"), cty.StringVal(text.Draw(t, a.Name))}
			values[a.Name] = cty.SetVal(set[:rapid.IntRange(1, 2).Draw(t, "size")])
		}
	}
	return cty.ObjectVal(values)
}

func anySecret(t *rapid.T) plan.SecretSource {
	return plan.SecretSource{
		Origin: "env:" + word.Draw(t, "origin"), Fingerprint: word.Draw(t, "fingerprint"), Generation: rapid.IntRange(0, 2).Draw(t, "generation"),
	}
}

func anySecrets(t *rapid.T, kind *schema.Kind) map[string]plan.SecretSource {
	if kind.Name != "user" || rapid.Bool().Draw(t, "no secret") {
		return nil
	}
	return map[string]plan.SecretSource{"password": anySecret(t)}
}

func anySource(t *rapid.T) plan.Source {
	return plan.Source{File: word.Draw(t, "file"), Line: rapid.IntRange(0, 99).Draw(t, "line")}
}

func anyIdentity(t *rapid.T) providers.Identity {
	return providers.Identity{Serial: word.Draw(t, "serial"), Firmware: word.Draw(t, "firmware")}
}

// difference is how two plans differ, or "".
func difference(a, b *plan.Plan) string {
	return cmp.Diff(a, b, cmp.Comparer(func(x, y cty.Value) bool { return x.RawEquals(y) }), cmpopts.EquateEmpty())
}
