package main

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"camform/engine"
	"camform/engine/diag"
	"camform/engine/live"
	"camform/engine/render"
	"camform/schema"
)

// deepKinds are the chosen kinds for which devices report what their lists lack, if the flag -deep asks for them. The error names
// those that there are.
func (f *surveyFlags) deepKinds(chosen []*schema.Kind, all *schema.Kinds) ([]*schema.Kind, error) {
	if !f.deep {
		return nil, nil
	}
	deep := withHints(chosen)
	if len(deep) > 0 {
		return deep, nil
	}
	var names []string
	for _, k := range withHints(all.All()) {
		names = append(names, k.Name)
	}
	return nil, fmt.Errorf("-deep looks for settings of these kinds only, and -kinds names none of them: %s", strings.Join(names, ", "))
}

func withHints(kinds []*schema.Kind) []*schema.Kind {
	return slices.DeleteFunc(slices.Clone(kinds), func(k *schema.Kind) bool { return k.Item == nil || len(k.Item.Hints) == 0 })
}

// tellSearches tells what came of asking devices for settings that their lists lack: in one line for each kind what was found, and
// for devices whose items are still unknown, why.
func (s *surveyor) tellSearches(survey *engine.Imported, addresses []schema.Device) error {
	sums := map[string]*searchSum{}
	var unknown []render.Trouble
	for i, searches := range survey.Searches {
		for _, name := range slices.Sorted(maps.Keys(searches)) {
			found := searches[name]
			if sums[name] == nil {
				sums[name] = &searchSum{found: map[string]int{}, strange: map[string]int{}}
			}
			sums[name].add(found)
			for _, text := range unknownOf(found) {
				unknown = append(unknown, render.Trouble{Device: addresses[i], Text: name + ": " + text})
			}
		}
	}
	for _, name := range slices.Sorted(maps.Keys(sums)) {
		fmt.Fprintf(s.err, "%s: %s\n", name, sums[name].text())
		if words := sums[name].words(); words != "" {
			fmt.Fprintf(s.err, "%s: names in answers of devices that camform does not know, and did not ask for: %s\n", name, words)
		}
	}
	return s.stderr().Troubles(unknown)
}

// unknownOf says why the items of a device are unknown; empty if they are known.
func unknownOf(found *live.Search) []string {
	var texts []string
	if found.Silent {
		texts = append(texts, "the device does not report which it has, so whether its list is complete is unknown")
	}
	for _, path := range slices.Sorted(maps.Keys(found.Unread)) {
		texts = append(texts, fmt.Sprintf("%s may list more of them, and could not be read: %s", path, found.Unread[path]))
	}
	keys := map[string][]string{}
	for _, key := range slices.Sorted(maps.Keys(found.Troubles)) {
		keys[found.Troubles[key]] = append(keys[found.Troubles[key]], key)
	}
	for _, why := range slices.Sorted(maps.Keys(keys)) {
		texts = append(texts, fmt.Sprintf("whether the device has %s is unknown: %s", diag.FirstOf(keys[why]), why))
	}
	if found.Left > 0 {
		texts = append(texts, fmt.Sprintf("did not ask for %d more of them, because %s", found.Left, found.Why))
	}
	return texts
}

// searchSum is what came of asking devices for items of one kind.
type searchSum struct {
	devices, asked int
	found, strange map[string]int // how many devices have the item, or the word
}

func (s *searchSum) add(one *live.Search) {
	s.devices++
	s.asked += one.Asked
	for _, key := range one.Found {
		s.found[key]++
	}
	for _, word := range one.Strange {
		s.strange[word]++
	}
}

// text says how many items were asked for and found.
func (s *searchSum) text() string {
	if s.asked == 0 {
		return "asked for none: no device reports one that its list lacks"
	}
	devices, lists := render.Plural(s.devices, "device"), "their lists lack"
	if s.devices == 1 {
		lists = "its list lacks"
	}
	sum := 0
	for _, n := range s.found {
		sum += n
	}
	text := fmt.Sprintf("asked %s for %d that %s, and found %d", devices, s.asked, lists, sum)
	if sum > 0 {
		text += ": " + s.counted(s.found)
	}
	return text
}

// words are those that stand for nothing that is known; empty without any.
func (s *searchSum) words() string { return s.counted(s.strange) }

// counted names texts of devices, each with the number of devices that have it if there are several in all.
func (s *searchSum) counted(texts map[string]int) string {
	const most = 40
	var all []string
	for _, text := range slices.Sorted(maps.Keys(texts)) {
		named := strings.ReplaceAll(diag.CleanText(text), "\n", " ")
		if s.devices > 1 {
			named += fmt.Sprintf(" (%s)", render.Plural(texts[text], "device"))
		}
		all = append(all, named)
	}
	if more := len(all) - most; more > 0 {
		all = append(all[:most], fmt.Sprintf("and %d more", more))
	}
	return strings.Join(all, ", ")
}
