package simulator

import (
	"crypto/aes"
	"crypto/md5"
	"crypto/rand"
	"crypto/x509"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"hash/crc32"
	"net/netip"
	"slices"
	"strings"
)

// result is the answer to a command that says nothing but how it ended.
func (m *message) result(text string) []field { return []field{{"Result", text}} }

// exchange gives the client a text that only its key reads, and that the next activation is ciphered with.
func (m *message) exchange() []field {
	der, errText := base64.StdEncoding.DecodeString(m.root.value("Code"))
	key, errKey := x509.ParsePKCS1PublicKey(der)
	switch {
	case !m.unit.inactive || m.unit.starting():
		return m.result(denied)
	case errText != nil || errKey != nil || key.N.BitLen() != classicKey:
		return m.result(failed)
	}
	text, sealed, err := textFor(key, classicText)
	if err != nil {
		return m.result(failed)
	}
	m.unit.exchanged = text
	return append(m.result(succeeded), field{"Code", base64.StdEncoding.EncodeToString(sealed)})
}

// activate gives the device its first password.
func (m *message) activate() []field {
	text := m.unit.exchanged
	m.unit.exchanged = ""
	if !m.unit.inactive || m.unit.starting() {
		return m.result(denied)
	}
	password, err := exchangedPassword(text, m.root.value("Password"))
	if err != nil || password == "" || m.unit.model.checkPassword(m.unit.admin, password) != nil {
		return m.result(failed)
	}
	custody{m.unit}.activate(password, nil)
	m.unit.record(Entry{Kind: Activated, Source: m.source, User: m.unit.admin, Detail: "remoteSetDeviceActive"})
	return m.result(succeeded)
}

// exchangedPassword deciphers a password that was sent with the text of an exchange.
func exchangedPassword(text, sent string) (string, error) {
	ciphered, err := base64.StdEncoding.DecodeString(sent)
	if err != nil || text == "" {
		return "", errActivation
	}
	return afterHead(text, ciphered, []byte(text[:aes.BlockSize]))
}

// getCode gives the code that the vendor's support wants for a reset. It voids the one before.
func (m *message) getCode() []field {
	if m.unit.inactive || !slices.Contains(m.unit.model.SADP.Abilities, methods[BySupport]) {
		return m.result(denied)
	}
	random := make([]byte, 16)
	rand.Read(random)
	text := []byte(m.unit.identity.serial + hex.EncodeToString(random))
	code := append([]byte{3, 0, 0, 0}, text...)
	sum := crc32.ChecksumIEEE(text)
	code = append(code, byte(sum), byte(sum>>8), byte(sum>>16), byte(sum>>24))
	m.unit.recovery.code = timed{base64.StdEncoding.EncodeToString(code), m.unit.now()}
	return append(m.result(succeeded), field{"Code", m.unit.recovery.code.text})
}

// update gives the device another address, which it has at once.
func (m *message) update() []field {
	switch {
	case m.unit.inactive || m.unit.starting() || m.unit.lockedFor(m.source) > 0:
		return m.result(denied)
	case !m.proven():
		m.unit.failed(request{source: m.source, path: "sadp/update"}, m.unit.admin)
		return m.result(failed)
	}
	m.unit.core.Gate.Forgive(m.source)
	body, err := m.addressed()
	if err == nil {
		err = custody{m.unit}.impose(interfacesPath, body)
	}
	if err != nil {
		return m.result(failed)
	}
	m.unit.record(Entry{Kind: RemoteConfig, Source: m.source, User: m.unit.admin, Path: interfacesPath})
	return append(m.describe(), m.result(succeeded)...)
}

// proven reports whether the message comes from who knows the password of the administrator.
func (m *message) proven() bool {
	u := m.unit.core.Accounts.Named(m.unit.admin)
	sent := m.root.child("Password")
	if u == nil || sent == nil {
		return false
	}
	if !m.unit.model.SADP.Salted {
		sum := md5.Sum([]byte(u.Password))
		return same(base64.StdEncoding.EncodeToString(sum[:]), sent.text)
	}
	salted, _ := sent.attr("bSalt")
	return salted == "true" && same(saltedProof(m.unit.admin, m.unit.identity.salt, u.Password, m.root.value("Uuid")), sent.text)
}

// saltedProof is what proves that the sender of the message of an id knows a password.
func saltedProof(user, salt, password, id string) string {
	key := md5.Sum([]byte(shaDigest.hash(user + salt + password)))
	plain := make([]byte, 64)
	copy(plain, string(key[:])+";"+id)
	block, err := aes.NewCipher(key[:])
	if err != nil {
		panic("this is a bug: " + err.Error())
	}
	for at := 0; at < len(plain); at += aes.BlockSize {
		block.Encrypt(plain[at:], plain[at:])
	}
	return base64.StdEncoding.EncodeToString(plain)
}

// addressed is the document about interfaces with the address that the message asks for.
func (m *message) addressed() ([]byte, error) {
	stored, _ := m.unit.stored(interfacesPath)
	root, err := scan(stored.body)
	if err != nil {
		return nil, err
	}
	at := root.child("NetworkInterface").child("IPAddress")
	wanted := []struct {
		sent string
		have *element
	}{
		{"IPv4Address", at.child("ipAddress")}, {"IPv4SubnetMask", at.child("subnetMask")}, {"IPv4Gateway", at.child("DefaultGateway").child("ipAddress")},
	}
	var edits []edit
	for _, w := range wanted {
		text := m.root.value(w.sent)
		if address, err := netip.ParseAddr(text); err != nil || !address.Is4() || w.have == nil {
			return nil, fmt.Errorf("%w: %s %q", errAddress, w.sent, text)
		}
		edits = append(edits, w.have.setText(stored.body, text))
	}
	if how := at.child("addressingType"); how != nil {
		text := "static"
		if strings.EqualFold(m.root.value("DHCP"), "true") {
			text = "dynamic"
		}
		edits = append(edits, how.setText(stored.body, text))
	}
	return apply(stored.body, edits), nil
}
