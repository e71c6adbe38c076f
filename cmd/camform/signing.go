package main

import (
	"bufio"
	"bytes"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"os"
	"slices"

	"golang.org/x/crypto/ssh"
	"golang.org/x/crypto/ssh/agent"
	"golang.org/x/term"

	"camform/engine/approval"
)

// signing finds the SSH key to sign with.
type signing struct {
	*app
	key   string        // file of a private key, or of the public key of one that ssh-agent holds; empty for none
	lines *bufio.Reader // of the standard input
}

// signer finds the key to sign with: the one that is named, or else the only one of ssh-agent that may count; which says which one
// that is, for people. Release must be called when it is not needed any more.
func (s signing) signer(mayCount func(ssh.PublicKey) bool, which string) (key ssh.Signer, release func(), err error) {
	if s.key == "" {
		return s.fromAgent(mayCount, which)
	}
	text, err := readBounded(s.key, approval.MaxFile)
	if err != nil {
		return nil, nil, fmt.Errorf("-key: %w", err)
	}
	if public, _, _, _, err := ssh.ParseAuthorizedKey(text); err == nil {
		same := func(other ssh.PublicKey) bool { return bytes.Equal(other.Marshal(), public.Marshal()) }
		return s.fromAgent(same, "that "+s.key+" names")
	}
	key, err = s.fromFile(text)
	if err != nil {
		return nil, nil, fmt.Errorf("-key: %s: %w", s.key, err)
	}
	return key, func() {}, nil
}

// fromFile reads a private key, and asks for its passphrase if it has one.
func (s signing) fromFile(text []byte) (ssh.Signer, error) {
	key, err := ssh.ParsePrivateKey(text)
	if _, locked := errors.AsType[*ssh.PassphraseMissingError](err); locked {
		var passphrase []byte
		if passphrase, err = s.passphrase(); err != nil {
			return nil, err
		}
		key, err = ssh.ParsePrivateKeyWithPassphrase(text, passphrase)
	}
	switch {
	case errors.Is(err, x509.IncorrectPasswordError):
		return nil, errors.New("the passphrase is wrong")
	case err != nil:
		return nil, errors.New("it is not an SSH private key; to use a key on a security token, add it to ssh-agent")
	}
	return key, nil
}

// passphrase reads a line without showing it.
func (s signing) passphrase() ([]byte, error) {
	fmt.Fprintf(s.err, "Passphrase of %s: ", s.key)
	defer fmt.Fprintln(s.err)
	if file, ok := s.in.(*os.File); ok && term.IsTerminal(int(file.Fd())) {
		return term.ReadPassword(int(file.Fd()))
	}
	line, err := s.lines.ReadBytes('\n')
	if err != nil && len(line) == 0 {
		return nil, errors.New("it has a passphrase, and nobody typed one")
	}
	return bytes.TrimRight(line, "\r\n"), nil
}

// fromAgent finds the only key of ssh-agent that is wanted; which says which one that is, for people.
func (s signing) fromAgent(wanted func(ssh.PublicKey) bool, which string) (ssh.Signer, func(), error) {
	socket, _ := s.env("SSH_AUTH_SOCK")
	if socket == "" {
		return nil, nil, errors.New("no ssh-agent runs here, as SSH_AUTH_SOCK is not set; name a private key with -key=FILE")
	}
	conn, err := net.Dial("unix", socket)
	if err != nil {
		return nil, nil, fmt.Errorf("ssh-agent does not answer; name a private key with -key=FILE: %w", err)
	}
	release := func() { _ = conn.Close() }
	held, err := agent.NewClient(conn).Signers()
	if err != nil {
		release()
		return nil, nil, fmt.Errorf("the keys of ssh-agent: %w", err)
	}
	held = slices.DeleteFunc(held, func(key ssh.Signer) bool { return !wanted(key.PublicKey()) })
	switch len(held) {
	case 1:
		return held[0], release, nil
	case 0:
		err = fmt.Errorf("ssh-agent does not hold the key %s; add it with ssh-add, or name a private key with -key=FILE", which)
	default:
		err = fmt.Errorf("ssh-agent holds %d keys %s; choose one with -key=FILE.pub", len(held), which)
	}
	release()
	return nil, nil, err
}
