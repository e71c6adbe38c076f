package isapi

import (
	"bytes"
	"context"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"

	"camform/providers"
)

// newRequest makes a request to the origin. Path is absolute and may have a query; it cannot name another host. The body
// is in memory, so that the request can be made again.
func newRequest(ctx context.Context, origin *url.URL, method, path string, body []byte) (*http.Request, error) {
	relative, err := url.ParseRequestURI(path)
	if err != nil || !strings.HasPrefix(path, "/") || strings.HasPrefix(path, "//") {
		return nil, fmt.Errorf("%s is not a path: %w", quote(shownPath(path)), providers.ErrInvalid)
	}
	relative.Scheme, relative.Host = origin.Scheme, origin.Host
	req, err := http.NewRequestWithContext(ctx, method, relative.String(), bytes.NewReader(body))
	if err != nil {
		return nil, fmt.Errorf("%s is not a path: %w", quote(shownPath(path)), providers.ErrInvalid)
	}
	req.Header.Set("User-Agent", "camform")
	switch {
	case len(body) == 0:
		req.Body, req.GetBody, req.ContentLength = http.NoBody, nil, 0
	case relative.Query().Get("format") == "json":
		req.Header.Set("Content-Type", "application/json")
	default:
		req.Header.Set("Content-Type", "application/xml")
	}
	return req, nil
}

// sleep waits, or fails when ctx ends.
func sleep(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return fmt.Errorf("interrupted (%w): %w", ctx.Err(), providers.ErrUnreachable)
	}
}
