package sweep

import (
	"net/http"
	"slices"
	"strings"
	"testing"
)

// The report of a device about its ways to a new password is taken word for word: what it leaves out is unknown.
func TestADeviceSaysWhichWaysItHas(t *testing.T) {
	body := func(elements string) string {
		return `<externSecurityCap version="2.0" xmlns="http://www.hikvision.com/ver20/XMLSchema"><RestAdminPassWord>` + elements + "</RestAdminPassWord></externSecurityCap>"
	}
	some := body("<isSupportWithSecurityQuestion>true</isSupportWithSecurityQuestion><isSupportWithGUIDFileData>false</isSupportWithGUIDFileData>" +
		"<isSupportWithHCApp>true</isSupportWithHCApp><isSupportWithSecurityEmail>maybe</isSupportWithSecurityEmail><minResetAdminPassWordNum>1</minResetAdminPassWordNum>")
	for name, tt := range map[string]struct {
		status     int
		answer     string
		has, lacks []string
	}{
		"one that tells":         {200, some, []string{"questions", "app"}, []string{"guid_file"}},
		"one that tells none":    {200, body(""), nil, nil},
		"one that refuses":       {403, some, nil, nil},
		"one that wants a login": {401, some, nil, nil},
		"a page":                 {200, "<html><isSupportWithHCApp>true</isSupportWithHCApp></html>", nil, nil},
		"another document":       {200, strings.ReplaceAll(some, "externSecurityCap", "SecurityCap"), nil, nil},
		"nothing":                {200, "", nil, nil},
	} {
		var s street
		asked := ""
		s.door(t, "192.0.2.1:443", true, func(w http.ResponseWriter, r *http.Request) {
			asked = r.Method + " " + r.URL.Path + r.Header.Get("Authorization")
			says(tt.status, tt.answer)(w, r)
		})
		got := Sweep{Dial: s.dial}.Ways(t.Context(), Answer{URL: "https://192.0.2.1"})
		if !slices.Equal(got.Has, tt.has) || !slices.Equal(got.Lacks, tt.lacks) || asked != "GET "+WaysPath {
			t.Errorf("%s: %+v, asked %s", name, got, asked)
		}
	}
	var s street
	if got := (Sweep{Dial: s.dial}).Ways(t.Context(), Answer{URL: "https://192.0.2.9"}); got.Has != nil || got.Lacks != nil {
		t.Errorf("nobody there: %+v", got)
	}
}
