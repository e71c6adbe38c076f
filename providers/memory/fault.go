package memory

import (
	"net/http"
	"time"

	"camform/providers"
	"camform/providers/device"
)

// Exchange is one call on a session as faults and hooks see it. Identify and Authenticate are one exchange each.
type Exchange struct {
	Method string // of the request; MethodIdentify or MethodAuthenticate for a login, MethodAsk for a question before one
	Path   string // empty for a login
	As     string // the account that makes it, where that is not the one of the session
}

// Methods of exchanges that are no request for a document.
const (
	MethodIdentify     = "IDENTIFY"
	MethodAuthenticate = "AUTHENTICATE"
	MethodAsk          = "ASK" // how many attempts are left
)

// String gives the method and the path.
func (x Exchange) String() string {
	if x.Path == "" {
		return x.Method
	}
	return x.Method + " " + x.Path
}

// Writes reports whether the exchange is one that changes the device. Exchange.Writes serves as Fault.Match.
func (x Exchange) Writes() bool {
	return x.Method != http.MethodGet && x.Method != MethodIdentify && x.Method != MethodAuthenticate && x.Method != MethodAsk
}

// own reports whether the exchange is made with the login of the session.
func (x Exchange) own() bool {
	return x.Method != MethodAuthenticate && x.Method != MethodAsk && x.As == ""
}

// Fault is something that goes wrong on a device.
type Fault struct {
	Effect  Effect              // what goes wrong; empty for nothing but Latency
	Match   func(Exchange) bool // which exchanges are counted; nil counts all of them
	Nth     int                 // which of the counted goes wrong, from 1; 0 for all of them
	Latency time.Duration       // how long the device takes to begin with it; slept for in real or synctest time
	Delay   time.Duration       // how long a password is late, by the clock of the fleet; of Late
	Length  int                 // what is left of a password or of a list; of Truncate and Shorten
}

// Effect names what goes wrong.
type Effect string

// The effects. Where a read has another error than a write it is given after the semicolon.
const (
	Unreachable     Effect = "unreachable"       // nothing arrives: ErrUnreachable
	DropRequest     Effect = "drop-request"      // lost on the way, not carried out: ErrUnknown; ErrUnreachable
	DropReply       Effect = "drop-reply"        // carried out, but the answer is lost: ErrUnknown; ErrUnreachable. A login is not settled.
	Lie             Effect = "lie"               // the device says that it did it, and changes nothing; no effect on a read
	ErrorButApplied Effect = "error-but-applied" // carried out, yet ErrInvalid; ErrMalformed
	Busy            Effect = "busy"              // not carried out: ErrBusy
	Reject          Effect = "reject"            // not carried out: ErrInvalid; ErrMalformed
	Deny            Effect = "deny"              // not carried out: ErrDenied
	Restart         Effect = "restart"           // carried out with Restarting, and the device is away; ErrUnreachable
	Refuse          Effect = "refuse"            // the device rejects the credential, though it is right: ErrRefused
	Lock            Effect = "lock"              // the device locks everybody before it looks at the exchange: ErrLocked
	Swap            Effect = "swap"              // from here on another device answers: ErrIdentity
	Shorten         Effect = "shorten"           // carried out, but only the first Length entries of a list are kept; none for 0
	Garble          Effect = "garble"            // carried out, but every text that can be set comes to be Garbled

	// These are about a new password that comes with the exchange, and mean nothing for others.
	Late     Effect = "late"     // it is in force only after Delay
	Revert   Effect = "revert"   // it is lost at the next restart
	Truncate Effect = "truncate" // only its first Length characters are kept
)

// Garbled is what a device has in place of texts after Garble.
const Garbled = "garbled"

type consequence struct {
	carried bool // whether the device does what it is asked
	err     error
}

