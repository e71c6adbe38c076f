package sadp

import (
	"bytes"
	"crypto/aes"
	"crypto/md5"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/hex"
	"encoding/xml"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"strings"
)

// element is one of those of a message.
type element struct{ name, text string }

// probe makes a message of elements in this order.
func probe(elements ...element) []byte {
	var b bytes.Buffer
	b.WriteString(`<?xml version="1.0" encoding="utf-8"?><Probe>`)
	for _, e := range elements {
		name, _, _ := strings.Cut(e.name, " ") // an attribute may follow
		b.WriteString("<" + e.name + ">")
		_ = xml.EscapeText(&b, []byte(e.text)) // a buffer takes everything
		b.WriteString("</" + name + ">")
	}
	b.WriteString("</Probe>")
	return b.Bytes()
}

// Command is a message to the one device with a hardware address.
type Command struct {
	ID     string // made up for this message; the answer repeats it
	MAC    string // of the device, lower case with colons
	Type   string
	Packet []byte
}

// command makes a message to one device.
func command(id, mac, types string, further ...element) Command {
	head := []element{{"Uuid", id}, {"MAC", strings.ReplaceAll(mac, ":", "-")}, {"Types", types}}
	return Command{ID: id, MAC: mac, Type: types, Packet: probe(append(head, further...)...)}
}

// GetCode asks a device for the code that the vendor's support wants for a reset. The device forgets codes that it gave before:
// a request for support that is under way with one of them fails then.
func GetCode(id, mac string) Command { return command(id, mac, "getcode") }

// ExchangeCode sends our key to a device, which answers with a random text for it: see OpenCode. The key has 1024 bits.
func ExchangeCode(id, mac string, key *rsa.PublicKey) Command {
	return command(id, mac, "exchangecode", element{"Code", base64.StdEncoding.EncodeToString(x509.MarshalPKCS1PublicKey(key))})
}

// OpenCode decrypts the code of the answer to ExchangeCode.
func OpenCode(key *rsa.PrivateKey, code string) ([]byte, error) {
	sealed, err := base64.StdEncoding.DecodeString(code)
	if err != nil {
		return nil, fmt.Errorf("%w: its code is not base64", errNoReply)
	}
	//lint:ignore SA1019 devices know no other padding; the key is for this run alone, and a wrong answer ends the activation
	random, err := rsa.DecryptPKCS1v15(nil, key, sealed)
	if err != nil || len(random) < aes.BlockSize {
		return nil, fmt.Errorf("%w: its code is not for our key", errNoReply)
	}
	return random, nil
}

// maxPassword is the longest password that fits into Activate.
const maxPassword = aes.BlockSize

// ErrPassword says that a password does not fit into a message.
var ErrPassword = errors.New("the password cannot be sent")

// Activate gives a device its first password, encrypted by the random text of OpenCode.
func Activate(id, mac string, random []byte, password string) (Command, error) {
	if len(random) < aes.BlockSize || password == "" || len(password) > maxPassword {
		return Command{}, fmt.Errorf("%w: it can have at most %d characters", ErrPassword, maxPassword)
	}
	plain := make([]byte, 2*aes.BlockSize)
	copy(plain[copy(plain, random[:aes.BlockSize]):], password)
	return command(id, mac, "activate", element{"Password", encrypted(random[:aes.BlockSize], plain)}), nil
}

// encrypted is AES-128-ECB as base64. Plain is whole blocks.
func encrypted(key, plain []byte) string {
	block, err := aes.NewCipher(key)
	if err != nil {
		panic(fmt.Sprintf("this is a bug: %v", err))
	}
	for at := 0; at < len(plain); at += aes.BlockSize {
		block.Encrypt(plain[at:], plain[at:])
	}
	return base64.StdEncoding.EncodeToString(plain)
}

// Network is where a device is to be, and at which ports it listens.
type Network struct {
	Address     netip.Prefix // address and mask
	Gateway     netip.Addr   // not valid for none
	CommandPort uint16
	HTTPPort    uint16
}

// Update moves a device to another address. Salt is that of its answer to an inquiry. A wrong password is a refused login.
func Update(id, mac, user, password, salt string, to Network) Command {
	gateway := "0.0.0.0"
	if to.Gateway.IsValid() {
		gateway = to.Gateway.String()
	}
	name, text := Proof(id, user, password, salt)
	return command(id, mac, "update",
		element{"PWErrorParse", "true"}, element{name, text},
		element{"IPv4Address", to.Address.Addr().String()}, element{"CommandPort", fmt.Sprint(to.CommandPort)},
		element{"IPv4SubnetMask", net.IP(net.CIDRMask(to.Address.Bits(), 32)).String()}, element{"IPv4Gateway", gateway},
		element{"IPv6Address", "::"}, element{"IPv6Gateway", "::"}, element{"IPv6MaskLen", "64"}, element{"DHCP", "false"},
		element{"HttpPort", fmt.Sprint(to.HTTPPort)},
	)
}

// Proof is the element by which a message proves to come from who knows a password, and its text. Old firmware, which has no
// salt, wants a digest of the password; newer firmware one that holds for this message alone.
func Proof(id, user, password, salt string) (name, text string) {
	if salt == "" {
		sum := md5.Sum([]byte(password)) // #nosec G401 -- what the protocol asks for
		return "Password", base64.StdEncoding.EncodeToString(sum[:])
	}
	digest := sha256.Sum256([]byte(user + salt + password))
	key := md5.Sum([]byte(hex.EncodeToString(digest[:]))) // #nosec G401 -- likewise
	plain := make([]byte, 4*aes.BlockSize)
	copy(plain, string(key[:])+";"+id)
	return `Password bSalt="true"`, encrypted(key[:], plain)
}

// Answer is what a device says to a command.
type Answer struct {
	ID, MAC string
	Type    string // of the command, in lower case
	Result  string // in lower case; empty if the device gives none
	Code    string // as it came, but for blanks around it
	Packet  []byte // as it came
}

// maxCode is the longest code of an answer.
const maxCode = 4 << 10

// ParseAnswer reads an answer to a command. The error says why a packet is none.
func ParseAnswer(packet []byte) (Answer, error) {
	root, said, err := elements(packet, maxCode)
	if err != nil {
		return Answer{}, err
	}
	mac, err := net.ParseMAC(said["mac"])
	if root != "probematch" || err != nil {
		return Answer{}, fmt.Errorf("%w: it begins with %q and comes from the hardware address %q", errNoReply, root, short(said["mac"], maxText))
	}
	return Answer{
		ID: said["uuid"], MAC: mac.String(), Type: strings.ToLower(said["types"]), Result: strings.ToLower(said["result"]), Code: said["code"],
		Packet: bytes.Clone(packet),
	}, nil
}

// answers reports whether an answer is one to a command.
func (a Answer) answers(c Command) bool {
	return a.Type == c.Type && a.MAC == c.MAC && strings.EqualFold(a.ID, c.ID)
}

// Succeeded reports whether the device says that it obeyed. The absence of a result says nothing.
func (a Answer) Succeeded() bool { return a.Result == "success" }
