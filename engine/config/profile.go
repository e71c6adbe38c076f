package config

import (
	"slices"

	"github.com/hashicorp/hcl/v2"
	"github.com/zclconf/go-cty/cty"
)

// profile is a profile block. It is evaluated once; devices share its attributes.
type profile struct{ body }

func (p *profile) profiles(l *loader) []node { return l.namedProfiles(p.attributes["extends"]) }

func (p *profile) evaluate(l *loader, s scope) {
	o := p.expanded(s)
	bases := l.uses[node{"profile", p.name()}].profiles()
	own, rules := s.judged(o, p.name())
	l.layers[p.name()] = merge(append(l.layersOf(bases), own)...)
	l.rules[p.name()] = unitedRules(append(l.rulesOf(bases), rules)...)
	l.consumers[p.name()] = unitedConsumers(append(l.consumersOf(bases), s.consumers(o.sections))...)
	l.exclusive[p.name()] = unitedOf(l.exclusive, bases, s.exclusiveKinds(o.attributes["exclusive"]))
	l.strict[p.name()] = s.isStrict(o.attributes["strict"], l.anyStrict(bases))
	l.clockJumps[p.name()] = clockJumpOf(s, o.attributes["accept_clock_jump"], l.clockJump(bases))
	l.unproven[p.name()] = l.allowed(bases, s.unprovenKinds(o.attributes["allow_unproven"]))
}

// profiles are the profiles among what a declaration refers to, in the order in which they are merged.
func (u *uses) profiles() []string {
	var names []string
	for _, n := range u.nodes {
		if n.kind == "profile" {
			names = append(names, n.name)
		}
	}
	return names
}

func (l *loader) layersOf(profiles []string) []layer {
	var layers []layer
	for _, name := range profiles {
		layers = append(layers, l.layers[name])
	}
	return layers
}

func (l *loader) rulesOf(profiles []string) [][]Rule {
	var rules [][]Rule
	for _, name := range profiles {
		rules = append(rules, l.rules[name])
	}
	return rules
}

func (l *loader) consumersOf(profiles []string) [][]Consumer {
	var consumers [][]Consumer
	for _, name := range profiles {
		consumers = append(consumers, l.consumers[name])
	}
	return consumers
}

// unitedOf unites the names that profiles list with more, sorted.
func unitedOf(lists map[string][]string, profiles, more []string) []string {
	all := slices.Clone(more)
	for _, name := range profiles {
		all = append(all, lists[name]...)
	}
	slices.Sort(all)
	return slices.Compact(all)
}

// isStrict reads an argument strict, which is as inherited where it is missing or null.
func (s scope) isStrict(attr *hcl.Attribute, inherited bool) bool {
	if v := s.argument(attr, cty.Bool); !v.IsNull() && v.IsKnown() {
		return v.True()
	}
	return inherited
}

// anyStrict reports whether one of several profiles is strict.
func (l *loader) anyStrict(profiles []string) bool {
	return slices.ContainsFunc(profiles, func(name string) bool { return l.strict[name] })
}

// exclusiveKinds reads an argument exclusive: names of keyed kinds.
func (s scope) exclusiveKinds(attr *hcl.Attribute) []string {
	var keyed []string
	for _, k := range s.options.Kinds.All() {
		if k.Keyed {
			keyed = append(keyed, k.Name)
		}
	}
	var names []string
	for _, name := range s.words(attr) {
		switch kind := s.options.Kinds.Lookup(name); {
		case kind == nil:
			s.add(unknownKind.at(attr.Expr.Range(), "There is no kind of setting named %q.%s", name, suggest(name, keyed)))
		case !kind.Keyed:
			s.add(unknownKind.at(attr.Expr.Range(), "A device has %s only once; exclusive accepts kinds that have items.%s", name, suggest(name, keyed)))
		default:
			names = append(names, name)
		}
	}
	return names
}

// namedProfiles reads a list of profiles: profiles = [profile.a, profile.b]. The names are not evaluated, so that it is
// known before anything else which profiles a device has.
func (l *loader) namedProfiles(attr *hcl.Attribute) []node {
	if attr == nil {
		return nil
	}
	items, diags := hcl.ExprList(attr.Expr)
	if diags.HasErrors() {
		l.add(invalidProfiles.at(attr.Expr.Range(), "%s accepts a list of names: %s = [profile.NAME]. It cannot be computed.", attr.Name, attr.Name))
		return nil
	}
	var nodes []node
	for _, item := range items {
		reference, diags := hcl.AbsTraversalForExpr(item)
		if diags.HasErrors() || reference.RootName() != "profile" || len(reference) != 2 {
			l.add(invalidProfiles.at(item.Range(), "%s accepts names such as profile.NAME, without quotes.", attr.Name))
			continue
		}
		name, ok := secondStep(reference)
		n := node{"profile", name}
		if !ok || l.declarations[n] == nil {
			l.add(unknownReference.at(item.Range(), "%s is not declared.%s", n, suggest(name, l.namesOf("profile"))))
			continue
		}
		nodes = append(nodes, n)
	}
	return nodes
}
