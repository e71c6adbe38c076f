package apply

import (
	"context"
	"crypto/x509"
	"time"

	"camform/engine/state"
	"camform/providers"
)

// A device that gets a certificate for another key shows that one from some moment on, and the run may end before or after it. So
// the key is recorded before the request leaves, beside the one that the device has, and both are accepted until the new
// one was seen: then it is the only one.

// brings is the key of the certificate that the requests for a group bring to the device; empty where they bring none.
func (p prepared) brings() string {
	for _, o := range p.orders {
		if o.request.Brings {
			return providers.KeyOf(o.request.Shows[0])
		}
	}
	return ""
}

// shows is the certificate that the device shows once it carried out the requests for a group; nil where they leave that alone.
func (p prepared) shows() *x509.Certificate {
	for _, o := range p.orders {
		if len(o.request.Shows) > 0 {
			return o.request.Shows[0]
		}
	}
	return nil
}

// see remembers a pin, and begins further sessions with it.
func (w *worker) see(ctx context.Context, pin providers.Pin) error {
	w.line.target.Pin = pin
	return w.Store.SaveSeen(ctx, state.Device{Address: w.device.Address, Endpoint: w.line.target.URL.Host, Identity: w.line.identity, Pin: pin})
}

// shows reports whether a device shows a certificate over TLS. One that shows another is looked at again over new connections, for as
// long as a change may show late.
func (l *line) shows(
	ctx context.Context, wanted *x509.Certificate, document string, sleep func(context.Context, time.Duration) error,
) bool {
	for waited := time.Duration(0); ; waited += beat {
		if shown := l.shown(); shown != nil && shown.Equal(wanted) {
			return true
		}
		if waited >= lag || sleep(ctx, beat) != nil {
			return false
		}
		l.session.Renew()
		_, _ = l.session.Read(ctx, document) // one that cannot be read now may be there the next time
	}
}

// shown is the certificate that the device showed last; nil where it was not reached over TLS.
func (l *line) shown() *x509.Certificate {
	if certified, ok := l.session.(providers.Certified); ok {
		return certified.Certificate()
	}
	return nil
}
