package isapi

import (
	"io"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"

	"camform/providers"
)

const cipheringCapabilities = `<SecurityCap><securityVersion opt="1"/><keyIterateNum>100</keyIterateNum><isIrreversible>true</isIrreversible><salt>00ff</salt></SecurityCap>`

// A password in a body never leaves over plain HTTP in clear: it is enciphered, or nothing is sent.
func TestI11PasswordsInBodiesGoEncipheredOrNotAtAll(t *testing.T) {
	for name, ciphers := range map[string]string{"a device that says how": cipheringCapabilities, "one that does not": "<SecurityCap/>", "one without capabilities": ""} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := newScene(t)
				if ciphers != "" {
					s.device.documents[securityCapabilitiesPath+"?username=admin"] = ciphers
				}
				session := s.identified()
				body := "<LoginPassword><password>" + goodPassword + "</password><id>1</id></LoginPassword>"
				_, doing := session.Do(t.Context(), providers.Request{Method: "PUT", Path: "/ISAPI/a?x=1", Body: []byte(body), Sensitive: []string{"password"}})
				_, exporting := session.ExportRecoveryFile(t.Context())
				writes := strings.Join(s.device.writes, "\n")
				if strings.Contains(writes, goodPassword) {
					t.Errorf("it was sent %s", writes)
				}
				if ciphers != cipheringCapabilities {
					wantFamily(t, doing, providers.ErrUnsupported)
					wantFamily(t, exporting, providers.ErrUnsupported)
					wantText(t, exporting, "give the device an address with https://")
					if writes != "" {
						t.Errorf("it was sent %s", writes)
					}
					return
				}
				if doing != nil || strings.Count(writes, "<LoginPassword><password>") != 2 || !strings.Contains(writes, "</password><id>1</id>") {
					t.Errorf("it was sent %s, %v", writes, doing)
				}
				requests := strings.Join(s.device.seen(), "\n")
				if !strings.Contains(requests, "PUT /ISAPI/a?x=1&security=1&iv=") || !strings.Contains(requests, "POST "+recoveryFilePath+"?security=1&iv=") {
					t.Errorf("it was asked %s", requests)
				}
			})
		})
	}
}

// What may leave in clear does so to a device that takes no enciphered texts, never to one that did not say whether it does, or that
// wants them in an unknown way.
func TestI11OnlyADeviceWithoutCiphersGetsAPasswordInClear(t *testing.T) {
	for name, test := range map[string]struct {
		capabilities string
		fault        int // status of the answer in their place
		clear, fails bool
	}{
		"it enciphers":            {capabilities: cipheringCapabilities},
		"it does not":             {capabilities: "<SecurityCap/>", clear: true},
		"it has no such document": {clear: true},
		"in another way":          {capabilities: strings.Replace(cipheringCapabilities, `opt="1"`, `opt="9"`, 1), fails: true},
		"it did not say":          {fault: 500, fails: true},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := newScene(t)
				if test.capabilities != "" {
					s.device.documents[securityCapabilitiesPath+"?username=admin"] = test.capabilities
				}
				session := s.identified()
				s.device.faults = func(w http.ResponseWriter, r *http.Request) bool {
					if test.fault == 0 || r.URL.Path != securityCapabilitiesPath {
						return false
					}
					w.WriteHeader(test.fault)
					return true
				}
				_, err := session.Do(t.Context(), providers.Request{
					Method: "PUT", Path: "/ISAPI/a", Body: []byte("<User><password>Second-Pass-2</password></User>"), Sensitive: []string{"password"}, InClear: true,
				})
				if clear := strings.Contains(strings.Join(s.device.writes, ""), "Second-Pass-2"); clear != test.clear || (err != nil) != test.fails {
					t.Errorf("it was sent %q, %v", s.device.writes, err)
				}
			})
		})
	}
}

