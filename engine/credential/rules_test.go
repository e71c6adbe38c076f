package credential

import (
	"errors"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"camform/schema"

	"pgregory.net/rapid"
)

// strict is a policy that uses everything that a policy can demand of a password.
var strict = Policy{Name: "strict", MinLength: 10, MaxLength: 14, Classes: 3, Forbid: []string{"Hikvision", "2024"}, Unique: true}

// gate are the rules of an account of a device that says how long passwords are.
var gate = Rules{
	Account: "operator", MinLen: 8, MaxLen: 15,
	Earlier: []schema.Secret{schema.NewSecret("former-Pa55word"[:14])},
	Taken:   func(password schema.Secret) bool { return password.Reveal() == "of-another-7" },
}

// TestEachRuleRefusesSomethingByItself gives every rule a password that obeys all the others.
func TestEachRuleRefusesSomethingByItself(t *testing.T) {
	tests := map[string]struct{ password, says string }{
		"short":           {"Winter-75", `It is too short: the policy "strict" requires at least 10 characters.`},
		"long":            {"Winter-75Winter", `It is too long: the policy "strict" accepts at most 14 characters.`},
		"space":           {"Winter 7520", "It contains a space or a character that is not printable ASCII."},
		"control":         {"Winter\t7520", "It contains a space or a character that is not printable ASCII."},
		"delete":          {"Winter\x7f7520", "It contains a space or a character that is not printable ASCII."},
		"not ASCII":       {"Wintér-752", "It contains a space or a character that is not printable ASCII."},
		"classes":         {"winter7520winter"[:12], "It has too few of the classes digits, lower-case letters, upper-case letters and others: at least 3 are required."},
		"account":         {"7-OPERATORx", "It contains the name of its account, forwards or backwards."},
		"mirrored":        {"7-roTarepox", "It contains the name of its account, forwards or backwards."},
		"123":             {"Winter-123x", `It contains "123", which devices reject.`},
		"admin":           {"Winter-7AdMin", `It contains "admin", which devices reject.`},
		"ascending":       {"Winter-4567", "It contains four or more digits that count up or down, which devices reject."},
		"descending":      {"Winter-9876x", "It contains four or more digits that count up or down, which devices reject."},
		"same":            {"Winter7xxxx", "It contains the same character four or more times in a row, which devices reject."},
		"forbidden":       {"xhIKVISION-7", `It contains a text that the policy "strict" forbids.`},
		"forbidden other": {"Winter-2024x", `It contains a text that the policy "strict" forbids.`},
		"earlier":         {gate.Earlier[0].Reveal(), "It is one of the earlier passwords of the account."},
		"taken":           {"of-another-7", `Another account has the same password, and the policy "strict" wants each to have its own.`},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			faults := Check(strict, gate, schema.NewSecret(test.password))
			if len(faults) != 1 || string(faults[0]) != test.says {
				t.Errorf("the faults are %q, want only %q", faults, test.says)
			}
		})
	}
	for _, password := range []string{"Winter-7520", "Winter-456x9", "Winter-7xxx", "Winter-7890", "Winter7520", "abcdefgh-7", "Winter-7520xy"[:13] + "z"} {
		if faults := Check(strict, gate, schema.NewSecret(password)); len(faults) > 0 {
			t.Errorf("a good password is refused: %q", faults)
		}
	}
}

func TestWhatNobodyAsksForIsLeftToDevices(t *testing.T) {
	tests := map[string]bool{
		"abcdefg8": true, "abcdefghijklmno8": true, "-------x": false, "abcdefgh": false, "abcdef8": false, "abcdefghijklmnop8": false,
	}
	for password, good := range tests {
		if faults := Check(Policy{}, Rules{}, schema.NewSecret(password)); (len(faults) == 0) != good {
			t.Errorf("the faults of %s are %q", password, faults)
		}
	}
	if faults := Check(Policy{}, Rules{Taken: func(schema.Secret) bool { return true }}, schema.NewSecret("abcdefg8")); len(faults) > 0 {
		t.Errorf("passwords must be unique although no policy says so: %q", faults)
	}
}

func TestDevicesMayBeStricterThanThePolicy(t *testing.T) {
	tests := map[string]struct {
		policy      Policy
		rules       Rules
		least, most int
	}{
		"nobody":                        {Policy{}, Rules{}, 8, 16},
		"the device":                    {Policy{}, Rules{MinLen: 10, MaxLen: 12}, 10, 12},
		"the policy":                    {Policy{MinLength: 12, MaxLength: 14}, Rules{MinLen: 10, MaxLen: 15}, 12, 14},
		"the device more":               {Policy{MinLength: 9, MaxLength: 16}, Rules{MinLen: 10, MaxLen: 12}, 10, 12},
		"a device that asks for little": {Policy{}, Rules{MinLen: 1, MaxLen: 32}, 8, 16},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			for n := range 40 {
				short, long := false, false
				for _, fault := range Check(test.policy, test.rules, schema.NewSecret(strings.Repeat("aB7-", 10)[:n])) {
					short = short || strings.Contains(string(fault), "too short")
					long = long || strings.Contains(string(fault), "too long")
				}
				if short != (n < test.least) || long != (n > test.most) {
					t.Errorf("%d characters: too short is %v, too long is %v", n, short, long)
				}
			}
		})
	}
}

