package isapi

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"

	"camform/providers"
)

// stay turns redirects into errors that name the place. None is followed: on this level nothing follows by itself, and
// no credential or document of this device belongs anywhere else.
type stay struct{ next http.RoundTripper }

func (s *stay) RoundTrip(req *http.Request) (*http.Response, error) {
	resp, err := s.next.RoundTrip(req)
	if err != nil || resp.StatusCode/100 != 3 {
		return resp, err
	}
	return nil, &failure{err: redirected(req.URL, resp)}
}

func redirected(from *url.URL, resp *http.Response) error {
	to, err := resp.Location()
	switch {
	case err != nil:
		return fmt.Errorf("it answered http status %d: %w", resp.StatusCode, providers.ErrUnreachable)
	case to.Scheme == "https" && from.Scheme == "http" && strings.EqualFold(to.Hostname(), from.Hostname()):
		return fmt.Errorf("it wants HTTPS; write its address with https:// (it redirects to %s): %w", shownURL(to), providers.ErrUnreachable)
	}
	return fmt.Errorf("it redirects to %s, which camform does not follow; is this the device, or something in front of it: %w", shownURL(to), providers.ErrUnreachable)
}
