package signers

import (
	"bytes"
	"errors"
	"fmt"
	"strings"

	"github.com/hiddeco/sshsig"
	"golang.org/x/crypto/ssh"
)

// The errors of Verify.
var (
	ErrNoSignature = errors.New("it is no signature of this text")
	ErrNamespace   = errors.New("it was signed for another purpose")
)

// Sign signs a message in a namespace, in the form that OpenSSH writes into files.
func Sign(message []byte, key ssh.Signer, namespace string) ([]byte, error) {
	signature, err := sshsig.Sign(bytes.NewReader(message), key, sshsig.HashSHA512, namespace)
	if err != nil {
		return nil, err
	}
	return sshsig.Armor(signature), nil
}

// Verify proves that a signature is of a message in a namespace, and returns the key that made it, but not whose key that is. But for
// its line ends, which programs choose differently, exactly one text stands for a signature: nothing can hide in a second spelling.
func Verify(message, armor []byte, namespace string) (ssh.PublicKey, error) {
	signature, err := sshsig.Unarmor(armor)
	if err != nil || !canonical(armor, signature) {
		return nil, ErrNoSignature
	}
	if err := sshsig.Verify(bytes.NewReader(message), signature, signature.PublicKey, signature.HashAlgorithm, namespace); err != nil {
		if errors.Is(err, sshsig.ErrNamespaceMismatch) {
			return nil, fmt.Errorf("%w than %s", ErrNamespace, namespace)
		}
		return nil, ErrNoSignature
	}
	return signature.PublicKey, nil
}

// canonical reports whether the text of a signature says nothing else.
func canonical(armor []byte, signature *sshsig.Signature) bool {
	joined := func(text []byte) string { return strings.ReplaceAll(string(text), "\n", "") }
	return joined(armor) == joined(sshsig.Armor(signature))
}
