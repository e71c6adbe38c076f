package config

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/zclconf/go-cty/cty"

	"camform/engine/diag"
	"camform/engine/graph"
)

// node is the name of a declaration: what `var.site` or `device.gate` refers to. Validations, outputs, imports, removed and moved
// blocks have names too, which no expression can use.
type node struct {
	kind string // "var", "validation", "local", "credential_policy", "profile", "device", "import", "removed", "moved" or "output"
	name string
}

func (n node) String() string {
	if n.kind == "validation" {
		return "validation of var." + n.name
	}
	return n.kind + "." + n.name
}

// uses is what the expressions of a declaration refer to.
type uses struct {
	nodes []node
	wrong []string // root names of references that were reported; they are unknown to the expressions, which stay quiet then
}

// order reports references that lead nowhere and cycles, and returns the declarations so that each stands behind what it
// refers to. Members of cycles are left out.
func (l *loader) order() []node {
	policies := l.policyNodes()
	for _, n := range l.nodes {
		l.uses[n] = l.resolve(l.declarations[n], policies)
		for _, m := range l.uses[n].nodes {
			l.referenced[m] = true
		}
	}
	order, cycles := graph.Sort(l.nodes, func(n node) []node { return l.uses[n].nodes })
	for _, cycle := range cycles {
		l.add(l.circle(cycle))
		order = slices.DeleteFunc(order, func(n node) bool { return slices.Contains(cycle, n) })
	}
	return order
}

// circle makes one problem of a cycle, with every member and its place.
func (l *loader) circle(cycle []node) diag.Problem {
	at := l.declarations[cycle[0]].place()
	members := make([]string, len(cycle))
	for i, n := range cycle {
		members[i] = fmt.Sprintf("%s (%s)", n, line(l.declarations[n].place()))
	}
	if len(cycle) == 1 {
		return dependencyCycle.at(at, "%s refers to itself. A value cannot be computed from itself.", members[0])
	}
	return dependencyCycle.at(at, "%s refers to %s, which refers to %s again. Break the circle at one of them.",
		members[0], strings.Join(members[1:], ", which refers to "), cycle[0])
}

// resolve checks what a declaration refers to. What has profiles waits for all policies.
func (l *loader) resolve(d declaration, policies []node) *uses {
	u := &uses{}
	if named, ok := d.(interface{ profiles(*loader) []node }); ok {
		u.nodes = append(named.profiles(l), policies...)
	}
	references := d.references()
	slices.SortStableFunc(references, func(a, b hcl.Traversal) int {
		ra, rb := a.SourceRange(), b.SourceRange()
		return cmp.Or(cmp.Compare(ra.Filename, rb.Filename), cmp.Compare(ra.Start.Byte, rb.Start.Byte))
	})
	for _, reference := range references {
		l.reference(u, d, reference)
	}
	return u
}

// roots are the names that references begin with, with what follows them.
var roots = map[string]string{
	"var": "var.NAME", "local": "local.NAME", "device": "device.NAME",
	"each": "each.key or each.value", "path": "path.module",
}

func (l *loader) reference(u *uses, d declaration, reference hcl.Traversal) {
	root := reference.RootName()
	wrong := func(f fault, format string, args ...any) {
		l.add(f.at(reference.SourceRange(), format, args...))
		u.wrong = append(u.wrong, root)
	}
	switch root {
	case "path":
	case "each":
		if block, ok := d.(*deviceBlock); !ok || block.attributes["for_each"] == nil {
			wrong(invalidReference, "each can be used only in a device block that has a for_each.")
		} else if block.inForEach(reference) {
			wrong(invalidReference, "each cannot be used in for_each itself, which defines it.")
		}
	case "var", "local", "device":
		name, ok := secondStep(reference)
		if !ok {
			wrong(invalidReference, "%s must be followed by a name, as in %s.", root, roots[root])
			return
		}
		n := node{root, name}
		if l.declarations[n] == nil {
			l.add(unknownReference.at(reference.SourceRange(), "%s is not declared.%s", n, suggest(name, l.namesOf(root))))
		} else if word, words, ok := l.unknownPart(n, reference); ok {
			wrong(unknownReference, "Devices have nothing named %q here.%s", word, suggest(word, words))
		}
		u.nodes = append(u.nodes, n)
	case "self":
		wrong(invalidReference, "self is the device as it was read. It can be used only in the asserts of a check.")
	case "profile":
		wrong(invalidReference, "A profile is not a value; it can only be named in profiles of a device or extends of a profile.")
	case "credential_policy":
		wrong(invalidReference, "A credential policy is not a value; it can only be named in password_policy of a login or an account.")
	default:
		wrong(unknownReference, "There is nothing named %s here.%s If it is text, put it in quotes: %q.",
			root, suggest(root, slices.Sorted(maps.Keys(roots))), root)
	}
}

