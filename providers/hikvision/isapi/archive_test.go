package isapi

import (
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"

	"camform/providers"
)

// The key of an archive never leaves over plain HTTP in clear: it is enciphered, or nothing is asked.
func TestI11TheKeyOfAnArchiveGoesEncipheredOrNotAtAll(t *testing.T) {
	for name, ciphers := range map[string]string{"a device that says how": cipheringCapabilities, "one that does not": "<SecurityCap/>", "one without capabilities": ""} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := newScene(t)
				if ciphers != "" {
					s.device.documents[securityCapabilitiesPath+"?username=admin"] = ciphers
				}
				archive, err := s.identified().Archive(t.Context())
				asked := strings.Join(s.device.seen(), "\n")
				if ciphers != cipheringCapabilities {
					wantFamily(t, err, providers.ErrUnsupported)
					wantText(t, err, "give the device an address with https://")
					if strings.Contains(asked, archivePath) {
						t.Errorf("it was asked %s", asked)
					}
					return
				}
				wantFamily(t, err, providers.ErrUnsupported) // this device has none
				if !strings.Contains(asked, archivePath+"?secretkey=") || !strings.Contains(asked, "&security=1&iv=") || archive.Body != nil {
					t.Errorf("it was asked %s", asked)
				}
			})
		})
	}
}

func TestWhatIsNoArchiveIsNotTakenForOne(t *testing.T) {
	for name, test := range map[string]struct {
		status int
		answer string
		family error // nil for an archive
	}{
		"an archive":                       {200, "CFG\x00\x01\xff binary", nil},
		"one that begins like a document":  {200, "<\x00\x01\xff binary", nil},
		"nothing":                          {200, "", providers.ErrMalformed},
		"a page":                           {200, "<html><body>Login</body></html>", providers.ErrMalformed},
		"a document":                       {200, "<DeviceInfo><model>M</model></DeviceInfo>", providers.ErrMalformed},
		"a mere OK":                        {200, responseStatus(1, "OK", "ok"), providers.ErrMalformed},
		"a device that has none":           {403, responseStatus(4, "Invalid Operation", "notSupport"), providers.ErrUnsupported},
		"an account that may not have one": {403, responseStatus(4, "Invalid Operation", "lowPrivilege"), providers.ErrDenied},
		"a fault":                          {500, responseStatus(3, "Device Error", "deviceError"), providers.ErrBusy},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := newScene(t)
				s.device.documents[securityCapabilitiesPath+"?username=admin"] = cipheringCapabilities
				s.device.faults = func(w http.ResponseWriter, r *http.Request) bool {
					asked := r.URL.Path == archivePath && r.Header.Get("Authorization") != ""
					if asked {
						w.WriteHeader(test.status)
						_, _ = io.WriteString(w, test.answer)
					}
					return asked
				}
				archive, err := s.identified().Archive(t.Context())
				for _, e := range s.traced {
					if strings.Contains(fmt.Sprint(e), archive.Key.Reveal()) && archive.Body != nil {
						t.Errorf("the key is in the trace: %v", e)
					}
				}
				if test.family != nil {
					wantFamily(t, err, test.family)
					return
				}
				if err != nil || string(archive.Body) != test.answer || len(archive.Key.Reveal()) != archiveKeySize {
					t.Errorf("%q, %v", archive.Body, err)
				}
			})
		})
	}
}
