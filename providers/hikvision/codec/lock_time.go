package codec

import (
	"fmt"
	"math/big"
	"strconv"

	"github.com/zclconf/go-cty/cty"

	"camform/providers"
	"camform/providers/hikvision/document"
)

// Devices count the time of a login lock in minutes or in seconds, without saying so. Cameras advertise a maximum of 120,
// which are minutes, and a terminal stores 1800, which are seconds.
const mostLockMinutes = 120

// lockUnit is how many of the device's units a minute has: 1 or 60, and 0 if the device does not tell.
func lockUnit(f document.Field) int64 {
	switch most := f.Limit(0).Max; {
	case most == nil:
		return 0
	case *most <= mostLockMinutes:
		return 1
	default:
		return 60
	}
}

// lacksLockUnit: a number is of no use without its unit.
func lacksLockUnit(f document.Field) bool { return lockUnit(f) == 0 }

// decodeLockTime reads minutes. The value is null where the unit is unknown, unless the number is too great for
// minutes.
func decodeLockTime(f document.Field) (cty.Value, error) {
	stored, err := decodeNumber(f)
	if err != nil || stored.IsNull() {
		return stored, err
	}
	unit := lockUnit(f)
	if unit == 0 && stored.GreaterThan(cty.NumberIntVal(mostLockMinutes)).True() {
		unit = 60
	}
	if unit == 0 {
		return f.Null(), nil
	}
	return stored.Divide(cty.NumberIntVal(unit)), nil
}

func encodeLockTime(f document.Field, want cty.Value) error {
	unit := lockUnit(f)
	if unit == 0 {
		return fmt.Errorf("the unit of %s is unknown: %w", f.Element(0), providers.ErrUnsupported)
	}
	n, err := WholeNumber(want.Multiply(cty.NumberIntVal(unit)))
	if err != nil {
		return err
	}
	return f.Put(0, strconv.FormatInt(n, 10))
}

func checkLockTime(f document.Field, want cty.Value) []string {
	if !f.Has(0) {
		return f.Missing(0)
	}
	unit := lockUnit(f)
	if unit == 0 {
		return document.Sentence("This device does not say whether it counts minutes or seconds, so the time cannot be set safely. " +
			"Leave the attribute out, or set the time in the device's own menu.")
	}
	n, err := WholeNumber(want.Multiply(cty.NumberIntVal(unit)))
	l := f.Limit(0)
	if err != nil || !l.Allows(n) {
		inMinutes := document.Limit{Min: dividedUp(l.Min, unit), Max: dividedDown(l.Max, unit)}
		return document.Sentence("This device accepts %s minutes, not %s.", inMinutes.Bounds(), decimal(want))
	}
	return nil
}

func dividedDown(n *int64, by int64) *int64 {
	if n == nil {
		return nil
	}
	quotient := *n / by
	return &quotient
}

func dividedUp(n *int64, by int64) *int64 {
	if n == nil {
		return nil
	}
	quotient := (*n + by - 1) / by
	return &quotient
}

func decimal(v cty.Value) string { return new(big.Float).Set(v.AsBigFloat()).Text('f', -1) }
