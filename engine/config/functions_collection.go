package config

import (
	"errors"
	"slices"

	"github.com/zclconf/go-cty/cty"
	"github.com/zclconf/go-cty/cty/convert"
	"github.com/zclconf/go-cty/cty/function"
	"github.com/zclconf/go-cty/cty/function/stdlib"
)

var (
	allTrueFunc = booleansFunc(false) // false as soon as one is false
	anyTrueFunc = booleansFunc(true)  // true as soon as one is true
)

// booleansFunc makes a function that looks for a value in a list of bools and answers with it, or else with its opposite.
// Nulls count as false.
func booleansFunc(deciding bool) function.Function {
	return function.New(&function.Spec{
		Params: []function.Parameter{{Name: "list", Type: cty.List(cty.Bool)}},
		Type:   function.StaticReturnType(cty.Bool),
		Impl: func(args []cty.Value, _ cty.Type) (cty.Value, error) {
			unknown := false
			for _, v := range args[0].Elements() {
				switch {
				case !v.IsKnown():
					unknown = true
				case (!v.IsNull() && v.True()) == deciding:
					return cty.BoolVal(deciding), nil
				}
			}
			if unknown {
				return cty.UnknownVal(cty.Bool), nil
			}
			return cty.BoolVal(!deciding), nil
		},
	})
}

// coalesceFunc gives the first argument that is neither null nor empty text. All arguments are brought to one type.
var coalesceFunc = function.New(&function.Spec{
	VarParam: &function.Parameter{Name: "vals", Type: cty.DynamicPseudoType, AllowNull: true, AllowUnknown: true, AllowDynamicType: true, AllowMarked: true},
	Type: func(args []cty.Value) (cty.Type, error) {
		types := make([]cty.Type, len(args))
		for i, arg := range args {
			types[i] = arg.Type()
		}
		t, _ := convert.UnifyUnsafe(types)
		if t == cty.NilType {
			return t, errors.New("the arguments must have one type")
		}
		return t, nil
	},
	Impl: func(args []cty.Value, t cty.Type) (cty.Value, error) {
		passed := cty.ValueMarks{} // of the empty ones: which argument is given tells about those before it
		for _, arg := range args {
			v, err := convert.Convert(arg, t)
			if err != nil {
				return cty.NilVal, err
			}
			plain, marks := v.Unmark()
			passed = union(passed, marks)
			if !plain.IsKnown() {
				return cty.UnknownVal(t).WithMarks(passed), nil
			}
			if !isEmpty(plain) {
				return v.WithMarks(passed), nil
			}
		}
		return cty.NilVal, errors.New("every argument is null or empty")
	},
})

// indexFunc gives the position of a value in a list.
var indexFunc = function.New(&function.Spec{
	Params: []function.Parameter{{Name: "list", Type: cty.DynamicPseudoType}, {Name: "value", Type: cty.DynamicPseudoType}},
	Type: func(args []cty.Value) (cty.Type, error) {
		if t := args[0].Type(); !t.IsListType() && !t.IsTupleType() {
			return cty.NilType, function.NewArgErrorf(0, "a list is required")
		}
		return cty.Number, nil
	},
	Impl: func(args []cty.Value, _ cty.Type) (cty.Value, error) {
		for i, v := range args[0].Elements() {
			equal, err := stdlib.Equal(v, args[1])
			if err != nil {
				return cty.NilVal, err
			}
			if !equal.IsKnown() {
				return cty.UnknownVal(cty.Number), nil
			}
			if equal.True() {
				return i, nil
			}
		}
		return cty.NilVal, errors.New("the list does not contain the value")
	},
})

// lengthFunc counts the elements of a collection, or the characters of a string as people see them.
var lengthFunc = function.New(&function.Spec{
	Params: []function.Parameter{{Name: "value", Type: cty.DynamicPseudoType, AllowUnknown: true, AllowDynamicType: true}},
	Type:   function.StaticReturnType(cty.Number),
	Impl: func(args []cty.Value, _ cty.Type) (cty.Value, error) {
		switch t := args[0].Type(); {
		case t == cty.DynamicPseudoType:
			return cty.UnknownVal(cty.Number), nil
		case t == cty.String:
			return stdlib.Strlen(args[0])
		case t.IsObjectType():
			return cty.NumberIntVal(int64(len(t.AttributeTypes()))), nil
		case t.IsPrimitiveType() || t.IsCapsuleType():
			return cty.NilVal, function.NewArgErrorf(0, "a list, a map or a string is required")
		default:
			return stdlib.Length(args[0])
		}
	},
})

