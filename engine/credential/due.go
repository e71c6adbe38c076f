package credential

import (
	"fmt"
	"time"
)

// Facts are what is known of the password that is in use.
type Facts struct {
	Since time.Time // when it was set
	Known bool      // whether Since is known
}

// Due reports whether a password is to be changed because of its age, the reason for people, such as "it is 93 days old, and
// 90 are allowed", and the time from which it is or will be due. Where the policy has no MaxAge nothing is ever due, and the
// time is zero. A password of unknown age is due now. The reason is empty as long as nothing is due.
func Due(policy Policy, facts Facts, now time.Time) (due bool, reason string, at time.Time) {
	if policy.MaxAge == 0 {
		return false, "", time.Time{}
	}
	unit, name := unitOf(policy.MaxAge)
	allowed := int(policy.MaxAge / unit)
	if !facts.Known {
		return true, fmt.Sprintf("its age is unknown, and %s allowed", are(allowed, name)), now
	}
	at = facts.Since.Add(policy.MaxAge)
	if now.Before(at) {
		return false, "", at
	}
	return true, fmt.Sprintf("it is %s old, and %s allowed", count(int(now.Sub(facts.Since)/unit), name), are(allowed, "")), at
}

const day = 24 * time.Hour

// unitOf is the unit in which people speak of an age.
func unitOf(age time.Duration) (unit time.Duration, name string) {
	if age%day == 0 && age > day {
		return day, "day"
	}
	return time.Hour, "hour"
}

// count is a number with what it counts, such as "93 days".
func count(n int, name string) string {
	if n != 1 {
		name += "s"
	}
	return fmt.Sprintf("%d %s", n, name)
}

// are is a number with what it counts, unless that is empty, and its verb: "90 days are", "1 is".
func are(n int, name string) string {
	text := fmt.Sprint(n)
	if name != "" {
		text = count(n, name)
	}
	if n == 1 {
		return text + " is"
	}
	return text + " are"
}
