package vault

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
	"unicode"
	"unicode/utf8"

	"filippo.io/age"

	"camform/engine/state"
	"camform/schema"
)

// The families of errors. There is also state.ErrNoVault.
var (
	ErrAbsent  = schema.ErrAbsent                  // nothing is kept under the name, or at the origin
	ErrLocked  = errors.New("the vault is locked") // nobody here can open it
	ErrDamaged = errors.New("the sealed text is damaged")
)

// Limits of what is kept, in bytes.
const (
	textLimit = 64 << 10
	nameLimit = 512
)

// Vault keeps secrets in a state database. It is safe for concurrent use. Reading asks for what opens the vault when it is
// first needed, and once: a vault that could not be opened stays locked for the life of the value.
type Vault struct {
	secrets *state.Secrets
	key     *state.Key // opens what was sealed before there was a vault
	unlock  Unlock

	mu         sync.Mutex
	identities []age.Identity // of the person at the keyboard; nil until they were read
	opened     *opened        // nil until the vault was opened
	refused    error          // why it could not be
}

// New returns the vault of a state database, using its secrets and its key. There need not be one yet: then its
// methods return state.ErrNoVault.
func New(secrets *state.Secrets, key *state.Key, unlock Unlock) *Vault {
	return &Vault{secrets: secrets, key: key, unlock: unlock}
}

// Seal makes a text unreadable for all but the recipients. It needs nothing that is secret.
func (v *Vault) Seal(text []byte) ([]byte, error) { return v.seal(textLabel, text) }

// Unseal reads what Seal made, or what the store made of it before there was a vault. The error belongs to ErrLocked,
// ErrDamaged, or to that of state if it was sealed there.
func (v *Vault) Unseal(sealed []byte) ([]byte, error) {
	if !isSealed(sealed) {
		return v.key.Unseal(sealed)
	}
	return v.unseal(textLabel, sealed)
}

// Keep seals a secret that is to be kept under a name, and makes sure that it can be read again if the vault is open.
func (v *Vault) Keep(name string, secret schema.Secret) ([]byte, error) {
	if err := check(name, secret); err != nil {
		return nil, err
	}
	sealed, err := v.seal(secretLabel(name), []byte(secret.Reveal()))
	if err != nil || !v.isOpen() {
		return sealed, err
	}
	again, err := v.unseal(secretLabel(name), sealed)
	if err == nil && schema.NewSecret(string(again)) != secret {
		err = fmt.Errorf("%w: the text just sealed reads differently", ErrDamaged)
	}
	if err != nil {
		return nil, fmt.Errorf("a new secret could not be read again: %w", err)
	}
	return sealed, nil
}

// Open reads a version of a secret. The error belongs to ErrLocked or ErrDamaged.
func (v *Vault) Open(version state.SecretVersion) (schema.Secret, error) {
	text, err := v.unseal(secretLabel(cmp.Or(version.Under, version.Name)), version.Sealed)
	if err != nil {
		return schema.Secret{}, fmt.Errorf("version %d of %s: %w", version.Version, version.Name, err)
	}
	return schema.NewSecret(string(text)), nil
}

// Live returns the version of a secret that is in use. ErrAbsent says that there is none.
func (v *Vault) Live(ctx context.Context, name string) (secret schema.Secret, version int, err error) {
	return v.pick(ctx, name, "one that is in use", func(s state.SecretVersion) bool { return s.Status == state.SecretLive })
}

// Version returns a version of a secret, whatever its status. ErrAbsent says that there is none.
func (v *Vault) Version(ctx context.Context, name string, version int) (schema.Secret, error) {
	secret, _, err := v.pick(ctx, name, "version "+strconv.Itoa(version), func(s state.SecretVersion) bool { return s.Version == version })
	return secret, err
}

// pick reads the version of a name that is wanted, which is described by what for people.
func (v *Vault) pick(ctx context.Context, name, what string, wanted func(state.SecretVersion) bool) (schema.Secret, int, error) {
	versions, err := v.History(ctx, name)
	if err != nil {
		return schema.Secret{}, 0, err
	}
	i := slices.IndexFunc(versions, wanted)
	if i < 0 {
		return schema.Secret{}, 0, fmt.Errorf("%w: the vault has versions of %s, but not %s; camform vault history %s shows them", ErrAbsent, name, what, name)
	}
	secret, err := v.Open(versions[i])
	return secret, versions[i].Version, err
}

// History returns the versions of a secret, newest first, without opening them. ErrAbsent says that there are none.
func (v *Vault) History(ctx context.Context, name string) ([]state.SecretVersion, error) {
	if _, err := v.secrets.Vault(ctx); err != nil {
		return nil, err
	}
	versions, err := v.secrets.Versions(ctx, name)
	if err != nil {
		return nil, err
	}
	if len(versions) == 0 {
		return nil, fmt.Errorf("%w: the vault has no %s; add it with: camform vault set %s", ErrAbsent, name, name)
	}
	return versions, nil
}

