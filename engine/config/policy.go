package config

import (
	"errors"
	"math/big"
	"strconv"
	"time"

	"github.com/hashicorp/hcl/v2"
	"github.com/zclconf/go-cty/cty"

	"camform/engine/credential"
	"camform/engine/diag"
)

// policyScope reads the arguments that only a credential_policy block has.
type policyScope struct{ scope }

// policyBlock is a credential_policy block.
type policyBlock struct{ body }

func (b *policyBlock) evaluate(l *loader, s scope) {
	of := policyScope{s}
	length := wholeNumber{credential.MinLength, credential.MaxLength, "No known device accepts fewer than 8 characters, or more than 16."}
	p := &credential.Policy{
		Name:            b.name(),
		MinLength:       s.whole(b.attributes["min_length"], length),
		MaxLength:       s.whole(b.attributes["max_length"], length),
		Classes:         s.whole(b.attributes["classes"], wholeNumber{0, 4, "The classes are digits, lower case letters, upper case letters and others."}),
		Forbid:          of.forbidden(b.attributes["forbid"]),
		MaxAge:          of.age(b.attributes["max_age"]),
		Unique:          s.flag(b.attributes["unique"]),
		History:         s.whole(b.attributes["history"], wholeNumber{0, 1000, ""}),
		Window:          of.window(b.attributes["window"]),
		Consumers:       s.words(b.attributes["consumers"]),
		ProveOldRefused: s.flag(b.attributes["prove_old_refused"]),
	}
	if p.MaxLength > 0 && p.MinLength > p.MaxLength {
		s.add(invalidPolicy.at(b.attributes["max_length"].Expr.Range(), "No password is at least %d and at most %d characters long. Lower min_length, or raise max_length.", p.MinLength, p.MaxLength))
	}
	l.policies[p.Name] = p
}

// wholeNumber is what an argument takes.
type wholeNumber struct {
	low, high int64
	why       string // a sentence for people; empty for none
}

// whole is an argument that holds a whole number, 0 if it is absent or wrong.
func (s scope) whole(attr *hcl.Attribute, takes wholeNumber) int {
	v := s.argument(attr, cty.Number)
	if v.IsNull() || !v.IsKnown() {
		return 0
	}
	n, ok := takes.holds(v)
	if !ok {
		s.add(valueOutOfRange.at(attr.Expr.Range(), "%q must be a whole number from %d to %d.%s", attr.Name, takes.low, takes.high, sentence(takes.why)))
	}
	return n
}

// holds is a number as an int, if it is one that is allowed.
func (w wholeNumber) holds(v cty.Value) (n int, ok bool) {
	whole, accuracy := v.AsBigFloat().Int64()
	if accuracy != big.Exact || whole < w.low || whole > w.high {
		return 0, false
	}
	return int(whole), true
}

// sentence goes on a text, unless it is empty.
func sentence(text string) string {
	if text == "" {
		return ""
	}
	return " " + text
}

func (s policyScope) forbidden(attr *hcl.Attribute) []string {
	words := s.words(attr)
	if len(words) > 0 && words[0] == "" { // they are sorted
		s.add(invalidPolicy.at(attr.Expr.Range(), "One of the texts is empty. An empty text is part of every password."))
	}
	return words
}

// window is a window of time as it is written, empty if it is absent or wrong.
func (s policyScope) window(attr *hcl.Attribute) string {
	text, ok := s.text(attr)
	if !ok {
		return ""
	}
	if err := credential.CheckWindow(text); err != nil {
		s.add(invalidPolicy.from(err, attr.Expr.Range()))
		return ""
	}
	return text
}

// shortestAge keeps policies from changing passwords all the time: each change is a request that may stay without an answer.
const shortestAge = time.Hour

// age is an argument that holds a duration such as "90d", 0 if it is absent or wrong.
func (s policyScope) age(attr *hcl.Attribute) time.Duration {
	text, ok := s.text(attr)
	if !ok {
		return 0
	}
	age, err := parseAge(text)
	switch {
	case err != nil:
		s.add(invalidPolicy.at(attr.Expr.Range(), "%s is not an age. Write a whole number of days, weeks or hours: \"90d\", \"12w\" or \"2160h\".", diag.Quote(text)))
	case age < shortestAge:
		s.add(invalidPolicy.at(attr.Expr.Range(), "%s is too short: a password must be valid for at least an hour.", diag.Quote(text)))
		return 0
	}
	return age
}

// parseAge reads a whole number with the letter of its unit.
func parseAge(text string) (time.Duration, error) {
	units := map[string]time.Duration{"h": time.Hour, "d": 24 * time.Hour, "w": 7 * 24 * time.Hour}
	if text == "" {
		return 0, errors.New("empty")
	}
	last := len(text) - 1
	unit, ok := units[text[last:]]
	if !ok {
		return 0, errors.New("unknown unit")
	}
	n, err := strconv.ParseUint(text[:last], 10, 20) // a million weeks is more than a duration holds, so that no product overflows below
	if err != nil || time.Duration(n) > (1<<63-1)/unit {
		return 0, errors.New("no number")
	}
	return time.Duration(n) * unit, nil
}

// policy is the policy that an argument names, nil if it is absent, null or wrong.
func (s scope) policy(attr *hcl.Attribute) *credential.Policy {
	if saysNothing(attr) {
		return nil
	}
	reference, diags := hcl.AbsTraversalForExpr(attr.Expr)
	if diags.HasErrors() || reference.RootName() != "credential_policy" || len(reference) != 2 {
		s.add(invalidPolicy.at(attr.Expr.Range(), "%s accepts the name of a policy: %s = credential_policy.NAME, without quotes. It cannot be computed.", attr.Name, attr.Name))
		return nil
	}
	name, ok := secondStep(reference)
	n := node{"credential_policy", name}
	if !ok || s.declarations[n] == nil {
		s.add(unknownReference.at(attr.Expr.Range(), "%s is not declared.%s", n, suggest(name, s.namesOf("credential_policy"))))
		return nil
	}
	return s.policies[name]
}

// saysNothing reports whether an argument that holds a name is absent or null.
func saysNothing(attr *hcl.Attribute) bool {
	if attr == nil {
		return true
	}
	v, diags := evaluate(attr.Expr, nil)
	return !diags.HasErrors() && v.IsNull()
}

// policyNodes are the policies that are declared. Devices and profiles wait for all of them: which ones they name stands in
// blocks that may be generated.
func (l *loader) policyNodes() []node {
	var nodes []node
	for _, name := range l.namesOf("credential_policy") {
		nodes = append(nodes, node{"credential_policy", name})
	}
	return nodes
}
