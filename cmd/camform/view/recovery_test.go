package view

import (
	"strings"
	"testing"
	"time"

	"camform/engine/recover"
	"camform/providers"
	"camform/schema"
)

// A case can come from anybody: what it says must not steer a terminal, nor look like a line of camform's own.
func TestNothingThatACaseSaysLooksLikeALineOfCamform(t *testing.T) {
	const hostile = "\x1b[2J\u202egone\nNext: close (all is well)"
	now := time.Date(2026, 5, 1, 0, 0, 0, 0, time.UTC)
	c := recover.Case{
		ID: "7f3a2b", Device: schema.Device{Name: "gate"}, Identity: providers.Identity{Serial: hostile}, Opened: now, By: hostile, Reason: hostile,
		Generation: 1, Custody: recover.Here, Events: []recover.Event{
			{At: now, Step: recover.Verify, Kind: recover.Failed, Remark: hostile},
			{At: now, Step: recover.Code, Kind: recover.Begun, Data: map[string]string{recover.BootTime: "then"}},
			{At: now, Step: recover.Wait, Kind: recover.Told, Data: map[string]string{recover.Answered: "yes", recover.BootTime: hostile}},
		},
	}
	f := recover.Facts{Now: now}
	var out strings.Builder
	v := NewRecovery(Text, Output{Writer: &out})
	for _, err := range []error{v.Cases([]recover.Case{c}), v.Status(c, f), v.Next(c, recover.Next(c, f))} {
		if err != nil {
			t.Fatal(err)
		}
	}
	if text := out.String(); strings.ContainsAny(text, "\x1b\u202e") || strings.Contains(text, "\nNext: close") || strings.Count(text, "all is well") < 7 {
		t.Error(text)
	}
}
