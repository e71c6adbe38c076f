package config

import (
	"fmt"
	"strings"
	"sync"

	"github.com/hashicorp/hcl/v2"
	"github.com/zclconf/go-cty/cty"

	"camform/engine/diag"
	"camform/schema/nesting"
)

// The bounds of an evaluation. They are counts and not times, so that a configuration loads on every machine or on none. What
// an honest configuration does grows with the text that it reads and with its devices; so do the steps and bytes that it
// may take. What grows faster, such as a loop within a loop over the same list, ends at a bound within about a second.
const (
	// freeSteps are the steps of every evaluation. A step is one expression that is evaluated once, or one value that an
	// expression yields or a function is given; it takes from 50 ns to 1 µs.
	freeSteps = 500_000

	// stepsPerByte are further steps for each byte of text that is read. A cell of a table has at least two bytes with its
	// comma, and goes through up to ten expressions on its way into a device.
	stepsPerByte = 8

	// stepsPerDevice are further steps for each device of a for_each. A body of 100 settings takes about 2,000.
	stepsPerDevice = 10_000

	// freeBytes, bytesPerByte and bytesPerDevice bound the text that expressions yield in the same way. A text counts each
	// time an expression yields it.
	freeBytes      = 64 << 20
	bytesPerByte   = 32
	bytesPerDevice = 256 << 10

	// assertSteps and assertBytes are for the evaluation of one assert on one device.
	assertSteps = 500_000
	assertBytes = 32 << 20

	// maxExponent bounds the binary exponents of numbers, since written out they are as long, and adding two of them takes
	// memory by the distance. A float64 goes up to 1023.
	maxExponent = 4096
)

// meter counts what an evaluation takes, and ends it where that is too much by a panic with an exceeded. A function may turn
// the panic into an error that others ignore, so the meter ends the evaluation again at the next step.
//
// While a configuration is loaded, everything counts on one meter. After that it is closed: the expressions that are left,
// which are those of asserts, find the meter of their own evaluation by the scope.
type meter struct {
	steps, bytes int64     // that are left
	failure      *exceeded // why the evaluation ended
	closed       bool
	at           hcl.Range // the expression that spent last
	scopes       sync.Map  // from *hcl.EvalContext to *meter
}

// exceeded is what a meter panics with: a problem that names the expression.
type exceeded struct{ problem diag.Problem }

func newMeter() *meter { return &meter{steps: freeSteps, bytes: freeBytes} }

// allow adds what more input makes possible.
func (m *meter) allow(steps, bytes int64) {
	m.steps += steps
	m.bytes += bytes
}

// read allows for a text that was read.
func (m *meter) read(text []byte) {
	m.allow(stepsPerByte*int64(len(text)), bytesPerByte*int64(len(text)))
}

// in is the meter that counts in a scope.
func (m *meter) in(ctx *hcl.EvalContext) *meter {
	if !m.closed {
		return m
	}
	for ; ctx != nil; ctx = ctx.Parent() {
		if own, ok := m.scopes.Load(ctx); ok {
			return own.(*meter)
		}
	}
	panic("this is a bug: an expression is evaluated after its configuration, and nobody counts")
}

// within makes a scope one in which another meter counts, until release is called.
func (m *meter) within(ctx *hcl.EvalContext, own *meter) (release func()) {
	m.scopes.Store(ctx, own)
	return func() { m.scopes.Delete(ctx) }
}

// spend takes steps and bytes for an expression.
func (m *meter) spend(steps, bytes int64, at hcl.Range) {
	if m.failure != nil {
		panic(*m.failure)
	}
	if at.Filename != "" {
		m.at = at
	}
	m.steps -= steps
	m.bytes -= bytes
	switch {
	case m.steps < 0:
		m.stop(at, "The evaluation took more steps than the size of its input and its number of devices allow, and was stopped at this expression. Nested loops and products of large collections take the product of their lengths: loop over less, or look values up by a key.")
	case m.bytes < 0:
		m.stop(at, "The evaluation yielded more text than the size of its input and its number of devices allow, and was stopped at this expression. Text that is repeatedly built from itself doubles each time: use less of it.")
	}
}

