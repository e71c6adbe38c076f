package simulator

import (
	"fmt"
	"net/http"
	"net/netip"
	"strings"
	"time"
)

// failed notes credentials that the device refuses now.
func (d *Device) failed(q request, user string) {
	e := q.entry(IllegalLogin, user)
	e.Time = d.now()
	d.core.Fail(d.running.lock, e)
}

// lockedFor is how long the device does not listen to a source.
func (d *Device) lockedFor(source netip.Addr) time.Duration {
	return d.core.Gate.LockedFor(source, d.now())
}

// FailLogins is another client, which comes from the same address and fails to log in n times. Where that is once too many,
// it goes on all the same.
func (d *Device) FailLogins(source netip.Addr, n int) {
	d.fleet.catchUp()
	d.mu.Lock()
	defer d.mu.Unlock()
	d.core.FailForeign(d.running.lock, source, d.now(), n)
}

// locked answers a request of a locked source.
func (d *Device) locked(q request) reply {
	if q.authorization != "" {
		d.failed(q, "")
	}
	if d.model.Lock.Status != 0 {
		return d.send(d.model.Lock.Status, "text/html", nil)
	}
	seconds := int(d.lockedFor(q.source).Seconds())
	return d.challenge(q, false, d.userCheck(http.StatusUnauthorized, lockState{"lock", max(1, seconds), 0}))
}

// unauthorized answers a request without credentials that count.
func (d *Device) unauthorized(q request, isStale bool) reply {
	return d.challenge(q, isStale, d.userCheck(http.StatusUnauthorized, lockState{"unlock", 0, d.core.Gate.Remaining(d.running.lock, q.source, d.now())}))
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
