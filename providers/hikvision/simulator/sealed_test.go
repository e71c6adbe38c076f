package simulator_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"camform/providers/hikvision/simulator"
)

const configurationPath = "/ISAPI/System/configurationData"

// keyed is a path with a secret key, as a client enciphers it.
func keyed(t *testing.T, c *client, key string) string {
	t.Helper()
	text, iv := encipher(t, key, cipherKey(c), 3)
	return configurationPath + "?secretkey=" + text + "&security=1&iv=" + iv
}

// export is the file of a configuration.
func export(t *testing.T, c *client, key string) string {
	t.Helper()
	a := c.do(http.MethodGet, keyed(t, c, key), "")
	if a.status != http.StatusOK || strings.Contains(a.body, "ResponseStatus") {
		t.Fatalf("%d %s", a.status, a.body)
	}
	return a.body
}

func TestAConfigurationComesBackFromItsFile(t *testing.T) {
	for _, model := range []string{"camera-v56", "camera-v57", "camera-v58", "recorder-v1", "recorder-v2", "dvr-v47", "thermal-v55"} {
		f, d := one(t, model, newClock().now)
		c := connect(t, f, d, "admin", password)
		const ntp = "/ISAPI/System/time/ntpServers"
		change := func(to string) {
			t.Helper()
			_, rest, _ := strings.Cut(string(d.Document(ntp)), "<portNo>")
			port, _, _ := strings.Cut(rest, "<")
			if err := d.SetDocument(ntp, []byte(edit(t, string(d.Document(ntp)), "<portNo>"+port, "<portNo>"+to))); err != nil {
				t.Fatal(err)
			}
		}
		change("124")
		file := export(t, c, "Key-1")
		change("125")
		d.SetUser("guard", "Operator", "Guard-Pass-1")
		if strings.Contains(file, "portNo") || strings.Contains(file, password) {
			t.Errorf("%s: the file can be read", model)
		}
		if a := c.do(http.MethodPut, keyed(t, c, "Key-1"), file); a.status != http.StatusOK || !strings.Contains(a.body, "<subStatusCode>ok<") {
			t.Errorf("%s: %d %s", model, a.status, a.body)
		}
		d.Plug()
		if got := string(d.Document(ntp)); !strings.Contains(got, "<portNo>124<") || !d.Accepts("guard", "Guard-Pass-1") || d.Count(simulator.Rebooted) == 0 {
			t.Errorf("%s: %s", model, got)
		}
		log := search(connect(t, f, d, "admin", password), "Operation", "", 0, 100)
		if !strings.Contains(log, "remoteDownloadCfgFile") || !strings.Contains(log, "remoteUploadCfgFile") {
			t.Errorf("%s: %s", model, log)
		}
	}
}

func TestAFileOfAConfigurationServesItsDeviceAndItsKey(t *testing.T) {
	f := newFleet(t, simulator.Options{Models: []string{"camera-v57", "camera-v57", "camera-v56"}})
	d := f.Devices()[0]
	c := connect(t, f, d, "admin", password)
	file := export(t, c, "Key-1")
	damaged := []byte(file)
	damaged[len(damaged)-20] ^= 1
	twin, other := connect(t, f, f.Devices()[1], "admin", password), connect(t, f, f.Devices()[2], "admin", password)
	for name, test := range map[string]struct {
		to        *client
		key, file string
		want      string
	}{
		"another key":       {c, "Key-2", file, "cfgFileSecretKeyError"},
		"damaged":           {c, "Key-1", string(damaged), "fileContentError"},
		"truncated":         {c, "Key-1", file[:len(file)-1], "fileFormatError"},
		"its head alone":    {c, "Key-1", file[:8], "fileFormatError"},
		"something else":    {c, "Key-1", "x", "fileFormatError"},
		"of another device": {twin, "Key-1", file, "importErrorData"},
		"of another model":  {other, "Key-1", file, "badDevType"},
		"of other firmware": {c, "Key-1", strings.Replace(file, "V5.7", "V5.6", 1), "badVersion"},
	} {
		if a := test.to.do(http.MethodPut, keyed(t, test.to, test.key), test.file); !strings.Contains(a.body, ">"+test.want+"<") {
			t.Errorf("%s: %d %s", name, a.status, a.body)
		}
	}
	if d.Count(simulator.Rebooted) != 0 {
		t.Error("it took something of that")
	}
}

func TestWhoGetsNoFileOfAConfiguration(t *testing.T) {
	f, d := one(t, "camera-v57", newClock().now)
	d.SetUser("guard", "Operator", "Guard-Pass-1")
	c := connect(t, f, d, "admin", password)
	for name, test := range map[string]struct {
		client             *client
		method, path, want string
	}{
		"an operator":        {connect(t, f, d, "guard", "Guard-Pass-1"), http.MethodGet, configurationPath, "lowPrivilege"},
		"a key in clear":     {c, http.MethodGet, configurationPath + "?secretkey=Key-1", "invalidOperation"},
		"no key":             {c, http.MethodGet, keyed(t, c, ""), "badParameters"},
		"a key too long":     {c, http.MethodGet, keyed(t, c, "Seventeen-chars-1"), "badParameters"},
		"a key that is none": {c, http.MethodGet, configurationPath + "?secretkey=xyz&security=1&iv=00", "passwordDecodeError"},
		"another verb":       {c, http.MethodPost, keyed(t, c, "Key-1"), "methodNotAllowed"},
	} {
		if a := test.client.do(test.method, test.path, ""); !strings.Contains(a.body, ">"+test.want+"<") {
			t.Errorf("%s: %d %s", name, a.status, a.body)
		}
	}
	f, d = one(t, "camera-v52", newClock().now)
	if a := connect(t, f, d, "admin", password).do(http.MethodGet, configurationPath, ""); a.status != http.StatusOK {
		t.Errorf("old firmware wants a key: %d %s", a.status, a.body)
	}
}

func TestAStartingDeviceTakesNoConfiguration(t *testing.T) {
	clock := newClock()
	f, d := one(t, "camera-v58", clock.now)
	c := connect(t, f, d, "admin", password)
	path, file := keyed(t, c, "Key-1"), export(t, c, "Key-1")
	d.Reboot()
	d.Plug()
	if a := connect(t, f, d, "admin", password).do(http.MethodPut, path, file); !strings.Contains(a.body, "invalidOperation") {
		t.Errorf("%d %s", a.status, a.body)
	}
}

func TestWaysToBeResetAreToldWithoutAPassword(t *testing.T) {
	for model, want := range map[string]string{
		"camera-v57": "200 true true false", "recorder-v1": "200 false true false", "dvr-v47": "200 true true true", "camera-v56": "200 false false false",
		"recorder-v2": "403   ", "camera-v58": "401   ",
	} {
		f, d := one(t, model, newClock().now)
		a := anonymousClient(t, f, d).do(http.MethodGet, "/ISAPI/Security/extern/capabilities", "")
		said := func(name string) string {
			_, rest, _ := strings.Cut(a.body, "<isSupportWith"+name+">")
			text, _, _ := strings.Cut(rest, "<")
			return text
		}
		if got := fmt.Sprint(a.status, " ", said("SecurityQuestion"), " ", said("GUIDFileData"), " ", said("SecurityEmail")); got != want || d.Refusals() != 0 {
			t.Errorf("%s: %q\n%s", model, got, a.body)
		}
	}
}
