// Package activation writes and reads the messages that give an inactive device its first password. It is pure: who sends
// them, and whether to, is decided elsewhere.
//
// A device without a password encrypts a random text for a key of ours, and takes a password that is encrypted by that text:
//
//	GET  activateStatus ─▶ Status: inactive, and which flow
//	POST Ask            ─▶ the challenge: the text, encrypted for our key
//	     Give           ─▶ the device has the password
//
// Rules:
//
//   - There are two flows, and the device says which is its own. The other one is never tried in its place.
//   - A password that the flow cannot carry as it is, is refused here, not cut.
package activation

import (
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"crypto/rsa"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"encoding/xml"
	"errors"
	"fmt"
	"net/http"
	"strings"
)

// StatusPath is where a device says, to everybody, whether it has a password.
const StatusPath = "/SDK/activateStatus"

// The most and the fewest characters of a password that devices are known to take.
const (
	MinPassword = 8
	MaxPassword = 16
)

// Status is what a device says at StatusPath.
type Status struct {
	Activated bool
	Flow      Flow // in which it takes its first password
}

// Flow is the way in which a device takes its first password.
type Flow string

// The flows.
const (
	Classic Flow = "classic" // RSA-1024, AES-ECB, XML
	V3      Flow = "V3"      // RSA-3072, AES-CBC, JSON; of firmware since 2023
)

// firstV3 is the supportVersion from which a device wants the flow V3.
const firstV3 = 3

// ErrNotUnderstood says that an answer is none that the flow knows.
var ErrNotUnderstood = errors.New("the answer does not belong to an activation")

// ErrPassword says that a password does not fit into the messages.
var ErrPassword = errors.New("the password cannot be sent")

// ReadStatus reads the document at StatusPath, of any name space. Only "true" and "false" say something about a password: the
// error is ErrNotUnderstood for any other word, and for a document that is another one.
func ReadStatus(body []byte) (Status, error) {
	var doc struct {
		XMLName        xml.Name
		Activated      string
		SupportVersion int `xml:"supportVersion"`
	}
	if err := xml.Unmarshal(body, &doc); err != nil || doc.XMLName.Local != "ActivateStatus" {
		return Status{}, fmt.Errorf("%w: it is not an activateStatus document", ErrNotUnderstood)
	}
	s := Status{Flow: Classic}
	if doc.SupportVersion >= firstV3 {
		s.Flow = V3
	}
	switch strings.TrimSpace(doc.Activated) {
	case "true":
		s.Activated = true
	case "false":
	default:
		return Status{}, fmt.Errorf("%w: it does not say whether the device has a password", ErrNotUnderstood)
	}
	return s, nil
}

// Request is a message to a device, which is sent without a login.
type Request struct {
	Method, Path string
	Body         []byte
}

// KeyBits is the length of the RSA key that the flow wants. Devices refuse any other.
func (f Flow) KeyBits() int {
	if f == V3 {
		return 3072
	}
	return 1024
}

// Path is that of the request that Give makes.
func (f Flow) Path() string {
	if f == V3 {
		return "/ISAPI/System/activate/StartActivateV3?format=json"
	}
	return "/ISAPI/System/activate"
}

// Ask is the request for a challenge that only the owner of a key can read.
func (f Flow) Ask(key *rsa.PublicKey) Request {
	modulus := armored(key.N.Bytes())
	if f == V3 {
		return Request{http.MethodPost, "/ISAPI/System/activate/GetChallengeV3?format=json", inJSON(map[string]string{"publicKey": modulus})}
	}
	return Request{http.MethodPost, "/ISAPI/Security/challenge", []byte("<PublicKey><key>" + modulus + "</key></PublicKey>")}
}

