package approval

import (
	"fmt"
	"slices"
	"time"

	"golang.org/x/crypto/ssh"

	"camform/engine/plan"
	"camform/engine/signers"
	"camform/schema"
)

// The classes of changes that can need signatures, from those that are part of others to the one that has them all.
const (
	ClassCredentials = "credentials" // a secret is set or made
	ClassLockout     = "lockout"     // nobody may reach a device any more
	ClassLogin       = "login"       // the same, or somebody may not log in any more
	ClassAll         = "all"         // any change, also of what is only remembered
)

// Class is a class of changes with how many steps of a plan are in it.
type Class struct {
	Name  string
	Steps int // and devices that are only forgotten, or only get another name
}

// Classes are the classes of the changes of a plan. The risk of a step is that of its item if the plan says less, and every
// secret counts as a credential: passwords of recorders for their cameras too.
func Classes(p *plan.Plan, kinds *schema.Kinds) []Class {
	var found []Class
	for _, name := range []string{ClassCredentials, ClassLockout, ClassLogin, ClassAll} {
		n := 0
		for _, d := range p.Devices {
			for _, s := range d.Steps {
				if in(name, s, kinds) {
					n++
				}
			}
		}
		if name == ClassAll {
			n += len(p.Gone) + len(p.Moved)
		}
		if n > 0 {
			found = append(found, Class{name, n})
		}
	}
	return found
}

func in(class string, s plan.Step, kinds *schema.Kinds) bool {
	if s.Action == plan.Forget {
		return class == ClassAll
	}
	switch class {
	case ClassCredentials:
		return len(s.Secrets) > 0
	case ClassLockout:
		return risk(s, kinds) >= schema.RiskLockout.Rank()
	case ClassLogin:
		return risk(s, kinds) >= schema.RiskLogin.Rank()
	default:
		return true
	}
}

// risk is the rank of the risk of a step. A plan could be written by hand, so it cannot make it smaller.
func risk(s plan.Step, kinds *schema.Kinds) int {
	return s.Risk.Or(kinds.Lookup(s.Address.Kind).RiskOf(s.Address.Key)).Rank()
}

// Subject is a plan that is to be approved, with the rule that it falls under.
type Subject struct {
	Plan *plan.Plan
	Hash string // of the plan

	kinds *schema.Kinds
	rule  rule
}

// rule says who must sign a plan.
type rule struct {
	required int      // so many people; 0 for none
	classes  []Class  // the changes that need it
	looser   []string // how the plan changes the rule to a looser one, for people; then the old rule counts
	signers  roster   // who may sign
	author   string   // who made the plan
	authors  []string // keys of the author
}

// For finds the rule for a plan. Remembered are the approvals of the last plan that was applied, nil for none. The
// plan's own approvals count, unless they are looser than those: the old rule approves its own change, even if that is the
// only change. Least are those of the operator, with which both are joined: what is stricter counts. It is an error if lines of
// signers cannot be understood, or if what was joined leaves too few who may sign.
func For(p *plan.Plan, kinds *schema.Kinds, remembered *plan.Approvals, least ...*plan.Approvals) (Subject, error) {
	hash, err := plan.Hash(p, kinds)
	if err != nil {
		return Subject{}, err
	}
	old, err := readPolicy(remembered)
	if err != nil {
		return Subject{}, fmt.Errorf("the approvals of the last plan that was applied: %w", err)
	}
	own, err := readPolicy(p.Approvals)
	if err != nil {
		return Subject{}, err
	}
	for _, l := range least {
		operators, err := readPolicy(l)
		if err != nil {
			return Subject{}, fmt.Errorf("the operator's rules: %w", err)
		}
		own, old = own.strictest(operators), old.strictest(operators)
		if n := len(own.signers.people()); n < own.required {
			return Subject{}, fmt.Errorf("the plan needs the signatures of %s, but the operator's rules allow only %d of those who may sign it; name others in the approvals block, or remove the block",
				people(own.required), n)
		}
	}
	s := Subject{Plan: p, Hash: hash, kinds: kinds}
	s.rule = rule{looser: own.looserThan(old), author: signers.Person(p.Author)}
	policy := own
	if len(s.rule.looser) > 0 {
		policy = old
	}
	s.rule.signers = policy.signers
	for _, entry := range slices.Concat(own.signers, old.signers) {
		if signers.Person(entry.Principal) == s.rule.author {
			s.rule.authors = append(s.rule.authors, entry.Key)
		}
	}
	for _, class := range Classes(p, kinds) {
		if slices.Contains(policy.classes, class.Name) {
			s.rule.classes = append(s.rule.classes, class)
		}
	}
	if len(s.rule.classes) > 0 || len(s.rule.looser) > 0 {
		s.rule.required = policy.required
	}
	return s, nil
}

