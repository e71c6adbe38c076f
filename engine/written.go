package engine

import (
	"encoding/json"

	"github.com/zclconf/go-cty/cty"
	ctyjson "github.com/zclconf/go-cty/cty/json"

	"camform/engine/config"
	"camform/engine/plan"
)

// configurationOf is a configuration as a plan keeps it.
func configurationOf(w config.Written) plan.Configuration {
	c := plan.Configuration{Blocks: blocksOf(w.Blocks)}
	for _, v := range w.Variables {
		c.Variables = append(c.Variables, plan.Variable{Name: v.Name, Value: constantOf(v.Value), Sensitive: v.Sensitive})
	}
	return c
}

func blocksOf(written []config.Block) []plan.Declaration {
	var all []plan.Declaration
	for _, w := range written {
		b := plan.Declaration{Type: w.Type, Name: w.Name, Blocks: blocksOf(w.Blocks), Source: plan.SourceOf(w.Range)}
		for name, e := range w.Arguments {
			if b.Arguments == nil {
				b.Arguments = map[string]plan.Expression{}
			}
			b.Arguments[name] = plan.Expression{Constant: constantOf(e.Constant), References: e.References}
		}
		all = append(all, b)
	}
	return all
}

// constantOf is a known value without secrets as JSON, empty where there is none.
func constantOf(v cty.Value) json.RawMessage {
	if v == cty.NilVal {
		return nil
	}
	text, err := ctyjson.SimpleJSONValue{Value: v}.MarshalJSON()
	if err != nil {
		return nil // a capsule, which cannot be shown
	}
	return text
}
