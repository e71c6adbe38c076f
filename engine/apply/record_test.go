package apply

import (
	"encoding/json"
	"maps"
	"strings"
	"testing"
	"time"

	"github.com/zclconf/go-cty/cty"

	"camform/engine/plan"
	"camform/engine/state"
	"camform/providers/memory"
	"camform/schema"
)

var kinds = memory.NewFleet(time.Now).Provider().Kinds()

func TestWhatIsRememberedComesBack(t *testing.T) {
	kind := kinds.Lookup("filter")
	want := cty.ObjectVal(map[string]cty.Value{
		"enabled": cty.NullVal(cty.Bool), "addresses": cty.SetVal([]cty.Value{cty.StringVal("192.0.2.1")}),
	})
	have := cty.ObjectVal(map[string]cty.Value{
		"enabled": cty.True, "addresses": cty.SetVal([]cty.Value{cty.StringVal("192.0.2.1/32")}),
	})
	m, err := new(Rows).Remembered(kind, state.Setting{
		Applied: EncodeAttributes(kind, want, want), Observed: EncodeAttributes(kind, want, have),
		Fingerprints: map[string]string{"x": "f"}, Created: true,
	})
	if err != nil {
		t.Fatal(err)
	}
	if len(m.Applied) != 1 || !m.Applied["addresses"].RawEquals(want.GetAttr("addresses")) {
		t.Errorf("applied %v", m.Applied)
	}
	if len(m.Observed) != 1 || !m.Observed["addresses"].RawEquals(have.GetAttr("addresses")) {
		t.Errorf("observed %v", m.Observed)
	}
	if !m.Created || m.Fingerprints["x"] != "f" {
		t.Errorf("memory %+v", m)
	}
}

func TestI1SecretsAreNotRemembered(t *testing.T) {
	kind := kinds.Lookup("user")
	v := cty.ObjectVal(map[string]cty.Value{"level": cty.StringVal("Viewer"), "password": cty.StringVal("Canary-1234")})
	if got := string(EncodeAttributes(kind, v, v)); got != `{"level":"Viewer"}` {
		t.Errorf("got %s", got)
	}
}

func TestARowOfAnOlderKindIsUnderstood(t *testing.T) {
	kind := kinds.Lookup("system")
	m, err := new(Rows).Remembered(kind, state.Setting{Applied: json.RawMessage(`{"name":"gate","gone":7}`)})
	if err != nil || len(m.Applied) != 1 || !m.Applied["name"].RawEquals(cty.StringVal("gate")) || len(m.Observed) != 0 {
		t.Errorf("memory %+v, error %v", m, err)
	}
}

func TestARowThatCannotBeUnderstoodIsAnError(t *testing.T) {
	kind := kinds.Lookup("https")
	address := schema.Setting{Device: schema.Device{Name: "gate"}, Kind: "https"}
	var rows Rows
	for _, row := range []state.Setting{
		{Address: address, Applied: json.RawMessage(`[]`)},
		{Address: address, Applied: json.RawMessage(`[]`)},
		{Address: address, Applied: json.RawMessage(`{"port":[]}`)},
		{Address: address, Observed: json.RawMessage(`{"port":true}`)},
	} {
		if _, err := rows.Remembered(kind, row); err == nil || !strings.Contains(err.Error(), "device.gate.https") {
			t.Errorf("%s %s: error %v", row.Applied, row.Observed, err)
		}
	}
}

// Rows with one text say the same of settings of one kind, and of others what those make of it.
func TestRowsOfOneTextAreOfTheirKind(t *testing.T) {
	var rows Rows
	row := state.Setting{Applied: json.RawMessage(`{"enabled":true,"mode":"NTP"}`)}
	for range 2 {
		for kind, want := range map[string]map[string]cty.Value{
			"cloud": {"enabled": cty.True}, "time": {"mode": cty.StringVal("NTP")},
		} {
			m, err := rows.Remembered(kinds.Lookup(kind), row)
			if err != nil || !maps.EqualFunc(m.Applied, want, cty.Value.RawEquals) {
				t.Errorf("%s: %v, %v", kind, m.Applied, err)
			}
		}
	}
}

func TestValuesOfTheJournalComeBack(t *testing.T) {
	kind := kinds.Lookup("system")
	for _, v := range []cty.Value{
		kind.Null(),
		cty.ObjectVal(map[string]cty.Value{"name": cty.NullVal(cty.String)}),
		cty.ObjectVal(map[string]cty.Value{"name": cty.StringVal("gate")}),
	} {
		back, err := decodeWhole(kind, encodeWhole(kind, v))
		if err != nil || !back.RawEquals(v) {
			t.Errorf("%#v came back as %#v, %v", v, back, err)
		}
	}
}

func TestALoginProvesOnlyPasswordsOfAccounts(t *testing.T) {
	s := plan.Step{Secrets: map[string]plan.SecretSource{"word": {Origin: "env:A"}}}
	if !provable(&schema.Kind{Guards: []*schema.Guard{{Role: schema.Accounts, Password: "word"}}}, s) {
		t.Error("the password of an account is proven by a login")
	}
	if provable(&schema.Kind{}, s) {
		t.Error("the password of a mail server would be tried as a login to the device")
	}
}
