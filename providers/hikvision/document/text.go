package document

import (
	"bytes"
	"fmt"
	"strings"

	"camform/providers"
	"camform/providers/hikvision/xmlpatch"
)

// Quote writes a text of a device for people: as a Go string, so that nothing in it acts, and cut.
func Quote(text string) string {
	const most = 60
	if runes := []rune(text); len(runes) > most {
		return fmt.Sprintf("%q…", string(runes[:most]))
	}
	return fmt.Sprintf("%q", text)
}

// Show writes a text of a device without quotes where it is a plain word, and quoted otherwise.
func Show(text string) string {
	plain := func(r rune) bool {
		return r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || strings.ContainsRune("._-/", r)
	}
	if text != "" && len(text) <= 40 && strings.IndexFunc(text, func(r rune) bool { return !plain(r) }) < 0 {
		return text
	}
	return Quote(text)
}

// List writes texts of a device as an enumeration: "a, b and c". More than a dozen are cut.
func List(texts []string) string {
	const most = 12
	shown := make([]string, 0, most)
	for _, text := range texts[:min(len(texts), most)] {
		shown = append(shown, Show(text))
	}
	if rest := len(texts) - most; rest > 0 {
		return fmt.Sprintf("%s and %d more", strings.Join(shown, ", "), rest)
	}
	if len(shown) < 2 {
		return strings.Join(shown, "")
	}
	return strings.Join(shown[:len(shown)-1], ", ") + " and " + shown[len(shown)-1]
}

// Sentence makes a list of one sentence.
func Sentence(format string, args ...any) []string { return []string{fmt.Sprintf(format, args...)} }

// About makes an error about an attribute of each sentence; about the item as a whole if the name is empty.
func About(attribute string, sentences []string) []providers.AttributeError {
	var list []providers.AttributeError
	for _, detail := range sentences {
		list = append(list, providers.AttributeError{Attribute: attribute, Detail: detail})
	}
	return list
}

// Parse reads a document of either form. Which one it is, its first character tells.
func Parse(body []byte) (*xmlpatch.Document, error) {
	if text := bytes.TrimLeft(bytes.TrimPrefix(body, []byte("\xef\xbb\xbf")), " \t\r\n"); len(text) > 0 && text[0] == '{' {
		return xmlpatch.ParseJSON(body)
	}
	return xmlpatch.Parse(body)
}
