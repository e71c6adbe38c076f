package config

import (
	"errors"
	"fmt"
	"maps"

	"github.com/hashicorp/hcl/v2/ext/tryfunc"
	"github.com/zclconf/go-cty/cty"
	"github.com/zclconf/go-cty/cty/function"
	"github.com/zclconf/go-cty/cty/function/stdlib"

	ctyyaml "github.com/zclconf/go-cty-yaml"

	"camform/engine/diag"
	"camform/schema"
)

// Functions are the functions that expressions may call, by their names, for programs that go through them. Those that read
// something find nothing.
func Functions() map[string]function.Function {
	return newLoader(&Source{meter: newMeter()}, Options{}).functions()
}

// functions are the functions that expressions may call, with the names and the meaning that they have in Terraform.
func (l *loader) functions() map[string]function.Function {
	table := map[string]function.Function{
		// Numbers
		"abs":      stdlib.AbsoluteFunc,
		"ceil":     stdlib.CeilFunc,
		"floor":    stdlib.FloorFunc,
		"log":      stdlib.LogFunc,
		"max":      stdlib.MaxFunc,
		"min":      stdlib.MinFunc,
		"parseint": stdlib.ParseIntFunc,
		"pow":      stdlib.PowFunc,
		"signum":   stdlib.SignumFunc,

		// Text
		"chomp":       stdlib.ChompFunc,
		"endswith":    endsWithFunc,
		"format":      stdlib.FormatFunc,
		"formatlist":  stdlib.FormatListFunc,
		"indent":      stdlib.IndentFunc,
		"join":        stdlib.JoinFunc,
		"lower":       stdlib.LowerFunc,
		"regex":       stdlib.RegexFunc,
		"regexall":    stdlib.RegexAllFunc,
		"replace":     replaceFunc,
		"split":       stdlib.SplitFunc,
		"startswith":  startsWithFunc,
		"strcontains": containsTextFunc,
		"strrev":      stdlib.ReverseFunc,
		"substr":      stdlib.SubstrFunc,
		"title":       stdlib.TitleFunc,
		"trim":        stdlib.TrimFunc,
		"trimprefix":  stdlib.TrimPrefixFunc,
		"trimspace":   stdlib.TrimSpaceFunc,
		"trimsuffix":  stdlib.TrimSuffixFunc,
		"upper":       stdlib.UpperFunc,

		// Collections
		"alltrue":         allTrueFunc,
		"anytrue":         anyTrueFunc,
		"chunklist":       stdlib.ChunklistFunc,
		"coalesce":        coalesceFunc,
		"coalescelist":    stdlib.CoalesceListFunc,
		"compact":         stdlib.CompactFunc,
		"concat":          stdlib.ConcatFunc,
		"contains":        stdlib.ContainsFunc,
		"distinct":        distinctFunc,
		"element":         stdlib.ElementFunc,
		"flatten":         stdlib.FlattenFunc,
		"index":           indexFunc,
		"keys":            stdlib.KeysFunc,
		"length":          lengthFunc,
		"lookup":          lookupFunc,
		"matchkeys":       matchKeysFunc,
		"merge":           stdlib.MergeFunc,
		"one":             oneFunc,
		"range":           rangeFunc,
		"reverse":         stdlib.ReverseListFunc,
		"setintersection": stdlib.SetIntersectionFunc,
		"setproduct":      stdlib.SetProductFunc,
		"setsubtract":     stdlib.SetSubtractFunc,
		"setunion":        stdlib.SetUnionFunc,
		"slice":           stdlib.SliceFunc,
		"sort":            stdlib.SortFunc,
		"sum":             sumFunc,
		"transpose":       transposeFunc,
		"values":          stdlib.ValuesFunc,
		"zipmap":          stdlib.ZipmapFunc,

		// Encodings and hashes
		"base64decode":     base64DecodeFunc,
		"base64encode":     base64EncodeFunc,
		"base64gzip":       base64GzipFunc,
		"csvdecode":        csvDecodeFunc,
		"jsondecode":       shallowFunc(stdlib.JSONDecodeFunc, shallowJSON),
		"jsonencode":       stdlib.JSONEncodeFunc,
		"textdecodebase64": textDecodeBase64Func,
		"textencodebase64": textEncodeBase64Func,
		"urlencode":        urlEncodeFunc,
		"uuidv5":           uuidV5Func,
		"yamldecode":       shallowFunc(ctyyaml.YAMLDecodeFunc, shallowYAML),
		"yamlencode":       ctyyaml.YAMLEncodeFunc,

		// Dates
		"formatdate": stdlib.FormatDateFunc,
		"timeadd":    stdlib.TimeAddFunc,
		"timecmp":    timeCompareFunc,

		// Networks
		"cidrcontains": cidrContainsFunc,
		"cidrhost":     cidrHostFunc,
		"cidrnetmask":  cidrNetmaskFunc,
		"cidrsubnet":   cidrSubnetFunc,
		"cidrsubnets":  cidrSubnetsFunc,

		// Paths
		"basename": baseNameFunc,
		"dirname":  dirNameFunc,

		// Types
		"can":      l.secrets.trying(tryfunc.CanFunc),
		"tobool":   stdlib.MakeToFunc(cty.Bool),
		"tolist":   stdlib.MakeToFunc(cty.List(cty.DynamicPseudoType)),
		"tomap":    stdlib.MakeToFunc(cty.Map(cty.DynamicPseudoType)),
		"tonumber": stdlib.MakeToFunc(cty.Number),
		"toset":    stdlib.MakeToFunc(cty.Set(cty.DynamicPseudoType)),
		"tostring": stdlib.MakeToFunc(cty.String),
		"try":      l.secrets.trying(tryFunc),

		// Secrets
		"ephemeralasnull": ephemeralAsNullFunc,
		"issensitive":     isSensitiveFunc,
		"nonsensitive":    l.secrets.nonsensitiveFunc(),
		"secret":          l.secrets.function(l.origin),
		"sensitive":       sensitiveFunc,
	}
	for name, d := range digests {
		table[name] = textFunc("str", always(func(s string) string { return d.of([]byte(s)) }))
	}
	maps.Copy(table, fileFunctions(l))
	for _, name := range neverSettled {
		table[name] = neverFunc(name)
	}
	for name, f := range table {
		table[name] = l.costing(name, discreet(f))
	}
	table["templatefile"] = discreet(l.templateFileFunc(maps.Clone(table), l.meter))
	return table
}

