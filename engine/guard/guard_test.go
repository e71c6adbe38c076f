package guard

import (
	"strings"
	"testing"

	"github.com/zclconf/go-cty/cty"

	"camform/engine/plan"
	"camform/schema"
)

type values map[string]cty.Value

func object(v values) cty.Value {
	if v == nil {
		return cty.NullVal(cty.DynamicPseudoType)
	}
	return cty.ObjectVal(v)
}

// step changes the attributes of after that differ from before.
func step(kind, key string, before, after values) plan.Step {
	s := plan.Step{
		Address: schema.Setting{Device: schema.Device{Name: "gate"}, Kind: kind, Key: key},
		Action:  plan.Update, Before: object(before), After: object(after),
		Range: plan.Source{File: "main.cam.hcl", Line: 7},
	}
	if after == nil {
		s.Action = plan.Delete
	}
	for name, v := range after {
		if before[name] == cty.NilVal || !before[name].RawEquals(v) {
			s.Why = append(s.Why, plan.Why{Attribute: name})
		}
	}
	return s
}

func set(texts ...string) cty.Value {
	list := make([]cty.Value, len(texts))
	for i, text := range texts {
		list[i] = cty.StringVal(text)
	}
	if len(list) == 0 {
		return cty.SetValEmpty(cty.String)
	}
	return cty.SetVal(list)
}

