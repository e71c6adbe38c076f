// Package shell writes texts into commands for people to run, and takes apart what a person wrote so.
//
// Keys of a for_each, names of files and what another state handed over may hold anything. A command is there to be pasted, so
// nothing in it may end the word that it is in.
package shell

import (
	"errors"
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

// Words takes a text apart into words as a POSIX shell does, without replacing anything in them. What would end a command there is an
// error, and so is a quote that does not end.
func Words(text string) ([]string, error) {
	var words []string
	var word strings.Builder
	var quote rune // that is open; 0 for none
	within, escaped := false, false
	for _, r := range text {
		switch {
		case escaped:
			escaped = false
			word.WriteRune(r)
		case r == '\\' && quote != '\'':
			within, escaped = true, true
		case quote != 0 && r == quote:
			quote = 0
		case quote != 0:
			word.WriteRune(r)
		case r == '\'' || r == '"':
			within, quote = true, r
		case strings.ContainsRune(";&|<>()", r):
			return nil, errors.New("it contains a character that ends a command in a shell; put that word in quotes")
		case unicode.IsSpace(r):
			if within {
				words = append(words, word.String())
				word.Reset()
				within = false
			}
		default:
			within = true
			word.WriteRune(r)
		}
	}
	if quote != 0 || escaped {
		return nil, errors.New("a quote in it is not closed")
	}
	if within {
		words = append(words, word.String())
	}
	return words, nil
}
