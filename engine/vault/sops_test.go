package vault

import (
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/base64"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"filippo.io/age"
	"filippo.io/age/armor"
)

// sopsWriter makes files of SOPS by what is published of the format: https://getsops.io/docs/#encryption-protocol.
type sopsWriter struct {
	*testing.T
	key      []byte
	box      cipher.AEAD
	sum      []byte // of what counts, in order
	modified string
}

func newSOPSWriter(t *testing.T) *sopsWriter {
	t.Helper()
	w := &sopsWriter{T: t, key: make([]byte, 32), modified: "2026-03-01T12:00:00Z"}
	_, _ = rand.Read(w.key)
	w.box = must[cipher.AEAD](t)(cipher.NewGCMWithNonceSize(must[cipher.Block](t)(aes.NewCipher(w.key)), 32))
	return w
}

// seal is ENC[...] of a text.
func (w *sopsWriter) seal(text, additional, kind string) string {
	nonce := make([]byte, 32)
	_, _ = rand.Read(nonce)
	sealed := w.box.Seal(nil, nonce, []byte(text), []byte(additional))
	data, tag := sealed[:len(text)], sealed[len(text):]
	encode := base64.StdEncoding.EncodeToString
	return fmt.Sprintf("ENC[AES256_GCM,data:%s,iv:%s,tag:%s,type:%s]", encode(data), encode(nonce), encode(tag), kind)
}

// value is one that is encrypted, and counts.
func (w *sopsWriter) value(text, path, kind string) string {
	w.sum = append(w.sum, text...)
	return w.seal(text, path, kind)
}

// clear is a value that is not encrypted, and counts as its text of SOPS.
func (w *sopsWriter) clear(written, counted string) string {
	w.sum = append(w.sum, counted...)
	return written
}

func (w *sopsWriter) mac() string {
	return w.seal(fmt.Sprintf("%X", sha512.Sum512(w.sum)), w.modified, "str")
}

// enc is the data key for a person.
func (w *sopsWriter) enc(p person) string {
	w.Helper()
	to := must[*age.X25519Recipient](w)(age.ParseX25519Recipient(p.key))
	var text bytes.Buffer
	writer := armor.NewWriter(&text)
	_, err := writer.Write(must[[]byte](w)(encrypt(w.key, to)))
	ok(w, errors.Join(err, writer.Close()))
	return text.String()
}

// meta is what stands below the key sops, in YAML, after the values were written.
func (w *sopsWriter) meta(more string, to ...person) string {
	w.Helper()
	var text strings.Builder
	text.WriteString("sops:\n    age:\n")
	for _, p := range to {
		text.WriteString("        - recipient: " + p.key + "\n          enc: |\n            " + strings.ReplaceAll(strings.TrimSpace(w.enc(p)), "\n", "\n            ") + "\n")
	}
	fmt.Fprintf(&text, "    lastmodified: %q\n    mac: %s\n    version: 3.9.4\n%s", w.modified, w.mac(), more)
	return text.String()
}

// sopsYAML is a file with a value of each sort.
func sopsYAML(t *testing.T, to ...person) string {
	w := newSOPSWriter(t)
	return "# comment\n#" + w.seal("a comment", "", "comment") + "\n" +
		"gate:\n    admin: " + w.value(canary, "gate:admin:", "str") + "\n" +
		"    port: " + w.value("8080", "gate:port:", "int") + "\n" +
		"    ratio: " + w.value("0.5", "gate:ratio:", "float") + "\n" +
		"    on: " + w.value("True", "gate:on:", "bool") + "\n" +
		"    empty: \"\"\n    none: null\n" +
		"list:\n    - " + w.value(canary+"-0", "list:", "str") + "\n    - x: " + w.value(canary+"-1", "list:x:", "str") + "\n" +
		"note_unencrypted: " + w.clear("in clear", "in clear") + "\n" +
		"n_unencrypted:\n    - " + w.clear("0x10", "16") + "\n    - " + w.clear("1.50", "1.5") + "\n    - " + w.clear("true", "True") + "\n    - " + w.clear("false", "False") + "\n" +
		w.meta("    unencrypted_suffix: _unencrypted\n", to...)
}

func sopsJSON(t *testing.T, to person) string {
	w := newSOPSWriter(t)
	gate := fmt.Sprintf(`"gate": {"admin": %q, "door": {"x": %q}}`, w.value(canary, "gate:admin:", "str"), w.value(canary+"-x", "gate:door:x:", "str"))
	return fmt.Sprintf("{\n\t%s,\n\t\"sops\": {\"kms\": null, \"age\": [{\"recipient\": %q, \"enc\": %q}], \"lastmodified\": %q, \"mac\": %q, \"version\": \"3.9.4\"}\n}\n",
		gate, to.key, w.enc(to), w.modified, w.mac())
}

