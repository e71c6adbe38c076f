package hikvision_test

import (
	"cmp"
	"context"
	"maps"
	"net/url"
	"path/filepath"
	"runtime/debug"
	"testing"
	"testing/synctest"
	"time"

	"camform/engine/thorough"
	"camform/providers"
	"camform/providers/hikvision"
	"camform/providers/hikvision/isapi"
	"camform/providers/hikvision/simulator"
	"camform/providers/providertest"
	"camform/schema"
)

// fleet is a harness of simulated devices: one of each model, or of each folder of recordings. Every session gets a device
// of its own, so that what a trial did to one is gone with it.
type fleet struct {
	t          *testing.T
	options    simulator.Options
	recordings string // folder of the folders that Models names; empty for built-in models
	last       *simulator.Fleet
}

const fleetPassword = "Login-1357"

func (f *fleet) Devices() []string { return f.options.Models }

func (f *fleet) Login(string) providers.Credential {
	return providers.Credential{Username: "admin", Password: schema.NewSecret(fleetPassword)}
}

func (f *fleet) Items(kind *schema.Kind) []string { return freeDocuments(kind) }

// freeDocuments are elements of documents that no kind knows, for the kind that takes any of them. Devices have some.
func freeDocuments(kind *schema.Kind) []string {
	if kind.Name != "document" {
		return nil
	}
	return []string{
		"/ISAPI/Smart/FieldDetection/1#FieldDetectionRegionList/FieldDetectionRegion[id=1]/sensitivityLevel",
		"/ISAPI/Smart/LineDetection/1#enabled",
		"/ISAPI/System/PictureServer?format=json#cloudStorage/cloudManageHttpPort",
		"/ISAPI/System/PictureServer?format=json#hostName",
		"/ISAPI/System/Video/inputs/channels#VideoInputChannel/name",
		"/ISAPI/System/Video/inputs/channels/1/motionDetection#enabled",
		"/ISAPI/System/serialLogCfg?format=json#enabled",
	}
}

// What the devices have that certificate_use names. HTTPS shows the one that a device made for itself.
const authorityName, clientName, ownName = "trusted-2026", "switch-2026", "default"

func (f *fleet) Names(kind *schema.Kind, a *schema.Attribute) []string {
	if kind.Name != "certificate_use" || f.recordings != "" {
		return nil
	}
	return map[string][]string{"server": {ownName}, "client": {clientName}, "authority": {authorityName}}[a.Name]
}

func (f *fleet) Open(model string) providers.Session {
	options := f.options
	options.Models, options.Password = []string{model}, fleetPassword
	options.Faults.Quirks = []simulator.Quirky{{Device: "*", Quirks: simulator.Quirks{DeletesSlots: true}}}
	for _, q := range f.options.Faults.Quirks {
		q.DeletesSlots = true
		options.Faults.Quirks = append(options.Faults.Quirks, q)
	}
	if f.recordings != "" {
		options.Models, options.Recordings = nil, filepath.Join(f.recordings, model)
	}
	devices, err := simulator.New(options)
	if err != nil {
		f.t.Fatal(err)
	}
	f.last = devices
	device := devices.Devices()[0]
	if err := device.Install(authorityName, clientName); err != nil {
		f.t.Fatal(err)
	}
	f.t.Cleanup(func() {
		if n := device.Refusals(); n > 0 {
			f.t.Errorf("%s refused %d logins", device.Name(), n)
		}
	})
	address := &url.URL{Scheme: "http", Host: device.Address().String() + ":80"}
	if options.TLS {
		address = &url.URL{Scheme: "https", Host: device.Address().String() + ":443"}
	}
	return isapi.Open(providers.Target{
		Device: schema.Device{Name: "probe"},
		URL:    address,
		Login:  f.Login(model),
		Trust:  providers.Trust{Mode: providers.TrustPin},
		Ledger: generous{},
	}, isapi.Options{Dial: devices.DialContext, Timeout: 5 * time.Second})
}

func (f *fleet) Lose(kind *schema.Kind, key string) bool {
	return f.last.Devices()[0].DeleteItem(slotOf(kind, key)) == nil
}

// slotOf is where an entry of a list is shown by itself. Where only the first counts, that is the first.
func slotOf(kind *schema.Kind, key string) string { return kind.Document.Path + "/" + cmp.Or(key, "1") }

// generous is a ledger that allows everything: a device that refuses a login fails the test by itself.
type generous struct{}

func (generous) Charge(context.Context, providers.Attempt) (providers.Charge, error) { return 1, nil }

func (generous) Allow(context.Context, providers.Attempt) error { return nil }

func (generous) Settle(context.Context, providers.Charge, providers.AttemptResult) error {
	return nil
}
func (generous) Return(context.Context, providers.Charge) error      { return nil }
func (generous) Leave(context.Context, providers.Charge) error       { return nil }
func (generous) Locked(context.Context, string, time.Duration) error { return nil }

