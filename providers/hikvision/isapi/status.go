package isapi

import (
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"

	"camform/providers"
)

// verdict is what a device answered to a request, beyond the HTTP status.
type verdict struct {
	http   int
	isapi  bool   // whether the body is a ResponseStatus
	page   bool   // whether the body is an HTML page
	code   int    // statusCode, -1 if there is none
	sub    string // subStatusCode, or what errorCode stands for; empty if there is none
	text   string // statusString
	detail string // what else the device says: errorMsg, description, subStatusString
	id     string
	absent string // the words of a recorder that means "no such node" with a busy or error code; empty if it does not
}

func verdictOf(status int, body []byte) verdict {
	v := verdict{http: status, code: -1}
	shape, root := shapeOf(body)
	v.page = shape == shapeHTML
	if shape == shapeXML && root != "ResponseStatus" {
		return v // a setting: every reply is judged several times, and only its root matters here
	}
	a := parseAnswer(body)
	if a.root != "ResponseStatus" {
		return v
	}
	v.isapi = true
	if code, err := strconv.Atoi(a.field("statusCode")); err == nil {
		v.code = code
	}
	v.sub = a.field("subStatusCode")
	if v.sub == "" {
		v.sub = subOfErrorCode(a.field("errorCode"))
	}
	v.text = a.field("statusString")
	v.detail = a.field("errorMsg", "description", "subStatusString")
	v.id = a.field("id", "ID")
	for _, name := range []string{"subStatusString", "subStatusCode", "errorMsg", "description"} {
		if text := a.field(name); saysAbsent(text) {
			v.absent = text
		}
	}
	return v
}

// saysAbsent recognises "isapi get event trigger is failed[131073]!!!", which recorders send with 503 and Device Busy for
// a node that they do not have (recorded on NVR V4.61 and V5.04).
func saysAbsent(text string) bool {
	text = strings.ToLower(text)
	return strings.Contains(text, "isapi get") && strings.Contains(text, "failed")
}

// subOfErrorCode names the sub codes that matter to reading, for firmware that sends the number only.
func subOfErrorCode(text string) string {
	number, err := strconv.ParseUint(text, 0, 32)
	if err != nil {
		return ""
	}
	return map[uint64]string{
		0x40000001: "notSupport",
		0x40000002: "lowPrivilege",
		0x40000003: "badAuthorization",
		0x40000004: "methodNotAllowed",
		0x40000006: "invalidOperation",
		0x4000A3E9: "deviceIsLocked",
	}[number]
}

// accepted reports whether the device says that it took the request.
func (v verdict) accepted() bool {
	return v.isapi && v.http/100 == 2 && (v.code == codeOK || v.code == codeOKToo || v.code == codeReboot)
}

// plain reports whether there is nothing to add to an accepted request.
func (v verdict) plain() bool { return v.sub == "" || strings.EqualFold(v.sub, "ok") }

// The values of statusCode.
const (
	codeOK      = 0
	codeOKToo   = 1
	codeBusy    = 2
	codeDevice  = 3
	codeOp      = 4
	codeFormat  = 5
	codeContent = 6
	codeReboot  = 7
	codeBatch   = 8
)

// families says which sub codes do not mean what their statusCode says. Keys are lower case; spellings are the vendor's.
var families = map[string]error{
	"notsupport":               providers.ErrUnsupported,
	"methodnotallowed":         providers.ErrUnsupported, // unknown paths too, recorded on cameras and door stations
	"invalidid":                providers.ErrUnsupported,
	"lowprivilege":             providers.ErrDenied,
	"badauthorization":         providers.ErrDenied,
	"forbiddenip":              providers.ErrDenied,
	"needdoubleverification":   providers.ErrDenied,
	"theaccountisnotactivated": providers.ErrMustChange,
	"needserviceplatformaccountauthenticationandauthroization": providers.ErrDenied,
	"notactivated":               providers.ErrInactive,
	"hasactivated":               providers.ErrActive,
	"deviceislocked":             providers.ErrLocked,
	"maxpassword attempts":       providers.ErrLocked,
	"loginpassworderror":         providers.ErrRefused, // the password that goes along with a change; it counts as a login
	"originalpasserror":          providers.ErrRefused,
	"cannotsameasoldpassword":    providers.ErrInvalid,
	"passerror":                  providers.ErrRefused,
	"administratorpassworderror": providers.ErrRefused,
	"maxsessionuserlink":         providers.ErrBusy,
	"loginnumexceedlimit":        providers.ErrBusy,
	"loginnumlimit":              providers.ErrBusy,
	"sesssionuserreacheslimit":   providers.ErrBusy,
	"certificateexist":           providers.ErrInvalid, // statusCode 2, but waiting does not help
	"certificatenotmatch":        providers.ErrInvalid, // statusCode 3 likewise
	"passworddecodeerror":        providers.ErrInvalid, // statusCode 3, but nothing is broken
	"passwordencrypterror":       providers.ErrInvalid,
	"allfailed":                  providers.ErrInvalid,
}

// family says what an answer that is not acceptance means for a write. An answer that leaves open whether something
// happened is ErrUnknown: a device error, a batch that succeeded in part, a 2xx that cannot be understood.
func (v verdict) family() error {
	if family, ok := families[strings.ToLower(v.sub)]; ok {
		return family
	}
	switch v.code {
	case codeBusy:
		return providers.ErrBusy
	case codeOp, codeFormat, codeContent:
		return providers.ErrInvalid
	case codeDevice, codeBatch, codeOK, codeOKToo, codeReboot: // the latter contradict an HTTP error
		return providers.ErrUnknown
	}
	switch v.http {
	case http.StatusNotFound, http.StatusMethodNotAllowed, http.StatusNotImplemented:
		return providers.ErrUnsupported
	case http.StatusForbidden:
		return providers.ErrDenied
	case http.StatusServiceUnavailable:
		return providers.ErrBusy
	}
	if v.http/100 == 4 {
		return providers.ErrInvalid
	}
	return providers.ErrUnknown
}

// describe says in the device's own words why it did not do what it was asked to, without the secrets in them.
func (v verdict) describe(hide blank) string {
	switch {
	case v.page:
		return fmt.Sprintf("it answered http status %d with an HTML page", v.http)
	case !v.isapi:
		return fmt.Sprintf("it answered http status %d", v.http)
	}
	parts := []string{}
	if v.code >= 0 {
		parts = append(parts, "statusCode "+strconv.Itoa(v.code))
	}
	for _, text := range []string{v.sub, v.text, v.detail} {
		if text != "" {
			parts = append(parts, quote(hide(text)))
		}
	}
	parts = append(parts, fmt.Sprintf("http status %d", v.http))
	return "it answered " + strings.Join(parts, ", ")
}

// readFamily is the family of an error for a read, which is never in doubt.
func (v verdict) readFamily() error {
	family := v.family()
	switch {
	case errors.Is(family, providers.ErrUnknown):
		return providers.ErrBusy
	case strings.EqualFold(v.sub, "invalidOperation"):
		return providers.ErrUnsupported // in the present state of the device
	}
	return family
}
