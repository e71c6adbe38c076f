package memory

import (
	"context"
	"errors"
	"fmt"
	"net/http"

	"camform/providers"
	"camform/schema"
)

// activationPath is where a device says whether it has a password, and takes its first one.
const activationPath = "/activation"

var (
	_ providers.Dormant   = (*connection)(nil)
	_ providers.Activator = (*session)(nil)
)

// Activation asks a device whether it has a password.
func (c *connection) Activation(ctx context.Context) (providers.Activation, error) {
	said := providers.Activation{Flow: "plain", Path: activationPath, MinLen: 8, MaxLen: 16}
	err := c.anonymous(ctx, Exchange{Method: http.MethodGet, Path: activationPath, As: nobody}, func(d *Device, _ Fault) error {
		said.Activated = !inactive(d) && !d.denies()
		return nil
	})
	return said, err
}

// Activate gives a device its first password. It answers a second one as devices do.
func (s *session) Activate(ctx context.Context, before providers.Activation, password schema.Secret) error {
	now, err := s.Activation(ctx)
	switch {
	case err != nil:
		return err
	case now.Activated:
		return fmt.Errorf("it has got a password in the meantime: %w", providers.ErrActive)
	case now.Flow != before.Flow:
		return fmt.Errorf("it asks for the flow %s now: %w", now.Flow, providers.ErrIdentity)
	}
	return s.anonymous(ctx, Exchange{Method: "ACTIVATE", Path: activationPath, As: nobody}, func(d *Device, f Fault) error {
		return takeFirst(d, password, f)
	})
}

// nobody makes exchanges without a login.
const nobody = "nobody"

// anonymous makes an exchange that takes no login, over a connection of its own.
func (c *connection) anonymous(ctx context.Context, x Exchange, carry func(*Device, Fault) error) error {
	defer c.enter()()
	if c.ended != nil && !errors.Is(c.ended, providers.ErrInactive) { // of such a device nothing else can be asked
		return c.ended
	}
	err := c.exchange(ctx, x, carry)
	if err != nil {
		err = fmt.Errorf("%s: %w", x, err)
	}
	c.trace(x, err)
	return err
}

// inactive reports whether the device has no password yet.
func inactive(d *Device) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.options.Inactive
}

// takeFirst is a device that gets its first password. A fault that is late lets it say for a while that it has none.
func takeFirst(d *Device, password schema.Secret, f Fault) error {
	if !inactive(d) {
		return providers.ErrActive
	}
	d.record(Written, nobody, "ACTIVATE", activationPath)
	d.SetUser(admin, administrator, password.Reveal())
	d.mu.Lock()
	defer d.mu.Unlock()
	d.options.Inactive = false
	if f.Effect == Late {
		d.deniesUntil = d.fleet.now().Add(f.Delay)
	}
	return nil
}

// denies reports whether a device that has a password says that it has none.
func (d *Device) denies() bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.fleet.now().Before(d.deniesUntil)
}
