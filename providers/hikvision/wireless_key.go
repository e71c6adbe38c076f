package hikvision

import (
	"strconv"

	"github.com/zclconf/go-cty/cty"
)

// The elements of the key of a wireless network, in the order in which a setting file names them.
const (
	wirelessKey       = iota
	wirelessKeyLength // how many characters the key has, where the device has an element for it
)

// encodeWirelessKey writes the key as it is: blanks at its ends belong to it.
func encodeWirelessKey(f field, want cty.Value) error {
	key := want.AsString()
	if err := f.put(wirelessKey, key); err != nil {
		return err
	}
	if _, ok := f.text(wirelessKeyLength); !ok {
		return nil
	}
	return f.put(wirelessKeyLength, strconv.Itoa(len(key)))
}

// checkWirelessKey never shows the key.
func checkWirelessKey(f field, want cty.Value) []string {
	key := []rune(want.AsString())
	least, most := int64(8), int64(63)
	l := f.limit(wirelessKey)
	if l.min == nil {
		l.min = &least
	}
	if l.max == nil {
		l.max = &most
	}
	for _, r := range key {
		if notPrintable(r) {
			return sentence("The key has a character that wireless networks do not take: only printable ASCII.")
		}
	}
	switch {
	case !f.has(wirelessKey):
		return f.missing(wirelessKey)
	case !l.allows(int64(len(key))):
		return sentence("The key has %d characters; this device takes %s.", len(key), l.bounds())
	}
	return nil
}