// The password of the login that confirms a removal is enciphered over any connection: a path is kept by more than its receiver.
func TestI11AConfirmationInAPathIsEnciphered(t *testing.T) {
	for name, capabilities := range map[string]string{"it enciphers": cipheringCapabilities, "it does not": "<SecurityCap/>"} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := newScene(t)
				s.device.documents[securityCapabilitiesPath+"?username=admin"] = capabilities
				session := s.identified()
				request := providers.Request{Method: "DELETE", Path: "/ISAPI/Security/users/4", Confirm: "loginPassword"}
				sent, err := session.sensitive(t.Context(), session.target.Login, request)
				if err != nil || strings.Contains(sent.Path, goodPassword) || strings.Contains(sent.Path, "loginPassword=") != (capabilities == cipheringCapabilities) {
					t.Errorf("%s %v", sent.Path, err)
				}
				session.target.URL.Scheme, session.target.Trust.Legacy = "https", true
				_, err = session.sensitive(t.Context(), session.target.Login, request)
				wantFamily(t, err, providers.ErrUnsupported)
			})
		})
	}
}

// An old version of TLS keeps no secret, so what may use one carries no password in a body.
func TestI11PasswordsInBodiesNeverGoOverALegacyConnection(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		session := newScene(t).identified()
		session.target.URL.Scheme, session.target.Trust.Legacy = "https", true
		request := providers.Request{Method: "PUT", Path: "/ISAPI/a", Body: []byte("<a><password>x</password></a>"), Sensitive: []string{"password"}}
		_, err := session.sensitive(t.Context(), session.target.Login, request)
		wantFamily(t, err, providers.ErrUnsupported)
		wantText(t, err, "remove legacy for it")
		request.OldTLS = true
		if sent, err := session.sensitive(t.Context(), session.target.Login, request); err != nil || string(sent.Body) != string(request.Body) {
			t.Errorf("what old TLS has to do for is %s, %v", sent.Body, err)
		}
		session.target.Trust.Legacy, request.OldTLS = false, false
		if sent, err := session.sensitive(t.Context(), session.target.Login, request); err != nil || string(sent.Body) != string(request.Body) {
			t.Errorf("over TLS it is %s, %v", sent.Body, err)
		}
	})
}

func TestWhatIsNoRecoveryFileIsNotTakenForOne(t *testing.T) {
	const file = "<GUIDFile><GUID>1b2c</GUID></GUIDFile>"
	for name, test := range map[string]struct {
		status int
		answer string
		family error // nil for a file
	}{
		"a file":                 {200, file, nil},
		"a file that is no text": {200, "\x00\x01\xff binary", nil},
		"a mere OK":              {200, responseStatus(1, "OK", "ok"), providers.ErrUnknown},
		"nothing":                {200, "", providers.ErrUnknown},
		"a page":                 {200, "<html><body>x</body></html>", providers.ErrUnknown},
		"a film":                 {200, strings.Repeat("x", recoveryFileLimit+1), providers.ErrUnknown},
		"none there":             {404, "", providers.ErrUnsupported},
		"a refusal":              {403, responseStatus(4, "Invalid Operation", "notSupport"), providers.ErrUnsupported},
		"a wrong password":       {403, responseStatus(4, "Invalid Operation", "loginPasswordError"), providers.ErrRefused},
		"a fault":                {500, responseStatus(3, "Device Error", "deviceError"), providers.ErrUnknown},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := newScene(t)
				s.device.documents[securityCapabilitiesPath+"?username=admin"] = cipheringCapabilities
				session := s.identified()
				s.device.faults = func(w http.ResponseWriter, r *http.Request) bool {
					if r.Method == http.MethodPost {
						w.WriteHeader(test.status)
						_, _ = io.WriteString(w, test.answer)
					}
					return r.Method == http.MethodPost
				}
				have, err := session.ExportRecoveryFile(t.Context())
				for _, e := range s.traced {
					if strings.Contains(e.Request+e.Response+e.Path, "1b2c") {
						t.Errorf("the log has %+v", e)
					}
				}
				if test.family == nil {
					if err != nil || string(have) != test.answer {
						t.Errorf("%q, %v", have, err)
					}
					return
				}
				wantFamily(t, err, test.family)
			})
		})
	}
}
