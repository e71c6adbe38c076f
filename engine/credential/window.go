package credential

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
)

// ErrWindow says that a text is not a time window.
var ErrWindow = errors.New("not a time window")

// CheckWindow reports whether a text is a window: two times of day, such as "02:00-05:00", perhaps with the days on which it
// opens in front, such as "sat,sun 22:00-04:00". A window whose end is not after its beginning closes on the next day. The
// error wraps ErrWindow and says how windows are written. An empty text is no window.
func CheckWindow(text string) error {
	_, err := parseWindow(text)
	return err
}

// InWindow reports whether passwords of a policy may be changed now, in the local time of now, and when the next change may
// be: now itself if that is so, else when the window opens. A policy without a window has an open one. One that CheckWindow
// refuses never opens, and the time is zero.
//
// Days are those on which the window opens. Where it begins or ends at a time that the clocks leave out, that is as much
// earlier or later as they are put forward; if nothing remains of it, it does not open on that day.
func InWindow(policy Policy, now time.Time) (open bool, next time.Time) {
	if policy.Window == "" {
		return true, now
	}
	w, err := parseWindow(policy.Window)
	if err != nil {
		return false, time.Time{}
	}
	const yesterday, fortnight = -1, 14 // a window that clocks leave out once is there a week later
	for offset := yesterday; offset <= fortnight; offset++ {
		start, end := w.on(now, offset)
		switch {
		case !w.days[weekday(now, offset)] || !now.Before(end):
		case !start.After(now):
			return true, now
		case start.Before(end):
			return false, start
		}
	}
	return false, time.Time{}
}

// window is a window taken apart.
type window struct {
	days       map[time.Weekday]bool
	start, end clock
}

// clock is a time of day.
type clock struct{ hour, minute int }

func (c clock) after(other clock) bool {
	return c.hour > other.hour || c.hour == other.hour && c.minute > other.minute
}

// on is when the window opens and closes that begins so many days after the day of now.
func (w window) on(now time.Time, days int) (start, end time.Time) {
	at := func(c clock, days int) time.Time {
		return time.Date(now.Year(), now.Month(), now.Day()+days, c.hour, c.minute, 0, 0, now.Location())
	}
	if w.end.after(w.start) {
		return at(w.start, days), at(w.end, days)
	}
	return at(w.start, days), at(w.end, days+1)
}

// weekday is the day of the week so many days after now. Midnight itself may be left out by clocks that are put forward.
func weekday(now time.Time, days int) time.Weekday {
	return time.Date(now.Year(), now.Month(), now.Day()+days, 12, 0, 0, 0, now.Location()).Weekday()
}

// weekdays are the names of days, in the order of time.Weekday.
var weekdays = []string{"sun", "mon", "tue", "wed", "thu", "fri", "sat"}

func parseWindow(text string) (window, error) {
	words := strings.Fields(text)
	w := window{days: map[time.Weekday]bool{}}
	names := weekdays
	if len(words) == 2 {
		names, words = strings.Split(words[0], ","), words[1:]
	}
	for _, name := range names {
		i := slices.Index(weekdays, name)
		if i < 0 {
			return window{}, errMalformed
		}
		w.days[time.Weekday(i)] = true
	}
	if len(words) != 1 {
		return window{}, errMalformed
	}
	from, to, _ := strings.Cut(words[0], "-")
	var err error
	if w.start, err = parseClock(from); err != nil {
		return window{}, err
	}
	if w.end, err = parseClock(to); err != nil {
		return window{}, err
	}
	if w.start == w.end {
		return window{}, fmt.Errorf("%w: it ends when it begins; if any time is fine, leave it out", ErrWindow)
	}
	return w, nil
}

var errMalformed = fmt.Errorf("%w: write it like 02:00-05:00, or with days like sat,sun 22:00-04:00", ErrWindow)

func parseClock(text string) (clock, error) {
	at, err := time.Parse("15:04", text)
	if err != nil || len(text) != len("15:04") {
		return clock{}, errMalformed
	}
	return clock{at.Hour(), at.Minute()}, nil
}
