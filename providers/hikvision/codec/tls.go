package codec

import (
	"fmt"
	"slices"
	"strings"

	"github.com/zclconf/go-cty/cty"

	"camform/providers"
	"camform/providers/hikvision/document"
)

// The versions of TLS that can be switched: the values of the attribute belong to its elements, one by one, from the
// lowest version to the highest.

// noTLS is read where a device has switches for versions of TLS and all are off.
const noTLS = "none"

func decodeTLS(f document.Field) (cty.Value, error) {
	lowest := f.Null()
	for n, version := range f.Attribute.Values {
		text, ok := f.Text(n)
		switch {
		case !ok:
		case strings.EqualFold(text, "true"):
			return cty.StringVal(version), nil
		case strings.EqualFold(text, "false"):
			lowest = cty.StringVal(noTLS)
		default:
			return f.Null(), fmt.Errorf("%s is %s, not true or false: %w", f.Element(n), document.Quote(text), providers.ErrMalformed)
		}
	}
	return lowest, nil
}

func encodeTLS(f document.Field, want cty.Value) error {
	for n, version := range f.Attribute.Values {
		have, ok := f.Text(n)
		if version == want.AsString() {
			return f.Put(n, inCaseOf(have, "true"))
		}
		if ok {
			if err := f.Put(n, inCaseOf(have, "false")); err != nil {
				return err
			}
		}
	}
	return fmt.Errorf("the device has no TLS %s: %w", document.Quote(want.AsString()), providers.ErrUnsupported)
}

func checkTLS(f document.Field, want cty.Value) []string {
	var has []string
	for n, version := range f.Attribute.Values {
		if !f.Has(n) {
			continue
		}
		if version == want.AsString() {
			return nil
		}
		has = append(has, version)
	}
	if len(has) == 0 {
		return f.Missing(max(slices.Index(f.Attribute.Values, want.AsString()), 0))
	}
	return document.Sentence("This device knows the TLS versions %s, not %s.", document.List(has), document.Show(want.AsString()))
}
