package simulator

import (
	"bytes"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"time"

	"camform/providers/device"
)

// recovery is what a device keeps for the day on which nobody knows its password.
type recovery struct {
	guid    string            // the text of the file that resets it; empty until one was exported
	answers map[string]string // to security questions, by their ids: digests
	emails  []string          // addresses that codes go to
	mail    timed             // the code that went there last
	code    timed             // the one that was given for the vendor's support
	tries   map[Method]tries
}

// timed is a code that expires.
type timed struct {
	text string // empty if there is none
	from time.Time
}

// validity is how long codes serve.
const validity = 48 * time.Hour

func (c timed) expired(at time.Time) bool { return at.After(c.from.Add(validity)) }

// tries are wrong files, answers or codes.
type tries struct {
	wrong int
	until time.Time // nothing is listened to before
}

// As many wrong files cost so much time; that answers and codes do is assumed.
const (
	maxWrong    = 7
	wrongCosts  = 30 * time.Minute
	maxGUIDFile = 128
)

// Method is a way to get a device back whose password nobody knows.
type Method string

// The methods. The first four leave all but the administrator's password; what they need was prepared before, or comes from
// the vendor's support.
const (
	ByGUID      Method = "guid"      // with the file that the device exported
	ByQuestions Method = "questions" // with the answers to its security questions
	ByEmail     Method = "email"     // with a code that went to its reserved address
	BySupport   Method = "support"   // with the answer of the vendor's support to the code that it gave last
	Basic       Method = "basic"     // it forgets all but its network, its users and its security settings
	Wipe        Method = "wipe"      // it forgets everything
)

// methods are the methods that want a new password, and the word of the discovery protocol for their being possible.
var methods = map[Method]string{ByGUID: "SupportGUID", ByQuestions: "SupportSecurityQuestion", ByEmail: "SupportMailBox", BySupport: "PasswordResetAbility"}

// Attempt is what somebody does who stands at a device, or has the vendor's tool in its network.
type Attempt struct {
	Method   Method            `json:"method"`
	File     []byte            `json:"file,omitempty"`     // for ByGUID and BySupport
	Answers  map[string]string `json:"answers,omitempty"`  // for ByQuestions, by the ids of the questions
	Code     string            `json:"code,omitempty"`     // for ByEmail
	Password string            `json:"password,omitempty"` // that the administrator has from then on; not for Basic and Wipe
}

// Why a device is not reset.
var (
	ErrNoSuchReset = errors.New("the device cannot be reset that way")
	ErrNoState     = errors.New("the device cannot do it in its present state")
	ErrWrongProof  = errors.New("the device does not accept it")
	ErrTooMany     = errors.New("the device accepts none for a while, after too many wrong ones")
	ErrOverdue     = errors.New("the code has expired, or a later one replaced it")
	ErrRisk        = errors.New("the device does not accept the new password")
)

// Reset resets the device. The errors are the ones above, with what is left to try.
func (d *Device) Reset(r Attempt) error {
	defer d.enter()()
	c := custody{&d.unit}
	switch {
	case c.away():
		return fmt.Errorf("%w: it has no power, or is starting", ErrNoState)
	case r.Method == Wipe:
		c.defaults("localParamFactoryDefault", c.wipe)
		return nil
	case r.Method == Basic:
		c.defaults("localParamSimpleDefault", c.forget)
		return nil
	case methods[r.Method] == "" || !slices.Contains(c.model.SADP.Abilities, methods[r.Method]):
		return fmt.Errorf("%w: %q", ErrNoSuchReset, r.Method)
	case c.inactive:
		return fmt.Errorf("%w: it has no password to reset", ErrNoState)
	case c.model.checkPassword(c.admin, r.Password) != nil:
		return ErrRisk
	}
	return c.reset(r)
}

// reset gives the administrator a new password, for proof.
func (d custody) reset(r Attempt) error {
	t := d.recovery.tries[r.Method]
	if left := t.until.Sub(d.now()); left > 0 {
		return fmt.Errorf("%w: %d minutes are left", ErrTooMany, int(left.Minutes()+1))
	}
	err := d.prove(r)
	if errors.Is(err, ErrWrongProof) {
		t.wrong++
		err = fmt.Errorf("%w: %d attempts are left", err, maxWrong-t.wrong)
		if t.wrong >= maxWrong {
			t = tries{until: d.now().Add(wrongCosts)}
		}
		d.recovery.note(r.Method, t)
	}
	if err != nil {
		return err
	}
	admin := d.core.Accounts.Set(d.admin, administrator, r.Password)
	admin.Disabled = false
	d.accountsChanged()
	d.recovery.guid, d.recovery.code, d.recovery.mail, d.recovery.tries = "", timed{}, timed{}, nil
	d.core.Gate.Reset()
	clear(d.nonces)
	d.record(Entry{Kind: PasswordReset, User: d.admin, Detail: "localResetLoginPassWord"})
	return nil
}

func (r *recovery) note(m Method, t tries) {
	if r.tries == nil {
		r.tries = map[Method]tries{}
	}
	r.tries[m] = t
}

