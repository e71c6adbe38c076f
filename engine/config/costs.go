package config

import (
	"errors"
	"regexp"
	"regexp/syntax"
	"strconv"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/zclconf/go-cty/cty"
	"github.com/zclconf/go-cty/cty/function"
	"github.com/zclconf/go-cty/cty/function/stdlib"
)

// cost is what a call will take: steps, and bytes of text.
type cost struct{ steps, bytes int64 }

// costs are the costs of the functions whose results grow faster than their arguments, or that compare everything with
// everything. They are called with known arguments only, and 0 is enough for arguments that the function refuses. All other
// functions take what their arguments and results weigh.
var costs = map[string]func(args []cty.Value) cost{
	"format":     formatCost,
	"formatlist": formatCost,
	"indent":     func(a []cty.Value) cost { return cost{bytes: times(whole(a, 0), 1+count(a, 1, "\n"))} },
	"join":       joinCost,
	"matchkeys":  func(a []cty.Value) cost { return cost{steps: times(length(a, 1), length(a, 2))} },
	"regex":      func(a []cty.Value) cost { return cost{steps: patternCost(text(a, 0), text(a, 1))} },
	"regexall":   func(a []cty.Value) cost { return cost{steps: patternCost(text(a, 0), text(a, 1))} },
	"replace":    replaceCost,
	"setproduct": setProductCost,
}

// costing makes a function that counts its cost before it is called.
func (l *loader) costing(name string, f function.Function) function.Function {
	of, ok := costs[name]
	if !ok {
		return f
	}
	spec := &function.Spec{Description: f.Description(), Params: f.Params(), VarParam: f.VarParam(), Type: function.StaticReturnType(cty.DynamicPseudoType)}
	spec.Impl = func(args []cty.Value, _ cty.Type) (cty.Value, error) {
		plain := make([]cty.Value, len(args))
		for i, arg := range args {
			plain[i], _ = arg.UnmarkDeep()
			if !plain[i].IsWhollyKnown() || plain[i].IsNull() {
				return f.Call(args)
			}
		}
		c := of(plain)
		switch {
		case !l.meter.closed:
			l.meter.spend(c.steps, c.bytes, hcl.Range{})
		case c.steps > assertSteps || c.bytes > assertBytes:
			return cty.NilVal, errors.New("this would take too many steps, or yield too much text")
		}
		return f.Call(args)
	}
	return function.New(spec)
}

// most is more than any evaluation may take.
const most = 1 << 50

// times multiplies without overflow.
func times(a, b int64) int64 {
	if a > 0 && b > most/a {
		return most
	}
	return a * b
}

// text is an argument that is a string, empty if it is none.
func text(args []cty.Value, i int) string {
	if i < len(args) && args[i].Type() == cty.String {
		return args[i].AsString()
	}
	return ""
}

func count(args []cty.Value, i int, part string) int64 {
	return int64(strings.Count(text(args, i), part))
}

// whole is an argument that is a whole number.
func whole(args []cty.Value, i int) int64 {
	n, err := integer[int](args, i)
	if err != nil {
		return 0
	}
	return min(max(int64(n), 0), most)
}

// length is how many elements an argument has, or 1 if it has none.
func length(args []cty.Value, i int) int64 {
	if i >= len(args) || !args[i].CanIterateElements() {
		return 1
	}
	return int64(args[i].LengthInt())
}

func joinCost(args []cty.Value) cost {
	var parts int64
	for i := 1; i < len(args); i++ {
		parts += length(args, i)
	}
	return cost{bytes: times(int64(len(text(args, 0))), parts)}
}

func setProductCost(args []cty.Value) cost {
	product := int64(len(args))
	for i := range args {
		product = times(product, length(args, i))
	}
	return cost{steps: product}
}

// formatVerb finds the width and the precision of a verb.
var formatVerb = regexp.MustCompile(`%[-+ #0]*(?:\[[0-9]+\])?[-+ #0]*([0-9]*)(?:\.([0-9]*))?`)