// deviceWords are what a reference can name of a device besides its settings.
var deviceWords = []string{"address", "name", "key", "location", "site", "tags", "login", "identity"}

// unknownPart finds the step of a reference to a device that no device can have: neither a word of every device, nor a kind
// of setting, nor an attribute of that kind. It returns the step and what could stand there.
func (l *loader) unknownPart(n node, reference hcl.Traversal) (word string, words []string, found bool) {
	block, ok := l.declarations[n].(*deviceBlock)
	if !ok {
		return "", nil, false
	}
	steps := reference[2:]
	if block.attributes["for_each"] != nil && len(steps) > 0 {
		steps = steps[1:]
	}
	word, ok = attributeStep(steps)
	if !ok || slices.Contains(deviceWords, word) {
		return "", nil, false
	}
	kind := l.options.Kinds.Lookup(word)
	if kind == nil {
		return word, append(slices.Clone(deviceWords), l.options.Kinds.Names()...), true
	}
	words = attributeNames(kind)
	steps = steps[1:]
	if kind.Keyed && len(steps) > 0 {
		words = append(words, "name")
		steps = steps[1:]
	}
	word, ok = attributeStep(steps)
	return word, words, ok && !slices.Contains(words, word)
}

// attributeStep returns the name of the first step, if it is one that names an attribute.
func attributeStep(steps hcl.Traversal) (string, bool) {
	if len(steps) == 0 {
		return "", false
	}
	step, ok := steps[0].(hcl.TraverseAttr)
	return step.Name, ok
}

// secondStep returns the name after the root of a reference: `device.gate` or `device["gate"]`.
func secondStep(reference hcl.Traversal) (string, bool) {
	if len(reference) < 2 {
		return "", false
	}
	switch step := reference[1].(type) {
	case hcl.TraverseAttr:
		return step.Name, true
	case hcl.TraverseIndex:
		if step.Key.Type() == cty.String {
			return step.Key.AsString(), true
		}
	}
	return "", false
}

// namesOf lists what is declared of a kind, sorted.
func (l *loader) namesOf(kind string) []string {
	var names []string
	for _, n := range l.nodes {
		if n.kind == kind {
			names = append(names, n.name)
		}
	}
	slices.Sort(names)
	return names
}

// context makes the scope of the expressions of a declaration. It holds only what they refer to, since building objects of
// everything for each of thousands of declarations would take the square of the time.
func (l *loader) context(u *uses) *hcl.EvalContext {
	objects := map[string]map[string]cty.Value{}
	for _, n := range u.nodes {
		v, ok := l.values[n]
		if !ok {
			v = cty.DynamicVal
		}
		if objects[n.kind] == nil {
			objects[n.kind] = map[string]cty.Value{}
		}
		objects[n.kind][n.name] = v
	}
	ctx := l.base.NewChild()
	ctx.Variables = map[string]cty.Value{}
	for kind, values := range objects {
		ctx.Variables[kind] = cty.ObjectVal(values)
	}
	for _, root := range u.wrong {
		ctx.Variables[root] = cty.DynamicVal
	}
	return ctx
}

// evaluate evaluates one declaration, everything that it refers to being evaluated already.
func (l *loader) evaluate(n node) {
	l.declarations[n].evaluate(l, scope{loader: l, ctx: l.context(l.uses[n])})
}

func sortedKeys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }
