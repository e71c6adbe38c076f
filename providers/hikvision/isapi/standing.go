package isapi

import (
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"

	"camform/providers"
)

// standing is what a device says of its login before and after an attempt, in the header and body of any answer.
type standing struct {
	challenges []challenge
	remaining  int // attempts left, or providers.RemainingUnknown
	inactive   bool
	locked     bool
	lock       time.Duration // how long it is locked
	full       bool          // whether it asked for a login without a challenge
	silence    error         // why there is no challenge, if it did not ask for a login
}

// assumedLock is how long a device is taken to be locked that does not say for how long; it is the usual setting.
const assumedLock = 30 * time.Minute

// standingOf reads an answer. Devices send the userCheck document with a 401 for any path; older ones leave fields out,
// recorders send the root alone, and some answer with the fields of ResponseStatus instead.
func standingOf(resp *http.Response) standing {
	s := standing{
		challenges: parseChallenges(resp.Header.Values("WWW-Authenticate")),
		remaining:  providers.RemainingUnknown,
	}
	a := parseAnswer(contents(resp))
	if a.root != "userCheck" && a.root != "ResponseStatus" {
		return s
	}
	if n, err := strconv.Atoi(a.field("retryLoginTime", "retryTimes")); err == nil && n >= 0 {
		s.remaining = n
	}
	s.inactive = strings.EqualFold(a.field("isActivated"), "false") || strings.EqualFold(a.field("subStatusCode"), "notActivated")
	sub := strings.ToLower(a.field("subStatusCode"))
	switch strings.ToLower(a.field("lockStatus")) {
	case "lock", "locked":
		s.locked = true
	}
	if families[sub] == providers.ErrLocked {
		s.locked = true
	}
	if s.locked {
		s.lock = lockTime(a.field("unlockTime", "resLockTime"))
	}
	return s
}

func lockTime(text string) time.Duration {
	const longest = 7 * 24 * 60 * 60
	seconds, err := strconv.Atoi(text)
	if err != nil || seconds <= 0 {
		return assumedLock
	}
	return time.Duration(min(seconds, longest)) * time.Second
}

// lockedError says until when.
func (s standing) lockedError() error {
	return fmt.Errorf("it accepts no login for another %s: %w", s.lock.Round(time.Second), providers.ErrLocked)
}

// refusedError says how many attempts are left.
func (s standing) refusedError(username string) error {
	left := "it does not say how many attempts are left"
	if s.remaining != providers.RemainingUnknown {
		left = fmt.Sprintf("attempts left: %d", s.remaining)
	}
	return fmt.Errorf("it does not accept the password of %q (%s): %w",
		username, left, providers.ErrRefused)
}

// fellBelow reports whether the device counted a refused login since before.
func (s standing) fellBelow(before int) bool {
	return s.remaining != providers.RemainingUnknown && before != providers.RemainingUnknown && s.remaining < before
}

// stale reports whether the device says that only the nonce was too old.
func (s standing) stale() bool {
	for _, c := range s.challenges {
		if c.stale {
			return true
		}
	}
	return false
}

// silence says of an answer that does not ask for a login why it cannot be one of a device that works.
func silence(resp *http.Response) error {
	form, _ := shapeOf(contents(resp))
	switch {
	case bareForbidden(resp):
		return fmt.Errorf("it forbids everything: it has locked the login, or its filter keeps this computer out: %w", providers.ErrLocked)
	case resp.StatusCode/100 == 5:
		return fmt.Errorf("it answers http status %d: %w", resp.StatusCode, providers.ErrBusy)
	case resp.StatusCode == http.StatusBadRequest && resp.Request != nil && resp.Request.URL.Scheme == "http":
		return fmt.Errorf("it answers plain HTTP with status 400, as an HTTPS port does; if this is one, write the address with https://: %w",
			providers.ErrMalformed)
	case form == shapeHTML:
		return fmt.Errorf("it answers http status %d with an HTML page, as no ISAPI device does: %w", resp.StatusCode, providers.ErrMalformed)
	case resp.StatusCode/100 == 2:
		return fmt.Errorf("it gives its documents to anybody, without asking for a login: %w", providers.ErrMalformed)
	}
	return fmt.Errorf("it answers http status %d and does not ask for a login: %w", resp.StatusCode, providers.ErrMalformed)
}

// bareForbidden reports whether resp is a 403 without a document of the device: what a locked login (recorded on IPC
// V5.8.10) or an address filter looks like.
func bareForbidden(resp *http.Response) bool {
	if resp.StatusCode != http.StatusForbidden {
		return false
	}
	root := parseAnswer(contents(resp)).root
	return root != "ResponseStatus" && root != "userCheck"
}
