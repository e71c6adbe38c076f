package simulator

import (
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"crypto/rsa"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"math/big"
	"net/http"
	"strings"

	"camform/providers/device"
)

// activationStyle is how a model gets its first password.
type activationStyle string

const (
	noActivation      activationStyle = "none"    // firmware from before activation: it leaves the factory with a password that everybody knows
	classicActivation activationStyle = "classic" // AES-128-ECB under a challenge for an RSA key of 1024 bits
	v3Activation      activationStyle = "v3"      // AES-CBC under a challenge for one of 3072 bits, in JSON
)

// factoryPassword is what firmware from before activation comes with.
const factoryPassword = "12345"

// The sizes of keys in bits, and of the text of a challenge in bytes.
const (
	classicKey, v3Key     = 1024, 3072
	classicText, v3Text   = 32, 64
	maxActivationPassword = 32 // with padding
)

// headOfChallenge is how much of the text of a challenge comes before the password.
const headOfChallenge = 16

var errActivation = errors.New("not what a client sends to activate a device")

// Inactive reports whether the device waits for its first password.
func (d *Device) Inactive() bool {
	defer d.enter()()
	return d.unit.inactive
}

// activateStatus answers whether the device has a password. Firmware from before activation does not know the question.
func (x *exchange) activateStatus() reply {
	version := ""
	switch x.unit.model.Activation {
	case noActivation:
		return x.unit.model.respond(x.q, *x.unit.model.absent(x.q.path))
	case v3Activation:
		version = "<supportVersion>3</supportVersion>"
	}
	return x.unit.model.send(http.StatusOK, contentXML, fmt.Appendf(nil, "<ActivateStatus><Activated>%t</Activated>%s</ActivateStatus>\n", !x.unit.inactive, version))
}

// activates reports whether a request is one that gives a device its first password.
func (x *exchange) activates() bool {
	switch x.unit.model.Activation {
	case noActivation:
		return false
	case v3Activation:
		if x.q.method == http.MethodPost && (x.q.path == challengeV3Path || x.q.path == activateV3Path) {
			return true
		}
	}
	return x.q.method == http.MethodPost && x.q.path == challengePath || x.q.method == http.MethodPut && x.q.path == activatePath
}

// whileInactive answers a request to a device that waits for its first password.
func (x *exchange) whileInactive() reply {
	switch {
	case x.q.path == userCheckPath:
		return x.unit.model.send(http.StatusOK, contentXML, []byte("<userCheck>\n<statusValue>200</statusValue>\n<statusString>OK</statusString>\n<isActivated>false</isActivated>\n</userCheck>\n"))
	case !x.activates():
		return x.refuse(notActivated)
	case x.unit.starting():
		return x.refuse(invalidOperation)
	}
	switch x.q.path {
	case challengePath:
		return x.challengeClassic()
	case challengeV3Path:
		return x.challengeV3()
	case activateV3Path:
		return x.activateV3()
	}
	if x.unit.model.Activation == v3Activation {
		return x.refuse(badXMLContent)
	}
	return x.activateClassic()
}

func (x *exchange) refuse(code subCode) reply {
	return x.unit.model.respond(x.q, *x.unit.model.refuse(code))
}

// challengeClassic gives the client a text that only its key reads.
func (x *exchange) challengeClassic() reply {
	root, err := scan(x.q.body)
	if err != nil {
		return x.refuse(badXMLFormat)
	}
	sealed, err := x.challengeFor(root.value("key"), classicKey, classicText)
	if err != nil || root.name != "PublicKey" && root.name != "Challenge" {
		return x.refuse(badXMLContent)
	}
	answer := x.unit.model.made(fmt.Sprintf("<Challenge%s>\n<key>%s</key>\n</Challenge>\n", x.unit.model.attributes(), sealed))
	return x.unit.model.send(http.StatusOK, answer.contentType, answer.body)
}

