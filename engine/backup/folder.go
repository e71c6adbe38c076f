package backup

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"camform/engine/atomicfile"
	"camform/schema"
)

// Folder is where the backups of a state lie.
type Folder struct {
	Dir    string
	Seal   func(text []byte) ([]byte, error)
	Unseal func(sealed []byte) ([]byte, error)
	Name   func(text []byte) string // an HMAC: small hexadecimal digits
}

// Entry is what is known of a backup without opening it.
type Entry struct {
	Name      string
	Device    schema.Device
	Taken     time.Time
	Model     string
	Firmware  string
	Documents int // that the device had
	Size      int64
}

// envelope is how a backup lies in its file.
type envelope struct {
	Format    int       `json:"camform_backup"`
	Device    string    `json:"device"`
	Taken     time.Time `json:"taken"`
	Model     string    `json:"model"`
	Firmware  string    `json:"firmware"`
	Documents int       `json:"documents"`
	Sealed    []byte    `json:"sealed"`
}

// outside is the number of the form of envelopes.
const outside = 1

const extension = ".backup"

// Save writes a backup into a file of its own, complete and durable or not at all.
func (f Folder) Save(b *Backup) (Entry, error) {
	plain, err := encode(b)
	if err != nil {
		return Entry{}, err
	}
	sealed, err := f.Seal(plain)
	if err != nil {
		return Entry{}, err
	}
	e := envelopeOf(b)
	e.Sealed = sealed
	file, err := json.Marshal(e)
	if err != nil {
		return Entry{}, err
	}
	if err := os.MkdirAll(f.Dir, 0o700); err != nil {
		return Entry{}, err
	}
	name := f.Name(plain)
	err = atomicfile.Create(f.path(name), file, 0o600)
	return e.entry(name, b.Device, int64(len(file))), err
}

func envelopeOf(b *Backup) envelope {
	return envelope{
		Format: outside, Device: b.Device.String(), Taken: b.Taken.UTC(), Model: b.Identity.Model, Firmware: b.Identity.Firmware, Documents: b.Has(),
	}
}

func (e envelope) entry(name string, device schema.Device, size int64) Entry {
	return Entry{Name: name, Device: device, Taken: e.Taken, Model: e.Model, Firmware: e.Firmware, Documents: e.Documents, Size: size}
}

func (f Folder) path(name string) string { return filepath.Join(f.Dir, name+extension) }

// Names returns the names of the files of the folder, whether they are whole or not; none where there is no folder.
func (f Folder) Names() ([]string, error) {
	files, err := os.ReadDir(f.Dir)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	var names []string
	for _, file := range files {
		if name, ok := strings.CutSuffix(file.Name(), extension); ok {
			names = append(names, name)
		}
	}
	return names, nil
}

// List returns the backups of the folder by device, the newest first; none where there is no folder. Bad are the names of files
// that are none, with the reason.
func (f Folder) List() (all []Entry, bad map[string]error, err error) {
	names, err := f.Names()
	if err != nil {
		return nil, nil, err
	}
	bad = map[string]error{}
	for _, name := range names {
		entry, _, err := f.read(name)
		if err != nil {
			bad[name] = err
			continue
		}
		all = append(all, entry)
	}
	slices.SortFunc(all, func(a, b Entry) int {
		return cmp.Or(a.Device.Compare(b.Device), b.Taken.Compare(a.Taken), cmp.Compare(a.Name, b.Name))
	})
	return all, bad, nil
}

func (f Folder) read(name string) (Entry, envelope, error) {
	file, err := os.ReadFile(f.path(name))
	if err != nil {
		return Entry{}, envelope{}, err
	}
	var e envelope
	if err := strictly(file, &e); err != nil || !written(e, file) {
		return Entry{}, envelope{}, fmt.Errorf("%w: %s is truncated, changed, or not a backup", ErrDamaged, f.path(name))
	}
	device, err := schema.ParseDevice(e.Device)
	switch {
	case e.Format > outside:
		return Entry{}, envelope{}, fmt.Errorf("%s: %w", f.path(name), newer(e.Format, outside))
	case err != nil || e.Format != outside:
		return Entry{}, envelope{}, fmt.Errorf("%w: %s is not a backup of a device", ErrDamaged, f.path(name))
	}
	return e.entry(name, device, int64(len(file))), e, nil
}

