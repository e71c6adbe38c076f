package codec

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/zclconf/go-cty/cty"

	"camform/providers"
	"camform/providers/hikvision/document"
	"camform/providers/hikvision/xmlpatch"
)

// The rights of an account: elements with true or false. An attribute has the set of those that are true.
//
// What the level of an account can have at all, devices say in documents next to the list of rights, each about
// one level.

var permissionLevel = xmlpatch.MustPath("userType")

// fixedLevel is the level whose rights no device lets anybody change.
const fixedLevel = "admin"

// rights: the values of the attribute belong to its elements, one by one.

func decodeRights(f document.Field) (cty.Value, error) {
	granted, some := []string{}, false
	for n, right := range f.Attribute.Values {
		text, ok := f.Text(n)
		if !ok || text == "" {
			continue
		}
		some = true
		is, err := readFlag(f.Element(n), text)
		if err != nil {
			return f.Null(), err
		}
		if is {
			granted = append(granted, right)
		}
	}
	if !some {
		return f.Null(), nil
	}
	return setOf(append(granted, strangeRights(f)...)), nil
}

// strangeRights are the rights that the account has and the setting file has no words for, by the names of their elements. They are
// shown, and stay.
func strangeRights(f document.Field) []string {
	var strange []string
	all, _ := f.Doc.Find(f.Path(0).Parent())
	for _, e := range all.Children() {
		isThis := func(path xmlpatch.Path) bool { return path.Name() == e.Name() }
		known := slices.ContainsFunc(f.Attribute.Elements, func(spellings string) bool {
			return slices.ContainsFunc(document.Spellings(spellings), isThis)
		})
		if len(e.Children()) == 0 && strings.EqualFold(e.Text(), "true") && !known {
			strange = append(strange, e.Name())
		}
	}
	return strange
}

func encodeRights(f document.Field, want cty.Value) error {
	there := strangeRights(f)
	wanted, some := slices.DeleteFunc(TextsOf(want), func(word string) bool { return slices.Contains(there, word) }), false
	for n, right := range f.Attribute.Values {
		have, ok := f.Text(n)
		if !ok || have == "" {
			continue
		}
		some = true
		at := slices.Index(wanted, right)
		if at >= 0 {
			wanted = slices.Delete(wanted, at, at+1)
		}
		if err := f.Put(n, inCaseOf(have, strconv.FormatBool(at >= 0))); err != nil {
			return err
		}
	}
	return allThere(f, some, wanted)
}

// allThere fails unless there are rights at all, and none is left over that there is not.
func allThere(f document.Field, some bool, left []string) error {
	switch {
	case !some:
		return fmt.Errorf("the device has no element %s: %w", f.Element(0), providers.ErrUnsupported)
	case len(left) > 0:
		return fmt.Errorf("the device has no %s: %w", document.List(left), providers.ErrUnsupported)
	}
	return nil
}

func checkRights(f document.Field, want cty.Value) []string {
	var has, beyond []string
	there := strangeRights(f)
	unknown := slices.DeleteFunc(TextsOf(want), func(word string) bool { return slices.Contains(there, word) })
	for n, right := range f.Attribute.Values {
		text, ok := f.Text(n)
		if !ok || text == "" {
			continue
		}
		has = append(has, right)
		at := slices.Index(unknown, right)
		if at < 0 {
			continue
		}
		unknown = slices.Delete(unknown, at, at+1)
		if !strings.EqualFold(text, "true") && !grantable(f, f.Element(n)) {
			beyond = append(beyond, right)
		}
	}
	return complain(f, has, unknown, beyond, "rights")
}

// channelRights: one right for each channel. The element is that of an entry of a list, and an entry has the number of its
// channel.