func (x *exchange) challengeV3() reply {
	var sent struct {
		PublicKey string `json:"publicKey"`
	}
	if json.Unmarshal(x.q.body, &sent) != nil {
		return x.refuse(badJSONFormat)
	}
	sealed, err := x.challengeFor(sent.PublicKey, v3Key, v3Text)
	if err != nil {
		no := x.unit.model.refuse(badJSONContent)
		no.statusString = "Invalid JSON Content"
		return x.unit.model.respond(x.q, *no)
	}
	return x.unit.model.send(http.StatusOK, contentJSON, fmt.Appendf(nil, `{"challenge":%q}`+"\n", sealed))
}

// challengeFor makes up a text of hexadecimal digits, which the next activation is ciphered with, and encrypts it for a key. Key
// and ciphertext are base64 of hexadecimal digits.
func (x *exchange) challengeFor(key string, bits, size int) (sealed string, err error) {
	n, err := unwrap(key)
	modulus := new(big.Int).SetBytes(n)
	if err != nil || modulus.BitLen() != bits {
		return "", errActivation
	}
	text, ciphered, err := textFor(&rsa.PublicKey{N: modulus, E: 65537}, size)
	if err != nil {
		return "", err
	}
	x.unit.challenge = text
	return wrap(ciphered), nil
}

// textFor makes up hexadecimal digits, and encrypts them for a key.
func textFor(key *rsa.PublicKey, size int) (text string, ciphered []byte, err error) {
	random := make([]byte, size/2)
	rand.Read(random)
	text = hex.EncodeToString(random)
	//lint:ignore SA1019 clients of devices know no other padding
	ciphered, err = rsa.EncryptPKCS1v15(rand.Reader, key, []byte(text))
	return text, ciphered, err
}

func wrap(b []byte) string { return base64.StdEncoding.EncodeToString([]byte(hex.EncodeToString(b))) }

func unwrap(text string) ([]byte, error) {
	digits, err := base64.StdEncoding.DecodeString(strings.TrimSpace(text))
	if err != nil {
		return nil, err
	}
	return hex.DecodeString(string(digits))
}

func (x *exchange) activateClassic() reply {
	root, err := scan(x.q.body)
	switch {
	case err != nil:
		return x.refuse(badXMLFormat)
	case root.name != "ActivateInfo":
		return x.refuse(badXMLContent)
	}
	return x.activate(classicPassword(x.unit.challenge, root.value("password")))
}

func (x *exchange) activateV3() reply {
	var sent struct {
		Password string `json:"password"`
		IV       string `json:"iv"`
	}
	if json.Unmarshal(x.q.body, &sent) != nil {
		return x.refuse(badJSONFormat)
	}
	return x.activate(v3Password(x.unit.challenge, sent.Password, sent.IV))
}

// classicPassword deciphers a password that was sent in the classic way, with the text of the challenge.
func classicPassword(challenge, sent string) (string, error) {
	ciphered, err := unwrap(sent)
	if err != nil {
		return "", err
	}
	key, err := hex.DecodeString(challenge)
	if err != nil {
		return "", err
	}
	return afterHead(challenge, ciphered, key)
}

// afterHead deciphers AES-ECB with zeros for padding, and returns what follows the head of a challenge.
func afterHead(challenge string, ciphered, key []byte) (string, error) {
	block, err := aes.NewCipher(key)
	if err != nil || len(ciphered) == 0 || len(ciphered)%aes.BlockSize != 0 {
		return "", errActivation
	}
	plain := make([]byte, len(ciphered))
	for at := 0; at < len(plain); at += aes.BlockSize {
		block.Decrypt(plain[at:], ciphered[at:])
	}
	password, begins := bytes.CutPrefix(plain, []byte(challenge[:headOfChallenge]))
	if !begins {
		return "", errActivation
	}
	return string(bytes.TrimRight(password, "\x00")), nil
}

