package isapi

import (
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"os"
	"sync"
	"time"

	"camform/providers"
)

// peer judges the TLS key of a device. It is shared by all connections of a session, so that a key that was seen first is
// the only one from then on. It is safe for concurrent use.
type peer struct {
	trust  providers.Trust
	within providers.Bounds
	roots  *x509.CertPool // nil for those of the system

	mu     sync.Mutex
	pinned providers.Pin
	seen   string // key of the last connection; pinned once a credential is to be sent over it
	shown  *x509.Certificate
}

// newPeer reads the file of authorities, if there is one.
func newPeer(trust providers.Trust, pinned providers.Pin, within providers.Bounds) (*peer, error) {
	if trust.Mode == "" {
		trust.Mode = providers.TrustPin
	}
	p := &peer{trust: trust, pinned: pinned, within: within}
	if trust.Mode != providers.TrustVerify || trust.CAFile == "" {
		return p, nil
	}
	pem, err := os.ReadFile(trust.CAFile)
	if err != nil {
		return p, fmt.Errorf("read the authorities to trust: %w: %w", err, providers.ErrIdentity)
	}
	p.roots = x509.NewCertPool()
	if !p.roots.AppendCertsFromPEM(pem) {
		return p, fmt.Errorf("%s contains no certificate: %w", trust.CAFile, providers.ErrIdentity)
	}
	return p, nil
}

// config is how TLS connections are made. Nothing of HTTP is sent on one before verify returned nil.
func (p *peer) config() *tls.Config {
	config := &tls.Config{
		MinVersion: tls.VersionTLS12,
		// No device knows a key exchange against quantum computers. It would take time, and make the first message too long for old ones.
		CurvePreferences: []tls.CurveID{tls.X25519, tls.CurveP256, tls.CurveP384, tls.CurveP521},
		RootCAs:          p.roots,
		VerifyConnection: p.verify,
		// A pinned key needs no chain, and cameras have none: verify compares the key instead.
		InsecureSkipVerify: p.trust.Mode == providers.TrustPin, // #nosec G402
	}
	if p.trust.Legacy {
		config.MinVersion = tls.VersionTLS10 // #nosec G402 -- for this device only, as its configuration says
		for _, suites := range [][]*tls.CipherSuite{tls.CipherSuites(), tls.InsecureCipherSuites()} {
			for _, suite := range suites {
				config.CipherSuites = append(config.CipherSuites, suite.ID)
			}
		}
	}
	return config
}

// verify accepts the key of a connection or returns ErrIdentity or ErrForbidden. In TrustVerify mode the chain was verified before.
func (p *peer) verify(state tls.ConnectionState) error {
	if len(state.PeerCertificates) == 0 {
		return fmt.Errorf("it has no certificate: %w", providers.ErrIdentity)
	}
	spki := providers.KeyOf(state.PeerCertificates[0])
	if why := p.within.RefuseKey(spki); why != "" {
		return fmt.Errorf("its TLS key is %s: %s: %w", spki, why, providers.ErrForbidden)
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if err := p.trust.Accepts(spki); err != nil {
		return err
	}
	if err := p.pinned.Trusts(providers.Pin{SPKI: spki}, p.trust.Mode); err != nil {
		return err
	}
	p.seen, p.shown = spki, state.PeerCertificates[0]
	return nil
}

// admit decides whether a credential may be sent in answer to a challenge with this realm and algorithm, which is empty
// for Basic. What it admits becomes the least that later challenges must offer.
func (p *peer) admit(realm, algorithm string) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if algorithm == "" && p.pinned.Algorithm != "" {
		return fmt.Errorf("it offers Basic only, but offered digest before: %w", providers.ErrIdentity)
	}
	return p.fasten(providers.Pin{SPKI: p.seen, Realm: realm, Algorithm: algorithm})
}

// fasten pins what a peer shows to whom a secret is about to be sent.
func (p *peer) fasten(seen providers.Pin) error {
	if why := p.within.RefuseKey(p.seen); why != "" {
		return fmt.Errorf("it shows no TLS key: %s: %w", why, providers.ErrForbidden)
	}
	if err := p.pinned.Trusts(seen, p.trust.Mode); err != nil {
		return err
	}
	p.pinned = p.pinned.Merge(seen)
	return nil
}

// hold pins who is about to get a first password: the TLS key of the connection, if there is one. There was no login yet that
// could have pinned it.
func (p *peer) hold() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.fasten(providers.Pin{SPKI: p.seen})
}

// accepts says in the family ErrInvalid why a certificate would not be accepted: it is not valid now, secrets must not go to its key,
// or, in TrustVerify mode, it has another name, or is not of an authority that is trusted.
func (p *peer) accepts(chain []*x509.Certificate, host string, now time.Time) error {
	leaf := chain[0]
	key := providers.KeyOf(leaf)
	if now.Before(leaf.NotBefore) || now.After(leaf.NotAfter) {
		return fmt.Errorf("the certificate is valid from %s to %s, which is not now: %w", leaf.NotBefore.Format(time.RFC3339), leaf.NotAfter.Format(time.RFC3339), providers.ErrInvalid)
	}
	if why := p.within.RefuseKey(key); why != "" {
		return fmt.Errorf("the certificate has the TLS key %s: %s: %w", key, why, providers.ErrInvalid)
	}
	if p.trust.Mode == providers.TrustVerify {
		options := x509.VerifyOptions{DNSName: host, Roots: p.roots, Intermediates: x509.NewCertPool(), CurrentTime: now}
		for _, between := range chain[1:] {
			options.Intermediates.AddCert(between)
		}
		if _, err := leaf.Verify(options); err != nil {
			return fmt.Errorf("the certificate would not be accepted: %w: %w", err, providers.ErrInvalid)
		}
	}
	return nil
}

// expect accepts a further key, which the device may show from now on.
func (p *peer) expect(key string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.pinned = p.pinned.Merge(providers.Pin{Next: key})
}

// identify checks who answered and remembers it.
func (p *peer) identify(got, want providers.Identity) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if err := p.pinned.Matches(got, want); err != nil {
		return err
	}
	p.pinned = p.pinned.Merge(providers.Pin{Serial: got.Serial, MAC: got.MAC})
	return nil
}

func (p *peer) pin() providers.Pin {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.pinned
}

// certificate is the one of the last connection; nil if there was none over TLS.
func (p *peer) certificate() *x509.Certificate {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.shown
}
