package providers

import (
	"errors"
	"testing"
)

func TestAPinnedAddressIsCompared(t *testing.T) {
	pin := Pin{MAC: "02:00:00:00:00:02"}
	if err := pin.Matches(Identity{MAC: "02:00:00:00:00:01"}, Identity{}); !errors.Is(err, ErrIdentity) {
		t.Errorf("a device with another address than before is let through: %v", err)
	}
}
