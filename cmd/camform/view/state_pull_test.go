package view

import (
	"bytes"
	"encoding/json"
	"os"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"camform/engine/auditlog"
	"camform/engine/render"
	"camform/engine/state"
	"camform/schema"
)

var pulledRow = regexp.MustCompile("(?m)^\\| `([a-z_]+)` \\| (.*) \\|$")

// Programs read the document by the page about a state for a team, so that has each field of it, and no other.
func TestTheFieldsOfAPulledStateAreOnThePage(t *testing.T) {
	text, err := os.ReadFile("../../../examples/team/README.md")
	if err != nil {
		t.Fatal(err)
	}
	_, rest, _ := strings.Cut(string(text), "`camform state pull` prints")
	_, table, _ := strings.Cut(rest, "|---|---|\n")
	table, _, _ = strings.Cut(table, "\n\n")
	said := map[string]string{}
	for _, row := range pulledRow.FindAllStringSubmatch(table, -1) {
		said[row[1]] = row[2]
	}
	gate := schema.Device{Name: "gate"}
	user := schema.Setting{Device: gate, Kind: "user", Key: "admin"}
	at := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	var b bytes.Buffer
	err = Output{Writer: &b}.Pull(Pulled{
		Lineage: "l", AuditLog: auditlog.Empty(), Devices: []render.Remembered{{Device: state.Device{Address: gate, LastSeen: at}}},
		Secrets: []state.SecretVersion{{Name: "n", Version: 1, Status: state.SecretLive, Sealed: []byte("sealed"), Note: "a note", Created: at}},
		Uses:    []state.Uses{{Device: gate, Told: json.RawMessage(`[]`)}}, Owed: []state.Owed{{Item: user, Account: user}},
		Cases: []state.Case{{ID: "c", Device: gate}}, Held: []*state.HeldError{{Device: gate}},
		Open: []state.Intent{{ID: 1, Device: gate, Steps: []state.IntentStep{{Setting: user, After: json.RawMessage(`{}`)}}}}, Runs: []state.Run{{ID: "r", Started: at}},
	})
	if err != nil {
		t.Fatal(err)
	}
	var have map[string]any
	if err := json.Unmarshal(b.Bytes(), &have); err != nil {
		t.Fatal(err)
	}
	for field, value := range have {
		about, ok := said[field]
		if !ok {
			t.Errorf("the page does not have %s", field)
		}
		delete(said, field)
		list, isList := value.([]any)
		if !isList || field == "devices" || field == "consumers" {
			continue
		}
		for name := range list[0].(map[string]any) {
			if !strings.Contains(about, "`"+name+"`") {
				t.Errorf("the page does not have %s of %s", name, field)
			}
		}
	}
	if len(said) > 0 {
		t.Errorf("there are no %v", said)
	}
	if strings.Contains(b.String(), "sealed") || strings.Contains(b.String(), "a note") {
		t.Error("it tells of what is sealed")
	}
	secret := have["secrets"].([]any)[0].(map[string]any)
	if diff := cmp.Diff([]string{"2026-03-01T12:00:00Z", ""}, []string{secret["created"].(string), secret["proven"].(string)}); diff != "" {
		t.Error(diff)
	}
}
