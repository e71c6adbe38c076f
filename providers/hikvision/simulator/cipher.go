package simulator

import (
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"net/url"
	"slices"
	"strconv"
	"strings"
)

var errCipher = errors.New("not a ciphered value")

// ciphered reports whether the query says that passwords in the body are ciphered.
func ciphered(query url.Values) bool { return query.Get("security") == "1" }

// cipheredElements are the elements that a client ciphers, beside those of users, by the path at which or below which they
// are.
var cipheredElements = []struct {
	below string
	names []string
}{
	{onvifUsersPath, []string{"userName", "password", "loginPassword"}},
	{channelsPath, []string{"userName", "password"}},
	{"/ISAPI/System/Network/mailing", []string{"accountName", "password"}},
	{"/ISAPI/System/Network/DDNS", []string{"userName", "password"}},
	{"/ISAPI/System/Network/SNMP", []string{"snmpAuthenticationPassword", "snmpPrivacyPassword"}},
	{"/ISAPI/System/Network/EZVIZ", []string{"verificationCode"}},
	{ehomePath, []string{"key"}},
	{interfacesPath, []string{"password", "sharedKey", "encryptionKey"}},
	{"/ISAPI/Event/notification/httpHosts", []string{"userName", "password"}},
	{guidFilePath, []string{"password"}},
	{questionsPath, []string{"answer", "password"}},
	{emailPath, []string{"password", "emailAddress"}},
	{loginLimitPath, []string{"adminPassword"}},
}

// plain puts the body into plain text, where the query says that it is ciphered.
func (w *write) plain() refusal {
	if !ciphered(w.q.query) {
		return nil
	}
	for _, c := range cipheredElements {
		if w.q.path == c.below || strings.HasPrefix(w.q.path, c.below+"/") {
			body, err := w.decipherBody(c.names)
			if err != nil {
				return w.unit.model.refuse(passwordDecodeError)
			}
			w.q.body = body
		}
	}
	return nil
}

// decipherBody deciphers the elements or members of those names. What does not parse is left to others.
func (w *write) decipherBody(names []string) ([]byte, error) {
	key, err := w.cipherKey()
	if err != nil {
		return nil, err
	}
	root, notXML := scan(w.q.body)
	if notXML != nil {
		return decipherJSON(w.q, key, names)
	}
	var edits []edit
	root.walk(func(e *element) {
		if err != nil || !e.leaf() || e.text == "" || !slices.Contains(names, e.name) {
			return
		}
		var text string
		if text, err = decipher(e.text, key, w.q.query.Get("iv")); err == nil {
			edits = append(edits, e.setText(w.q.body, text))
		}
	})
	return apply(w.q.body, edits), err
}

func decipherJSON(q request, key []byte, names []string) ([]byte, error) {
	var doc any
	if json.Unmarshal(q.body, &doc) != nil {
		return q.body, nil
	}
	if err := decipherMembers(doc, key, q.query.Get("iv"), names); err != nil {
		return nil, err
	}
	return json.Marshal(doc)
}

func decipherMembers(value any, key []byte, iv string, names []string) error {
	switch v := value.(type) {
	case []any:
		for _, item := range v {
			if err := decipherMembers(item, key, iv, names); err != nil {
				return err
			}
		}
	case map[string]any:
		for name, member := range v {
			text, isText := member.(string)
			if !isText || !slices.Contains(names, name) {
				if err := decipherMembers(member, key, iv, names); err != nil {
					return err
				}
				continue
			}
			plain, err := decipher(text, key, iv)
			if err != nil {
				return err
			}
			v[name] = plain
		}
	}
	return nil
}

// cipherKey derives the AES key for sensitive elements from the password of the user who is logged in, with the
// parameters that the device publishes in its security capabilities.
func (w *write) cipherKey() ([]byte, error) {
	stored, _ := w.unit.read(securityCapabilitiesPath)
	caps, err := scan(stored.body)
	if err != nil || caps.child("securityVersion") == nil {
		return nil, errCipher
	}
	rounds, err := strconv.Atoi(caps.value("keyIterateNum"))
	if err != nil {
		return nil, errCipher
	}
	secret := w.by.Password
	if strings.EqualFold(caps.value("isIrreversible"), "true") {
		secret = shaDigest.hash(w.by.Name + caps.value("salt") + w.by.Password)
	}
	text := secret[:min(len(secret), 64)] + "AaBbCcDd1234!@#$"
	for range rounds {
		text = shaDigest.hash(text)
	}
	key, err := hex.DecodeString(text)
	return key[:sha256.Size/2], err
}

// decipher undoes AES-CBC and base64 of one value. An empty value stays empty.
func decipher(value string, key []byte, iv string) (string, error) {
	if value == "" {
		return "", nil
	}
	text, errText := hex.DecodeString(value)
	start, errStart := hex.DecodeString(iv)
	block, errKey := aes.NewCipher(key)
	if err := errors.Join(errText, errStart, errKey); err != nil || len(text)%aes.BlockSize != 0 || len(start) != aes.BlockSize {
		return "", errCipher
	}
	cipher.NewCBCDecrypter(block, start).CryptBlocks(text, text)
	// Clients pad with zeros or as PKCS #7 does; neither occurs in base64.
	text = bytes.TrimRight(text, "\x00\x01\x02\x03\x04\x05\x06\x07\x08\x09\x0a\x0b\x0c\x0d\x0e\x0f\x10")
	plain, err := base64.StdEncoding.DecodeString(string(text))
	if err != nil {
		return "", errCipher
	}
	return string(plain), nil
}
