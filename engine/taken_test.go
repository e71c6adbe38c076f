package engine

import (
	"errors"
	"testing"

	"github.com/zclconf/go-cty/cty"

	"camform/engine/live"
	"camform/providers"
	"camform/schema"
)

// A snapshot that does not show what an item is called does not know which items there are: none passes for one that is missing.
func TestI12AKindWithACoveredNameIsUnread(t *testing.T) {
	snap := &live.Snapshot{
		Items: map[string]providers.Items{
			"user": {"viewer": cty.EmptyObjectVal, schema.Blank: cty.EmptyObjectVal}, "ntp": {"": cty.EmptyObjectVal},
		},
		Unreadable: map[string]error{},
	}
	withoutCovered(nil, live.Wants{}, snap)
	if snap.Items["user"] != nil || !errors.Is(snap.Unreadable["user"], errCovered) || snap.Items["ntp"] == nil || snap.Unreadable["ntp"] != nil {
		t.Errorf("it has %v, and cannot read %v", snap.Items, snap.Unreadable)
	}
}