// Required is how many people must sign. It is 0 if nobody has to.
func (s Subject) Required() int { return s.rule.required }

// Classes are the classes of changes for which people must sign.
func (s Subject) Classes() []Class { return s.rule.classes }

// Looser says, for people, how the plan makes the rule looser than that of the last plan that was applied. Then the old rule
// counts. It is empty if the plan does not.
func (s Subject) Looser() []string { return s.rule.looser }

// People are those whose signatures count, sorted.
func (s Subject) People() []string {
	var others roster
	for _, entry := range s.rule.signers {
		if !s.byAuthor(entry.Principal, entry.Key) {
			others = append(others, entry)
		}
	}
	return others.people()
}

// Principals are the people who may sign with a key, sorted.
func (s Subject) Principals(key ssh.PublicKey) []string {
	return s.rule.signers.of(signers.Key(key)).people()
}

// LocksOut reports whether the plan can lock everybody out of a device.
func (s Subject) LocksOut() bool {
	return slices.ContainsFunc(Classes(s.Plan, s.kinds), func(c Class) bool { return c.Name == ClassLockout })
}

// life is how long an approval of the plan holds if nothing else is said.
func (s Subject) life() time.Duration {
	if s.LocksOut() {
		return LockoutLife
	}
	return Life
}

// byAuthor reports whether a signature would be that of who made the plan: by the name, or by a key that is listed for that
// name too.
func (s Subject) byAuthor(principal, key string) bool {
	return signers.Person(principal) == s.rule.author || slices.Contains(s.rule.authors, key)
}

// policy is what approvals say, understood.
type policy struct {
	required int
	classes  []string
	signers  roster
}

func readPolicy(a *plan.Approvals) (policy, error) {
	if a == nil {
		return policy{}, nil
	}
	all, err := readRoster(a.Signers)
	return policy{a.Required, a.For, all}, err
}

// strictest is what fulfils a policy and another: more people, for more classes, of those who may sign by both.
func (p policy) strictest(o policy) policy {
	switch {
	case o.required <= 0 || len(o.classes) == 0:
		return p
	case p.required <= 0 || len(p.classes) == 0:
		return o
	}
	joined := policy{required: max(p.required, o.required), classes: slices.Concat(p.classes, o.classes)}
	for _, mine := range p.signers {
		for _, others := range o.signers {
			switch {
			case mine.Principal != others.Principal || mine.Key != others.Key:
			case mine.Within(others):
				joined.signers = append(joined.signers, mine)
			case others.Within(mine):
				joined.signers = append(joined.signers, others)
			}
		}
	}
	return joined
}

// looserThan says, for people, in which ways a policy asks for less than an older one.
func (p policy) looserThan(old policy) []string {
	if old.required <= 0 || len(old.classes) == 0 {
		return nil
	}
	var found []string
	if p.required < old.required {
		found = append(found, fmt.Sprintf("it requires the signatures of %s instead of %d", people(max(p.required, 0)), old.required))
	}
	for _, class := range old.classes {
		if !p.covers(class) {
			found = append(found, fmt.Sprintf("changes of the class %q no longer need a signature", class))
		}
	}
	for _, s := range p.signers {
		if !slices.ContainsFunc(old.signers, func(o signers.Signer) bool {
			return o.Principal == s.Principal && o.Key == s.Key && s.Within(o)
		}) {
			found = append(found, fmt.Sprintf("%s is newly allowed to sign with this key, or at this time", s.Principal))
		}
	}
	return found
}

// covers reports whether every change of a class needs signatures.
func (p policy) covers(class string) bool {
	return slices.Contains(p.classes, class) || slices.Contains(p.classes, ClassAll) ||
		class == ClassLockout && slices.Contains(p.classes, ClassLogin)
}

func people(n int) string {
	if n == 1 {
		return "1 person"
	}
	return fmt.Sprintf("%d people", n)
}
