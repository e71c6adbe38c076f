package isapi

import (
	"io"
	"net/http"
	"time"

	"camform/providers"
	"camform/schema"
)

// log writes exchanges to a trace: no headers, and only the harmless parts of bodies and queries.
type log struct {
	next   http.RoundTripper
	device schema.Device
	login  providers.Credential // which a device may repeat in its words
	trace  providers.Trace      // nil for nowhere
}

func (l *log) RoundTrip(req *http.Request) (*http.Response, error) {
	if l.trace == nil {
		return l.next.RoundTrip(req)
	}
	entry := providers.TraceEntry{
		Device:  l.device,
		Method:  req.Method,
		Path:    shownPath(req.URL.RequestURI()),
		Request: redacted(sent(req)),
	}
	start := time.Now()
	resp, err := l.next.RoundTrip(req)
	entry.Duration = time.Since(start)
	entry.Err = providers.NewRedactor(l.login.Password).Error(err)
	if err == nil {
		entry.Status = resp.StatusCode
		entry.Response = secrets{sent(req), l.login}.blank(redacted(contents(resp)))
	}
	l.trace(entry)
	return resp, err
}

// sent is the body of a request, taken without using it up.
func sent(req *http.Request) []byte {
	if req.GetBody == nil {
		return nil
	}
	reader, err := req.GetBody()
	if err != nil {
		return nil
	}
	defer reader.Close()
	body, _ := io.ReadAll(reader) // in memory; see newRequest
	return body
}

// replay is the request once more, with its body from the beginning, so that each sending has its own.
func replay(req *http.Request) (*http.Request, error) {
	again := req.Clone(req.Context())
	if req.GetBody == nil {
		return again, nil
	}
	body, err := req.GetBody()
	if err != nil {
		return nil, err
	}
	again.Body = body
	return again, nil
}
