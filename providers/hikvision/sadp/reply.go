package sadp

import (
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"regexp"
	"strconv"
	"strings"
)

// Reply is what a device says about itself. What it does not say, or says in a way that makes no sense, is zero.
type Reply struct {
	Announced bool   // the device spoke without being asked; then ID says nothing
	ID        string // of the inquiry that it answers
	Type      string // of the message that it answers, in lower case

	MAC      string // lower case with colons; never empty
	Model    string
	Serial   string
	Firmware string // version and build, such as "V5.5.6 build 180326"
	BootTime string // as the device writes it, by its own clock and without a time zone

	Address   netip.Addr   // that the device has, which need not be the one it answered from
	Network   netip.Prefix // that the device believes to be in
	HTTPSPort uint16

	CommandPort, HTTPPort uint16

	Salt             string // for Proof; empty for firmware that wants none
	Activated        bool   // somebody gave it a password, or it is too old to need one
	BeforeActivation bool   // its firmware is from before activation, when every device had the same password
	Resets           []Reset
}

// Reset is a way to a new password that a device says it has.
type Reset string

// The ways, as the vendor's tool offers them.
const (
	GUIDFile     Reset = "guid_file"     // a file that was exported while the password was known
	Questions    Reset = "questions"     // answers to security questions
	Email        Reset = "email"         // a code sent to the reserved e-mail address
	SupportKey   Reset = "support_key"   // a file from the vendor's support, or a short key
	SupportFile  Reset = "support_file"  // a file from the vendor's support
	SecurityCode Reset = "security_code" // old firmware: a code that restores the default password
)

// abilities are the elements that tell of ways to a new password, in the order in which Reset lists them.
var abilities = []struct {
	element string
	reset   Reset
}{
	{"supportguid", GUIDFile},
	{"supportsecurityquestion", Questions},
	{"supportmailbox", Email},
	{"passwordresetmodesecond", SupportKey},
	{"passwordresetability", SupportFile},
	{"resetability", SecurityCode},
}

// A reply of a device is up to 2 kB long. What goes far beyond that is not from one.
const (
	maxReply    = 16 << 10
	maxElements = 512
	maxText     = 256 // of an element that is read
)

var errNoReply = errors.New("not an answer of a device")

// ParseReply reads an answer or an announcement. Devices write names in any case and order and add elements of their own; the
// truth has one spelling, and every other word is false ("flase" is seen). The error says why a packet is nobody's answer: what
// follows from one that is not understood would be a guess.
func ParseReply(packet []byte) (Reply, error) {
	root, said, err := elements(packet, maxText)
	if err != nil {
		return Reply{}, err
	}
	r := Reply{
		Announced: root == "hello", ID: said["uuid"], Type: strings.ToLower(said["types"]),
		Model: said["devicedescription"], Serial: said["devicesn"], Firmware: firmware(said["softwareversion"]), BootTime: said["boottime"],
		HTTPSPort: port(said["httpsport"]), CommandPort: port(said["commandport"]), HTTPPort: port(said["httpport"]), Salt: said["salt"],
	}
	if root != "probematch" && !r.Announced {
		return Reply{}, fmt.Errorf("%w: it begins with %q", errNoReply, root)
	}
	mac, err := net.ParseMAC(said["mac"])
	if err != nil || len(mac) != 6 {
		return Reply{}, fmt.Errorf("%w: it has no hardware address", errNoReply)
	}
	r.MAC = mac.String()
	if address, err := netip.ParseAddr(said["ipv4address"]); err == nil && address.Is4() && !address.IsUnspecified() {
		r.Address, r.Network = address, network(address, said["ipv4subnetmask"])
	}
	activated, tells := said["activated"]
	r.Activated, r.BeforeActivation = !tells || activated == "true", !tells
	for _, a := range abilities {
		if said[a.element] == "true" {
			r.Resets = append(r.Resets, a.reset)
		}
	}
	return r, nil
}

// answers reports whether a reply is one to the inquiry with an id. Somebody else's tool may be asking at the same time.
func (r Reply) answers(id string) bool {
	return r.Announced || r.Type == "inquiry" && strings.EqualFold(r.ID, id)
}

// elements are the texts of the elements directly below the root, by their names in lower case. Of several with one name the
// first counts. A text is cut after longest bytes.
func elements(packet []byte, longest int) (root string, said map[string]string, err error) {
	if len(packet) > maxReply {
		return "", nil, fmt.Errorf("%w: it has %d bytes", errNoReply, len(packet))
	}
	text := bytes.ToValidUTF8(bytes.TrimRight(packet, "\x00 \t\r\n"), []byte("\uFFFD"))
	decoder := xml.NewDecoder(bytes.NewReader(text))
	decoder.CharsetReader = func(_ string, r io.Reader) (io.Reader, error) { return r, nil } // what matters is ASCII in all of them
	said = map[string]string{}
	var name string // of the element below the root that is open
	var value strings.Builder
	for depth, count := 0, 0; ; {
		token, err := decoder.Token()
		if errors.Is(err, io.EOF) && root != "" {
			return root, said, nil
		}
		if err != nil {
			return "", nil, fmt.Errorf("%w: %w", errNoReply, err)
		}
		switch t := token.(type) {
		case xml.Directive:
			return "", nil, fmt.Errorf("%w: it declares a document type", errNoReply)
		case xml.StartElement:
			depth, count = depth+1, count+1
			switch {
			case count > maxElements || depth == 1 && root != "":
				return "", nil, fmt.Errorf("%w: it has more elements than devices send", errNoReply)
			case depth == 1:
				root = strings.ToLower(t.Name.Local)
			case depth == 2:
				name = strings.ToLower(t.Name.Local)
				value.Reset()
			}
		case xml.CharData:
			if depth == 2 {
				value.Write(t)
			}
		case xml.EndElement:
			if _, twice := said[name]; depth == 2 && !twice {
				said[name] = short(value.String(), longest)
			}
			depth--
		}
	}
}

// short is a text without the blanks around it, and without what nobody would read of it.
func short(text string, longest int) string {
	text = strings.TrimSpace(text)
	if len(text) > longest {
		text = strings.ToValidUTF8(text[:longest], "")
	}
	return text
}

var build = regexp.MustCompile(`(?i)[\s,_]*build[\s_]*`)

// firmware is a version as devices tell it elsewhere: with a blank before the word build, which this protocol leaves out.
func firmware(text string) string { return build.ReplaceAllLiteralString(text, " build ") }

func port(text string) uint16 {
	n, err := strconv.ParseUint(text, 10, 16)
	if err != nil {
		return 0
	}
	return uint16(n)
}

// network is what an address and a mask make; not valid if the mask is none.
func network(address netip.Addr, mask string) netip.Prefix {
	parsed, err := netip.ParseAddr(mask)
	if err != nil || !parsed.Is4() {
		return netip.Prefix{}
	}
	ones, bits := net.IPMask(parsed.AsSlice()).Size()
	if bits == 0 {
		return netip.Prefix{}
	}
	return netip.PrefixFrom(address, ones).Masked()
}
