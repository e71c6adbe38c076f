// Package providers is the contract between the engine and families of devices: what a provider, a session and a document
// are, and which families of errors exist.
//
// Rules:
//
//   - Composition is pure and transport is dumb: Compose turns documents and changes into requests without a device, Do
//     sends one of them.
//   - A Reader has no method that writes. Planning and drift get nothing else.
//   - One goroutine uses a session at a time. Sessions of different devices are independent.
//   - Errors belong to one of the families below; errors.Is finds it through any wrapping.
package providers

import (
	"context"
	"crypto/x509"
	"fmt"
	"net/netip"
	"net/url"
	"strings"
	"time"

	"github.com/zclconf/go-cty/cty"

	"camform/schema"
)

// Provider knows one family of devices: how to talk to them, what their documents say, and what they take.
type Provider interface {
	Connector
	Interpreter
	Composer

	// Known are the paths of further documents that tell how a device is set up, beside those of its kinds. A GET of one of them is
	// known to read it and to do nothing else.
	Known() []string
}

// Connector prepares to talk to devices. Nothing is sent before the first call on the session; Identify must be that call.
type Connector interface {
	// OpenReader prepares to read from a device, and Open to change it as well.
	OpenReader(Target) Reader
	Open(Target) Session
}

// Interpreter reads documents. Its methods are pure.
type Interpreter interface {
	// Enciphers reports whether passwords in changes of a kind reach the device enciphered where its address is plain HTTP, by what
	// it says in documents that ReadKind fetched for the kind.
	Enciphers(kind *schema.Kind, docs Documents) bool

	// Kinds are the kinds of settings that the family can have.
	Kinds() *schema.Kinds

	// Decode reads the settings of one kind out of documents, which hold what ReadKind fetched for it. Keys are the items
	// that are asked for, where each has its own document; otherwise they are not looked at. Items that the device
	// does not have are simply not in the result; an attribute that the device's document lacks is null. The error is
	// ErrUnsupported where the device does not have the kind at all.
	Decode(kind *schema.Kind, keys []string, docs Documents) (Items, error)

	// Unlisted are those of the keys that the list of a kind lacks, and that the device may serve by themselves. They are none where
	// the list was not read.
	Unlisted(kind *schema.Kind, keys []string, docs Documents) []string

	Seeker

	// Omitted are the entries of the list that a kind lives in that Decode leaves out. Documents that cannot be read have none.
	Omitted(kind *schema.Kind, docs Documents) []Omission

	// Outline reduces documents to what Check needs: which elements there are and what they may hold, without what they
	// hold but numbers and words of the schema. Outlines of devices that can do the same are the same, and hold no secret.
	Outline(Documents) Documents

	// Discreet is a document without secrets, to be kept where others may read it: schema.Blank stands for every secret, and for all
	// that hide blanks. What the device masked stays, and so does what gives no secret away. Decode and Check find in it what they
	// find in the document, but for the values of secrets. The error is ErrMalformed for a document whose secrets
	// cannot be distinguished from the rest.
	Discreet(doc Document, hide *Redactor) (Document, error)

	// Clock is how the clock of a device stands to ours by its documents: by the one that shows it, or else by the headers of its
	// answers. It is false where none of them tells, or only a local time without its offset from UTC.
	Clock(Documents) (clock Clock, known bool)

	// Observe reads the texts of an element out of any document, for checks. There are none if the document lacks the
	// element. A document that the device does not have is ErrUnsupported, and one that holds nothing ErrMalformed: neither
	// says anything about what the element would hold. The text of a secret is never given: that is ErrInvalid.
	Observe(doc Document, element string) ([]string, error)
}

