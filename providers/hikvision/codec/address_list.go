package codec

import (
	"errors"
	"fmt"
	"maps"
	"net/netip"
	"slices"
	"strconv"
	"strings"

	"github.com/zclconf/go-cty/cty"

	"camform/providers"
	"camform/providers/hikvision/document"
	"camform/providers/hikvision/xmlpatch"
	"camform/schema"
)

// The elements of an address list, in the order in which a setting file names them.
const (
	addressList    = iota // the list, which may say its size
	addressEntries        // one entry of it
)

// Where the parts of an entry lie in it. A client is known that writes ipAddress without AddressMask around it; no
// device does.
var (
	entryID   = xmlpatch.MustPath("id")
	entryMode = xmlpatch.MustPath("permissionType")
	entryForm = xmlpatch.MustPath("addressFilterType")
	entryMask = xmlpatch.MustPath("AddressMask")
	entryIPv4 = xmlpatch.MustPath("AddressMask/ipAddress")
	entryIPv6 = xmlpatch.MustPath("AddressMask/ipv6Address")
)

// mostAddresses bounds what networks are written out to. No device holds more.
const mostAddresses = 64

// errForm is an entry that means something else than a single address: a range, a mask, or what a later firmware adds.
var errForm = errors.New("the list has an entry in a form that camform does not know")

// decodeAddresses reads the single addresses of a list. The value is null where the list has entries of another form:
// what is not understood is not compared, and never removed.
func decodeAddresses(f document.Field) (cty.Value, error) {
	if _, ok := f.Text(addressList); !ok {
		return f.Null(), nil
	}
	entries, err := readEntries(f)
	if err != nil {
		return f.Null(), nil
	}
	var values []cty.Value
	for addr := range entries {
		values = append(values, cty.StringVal(addr.String()))
	}
	if len(values) == 0 {
		return cty.SetValEmpty(cty.String), nil
	}
	return cty.SetVal(values), nil
}

// readEntries are the addresses of the list, with the positions of their entries counted from 1. Empty slots are left
// out.
func readEntries(f document.Field) (map[netip.Addr][]int, error) {
	entries := map[netip.Addr][]int{}
	for i, entry := range f.Doc.All(f.Path(addressEntries)) {
		addr, err := readEntry(entry)
		if err != nil {
			return nil, err
		}
		if addr.IsValid() {
			entries[addr] = append(entries[addr], i+1)
		}
	}
	return entries, nil
}

// readEntry reads the address of an entry; the zero Addr is that of an empty slot.
func readEntry(entry xmlpatch.Element) (netip.Addr, error) {
	if form, ok := entry.Find(entryForm); ok && !strings.EqualFold(form.Text(), "mask") {
		return netip.Addr{}, errForm
	}
	mask, ok := entry.Find(entryMask)
	if !ok {
		return netip.Addr{}, errForm
	}
	var found netip.Addr
	for _, part := range mask.Children() {
		if part.Name() != entryIPv4.Name() && part.Name() != entryIPv6.Name() {
			return netip.Addr{}, errForm
		}
		if isUnset(part.Text()) {
			continue
		}
		addr, err := netip.ParseAddr(part.Text())
		if err != nil || found.IsValid() {
			return netip.Addr{}, errForm
		}
		found = addr.Unmap()
	}
	return found, nil
}

// encodeAddresses removes the entries that are not wanted and appends the missing ones, each with a number that is free: those
// that have to come first, then the others. Entries that stay are not touched, so that they are in front of all new ones: a
// device that cuts the list cuts it at the end.
func encodeAddresses(f document.Field, want cty.Value) error {
	wanted, err := expand(want)
	if err != nil {
		return fmt.Errorf("%w: %w", err, providers.ErrInvalid)
	}
	if slices.ContainsFunc(wanted, netip.Addr.Is6) && !holdsIPv6(f) {
		return fmt.Errorf("the device has no element %s: %w", entryIPv6, providers.ErrUnsupported)
	}
	entries, err := readEntries(f)
	if err != nil {
		return fmt.Errorf("%w: %w", err, providers.ErrUnsupported)
	}
	if _, ok := f.Text(addressList); !ok {
		if err := f.Put(addressList, ""); err != nil {
			return err
		}
	}
	mode, _ := f.Doc.Find(f.Item.Join(entryMode))
	model := entryModel(f)
	if err := removeEntries(f, entries, wanted); err != nil {
		return err
	}
	for _, addr := range inTurn(f, wanted) {
		if entries[addr] != nil {
			continue
		}
		entry, err := newEntry(model, freeID(f), mode.Text(), addr)
		if err != nil {
			return document.InFamily(err)
		}
		if err := f.Doc.Append(f.Path(addressList), entry); err != nil {
			return document.InFamily(err)
		}
	}
	return nil
}

