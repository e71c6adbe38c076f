package simulator

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
)

const isapiNamespace = "http://www.isapi.org/ver20/XMLSchema"

// errAddress is the family of addresses that do not parse.
var errAddress = errors.New("not an address")

// subCode is a subStatusCode of a ResponseStatus.
type subCode string

// The sub codes that devices answer with.
const (
	ok                   subCode = "ok"
	deviceBusy           subCode = "deviceBusy"
	deviceError          subCode = "deviceError"
	passwordDecodeError  subCode = "passwordDecodeError"
	notSupport           subCode = "notSupport"
	lowPrivilege         subCode = "lowPrivilege"
	methodNotAllowed     subCode = "methodNotAllowed"
	invalidOperation     subCode = "invalidOperation"
	loginPasswordError   subCode = "loginPasswordError"
	userExist            subCode = "userExist"
	userCannotDelAdmin   subCode = "userCannotDelAdmin"
	userInexistence      subCode = "userInexistence"
	userCannotCreatAdmin subCode = "userCannotCreatAdmin"
	userMaxNum           subCode = "userMaxNum"
	userNameMismatched   subCode = "userNameMismatched"
	tlsVersionRequired   subCode = "TLS1.1orTLS1.2Required"
	badXMLFormat         subCode = "badXmlFormat"
	badParameters        subCode = "badParameters"
	badXMLContent        subCode = "badXmlContent"
	badIPv4Address       subCode = "badIPv4Address"
	badPort              subCode = "badPort"
	riskPassword         subCode = "riskPassword"
	parametersLack       subCode = "MessageParametersLack"
	timeFormatError      subCode = "timeFormatError"
	passwordTooLong      subCode = "passwordLenNoMoreThan16"
	rebootRequired       subCode = "rebootRequired"
	accountNotActivated  subCode = "theAccountIsNotActivated"
	notActivated         subCode = "notActivated"
	hasActivated         subCode = "hasActivated"
	badDevType           subCode = "badDevType"
	badVersion           subCode = "badVersion"
	secretKeyError       subCode = "cfgFileSecretKeyError"
	importErrorData      subCode = "importErrorData"
	fileFormatError      subCode = "fileFormatError"
	fileContentError     subCode = "fileContentError"
	sameAsOldPassword    subCode = "cannotSameAsOldPassword"

	noTrigger           subCode = "isapi get event trigger is failed[131073]!!!"
	certificateMismatch subCode = "certificateNotmatch"
	badCertificate      subCode = "parseCertificateFailed"
	noCertificate       subCode = "certificateNotExist"
	certificateExists   subCode = "certificateAlreadyExist"
	certificateInUse    subCode = "certificateIsUsing"
	gatewayElsewhere    subCode = "IPandGatewayNotInTheSameNetworkSegment"
	sameAnswer          subCode = "theAnswerToTheUserSecurityQuestionIsDuplicate"
	badJSONFormat       subCode = "badJsonFormat"
	badIPv6Address      subCode = "badIPv6Address"
	portError           subCode = "portError"
	badNetMask          subCode = "badNetMask"
	badJSONContent      subCode = "badJsonContent"
	beyondLimit         subCode = "beyondARGSRangeLimit"
	wrongQuestions      subCode = "SEQConfigNumError"
	wrongAdminPassword  subCode = "administratorPasswordError"
)

// errorCodes are the numbers of the sub codes. The highest digit is the statusCode.
var errorCodes = map[subCode]uint32{
	ok:         1,
	deviceBusy: 0x20000004, deviceError: 0x30000001, passwordDecodeError: 0x30000008,
	notSupport: 0x40000001, lowPrivilege: 0x40000002, methodNotAllowed: 0x40000004, invalidOperation: 0x40000006, notActivated: 0x40000007, hasActivated: 0x40000008,
	loginPasswordError: 0x4000000C, userExist: 0x40001043, userCannotDelAdmin: 0x40001044, userInexistence: 0x40001045,
	userCannotCreatAdmin: 0x40001046, userMaxNum: 0x40001047, userNameMismatched: 0x4000119B, tlsVersionRequired: 0x40002053,
	noTrigger: 0x20000004, certificateMismatch: 0x30006002,
	badCertificate: 0x40002050, noCertificate: 0x40002060, certificateExists: 0x40000009, certificateInUse: 0x40002061, gatewayElsewhere: 0x400020FB,
	sameAnswer:   0x4000A0B6,
	badXMLFormat: 0x50000001, badJSONFormat: 0x50000002,
	badParameters: 0x60000001, badXMLContent: 0x60000003, badIPv4Address: 0x60000004, badPort: 0x6000000B,
	riskPassword: 0x60000015, parametersLack: 0x60000019, timeFormatError: 0x60000041, passwordTooLong: 0x6000005F,
	badIPv6Address: 0x60000005, portError: 0x6000000C, badNetMask: 0x6000000E, badJSONContent: 0x60000017, beyondLimit: 0x60000025,
	wrongAdminPassword: 0x60000042, wrongQuestions: 0x60000055,
	badVersion: 0x6000000F, badDevType: 0x60000010, secretKeyError: 0x60000076,
	rebootRequired: 0x70000001, accountNotActivated: 0x0020000F, sameAsOldPassword: 0x400010E8,
}

