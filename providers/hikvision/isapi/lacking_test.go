package isapi

import (
	"crypto/tls"
	"errors"
	"strings"
	"testing"
)

// The texts are those of package crypto/tls in front of openssl with old ciphers and keys.
func TestOfVeryOldTLSPeopleAreToldWhatIsLacking(t *testing.T) {
	const (
		key    = "crypto/rsa: 512-bit keys are insecure (see https://go.dev/pkg/crypto/rsa#hdr-Minimum_key_size)"
		cipher = "remote error: tls: handshake failure"
	)
	for _, test := range []struct {
		cause  string
		least  uint16
		want   string
		advice bool // to allow legacy TLS
	}{
		{key, tls.VersionTLS12, "its RSA key has 512 bits, and this build accepts 1024 at least", false},
		{"tls: invalid signature by the server certificate: " + key, tls.VersionTLS10, "its RSA key has 512 bits", false},
		{"tls: server selected unsupported protocol version 300", tls.VersionTLS12, "it speaks SSL 3.0 only, which this build lacks", false},
		{"tls: server selected unsupported protocol version 301", tls.VersionTLS12, "", true},
		{cipher, tls.VersionTLS10, "lacks those with DHE and export ciphers", false},
		{cipher, tls.VersionTLS12, "", true},
		{"remote error: tls: protocol version not supported", tls.VersionTLS10, "this build supports nothing older", false},
	} {
		have := lacking(errors.New(test.cause), &tls.Config{MinVersion: test.least})
		if !strings.Contains(have, test.want) || strings.Contains(have, "legacy TLS to be allowed") != test.advice {
			t.Errorf("%s: %q", test.cause, have)
		}
	}
	if have := lacking(errors.New("connection refused"), &tls.Config{}); have != "" {
		t.Errorf("another cause: %q", have)
	}
}
