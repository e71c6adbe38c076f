package view

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"

	"camform/engine"
	"camform/engine/render"
	"camform/providers"
	"camform/schema"
)

var hostile = []engine.DeviceRequests{{
	Device: schema.Device{Name: "gate"},
	Requests: []providers.Request{
		{Method: "PUT", Path: "/a", Body: []byte("<a>\x1b[31m```\n</details></a>")},
		{Method: "DELETE", Path: "/b"},
	},
}}

func TestRequestsAreAnObjectPerLineForPrograms(t *testing.T) {
	var out bytes.Buffer
	if err := NewPlan(JSON, Output{Writer: &out}, schema.NewKinds()).Requests(hostile); err != nil {
		t.Fatal(err)
	}
	var got []map[string]string
	for line := range strings.Lines(out.String()) {
		var request map[string]string
		if err := json.Unmarshal([]byte(line), &request); err != nil {
			t.Fatalf("%q: %v", line, err)
		}
		got = append(got, request)
	}
	if len(got) != 2 || got[0]["device"] != "device.gate" || got[0]["body"] != string(hostile[0].Requests[0].Body) || got[1]["path"] != "/b" {
		t.Errorf("%v", got)
	}
}

func TestRequestsCannotLeaveTheirFence(t *testing.T) {
	var out bytes.Buffer
	comment := &render.Comment{}
	if err := NewPlan(Markdown, Output{Comment: comment}, schema.NewKinds()).Requests(hostile); err != nil {
		t.Fatal(err)
	}
	if err := comment.Write(&out, render.Options{}); err != nil {
		t.Fatal(err)
	}
	if text := out.String(); strings.Count(text, "````") != 2 || strings.Contains(text, "\x1b") || strings.Count(text, "<details>") != 1 {
		t.Errorf("%s", text)
	}
}
