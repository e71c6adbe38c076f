package state

import (
	"maps"
	"testing"
	"time"
)

// What a device withholds is recorded for it and its firmware, and firmware that it no longer has does not count.
func TestNodesBelongToADeviceAndItsFirmware(t *testing.T) {
	s, clock := newStore(t)
	ctx := t.Context()
	has := func(serial, firmware string, want map[string]time.Time) {
		t.Helper()
		if got := must[map[string]time.Time](t)(s.RefusedNodes(ctx, serial, firmware)); !maps.EqualFunc(got, want, time.Time.Equal) {
			t.Errorf("%s with %s: have %v, want %v", serial, firmware, got, want)
		}
	}
	first := clock.now()
	ok(t, s.RefuseNode(ctx, "SN1", "V5", "/ISAPI/a"))
	ok(t, s.RefuseNode(ctx, "SN2", "V5", "/ISAPI/b"))
	clock.advance(time.Hour)
	ok(t, s.RefuseNode(ctx, "SN1", "V5", "/ISAPI/b"))
	has("SN1", "V5", map[string]time.Time{"/ISAPI/a": first, "/ISAPI/b": clock.now()})
	ok(t, s.RefuseNode(ctx, "SN1", "V5", "/ISAPI/a"))
	has("SN1", "V5", map[string]time.Time{"/ISAPI/a": clock.now(), "/ISAPI/b": clock.now()})
	has("SN1", "V6", nil)
	ok(t, s.RefuseNode(ctx, "SN1", "V6", "/ISAPI/c"))
	has("SN1", "V5", nil)
	has("SN1", "V6", map[string]time.Time{"/ISAPI/c": clock.now()})
	ok(t, s.ForgetNodes(ctx, "SN1"))
	has("SN1", "V6", nil)
	has("SN2", "V5", map[string]time.Time{"/ISAPI/b": first})
}

// What a device gives and refuses untold is recorded for it and its firmware, and stays where withheld documents are forgotten.
func TestI5WhatADeviceRefusedUntoldIsRemembered(t *testing.T) {
	s, clock := newStore(t)
	ctx := t.Context()
	has := func(serial, firmware string, want map[string]time.Time) {
		t.Helper()
		if got := must[map[string]time.Time](t)(s.UntoldNodes(ctx, serial, firmware)); !maps.EqualFunc(got, want, time.Time.Equal) {
			t.Errorf("%s with %s: have %v, want %v", serial, firmware, got, want)
		}
	}
	first := clock.now()
	ok(t, s.NoteUntold(ctx, "SN1", "V5", map[string]time.Time{"/ISAPI/a": first, "/ISAPI/b": {}}))
	ok(t, s.NoteUntold(ctx, "SN2", "V5", map[string]time.Time{"/ISAPI/a": {}}))
	later := first.Add(time.Minute)
	ok(t, s.NoteUntold(ctx, "SN1", "V5", map[string]time.Time{"/ISAPI/b": later}))
	ok(t, s.ForgetNodes(ctx, "SN1"))
	has("SN1", "V5", map[string]time.Time{"/ISAPI/a": first, "/ISAPI/b": later})
	has("SN1", "V6", nil)
	ok(t, s.NoteUntold(ctx, "SN1", "V6", map[string]time.Time{"/ISAPI/a": {}}))
	has("SN1", "V5", nil)
	has("SN1", "V6", map[string]time.Time{"/ISAPI/a": {}})
	has("SN2", "V5", map[string]time.Time{"/ISAPI/a": {}})
}
