package config

import (
	"fmt"
	"strings"
	"testing"

	gocmp "github.com/google/go-cmp/cmp"

	"camform/schema"
)

func showImports(c *Config) string {
	var b strings.Builder
	for _, i := range c.Imports {
		fmt.Fprintf(&b, "%s %s %s/%s basic=%v tls=%v,%q,%v declared=%v @%d\n", i.To, i.URL, i.Login.Username, schema.Origin(i.Login.Password),
			i.Login.Basic, i.TLS.Verify, strings.TrimPrefix(i.TLS.CAFile, c.Dir), i.TLS.Legacy, i.Declared, i.Range.Start.Line)
	}
	return b.String()
}

func TestImportsNameDevices(t *testing.T) {
	native := `import {
  to = device.lobby
  id = "https://${var.host}"
  login {
    username = "admin"
    password = secret("env:ADMIN")
    basic    = true
  }
  tls {
    verify  = true
    ca_file = "ca.pem"
    legacy  = true
  }
}
import {
  to = device.gate["a"]
  id = "http://192.0.2.8:8080"
  login {
    username = device.gate["a"].login.username
    password = secret("env:OPERATOR")
  }
}
import {
  to = device.gate["b c"]
  id = "https://192.0.2.9"
  login {
    username = "x"
    password = secret("env:ADMIN")
  }
}
variable "host" {
  default = "192.0.2.7"
}
device "gate" {
  for_each = toset(["a"])
  address  = "http://192.0.2.8:8080"
  login {
    username = "admin"
    password = secret("env:ADMIN")
  }
}
`
	json := `{
  "variable": {"host": {"default": "192.0.2.7"}},
  "device": {"gate": {
    "for_each": "${toset([\"a\"])}", "address": "http://192.0.2.8:8080",
    "login": {"username": "admin", "password": "${secret(\"env:ADMIN\")}"}
  }},
  "import": [
    {"to": "device.lobby", "id": "https://${var.host}",
     "login": {"username": "admin", "password": "${secret(\"env:ADMIN\")}", "basic": true}, "tls": {"verify": true, "ca_file": "ca.pem", "legacy": true}},
    {"to": "device.gate[\"a\"]", "id": "http://192.0.2.8:8080",
     "login": {"username": "${device.gate[\"a\"].login.username}", "password": "${secret(\"env:OPERATOR\")}"}},
    {"to": "device.gate[\"b c\"]", "id": "https://192.0.2.9", "login": {"username": "x", "password": "${secret(\"env:ADMIN\")}"}}
  ]
}
`
	const want = `device.lobby https://192.0.2.7:443 admin/env:ADMIN basic=true tls=true,"/ca.pem",true declared=false
device.gate["a"] http://192.0.2.8:8080 admin/env:OPERATOR basic=false tls=false,"",false declared=true
device.gate["b c"] https://192.0.2.9:443 x/env:ADMIN basic=false tls=false,"",false declared=false
`
	for name, text := range map[string]string{"main.cam.hcl": native, "main.cam.json": json} {
		config := loadFiles(t, map[string]string{name: text, "ca.pem": "-"}, testOptions())
		if diff := gocmp.Diff(want, withoutLines(showImports(config))); diff != "" {
			t.Errorf("%s (-want +have):\n%s", name, diff)
		}
	}
}