// Composer judges wanted values and turns them into requests. Its methods are pure.
type Composer interface {
	// Check finds attributes of want that this device will not take, by its own capability documents and by what its
	// documents contain. Attributes that are null in want are not looked at; unknown ones count as given.
	Check(kind *schema.Kind, docs Documents, key string, want cty.Value) []AttributeError

	// CheckAlone finds attributes of want that no device takes: by the form of the values, and by how they stand to each other.
	// Attributes that are null or unknown in want are not looked at. Check finds the same, but for what a device has already.
	CheckAlone(kind *schema.Kind, want cty.Value) []AttributeError

	// Same reports whether the device's value have is what want asks for, which is not always the same text: time zones
	// are compared by what they mean, lists of addresses by their members. Both are non-null and of the attribute's type.
	Same(kind *schema.Kind, attribute *schema.Attribute, want, have cty.Value) bool

	// Rewritten reports whether devices are known to keep have after they accepted want, although the two differ in
	// meaning, judged from outside. Apply accepts it and records it.
	Rewritten(kind *schema.Kind, attribute *schema.Attribute, want, have cty.Value) bool

	// Jump is how far changes move the clock of a device, as it was when it was read. Documents are those of the kinds that are
	// changed, with the ones that tell the clock. It is zero for changes that leave the clock as it is.
	Jump(changes []Change, docs Documents) Jump

	// Compose turns changes of settings that live in the same document into the requests that make them, in order.
	Compose(Composition) ([]Request, error)

	// Revert returns the request that puts a document back as it was before another request: byte for byte, but that a secret
	// which the device masked is the one of that request. The error is ErrUnsupported if that does not have it.
	Revert(before Document, request Request) (Request, error)

	// Restore returns the request that gives a device back what it had before another request, by the documents as they were read
	// before that one: a document byte for byte, or those of its items that the request brought. The error is ErrUnsupported where the
	// other request is none that can be taken back, and where not all of what the device had is known: it has secrets, or masks something.
	Restore(before Documents, request Request) (Request, error)

	// Shown returns a request as people may see it: schema.Blank stands for every secret in its body, also for those that the
	// document of the device came with and nobody declared. A body that is no document is blanked as a whole.
	Shown(Request) Request
}

// ReadKind reads the documents that the settings of a kind need, by way of read: those that hold the settings, where
// the first that the device has counts, then those that tell at which address it sees us and what its clock shows, those beside it,
// and then those that give its limits, by way of limits. Keys are the items that are asked for, where each lives in a document of its
// own. The error is that of read; what it sees, its clock, what is beside and limits are no error where they cannot be read, unless that
// ends the session.
func ReadKind(kind *schema.Kind, keys []string, read, limits func(path string) (Document, error)) error {
	if !kind.Document.PerItem() {
		keys = []string{""}
	}
	for _, key := range keys {
		for _, place := range kind.Documents() {
			place = place.For(key)
			doc, err := read(place.Path)
			if err != nil {
				return err
			}
			if doc.Missing != "" {
				continue
			}
			if kind.Item != nil && kind.Item.Names != nil {
				if _, err := read(kind.Item.Names.Path); err != nil {
					return err
				}
			}
			if kind.Sees != nil {
				if _, err := read(kind.Sees.Path); err != nil && EndsSession(err) {
					return err
				}
			}
			if kind.Clock != nil {
				if _, err := read(kind.Clock.Path); err != nil && EndsSession(err) {
					return err
				}
			}
			for _, path := range place.Beside {
				if _, err := read(path); EndsSession(err) {
					return err
				}
			}
			for _, path := range place.Capabilities {
				if _, err := limits(path); err != nil {
					return err
				}
			}
			break
		}
	}
	return nil
}

// ReadAlone reads the items that the list of a kind lacks by their own addresses. What cannot be read there is no item; the error is
// one that ends the session.
func ReadAlone(kind *schema.Kind, keys []string, docs Documents, i Interpreter, read func(path string) (Document, error)) error {
	for _, key := range i.Unlisted(kind, keys, docs) {
		if _, err := read(kind.Item.AloneAt(key)); EndsSession(err) {
			return err
		}
	}
	return nil
}

// SeenAt are the addresses at which a device says that it sees us, or itself, by the document of a kind that tells; none where
// that was not read or does not tell.
func SeenAt(kind *schema.Kind, docs Documents, i Interpreter) []string {
	if kind.Sees == nil {
		return nil
	}
	var all []string
	for _, element := range kind.Sees.Elements {
		texts, err := i.Observe(docs[kind.Sees.Path], element)
		if err != nil {
			continue // nobody can say what it is
		}
		for _, text := range texts {
			if a, err := netip.ParseAddr(text); err == nil && !a.IsUnspecified() {
				all = append(all, a.Unmap().String())
			}
		}
	}
	return all
}

