package state

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"runtime"
	"strings"

	"camform/engine/atomicfile"
	"camform/schema"
)

const keySize = 32

// Key is the content of a file beside the database: what is derived from it means nothing to those who have the database only.
type Key struct{ *database }

// Fingerprint identifies a secret without telling anything about it to those who lack the key: 32 hexadecimal digits.
// Equal secrets of different settings or attributes have different fingerprints. They stay as they are when the device gets another
// name.
func (s *Key) Fingerprint(setting schema.Setting, attribute string, secret schema.Secret) string {
	return fingerprint(s.key, "setting", s.names().mark(setting.Device), setting.Kind, setting.Key, attribute, secret.Reveal())
}

// Name identifies a text without telling anything about it to those who lack the key: 32 hexadecimal digits.
func (s *Key) Name(text []byte) string { return fingerprint(s.key, "text", string(text)) }

// Lineage distinguishes this state from all others, but not from its backups: 32 hexadecimal digits, which are no secret.
func (s *Key) Lineage() string {
	if s.lineage != "" {
		return s.lineage
	}
	return fingerprint(s.key, "lineage")
}

// fingerprint is an HMAC over fields with their lengths, so that no two lists of fields run together.
func fingerprint(key []byte, fields ...string) string {
	mac := hmac.New(sha256.New, key)
	for _, field := range fields {
		mac.Write(binary.BigEndian.AppendUint64(nil, uint64(len(field))))
		mac.Write([]byte(field))
	}
	return hex.EncodeToString(mac.Sum(nil)[:16])
}

// keyCheck is stored in the database, so that a key that belongs to another one is noticed.
func keyCheck(key []byte) string { return fingerprint(key, "check") }

func keyPath(path string) string { return path + ".key" }

// readKey reads the key of an existing database.
func readKey(path string) ([]byte, error) {
	file := keyPath(path)
	text, err := os.ReadFile(file)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, fmt.Errorf("%w: %s is missing, and without it no fingerprint in %s means anything; put it back from a copy, or restore a backup with camform state restore FILE. Keep the database: its vault opens without that key", ErrKey, file, path)
	case err != nil:
		return nil, fmt.Errorf("key of the state database: %w", err)
	}
	if err := private(file); err != nil {
		return nil, err
	}
	key, ok := decodeKey(string(text))
	if !ok {
		return nil, fmt.Errorf("%w: %s is not a line of %d hexadecimal digits; restore it from a backup", ErrKey, file, 2*keySize)
	}
	return key, nil
}

// decodeKey reads a key in the form of its file.
func decodeKey(text string) ([]byte, bool) {
	key, err := hex.DecodeString(strings.TrimSuffix(text, "\n"))
	return key, err == nil && len(key) == keySize
}

// private refuses a key that other users can read. Windows has no such modes.
func private(file string) error {
	info, err := os.Stat(file)
	if err != nil {
		return fmt.Errorf("key of the state database: %w", err)
	}
	if runtime.GOOS != "windows" && info.Mode().Perm()&0o077 != 0 {
		return fmt.Errorf("%w: other users can read %s; run `chmod 600 %s`", ErrKey, file, file)
	}
	return nil
}

// createKey makes a key, or reads the one that is there: that of a database that is gone, or of another process that
// creates the same store at this moment. The key appears complete and durable or not at all.
func createKey(path string) ([]byte, error) {
	key := make([]byte, keySize)
	_, _ = rand.Read(key) // never fails
	err := atomicfile.Create(keyPath(path), []byte(hex.EncodeToString(key)+"\n"), 0o600)
	if err != nil && !errors.Is(err, fs.ErrExist) {
		return nil, fmt.Errorf("new key of the state database: %w", err)
	}
	return readKey(path)
}