// around makes a function with the parameters of f that takes every value, marks included, and answers with call.
func around(f function.Function, call func(args []cty.Value) (cty.Value, error)) function.Function {
	open := func(p function.Parameter) function.Parameter {
		p.AllowNull, p.AllowUnknown, p.AllowDynamicType, p.AllowMarked = true, true, true, true
		return p
	}
	spec := &function.Spec{Description: f.Description(), Type: function.StaticReturnType(cty.DynamicPseudoType)}
	for _, p := range f.Params() {
		spec.Params = append(spec.Params, open(p))
	}
	if p := f.VarParam(); p != nil {
		opened := open(*p)
		spec.VarParam = &opened
	}
	spec.Impl = func(args []cty.Value, _ cty.Type) (cty.Value, error) { return call(args) }
	return function.New(spec)
}

// discreet makes a function that answers like f, except that errors about secret arguments give no reason, since reasons
// quote arguments.
func discreet(f function.Function) function.Function {
	return around(f, func(args []cty.Value) (cty.Value, error) {
		v, err := f.Call(args)
		if err == nil {
			return v, nil
		}
		for _, arg := range args {
			if own := (diag.Problem{}); hasSecret(arg) && !errors.As(err, &own) {
				return v, errors.New("the reason is withheld, since an argument is secret")
			}
		}
		return v, err
	})
}

// naming makes a function that answers like f, except that its first arguments, which name a file or an origin, must not
// contain a secret: such names are shown in errors, plans and the state.
func naming(f function.Function, names int) function.Function {
	return around(f, func(args []cty.Value) (cty.Value, error) {
		for _, arg := range args[:names] {
			if hasSecret(arg) {
				return cty.NilVal, secretExposed.of("The names of files and the origins of secrets are shown, so they must not contain a secret. If one file holds settings and secrets, name the secret field itself: secret(\"sops:FILE#KEY\").")
			}
		}
		return f.Call(args)
	})
}

// neverSettled are functions of Terraform that give another result on every run.
var neverSettled = []string{"timestamp", "plantimestamp", "uuid", "bcrypt"}

// neverFunc is a function of Terraform that gives another result on every run.
func neverFunc(name string) function.Function {
	return function.New(&function.Spec{
		VarParam: &function.Parameter{Name: "arguments", Type: cty.DynamicPseudoType, AllowNull: true, AllowUnknown: true, AllowDynamicType: true},
		Type: func([]cty.Value) (cty.Type, error) {
			return cty.NilType, fmt.Errorf("%s() gives another result on every run, so no plan would ever be without changes; write the value down, or pass it in as a variable", name)
		},
	})
}

