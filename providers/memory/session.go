package memory

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"sync/atomic"
	"time"

	"camform/providers"
)

// connection is what readers and sessions have in common, and all that a reader has.
type connection struct {
	fleet    *Fleet
	target   providers.Target
	endpoint string // "host:port", for the ledger
	busy     atomic.Bool

	device     *Device // who answered last
	connected  bool
	cuts       int           // Device.cut when the connection was opened
	pin        providers.Pin // the target's, with what was seen since
	epoch      int           // of the password that was accepted; 0 before a login
	identified bool
	ended      error // what ended the session
}

// session is a connection that can write.
type session struct{ *connection }

var (
	_ providers.Reader        = (*connection)(nil)
	_ providers.Session       = (*session)(nil)
	_ providers.Authenticator = (*session)(nil)
	_ providers.Impersonator  = (*session)(nil)
	_ providers.Exporter      = (*session)(nil)
)

func open(f *Fleet, t providers.Target) *connection {
	if t.Ledger == nil || t.URL == nil {
		panic("memory: a target without a URL or a ledger; this is a bug")
	}
	return &connection{fleet: f, target: t, endpoint: withPort(t.URL).Host, pin: t.Pin}
}

func (c *connection) Identify(ctx context.Context) (providers.Identity, error) {
	var got providers.Identity
	err := c.call(ctx, Exchange{Method: MethodIdentify}, func(d *Device, f Fault) error {
		if err := c.authorize(ctx, d, f.Effect); err != nil {
			return err
		}
		if err := d.wants(c.target.Login.Username); err != nil {
			return err
		}
		who := d.Identity()
		if err := c.pin.Matches(who, c.target.Want); err != nil {
			return err
		}
		c.pin = c.pin.Merge(providers.Pin{Serial: who.Serial, MAC: who.MAC})
		got = who
		return nil
	})
	if err != nil {
		return providers.Identity{}, err
	}
	return got, nil
}

func (c *connection) Read(ctx context.Context, path string) (providers.Document, error) {
	var doc providers.Document
	err := c.call(ctx, Exchange{Method: http.MethodGet, Path: path}, func(d *Device, f Fault) error {
		if err := c.authorize(ctx, d, f.Effect); err != nil {
			return err
		}
		if err := d.wants(c.target.Login.Username); err != nil {
			return err
		}
		recorder{d}.look(path)
		doc = d.serve(c.target.Login.Username, path)
		return nil
	})
	if err != nil {
		return providers.Document{}, err
	}
	return doc, nil
}

func (c *connection) Pin() providers.Pin {
	defer c.enter()()
	return c.pin
}

func (c *connection) Renew() {
	defer c.enter()()
	c.connected = false
}

func (c *connection) Close() {
	defer c.enter()()
	if c.ended == nil {
		c.ended = fmt.Errorf("the session is closed: %w", providers.ErrUnreachable)
	}
}

func (s *session) Do(ctx context.Context, r providers.Request) (providers.Reply, error) {
	reply := providers.Reply{Outcome: providers.Applied} // which is also what a liar says
	err := s.call(ctx, Exchange{Method: r.Method, Path: r.Path}, func(d *Device, f Fault) error {
		if err := s.authorize(ctx, d, f.Effect); err != nil {
			return err
		}
		var err error
		reply, err = d.asked(s.target.Login.Username, r, f)
		return err
	})
	if err != nil {
		return providers.Reply{}, err
	}
	return reply, nil
}

// DoAs logs in over a separate connection, which costs an attempt. A refusal does not end the session.
func (s *session) DoAs(ctx context.Context, credential providers.Credential, r providers.Request) (providers.Reply, error) {
	reply := providers.Reply{Outcome: providers.Applied}
	err := s.call(ctx, Exchange{Method: r.Method, Path: r.Path, As: credential.Username}, func(d *Device, f Fault) error {
		if err := s.probe(ctx, d); err != nil {
			return err
		}
		if err := s.login(ctx, d, credential, f.Effect); err != nil {
			return err
		}
		var err error
		reply, err = d.asked(credential.Username, r, f)
		return err
	})
	if err != nil {
		return providers.Reply{}, err
	}
	return reply, nil
}

// RecoveryFilePath is where a device exports the file of its GivesFile option.
const RecoveryFilePath = "/recovery-file"

