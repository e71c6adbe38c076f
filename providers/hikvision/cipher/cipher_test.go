package cipher

import (
	"crypto/aes"
	"crypto/cipher"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"
	"testing"

	"camform/providers/hikvision/document"
	"camform/providers/hikvision/xmlpatch"
	"camform/schema"
)

const capabilities = `<SecurityCap><securityVersion opt="1,2"/><keyIterateNum>100</keyIterateNum><isIrreversible>true</isIrreversible>` +
	`<salt>2F1C2DE6D8D243EF46F177D830796D51CC10733BEC81DC0CAABE837942351A92</salt></SecurityCap>`

var counting = IV{0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15}

func keyFor(t *testing.T, capabilities string) Key {
	t.Helper()
	terms, err := TermsOf([]byte(capabilities))
	if err != nil {
		t.Fatal(err)
	}
	return terms.Key("admin", schema.NewSecret("Example-Pass1"))
}

// The vector was computed by two other programs from how the vendor's web client does it.
func TestAVectorOfTheVendorsScheme(t *testing.T) {
	const want = "d029642d01bd20e797b959ddf5a87bdde2464b0ff01a50ba8d298260f07bf0a2"
	if have := keyFor(t, capabilities).Text("Example-New2", counting); have != want {
		t.Errorf("it is %s, not %s", have, want)
	}
	if have := keyFor(t, strings.Replace(capabilities, "true", "false", 1)).Text("Example-New2", counting); have == want {
		t.Error("the salt makes no difference")
	}
}

// What a device does not say, or says in a way that nobody has seen, is not guessed.
func TestTermsAreNotGuessed(t *testing.T) {
	for from, to := range map[string]string{
		`opt="1,2"`: `opt="2,3"`, `<securityVersion opt="1,2"/>`: "", `>100<`: `>0<`, `>100</key`: `>10001</key`, `<keyIterateNum>100</keyIterateNum>`: "",
		"2F1C2DE6D8D243EF46F177D830796D51CC10733BEC81DC0CAABE837942351A92": "", "</SecurityCap>": "",
	} {
		if _, err := TermsOf([]byte(strings.Replace(capabilities, from, to, 1))); !errors.Is(err, ErrUnknown) {
			t.Errorf("%s for %s: %v", to, from, err)
		}
	}
}

// Every named text of a document is enciphered, and nothing else is touched.
func TestOnlyNamedTextsAreEnciphered(t *testing.T) {
	k := keyFor(t, capabilities)
	for body, want := range map[string][]string{
		`<Q><L><Question><id>1</id><answer>blue</answer></Question><Question><id>2</id><answer>a&lt;b</answer></Question></L><password>pw</password><answer/></Q>`: {"blue", "a&lt;b", "pw"},
		`{"E":{"password":"a<b","L":[{"answer":"x@example.com"},{"answer":"y"}],"n":1}}`:                                                                           {"a<b", "x@example.com", "y"},
	} {
		have, err := k.Body([]byte(body), counting, []string{"answer", "password"})
		if err != nil {
			t.Fatal(err)
		}
		doc, err := document.Parse(have)
		if err != nil {
			t.Fatal(err)
		}
		var texts []string
		if err := doc.Replace(func(e xmlpatch.Element) (string, bool) {
			text, ok := decipher(k, e.Text())
			if ok {
				texts = append(texts, text)
			}
			return "?", ok
		}); err != nil || strings.Join(texts, " ") != strings.Join(want, " ") {
			t.Errorf("%s: %q, %v", have, texts, err)
		}
		rest := strings.NewReplacer("blue", "?", "a&lt;b", "?", "pw", "?", "a<b", "?", "x@example.com", "?", `"y"`, `"?"`).Replace(body)
		if string(doc.Bytes()) != rest {
			t.Errorf("%s is left of %s", doc.Bytes(), body)
		}
	}
}

// decipher does what a device does, and reports whether a text is enciphered.
func decipher(k Key, text string) (string, bool) {
	raw, err := hex.DecodeString(text)
	if err != nil || len(raw) == 0 || len(raw)%aes.BlockSize != 0 {
		return "", false
	}
	cipher.NewCBCDecrypter(k.block, counting[:]).CryptBlocks(raw, raw)
	padding := int(raw[len(raw)-1])
	plain, err := base64.StdEncoding.DecodeString(string(raw[:len(raw)-padding]))
	return string(plain), err == nil
}

func TestI1AKeyIsNotPrinted(t *testing.T) {
	if text := fmt.Sprintf("%v %+v %#v", keyFor(t, capabilities), keyFor(t, capabilities), &Key{}); strings.TrimSpace(strings.ReplaceAll(text, schema.Blank, "")) != "" {
		t.Errorf("it prints %s", text)
	}
}