func TestSecretsAreReadFromSOPS(t *testing.T) {
	withoutSOPS(t)
	p, other := newPerson(t), newPerson(t)
	regex, only, suffix := newSOPSWriter(t), newSOPSWriter(t), newSOPSWriter(t)
	start := sha256.Sum256([]byte("sops"))
	only.sum = start[:]
	dir := tree(t, map[string]string{
		"a.yaml": sopsYAML(t, p),
		"b.json": sopsJSON(t, p),
		"two":    sopsYAML(t, other, p),
		"regex":  "open: " + regex.clear("yes it is", "yes it is") + "\npassword: " + regex.value(canary, "password:", "str") + "\n" + regex.meta("    encrypted_regex: ^pass\n", p),
		"only":   "open_unencrypted: does not count\npassword: " + only.value(canary, "password:", "str") + "\n" + only.meta("    mac_only_encrypted: true\n", p),
		"suffix": "open: " + suffix.clear("x", "x") + "\npassword_s: " + suffix.value(canary, "password_s:", "str") + "\n" + suffix.meta("    encrypted_suffix: _s\n", p),
	})
	inline := string(must[[]byte](t)(os.ReadFile(p.file)))
	for title, env := range map[string]map[string]string{
		"file": {"SOPS_AGE_KEY_FILE": p.file}, "inline": {"SOPS_AGE_KEY": inline}, "both": {"SOPS_AGE_KEY_FILE": other.file, "SOPS_AGE_KEY": inline},
	} {
		o := &Origins{Env: lookup(env), Dir: dir}
		for place, want := range map[string]string{
			"a.yaml#gate.admin": canary, "a.yaml#gate.port": "8080", "a.yaml#gate.ratio": "0.5", "a.yaml#gate.on": "True",
			"a.yaml#list.0": canary + "-0", "a.yaml#list.1.x": canary + "-1", "a.yaml#note_unencrypted": "in clear",
			"b.json#gate.admin": canary, "b.json#gate.door.x": canary + "-x", "two#gate.admin": canary,
			"regex#password": canary, "regex#open": "yes it is", "only#password": canary, "suffix#password_s": canary,
		} {
			if got, err := o.Read(t.Context(), "sops:"+place); got != want || err != nil {
				t.Errorf("%s, %s: %q, %v", title, place, got, err)
			}
		}
	}
	o := &Origins{Env: lookup(map[string]string{"SOPS_AGE_KEY": inline}), Dir: dir}
	for place, want := range map[string]string{
		"a.yaml#gate": "not a single value", "a.yaml#gate.none": "not a single value", "a.yaml#gate.empty": "empty", "a.yaml#gate.admin.x": "there is no x",
		"a.yaml#list.2": "there is no 2", "a.yaml#list.-1": "there is no -1", "a.yaml#gate.none.x": "there is no", "none#x": "there is no file", "a.yaml#sops.mac": "there is no sops",
	} {
		_, err := o.Read(t.Context(), "sops:"+place)
		wantError(t, err, ErrAbsent, want)
	}
}

// withoutSOPS hides the program sops.
func withoutSOPS(t *testing.T) {
	t.Helper()
	t.Setenv("PATH", t.TempDir())
}

func TestSOPSFilesThatWereChangedAreRefused(t *testing.T) {
	withoutSOPS(t)
	p := newPerson(t)
	o := &Origins{Env: lookup(map[string]string{"SOPS_AGE_KEY_FILE": p.file})}
	good := sopsYAML(t, p)
	value := func(key string) string {
		for line := range strings.Lines(good) {
			if found, ok := strings.CutPrefix(strings.TrimSpace(line), key+": "); ok {
				return found
			}
		}
		t.Fatalf("there is no %s", key)
		return ""
	}
	exchanged := strings.NewReplacer(value("port"), value("ratio"), value("ratio"), value("port"))
	for title, text := range map[string]string{
		"values exchanged": exchanged.Replace(good),
		"one in clear":     strings.Replace(good, value("port"), "8080", 1),
		"one removed":      strings.Replace(good, "    port: "+value("port")+"\n", "", 1),
		"one added":        strings.Replace(good, "list:\n", "b_unencrypted: x\nlist:\n", 1),
		"clear changed":    strings.Replace(good, "in clear", "in fear", 1),
		"another time":     strings.Replace(good, "2026-03-01T12", "2026-03-01T13", 1),
		"no time":          strings.Replace(good, "2026-03-01T12:00:00Z", "yesterday", 1),
		"no code":          strings.Replace(good, value("mac"), `""`, 1),
		"code in clear":    strings.Replace(good, value("mac"), `x`, 1),
		"moved":            strings.Replace(good, "    admin: ", "    other: ", 1),
		"other rule":       strings.Replace(good, "unencrypted_suffix: _unencrypted", "unencrypted_suffix: _x", 1),
	} {
		if text == good {
			t.Fatalf("%s: nothing was changed", title)
		}
		_, err := o.decryptSOPS([]byte(text), []string{"gate", "admin"})
		wantError(t, err, ErrDamaged, "")
	}
	// Bits of the value itself: never another text.
	sealed := value("admin")
	at := strings.Index(good, sealed)
	spoilt([]byte(sealed), func(_ string, changed []byte) {
		text, err := o.decryptSOPS([]byte(good[:at]+string(changed)+good[at+len(sealed):]), []string{"gate", "admin"})
		if err == nil && text != canary {
			t.Fatalf("another text: %q", text)
		}
	})
}