func (c subCode) statusCode() int {
	if c == ok {
		return 1
	}
	if class := errorCodes[c] >> 28; class != 0 {
		return int(class)
	}
	return 4
}

// statusString is the text of a statusCode. Devices of the two name spaces word it differently.
func (s responseStyle) statusString(code int) string {
	content := "Invalid XML Content"
	format := "Invalid XML Format"
	if s.Namespace == isapiNamespace {
		content, format = "Invalid Content", "Invalid Format"
	}
	return map[int]string{1: "OK", 2: "Device Busy", 3: "Device Error", 4: "Invalid Operation", 5: format, 6: content, 7: "Reboot Required"}[code]
}

// reply is what a device answers. The zero value is no answer: the connection is cut.
type reply struct {
	status int
	header http.Header
	body   []byte
	later  func() reply                               // makes the reply once the device is free for others; nil for one that is made
	stream func(context.Context, http.ResponseWriter) // sends what follows the body, until somebody hangs up; nil for nothing
}

func (r reply) silent() bool { return r.status == 0 }

// write sends the reply.
func (r reply) write(w http.ResponseWriter) {
	for name, values := range r.header {
		w.Header()[name] = values
	}
	w.WriteHeader(r.status)
	w.Write(r.body)
}

// result is the content of a ResponseStatus.
type result struct {
	http         int
	code         subCode
	class        int    // statusCode, where it is not that of the code; 0 if it is
	statusString string // instead of the usual one
	id           string // of what was created
	detail       string // names the offending element where the firmware does
	document     []byte // XML that is answered in place of a status; nil for a status
}

// refusal is a result that says no.
type refusal = *result

// refuse makes a refusal with the HTTP status that the model uses for the class of the code.
func (b *blueprint) refuse(code subCode) refusal {
	status := http.StatusForbidden
	switch code.statusCode() {
	case 2:
		status = http.StatusServiceUnavailable
	case 3:
		status = http.StatusInternalServerError
	case 5, 6:
		status = b.Refused
	}
	r := &result{http: status, code: code}
	if code == riskPassword {
		r.statusString = b.WeakPassword
	}
	return r
}

// about names the element that a refusal is about.
func (r *result) about(element string) refusal {
	r.detail = element
	return r
}

func (b *blueprint) unknown() refusal {
	return &result{http: b.Unknown.Status, code: b.Unknown.Code}
}

// absent is the answer for what the device does not have at a path.
func (b *blueprint) absent(path string) refusal {
	for _, a := range b.Absent {
		if strings.HasPrefix(path, a.Below+"/") && !strings.HasSuffix(path, "/capabilities") {
			return &result{http: a.Status, code: a.Code}
		}
	}
	return b.unknown()
}

func (b *blueprint) wrongVerb() refusal {
	return &result{http: b.Verb.Status, code: b.Verb.Code}
}

// respond makes the answer for a result, in JSON where the request asks for it.
func (b *blueprint) respond(q request, r result) reply {
	if r.document != nil {
		return b.send(r.http, contentXML, r.document)
	}
	code := cmp.Or(r.class, r.code.statusCode())
	text := r.statusString
	if text == "" {
		text = b.Response.statusString(code)
	}
	detail := r.detail
	if detail == "" {
		detail = string(r.code)
	}
	if q.query.Get("format") == "json" {
		body, _ := json.Marshal(map[string]any{
			"requestURL": q.path, "statusCode": code, "statusString": text, "subStatusCode": r.code,
			"errorCode": errorCodes[r.code], "errorMsg": detail,
		})
		return b.send(r.http, contentJSON, body)
	}
	var out strings.Builder
	fmt.Fprintf(&out, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<ResponseStatus version=%q xmlns=%q>\n", b.Response.Version, b.Response.Namespace)
	if b.Response.RequestURL {
		fmt.Fprintf(&out, "<requestURL>%s</requestURL>\n", escape(q.path))
	}
	fmt.Fprintf(&out, "<statusCode>%d</statusCode>\n<statusString>%s</statusString>\n", code, text)
	if r.id != "" {
		fmt.Fprintf(&out, "<id>%s</id>\n", r.id)
	}
	fmt.Fprintf(&out, "<subStatusCode>%s</subStatusCode>\n", r.code)
	if b.Response.ErrorCode {
		fmt.Fprintf(&out, "<errorCode>%d</errorCode>\n<errorMsg>%s</errorMsg>\n", errorCodes[r.code], escape(detail))
	}
	out.WriteString("</ResponseStatus>\n")
	return b.send(r.http, contentXML, []byte(out.String()))
}

// send makes a reply with the headers that the web server of the device adds.
func (b *blueprint) send(status int, contentType string, body []byte) reply {
	h := http.Header{"Content-Type": {contentType}}
	if b.Server != "" {
		h["Server"] = []string{b.Server}
	}
	return reply{status: status, header: h, body: body}
}
