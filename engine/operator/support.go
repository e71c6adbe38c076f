package operator

import (
	"fmt"
	"maps"
	"net/mail"
	"net/url"
	"slices"
	"strings"
)

// ContactKind is what a contact is to the owner of a device.
type ContactKind string

// The kinds of contacts.
const (
	Support     ContactKind = "support"     // the vendor's own support
	Distributor ContactKind = "distributor" // one that the vendor has accredited
)

// Channel is a way on which files go to a contact that nobody else reads.
type Channel string

// The channels. Plain e-mail, messengers and shared folders are none: others read along.
const (
	Portal   Channel = "portal"    // the contact's web portal, over https
	SMIME    Channel = "smime"     // e-mail that is encrypted by S/MIME
	PGP      Channel = "pgp"       // e-mail that is encrypted by PGP
	InPerson Channel = "in_person" // handed over by one person to another
)

// Channels are all channels.
var Channels = []Channel{Portal, SMIME, PGP, InPerson}

// ParseChannel reads the name of a channel. The error says for people why it is none.
func ParseChannel(name string) (Channel, error) {
	if c := Channel(name); slices.Contains(Channels, c) {
		return c, nil
	}
	return "", fmt.Errorf("%q is not a channel for the files of a reset, since others could read them in transit. The channels are %s", name, joined(Channels))
}

// Contact is somebody who may be sent a request to reset a device.
type Contact struct {
	Name     string             `json:"name"`
	Kind     ContactKind        `json:"kind"`
	Channels map[Channel]string `json:"channels"` // at least one, with the address or the reference there
}

// String says who it is and how to reach him.
func (c Contact) String() string {
	var ways []string
	for _, channel := range Channels {
		if address, ok := c.Channels[channel]; ok {
			ways = append(ways, string(channel)+" "+address)
		}
	}
	return fmt.Sprintf("%s (%s): %s", c.Name, c.Kind, strings.Join(ways, ", "))
}

// Contacts are those whom all files name that name any, with the channels on which they agree, ordered by name. Limited reports
// whether a file names any: then nobody else may be written to, also where the files agree on nobody.
func (r Rules) Contacts() (all []Contact, limited bool) {
	for _, f := range r.files {
		switch {
		case f.support == nil:
		case !limited:
			all, limited = slices.Clone(f.support), true
		default:
			all = agreed(all, f.support)
		}
	}
	return all, limited
}

// agreed are the contacts of two lists, where both say the same of them.
func agreed(a, b []Contact) []Contact {
	var both []Contact
	for _, c := range a {
		i := slices.IndexFunc(b, func(other Contact) bool { return other.Name == c.Name && other.Kind == c.Kind })
		if i < 0 {
			continue
		}
		c.Channels = maps.Clone(c.Channels)
		maps.DeleteFunc(c.Channels, func(channel Channel, address string) bool { return b[i].Channels[channel] != address })
		if len(c.Channels) > 0 {
			both = append(both, c)
		}
	}
	return both
}

// MaySend says why a request may not be sent to somebody over a channel, in an error that wraps ErrForbidden and says for people
// what to do. It is nil where no file limits that.
func (r Rules) MaySend(name string, channel Channel) error {
	contacts, limited := r.Contacts()
	if !limited {
		return nil
	}
	i := slices.IndexFunc(contacts, func(c Contact) bool { return c.Name == name })
	if i < 0 {
		var names []string
		for _, c := range contacts {
			names = append(names, c.Name)
		}
		known := "but name nobody yet"
		if len(names) > 0 {
			known = "and name " + strings.Join(names, ", ")
		}
		return fmt.Errorf("%w: the operator's rules name who may be sent a request (support %q { ... }), %s; camform operator check shows the files", ErrForbidden, name, known)
	}
	if _, ok := contacts[i].Channels[channel]; !ok {
		return fmt.Errorf("%w: the operator's rules name no channel %q for %s; they name %s", ErrForbidden, channel, name,
			joined(slices.Sorted(maps.Keys(contacts[i].Channels))))
	}
	return nil
}

// public are hosts of messengers and shared folders. The list is not complete: it catches slips.
var public = []string{
	"1drv.ms", "box.com", "discord.com", "dropbox.com", "drive.google.com", "facebook.com", "icloud.com", "mega.nz", "messenger.com", "onedrive.live.com",
	"signal.me", "skype.com", "slack.com", "t.me", "telegram.me", "telegram.org", "viber.com", "wa.me", "wechat.com", "wetransfer.com", "whatsapp.com",
}

func joined[T ~string](names []T) string {
	texts := make([]string, len(names))
	for i, name := range names {
		texts[i] = string(name)
	}
	return strings.Join(texts, ", ")
}

// support reads the contacts of a file; nil for none.
func (p *parser) support(shapes []supportShape) []Contact {
	var all []Contact
	for _, shape := range shapes {
		c := Contact{Name: shape.Name, Kind: shape.Kind, Channels: map[Channel]string{}}
		if strings.TrimSpace(c.Name) == "" || slices.ContainsFunc(all, func(other Contact) bool { return other.Name == c.Name }) {
			p.wrong(shape.At, "Every support block needs its own name.")
		}
		if c.Kind != Support && c.Kind != Distributor {
			p.wrong(shape.At, "There is no kind of contact %q; there are %s and %s.", c.Kind, Support, Distributor)
		}
		if len(shape.Channels) == 0 {
			p.wrong(shape.At, "%s needs at least one channel: %s.", c.Name, joined(Channels))
		}
		for _, name := range slices.Sorted(maps.Keys(shape.Channels)) {
			channel, err := ParseChannel(name)
			if err == nil {
				err = channel.reaches(shape.Channels[name])
			}
			if err != nil {
				p.wrong(shape.At, "%s.", err)
				continue
			}
			c.Channels[channel] = shape.Channels[name]
		}
		all = append(all, c)
	}
	slices.SortFunc(all, func(a, b Contact) int { return strings.Compare(a.Name, b.Name) })
	return all
}

// reaches judges an address on a channel: of a portal it is an https address without a login in it; of encrypted mail it begins with
// the mail address, and may go on with the fingerprint of the key; of a person it is any text.
func (c Channel) reaches(address string) error {
	switch c {
	case Portal:
		u, err := url.Parse(address)
		if err != nil || u.Scheme != "https" || u.Host == "" || u.User != nil {
			return fmt.Errorf("%q is not a portal. Write one like https://support.example.com", address)
		}
		if slices.ContainsFunc(public, func(host string) bool { return strings.HasSuffix("."+strings.ToLower(u.Hostname()), "."+host) }) {
			return fmt.Errorf("%q is a messenger or a shared folder, where others could read the files. Name the contact's own portal", address)
		}
	case SMIME, PGP:
		first, _, _ := strings.Cut(address, " ")
		if parsed, err := mail.ParseAddress(first); err != nil || parsed.Address != first {
			return fmt.Errorf("%q does not begin with a mail address. Write one, and the fingerprint of its key after a space", address)
		}
	case InPerson:
		if strings.TrimSpace(address) == "" {
			return fmt.Errorf("%s needs to say who receives the files, and where", InPerson)
		}
	}
	return nil
}
