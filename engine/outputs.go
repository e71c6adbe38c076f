package engine

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/zclconf/go-cty/cty"
	ctyjson "github.com/zclconf/go-cty/cty/json"

	"camform/engine/config"
	"camform/engine/plan"
	"camform/engine/state"
	"camform/schema"
)

// outputsOf are those of a configuration, with what applying the plan does to their records, and those that the configuration
// no longer has. Where the key of the state is elsewhere, nobody knows whether a sensitive one changes.
func outputsOf(ctx context.Context, store *state.Fleet, declared []config.Output, elsewhere bool) ([]plan.Output, error) {
	remembered, err := store.AllOutputs(ctx)
	if err != nil {
		return nil, err
	}
	last := map[string]state.Output{}
	for _, o := range remembered {
		last[o.Name] = o
	}
	var all []plan.Output
	for _, o := range declared {
		out := plan.Output{Name: o.Name, Sensitive: o.Sensitive, Value: cty.NullVal(cty.DynamicPseudoType)}
		if o.Sensitive {
			if out.Mark, err = markOf(store.Key, o.Value); err != nil {
				return nil, fmt.Errorf("output %s: %w", o.Name, err)
			}
		} else {
			out.Value = o.Value
		}
		if out, err = comparedOutput(out, last); err != nil {
			return nil, fmt.Errorf("output %s: %w", o.Name, err)
		}
		if elsewhere && out.Sensitive {
			out.Mark = ""
			if had, known := last[o.Name]; known && had.Sensitive {
				out.Action, out.Elsewhere = "", true
			}
		}
		delete(last, o.Name)
		all = append(all, out)
	}
	for name, o := range last {
		all = append(all, plan.Output{Name: name, Action: plan.Delete, Sensitive: o.Sensitive, Value: cty.NullVal(cty.DynamicPseudoType), Before: o.Value})
	}
	slices.SortFunc(all, func(a, b plan.Output) int { return strings.Compare(a.Name, b.Name) })
	return all, nil
}

// comparedOutput is an output with its change.
func comparedOutput(out plan.Output, last map[string]state.Output) (plan.Output, error) {
	had, known := last[out.Name]
	now, err := rememberedOutput(out)
	if err != nil {
		return out, err
	}
	out.Before = had.Value
	switch {
	case !known:
		out.Action = plan.Create
	case had.Sensitive != now.Sensitive || had.Mark != now.Mark || !bytes.Equal(had.Type, now.Type) || !bytes.Equal(had.Value, now.Value):
		out.Action = plan.Update
	}
	return out, nil
}

// markOf tells a sensitive value from others without telling what it is. Of a secret within it counts where it comes from, and not what it
// is: a new password is no change of the configuration.
func markOf(key *state.Key, v cty.Value) (string, error) {
	plain, marks := v.UnmarkDeepWithPaths()
	var origins []string
	for _, m := range marks {
		origins = append(origins, fmt.Sprintf("%#v=%s", m.Path, schema.Origin(cty.DynamicVal.WithMarks(m.Marks))))
	}
	slices.Sort(origins)
	blank, err := cty.Transform(plain, func(path cty.Path, part cty.Value) (cty.Value, error) {
		if !part.IsKnown() || slices.ContainsFunc(marks, func(m cty.PathValueMarks) bool { return m.Path.Equals(path) }) {
			return cty.NullVal(part.Type()), nil
		}
		return part, nil
	})
	if err != nil {
		return "", err
	}
	text, err := ctyjson.SimpleJSONValue{Value: blank}.MarshalJSON()
	if err != nil {
		return "", err
	}
	all, err := json.Marshal([]any{origins, json.RawMessage(text)})
	return key.Name(all), err
}

// rememberedOutput is an output of a plan as the state keeps it.
func rememberedOutput(o plan.Output) (state.Output, error) {
	kept := state.Output{Name: o.Name, Sensitive: o.Sensitive, Mark: o.Mark}
	if o.Sensitive {
		return kept, nil
	}
	var err error
	if kept.Type, err = ctyjson.MarshalType(o.Value.Type()); err != nil {
		return kept, err
	}
	kept.Value, err = ctyjson.Marshal(o.Value, o.Value.Type())
	return kept, err
}

// KeepOutputs remembers the outputs of a plan that was applied, if it changes any.
func KeepOutputs(ctx context.Context, store *state.Outputs, p *plan.Plan) error {
	if !p.ChangesOutputs() {
		return nil
	}
	var kept []state.Output
	for _, o := range p.Outputs {
		if o.Action == plan.Delete {
			continue
		}
		one, err := rememberedOutput(o)
		if err != nil {
			return fmt.Errorf("output %s: %w", o.Name, err)
		}
		kept = append(kept, one)
	}
	return store.SaveOutputs(ctx, kept)
}
