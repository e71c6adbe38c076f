package config

import (
	"cmp"
	"maps"
	"net/netip"
	"slices"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"

	"camform/engine/diag"
	"camform/schema"
)

// What consumers can say.
var (
	consumerSchemes    = []string{"http", "https", "onvif", "rtsp", "sdk"}
	consumerAlgorithms = []string{"MD5", "SHA-256"}
)

// unitedConsumers lays consumers over each other; of those with the same name the last one counts as a whole. They come
// sorted by name.
func unitedConsumers(lists ...[]Consumer) []Consumer {
	byName := map[string]Consumer{}
	for _, list := range lists {
		for _, c := range list {
			byName[c.Name] = c
		}
	}
	return slices.SortedFunc(maps.Values(byName), func(a, b Consumer) int { return cmp.Compare(a.Name, b.Name) })
}

// consumers reads the consumer blocks of a profile or a device.
func (s scope) consumers(sections []*section) []Consumer {
	var all []Consumer
	for _, section := range sections {
		if section.block.Type != "consumer" {
			continue
		}
		c, ok := s.consumer(section)
		if !ok {
			continue
		}
		if i := slices.IndexFunc(all, func(other Consumer) bool { return other.Name == c.Name }); i >= 0 {
			s.add(duplicateName.at(c.Range, "The consumer %q is already declared at %s, in the same block. Rename one of them.", c.Name, line(all[i].Range)))
			continue
		}
		all = append(all, c)
	}
	return all
}

func (s scope) consumer(section *section) (Consumer, bool) {
	name := section.block.Labels[0]
	if _, err := schema.ParseTarget(name); err != nil && !hclsyntax.ValidIdentifier(name) {
		s.add(invalidName.at(section.block.LabelRanges[0], "%s is not a valid name for a consumer. Use the address of a device that uses this one, such as \"device.recorder\" or \"device.recorder.channel.1\", or a name for somebody else: letters, digits, underscores and dashes.", diag.Quote(name)))
		return Consumer{}, false
	}
	if len(section.attributes) == 0 {
		s.add(missingArgument.at(section.block.DefRange, "The consumer does not say which way in it needs. Give at least its scheme or its username."))
		return Consumer{}, false
	}
	c := Consumer{
		Name:      name,
		Level:     s.oneOf(section.attributes["level"], s.levelsOfAccounts()),
		Scheme:    s.oneOf(section.attributes["scheme"], consumerSchemes),
		Port:      int64(s.whole(section.attributes["port"], wholeNumber{1, 65535, ""})),
		Address:   s.network(section.attributes["address"]),
		Algorithm: s.oneOf(section.attributes["algorithm"], consumerAlgorithms),
		Range:     section.block.DefRange,
	}
	c.Username, _ = s.text(section.attributes["username"])
	c.Ignore, c.Reason = s.ignored(section)
	return c, true
}

// ignored reads whether a consumer may lose its way in, and why. A reason is for the reviewer of a plan: without one nothing is
// ignored.
func (s scope) ignored(section *section) (bool, string) {
	attr, given := section.attributes["reason"]
	reason, _ := s.text(attr)
	reason = strings.TrimSpace(reason)
	ignore := s.flag(section.attributes["ignore"])
	switch {
	case ignore && reason == "":
		s.add(missingArgument.at(section.attributes["ignore"].Range, "ignore lets a change cut this consumer off. Say why it may: add reason = \"...\", which a reviewer reads in the plan."))
		return false, ""
	case given && !ignore:
		s.add(missingArgument.at(attr.Range, "reason says why a consumer may lose its way in, but nothing permits that. Add ignore = true, or remove the reason."))
	}
	return ignore, reason
}

// oneOf is an argument that holds one of some words, empty if it is absent or wrong.
func (s scope) oneOf(attr *hcl.Attribute, words []string) string {
	text, ok := s.text(attr)
	if ok && !slices.Contains(words, text) {
		s.add(impossibleValue.at(attr.Expr.Range(), "%s was given, and %q cannot have this value.%s", diag.Quote(text), attr.Name, possible(words)))
		return ""
	}
	return text
}

// levelsOfAccounts are the levels that accounts can have.
func (s scope) levelsOfAccounts() []string {
	var levels []string
	for _, kind := range s.options.Kinds.All() {
		if a := kind.Attribute(kind.Account().Level); a != nil {
			levels = append(levels, a.Values...)
		}
	}
	return levels
}

// network is an argument that holds an address or a prefix, in one spelling; empty if it is absent or wrong.
func (s scope) network(attr *hcl.Attribute) string {
	text, ok := s.text(attr)
	if !ok {
		return ""
	}
	if address, err := netip.ParseAddr(text); err == nil && address.Zone() == "" {
		return address.String()
	}
	if prefix, err := netip.ParsePrefix(text); err == nil {
		return prefix.Masked().String()
	}
	s.add(impossibleValue.at(attr.Expr.Range(), "%s is neither an IP address nor a prefix such as \"192.0.2.0/26\".", diag.Quote(text)))
	return ""
}
