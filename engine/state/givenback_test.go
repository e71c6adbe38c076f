package state

import (
	"encoding/json"
	"testing"

	"github.com/google/go-cmp/cmp"

	"camform/schema"
)

// A setting counts as given back as long as nothing was sent for it since, and only if the device has the old values again.
func TestWhatWasGivenBackIsRemembered(t *testing.T) {
	s, _ := newStore(t)
	lease := acquire(t, s, "gate", "r1")
	host := schema.Setting{Device: lease.Device, Kind: "alarm_host", Key: "1"}
	other := schema.Setting{Device: lease.Device, Kind: "https"}
	send := func(setting schema.Setting, action, before, after string, outcome Outcome) {
		t.Helper()
		id := must[IntentID](t)(s.Begin(t.Context(), lease, Intent{Method: "PUT", Steps: []IntentStep{{
			Setting: setting, Action: action, Before: json.RawMessage(before), After: json.RawMessage(after),
		}}}))
		ok(t, s.Finish(t.Context(), lease, id, outcome, nil, nil))
	}
	demand := func(when string, want map[schema.Setting]GivenBack) {
		t.Helper()
		if diff := cmp.Diff(want, must[map[schema.Setting]GivenBack](t)(s.AllGivenBack(t.Context()))); diff != "" {
			t.Errorf("%s: %s", when, diff)
		}
	}
	none := map[schema.Setting]GivenBack{}
	demand("at first", none)
	send(host, "update", `{"a":1}`, `{"a":2}`, NotApplied)
	demand("after a request", none)
	send(host, PutBack, `{"a":3}`, `{"a":1}`, NotApplied)
	demand("after one that did not put it back", none)
	send(host, "update", `{"a":3}`, `{"a":2}`, NotApplied)
	send(host, PutBack, `{"a":4}`, `{"a":3}`, Done)
	given := map[schema.Setting]GivenBack{host: {
		Setting: host, Run: "r1", Wanted: json.RawMessage(`{"a":2}`), Stored: json.RawMessage(`{"a":4}`), Back: json.RawMessage(`{"a":3}`), At: noon,
	}}
	demand("after one that did", given)
	send(other, "update", `{}`, `{}`, Done)
	demand("after a request for another setting", given)
	send(host, "update", `{"a":3}`, `{"a":5}`, Done)
	demand("after a further request", none)
}
