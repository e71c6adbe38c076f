package signers

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/hiddeco/sshsig"
	"golang.org/x/crypto/ssh"
)

// The errors of Verify.
var (
	ErrNoSignature = errors.New("it is not a signature of this text")
	ErrNamespace   = errors.New("it was signed for a different purpose")
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
// where its lines are broken, which OpenSSH and Sign do differently, exactly one text stands for a signature: nothing can hide in a second
// spelling.
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

// opensshWidth is how many characters OpenSSH puts into a line of a signature.
const opensshWidth = 70

// canonical reports whether the text of a signature says nothing else, with the lines that OpenSSH or Sign breaks it into.
func canonical(armor []byte, signature *sshsig.Signature) bool {
	ours := sshsig.Armor(signature)
	lines := strings.Split(strings.TrimSuffix(string(ours), "\n"), "\n")
	theirs := lines[0] + "\n"
	for rest := range slices.Chunk([]byte(strings.Join(lines[1:len(lines)-1], "")), opensshWidth) {
		theirs += string(rest) + "\n"
	}
	theirs += lines[len(lines)-1] + "\n"
	return bytes.Equal(armor, ours) || string(armor) == theirs
}
