package device

import (
	"net/netip"
	"slices"
	"time"
)

// Door is how a camera lets a recorder in, as its documents have it at a moment. Each face makes one from what it knows. The
// zero value is closed.
type Door struct {
	Ports     []Port                // that are open
	Admits    func(netip.Addr) bool // what the address filter says of a source; nil admits all
	Lock      LockRule
	Schemes   []string            // of authentication over HTTP: MD5, SHA-256, Basic
	Redirects bool                // plain requests are sent to HTTPS
	TLS       []uint16            // versions that HTTPS speaks; empty for all
	Accounts  *Accounts           // who may come in; nil for the accounts of the device
	Shows     func(*Account) bool // whether an account may see the picture; nil for every account
}

// Port is a port of a camera, and what it speaks there.
type Port struct {
	Number uint16
	Speaks Language
}

// Language is what a camera speaks at a port.
type Language int

// The languages.
const (
	Private Language = iota // the vendor's own, which knows nothing of HTTP and its digests
	HTTP
	HTTPS
)

// Recorder is what a recorder can do, and whom cameras see of it. It speaks every language and knows every scheme unless it
// says otherwise.
type Recorder struct {
	Name      string
	Address   netip.Addr // that it comes from; invalid for one that no filter looks at
	MD5Only   bool       // it cannot answer a challenge for SHA-256
	PlainOnly bool       // it speaks no TLS
	TLS       uint16     // the newest version that it speaks; 0 for any
}

// Visited is a recorder that logs in, as the camera sees it. Its time may have passed: the camera was left alone since.
func (s *State) Visited(d Door, v Visit, at time.Time) Sight {
	if at.Before(s.Away) || !d.reaches(v.Recorder.Address) {
		return Unreachable
	}
	speaks, open := d.talk(v)
	switch {
	case !open:
		return Unreachable
	case speaks != Private && v.Recorder.MD5Only && !slices.Contains(d.Schemes, "MD5") && !slices.Contains(d.Schemes, "Basic"):
		return Turned // without a login: there is no challenge that it could answer
	}
	return s.visitor(d, v, at)
}

// visitor lets a recorder log in that found a port.
func (s *State) visitor(d Door, v Visit, at time.Time) Sight {
	locked := s.Gate.LockedFor(v.Recorder.Address, at) > 0
	accounts := d.Accounts
	if accounts == nil {
		accounts = &s.Accounts
	}
	u := s.login(accounts, d.Lock, Entry{Time: at, Source: v.Recorder.Address, User: v.Name}, v.Password)
	switch {
	case locked:
		return LockedOut
	case u == nil || u.Asleep:
		return Turned
	}
	s.Gate.Forgive(v.Recorder.Address)
	if d.Shows != nil && !d.Shows(u) {
		return Blind
	}
	return Connected
}

func (d *Door) reaches(source netip.Addr) bool {
	return !source.IsValid() || d.Admits == nil || d.Admits(source)
}

// talk returns what a recorder and the camera end up speaking, and whether they do.
func (d *Door) talk(v Visit) (Language, bool) {
	at := slices.IndexFunc(d.Ports, func(p Port) bool { return p.Number == v.Camera.Port() })
	if at < 0 {
		return 0, false
	}
	speaks := d.Ports[at].Speaks
	secure := slices.ContainsFunc(d.Ports, func(p Port) bool { return p.Speaks == HTTPS })
	if speaks == HTTP && d.Redirects && secure {
		speaks = HTTPS
	}
	return speaks, speaks != HTTPS || d.secures(v.Recorder)
}

// secures reports whether a recorder and the camera have a version of TLS in common.
func (d *Door) secures(r Recorder) bool {
	common := len(d.TLS) == 0 || r.TLS == 0 || slices.Min(d.TLS) <= r.TLS
	return !r.PlainOnly && common
}
