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

	// The fewest and the most characters that it takes.
	MinLen int `json:"min_len"`
	MaxLen int `json:"max_len"`
}

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
	// The error is ErrActive if it has a password already, and nothing was sent then; ErrUnknown if it is not known whether it
	// took it. From then on the session has the pin of who got the password.
	Activate(ctx context.Context, before Activation, password schema.Secret) error
}
