// Package backup keeps what a device reports, so that its settings can be brought back after it lost them.
//
// Rules:
//
//   - A backup is what the device answered, byte for byte. What it was asked for in vain is in it, too, with the reason: what a
//     backup lacks is known.
//   - The text of a backup lies sealed in its file, with what a list needs to tell beside it. Its name is an HMAC of the text, so
//     that another text under the name is noticed by anybody who has the key of the state.
//   - An archive that only the device reads lies in the backup with its key: one without the other is worth nothing.
//   - A file that is cut, changed or of another state is an error, never another backup.
package backup

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"camform/providers"
	"camform/schema"
)

// ErrDamaged is the error of a file that is no whole backup, or that another state made.
var ErrDamaged = errors.New("damaged backup")

// Backup is a device as it was at one time.
type Backup struct {
	Device   schema.Device
	Taken    time.Time
	Access   Access
	Identity providers.Identity

	Keys      map[string][]string // items that were asked for, by kind, of kinds whose items live in documents of their own
	Documents []Document          // in the order of their paths
	Unread    map[string]string   // what could not be read, documents by path and ArchiveName, with the reason; empty for none

	Archive   providers.Archive // without a body if the backup has none
	NoArchive string            // why the device gives none; empty if it gave one, if it could not be read, or if nobody asked
}

// ArchiveName stands for the archive among what could not be read.
const ArchiveName = "archive"

// Access is how the device was reached, for the configuration that the backup amounts to. It has no secret.
type Access struct {
	URL      string   `json:"url"`
	Username string   `json:"username"`
	Origin   string   `json:"origin"` // of the password
	Basic    bool     `json:"basic,omitempty"`
	Legacy   bool     `json:"legacy,omitempty"`
	Site     string   `json:"site,omitempty"`
	Tags     []string `json:"tags,omitempty"`
}

// Document is what a device answered for a path.
type Document struct {
	Path    string `json:"path"`
	Body    []byte `json:"body,omitempty"`
	Missing string `json:"missing,omitempty"` // why the device does not have it; empty if it does
}

// Find returns the document of a path.
func (b *Backup) Find(path string) (Document, bool) {
	for _, d := range b.Documents {
		if d.Path == path {
			return d, true
		}
	}
	return Document{}, false
}

// Has counts the documents that the device has.
func (b *Backup) Has() int {
	n := 0
	for _, d := range b.Documents {
		if d.Missing == "" {
			n++
		}
	}
	return n
}

// text is how a backup is written. It has the device and the time twice, so that a list which says something else is noticed.
type text struct {
	Format    int                 `json:"camform_backup"`
	Device    string              `json:"device"`
	Taken     time.Time           `json:"taken"`
	Access    Access              `json:"access"`
	Identity  providers.Identity  `json:"identity"`
	Keys      map[string][]string `json:"keys,omitempty"`
	Documents []Document          `json:"documents"`
	Unread    map[string]string   `json:"unread,omitempty"`
	Archive   *archive            `json:"archive,omitempty"`
	NoArchive string              `json:"no_archive,omitempty"`
}

// archive is how an archive is written.
type archive struct {
	Key  string `json:"key,omitempty"`
	Body []byte `json:"body"`
}

// format is the number of the form in which backups are written. The first form knew no archives, and is read as well.
const format = 2

func encode(b *Backup) ([]byte, error) {
	t := text{format, b.Device.String(), b.Taken.UTC(), b.Access, b.Identity, b.Keys, b.Documents, b.Unread, nil, b.NoArchive}
	if b.Archive.Body != nil {
		t.Archive = &archive{b.Archive.Key.Reveal(), b.Archive.Body}
	}
	return json.Marshal(t)
}

func decode(plain []byte) (*Backup, error) {
	var t text
	if err := strictly(plain, &t); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrDamaged, err)
	}
	device, err := schema.ParseDevice(t.Device)
	switch {
	case t.Format > format:
		return nil, newer(t.Format, format)
	case err != nil || t.Format < 1:
		return nil, fmt.Errorf("%w: its text is not that of a backup", ErrDamaged)
	}
	b := &Backup{device, t.Taken, t.Access, t.Identity, t.Keys, t.Documents, t.Unread, providers.Archive{}, t.NoArchive}
	if t.Archive != nil {
		b.Archive = providers.Archive{Key: schema.NewSecret(t.Archive.Key), Body: t.Archive.Body}
	}
	return b, nil
}

func newer(found, known int) error {
	return fmt.Errorf("it was made by a newer camform (its format is %d; this one reads up to %d); install that version", found, known)
}

// strictly reads all of a JSON text into one of Go that knows each of its parts.
func strictly(plain []byte, to any) error {
	d := json.NewDecoder(bytes.NewReader(plain))
	d.DisallowUnknownFields()
	if err := d.Decode(to); err != nil {
		return err
	}
	if d.More() {
		return errors.New("there is data after its end")
	}
	return nil
}
