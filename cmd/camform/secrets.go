package main

import (
	"context"
	"fmt"
	"strings"

	"github.com/zclconf/go-cty/cty"

	"camform/engine/config"
	"camform/engine/credential"
	"camform/engine/vault"
	"camform/schema"
)

// secrets reads secrets for one run of the program. The vault is opened with its state when it is first needed.
type secrets struct {
	*vault.Origins
	open func() (*vault.Vault, error)
}

// newSecrets reads secrets of the configuration in dir.
func (a *app) newSecrets(dir string, open func() (*vault.Vault, error)) *secrets {
	return &secrets{Origins: &vault.Origins{Env: a.env, Dir: dir}, open: open}
}

// read reads a secret from its origin.
func (s *secrets) read(ctx context.Context, origin string) (string, error) {
	if scheme, _ := schema.OriginScheme(origin); scheme == credential.Scheme && s.Vault == nil {
		v, err := s.open()
		if err != nil {
			return "", err
		}
		s.Vault = v
	}
	return s.Read(ctx, origin)
}

// reader reads secrets for a configuration.
func (s *secrets) reader(ctx context.Context) config.SecretReader {
	return func(origin string) (cty.Value, error) {
		text, err := s.read(ctx, origin)
		return cty.StringVal(text), err
	}
}

// secret reads a secret from its origin. The configuration has read its own already, apart from those of the vault, which
// change while passwords are rotated; a plan file is applied without one, and then a sensitive variable comes from the
// environment only.
func (w *workspace) secret(origin string) (string, error) {
	if scheme, _ := schema.OriginScheme(origin); scheme == credential.Scheme {
		return w.secrets.read(context.Background(), origin)
	}
	if w.config != nil {
		if text, ok := w.config.Secrets[origin]; ok {
			return text, nil
		}
	}
	name, isVariable := strings.CutPrefix(origin, "var.")
	if !isVariable {
		return w.secrets.read(context.Background(), origin)
	}
	if text, ok := w.env("CAMFORM_VAR_" + name); ok {
		return text, nil
	}
	return "", fmt.Errorf("the plan needs the value of the sensitive variable %s; set it in the environment as CAMFORM_VAR_%s", name, name)
}