// prove checks what came for a reset.
func (d custody) prove(r Attempt) error {
	rec := &d.recovery
	right := false
	switch r.Method {
	case ByGUID:
		right = rec.guid != "" && same(rec.guid, strings.TrimSpace(string(r.File)))
	case ByQuestions:
		right = rec.answers != nil && len(r.Answers) == len(rec.answers)
		for id, answer := range r.Answers {
			right = right && same(rec.answers[id], d.digest(id, answer))
		}
	case ByEmail:
		if rec.mail.expired(d.now()) {
			return ErrOverdue
		}
		right = rec.mail.text != "" && same(rec.mail.text, strings.TrimSpace(r.Code))
	case BySupport:
		if rec.code.text == "" || rec.code.expired(d.now()) || !bytes.Equal(SupportAnswer([]byte(rec.code.text)), bytes.TrimSpace(r.File)) {
			return ErrOverdue
		}
		right = true
	}
	if !right {
		return ErrWrongProof
	}
	return nil
}

// SupportAnswer is the file that the vendor's support makes for the code of a device. It does not know whether the code is the last.
func SupportAnswer(code []byte) []byte {
	sum := sha256.Sum256(append([]byte("support|"), bytes.TrimSpace(code)...))
	return []byte(base64.StdEncoding.EncodeToString(sum[:]))
}

// digest is what is kept of an answer to a question.
func (d custody) digest(id, answer string) string {
	return shaDigest.hash(d.identity.salt + "|" + id + "|" + answer)
}

// Mail asks for a code as the vendor's app does, and returns it with the first reserved address, where it can be read. It voids the
// code before.
func (d *Device) Mail() (address, code string, err error) {
	defer d.enter()()
	r := &d.unit.recovery
	switch {
	case !slices.Contains(d.unit.model.SADP.Abilities, methods[ByEmail]):
		return "", "", ErrNoSuchReset
	case d.unit.away() || d.unit.inactive || len(r.emails) == 0:
		return "", "", fmt.Errorf("%w: it is unreachable, or has no reserved address", ErrNoState)
	}
	random := make([]byte, 4)
	rand.Read(random)
	r.mail = timed{hex.EncodeToString(random), d.unit.now()}
	return r.emails[0], r.mail.text, nil
}

// defaults lets the device forget, and starts it.
func (d custody) defaults(name string, forget func()) {
	forget()
	d.record(Entry{Kind: Defaulted, Detail: name})
	d.reboot()
}

// forget makes the device lose all but its network, its users, its security settings and its cameras.
func (d custody) forget() {
	kept := func(path string) bool {
		return slices.ContainsFunc([]string{securityPath, networkPath, channelsPath}, func(below string) bool {
			return path == below || strings.HasPrefix(path, below+"/")
		})
	}
	maps.DeleteFunc(d.own, func(path string, _ []byte) bool { return !kept(path) })
	maps.DeleteFunc(d.secrets, func(place, _ string) bool {
		path, _, _ := strings.Cut(place, "#")
		return !kept(path)
	})
	if d.info != nil {
		d.own[deviceInfoPath] = d.info
	}
	d.clockOffset = 0
	d.relearn()
}

// exports answers a request for what is no document: the file that resets the device, its log, and the file of its configuration.
func (x *exchange) exports(u *device.Account) (reply, bool) {
	switch {
	case x.unit.model.recorded:
		return reply{}, false
	case x.q.path == configurationPath:
		return x.configuration(u), true
	case x.q.method != http.MethodPost:
		return reply{}, false
	case x.q.path == guidFilePath && slices.Contains(x.unit.model.SADP.Abilities, methods[ByGUID]):
		return x.exportGUID(u), true
	case x.q.path == logSearchPath:
		return x.searchLog(), true
	}
	return reply{}, false
}

// exportGUID delivers the file that resets the device, to a client with the password of the administrator.
func (x *exchange) exportGUID(u *device.Account) reply {
	w := &write{unit: x.unit, q: x.q, by: u, f: x.f}
	if no := w.plain(); no != nil {
		return x.unit.model.respond(x.q, *no)
	}
	root, err := scan(w.q.body)
	switch {
	case err != nil:
		return x.refuse(badXMLFormat)
	case root.name != "LoginPassword":
		return x.refuse(badXMLContent)
	}
	if no := w.confirm(root.value("password"), "password", wrongAdminPassword); no != nil {
		return x.unit.model.respond(x.q, *no)
	}
	r := &x.unit.recovery
	if r.guid == "" {
		random := make([]byte, maxGUIDFile/2)
		rand.Read(random)
		r.guid = hex.EncodeToString(random)
	}
	x.unit.record(x.q.entry(RemoteConfig, u.Name))
	return x.unit.model.send(http.StatusOK, contentBinary, []byte(r.guid))
}

// keeps is what a write puts by for recovery, once the device took it.
type keeps struct {
	answers map[string]string
	emails  []string
}

func (k keeps) into(r *recovery) {
	if k.answers != nil {
		r.answers = k.answers
	}
	if k.emails != nil {
		r.emails, r.mail = k.emails, timed{}
	}
}

// reservedEmails are the addresses in a document. Those that are masked stay as they are.
func (r *recovery) reservedEmails(body []byte) []string {
	var sent struct {
		SecurityEmail struct {
			SecurityInformation []struct {
				EmailAddress string `json:"emailAddress"`
			}
		}
	}
	if json.Unmarshal(body, &sent) != nil || sent.SecurityEmail.SecurityInformation == nil {
		return nil
	}
	emails := []string{}
	for i, information := range sent.SecurityEmail.SecurityInformation {
		switch {
		case !strings.Contains(information.EmailAddress, "****"):
			emails = append(emails, information.EmailAddress)
		case i < len(r.emails):
			emails = append(emails, r.emails[i])
		}
	}
	return emails
}
