package codec

import (
	"strconv"

	"github.com/zclconf/go-cty/cty"

	"camform/providers/hikvision/document"
)

// The elements of the key of a wireless network, in the order in which a setting file names them.
const (
	wirelessKey       = iota
	wirelessKeyLength // how many characters the key has, where the device has an element for it
)

// encodeWirelessKey writes the key as it is: blanks at its ends belong to it.
func encodeWirelessKey(f document.Field, want cty.Value) error {
	key := want.AsString()
	if err := f.Put(wirelessKey, key); err != nil {
		return err
	}
	if _, ok := f.Text(wirelessKeyLength); !ok {
		return nil
	}
	return f.Put(wirelessKeyLength, strconv.Itoa(len(key)))
}

// checkWirelessKey never shows the key.
func checkWirelessKey(f document.Field, want cty.Value) []string {
	key := []rune(want.AsString())
	least, most := int64(8), int64(63)
	l := f.Limit(wirelessKey)
	if l.Min == nil {
		l.Min = &least
	}
	if l.Max == nil {
		l.Max = &most
	}
	for _, r := range key {
		if NotPrintable(r) {
			return document.Sentence("The key has a character that wireless networks do not accept. Use printable ASCII only.")
		}
	}
	switch {
	case !f.Has(wirelessKey):
		return f.Missing(wirelessKey)
	case !l.Allows(int64(len(key))):
		return document.Sentence("The key has %d characters; this device accepts %s.", len(key), l.Bounds())
	}
	return nil
}

// NotPrintable reports whether a character is not printable ASCII.
func NotPrintable(r rune) bool { return r < ' ' || r > '~' }
