package credential

import (
	"fmt"
	"slices"
	"strings"

	"camform/schema"
)

// Bounds of every device that is known: 8 to 16 characters, of at least two classes. Devices that advertise a lesser least
// length refuse what is shorter than 8 all the same, and none is known to take more than 16. Source: official guides, and
// the capability documents of nine devices.
const (
	MinLength  = 8
	MaxLength  = 16
	MinClasses = 2
)

// longestRun is how many digits in a row, or characters that are all the same, devices still take.
const longestRun = 3

// Rules are what a password must obey besides the policy: those of its account and its device, and what the vault knows.
// The zero value asks for nothing but what all devices demand.
type Rules struct {
	Account string                   // name of the account, which must not be part of its password; empty if unknown
	MinLen  int                      // the shortest that the device takes; 0 if it does not say
	MaxLen  int                      // the longest that the device takes; 0 if it does not say
	Earlier []schema.Secret          // passwords that must not come back
	Taken   func(schema.Secret) bool // whether another account has a password; asked where the policy wants unique ones, nil for no
}

// Fault is a reason why a password cannot be used, as a sentence for people. It never contains a part of the password.
type Fault string

// Check returns every reason why a password cannot be used for an account, in a fixed order; none if it can. What a person
// chose is judged like what Generate made.
func Check(policy Policy, rules Rules, password schema.Secret) []Fault {
	var faults []Fault
	for _, d := range demands(policy, rules) {
		if d.broken(password.Reveal()) {
			faults = append(faults, d.says)
		}
	}
	return faults
}

// demand is one rule. Its sentence is made before there is a password, so that it cannot show one.
type demand struct {
	says   Fault
	broken func(password string) bool
}

// demands are all rules for a password. Source: official guides, among them the manual of a recorder that lists the
// patterns, and which characters devices document for passwords.
func demands(policy Policy, rules Rules) []demand {
	least, most := bounds(policy, rules)
	classes := max(MinClasses, policy.Classes)
	all := []demand{
		{
			Fault(fmt.Sprintf("It is too short: %s.", least.says("requires at least"))),
			func(password string) bool { return len(password) < least.n },
		},
		{
			Fault(fmt.Sprintf("It is too long: %s.", most.says("accepts at most"))),
			func(password string) bool { return len(password) > most.n },
		},
		{"It contains a space or a character that is not printable ASCII.", unprintable},
		{
			Fault(fmt.Sprintf("It has too few of the classes digits, lower-case letters, upper-case letters and others: at least %d are required.", classes)),
			func(password string) bool { return countClasses(password) < classes },
		},
		{"It contains the name of its account, forwards or backwards.", containing(rules.Account, reversed(rules.Account))},
		{`It contains "123", which devices reject.`, containing("123")},
		{`It contains "admin", which devices reject.`, containing("admin")},
		{
			"It contains four or more digits that count up or down, which devices reject.",
			func(password string) bool { return hasRun(password, 1) || hasRun(password, -1) },
		},
		{
			"It contains the same character four or more times in a row, which devices reject.",
			func(password string) bool { return hasRun(password, 0) },
		},
		{Fault(fmt.Sprintf("It contains a text that %s forbids.", policy.who())), containing(policy.Forbid...)},
		{
			"It is one of the earlier passwords of the account.",
			func(password string) bool { return slices.Contains(rules.Earlier, schema.NewSecret(password)) },
		},
	}
	if policy.Unique && rules.Taken != nil {
		all = append(all, demand{
			Fault(fmt.Sprintf("Another account has the same password, and %s wants each to have its own.", policy.who())),
			func(password string) bool { return rules.Taken(schema.NewSecret(password)) },
		})
	}
	return all
}

// who names a policy within a sentence.
func (p Policy) who() string {
	if p.Name == "" {
		return "the policy"
	}
	return fmt.Sprintf("the policy %q", p.Name)
}

// bound is a length that somebody demands.
type bound struct {
	n   int
	who string
}

func (b bound) says(what string) string { return fmt.Sprintf("%s %s %d characters", b.who, what, b.n) }

// bounds are the least and the greatest length that policy and device take, with who of them is the strictest.
func bounds(policy Policy, rules Rules) (least, most bound) {
	least, most = bound{MinLength, "a device"}, bound{MaxLength, "a device"}
	for _, b := range []bound{{rules.MinLen, "the device"}, {policy.MinLength, policy.who()}} {
		if b.n > least.n {
			least = b
		}
	}
	for _, b := range []bound{{rules.MaxLen, "the device"}, {policy.MaxLength, policy.who()}} {
		if b.n > 0 && b.n < most.n {
			most = b
		}
	}
	return least, most
}

func unprintable(password string) bool {
	return strings.ContainsFunc(password, func(r rune) bool { return r <= ' ' || r > '~' })
}

// countClasses counts how many of digits, lower case, upper case and others there are.
func countClasses(password string) int {
	count := 0
	for _, is := range []func(rune) bool{isDigit, isLower, isUpper, isOther} {
		if strings.ContainsFunc(password, is) {
			count++
		}
	}
	return count
}

func isDigit(r rune) bool { return '0' <= r && r <= '9' }
func isLower(r rune) bool { return 'a' <= r && r <= 'z' }
func isUpper(r rune) bool { return 'A' <= r && r <= 'Z' }
func isOther(r rune) bool { return !isDigit(r) && !isLower(r) && !isUpper(r) }

// containing makes a rule against texts, in any case. Empty ones count for nothing.
func containing(texts ...string) func(string) bool {
	return func(password string) bool {
		password = strings.ToLower(password)
		return slices.ContainsFunc(texts, func(text string) bool {
			return text != "" && strings.Contains(password, strings.ToLower(text))
		})
	}
}

func reversed(text string) string {
	runes := []rune(text)
	slices.Reverse(runes)
	return string(runes)
}

// hasRun reports whether there are more characters in a row than devices take, where each is by step greater than the one
// before it. Only digits count, unless the step is 0.
func hasRun(password string, step int) bool {
	length := 1
	for i := 1; i < len(password); i++ {
		digits := isDigit(rune(password[i-1])) && isDigit(rune(password[i]))
		if int(password[i])-int(password[i-1]) == step && (digits || step == 0) {
			length++
		} else {
			length = 1
		}
		if length > longestRun {
			return true
		}
	}
	return false
}