// Items are the settings of one kind that a device has, by key; a kind that a device has once stands under "". Secrets that the
// device shows are of schema.SecretType.
type Items map[string]cty.Value

// Omission is an entry that a device has in the list of a kind, and that is no item of it, or an attribute with an entry that camform
// does not understand.
type Omission struct {
	Key       string // what the entry is called, or the item of the attribute; empty where it has no name
	Attribute string // empty for an entry
	Why       string // the end of a sentence that begins with the kind and the key: "because ..."
}

// AttributeError says why a device will not take the value of an attribute.
type AttributeError struct {
	Attribute string // empty if it is about the setting as a whole
	Detail    string // sentences for people, without secrets
	Lacks     bool   // the device has nothing that the attribute could be written to
	Unproven  bool   // the device may accept it, but the effect is unproven; the operator may allow it
	Held      bool   // of an unproven one: the device holds a secret, which may get lost or go elsewhere; the operator must allow it for the attribute by name
	Masked    bool   // the device would take what it shows in place of a secret for a new one; nobody can allow that
}

// Target says which device to talk to, and how.
type Target struct {
	Device schema.Device
	URL    *url.URL // scheme, host and port; no path, no user
	Within Bounds   // where the device may be; nothing is sent to an address outside, whatever a name stands for
	Login  Credential
	Pin    Pin      // what is known of the device from earlier runs; zero for an unknown device
	Want   Identity // what the configuration says of the device; empty fields are not checked
	Trust  Trust    // how the peer of a TLS connection is judged
	Basic  bool     // whether HTTP Basic may be used where the device offers nothing better, over TLS only
	Ledger Ledger   // where login attempts are accounted for

	Consent Consent // on whose word they are made

	Nodes *Nodes // which documents are not asked for; nil for a session that finds out by itself

	Trace Trace // where requests are logged; nil for nowhere
}

// Trust is how the certificate of a device is judged.
type Trust struct {
	Mode   TrustMode
	CAFile string // PEM file with the only authorities to trust, for TrustVerify; empty for those of the system
	Legacy bool   // allows TLS 1.0 and 1.1 and old cipher suites, for this device only

	// Elsewhere are keys of devices that have a record under another name, and no longer have these. A device that shows one is sent no
	// credential.
	Elsewhere map[string]schema.Device
}

// Accepts is nil for a TLS key that no device elsewhere has on record, and else an *ElsewhereError.
func (t Trust) Accepts(spki string) error {
	if device, ok := t.Elsewhere[spki]; ok {
		return &ElsewhereError{device, "TLS key"}
	}
	return nil
}

// TrustMode names a way to judge certificates.
type TrustMode string

// The ways to judge certificates.
const (
	TrustPin    TrustMode = "pin"    // the key seen first is the only one accepted from then on
	TrustVerify TrustMode = "verify" // a chain to a known authority and the right name; the key may change
)

// Reader reads from one device. Identify comes first; everything before it fails.
type Reader interface {
	// Identify probes the device without a credential, checks the pin, logs in once and says who answered. After an
	// error of the families ErrRefused, ErrLocked, ErrBudget and ErrIdentity the session sends nothing more.
	Identify(context.Context) (Identity, error)

	// Read fetches a document. A document that the device does not have is no error: see Document.Missing. ErrWithheld is about the
	// document alone: the device gives others to the same login.
	Read(ctx context.Context, path string) (Document, error)

	// Pin is what was seen of the device so far, to be kept for the next run.
	Pin() Pin

	// Renew makes the next request open a new connection.
	Renew()

	// Close frees connections. It never fails in a way that matters.
	Close()
}

// Session reads from and writes to one device.
type Session interface {
	Reader

	// Do sends one request that changes the device, once. An error that wraps ErrUnknown means that the request may or
	// may not have been carried out; every other error means that it was not.
	Do(context.Context, Request) (Reply, error)
}

// Awaited is a reader whose device can be asked without a login whether it answers.
type Awaited interface {
	// Awake asks that. It may come before Identify. The error is ErrUnreachable where the device does not answer, and ErrBusy where
	// it seems to be starting.
	Awake(context.Context) error
}

