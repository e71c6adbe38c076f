package engine

import (
	"context"
	"crypto/rand"

	"camform/engine/credential"
	"camform/engine/plan"
	"camform/engine/state"
	"camform/engine/vault"
	"camform/schema"
)

// Passwords makes and reads the managed passwords of a vault; see rotate.Vault.
type Passwords struct {
	*vault.Vault
	Secrets *state.Secrets
}

// Propose makes a password that obeys the policy and the device, was not used for the account lately, and, if the policy
// wants that, by no other account of the vault.
func (p Passwords) Propose(ctx context.Context, name, account string, how plan.Generate) (secret schema.Secret, sealed []byte, err error) {
	rules := credential.Rules{Account: account, MinLen: how.MinLen, MaxLen: how.MaxLen}
	if rules.Earlier, err = p.earlier(ctx, name); err != nil {
		return schema.Secret{}, nil, err
	}
	if how.Policy.Unique {
		if rules.Taken, err = p.Taken(ctx); err != nil {
			return schema.Secret{}, nil, err
		}
	}
	if secret, err = credential.Generate(how.Policy, rules, rand.Reader); err != nil {
		return schema.Secret{}, nil, err
	}
	sealed, err = p.Keep(name, secret)
	return secret, sealed, err
}

// earlier are the passwords that an account ever had.
func (p Passwords) earlier(ctx context.Context, name string) ([]schema.Secret, error) {
	versions, err := p.Secrets.Versions(ctx, name)
	if err != nil {
		return nil, err
	}
	secrets := make([]schema.Secret, len(versions))
	for i, v := range versions {
		if secrets[i], err = p.Open(v); err != nil {
			return nil, err
		}
	}
	return secrets, nil
}
