package simulator

import (
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"camform/providers/device"
)

// A file of the configuration begins with a magic line and a header in JSON on a line of its own. What follows is sealed with a key
// that serial number, firmware and secret key make together. Users, secrets and certificates are not in it.

// sealMagic begins a file of the configuration.
const sealMagic = "CFG1\n"

// sealHeader says what a file is for.
type sealHeader struct {
	Model   string `json:"model"`
	Version string `json:"version"`
	Serial  string `json:"serial"` // a digest
	Key     string `json:"key"`    // a digest of the secret key
	Size    int    `json:"size"`   // of what follows
}

// configuration answers requests for the file of the configuration, and writes of it.
func (x *exchange) configuration(u *device.Account) reply {
	if u.Level != administrator {
		return x.refuse(lowPrivilege)
	}
	key, no := x.secretKey(u)
	if no != nil {
		return x.unit.model.respond(x.q, *no)
	}
	switch {
	case x.q.method == http.MethodGet:
		body, err := sealing{x.unit}.seal(key)
		if err != nil {
			return x.refuse(deviceError)
		}
		x.unit.record(x.q.entry(Exported, u.Name))
		return x.unit.model.send(http.StatusOK, contentBinary, body)
	case x.q.method != http.MethodPut:
		return x.unit.model.respond(x.q, *x.unit.model.wrongVerb())
	case x.unit.starting():
		return x.refuse(invalidOperation)
	}
	documents, code := sealing{x.unit}.open(x.q.body, key)
	if code != ok {
		return x.refuse(code)
	}
	custody{x.unit}.restore(documents)
	x.unit.record(x.q.entry(RemoteConfig, u.Name))
	x.unit.reboot()
	return x.unit.model.respond(x.q, result{http: http.StatusOK, code: ok})
}

// secretKey reads the key that a client chose for a file. Firmware that enciphers passwords takes none in clear.
func (x *exchange) secretKey(u *device.Account) (string, refusal) {
	sent := x.q.query.Get("secretkey")
	caps := x.unit.scanned(securityCapabilitiesPath)
	if caps.child("securityVersion") != nil {
		if !ciphered(x.q.query) {
			return "", x.unit.model.refuse(invalidOperation)
		}
		key, err := (&write{unit: x.unit, q: x.q, by: u}).cipherKey()
		if err != nil {
			return "", x.unit.model.refuse(passwordDecodeError)
		}
		if sent, err = decipher(sent, key, x.q.query.Get("iv")); err != nil {
			return "", x.unit.model.refuse(passwordDecodeError)
		}
	}
	limit := caps.child("cfgFileSecretKeyLenLimit")
	if limit == nil {
		return sent, nil
	}
	for name, fits := range map[string]func(int) bool{
		"min": func(n int) bool { return len(sent) >= n }, "max": func(n int) bool { return len(sent) <= n },
	} {
		text, _ := limit.attr(name)
		if n, err := strconv.Atoi(text); err == nil && !fits(n) {
			return "", x.unit.model.refuse(badParameters).about("secretkey")
		}
	}
	return sent, nil
}

// sealing is a device as it is to the files of its configuration.
type sealing struct{ *unit }

// header says what a file is for that the device seals with a key.
func (d sealing) header(key string) sealHeader {
	return sealHeader{
		Model: d.model.product, Version: d.build(), Serial: shaDigest.hash("serial|" + d.identity.serial), Key: shaDigest.hash(d.identity.salt + "|" + key),
	}
}

// build is the firmware with its date.
func (d sealing) build() string {
	doc, _ := d.read(deviceInfoPath)
	info, _ := scan(doc.body)
	return info.value("firmwareVersion") + " " + info.value("firmwareReleasedDate")
}

func (d sealing) cipher(key string) (cipher.AEAD, error) {
	sum := sha256.Sum256([]byte(strings.Join([]string{d.identity.serial, d.build(), key}, "|")))
	block, err := aes.NewCipher(sum[:])
	if err != nil {
		return nil, err
	}
	return cipher.NewGCM(block)
}