func decodeChannelRights(f document.Field) (cty.Value, error) {
	entries := f.Doc.All(f.Path(0).Parent())
	if len(entries) == 0 {
		return f.Null(), nil
	}
	granted, some := []string{}, false
	for _, entry := range entries {
		channel, _ := entry.Find(entryID)
		right, ok := entry.Find(xmlpatch.Path{}.Child(f.Element(0).Name()))
		if !ok || right.Text() == "" {
			continue
		}
		some = true
		is, err := readFlag(f.Element(0), right.Text())
		if err != nil {
			return f.Null(), err
		}
		if is {
			granted = append(granted, channel.Text())
		}
	}
	if !some {
		return f.Null(), nil
	}
	return setOf(granted), nil
}

func encodeChannelRights(f document.Field, want cty.Value) error {
	wanted, some := TextsOf(want), false
	entries := f.Path(0).Parent()
	for i, entry := range f.Doc.All(entries) {
		channel, _ := entry.Find(entryID)
		right, ok := entry.Find(xmlpatch.Path{}.Child(f.Element(0).Name()))
		if !ok || right.Text() == "" {
			continue
		}
		some = true
		at := slices.Index(wanted, channel.Text())
		if at >= 0 {
			wanted = slices.Delete(wanted, at, at+1)
		}
		text := inCaseOf(right.Text(), strconv.FormatBool(at >= 0))
		if err := f.Doc.Set(entries.At(i+1).Child(f.Element(0).Name()), text); err != nil {
			return document.InFamily(err)
		}
	}
	return allThere(f, some, wanted)
}

func checkChannelRights(f document.Field, want cty.Value) []string {
	var has, beyond []string
	unknown := TextsOf(want)
	for _, entry := range f.Doc.All(f.Path(0).Parent()) {
		channel, _ := entry.Find(entryID)
		right, ok := entry.Find(xmlpatch.Path{}.Child(f.Element(0).Name()))
		if !ok || right.Text() == "" {
			continue
		}
		has = append(has, channel.Text())
		at := slices.Index(unknown, channel.Text())
		if at < 0 {
			continue
		}
		unknown = slices.Delete(unknown, at, at+1)
		one := f.Element(0).Parent().Where(entryID, channel.Text()).Child(f.Element(0).Name())
		if !strings.EqualFold(right.Text(), "true") && !grantable(f, one) {
			beyond = append(beyond, channel.Text())
		}
	}
	return complain(f, has, unknown, beyond, "channels")
}

// complain writes what is wrong with a set of rights or channels: what the device has at all, what it does not have, and
// what the level of the account does not admit.
func complain(f document.Field, has, unknown, beyond []string, what string) []string {
	switch {
	case len(has) == 0:
		return f.Missing(0)
	case strings.EqualFold(level(f), fixedLevel):
		return document.Sentence("The rights of an administrator are fixed.")
	case len(unknown) > 0:
		return document.Sentence("This device knows the %s %s, not %s.", what, document.List(has), document.List(unknown))
	case len(beyond) > 0:
		return document.Sentence("An account of the level %s cannot have these %s on this device: %s.", document.Show(level(f)), what, document.List(beyond))
	}
	return nil
}

// level is the level of the account, in the word of the document.
func level(f document.Field) string {
	e, _ := f.Doc.Find(f.Item.Join(permissionLevel))
	return e.Text()
}

// grantable reports whether the level of the account can have a right, according to the device.
func grantable(f document.Field, right xmlpatch.Path) bool {
	ceiling, err := document.Parse(f.Limits.Docs[f.Limits.At.Path+"/"+level(f)+"Cap"].Body)
	if err != nil {
		return true
	}
	e, _ := ceiling.Find(right)
	options := document.LimitOf(e)
	_, can := options.Option("true")
	return can || len(options.Options) == 0
}

func setOf(texts []string) cty.Value {
	values := make([]cty.Value, len(texts))
	for i, text := range texts {
		values[i] = cty.StringVal(text)
	}
	if len(values) == 0 {
		return cty.SetValEmpty(cty.String)
	}
	return cty.SetVal(values)
}

// TextsOf returns the texts in a list or set.
func TextsOf(v cty.Value) []string {
	var texts []string
	for _, member := range v.AsValueSlice() {
		texts = append(texts, member.AsString())
	}
	return texts
}