// Certified is a reader that knows the certificate of its device.
type Certified interface {
	// Certificate is what the device showed last; nil where it was not reached over TLS.
	Certificate() *x509.Certificate
}

// Authenticator is a session that can prove that a credential works. It costs one login attempt if it does not.
type Authenticator interface {
	// Authenticate logs in with a credential over a new connection. Nil means that the device accepted it; ErrRefused
	// that it did not; any other error that this is not known.
	Authenticate(context.Context, Credential) error

	// MayAuthenticate asks the device how many attempts are left, without a credential, and then the ledger whether the next
	// login with a credential may be tried, by this session or one that follows it. It fails as that login would, and costs
	// nothing.
	MayAuthenticate(context.Context, Credential) error
}

// Impersonator is a session that can send a request as another account: some devices want that an account whose password
// an administrator has set sets one itself before it may do anything else.
type Impersonator interface {
	// DoAs is Session.Do with the login of another account, over a new connection. The login costs one attempt if the
	// device refuses it. The identity of the device is that of the session, which must have been identified.
	DoAs(context.Context, Credential, Request) (Reply, error)
}

// Exporter is a session whose device may give out a file with which the password of its administrator can be reset while nobody
// knows it.
type Exporter interface {
	// ExportRecoveryFile has the device make the file, which may void the one before. The file is as secret as a password. The
	// error is ErrUnsupported where the device gives none, or would be sent the password of the login in a way that others can
	// read; ErrUnknown where it may have made one that did not arrive.
	ExportRecoveryFile(context.Context) ([]byte, error)
}

// Certifier is a provider of devices that make requests for certificates, which an authority signs. The key of a request never
// leaves its device. Its methods are pure.
type Certifier interface {
	// SigningRequest says how a device is asked for a request, by the documents of the kind that holds its certificate. The error
	// is ErrUnsupported where the device makes none, and ErrInvalid where it cannot make one for the subject.
	SigningRequest(kind *schema.Kind, docs Documents, of Subject) (Signing, error)

	// ParseSigningRequest reads what the device gives at Signing.Path; ErrMalformed if it is no request that is signed with its own key.
	ParseSigningRequest(Document) (*x509.CertificateRequest, error)
}

// Subject is the holder of a certificate.
type Subject struct {
	CommonName string
	Country    string // in two letters; empty for that of the certificate that the device has
	Voids      bool   // whether a new request is made where one waits, which is void then
}

// Signing is how a device makes a request for a certificate.
type Signing struct {
	Open    *x509.CertificateRequest // that it made before and that still waits; nil if there is none
	Request Request                  // that has it make one
	Path    string                   // where it gives the one that it made
}

// Archiver is a reader whose device may give out its whole configuration in a form that it alone reads.
type Archiver interface {
	// Archive has the device seal its configuration with a key that is made for this archive. Nothing changes on the device. The error
	// is ErrUnsupported where the device gives none, or where others could read the key on its way.
	Archive(context.Context) (Archive, error)
}

// Archive is the configuration of a device in a form that it alone reads: the same device, with the same firmware. It may hold
// passwords, and is as secret as they are.
type Archive struct {
	Key  schema.Secret // with which it is opened; empty where the device accepts none, so that anybody with the archive can read it
	Body []byte
}

// LogKeeper is a reader whose device keeps its own log, which can be searched.
type LogKeeper interface {
	// Log searches the log for what people did at the device or from afar in a time, by our clock. Nothing changes on the device. The
	// error is ErrUnsupported where the device gives none.
	Log(ctx context.Context, of Span) (Log, error)
}

// Span is a time from and until, both included.
type Span struct{ From, Until time.Time }

// Log is what a device wrote down of a time.
type Log struct {
	Entries  []LogEntry // in the order of the device
	Pages    [][]byte   // the answers as they came
	Complete bool       // whether these are all entries that the device has of that time
}

// LogEntry is an entry in the log of a device.
type LogEntry struct {
	At     time.Time // by our clock, from that of the device; zero if the device reports no time that can be read
	Told   string    // the time as the device writes it
	What   string    // in the words of the device
	User   string    // empty if the device does not tell
	Source string    // address that it came from; empty for somebody at the device, or if the device does not tell
	Resets bool      // whether it is about a reset of a password or of settings, in whatever way
}