// Give is the request that gives a device its password, in answer to a challenge for the key. The IV, 16 random bytes, is used
// by the flow V3 alone. The error is ErrNotUnderstood or ErrPassword, and repeats neither password nor challenge.
func (f Flow) Give(key *rsa.PrivateKey, challenge []byte, password string, iv [aes.BlockSize]byte) (Request, error) {
	text, err := f.open(key, challenge)
	if err != nil {
		return Request{}, err
	}
	if len(password) < MinPassword || len(password) > MaxPassword {
		return Request{}, fmt.Errorf("%w: devices accept %d to %d characters", ErrPassword, MinPassword, MaxPassword)
	}
	secret := f.encrypt(text, password, iv)
	if f == V3 {
		return Request{
			http.MethodPost, f.Path(),
			inJSON(map[string]string{"password": secret, "iv": hex.EncodeToString(iv[:])}),
		}, nil
	}
	return Request{http.MethodPut, f.Path(), []byte("<ActivateInfo><password>" + secret + "</password></ActivateInfo>")}, nil
}

// open decrypts a challenge: a text of hexadecimal digits.
func (f Flow) open(key *rsa.PrivateKey, challenge []byte) (string, error) {
	var doc struct {
		XMLName   xml.Name `json:"-"`
		Key       string   `xml:"key" json:"-"`
		Challenge string   `xml:"-" json:"challenge"`
	}
	var err error
	if f == V3 {
		err = json.Unmarshal(challenge, &doc)
	} else if err = xml.Unmarshal(challenge, &doc); err == nil && doc.XMLName.Local != "Challenge" {
		err = ErrNotUnderstood
	}
	sealed, wrong := unarmored(doc.Key + doc.Challenge)
	if err != nil || wrong != nil {
		return "", fmt.Errorf("%w: it is not a challenge", ErrNotUnderstood)
	}
	//lint:ignore SA1019 devices know no other padding; the key is for this run alone, and a wrong answer ends the activation
	opened, err := rsa.DecryptPKCS1v15(nil, key, sealed)
	if err != nil {
		return "", fmt.Errorf("%w: the challenge is not for our key", ErrNotUnderstood)
	}
	text := string(opened)
	if f == Classic && len(text) > classicChallenge {
		text = text[len(text)-classicChallenge:] // some firmware puts something in front
	}
	if decoded, err := hex.DecodeString(text); err != nil || f == Classic && len(text) != classicChallenge || !isKey(decoded) {
		return "", fmt.Errorf("%w: the challenge has an unknown form", ErrNotUnderstood)
	}
	return text, nil
}

// classicChallenge is the length of the text of a classic challenge.
const classicChallenge = 2 * 16

// isKey reports whether AES takes a key of that length.
func isKey(k []byte) bool { return len(k) == 16 || len(k) == 24 || len(k) == 32 }

// encrypt encrypts a password by the text of a challenge, which was found to be a key: the first half of its digits, as
// characters, goes in front.
func (f Flow) encrypt(text, password string, iv [aes.BlockSize]byte) string {
	raw, _ := hex.DecodeString(text)
	block, _ := aes.NewCipher(raw)
	plain := []byte(text[:aes.BlockSize] + password)
	if f == V3 {
		n := aes.BlockSize - len(plain)%aes.BlockSize
		plain = append(plain, bytes.Repeat([]byte{byte(n)}, n)...) // PKCS #7
		cipher.NewCBCEncrypter(block, iv[:]).CryptBlocks(plain, plain)
		return armored(plain)
	}
	plain = append(plain, make([]byte, (aes.BlockSize-len(plain)%aes.BlockSize)%aes.BlockSize)...)
	for at := 0; at < len(plain); at += aes.BlockSize {
		block.Encrypt(plain[at:], plain[at:])
	}
	return armored(plain)
}

// armored is how devices write bytes: the base64 of their hexadecimal digits.
func armored(raw []byte) string {
	return base64.StdEncoding.EncodeToString([]byte(hex.EncodeToString(raw)))
}

func unarmored(text string) ([]byte, error) {
	digits, err := base64.StdEncoding.DecodeString(strings.TrimSpace(text))
	if err != nil {
		return nil, err
	}
	return hex.DecodeString(strings.TrimSpace(string(digits)))
}

func inJSON(members map[string]string) []byte {
	text, err := json.Marshal(members)
	if err != nil {
		panic(fmt.Sprintf("this is a bug: %v", err))
	}
	return text
}
