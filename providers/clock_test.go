package providers_test

import (
	"testing"
	"time"

	"camform/providers"
)

func TestLatencyBoundsWhatIsKnownOfAClock(t *testing.T) {
	at := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	told := providers.Told{Asked: at, Answered: at.Add(20 * time.Second), Date: at.Add(12 * time.Second)}
	clock := told.ClockAt(told.Date)
	if clock.Ahead != 2500*time.Millisecond || clock.Within != 10500*time.Millisecond || clock.Off() != 0 {
		t.Errorf("it is %+v, and off by %s", clock, clock.Off())
	}
	quick := providers.Told{Asked: at, Answered: at.Add(time.Second), Date: at.Add(time.Minute)}
	clock, known := providers.DatedClock(providers.Documents{"/a": {Told: told}, "/b": {Told: quick}, "/c": {}})
	if !known || clock.Ahead != time.Minute || clock.Off() != time.Minute-time.Second {
		t.Errorf("the quickest answer says %+v, %t", clock, known)
	}
	if _, known := providers.DatedClock(providers.Documents{"/a": {Told: providers.Told{Asked: at, Answered: at}}}); known {
		t.Error("an answer without a date tells the time")
	}
}

func TestAJumpThatMayBeFarIsFar(t *testing.T) {
	for _, c := range []struct {
		jump providers.Jump
		far  bool
	}{
		{providers.Jump{By: 5 * time.Minute}, false},
		{providers.Jump{By: -5*time.Minute - time.Second}, true},
		{providers.Jump{By: 4 * time.Minute, Within: 2 * time.Minute}, true},
		{providers.Jump{Unknown: true}, false},
	} {
		if c.jump.IsFar() != c.far {
			t.Errorf("%+v: far %t", c.jump, !c.far)
		}
	}
}
