package providers

import (
	"errors"
	"fmt"
	"testing"
)

func TestReasonsLeaveTheFamilyOut(t *testing.T) {
	for _, c := range []struct {
		err  error
		want string
	}{
		{fmt.Errorf("no answer from 192.0.2.1:443: %w", ErrUnreachable), "no answer from 192.0.2.1:443"},
		{fmt.Errorf("read /a: %w", fmt.Errorf("403: %w", ErrUnsupported)), "read /a: 403"},
		{ErrUnreachable, "the device does not answer"},
		{errors.New("disk full"), "disk full"},
	} {
		if got := Reason(c.err); got != c.want {
			t.Errorf("got %q, want %q", got, c.want)
		}
	}
}

func TestFamiliesThatEndASession(t *testing.T) {
	ends := []error{ErrUnreachable, ErrRefused, ErrLocked, ErrBudget, ErrIdentity, ErrForbidden, ErrInactive}
	for _, family := range families {
		want := false
		for _, e := range ends {
			want = want || e == family
		}
		if got := EndsSession(fmt.Errorf("x: %w", family)); got != want {
			t.Errorf("%v: ends the session: %v, want %v", family, got, want)
		}
	}
}