// lookupFunc gives the element of a map, or a default if there is none.
var lookupFunc = function.New(&function.Spec{
	Params:   []function.Parameter{{Name: "inputMap", Type: cty.DynamicPseudoType, AllowMarked: true}, {Name: "key", Type: cty.String, AllowMarked: true}},
	VarParam: &function.Parameter{Name: "default", Type: cty.DynamicPseudoType, AllowNull: true, AllowUnknown: true, AllowDynamicType: true, AllowMarked: true},
	Type:     function.StaticReturnType(cty.DynamicPseudoType),
	Impl: func(args []cty.Value, _ cty.Type) (cty.Value, error) {
		if len(args) > 3 {
			return cty.NilVal, errors.New("only one default is allowed")
		}
		container, marks := args[0].Unmark()
		key, keyMarks := args[1].Unmark()
		t := container.Type()
		if !t.IsMapType() && !t.IsObjectType() {
			return cty.NilVal, function.NewArgErrorf(0, "a map is required")
		}
		if v, ok := element(container, key.AsString()); ok {
			return v.WithMarks(marks, keyMarks), nil
		}
		if len(args) < 3 {
			return cty.NilVal, errors.New("there is no such key, and no default was given")
		}
		fallback := args[2]
		if t.IsMapType() {
			var err error
			if fallback, err = convert.Convert(fallback, t.ElementType()); err != nil {
				return cty.NilVal, function.NewArgErrorf(2, "the default must be of the type of the elements")
			}
		}
		return fallback.WithMarks(marks, keyMarks), nil
	},
})

// element is the element of a map with a key. It takes as long in a large map as in a small one.
func element(container cty.Value, key string) (v cty.Value, ok bool) {
	if container.Type().IsObjectType() {
		if !container.Type().HasAttribute(key) {
			return v, false
		}
		return container.GetAttr(key), true
	}
	if !container.HasIndex(cty.StringVal(key)).True() {
		return v, false
	}
	return container.Index(cty.StringVal(key)), true
}

// matchKeysFunc gives the values whose keys, at the same position of a second list, are in a set.
var matchKeysFunc = function.New(&function.Spec{
	Params: []function.Parameter{
		{Name: "values", Type: cty.List(cty.DynamicPseudoType)},
		{Name: "keys", Type: cty.List(cty.DynamicPseudoType)},
		{Name: "searchset", Type: cty.List(cty.DynamicPseudoType)},
	},
	Type: func(args []cty.Value) (cty.Type, error) { return args[0].Type(), nil },
	Impl: func(args []cty.Value, t cty.Type) (cty.Value, error) {
		if !args[0].IsWhollyKnown() || !args[1].IsWhollyKnown() || !args[2].IsWhollyKnown() {
			return cty.UnknownVal(t), nil
		}
		values, keys, wanted := args[0].AsValueSlice(), args[1].AsValueSlice(), args[2].AsValueSlice()
		if len(values) != len(keys) {
			return cty.NilVal, errors.New("values and keys must be of the same length")
		}
		var found []cty.Value
		for i, key := range keys {
			if slices.ContainsFunc(wanted, func(w cty.Value) bool { return sameText(key, w) }) {
				found = append(found, values[i])
			}
		}
		if len(found) == 0 {
			return cty.ListValEmpty(t.ElementType()), nil
		}
		return cty.ListVal(found), nil
	},
})

// sameText reports whether two values are equal, the type of one being converted to that of the other.
func sameText(a, b cty.Value) bool {
	converted, err := convert.Convert(b, a.Type())
	return err == nil && a.RawEquals(converted)
}

// oneFunc gives the only element of a collection, or null if it is empty.
var oneFunc = function.New(&function.Spec{
	Params: []function.Parameter{{Name: "list", Type: cty.DynamicPseudoType}},
	Type: func(args []cty.Value) (cty.Type, error) {
		t := args[0].Type()
		switch {
		case t.IsListType() || t.IsSetType():
			return t.ElementType(), nil
		case t.IsTupleType() && t.Length() == 0:
			return cty.DynamicPseudoType, nil
		case t.IsTupleType() && t.Length() == 1:
			return t.TupleElementType(0), nil
		case t.IsTupleType():
			return cty.NilType, function.NewArgErrorf(0, "there must be no more than one element")
		}
		return cty.NilType, function.NewArgErrorf(0, "a list, set or tuple is required")
	},
	Impl: func(args []cty.Value, t cty.Type) (cty.Value, error) {
		switch args[0].LengthInt() {
		case 0:
			return cty.NullVal(t), nil
		case 1:
			return args[0].AsValueSlice()[0], nil
		}
		return cty.NilVal, function.NewArgErrorf(0, "there must be no more than one element")
	},
})

