package isapi

import (
	"io"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"

	"camform/providers"
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

func readA(t *testing.T, session *Session) error {
	_, err := session.Read(t.Context(), "/ISAPI/a")
	return err
}

func writeUser(t *testing.T, session *Session) error {
	_, err := session.Do(t.Context(), providers.Request{Method: "PUT", Path: "/ISAPI/a", Body: userBody})
	return err
}
