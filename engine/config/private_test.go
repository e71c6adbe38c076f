package config

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/zclconf/go-cty/cty"
)

// keptFiles are those of a directory in which camform ran, with the state and an identity in places of their own.
var keptFiles = map[string]string{
	".camform/state.db": canary, ".camform/state.db.key": canary, ".camform/other": canary, "sub/.camform/state.db.key": canary,
	"data/fleet.db": canary, "data/fleet.db.key": canary, "data/fleet.db-wal": canary, "data/fleet.db.audit-head": canary,
	"keys/identity.txt": canary, "password.txt": canary, "data/readme.txt": "open",
}

// keptDir writes the files, with links to some, and what the configuration says besides the state.
func keptDir(t *testing.T, text string) string {
	t.Helper()
	files := map[string]string{"main.cam.hcl": "camform {\n  state \"sqlite\" {\n    path = \"data/fleet.db\"\n  }\n}\n" + text}
	for name, content := range keptFiles {
		files[name] = content
	}
	dir := write(t, files)
	for link, to := range map[string]string{"link.txt": ".camform/state.db.key", "folder": ".camform", "chain": "folder", "pass": "password.txt"} {
		if err := os.Symlink(to, filepath.Join(dir, link)); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Link(filepath.Join(dir, ".camform/state.db.key"), filepath.Join(dir, "hard.txt")); err != nil {
		t.Fatal(err)
	}
	if err := os.Link(filepath.Join(dir, "keys/identity.txt"), filepath.Join(dir, "hard2.txt")); err != nil {
		t.Fatal(err)
	}
	return dir
}

func evaluateKept(t *testing.T, dir string) (*Config, string, string) {
	t.Helper()
	options := testOptions()
	options.Secrets = testVault{}.reader(options.Env, dir)
	config, problems := Parse(dir, testVersion, filepath.Join(dir, "keys/identity.txt")).Evaluate(options)
	var codes, said []string
	for _, p := range problems {
		codes, said = append(codes, p.Code), append(said, p.Summary+" "+p.Detail)
	}
	return config, strings.Join(codes, " "), strings.Join(said, "\n")
}

func TestI1PrivateFilesAreOutOfReach(t *testing.T) {
	private := []string{
		".camform/state.db.key", ".camform/state.db", ".camform/other", "./.camform/state.db.key", "data/../.camform/state.db.key",
		".CAMFORM/other", "sub/.camform/state.db.key", ".camform/none", "link.txt", "folder/other", "chain/other", "hard.txt",
		"data/fleet.db", "data/fleet.db.key", "data/fleet.db-wal", "data/fleet.db.audit-head", "data//./fleet.db.key",
		"keys/identity.txt", "keys/../keys/identity.txt", "hard2.txt",
	}
	calls := []string{`file(%)`, `filebase64(%)`, `filesha256(%)`, `fileexists(%)`, `templatefile(%, {})`, `try(file(%), file(%))`, `secret("file:${%}")`, `secret("sops:${%}#a")`}
	for _, path := range private {
		for _, call := range calls {
			text := "locals {\n  a = " + strings.ReplaceAll(call, "%", `"`+path+`"`) + "\n}\n"
			_, codes, said := evaluateKept(t, keptDir(t, text))
			if !strings.Contains(said, "belongs to the state of camform or opens the vault") && !strings.HasPrefix(call, "try") || codes == "" {
				t.Errorf("%s: %s %s", text, codes, said)
			}
			if strings.Contains(said, canary) {
				t.Errorf("%s: what stands in it is shown: %s", text, said)
			}
		}
	}
}

func TestPrivateFilesAreNotListed(t *testing.T) {
	for pattern, want := range map[string]string{
		`fileset(".", "**")`:            "data/readme.txt main.cam.hcl password.txt",
		`fileset("data", "*")`:          "readme.txt",
		`fileset(".camform", "*")`:      "",
		`fileset("folder", "*")`:        "",
		`fileset("sub", "**")`:          "",
		`fileset(".", ".camform/*")`:    "",
		`fileset(".", "{keys,none}/*")`: "",
	} {
		config, codes, said := evaluateKept(t, keptDir(t, "output \"a\" {\n  value = join(\" \", "+pattern+")\n}\n"))
		if have := config.Outputs[0].Value; codes != "" || !have.RawEquals(cty.StringVal(want)) {
			t.Errorf("%s lists %#v, want %s: %s", pattern, have, want, said)
		}
	}
}

func TestPrivateFilesAreNoPartOfAConfiguration(t *testing.T) {
	for name, text := range map[string]string{
		"schemas":   "camform {\n  state \"sqlite\" { path = \"data/fleet.db\" }\n  schemas = [\"folder\"]\n}\n",
		"a schema":  "camform {\n  state \"sqlite\" { path = \"data/fleet.db\" }\n  schemas = [\"own\"]\n}\n",
		"signers":   "camform {\n  approvals {\n    required = 1\n    for = [\"all\"]\n    signers = \"data/fleet.db.key\"\n  }\n  state \"sqlite\" { path = \"data/fleet.db\" }\n}\n",
		"ca_file":   "device \"a\" {\n  address = \"https://192.0.2.1\"\n  login {\n    username = \"admin\"\n    password = secret(\"env:ADMIN\")\n  }\n  tls {\n    verify = true\n    ca_file = \"link.txt\"\n  }\n}\n",
		"variables": "",
		"text":      "",
	} {
		dir := keptDir(t, text)
		if strings.HasPrefix(text, "camform") {
			if err := os.WriteFile(filepath.Join(dir, "main.cam.hcl"), []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		links := map[string]string{"variables": "camform.camvars", "text": "x.cam.hcl", "a schema": "own/x.hcl"}
		if link := links[name]; link != "" {
			_ = os.Mkdir(filepath.Join(dir, "own"), 0o700)
			if err := os.Symlink(filepath.Join(dir, "keys/identity.txt"), filepath.Join(dir, link)); err != nil {
				t.Fatal(err)
			}
		}
		_, codes, said := evaluateKept(t, dir)
		if codes != "secret-exposed" && codes != "unreadable-file" || !strings.Contains(strings.ToLower(said), "it belongs to the state of camform or opens the vault") || strings.Contains(said, canary) {
			t.Errorf("%s: %s %s", name, codes, said)
		}
	}
}

// TestI15SecretFilesAreReadAsSecretsOnly reads a file in both ways, in either order.
func TestI15SecretFilesAreReadAsSecretsOnly(t *testing.T) {
	for _, read := range []string{
		`file("password.txt")`, `filebase64("data/../password.txt")`, `filesha256("password.txt")`, `templatefile("pass", {})`, `file("pass")`, `tonumber(file("password.txt"))`,
		`fileset(".", "*.txt")`, `try(file("password.txt"), "")`,
	} {
		for _, text := range []string{
			"locals {\n  a = " + read + "\n  b = secret(\"file:./password.txt\")\n}\n",
			"locals {\n  b = secret(\"file:pass\")\n  a = [local.b, " + read + "][1]\n}\n",
		} {
			_, codes, said := evaluateKept(t, keptDir(t, text))
			if codes != "secret-exposed" || !strings.Contains(said, "names it as a secret") || strings.Contains(said, canary) {
				t.Errorf("%s: %s %s", text, codes, said)
			}
		}
	}
	for _, text := range []string{
		"locals {\n  a = fileexists(\"password.txt\") ? secret(\"file:password.txt\") : secret(\"env:ADMIN\")\n}\n",
		"locals {\n  a = file(\"data/readme.txt\")\n  b = secret(\"file:password.txt\")\n}\n",
	} {
		if _, codes, said := evaluateKept(t, keptDir(t, text)); codes != "" {
			t.Errorf("%s: %s", text, said)
		}
	}
}

// What restores keep beside a state has what the state had.
func TestI15WhatARestoreKeptIsPrivate(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "state.db")
	for name, want := range map[string]bool{"state.db.before-2026": true, "state.db.before-2026.key": true, "state.db-wal": true, "state.dbx": false, "other.before-2026": false} {
		if err := os.WriteFile(filepath.Join(dir, name), nil, 0o600); err != nil {
			t.Fatal(err)
		}
		if got := slices.Contains(StateFiles(path), filepath.Join(dir, name)); got != want {
			t.Errorf("%s is private: %t, want %t", name, got, want)
		}
	}
}
