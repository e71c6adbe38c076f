package vault

import (
	"bytes"
	"context"
	"crypto/hkdf"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	"filippo.io/age"

	"camform/engine/state"
	"camform/schema"
)

// ring is the form of state.Vault.Keys: the data key, sealed, and to whom.
type ring struct {
	Version    int            `json:"version"`
	Recipients []string       `json:"recipients,omitempty"`
	Passphrase *passphraseKey `json:"passphrase,omitempty"`
	Sealed     []byte         `json:"sealed"` // age file with dataKeys, for the recipients and the key of the passphrase
	Proof      []byte         `json:"proof"`  // that somebody who could open the vault wrote all of this
}

// passphraseKey is a key that the passphrase opens. It is a recipient like others, so the passphrase is needed to read
// only, and not when recipients or the data key change.
type passphraseKey struct {
	Recipient string `json:"recipient"`
	Sealed    []byte `json:"sealed"` // age file with the private key, for the passphrase
}

// dataKeys are the private keys of the vault.
type dataKeys struct {
	Key    string   `json:"key"`
	Former []string `json:"former,omitempty"` // those of before each Rekey, oldest first
}

const ringVersion = 1

// opened is a vault that was opened.
type opened struct {
	row    state.Vault
	ring   ring
	keys   dataKeys
	unlock []age.Identity // the data keys
}

// Init makes a vault in a state database that has none. There must be a key or a passphrase.
func Init(ctx context.Context, secrets *state.Secrets, to Recipients) error {
	fresh := ring{Version: ringVersion, Recipients: distinct(to.Keys)}
	if !to.Passphrase.IsZero() {
		key, err := newPassphraseKey(to.Passphrase)
		if err != nil {
			return err
		}
		fresh.Passphrase = key
	}
	identity, err := age.GenerateX25519Identity()
	if err != nil {
		return err
	}
	row := state.Vault{Epoch: 1, Recipient: identity.Recipient().String()}
	if row.Keys, err = fresh.write(row, dataKeys{Key: identity.String()}); err != nil {
		return err
	}
	return secrets.CreateVault(ctx, row)
}

func newPassphraseKey(passphrase schema.Secret) (*passphraseKey, error) {
	if err := checkPassphrase(passphrase); err != nil {
		return nil, err
	}
	identity, err := age.GenerateX25519Identity()
	if err != nil {
		return nil, err
	}
	to, err := passphraseRecipient(passphrase)
	if err != nil {
		return nil, err
	}
	sealed, err := encrypt([]byte(identity.String()), to)
	return &passphraseKey{Recipient: identity.Recipient().String(), Sealed: sealed}, err
}

// passphraseWork is the logarithm of how often scrypt mixes what a passphrase opens: about a second for each guess.
const passphraseWork = 18

// workFactor is passphraseWork, except in tests that are not about it.
var workFactor = passphraseWork

func passphraseRecipient(passphrase schema.Secret) (*age.ScryptRecipient, error) {
	to, err := age.NewScryptRecipient(passphrase.Reveal())
	if err == nil {
		to.SetWorkFactor(workFactor)
	}
	return to, err
}

// Access returns who can open the vault: its keys, then PassphraseKey if it has a passphrase. So says the state; only
// opening the vault proves it.
func (v *Vault) Access(ctx context.Context) ([]string, error) {
	row, err := v.secrets.Vault(ctx)
	if err != nil {
		return nil, err
	}
	r, err := parseRing(row.Keys)
	if err == nil && r.Passphrase != nil {
		return append(r.Recipients, PassphraseKey), nil
	}
	return r.Recipients, err
}

// PassphraseKey stands for the passphrase of a vault where its keys are listed.
const PassphraseKey = "passphrase"

// Admit lets others open the vault as well: keys, and a passphrase, which takes the place of the one that there is.
func (v *Vault) Admit(ctx context.Context, others Recipients) error {
	return v.change(ctx, func(r *ring) (err error) {
		r.Recipients = distinct(slices.Concat(r.Recipients, others.Keys))
		if !others.Passphrase.IsZero() {
			r.Passphrase, err = newPassphraseKey(others.Passphrase)
		}
		return err
	})
}

// Dismiss takes keys away, or PassphraseKey. Each must be there, with any comment, and somebody must be left. Anybody who could
// open the vault may have kept the data key: see Rekey.
func (v *Vault) Dismiss(ctx context.Context, keys ...string) error {
	return v.change(ctx, func(r *ring) error {
		for _, key := range keys {
			if !r.dismiss(key) {
				return fmt.Errorf("%q is not a recipient of the vault; camform vault recipients lists them", key)
			}
		}
		return nil
	})
}

