package providers

import (
	"errors"
	"fmt"
	"strings"

	"camform/schema"
)

// The families of errors. Errors of providers wrap exactly one of them, with what was being done.
var (
	ErrUnreachable = errors.New("the device does not answer")
	ErrRefused     = errors.New("the device rejects the credential")
	ErrLocked      = errors.New("the device has locked the login")
	ErrBudget      = errors.New("no login attempt may be spent")
	ErrIdentity    = errors.New("another device answers")
	ErrForbidden   = errors.New("the operator's rules do not allow it")
	ErrInactive    = errors.New("the device is not activated")
	ErrActive      = errors.New("the device is already activated")
	ErrUnsupported = errors.New("the device does not have this")
	ErrDenied      = errors.New("the account may not do this")
	ErrMustChange  = errors.New("the account must set its own password first")
	ErrBusy        = errors.New("the device is busy")
	ErrInvalid     = errors.New("the device does not accept the value")
	ErrMalformed   = errors.New("the answer cannot be understood")
	ErrWithheld    = errors.New("the device withholds this document, though it gives others")
	ErrUnknown     = errors.New("it is uncertain whether the request was carried out")
)

// ErrDowngraded is the ErrIdentity of a device that was reached over TLS before, at an address without it.
var ErrDowngraded = fmt.Errorf("its address is plain http, but it was reached over https before: %w", ErrIdentity)

// ErrUntrusted is the ErrIdentity of a device whose certificate no trusted authority issued. An error that wraps it says why.
var ErrUntrusted = fmt.Errorf("its certificate is not trusted: %w", ErrIdentity)

// ElsewhereError is the ErrIdentity of a device that may have a record under another name.
type ElsewhereError struct {
	Device schema.Device // the other name
	By     string        // what they have in common, such as "address"
}

// Error says which other device had the same.
func (e *ElsewhereError) Error() string {
	return fmt.Sprintf("%s, which left the configuration, had the same %s: %v", e.Device, e.By, ErrIdentity)
}

// Unwrap gives the family.
func (*ElsewhereError) Unwrap() error { return ErrIdentity }

// MisdeclaredError is the ErrIdentity of a device that the configuration describes otherwise.
type MisdeclaredError struct {
	What           string // such as "serial number"
	Have, Declared string
}

// Error says what differs.
func (e *MisdeclaredError) Error() string {
	return fmt.Sprintf("its %s is %q, but the configuration says %q: %v", e.What, e.Have, e.Declared, ErrIdentity)
}

// Unwrap gives the family.
func (*MisdeclaredError) Unwrap() error { return ErrIdentity }

var families = []error{
	ErrUnreachable, ErrRefused, ErrLocked, ErrBudget, ErrIdentity, ErrForbidden, ErrInactive, ErrActive, ErrUnsupported, ErrDenied, ErrMustChange, ErrBusy, ErrInvalid,
	ErrMalformed, ErrWithheld, ErrUnknown,
}

// Reason is an error in the words that people need: without the name of its family, if there is more to say than that.
func Reason(err error) string {
	text := err.Error()
	for _, family := range families {
		if shorter := strings.TrimSuffix(text, ": "+family.Error()); shorter != text {
			return shorter
		}
	}
	return text
}

// EndsSession reports whether err makes any further request to the device pointless or dangerous in this run.
func EndsSession(err error) bool {
	for _, family := range []error{ErrUnreachable, ErrRefused, ErrLocked, ErrBudget, ErrIdentity, ErrForbidden, ErrInactive} {
		if errors.Is(err, family) {
			return true
		}
	}
	return false
}
