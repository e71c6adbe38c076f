package schema

import (
	"strings"
	"testing"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"pgregory.net/rapid"
)

// What is read without HCL is read as HCL reads it, and most addresses are.
func TestPlainAddressesAreReadAsHCLReadsThem(t *testing.T) {
	pieces := rapid.SliceOfN(rapid.SampledFrom([]string{
		"device", ".", "gate", "gate-1", "_x", "9", "-", "[", "]", `"`, `["`, `"]`, "north", "a b", "$", "${", "%{", `\`, `\n`, "\n", "ä", "e\u0301", "https", "user", "[0]", "[*]", " ", "",
	}), 0, 9)
	rapid.Check(t, func(t *rapid.T) {
		text := strings.Join(append([]string{"device."}, pieces.Draw(t, "pieces")...), "")
		s, ok := plain(text)
		if !ok {
			return
		}
		traversal, diags := hclsyntax.ParseTraversalAbs([]byte(text), "", hcl.InitialPos)
		if diags.HasErrors() {
			t.Fatalf("HCL does not take %q", text)
		}
		if by, ok := SettingOf(traversal); !ok || by != s {
			t.Fatalf("%q is %+v, and by HCL %+v, %t", text, s, by, ok)
		}
	})
	for _, text := range []string{"device.gate", `device.gate["north 7"]`, `device.gate["north"].https`, `device.gate.user.operator`, `device.gate.user["a b"]`} {
		if s, ok := plain(text); !ok || s.String() != text {
			t.Errorf("%s is %+v, %t", text, s, ok)
		}
	}
	for _, text := range []string{`device.gate["north"]https`, "devicegate", `device.gate["north"`, "device.gate.", "device.9", `device.gate.user["a\\n"]`, "device.gate.user.a.b", `device.gate["$${"]`} {
		if s, ok := plain(text); ok {
			t.Errorf("%s is %+v", text, s)
		}
	}
}

func BenchmarkParseSetting(b *testing.B) {
	for b.Loop() {
		if _, err := ParseSetting(`device.camera["north-0001"].user.operator`); err != nil {
			b.Fatal(err)
		}
	}
}

// Keys that are taken for words without HCL's scanner are words to it, and most words are.
func TestPlainWordsAreWordsOfHCL(t *testing.T) {
	var bytes []string
	for c := range 256 {
		bytes = append(bytes, string([]byte{byte(c)}))
	}
	for _, first := range append(bytes, "") {
		for _, rest := range append(bytes, "", "-1", "_x") {
			if key := first + rest; isPlainWord(key) && !hclsyntax.ValidIdentifier(key) {
				t.Errorf("HCL does not take %q", key)
			}
		}
	}
	for _, key := range []string{"operator", "RTSP", "a_1", "ieee8021x"} {
		if !isPlainWord(key) {
			t.Errorf("%q is no plain word", key)
		}
	}
}
