package vault

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"camform/schema"

	"filippo.io/age"
	"filippo.io/age/agessh"
	"filippo.io/age/armor"
	"golang.org/x/crypto/ssh"
)

// Unlock is how the vault is opened: by identities, in their order, and else by its passphrase.
type Unlock struct {
	// Identities are files with private keys: identities of age, one per line, or an SSH key. Either may be protected by a
	// passphrase, which is asked for only if the file can help. A file that cannot be read keeps the vault locked.
	Identities []string

	// Passphrase gives a passphrase; of what says whose, for the person who is asked. Nil if nobody can be asked.
	Passphrase func(of string) (schema.Secret, error)
}

// identityLimit bounds the size of an identity file, in bytes.
const identityLimit = 1 << 20

// ask asks for a passphrase.
func (u Unlock) ask(of string) (schema.Secret, error) {
	if u.Passphrase == nil {
		return schema.Secret{}, fmt.Errorf("there is no terminal to ask for %s", of)
	}
	passphrase, err := u.Passphrase(of)
	if err == nil && passphrase.IsZero() {
		err = fmt.Errorf("%s was not given", of)
	}
	return passphrase, err
}

// identity asks for a passphrase, and returns what it opens age files with.
func (u Unlock) identity(of string) (*age.ScryptIdentity, error) {
	passphrase, err := u.ask(of)
	if err != nil {
		return nil, err
	}
	return age.NewScryptIdentity(passphrase.Reveal())
}

// read reads all identity files. Errors about one do not show its content.
func (u Unlock) read() ([]age.Identity, error) {
	var all []age.Identity
	for _, path := range u.Identities {
		found, err := u.readFile(path)
		if err != nil {
			return nil, err
		}
		all = append(all, found...)
	}
	return all, nil
}

func (u Unlock) readFile(path string) ([]age.Identity, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("identity file: %w", err)
	}
	defer func() { _ = file.Close() }()
	text, err := io.ReadAll(io.LimitReader(file, identityLimit))
	if err != nil {
		return nil, fmt.Errorf("identity file: %w", err)
	}
	switch {
	case bytes.HasPrefix(text, []byte(intro)), bytes.HasPrefix(bytes.TrimSpace(text), []byte(armor.Header)):
		return []age.Identity{&protected{path, text, u, nil}}, nil
	case bytes.Contains(text, []byte("-----BEGIN")):
		return u.parseSSH(path, text)
	}
	return parseIdentities(path, text)
}

func parseIdentities(path string, text []byte) ([]age.Identity, error) {
	// The error of age is left out: it may quote the content of the file.
	identities, err := age.ParseIdentities(bytes.NewReader(text))
	if err != nil {
		return nil, fmt.Errorf("%s contains neither an age identity nor an SSH key", path)
	}
	return identities, nil
}

func (u Unlock) parseSSH(path string, text []byte) ([]age.Identity, error) {
	identity, err := agessh.ParseIdentity(text)
	var missing *ssh.PassphraseMissingError
	switch {
	case errors.As(err, &missing) && missing.PublicKey != nil:
		identity, err = agessh.NewEncryptedSSHIdentity(missing.PublicKey, text, func() ([]byte, error) {
			passphrase, err := u.ask("the passphrase of " + path)
			return []byte(passphrase.Reveal()), err
		})
	case errors.As(err, &missing):
		return nil, fmt.Errorf("%s is an SSH key in an old format; convert it with: ssh-keygen -p -f %s", path, path)
	}
	if err != nil {
		return nil, fmt.Errorf("%s is not an SSH key that can be used: it must be of ed25519 or RSA", path)
	}
	return []age.Identity{identity}, nil
}

// protected is an identity file that age made with a passphrase. It is opened when nothing else helped: age tries
// identities of its own kinds first.
type protected struct {
	path   string
	sealed []byte
	unlock Unlock
	inside []age.Identity // nil until it was opened
}

// Unwrap opens the file and tries what is in it.
func (p *protected) Unwrap(stanzas []*age.Stanza) ([]byte, error) {
	if p.inside == nil {
		with, err := p.unlock.identity("the passphrase of " + p.path)
		if err != nil {
			return nil, err
		}
		if p.inside, err = p.open(with); err != nil {
			return nil, err
		}
	}
	for _, identity := range p.inside {
		key, err := identity.Unwrap(stanzas)
		if !errors.Is(err, age.ErrIncorrectIdentity) {
			return key, err
		}
	}
	return nil, age.ErrIncorrectIdentity
}

func (p *protected) open(with age.Identity) ([]age.Identity, error) {
	var reader io.Reader = bytes.NewReader(p.sealed)
	if !bytes.HasPrefix(p.sealed, []byte(intro)) {
		reader = armor.NewReader(reader)
	}
	sealed, err := io.ReadAll(reader)
	if err != nil {
		return nil, fmt.Errorf("%s is damaged", p.path)
	}
	text, err := decrypt(sealed, with)
	if err != nil {
		return nil, fmt.Errorf("the passphrase does not open %s", p.path)
	}
	return parseIdentities(p.path, text)
}

// Open reads a file of age with the identities alone. It needs no vault.
func (u Unlock) Open(sealed []byte) ([]byte, error) {
	with, err := u.read()
	if err != nil {
		return nil, err
	}
	if len(with) == 0 {
		return nil, fmt.Errorf("%w: the file is encrypted, but no identity was named", ErrLocked)
	}
	plain, err := decrypt(sealed, with...)
	if nobody := (*age.NoIdentityMatchError)(nil); errors.As(err, &nobody) {
		return nil, fmt.Errorf("%w: none of the named identities opens the file", ErrLocked)
	}
	if err != nil {
		return nil, errors.New("the file is damaged, or was changed after it was encrypted")
	}
	return plain, nil
}

// NewIdentity makes an identity: the text of a file for Unlock.Identities, which must be kept secret, and the public key.
func NewIdentity() (file, recipient string, err error) {
	identity, err := age.GenerateX25519Identity()
	if err != nil {
		return "", "", err
	}
	recipient = identity.Recipient().String()
	return fmt.Sprintf("# public key: %s\n%s\n", recipient, identity), recipient, nil
}

// RecipientsOf returns the public keys of an identity file as NewIdentity makes it.
func RecipientsOf(file string) ([]string, error) {
	identities, err := age.ParseIdentities(strings.NewReader(file))
	if err != nil {
		return nil, errors.New("it contains no age identity")
	}
	var keys []string
	for _, identity := range identities {
		if own, ok := identity.(*age.X25519Identity); ok {
			keys = append(keys, own.Recipient().String())
		}
	}
	return keys, nil
}
