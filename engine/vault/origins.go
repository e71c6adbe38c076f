package vault

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"sync"

	"camform/engine/state"
	"camform/schema"
)

// Origins reads secrets from where they are. The zero value knows no environment. It is safe for concurrent use.
//
// Each origin is read once, whatever the result, so that a value cannot differ within a run. Those of the vault are read
// whenever they are asked for: what is in use changes while passwords are rotated.
type Origins struct {
	Env   func(name string) (string, bool) // nil for an empty environment
	Dir   string                           // what relative paths start from, and where commands run
	Vault *Vault                           // nil where there is no state, and so no vault

	Check func(origin string) error  // why an origin must not be read; nil for none
	Shows func(variable string) bool // whether commands see a variable of our environment; nil for all

	mu      sync.Mutex
	answers map[string]*answer
}

// answer is what came of an origin. It is complete when done is closed.
type answer struct {
	done   chan struct{}
	secret schema.Secret
	err    error
}

// Read reads a secret from its origin:
//
//	env:NAME                 a variable of the environment
//	file:PATH                a file, without one newline at its end
//	vault:NAME               the version in use of a secret of the vault
//	sops:FILE#KEY            a key, such as gate.admin, of a file that the program sops reads
//	kv:MOUNT/PATH#KEY        a key of a secret of OpenBao or HashiCorp Vault, in a KV engine of version 2
//	exec:COMMAND ARGUMENT    what a command prints, without one newline at its end
//
// The error belongs to schema.ErrOrigin, ErrAbsent, ErrLocked or ErrDamaged, to state.ErrNoVault, or says otherwise why it
// cannot be read, and what to do. It never contains a value. An empty secret is treated as absent.
func (o *Origins) Read(ctx context.Context, origin string) (schema.Secret, error) {
	if err := schema.CheckOrigin(origin); err != nil {
		return schema.Secret{}, err
	}
	if o.Check != nil {
		if err := o.Check(origin); err != nil {
			return schema.Secret{}, err
		}
	}
	scheme, rest := schema.OriginScheme(origin)
	if scheme == schema.OriginVault {
		return o.readVault(ctx, rest)
	}
	known, first := o.claim(origin)
	if first {
		known.secret, known.err = o.read(ctx, scheme, rest)
		if ctx.Err() != nil {
			o.disclaim(origin)
		}
		close(known.done)
		return known.secret, known.err
	}
	select {
	case <-known.done:
		return known.secret, known.err
	case <-ctx.Done():
		return schema.Secret{}, context.Cause(ctx)
	}
}

// claim returns the answer of an origin, and whether it is for the caller to find it.
func (o *Origins) claim(origin string) (a *answer, first bool) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if a, ok := o.answers[origin]; ok {
		return a, false
	}
	if o.answers == nil {
		o.answers = map[string]*answer{}
	}
	a = &answer{done: make(chan struct{})}
	o.answers[origin] = a
	return a, true
}

// disclaim forgets an answer that says nothing, since the lookup was stopped.
func (o *Origins) disclaim(origin string) {
	o.mu.Lock()
	defer o.mu.Unlock()
	delete(o.answers, origin)
}

// read reads from the origins that are not the vault.
func (o *Origins) read(ctx context.Context, scheme, rest string) (schema.Secret, error) {
	switch scheme {
	case "env":
		return o.readEnv(rest)
	case "file":
		return readFile(o.path(rest))
	case "sops":
		return o.readSOPS(ctx, rest)
	case "kv":
		return o.readKV(ctx, rest)
	case "exec":
		return o.readCommand(ctx, rest)
	default:
		return schema.Secret{}, fmt.Errorf("secrets of %s cannot be read: this is a bug", scheme)
	}
}

func (o *Origins) readVault(ctx context.Context, name string) (schema.Secret, error) {
	if o.Vault == nil {
		return schema.Secret{}, state.ErrNoVault
	}
	secret, _, err := o.Vault.Live(ctx, name)
	return secret, err
}

// env is a variable of the environment, empty if it is not set.
func (o *Origins) env(name string) string {
	if o.Env == nil {
		return ""
	}
	value, _ := o.Env(name)
	return value
}

func (o *Origins) readEnv(name string) (schema.Secret, error) {
	value := o.env(name)
	if value == "" {
		return schema.Secret{}, fmt.Errorf("%w: the environment variable %s is not set or empty; set it before running camform, for example with: export %s=VALUE", ErrAbsent, name, name)
	}
	return schema.NewSecret(value), nil
}

func (o *Origins) path(path string) string {
	if filepath.IsAbs(path) {
		return path
	}
	return filepath.Join(o.Dir, path)
}

func readFile(path string) (schema.Secret, error) {
	text, err := readBounded(path, textLimit)
	if err != nil {
		return schema.Secret{}, err
	}
	return withoutNewline(text, "the file "+path)
}

// withoutNewline is what a place holds, without one newline at its end, which editors and commands add.
func withoutNewline(text []byte, place string) (schema.Secret, error) {
	text = bytes.TrimSuffix(bytes.TrimSuffix(text, []byte("\n")), []byte("\r"))
	if len(text) == 0 {
		return schema.Secret{}, fmt.Errorf("%w: %s is empty", ErrAbsent, place)
	}
	return schema.NewSecret(string(text)), nil
}

// readBounded reads a file of at most limit bytes, so that a wrong path does not read a disk.
func readBounded(path string, limit int64) ([]byte, error) {
	file, err := os.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("%w: there is no file %s", ErrAbsent, path)
	}
	if err != nil {
		return nil, fmt.Errorf("the file %s cannot be read: %w", path, cause(err))
	}
	defer func() { _ = file.Close() }()
	text, err := io.ReadAll(io.LimitReader(file, limit+1))
	if err != nil {
		return nil, fmt.Errorf("the file %s cannot be read: %w", path, cause(err))
	}
	if int64(len(text)) > limit {
		return nil, fmt.Errorf("the file %s is too large for a secret; the limit is %d bytes", path, limit)
	}
	return text, nil
}

// cause is an error of a file without the path, which the message has already.
func cause(err error) error {
	var pathError *fs.PathError
	if errors.As(err, &pathError) {
		return pathError.Err
	}
	return err
}