// Identity is what a device says about itself, or what a configuration says about a device.
type Identity struct {
	Serial   string `json:"serial,omitempty"`
	MAC      string `json:"mac,omitempty"` // lower case with colons
	Model    string `json:"model,omitempty"`
	Firmware string `json:"firmware,omitempty"`
	Type     string `json:"type,omitempty"` // the sort of device that it calls itself, such as "NVR"; decides about nobody's identity
}

// Document is what a device answered for a path.
type Document struct {
	Path    string
	Body    []byte    // as it came; nil if Missing is not empty
	Missing string    // why the device does not have it ("403 notSupport"), empty if it does
	Unsure  bool      // whether Missing may as well be a fault of the device that passes ("500 deviceError", "404 with an HTML page")
	Hide    *Redactor // blanks the login with which it was read, where something of it is shown; nil for cached documents
	Source  string    // local address of the connection as the client sees it, such as "192.0.2.10"; empty for cached documents
	Told    Told      // when it was asked for; zero for cached documents

	Shown *x509.Certificate // what the device showed over TLS when it was asked; nil over plain HTTP, and for cached documents
}

// NotThere is the error for a document that is needed and that the device does not have.
func (d Document) NotThere() error {
	return fmt.Errorf("the device has no %s (%s): %w", d.Path, d.Missing, ErrUnsupported)
}

// Empty is the error for a document that is needed and that the device answers with nothing in it.
func (d Document) Empty() error { return fmt.Errorf("%s is empty: %w", d.Path, ErrMalformed) }

// Documents are documents by path. A path that is not in the map was not read.
type Documents map[string]Document

// Change is one change to one setting.
type Change struct {
	Kind   *schema.Kind
	Key    string
	Before cty.Value // null if the item does not exist
	After  cty.Value // null if it is to be removed; null attributes are left as they are. No marks; secrets are of schema.SecretType.
}

// Item names the setting that is changed.
func (c Change) Item() Key { return Key{Kind: c.Kind.Name, Key: c.Key} }

// Name writes the setting that is changed as messages have it.
func (c Change) Name() string { return schema.Setting{Kind: c.Kind.Name, Key: c.Key}.Local() }

// Refused is what Check says about the change, as an error of a family.
func (c Change) Refused(wrong AttributeError, family error) error {
	place := strings.TrimSuffix(c.Name()+"."+wrong.Attribute, ".")
	return fmt.Errorf("%s: %s: %w", place, strings.TrimSuffix(wrong.Detail, "."), family)
}

// Composition is what Compose works on.
type Composition struct {
	Documents Documents // all documents of the kinds involved, as just read
	Changes   []Change  // all for the same document
	First     []string  // addresses and networks whose entries come first among those that are new in a list of addresses
	Login     Credential
}

// Request is one request that changes a device. Its body may contain secrets: it is never stored or logged as it is.
type Request struct {
	Method string
	Path   string // URI path and query
	Body   []byte
	Keys   []Key // the settings that it changes

	// Content is the media type of a body that is neither XML nor JSON, such as a file; empty for those.
	Content string

	// Instead makes the same change in another way, for a device that does not have the path, or does not take the method there; nil
	// for none. It is sent only after such a refusal, which says that nothing was changed. Requests that share one share what becomes
	// of it, and it makes the changes of all of them: a session sends it once.
	Instead *Request

	// Shows is what the device shows over TLS once it carried out the request and those of its setting after it, its own certificate
	// first; nil for a request that leaves that alone. A session sends the request over TLS only, and not if it would not accept the
	// certificate.
	Shows []*x509.Certificate

	// Brings says that the device gets the certificate with this request, for a key that it reported before. The key must be durable as
	// the next one of the pin before the request leaves.
	Brings bool

	// Proven requests take the certificate before it away: they leave only after the device showed the new one over a new connection.
	Proven bool

	// Numbered says that the device gives the new item its own number, the lowest free one. The request leaves only
	// once all that requests before it were to make is there: it would get the number of what is not.
	Numbered bool

	// Sensitive are the names of elements whose texts leave over plain HTTP enciphered only, and over TLS of an old version not at
	// all; nil for none.
	Sensitive []string

	// InClear lets them leave over plain HTTP as they are, to a device that takes no enciphered texts; and OldTLS lets them leave over
	// any version of TLS.
	InClear, OldTLS bool

	// Confirm is the parameter of the query that brings the password of the login, enciphered over any connection; empty for none. A
	// device that takes no enciphered texts is sent the request without.
	Confirm string
}

