package hikvision

import (
	"fmt"
	"strings"

	"github.com/zclconf/go-cty/cty"

	"camform/providers"
)

// The versions of TLS that can be switched: the values of the attribute belong to its elements, one by one, from the
// lowest version to the highest.

// noTLS is read where a device has switches for versions of TLS and all are off.
const noTLS = "none"

func decodeTLS(f field) (cty.Value, error) {
	lowest := f.null()
	for n, version := range f.attribute.Values {
		text, ok := f.text(n)
		switch {
		case !ok:
		case strings.EqualFold(text, "true"):
			return cty.StringVal(version), nil
		case strings.EqualFold(text, "false"):
			lowest = cty.StringVal(noTLS)
		default:
			return f.null(), fmt.Errorf("%s is %s, not true or false: %w", f.element(n), quote(text), providers.ErrMalformed)
		}
	}
	return lowest, nil
}

func encodeTLS(f field, want cty.Value) error {
	for n, version := range f.attribute.Values {
		have, ok := f.text(n)
		if version == want.AsString() {
			return f.put(n, inCaseOf(have, "true"))
		}
		if ok {
			if err := f.put(n, inCaseOf(have, "false")); err != nil {
				return err
			}
		}
	}
	return fmt.Errorf("the device has no TLS %s: %w", quote(want.AsString()), providers.ErrUnsupported)
}

func checkTLS(f field, want cty.Value) []string {
	var has []string
	for n, version := range f.attribute.Values {
		if !f.has(n) {
			continue
		}
		if version == want.AsString() {
			return nil
		}
		has = append(has, version)
	}
	if len(has) == 0 {
		return f.missing(0)
	}
	return sentence("This device knows the TLS versions %s, not %s.", list(has), show(want.AsString()))
}
