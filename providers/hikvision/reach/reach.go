// Package reach says what the setting files of a user, and the kind that reaches any element, may do to a device: what their
// paths reach, what writing there can cost, and what belongs to another kind. It is pure.
package reach

import (
	"fmt"
	"slices"
	"strings"

	"camform/providers/hikvision/document"
	"camform/providers/hikvision/xmlpatch"
	"camform/schema"
)

// What the paths of a setting file reach on a device, and what writing there can cost.

// dangerous are the paths below which a wrong value can cost the way to a device, as segments in lower case.
var dangerous = [][]string{{"isapi", "system", "network"}, {"isapi", "security"}}

// Floor returns the least risk of an item of a kind that camform does not know from within: the greatest one among the
// paths that it is written to.
func Floor(kind *schema.Kind, key string) schema.Risk {
	risk := schema.RiskNone
	for _, path := range writtenTo(kind, key) {
		risk = risk.Or(floor(path))
	}
	return risk
}

// floor returns the least risk of writing to a path. What is not ISAPI can cost anything.
func floor(path string) schema.Risk {
	at := segments(path)
	if !liesWithin(at, []string{"isapi"}) {
		return schema.RiskLockout
	}
	for _, prefix := range dangerous {
		if liesWithin(at, prefix) {
			return schema.RiskLockout
		}
	}
	return schema.RiskService
}

// links are the paths below which the links of a device are set that no kind describes: several interfaces as one, a modem,
// dialling in. The paths are those of the web interface of devices and of the ISAPI guide for mobile devices.
var links = [][]string{
	{"isapi", "system", "network", "bond"},
	{"isapi", "system", "network", "pppoe"},
	{"isapi", "system", "network", "wirelessdial"},
}

// Carries reports whether an item is written below the path of a link, or a document of a kind that is one. What else is set
// there, such as the speed of the interface, cuts the connection like an address does.
func (o Owners) Carries(kind *schema.Kind, key string) bool {
	for _, path := range writtenTo(kind, key) {
		if IsOutsider(kind) && slices.ContainsFunc(links, func(link []string) bool { return liesWithin(segments(path), link) }) {
			return true
		}
	}
	for _, other := range o.managers(kind) {
		for _, doc := range other.Documents() {
			below := func(path string) bool { return liesWithin(segments(path), segmentsNamed(doc.Path)) }
			if other.IsLink("") && slices.ContainsFunc(writtenTo(kind, key), below) {
				return true
			}
		}
	}
	return false
}

// writtenTo returns the paths of the requests that change an item. The number that a device gives to an item stays a hole,
// and so does the key if it is KeyHole.
func writtenTo(kind *schema.Kind, key string) []string {
	var paths []string
	for _, at := range kind.Documents() {
		paths = append(paths, at.For(key).Path)
	}
	if kind.Write != nil {
		for _, path := range []string{kind.Write.Path, kind.Write.Create, kind.Write.Delete} {
			if path != "" {
				paths = append(paths, strings.ReplaceAll(path, schema.KeyHole, key))
			}
		}
	}
	return paths
}

// Refuses says, in sentences, why an item of a kind that camform does not know from within must not be written, whatever the
// device says: a path acts, or an element is one that another kind manages.
func (o Owners) Refuses(kind *schema.Kind, key string) []string {
	for _, path := range writtenTo(kind, key) {
		if reason := NoSetting(path); reason != "" {
			return []string{reason}
		}
		if reason := puzzling(path); reason != "" {
			return []string{reason}
		}
	}
	if faults := o.certainly(kind, key); len(faults) > 0 {
		return []string{faults[0].Detail}
	}
	return nil
}

// certainly finds the parts of a kind by which an item changes what another kind manages on every device. There are none
// where that depends on the device, or never is so.
func (o Owners) certainly(kind *schema.Kind, key string) []schema.Fault {
	var faults []schema.Fault
	add := func(part, path string, other *schema.Kind) {
		if !slices.ContainsFunc(faults, func(f schema.Fault) bool { return f.Part == part }) {
			faults = append(faults, schema.Fault{Part: part, Summary: "Element of another kind", Detail: path + " " + belongs(other)})
		}
	}
	for _, other := range o.managers(kind) {
		for _, theirs := range other.Documents() {
			for i, ours := range kind.Documents() {
				ours = ours.For(key)
				here, there := segmentsNamed(ours.Path), segmentsNamed(theirs.Path)
				switch {
				case !liesWithin(here, there):
				case len(here) == len(there):
					managed := managedIn(other, theirs)
					for _, e := range elementsIn(kind, ours, key) {
						if slices.ContainsFunc(managed, e.path.Covers) {
							add(e.part, fmt.Sprintf("%s of %s", e.path, withoutQuery(ours.Path)), other)
						}
					}
				case managesItems(other):
					add(documentPart(i)+".path", ours.Path, other)
				}
			}
		}
	}
	return faults
}

// partElement is an element that a part of a setting file names.
type partElement struct {
	part string
	path xmlpatch.Path
}

// elementsIn returns the elements that the attributes of an item have in a document, without asking a device.
func elementsIn(kind *schema.Kind, doc schema.Document, key string) []partElement {
	var keys []string
	if kind.Keyed && key != "" {
		keys = []string{key}
	}
	items := itemsIn(kind, doc, keys)
	if _, fragment, ok := strings.Cut(key, "#"); ok && kind.Document.PerItem() {
		item, err := xmlpatch.ParsePath(fragment)
		if err != nil {
			return nil
		}
		items = []xmlpatch.Path{item}
	}
	var elements []partElement
	for _, item := range items {
		for _, a := range kind.Attributes {
			for _, named := range kind.Elements(a) {
				for _, path := range document.Spellings(named.Path) {
					elements = append(elements, partElement{named.Part, item.Join(path)})
				}
			}
		}
	}
	return elements
}

