package isapi

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"regexp"
	"strings"
	"time"

	"camform/providers"
)

// failure is an exchange that ended without an answer that can be used.
type failure struct {
	err    error // belongs to a family
	unsent bool  // whether it is certain that no byte of the request left
	again  bool  // whether the same request may succeed in a moment; only if unsent
	slow   bool  // whether it took longer than an exchange may
}

func (f *failure) Error() string { return f.err.Error() }
func (f *failure) Unwrap() error { return f.err }

// unsent reports whether it is certain that the request of err did not leave.
func unsent(err error) bool {
	f, ok := errors.AsType[*failure](err)
	return ok && f.unsent
}

// worthAgain reports whether the request of err may simply be made again.
func worthAgain(err error) bool {
	f, ok := errors.AsType[*failure](err)
	return ok && f.unsent && f.again
}

// isSlow reports whether the request of err was sent and took longer than it may.
func isSlow(err error) bool {
	f, ok := errors.AsType[*failure](err)
	return ok && f.slow
}

// reads reports whether a request changes nothing.
func reads(req *http.Request) bool { return req.Method == http.MethodGet }

// notUnderstood is the failure of an answer that breaks the rules. A write may have been carried out all the same.
func notUnderstood(req *http.Request, text string) error {
	family := providers.ErrMalformed
	if !reads(req) {
		family = providers.ErrUnknown
	}
	return &failure{err: fmt.Errorf("%s: %w", text, family)}
}

// cutOff is the failure of an exchange that was sent, in part at least, and not answered.
func cutOff(req *http.Request, cause error) error {
	family := providers.ErrUnreachable
	if !reads(req) {
		family = providers.ErrUnknown
	}
	_, slow := errors.AsType[tooSlow](context.Cause(req.Context()))
	return &failure{err: explained(req.Context(), req.URL.Host, "closed the connection before its answer was complete", cause, family), slow: slow}
}

// notSent is the failure of an exchange in which nothing was sent. A handshake was offered what the configuration says.
func notSent(req *http.Request, cause error, offered *tls.Config) error {
	if dialed, ok := errors.AsType[*failure](cause); ok {
		return dialed
	}
	if errors.Is(cause, providers.ErrIdentity) || errors.Is(cause, providers.ErrForbidden) {
		return &failure{err: cause, unsent: true}
	}
	if untrusted, ok := errors.AsType[*tls.CertificateVerificationError](cause); ok {
		return &failure{unsent: true, err: fmt.Errorf("%s: %w", plain(untrusted.Err.Error()), providers.ErrUntrusted)}
	}
	if _, ok := errors.AsType[tls.RecordHeaderError](cause); ok {
		return &failure{unsent: true, err: fmt.Errorf("%s does not speak TLS; if the device has no HTTPS, write the address with http://: %w",
			req.URL.Host, providers.ErrUnreachable)}
	}
	if lacks := lacking(cause, offered); lacks != "" {
		return &failure{unsent: true, err: fmt.Errorf("no TLS connection to %s (%s); %s: %w", req.URL.Host, because(cause), lacks, providers.ErrUnreachable)}
	}
	timeout, isNet := errors.AsType[net.Error](cause)
	return &failure{
		err:    explained(req.Context(), req.URL.Host, "closed the connection at once", cause, providers.ErrUnreachable),
		unsent: true,
		again:  !isNet || !timeout.Timeout(),
	}
}

// Texts of a handshake that failed. Package crypto/tls has no types for them.
var (
	tooShort   = regexp.MustCompile(`crypto/rsa: (\d+)-bit keys are insecure`)
	tooOld     = regexp.MustCompile(`server selected unsupported protocol version (30[0-9])`)
	oldVersion = map[string]string{"300": "SSL 3.0", "301": "TLS 1.0", "302": "TLS 1.1"}
)

// lacking says why a TLS connection to an old device did not come about: what the device wants and this build does not have, or was
// not allowed. It is empty for a cause that is no failed handshake.
func lacking(cause error, offered *tls.Config) string {
	text, legacy := cause.Error(), offered.MinVersion < tls.VersionTLS12
	if m := tooShort.FindStringSubmatch(text); m != nil {
		return "its RSA key has " + m[1] + " bits, and this build accepts 1024 at least: have the device make another certificate"
	}
	if m := tooOld.FindStringSubmatch(text); m != nil && (legacy || m[1] == "300") {
		return "it speaks " + oldVersion[m[1]] + " only, which this build lacks: update its firmware"
	}
	switch {
	case !strings.Contains(text, "tls: "):
		return ""
	case legacy && strings.Contains(text, "tls: handshake failure"):
		return "it accepts no cipher of this build, which has those with RSA and ECDHE key exchange and lacks those with DHE and export ciphers: update its firmware"
	case legacy:
		return "legacy TLS is allowed already, and this build supports nothing older"
	}
	return "old firmware needs legacy TLS to be allowed"
}

// explained puts into words why there is no answer. The text of the cause is quoted, as parts of it come from the device.
func explained(ctx context.Context, host, closed string, cause error, family error) error {
	slow, isSlow := errors.AsType[tooSlow](context.Cause(ctx))
	timeout, isNet := errors.AsType[net.Error](cause)
	switch {
	case isSlow:
		return fmt.Errorf("no answer from %s within %s: %w", host, time.Duration(slow), family)
	case ctx.Err() != nil:
		return fmt.Errorf("interrupted while waiting for %s (%w): %w", host, ctx.Err(), family)
	case isNet && timeout.Timeout():
		return fmt.Errorf("no answer from %s in time: %w", host, family)
	}
	return fmt.Errorf("%s %s (%s): %w", host, closed, because(cause), family)
}

// tooSlow is the cause of a context that ended because one exchange took longer than it may.
type tooSlow time.Duration

func (t tooSlow) Error() string { return "no answer within " + time.Duration(t).String() }

// because is what the system says of a connection that failed, without the ports of its ends, which are others each time.
func because(cause error) string {
	if op, ok := errors.AsType[*net.OpError](cause); ok {
		cause = op.Err
	}
	if call, ok := errors.AsType[*os.SyscallError](cause); ok {
		cause = call.Err
	}
	return plain(cause.Error())
}
