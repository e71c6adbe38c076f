package hikvision

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/zclconf/go-cty/cty"

	"camform/providers"
	"camform/providers/hikvision/xmlpatch"
)

// The rights of an account: elements with true or false. An attribute has the set of those that are true.
//
// What the level of an account can have at all, devices say in documents next to the list of rights, of which each is about
// one level.

var permissionLevel = xmlpatch.MustPath("userType")

// fixedLevel is the level whose rights no device lets anybody change.
const fixedLevel = "admin"

// rights: the values of the attribute belong to its elements, one by one.

func decodeRights(f field) (cty.Value, error) {
	granted, some := []string{}, false
	for n, right := range f.attribute.Values {
		text, ok := f.text(n)
		if !ok || text == "" {
			continue
		}
		some = true
		is, err := readFlag(f.element(n), text)
		if err != nil {
			return f.null(), err
		}
		if is {
			granted = append(granted, right)
		}
	}
	if !some {
		return f.null(), nil
	}
	return setOf(granted), nil
}

func encodeRights(f field, want cty.Value) error {
	wanted, some := textsOf(want), false
	for n, right := range f.attribute.Values {
		have, ok := f.text(n)
		if !ok || have == "" {
			continue
		}
		some = true
		at := slices.Index(wanted, right)
		if at >= 0 {
			wanted = slices.Delete(wanted, at, at+1)
		}
		if err := f.put(n, inCaseOf(have, strconv.FormatBool(at >= 0))); err != nil {
			return err
		}
	}
	return f.allThere(some, wanted)
}

// allThere fails unless there are rights at all, and none is left over that there is not.
func (f field) allThere(some bool, left []string) error {
	switch {
	case !some:
		return fmt.Errorf("the device has no element %s: %w", f.element(0), providers.ErrUnsupported)
	case len(left) > 0:
		return fmt.Errorf("the device has no %s: %w", list(left), providers.ErrUnsupported)
	}
	return nil
}

func checkRights(f field, want cty.Value) []string {
	var has, beyond []string
	unknown := textsOf(want)
	for n, right := range f.attribute.Values {
		text, ok := f.text(n)
		if !ok || text == "" {
			continue
		}
		has = append(has, right)
		at := slices.Index(unknown, right)
		if at < 0 {
			continue
		}
		unknown = slices.Delete(unknown, at, at+1)
		if !strings.EqualFold(text, "true") && !f.grantable(f.element(n)) {
			beyond = append(beyond, right)
		}
	}
	return f.complain(has, unknown, beyond, "rights")
}

// channelRights: one right for each channel. The element is that of an entry of a list, and an entry has the number of its
// channel.

func decodeChannelRights(f field) (cty.Value, error) {
	entries := f.doc.All(f.path(0).Parent())
	if len(entries) == 0 {
		return f.null(), nil
	}
	granted, some := []string{}, false
	for _, entry := range entries {
		channel, _ := entry.Find(entryID)
		right, ok := entry.Find(xmlpatch.Path{}.Child(f.element(0).Name()))
		if !ok || right.Text() == "" {
			continue
		}
		some = true
		is, err := readFlag(f.element(0), right.Text())
		if err != nil {
			return f.null(), err
		}
		if is {
			granted = append(granted, channel.Text())
		}
	}
	if !some {
		return f.null(), nil
	}
	return setOf(granted), nil
}

func encodeChannelRights(f field, want cty.Value) error {
	wanted, some := textsOf(want), false
	entries := f.path(0).Parent()
	for i, entry := range f.doc.All(entries) {
		channel, _ := entry.Find(entryID)
		right, ok := entry.Find(xmlpatch.Path{}.Child(f.element(0).Name()))
		if !ok || right.Text() == "" {
			continue
		}
		some = true
		at := slices.Index(wanted, channel.Text())
		if at >= 0 {
			wanted = slices.Delete(wanted, at, at+1)
		}
		text := inCaseOf(right.Text(), strconv.FormatBool(at >= 0))
		if err := f.doc.Set(entries.At(i+1).Child(f.element(0).Name()), text); err != nil {
			return inFamily(err)
		}
	}
	return f.allThere(some, wanted)
}

func checkChannelRights(f field, want cty.Value) []string {
	var has, beyond []string
	unknown := textsOf(want)
	for _, entry := range f.doc.All(f.path(0).Parent()) {
		channel, _ := entry.Find(entryID)
		right, ok := entry.Find(xmlpatch.Path{}.Child(f.element(0).Name()))
		if !ok || right.Text() == "" {
			continue
		}
		has = append(has, channel.Text())
		at := slices.Index(unknown, channel.Text())
		if at < 0 {
			continue
		}
		unknown = slices.Delete(unknown, at, at+1)
		one := f.element(0).Parent().Where(entryID, channel.Text()).Child(f.element(0).Name())
		if !strings.EqualFold(right.Text(), "true") && !f.grantable(one) {
			beyond = append(beyond, channel.Text())
		}
	}
	return f.complain(has, unknown, beyond, "channels")
}

// complain writes what is wrong with a set of rights or channels: what the device has at all, what it does not have, and
// what the level of the account does not admit.
func (f field) complain(has, unknown, beyond []string, what string) []string {
	switch {
	case len(has) == 0:
		return f.missing(0)
	case strings.EqualFold(f.level(), fixedLevel):
		return sentence("The rights of an administrator are fixed.")
	case len(unknown) > 0:
		return sentence("This device knows the %s %s, not %s.", what, list(has), list(unknown))
	case len(beyond) > 0:
		return sentence("An account of the level %s cannot have these %s on this device: %s.", show(f.level()), what, list(beyond))
	}
	return nil
}

// level is the level of the account, in the word of the document.
func (f field) level() string {
	e, _ := f.doc.Find(f.item.Join(permissionLevel))
	return e.Text()
}

// grantable reports whether the level of the account can have a right, as far as the device says.
func (f field) grantable(right xmlpatch.Path) bool {
	ceiling, err := parse(f.limits.docs[f.limits.at.Path+"/"+f.level()+"Cap"].Body)
	if err != nil {
		return true
	}
	e, _ := ceiling.Find(right)
	options := limitOf(e)
	_, can := options.option("true")
	return can || len(options.options) == 0
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

func textsOf(v cty.Value) []string {
	var texts []string
	for _, member := range v.AsValueSlice() {
		texts = append(texts, member.AsString())
	}
	return texts
}
