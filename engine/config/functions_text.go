package config

import (
	"errors"
	"path"
	"strings"
	"time"

	"github.com/zclconf/go-cty/cty"
	"github.com/zclconf/go-cty/cty/function"
	"github.com/zclconf/go-cty/cty/function/stdlib"

	"camform/engine/diag"
)

// textFunc makes a function from one string to another.
func textFunc(parameter string, f func(string) (string, error)) function.Function {
	return function.New(&function.Spec{
		Params: []function.Parameter{{Name: parameter, Type: cty.String}},
		Type:   function.StaticReturnType(cty.String),
		Impl: func(args []cty.Value, _ cty.Type) (cty.Value, error) {
			text, err := f(args[0].AsString())
			if err != nil {
				return cty.NilVal, aboutFirst(err)
			}
			return cty.StringVal(text), nil
		},
	})
}

// aboutFirst is an error about the first argument. A problem of our own keeps its words.
func aboutFirst(err error) error {
	if own := (diag.Problem{}); errors.As(err, &own) {
		return err
	}
	return function.NewArgError(0, err)
}

// always turns a function that cannot fail into one that could.
func always(f func(string) string) func(string) (string, error) {
	return func(text string) (string, error) { return f(text), nil }
}

// compareFunc makes a function that tells something about two strings.
func compareFunc(second string, f func(a, b string) bool) function.Function {
	return function.New(&function.Spec{
		Params: []function.Parameter{{Name: "str", Type: cty.String}, {Name: second, Type: cty.String}},
		Type:   function.StaticReturnType(cty.Bool),
		Impl: func(args []cty.Value, _ cty.Type) (cty.Value, error) {
			return cty.BoolVal(f(args[0].AsString(), args[1].AsString())), nil
		},
	})
}

var (
	startsWithFunc   = compareFunc("prefix", strings.HasPrefix)
	endsWithFunc     = compareFunc("suffix", strings.HasSuffix)
	containsTextFunc = compareFunc("substr", strings.Contains)
)

// replaceFunc replaces text, or what a regular expression matches if the text stands between slashes.
var replaceFunc = function.New(&function.Spec{
	Params: []function.Parameter{
		{Name: "str", Type: cty.String}, {Name: "substr", Type: cty.String}, {Name: "replace", Type: cty.String},
	},
	Type: function.StaticReturnType(cty.String),
	Impl: func(args []cty.Value, _ cty.Type) (cty.Value, error) {
		if pattern, ok := patternIn(args[1].AsString()); ok {
			return stdlib.RegexReplace(args[0], cty.StringVal(pattern), args[2])
		}
		return stdlib.Replace(args[0], args[1], args[2])
	},
})

var (
	baseNameFunc = textFunc("path", always(path.Base))
	dirNameFunc  = textFunc("path", always(path.Dir))
)

// timeCompareFunc orders two times: -1, 0 or 1.
var timeCompareFunc = function.New(&function.Spec{
	Params: []function.Parameter{{Name: "timestamp_a", Type: cty.String}, {Name: "timestamp_b", Type: cty.String}},
	Type:   function.StaticReturnType(cty.Number),
	Impl: func(args []cty.Value, _ cty.Type) (cty.Value, error) {
		var times [2]time.Time
		for i, arg := range args {
			t, err := time.Parse(time.RFC3339, arg.AsString())
			if err != nil {
				return cty.NilVal, function.NewArgErrorf(i, "a time is written like 2006-01-02T15:04:05Z")
			}
			times[i] = t
		}
		return cty.NumberIntVal(int64(times[0].Compare(times[1]))), nil
	},
})