func formatCost(args []cty.Value) cost {
	var width int64
	for _, verb := range formatVerb.FindAllStringSubmatch(text(args, 0), -1) {
		for _, digits := range verb[1:] {
			if n, err := strconv.ParseUint(digits, 10, 62); err == nil {
				width = min(width+int64(n), most)
			} else if digits != "" {
				width = most
			}
		}
	}
	longest := int64(1)
	for i := range args {
		longest = max(longest, length(args, i))
	}
	return cost{bytes: times(width, longest)}
}

func replaceCost(args []cty.Value) cost {
	in, search, by := text(args, 0), text(args, 1), text(args, 2)
	pattern, isPattern := patternIn(search)
	if !isPattern {
		return cost{bytes: times(int64(strings.Count(in, search)), int64(len(by)))}
	}
	steps := patternCost(pattern, in)
	if steps >= most {
		return cost{steps: steps}
	}
	found, err := regexp.Compile(pattern)
	if err != nil {
		return cost{}
	}
	matches := int64(len(found.FindAllStringIndex(in, -1)))
	return cost{steps: 2 * steps, bytes: times(matches, int64(len(by))) + times(count(args, 2, "$"), int64(len(in)))}
}

// maxPattern is how many instructions a regular expression may have: to compile it takes time in proportion.
const maxPattern = 10_000

// patternCost is what it takes to compile a regular expression and to go through a text with it: at each character it can
// be at any of its instructions.
func patternCost(pattern, in string) int64 {
	parsed, err := syntax.Parse(pattern, syntax.Perl)
	if err != nil {
		return 0
	}
	size := patternSize(parsed)
	if size > maxPattern {
		return most
	}
	return size + times(size, int64(len(in)))/16
}

// patternSize is about how many instructions a regular expression has when its repetitions are written out.
func patternSize(p *syntax.Regexp) int64 {
	size := int64(1 + len(p.Rune))
	for _, part := range p.Sub {
		size += patternSize(part)
	}
	if p.Op == syntax.OpRepeat {
		size = times(size, int64(max(p.Max, p.Min, 1)))
	}
	return size
}

// patternIn is the regular expression between slashes in the second argument of replace.
func patternIn(search string) (string, bool) {
	if len(search) > 1 && strings.HasPrefix(search, "/") && strings.HasSuffix(search, "/") {
		return search[1 : len(search)-1], true
	}
	return "", false
}

// shallowFunc makes a function of a text that is refused where check refuses it.
func shallowFunc(f function.Function, check func(string) error) function.Function {
	spec := &function.Spec{
		Description: f.Description(), Params: f.Params(), VarParam: f.VarParam(),
		Type: func(args []cty.Value) (cty.Type, error) {
			if arg, _ := args[0].Unmark(); arg.Type() == cty.String && arg.IsKnown() && !arg.IsNull() {
				if err := check(arg.AsString()); err != nil {
					return cty.NilType, function.NewArgError(0, err)
				}
			}
			return f.ReturnTypeForValues(args)
		},
		Impl: func(args []cty.Value, _ cty.Type) (cty.Value, error) { return f.Call(args) },
	}
	return function.New(spec)
}

// distinctFunc leaves out values that came before. That of the library compares each with each.
var distinctFunc = function.New(&function.Spec{
	Params: stdlib.DistinctFunc.Params(),
	Type:   func(args []cty.Value) (cty.Type, error) { return stdlib.DistinctFunc.ReturnTypeForValues(args) },
	Impl: func(args []cty.Value, t cty.Type) (cty.Value, error) {
		if !args[0].IsWhollyKnown() {
			return cty.UnknownVal(t), nil
		}
		seen := map[int][]cty.Value{}
		var found []cty.Value
	elements:
		for _, v := range args[0].Elements() {
			hash := v.Hash()
			for _, other := range seen[hash] {
				if v.RawEquals(other) {
					continue elements
				}
			}
			seen[hash] = append(seen[hash], v)
			found = append(found, v)
		}
		if len(found) == 0 {
			return cty.ListValEmpty(t.ElementType()), nil
		}
		return cty.ListVal(found), nil
	},
})