// The ways in that a trial closes for itself, over HTTP and over HTTPS. That they do is right; what an engine may do about
// it is not the business of a provider.
var (
	closesHTTP = map[string]string{
		"*/service.HTTP.enabled": "the session uses HTTP",
		"*/service.HTTP.port":    "the session uses HTTP",
	}
	redirects   = map[string]string{"*/https.redirect": "the session uses HTTP, and follows nobody"}
	closesHTTPS = map[string]string{
		"*/https.enabled": "the session uses HTTPS",
		"*/https.port":    "the session uses HTTPS",
	}
	redacted    = map[string]string{"DS-K1A340FWX/wireless*.key": "the recorded key was blanked out, and its length beside it was not"}
	needsPort   = map[string]string{"thermal-v55/isup.enabled": "a device as delivered has no server and no port, which the same change would have to give"}
	shownOnly   = map[string]string{"*/system.name": "the name that it had is in GBK, and is not written again"}
	neverWeaker = map[string]string{"*/web_auth.algorithm": "a session never goes back to a weaker scheme"}
)

func known(parts ...map[string]string) map[string]string {
	all := map[string]string{}
	for _, part := range parts {
		maps.Copy(all, part)
	}
	return all
}

func TestEveryModelConforms(t *testing.T) {
	t.Parallel()
	usual := debug.SetGCPercent(800) // each attribute has a device of its own, which lives for moments
	t.Cleanup(func() { debug.SetGCPercent(usual) })
	for name, tc := range map[string]struct {
		options simulator.Options
		known   map[string]string
	}{
		"as delivered": {
			simulator.Options{
				Models: thorough.Spread(simulator.Models(), thorough.Pick(1, 2, thorough.All)),
				Faults: simulator.Faults{Quirks: []simulator.Quirky{{Device: "camera-v57-*", Quirks: simulator.Quirks{ExactBodies: true}}}},
			},
			known(closesHTTP, redirects, neverWeaker, needsPort),
		},
		"SHA-256": {
			simulator.Options{Models: []string{"camera-v58", "recorder-v2"}, Algorithm: "SHA256"},
			known(closesHTTP, redirects, neverWeaker),
		},
		"with masked secrets": {
			simulator.Options{Models: []string{"camera-v57"}, Faults: simulator.Faults{Quirks: []simulator.Quirky{{Device: "*", Quirks: simulator.Quirks{MasksSecrets: true}}}}},
			known(closesHTTP, redirects, neverWeaker),
		},
		"with odd bytes": {
			simulator.Options{Models: []string{"camera-v57", "recorder-v1"}, Faults: simulator.Faults{Quirks: []simulator.Quirky{
				{Device: "*", Quirks: simulator.Quirks{GBKName: true, CRLF: true, Debris: true}},
			}}},
			known(closesHTTP, redirects, neverWeaker, shownOnly),
		},
		"with words in another case": {
			simulator.Options{Models: []string{"camera-v57"}, Faults: simulator.Faults{Quirks: []simulator.Quirky{{Device: "*", Quirks: simulator.Quirks{LowerWords: true}}}}},
			known(closesHTTP, redirects, neverWeaker),
		},
		"TLS": {
			simulator.Options{Models: thorough.Spread([]string{"camera-v58", "recorder-v2"}, thorough.Pick(1, 1, thorough.All)), TLS: true},
			known(closesHTTPS, neverWeaker),
		},
	} {
		t.Run(name, func(t *testing.T) {
			switch name {
			case "TLS":
				thorough.OnlyUsual(t)
			case "SHA-256", "with masked secrets", "with odd bytes", "with words in another case":
				thorough.OnlyLong(t)
			}
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				harness := &fleet{t: t, options: tc.options}
				provider := hikvision.New(isapi.Options{})
				coverage := providertest.Run(t, provider, harness, providertest.Options{
					Known: tc.known, Volatile: []string{"localTime"},
				})
				for _, kind := range []string{"system", "time", "ntp", "https", "service", "user", "alarm_host", "event_trigger"} {
					if coverage[kind] != len(harness.Devices()) {
						t.Errorf("%s was there on %d of %d devices", kind, coverage[kind], len(harness.Devices()))
					}
				}
				for _, kind := range provider.Kinds().Names() {
					if coverage[kind] == 0 && len(harness.Devices()) == len(simulator.Models()) {
						t.Errorf("%s was there on no device", kind)
					}
				}
			})
		})
	}
}

// TestRecordedDevicesConformBehindTheirProtocol tries recorded devices through the client, with all that a device does
// beside storing documents. A few are enough for that: TestEveryRecordedDeviceConforms has the rest.
func TestRecordedDevicesConformBehindTheirProtocol(t *testing.T) {
	thorough.OnlyLong(t)
	dir := filepath.Join(recordings(t), "devices")
	synctest.Test(t, func(t *testing.T) {
		harness := &fleet{t: t, recordings: dir, options: simulator.Options{
			Models: []string{"DS-7716NI-I4_16P", "DS-K1A340FWX", "DS-2DE3A20IW-D_GLT_XM"},
		}}
		coverage := providertest.Run(t, hikvision.New(isapi.Options{}), harness, providertest.Options{
			Known: known(closesHTTP, redacted), Volatile: []string{"localTime"},
		})
		for _, kind := range []string{
			"system", "time", "ntp", "https", "service", "user", "login_lock", "ip_filter", "upnp", "cloud", "network", "wireless",
			"isup", "ssh", "discovery", "mail", "alarm_host", "event_trigger", "record_schedule", "document",
		} {
			if coverage[kind] == 0 {
				t.Errorf("%s was there on no device", kind)
			}
		}
	})
}
