package vault

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"time"

	"github.com/openbao/openbao/api/v2"

	"camform/schema"
)

// Limits of a question to a server of secrets.
const (
	kvTime    = 30 * time.Second
	kvRetries = 2
	kvWait    = 200 * time.Millisecond
)

// readKV reads MOUNT/PATH#KEY. The mount is the first part of the path.
func (o *Origins) readKV(ctx context.Context, place string) (schema.Secret, error) {
	path, key, _ := strings.Cut(place, "#")
	mount, path, ok := strings.Cut(path, "/")
	if !ok || mount == "" || path == "" {
		return schema.Secret{}, fmt.Errorf("%w: write it like kv:MOUNT/PATH#KEY", schema.ErrOrigin)
	}
	client, err := o.kvClient()
	if err != nil {
		return schema.Secret{}, err
	}
	ctx, cancel := context.WithTimeoutCause(ctx, kvTime, fmt.Errorf("no answer came within %v", kvTime))
	defer cancel()
	secret, err := client.KVv2(mount).Get(ctx, path)
	if err != nil {
		return schema.Secret{}, kvError(ctx, client.Address(), mount+"/"+path, err)
	}
	if secret.Data == nil {
		return schema.Secret{}, fmt.Errorf("%w: the latest version of %s/%s was deleted", ErrAbsent, mount, path)
	}
	value, ok := secret.Data[key]
	if !ok {
		return schema.Secret{}, fmt.Errorf("%w: %s/%s has no key %s", ErrAbsent, mount, path, key)
	}
	text, ok := value.(string)
	switch {
	case !ok:
		return schema.Secret{}, fmt.Errorf("the key %s of %s/%s is not a string; put it in quotes there", key, mount, path)
	case text == "":
		return schema.Secret{}, fmt.Errorf("%w: the key %s of %s/%s is empty", ErrAbsent, key, mount, path)
	case len(text) > textLimit:
		return schema.Secret{}, fmt.Errorf("the key %s of %s/%s is too large for a secret; the limit is %d bytes", key, mount, path, textLimit)
	}
	return schema.NewSecret(text), nil
}

// kvClient is a client for the server that the environment names, as the programs bao and vault use it. The environment of
// the process is not looked at. A redirect would carry the token elsewhere, so none is followed.
func (o *Origins) kvClient() (*api.Client, error) {
	address, err := o.kvAddress()
	if err != nil {
		return nil, err
	}
	token := o.kvEnv("TOKEN")
	if token == "" {
		return nil, fmt.Errorf("%w: there is no token for %s; set BAO_TOKEN or VAULT_TOKEN", ErrAbsent, address)
	}
	config := api.NewConfig()
	if config.Error != nil {
		return nil, fmt.Errorf("secrets server: %w", config.Error)
	}
	config.Address, config.DisableEnvironment, config.DisableRedirects = address, true, true
	config.MaxRetries, config.MinRetryWait, config.MaxRetryWait, config.Timeout = kvRetries, kvWait, kvWait, kvTime
	if err := config.ConfigureTLS(&api.TLSConfig{
		CACert: o.kvEnv("CACERT"), CAPath: o.kvEnv("CAPATH"), TLSServerName: o.kvEnv("TLS_SERVER_NAME"),
		ClientCert: o.kvEnv("CLIENT_CERT"), ClientKey: o.kvEnv("CLIENT_KEY"),
	}); err != nil {
		return nil, fmt.Errorf("certificates for %s: %w", address, err)
	}
	client, err := api.NewClient(config)
	if err != nil {
		return nil, fmt.Errorf("secrets server %s: %w", address, err)
	}
	client.SetToken(token)
	if namespace := o.kvEnv("NAMESPACE"); namespace != "" {
		client.SetNamespace(namespace)
	}
	return client, nil
}

// kvEnv is a variable of OpenBao, and else the one of HashiCorp Vault.
func (o *Origins) kvEnv(name string) string {
	if value := o.env("BAO_" + name); value != "" {
		return value
	}
	return o.env("VAULT_" + name)
}

// kvAddress is where the server is. The token goes there, so it must be given, and no one else may be able to listen.
func (o *Origins) kvAddress() (string, error) {
	text := o.kvEnv("ADDR")
	if text == "" {
		return "", fmt.Errorf("%w: the address of the secrets server is not set; set BAO_ADDR or VAULT_ADDR, such as https://vault.example:8200", ErrAbsent)
	}
	u, err := url.Parse(text)
	switch {
	case err != nil || u.Host == "" || u.User != nil:
		return "", errors.New("the address in BAO_ADDR or VAULT_ADDR is not one such as https://vault.example:8200")
	case u.Scheme == "https", u.Scheme == "http" && local(u.Hostname()):
		return text, nil
	default:
		return "", fmt.Errorf("the token would go to %s in clear text; use https", u.Host)
	}
}

// local reports whether a host is this machine.
func local(host string) bool {
	addr, err := netip.ParseAddr(host)
	return host == "localhost" || err == nil && addr.IsLoopback()
}

// kvError says what a failure means. What the server says beside its status is left out: it may repeat what was asked.
func kvError(ctx context.Context, address, path string, err error) error {
	var answer *api.ResponseError
	switch {
	case errors.Is(err, api.ErrSecretNotFound):
		return fmt.Errorf("%w: %s has no %s", ErrAbsent, address, path)
	case ctx.Err() != nil:
		return fmt.Errorf("%s of %s cannot be read: %w", path, address, context.Cause(ctx))
	case !errors.As(err, &answer):
		return fmt.Errorf("%s of %s cannot be read: %w", path, address, err)
	}
	switch answer.StatusCode {
	case http.StatusForbidden:
		return fmt.Errorf("%s does not let the token read %s: the token is no longer valid, or has no policy that allows reading it", address, path)
	case http.StatusServiceUnavailable:
		return fmt.Errorf("%s cannot provide %s now: it is sealed or starting", address, path)
	default:
		return fmt.Errorf("%s of %s cannot be read: the server answers with status %d", path, address, answer.StatusCode)
	}
}