func (r *ring) dismiss(key string) bool {
	if key == PassphraseKey {
		was := r.Passphrase != nil
		r.Passphrase = nil
		return was
	}
	kept := slices.DeleteFunc(slices.Clone(r.Recipients), func(k string) bool { return keyOf(k) == keyOf(key) })
	was := len(kept) < len(r.Recipients)
	r.Recipients = kept
	return was
}

// change seals the data key again.
func (v *Vault) change(ctx context.Context, edit func(*ring) error) error {
	open, err := v.open(ctx)
	if err != nil {
		return err
	}
	changed := open.ring
	if err := edit(&changed); err != nil {
		return err
	}
	text, err := changed.write(open.row, open.keys)
	if err != nil {
		return err
	}
	return v.secrets.SaveKeys(ctx, open.row.Epoch, text)
}

// Rekey gives the vault a new data key and seals everything again. Anybody who has the data key of before can read nothing that
// the state has from now on, but still every copy of it from before: secrets that are to be secret from him must be
// changed where they are in use.
func (v *Vault) Rekey(ctx context.Context) error {
	open, err := v.open(ctx)
	if err != nil {
		return err
	}
	identity, err := age.GenerateX25519Identity()
	if err != nil {
		return err
	}
	row := state.Vault{Epoch: open.row.Epoch + 1, Recipient: identity.Recipient().String()}
	keys := dataKeys{Key: identity.String(), Former: append(slices.Clone(open.keys.Former), open.keys.Key)}
	if row.Keys, err = open.ring.write(row, keys); err != nil {
		return err
	}
	return v.secrets.Rekey(ctx, open.row.Epoch, row, func(sealed []byte) ([]byte, error) {
		plain, err := v.reopen(open, sealed)
		if err != nil {
			return nil, err
		}
		return encrypt(plain, identity.Recipient())
	})
}

// reopen reads a sealed text with its label. What the store sealed before there was a vault is sealed by the vault from now
// on.
func (v *Vault) reopen(open *opened, sealed []byte) ([]byte, error) {
	if isSealed(sealed) {
		return open.decrypt(sealed)
	}
	text, err := v.key.Unseal(sealed)
	return slices.Concat([]byte(textLabel+"\n"), text), err
}

// isOpen reports whether the vault was opened already.
func (v *Vault) isOpen() bool {
	v.mu.Lock()
	defer v.mu.Unlock()
	return v.opened != nil
}

// open opens the vault, unless that was done. Another process may have given it other recipients or another data key since.
func (v *Vault) open(ctx context.Context) (*opened, error) {
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.refused != nil {
		return nil, v.refused
	}
	row, err := v.secrets.Vault(ctx)
	if err != nil {
		return nil, err
	}
	if v.opened != nil && v.opened.row == row {
		return v.opened, nil
	}
	fresh, err := v.openRow(row)
	if err != nil {
		v.refused = err
		return nil, err
	}
	v.opened = fresh
	return fresh, nil
}

func (v *Vault) openRow(row state.Vault) (*opened, error) {
	r, err := parseRing(row.Keys)
	if err != nil {
		return nil, err
	}
	if v.opened != nil && r.provenBy(v.opened.keys, row) {
		return &opened{row, r, v.opened.keys, v.opened.unlock}, nil // only the recipients are others
	}
	plain, err := v.openRing(r)
	if err != nil {
		return nil, err
	}
	o := &opened{row: row, ring: r}
	if err := json.Unmarshal(plain, &o.keys); err != nil {
		return nil, errDataKey
	}
	for _, text := range append([]string{o.keys.Key}, o.keys.Former...) {
		identity, err := age.ParseX25519Identity(text)
		if err != nil {
			return nil, errDataKey
		}
		o.unlock = append(o.unlock, identity)
	}
	if !r.provenBy(o.keys, row) {
		return nil, fmt.Errorf("%w: somebody who could not open the vault changed who may open it; restore the state from a backup", ErrDamaged)
	}
	return o, nil
}

// errDataKey hides the cause, which may quote the key.
var errDataKey = fmt.Errorf("%w: the data key of the vault is not valid", ErrDamaged)

// openRing opens what holds the data key, by the identities and then by the passphrase.
func (v *Vault) openRing(r ring) ([]byte, error) {
	if v.identities == nil {
		read, err := v.unlock.read()
		if err != nil {
			return nil, fmt.Errorf("%w: %w", ErrLocked, err)
		}
		v.identities = read
	}
	if len(v.identities) > 0 {
		plain, err := decrypt(r.Sealed, v.identities...)
		var nobody *age.NoIdentityMatchError
		if !errors.As(err, &nobody) {
			return plain, opening(err)
		}
	}
	if r.Passphrase == nil {
		return nil, v.nobody(r)
	}
	identity, err := v.askPassphrase(r)
	if err != nil {
		return nil, err
	}
	v.identities = append(v.identities, identity)
	plain, err := decrypt(r.Sealed, identity)
	return plain, opening(err)
}