// ExportRecoveryFile has the device count the files that it gave out.
func (s *session) ExportRecoveryFile(ctx context.Context) ([]byte, error) {
	var file []byte
	err := s.call(ctx, Exchange{Method: http.MethodPost, Path: RecoveryFilePath}, func(d *Device, f Fault) error {
		if err := s.authorize(ctx, d, f.Effect); err != nil {
			return err
		}
		if !d.options.GivesFile {
			return fmt.Errorf("it has none: %w", providers.ErrUnsupported)
		}
		d.files++
		d.note(Entry{Kind: Written, User: s.target.Login.Username, Method: http.MethodPost, Path: RecoveryFilePath})
		file = fmt.Appendf(nil, "file %d of %s", d.files, d.Identity().Serial)
		return nil
	})
	return file, err
}

// asked is what the device makes of a request, and of the fault that comes with it.
func (d *Device) asked(user string, r providers.Request, f Fault) (providers.Reply, error) {
	reply, err := d.carryOut(user, r, f)
	if err == nil && f.Effect == Restart {
		reply.Outcome = providers.Restarting
		d.Restart()
	}
	return reply, err
}

// wants says no to an account that has to set a password before anything else.
func (d *Device) wants(user string) error {
	if d.account(user).Asleep {
		return fmt.Errorf("%s has a password that somebody else set: %w", user, providers.ErrMustChange)
	}
	return nil
}

func (s *session) Authenticate(ctx context.Context, credential providers.Credential) error {
	return s.call(ctx, Exchange{Method: MethodAuthenticate}, func(d *Device, f Fault) error {
		if err := s.probe(ctx, d); err != nil {
			return err
		}
		if err := s.login(ctx, d, credential, f.Effect); err != nil {
			return err
		}
		return d.wants(credential.Username)
	})
}

// MayAuthenticate asks who is there, and then the ledger.
func (s *session) MayAuthenticate(ctx context.Context, credential providers.Credential) error {
	return s.call(ctx, Exchange{Method: MethodAsk}, func(d *Device, _ Fault) error {
		if err := s.probe(ctx, d); err != nil {
			return err
		}
		return s.target.Ledger.Allow(ctx, providers.Attempt{
			Endpoint: s.endpoint, Credential: credential, Remaining: d.tellRemaining(), Consent: s.target.Consent,
		})
	})
}

// enter notes that a goroutine uses the session, until what it returns is called.
func (c *connection) enter() (leave func()) {
	if !c.busy.CompareAndSwap(false, true) {
		panic("memory: two goroutines use the session with " + c.target.Device.String() + " at once; this is a bug")
	}
	return func() { c.busy.Store(false) }
}

// call makes one exchange: guards, faults and hooks on the way there, carry for what the device does, and the way back.
func (c *connection) call(ctx context.Context, x Exchange, carry func(*Device, Fault) error) error {
	defer c.enter()()
	if err := c.usable(x); err != nil {
		return fmt.Errorf("%s: %w", x, err)
	}
	err := c.exchange(ctx, x, carry)
	if err != nil {
		err = fmt.Errorf("%s: %w", x, err)
	}
	if x.Method == MethodIdentify {
		c.identified = err == nil
	}
	if providers.EndsSession(err) && x.own() { // a candidate may be refused
		c.ended = err
	}
	c.trace(x, err)
	return err
}

func (c *connection) usable(x Exchange) error {
	switch {
	case c.ended != nil:
		if c.device != nil {
			c.device.record(Withheld, c.target.Login.Username, x.Method, x.Path)
		}
		return fmt.Errorf("nothing was sent, because the session had ended: %w", c.ended)
	case !c.identified && x.Method != MethodIdentify:
		return fmt.Errorf("nothing was sent, because Identify must come first: %w", providers.ErrDenied)
	}
	return nil
}

func (c *connection) exchange(ctx context.Context, x Exchange, carry func(*Device, Fault) error) error {
	c.fleet.recorders.CatchUp()
	d, err := c.connect(x)
	if err != nil {
		return err
	}
	before, after := d.hooks()
	if x.Writes() && before != nil {
		before(x)
	}
	if ctx.Err() != nil {
		return fmt.Errorf("not sent: %w: %w", providers.ErrUnreachable, ctx.Err())
	}
	fault := d.meet(x)
	wait(ctx, fault.Latency)
	if ctx.Err() != nil && !x.Writes() {
		return fmt.Errorf("no answer in time: %w: %w", providers.ErrUnreachable, ctx.Err())
	}
	if fault.Effect == Swap {
		d.SwapIdentity()
		if d, err = c.connect(x); err != nil {
			return err
		}
	}
	err = c.deliver(d, x, fault, carry)
	if x.Writes() && after != nil && fault.Effect.arrives() {
		after(x)
	}
	if err == nil && x.Writes() && ctx.Err() != nil {
		return fmt.Errorf("no answer in time: %w: %w", providers.ErrUnknown, ctx.Err())
	}
	return err
}

