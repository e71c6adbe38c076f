package approval

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"golang.org/x/crypto/ssh"

	"camform/engine/plan"
	"camform/engine/signers"
)

// Namespace is the namespace of the signatures, as ssh-keygen -Y calls it.
const Namespace = signers.Plans

// How long an approval holds.
const (
	Life        = 24 * time.Hour     // unless it says something else
	LockoutLife = 2 * time.Hour      // the same for a plan that can lock everybody out of a device
	LongestLife = 7 * 24 * time.Hour // what it may say at most
)

// MaxFile is the most that the file of an approval may have, in bytes.
const MaxFile = 64 << 10

// maxComment is the most that a comment may have, in bytes.
const maxComment = 1000

// approve is the only decision there is.
const approve = "approve"

// Statement is what somebody signs.
type Statement struct {
	Hash      string    `json:"hash"`      // of the plan
	Decision  string    `json:"decision"`  // "approve"
	Principal string    `json:"principal"` // who signs, as the signers of the plan have it
	Created   time.Time `json:"created"`   // UTC, whole seconds
	Expires   time.Time `json:"expires"`   // UTC, whole seconds
	Devices   int       `json:"devices"`   // devices that the plan changes
	Changes   int       `json:"changes"`   // settings that it changes, and those that it forgets
	Comment   string    `json:"comment"`   // anything; it is shown in quotes and decides nothing
}

// Draft is the statement by which a person approves a plan. A life of 0 is as long as usual for the plan.
func Draft(s Subject, principal, comment string, now time.Time, life time.Duration) (Statement, error) {
	if life == 0 {
		life = s.life()
	}
	if life < time.Second || life > LongestLife {
		return Statement{}, fmt.Errorf("an approval is valid for at least a second and at most %s, not for %s", hours(LongestLife), hours(life))
	}
	if err := signers.CheckPrincipal(principal); err != nil {
		return Statement{}, err
	}
	if len(comment) > maxComment {
		return Statement{}, fmt.Errorf("the comment has %d bytes; the limit is %d", len(comment), maxComment)
	}
	created := now.UTC().Truncate(time.Second)
	return Statement{
		Hash: s.Hash, Decision: approve, Principal: principal, Created: created, Expires: created.Add(life).Truncate(time.Second),
		Devices: Devices(s.Plan), Changes: Changes(s.Plan), Comment: strings.ToValidUTF8(comment, "\ufffd"),
	}, nil
}

func hours(d time.Duration) string {
	if d%time.Hour == 0 {
		return fmt.Sprintf("%d h", d/time.Hour)
	}
	return d.String()
}

// Devices is how many devices a plan changes. It does not count those where something is only forgotten.
func Devices(p *plan.Plan) int {
	n := 0
	for _, d := range p.Devices {
		for _, s := range d.Steps {
			if s.Action != plan.Forget {
				n++
				break
			}
		}
	}
	return n
}

// Changes is how many steps a plan has, with those that only forget.
func Changes(p *plan.Plan) int {
	n := 0
	for _, d := range p.Devices {
		n += len(d.Steps)
	}
	return n
}

// Sign gives the text of the file of an approval: the statement as a line of JSON, and below it the signature of that line
// with its line end, as ssh-keygen -Y sign makes it.
func Sign(s Statement, signer ssh.Signer) ([]byte, error) {
	line, err := s.line()
	if err != nil {
		return nil, err
	}
	signature, err := signers.Sign(line, signer, Namespace)
	if err != nil {
		return nil, fmt.Errorf("sign the approval: %w", err)
	}
	return append(line, signature...), nil
}

func (s Statement) line() ([]byte, error) {
	line, err := json.Marshal(s)
	if err != nil {
		return nil, fmt.Errorf("write the approval: %w", err)
	}
	return append(line, '\n'), nil
}

// errNotOurs says that a file is no approval.
var errNotOurs = errors.New("it is not a camform approval, or it was changed after it was signed")

// open reads the file of an approval and proves its signature, but not whose key it is. But for the line ends of the
// signature, which programs choose differently, exactly one text stands for an approval: nothing can hide in a second
// spelling.
func open(text []byte) (Statement, ssh.PublicKey, error) {
	line, armor, found := bytes.Cut(text, []byte("\n"))
	if !found || len(text) > MaxFile {
		return Statement{}, nil, errNotOurs
	}
	line = text[:len(line)+1]
	statement, err := readStatement(line)
	if err != nil {
		return Statement{}, nil, errNotOurs
	}
	key, err := signers.Verify(line, armor, Namespace)
	switch {
	case errors.Is(err, signers.ErrNamespace):
		return Statement{}, nil, err
	case err != nil:
		return Statement{}, nil, errNotOurs
	}
	return statement, key, nil
}

// readStatement reads a line that says what line would write, and nothing else.
func readStatement(line []byte) (Statement, error) {
	var s Statement
	if err := json.Unmarshal(line, &s); err != nil {
		return Statement{}, err
	}
	again, err := s.line()
	if err != nil || !bytes.Equal(line, again) {
		return Statement{}, errNotOurs
	}
	return s, nil
}
