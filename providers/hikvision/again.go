package hikvision

import (
	"cmp"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/zclconf/go-cty/cty"

	"camform/providers"
	"camform/providers/hikvision/codec"
	"camform/providers/hikvision/document"
	"camform/providers/hikvision/xmlpatch"
	"camform/schema"
)

// Entries that are always there, until somebody deletes one: a POST to their list makes them again, where the setting file says so.

// made are the changes that make an entry again, the lowest number first, since that is the one that a device gives; rest are the others.
func made(changes []located) (made, rest []located) {
	for _, change := range changes {
		if change.Kind.Again != nil && !change.After.IsNull() && len(change.at.ItemPaths(change.Kind, change.Key)) == 0 {
			made = append(made, change)
		} else {
			rest = append(rest, change)
		}
	}
	slices.SortStableFunc(made, func(a, b located) int {
		return cmp.Or(cmp.Compare(len(a.Key), len(b.Key)), strings.Compare(a.Key, b.Key))
	})
	return made, rest
}

// composeAgain makes the request that makes an entry again.
func composeAgain(at document.Place, change providers.Change) (providers.Request, error) {
	request := providers.Request{Method: http.MethodPost, Path: at.Path, Keys: []providers.Key{change.Item()}, Numbered: true}
	fresh, item, err := newItem(at, change.Kind, change.Key)
	if err == nil {
		err = editItem(fresh, item, change)
	}
	if err == nil {
		err = trim(fresh, item, change)
	}
	if err != nil {
		return request, err
	}
	if lost := lostWith(change.Kind, fresh, item, change.After); len(lost) > 0 {
		return request, change.Refused(lost[0], providers.ErrInvalid)
	}
	request.Body = fresh.Doc.Bytes()
	return request, nil
}

// trim takes out of a new entry what is empty, and neither wanted nor known of the device: an entry has a place for all that it might
// have, and where no other is left and no limits tell, nobody can say what it had.
func trim(at document.Place, item xmlpatch.Path, change providers.Change) error {
	e, _ := at.Doc.Find(item)
	for _, path := range presets(e, xmlpatch.Path{}, true) {
		preset, _ := e.Find(path)
		_, known := at.Limits.Element(item, path)
		a := attributeAt(change.Kind, path)
		if known || preset.Text() != "" || a != nil && !change.After.GetAttr(a.Name).IsNull() {
			continue
		}
		if err := at.Doc.Remove(item.Join(path)); err != nil {
			return document.InFamily(err)
		}
	}
	return nil
}

// checkAgain checks an entry that the device lacks and that can be made again: there must be room for it, and all of it must be given.
func checkAgain(kind *schema.Kind, at document.Place, key string, want cty.Value) []providers.AttributeError {
	room, told := room(kind, at)
	number, err := strconv.Atoi(key)
	if told && (err == nil && number > room || len(at.Doc.All(at.Entries(kind))) >= room) {
		return []providers.AttributeError{{Lacks: true, Detail: fmt.Sprintf("This device %s. It has room for %d.", at.Lacks(kind, key), room)}}
	}
	var wrong []providers.AttributeError
	switch {
	case !told:
		wrong = append(wrong, providers.AttributeError{Lacks: true, Unproven: true, Detail: fmt.Sprintf(
			"This device %s, and does not say how many it has room for. The only evidence that devices accept a deleted one again: %s.", at.Lacks(kind, key), kind.Again.Source)})
	case kind.Again.Confidence == schema.Unsure:
		wrong = append(wrong, providers.AttributeError{Unproven: true, Detail: fmt.Sprintf(
			"This device %s, and has room for %d. The only evidence that devices accept a deleted one again: %s.", at.Lacks(kind, key), room, kind.Again.Source)})
	}
	more := checkNew(kind, at, key, want)
	if len(more) == 0 {
		if fresh, item, err := newItem(at, kind, key); err == nil {
			preset(kind, fresh, item, want)
			more = lostWith(kind, fresh, item, want)
		}
	}
	return append(wrong, more...)
}

// preset gives a new entry its wanted values, if they are known already. What the device would not accept is found elsewhere.
func preset(kind *schema.Kind, at document.Place, item xmlpatch.Path, want cty.Value) {
	for _, a := range kind.Attributes {
		if value := want.GetAttr(a.Name); value.IsKnown() && !value.IsNull() {
			_ = codec.Encode(at.Field(item, a), value)
		}
	}
}

// room is how many entries the device holds, as its limits say. It is false where they do not.
func room(kind *schema.Kind, at document.Place) (int, bool) {
	if kind.Again.Room == "" {
		n := size(at, kind)
		return n, n > 0
	}
	e, ok := at.Limits.Element(xmlpatch.Path{}, xmlpatch.MustPath(kind.Again.Room))
	if most := document.LimitOf(e).Max; most != nil {
		return int(*most), ok
	}
	n, err := strconv.Atoi(e.Text())
	return n, ok && err == nil
}

// lostWith finds secrets that a new entry needs, by what is wanted of it, and that nobody gives: the device forgot what it had.
func lostWith(kind *schema.Kind, at document.Place, item xmlpatch.Path, want cty.Value) []providers.AttributeError {
	var wrong []providers.AttributeError
	for _, a := range kind.Attributes {
		holder, _ := at.Doc.Find(item.Join(xmlpatch.MustPath(cmp.Or(a.Holder, "."))))
		if a.Holder == "" || !want.GetAttr(a.Name).IsNull() || !document.Holds(holder.Text()) || at.Field(item, a).Idle() != "" {
			continue
		}
		wrong = append(wrong, providers.AttributeError{Attribute: a.Name, Detail: fmt.Sprintf(
			"The %s was lost when somebody deleted the entry, and is needed to make the entry again. Give it, too.", a.Name)})
	}
	return wrong
}
