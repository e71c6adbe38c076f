package simulator

import (
	"fmt"
	"net/http"
	"net/netip"
	"strings"
	"time"

	"camform/providers/device"
)

// failed notes credentials that the device refuses now.
func (d *unit) failed(q request, user string) {
	e := q.entry(IllegalLogin, user)
	e.Time = d.now()
	d.core.Fail(d.running.lock, e)
}

// lockedFor is how long the device does not listen to a source.
func (d *unit) lockedFor(source netip.Addr) time.Duration {
	return d.core.Gate.LockedFor(source, d.now())
}

// FailLogins is another client, which comes from the same address and fails to log in n times. Where that is once too many,
// it goes on all the same.
func (d *Device) FailLogins(source netip.Addr, n int) {
	defer d.enter()()
	d.unit.core.FailForeign(d.unit.running.lock, source, d.unit.now(), n)
}

// locked answers a request of a locked source.
func (x *exchange) locked() reply {
	if x.q.authorization != "" {
		x.unit.failed(x.q, "")
	}
	if x.unit.model.Lock.Status != 0 {
		return x.unit.model.send(x.unit.model.Lock.Status, "text/html", nil)
	}
	seconds := int(x.unit.lockedFor(x.q.source).Seconds())
	return x.challenge(false, x.userCheck(http.StatusUnauthorized, lockState{"lock", max(1, seconds), 0}))
}

// unauthorized answers a request without credentials that count.
func (x *exchange) unauthorized(isStale bool) reply {
	return x.challenge(isStale, x.userCheck(http.StatusUnauthorized, lockState{"unlock", 0, x.unit.core.Gate.Remaining(x.unit.running.lock, x.q.source, x.unit.now())}))
}

// lockState is what a userCheck tells about the lock.
type lockState struct {
	status  string
	seconds int
	retries int
}

// userCheck is the body of an answer 401, as much of it as the firmware tells.
func (x *exchange) userCheck(status int, s lockState) []byte {
	var b strings.Builder
	b.WriteString("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n")
	if x.unit.model.UserCheck == fullUserCheck {
		fmt.Fprintf(&b, "<userCheck version=%q xmlns=%q>\n", x.unit.model.Response.Version, x.unit.model.Response.Namespace)
	} else {
		b.WriteString("<userCheck>\n")
	}
	fmt.Fprintf(&b, "<statusValue>%d</statusValue>\n<statusString>%s</statusString>\n", status, http.StatusText(status))
	if x.unit.model.UserCheck == fullUserCheck {
		b.WriteString("<isActivated>true</isActivated>\n")
	}
	if x.unit.model.UserCheck != shortUserCheck && !x.unit.quirks.HidesAttempts {
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
func (b *blueprint) userCheckOK(u *device.Account) []byte {
	open := "<userCheck>"
	if b.UserCheck == fullUserCheck {
		open = fmt.Sprintf("<userCheck version=%q xmlns=%q>", b.Response.Version, b.Response.Namespace)
	}
	return fmt.Appendf(nil, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"+open+`
<statusValue>200</statusValue>
<statusString>OK</statusString>
<isDefaultPassword>%t</isDefaultPassword>
<isRiskPassword>%t</isRiskPassword>
<isActivated>true</isActivated>
</userCheck>
`, u.Password == factoryPassword, b.checkPassword(u.Name, u.Password) != nil)
}