// inTurn are addresses with those in front that have to come first.
func inTurn(f document.Field, addresses []netip.Addr) []netip.Addr {
	turn := func(a netip.Addr) int {
		if slices.ContainsFunc(f.First, func(n netip.Prefix) bool { return n.Contains(a) }) {
			return 0
		}
		return 1
	}
	return slices.SortedStableFunc(slices.Values(addresses), func(a, b netip.Addr) int { return turn(a) - turn(b) })
}

// removeEntries removes what is not wanted, from the last entry on, so that positions stay right.
func removeEntries(f document.Field, entries map[netip.Addr][]int, wanted []netip.Addr) error {
	var positions []int
	for addr, at := range entries {
		if !slices.Contains(wanted, addr) {
			positions = append(positions, at...)
		}
	}
	slices.Sort(positions)
	for _, position := range slices.Backward(positions) {
		if err := f.Doc.Remove(f.Path(addressEntries).At(position)); err != nil {
			return document.InFamily(err)
		}
	}
	return nil
}

// entryModel is what new entries are made from: the first entry of the list, or, where the list is empty, one as recorders
// have it.
func entryModel(f document.Field) []byte {
	if first, ok := f.Doc.Find(f.Path(addressEntries)); ok {
		return first.Raw()
	}
	newline := "\n"
	if strings.Contains(string(f.Doc.Bytes()), "\r\n") {
		newline = "\r\n"
	}
	name := f.Path(addressEntries).Name()
	return []byte(strings.Join([]string{
		"<" + name + ">",
		"<id></id>",
		"<permissionType></permissionType>",
		"<addressFilterType>mask</addressFilterType>",
		"<AddressMask><ipAddress></ipAddress></AddressMask>",
		"</" + name + ">",
	}, newline))
}

// newEntry writes an entry from a model, with the mode of the list. Its address takes the place of the model's, in the
// element that fits.
func newEntry(model []byte, id int, mode string, addr netip.Addr) ([]byte, error) {
	entry, err := xmlpatch.Parse(model)
	if err != nil {
		return nil, err
	}
	use, drop := entryIPv4, entryIPv6
	if addr.Is6() {
		use, drop = entryIPv6, entryIPv4
	}
	_, hasUse := entry.Find(use)
	_, hasDrop := entry.Find(drop)
	switch {
	case hasUse && hasDrop:
		err = entry.Remove(drop)
	case !hasUse:
		err = entry.Rename(drop, use.Name())
	}
	if err != nil {
		return nil, err
	}
	for _, part := range []struct {
		path xmlpatch.Path
		text string
	}{{use, addr.String()}, {entryID, strconv.Itoa(id)}, {entryMode, mode}} {
		if _, ok := entry.Find(part.path); !ok {
			continue
		}
		if err := entry.Set(part.path, part.text); err != nil {
			return nil, err
		}
	}
	return entry.Root().Raw(), nil
}

// freeID is the smallest number from 1 that no entry has.
func freeID(f document.Field) int {
	used := map[string]bool{}
	for _, entry := range f.Doc.All(f.Path(addressEntries)) {
		id, _ := entry.Find(entryID)
		used[id.Text()] = true
	}
	id := 1
	for used[strconv.Itoa(id)] {
		id++
	}
	return id
}

func formAddresses(_ *schema.Attribute, want cty.Value) []string {
	if _, err := expand(want); err != nil {
		return document.Sentence("%s.", capitalised(err.Error()))
	}
	return nil
}