var effects = map[Effect]struct{ write, read consequence }{
	"":              {consequence{true, nil}, consequence{true, nil}},
	Unreachable:     {consequence{false, providers.ErrUnreachable}, consequence{false, providers.ErrUnreachable}},
	DropRequest:     {consequence{false, providers.ErrUnknown}, consequence{false, providers.ErrUnreachable}},
	DropReply:       {consequence{true, providers.ErrUnknown}, consequence{true, providers.ErrUnreachable}},
	Lie:             {consequence{false, nil}, consequence{true, nil}},
	ErrorButApplied: {consequence{true, providers.ErrInvalid}, consequence{true, providers.ErrMalformed}},
	Busy:            {consequence{false, providers.ErrBusy}, consequence{false, providers.ErrBusy}},
	Reject:          {consequence{false, providers.ErrInvalid}, consequence{false, providers.ErrMalformed}},
	Deny:            {consequence{false, providers.ErrDenied}, consequence{false, providers.ErrDenied}},
	Restart:         {consequence{true, nil}, consequence{false, providers.ErrUnreachable}},
	Refuse:          {consequence{true, nil}, consequence{true, nil}}, // the login fails
	Lock:            {consequence{true, nil}, consequence{true, nil}}, // so does this
	Swap:            {consequence{true, nil}, consequence{true, nil}}, // and this, if anybody learns the pin
	Late:            {consequence{true, nil}, consequence{true, nil}},
	Revert:          {consequence{true, nil}, consequence{true, nil}},
	Truncate:        {consequence{true, nil}, consequence{true, nil}},
	Shorten:         {consequence{true, nil}, consequence{true, nil}},
	Garble:          {consequence{true, nil}, consequence{true, nil}},
}

func (e Effect) on(x Exchange) consequence {
	if x.Writes() {
		return effects[e].write
	}
	return effects[e].read
}

// mishap is what the fault does to a new password.
func (f Fault) mishap() device.Mishap {
	switch f.Effect {
	case Late:
		return device.Mishap{Late: f.Delay}
	case Revert:
		return device.Mishap{Lost: true}
	case Truncate:
		return device.Mishap{Cut: f.Length}
	}
	return device.Mishap{}
}

// arrives reports whether the device gets to see the exchange.
func (e Effect) arrives() bool { return e != Unreachable && e != DropRequest }

// Inject adds a fault. Of several that strike the same exchange the first decides the effect, and all add their latency.
// An unknown effect is a panic, as are one that is late without a delay and one that leaves nothing of a password.
func (d *Device) Inject(f Fault) {
	if _, ok := effects[f.Effect]; !ok {
		panic("memory: there is no effect " + string(f.Effect))
	}
	if f.Effect == Late && f.Delay <= 0 || f.Effect == Truncate && f.Length <= 0 {
		panic("memory: the effect " + string(f.Effect) + " needs a number")
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	d.faults.Add(f)
}

// Heal removes all faults. A restart that is under way goes on.
func (d *Device) Heal() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.faults.Heal()
}

// meet counts the exchange and decides its outcome: the fault that decides the effect, with the latency of all.
func (d *Device) meet(x Exchange) Fault {
	struck := strikes(d, x)
	d.mu.Lock()
	defer d.mu.Unlock()
	var met Fault
	at := -1
	matches := func(*Fault) bool {
		at++
		return at < len(struck) && struck[at]
	}
	d.faults.Meet(matches, func(f *Fault, _, n int) {
		if f.Nth != 0 && f.Nth != n {
			return
		}
		latency := met.Latency + f.Latency
		if met.Effect == "" {
			met = *f
		}
		met.Latency = latency
	})
	return met
}

// strikes says of each fault whether it is about an exchange, in their order. That is asked without a lock, so that the one who answers
// may look at the device.
func strikes(d *Device, x Exchange) []bool {
	d.mu.Lock()
	all := d.faults.All() // which only grows
	d.mu.Unlock()
	struck := make([]bool, len(all))
	for i := range all {
		struck[i] = all[i].Match == nil || all[i].Match(x)
	}
	return struck
}

// BeforeWrite sets what is called before each request that changes the device leaves, in the goroutine of Do and
// without a lock held: a panic or the cancellation of the context there is a process that died before it sent. Nil
// takes it away.
func (d *Device) BeforeWrite(hook func(Exchange)) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.before = hook
}

// AfterWrite sets what is called after the device dealt with a request that changes it and before Do returns: a panic or
// the cancellation of the context there is a process that died before it saw the answer. Nil takes it away.
func (d *Device) AfterWrite(hook func(Exchange)) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.after = hook
}

func (d *Device) hooks() (before, after func(Exchange)) {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.before, d.after
}
