package hikvision

import (
	"slices"
	"strings"

	"camform/providers"
	"camform/providers/hikvision/document"
	"camform/providers/hikvision/reach"
	"camform/providers/hikvision/xmlpatch"
	"camform/schema"
)

// firstChannel is the number of the first channel of every device (official guide, 16.2.128).
const firstChannel = "1"

// Hints asks for the documents of each hint of the setting file in turn until one tells. Of those about channels the first decides
// whether there are any.
func (p *Provider) Hints(kind *schema.Kind, docs providers.Documents) []providers.Hint {
	l, ok := listedIn(kind, docs)
	if !ok {
		return nil
	}
	told := false
	for _, h := range kind.Item.Hints {
		if h.Otherwise && told {
			continue
		}
		for _, path := range h.Paths {
			next, tells := l.next(h, path, docs)
			if len(next) > 0 {
				return next
			}
			if tells {
				told = true
				break
			}
		}
	}
	return nil
}

// next are the documents at a path of a hint that were not read yet, and whether those that were read tell.
func (l listed) next(h *schema.Hint, path string, docs providers.Documents) (next []providers.Hint, tells bool) {
	channels := []string{""}
	if strings.Contains(path, schema.ChannelHole) {
		channels = l.channels
	}
	for i, channel := range channels {
		one := strings.ReplaceAll(path, schema.ChannelHole, channel)
		doc, read := docs[one]
		if !read {
			next = append(next, providers.Hint{Path: one, OfModel: h.Channel == ""})
		}
		tells = tells || len(tellers(h, doc)) > 0
		if i == 0 && (!read || doc.Missing != "") {
			break
		}
	}
	return next, tells
}

// tellers are the elements of a document that tell; none of one that the device does not have.
func tellers(h *schema.Hint, doc providers.Document) []xmlpatch.Element {
	if doc.Missing != "" || len(doc.Body) == 0 {
		return nil
	}
	parsed, err := document.Parse(doc.Body)
	if err != nil {
		return nil
	}
	return parsed.Named(h.Element)
}

// Sought goes through the words of all hints: those of channels first.
func (p *Provider) Sought(kind *schema.Kind, docs providers.Documents) providers.Sought {
	var s providers.Sought
	l, ok := listedIn(kind, docs)
	if !ok {
		return s
	}
	var keys []string
	seen := map[string]bool{}
	for _, h := range kind.Item.Hints {
		if h.Otherwise && s.Told {
			continue
		}
		tells, words := l.words(h, docs)
		s.Told = s.Told || tells
		for _, w := range words {
			found, known := l.keys(h, w)
			fit := !slices.ContainsFunc(found, func(key string) bool { return !kind.HasKey(key) || reach.Acts(kind.Item.AloneAt(key)) != "" })
			if !known || !fit {
				if !slices.Contains(s.Strange, w.text) {
					s.Strange = append(s.Strange, w.text)
				}
				continue
			}
			for _, key := range found {
				if folded := strings.ToLower(key); !seen[folded] {
					seen[folded] = true
					keys = append(keys, key)
				}
			}
		}
	}
	s.Keys = p.Unlisted(kind, keys, docs)
	return s
}

// word is a word that a device tells, and the channel that it tells it of; empty for the whole device.
type word struct{ text, channel string }

// words are those that a hint tells, and whether it tells at all.
func (l listed) words(h *schema.Hint, docs providers.Documents) (tells bool, words []word) {
	for _, path := range h.Paths {
		for _, channel := range l.channels {
			one := strings.ReplaceAll(path, schema.ChannelHole, channel)
			for _, e := range tellers(h, docs[one]) {
				tells = true
				of := channel
				if one == path {
					of = textOf(e, h.Channel)
				}
				for _, text := range wordsIn(h, e) {
					words = append(words, word{text, of})
				}
			}
			if one == path {
				break
			}
		}
		if tells {
			break
		}
	}
	return tells, words
}

// wordsIn are the words of an element that tells.
func wordsIn(h *schema.Hint, e xmlpatch.Element) []string {
	var words []string
	if h.Words != "" {
		child, _ := e.Find(xmlpatch.MustPath(h.Words))
		all, _ := child.Attr("opt")
		for word := range strings.SplitSeq(all, ",") {
			if word = strings.TrimSpace(word); word != "" {
				words = append(words, word)
			}
		}
		return words
	}
	for _, child := range e.Children() {
		word := h.WordIn(child.Name())
		if word != "" && (h.Names != "" || strings.EqualFold(child.Text(), "true")) {
			words = append(words, word)
		}
	}
	return words
}

