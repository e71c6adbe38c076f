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
func (d *Device) failed(q request, name string) {
	d.record(Entry{Kind: IllegalLogin, Source: q.source, User: name, Method: q.method, Path: q.path})
	if !d.running.lock.enabled {
		return
	}
	if d.sources == nil {
		d.sources = make(map[netip.Addr]*attempts)
	}
	a := d.sources[q.source]
	if a == nil {
		a = &attempts{}
		d.sources[q.source] = a
	}
	if !a.until.IsZero() && !a.until.After(d.now()) {
		*a = attempts{} // an earlier lock has ended
	}
	a.failed++
	if a.failed >= d.running.lock.times {
		a.until = d.now().Add(d.running.lock.duration)
		d.record(Entry{Kind: Locked, Source: q.source, User: name})
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

// locked answers a request of a locked source. Credentials sent in the meantime are not even looked at, but start the
// time anew, as the vendor's guide says.
func (d *Device) locked(q request) reply {
	if q.authorization != "" {
		d.record(Entry{Kind: Poke, Source: q.source, Method: q.method, Path: q.path})
		if a := d.sources[q.source]; a != nil && a.until.After(d.now()) {
			a.until = d.now().Add(d.running.lock.duration)
		}
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
	if d.model.UserCheck != shortUserCheck {
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
