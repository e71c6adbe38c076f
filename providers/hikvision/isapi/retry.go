package isapi

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/cenkalti/backoff/v5"

	"camform/providers"
)

// retry makes a request again if nothing of it was sent, or if the device said that it did nothing yet. It never repeats
// a request whose outcome is not known.
type retry struct {
	next  http.RoundTripper
	grace time.Duration // how long a device may take to become ready
}

// maxTries bounds how often a request is made within the ordinary patience.
const maxTries = 3

// reason is why a request is made again.
type reason int

const (
	notAgain reason = iota
	neverSent
	busy
	starting // a write is refused with 403 invalidOperation while a camera starts; recorded on IPC V5.8.10
	broken   // a read met a device error, which is worth one more try
)

func (r *retry) RoundTrip(req *http.Request) (*http.Response, error) {
	p := newPatience(r.grace)
	resp, err := backoff.Retry(req.Context(), func() (*http.Response, error) {
		p.tries++
		p.why = notAgain
		again, err := replay(req)
		if err != nil {
			return nil, backoff.Permanent(err)
		}
		resp, err := r.next.RoundTrip(again)
		switch {
		case err != nil && worthAgain(err):
			p.why = neverSent
			return nil, err
		case err != nil:
			return nil, backoff.Permanent(err)
		}
		if p.why = reasonOf(req, resp); p.why != notAgain {
			return resp, errNotYet
		}
		return resp, nil
	}, backoff.WithBackOff(p), backoff.WithMaxElapsedTime(0))
	if resp != nil {
		return resp, nil // the last answer is the answer, also where patience ended
	}
	return nil, interrupted(req.Context(), err)
}

var errNotYet = errors.New("not yet")

// interrupted gives the family to the bare error of a context that ended during a pause.
func interrupted(ctx context.Context, err error) error {
	if ctx.Err() == nil || providers.EndsSession(err) || errors.Is(err, providers.ErrUnknown) {
		return err
	}
	return fmt.Errorf("interrupted (%w): %w", ctx.Err(), providers.ErrUnreachable)
}

// reasonOf says whether an answer means that the same request may succeed in a moment.
func reasonOf(req *http.Request, resp *http.Response) reason {
	v := verdictIn(resp)
	switch {
	case v.absent != "":
		return notAgain
	case v.code == codeBusy && v.family() == providers.ErrBusy:
		return busy
	case v.http == http.StatusServiceUnavailable && !v.isapi:
		return busy
	case !reads(req) && v.http == http.StatusForbidden && strings.EqualFold(v.sub, "invalidOperation"):
		return starting
	case reads(req) && (v.http == http.StatusInternalServerError || v.code == codeDevice):
		return broken
	}
	return notAgain
}

// patience is the back-off of one request. How long it lasts depends on the reason of the last failure.
type patience struct {
	pace  *backoff.ExponentialBackOff
	grace time.Duration
	start time.Time
	tries int
	why   reason
}

func newPatience(grace time.Duration) *patience {
	pace := backoff.NewExponentialBackOff()
	pace.InitialInterval = 500 * time.Millisecond
	pace.Multiplier = 2
	pace.MaxInterval = 10 * time.Second
	return &patience{pace: pace, grace: grace, start: time.Now()}
}

// Reset does nothing: a patience serves one request.
func (p *patience) Reset() {}

// NextBackOff is the pause before the next try, or backoff.Stop.
func (p *patience) NextBackOff() time.Duration {
	pause := p.pace.NextBackOff()
	inGrace := time.Since(p.start)+pause <= p.grace
	more := false
	switch p.why {
	case neverSent:
		more = p.tries < maxTries
	case busy:
		more = p.tries < maxTries || inGrace
	case starting:
		more = inGrace
	case broken:
		more = p.tries < 2
	}
	if !more {
		return backoff.Stop
	}
	return pause
}
