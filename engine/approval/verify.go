package approval

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"golang.org/x/crypto/ssh"

	"camform/engine/diag"
	"camform/engine/signers"
)

// Codes of the problems of a Verdict.
const (
	CodeRefused = "approval-refused"
	CodeMissing = "approval-missing"
)

// skew is how far the clock of who signs may be ahead.
const skew = 5 * time.Minute

// File is the file of an approval.
type File struct {
	Name string // for people
	Text []byte
}

// Signed is an approval that counts.
type Signed struct {
	Principal string // as the signers have it
	Key       string // fingerprint of the key, as ssh-keygen -l shows it
	Expires   time.Time
	Comment   string // of the signer; only fit for people in quotes
	File      string // name of the file
}

// Verdict is what approvals of a plan are worth.
type Verdict struct {
	Required int      // how many people must sign; 0 if nobody has to
	Signed   []Signed // by different people with different keys, ordered by name; more than required if there are
	Waiting  []string // people whose signature would still count, sorted; empty if enough have signed

	refused diag.Problems // files that do not count, and why
}

// Enough reports whether the plan may be applied.
func (v Verdict) Enough() bool { return len(v.Signed) >= v.Required }

// Problems are what is wrong, for people. Files that do not count are errors only if they are missed. It is empty if nobody
// has to sign.
func (v Verdict) Problems() diag.Problems {
	if v.Required == 0 {
		return nil
	}
	problems := slices.Clone(v.refused)
	if v.Enough() {
		for i := range problems {
			problems[i].Severity = diag.Warning
		}
		return problems
	}
	return append(problems, diag.Problem{
		Severity: diag.Error, Code: CodeMissing, Summary: "Approvals missing", Detail: v.missing(),
	})
}

func (v Verdict) missing() string {
	var signed []string
	for _, s := range v.Signed {
		signed = append(signed, s.Principal)
	}
	text := people(v.Required) + " must sign this plan"
	if len(signed) > 0 {
		text += ", and only " + strings.Join(signed, ", ") + " did"
	} else {
		text += ", and nobody did"
	}
	if len(v.Waiting) == 0 {
		return text + ". Nobody else may sign: name more people in the file of signers, and plan again."
	}
	return fmt.Sprintf("%s. %d more of these must run camform approve: %s.", text, v.Required-len(v.Signed), strings.Join(v.Waiting, ", "))
}

// Clock is the time by which approvals are judged.
type Clock struct {
	Now  time.Time
	Seen time.Time // the latest time that the state has seen. A clock that was turned back does not make approvals good again.
}

func (c Clock) latest() time.Time {
	if c.Seen.After(c.Now) {
		return c.Seen
	}
	return c.Now
}

// Verify judges the files of approvals of a plan. Nothing that they say about the plan is believed. The same file twice
// counts once, and so does one person with two keys, or one key with two names.
func Verify(s Subject, files []File, clock Clock) Verdict {
	v := Verdict{Required: s.rule.required}
	if v.Required == 0 {
		return v
	}
	var good []candidate
	for _, f := range files {
		c, err := s.judge(f, clock)
		if err != nil {
			v.refused = append(v.refused, diag.Problem{
				Severity: diag.Error, Code: CodeRefused, Summary: "Approval is not valid",
				Detail: fmt.Sprintf("%s: %s.", diag.Quote(f.Name), err),
			})
			continue
		}
		good = append(good, c)
	}
	v.Signed = distinct(good)
	if !v.Enough() {
		v.Waiting = slices.DeleteFunc(s.People(), func(name string) bool {
			return slices.ContainsFunc(v.Signed, func(have Signed) bool { return signers.Person(have.Principal) == signers.Person(name) })
		})
	}
	return v
}

// candidate is an approval that is good by itself.
type candidate struct {
	Signed
	key string
}

// judge reads an approval and checks it without regard to others. The error says why it does not count.
func (s Subject) judge(f File, clock Clock) (candidate, error) {
	statement, public, err := open(f.Text)
	if err != nil {
		return candidate{}, err
	}
	if err := s.Check(statement, public, clock); err != nil {
		return candidate{}, err
	}
	return candidate{Signed{
		Principal: statement.Principal, Key: ssh.FingerprintSHA256(public), Expires: statement.Expires,
		Comment: statement.Comment, File: f.Name,
	}, signers.Key(public)}, nil
}

