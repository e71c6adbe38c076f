// Package cipher makes passwords within documents unreadable on the way to a device, as the clients of the vendor do: with a key
// that follows from the password of the login. It is pure.
//
// The scheme keeps a password from who listens, as long as the password of the login is a good one. It proves nothing about who
// answers, so a pinned TLS key is worth more.
package cipher

import (
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/xml"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"camform/providers/hikvision/document"
	"camform/providers/hikvision/xmlpatch"
	"camform/schema"
)

// ErrUnknown is the error of capabilities that do not say how the device would have texts enciphered, or say it in a way that
// nobody has seen.
var ErrUnknown = errors.New("the device does not say how it accepts enciphered texts")

// ErrUnoffered is the ErrUnknown of capabilities that do not speak of enciphered texts at all: the device takes none.
var ErrUnoffered = fmt.Errorf("%w at all", ErrUnknown)

// Terms are how a device wants texts enciphered.
type Terms struct {
	Salt   string // of the account; empty where the key follows from the bare password
	Rounds int
}

// Bounds of the rounds that devices ask for.
const (
	fewest = 1
	most   = 10000
)

// version is the one that is spoken here: AES with a key of 128 bits.
const version = "1"

// TermsOf reads the terms from the security capabilities of an account. The error is ErrUnknown; ErrUnoffered is one of these.
func TermsOf(capabilities []byte) (Terms, error) {
	doc, err := document.Parse(capabilities)
	if err != nil {
		return Terms{}, fmt.Errorf("%w: %w", ErrUnknown, err)
	}
	text := func(name string) string {
		e, _ := doc.Find(xmlpatch.MustPath(name))
		return strings.TrimSpace(e.Text())
	}
	if err := offered(doc); err != nil {
		return Terms{}, err
	}
	rounds, err := strconv.Atoi(text("keyIterateNum"))
	if err != nil || rounds < fewest || rounds > most {
		return Terms{}, fmt.Errorf("%w: it wants %q rounds", ErrUnknown, text("keyIterateNum"))
	}
	t := Terms{Rounds: rounds}
	if strings.EqualFold(text("isIrreversible"), "true") {
		if t.Salt = text("salt"); t.Salt == "" {
			return Terms{}, fmt.Errorf("%w: the salt is missing", ErrUnknown)
		}
	}
	return t, nil
}

// Offers reports whether security capabilities, of whatever account, say that the device takes texts enciphered as it is done here.
func Offers(capabilities []byte) bool {
	doc, err := document.Parse(capabilities)
	return err == nil && offered(doc) == nil
}

func offered(doc *xmlpatch.Document) error {
	e, ok := doc.Find(xmlpatch.MustPath("securityVersion"))
	if !ok {
		return ErrUnoffered
	}
	versions, _ := e.Attr("opt")
	if !slices.Contains(strings.Split(versions, ","), version) {
		return ErrUnknown
	}
	return nil
}

// Key is a key that follows from a login. It is as secret as the password.
type Key struct{ block cipher.Block }

// Format keeps the key out of messages and logs.
func (Key) Format(f fmt.State, _ rune) { fmt.Fprint(f, schema.Blank) }

// Key makes the key of an account.
func (t Terms) Key(username string, password schema.Secret) Key {
	text := password.Reveal()
	if t.Salt != "" {
		text = hashed(username + t.Salt + text)
	}
	text = hashed(text + "AaBbCcDd1234!@#$")
	for range t.Rounds - 1 {
		text = hashed(text)
	}
	key, err := hex.DecodeString(text[:2*keySize])
	if err != nil {
		panic("a hash is not hexadecimal: this is a bug")
	}
	block, err := aes.NewCipher(key)
	if err != nil {
		panic(err)
	}
	return Key{block}
}

const keySize = 16

func hashed(text string) string {
	sum := sha256.Sum256([]byte(text))
	return hex.EncodeToString(sum[:])
}

// IV is what makes equal texts look different. It must be random, and used for one request only.
type IV [aes.BlockSize]byte

// Text enciphers one text.
func (k Key) Text(plain string, iv IV) string {
	text := []byte(base64.StdEncoding.EncodeToString([]byte(plain)))
	padding := aes.BlockSize - len(text)%aes.BlockSize
	text = append(text, bytes.Repeat([]byte{byte(padding)}, padding)...)
	cipher.NewCBCEncrypter(k.block, iv[:]).CryptBlocks(text, text)
	return hex.EncodeToString(text)
}

// Body enciphers the texts of the elements with some names in a document, XML or JSON. Empty texts stay. The error contains none of
// them.
func (k Key) Body(body []byte, iv IV, names []string) ([]byte, error) {
	doc, err := document.Parse(body)
	if err != nil {
		return nil, err
	}
	inXML := bytes.HasPrefix(bytes.TrimSpace(body), []byte("<"))
	err = doc.Replace(func(e xmlpatch.Element) (string, bool) {
		if !slices.Contains(names, e.Name()) {
			return "", false
		}
		text := e.Text()
		if inXML {
			text = escaped(text) // the device reads XML in what it deciphers
		}
		return k.Text(text, iv), true
	})
	return doc.Bytes(), err
}

func escaped(text string) string {
	var b strings.Builder
	_ = xml.EscapeText(&b, []byte(text)) // a builder takes everything
	return b.String()
}
