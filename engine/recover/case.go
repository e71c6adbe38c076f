package recover

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"camform/providers"
	"camform/schema"
)

// Case is the recovery of one device.
type Case struct {
	ID         string
	Device     schema.Device
	Identity   providers.Identity // of the device, as the inventory has it when the case is opened
	URL        string             // at which the configuration has it
	Opened     time.Time
	By         string // who opened it
	Reason     string // what happened
	Generation int    // 1, and one more after each handover
	Custody    Custody
	Events     []Event // in the order in which they happened
}

// Custody says where a case is open.
type Custody string

// The custodies.
const (
	Here   Custody = "open"
	Away   Custody = "handed over" // to another state
	Closed Custody = "closed"
	Purged Custody = "purged" // closed, and only its generation is on record
)

// Event is something that happened in a case. It holds no secret.
type Event struct {
	At     time.Time         `json:"at"` // UTC
	Who    string            `json:"who"`
	Step   string            `json:"step"`
	Kind   Kind              `json:"kind"`
	Data   map[string]string `json:"data,omitempty"` // by the names of Fields and Observed
	Remark string            `json:"remark,omitempty"`
	Files  []File            `json:"files,omitempty"`

	Findings []Finding `json:"findings,omitempty"` // of a look at the step
}

// Kind says what an event means for its step.
type Kind string

// The kinds of events.
const (
	Begun   Kind = "begun"   // from here on it may have spent something
	Done    Kind = "done"    // it worked
	Failed  Kind = "failed"  // it did not work
	Skipped Kind = "skipped" // it is left out, for the reason in the remark
	Told    Kind = "told"    // something to know, which changes no state
	Found   Kind = "found"   // camform looked, and not all of the step is proven; it changes no state
)

// File is something that was attached to a case. Its content is kept beside the events.
type File struct {
	Name   string `json:"name"`
	SHA256 string `json:"sha256"` // of the content, as lower-case hexadecimal digits
	Size   int64  `json:"size"`   // in bytes
	As     string `json:"as"`     // what it is; one of Attachments
}

// Attachments are what a file can be.
var Attachments = []string{"device_export", "answer", "bundle", "correspondence", "record", "photo", "device_log", "other"}

// With is the case with one more event.
func (c Case) With(e Event) Case {
	c.Events = append(slices.Clone(c.Events), e)
	return c
}

// Last is the last event of a step that says what its outcome is: every kind but Told and Found. It is nil where there is none.
func (c Case) Last(step string) *Event {
	for i := range slices.Backward(c.Events) {
		if e := &c.Events[i]; e.Step == step && e.Kind != Told && e.Kind != Found {
			return e
		}
	}
	return nil
}

// Files are all files that were attached, with the event that attached each.
func (c Case) Files() (all []File, by []Event) {
	for _, e := range c.Events {
		for _, f := range e.Files {
			all, by = append(all, f), append(by, e)
		}
	}
	return all, by
}

// saw is what the device said last without a login, nil if it was not asked or did not answer. Before limits it to events before
// that moment; a zero moment does not.
func (c Case) saw(before time.Time) map[string]string {
	for _, e := range slices.Backward(c.Events) {
		if e.Data[Answered] == "yes" && (before.IsZero() || !e.At.After(before)) {
			return e.Data
		}
	}
	return nil
}

// text is how a case is written, in a state and in a handover.
type text struct {
	Format     int                `json:"camform_case"`
	ID         string             `json:"id"`
	Device     string             `json:"device"`
	Identity   providers.Identity `json:"identity"`
	URL        string             `json:"url"`
	Opened     time.Time          `json:"opened"`
	By         string             `json:"by"`
	Reason     string             `json:"reason"`
	Generation int                `json:"generation"`
	Custody    Custody            `json:"custody"`
	Events     []Event            `json:"events"`
}

// format is the number of the form in which cases are written.
const format = 1

// ErrDamaged is the error of a text that is no case.
var ErrDamaged = errors.New("damaged case")

// Encode writes a case as JSON.
func Encode(c Case) ([]byte, error) {
	return json.Marshal(text{format, c.ID, c.Device.String(), c.Identity, c.URL, c.Opened.UTC(), c.By, c.Reason, c.Generation, c.Custody, c.Events})
}

// Decode reads what Encode wrote. Its errors belong to ErrDamaged.
func Decode(plain []byte) (Case, error) {
	var t text
	if err := json.Unmarshal(plain, &t); err != nil {
		return Case{}, fmt.Errorf("%w: %w", ErrDamaged, err)
	}
	if t.Format > format {
		return Case{}, fmt.Errorf("%w: it was written by a newer camform (its format is %d; this one reads up to %d)", ErrDamaged, t.Format, format)
	}
	device, err := schema.ParseDevice(t.Device)
	if err != nil || t.Format != format || !isID(t.ID) || t.Generation < 1 {
		return Case{}, fmt.Errorf("%w: its text is not that of a case", ErrDamaged)
	}
	return Case{t.ID, device, t.Identity, t.URL, t.Opened, t.By, t.Reason, t.Generation, t.Custody, t.Events}, nil
}

// isID reports whether a text can be the id of a case. It is repeated in commands, and a handover may come from anybody.
func isID(text string) bool {
	return text != "" && len(text) <= 32 && strings.Trim(text, "0123456789abcdefghijklmnopqrstuvwxyz") == ""
}
