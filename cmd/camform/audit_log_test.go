package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"camform/cmd/camform/view"
	"camform/engine/auditlog"
	"camform/engine/state"
)

func TestRecordsAreChosenByAllThatIsAsked(t *testing.T) {
	now := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	record := auditlog.Record{Run: "r1", Device: `device.gate["north"]`, Time: now.Add(-time.Hour)}
	for _, tt := range []struct {
		filter recordFilter
		want   bool
	}{
		{recordFilter{}, true},
		{recordFilter{run: "r1", device: `device.gate["north"]`, since: 61 * time.Minute}, true},
		{recordFilter{run: "r2", device: `device.gate["north"]`, since: 61 * time.Minute}, false},
		{recordFilter{run: "r1", device: `device.gate["south"]`, since: 61 * time.Minute}, false},
		{recordFilter{run: "r1", device: `device.gate["north"]`, since: time.Hour}, false},
		{recordFilter{device: "device.gate"}, true}, // all of its instances
	} {
		takes, err := tt.filter.compile(now)
		if err != nil {
			t.Fatal(err)
		}
		if takes(record) != tt.want {
			t.Errorf("%+v: want %v", tt.filter, tt.want)
		}
	}
	takes, err := recordFilter{device: "device.gate"}.compile(now)
	if err != nil || takes(auditlog.Record{}) {
		t.Errorf("a record without a device was taken, %v", err)
	}
}

func TestALongLogIsListedFromItsEnd(t *testing.T) {
	store, err := state.Open(t.Context(), filepath.Join(t.TempDir(), "state.db"), state.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = store.Close() }()
	if err := store.Audit(t.Context(), make([]auditlog.Record, shownRecords+3)...); err != nil {
		t.Fatal(err)
	}
	list := func(which recordFilter) []string {
		var out bytes.Buffer
		w := &workspace{app: &app{out: &out, env: os.LookupEnv}, memory: memory{auditLog: store.AuditLog}}
		takes, err := which.compile(time.Now())
		if err == nil {
			err = w.listRecords(t.Context(), view.Text, which, takes)
		}
		if err != nil {
			t.Fatal(err)
		}
		return strings.Split(out.String(), "\n")
	}
	lines := list(recordFilter{})
	if lines[0] != "3 records before these; -since, -run and -device choose others." || !strings.HasPrefix(lines[3], "4 ") || len(lines) != shownRecords+6 {
		t.Errorf("%d lines, from %q", len(lines), lines[:4])
	}
	if lines := list(recordFilter{since: time.Hour}); !strings.HasPrefix(lines[1], "1 ") || len(lines) != shownRecords+7 {
		t.Errorf("%d lines, from %q", len(lines), lines[:2])
	}
}
