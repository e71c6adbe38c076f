package vault

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"unicode"

	"camform/schema"

	"filippo.io/age"
	"filippo.io/age/agessh"
)

// Recipients are those who can open something that is sealed.
type Recipients struct {
	Keys       []string      // "age1...", "ssh-ed25519 ..." or "ssh-rsa ...", with a comment or without
	Passphrase schema.Secret // empty for none
}

// passphraseLeast is the least number of characters of a passphrase. Anybody who has the file can try as many as they like.
const passphraseLeast = 12

// checkPassphrase refuses a passphrase that is soon found by trying.
func checkPassphrase(passphrase schema.Secret) error {
	if len([]rune(passphrase.Reveal())) < passphraseLeast {
		return fmt.Errorf("the passphrase is too short: use at least %d characters, such as five words", passphraseLeast)
	}
	return nil
}

// parseRecipient reads a public key. What stands there is public, so errors may show it.
func parseRecipient(text string) (age.Recipient, error) {
	switch {
	case strings.ContainsFunc(text, unicode.IsControl):
		return nil, fmt.Errorf("a recipient is one line: %q", text)
	case strings.HasPrefix(text, "AGE-SECRET-KEY-"):
		return nil, errors.New("that is a private key, which nobody else must see; use its public key, which begins with age1, as the recipient")
	case strings.HasPrefix(text, "age1pq1"):
		return nil, errors.New("a recipient that begins with age1pq1 cannot be mixed with others; give an age1, ssh-ed25519 or ssh-rsa key")
	case strings.HasPrefix(text, "age1"):
		recipient, err := age.ParseX25519Recipient(text)
		if err != nil {
			return nil, fmt.Errorf("the recipient %s is not a public key of age: %w", text, err)
		}
		return recipient, nil
	case strings.HasPrefix(text, "ssh-ed25519 "), strings.HasPrefix(text, "ssh-rsa "):
		recipient, err := agessh.ParseRecipient(text)
		if err != nil {
			return nil, fmt.Errorf("the recipient %s cannot be used: %w", text, err)
		}
		return recipient, nil
	default:
		return nil, fmt.Errorf("%q is not a recipient: it begins with age1, ssh-ed25519 or ssh-rsa", text)
	}
}

// keyOf is a recipient without its comment.
func keyOf(text string) string {
	fields := strings.Fields(text)
	return strings.Join(fields[:min(2, len(fields))], " ")
}

// distinct trims recipients and drops those that are there already.
func distinct(keys []string) []string {
	var kept []string
	for _, key := range keys {
		key = strings.TrimSpace(key)
		if !slices.ContainsFunc(kept, func(k string) bool { return keyOf(k) == keyOf(key) }) {
			kept = append(kept, key)
		}
	}
	return kept
}

func parseRecipients(keys []string) ([]age.Recipient, error) {
	var parsed []age.Recipient
	for _, key := range keys {
		recipient, err := parseRecipient(key)
		if err != nil {
			return nil, err
		}
		parsed = append(parsed, recipient)
	}
	return parsed, nil
}
