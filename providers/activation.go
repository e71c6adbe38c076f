package providers

import (
	"context"

	"camform/schema"
)

// Activation is what a device says, without a login, of its first password.
type Activation struct {
	Activated bool   `json:"-"`    // whether it has one
	Flow      string `json:"flow"` // how it takes one, in words of its family
	Path      string `json:"path"` // of the request that gives it one

	// Found reports whether the device is found by its hardware address alone: it is moved to its address once it has a password.
	Found bool `json:"found,omitempty"`

	// The fewest and the most characters that it takes.
	MinLen int `json:"min_len"`
	MaxLen int `json:"max_len"`
}

// BySearch is what is known of a device that a search found.
var BySearch = Activation{Found: true, Flow: "search", Path: "search", MinLen: 8, MaxLen: 16}

// Dormant is a reader that can ask a device, without a login, whether it has a password. It may be asked before Identify. The
// error is ErrUnsupported for a device that does not say.
type Dormant interface {
	Activation(context.Context) (Activation, error)
}

// Activator is a session that can give a device its first password.
type Activator interface {
	Dormant

	// Activate asks the device whether it has a password, and gives it one if it says that it has none, in the flow that it had
	// named before: once, and without a login. Nil means that the device says it took the password, which only a login proves.
	// The error is ErrActive if it has a password already, and nothing was sent then; ErrUnknown if it is uncertain whether it
	// took it. From then on the session has the pin of who got the password.
	Activate(ctx context.Context, before Activation, password schema.Secret) error
}

// Found is what a device reports in answer to a search. It has proven nothing.
type Found struct {
	Identity
	Activated bool
}

// Finder is a provider that finds devices that nobody reaches at an address of their own yet.
type Finder interface {
	// Find asks who is there, without a login.
	Find(context.Context) ([]Found, error)

	// Newcomer prepares to activate the device with the hardware address of a target's Want, and to move it to the target's
	// address. Nothing is sent before the first call.
	Newcomer(Target) Newcomer
}

// Newcomer is a device that is reached by its hardware address.
type Newcomer interface {
	Dormant

	// Activate is that of Activator.
	Activate(ctx context.Context, before Activation, password schema.Secret) error

	// Move gives the device the address of its target, if it has another one. A wrong credential is a refused login there. The
	// error is ErrUnknown if it is uncertain whether it moved.
	Move(context.Context, Credential) error
}