// Latest returns when the newest backup of each device was taken, as the heads of the files say: what is sealed in them is not read,
// so that the backups of a fleet are soon looked through. A file that was cut off does not count; only Open proves one.
func (f Folder) Latest() (map[schema.Device]time.Time, error) {
	names, err := f.Names()
	if err != nil {
		return nil, err
	}
	latest := map[schema.Device]time.Time{}
	for _, name := range names {
		e, ok, err := f.head(name)
		if err != nil {
			return nil, err
		}
		device, wrong := schema.ParseDevice(e.Device)
		if ok && wrong == nil && e.Taken.After(latest[device]) {
			latest[device] = e.Taken
		}
	}
	return latest, nil
}

// longestHead is how much of a file is read for what stands before the sealed text.
const longestHead = 4 << 10

// head is what the file of a backup says on its outside, without the sealed text. It is not ok for a file that is no whole one.
func (f Folder) head(name string) (e envelope, ok bool, err error) {
	file, err := os.Open(f.path(name))
	if err != nil {
		return envelope{}, false, err
	}
	defer file.Close()
	begin, end := make([]byte, longestHead), make([]byte, len(lastOfFile))
	n, err := io.ReadFull(file, begin)
	if err != nil && !errors.Is(err, io.ErrUnexpectedEOF) && !errors.Is(err, io.EOF) {
		return envelope{}, false, err
	}
	outer, _, found := bytes.Cut(begin[:n], []byte(`,"sealed":"`))
	info, err := file.Stat()
	if err != nil || !found {
		return envelope{}, false, err
	}
	if _, err := file.ReadAt(end, info.Size()-int64(len(end))); err != nil {
		return envelope{}, false, err
	}
	err = strictly(append(bytes.Clone(outer), '}'), &e)
	return e, err == nil && e.Format == outside && string(end) == lastOfFile, nil
}

// lastOfFile ends every file that Save wrote to its end.
const lastOfFile = `"}`

// Find returns the name that begins with a text: the whole name, or the beginning of one only. Its file may be damaged.
func (f Folder) Find(beginning string) (string, error) {
	names, err := f.Names()
	if err != nil {
		return "", err
	}
	var found []string
	for _, name := range names {
		if strings.HasPrefix(name, beginning) {
			found = append(found, name)
		}
	}
	switch {
	case beginning == "" || len(found) == 0:
		return "", fmt.Errorf("there is no backup %q; to see all, run: camform backup list", beginning)
	case len(found) > 1:
		return "", fmt.Errorf("%d backups begin with %q; give more of the name", len(found), beginning)
	}
	return found[0], nil
}

// Open reads a backup and proves that it is the one of its name. The error is ErrDamaged, or says why it cannot be opened.
func (f Folder) Open(name string) (*Backup, error) {
	_, e, err := f.read(name)
	if err != nil {
		return nil, err
	}
	plain, err := f.Unseal(e.Sealed)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", f.path(name), err)
	}
	if f.Name(plain) != name {
		return nil, fmt.Errorf("%w: %s belongs to another state, or its content does not match its name", ErrDamaged, f.path(name))
	}
	b, err := decode(plain)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", f.path(name), err)
	}
	told := envelopeOf(b)
	if told.Sealed = e.Sealed; !same(told, e) {
		return nil, fmt.Errorf("%w: the outside of %s contradicts its content", ErrDamaged, f.path(name))
	}
	return b, nil
}

// written reports whether a file is what Save writes of an envelope, byte for byte: JSON can say the same in many ways.
func written(e envelope, file []byte) bool {
	again, err := json.Marshal(e)
	return err == nil && bytes.Equal(again, file)
}

func same(a, b envelope) bool {
	one, err := json.Marshal(a)
	other, wrong := json.Marshal(b)
	return err == nil && wrong == nil && string(one) == string(other)
}

// Remove takes a backup away.
func (f Folder) Remove(name string) error { return os.Remove(f.path(name)) }

// Superseded are the backups beyond the newest ones of each device, of a list as List returns it. At least the newest stays.
func Superseded(all []Entry, keep int) []Entry {
	var old []Entry
	count := map[schema.Device]int{}
	for _, e := range all {
		if count[e.Device]++; count[e.Device] > max(keep, 1) {
			old = append(old, e)
		}
	}
	return old
}
