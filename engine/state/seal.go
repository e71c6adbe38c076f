package state

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/sha256"
	"fmt"
)

// Seal makes a text unreadable for those who have the database without its key. It is for what is kept of devices where
// there is no vault; secrets are for a vault.
func (s *Key) Seal(text []byte) ([]byte, error) {
	box, err := s.box()
	if err != nil {
		return nil, err
	}
	return box.Seal(nil, nil, text, nil), nil
}

// Unseal reads what Seal made. Any change of it is an error that belongs to ErrDamaged.
func (s *Key) Unseal(sealed []byte) ([]byte, error) {
	box, err := s.box()
	if err != nil {
		return nil, err
	}
	text, err := box.Open(nil, nil, sealed, nil)
	if err != nil {
		return nil, fmt.Errorf("%w: a sealed text cannot be opened with %s", ErrDamaged, s.keyAt)
	}
	return text, nil
}

// box seals with a separate key, so that nothing sealed reveals anything about fingerprints.
func (s *Key) box() (cipher.AEAD, error) {
	key, err := hkdf.Key(sha256.New, s.key, nil, "camform sealed text", keySize)
	if err != nil {
		return nil, err
	}
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, err
	}
	return cipher.NewGCMWithRandomNonce(block)
}