// Check says why a statement would not count if it were signed with a key, nil if it would.
func (s Subject) Check(st Statement, key ssh.PublicKey, clock Clock) error {
	if err := s.checkPlan(st); err != nil {
		return err
	}
	if err := s.checkTimes(st, clock); err != nil {
		return err
	}
	return s.checkSigner(st, key, clock)
}

func (s Subject) checkPlan(st Statement) error {
	switch {
	case st.Hash != s.Hash:
		return fmt.Errorf("it is for another plan; %s must look at this one and sign again", diag.Quote(st.Principal))
	case st.Decision != approve:
		return fmt.Errorf("its decision is %s, not %q", diag.Quote(st.Decision), approve)
	case st.Devices != Devices(s.Plan) || st.Changes != Changes(s.Plan):
		return fmt.Errorf("it covers %d devices and %d changes, but the plan has %d and %d: sign with the same camform that applies the plan",
			st.Devices, st.Changes, Devices(s.Plan), Changes(s.Plan))
	}
	return nil
}

func (s Subject) checkTimes(st Statement, clock Clock) error {
	now := clock.latest()
	switch {
	case st.Created.Before(s.Plan.Created):
		return fmt.Errorf("it was signed at %s, before the plan was made at %s; is a clock wrong?", diag.Time(st.Created), diag.Time(s.Plan.Created))
	case st.Created.After(now.Add(skew)):
		return fmt.Errorf("it was signed at %s, and it is %s now; is a clock wrong?", diag.Time(st.Created), diag.Time(now))
	case st.Expires.Sub(st.Created) > LongestLife:
		return fmt.Errorf("it is valid for longer than %s; sign again with a shorter time", hours(LongestLife))
	case !now.Before(st.Expires) && clock.Seen.After(clock.Now):
		return fmt.Errorf("it expired at %s. The clock says %s, but the state has already recorded %s: correct the clock, or sign again",
			diag.Time(st.Expires), diag.Time(clock.Now), diag.Time(clock.Seen))
	case !now.Before(st.Expires):
		return fmt.Errorf("it expired at %s, and it is %s now; sign again", diag.Time(st.Expires), diag.Time(now))
	}
	return nil
}

func (s Subject) checkSigner(st Statement, public ssh.PublicKey, clock Clock) error {
	key, name := signers.Key(public), diag.Quote(st.Principal)
	if s.rule.author == "" {
		return fmt.Errorf("the plan does not say who made it, so %s could be its author; plan again with this camform", name)
	}
	if s.byAuthor(st.Principal, key) {
		return fmt.Errorf("%s made the plan, or shares a key with its author; somebody else must sign", name)
	}
	entries := s.rule.signers.of(key)
	i := slices.IndexFunc(entries, func(e signers.Signer) bool { return e.Principal == st.Principal })
	if i < 0 {
		return fmt.Errorf("the key %s is not listed for %s among those who may sign", ssh.FingerprintSHA256(public), name)
	}
	if !slices.ContainsFunc(entries, func(e signers.Signer) bool {
		return e.Principal == st.Principal && e.Holds(st.Created) && e.Holds(clock.latest())
	}) {
		return fmt.Errorf("the key %s of %s is not valid at this time, because of valid-after or valid-before", ssh.FingerprintSHA256(public), name)
	}
	return nil
}

// distinct counts the first approval of each person and of each key, in the order of the files. Where people share a key, fewer
// may count than in another order, never more: one of them signs with a key that nobody else has.
func distinct(all []candidate) []Signed {
	var signed []Signed
	people, keys := map[string]bool{}, map[string]bool{}
	for _, c := range all {
		person := signers.Person(c.Principal)
		if people[person] || keys[c.key] {
			continue
		}
		people[person], keys[c.key] = true, true
		signed = append(signed, c.Signed)
	}
	slices.SortFunc(signed, func(a, b Signed) int { return strings.Compare(a.Principal, b.Principal) })
	return signed
}
