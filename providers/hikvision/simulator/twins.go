package simulator

import (
	"bytes"
	"cmp"
	"maps"
	"slices"
	"strings"
)

// twin is another address at which a device keeps what it keeps at a path: an item that was recorded by itself beside its list,
// or the list beside the item. The two are one document. Each keeps the bytes in which it was recorded, and what a write of one
// changes, changes in the other.
type twin struct {
	path   string
	view   view
	ids    []string // within the document of the view
	inside bool     // the twin is a part of what is written; otherwise what is written is a part of the twin
}

// copies are the documents of a device at all their addresses.
type copies struct{ *unit }

// twinsOf are the other addresses at which the device keeps what is at a path, or a part of it.
func (d copies) twinsOf(path string) []twin {
	var all []twin
	for _, v := range views {
		if ids, matches := v.match(path); matches {
			list, within := v.kept(ids)
			if _, found := d.stored(list); found {
				all = append(all, twin{list, v, within, false})
			}
		}
	}
	for _, below := range d.keptBelow(path) {
		for _, v := range views {
			ids, matches := v.match(below)
			if !matches {
				continue
			}
			if list, within := v.kept(ids); list == path {
				all = append(all, twin{below, v, within, true})
			}
		}
	}
	return all
}

// keptBelow are the paths below another one at which the device keeps documents, sorted.
func (d copies) keptBelow(path string) []string {
	var below []string
	for known := range d.model.documents {
		if _, changed := d.own[known]; !changed && strings.HasPrefix(known, path+"/") {
			below = append(below, known)
		}
	}
	for known := range d.own {
		if !gone(d.own, known) && strings.HasPrefix(known, path+"/") {
			below = append(below, known)
		}
	}
	slices.Sort(below)
	return below
}

// gone reports whether a document that a device with these documents once kept at a path is an item of a list that has it no longer.
func gone(own map[string][]byte, path string) bool {
	body, changed := own[path]
	return changed && body == nil
}

// carry lets the twins of a document that was written have what the write changed, and their twins, but for those that were done. It
// reports whether one of them acts only after the next reboot.
func (d copies) carry(path string, before document, done map[string]bool) (needsReboot bool, err error) {
	after, _ := d.stored(path)
	old, want := before.root(), after.root()
	if old == nil || want == nil {
		return false, nil
	}
	for _, t := range d.twinsOf(path) {
		from, to := old, want
		if t.inside {
			from, to = t.view.find(old, t.ids), t.view.find(want, t.ids)
		}
		switch {
		case from == nil || done[t.path]:
			continue
		case to == nil:
			d.own[t.path] = nil
			continue
		}
		done[t.path] = true
		stored, _ := d.stored(t.path)
		body, changed := t.taking(stored, from, to, after.body)
		if !changed {
			continue
		}
		waits, errAt := d.storeAt(t.path, body)
		waitsMore, errOf := d.carry(t.path, stored, done)
		if err := cmp.Or(errAt, errOf); err != nil {
			return false, err
		}
		needsReboot = needsReboot || waits || waitsMore
	}
	return needsReboot, nil
}

// storeAt keeps a document at one of its addresses.
func (d copies) storeAt(path string, body []byte) (needsReboot bool, err error) {
	saved, running := *d.saved, *d.running
	if err := saved.learn(d.model, path, body); err != nil {
		return false, err
	}
	needsReboot = d.needsReboot(path, body)
	if !needsReboot {
		if err := running.learn(d.model, path, body); err != nil {
			return false, err
		}
		d.obey(&running)
	}
	d.saved = &saved
	d.own[path] = body
	return needsReboot, nil
}

// taking is a twin with what differs between two states of the element that it means; sent holds the second.
func (t twin) taking(stored document, before, after *element, sent []byte) (body []byte, changed bool) {
	if stored.contentType == contentText {
		return []byte(after.text), string(bytes.TrimSpace(stored.body)) != after.text
	}
	have := stored.root()
	if have != nil && !t.inside {
		have = t.view.find(have, t.ids)
	}
	if have == nil {
		return nil, false
	}
	m := &merger{have: stored.body, sent: sent, known: namesBeyond(after, before)}
	m.merge(have, after)
	m.drop(have, before, after)
	return apply(stored.body, m.edits), len(m.edits) > 0
}

// namesBeyond are the names of the elements that one state of a document has and another lacks.
func namesBeyond(e, other *element) map[string]bool {
	names := make(map[string]bool)
	e.walk(func(e *element) { names[e.name] = true })
	other.walk(func(e *element) { delete(names, e.name) })
	return names
}

// drop removes from old what a write took out of another document that means the same.
func (m *merger) drop(old, before, after *element) {
	if old.replaced() {
		return
	}
	for _, o := range old.children {
		was, is := before.counterpart(o), after.counterpart(o)
		switch {
		case was != nil && is == nil:
			m.edits = append(m.edits, o.remove(m.have))
		case was != nil:
			m.drop(o, was, is)
		}
	}
}

// root is the root element of a document in XML, an element with the text of one that is plain text, and nil for others.
func (d document) root() *element {
	if d.contentType == contentText {
		return &element{text: string(bytes.TrimSpace(d.body))}
	}
	root, err := scan(d.body)
	if d.contentType != contentXML || err != nil {
		return nil
	}
	return root
}

// reconcile lets the recorded documents that are one say the same: what an item says by itself counts, since devices tell more there
// than in a list.
func (b *blueprint) reconcile() {
	paths := slices.Sorted(maps.Keys(b.documents))
	slices.SortStableFunc(paths, func(x, y string) int { return strings.Count(y, "/") - strings.Count(x, "/") })
	for _, path := range paths {
		item := b.documents[path]
		want := item.root()
		if want == nil {
			continue
		}
		for _, v := range views {
			ids, matches := v.match(path)
			if !matches {
				continue
			}
			list, within := v.kept(ids)
			stored, found := b.documents[list]
			if !found {
				continue
			}
			t := twin{list, v, within, false}
			if body, changed := t.taking(stored, want, want, item.body); changed {
				stored.body = body
				b.documents[list] = stored
			}
		}
	}
}
