package hikvision_test

import (
	"regexp"
	"strings"
	"testing"

	"camform/providers"
	"camform/providers/hikvision"
	"camform/providers/hikvision/isapi"
	"camform/schema"
)

// TestDocumentsOfOtherKindsAreRefused goes through the documents of all kinds, in another case, with a query, and as a part.
func TestDocumentsOfOtherKindsAreRefused(t *testing.T) {
	provider := hikvision.New(isapi.Options{})
	kind := provider.Kinds().Lookup("document")
	value := object(kind, map[string]any{"value": "1"})
	pattern := regexp.MustCompile("^(?:" + kind.KeyPattern + ")$")
	refused := func(path string) bool {
		key := path + "#x"
		if !pattern.MatchString(key) {
			t.Errorf("%s is no label", key)
		}
		path = kind.Document.For(key).Path
		docs := providers.Documents{path: {Path: path, Body: []byte("<A><x>0</x></A>")}}
		errs := provider.Check(kind, docs, key, value)
		_, err := provider.Compose(providers.Composition{Documents: docs, Changes: []providers.Change{{Kind: kind, Key: key, After: value}}})
		if (len(errs) > 0) != (err != nil) {
			t.Errorf("%s: check says %v, compose %v", path, errs, err)
		}
		return len(errs) > 0
	}
	for _, other := range provider.Kinds().All() {
		for _, at := range other.Documents() {
			if other == kind {
				continue
			}
			path := strings.ReplaceAll(strings.TrimSuffix(at.Path, "?format=json"), schema.KeyHole, "7")
			for _, path := range []string{path, strings.Replace(path, "/ISAPI/S", "/ISAPI/s", 1), path + "?format=json", path + "/1"} {
				if !refused(path) {
					t.Errorf("%s of %s is not refused", path, other.Name)
				}
			}
		}
	}
	for _, path := range []string{
		"/ISAPI/System/activate", "/ISAPI/System/REBOOT", "/ISAPI/System/factoryReset", "/ISAPI/System/updateFirmware",
		"/ISAPI/System/configurationData", "/ISAPI/Security/sessionLogin", "/ISAPI/ContentMgmt/Storage/hdd/1/format",
		"/ISAPI/AccessControl/RemoteControl/door/1", "/ISAPI/Event/notification/alertStream",
	} {
		if !refused(path) {
			t.Errorf("%s is not refused", path)
		}
	}
	for _, path := range freeDocuments(kind) {
		path, _, _ = strings.Cut(path, "#")
		if refused(path) {
			t.Errorf("%s is refused", path)
		}
	}
}

func TestLabelsOfDocumentsLeadNowhereElse(t *testing.T) {
	pattern := regexp.MustCompile("^(?:" + hikvision.New(isapi.Options{}).Kinds().Lookup("document").KeyPattern + ")$")
	for _, key := range []string{
		"/ISAPI/System/Network/UPnP", "ISAPI/System#x", "/ISAPI/#x", "/ISAPI/System/../Security/users#x", "/ISAPI/./Security/users#x",
		"/ISAPI//Security/users#x", "/ISAPI/Security/%75sers#x", "/ISAPI/System/time?x=1#x", "/ISAPI/System/time/#x", "/SDK/activate#x",
		"/ISAPI/System time#x",
	} {
		if pattern.MatchString(key) {
			t.Errorf("%s is a label", key)
		}
	}
}
