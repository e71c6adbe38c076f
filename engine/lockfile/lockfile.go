// Package lockfile holds what each device can do, as it was read once, so that a configuration is checked against its devices
// without asking them. It is pure.
//
// Rules:
//
//   - A lock holds outlines of documents: which elements there are and what they may hold. It holds no secret, and nothing
//     of what a device is set to but small numbers and switches.
//   - Devices that can do the same share an entry, so that a fleet of one model has a short lock.
//   - The same devices give the same bytes: a change of the file is a change of what a device can do.
package lockfile

import (
	"bytes"
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"

	"camform/engine/live"
	"camform/providers"
	"camform/schema"
)

// Name is the name of the file in the directory of a configuration.
const Name = "camform.lock.json"

// version of the format.
const version = 1

// File holds what devices can do, as camform lock read it.
type File struct {
	devices   map[schema.Device]Device
	abilities map[string]ability // by their hash
}

// Device is what a lock says about one device.
type Device struct {
	Model    string
	Firmware string
	ability  string
}

// ability is the outlines of the documents of a device, by path.
type ability map[string]outline

// outline is one document: its text, or why the device does not have it.
type outline struct {
	Text    string `json:"text,omitempty"`
	Missing string `json:"missing,omitempty"`
}

// ErrMalformed is the error of a file that is no lock, or one of another version.
var ErrMalformed = errors.New("not a lock file of this version of camform; remove it, and run camform lock")

// New is a lock of no device.
func New() *File {
	return &File{devices: map[schema.Device]Device{}, abilities: map[string]ability{}}
}

// Set puts what a device can do into the lock, instead of what was there of it. The snapshot must be without Err. A document
// for which the device answered with a fault that may pass is not in the lock.
func (l *File) Set(snap *live.Snapshot, shape func(providers.Documents) providers.Documents) {
	a, known := ability{}, maps.Clone(snap.Documents)
	maps.DeleteFunc(known, func(_ string, doc providers.Document) bool { return doc.Unsure })
	for path, doc := range shape(known) {
		a[path] = outline{Text: string(doc.Body), Missing: doc.Missing}
	}
	text, err := json.Marshal(a)
	if err != nil {
		panic(fmt.Sprintf("this is a bug: an outline cannot be encoded: %v", err))
	}
	sum := sha256.Sum256(text)
	id := hex.EncodeToString(sum[:8])
	l.abilities[id] = a
	l.devices[snap.Device] = Device{Model: snap.Identity.Model, Firmware: snap.Identity.Firmware, ability: id}
}

// Keep drops all devices but those given.
func (l *File) Keep(devices []schema.Device) {
	maps.DeleteFunc(l.devices, func(d schema.Device, _ Device) bool { return !slices.Contains(devices, d) })
}

// Device is what the lock says about a device, and whether it knows it.
func (l *File) Device(address schema.Device) (Device, bool) {
	d, ok := l.devices[address]
	return d, ok
}

// Devices are all that the lock knows, ordered by address.
func (l *File) Devices() []schema.Device {
	return slices.SortedFunc(maps.Keys(l.devices), schema.Device.Compare)
}

// Len is the number of devices.
func (l *File) Len() int { return len(l.devices) }

// Ability identifies what a device can do: devices that can do the same have the same. It is empty for a device that the lock does
// not know.
func (l *File) Ability(address schema.Device) string { return l.devices[address].ability }

// Documents are the outlines of a device for a provider's Check.
func (l *File) Documents(address schema.Device) providers.Documents {
	docs := providers.Documents{}
	for path, o := range l.abilities[l.devices[address].ability] {
		docs[path] = providers.Document{Path: path, Missing: o.Missing}
		if o.Missing == "" {
			docs[path] = providers.Document{Path: path, Body: []byte(o.Text)}
		}
	}
	return docs
}

// The shape of the file.
type fileShape struct {
	Version   int            `json:"version"`
	Devices   []deviceShape  `json:"devices"`
	Abilities []abilityShape `json:"abilities"`
}

type deviceShape struct {
	Address  string `json:"address"`
	Model    string `json:"model"`
	Firmware string `json:"firmware"`
	Ability  string `json:"ability"`
}

type abilityShape struct {
	ID        string  `json:"id"`
	Documents ability `json:"documents"`
}

// Encode writes the lock. Abilities that no device has are left out.
func (l *File) Encode() []byte {
	file := fileShape{Version: version, Devices: []deviceShape{}, Abilities: []abilityShape{}}
	used := map[string]bool{}
	for _, address := range slices.SortedFunc(maps.Keys(l.devices), schema.Device.Compare) {
		d := l.devices[address]
		used[d.ability] = true
		file.Devices = append(file.Devices, deviceShape{Address: address.String(), Model: d.Model, Firmware: d.Firmware, Ability: d.ability})
	}
	for _, id := range slices.Sorted(maps.Keys(used)) {
		file.Abilities = append(file.Abilities, abilityShape{ID: id, Documents: l.abilities[id]})
	}
	var text bytes.Buffer
	encoder := json.NewEncoder(&text)
	encoder.SetEscapeHTML(false) // it is mostly XML, which people review
	encoder.SetIndent("", "  ")
	if err := encoder.Encode(file); err != nil {
		panic(fmt.Sprintf("this is a bug: a lock cannot be encoded: %v", err))
	}
	return text.Bytes()
}

// Decode reads a lock. The error wraps ErrMalformed.
func Decode(text []byte) (*File, error) {
	var file fileShape
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&file); err != nil {
		return nil, fmt.Errorf("%w (%w)", ErrMalformed, err)
	}
	if file.Version != version {
		return nil, fmt.Errorf("%w (it has version %d)", ErrMalformed, file.Version)
	}
	l := New()
	for _, a := range file.Abilities {
		l.abilities[a.ID] = a.Documents
	}
	for _, d := range file.Devices {
		address, err := schema.ParseDevice(d.Address)
		if err != nil {
			return nil, fmt.Errorf("%w (%w)", ErrMalformed, err)
		}
		if l.abilities[d.Ability] == nil {
			return nil, fmt.Errorf("%w (%s has the unknown ability %q)", ErrMalformed, d.Address, d.Ability)
		}
		l.devices[address] = Device{Model: d.Model, Firmware: d.Firmware, ability: d.Ability}
	}
	return l, nil
}

// Change says in words what is other than before about a device.
type Change struct {
	Device schema.Device
	Text   string
}

// Changes are what differs from an older lock: devices that came and went, and other firmware or abilities.
func (l *File) Changes(old *File) []Change {
	var changes []Change
	all := maps.Clone(l.devices)
	maps.Copy(all, old.devices)
	for _, address := range slices.SortedFunc(maps.Keys(all), schema.Device.Compare) {
		before, was := old.devices[address]
		now, is := l.devices[address]
		switch {
		case !was:
			changes = append(changes, Change{address, "new, " + now.String()})
		case !is:
			changes = append(changes, Change{address, "gone"})
		case before.Model != now.Model || before.Firmware != now.Firmware:
			changes = append(changes, Change{address, fmt.Sprintf("was %s, is %s", before, now)})
		case before.ability != now.ability:
			changes = append(changes, Change{address, "has different abilities than before"})
		}
	}
	return changes
}

// String is the model and the firmware.
func (d Device) String() string {
	return cmp.Or(d.Model, "unknown model") + " " + cmp.Or(d.Firmware, "unknown firmware")
}