// policies draws policies and rules that can be satisfied.
func policies(t *rapid.T) (Policy, Rules) {
	texts := rapid.SliceOfN(rapid.StringMatching(`[a-zA-Z2-9#]{2,5}`), 0, 4)
	policy := Policy{
		Name:      "drawn",
		MinLength: rapid.IntRange(0, 12).Draw(t, "min_length"),
		MaxLength: rapid.SampledFrom([]int{0, 12, 14, 16, 20}).Draw(t, "max_length"),
		Classes:   rapid.IntRange(0, 4).Draw(t, "classes"),
		Forbid:    texts.Draw(t, "forbid"),
		Unique:    rapid.Bool().Draw(t, "unique"),
	}
	rules := Rules{
		Account: rapid.StringMatching(`[a-z]{1,6}`).Draw(t, "account"),
		MinLen:  rapid.IntRange(0, 12).Draw(t, "device min"),
		MaxLen:  rapid.SampledFrom([]int{0, 12, 16, 64}).Draw(t, "device max"),
	}
	return policy, rules
}

// TestGeneratedPasswordsObeyEverything makes 100,000 passwords, a thousand for each of a hundred policies.
func TestGeneratedPasswordsObeyEverything(t *testing.T) {
	const lookAlikes = "0O1lI|"
	rapid.Check(t, func(t *rapid.T) {
		policy, rules := policies(t)
		random := rand.NewChaCha8([32]byte{byte(rapid.IntRange(0, 255).Draw(t, "seed"))})
		made := map[string]bool{}
		rules.Taken = func(password schema.Secret) bool { return made[password.Reveal()] }
		for range 1000 {
			secret, err := Generate(policy, rules, random)
			if err != nil {
				t.Fatalf("nothing was made: %v", err)
			}
			password := secret.Reveal()
			if faults := Check(policy, rules, secret); len(faults) > 0 || countClasses(password) != 4 {
				t.Fatalf("%s was made, although: %q", password, faults)
			}
			if strings.ContainsAny(password, lookAlikes) || strings.Trim(password, alphabet) != "" {
				t.Fatalf("%s has characters that are easily mistaken", password)
			}
			if want := longest(policy.MaxLength, rules.MaxLen); len(password) != want {
				t.Fatalf("%s has %d characters, want %d", password, len(password), want)
			}
			if made[password] {
				t.Fatalf("%s was made twice", password)
			}
			made[password] = true
			rules.Earlier = append(rules.Earlier, secret)
		}
	})
}

// longest is the least of the limits that are given, and of 16.
func longest(limits ...int) int {
	limits = slices.DeleteFunc(append(limits, 16), func(n int) bool { return n == 0 })
	return slices.Min(limits)
}

// TestGeneratedPasswordsUseAllOfTheAlphabet compares how often each character comes with what chance would do. The numbers
// are the same in every run.
func TestGeneratedPasswordsUseAllOfTheAlphabet(t *testing.T) {
	if len(alphabet) != 64 {
		t.Fatalf("of %d characters some would be likelier than others", len(alphabet))
	}
	random := rand.NewChaCha8([32]byte{1})
	seen := map[rune]int{}
	const passwords = 20_000
	for range passwords {
		password, err := Generate(Policy{}, Rules{}, random)
		if err != nil {
			t.Fatal(err)
		}
		for _, c := range password.Reveal() {
			seen[c]++
		}
	}
	for _, group := range []string{"23456789", "abcdefghijkmnopqrstuvwxyz", "ABCDEFGHJKLMNPQRSTUVWXYZ", "-_.+=#%"} {
		total := 0
		for _, c := range group {
			total += seen[c]
		}
		for _, c := range group {
			if mean := total / len(group); seen[c] < mean*95/100 || seen[c] > mean*105/100 {
				t.Errorf("%c came %d times, the others of its class %d times on average", c, seen[c], mean)
			}
		}
	}
	if len(seen) != len(alphabet) {
		t.Errorf("%d of %d characters are used", len(seen), len(alphabet))
	}
}

func TestWhatCannotBeSatisfiedSaysWhy(t *testing.T) {
	everything := strings.Split(alphabet, "")
	tests := map[string]struct {
		policy Policy
		rules  Rules
		says   string
	}{
		"device too short": {
			Policy{Name: "p", MinLength: 14},
			Rules{MaxLen: 12},
			`no password can be generated: the policy "p" requires at least 14 characters, but the device accepts at most 12 characters; change one of the two`,
		},
		"device too long": {
			Policy{MaxLength: 10},
			Rules{MinLen: 12},
			"no password can be generated: the device requires at least 12 characters, but the policy accepts at most 10 characters; change one of the two",
		},
		"longer than anything": {
			Policy{MinLength: 17},
			Rules{},
			"no password can be generated: the policy requires at least 17 characters, but a device accepts at most 16 characters; change one of the two",
		},
		"all forbidden": {
			Policy{Name: "p", Forbid: everything},
			Rules{},
			`no password can be generated: the policy "p" forbids so much that nothing is left; forbid less`,
		},
		"all taken": {
			Policy{Name: "p", Unique: true},
			Rules{Taken: func(schema.Secret) bool { return true }},
			`no password can be generated: the policy "p" forbids so much that nothing is left; forbid less`,
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			password, err := Generate(test.policy, test.rules, rand.NewChaCha8([32]byte{}))
			if !password.IsZero() || !errors.Is(err, ErrUnsatisfiable) || err.Error() != test.says {
				t.Errorf("made %q with the error %v, want %s", password, err, test.says)
			}
		})
	}
}

func TestNothingIsMadeWithoutRandomness(t *testing.T) {
	for _, given := range []string{"", "seven b"} {
		password, err := Generate(Policy{}, Rules{}, strings.NewReader(given))
		if !password.IsZero() || err == nil || errors.Is(err, ErrUnsatisfiable) {
			t.Errorf("with %d random bytes %q was made, with the error %v", len(given), password, err)
		}
	}
}
