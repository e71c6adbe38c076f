package isapi

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"time"
)

// The bounds of bodies that are read. The longest recorded capability document has a tenth of the first; archives of recorders
// have several megabytes.
const (
	maxBody    = 1 << 20
	maxArchive = 64 << 20

	archivePath = "/ISAPI/System/configurationData"
)

// most is how long the answer to a request may be.
func most(req *http.Request) int64 {
	if req.URL.Path == archivePath {
		return maxArchive
	}
	return maxBody
}

// limit bounds an exchange: the time until the last byte of the answer, and its size. The body of the response is in
// memory when RoundTrip returns; see contents.
type limit struct {
	next    http.RoundTripper
	timeout time.Duration
	hasty   bool // whether a document got no answer in time
}

// patience is how long an exchange may take. A document leaves some of the time for the question whether the device is there at all,
// and where one got no answer no other is waited for longer than that. A write has all of it: its outcome would be uncertain.
func (l *limit) patience(req *http.Request) time.Duration {
	haste := l.timeout * 3 / 20
	switch {
	case !reads(req) || req.URL.Path == archivePath:
		return l.timeout
	case l.hasty:
		return haste
	}
	return l.timeout - haste
}

func (l *limit) RoundTrip(req *http.Request) (*http.Response, error) {
	patience := l.patience(req)
	ctx, cancel := context.WithTimeoutCause(req.Context(), patience, tooSlow(patience))
	defer cancel()
	req = req.WithContext(ctx)
	resp, err := l.next.RoundTrip(req)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	if encoding := resp.Header.Get("Content-Encoding"); encoding != "" && encoding != "identity" {
		return nil, notUnderstood(req, fmt.Sprintf("it answers in the encoding %s, which camform did not ask for", quote(encoding)))
	}
	longest := most(req)
	body, err := io.ReadAll(io.LimitReader(resp.Body, longest+1))
	switch {
	case err != nil:
		return nil, cutOff(req, err)
	case int64(len(body)) > longest:
		return nil, notUnderstood(req, fmt.Sprintf("its answer is longer than %d bytes", longest))
	}
	resp.Body = &buffer{Reader: bytes.NewReader(body), all: body}
	return resp, nil
}

// buffer is a body in memory.
type buffer struct {
	*bytes.Reader
	all    []byte
	judged *verdict // nil before somebody wanted it
}

func (*buffer) Close() error { return nil }

// contents is the body of a response that went through limit. It can be taken any number of times.
func contents(resp *http.Response) []byte { return bufferOf(resp).all }

func bufferOf(resp *http.Response) *buffer {
	b, ok := resp.Body.(*buffer)
	if !ok {
		panic("isapi: a response did not go through limit; this is a bug")
	}
	return b
}

// verdictIn judges a response that went through limit. Everything that it goes through wants to know, and it is read once.
func verdictIn(resp *http.Response) verdict {
	b := bufferOf(resp)
	if b.judged == nil {
		v := verdictOf(resp.StatusCode, b.all)
		b.judged = &v
	}
	return *b.judged
}
