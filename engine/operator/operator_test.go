package operator_test

import (
	"errors"
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/hashicorp/hcl/v2"

	"camform/engine/operator"
)

// rules reads rules that are in separate files, and all must be right.
func rules(t *testing.T, texts ...string) operator.Rules {
	t.Helper()
	r, wrong := read(t, texts...)
	if wrong != "" {
		t.Fatal(wrong)
	}
	return r
}

func read(t *testing.T, texts ...string) (operator.Rules, string) {
	t.Helper()
	var places []operator.Place
	for i, text := range texts {
		path := filepath.Join(t.TempDir(), string(rune('a'+i))+".hcl")
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		places = append(places, operator.Place{Path: path})
	}
	r, _, problems := operator.Read(places)
	var all []string
	for _, p := range problems {
		all = append(all, p.Error())
	}
	return r, strings.Join(all, "\n")
}

func TestI14WithoutRulesEverythingIsAllowed(t *testing.T) {
	r, _, problems := operator.Read([]operator.Place{{Path: filepath.Join(t.TempDir(), "none.hcl")}})
	if len(problems) > 0 || !r.None() {
		t.Fatal(problems)
	}
	_, whole := r.Environment()
	if err := r.CheckOrigin("exec:anything", "."); err != nil || !whole || r.State() != "" || len(r.Within(".", "env:A")) > 0 ||
		len(r.CheckState("/x", &hcl.Range{})) > 0 || len(r.CheckSettingFiles([]string{"own"}, &hcl.Range{})) > 0 || len(r.Approvals()) > 0 {
		t.Error("something is not allowed", err)
	}
}

// Of several files the strictest counts, whichever comes first.
func TestI14AFileMoreOnlyMakesRulesStricter(t *testing.T) {
	texts := []string{
		"networks = [\"192.0.2.0/24\"]\nexec_env = [\"A\", \"B\"]\nsecrets \"env\" {\n names = [\"CAM_*\"]\n}",
		"networks = [\"192.0.2.0/28\"]\nexec_env = [\"B\", \"C\"]\nsetting_files = false\nsecrets \"env\" {\n names = [\"*_KEY\"]\n networks = [\"192.0.2.1\"]\n}\nsecrets \"vault\" {}",
	}
	for range 2 {
		r := rules(t, texts...)
		for origin, want := range map[string]bool{"env:CAM_KEY": true, "env:CAM_X": false, "env:X_KEY": false, "vault:x": false, "exec:x": false} {
			if err := r.CheckOrigin(origin, "."); (err == nil) != want || err != nil && !errors.Is(err, operator.ErrForbidden) {
				t.Errorf("%s: %v", origin, err)
			}
		}
		for address, want := range map[string]bool{"192.0.2.1": true, "192.0.2.2": false, "192.0.2.200": false} {
			if why := r.Within(".", "env:CAM_KEY").Refuse(netip.MustParseAddr(address)); (why == "") != want {
				t.Errorf("%s: %s", address, why)
			}
		}
		if why := r.Within(".").Refuse(netip.MustParseAddr("192.0.2.2")); why != "" {
			t.Errorf("without a secret: %s", why)
		}
		if names, whole := r.Environment(); whole || !slices.Contains(names, "B") || !slices.Contains(names, "PATH") || slices.Contains(names, "A") || slices.Contains(names, "C") {
			t.Errorf("commands see %v", names)
		}
		if len(r.CheckSettingFiles([]string{"own"}, &hcl.Range{})) != 1 {
			t.Error("setting files are allowed")
		}
		slices.Reverse(texts)
	}
}

// A secret that has pins goes to devices with one of these TLS keys, by every file that says so.
func TestI14SecretsGoToPinnedDevices(t *testing.T) {
	a, b, c := "sha256:"+strings.Repeat("a", 64), "sha256:"+strings.Repeat("b", 64), "sha256:"+strings.Repeat("c", 64)
	r := rules(t, fmt.Sprintf("secrets \"env\" {\n pins = [%q, %q]\n}\nsecrets \"vault\" {}", a, b), fmt.Sprintf("secrets \"env\" {\n pins = [%q, %q]\n}\nsecrets \"vault\" {}", b, c))
	for origin, keys := range map[string]map[string]bool{
		"env:A":   {a: false, b: true, c: false, "": false},
		"vault:x": {a: true, b: true, c: true, "": true},
	} {
		for key, want := range keys {
			bounds := r.Within(".", origin)
			if why := bounds.RefuseKey(key); (why == "") != want {
				t.Errorf("%s to the key %q: %q", origin, key, why)
			}
			if why := bounds.Refuse(netip.MustParseAddr("192.0.2.1")); why != "" {
				t.Errorf("%s by its address: %s", origin, why)
			}
		}
	}
}

// A sensitive variable can hold any secret, and goes nowhere where nobody allowed it.
func TestI14AVariableIsAnOriginToo(t *testing.T) {
	r := rules(t, "secrets \"env\" {}")
	if why := r.Within(".", "var.password").Refuse(netip.MustParseAddr("192.0.2.1")); !strings.Contains(why, `no secrets of "var"`) {
		t.Errorf("it says %q", why)
	}
	r = rules(t, "secrets \"var\" {\n names = [\"pass*\"]\n networks = [\"192.0.2.0/24\"]\n}")
	for address, want := range map[string]bool{"192.0.2.1": true, "198.51.100.1": false} {
		if why := r.Within(".", "var.password").Refuse(netip.MustParseAddr(address)); (why == "") != want {
			t.Errorf("%s: %s", address, why)
		}
	}
}