// opening gives an error of age its family. An identity that fits and still fails is a passphrase that was not given, or
// damage.
func opening(err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("%w: %w", ErrLocked, err)
}

func (v *Vault) askPassphrase(r ring) (age.Identity, error) {
	with, err := v.unlock.identity("the passphrase of the vault")
	if err != nil {
		return nil, fmt.Errorf("%w: %w; %s", ErrLocked, err, advice)
	}
	text, err := decrypt(r.Passphrase.Sealed, with)
	if err != nil {
		return nil, fmt.Errorf("%w: the passphrase is wrong", ErrLocked)
	}
	identity, err := age.ParseX25519Identity(string(text))
	if err != nil {
		return nil, fmt.Errorf("%w: the key of the vault's passphrase is not valid", ErrDamaged)
	}
	return identity, nil
}

const advice = "name an identity file in CAMFORM_VAULT_IDENTITY, or a passphrase file in CAMFORM_VAULT_PASSPHRASE_FILE"

// nobody says that no identity is a recipient.
func (v *Vault) nobody(r ring) error {
	tried := "there is no identity here"
	if len(v.unlock.Identities) > 0 {
		tried = "no identity of " + strings.Join(v.unlock.Identities, ", ") + " is a recipient"
	}
	return fmt.Errorf("%w: %s; it opens for: %s. To open it, %s", ErrLocked, tried, strings.Join(r.Recipients, ", "), advice)
}

// unseal reads a sealed text and proves that it is what the label says.
func (o *opened) unseal(label string, sealed []byte) ([]byte, error) {
	plain, err := o.decrypt(sealed)
	if err != nil {
		return nil, err
	}
	found, text, ok := bytes.Cut(plain, []byte("\n"))
	if !ok || string(found) != label {
		return nil, fmt.Errorf("%w: a sealed text does not belong here", ErrDamaged)
	}
	return text, nil
}

func (o *opened) decrypt(sealed []byte) ([]byte, error) {
	plain, err := decrypt(sealed, o.unlock...)
	if err != nil {
		return nil, fmt.Errorf("%w: a sealed text was changed, or belongs to another vault", ErrDamaged)
	}
	return plain, nil
}

func parseRing(text string) (ring, error) {
	var r ring
	if err := json.Unmarshal([]byte(text), &r); err != nil {
		return ring{}, fmt.Errorf("%w: the keys of the vault cannot be read", ErrDamaged)
	}
	if r.Version != ringVersion {
		return ring{}, fmt.Errorf("the vault has format %d, and this camform supports up to %d; use the newer camform", r.Version, ringVersion)
	}
	return r, nil
}

// write seals data keys to all recipients of a ring and returns its text.
func (r ring) write(row state.Vault, keys dataKeys) (string, error) {
	to, err := parseRecipients(r.Recipients)
	if err != nil {
		return "", err
	}
	if r.Passphrase != nil {
		recipient, err := age.ParseX25519Recipient(r.Passphrase.Recipient)
		if err != nil {
			return "", fmt.Errorf("%w: the key of the vault's passphrase is not valid", ErrDamaged)
		}
		to = append(to, recipient)
	}
	if len(to) == 0 {
		return "", errors.New("nobody could open the vault: it needs a recipient or a passphrase")
	}
	plain, err := json.Marshal(keys)
	if err != nil {
		return "", err
	}
	if r.Sealed, err = encrypt(plain, to...); err != nil {
		return "", err
	}
	r.Proof = r.proof(row, keys)
	text, err := json.Marshal(r)
	return string(text), err
}

// provenBy reports whether a ring was written by somebody who had these keys.
func (r ring) provenBy(keys dataKeys, row state.Vault) bool {
	return hmac.Equal(r.Proof, r.proof(row, keys))
}

// proof is what only those can compute who have the data key: that the ring is theirs, and of this epoch.
func (r ring) proof(row state.Vault, keys dataKeys) []byte {
	r.Proof = nil
	text, err := json.Marshal(struct {
		Epoch     int    `json:"epoch"`
		Recipient string `json:"recipient"`
		Ring      ring   `json:"ring"`
	}{row.Epoch, row.Recipient, r})
	if err != nil {
		panic("keys of the vault cannot be encoded: this is a bug: " + err.Error())
	}
	key, err := hkdf.Key(sha256.New, []byte(keys.Key), nil, "camform vault recipients", sha256.Size)
	if err != nil {
		panic("no key can be derived: this is a bug: " + err.Error())
	}
	mac := hmac.New(sha256.New, key)
	mac.Write(text)
	return mac.Sum(nil)
}
