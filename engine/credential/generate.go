package credential

import (
	"errors"
	"fmt"
	"io"

	"camform/schema"
)

// ErrUnsatisfiable says that no password can obey a policy and a device together.
var ErrUnsatisfiable = errors.New("no password can be generated")

// alphabet is what generated passwords are made of: no letters and digits that look alike when they are read from paper
// (0 O 1 l I |), and of the other characters only those that XML, URLs of RTSP and the fields of recorders take as they
// are. It has 64 characters, so that six bits of a random byte choose one of them, each as likely as the others.
const alphabet = "23456789" + "abcdefghijkmnopqrstuvwxyz" + "ABCDEFGHJKLMNPQRSTUVWXYZ" + "-_.+=#%"

// attempts bounds how many candidates are drawn. About three of four pass where a policy forbids nothing; one that lets
// fewer than one of a thousand pass forbids too much.
const attempts = 10_000

// Generate makes a password of all four classes that obeys the policy and the rules. It is as long as both allow, since
// nobody has to remember it. Each password that fits is as likely as any other if random yields uniform bytes, such as those
// of crypto/rand. The error wraps ErrUnsatisfiable, or the error of random; it contains no password.
func Generate(policy Policy, rules Rules, random io.Reader) (schema.Secret, error) {
	least, most := bounds(policy, rules)
	if least.n > most.n {
		return schema.Secret{}, fmt.Errorf("%w: %s, but %s; change one of the two", ErrUnsatisfiable, least.says("requires at least"), most.says("accepts at most"))
	}
	demands := demands(policy, rules)
	candidate := make([]byte, most.n)
	for range attempts {
		if _, err := io.ReadFull(random, candidate); err != nil {
			return schema.Secret{}, fmt.Errorf("no random numbers for a password: %w", err)
		}
		for i, b := range candidate {
			candidate[i] = alphabet[int(b)%len(alphabet)]
		}
		if password := string(candidate); fits(password, demands) {
			return schema.NewSecret(password), nil
		}
	}
	return schema.Secret{}, fmt.Errorf("%w: %s forbids so much that nothing is left; forbid less", ErrUnsatisfiable, policy.who())
}

// fits reports whether a candidate has all classes and breaks no rule.
func fits(password string, demands []demand) bool {
	if countClasses(password) < 4 {
		return false
	}
	for _, d := range demands {
		if d.broken(password) {
			return false
		}
	}
	return true
}
