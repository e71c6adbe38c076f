package hikvision

import (
	"maps"
	"slices"
	"testing"

	"camform/providers/hikvision/codec"
	"camform/providers/hikvision/document"
	"camform/providers/hikvision/isapi"
)

func TestSettingFilesAndCodeNameTheSameCodecsAndHooks(t *testing.T) {
	usedCodecs, usedHooks := map[string]bool{}, map[string]bool{"": true}
	for _, k := range New(isapi.Options{}).Kinds().All() {
		usedHooks[k.Hooks] = true
		for _, a := range k.Attributes {
			usedCodecs[a.Codec] = true
		}
	}
	if used, written := slices.Sorted(maps.Keys(usedCodecs)), slices.Sorted(maps.Keys(codec.All)); !slices.Equal(used, written) {
		t.Errorf("setting files use the codecs %v, there are %v", used, written)
	}
	if used, written := slices.Sorted(maps.Keys(usedHooks)), slices.Sorted(maps.Keys(hooks)); !slices.Equal(used, written) {
		t.Errorf("setting files use the hooks %v, there are %v", used, written)
	}
}

func TestElementsOfCodecsAreThoseOfTheSettingFiles(t *testing.T) {
	for _, k := range New(isapi.Options{}).Kinds().All() {
		for _, a := range k.Attributes {
			n := len(a.Elements)
			switch a.Codec {
			case "host", "host_slot":
				if n != codec.HostIPv6+1 {
					t.Errorf("%s.%s: a host has format, name, IPv4 and IPv6, not %v", k.Name, a.Name, a.Elements)
				}
			case "address_list", "mac_list":
				if n != codec.AddressEntries+1 {
					t.Errorf("%s.%s: an address list has a list and entries, not %v", k.Name, a.Name, a.Elements)
				}
			case "certificate_issuer", "certificate_days", "certificate_chain":
				if n != 2 {
					t.Errorf("%s.%s: what is read of a certificate are two elements, not %v", k.Name, a.Name, a.Elements)
				}
			case "tls_minimum", "rights":
				if n != len(a.Values) {
					t.Errorf("%s.%s: every value has an element, but there are %v for %v", k.Name, a.Name, a.Elements, a.Values)
				}
			case "interface_address":
				if n != codec.InterfaceMask+1 {
					t.Errorf("%s.%s: an address of an interface has a mask, not %v", k.Name, a.Name, a.Elements)
				}
			case "notifications", "record_schedule":
				if n != 2 {
					t.Errorf("%s.%s: the codec %s has a list and its entries, not %v", k.Name, a.Name, a.Codec, a.Elements)
				}
			case "period":
				if n != codec.PeriodWeek+1 {
					t.Errorf("%s.%s: a period has a form and three branches, not %v", k.Name, a.Name, a.Elements)
				}
			case "wireless_key":
				if n != codec.WirelessKeyLength+1 {
					t.Errorf("%s.%s: a key has a length, not %v", k.Name, a.Name, a.Elements)
				}
			case "choice", "address_slots":
			default:
				if n != 1 {
					t.Errorf("%s.%s: the codec %s has one element, not %v", k.Name, a.Name, a.Codec, a.Elements)
				}
			}
		}
	}
}

func TestTextsOfDevicesAreShownHarmlessly(t *testing.T) {
	long := make([]rune, 100)
	for i := range long {
		long[i] = 'ä'
	}
	for text, want := range map[string]string{
		"digest/basic": "digest/basic", "": `""`, "a b": `"a b"`, "\x1b[31m": `"\x1b[31m"`, "a\nb": `"a\nb"`,
	} {
		if got := document.Show(text); got != want {
			t.Errorf("show(%q) = %s, want %s", text, got, want)
		}
	}
	if got := []rune(document.Quote(string(long))); len(got) != 63 || got[62] != '…' {
		t.Errorf("a long text is shown as %s", string(got))
	}
	if got := document.List([]string{"a", "b", "c d"}); got != `a, b and "c d"` {
		t.Errorf("list: %s", got)
	}
	if got := document.List(slices.Repeat([]string{"x"}, 14)); got != "x, x, x, x, x, x, x, x, x, x, x, x and 2 more" {
		t.Errorf("list: %s", got)
	}
}
