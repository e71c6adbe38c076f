package config

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	gocmp "github.com/google/go-cmp/cmp"
)

// judgedBy writes the rules of a device, one line for each with where it comes from, and below it what it wants.
func judgedBy(d *Device) string {
	var b strings.Builder
	for _, r := range d.Rules {
		fmt.Fprintf(&b, "%s %s @%d", r.ID, r.Level, r.Range.Start.Line)
		for _, part := range []string{r.Profile, r.Reason, r.Manual, strings.Join(r.Documents, " ")} {
			fmt.Fprintf(&b, " | %s", part)
		}
		fmt.Fprintf(&b, " | %d asserts\n", len(r.Asserts))
		for _, s := range r.Settings {
			for _, name := range sortedKeys(s.Attributes) {
				fmt.Fprintf(&b, "  %s.%s = %s\n", s.Address.Local(), name, showValue(s.Attributes[name].Value))
			}
		}
	}
	return b.String()
}

// attributed writes every wanted attribute of a device with the profile and the rule that say so.
func attributed(d *Device) string {
	var b strings.Builder
	for _, s := range d.Settings {
		for _, name := range sortedKeys(s.Attributes) {
			a := s.Attributes[name]
			fmt.Fprintf(&b, "%s.%s = %s (%s/%s)\n", s.Address, name, showValue(a.Value), a.Profile, a.Rule)
		}
	}
	return b.String()
}

const ruled = `profile "base" {
  https {
    port = 443
  }
  rule "https.on" {
    level  = "basic"
    reason = "Everything is encrypted."
    https {
      enabled = true
    }
    service "ssh" {
      enabled = false
    }
  }
  rule "tls.min12" {
    level = "high"
    https {
      min_tls  = "1.2"
      redirect = null
    }
  }
  check "users.least" {
    level  = "basic"
    reason = "by hand"
    manual = "Look at the users."
  }
  check "firmware.current" {
    level = "basic"
    assert {
      condition     = observed("/ISAPI/b", "x") == observed("/ISAPI/a", "x")
      error_message = "Ask ${join(", ", observed_all("/ISAPI/c", "y"))}."
    }
    assert {
      condition     = version_at_least(self.firmware, "5.5")
      error_message = observed("/ISAPI/a", "y")
    }
  }
}
profile "strict" {
  extends = [profile.base]
  rule "tls.min12" {
    level = "basic"
    https {
      min_tls = "1.3"
    }
  }
}
device "a" {
  address  = "https://192.0.2.1"
  profiles = [profile.strict]
  login {
    username = "admin"
    password = secret("env:ADMIN")
  }
  https {
    enabled = false
  }
  rule "users.least" {
    level = "site"
    user "x" {
      level = "Viewer"
    }
  }
}
`

func TestRulesCountLikeSettings(t *testing.T) {
	config := load(t, ruled)
	const wanted = `device.a.https.enabled = False (/)
device.a.https.min_tls = StringVal("1.3") (strict/tls.min12)
device.a.https.port = NumberIntVal(443) (base/)
device.a.service.ssh.enabled = False (base/https.on)
device.a.user.x.level = StringVal("Viewer") (/users.least)
`
	if diff := gocmp.Diff(wanted, attributed(config.Devices[0])); diff != "" {
		t.Errorf("settings (-want +have):\n%s", diff)
	}
}

func TestTheLastRuleOfAnIDCounts(t *testing.T) {
	config := load(t, ruled)
	const rules = `firmware.current basic @27 | base |  |  | /ISAPI/a /ISAPI/b /ISAPI/c | 2 asserts
https.on basic @5 | base | Everything is encrypted. |  |  | 0 asserts
  https.enabled = True
  service.ssh.enabled = False
tls.min12 basic @41 | strict |  |  |  | 0 asserts
  https.min_tls = StringVal("1.3")
users.least site @58 |  |  |  |  | 0 asserts
  user.x.level = StringVal("Viewer")
`
	if diff := gocmp.Diff(rules, judgedBy(config.Devices[0])); diff != "" {
		t.Errorf("rules (-want +have):\n%s", diff)
	}
}

