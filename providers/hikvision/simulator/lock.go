package simulator

import (
	"fmt"
	"net/http"
	"net/netip"
	"strings"
	"time"
)

// attempts is what a device holds against a source address.
type attempts struct {
	failed int
	until  time.Time // locked before this time
}

// lockedUntil is when the device will listen to the source again; a time that has passed if it does now.
func (d *Device) lockedUntil(source netip.Addr) time.Time {
	until := d.lockedAll
	if a := d.sources[source]; a != nil && a.until.After(until) {
		until = a.until
	}
	return until
}

// failed records a failed login and locks the source when it was one too many.
func (d *Device) failed(e Entry) {
	e.Kind = IllegalLogin
	d.record(e)
	if !d.running.lock.enabled {
		return
	}
	if d.sources == nil {
		d.sources = make(map[netip.Addr]*attempts)
	}
	a := d.sources[e.Source]
	if a == nil {
		a = &attempts{}
		d.sources[e.Source] = a
	}
	at := d.timeOf(e)
	if !a.until.IsZero() && !a.until.After(at) {
		*a = attempts{} // an earlier lock has ended
	}
	a.failed++
	if a.failed >= d.running.lock.times {
		a.until = at.Add(d.running.lock.duration)
		d.record(Entry{Time: e.Time, Kind: Locked, Source: e.Source, User: e.User})
	}
}

// poked records credentials from a locked source. They are not even looked at, but start the time anew, as the vendor's
// guide says.
func (d *Device) poked(e Entry) {
	e.Kind = Poke
	d.record(e)
	if a, at := d.sources[e.Source], d.timeOf(e); a != nil && a.until.After(at) {
		a.until = at.Add(d.running.lock.duration)
	}
}

// forgive forgets the failed logins of a source that logged in.
func (d *Device) forgive(source netip.Addr) {
	if !d.quirks.KeepsFailures {
		delete(d.sources, source)
	}
}

// timeOf is when an entry happens that is not recorded yet.
func (d *Device) timeOf(e Entry) time.Time {
	if e.Time.IsZero() {
		return d.now()
	}
	return e.Time
}

// FailLogins is another client, which comes from the same address and fails to log in n times. Where that is once too many,
// it goes on all the same.
func (d *Device) FailLogins(source netip.Addr, n int) {
	d.fleet.catchUp()
	d.mu.Lock()
	defer d.mu.Unlock()
	for range n {
		e := Entry{Source: source, User: "somebody else"}
		if d.lockedUntil(source).After(d.now()) {
			d.poked(e)
		} else {
			d.failed(e)
		}
	}
}

// remaining is how many failed logins the source has left.
func (d *Device) remaining(source netip.Addr) int {
	a := d.sources[source]
	if a == nil || !a.until.IsZero() && !a.until.After(d.now()) {
		return d.running.lock.times
	}
	return max(0, d.running.lock.times-a.failed)
}

// locked answers a request of a locked source.
func (d *Device) locked(q request) reply {
	if q.authorization != "" {
		d.poked(q.entry(Poke, ""))
	}
	if d.model.Lock.Status != 0 {
		return d.send(d.model.Lock.Status, "text/html", nil)
	}
	seconds := int(d.lockedUntil(q.source).Sub(d.now()).Seconds())
	return d.challenge(q, false, d.userCheck(http.StatusUnauthorized, lockState{"lock", max(1, seconds), 0}))
}

// unauthorized answers a request without credentials that count.
func (d *Device) unauthorized(q request, isStale bool) reply {
	return d.challenge(q, isStale, d.userCheck(http.StatusUnauthorized, lockState{"unlock", 0, d.remaining(q.source)}))
}

// lockState is what a userCheck tells about the lock.
type lockState struct {
	status  string
	seconds int
	retries int
}

// userCheck is the body of an answer 401, as much of it as the firmware tells.
func (d *Device) userCheck(status int, s lockState) []byte {
	var b strings.Builder
	b.WriteString("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n")
	if d.model.UserCheck == fullUserCheck {
		fmt.Fprintf(&b, "<userCheck version=%q xmlns=%q>\n", d.model.Response.Version, d.model.Response.Namespace)
	} else {
		b.WriteString("<userCheck>\n")
	}
	fmt.Fprintf(&b, "<statusValue>%d</statusValue>\n<statusString>%s</statusString>\n", status, http.StatusText(status))
	if d.model.UserCheck == fullUserCheck {
		b.WriteString("<isActivated>true</isActivated>\n")
	}
	if d.model.UserCheck != shortUserCheck && !d.quirks.HidesAttempts {
		fmt.Fprintf(&b, "<lockStatus>%s</lockStatus>\n", s.status)
		if s.seconds > 0 {
			fmt.Fprintf(&b, "<unlockTime>%d</unlockTime>\n", s.seconds)
		}
		fmt.Fprintf(&b, "<retryLoginTime>%d</retryLoginTime>\n", s.retries)
	}
	b.WriteString("</userCheck>\n")
	return []byte(b.String())
}

// userCheckOK is the answer to a login that works.
func (d *Device) userCheckOK() []byte {
	open := "<userCheck>"
	if d.model.UserCheck == fullUserCheck {
		open = fmt.Sprintf("<userCheck version=%q xmlns=%q>", d.model.Response.Version, d.model.Response.Namespace)
	}
	return []byte("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n" + open + `
<statusValue>200</statusValue>
<statusString>OK</statusString>
<isDefaultPassword>false</isDefaultPassword>
<isRiskPassword>false</isRiskPassword>
<isActivated>true</isActivated>
</userCheck>
`)
}