func checkAddresses(f document.Field, want cty.Value) []string {
	if !f.Has(addressList) {
		return f.Missing(addressList)
	}
	if _, err := readEntries(f); err != nil {
		return document.Sentence("The list on the device has an entry that is not a single address, such as a range. " +
			"camform leaves the list alone until that entry is removed in the device's own menu.")
	}
	wanted, _ := expand(want)
	if size, ok := listSize(f); ok && int64(len(wanted)) > size {
		return document.Sentence("These are %d addresses; this device holds at most %d.", len(wanted), size)
	}
	if v6 := slices.IndexFunc(wanted, netip.Addr.Is6); v6 >= 0 && !holdsIPv6(f) {
		return document.Sentence("This device does not filter IPv6, so it cannot hold %s.", wanted[v6])
	}
	return nil
}

// listSize is how many entries the device holds: the least that its capability documents and the list itself say, or else what
// the setting file calls usual.
func listSize(f document.Field) (least int64, known bool) {
	inCapabilities, _ := f.Limits.Element(f.Item, f.Element(addressList))
	inDocument, _ := f.Doc.Find(f.Path(addressList))
	for _, e := range []xmlpatch.Element{inCapabilities, inDocument} {
		for _, name := range []string{"size", "max"} {
			if size := document.NumberAttr(e, name); size != nil && (!known || *size < least) {
				least, known = *size, true
			}
		}
	}
	if usual := f.Attribute.UsualMax; !known && usual != nil {
		return *usual, true
	}
	return least, known
}

func holdsIPv6(f document.Field) bool {
	inEntry := f.Element(addressEntries).Join(entryIPv6)
	_, documented := f.Limits.Element(f.Item, inEntry)
	_, present := f.Doc.Find(f.Item.Join(inEntry))
	return documented || present
}

// sameAddresses compares the members, with networks written out.
func sameAddresses(want, have cty.Value) bool {
	w, errW := expand(want)
	h, errH := expand(have)
	return errW == nil && errH == nil && slices.Equal(w, h)
}

// expand writes out the addresses and networks of a set, sorted and each once. Unknown members are left out.
func expand(set cty.Value) ([]netip.Addr, error) {
	members := map[netip.Addr]bool{}
	for _, member := range set.AsValueSlice() {
		if !member.IsKnown() || member.IsNull() {
			continue
		}
		network, err := parseNetwork(strings.TrimSpace(member.AsString()))
		if err != nil {
			return nil, err
		}
		for addr := network.Addr(); network.Contains(addr); addr = addr.Next() {
			if members[addr] = true; len(members) > mostAddresses {
				return nil, fmt.Errorf("the networks stand for more than %d addresses; devices store addresses one by one, so give smaller networks or single addresses", mostAddresses)
			}
		}
	}
	return slices.SortedFunc(maps.Keys(members), netip.Addr.Compare), nil
}

// parseNetwork reads an address as a network of one, or a network.
func parseNetwork(text string) (netip.Prefix, error) {
	if addr, err := netip.ParseAddr(text); err == nil && addr.Zone() == "" && !addr.IsUnspecified() {
		addr = addr.Unmap()
		return netip.PrefixFrom(addr, addr.BitLen()), nil
	}
	network, err := netip.ParsePrefix(text)
	from, to, _ := strings.Cut(text, "-")
	_, errFrom := netip.ParseAddr(strings.TrimSpace(from))
	_, errTo := netip.ParseAddr(strings.TrimSpace(to))
	switch {
	case errFrom == nil && errTo == nil:
		return netip.Prefix{}, fmt.Errorf("%s is a range; write it as networks such as 192.0.2.0/28, or as single addresses", document.Quote(text))
	case err != nil:
		return netip.Prefix{}, fmt.Errorf("%s is neither an address nor a network such as 192.0.2.0/28", document.Quote(text))
	case network != network.Masked():
		return netip.Prefix{}, fmt.Errorf("%s is an address within a network; the network is %s", document.Quote(text), network.Masked())
	}
	return network, nil
}
