package schema

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// ChannelHole stands for the number of a channel: in the path of a document about each, and in the keys of items that there are for
// each.
const ChannelHole = "{channel}"

// WordHole stands in the name of an element for a word of the device.
const WordHole = "{word}"

// Hint says where devices tell of items that their lists may lack, and what its words stand for. Each such item has an address of
// its own; see Item.Alone.
type Hint struct {
	Source string // where the facts come from

	Paths   []string // URI paths of documents that may have the hint; the first that has it counts; one with ChannelHole is a document for each channel of the list
	Element string   // name of the elements that tell, wherever they lie in the document
	Channel string   // child of such an element with the number of the channel that it tells of, its spellings separated by |; empty where it tells of the whole device

	// Words is the child whose attribute opt has the words, Flags the form of the names of children that are true for a word, and
	// Names the forms, separated by |, of those that are there for a word. One of the three is set.
	Words, Flags, Names string

	// Keys are the keys of the items that words stand for, whatever the case of a word: with ChannelHole for those that every channel
	// has, and empty for words that stand for no item. Words of the attribute opt that are not in it stand for themselves, with the
	// number of the channel behind them; others are not known.
	Keys map[string]string

	Otherwise bool // whether it is asked for only where no hint before it told anything
}

// KeyOf is the key of the item that a word of the device stands for, with ChannelHole for one that every channel has, and empty for
// none. It is false for a word that is not known.
func (h *Hint) KeyOf(word string) (key string, known bool) {
	for _, known := range slices.Sorted(maps.Keys(h.Keys)) {
		if strings.EqualFold(known, word) {
			return h.Keys[known], true
		}
	}
	if h.Words != "" {
		return word + "-" + ChannelHole, true
	}
	return "", false
}

// WordIn is the word in the name of a child of an element that tells; empty if it has none.
func (h *Hint) WordIn(name string) string {
	for form := range strings.SplitSeq(h.Flags+h.Names, "|") {
		before, after, _ := strings.Cut(form, WordHole)
		if word, ok := strings.CutPrefix(name, before); ok && form != "" {
			if word, ok = strings.CutSuffix(word, after); ok && word != "" {
				return word
			}
		}
	}
	return ""
}

// HintPart is what the hint of a number is called among the parts of a setting file, counted from 0.
func HintPart(number int) string {
	if number == 0 {
		return "item.hint"
	}
	return fmt.Sprintf("item.hint.%d", number)
}

// faults says what is wrong with the hint of a number.
func (h *Hint) faults(number int, k *Kind) []Fault {
	const summary = "Hint not possible"
	part := HintPart(number)
	forms := 0
	for _, form := range []string{h.Words, h.Flags, h.Names} {
		if form != "" {
			forms++
		}
	}
	named := h.Flags + h.Names
	return broken([]rule{
		{
			part, summary, k.Item.Alone == "" || k.Item.Word == "" || k.Item.Channel == "",
			"A hint is about items that are missing from their list: alone must say where they are, and word and channel what the list says about the items that it has.",
		},
		{
			part + ".paths", summary, len(h.Paths) == 0 || slices.ContainsFunc(h.Paths, func(path string) bool { return !strings.HasPrefix(path, "/") }),
			"paths must list URI paths, which begin with a slash.",
		},
		{part, summary, forms != 1, "A hint has exactly one of words, flags and names."},
		{
			part + ".element", summary, h.Element == "", "element must name the element to look at.",
		},
		{
			part, summary, named != "" && strings.Count(named, WordHole) != strings.Count(named, "|")+1,
			fmt.Sprintf("Each form of flags and names contains %s once.", WordHole),
		},
		{part + ".channel", summary, h.Words != "" && h.Channel == "", "words belong to a channel, which channel must name."},
	})
}
