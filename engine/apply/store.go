package apply

import (
	"context"

	"camform/engine/plan"
	"camform/engine/state"
	"camform/schema"
)

// Store is what apply remembers with. *state.Store is one; what its methods promise is said there.
type Store interface {
	state.Renewer
	Acquire(ctx context.Context, device schema.Device, run string) (state.Lease, error)
	Release(ctx context.Context, leases ...state.Lease) error

	Settings(ctx context.Context, device schema.Device) (map[schema.Setting]state.Setting, error)
	Record(ctx context.Context, lease state.Lease, rows []state.Setting, forget []schema.Setting) error
	Fingerprint(setting schema.Setting, attribute, secret string) string

	Begin(ctx context.Context, lease state.Lease, intent state.Intent) (state.IntentID, error)
	Finish(ctx context.Context, lease state.Lease, id state.IntentID, outcome state.Outcome, rows []state.Setting, forget []schema.Setting, verdicts ...state.Verdict) error
	OpenIntents(ctx context.Context, device schema.Device) ([]state.Intent, error)
	AllOpenIntents(ctx context.Context) ([]state.Intent, error)

	Secrets(ctx context.Context, name string) ([]state.Secret, error)
	Doubtful(ctx context.Context) (map[string]bool, error)
	AdoptSecret(ctx context.Context, lease state.Lease, name string, sealed []byte, note string) error
	TriedSecret(ctx context.Context, lease state.Lease, name string, version int) error
	SettleSecret(ctx context.Context, lease state.Lease, verdict state.Verdict) error

	SaveSnapshot(ctx context.Context, lease state.Lease, path string, sealed []byte) error
}

// Vault makes and reads managed passwords.
type Vault interface {
	// Propose makes a new password for an account and seals it, to be kept under a name.
	Propose(ctx context.Context, name, account string, how plan.Generate) (text string, sealed []byte, err error)

	// Keep seals a password that an account has already, to be kept under a name.
	Keep(name, text string) (sealed []byte, err error)

	// Open reads a version of a secret.
	Open(state.Secret) (text string, err error)
}

// Sealer makes texts unreadable for those who have the state only.
type Sealer interface {
	Seal(text []byte) ([]byte, error)
	Unseal(sealed []byte) ([]byte, error)
}
