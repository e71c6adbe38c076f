package hikvision

import (
	"fmt"
	"math/big"
	"strconv"

	"github.com/zclconf/go-cty/cty"

	"camform/providers"
)

// Devices count the time of a login lock in minutes or in seconds, without saying so. Cameras advertise a maximum of 120,
// which are minutes, and a terminal stores 1800, which are seconds.
const mostLockMinutes = 120

// lockUnit is how many of the device's units a minute has: 1 or 60, and 0 if the device does not tell.
func lockUnit(f field) int64 {
	switch most := f.limit(0).max; {
	case most == nil:
		return 0
	case *most <= mostLockMinutes:
		return 1
	default:
		return 60
	}
}

// lacksLockUnit: a number is of no use without its unit.
func lacksLockUnit(f field) bool { return lockUnit(f) == 0 }

// decodeLockTime reads minutes. The value is null where the unit is not known, unless the number is too great for
// minutes.
func decodeLockTime(f field) (cty.Value, error) {
	stored, err := decodeNumber(f)
	if err != nil || stored.IsNull() {
		return stored, err
	}
	unit := lockUnit(f)
	if unit == 0 && stored.GreaterThan(cty.NumberIntVal(mostLockMinutes)).True() {
		unit = 60
	}
	if unit == 0 {
		return f.null(), nil
	}
	return stored.Divide(cty.NumberIntVal(unit)), nil
}

func encodeLockTime(f field, want cty.Value) error {
	unit := lockUnit(f)
	if unit == 0 {
		return fmt.Errorf("the unit of %s is not known: %w", f.element(0), providers.ErrUnsupported)
	}
	n, err := wholeNumber(want.Multiply(cty.NumberIntVal(unit)))
	if err != nil {
		return err
	}
	return f.put(0, strconv.FormatInt(n, 10))
}

func checkLockTime(f field, want cty.Value) []string {
	if !f.has(0) {
		return f.missing(0)
	}
	unit := lockUnit(f)
	if unit == 0 {
		return sentence("This device does not say whether it counts minutes or seconds, so the time cannot be set safely. " +
			"Leave the attribute out, or set the time in the device's own menu.")
	}
	n, err := wholeNumber(want.Multiply(cty.NumberIntVal(unit)))
	l := f.limit(0)
	if err != nil || !l.allows(n) {
		inMinutes := limit{min: dividedUp(l.min, unit), max: dividedDown(l.max, unit)}
		return sentence("This device takes %s minutes, not %s.", inMinutes.bounds(), decimal(want))
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
