package config

import (
	"cmp"
	"maps"
	"regexp"
	"slices"

	"github.com/hashicorp/hcl/v2"

	"camform/engine/diag"
	"camform/schema"
)

// Rule is a demand on a device that has a name, so that an audit can report on it: a rule, which wants settings, or a check,
// for what can only be looked at. Exactly one of Settings, Asserts and Manual is filled.
type Rule struct {
	ID      string    // words with dots between them, such as "upnp.off"; a device has each once
	Level   string    // "basic", "high" or "site"
	Reason  string    // why it is demanded, for people; may be empty
	Range   hcl.Range // the header of its block
	Profile string    // name of the profile that it stands in; empty for the device's own block

	// Settings are what the rule itself wants, ordered by address, in which there is no device, since devices share them.
	// Other blocks may override it: what is wanted in the end stands in Device.Settings.
	Settings []*Setting

	Asserts   []Assert // what must hold, in the order of the source
	Manual    string   // what has to be verified by hand
	Severity  string   // "warn" or "block", for asserts; empty otherwise
	Documents []string // paths of the documents that the asserts observe; sorted
}

// levels are the levels of rules, from those for every device to those that depend on the site.
var levels = []string{"basic", "high", "site"}

// ruleID is words of lower case letters and digits, with dots between them.
var ruleID = regexp.MustCompile(`^[a-z0-9][a-z0-9_-]*(\.[a-z0-9][a-z0-9_-]*)*$`)

// unitedRules lays rules over each other; of those with the same id the last one counts as a whole. They come sorted by id.
func unitedRules(lists ...[]Rule) []Rule {
	byID := map[string]Rule{}
	for _, list := range lists {
		for _, r := range list {
			byID[r.ID] = r
		}
	}
	return slices.SortedFunc(maps.Values(byID), func(a, b Rule) int { return cmp.Compare(a.ID, b.ID) })
}

// judged reads what the body of a profile or a device demands: its settings together with those of its rules, and its rules
// and checks. The profile is empty for a device.
func (s scope) judged(o *outline, profile string) (layer, []Rule) {
	settings := s.settings(o.sections, origin{profile: profile})
	var rules []Rule
	seen := map[string]hcl.Range{}
	for _, section := range o.sections {
		if section.block.Type != "rule" && section.block.Type != "check" {
			continue
		}
		rule := s.rule(section, profile)
		if !s.named(section.block) {
			continue
		}
		if first, ok := seen[rule.ID]; ok {
			s.add(duplicateName.at(section.block.DefRange, "%q is already declared at %s, in the same block. Rename one of them.", rule.ID, line(first)))
			continue
		}
		seen[rule.ID] = rule.Range
		rules = append(rules, rule)
		s.join(settings, rule.Settings)
	}
	return settings, rules
}

// named reports whether the label of a rule or a check can be an id.
func (s scope) named(block *hcl.Block) bool {
	if ruleID.MatchString(block.Labels[0]) {
		return true
	}
	s.add(invalidName.at(block.LabelRanges[0], "%s is not a valid name for a %s. Names are words of lower case letters, digits, dashes and underscores with dots between them, such as \"upnp.off\".",
		diag.Quote(block.Labels[0]), block.Type))
	return false
}

// rule reads a rule or a check. The settings of a rule have no device yet.
func (s scope) rule(section *section, profile string) Rule {
	r := Rule{ID: section.block.Labels[0], Level: s.level(section), Range: section.block.DefRange, Profile: profile}
	r.Reason, _ = s.text(section.attributes["reason"])
	if section.block.Type == "check" {
		checkScope{s}.check(&r, section)
		return r
	}
	wanted := s.settings(section.sections, origin{profile: profile, rule: r.ID})
	r.Settings = slices.SortedFunc(maps.Values(wanted), func(a, b *Setting) int { return a.Address.Compare(b.Address) })
	if len(section.sections) == 0 && !section.generated {
		s.add(missingBlock.at(section.block.DefRange, "The rule wants no setting, so every device would comply. Put setting blocks into it; use a check for what can only be observed."))
	}
	return r
}

func (s scope) level(section *section) string {
	attr := section.attributes["level"]
	level, ok := s.text(attr)
	switch {
	case attr == nil:
		s.add(missingArgument.at(section.block.DefRange, "A %s needs a level.%s", section.block.Type, possible(levels)))
	case ok && !slices.Contains(levels, level):
		s.add(impossibleValue.at(attr.Expr.Range(), "%s was given, and \"level\" cannot have this value.%s", diag.Quote(level), possible(levels)))
	}
	return level
}

// join puts the settings of a rule beside those that the same block declares. Several may want different attributes of one
// setting; of two values for one attribute nobody could tell which counts.
func (s scope) join(block layer, settings []*Setting) {
	for _, more := range settings {
		first, ok := block[more.Address]
		if !ok {
			block[more.Address] = more
			continue
		}
		for _, name := range sortedKeys(more.Attributes) {
			if declared, ok := first.Attributes[name]; ok {
				s.of(more.Address).add(duplicateSetting.at(more.Attributes[name].Range, "%s.%s is already declared at %s, in the same block. Remove it from one of the two.",
					more.Address.Local(), name, line(declared.Range)))
			}
		}
		block[more.Address] = more.mergedWith(first)
	}
}

// of is the scope about a setting. Outside of devices there is no address to speak of.
func (s scope) of(address schema.Setting) scope {
	if !s.about.Device.IsZero() {
		s.about.Kind, s.about.Key = address.Kind, address.Key
	}
	return s
}
