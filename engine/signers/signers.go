// Package signers reads who may sign with which key, and makes and proves such signatures: lines of an allowed signers file of
// OpenSSH, see ALLOWED SIGNERS of ssh-keygen(1), and signatures as ssh-keygen -Y sign makes them.
//
// Rules:
//
//   - A line that is not understood as a whole is an error, since ignoring a part of it could take a condition for none.
//   - A line names people one by one. Neither a pattern nor a certificate stands for somebody.
//   - A time is in UTC, so that it is the same one on every machine.
package signers

import (
	"errors"
	"fmt"
	"path"
	"strings"
	"time"
	"unicode"

	"golang.org/x/crypto/ssh"
)

// The namespaces of signatures, as ssh-keygen -Y calls them. Signatures that a key made for another purpose are of no use, and lines
// that name other namespaces only are not about us.
const (
	Plans     = "camform-plan"     // approvals of plans
	Snapshots = "camform-snapshot" // snapshots of devices, from which plans are made elsewhere
)

// Signer is a person with one of the keys with which that person may sign.
type Signer struct {
	Principal string    // the name, as the line has it; fit to be shown
	Key       string    // the public key, as Key writes it
	After     time.Time // signatures are good from then on; zero for always
	Before    time.Time // signatures are good before; zero for ever
}

// Key is how a public key stands in a Signer: as SSH writes it on the wire.
func Key(public ssh.PublicKey) string { return string(public.Marshal()) }

// Person is how people are distinguished. Names that differ in case only are those of one person.
func Person(principal string) string { return strings.ToLower(strings.TrimSpace(principal)) }

// Holds reports whether the key is valid at a time.
func (s Signer) Holds(at time.Time) bool {
	return !at.Before(s.After) && (s.Before.IsZero() || at.Before(s.Before))
}

// Within reports whether the key is valid only when that of another signer is.
func (s Signer) Within(other Signer) bool {
	ends := other.Before.IsZero() || (!s.Before.IsZero() && !s.Before.After(other.Before))
	return ends && !s.After.Before(other.After)
}

// errNoKey is the error of a line without a key that can be read.
var errNoKey = errors.New("it contains no public key; write a line like: alice@example.com ssh-ed25519 AAAA")

// ParseLine reads a line about signatures in a namespace: principals with commas between them, perhaps options, a key and perhaps a
// comment. There are none if the key is for other namespaces only. The error goes on a sentence about the line, and is fit to be
// shown. Blank lines and comments are for the reader of the file to leave out.
func ParseLine(line, namespace string) ([]Signer, error) {
	line = strings.TrimSpace(line)
	if strings.ContainsAny(line, "\r\n") {
		return nil, errors.New("a line ends within it")
	}
	names, rest, _ := strings.Cut(strings.ReplaceAll(line, "\t", " "), " ")
	key, _, options, _, err := ssh.ParseAuthorizedKey([]byte(rest))
	if err != nil {
		return nil, errNoKey
	}
	if _, ok := key.(*ssh.Certificate); ok {
		return nil, errors.New("it contains a certificate; write the public key itself")
	}
	base := Signer{Key: Key(key)}
	ours, err := base.limit(options, namespace)
	if err != nil || !ours {
		return nil, err
	}
	return base.named(strings.Split(names, ","))
}

// named are signers with the key of one for each of some principals.
func (s Signer) named(principals []string) ([]Signer, error) {
	var all []Signer
	for _, name := range principals {
		if err := CheckPrincipal(name); err != nil {
			return nil, err
		}
		s.Principal = name
		all = append(all, s)
	}
	return all, nil
}

// limit takes over the options of a line. It reports whether the key is for our signatures at all.
func (s *Signer) limit(options []string, namespace string) (ours bool, err error) {
	ours = true
	for _, option := range options {
		name, value, _ := strings.Cut(option, "=")
		match, err := s.limitBy(name, strings.Trim(value, `"`), namespace)
		if err != nil {
			return false, err
		}
		ours = ours && match
	}
	return ours, nil
}

func (s *Signer) limitBy(name, value, namespace string) (ours bool, err error) {
	switch strings.ToLower(name) {
	case "namespaces":
		return names(value, namespace)
	case "valid-after":
		at, err := moment(value)
		if at.After(s.After) {
			s.After = at
		}
		return true, err
	case "valid-before":
		at, err := moment(value)
		if s.Before.IsZero() || at.Before(s.Before) {
			s.Before = at
		}
		return true, err
	case "cert-authority":
		return false, errors.New("cert-authority is not supported, since a certificate can name anybody; list the public key of each person")
	default:
		return false, fmt.Errorf("there is no option %s; the options are namespaces, valid-after and valid-before", quote(name))
	}
}

// names reports whether a list of patterns of namespaces has one.
func names(list, namespace string) (bool, error) {
	ours := false
	for _, pattern := range strings.Split(list, ",") {
		match, err := path.Match(pattern, namespace)
		if err != nil || strings.ContainsAny(pattern, `![\`) {
			return false, fmt.Errorf("namespaces=%s is not supported; name the namespaces one by one", quote(list))
		}
		ours = ours || match
	}
	return ours, nil
}

// moment reads a time. OpenSSH takes one without Z for local time, which would be another one on another machine.
func moment(text string) (time.Time, error) {
	for _, layout := range []string{"20060102Z", "200601021504Z", "20060102150405Z"} {
		if at, err := time.Parse(layout, text); err == nil {
			return at, nil
		}
	}
	return time.Time{}, fmt.Errorf("%s is not a time in UTC; write it like 20270131Z or 202701311200Z", quote(text))
}

// CheckPrincipal demands a name that stands for one person and can be shown as it is.
func CheckPrincipal(name string) error {
	odd := func(r rune) bool {
		return !unicode.IsPrint(r) || unicode.IsSpace(r) || strings.ContainsRune(`*?!",`, r)
	}
	if name == "" || strings.ContainsFunc(name, odd) {
		return fmt.Errorf("%s does not name one person", quote(name))
	}
	return nil
}

// quote makes text of a file fit for a message: quoted, and not longer than anybody reads.
func quote(text string) string { return fmt.Sprintf("%.80q", text) }

// ParseLines reads the lines of a file of signers in a namespace that are neither blank nor comments, and counts the people that they
// name. The errors begin with the number of a line.
func ParseLines(text, namespace string) (lines []string, people int, errs []error) {
	names := map[string]bool{}
	number := 0
	for line := range strings.Lines(text) {
		number++
		line = strings.TrimSpace(line)
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		found, err := ParseLine(line, namespace)
		if err != nil {
			errs = append(errs, fmt.Errorf("%d: %w", number, err))
			continue
		}
		lines = append(lines, line)
		for _, s := range found {
			names[Person(s.Principal)] = true
		}
	}
	return lines, len(names), errs
}