// Each case that would lock out has a harmless twin next to it.
func TestI9AStepThatClosesTheWayInIsRefused(t *testing.T) {
	https := "https://192.0.2.1:443"
	http := "http://192.0.2.1:80"
	allow := func(addresses ...string) values {
		return values{"enabled": cty.True, "mode": cty.StringVal("allow"), "addresses": set(addresses...)}
	}
	deny := func(addresses ...string) values {
		return values{"enabled": cty.True, "mode": cty.StringVal("deny"), "addresses": set(addresses...)}
	}
	off := values{"enabled": cty.False, "mode": cty.StringVal("allow"), "addresses": set()}
	for title, c := range map[string]struct {
		url, source string
		step        plan.Step
		refused     string // a part of the reason; empty if the step is harmless
	}{
		"allow list without us":           {https, "198.51.100.7", step("ip_filter", "", off, allow("203.0.113.1")), "198.51.100.7"},
		"allow list with us":              {https, "198.51.100.7", step("ip_filter", "", off, allow("203.0.113.1", "198.51.100.7")), ""},
		"allow list with our network":     {https, "198.51.100.7", step("ip_filter", "", off, allow("198.51.100.0/24")), ""},
		"allow list with another network": {https, "198.51.100.7", step("ip_filter", "", off, allow("198.51.100.128/25")), "198.51.100.7"},
		"allow list, empty":               {https, "198.51.100.7", step("ip_filter", "", off, allow()), "198.51.100.7"},
		"allow list, address unknown":     {https, "", step("ip_filter", "", off, allow("198.51.100.7")), "not known"},
		"allow list without us, off":      {https, "198.51.100.7", step("ip_filter", "", off, values{"enabled": cty.False, "addresses": set("203.0.113.1")}), ""},
		"only switched on, list without us": {https, "198.51.100.7", step("ip_filter", "",
			values{"enabled": cty.False, "mode": cty.StringVal("allow"), "addresses": set("203.0.113.1")}, values{"enabled": cty.True}), "198.51.100.7"},
		"only switched on, list with us": {https, "198.51.100.7", step("ip_filter", "",
			values{"enabled": cty.False, "mode": cty.StringVal("allow"), "addresses": set("198.51.100.7")}, values{"enabled": cty.True}), ""},
		"deny list with us":           {https, "198.51.100.7", step("ip_filter", "", off, deny("198.51.100.7")), "deny list"},
		"deny list without us":        {https, "198.51.100.7", step("ip_filter", "", off, deny("203.0.113.1")), ""},
		"deny list turned allow list": {https, "198.51.100.7", step("ip_filter", "", deny("203.0.113.1"), values{"mode": cty.StringVal("allow")}), "198.51.100.7"},
		"we are mapped into IPv6":     {https, "::ffff:198.51.100.7", step("ip_filter", "", off, allow("198.51.100.7")), ""},

		"HTTPS off, over HTTPS":       {https, "", step("https", "", values{"enabled": cty.True}, values{"enabled": cty.False}), "switch it off"},
		"HTTPS off, over HTTP":        {http, "", step("https", "", values{"enabled": cty.True}, values{"enabled": cty.False}), ""},
		"HTTPS port moved under us":   {https, "", step("https", "", values{"port": cty.NumberIntVal(443)}, values{"port": cty.NumberIntVal(444)}), "port 443"},
		"HTTPS port moved to ours":    {https, "", step("https", "", values{"port": cty.NumberIntVal(444)}, values{"port": cty.NumberIntVal(443)}), ""},
		"HTTPS port moved, over HTTP": {http, "", step("https", "", values{"port": cty.NumberIntVal(443)}, values{"port": cty.NumberIntVal(444)}), ""},
		"port behind a NAT stays":     {"https://192.0.2.1:8443", "", step("https", "", values{"port": cty.NumberIntVal(443), "enabled": cty.True}, values{"port": cty.NumberIntVal(443), "redirect": cty.True}), ""},
		"redirect, over HTTP":         {http, "", step("https", "", values{"redirect": cty.False}, values{"redirect": cty.True}), "https://"},
		"redirect, over HTTPS":        {https, "", step("https", "", values{"redirect": cty.False}, values{"redirect": cty.True}), ""},
		"HTTP off, over HTTP":         {http, "", step("service", "HTTP", values{"enabled": cty.True}, values{"enabled": cty.False}), "switch it off"},
		"HTTP off, over HTTPS":        {https, "", step("service", "HTTP", values{"enabled": cty.True}, values{"enabled": cty.False}), ""},
		"HTTP port moved, over HTTP":  {http, "", step("service", "HTTP", values{"port": cty.NumberIntVal(80)}, values{"port": cty.NumberIntVal(81)}), "port 80"},
		"RTSP off":                    {https, "", step("service", "RTSP", values{"enabled": cty.True}, values{"enabled": cty.False}), ""},
		"SHA-256 taken away":          {https, "", step("web_auth", "", values{"algorithm": cty.StringVal("MD5/SHA256")}, values{"algorithm": cty.StringVal("MD5")}), "MD5"},
		"SHA-256 added":               {https, "", step("web_auth", "", values{"algorithm": cty.StringVal("MD5")}, values{"algorithm": cty.StringVal("MD5/SHA256")}), ""},
		"MD5 taken away":              {https, "", step("web_auth", "", values{"algorithm": cty.StringVal("MD5/SHA256")}, values{"algorithm": cty.StringVal("SHA256")}), ""},
		"own account deleted":         {https, "", step("user", "admin", values{"level": cty.StringVal("Administrator")}, nil), "account that camform uses"},
		"other account deleted":       {https, "", step("user", "guest", values{"level": cty.StringVal("Viewer")}, nil), ""},
		"own account to viewer":       {https, "", step("user", "admin", values{"level": cty.StringVal("Administrator")}, values{"level": cty.StringVal("Viewer")}), "another level"},
		"other account to viewer":     {https, "", step("user", "guest", values{"level": cty.StringVal("Operator")}, values{"level": cty.StringVal("Viewer")}), ""},
		"own password":                {https, "", step("user", "admin", values{"level": cty.StringVal("Administrator")}, values{"password": cty.NullVal(cty.String)}), "password"},
		"other password":              {https, "", step("user", "guest", values{"level": cty.StringVal("Viewer")}, values{"password": cty.NullVal(cty.String)}), ""},
		"hardware addresses, allowed": {https, "", step("mac_filter", "", off, values{"enabled": cty.True, "mode": cty.StringVal("allow")}), "cannot be proven"},
		"hardware addresses, denied":  {https, "", step("mac_filter", "", off, values{"enabled": cty.True, "mode": cty.StringVal("deny")}), ""},
		"hardware addresses, off":     {https, "", step("mac_filter", "", off, values{"mode": cty.StringVal("allow")}), ""},
		"another address":             {https, "", step("network", "1", values{"address": cty.StringVal("192.0.2.1/24")}, values{"address": cty.StringVal("192.0.2.2/24")}), "192.0.2.1"},
		"another gateway":             {https, "", step("network", "1", values{"address": cty.StringVal("192.0.2.1/24")}, values{"gateway": cty.StringVal("192.0.2.254")}), "gateway"},
		"another address of another interface": {https, "", step("network", "2",
			values{"address": cty.StringVal("203.0.113.1/24")}, values{"address": cty.StringVal("203.0.113.2/24")}), ""},
		"from DHCP to an address":       {https, "", step("network", "1", values{"mode": cty.StringVal("dhcp")}, values{"mode": cty.StringVal("static")}), "mode"},
		"reached by name":               {"https://gate.example.com:443", "", step("network", "1", values{"address": cty.StringVal("203.0.113.1/24")}, values{"address": cty.StringVal("203.0.113.2/24")}), "address"},
		"other name servers":            {https, "", step("network", "1", values{"address": cty.StringVal("192.0.2.1/24")}, values{"dns": set("192.0.2.53")}), ""},
		"another wireless network":      {https, "", step("wireless", "2", values{"ssid": cty.StringVal("a")}, values{"ssid": cty.StringVal("b")}), "ssid"},
		"wireless off":                  {https, "", step("wireless", "2", values{"enabled": cty.True}, values{"enabled": cty.False}), "switch it off"},
		"wireless on":                   {https, "", step("wireless", "2", values{"enabled": cty.False}, values{"enabled": cty.True}), ""},
		"own right to configure":        {https, "", step("user_permission", "admin", values{"remote": set("configure")}, values{"remote": set("preview")}), "configure"},
		"own other rights":              {https, "", step("user_permission", "admin", values{"remote": set("configure", "ptz")}, values{"remote": set("configure")}), ""},
		"somebody's right":              {https, "", step("user_permission", "guest", values{"remote": set("configure")}, values{"remote": set("preview")}), ""},
		"a kind that has nothing to do": {https, "", step("upnp", "", values{"enabled": cty.True}, values{"enabled": cty.False}), ""},
	} {
		t.Run(title, func(t *testing.T) {
			d := plan.Device{Access: plan.Access{URL: c.url, Username: "admin"}, Source: c.source, Steps: []plan.Step{c.step}}
			problems := Prove(d)
			switch {
			case c.refused == "" && len(problems) > 0:
				t.Errorf("harmless, but refused: %v", problems)
			case c.refused != "" && len(problems) != 1:
				t.Errorf("got %d refusals, want one", len(problems))
			case c.refused != "" && !strings.Contains(problems[0].Detail, c.refused):
				t.Errorf("reason %q does not speak of %q", problems[0].Detail, c.refused)
			case c.refused != "" && (problems[0].Subject == nil || problems[0].Subject.Start.Line != 7 || problems[0].Address != c.step.Address):
				t.Errorf("the refusal does not say where: %+v", problems[0])
			}
		})
	}
}

func TestForgottenSettingsNeverCloseTheWayIn(t *testing.T) {
	s := step("user", "admin", values{"level": cty.StringVal("Administrator")}, nil)
	s.Action = plan.Forget
	d := plan.Device{Access: plan.Access{URL: "https://192.0.2.1:443", Username: "admin"}, Steps: []plan.Step{s}}
	if problems := Prove(d); len(problems) > 0 {
		t.Error(problems)
	}
}

func TestAnAddressThatCannotBeReadIsRefused(t *testing.T) {
	d := plan.Device{Access: plan.Access{URL: "https://192.0.2.1"}, Steps: []plan.Step{step("upnp", "", nil, values{"enabled": cty.True})}}
	if problems := Prove(d); len(problems) != 1 {
		t.Error("a device whose way in is not known must have no steps")
	}
}
