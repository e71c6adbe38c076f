package snapshot

import (
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"time"

	"camform/engine/credential"
	"camform/providers"
	"camform/schema"
)

// Replay answers what devices answered when a snapshot was taken. Methods are safe for concurrent use.
type Replay struct {
	content *Content
	devices map[schema.Device]*Device
	noted   map[notedKey]string
	shown   map[notedKey]string
	certs   []*x509.Certificate
	now     time.Time
	longest time.Duration
}

type notedKey struct {
	address           schema.Setting
	attribute, origin string
}

// NewReplay makes one for a snapshot that was opened. Readings that are older than longest do not count. Moves are the devices that get
// another name by the configuration that reads it: what was noted under the old one is that of the new.
func NewReplay(c *Content, now time.Time, longest time.Duration, moves schema.Moves) (*Replay, error) {
	r := &Replay{
		content: c, devices: map[schema.Device]*Device{}, noted: map[notedKey]string{}, shown: map[notedKey]string{}, now: now, longest: longest,
	}
	here := map[schema.Device]bool{}
	for i := range c.Devices {
		address, err := schema.ParseDevice(c.Devices[i].Address)
		if err != nil {
			return nil, fmt.Errorf("%w: %w", ErrNotASnapshot, err)
		}
		r.devices[address], here[address] = &c.Devices[i], true
	}
	renamed := func(d schema.Device) schema.Device {
		if to := moves.Of(d); !here[to] {
			return to
		}
		return d
	}
	for address, d := range r.devices {
		if to := renamed(address); to != address {
			delete(r.devices, address)
			r.devices[to] = d
		}
		if err := note(r.shown, d.Shown, renamed); err != nil {
			return nil, err
		}
	}
	for _, der := range c.Certificates {
		cert, err := x509.ParseCertificate(der)
		if err != nil {
			return nil, fmt.Errorf("%w: %w", ErrNotASnapshot, err)
		}
		r.certs = append(r.certs, cert)
	}
	return r, note(r.noted, c.Noted, renamed)
}

func note(into map[notedKey]string, all []Noted, renamed func(schema.Device) schema.Device) error {
	for _, n := range all {
		address, err := schema.ParseSetting(n.Address)
		if err != nil {
			return fmt.Errorf("%w: %w", ErrNotASnapshot, err)
		}
		address.Device = renamed(address.Device)
		scheme, name := schema.OriginScheme(n.Origin)
		if device, account, ok := credential.AccountOf(name); ok && scheme == schema.OriginVault {
			n.Origin = credential.Origin(credential.Name(renamed(device), account))
		}
		into[notedKey{address, n.Attribute, n.Origin}] = n.Fingerprint
	}
	return nil
}

// Fingerprint is that of the secret of the vault that an origin gave for an attribute; empty if none was noted.
func (r *Replay) Fingerprint(address schema.Setting, attribute, origin string) string {
	return r.noted[notedKey{address, attribute, origin}]
}

// Shown is that of the secret that the device showed; empty if it showed none.
func (r *Replay) Shown(address schema.Setting, attribute string) string {
	return r.shown[notedKey{address, attribute, ""}]
}

// Read is when a device was read that counts; zero for any other.
func (r *Replay) Read(device schema.Device) time.Time {
	d := r.devices[device]
	if d == nil || d.Failure != nil || r.isOld(d) {
		return time.Time{}
	}
	return d.Read
}

func (r *Replay) isOld(d *Device) bool { return r.now.Sub(d.Read) > r.longest }

// Open is a reader of a device.
func (r *Replay) Open(target providers.Target) providers.Reader {
	return &reader{r, target, r.devices[target.Device]}
}

type reader struct {
	*Replay
	target providers.Target
	device *Device // nil for one that the snapshot does not have
}

var (
	_ providers.Dormant   = (*reader)(nil)
	_ providers.Certified = (*reader)(nil)
)

// refused says why the device is unknown.
func (r *reader) refused() error {
	switch d := r.device; {
	case d == nil:
		return errors.New("the snapshot does not have it; take one with the current configuration")
	case r.isOld(d):
		return fmt.Errorf("the snapshot read it longer than %s ago; take a new one", Hours(r.longest))
	case d.URL != r.target.URL.String() || d.Username != r.target.Login.Username:
		return fmt.Errorf("the snapshot read it at a different address or with a different account than the configuration has; take one with the current configuration")
	}
	return nil
}

// Identify says who answered then.
func (r *reader) Identify(context.Context) (providers.Identity, error) {
	if err := r.refused(); err != nil {
		return providers.Identity{}, err
	}
	if f := r.device.Failure; f != nil {
		return r.device.Identity, f.err()
	}
	return r.device.Identity, r.target.Pin.Matches(r.device.Identity, r.target.Want)
}

// Read gives what the device answered for a path.
func (r *reader) Read(_ context.Context, path string) (providers.Document, error) {
	if r.device == nil {
		return providers.Document{}, r.refused()
	}
	for _, d := range r.device.Documents {
		switch {
		case d.Path != path:
		case d.Failure != nil:
			return providers.Document{}, d.Failure.err()
		default:
			return r.document(d), nil
		}
	}
	return providers.Document{}, errors.New("the snapshot does not have it; take one with the current configuration")
}

func (r *reader) document(d Document) providers.Document {
	doc := providers.Document{
		Path: d.Path, Missing: d.Missing, Unsure: d.Unsure, Source: d.Source,
		Told: providers.Told{Asked: d.Asked, Answered: d.Answered, Date: d.Date}, Shown: r.certificate(d.Shown),
	}
	if d.Text > 0 {
		doc.Body = r.content.Texts[d.Text-1]
	}
	return doc
}

func (r *reader) certificate(n int) *x509.Certificate {
	if n == 0 {
		return nil
	}
	return r.certs[n-1]
}

// Activation is what the device said of its first password.
func (r *reader) Activation(context.Context) (providers.Activation, error) {
	switch {
	case r.refused() != nil:
		return providers.Activation{}, r.refused()
	case r.device.Activation == nil:
		return providers.Activation{}, providers.ErrUnsupported
	}
	said := r.device.Activation.Activation
	said.Activated = r.device.Activation.Activated
	return said, nil
}

// Certificate is what the device showed.
func (r *reader) Certificate() *x509.Certificate {
	if r.device == nil {
		return nil
	}
	return r.certificate(r.device.Certificate)
}

// Pin is what was seen of the device.
func (r *reader) Pin() providers.Pin {
	if r.device == nil {
		return providers.Pin{}
	}
	return r.device.Pin
}

func (r *reader) Renew() {}
func (r *reader) Close() {}

// Hours writes how old a reading may be.
func Hours(d time.Duration) string {
	if d%time.Hour == 0 && d > 0 {
		return fmt.Sprintf("%d hours", d/time.Hour)
	}
	return d.String()
}
