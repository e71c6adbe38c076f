package schema

import (
	"testing"
	"testing/fstest"
)

func TestAttributesCanDependOnOthers(t *testing.T) {
	const file = `
setting "radio" {
  summary    = "Radio"
  source     = "made up"
  confidence = "confirmed"
  phase      = "services"

  document {
    path = "/radio"
    root = "Radio"
  }

  attribute "mode" {
    type     = string
    doc      = "Mode."
    elements = ["Old/mode|mode", "kind"]
  }

  attribute "channel" {
    type    = number
    doc     = "Channel."
    element = "channel"
    when    = { "mode" = "auto|manual" }
  }

  attribute "key" {
    type    = string
    doc     = "Key."
    element = "key"
    when    = { "channel|New/mode" = "1" }
  }
}
`
	kinds, diags := Read(nil, Folder{Files: fstest.MapFS{"radio.hcl": {Data: []byte(file)}}})
	if diags.HasErrors() {
		t.Fatal(diags)
	}
	radio := kinds.Lookup("radio")
	mode, channel, key := radio.Attribute("mode"), radio.Attribute("channel"), radio.Attribute("key")
	for _, tc := range []struct {
		a, on *Attribute
		want  bool
	}{
		{channel, mode, true},
		{mode, channel, false},
		{channel, channel, false},
		{key, channel, true},
		{key, mode, false},
	} {
		if got := tc.a.DependsOn(tc.on); got != tc.want {
			t.Errorf("%s depends on %s: %t, want %t", tc.a.Name, tc.on.Name, got, tc.want)
		}
	}
}