// rangeLimit bounds the results of range, so that a slip does not fill the memory.
const rangeLimit = 1 << 16

// rangeFunc counts: range(max), range(start, limit) or range(start, limit, step). The limit itself is left out.
var rangeFunc = function.New(&function.Spec{
	VarParam: &function.Parameter{Name: "params", Type: cty.Number},
	Type:     function.StaticReturnType(cty.List(cty.Number)),
	Impl: func(args []cty.Value, _ cty.Type) (cty.Value, error) {
		start, limit, step, err := rangeBounds(args)
		if err != nil {
			return cty.NilVal, err
		}
		down := step.LessThan(cty.Zero).True()
		var numbers []cty.Value
		for n := start; !n.RawEquals(limit) && n.LessThan(limit).True() != down; n = n.Add(step) {
			if len(numbers) == rangeLimit {
				return cty.NilVal, errors.New("this would be more than 65536 numbers")
			}
			numbers = append(numbers, n)
		}
		if len(numbers) == 0 {
			return cty.ListValEmpty(cty.Number), nil
		}
		return cty.ListVal(numbers), nil
	},
})

func rangeBounds(args []cty.Value) (start, limit, step cty.Value, err error) {
	switch len(args) {
	case 1:
		start, limit = cty.Zero, args[0]
	case 2, 3:
		start, limit = args[0], args[1]
	default:
		return start, limit, step, errors.New("range accepts one, two or three numbers")
	}
	down := limit.LessThan(start).True()
	if len(args) < 3 {
		step = cty.NumberIntVal(1)
		if down {
			step = cty.NumberIntVal(-1)
		}
		return start, limit, step, nil
	}
	step = args[2]
	switch {
	case step.RawEquals(cty.Zero):
		return start, limit, step, function.NewArgErrorf(2, "the step must not be zero")
	case !limit.RawEquals(start) && step.LessThan(cty.Zero).True() != down:
		return start, limit, step, function.NewArgErrorf(2, "the step leads away from the limit")
	}
	return start, limit, step, nil
}

// sumFunc adds up the numbers of a list.
var sumFunc = function.New(&function.Spec{
	Params: []function.Parameter{{Name: "list", Type: cty.DynamicPseudoType}},
	Type:   function.StaticReturnType(cty.Number),
	Impl: func(args []cty.Value, _ cty.Type) (cty.Value, error) {
		if t := args[0].Type(); !t.IsListType() && !t.IsSetType() && !t.IsTupleType() {
			return cty.NilVal, function.NewArgErrorf(0, "a list of numbers is required")
		}
		if args[0].LengthInt() == 0 {
			return cty.NilVal, function.NewArgErrorf(0, "there must be at least one number")
		}
		sum := cty.Zero
		for _, v := range args[0].Elements() {
			n, err := convert.Convert(v, cty.Number)
			if err != nil || n.IsNull() {
				return cty.NilVal, function.NewArgErrorf(0, "every element must be a number")
			}
			sum = sum.Add(n)
		}
		return sum, nil
	},
})

// transposeFunc swaps keys and values of a map of lists of strings.
var transposeFunc = function.New(&function.Spec{
	Params: []function.Parameter{{Name: "values", Type: cty.Map(cty.List(cty.String))}},
	Type:   function.StaticReturnType(cty.Map(cty.List(cty.String))),
	Impl: func(args []cty.Value, t cty.Type) (cty.Value, error) {
		if !args[0].IsWhollyKnown() {
			return cty.UnknownVal(t), nil
		}
		swapped := map[string][]cty.Value{}
		for key, words := range args[0].Elements() {
			if words.IsNull() {
				return cty.NilVal, function.NewArgErrorf(0, "no element may be null")
			}
			for _, word := range words.Elements() {
				if word.IsNull() {
					return cty.NilVal, function.NewArgErrorf(0, "no element may be null")
				}
				swapped[word.AsString()] = append(swapped[word.AsString()], key)
			}
		}
		if len(swapped) == 0 {
			return cty.MapValEmpty(cty.List(cty.String)), nil
		}
		result := map[string]cty.Value{}
		for word, keys := range swapped {
			result[word] = cty.ListVal(keys)
		}
		return cty.MapVal(result), nil
	},
})
