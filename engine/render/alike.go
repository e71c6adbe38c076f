package render

import (
	"slices"
	"strings"
	"unicode"

	"camform/schema"
)

// Placeholders for what differs between messages that say the same of several devices.
const (
	particular = "…"       // a word, such as the fingerprint of a key
	theAddress = "ADDRESS" // the address of the device
)

// message is what is said of one device or, after join, of several, word by word. One that names a device, an address, a key or a
// time is the same message for another device.
type message struct{ words []string }

// messageOf takes a message about a device apart.
func messageOf(text string, device schema.Device) message {
	return message{strings.Split(withoutAddress(text, device), " ")}
}

// withoutAddress is a message about a device without its address.
func withoutAddress(text string, device schema.Device) string {
	if device.IsZero() {
		return text
	}
	return strings.ReplaceAll(text, device.String(), theAddress)
}

// key is the same for messages that say the same.
func (m message) key() string {
	words := slices.Clone(m.words)
	for i, word := range words {
		if isParticular(word) {
			words[i] = particular
		}
	}
	return strings.Join(words, " ")
}

// join leaves what another message with the same key says, too.
func (m message) join(other message) {
	for i, word := range m.words {
		if word != other.words[i] {
			m.words[i] = head(word) + particular + tail(word)
		}
	}
}

func (m message) String() string { return strings.Join(m.words, " ") }

// common is what messages about devices with the same key say, with the address of the first device instead of all.
func common(devices []schema.Device, texts []string) string {
	all := messageOf(texts[0], devices[0])
	for i, device := range devices {
		all.join(messageOf(texts[i], device))
	}
	text := all.String()
	if !strings.Contains(text, theAddress) {
		return text
	}
	text, stop := strings.CutSuffix(strings.ReplaceAll(text, theAddress, devices[0].String()), ".")
	text += " (the same on the others)"
	if stop {
		text += "."
	}
	return text
}

// Trouble is a message about a device.
type Trouble struct {
	Device schema.Device
	Text   string
}

// Troubles are messages about devices, in their order. Those that say the same of at least three devices are one, with some of
// the devices. They stand below a title, if there is one.
func Troubles(title string, all []Trouble, fold Fold) []Row {
	d := &document{}
	writeTroubles(d, title, all, fold)
	return d.rows
}

// News are messages about devices, in their order. Those with the same words about at least three devices are one.
func News(all []Trouble, fold Fold) []Row {
	d := &document{}
	var found remarks
	for _, t := range all {
		found.add(t.Device, "", "", t.Text)
	}
	d.open(Notes, "")
	found.writeAt(d, 0, Plain, fold)
	return d.rows
}

func writeTroubles(d *document, title string, all []Trouble, fold Fold) {
	if len(all) == 0 {
		return
	}
	var found remarks
	for _, t := range all {
		found.addTrouble(t.Device, "", "", t.Text)
	}
	d.open(Notes, title)
	indent := 0
	if title != "" {
		d.line(0, Strong, title+":")
		indent = blockIndent
	}
	found.writeAt(d, indent, Alarm, fold)
}

// isParticular reports whether a word names something of one device: it has a digit, and is longer than a code of HTTP or a
// version of TLS.
func isParticular(word string) bool {
	return len(word) > 4 && strings.ContainsFunc(word, unicode.IsDigit) && !strings.Contains(word, theAddress)
}

// head is the punctuation at the start of a word.
func head(word string) string {
	return word[:len(word)-len(strings.TrimLeft(word, `("'`))]
}

// tail is the punctuation at the end of a word.
func tail(word string) string {
	return word[len(strings.TrimRight(word, ".,;:)'\"")):]
}
