package codec

import (
	"fmt"
	"net/mail"
	"slices"
	"strings"

	"github.com/zclconf/go-cty/cty"

	"camform/providers"
	"camform/providers/hikvision/document"
	"camform/providers/hikvision/xmlpatch"
	"camform/schema"
)

// Where the parts of a receiver of mails lie in its slot.
var (
	receiverName    = xmlpatch.MustPath("name")
	receiverAddress = xmlpatch.MustPath("emailAddress")
)

// receiver is somebody who gets mails. Devices hold them in slots that are always there.
type receiver struct {
	name, address string
	slot          int // from 1, on the device
}

// text is how people write the receiver.
func (r receiver) text() string {
	if r.name == "" || r.name == r.address {
		return r.address
	}
	return r.name + " <" + r.address + ">"
}

// is reports whether a receiver that was read is the one that is wanted: names that nobody gave do not matter.
func (r receiver) is(wanted receiver) bool {
	return r.address == wanted.address && (wanted.name == "" || wanted.name == r.name)
}

// readReceivers are the slots with an address.
func readReceivers(f document.Field) []receiver {
	var receivers []receiver
	for i, slot := range f.Doc.All(f.Path(0)) {
		name, _ := slot.Find(receiverName)
		address, _ := slot.Find(receiverAddress)
		if address.Text() != "" {
			receivers = append(receivers, receiver{name.Text(), address.Text(), i + 1})
		}
	}
	return receivers
}

func decodeReceivers(f document.Field) (cty.Value, error) {
	if len(f.Doc.All(f.Path(0))) == 0 {
		return f.Null(), nil
	}
	var values []cty.Value
	for _, r := range readReceivers(f) {
		values = append(values, cty.StringVal(r.text()))
	}
	if len(values) == 0 {
		return cty.SetValEmpty(cty.String), nil
	}
	return cty.SetVal(values), nil
}

// parseReceivers reads the known members of a set.
func parseReceivers(set cty.Value) ([]receiver, error) {
	var receivers []receiver
	for _, member := range set.AsValueSlice() {
		if !member.IsKnown() || member.IsNull() {
			continue
		}
		r, err := parseReceiver(member.AsString())
		if err != nil {
			return nil, err
		}
		if slices.ContainsFunc(receivers, func(other receiver) bool { return other.address == r.address }) {
			return nil, fmt.Errorf("%s is listed twice", document.Quote(r.address))
		}
		receivers = append(receivers, r)
	}
	return receivers, nil
}

// parseReceiver reads an address, alone or in angle brackets behind a name. Names need no quotes, and the address is what
// devices take: with an @ and without blanks.
func parseReceiver(text string) (receiver, error) {
	r := receiver{address: strings.TrimSpace(text)}
	if name, rest, ok := strings.Cut(text, "<"); ok && strings.HasSuffix(strings.TrimSpace(rest), ">") {
		r.name = strings.TrimSpace(name)
		r.address = strings.TrimSuffix(strings.TrimSpace(rest), ">")
	}
	if !isMailAddress(r.address) {
		return receiver{}, fmt.Errorf("%s is not a mail address, such as ops@example.com or Ops <ops@example.com>", document.Quote(text))
	}
	return r, nil
}

func isMailAddress(text string) bool {
	parsed, err := mail.ParseAddress(text)
	return err == nil && parsed.Address == text
}

// mail_address: one mail address, or an empty text for none.

func formMailAddress(_ *schema.Attribute, want cty.Value) []string {
	if text := strings.TrimSpace(want.AsString()); text != "" && !isMailAddress(text) {
		return document.Sentence("%s is not a mail address, such as gate@example.com.", document.Quote(text))
	}
	return nil
}

// encodeReceivers empties the slots of receivers that are not wanted, and fills the others into slots that are empty.
func encodeReceivers(f document.Field, want cty.Value) error {
	wanted, err := parseReceivers(want)
	if err != nil {
		return fmt.Errorf("%w: %w", err, providers.ErrInvalid)
	}
	slots := len(f.Doc.All(f.Path(0)))
	if slots == 0 || len(wanted) > slots {
		return fmt.Errorf("the device has %d slots for receivers: %w", slots, providers.ErrUnsupported)
	}
	used := map[int]bool{}
	for _, have := range readReceivers(f) {
		at := slices.IndexFunc(wanted, have.is)
		if at >= 0 {
			wanted = slices.Delete(wanted, at, at+1)
			used[have.slot] = true
			continue
		}
		if err := fillSlot(f, receiver{slot: have.slot}); err != nil {
			return err
		}
	}
	for slot := 1; slot <= slots && len(wanted) > 0; slot++ {
		if used[slot] {
			continue
		}
		wanted[0].slot = slot
		if err := fillSlot(f, wanted[0]); err != nil {
			return err
		}
		wanted = wanted[1:]
	}
	return nil
}

// fillSlot writes a receiver into its slot. The official guide requires a name with every address (16.2.206), so who has none
// gets the address for one, as much of it as the device takes.
func fillSlot(f document.Field, r receiver) error {
	if r.name == "" {
		r.name = r.address
		e, _ := f.Limits.Element(f.Item, f.Element(0).Join(receiverName))
		if most := document.LimitOf(e).Max; most != nil && int64(len(r.name)) > *most {
			r.name = r.name[:max(*most, 0)]
		}
	}
	slot := f.Path(0).At(r.slot)
	if err := f.Doc.Set(slot.Join(receiverAddress), r.address); err != nil {
		return document.InFamily(err)
	}
	if _, ok := f.Doc.Find(slot.Join(receiverName)); !ok {
		if r.name == "" {
			return nil
		}
		return document.InFamily(f.Doc.Insert(slot.Join(receiverName), r.name, "id"))
	}
	return document.InFamily(f.Doc.Set(slot.Join(receiverName), r.name))
}

func formReceivers(_ *schema.Attribute, want cty.Value) []string {
	if _, err := parseReceivers(want); err != nil {
		return document.Sentence("%s.", capitalised(err.Error()))
	}
	return nil
}

func checkReceivers(f document.Field, want cty.Value) []string {
	wanted, _ := parseReceivers(want)
	slots := len(f.Doc.All(f.Path(0)))
	switch {
	case slots == 0:
		return f.Missing(0)
	case len(wanted) > slots:
		return document.Sentence("These are %d receivers; this device has %d slots.", len(wanted), slots)
	}
	for _, r := range wanted {
		if wrong := tooLong(f, r); len(wrong) > 0 {
			return wrong
		}
	}
	return nil
}

// tooLong checks the length of both parts by the capability documents.
func tooLong(f document.Field, r receiver) []string {
	for _, part := range []struct {
		path xmlpatch.Path
		text string
	}{{receiverAddress, r.address}, {receiverName, r.name}} {
		e, ok := f.Limits.Element(f.Item, f.Element(0).Join(part.path))
		if l := document.LimitOf(e); ok && part.text != "" && !l.Allows(int64(len(part.text))) {
			return document.Sentence("%s has %s; this device accepts %s.", document.Quote(part.text), BytesOf(part.text), l.Bounds())
		}
	}
	return nil
}

func sameReceivers(want, have cty.Value) bool {
	wanted, errW := parseReceivers(want)
	found, errH := parseReceivers(have)
	if errW != nil || errH != nil || len(wanted) != len(found) {
		return false
	}
	for _, r := range found {
		if !slices.ContainsFunc(wanted, r.is) {
			return false
		}
	}
	return true
}