func TestOtherSOPSFilesAreLeftToSOPS(t *testing.T) {
	p, other := newPerson(t), newPerson(t)
	good := sopsYAML(t, p)
	dir := tree(t, map[string]string{
		"good":      good,
		"stranger":  sopsYAML(t, other),
		"kms":       "a: x\nsops:\n    kms:\n        - arn: x\n",
		"groups":    good + "    key_groups:\n        - age: []\n",
		"comments":  good + "    encrypted_comment_regex: x\n",
		"dotenv":    "A=ENC[AES256_GCM]\nsops_mac=x\n",
		"documents": good + "---\na: x\n",
		"alias":     "b_unencrypted: &b\n    c: x\na: *b\n" + good,
		"date":      "a_unencrypted: 2026-03-01\n" + good,
		"plain":     "a: " + canary + "\n",
	})
	env := lookup(map[string]string{"SOPS_AGE_KEY_FILE": p.file})
	t.Run("without the program", func(t *testing.T) {
		withoutSOPS(t)
		for file, want := range map[string]string{
			"stranger": "no identity of SOPS_AGE_KEY_FILE", "kms": "no age recipients", "groups": "does not read", "comments": "does not read",
			"dotenv": "neither YAML nor JSON", "documents": "several documents", "alias": "refer to others", "date": "a date",
		} {
			_, err := (&Origins{Env: env, Dir: dir}).Read(t.Context(), "sops:"+file+"#gate.admin")
			wantError(t, err, errOtherSOPS, want)
			wantError(t, err, errOtherSOPS, "install sops")
		}
		_, err := (&Origins{Dir: dir}).Read(t.Context(), "sops:good#gate.admin")
		wantError(t, err, errOtherSOPS, "set SOPS_AGE_KEY_FILE")
		_, err = (&Origins{Env: env, Dir: dir}).Read(t.Context(), "sops:plain#a")
		wantError(t, err, nil, "not encrypted by SOPS")
		_, err = (&Origins{Env: lookup(map[string]string{"SOPS_AGE_KEY": canary}), Dir: dir}).Read(t.Context(), "sops:good#a")
		wantError(t, err, nil, "no identities of age")
		_, err = (&Origins{Env: lookup(map[string]string{"SOPS_AGE_KEY_FILE": "none"}), Dir: dir}).Read(t.Context(), "sops:good#a")
		wantError(t, err, ErrAbsent, "SOPS_AGE_KEY_FILE")
	})
	t.Run("with the program", func(t *testing.T) {
		programs := tree(t, map[string]string{"sops": "#!/bin/sh\nif [ ! -f \"$4\" ]; then exit 1; fi\nprintf '%s %s %s' \"$1\" \"$2\" \"$3\"\n"})
		t.Setenv("PATH", programs+string(filepath.ListSeparator)+os.Getenv("PATH"))
		got, err := (&Origins{Env: env, Dir: dir}).Read(t.Context(), "sops:kms#gate.0.admin")
		if want := `decrypt --extract ["gate"][0]["admin"]`; got != want || err != nil {
			t.Errorf("%q, %v", got, err)
		}
	})
}

// TestSOPSItselfAgrees lets the program sops write what is read here, where it is installed.
func TestSOPSItselfAgrees(t *testing.T) {
	program, err := exec.LookPath("sops")
	if err != nil {
		t.Skip("the program sops is not installed")
	}
	p := newPerson(t)
	dir := tree(t, map[string]string{"a.yaml": "# comment\ngate:\n    admin: " + canary + "\n    port: 8080\n    list: [1.5, true, x]\n", "a.json": `{"gate": {"admin": "` + canary + `"}}`})
	for _, file := range []string{"a.yaml", "a.json"} {
		encrypting := exec.CommandContext(t.Context(), program, "encrypt", "--in-place", "--age", p.key, filepath.Join(dir, file))
		if text, err := encrypting.CombinedOutput(); err != nil {
			t.Fatalf("%v: %s", err, text)
		}
		o := &Origins{Env: lookup(map[string]string{"SOPS_AGE_KEY_FILE": p.file}), Dir: dir}
		if got, err := o.decryptSOPS(must[[]byte](t)(os.ReadFile(filepath.Join(dir, file))), []string{"gate", "admin"}); got != canary || err != nil {
			t.Errorf("%s: %q, %v", file, got, err)
		}
	}
}
