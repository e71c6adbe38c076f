// Package shell writes texts into commands that a person is told to run.
//
// Keys of a for_each, names of files and what another state handed over may hold anything. A command is there to be pasted, so
// nothing in it may end the word that it is in.
package shell

import (
	"strings"
	"unicode"
)

// Quoted is a text between single quotes, which a POSIX shell takes for one word as it stands.
func Quoted(text string) string { return "'" + strings.ReplaceAll(text, "'", `'\''`) + "'" }

// Word is a text that a POSIX shell takes for one word: in quotes where it needs them.
func Word(text string) string {
	plain := text != "" && !strings.ContainsFunc(text, func(r rune) bool {
		return !strings.ContainsRune("+-./:=@_%,", r) && !unicode.IsLetter(r) && !unicode.IsDigit(r)
	})
	if plain {
		return text
	}
	return Quoted(text)
}