// tryFunc is try without the reasons why the expressions fail, which may quote secrets.
var tryFunc = function.New(&function.Spec{
	VarParam: tryfunc.TryFunc.VarParam(),
	Type: func(args []cty.Value) (cty.Type, error) {
		t, err := tryfunc.TryFunc.ReturnTypeForValues(args)
		if err != nil {
			return t, errors.New("none of the expressions succeeds")
		}
		return t, nil
	},
	Impl: func(args []cty.Value, _ cty.Type) (cty.Value, error) { return tryfunc.TryFunc.Call(args) },
})

// anything is a parameter that takes every value as it is.
func anything(name string) function.Parameter {
	return function.Parameter{Name: name, Type: cty.DynamicPseudoType, AllowNull: true, AllowUnknown: true, AllowDynamicType: true, AllowMarked: true}
}

// sensitiveFunc marks a value as secret. It has no origin then, and so cannot be the value of a secret attribute.
var sensitiveFunc = function.New(&function.Spec{
	Params: []function.Parameter{anything("value")},
	Type:   func(args []cty.Value) (cty.Type, error) { return args[0].Type(), nil },
	Impl: func(args []cty.Value, _ cty.Type) (cty.Value, error) {
		if hasSecret(args[0]) {
			return args[0], nil
		}
		return schema.MarkSecret(args[0], ""), nil
	},
})

// ephemeralAsNullFunc answers with what it is given: Terraform replaces by null what it never stores, and nothing is of that kind here.
// What camform does not store is secret, and stays so.
var ephemeralAsNullFunc = function.New(&function.Spec{
	Params: []function.Parameter{anything("value")},
	Type:   func(args []cty.Value) (cty.Type, error) { return args[0].Type(), nil },
	Impl:   func(args []cty.Value, _ cty.Type) (cty.Value, error) { return args[0], nil },
})

var isSensitiveFunc = function.New(&function.Spec{
	Params: []function.Parameter{anything("value")},
	Type:   function.StaticReturnType(cty.Bool),
	Impl: func(args []cty.Value, _ cty.Type) (cty.Value, error) {
		switch {
		case schema.IsSecret(args[0]):
			return cty.True, nil
		case !args[0].IsKnown():
			return cty.UnknownVal(cty.Bool), nil
		}
		return cty.False, nil
	},
})

// nonsensitiveFunc takes the mark from a value that was computed from sensitive variables. It refuses values that still
// contain one, and everything that was computed from secret(): no function can tell how much of a secret is left in those.
func (s *secretStore) nonsensitiveFunc() function.Function {
	return function.New(&function.Spec{
		Params: []function.Parameter{anything("value")},
		Type:   func(args []cty.Value) (cty.Type, error) { return args[0].Type(), nil },
		Impl: func(args []cty.Value, _ cty.Type) (cty.Value, error) {
			if fromOrigin(args[0]) {
				return cty.NilVal, secretExposed.of("nonsensitive() was given a value made from secret(), and anything made from that stays secret. Remove nonsensitive(), or keep what may be shown separate from the secrets.")
			}
			if s.revealed(args[0]) {
				return cty.NilVal, secretExposed.of("nonsensitive() was given a value that contains a secret unchanged. It is meant for values that are computed from secrets and reveal nothing about them, such as a length.")
			}
			v, _ := args[0].Unmark()
			return v, nil
		},
	})
}

// function is secret(), which reads a secret and marks it with its origin. In the language it is a text.
func (s *secretStore) function(read SecretReader) function.Function {
	return naming(function.New(&function.Spec{
		Params: []function.Parameter{{Name: "origin", Type: cty.String}},
		Type:   function.StaticReturnType(cty.String),
		Impl: func(args []cty.Value, _ cty.Type) (cty.Value, error) {
			origin := args[0].AsString()
			if err := schema.CheckOrigin(origin); err != nil {
				return cty.NilVal, diag.FromError(err, secretUnavailable.code, secretUnavailable.summary)
			}
			s.asked = append(s.asked, schema.SecretMark{Origin: origin})
			secret, known, err := read(origin)
			switch {
			case errors.Is(err, ErrSecretSealed):
				return schema.MarkSecret(cty.UnknownVal(cty.String), origin), nil
			case err != nil:
				return cty.NilVal, diag.FromError(err, secretUnavailable.code, secretUnavailable.summary)
			case !known:
				return schema.MarkSecret(cty.UnknownVal(cty.String), origin), nil
			}
			return schema.MarkSecret(cty.StringVal(secret.Reveal()), origin), nil
		},
	}), 1)
}
