package codec

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/zclconf/go-cty/cty"

	"camform/providers"
	"camform/providers/hikvision/document"
	"camform/providers/hikvision/xmlpatch"
	"camform/schema"
)

// The elements of what a device does on an event, in the order in which a setting file names them.
const (
	notificationList  = iota // EventTriggerNotificationList
	notificationEntry        // one entry of it
)

// Where the parts of an entry lie in it.
var (
	notificationID         = xmlpatch.MustPath("id")
	notificationMethod     = xmlpatch.MustPath("notificationMethod")
	notificationRecurrence = xmlpatch.MustPath("notificationRecurrence")
)

// plainMethod is the method of an entry that says nothing but the method: its id is the method itself, and it has no parts
// whose meaning camform does not know. Entries such as record-1 and IO-1 name a channel or an output and have
// none.
func plainMethod(entry xmlpatch.Element) string {
	id, _ := entry.Find(notificationID)
	method, _ := entry.Find(notificationMethod)
	for _, child := range entry.Children() {
		if !slices.Contains([]string{"id", "notificationMethod", "notificationRecurrence"}, child.Name()) {
			return ""
		}
	}
	if id.Text() != method.Text() {
		return ""
	}
	return method.Text()
}

// knownMethods are the entries of the list that the setting file has words for, by what they are called here, with their
// positions counted from 1. All others are left alone.
func knownMethods(f document.Field) map[string]int {
	known := map[string]int{}
	for i, entry := range f.Doc.All(f.Path(notificationEntry)) {
		word := valueOf(f.Attribute, plainMethod(entry))
		if _, twice := known[word]; slices.Contains(f.Attribute.Values, word) && !twice {
			known[word] = i + 1
		}
	}
	return known
}

func decodeNotifications(f document.Field) (cty.Value, error) {
	if _, ok := f.Text(notificationList); !ok {
		return f.Null(), nil
	}
	return setOf(append(slices.Collect(maps.Keys(knownMethods(f))), strangeMethods(f)...)), nil
}

// strangeMethods are the plain methods of the list that the setting file has no words for. They are shown, and stay.
func strangeMethods(f document.Field) []string {
	var strange []string
	for _, entry := range f.Doc.All(f.Path(notificationEntry)) {
		method := plainMethod(entry)
		if method != "" && !slices.Contains(f.Attribute.Values, valueOf(f.Attribute, method)) && !slices.Contains(strange, method) {
			strange = append(strange, method)
		}
	}
	return strange
}

// encodeNotifications removes the entries that are not wanted, and appends those that are missing in the form in which the
// device writes them.
func encodeNotifications(f document.Field, want cty.Value) error {
	if reason := ambiguous(f); reason != "" {
		return fmt.Errorf("%s: %w", strings.TrimSuffix(reason, "."), providers.ErrUnsupported)
	}
	wanted, known := membersOf(want), knownMethods(f)
	var fresh [][]byte // made before anything is removed: what goes may be what they are made after
	for _, word := range f.Attribute.Values {
		if _, there := known[word]; there || !slices.Contains(wanted, word) {
			continue
		}
		entry, err := notification(f, spellingsOf(f.Attribute, word)[0])
		if err != nil {
			return document.InFamily(err)
		}
		fresh = append(fresh, entry)
	}
	var gone []int
	for word, position := range known {
		if !slices.Contains(wanted, word) {
			gone = append(gone, position)
		}
	}
	slices.Sort(gone)
	for _, position := range slices.Backward(gone) {
		if err := f.Doc.Remove(f.Path(notificationEntry).At(position)); err != nil {
			return document.InFamily(err)
		}
	}
	for _, entry := range fresh {
		if err := f.Doc.Append(f.Path(notificationList), entry); err != nil {
			return document.InFamily(err)
		}
	}
	return nil
}

// membersOf are the known members of a set of texts.
func membersOf(set cty.Value) []string {
	var members []string
	for _, member := range set.AsValueSlice() {
		if member.IsKnown() && !member.IsNull() {
			members = append(members, member.AsString())
		}
	}
	return members
}

// notification is an entry with a method, made after one that the device has for any of its events: with the same method,
// or else with another. Of a device that has none it is made as cameras or recorders write it.
func notification(f document.Field, method string) ([]byte, error) {
	var model xmlpatch.Element
	anywhere := f.Element(notificationEntry)
	if !f.Item.IsRoot() { // which is an event that the device serves by itself
		anywhere = f.Item.Parent().Child(f.Item.Name()).Join(anywhere)
	}
	for _, entry := range f.Doc.All(anywhere) {
		have := plainMethod(entry)
		if have == method {
			return entry.Raw(), nil
		}
		if have != "" && model.Name() == "" {
			model = entry
		}
	}
	text := []byte("<EventTriggerNotification><id></id><notificationMethod></notificationMethod></EventTriggerNotification>")
	if model.Name() != "" {
		text = model.Raw()
	}
	one, err := xmlpatch.Parse(text)
	if err != nil {
		return nil, err
	}
	for _, path := range []xmlpatch.Path{notificationID, notificationMethod} {
		if err := one.Set(path, method); err != nil {
			return nil, err
		}
	}
	if model.Name() == "" && isCamera(f) {
		if err := one.Insert(notificationRecurrence, "beginning", "notificationMethod"); err != nil {
			return nil, err
		}
	}
	return one.Bytes(), nil
}

// isCamera reports whether a device writes events as cameras do: with a description, and with how often it notifies.
func isCamera(f document.Field) bool {
	_, described := f.Doc.FindSuffix(xmlpatch.MustPath("eventDescription"))
	_, recurring := f.Doc.FindSuffix(notificationRecurrence)
	return described || recurring
}

// ambiguous says, as a sentence, that the device has several events with one id, as a recorder has for things that were
// left behind; empty if it has one.
func ambiguous(f document.Field) string {
	if n := len(f.Doc.All(f.Item)); n > 1 {
		return fmt.Sprintf("This device has %d events of that name, and camform cannot tell them apart.", n)
	}
	return ""
}

func checkNotifications(f document.Field, want cty.Value) []string {
	if reason := ambiguous(f); reason != "" {
		return []string{reason}
	}
	if _, ok := f.Text(notificationList); !ok {
		return f.Missing(notificationList)
	}
	there := strangeMethods(f)
	unknown := slices.DeleteFunc(unknownWords(f.Attribute, membersOf(want)), func(word string) bool { return slices.Contains(there, word) })
	if len(unknown) > 0 {
		return document.Sentence("%s is not one of %s.", document.List(unknown), document.List(f.Attribute.Values))
	}
	return nil
}

// unknownWords are the words that the setting file does not have.
func unknownWords(a *schema.Attribute, words []string) []string {
	return slices.DeleteFunc(words, func(word string) bool { return slices.Contains(a.Values, word) })
}
