package config

import (
	"errors"
	"fmt"
	"regexp"

	"github.com/hashicorp/go-version"
	"github.com/hashicorp/hcl/v2"
	"github.com/zclconf/go-cty/cty"
	"github.com/zclconf/go-cty/cty/convert"
	"github.com/zclconf/go-cty/cty/function"
)

// Facts is what is known of a device when its checks are evaluated.
type Facts interface {
	// Self is the object `self`, of the type SelfType. What is not known of the device is null.
	Self() cty.Value

	// Observed gives the texts of an element of a document in the order of the document, none if the document lacks the
	// element. It fails where the document is not there, could not be read or is empty: then the element is unknown.
	// The path is one of Rule.Documents; the element is written like "List/Item[name=x]/value".
	Observed(path, element string) ([]string, error)
}

// SelfType is the type of the object `self`. The certificate is null over plain HTTP. The clock is in seconds against that of this
// machine: by how much it is ahead, how much it is off whichever way, and by how much both may be wrong; null if the device does not
// tell. The advisories are the ids of security
// advisories that affect the device, and of those that may. The ways of recovery are those to a new
// password that are prepared, for the day on which nobody knows the old one; null if that is not known.
var SelfType = cty.Object(map[string]cty.Type{
	"address": cty.String, "url": cty.String, "serial": cty.String, "mac": cty.String, "model": cty.String,
	"firmware": cty.String, "username": cty.String, "location": cty.String, "site": cty.String, "tags": cty.Set(cty.String),
	"ownership": cty.Object(map[string]cty.Type{
		"owner": cty.String, "custodian": cty.String, "purchased_from": cty.String, "invoice": cty.String, "label_photo": cty.String,
		"warranty": cty.String, "warranty_until": cty.String, "contract": cty.String, "contract_until": cty.String,
		"missing": cty.List(cty.String),
	}),
	"certificate": cty.Object(map[string]cty.Type{
		"subject": cty.String, "issuer": cty.String, "not_after": cty.String,
		"days_left": cty.Number, "self_signed": cty.Bool, "key": cty.String,
	}),
	"clock":      cty.Object(map[string]cty.Type{"ahead": cty.Number, "off": cty.Number, "within": cty.Number}),
	"advisories": cty.Object(map[string]cty.Type{"affected": cty.List(cty.String), "unknown": cty.List(cty.String)}),
	"recovery":   cty.Object(map[string]cty.Type{"ways": cty.List(cty.String)}),
})

// Assert is one assertion of a check.
type Assert struct {
	Range     hcl.Range // the header of its block
	condition hcl.Expression
	message   hcl.Expression
	ctx       *hcl.EvalContext
	meter     *meter
	templates func(*meter) function.Function // makes templatefile
}

// Evaluate reports whether the assertion holds for a device and, if it does not, what the configuration has to say about it.
// The error says why that is not known: a document could not be read, even where the condition would get along without it,
// or the condition cannot be evaluated, or is null. The error of Facts.Observed comes back as it is; the others contain no secret. An assertion may
// be evaluated by several goroutines at once.
func (a Assert) Evaluate(facts Facts) (holds bool, message string, err error) {
	observer := &observer{facts: facts}
	own := &meter{steps: assertSteps, bytes: assertBytes}
	ctx := observing(a.ctx, facts.Self(), a.templates(own), observer.read)
	defer a.meter.within(ctx, own)()
	defer func() {
		reason := recover()
		if over, ok := reason.(exceeded); ok {
			holds, message, err = false, "", over.problem
		} else if reason != nil {
			panic(reason)
		}
	}()
	v, diags := evaluate(a.condition, ctx)
	if observer.failed != nil {
		return false, "", observer.failed
	}
	holds, err = truth(v, diags)
	if err != nil {
		return false, "", fmt.Errorf("the condition at %s %w", line(a.condition.Range()), err)
	}
	if holds {
		return true, "", nil
	}
	text, diags := evaluate(a.message, ctx)
	if diags.HasErrors() {
		text = cty.DynamicVal
	}
	return false, messageText(text), nil
}

// truth is what a condition came to.
func truth(v cty.Value, diags hcl.Diagnostics) (bool, error) {
	if diags.HasErrors() {
		problem := fromHCL(diags)[0]
		return false, errors.New("cannot be evaluated: " + problem.Detail)
	}
	v, _ = v.UnmarkDeep()
	v, err := convert.Convert(v, cty.Bool)
	switch {
	case err != nil:
		return false, errors.New("is neither true nor false")
	case !v.IsKnown():
		return false, errors.New("asks for a secret that was not read: it is not available, or a command prints it, which runs only for logins and values of settings")
	case v.IsNull():
		return false, errors.New("is null: the device does not show what it asks for, or the configuration says nothing about this device")
	}
	return v.True(), nil
}

