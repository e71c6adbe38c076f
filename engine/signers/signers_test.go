package signers

import (
	"bytes"
	"crypto/ed25519"
	"crypto/rand"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/crypto/ssh"
)

// key makes the same key for the same letter.
func key(t *testing.T, letter string) ssh.Signer {
	t.Helper()
	signer, err := ssh.NewSignerFromKey(ed25519.NewKeyFromSeed(bytes.Repeat([]byte(letter), ed25519.SeedSize)))
	if err != nil {
		t.Fatal(err)
	}
	return signer
}

// public is the public key of bob as a line has it, without a line end.
func public(t *testing.T) string {
	return strings.TrimSpace(string(ssh.MarshalAuthorizedKey(key(t, "b").PublicKey())))
}

func TestALineNamesPeopleWithAKey(t *testing.T) {
	bob := Key(key(t, "b").PublicKey())
	day := func(d int) time.Time { return time.Date(2026, 3, d, 0, 0, 0, 0, time.UTC) }
	for _, test := range []struct {
		front, behind string // of the key
		want          []Signer
	}{
		{"bob ", "", []Signer{{Principal: "bob", Key: bob}}},
		{"bob,Carol@example.com ", " a comment, as there often is", []Signer{{Principal: "bob", Key: bob}, {Principal: "Carol@example.com", Key: bob}}},
		{" \tbob\t", "\r\n", []Signer{{Principal: "bob", Key: bob}}},
		{`bob Valid-After="20260301Z",valid-before="202603020000Z" `, "", []Signer{{"bob", bob, day(1), day(2)}}},
		{`bob valid-before="20260303Z",valid-before="20260302Z",valid-before="20260304Z" `, "", []Signer{{Principal: "bob", Key: bob, Before: day(2)}}},
		{`bob valid-after="20260301Z",valid-after="20260303000000Z",valid-after="20260302Z" `, "", []Signer{{Principal: "bob", Key: bob, After: day(3)}}},
		{`bob namespaces="git,camform-*" `, "", []Signer{{Principal: "bob", Key: bob}}},
		{`bob namespaces="git,file" `, "", nil},
		{`bob namespaces="git",namespaces="camform-plan" `, "", nil},
		{`* namespaces="git" `, "", nil}, // not about us
	} {
		have, err := ParseLine(test.front+public(t)+test.behind, Plans)
		if diff := cmp.Diff(test.want, have); err != nil || diff != "" {
			t.Errorf("%q: %v (-want +have):\n%s", test.front, err, diff)
		}
	}
}

func TestALineThatIsNotUnderstoodIsAnError(t *testing.T) {
	certificate := &ssh.Certificate{Key: key(t, "b").PublicKey(), CertType: ssh.UserCert, ValidBefore: ssh.CertTimeInfinity}
	if err := certificate.SignCert(rand.Reader, key(t, "x")); err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct{ line, says string }{
		{"", "it contains no public key; write a line like"},
		{"bob", "it contains no public key"},
		{"bob # " + public(t), "it contains no public key"},
		{"bob ssh-ed25519 AAAA", "it contains no public key"},
		{public(t), "it contains no public key"},
		{"bob " + string(ssh.MarshalAuthorizedKey(certificate)), "it contains a certificate"},
		{"bob " + public(t) + "\neve " + public(t), "a line ends within it"},
		{"bob " + public(t) + "\reve " + public(t), "a line ends within it"},
		{"bob cert-authority " + public(t), "cert-authority is not supported"},
		{`bob namespaces="git",CERT-AUTHORITY ` + public(t), "cert-authority is not supported"},
		{"bob no-touch-required " + public(t), `there is no option "no-touch-required"`},
		{"bob " + strings.Repeat("x", 81) + " " + public(t), `there is no option "` + strings.Repeat("x", 80) + `"; `},
		{`bob namespaces="!git,*" ` + public(t), "name the namespaces one by one"},
		{`bob namespaces="camform-pla[n]" ` + public(t), "name the namespaces one by one"},
		{`bob namespaces="[" ` + public(t), "name the namespaces one by one"},
		{`bob valid-after="20270101" ` + public(t), `"20270101" is not a time in UTC; write it like 20270131Z`},
		{`bob valid-before="202701011200" ` + public(t), `"202701011200" is not a time in UTC`},
		{`bob valid-before ` + public(t), `"" is not a time in UTC`},
		{`bob valid-before="20270230Z" ` + public(t), `"20270230Z" is not a time in UTC`},
		{"*@example.com " + public(t), `"*@example.com" does not name one person`},
		{"bob,!eve " + public(t), `"!eve" does not name one person`},
		{"bob,,carol " + public(t), `"" does not name one person`},
		{"bob\x1b " + public(t), `"bob\x1b" does not name one person`},
	} {
		have, err := ParseLine(test.line, Plans)
		if err == nil || !strings.Contains(err.Error(), test.says) || have != nil {
			t.Errorf("%q: %v, %v, want %q", test.line, have, err, test.says)
		}
	}
}

