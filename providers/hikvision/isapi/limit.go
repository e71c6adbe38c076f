package isapi

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"time"
)

// maxBody bounds every body that is read. The longest recorded capability document has a tenth of it.
const maxBody = 1 << 20

// limit bounds an exchange: the time until the last byte of the answer, and its size. The body of the response is in
// memory when RoundTrip returns; see contents.
type limit struct {
	next    http.RoundTripper
	timeout time.Duration
}

func (l *limit) RoundTrip(req *http.Request) (*http.Response, error) {
	ctx, cancel := context.WithTimeoutCause(req.Context(), l.timeout, tooSlow(l.timeout))
	defer cancel()
	req = req.WithContext(ctx)
	resp, err := l.next.RoundTrip(req)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	if encoding := resp.Header.Get("Content-Encoding"); encoding != "" && encoding != "identity" {
		return nil, notUnderstood(req, fmt.Sprintf("it answers in the encoding %s, which was not asked for", quote(encoding)))
	}
	body, err := io.ReadAll(io.LimitReader(resp.Body, maxBody+1))
	switch {
	case err != nil:
		return nil, cutOff(req, err)
	case len(body) > maxBody:
		return nil, notUnderstood(req, fmt.Sprintf("its answer is longer than %d bytes", maxBody))
	}
	resp.Body = &buffer{Reader: bytes.NewReader(body), all: body}
	return resp, nil
}

// buffer is a body in memory.
type buffer struct {
	*bytes.Reader
	all []byte
}

func (*buffer) Close() error { return nil }

// contents is the body of a response that went through limit. It can be taken any number of times.
func contents(resp *http.Response) []byte {
	b, ok := resp.Body.(*buffer)
	if !ok {
		panic("isapi: a response did not go through limit; this is a bug")
	}
	return b.all
}
