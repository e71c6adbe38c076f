package view

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"net/netip"
	"strings"
	"testing"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"

	"camform/engine/discovery"
	"camform/providers"
	"camform/schema"
)

// hostileModel is what somebody on the network may send instead of a model.
const hostileModel = "=HYPERLINK(\"http://x\")\u009b2J\u202e${file(\"/etc/passwd\")}\n%{ if true }\""

func shown(t *testing.T, f Format, findings ...discovery.Finding) string {
	t.Helper()
	var b bytes.Buffer
	if err := NewDiscovery(f, Output{Writer: &b}).Found(discovery.Report{Findings: findings}, []string{"device"}); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func finding(model string) discovery.Finding {
	return discovery.Finding{Device: discovery.Device{
		Address: netip.MustParseAddr("192.0.2.1"), Identity: providers.Identity{Model: model, Serial: model, MAC: "44:47:cc:00:00:01", Firmware: model},
		BootTime: model, Activated: discovery.Yes, Source: discovery.Inquired,
	}, Sharing: 1}
}

// What comes from the network is data in every form: no escape for the terminal, no formula, no expression.
func TestI1WhatTheNetworkSaysIsData(t *testing.T) {
	for _, f := range []Format{Text, CSV, HCL} {
		text := shown(t, f, finding(hostileModel))
		if strings.ContainsAny(text, "\u009b\u202e") {
			t.Errorf("%d: %q", f, text)
		}
	}
	rows, err := csv.NewReader(strings.NewReader(shown(t, CSV, finding(hostileModel)))).ReadAll()
	if err != nil || len(rows) != 2 {
		t.Fatalf("%q, %v", rows, err)
	}
	for i, cell := range rows[1] {
		if strings.HasPrefix(cell, "=") {
			t.Errorf("column %s is %q", rows[0][i], cell)
		}
	}
	if text := shown(t, JSON, finding(hostileModel)); !json.Valid([]byte(text)) {
		t.Error(text)
	}
	file, diags := hclsyntax.ParseConfig([]byte(shown(t, HCL, finding(hostileModel))), "", hcl.InitialPos)
	if diags.HasErrors() {
		t.Fatal(diags)
	}
	block := file.Body.(*hclsyntax.Body).Blocks[0]
	serial, diags := block.Body.Blocks[0].Body.Attributes["serial"].Expr.Value(nil)
	if diags.HasErrors() || serial.AsString() != hostileModel {
		t.Errorf("%#v, %v", serial, diags)
	}
}

func TestBlocksAreOnlyOfDevicesThatTheConfigurationLacks(t *testing.T) {
	declared, impostor, nowhere := finding("A"), finding("B"), finding("C")
	declared.Declared = schema.Device{Name: "gate"}
	impostor.ClaimedTwice = []string{"MAC address"}
	nowhere.Address = netip.Addr{}
	text := shown(t, HCL, declared, impostor, nowhere)
	if strings.Contains(text, "device \"") || !strings.Contains(text, "missing: 2 devices") || !strings.Contains(text, "# There is nothing to add") {
		t.Error(text)
	}
	if text := shown(t, HCL, finding(""), finding("")); !strings.Contains(text, `device "device-2" {`) || !strings.Contains(text, `device "device-3" {`) {
		t.Errorf("names are taken:\n%s", text)
	}
}

func TestColumnsInWhichNothingIsSaidAreLeftOut(t *testing.T) {
	text := shown(t, Text, discovery.Finding{Device: discovery.Device{Address: netip.MustParseAddr("192.0.2.1"), Activated: discovery.Unknown}})
	if header, _, _ := strings.Cut(text, "\n"); strings.Join(strings.Fields(header), " ") != "address activated" {
		t.Error(header)
	}
}