// observer reads elements of documents, and remembers that it could not. Functions such as try would hide that.
type observer struct {
	facts  Facts
	failed error
}

// read gives the texts of an element as a list of strings.
func (o *observer) read(path, element string) (cty.Value, error) {
	texts, err := o.facts.Observed(path, element)
	if err != nil {
		if o.failed == nil {
			o.failed = err
		}
		return cty.NilVal, err
	}
	if len(texts) == 0 {
		return cty.ListValEmpty(cty.String), nil
	}
	values := make([]cty.Value, len(texts))
	for i, text := range texts {
		values[i] = cty.StringVal(text)
	}
	return cty.ListVal(values), nil
}

// observing adds to the scope of an assertion what depends on the device.
func observing(ctx *hcl.EvalContext, self cty.Value, templates function.Function, read func(path, element string) (cty.Value, error)) *hcl.EvalContext {
	ctx = ctx.NewChild()
	ctx.Variables = map[string]cty.Value{"self": self}
	ctx.Functions = map[string]function.Function{
		"templatefile": templates,
		"observed":     observedFunc(cty.String, read, first),
		"observed_all": observedFunc(cty.List(cty.String), read, all),
	}
	return ctx
}

// assertOnly are the functions that only assertions have.
var assertOnly = []string{"observed", "observed_all", "version_at_least"}

func isObservation(name string) bool { return name == "observed" || name == "observed_all" }

// observedFunc makes a function of path and element that answers with what pick takes from the texts.
func observedFunc(answer cty.Type, read func(path, element string) (cty.Value, error), pick func(cty.Value) cty.Value) function.Function {
	return function.New(&function.Spec{
		Params: []function.Parameter{{Name: "path", Type: cty.String}, {Name: "element", Type: cty.String}},
		Type:   function.StaticReturnType(answer),
		Impl: func(args []cty.Value, _ cty.Type) (cty.Value, error) {
			texts, err := read(args[0].AsString(), args[1].AsString())
			if err != nil {
				return cty.NilVal, err
			}
			return pick(texts), nil
		},
	})
}

func all(texts cty.Value) cty.Value { return texts }

// first is the first text, or null if there is none.
func first(texts cty.Value) cty.Value {
	switch {
	case !texts.IsKnown():
		return cty.UnknownVal(cty.String)
	case texts.LengthInt() == 0:
		return cty.NullVal(cty.String)
	}
	return texts.Index(cty.NumberIntVal(0))
}

// dottedNumbers finds the version at the start of a text. What follows, such as the date of a build, is no part of it.
var dottedNumbers = regexp.MustCompile(`^\s*[vV]?([0-9]+(?:\.[0-9]+)*)`)

// versionAtLeastFunc is version_at_least(have, want): whether a version of firmware such as "V5.7.18 build 240826" is at
// least another one, by the dotted numbers at its start. It is null if either is null, or if have begins with none.
var versionAtLeastFunc = function.New(&function.Spec{
	Params: []function.Parameter{
		{Name: "have", Type: cty.String, AllowNull: true, AllowUnknown: true},
		{Name: "want", Type: cty.String, AllowNull: true},
	},
	Type: function.StaticReturnType(cty.Bool),
	Impl: func(args []cty.Value, _ cty.Type) (cty.Value, error) {
		if args[1].IsNull() {
			return cty.NullVal(cty.Bool), nil
		}
		want := dotted(args[1].AsString())
		switch {
		case want == nil:
			return cty.NilVal, function.NewArgErrorf(1, "%q does not begin with a version such as 5.7.18", args[1].AsString())
		case !args[0].IsKnown():
			return cty.UnknownVal(cty.Bool), nil
		case args[0].IsNull():
			return cty.NullVal(cty.Bool), nil
		}
		have := dotted(args[0].AsString())
		if have == nil {
			return cty.NullVal(cty.Bool), nil
		}
		return cty.BoolVal(have.GreaterThanOrEqual(want)), nil
	},
})

// dotted is the version at the start of a text, nil if there is none.
func dotted(text string) *version.Version {
	found := dottedNumbers.FindStringSubmatch(text)
	if found == nil {
		return nil
	}
	v, err := version.NewVersion(found[1])
	if err != nil {
		return nil
	}
	return v
}
