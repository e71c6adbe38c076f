package vault

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"time"

	"filippo.io/age"

	"camform/engine/state"
	"camform/schema"
)

// ErrNewer says that an import would put an older version of a secret in place of a newer one.
var ErrNewer = errors.New("the vault has newer secrets than the file")

// exported is the form of an export, which age encrypts.
type exported struct {
	Format  string           `json:"format"`
	Secrets []exportedSecret `json:"secrets"` // by name, then newest first
}

const exportFormat = "camform secrets 1"

// exportLimit bounds the size of an export that is read, in bytes.
const exportLimit = 256 << 20

type exportedSecret struct {
	Name    string             `json:"name"`
	Version int                `json:"version"`
	Status  state.SecretStatus `json:"status"`
	Secret  inClear            `json:"text"`
	Created time.Time          `json:"created,omitzero"`
	Sent    time.Time          `json:"sent,omitzero"`
	Proven  time.Time          `json:"proven,omitzero"`
	Tried   int64              `json:"tried,omitempty"`
	Run     string             `json:"run,omitempty"`
	Note    string             `json:"note,omitempty"`
}

// inClear is a secret that is written as it is, for an export is encrypted as a whole.
type inClear struct{ schema.Secret }

// MarshalText returns the text.
func (c inClear) MarshalText() ([]byte, error) { return []byte(c.Reveal()), nil }

// UnmarshalText takes a text.
func (c *inClear) UnmarshalText(text []byte) error {
	c.Secret = schema.NewSecret(string(text))
	return nil
}

// Export writes all versions of secrets as a file of age, for keys or for a passphrase, not both. Without names these are
// all secrets. ErrAbsent names one that the vault does not have.
func (v *Vault) Export(ctx context.Context, w io.Writer, to Recipients, names []string) (written int, err error) {
	recipients, err := exportRecipients(to)
	if err != nil {
		return 0, err
	}
	chosen, err := v.choose(ctx, names)
	if err != nil {
		return 0, err
	}
	file := exported{Format: exportFormat, Secrets: []exportedSecret{}}
	for _, s := range chosen {
		secret, err := v.Open(s)
		if err != nil {
			return 0, err
		}
		file.Secrets = append(file.Secrets, exportedSecret{
			s.Name, s.Version, s.Status, inClear{secret}, s.Created, s.Sent, s.Proven, s.Tried, s.Run, s.Note,
		})
	}
	plain, err := json.MarshalIndent(file, "", "  ")
	if err != nil {
		return 0, err
	}
	return len(namesOf(chosen)), encryptTo(w, plain, recipients...)
}

// SealFile writes a text as a file of age, for keys or for a passphrase, not both. It needs no vault.
func SealFile(w io.Writer, plain []byte, to Recipients) error {
	recipients, err := exportRecipients(to)
	if err != nil {
		return err
	}
	return encryptTo(w, plain, recipients...)
}

func exportRecipients(to Recipients) ([]age.Recipient, error) {
	switch {
	case !to.Passphrase.IsZero() && len(to.Keys) > 0:
		return nil, errors.New("a file is for recipients or for a passphrase, not for both; export twice")
	case !to.Passphrase.IsZero():
		if err := checkPassphrase(to.Passphrase); err != nil {
			return nil, err
		}
		recipient, err := passphraseRecipient(to.Passphrase)
		return []age.Recipient{recipient}, err
	case len(to.Keys) == 0:
		return nil, errors.New("nobody could open the file: it needs a recipient or a passphrase")
	}
	return parseRecipients(distinct(to.Keys))
}

// choose returns all versions of the names, of all if there are none.
func (v *Vault) choose(ctx context.Context, names []string) ([]state.SecretVersion, error) {
	if _, err := v.secrets.Vault(ctx); err != nil {
		return nil, err
	}
	if len(names) == 0 {
		return v.secrets.AllSecrets(ctx)
	}
	var chosen []state.SecretVersion
	for _, name := range slices.Compact(slices.Sorted(slices.Values(names))) {
		versions, err := v.History(ctx, name)
		if err != nil {
			return nil, err
		}
		chosen = append(chosen, versions...)
	}
	return chosen, nil
}

func namesOf(secrets []state.SecretVersion) map[string]bool {
	names := map[string]bool{}
	for _, s := range secrets {
		names[s.Name] = true
	}
	return names
}

// Imported says what an import did, as sorted names.
type Imported struct {
	Added   []string // that the vault did not have
	Changed []string // that got versions from the file
	Same    []string // the vault had everything in them
}

// Import takes secrets from a file of Export, all of them or none. Versions that the vault has stay; those that are new
// follow them. The file is newer than the vault where it knows what is in use here, and the vault does not know what is in
// use there. Where it is the other way round, or both went their own way, nothing is imported: ErrNewer names those.
func (v *Vault) Import(ctx context.Context, r io.Reader) (Imported, error) {
	return v.merge(ctx, r, refuseOlder)
}