func TestRulesMeanTheSameInJSON(t *testing.T) {
	json := `{
  "profile": {
    "base": {
      "https": {"port": 443},
      "rule": {
        "https.on": {"level": "basic", "reason": "Everything is encrypted.", "https": {"enabled": true}, "service": {"ssh": {"enabled": false}}},
        "tls.min12": {"level": "high", "https": {"min_tls": "1.2", "redirect": null}}
      },
      "check": {
        "users.least": {"level": "basic", "reason": "by hand", "manual": "Look at the users."},
        "firmware.current": {"level": "basic", "assert": [
          {"condition": "${observed(\"/ISAPI/b\", \"x\") == observed(\"/ISAPI/a\", \"x\")}", "error_message": "Ask ${join(\", \", observed_all(\"/ISAPI/c\", \"y\"))}."},
          {"condition": "${version_at_least(self.firmware, \"5.5\")}", "error_message": "${observed(\"/ISAPI/a\", \"y\")}"}
        ]}
      }
    },
    "strict": {"extends": ["profile.base"], "rule": {"tls.min12": {"level": "basic", "https": {"min_tls": "1.3"}}}}
  },
  "device": {"a": {
    "address": "https://192.0.2.1", "profiles": ["profile.strict"],
    "login": {"username": "admin", "password": "${secret(\"env:ADMIN\")}"},
    "https": {"enabled": false},
    "rule": {"users.least": {"level": "site", "user": {"x": {"level": "Viewer"}}}}
  }}
}
`
	native, other := load(t, ruled).Devices[0], loadFiles(t, map[string]string{"main.cam.json": json}, testOptions()).Devices[0]
	if diff := gocmp.Diff(withoutLines(judgedBy(native)), withoutLines(judgedBy(other))); diff != "" {
		t.Errorf("rules (-native +JSON):\n%s", diff)
	}
	if diff := gocmp.Diff(attributed(native), attributed(other)); diff != "" {
		t.Errorf("settings (-native +JSON):\n%s", diff)
	}
	facts := known{self: selfOf("V5.4"), documents: map[string][]string{"/ISAPI/a x": {"1"}, "/ISAPI/b x": {"2"}, "/ISAPI/c y": {"u", "v"}, "/ISAPI/a y": {"w"}}}
	for i := range native.Rules[0].Asserts {
		a, b := outcome(native.Rules[0].Asserts[i], facts), outcome(other.Rules[0].Asserts[i], facts)
		if a != b || !strings.HasPrefix(a, "violated: ") {
			t.Errorf("assert %d: %s in native syntax, %s in JSON", i, a, b)
		}
	}
}

func TestDynamicBlocksWorkInRulesAndChecks(t *testing.T) {
	config := load(t, `variable "services" {
  default = ["rtsp", "ssh"]
}
device "a" {
  for_each = toset(["x", "y"])
  address  = "https://${each.key}.example.com"
  login {
    username = "admin"
    password = secret("env:ADMIN")
  }
  rule "services.off" {
    level = "basic"
    dynamic "service" {
      for_each = each.key == "x" ? var.services : []
      labels   = [service.value]
      content {
        enabled = false
      }
    }
  }
  check "ports" {
    level = "basic"
    dynamic "assert" {
      for_each = [each.key, "b"]
      content {
        condition     = observed("/ISAPI/a", "x") == "${assert.value}${var.services[0]}"
        error_message = "not ${assert.value}"
      }
    }
  }
  dynamic "rule" {
    for_each = ["time"]
    labels   = ["${rule.value}.ntp"]
    content {
      level = "high"
      time {
        zone = rule.value
      }
    }
  }
}
`)
	const rules = `ports basic @21 |  |  |  | /ISAPI/a | 2 asserts
services.off basic @11 |  |  |  |  | 0 asserts
  service.rtsp.enabled = False
  service.ssh.enabled = False
time.ntp high @31 |  |  |  |  | 0 asserts
  time.zone = StringVal("time")
`
	if diff := gocmp.Diff(rules, judgedBy(config.Devices[0])); diff != "" {
		t.Errorf("rules of x (-want +have):\n%s", diff)
	}
	if settings := config.Devices[1].Rules[1].Settings; len(settings) != 0 {
		t.Errorf("the rule of y wants %v", settings)
	}
	asserts := config.Devices[1].Rules[0].Asserts
	facts := known{documents: map[string][]string{"/ISAPI/a x": {"yrtsp"}}}
	have := []string{outcome(asserts[0], facts), outcome(asserts[1], facts)}
	if want := []string{"holds", "violated: not b"}; !slices.Equal(have, want) {
		t.Errorf("the asserts of y: %q, want %q", have, want)
	}
}

// TestDevicesShareRules counts on it that thousands of devices have one copy of the rules of their profile.
func TestDevicesShareRules(t *testing.T) {
	config := load(t, strings.Replace(ruled, `device "a" {
  address  = "https://192.0.2.1"`, `device "b" {
  for_each = toset(["x", "y"])
  address  = "https://${each.key}.example.com"
  profiles = [profile.base]
  login {
    username = "admin"
    password = secret("env:ADMIN")
  }
}
device "a" {
  address  = "https://192.0.2.1"`, 1))
	x, y := config.Devices[1], config.Devices[2]
	if &x.Rules[0] != &y.Rules[0] {
		t.Error("two instances have rules of their own")
	}
	for _, r := range x.Rules {
		for _, s := range r.Settings {
			if !s.Address.Device.IsZero() {
				t.Errorf("%s: the shared setting %s has a device", r.ID, s.Address)
			}
		}
	}
}

func TestDynamicBlocksMayStandOnlyWithinRules(t *testing.T) {
	config := load(t, `profile "p" {
  rule "services.off" {
    level = "basic"
    dynamic "service" {
      for_each = ["ssh"]
      labels   = [service.value]
      content {
        enabled = false
      }
    }
  }
}
device "a" {
  address  = "https://192.0.2.1"
  profiles = [profile.p]
  login {
    username = "admin"
    password = secret("env:ADMIN")
  }
}
`)
	const want = "device.a.service.ssh.enabled = False (p/services.off)\n"
	if have := attributed(config.Devices[0]); have != want {
		t.Errorf("the settings are\n%s, want\n%s", have, want)
	}
}