func TestNamesThatDifferInCaseAreOnePerson(t *testing.T) {
	if Person(" Bob@Example.com") != Person("bob@example.com") || Person("bob") == Person("bob.") {
		t.Error("people are not told apart by their names")
	}
}

func TestAKeyHoldsFromItsBeginToBeforeItsEnd(t *testing.T) {
	noon := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	for _, test := range []struct {
		after, before time.Time
		want          bool
	}{
		{time.Time{}, time.Time{}, true},
		{noon, time.Time{}, true},
		{noon.Add(1), time.Time{}, false},
		{time.Time{}, noon, false},
		{time.Time{}, noon.Add(1), true},
		{noon, noon.Add(1), true},
	} {
		if have := (Signer{After: test.after, Before: test.before}).Holds(noon); have != test.want {
			t.Errorf("from %v until %v: %v", test.after, test.before, have)
		}
	}
}

// Within is that no time holds for the one and not for the other.
func TestWithinAnotherTime(t *testing.T) {
	day := func(d int) time.Time {
		if d == 0 {
			return time.Time{}
		}
		return time.Date(2026, 3, d, 0, 0, 0, 0, time.UTC)
	}
	var all []Signer
	for after := range 4 {
		for before := range 5 {
			if before == 0 || before > after {
				all = append(all, Signer{After: day(after), Before: day(before)})
			}
		}
	}
	for _, s := range all {
		for _, other := range all {
			want := true
			for d := 1; d < 6; d++ {
				for _, at := range []time.Time{day(d).Add(-1), day(d)} {
					want = want && (!s.Holds(at) || other.Holds(at))
				}
			}
			if have := s.Within(other); have != want {
				t.Errorf("%v to %v within %v to %v: %v", s.After, s.Before, other.After, other.Before, have)
			}
		}
	}
}

// What a line says means the same to OpenSSH: it accepts a signature of bob when we do.
func TestOpenSSHReadsTheSameLines(t *testing.T) {
	keygen, err := exec.LookPath("ssh-keygen")
	if err != nil {
		t.Skip("there is no ssh-keygen here")
	}
	dir := t.TempDir()
	private, signature, file := filepath.Join(dir, "bob"), filepath.Join(dir, "sig"), filepath.Join(dir, "signers")
	run := func(args ...string) ([]byte, error) {
		command := exec.Command(keygen, args...)
		command.Stdin = strings.NewReader("anything")
		return command.Output()
	}
	if _, err := run("-q", "-t", "ed25519", "-N", "", "-f", private); err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(private + ".pub")
	if err != nil {
		t.Fatal(err)
	}
	signed, err := run("-q", "-Y", "sign", "-f", private, "-n", Plans)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(signature, signed, 0o600); err != nil {
		t.Fatal(err)
	}
	at := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	for _, front := range []string{
		"bob ", "carol,bob ", "carol ", "bob\t", `bob namespaces="camform-*" `, `bob namespaces="git,camform-plan" `, `bob namespaces="git" `,
		`bob valid-after="20260301Z" `, `bob valid-after="202603011201Z" `, `bob valid-before="20260301120001Z" `, `bob valid-before="20260301Z" `,
		`bob valid-after="20260301Z",valid-before="20260302Z",namespaces="camform-plan" `,
	} {
		line := front + string(text)
		found, err := ParseLine(line, Plans)
		if err != nil {
			t.Errorf("%q: %v", front, err)
		}
		ours := slices.ContainsFunc(found, func(s Signer) bool { return s.Principal == "bob" && s.Holds(at) })
		if err := os.WriteFile(file, []byte(line), 0o600); err != nil {
			t.Fatal(err)
		}
		_, refused := run("-Y", "verify", "-f", file, "-I", "bob", "-n", Plans, "-s", signature, "-O", "verify-time=20260301120000Z")
		if ours != (refused == nil) {
			t.Errorf("%q: we accept bob: %v, and OpenSSH says %v", front, ours, refused)
		}
	}
}

func TestAKeyForOnePurposeIsOfNoUseForAnother(t *testing.T) {
	for _, test := range []struct {
		options string
		plans   int
		shots   int
	}{
		{"bob ", 1, 1},
		{`bob namespaces="camform-plan" `, 1, 0},
		{`bob namespaces="camform-snapshot" `, 0, 1},
		{`bob namespaces="camform-*" `, 1, 1},
	} {
		line := test.options + public(t)
		plans, err1 := ParseLine(line, Plans)
		shots, err2 := ParseLine(line, Snapshots)
		if len(plans) != test.plans || len(shots) != test.shots || err1 != nil || err2 != nil {
			t.Errorf("%q: %d for plans (%v), %d for snapshots (%v)", test.options, len(plans), err1, len(shots), err2)
		}
	}
}