// Set keeps a new version of a secret and makes it the one in use. The note says where it came from, for people.
func (v *Vault) Set(ctx context.Context, name string, secret schema.Secret, note string) (version int, err error) {
	sealed, err := v.Keep(name, secret)
	if err != nil {
		return 0, err
	}
	return v.secrets.PutSecret(ctx, name, sealed, note)
}

// Summary is what can be said of a secret without opening it.
type Summary struct {
	Name     string
	Versions int
	Live     int       // version in use; 0 if there is none
	Since    time.Time // when that was made; zero if there is none
	Proven   time.Time // when a device last accepted it; zero if none did
	InDoubt  bool      // it is uncertain which version is in use

	// Uncertain is when the backup was made that the version in use was restored from, where no device accepted it since; else zero.
	Uncertain time.Time
}

// List says what there is, by name.
func (v *Vault) List(ctx context.Context) ([]Summary, error) {
	if _, err := v.secrets.Vault(ctx); err != nil {
		return nil, err
	}
	all, err := v.secrets.AllSecrets(ctx)
	if err != nil {
		return nil, err
	}
	doubtful, err := v.secrets.Doubtful(ctx)
	if err != nil {
		return nil, err
	}
	var listed []Summary
	for _, s := range all {
		if len(listed) == 0 || listed[len(listed)-1].Name != s.Name {
			listed = append(listed, Summary{Name: s.Name, InDoubt: doubtful[s.Name]})
		}
		last := &listed[len(listed)-1]
		last.Versions++
		if s.Status == state.SecretLive {
			last.Live, last.Since, last.Proven = s.Version, s.Created, s.Proven
			last.Uncertain = s.Uncertain
		}
	}
	return listed, nil
}

// check refuses names and texts that could not be written elsewhere: in an origin, in an export, in a password field.
func check(name string, secret schema.Secret) error {
	text := secret.Reveal()
	odd := func(r rune) bool { return unicode.IsSpace(r) || !unicode.IsPrint(r) }
	switch {
	case name == "" || len(name) > nameLimit || !utf8.ValidString(name) || strings.ContainsFunc(name, odd):
		return fmt.Errorf("%q is not a valid name for a secret: use 1 to %d bytes and no blanks", name, nameLimit)
	case text == "":
		return fmt.Errorf("the secret for %s is empty", name)
	case len(text) > textLimit:
		return fmt.Errorf("the secret for %s is too large; the limit is %d bytes", name, textLimit)
	case !utf8.ValidString(text):
		return fmt.Errorf("the secret for %s is not text in UTF-8", name)
	}
	return nil
}

// The labels say what a sealed text is. They are sealed with it, as its first line.
const textLabel = "text"

func secretLabel(name string) string { return "secret " + strconv.Quote(name) }

// intro begins every file of age.
const intro = "age-encryption.org/"

// isSealed distinguishes texts of the vault from those that the store sealed, which begin by chance.
func isSealed(sealed []byte) bool { return bytes.HasPrefix(sealed, []byte(intro)) }

func (v *Vault) seal(label string, text []byte) ([]byte, error) {
	row, err := v.secrets.Vault(context.Background())
	if err != nil {
		return nil, err
	}
	return sealTo(row, label, text)
}

// sealTo seals a text with its label to the data key of a vault.
func sealTo(row state.Vault, label string, text []byte) ([]byte, error) {
	recipient, err := age.ParseX25519Recipient(row.Recipient)
	if err != nil {
		return nil, fmt.Errorf("%w: the public key of the vault is not valid", ErrDamaged)
	}
	return encrypt(slices.Concat([]byte(label+"\n"), text), recipient)
}

func (v *Vault) unseal(label string, sealed []byte) ([]byte, error) {
	open, err := v.open(context.Background())
	if err != nil {
		return nil, err
	}
	return open.unseal(label, sealed)
}

func encrypt(plain []byte, to ...age.Recipient) ([]byte, error) {
	var sealed bytes.Buffer
	if err := encryptTo(&sealed, plain, to...); err != nil {
		return nil, err
	}
	return sealed.Bytes(), nil
}

func encryptTo(w io.Writer, plain []byte, to ...age.Recipient) error {
	writer, err := age.Encrypt(w, to...)
	if err != nil {
		return fmt.Errorf("encryption: %w", err)
	}
	if _, err := writer.Write(plain); err != nil {
		return fmt.Errorf("encryption: %w", err)
	}
	if err := writer.Close(); err != nil {
		return fmt.Errorf("encryption: %w", err)
	}
	return nil
}

// decrypt reads all of an age file; its last part proves the whole.
func decrypt(sealed []byte, with ...age.Identity) ([]byte, error) {
	reader, err := age.Decrypt(bytes.NewReader(sealed), with...)
	if err != nil {
		return nil, err
	}
	return io.ReadAll(reader)
}
