package main

import (
	"context"
	"fmt"
	"strings"

	"camform/engine/config"
	"camform/schema"
)

// withSecrets reads the secrets of a configuration from where they are. What a command prints is left for later, when it is known
// whether it is needed, and so is an unavailable one: it costs the devices that need it. A secret that may not be read is an error.
func withSecrets(ctx context.Context, m memory) config.SecretReader {
	return func(origin string) (schema.Secret, bool, error) {
		if err := m.origins.Check(origin); err != nil {
			return schema.Secret{}, false, err
		}
		scheme, _ := schema.OriginScheme(origin)
		if scheme == schema.OriginCommand {
			return config.SecretsUnknown(origin)
		}
		secret, err := m.origins.Read(ctx, origin)
		if err != nil && scheme != schema.OriginVault && ctx.Err() == nil {
			return config.SecretsUnknown(origin)
		}
		return secret, true, err
	}
}

// secret reads a secret from its origin. The configuration has read its own already, apart from those of the vault, which
// change while passwords are rotated; a plan file is applied without one, and then a sensitive variable comes from the
// environment only.
func (w *workspace) secret(origin string) (schema.Secret, error) {
	if scheme, _ := schema.OriginScheme(origin); scheme == schema.OriginVault {
		return w.origins.Read(context.Background(), origin)
	}
	if w.config != nil {
		if secret, ok := w.config.Secrets[origin]; ok {
			return secret, nil
		}
	}
	if scheme, _ := schema.OriginScheme(origin); scheme == config.DerivedScheme {
		return config.Derive(origin, w.secret)
	}
	name, isVariable := strings.CutPrefix(origin, "var.")
	if !isVariable {
		return w.origins.Read(context.Background(), origin)
	}
	if text, _, ok := config.ValueIn(w.env, name, valuePrefixes(w.app)...); ok {
		return schema.NewSecret(text), nil
	}
	return schema.Secret{}, fmt.Errorf("the plan needs the value of the sensitive variable %s; set it in the environment as %s%s", name, config.ValuePrefix, name)
}