// ImportOver is Import that puts what the file says to be in use into use, also where the vault has something newer. That
// stays as history.
func (v *Vault) ImportOver(ctx context.Context, r io.Reader) (Imported, error) {
	return v.merge(ctx, r, takeOlder)
}

func refuseOlder([]string) bool { return false }
func takeOlder([]string) bool   { return true }

func (v *Vault) merge(ctx context.Context, r io.Reader, allowed func(newer []string) bool) (Imported, error) {
	open, err := v.open(ctx)
	if err != nil {
		return Imported{}, err
	}
	file, err := v.readExport(r)
	if err != nil {
		return Imported{}, err
	}
	var done Imported
	err = v.secrets.MergeSecrets(ctx, func(known []state.SecretVersion) ([]state.SecretVersion, error) {
		m := merging{open: open, known: byName(known)}
		for _, name := range slices.Sorted(maps.Keys(file)) {
			if err := m.add(name, file[name]); err != nil {
				return nil, err
			}
		}
		if len(m.newer) > 0 && !allowed(m.newer) {
			return nil, fmt.Errorf("%w: %s; nothing was imported", ErrNewer, strings.Join(m.newer, ", "))
		}
		done = m.done
		return m.rows, nil
	})
	return done, err
}

// readExport reads a file: versions by name, oldest first.
func (v *Vault) readExport(r io.Reader) (map[string][]exportedSecret, error) {
	plain, err := v.decryptFile(io.LimitReader(r, exportLimit))
	if err != nil {
		return nil, err
	}
	var file exported
	// What is wrong inside is reported without quoting it.
	if json.Unmarshal(plain, &file) != nil || file.Format != exportFormat {
		return nil, fmt.Errorf("the file is not an export from this version of the vault: it does not say %q", exportFormat)
	}
	found := map[string][]exportedSecret{}
	for _, s := range file.Secrets {
		if err := check(s.Name, s.Secret.Secret); err != nil {
			return nil, fmt.Errorf("the file cannot be imported: %w", err)
		}
		found[s.Name] = append(found[s.Name], s)
	}
	for name, versions := range found {
		slices.SortFunc(versions, func(a, b exportedSecret) int { return a.Version - b.Version })
		if err := checkVersions(name, versions); err != nil {
			return nil, err
		}
	}
	return found, nil
}

// checkVersions refuses versions that no vault has: those of one name, oldest first.
func checkVersions(name string, versions []exportedSecret) error {
	live, last := 0, 0
	for _, s := range versions {
		if s.Version <= last {
			return fmt.Errorf("the file cannot be imported: %s has the version %d twice, or one below 1", name, s.Version)
		}
		last = s.Version
		switch s.Status {
		case state.SecretLive:
			live++
		case state.SecretPending, state.SecretHistory, state.SecretWithdrawn:
		default:
			return fmt.Errorf("the file cannot be imported: %s has a version with an unknown status", name)
		}
	}
	if live > 1 {
		return fmt.Errorf("the file cannot be imported: %s has %d versions in use", name, live)
	}
	return nil
}

// OpenFile reads a file that SealFile wrote, with what opens the vault, or with the passphrase of the file.
func (v *Vault) OpenFile(ctx context.Context, r io.Reader) ([]byte, error) {
	if _, err := v.open(ctx); err != nil {
		return nil, err
	}
	return v.decryptFile(r)
}

// decryptFile opens a file with the identities of the person, or with its passphrase.
func (v *Vault) decryptFile(r io.Reader) ([]byte, error) {
	reader, err := age.Decrypt(r, v.forFiles()...)
	if err == nil {
		var plain []byte
		if plain, err = io.ReadAll(reader); err == nil {
			return plain, nil
		}
	}
	var nobody *age.NoIdentityMatchError
	if errors.As(err, &nobody) {
		return nil, fmt.Errorf("%w: no identity here opens the file; name one that does in CAMFORM_VAULT_IDENTITY", ErrLocked)
	}
	return nil, fmt.Errorf("the file cannot be opened: %w", err)
}

// forFiles are the identities of the person, and the passphrase of a file, which is asked for if it has one.
func (v *Vault) forFiles() []age.Identity {
	v.mu.Lock()
	defer v.mu.Unlock()
	return append(slices.Clone(v.identities), filePassphrase{v.unlock})
}

// filePassphrase opens a file by its passphrase.
type filePassphrase struct{ unlock Unlock }

// Unwrap asks for the passphrase of the file, if it has one.
func (f filePassphrase) Unwrap(stanzas []*age.Stanza) ([]byte, error) {
	if !slices.ContainsFunc(stanzas, func(s *age.Stanza) bool { return s.Type == "scrypt" }) {
		return nil, age.ErrIncorrectIdentity
	}
	with, err := f.unlock.identity("the passphrase of the file")
	if err != nil {
		return nil, err
	}
	key, err := with.Unwrap(stanzas)
	if errors.Is(err, age.ErrIncorrectIdentity) {
		return nil, errors.New("the passphrase is wrong")
	}
	return key, err
}
