package approval

import (
	"errors"
	"fmt"
	"path"
	"slices"
	"strings"
	"time"
	"unicode"

	"golang.org/x/crypto/ssh"

	"camform/engine/diag"
)

// signer is a person with one of the keys with which that person may sign.
type signer struct {
	principal string
	key       string    // the public key as SSH writes it on the wire
	after     time.Time // signatures are good from then on; zero for always
	before    time.Time // signatures are good before; zero for ever
}

// person is how people are told apart. Names that differ in case only are those of one person.
func person(principal string) string { return strings.ToLower(strings.TrimSpace(principal)) }

// holds reports whether the key is valid at a time.
func (s signer) holds(at time.Time) bool {
	return !at.Before(s.after) && (s.before.IsZero() || at.Before(s.before))
}

// within reports whether a key is valid only when another one is.
func (s signer) within(other signer) bool {
	ends := other.before.IsZero() || (!s.before.IsZero() && !s.before.After(other.before))
	return ends && !s.after.Before(other.after)
}

// signers are who may sign with what.
type signers []signer

// keyOf is how a public key stands in signers.
func keyOf(key ssh.PublicKey) string { return string(key.Marshal()) }

// of are the entries of a key.
func (all signers) of(key string) signers {
	var found signers
	for _, s := range all {
		if s.key == key {
			found = append(found, s)
		}
	}
	return found
}

// people are the names in signers, sorted, each once.
func (all signers) people() []string {
	var names []string
	for _, s := range all {
		if !slices.ContainsFunc(names, func(n string) bool { return person(n) == person(s.principal) }) {
			names = append(names, s.principal)
		}
	}
	slices.Sort(names)
	return names
}

// parseSigners reads lines of an allowed signers file of OpenSSH. A line that is not understood is an error, since ignoring
// it could take a condition for none.
func parseSigners(lines []string) (signers, error) {
	var all signers
	for i, line := range lines {
		found, err := parseSigner(strings.TrimSpace(line))
		if err != nil {
			return nil, fmt.Errorf("signer %d of the approvals (%s): %w", i+1, diag.Quote(firstWord(line)), err)
		}
		all = append(all, found...)
	}
	return all, nil
}

func firstWord(line string) string {
	if words := strings.Fields(line); len(words) > 0 {
		return words[0]
	}
	return ""
}

// parseSigner reads a line: principals with commas between them, perhaps options, a key and perhaps a comment.
func parseSigner(line string) (signers, error) {
	if strings.ContainsAny(line, "\r\n") {
		return nil, errors.New("a line ends within it")
	}
	names, rest, _ := strings.Cut(strings.ReplaceAll(line, "\t", " "), " ")
	key, _, options, _, err := ssh.ParseAuthorizedKey([]byte(rest))
	if err != nil {
		return nil, errors.New("it holds no public key; a line is written like: alice@example.com ssh-ed25519 AAAA")
	}
	if _, ok := key.(*ssh.Certificate); ok {
		return nil, errors.New("it holds a certificate; write the public key itself")
	}
	base := signer{key: keyOf(key)}
	ours := true
	for _, option := range options {
		match, err := base.limit(option)
		if err != nil {
			return nil, err
		}
		ours = ours && match
	}
	if !ours {
		return nil, nil
	}
	var all signers
	for _, name := range strings.Split(names, ",") {
		if err := checkPrincipal(name); err != nil {
			return nil, err
		}
		entry := base
		entry.principal = name
		all = append(all, entry)
	}
	return all, nil
}

// limit takes over an option of a line. It reports whether the key is for signatures of approvals at all.
func (s *signer) limit(option string) (ours bool, err error) {
	name, value, _ := strings.Cut(option, "=")
	value = strings.Trim(value, `"`)
	switch strings.ToLower(name) {
	case "namespaces":
		return namesUs(value)
	case "valid-after":
		at, err := moment(value)
		if at.After(s.after) {
			s.after = at
		}
		return true, err
	case "valid-before":
		at, err := moment(value)
		if s.before.IsZero() || at.Before(s.before) {
			s.before = at
		}
		return true, err
	case "cert-authority":
		return false, errors.New("cert-authority is not supported, since a certificate can name anybody; list the public key of each person")
	default:
		return false, fmt.Errorf("there is no option %s; namespaces, valid-after and valid-before are known", diag.Quote(name))
	}
}

// namesUs reports whether a list of patterns of namespaces has ours.
func namesUs(list string) (bool, error) {
	ours := false
	for _, pattern := range strings.Split(list, ",") {
		match, err := path.Match(pattern, Namespace)
		if err != nil || strings.ContainsAny(pattern, `![\`) {
			return false, fmt.Errorf("namespaces=%s is not supported; name the namespaces one by one", diag.Quote(list))
		}
		ours = ours || match
	}
	return ours, nil
}

// moment reads a time of an allowed signers file. OpenSSH takes one without Z for local time, which would be another one on
// another machine.
func moment(text string) (time.Time, error) {
	for _, layout := range []string{"20060102Z", "200601021504Z", "20060102150405Z"} {
		if at, err := time.Parse(layout, text); err == nil {
			return at, nil
		}
	}
	return time.Time{}, fmt.Errorf("%s is no time in UTC; write it like 20270131Z or 202701311200Z", diag.Quote(text))
}

// checkPrincipal demands a name that stands for one person and can be shown as it is.
func checkPrincipal(name string) error {
	odd := func(r rune) bool {
		return !unicode.IsPrint(r) || unicode.IsSpace(r) || strings.ContainsRune(`*?!",`, r)
	}
	if name == "" || strings.ContainsFunc(name, odd) {
		return fmt.Errorf("%s does not name one person", diag.Quote(name))
	}
	return nil
}
