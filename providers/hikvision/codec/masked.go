package codec

import (
	"regexp"
	"slices"
	"strings"

	"github.com/zclconf/go-cty/cty"

	"camform/providers/hikvision/document"
	"camform/providers/hikvision/xmlpatch"
	"camform/schema"
)

// decodeMasked reads addresses as the device shows them, with stars for hidden letters.
func decodeMasked(f document.Field) (cty.Value, error) {
	shown := []string{}
	for _, e := range f.Doc.All(f.Path(0)) {
		if e.Text() != "" {
			shown = append(shown, e.Text())
		}
	}
	return setOf(shown), nil
}

// sameMasked compares what is shown: every address looks like one that is shown, and there are as many.
func sameMasked(want, have cty.Value) bool {
	addresses, shown := TextsOf(want), TextsOf(have)
	slices.SortStableFunc(shown, func(a, b string) int { return strings.Count(a, "*") - strings.Count(b, "*") }) // the most telling first
	for _, mask := range shown {
		at := slices.IndexFunc(addresses, func(address string) bool { return looksLike(address, mask) })
		if at < 0 {
			return false
		}
		addresses = slices.Delete(addresses, at, at+1)
	}
	return len(addresses) == 0
}

var hiddenLetters = regexp.MustCompile(`(\\\*)+`)

// looksLike reports whether an address can be what is shown as the mask. Devices hide letters behind any number of stars.
func looksLike(address, mask string) bool {
	pattern := hiddenLetters.ReplaceAllLiteralString(regexp.QuoteMeta(mask), "[^@]*")
	return regexp.MustCompile("(?i)^" + pattern + "$").MatchString(address)
}

var mailAddress = regexp.MustCompile(`^[^\s@*<>,;"]+@[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)+$`)

// formMasked wants mail addresses in full.
func formMasked(_ *schema.Attribute, want cty.Value) []string {
	for _, address := range membersOf(want) {
		if !mailAddress.MatchString(address) {
			return document.Sentence("%s is not a mail address. Give it in full, without asterisks.", document.Quote(address))
		}
	}
	return nil
}

// checkMasked wants as many addresses, and as long ones, as the device takes.
func checkMasked(f document.Field, want cty.Value) []string {
	addresses := TextsOf(want)
	element, _ := f.Limits.Element(f.Item, emailEntries)
	if most := document.NumberAttr(element, "size"); most != nil && int64(len(addresses)) > *most {
		return document.Sentence("This device accepts at most %d addresses.", *most)
	}
	for _, address := range addresses {
		if l := f.Limit(0); !l.Allows(int64(len(address))) {
			return document.Sentence("The address %s has %s; this device accepts %s.", document.Quote(address), BytesOf(address), l.Bounds())
		}
	}
	return nil
}

var emailEntries = xmlpatch.MustPath("SecurityInformation")