// What is computed from secrets goes only where all of them may go, and nowhere where it is uncertain what they are.
func TestI14AComputedSecretIsJudgedByWhatItIsMadeOf(t *testing.T) {
	r := rules(t, "secrets \"env\" {\n names = [\"A*\"]\n networks = [\"192.0.2.0/24\"]\n}\nsecrets \"vault\" {}")
	for expression, want := range map[string]map[string]bool{
		`"${secret("env:A")}-${secret("vault:x")}"`:                       {"192.0.2.1": true, "198.51.100.1": false},
		`"${secret("vault:x")}-north"`:                                    {"192.0.2.1": true, "198.51.100.1": true},
		`"${secret("vault:x")}${secret("env:B")}"`:                        {"192.0.2.1": false},
		`secret("vault:x") == "y" ? "z" : secret("env:${"A"}")`:           {"192.0.2.1": true, "198.51.100.1": false},
		`join("", [for k in ["A"] : secret("env:${k}")])`:                 {"192.0.2.1": false},
		`secret("env:${secret("vault:x")}")`:                              {"192.0.2.1": false},
		`join("", [for k in [secret("vault:x")] : secret("env:B") if k])`: {"192.0.2.1": false},
	} {
		for address, may := range want {
			if why := r.Within(".", "derived:"+expression).Refuse(netip.MustParseAddr(address)); (why == "") != may {
				t.Errorf("%s to %s: %q", expression, address, why)
			}
		}
	}
}

func TestI14FilesOfSecretsAreLookedAtWhereTheyAre(t *testing.T) {
	dir := t.TempDir()
	secrets, other := filepath.Join(dir, "secrets"), filepath.Join(dir, "other")
	for _, d := range []string{secrets, other} {
		if err := os.Mkdir(d, 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(d, "key"), []byte("x"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Symlink(filepath.Join(other, "key"), filepath.Join(secrets, "link")); err != nil {
		t.Fatal(err)
	}
	r := rules(t, "secrets \"file\" {\n names = [\""+secrets+"/*\"]\n}\nsecrets \"sops\" {\n names = [\""+secrets+"/*#gate*\"]\n}")
	for origin, want := range map[string]bool{
		"file:" + secrets + "/key": true, "file:secrets/key": true, "file:" + secrets + "/../other/key": false, "file:other/../secrets/key": true,
		"file:secrets/link": false, "file:/proc/self/environ": false, "file:secrets/none": true,
		"sops:secrets/key#gate.admin": true, "sops:secrets/key#other": false, "sops:secrets/link#gate": false,
	} {
		if err := r.CheckOrigin(origin, dir); (err == nil) != want {
			t.Errorf("%s: %v", origin, err)
		}
	}
}

func TestPatternsHoldTheWholeName(t *testing.T) {
	r := rules(t, "secrets \"env\" {\n names = [\"A_*_B\", \"EXACT\", \"*MID*\"]\n}")
	for name, want := range map[string]bool{
		"A_x_B": true, "A__B": true, "A_B": false, "xA_x_B": false, "A_x_Bx": false, "EXACT": true, "EXACTX": false, "XEXACT": false, "aMIDb": true, "MID": true, "MI": false,
	} {
		if err := r.CheckOrigin("env:"+name, "."); (err == nil) != want {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestI14RulesThatAreWrongAllowNothing(t *testing.T) {
	for text, want := range map[string]string{
		`networks = ["192.0.2.0/33"]`:                `"192.0.2.0/33" is neither a network, such as 192.0.2.0/24, nor an address.`,
		`state = "state.db"`:                         `"state.db" depends on the directory in which camform runs. Use an absolute path.`,
		"secrets \"env\" {\n pins = [\"ABC\"]\n}":    `"ABC" is not a TLS key. Write it as sha256:`,
		`sate = "/x"`:                                "sate",
		"secrets \"evn\" {\n}":                       `There are no secrets of "evn"`,
		"secrets \"env\" {\n}\nsecrets \"env\" {\n}": `There already is a block for the secrets of "env".`,
		"approvals {\n required = 1\n for = [\"al\"]\n signers = \"/none\"\n}": `There is no class of changes "al"`,
		"approvals {\n required = 1\n}":                                        `Approvals need both arguments`,
		`state = `:                                                             "Missing expression",
	} {
		if r, wrong := read(t, text); !strings.Contains(wrong, want) || !r.None() {
			t.Errorf("%s: %s", text, wrong)
		}
	}
	if _, wrong := read(t, `state = "/a"`, `state = "/b"`); !strings.Contains(wrong, "Operator's rules contradict each other") {
		t.Errorf("two places of the state: %s", wrong)
	}
	if _, wrong := read(t, `state = "/a"`, `state = "/a/../a"`); wrong != "" {
		t.Errorf("one place of the state: %s", wrong)
	}
}

func TestI14RulesThatOthersMayWriteAllowNothing(t *testing.T) {
	path := filepath.Join(t.TempDir(), "operator.hcl")
	if err := os.WriteFile(path, []byte("networks = []"), 0o600); err != nil {
		t.Fatal(err)
	}
	modes := map[os.FileMode]bool{0o600: true, 0o644: true, 0o646: false}
	if os.Chown(path, -1, 54321) == nil { // a group that is not that of one user
		modes[0o664] = false
	}
	for mode, want := range modes {
		if err := os.Chmod(path, mode); err != nil {
			t.Fatal(err)
		}
		if _, _, problems := operator.Read([]operator.Place{{Path: path}}); problems.HasErrors() == want {
			t.Errorf("%v: %v", mode, problems)
		}
	}
	if _, _, problems := operator.Read([]operator.Place{{Path: path + ".none", Named: true}}); !problems.HasErrors() {
		t.Error("a file that somebody named may be missing")
	}
}
