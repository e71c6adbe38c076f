package engine_test

import (
	"context"
	"encoding/json"
	"net/http"
	"strings"
	"sync"

	"camform/providers"
	"camform/providers/memory"
	"camform/schema"
)

// watcher is a provider that watches the sessions that can write: it tells of every exchange before and after it, and
// finds writes that were not necessary.
type watcher struct {
	providers.Provider
	fleet *memory.Fleet

	mu        sync.Mutex
	exchange  func(at moment)   // nil for nobody
	needless  []string          // writes that the device carried out and that changed nothing
	passwords map[string]string // by device and account, as they were written
	wrap      func(s providers.Session, device string) providers.Session
}

// moment is one side of an exchange with a device.
type moment struct {
	device string
	call   string // "IDENTIFY", "GET", "PUT", ... with the path
	after  bool   // the device has dealt with it; before that nothing was sent
}

func (p *watcher) Open(t providers.Target) providers.Session {
	s := p.Provider.Open(t)
	if p.wrap != nil {
		s = p.wrap(s, t.Device.Name)
	}
	return &watchedSession{Session: s, watcher: p, device: p.fleet.Device(t.Device.Name)}
}

func (p *watcher) onExchange(f func(moment)) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.exchange = f
}

func (p *watcher) tell(at moment) {
	p.mu.Lock()
	f := p.exchange
	p.mu.Unlock()
	if f != nil {
		f(at)
	}
}

type watchedSession struct {
	providers.Session
	watcher *watcher
	device  *memory.Device
}

func (s *watchedSession) around(call string, f func()) {
	s.watcher.tell(moment{device: s.device.Name(), call: call})
	f()
	s.watcher.tell(moment{device: s.device.Name(), call: call, after: true})
}

func (s *watchedSession) Identify(ctx context.Context) (id providers.Identity, err error) {
	s.around(memory.MethodIdentify, func() { id, err = s.Session.Identify(ctx) })
	return id, err
}

func (s *watchedSession) Read(ctx context.Context, path string) (doc providers.Document, err error) {
	s.around(http.MethodGet+" "+path, func() { doc, err = s.Session.Read(ctx, path) })
	return doc, err
}

func (s *watchedSession) Authenticate(ctx context.Context, c providers.Credential) (err error) {
	s.around(memory.MethodAuthenticate, func() { err = s.Session.(providers.Authenticator).Authenticate(ctx, c) })
	return err
}

func (s *watchedSession) ExportRecoveryFile(ctx context.Context) (file []byte, err error) {
	s.around(http.MethodPost+" "+memory.RecoveryFilePath, func() { file, err = s.Session.(providers.Exporter).ExportRecoveryFile(ctx) })
	return file, err
}

func (s *watchedSession) MayAuthenticate(ctx context.Context, c providers.Credential) (err error) {
	s.around(memory.MethodAsk, func() { err = s.Session.(providers.Authenticator).MayAuthenticate(ctx, c) })
	return err
}

func (s *watchedSession) Activation(ctx context.Context) (said providers.Activation, err error) {
	s.around("GET /activation", func() { said, err = s.Session.(providers.Dormant).Activation(ctx) })
	return said, err
}

func (s *watchedSession) Activate(ctx context.Context, before providers.Activation, password schema.Secret) (err error) {
	s.around("ACTIVATE /activation", func() { err = s.Session.(providers.Activator).Activate(ctx, before, password) })
	return err
}

func (s *watchedSession) Do(ctx context.Context, r providers.Request) (reply providers.Reply, err error) {
	s.around(r.Method+" "+r.Path, func() {
		judge := s.judge(r)
		reply, err = s.Session.Do(ctx, r)
		judge()
	})
	return reply, err
}

// judge notes how the device is before a write and returns what finds out whether the write changed anything.
func (s *watchedSession) judge(r providers.Request) func() {
	path := r.Path
	if strings.HasPrefix(path, "/users") {
		path = "/users"
	}
	written, before := s.device.Count(memory.Written), s.device.Document(path)
	account := s.account(r)
	return func() {
		if s.device.Count(memory.Written) == written {
			return
		}
		p := s.watcher
		p.mu.Lock()
		defer p.mu.Unlock()
		changed := s.device.Document(path) != before
		var body struct{ Password *string }
		if json.Unmarshal(r.Body, &body) == nil && body.Password != nil {
			changed = changed || p.passwords[account] != *body.Password
			p.passwords[account] = *body.Password
		}
		if !changed {
			p.needless = append(p.needless, r.Method+" "+r.Path)
		}
	}
}

// account names the account that a request is about.
func (s *watchedSession) account(r providers.Request) string {
	name := ""
	for _, key := range r.Keys {
		name = key.Key
	}
	return s.device.Name() + "/" + name
}

// writes reports whether the exchange changes the device.
func (m moment) writes() bool {
	return strings.Contains(m.call, " ") && !strings.HasPrefix(m.call, http.MethodGet+" ")
}

// String names the moment in a test.
func (m moment) String() string {
	if m.after {
		return "after " + m.call
	}
	return "before " + m.call
}
