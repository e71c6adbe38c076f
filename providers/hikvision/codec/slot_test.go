package codec_test

import (
	"testing"

	"camform/providers"
	"camform/providers/hikvision/codec"
)

// TestACertificateThatMayBeInUseStays: what camform brought goes only once HTTPS shows another, and where the device says that nothing
// else uses it.
func TestACertificateThatMayBeInUseStays(t *testing.T) {
	const (
		none   = `{"ServerCertificates":{"CertificateInfo":[]}}`
		silent = `{"ServerCertificates":{"CertificateInfo":[{"customID":"camform-1"},{"customID":"camform-2"}]}}`
		own    = `{"ServerCertificates":{"CertificateInfo":[{"customID":"camform-1","type":"HTTPS"},{"customID":"camform-2"}]}}`
		shared = `{"ServerCertificates":{"CertificateInfo":[{"customID":"camform-1","type":"https, SDK_OVER_TLS"},{"customID":"camform-2","type":"WebSocketS"}]}}`
		first  = `{"CertificateSelect":{"serverCertificate":"camform-1"}}`
		theirs = `{"CertificateSelect":{"serverCertificate":"default"}}`
		one    = `{"ServerCertificateCap":{"RSAKeyLength":{}}}`
		named  = `{"ServerCertificateCap":{"customID":{}}}`
	)
	for name, c := range map[string]struct {
		list, choice, limits string
		unsure               bool
		unknown              bool
		free, replaced, left codec.Slot
	}{
		"another's name":      {list: own, choice: theirs, limits: named, free: "camform-1"},
		"told":                {list: own, choice: first, limits: named, free: "camform-2", replaced: "camform-1", left: "camform-2"},
		"not told":            {list: silent, choice: first, limits: named, free: "camform-2"},
		"others use them":     {list: shared, choice: first, limits: named, free: "camform-2"},
		"not in the list":     {list: none, choice: first, limits: named, free: "camform-2"},
		"no choice":           {list: own, choice: `{"CertificateSelect":{}}`, limits: named, unknown: true},
		"list not read":       {choice: first, limits: named, unknown: true},
		"nothing read":        {unknown: true},
		"one by its limits":   {limits: one},
		"one without a list":  {list: "-"},
		"no list, or a fault": {list: "-", unsure: true, limits: named, unknown: true},
	} {
		docs := providers.Documents{}
		for path, body := range map[string]string{
			codec.CertificatesPath: c.list, codec.ChoicePath: c.choice, "/ISAPI/Security/serverCertificate/capabilities?format=json": c.limits,
		} {
			switch body {
			case "":
			case "-":
				docs[path] = providers.Document{Path: path, Missing: "404", Unsure: c.unsure}
			default:
				docs[path] = providers.Document{Path: path, Body: []byte(body)}
			}
		}
		slots, err := codec.SlotsOf(docs)
		if (err != nil) != c.unknown {
			t.Errorf("%s: %v", name, err)
		}
		if err != nil {
			continue
		}
		if got := slots.Free(); got != c.free {
			t.Errorf("%s: the next one goes to %q, want %q", name, got, c.free)
		}
		replaced, needless := slots.Replaced()
		if !needless {
			replaced = ""
		}
		if replaced != c.replaced {
			t.Errorf("%s: %q is taken away, want %q", name, replaced, c.replaced)
		}
		if left := codec.LeftOver(docs); left != c.left {
			t.Errorf("%s: %q is left over, want %q", name, left, c.left)
		}
	}
}
