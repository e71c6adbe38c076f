package engine

import (
	"context"
	"fmt"

	"camform/engine/diff"
	"camform/engine/plan"
	"camform/engine/state"
	"camform/providers"
)

// credentials is what is known of managed passwords.
type credentials struct {
	live     map[string]diff.Managed // by name
	doubtful map[string]bool         // names of which it is not known which version is in use
}

func readCredentials(ctx context.Context, secrets *state.Secrets) (credentials, error) {
	c := credentials{live: map[string]diff.Managed{}}
	all, err := secrets.AllSecrets(ctx)
	if err != nil {
		return c, err
	}
	for _, s := range all {
		if s.Status == state.SecretLive {
			c.live[s.Name] = diff.Managed{Version: s.Version, Since: s.Created, Made: s.Run != ""}
		}
	}
	c.doubtful, err = secrets.Doubtful(ctx)
	return c, err
}

// blocked says why a device is not asked at all: it is in doubt which password it has, and finding out is for a run that
// may write the answer down.
func (c credentials) blocked(access plan.Access) error {
	if access.Managed == "" || !c.doubtful[access.Managed] {
		return nil
	}
	return fmt.Errorf("it is not known which password it has, since a change of it did not end; camform rotate -due finds out: %w", providers.ErrBudget)
}