// v3Password deciphers a password that was sent in the way of V3.
func v3Password(challenge, sent, iv string) (string, error) {
	ciphered, errSent := unwrap(sent)
	start, errStart := hex.DecodeString(iv)
	key, errKey := hex.DecodeString(challenge)
	block, errBlock := aes.NewCipher(key)
	if err := errors.Join(errSent, errStart, errKey, errBlock); err != nil || len(start) != aes.BlockSize || len(ciphered) == 0 || len(ciphered)%aes.BlockSize != 0 {
		return "", errActivation
	}
	plain := make([]byte, len(ciphered))
	cipher.NewCBCDecrypter(block, start).CryptBlocks(plain, ciphered)
	padding := int(plain[len(plain)-1])
	if padding == 0 || padding > aes.BlockSize || !bytes.HasSuffix(plain, bytes.Repeat([]byte{byte(padding)}, padding)) {
		return "", errActivation
	}
	password, begins := bytes.CutPrefix(plain[:len(plain)-padding], []byte(challenge[:headOfChallenge]))
	if !begins {
		return "", errActivation
	}
	return string(password), nil
}

// activate gives the device its first password, unless it could not be read. A challenge serves one attempt.
func (x *exchange) activate(password string, err error) reply {
	x.unit.challenge = ""
	if err != nil || password == "" || len(password) > maxActivationPassword {
		return x.refuse(badParameters)
	}
	if no := x.unit.model.checkPassword(x.unit.admin, password); no != nil {
		return x.unit.model.respond(x.q, *no)
	}
	custody{x.unit}.activate(password, x.f)
	entry := x.q.entry(Activated, x.unit.admin)
	entry.Detail = "remoteSetDeviceActive"
	x.unit.record(entry)
	return x.unit.model.respond(x.q, result{http: http.StatusOK, code: ok})
}

// custody is a device as it is to those who give it passwords, and take them away.
type custody struct{ *unit }

// activate makes the administrator, with what a fault does to the password.
func (d custody) activate(password string, f fault) {
	admin := d.core.Accounts.Set(d.admin, administrator, "")
	d.core.Accounts.Change(admin, password, f.mishap(), d.now())
	d.inactive, d.usersChanged = false, true
	d.syncPermissions()
}

// pluggedChannels is the list of the channels of a wiring that a recorder finds by itself, at its own ports.
func (d custody) pluggedChannels() ([]byte, bool) {
	list := d.own[channelsPath]
	root, err := scan(list)
	if !d.wired || err != nil {
		return nil, false
	}
	var edits []edit
	for _, item := range root.children {
		if mode := item.find("connMode"); mode == nil || mode.text != "plugplay" {
			edits = append(edits, item.remove(list))
		}
	}
	return apply(list, edits), true
}

// impose replaces a document, which is in force at once.
func (d custody) impose(path string, body []byte) error {
	running := *d.running
	if err := running.learn(d.model, path, body); err != nil {
		return err
	}
	if _, err := d.store(path, body); err != nil {
		return err
	}
	d.obey(&running)
	return nil
}

// wipe makes the device what it is when it leaves the factory: its documents, keys and users are gone. Its log stays. Firmware
// from before activation has the password of the factory then.
func (d custody) wipe() {
	channels, wired := d.pluggedChannels()
	d.own = map[string][]byte{}
	if wired {
		d.own[channelsPath] = channels
	}
	if d.info != nil {
		d.own[deviceInfoPath] = d.info
	}
	d.secrets, d.certs, d.clockOffset = map[string]string{}, certificates{}, 0
	d.challenge, d.exchanged, d.riddles, d.recovery = "", "", nil, recovery{}
	listeners(d).hangUp()
	clear(d.nonces)
	d.core.Accounts.Remove(func(device.Account) bool { return true })
	d.core.Gate.Reset()
	d.core.Sessions = device.Sessions{}
	d.saved = &d.model.settings
	d.obey(d.saved)
	d.inactive, d.usersChanged = true, true
	if d.model.Activation == noActivation {
		d.activate(factoryPassword, nil)
	}
	d.publishChannels()
}
