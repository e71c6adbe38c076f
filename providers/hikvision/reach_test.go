package hikvision_test

import (
	"testing"
	"testing/fstest"

	"camform/providers/hikvision"
	"camform/providers/hikvision/isapi"
	"camform/schema"
)

// TestAFileMayRaiseTheRiskOfAPathAndNeverLowerIt goes through the paths that a setting file can write to, in all spellings.
func TestAFileMayRaiseTheRiskOfAPathAndNeverLowerIt(t *testing.T) {
	t.Parallel()
	const free = "/ISAPI/Smart/LineDetection/1"
	for _, test := range []struct {
		document, more string
		want           schema.Risk
	}{
		{free, ``, schema.RiskService},
		{free, `risk = "none"`, schema.RiskService},
		{free, `risk = "login"`, schema.RiskLogin},
		{free, `risk = "lockout"`, schema.RiskLockout},
		{"/ISAPI/System/Networks", ``, schema.RiskService},
		{"/ISAPI/System/Network", ``, schema.RiskLockout},
		{"/ISAPI/System/Network/PPPoE", `risk = "none"`, schema.RiskLockout},
		{"/ISAPI/Security/sessionRules?format=json", ``, schema.RiskLockout},
		{"/isapi/SECURITY/sessionRules", ``, schema.RiskLockout},
		{"/ISAPI//Security/sessionRules", ``, schema.RiskLockout},
		{"/ISAPI/%53ecurity/sessionRules", ``, schema.RiskLockout},
		{"/ISAPI/%2553ecurity/sessionRules", ``, schema.RiskLockout},
		{"/ISAPI/Smart/../Security/sessionRules", ``, schema.RiskLockout},
		{"/ISAPI/./Security/sessionRules/", ``, schema.RiskLockout},
		{"/ISAPI/Smart/..%2FSecurity/sessionRules", ``, schema.RiskLockout},
		{`/ISAPI/Smart/..\\Security/sessionRules`, ``, schema.RiskLockout},
		{"/ISAPI/Security;a=b/sessionRules", ``, schema.RiskLockout},
		{"/PSIA/Custom/switch", ``, schema.RiskLockout},
		{free, `write { path = "/ISAPI/Security/sessionRules" }`, schema.RiskLockout},
		{free, "document {\n path = \"/ISAPI/Security/sessionRules\"\n root = \"A\"\n}", schema.RiskLockout},
	} {
		kinds := ownKind(t, `document {
			path = "`+test.document+`"
			root = "A"
		}
		`+test.more).Kinds()
		if kind := kinds.Lookup("mine"); kind.RiskOf("") != test.want || kind.Risk != test.want {
			t.Errorf("%s with %s: the risk is %s, shown as %s, want %s", test.document, test.more, kind.RiskOf(""), kind.Risk, test.want)
		}
	}
	kinds := ownKind(t, `
		keyed = true
		document {
			path = "/ISAPI/System/{key}"
			root = "A"
		}`).Kinds()
	for key, want := range map[string]schema.Risk{
		"Video": schema.RiskService, "network": schema.RiskLockout, "Video/../Network": schema.RiskLockout,
	} {
		if risk := kinds.Lookup("mine").RiskOf(key); risk != want {
			t.Errorf("the risk of %s is %s, want %s", key, risk, want)
		}
	}
}

func TestTheRiskOfADocumentIsThatOfItsPath(t *testing.T) {
	kinds := hikvision.New(isapi.Options{}).Kinds()
	for key, want := range map[string]schema.Risk{
		"/ISAPI/System/deviceInfo#systemContact":               schema.RiskService,
		"/ISAPI/Security/loginLinkNum?format=json#maxLinkNum":  schema.RiskLockout,
		"/ISAPI/system/network/Bond#enabled":                   schema.RiskLockout,
		"/ISAPI/Smart/LineDetection/1#enabled":                 schema.RiskService,
		"/ISAPI/System/Video/inputs/channels/1#videoInputName": schema.RiskService,
	} {
		if risk := kinds.Lookup("document").RiskOf(key); risk != want {
			t.Errorf("the risk of %s is %s, want %s", key, risk, want)
		}
	}
	if risk := kinds.Lookup("user").RiskOf("x"); risk != schema.RiskLogin {
		t.Errorf("a kind that comes with camform has the risk %s, want the one that its file states", risk)
	}
}

// ownKind makes a provider that has a kind "mine" of a user, with a body that says where it lives.
func ownKind(t *testing.T, body string) *hikvision.Provider {
	t.Helper()
	provider, diags := hikvision.NewWith(isapi.Options{}, ownFile(body))
	if diags.HasErrors() {
		t.Fatal(diags)
	}
	return provider
}

func ownFile(body string) schema.Folder {
	return schema.Folder{Name: "schemas", Files: fstest.MapFS{"mine.hcl": {Data: []byte(`setting "mine" {
		summary    = "Mine"
		source     = "made up"
		confidence = "likely"
		phase      = "services"
		` + body + `
		attribute "on" {
			type    = bool
			doc     = "On."
			element = "enabled"
			codec   = "boolean"
		}
	}`)}}}
}
