package auditlog

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"
)

// Record is one thing that was done, or was about to be done. Fields that do not apply are empty.
type Record struct {
	Seq      int64     `json:"seq"`               // from 1, without gaps
	Time     time.Time `json:"time"`              // UTC, in microseconds, by the clock of the writer of the record
	Run      string    `json:"run,omitempty"`     // id of the run
	Who      string    `json:"who,omitempty"`     // "user@host"
	From     string    `json:"from,omitempty"`    // host, and the page of the CI job where there is one
	Version  string    `json:"version,omitempty"` // of camform
	Action   Action    `json:"action"`
	Device   string    `json:"device,omitempty"`   // address of the device
	Settings []string  `json:"settings,omitempty"` // what is changed on the device, such as "https" or "user.viewer"
	Document string    `json:"document,omitempty"` // path of the document that is changed
	Plan     string    `json:"plan,omitempty"`     // hash of the saved plan that is applied
	Before   string    `json:"before,omitempty"`   // fingerprint of the values before
	After    string    `json:"after,omitempty"`    // fingerprint of the values after
	Outcome  string    `json:"outcome,omitempty"`  // the outcome
	Detail   string    `json:"detail,omitempty"`   // for people
	Reason   string    `json:"reason,omitempty"`   // why a person did it, in the words of that person
	Ticket   string    `json:"ticket,omitempty"`   // where that is kept, such as the number of a change
	Prev     string    `json:"prev"`               // hash of the record before, Genesis for the first one
}

// Action is what was done. Readers must expect others than those below.
type Action string

// The actions.
const (
	RunBegun          Action = "run-begun"
	PlanApproved      Action = "plan-approved" // by a signature that was there when the plan was applied
	RunEnded          Action = "run-ended"
	LoginTried        Action = "login-tried"      // by a person, for one device
	RequestIntended   Action = "request-intended" // may have been sent from here on
	RequestSettled    Action = "request-settled"  // its outcome is known, or could not be found out yet
	SecretProposed    Action = "secret-proposed"  // made up for a request, and kept before that is sent
	SecretSet         Action = "secret-set"       // by a person
	SecretAdopted     Action = "secret-adopted"   // an account had it before it was managed
	SecretLive        Action = "secret-live"      // a device accepted it
	SecretWithdrawn   Action = "secret-withdrawn" // a device refused what was proposed
	VaultCreated      Action = "vault-created"
	VaultRekeyed      Action = "vault-rekeyed"
	RecipientsChanged Action = "recipients-changed" // who can open the vault
	LeaseForced       Action = "lease-forced"
	RecoveryFileAsked Action = "recovery-file-asked" // for the file with which a password can be reset; the vault notes what arrives
	RecoveryFileShown Action = "recovery-file-shown" // to the person who imports it on the device
	SigningAsked      Action = "signing-asked"       // a device was asked for a key and a request for a certificate
	DeviceBackedUp    Action = "device-backed-up"    // what it reports about itself is in a file
	StateBackedUp     Action = "state-backed-up"
	StateRestored     Action = "state-restored"  // from a backup; the detail says from which, and which records that cost
	StateMigrated     Action = "state-migrated"  // to another place; what is recorded later is there
	StateReclaimed    Action = "state-reclaimed" // is used again, without what was recorded at the place it had gone to
	SecretsMerged     Action = "secrets-merged"  // from a backup
	SettingForgotten  Action = "setting-forgotten"
	DeviceForgotten   Action = "device-forgotten"
	DeviceMoved       Action = "device-moved" // has another name from here on
	CaseOpened        Action = "case-opened"  // of a device whose password nobody knows
	CaseWentOn        Action = "case-went-on" // a step was begun, done, skipped, or failed
	CaseHandedOver    Action = "case-handed-over"
	CaseAccepted      Action = "case-accepted" // from another state
	CaseClosed        Action = "case-closed"
	CasePurged        Action = "case-purged" // its events and files are forgotten
)

// Genesis is what the first record holds instead of the hash of the previous record.
var Genesis = strings.Repeat("0", 2*sha256.Size)

// Entry is a record as it is kept. Nothing of it is to be believed before Verify has seen it.
type Entry struct {
	Seq  int64  // number under which the record is kept
	Text string // canonical JSON of the record
	Hash string // SHA-256 of Text, 64 hexadecimal digits
}

// Chain makes the entry that follows a head. Seq and Prev of the record are filled in, and its time is brought to UTC and
// microseconds. It fails for a time that cannot be written, such as one in the year 10000.
func Chain(head Head, r Record) (Entry, error) {
	r.Seq, r.Prev = head.Seq+1, head.Hash
	r.Time = r.Time.UTC().Truncate(time.Microsecond)
	text, err := canonical(r)
	if err != nil {
		return Entry{}, fmt.Errorf("record %d of the audit log: %w", r.Seq, err)
	}
	return Entry{Seq: r.Seq, Text: text, Hash: hash(text)}, nil
}

// Record reads the text of an entry.
func (e Entry) Record() (Record, error) {
	var r Record
	if err := json.Unmarshal([]byte(e.Text), &r); err != nil {
		return Record{}, fmt.Errorf("record %d of the audit log cannot be read: %w", e.Seq, err)
	}
	return r, nil
}

// Head is how many records a log has, and the hash of the last one.
type Head struct {
	Seq  int64
	Hash string
}

// Empty is the head of a log without records.
func Empty() Head { return Head{Hash: Genesis} }

// String is the form that ParseHead reads: "12:" and 64 hexadecimal digits.
func (h Head) String() string { return strconv.FormatInt(h.Seq, 10) + ":" + h.Hash }

// ErrHead says that a text is not a head.
var ErrHead = errors.New("a head is a number, a colon and 64 hexadecimal digits, as camform audit-log show prints it")

// ParseHead reads what String wrote, or ErrHead.
func ParseHead(text string) (Head, error) {
	number, digits, _ := strings.Cut(text, ":")
	seq, err := strconv.ParseInt(number, 10, 64)
	raw, hexErr := hex.DecodeString(digits)
	head := Head{seq, hex.EncodeToString(raw)}
	if err != nil || hexErr != nil || seq < 0 || len(raw) != sha256.Size || head.String() != text {
		return Head{}, ErrHead
	}
	return head, nil
}

// canonical is JSON with the fields in their order, without spaces, and without escapes that only HTML needs.
func canonical(value any) (string, error) {
	var text bytes.Buffer
	encoder := json.NewEncoder(&text)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(value); err != nil {
		return "", err
	}
	return strings.TrimSuffix(text.String(), "\n"), nil
}

func hash(text string) string {
	sum := sha256.Sum256([]byte(text))
	return hex.EncodeToString(sum[:])
}
