package simulator

import (
	"encoding/json"
	"fmt"
	"slices"
	"time"
)

// personality is what distinguishes the firmware of a model, as data. Each built-in model has one in its model.json.
type personality struct {
	Kind   string `json:"kind"`   // camera, thermal, recorder or dvr
	Serial string `json:"serial"` // a serial number with # for each made-up digit
	Realm  string `json:"realm"`  // a digest realm with # for each made-up hexadecimal digit

	Server          string         `json:"server"`          // the Server header, empty for none
	Challenge       challengeStyle `json:"challenge"`       // how WWW-Authenticate is spelled
	UserCheck       userCheckStyle `json:"userCheck"`       // how much an answer 401 tells
	CertificateType string         `json:"certificateType"` // what is accepted where there is no webCertificate document

	Lock     lockDefaults  `json:"lock"`
	Writes   writeStyle    `json:"writes"`
	Unknown  refusalStyle  `json:"unknown"`   // the answer for a document that the model does not have
	Verb     refusalStyle  `json:"wrongVerb"` // the answer for a method that the document does not know
	Refused  int           `json:"refused"`   // HTTP status of refused content
	Response responseStyle `json:"response"`
	TLS      []string      `json:"tls,omitempty"` // versions spoken where adminAccesses has no flags for them
	Reboot   rebootStyle   `json:"reboot"`

	Activation activationStyle `json:"activation"` // how it gets its first password
	// Extern is what it says of its ways to be reset without a password; empty where it demands one.
	Extern externStyle `json:"extern,omitempty"`

	// RebootRequired are documents whose changes are stored at once but act only after a reboot, and views where a change
	// does, such as /ISAPI/System/Network/interfaces/{id}/ipAddress.
	RebootRequired []string `json:"rebootRequired,omitempty"`
	// Rewrites are the changes that the model makes to a time document that it accepts.
	Rewrites []rewrite `json:"rewrites,omitempty"`
	// Absent are answers for what is not there below single paths, where they differ from the usual one.
	Absent []absence `json:"absent,omitempty"`
	// Banned are values that a document has from the factory, yet cannot be given.
	Banned []ban `json:"banned,omitempty"`
	// StrictTriggers makes notifications of events want the id of their method, and the channel if they record.
	StrictTriggers bool `json:"strictTriggers,omitempty"`
	// TellsSource makes a device tell which address it sees a client at.
	TellsSource bool `json:"tellsSource,omitempty"`
	// LeaseWins makes an interface with a dynamic address answer ok to addresses, and keep its own.
	LeaseWins bool `json:"leaseWins,omitempty"`
	// PermissionOffset is added to the id of a user for the id of the list of his rights.
	PermissionOffset int `json:"permissionOffset,omitempty"`
	// Channels says how a recorder reports its cameras.
	Channels channelStyle `json:"channels,omitzero"`
	// SADP says what a device tells in the discovery protocol.
	SADP sadpStyle `json:"sadp,omitzero"`
	// ShortSessions makes the ids of sessions at the web page short, as older firmware has them, under a cookie without a number.
	ShortSessions bool `json:"shortSessions,omitempty"`
	// HeartbeatMillis is how many milliseconds pass between two heartbeats in the stream of events; 0 for ten seconds.
	HeartbeatMillis int `json:"heartbeatMillis,omitempty"`
	// WeakPassword is the status string that goes with riskPassword where it is not the usual one.
	WeakPassword string `json:"weakPassword,omitempty"`
}

type challengeStyle string

const (
	cameraChallenge   challengeStyle = "camera"   // qop first, the algorithm only if it is not MD5
	recorderChallenge challengeStyle = "recorder" // domain, empty opaque, quoted algorithm
)

type userCheckStyle string

const (
	fullUserCheck  userCheckStyle = "full"  // name space, activation, lock state, attempts left
	plainUserCheck userCheckStyle = "plain" // the same without name space and activation
	shortUserCheck userCheckStyle = "short" // only that it is unauthorised
)

type writeStyle string

const (
	mergeWrites writeStyle = "merge" // elements that are given are changed, the others stay
	fullWrites  writeStyle = "full"  // everything that GET delivered must come back
	keepWrites  writeStyle = "keep"  // any document with the right root is kept as it comes: recordings
)

type rewrite string

const (
	rewriteDaylight    rewrite = "daylightRules" // a time zone without rules for summer time gets the default ones
	rewriteWindowsZone rewrite = "windowsZone"   // a name in the manner of Windows is added
	rewriteIANA        rewrite = "iana"          // a name in the manner of the IANA is added
)

