package hikvision

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"regexp"
	"slices"
	"strings"

	"github.com/zclconf/go-cty/cty"

	"camform/providers"
	"camform/providers/hikvision/xmlpatch"
)

const addressesAttribute = "addresses"

var emailEntries = xmlpatch.MustPath("SecurityInformation")

// decodeMasked reads addresses as the device shows them, with stars for hidden letters.
func decodeMasked(f field) (cty.Value, error) {
	shown := []string{}
	for _, e := range f.doc.All(f.path(0)) {
		if e.Text() != "" {
			shown = append(shown, e.Text())
		}
	}
	return setOf(shown), nil
}

// sameMasked compares what is shown: every address looks like one that is shown, and there are as many.
func sameMasked(want, have cty.Value) bool {
	addresses, shown := textsOf(want), textsOf(have)
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

func checkMasked(f field, want cty.Value) []string {
	addresses := textsOf(want)
	element, _ := f.limits.element(f.item, emailEntries)
	if most := numberAttr(element, "size"); most != nil && int64(len(addresses)) > *most {
		return sentence("This device takes at most %d addresses.", *most)
	}
	for _, address := range addresses {
		switch l := f.limit(0); {
		case !mailAddress.MatchString(address):
			return sentence("%s is no mail address. It must be given in full, without stars.", quote(address))
		case !l.allows(int64(len(address))):
			return sentence("The address %s has %s; this device takes %s.", quote(address), bytesOf(address), l.bounds())
		}
	}
	return nil
}

// composeEmail makes the one request that devices take: all addresses, and the password of the login.
func composeEmail(at place, c providers.Composition) ([]providers.Request, error) {
	change := c.Changes[0]
	if change.After.IsNull() {
		return nil, fmt.Errorf("%s: it cannot be removed: %w", named(change), providers.ErrUnsupported)
	}
	a := change.Kind.Attribute(addressesAttribute)
	f := field{at.doc, xmlpatch.Path{}, a, at.limits}
	want := change.After.GetAttr(addressesAttribute)
	if want.IsNull() || hasAlready(f, want) {
		return nil, nil
	}
	if wrong := about(addressesAttribute, checkMasked(f, want)); len(wrong) > 0 {
		return nil, refused(change, wrong[0])
	}
	var body bytes.Buffer
	writer := json.NewEncoder(&body)
	writer.SetEscapeHTML(false) // firmware need not know the escapes that JSON in web pages has
	if err := writer.Encode(emailRequest{emailParameter{c.Login.Password.Reveal(), entriesOf(textsOf(want))}}); err != nil {
		return nil, fmt.Errorf("%s: %w: %w", named(change), err, providers.ErrInvalid)
	}
	return []providers.Request{{Method: http.MethodPut, Path: at.Path, Body: body.Bytes(), Keys: []providers.Key{keyOf(change)}}}, nil
}

type emailRequest struct {
	SecurityEmail emailParameter
}

type emailParameter struct {
	Password            string `json:"password"`
	SecurityInformation []emailEntry
}

type emailEntry struct {
	EmailAddress string `json:"emailAddress"`
}

func entriesOf(addresses []string) []emailEntry {
	entries := make([]emailEntry, len(addresses))
	for i, address := range addresses {
		entries[i].EmailAddress = address
	}
	return entries
}
