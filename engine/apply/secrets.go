package apply

import (
	"context"
	"fmt"
	"maps"

	"github.com/zclconf/go-cty/cty"

	"camform/engine/plan"
	"camform/engine/rotate"
	"camform/providers"
	"camform/schema"
)

// provable reports whether a step sets a secret that a login proves.
func provable(kind *schema.Kind, s plan.Step) bool {
	_, ok := s.Secrets[kind.Account().Password]
	return ok
}

// hidden are the secrets of a step that the device does not show.
func hidden(kind *schema.Kind, s plan.Step, have cty.Value) map[string]plan.SecretSource {
	secrets := maps.Clone(s.Secrets)
	maps.DeleteFunc(secrets, func(attribute string, _ plan.SecretSource) bool {
		a := kind.Attribute(attribute)
		return a != nil && (have.IsNull() && !a.WriteOnly || !have.IsNull() && !a.Unseen(have.GetAttr(attribute)))
	})
	return secrets
}

// withFingerprint is a step with another fingerprint of one of its secrets.
func withFingerprint(s plan.Step, attribute, fingerprint string) plan.Step {
	secret := s.Secrets[attribute]
	secret.Fingerprint, secret.Follows = fingerprint, ""
	s.Secrets = maps.Clone(s.Secrets)
	s.Secrets[attribute] = secret
	return s
}

// secrets reads the secrets of steps: those that exist from their origins, those that the run makes from the accounts.
type secrets struct {
	read        func(origin string) (schema.Secret, error)
	fingerprint func(setting schema.Setting, attribute string, secret schema.Secret) string
	generation  func(origin string) (int, error) // that the vault has now; 0 for none
	accounts    *rotate.Accounts
}

// following fills in the fingerprints of secrets that another account of the plan has by now, and of those where the plan knows
// the generation only: it was made where nobody could open the vault.
func (k secrets) following(steps []plan.Step) ([]plan.Step, error) {
	filled := make([]plan.Step, len(steps))
	for i, s := range steps {
		filled[i] = s
		for attribute, source := range s.Secrets {
			if source.Follows == "" && !byGeneration(source) {
				continue
			}
			if byGeneration(source) {
				if now, err := k.generation(source.Origin); err != nil {
					return nil, err
				} else if now != source.Generation {
					return nil, fmt.Errorf("the plan was made with version %d of the secret from %s, and the vault has version %d now; plan again", source.Generation, source.Origin, now)
				}
			}
			secret, err := k.read(source.Origin)
			if err != nil {
				return nil, err
			}
			filled[i] = withFingerprint(filled[i], attribute, k.fingerprint(s.Address, attribute, secret))
		}
	}
	return filled, nil
}

// planned reads a secret and proves that it is the one that was planned.
func (k secrets) planned(address schema.Setting, attribute string, source plan.SecretSource) (schema.Secret, error) {
	if source.Generate != nil {
		return k.accounts.Proposed(address.Key), nil
	}
	secret, err := k.read(source.Origin)
	if err != nil {
		return schema.Secret{}, err
	}
	if k.fingerprint(address, attribute, secret) != source.Fingerprint {
		return schema.Secret{}, fmt.Errorf("the secret from %s has changed since the plan was made; plan again", source.Origin)
	}
	return secret, nil
}

// byGeneration reports whether the plan knows of a secret nothing but its generation.
func byGeneration(source plan.SecretSource) bool {
	return source.Generation > 0 && source.Fingerprint == ""
}

// knownByGeneration reports whether that is so of one of some secrets.
func knownByGeneration(secrets map[string]plan.SecretSource) bool {
	for _, source := range secrets {
		if byGeneration(source) {
			return true
		}
	}
	return false
}

// generationOf is the version of a secret that the vault of a store has now; 0 for none.
func generationOf(ctx context.Context, store rotate.Store, origin string) (int, error) {
	_, name := schema.OriginScheme(origin)
	versions, err := store.Versions(ctx, name)
	if err != nil {
		return 0, rotate.StoreError(err)
	}
	live, _ := rotate.Live(versions)
	return live.Version, nil
}

// login is the credential of the account that a step is about, with the secret of the step that a login proves.
func (k secrets) login(kind *schema.Kind, s plan.Step) (providers.Credential, error) {
	attribute := kind.Account().Password
	password, err := k.planned(s.Address, attribute, s.Secrets[attribute])
	return providers.Credential{Username: s.Address.Key, Password: password}, err
}

// change turns a step into what a provider composes, with the secrets.
func (k secrets) change(s plan.Step, kind *schema.Kind) (providers.Change, error) {
	after := s.After
	if len(s.Secrets) > 0 && !after.IsNull() {
		values := after.AsValueMap()
		for attribute, source := range s.Secrets {
			secret, err := k.planned(s.Address, attribute, source)
			if err != nil {
				return providers.Change{}, err
			}
			values[attribute] = secret.Value()
		}
		after = cty.ObjectVal(values)
	}
	return providers.Change{Kind: kind, Key: s.Address.Key, Before: s.Before, After: after}, nil
}
