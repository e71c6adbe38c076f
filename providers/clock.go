package providers

import "time"

// Told says when a device was asked for a document, and what its answer said of the time. It is zero for documents that are not as
// they just came.
type Told struct {
	Asked, Answered time.Time // by our clock
	Date            time.Time // what the header of the answer says, by the clock of the device, to the second; zero if nothing
}

// Clock is how the clock of a device stands to ours.
type Clock struct {
	Ahead  time.Duration // negative for one that is behind
	Within time.Duration // by how much Ahead may be wrong
}

// ClockAt is the clock of a device that showed a time, to the second, in an answer.
func (t Told) ClockAt(shown time.Time) Clock {
	took := t.Answered.Sub(t.Asked)
	return Clock{
		Ahead:  shown.Add(time.Second / 2).Sub(t.Asked.Add(took / 2)),
		Within: (took + time.Second) / 2,
	}
}

// DatedClock is the clock of a device by the headers of its answers: by the quickest of them, which tells most precisely. It is false
// where no answer has one.
func DatedClock(docs Documents) (clock Clock, known bool) {
	for _, doc := range docs {
		told := doc.Told
		if told.Date.IsZero() || told.Asked.IsZero() {
			continue
		}
		if c := told.ClockAt(told.Date); !known || c.Within < clock.Within || c.Within == clock.Within && c.Ahead < clock.Ahead {
			clock, known = c, true
		}
	}
	return clock, known
}

// Off is by how much a clock differs from ours at least, and 0 where it may be right.
func (c Clock) Off() time.Duration { return max(0, c.Ahead.Abs()-c.Within) }

// FarJump is how far a clock may jump without anybody who relies on it being asked.
const FarJump = 5 * time.Minute

// Jump is how far a change moves the clock of a device. The zero value is for changes that do not.
type Jump struct {
	By      time.Duration // how far the clock moves; negative for back
	Within  time.Duration // by how much By may be wrong
	Unknown bool          // whether the change moves the clock nobody knows how far
}

// IsFar reports whether a clock jumps so far that what relies on it may suffer, or may do so for all that is known of how far.
func (j Jump) IsFar() bool { return j.By.Abs()+j.Within > FarJump }
