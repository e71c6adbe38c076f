package engine

import (
	"encoding/json"
	"fmt"
	"iter"
	"testing"
	"time"

	"camform/engine/auditlog"
	"camform/schema"
)

// An explanation has the last requests for a setting, the latest first, with who began their runs and why, and counts the others.
func TestAnExplanationHasTheLastRequests(t *testing.T) {
	ntp := schema.Setting{Device: schema.Device{Name: "gate"}, Kind: "ntp"}
	start := time.Date(2026, 5, 1, 12, 0, 0, 0, time.UTC)
	var records []auditlog.Record
	for i := range 7 {
		run, at := fmt.Sprint("run-", i), start.Add(time.Duration(i)*time.Hour)
		records = append(records,
			auditlog.Record{Time: at, Run: run, Who: fmt.Sprint("anna", i), Reason: "why", Action: auditlog.RunBegun},
			auditlog.Record{Time: at, Run: run, Action: auditlog.RequestSettled, Device: "device.gate", Settings: []string{"upnp", "ntp"}, Outcome: "done"},
			auditlog.Record{Time: at, Run: run, Action: auditlog.RequestSettled, Device: "device.gate", Settings: []string{"upnp"}, Outcome: "done"},
			auditlog.Record{Time: at, Run: run, Action: auditlog.RequestSettled, Device: "device.yard", Settings: []string{"ntp"}, Outcome: "done"},
			auditlog.Record{Time: at, Run: run, Action: auditlog.RequestIntended, Device: "device.gate", Settings: []string{"ntp"}},
		)
	}
	x := explainer{kinds: schema.NewKinds(), found: map[schema.Setting]*Explanation{}}
	e := x.of(ntp)
	if err := x.requests(entries(t, records)); err != nil {
		t.Fatal(err)
	}
	if len(e.Requests) != MostRequests || e.More != 2 {
		t.Fatalf("%d requests, and %d more", len(e.Requests), e.More)
	}
	for i, r := range e.Requests {
		if want := (Request{start.Add(time.Duration(6-i) * time.Hour), fmt.Sprint("run-", 6-i), fmt.Sprint("anna", 6-i), "done", "why", ""}); r != want {
			t.Errorf("request %d is %+v, want %+v", i, r, want)
		}
	}
}

// entries is an audit log with records.
func entries(t *testing.T, records []auditlog.Record) iter.Seq2[auditlog.Entry, error] {
	return func(yield func(auditlog.Entry, error) bool) {
		for _, r := range records {
			text, err := json.Marshal(r)
			if err != nil {
				t.Fatal(err)
			}
			if !yield(auditlog.Entry{Text: string(text)}, nil) {
				return
			}
		}
	}
}
