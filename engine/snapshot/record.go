package snapshot

import (
	"context"
	"crypto/x509"
	"maps"
	"slices"
	"sync"
	"time"

	"camform/providers"
	"camform/schema"
)

// Recorder writes down what devices answer. Methods are safe for concurrent use.
type Recorder struct {
	Now func() time.Time

	mu   sync.Mutex
	said map[schema.Device]*Said
}

// Said is what a device answered, with all its secrets.
type Said struct {
	Asked      time.Time
	Login      schema.Secret // with which it was asked
	Documents  map[string]providers.Document
	Unread     map[string]error
	Activation *providers.Activation
}

// Open is what opens readers, with all that they answer written down.
func (r *Recorder) Open(open func(providers.Target) providers.Reader) func(providers.Target) providers.Reader {
	return func(target providers.Target) providers.Reader {
		r.mu.Lock()
		defer r.mu.Unlock()
		if r.said == nil {
			r.said = map[schema.Device]*Said{}
		}
		said := &Said{Asked: r.Now(), Login: target.Login.Password, Documents: map[string]providers.Document{}, Unread: map[string]error{}}
		r.said[target.Device] = said
		return &recording{open(target), said}
	}
}

// Taken gives away what a device answered; nothing of it stays. A device that was never asked said nothing.
func (r *Recorder) Taken(device schema.Device) Said {
	r.mu.Lock()
	defer r.mu.Unlock()
	said := r.said[device]
	delete(r.said, device)
	if said == nil {
		return Said{}
	}
	return *said
}

// recording is a reader that writes down. One goroutine uses it at a time.
type recording struct {
	providers.Reader
	said *Said
}

func (r *recording) Read(ctx context.Context, path string) (providers.Document, error) {
	doc, err := r.Reader.Read(ctx, path)
	if err != nil {
		r.said.Unread[path] = err
	} else {
		r.said.Documents[path] = doc
		delete(r.said.Unread, path)
	}
	return doc, err
}

// Activation asks a device that can be asked.
func (r *recording) Activation(ctx context.Context) (providers.Activation, error) {
	dormant, ok := r.Reader.(providers.Dormant)
	if !ok {
		return providers.Activation{}, providers.ErrUnsupported
	}
	said, err := dormant.Activation(ctx)
	if err == nil {
		r.said.Activation = &said
	}
	return said, err
}

// Certificate is that of a reader that knows it.
func (r *recording) Certificate() *x509.Certificate {
	if certified, ok := r.Reader.(providers.Certified); ok {
		return certified.Certificate()
	}
	return nil
}

// Paths are those of all that was asked for, sorted.
func (s Said) Paths() []string {
	paths := slices.AppendSeq(slices.Collect(maps.Keys(s.Documents)), maps.Keys(s.Unread))
	slices.Sort(paths)
	return slices.Compact(paths)
}
