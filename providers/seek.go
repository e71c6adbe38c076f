package providers

import "camform/schema"

// Seeker knows where devices tell, in documents about what they can do, which items they have that the list of a kind lacks. Its methods
// are pure.
type Seeker interface {
	// Hints are the documents that are to be read next for that, by the list and by those of them that were read; none at the end, and
	// for a kind without a hint.
	Hints(kind *schema.Kind, docs Documents) []Hint

	// Sought is what they tell.
	Sought(kind *schema.Kind, docs Documents) Sought

	// Served are those of the items that were asked for by their own addresses that the device has, in their order: what is there is an
	// item that neither the list has, whatever it is called there, nor an address before it.
	Served(kind *schema.Kind, keys []string, docs Documents) []string

	// Absent reports whether a document at the address of such an item says that the device does not have it. Otherwise nobody knows.
	Absent(Document) bool
}

// Hint is a document that may tell of items.
type Hint struct {
	Path    string
	OfModel bool // whether all devices of the model tell the same with the same firmware
}

// Sought is what a device reports about items that are missing from the list of a kind.
type Sought struct {
	Told    bool     // whether it tells at all which items it has
	Keys    []string // of items that it may have at addresses of their own
	Strange []string // words of the device that stand for no item that is known, each once, in their order
}
