package vault

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"camform/schema"
)

// fakeSOPS is what the test binary does where it is called sops: it prints a value of a JSON file as the program sops does
// for `sops decrypt --output-type json --extract PATH FILE`, and says what that says where it cannot. Values stand in clear.
func fakeSOPS(args []string) int {
	fail := func(code int, format string, values ...any) int {
		fmt.Fprintf(os.Stderr, format+"\n", values...)
		return code
	}
	if len(args) != 6 || strings.Join(args[:4], " ") != "decrypt --output-type json --extract" {
		return fail(1, "Error: no file specified")
	}
	var document map[string]any
	if text, err := os.ReadFile(args[5]); err != nil {
		return fail(100, "Failed to read %q: %v", args[5], err)
	} else if err := json.Unmarshal(text, &document); err != nil {
		return fail(1, "Error unmarshalling input json: %v", err)
	}
	if document["sops"] == nil {
		return fail(203, "sops metadata not found")
	}
	if os.Getenv("SOPS_AGE_KEY") == "" {
		return fail(128, "Failed to get the data key required to decrypt the SOPS file.")
	}
	delete(document, "sops")
	path, ok := strings.CutPrefix(strings.TrimSuffix(args[4], "]"), "[")
	if !ok {
		return fail(1, "error parsing --extract path: invalid path")
	}
	var found any = document
	for component := range strings.SplitSeq(path, "][") {
		inside := false
		switch parts := found.(type) {
		case map[string]any:
			var name string
			inside = json.Unmarshal([]byte(component), &name) == nil && parts[name] != nil
			found = parts[name]
		case []any:
			var index int
			if inside = json.Unmarshal([]byte(component), &index) == nil && 0 <= index && index < len(parts); inside {
				found = parts[index]
			}
		}
		if !inside {
			return fail(1, "error truncating tree: component [%s] not found", strings.ReplaceAll(component, `"`, "'"))
		}
	}
	switch value := found.(type) {
	case string:
		fmt.Print(value)
	case map[string]any:
		text, _ := json.MarshalIndent(value, "", "\t")
		fmt.Printf("%s\n", text)
	default:
		text, _ := json.Marshal(value)
		fmt.Printf("%s", text)
	}
	return 0
}

// withSOPS puts the fake of sops on the PATH, alone.
func withSOPS(t *testing.T) {
	t.Helper()
	dir := t.TempDir()
	ok(t, os.Symlink(must[string](t)(os.Executable()), filepath.Join(dir, "sops")))
	t.Setenv("PATH", dir)
	t.Setenv("SOPS_AGE_KEY", "AGE-SECRET-KEY-1")
}

func sopsTree(t *testing.T) string {
	return tree(t, map[string]string{
		"a.json": `{"gate": {"admin": "` + canary + `", "port": 8080, "on": true, "empty": "", "line": "a\n", "parts": {"x": "y"}},
			"list": ["` + canary + `-0", {"x": "` + canary + `-1"}], "sops": {"mac": "x"}}`,
		"plain.json": `{"gate": "` + canary + `"}`,
	})
}

func TestSecretsAreReadFromSOPS(t *testing.T) {
	withSOPS(t)
	o := &Origins{Dir: sopsTree(t)}
	for key, want := range map[string]string{
		"gate.admin": canary, "gate.port": "8080", "gate.on": "true", "gate.line": "a", "list.0": canary + "-0", "list.1.x": canary + "-1",
	} {
		if got, err := o.Read(t.Context(), "sops:a.json#"+key); got != schema.NewSecret(want) || err != nil {
			t.Errorf("%s: %q, %v", key, got, err)
		}
	}
	for place, want := range map[string]string{
		"a.json#gate": "not a single value", "a.json#gate.parts": "not a single value", "a.json#list": "not a single value",
		"a.json#gate.empty": "empty", "none.json#x": "there is no file",
	} {
		_, err := o.Read(t.Context(), "sops:"+place)
		wantError(t, err, ErrAbsent, want)
	}
	for place, want := range map[string]string{
		"a.json#gate.none": "component ['none'] not found", "a.json#list.2": "component [2] not found", "a.json#gate.admin.x": "component ['x'] not found",
		"a.json#sops.mac": "component ['sops'] not found", "plain.json#gate": "sops metadata not found",
	} {
		_, err := o.Read(t.Context(), "sops:"+place)
		wantError(t, err, nil, "the program sops could not read "+place+": exit status")
		wantError(t, err, nil, want)
	}
	t.Setenv("SOPS_AGE_KEY", "")
	_, err := (&Origins{Dir: o.Dir}).Read(t.Context(), "sops:a.json#gate.admin")
	wantError(t, err, nil, "Failed to get the data key")
}

// TestNothingIsNoSecretInSOPS has its own fake, since null is what JSON cannot tell from a key that is not there.
func TestNothingIsNoSecretInSOPS(t *testing.T) {
	t.Setenv("PATH", tree(t, map[string]string{"sops": "#!/bin/sh\nprintf null\n"}))
	_, err := (&Origins{Dir: sopsTree(t)}).Read(t.Context(), "sops:a.json#gate.none")
	wantError(t, err, ErrAbsent, "not a single value")
}

func TestWithoutSOPSTheErrorSaysWhatToInstall(t *testing.T) {
	t.Setenv("PATH", t.TempDir())
	_, err := (&Origins{Dir: sopsTree(t)}).Read(t.Context(), "sops:a.json#gate.admin")
	wantError(t, err, nil, "only the program sops can read a.json#gate.admin, and it is not on the PATH; install it from https://getsops.io")
}
