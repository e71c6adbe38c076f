package hikvision

import (
	"fmt"
	"slices"
	"strings"

	"github.com/zclconf/go-cty/cty"

	"camform/providers"
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
// of which camform does not know what they mean. Entries such as record-1 and IO-1 name a channel or an output and have
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
func knownMethods(f field) map[string]int {
	known := map[string]int{}
	for i, entry := range f.doc.All(f.path(notificationEntry)) {
		word := valueOf(f.attribute, plainMethod(entry))
		if _, twice := known[word]; slices.Contains(f.attribute.Values, word) && !twice {
			known[word] = i + 1
		}
	}
	return known
}

func decodeNotifications(f field) (cty.Value, error) {
	if _, ok := f.text(notificationList); !ok {
		return f.null(), nil
	}
	var values []cty.Value
	for word := range knownMethods(f) {
		values = append(values, cty.StringVal(word))
	}
	if len(values) == 0 {
		return cty.SetValEmpty(cty.String), nil
	}
	return cty.SetVal(values), nil
}

// encodeNotifications removes the entries that are not wanted, and appends those that are missing in the form in which the
// device writes them.
func encodeNotifications(f field, want cty.Value) error {
	if reason := ambiguous(f); reason != "" {
		return fmt.Errorf("%s: %w", strings.TrimSuffix(reason, "."), providers.ErrUnsupported)
	}
	wanted, known := membersOf(want), knownMethods(f)
	var fresh [][]byte // made before anything is removed: what goes may be what they are made after
	for _, word := range f.attribute.Values {
		if _, there := known[word]; there || !slices.Contains(wanted, word) {
			continue
		}
		entry, err := notification(f, deviceText(f.attribute, word))
		if err != nil {
			return inFamily(err)
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
		if err := f.doc.Remove(f.path(notificationEntry).At(position)); err != nil {
			return inFamily(err)
		}
	}
	for _, entry := range fresh {
		if err := f.doc.Append(f.path(notificationList), entry); err != nil {
			return inFamily(err)
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
func notification(f field, method string) ([]byte, error) {
	var model xmlpatch.Element
	anywhere := f.item.Parent().Child(f.item.Name()).Join(f.element(notificationEntry))
	for _, entry := range f.doc.All(anywhere) {
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
func isCamera(f field) bool {
	_, described := f.doc.FindSuffix(xmlpatch.MustPath("eventDescription"))
	_, recurring := f.doc.FindSuffix(notificationRecurrence)
	return described || recurring
}

// ambiguous says, as a sentence, that the device has several events with one id, as a recorder has for things that were
// left behind; empty if it has one.
func ambiguous(f field) string {
	if n := len(f.doc.All(f.item)); n > 1 {
		return fmt.Sprintf("This device has %d events of that name, and camform cannot tell them apart.", n)
	}
	return ""
}

func checkNotifications(f field, want cty.Value) []string {
	if reason := ambiguous(f); reason != "" {
		return []string{reason}
	}
	if _, ok := f.text(notificationList); !ok {
		return f.missing(notificationList)
	}
	if unknown := unknownWords(f.attribute, membersOf(want)); len(unknown) > 0 {
		return sentence("%s is not one of %s.", list(unknown), list(f.attribute.Values))
	}
	return nil
}

// unknownWords are the words that the setting file does not have.
func unknownWords(a *schema.Attribute, words []string) []string {
	return slices.DeleteFunc(words, func(word string) bool { return slices.Contains(a.Values, word) })
}
