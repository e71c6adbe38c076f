package codec

import (
	"bytes"
	"fmt"
	"maps"
	"net"
	"slices"
	"strconv"
	"strings"

	"github.com/zclconf/go-cty/cty"

	"camform/providers"
	"camform/providers/hikvision/document"
	"camform/providers/hikvision/xmlpatch"
	"camform/schema"
)

// entryMAC is where an entry of a list of hardware addresses has its address. The list and its entries are elements as in
// a list of addresses.
var entryMAC = xmlpatch.MustPath("MACAddress")

// decodeMACs reads the list. It is null where an entry has no address that is understood.
func decodeMACs(f document.Field) (cty.Value, error) {
	if _, ok := f.Text(addressList); !ok {
		return f.Null(), nil
	}
	entries, ok := readMACs(f)
	switch {
	case !ok:
		return f.Null(), nil
	case len(entries) == 0:
		return cty.SetValEmpty(cty.String), nil
	}
	var values []cty.Value
	for mac := range entries {
		values = append(values, cty.StringVal(mac))
	}
	return cty.SetVal(values), nil
}

// readMACs are the addresses of the list, as they are compared, with the positions of their entries counted from 1.
func readMACs(f document.Field) (map[string][]int, bool) {
	entries := map[string][]int{}
	for i, entry := range f.Doc.All(f.Path(addressEntries)) {
		e, _ := entry.Find(entryMAC)
		mac, err := parseMAC(e.Text())
		if err != nil {
			return nil, false
		}
		entries[mac] = append(entries[mac], i+1)
	}
	return entries, true
}

// parseMAC reads any usual spelling of a hardware address of six bytes, and writes it in lower case with colons.
func parseMAC(text string) (string, error) {
	mac, err := net.ParseMAC(strings.TrimSpace(text))
	if err != nil || len(mac) != 6 {
		return "", fmt.Errorf("%s is not a hardware address of six bytes, such as 00:00:5e:00:53:01", document.Quote(text))
	}
	return mac.String(), nil
}

// parseMACs are the known members of a set, sorted and each once.
func parseMACs(set cty.Value) ([]string, error) {
	members := map[string]bool{}
	for _, member := range set.AsValueSlice() {
		if !member.IsKnown() || member.IsNull() {
			continue
		}
		mac, err := parseMAC(member.AsString())
		if err != nil {
			return nil, err
		}
		members[mac] = true
	}
	return slices.Sorted(maps.Keys(members)), nil
}

// encodeMACs removes the entries that are not wanted and appends the missing ones, each with a number that is free.
func encodeMACs(f document.Field, want cty.Value) error {
	wanted, err := parseMACs(want)
	if err != nil {
		return fmt.Errorf("%w: %w", err, providers.ErrInvalid)
	}
	entries, ok := readMACs(f)
	if !ok {
		return fmt.Errorf("the list has an entry that camform does not understand: %w", providers.ErrUnsupported)
	}
	model := macModel(f)
	var stale []int
	for mac, at := range entries {
		if !slices.Contains(wanted, mac) {
			stale = append(stale, at...)
		}
	}
	slices.Sort(stale)
	for _, position := range slices.Backward(stale) {
		if err := f.Doc.Remove(f.Path(addressEntries).At(position)); err != nil {
			return document.InFamily(err)
		}
	}
	for _, mac := range wanted {
		if entries[mac] != nil {
			continue
		}
		entry, err := xmlpatch.Parse(model)
		if err == nil {
			err = entry.Set(entryMAC, mac)
		}
		if _, hasID := entry.Find(entryID); err == nil && hasID {
			err = entry.Set(entryID, strconv.Itoa(freeID(f)))
		}
		if err == nil {
			err = f.Doc.Append(f.Path(addressList), entry.Root().Raw())
		}
		if err != nil {
			return document.InFamily(err)
		}
	}
	return nil
}

// macModel is what new entries are made from: the first of the list, or, where it is empty, one as the official guide has it.
func macModel(f document.Field) []byte {
	if first, ok := f.Doc.Find(f.Path(addressEntries)); ok {
		return first.Raw()
	}
	newline := "\n"
	if bytes.Contains(f.Doc.Bytes(), []byte("\r\n")) {
		newline = "\r\n"
	}
	name := f.Path(addressEntries).Name()
	return []byte(strings.Join([]string{"<" + name + ">", "<id></id>", "<MACAddress></MACAddress>", "</" + name + ">"}, newline))
}

func formMACs(_ *schema.Attribute, want cty.Value) []string {
	if _, err := parseMACs(want); err != nil {
		return document.Sentence("%s.", capitalised(err.Error()))
	}
	return nil
}

func checkMACs(f document.Field, want cty.Value) []string {
	if _, ok := f.Text(addressList); !ok {
		return f.Missing(addressList)
	}
	if _, ok := readMACs(f); !ok {
		return document.Sentence("The list on the device has an entry that camform does not understand, so camform leaves the list alone.")
	}
	wanted, _ := parseMACs(want)
	if size, ok := listSize(f); ok && int64(len(wanted)) > size {
		return document.Sentence("These are %d addresses; this device holds at most %d.", len(wanted), size)
	}
	return nil
}

// sameMACs compares the members, however they are spelled.
func sameMACs(want, have cty.Value) bool {
	w, errW := parseMACs(want)
	h, errH := parseMACs(have)
	return errW == nil && errH == nil && slices.Equal(w, h)
}