// deliver lets the device do what the fault leaves of the exchange.
func (c *connection) deliver(d *Device, x Exchange, fault Fault, carry func(*Device, Fault) error) error {
	effect := fault.Effect
	becomes := effect.on(x)
	if effect == Lock {
		d.Lock()
	}
	if becomes.carried {
		if err := carry(d, fault); err != nil {
			return err
		}
	} else if effect.arrives() && x.Writes() {
		d.record(Rejected, c.target.Login.Username, x.Method, x.Path)
	}
	if effect == Restart && !x.Writes() {
		d.Restart()
	}
	if becomes.err != nil {
		return fmt.Errorf("injected %s: %w", effect, becomes.err)
	}
	return nil
}

// wait lets time pass on the device. A write that is given up meanwhile is carried out all the same.
func wait(ctx context.Context, d time.Duration) {
	if d <= 0 {
		return
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
	}
}

// connect finds the device at the other end of the open connection, or opens one. An exchange that is not the session's own
// always opens one, beside that of the session.
func (c *connection) connect(x Exchange) (*Device, error) {
	own := x.own()
	if own && c.connected && c.cuts == c.device.cut() {
		return c.device, nil
	}
	d, err := c.fleet.dial(c.target.URL)
	if err != nil {
		return nil, err
	}
	if own {
		c.device, c.connected, c.cuts = d, false, d.cut()
	}
	seen := d.shows(c.target.URL.Scheme)
	if err := c.target.Trust.Accepts(seen.SPKI); err != nil {
		return nil, err
	}
	if err := c.pin.Trusts(seen, c.target.Trust.Mode); err != nil {
		return nil, err
	}
	c.pin = c.pin.Merge(seen)
	if own {
		c.connected = true
	}
	return d, nil
}

// authorize sees to it that the device knows us: it logs in at first, and once more when the password was changed since.
func (c *connection) authorize(ctx context.Context, d *Device, e Effect) error {
	if err := c.probe(ctx, d); err != nil {
		return err
	}
	if c.epoch != 0 && c.epoch == d.account(c.target.Login.Username).Epoch && e != Refuse {
		return nil
	}
	if err := c.login(ctx, d, c.target.Login, e); err != nil {
		return err
	}
	c.epoch = d.account(c.target.Login.Username).Epoch
	return nil
}

// probe asks what is known without a login. A lock goes to the ledger.
func (c *connection) probe(ctx context.Context, d *Device) error {
	if inactive(d) {
		return providers.ErrInactive
	}
	locked := d.tellLock()
	if locked == 0 {
		return nil
	}
	if err := c.target.Ledger.Locked(ctx, c.endpoint, locked); err != nil {
		return fmt.Errorf("for %v, which could not be recorded (%v): %w", locked, err, providers.ErrLocked)
	}
	return fmt.Errorf("for %v: %w", locked, providers.ErrLocked)
}

// login spends one attempt. Nothing is sent unless the ledger granted it.
func (c *connection) login(ctx context.Context, d *Device, credential providers.Credential, e Effect) error {
	charge, err := c.target.Ledger.Charge(ctx, providers.Attempt{
		Endpoint: c.endpoint, Credential: credential, Remaining: d.tellRemaining(), Consent: c.target.Consent,
	})
	if err != nil {
		return spent(err)
	}
	result := d.login(credential, e)
	if e == DropReply {
		return fmt.Errorf("no answer to the login: %w", providers.ErrUnreachable)
	}
	if err := c.target.Ledger.Settle(context.WithoutCancel(ctx), charge, result); err != nil {
		return spent(err)
	}
	if !result.Accepted {
		return fmt.Errorf("%s, with %d attempts left: %w", credential.Username, result.Remaining, providers.ErrRefused)
	}
	return nil
}

// spent gives an error of the ledger a family, where it has none.
func spent(err error) error {
	if providers.EndsSession(err) {
		return err
	}
	return fmt.Errorf("the attempt could not be recorded: %w: %w", providers.ErrBudget, err)
}

// trace tells of an exchange without any body, since bodies may hold secrets.
func (c *connection) trace(x Exchange, err error) {
	if c.target.Trace == nil {
		return
	}
	entry := providers.TraceEntry{Device: c.target.Device, Method: x.Method, Path: x.Path, Status: http.StatusOK, Err: err}
	switch {
	case errors.Is(err, providers.ErrUnreachable) || errors.Is(err, providers.ErrUnknown) || errors.Is(err, providers.ErrBudget):
		entry.Status = 0
	case errors.Is(err, providers.ErrRefused) || errors.Is(err, providers.ErrLocked):
		entry.Status = http.StatusUnauthorized
	case err != nil:
		entry.Status = http.StatusForbidden
	}
	c.target.Trace(entry)
}
