package signers

import (
	"crypto/ed25519"
	"crypto/rand"
	"encoding/pem"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/crypto/ssh"
)

// Exactly one text stands for a signature, but for the width of its lines, which is that of OpenSSH or ours.
func TestASignatureHasOneText(t *testing.T) {
	public, private, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	signer, err := ssh.NewSignerFromKey(private)
	if err != nil {
		t.Fatal(err)
	}
	message := []byte("what is signed\n")
	armor, err := Sign(message, signer, Plans)
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(strings.TrimSuffix(string(armor), "\n"), "\n")
	middle := strings.Join(lines[1:len(lines)-1], "")
	first, last := lines[0]+"\n", "\n"+lines[len(lines)-1]+"\n"
	for name, text := range map[string]string{
		"a blank line":          first + "\n" + strings.Join(lines[1:len(lines)-1], "\n") + last,
		"a line in two":         first + middle[:30] + "\n" + middle[30:] + last,
		"one line":              first + middle + last,
		"a blank line behind":   string(armor) + "\n",
		"a blank line before":   "\n" + string(armor),
		"no line end":           strings.TrimSuffix(string(armor), "\n"),
		"line ends of Windows":  strings.ReplaceAll(string(armor), "\n", "\r\n"),
		"a header":              first + "Comment: x\n\n" + strings.Join(lines[1:len(lines)-1], "\n") + last,
		"something in its line": strings.Replace(string(armor), lines[1], lines[1]+" ", 1),
	} {
		if _, err := Verify(message, []byte(text), Plans); err == nil {
			t.Errorf("with %s it is taken for a signature", name)
		}
	}
	if key, err := Verify(message, armor, Plans); err != nil || string(key.Marshal()) != string(signer.PublicKey().Marshal()) {
		t.Errorf("its own text: %v", err)
	}
	theirs := opensshSigns(t, message, private)
	if key, err := Verify(message, theirs, Plans); err != nil || !key.(ssh.CryptoPublicKey).CryptoPublicKey().(ed25519.PublicKey).Equal(public) {
		t.Errorf("the text of OpenSSH: %v\n%s", err, theirs)
	}
}

// opensshSigns is what ssh-keygen writes for a message. Without it the test is skipped from here.
func opensshSigns(t *testing.T, message []byte, private ed25519.PrivateKey) []byte {
	t.Helper()
	keygen, err := exec.LookPath("ssh-keygen")
	if err != nil {
		t.Skip("there is no ssh-keygen here")
	}
	block, err := ssh.MarshalPrivateKey(private, "")
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	key, file := filepath.Join(dir, "key"), filepath.Join(dir, "message")
	if err := os.WriteFile(key, pem.EncodeToMemory(block), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, message, 0o600); err != nil {
		t.Fatal(err)
	}
	if out, err := exec.Command(keygen, "-q", "-Y", "sign", "-f", key, "-n", Plans, file).CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	text, err := os.ReadFile(file + ".sig")
	if err != nil {
		t.Fatal(err)
	}
	return text
}
