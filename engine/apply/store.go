package apply

import (
	"context"

	"camform/engine/rotate"
	"camform/engine/state"
	"camform/schema"
)

// Store is what apply remembers with. *state.Fleet is one; what its methods promise is said there.
type Store interface {
	state.Renewer
	rotate.Store
	Acquire(ctx context.Context, run string, devices ...schema.Device) ([]state.Lease, error)
	Release(ctx context.Context, leases ...state.Lease) error

	Device(ctx context.Context, address schema.Device) (state.Device, bool, error)
	SaveSeen(ctx context.Context, d state.Device) error
	AllDevices(ctx context.Context) ([]state.Device, error)
	ForgetDevice(ctx context.Context, address schema.Device) error
	MoveDevices(ctx context.Context, run string, moves schema.Moves, reseal func(v state.SecretVersion, name string) ([]byte, error)) (schema.Moves, error)

	SettingsOf(ctx context.Context, device schema.Device) (map[schema.Setting]state.Setting, error)
	Record(ctx context.Context, lease state.Lease, rows []state.Setting, forget []schema.Setting) error
	Fingerprint(setting schema.Setting, attribute string, secret schema.Secret) string

	Begin(ctx context.Context, lease state.Lease, intent state.Intent) (state.IntentID, error)
	Finish(ctx context.Context, lease state.Lease, id state.IntentID, outcome state.Outcome, rows []state.Setting, forget []schema.Setting, verdicts ...state.Verdict) error
	AllOpenIntents(ctx context.Context) ([]state.Intent, error)

	Doubtful(ctx context.Context) (map[string]bool, error)

	AllUses(ctx context.Context) ([]state.Uses, error)
	SaveUses(ctx context.Context, all []state.Uses) error

	Owe(ctx context.Context, all []state.Owed) error
	Paid(ctx context.Context, items []schema.Setting) error

	SaveSnapshot(ctx context.Context, lease state.Lease, path string, sealed []byte) error
}

// Sealer makes texts unreadable for those who have the state only.
type Sealer interface {
	Seal(text []byte) ([]byte, error)
	Unseal(sealed []byte) ([]byte, error)
}