type lockDefaults struct {
	Times   int    `json:"times"`            // failed logins until the lock
	Minutes int    `json:"minutes"`          // how long it lasts
	Unit    string `json:"unit,omitempty"`   // unit of maxIllegalLoginLockTime: minutes or seconds; empty to judge by its size
	Status  int    `json:"status,omitempty"` // HTTP status without a body while locked; 0 for 401 with userCheck
}

type refusalStyle struct {
	Status int     `json:"status"`
	Code   subCode `json:"code"`
}

type absence struct {
	Below string `json:"below"`
	refusalStyle
}

type ban struct {
	Path    string  `json:"path"`
	Element string  `json:"element"`
	Text    string  `json:"text"`
	Code    subCode `json:"code"`
}

type channelStyle struct {
	StatusList   bool `json:"statusList"`   // the status of all channels comes in one document; otherwise one by one only
	CamerasThere bool `json:"camerasThere"` // addresses that are not in the fleet are those of cameras that answer
}

type responseStyle struct {
	Namespace  string `json:"namespace"`
	Version    string `json:"version"`
	RequestURL bool   `json:"requestURL"`
	ErrorCode  bool   `json:"errorCode"`
}

type rebootStyle struct {
	Away  int `json:"away"`            // seconds without an answer
	Grace int `json:"grace,omitempty"` // seconds afterwards in which writes are refused
}

// recordedPersonality is what a recorded device has that says nothing about itself.
func recordedPersonality() personality {
	return personality{
		Kind: "device", Realm: "########################", Challenge: recorderChallenge, UserCheck: fullUserCheck,
		CertificateType: "digest", Lock: lockDefaults{Times: 7, Minutes: 30}, Writes: keepWrites,
		Unknown: refusalStyle{403, notSupport}, Verb: refusalStyle{403, methodNotAllowed}, Refused: 400,
		Response: responseStyle{Namespace: isapiNamespace, Version: "2.0", RequestURL: true, ErrorCode: true},
		Reboot:   rebootStyle{Away: 60}, Activation: classicActivation,
	}
}

// readPersonality reads a model.json.
func readPersonality(text []byte) (personality, error) {
	p := personality{CertificateType: "digest"}
	if err := json.Unmarshal(text, &p); err != nil {
		return p, err
	}
	return p, p.check()
}

func (p *personality) check() error {
	switch {
	case !slices.Contains([]challengeStyle{cameraChallenge, recorderChallenge}, p.Challenge):
		return fmt.Errorf("challenge %q is not known", p.Challenge)
	case !slices.Contains([]userCheckStyle{fullUserCheck, plainUserCheck, shortUserCheck}, p.UserCheck):
		return fmt.Errorf("userCheck %q is not known", p.UserCheck)
	case !slices.Contains([]writeStyle{mergeWrites, fullWrites}, p.Writes):
		return fmt.Errorf("writes %q is not known", p.Writes)
	case !slices.Contains([]activationStyle{noActivation, classicActivation, v3Activation}, p.Activation):
		return fmt.Errorf("activation %q is not known", p.Activation)
	case !slices.Contains([]externStyle{"", externOpen, externClosed}, p.Extern):
		return fmt.Errorf("extern %q is not known", p.Extern)
	case p.Lock.Times <= 0 || p.Lock.Minutes <= 0:
		return fmt.Errorf("lock has no limits")
	case slices.ContainsFunc(p.Absent, func(a absence) bool { return a.Below == "" || a.Status == 0 || errorCodes[a.Code] == 0 }):
		return fmt.Errorf("an absence lacks its path, its status or a known code")
	case slices.ContainsFunc(p.Banned, func(b ban) bool { return b.Path == "" || b.Element == "" || errorCodes[b.Code] == 0 }):
		return fmt.Errorf("a ban lacks its path, its element or a known code")
	case p.Unknown.Status == 0 || p.Verb.Status == 0 || p.Refused == 0:
		return fmt.Errorf("a refusal has no HTTP status")
	}
	return nil
}

// lockTime is how long a lock of that many units lasts. Cameras count minutes up to 120, terminals seconds.
func (l lockDefaults) lockTime(units int) time.Duration {
	if l.Unit == "seconds" || l.Unit == "" && units > 120 {
		return time.Duration(units) * time.Second
	}
	return time.Duration(units) * time.Minute
}