// seal makes the file.
func (d sealing) seal(key string) ([]byte, error) {
	documents := maps.Clone(d.own)
	maps.DeleteFunc(documents, func(path string, _ []byte) bool { return !sealed(path) })
	plain, err := json.Marshal(documents)
	if err != nil {
		return nil, err
	}
	aead, err := d.cipher(key)
	if err != nil {
		return nil, err
	}
	nonce := make([]byte, aead.NonceSize())
	rand.Read(nonce)
	body := aead.Seal(nonce, nonce, plain, nil)
	header := d.header(key)
	header.Size = len(body)
	line, err := json.Marshal(header)
	return slices.Concat([]byte(sealMagic), line, []byte("\n"), body), err
}

// sealed reports whether a document goes into the file.
func sealed(path string) bool {
	return path != userPermissionPath && !strings.HasPrefix(path, userPermissionPath+"/") && !strings.HasPrefix(path, onvifUsersPath)
}

// open reads a file, or says with what code the device refuses it.
func (d sealing) open(file []byte, key string) (map[string][]byte, subCode) {
	rest, begins := bytes.CutPrefix(file, []byte(sealMagic))
	line, body, ends := bytes.Cut(rest, []byte("\n"))
	var h sealHeader
	if !begins || !ends || json.Unmarshal(line, &h) != nil || h.Size != len(body) {
		return nil, fileFormatError
	}
	want := d.header(key)
	switch {
	case h.Model != want.Model:
		return nil, badDevType
	case h.Version != want.Version:
		return nil, badVersion
	case h.Serial != want.Serial:
		return nil, importErrorData
	case h.Key != want.Key:
		return nil, secretKeyError
	}
	aead, err := d.cipher(key)
	if err != nil || len(body) < aead.NonceSize() {
		return nil, fileFormatError
	}
	plain, err := aead.Open(nil, body[:aead.NonceSize()], body[aead.NonceSize():], nil)
	var documents map[string][]byte
	if err != nil || json.Unmarshal(plain, &documents) != nil {
		return nil, fileContentError
	}
	return documents, ok
}

// restore puts the documents of a file in place of those that the device has, from its next start on.
func (d custody) restore(documents map[string][]byte) {
	maps.DeleteFunc(d.own, func(path string, _ []byte) bool { return sealed(path) })
	maps.Copy(d.own, documents)
	d.relearn()
}

// relearn makes of the documents what is in force from the next start on.
func (d custody) relearn() {
	saved := d.model.settings
	for path, body := range d.own {
		_ = saved.learn(d.model, path, body) // it was taken before
	}
	d.saved = &saved
	d.publishChannels()
}

// externStyle is what a model reports about its ways to be reset to a client without a password.
type externStyle string

const (
	externOpen   externStyle = "open"
	externClosed externStyle = "closed" // 403
)

// ways answers which ways to be reset the device has.
func (x *exchange) ways() reply {
	if x.unit.model.Extern == externClosed {
		return x.refuse(notSupport)
	}
	has := func(m Method) bool { return slices.Contains(x.unit.model.SADP.Abilities, methods[m]) }
	answer := x.unit.model.made(fmt.Sprintf(`<externSecurityCap%s>
<RestAdminPassWord>
<isSupportWithSecurityQuestion>%t</isSupportWithSecurityQuestion>
<isSupportWithGUIDFileData>%t</isSupportWithGUIDFileData>
<isSupportWithSecurityEmail>%t</isSupportWithSecurityEmail>
</RestAdminPassWord>
</externSecurityCap>
`, x.unit.model.attributes(), has(ByQuestions), has(ByGUID), has(ByEmail)))
	return x.unit.model.send(http.StatusOK, answer.contentType, answer.body)
}
