package simulator

import (
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"net/url"
	"strconv"
	"strings"
)

var errCipher = errors.New("not a ciphered value")

// ciphered reports whether the query says that passwords in the body are ciphered.
func ciphered(query url.Values) bool { return query.Get("security") == "1" }

// cipherKey derives the AES key for sensitive elements from the password of the user who is logged in, with the
// parameters that the device publishes in its security capabilities.
func (d *Device) cipherKey(by *user) ([]byte, error) {
	stored, _ := d.read(securityCapabilitiesPath)
	caps, err := scan(stored.body)
	if err != nil || caps.child("securityVersion") == nil {
		return nil, errCipher
	}
	rounds, err := strconv.Atoi(caps.value("keyIterateNum"))
	if err != nil {
		return nil, errCipher
	}
	secret := by.password
	if strings.EqualFold(caps.value("isIrreversible"), "true") {
		secret = shaDigest.hash(by.name + caps.value("salt") + by.password)
	}
	text := secret[:min(len(secret), 64)] + "AaBbCcDd1234!@#$"
	for range rounds {
		text = shaDigest.hash(text)
	}
	key, err := hex.DecodeString(text)
	return key[:sha256.Size/2], err
}

// decipher undoes AES-CBC and base64 of one value. An empty value stays empty.
func decipher(value string, key []byte, iv string) (string, error) {
	if value == "" {
		return "", nil
	}
	text, errText := hex.DecodeString(value)
	start, errStart := hex.DecodeString(iv)
	block, errKey := aes.NewCipher(key)
	if err := errors.Join(errText, errStart, errKey); err != nil || len(text)%aes.BlockSize != 0 || len(start) != aes.BlockSize {
		return "", errCipher
	}
	cipher.NewCBCDecrypter(block, start).CryptBlocks(text, text)
	// Clients pad with zeros or as PKCS #7 does; neither occurs in base64.
	text = bytes.TrimRight(text, "\x00\x01\x02\x03\x04\x05\x06\x07\x08\x09\x0a\x0b\x0c\x0d\x0e\x0f\x10")
	plain, err := base64.StdEncoding.DecodeString(string(text))
	if err != nil {
		return "", errCipher
	}
	return string(plain), nil
}
