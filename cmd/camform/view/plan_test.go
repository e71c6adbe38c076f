package view

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"
	"time"

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
	stream := render.NewStream(&out, render.PlanOperation, "0.1.0", time.Now)
	if err := NewPlan(JSON, Output{Writer: &out, Stream: stream}, schema.NewKinds()).Requests(hostile); err != nil {
		t.Fatal(err)
	}
	if err := stream.Close(); err != nil {
		t.Fatal(err)
	}
	type line struct {
		Type    string
		Device  string
		Request struct{ Method, Path, Body string }
	}
	var got []line
	for text := range strings.Lines(out.String()) {
		var l line
		if err := json.Unmarshal([]byte(text), &l); err != nil {
			t.Fatalf("%q: %v", text, err)
		}
		got = append(got, l)
	}
	if len(got) != 4 || got[1].Type != "request" || got[1].Device != "device.gate" || got[1].Request.Body != string(hostile[0].Requests[0].Body) || got[2].Request.Path != "/b" {
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
