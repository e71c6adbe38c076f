package main

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"camform/schema"

	"golang.org/x/term"
)

// secretLimit bounds a secret that is read from a pipe, in bytes.
const secretLimit = 64 << 10

// keyboard is the terminal that somebody types at; ok is false if a program writes to us.
func (a *app) keyboard() (file *os.File, ok bool) {
	file, ok = a.in.(*os.File)
	return file, ok && term.IsTerminal(int(file.Fd()))
}

// hidden asks for a line and does not show what is typed.
func (a *app) hidden(prompt string) (schema.Secret, error) {
	file, ok := a.keyboard()
	if !ok {
		return schema.Secret{}, errors.New("there is no terminal to ask at")
	}
	fmt.Fprint(a.err, prompt)
	text, err := term.ReadPassword(int(file.Fd()))
	fmt.Fprintln(a.err)
	if err != nil {
		return schema.Secret{}, errors.New("nothing was typed")
	}
	return schema.NewSecret(string(text)), nil
}

// hiddenTwice asks for a new secret twice, for nobody sees what he types.
func (a *app) hiddenTwice(what string) (schema.Secret, error) {
	first, err := a.hidden("Enter the " + what + ": ")
	if err != nil {
		return schema.Secret{}, err
	}
	again, err := a.hidden("Enter it again: ")
	if err == nil && first != again {
		err = errTwoAnswers
	}
	return first, err
}

// newSecret reads a secret that is to be kept: from the person at the terminal, or else as piped does.
func (a *app) newSecret(name string) (schema.Secret, error) {
	if _, ok := a.keyboard(); ok {
		return a.hiddenTwice("secret for " + name)
	}
	return a.piped()
}

// typed reads a secret that exists: from the person at the terminal, or else as piped does.
func (a *app) typed(prompt string) (schema.Secret, error) {
	if _, ok := a.keyboard(); ok {
		return a.hidden(prompt)
	}
	return a.piped()
}

// piped reads all of the standard input, without one newline at its end.
func (a *app) piped() (schema.Secret, error) {
	text, err := io.ReadAll(io.LimitReader(a.in, secretLimit+2))
	if err != nil {
		return schema.Secret{}, fmt.Errorf("standard input: %w", err)
	}
	secret := strings.TrimSuffix(strings.TrimSuffix(string(text), "\n"), "\r")
	if secret == "" {
		return schema.Secret{}, errors.New("standard input is empty; write the secret to it, or run this at a terminal")
	}
	return schema.NewSecret(secret), nil
}

// confirm wants a word to be typed.
func (a *app) confirm(question, word string) error {
	fmt.Fprint(a.err, question)
	answer, _ := bufio.NewReader(a.in).ReadString('\n')
	if strings.TrimSpace(answer) != word {
		return errors.New("not confirmed")
	}
	return nil
}