// Overreaches finds what a setting file of the user's must not do, whatever the device says.
func (o Owners) Overreaches(kind *schema.Kind) []schema.Fault {
	var faults []schema.Fault
	wrong := func(part, summary, detail string) {
		faults = append(faults, schema.Fault{Part: part, Summary: summary, Detail: detail})
	}
	if kind.Hooks != "" {
		wrong("hooks", "Hooks not possible", "Hooks belong to the kinds that come with camform.")
	}
	for _, at := range pathsIn(kind) {
		lists := [][]string{acting}
		if at.written {
			lists = append(lists, reporting)
		}
		if word := actsAt(at.path, lists...); word != "" {
			wrong(at.part, "Path of an action", noSetting(at.path, word))
		}
		if reason := o.misdirected(kind, at); reason != "" {
			wrong(at.part, "Path of another kind", reason)
		}
		if reason := puzzling(at.path); reason != "" {
			wrong(at.part, "Path not possible", reason)
		}
	}
	if w := kind.Write; w != nil && strings.Contains(w.Path, schema.IDHole) {
		for _, a := range kind.Attributes {
			for _, e := range kind.Elements(a) {
				if slices.ContainsFunc(document.Spellings(e.Path), document.ItemID.Covers) {
					wrong(e.Part, "Number of an item", "The device chooses the number of an item, and write.path would follow whatever is written to it.")
				}
			}
		}
	}
	return append(faults, o.certainly(kind, "")...)
}

// partPath is a path in a setting file.
type partPath struct {
	part    string // where it stands
	path    string
	written bool // whether something is sent there
}

// pathsIn returns all paths in a setting file that a device is asked at.
func pathsIn(kind *schema.Kind) []partPath {
	var paths []partPath
	for i, doc := range kind.Documents() {
		paths = append(paths, partPath{documentPart(i) + ".path", doc.Path, true})
		for n, limits := range doc.Capabilities {
			paths = append(paths, partPath{fmt.Sprintf("%s.capabilities.%d", documentPart(i), n), limits, false})
		}
	}
	if w := kind.Write; w != nil {
		paths = append(paths, partPath{"write.path", w.Path, true})
		if w.Create != "" {
			paths = append(paths, partPath{"write.create", w.Create, true}, partPath{"write.delete", w.Delete, true})
		}
	}
	if kind.Again != nil {
		for _, doc := range kind.Documents() {
			paths = append(paths, partPath{"again", doc.Path, true})
		}
	}
	if kind.Item != nil {
		paths = append(paths, pathsOfItem(kind.Item)...)
	}
	if kind.Sees != nil {
		paths = append(paths, partPath{"sees.path", kind.Sees.Path, false})
	}
	if kind.Clock != nil {
		paths = append(paths, partPath{"clock.path", kind.Clock.Path, false})
	}
	if kind.Sessions != nil {
		paths = append(paths, partPath{"sessions.path", kind.Sessions.Path, false})
	}
	if kind.Works != nil {
		paths = append(paths, partPath{"works.path", kind.Works.Path, false})
	}
	return paths
}

// pathsOfItem are those of an item block.
func pathsOfItem(item *schema.Item) []partPath {
	var paths []partPath
	if item.Names != nil {
		paths = append(paths, partPath{"item.names.path", item.Names.Path, false})
	}
	if item.Alone != "" {
		paths = append(paths, partPath{"item.alone", item.Alone, false})
	}
	for i, h := range item.Hints {
		for n, path := range h.Paths {
			paths = append(paths, partPath{fmt.Sprintf("%s.paths.%d", schema.HintPart(i), n), path, false})
		}
	}
	return paths
}

func documentPart(n int) string {
	if n == 0 {
		return "document"
	}
	return fmt.Sprintf("document.%d", n)
}

// misdirected says why a request to a path of the write block, or for an entry that is made again, would change what another kind manages,
// whatever stands in the documents: items are made or removed where another kind lives, or what is sent there was not read there as a whole.
func (o Owners) misdirected(kind *schema.Kind, part partPath) string {
	if !strings.HasPrefix(part.part, "write.") && part.part != "again" {
		return ""
	}
	to := segments(part.path)
	for _, other := range o.managers(kind) {
		for _, doc := range other.Documents() {
			there := segmentsNamed(doc.Path)
			if !liesWithin(to, there) && !liesWithin(there, to) {
				continue
			}
			if part.part != "write.path" {
				return part.path + " " + belongs(other)
			}
			for _, from := range kind.Documents() {
				if kind.WriteIn(from) != nil && !sentBack(kind, from, to, there) {
					return fmt.Sprintf("%s %s Send back there the whole document that was read there.", part.path, belongs(other))
				}
			}
		}
	}
	return ""
}

// sentBack reports whether a kind that is read from a document sends to a path, in or around the document of another kind,
// just what is read there: the document, the item with its number, or something below that.
func sentBack(kind *schema.Kind, from schema.Document, to, there []string) bool {
	read := segments(from.Path)
	switch {
	case !liesWithin(to, read):
		return false
	case !liesWithin(to, there): // it holds the document of the other kind
		return true
	case !liesWithin(read, there):
		return false
	}
	whole, entry := kind.Write.Element == "", len(there)
	if len(to) == len(read) {
		return whole && kind.Item == nil && from.Within == ""
	}
	numbered := to[entry] == schema.IDHole || to[entry] == schema.KeyHole && kind.Item != nil && kind.Item.Key == "id"
	return (numbered || len(read) > entry) && (whole || len(to) > entry+1)
}
