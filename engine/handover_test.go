package engine_test

import (
	"bytes"
	"errors"
	"strings"
	"testing"

	"camform/engine"
	"camform/engine/auditlog"
	"camform/engine/recover"
	"camform/providers/memory"
	"camform/schema"
)

// Anybody can write a handover. What it says of the past is marked as told elsewhere, and one that is not whole, or about a device that
// nobody declared, leaves nothing behind.
func TestI12AnAcceptedCaseIsNotProvenHere(t *testing.T) {
	from, to := newStudioOf(t), newStudioOf(t)
	for _, s := range []*studio{from, to} {
		s.addAt("gate", "https://10.0.0.7:443", memory.Options{})
	}
	e := from.engineOf()
	c := recover.Case{ID: "7f3a2b", Device: schema.Device{Name: "gate"}, Opened: from.clock.now(), By: "kim", Reason: "Ann left", Generation: 1, Custody: recover.Here}
	from.ok(e.OpenCase(t.Context(), c, nil, auditlog.CaseOpened))
	c, err := e.Happened(t.Context(), c, recover.Event{Who: "kim", Step: recover.Rotate, Kind: recover.Done}, engine.Attach("a", "other", []byte("xyz")))
	from.ok(err)
	c, err = e.EndCase(t.Context(), c, recover.Event{Who: "kim", Step: "handover", Kind: recover.Done}, recover.Away)
	from.ok(err)
	text, err := e.HandOver(t.Context(), c)
	from.ok(err)

	there := to.engineOf()
	accept := func(text []byte) (recover.Case, error) { return there.Accept(t.Context(), to.cfg, text, "lee") }
	for _, damage := range [][2]string{{`"size":3`, `"size":4`}, {`"eHl6"`, `"eHl7"`}} {
		if damaged := bytes.Replace(text, []byte(damage[0]), []byte(damage[1]), 1); bytes.Equal(damaged, text) {
			t.Fatalf("there is no %s in %s", damage[0], text)
		} else if _, err := accept(damaged); !errors.Is(err, recover.ErrDamaged) {
			t.Errorf("with %s: %v", damage[1], err)
		}
	}
	foreign := bytes.Replace(text, []byte("device.gate"), []byte("device.yard"), 1)
	if _, err := accept(foreign); err == nil || !strings.Contains(err.Error(), "the configuration has no device.yard") {
		t.Errorf("about a device that is not declared: %v", err)
	}
	if cases, err := there.Cases(t.Context()); err != nil || len(cases) > 0 {
		t.Errorf("what was refused left %+v, %v", cases, err)
	}
	c, err = accept(text)
	to.ok(err)
	last := c.Events[len(c.Events)-1]
	if last.Kind != recover.Told || last.Who != "lee" || last.At != to.clock.now() || !strings.Contains(last.Remark, "not proven here") {
		t.Errorf("nothing says where the history ends that another state told: %+v", last)
	}
}