// textOf is the text of a child that may be spelled in several ways; empty if there is none, or no spelling.
func textOf(e xmlpatch.Element, spellings string) string {
	if spellings == "" {
		return ""
	}
	for _, path := range document.Spellings(spellings) {
		if child, ok := e.Find(path); ok && child.Text() != "" {
			return child.Text()
		}
	}
	return ""
}

// listed is what a list says of the items that it has.
type listed struct {
	entries  []entry
	channels []string // all that it is about; the first one if it names none
}

// entry is an item of a list.
type entry struct{ key, word, channel string }

// listedIn reads the list of a kind; false if that was not read, or cannot lack items that anything tells of.
func listedIn(kind *schema.Kind, docs providers.Documents) (listed, bool) {
	if kind.Item == nil || len(kind.Item.Hints) == 0 {
		return listed{}, false
	}
	at, err := document.Open(kind, docs, "")
	if err != nil {
		return listed{}, false
	}
	var l listed
	for _, e := range at.Doc.All(at.Entries(kind)) {
		one := entry{textOf(e, kind.Item.Key), textOf(e, kind.Item.Word), textOf(e, kind.Item.Channel)}
		if dash := strings.LastIndexByte(one.key, '-'); one.channel == "" && dash >= 0 && ofChannels(kind, one.word) {
			one.channel = one.key[dash+1:]
		}
		l.entries = append(l.entries, one)
		if one.channel != "" && plainID.MatchString(one.channel) && !slices.Contains(l.channels, one.channel) {
			l.channels = append(l.channels, one.channel)
		}
	}
	if len(l.channels) == 0 {
		l.channels = []string{firstChannel}
	}
	return l, true
}

// ofChannels reports whether a word is known to stand for an item that there is for each channel.
func ofChannels(kind *schema.Kind, word string) bool {
	return slices.ContainsFunc(kind.Item.Hints, func(h *schema.Hint) bool {
		for known, key := range h.Keys {
			before, ofEach := strings.CutSuffix(key, "-"+schema.ChannelHole)
			if ofEach && (strings.EqualFold(known, word) || strings.EqualFold(before, word)) {
				return true
			}
		}
		return false
	})
}

// keys are those of the items that a word stands for and that the list does not have for the same channel under another key. They
// begin as the list writes them for other channels. It is false for a word that is not known.
func (l listed) keys(h *schema.Hint, w word) (keys []string, known bool) {
	key, known := h.KeyOf(w.text)
	begin, ofEach := strings.CutSuffix(key, "-"+schema.ChannelHole)
	switch {
	case key == "":
		return nil, known
	case !ofEach:
		return []string{key}, known
	}
	channels := l.channels
	if w.channel != "" {
		channels = []string{w.channel}
	}
	has, before := map[string]bool{}, begin
	for _, e := range l.entries {
		if !strings.EqualFold(e.word, w.text) && !strings.EqualFold(e.word, before) {
			continue
		}
		has[e.channel] = true
		if own, numbered := strings.CutSuffix(e.key, "-"+e.channel); numbered {
			begin = own
		}
	}
	for _, channel := range channels {
		if !has[channel] {
			keys = append(keys, begin+"-"+channel)
		}
	}
	return keys, known
}

// Served leaves out what shows the name of another item: some addresses are further ones of the same.
func (p *Provider) Served(kind *schema.Kind, keys []string, docs providers.Documents) []string {
	at, err := document.Open(kind, docs, "")
	if err != nil {
		return nil
	}
	var served []string
	names := map[string]bool{}
	for _, key := range keys {
		alone, err := document.Open(kind, docs, key)
		if err != nil || !alone.IsAlone() {
			continue
		}
		name := textOf(alone.Doc.Root(), kind.Item.Key)
		if name == "" {
			name = key
		}
		if len(at.ItemPaths(kind, name)) > 0 || names[strings.ToLower(name)] {
			continue
		}
		names[strings.ToLower(name)] = true
		served = append(served, key)
	}
	return served
}

// Absent takes a page for the word of the device, too: it gave other documents a moment ago, and an address that nobody knows is what
// such pages are for.
func (p *Provider) Absent(doc providers.Document) bool {
	return doc.Missing != "" && (!doc.Unsure || strings.HasPrefix(doc.Missing, "40"))
}
