package config

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/zclconf/go-cty/cty"
)

// TestI1WrittenHoldsWhatTheFilesSayAndNoSecret reads a configuration as those see it who read a plan.
func TestI1WrittenHoldsWhatTheFilesSayAndNoSecret(t *testing.T) {
	options := testOptions()
	options.Vars, options.Secrets = []Var{{Name: "pin", Text: "4711"}}, SecretsUnknown
	config := loadFiles(t, map[string]string{"main.cam.hcl": `
variable "network" { default = "192.0.2" }
variable "pin" {
  sensitive = true
  default   = ""
}
locals { keys = ["north"] }
output "pin" {
  value     = var.pin
  sensitive = true
}
output "plain" { value = "shown" }
profile "p" {
  https { enabled = true }
}
device "gate" {
  for_each = toset(local.keys)
  address  = "https://${var.network}.1"
  profiles = [profile.p]
  login {
    username = "admin"
    password = secret("env:X")
  }
  dynamic "user" {
    for_each = local.keys
    labels   = [user.value]
    content {
      level    = "Viewer"
      password = secret("env:X")
    }
  }
}
`}, options)
	got := map[string]any{}
	var walk func(path string, b Block)
	walk = func(path string, b Block) {
		path += b.Type
		if b.Name != "" {
			path += "." + b.Name
		}
		for name, e := range b.Arguments {
			switch {
			case len(e.References) > 0:
				got[path+" "+name] = e.References
			case e.Constant != cty.NilVal:
				got[path+" "+name] = showValue(e.Constant)
			default:
				got[path+" "+name] = nil
			}
		}
		for _, inner := range b.Blocks {
			walk(path+" ", inner)
		}
	}
	for _, b := range config.Written.Blocks {
		walk("", b)
	}
	want := map[string]any{
		"device.gate for_each": []string{"local.keys"}, "device.gate address": []string{"var.network"}, "device.gate profiles": []string{"profile.p"},
		"device.gate dynamic": []string{"local.keys", "var.network"}, "device.gate login username": `StringVal("admin")`, "device.gate login password": nil,
		"profile.p https enabled": "True", "output.pin value": []string{"var.pin"}, "output.pin sensitive": "True", "output.plain value": `StringVal("shown")`,
		"variable.network default": `StringVal("192.0.2")`, "variable.pin sensitive": "True", "variable.pin default": nil,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	for _, v := range config.Written.Variables {
		if hidden := v.Name == "pin"; v.Sensitive != hidden || (v.Value == cty.NilVal) != hidden {
			t.Errorf("%+v", v)
		}
	}
}
