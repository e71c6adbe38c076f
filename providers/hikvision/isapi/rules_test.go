package isapi

import (
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"

	"camform/providers"
	"camform/schema"
)

func TestI1ErrorsDoNotRepeatWhatTheDeviceGotFromUs(t *testing.T) {
	tests := map[string]struct {
		do     func(t *testing.T, session *Session) error
		secret string
	}{
		"login at a read":  {readA, goodPassword},
		"login at a write": {writeUser, goodPassword},
		"body of a write":  {writeUser, newSecret},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := newScene(t)
				session := s.identified()
				s.device.faults = func(w http.ResponseWriter, _ *http.Request) bool {
					w.WriteHeader(http.StatusForbidden)
					io.WriteString(w, `<ResponseStatus><statusCode>4</statusCode><subStatusCode>lowPrivilege</subStatusCode>`+
						`<errorMsg>bad `+tt.secret+`</errorMsg></ResponseStatus>`)
					return true
				}
				err := tt.do(t, session)
				wantFamily(t, err, providers.ErrDenied)
				if strings.Contains(err.Error(), tt.secret) {
					t.Errorf("%q repeats it", err)
				}
			})
		})
	}
}

// TestI1NothingThatADeviceSaysRepeatsTheLogin, in whatever form and place.
func TestI1NothingThatADeviceSaysRepeatsTheLogin(t *testing.T) {
	for name, form := range map[string]string{
		"capitals": strings.ToUpper(goodPassword), "hex": hex.EncodeToString([]byte(goodPassword)),
		"base64": base64.StdEncoding.EncodeToString([]byte("admin:" + goodPassword)),
	} {
		for place, answer := range map[string]func(w http.ResponseWriter){
			"why it is missing": func(w http.ResponseWriter) {
				w.WriteHeader(http.StatusNotFound)
				io.WriteString(w, `<ResponseStatus><statusCode>4</statusCode><subStatusCode>no `+form+`</subStatusCode></ResponseStatus>`)
			},
			"where it points to": func(w http.ResponseWriter) {
				w.Header().Set("Location", "http://192.0.2.9/"+form)
				w.WriteHeader(http.StatusFound)
			},
			"how it is encoded": func(w http.ResponseWriter) {
				w.Header().Set("Content-Encoding", form)
				io.WriteString(w, "<A/>")
			},
			"who it is": func(w http.ResponseWriter) {
				io.WriteString(w, strings.Replace(deviceInfo("SN0001"), "DS-2CD2146G2-ISU", form, 1))
			},
		} {
			t.Run(name+", "+place, func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					s := newScene(t)
					session := s.identified()
					s.traced = nil
					s.device.faults = func(w http.ResponseWriter, r *http.Request) bool {
						if r.Header.Get("Authorization") != "" {
							answer(w)
						}
						return r.Header.Get("Authorization") != ""
					}
					doc, err := session.Read(t.Context(), "/ISAPI/a")
					identity, errIdentity := session.Identify(t.Context())
					told := fmt.Sprint(doc.Missing, err, identity, errIdentity)
					for _, e := range s.traced {
						told += fmt.Sprint(e.Err)
					}
					if strings.Contains(told, form) || !strings.Contains(told, schema.Blank) {
						t.Error(told)
					}
					if doc.Path != "" && doc.Hide.Blank(form) == form {
						t.Error("a report about a document may repeat the login")
					}
				})
			})
		}
	}
}

// TestI1LongWordsShowNoPartOfTheLogin: words are cut, but not through a password.
func TestI1LongWordsShowNoPartOfTheLogin(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newScene(t)
		session := s.identified()
		s.device.faults = func(w http.ResponseWriter, _ *http.Request) bool {
			w.WriteHeader(http.StatusForbidden)
			io.WriteString(w, `<ResponseStatus><statusCode>4</statusCode><subStatusCode>lowPrivilege</subStatusCode>`+
				`<errorMsg>`+strings.Repeat("x", 190)+goodPassword+`</errorMsg></ResponseStatus>`)
			return true
		}
		if err := readA(t, session); !strings.Contains(err.Error(), "x") || strings.Contains(err.Error(), goodPassword[:5]) {
			t.Errorf("%q shows a part of it", err)
		}
	})
}

func readA(t *testing.T, session *Session) error {
	_, err := session.Read(t.Context(), "/ISAPI/a")
	return err
}

func writeUser(t *testing.T, session *Session) error {
	_, err := session.Do(t.Context(), providers.Request{Method: "PUT", Path: "/ISAPI/a", Body: userBody})
	return err
}