// Key names a setting within a device.
type Key struct {
	Kind string
	Key  string
}

// Reply says what a device made of a request.
type Reply struct {
	Outcome Outcome
	ID      string // id that the device gave to a new item, empty if none
	Remark  string // what the device added, for people; quoted
}

// Outcome is the result of a request that the device accepted.
type Outcome string

// The outcomes.
const (
	Applied       Outcome = "applied"        // effective now
	PendingReboot Outcome = "pending-reboot" // stored, effective after the next restart
	Restarting    Outcome = "restarting"     // the device restarts by itself
)

// Ledger accounts for login attempts, so that all processes together never use up what a device allows. Methods are safe
// for concurrent use.
type Ledger interface {
	// Charge records durably that an attempt is about to be made. It fails with ErrBudget, ErrLocked or ErrRefused when
	// the attempt must not be made; the error says until when.
	Charge(context.Context, Attempt) (Charge, error)

	// Allow fails as Charge would now, and records nothing.
	Allow(context.Context, Attempt) error

	// Settle records how a charged attempt ended. An attempt that is never settled counts as refused.
	Settle(context.Context, Charge, AttemptResult) error

	// Return refunds a charge whose attempt provably never left.
	Return(context.Context, Charge) error

	// Leave says that the session is over whose attempt was accepted. Before, no other process begins one on a device that does not
	// tell how many attempts are left: the device may count every document that it withholds.
	Leave(context.Context, Charge) error

	// Locked records that a device said it is locked, for d from now.
	Locked(ctx context.Context, endpoint string, d time.Duration) error
}

// Attempt is a login attempt that is about to be made.
type Attempt struct {
	Endpoint   string // "host:port" of the device
	Credential Credential
	Remaining  int // attempts that the device says are left, or RemainingUnknown
	Consent    Consent
}

// Consent says on whose word a login attempt is made, and so how much of what a device allows it may take.
type Consent string

// The consents. The zero value is that of a run.
const (
	ByRun    Consent = ""        // nobody was asked
	ByPerson Consent = "person"  // the operator gave the password
	AtRisk   Consent = "at risk" // the operator accepts that few attempts may be left afterwards, for a reason
)

// Kept is how many attempts before a lock it leaves: two, so that the operator can still mistype once, and one where the operator
// accepts the risk.
func (c Consent) Kept() int {
	if c == AtRisk {
		return 1
	}
	return 2
}

// FewLeftError says that a device has no attempts left but those that are kept; see Consent.
type FewLeftError struct{ Left, Kept int }

// Error says how many are left.
func (e *FewLeftError) Error() string {
	return fmt.Sprintf("it has %d login attempts left before it locks, and camform never spends the last %d: %v", e.Left, e.Kept, ErrBudget)
}

// Unwrap gives ErrBudget.
func (*FewLeftError) Unwrap() error { return ErrBudget }

// RemainingUnknown stands for a number of attempts that the device did not tell.
const RemainingUnknown = -1

// Charge identifies a charged attempt.
type Charge int64

// AttemptResult is how an attempt ended.
type AttemptResult struct {
	Accepted bool

	// Contested says that the device refused it for one document, or gave no answer, after it had accepted the credential for
	// another in the same session.
	Contested bool

	Remaining int           // as told by the device after the refusal, or RemainingUnknown
	Lock      time.Duration // how long the device says it is locked, 0 if it is not
}

// Trace receives what is sent and received, already without secrets.
type Trace func(TraceEntry)

// TraceEntry is one exchange with a device.
type TraceEntry struct {
	Device   schema.Device
	Method   string
	Path     string
	Status   int // 0 if there was no answer
	Duration time.Duration
	Request  string // body with secrets blanked, cut
	Response string
	Err      error
}
