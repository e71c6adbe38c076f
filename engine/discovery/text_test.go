package discovery_test

import (
	"encoding/json"
	"errors"
	"net/netip"
	"reflect"
	"testing"
	"time"

	"camform/engine/discovery"
	"camform/providers"
)

// A search can be read again, but for what recorders told and for how it compared with a configuration.
func TestAReportIsReadAgain(t *testing.T) {
	at := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	whole := discovery.Device{
		Address: netip.MustParseAddr("192.0.2.1"), Network: netip.MustParsePrefix("192.0.2.0/24"), URL: "https://192.0.2.1", HTTPPort: 8080, HTTPSPort: 8443,
		BootTime: "2026-02-01 00:00:00", Resets: []string{"guid_file"}, Activated: discovery.No, BeforeActivation: true, Source: discovery.Inquired,
		Identity: providers.Identity{Serial: "S1", MAC: "00:00:5e:00:53:01", Model: "M", Firmware: "V5"},
	}
	bare := discovery.Device{Activated: discovery.Unknown, Source: discovery.Swept}
	told := discovery.Device{Address: netip.MustParseAddr("192.0.2.2"), Activated: discovery.Unknown, Source: discovery.Recorder}
	var report discovery.Report
	report.At = at
	for _, d := range []discovery.Device{whole, bare, told} {
		report.Findings = append(report.Findings, discovery.Finding{Device: d})
	}
	text, err := json.Marshal(report.Document())
	if err != nil {
		t.Fatal(err)
	}
	got, when, err := discovery.Read(text)
	if err != nil {
		t.Fatal(err)
	}
	if want := []discovery.Device{whole, bare}; !reflect.DeepEqual(got, want) || !when.Equal(at) {
		t.Errorf("at %v: %+v\nwant %+v", when, got, want)
	}
}

func TestWhatIsNoReportIsRefused(t *testing.T) {
	for _, text := range []string{
		``, `[]`, `{}`, `{"devices": []}`,
		`{"at": "2026-03-01T12:00:00Z", "devices": [{"source": "hearsay", "activated": "yes"}]}`,
		`{"at": "2026-03-01T12:00:00Z", "devices": [{"source": "inquiry", "activated": "perhaps"}]}`,
		`{"at": "2026-03-01T12:00:00Z", "devices": [{"source": "inquiry", "activated": "yes", "address": "gate"}]}`,
		`{"at": "2026-03-01T12:00:00Z", "devices": [{"source": "range", "activated": "yes", "network": "gate"}]}`,
	} {
		if got, _, err := discovery.Read([]byte(text)); !errors.Is(err, discovery.ErrDocument) || got != nil {
			t.Errorf("%s: %v, %v", text, got, err)
		}
	}
}