// place gives a failure within a function the place of its call.
func (m *meter) place(at hcl.Range) {
	if m.failure != nil && m.failure.problem.Subject.Filename == "" {
		m.failure.problem.Subject = &at
	}
}

// stop ends the evaluation.
func (m *meter) stop(at hcl.Range, format string, args ...any) {
	m.failure = &exceeded{boundExceeded.at(at, format, args...)}
	panic(*m.failure)
}

// weigh counts a value as large as it is when written out, also where parts of it are shared: whatever goes through it goes
// through all of that.
func (m *meter) weigh(v cty.Value, at hcl.Range) {
	s := scale{m: m, at: at}
	s.add(v, 0)
	m.spend(s.steps, s.bytes, at)
}

// scale weighs one value.
type scale struct {
	m            *meter
	at           hcl.Range
	steps, bytes int64
}

func (s *scale) add(v cty.Value, depth int) {
	v, _ = v.Unmark()
	s.steps++
	if s.steps > s.m.steps || s.bytes > s.m.bytes {
		s.m.spend(s.steps, s.bytes, s.at)
	}
	switch t := v.Type(); {
	case !v.IsKnown() || v.IsNull():
	case t == cty.String:
		s.text(v.AsString())
	case t == cty.Number:
		if f := v.AsBigFloat(); f.IsInf() || f.MantExp(nil) > maxExponent || f.MantExp(nil) < -maxExponent {
			s.m.stop(s.at, "A number of this expression has more than %d binary digits.", maxExponent)
		}
	case v.CanIterateElements():
		if depth == nesting.MaxDepth {
			s.m.stop(s.at, "A value of this expression is nested deeper than %d levels.", nesting.MaxDepth)
		}
		for _, element := range v.Elements() {
			s.add(element, depth+1)
		}
	}
}

func (s *scale) text(text string) {
	s.bytes += int64(len(text))
	if len(text) > nesting.MaxDigits && strings.Trim(text, "0123456789.eE+-") == "" {
		s.m.stop(s.at, "A number of this expression is %d characters long; at most %d are possible.", len(text), nesting.MaxDigits)
	}
}

// fewParts is how many elements a value may have before it matters how their types are compared.
const fewParts = 100

// comparing is the steps that it takes to find the common type of so many values: the library compares each with each.
func comparing(parts int) int64 {
	if parts <= fewParts {
		return 0
	}
	return int64(parts) * int64(parts) / 16
}

// uniform makes a tuple or an object that will be converted to a list, set or map one whose elements have one type already,
// if they have. Where they have several types, it counts what it takes to find the one that all can have.
func (m *meter) uniform(v cty.Value, want cty.Type, at hcl.Range) cty.Value {
	t := v.Type()
	ordered := t.IsTupleType() && (want.IsListType() || want.IsSetType())
	if !ordered && !(t.IsObjectType() && want.IsMapType()) || v.IsNull() || !v.IsKnown() {
		return v
	}
	bare, marks := v.Unmark()
	parts := bare.LengthInt()
	if parts <= fewParts {
		return v
	}
	var first cty.Type
	for _, part := range bare.Elements() {
		switch {
		case first == cty.NilType:
			first = part.Type()
		case !part.Type().Equals(first):
			m.spend(comparing(parts), 0, at)
			return v
		}
	}
	if ordered {
		return cty.ListVal(bare.AsValueSlice()).WithMarks(marks)
	}
	return cty.MapVal(bare.AsValueMap()).WithMarks(marks)
}

// bounded runs what may exceed a bound, and reports that it did.
func (l *loader) bounded(do func()) {
	defer func() {
		reason := recover()
		if over, ok := reason.(exceeded); ok {
			l.add(over.problem)
		} else if reason != nil {
			panic(reason)
		}
	}()
	do()
	if l.meter.failure != nil { // a function made an error of it
		l.add(l.meter.failure.problem)
	}
}

// tooLarge says that a text is longer than it may be.
func tooLarge(most int64) error { return fmt.Errorf("it has more than %d MiB", most>>20) }
