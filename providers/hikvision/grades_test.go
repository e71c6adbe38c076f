package hikvision_test

import (
	"strings"
	"testing"

	"camform/providers"
	"camform/providers/hikvision"
	"camform/providers/hikvision/document"
	"camform/providers/hikvision/isapi"
	"camform/schema"
)

// unrecorded are arguments that count as confirmed although no recorded answer shows them, with what does.
var unrecorded = map[string]string{
	"isup.key":      "devices never return it; a terminal tells its length, and took it in three rounds of writing",
	"user.password": "devices never return it; a recorder and a terminal judged those that were sent",
}

// TestGradesFollowRecordings holds the grades of all arguments against the recorded answers: what counts as confirmed is shown by
// one, what is shown is not called a guess, and a source that is weaker than that of the kind names what was recorded nevertheless.
func TestGradesFollowRecordings(t *testing.T) {
	all := openArchive(t, recordings(t))
	for _, kind := range hikvision.New(isapi.Options{}).Kinds().All() {
		shown := map[string]bool{}
		for _, documents := range all {
			showsArguments(kind, documents, shown)
		}
		for _, a := range kind.Attributes {
			name, grade := kind.Name+"."+a.Name, kind.Grade(a)
			if is := grade == schema.Confirmed && !shown[a.Name]; is != (unrecorded[name] != "") {
				t.Errorf("%s is %s, recorded: %t, reason to be confirmed without: %q", name, grade, shown[a.Name], unrecorded[name])
			}
			if kind.Confidence == schema.Unsure && shown[a.Name] {
				t.Errorf("%s is recorded, so the kind is more than unsure", name)
			}
			if a.Confidence != "" && shown[a.Name] && !strings.Contains(a.Source, "ecorded") {
				t.Errorf("%s is recorded, and its source does not say so: %s", name, a.Source)
			}
			if grade == schema.Confirmed && !strings.Contains(kind.Source+a.Source, "ecorded") {
				t.Errorf("%s is confirmed, and no source says what was recorded: %s", name, kind.Source)
			}
		}
	}
}

// showsArguments adds which arguments of a kind the documents of a device show.
func showsArguments(kind *schema.Kind, documents map[string][]byte, shown map[string]bool) {
	docs, keys := providers.Documents{}, append([]string{""}, kind.Keys...)
	for path, body := range documents {
		docs[path] = providers.Document{Path: path, Body: body}
	}
	for _, key := range keys {
		for _, at := range kind.Documents() {
			if path := at.For(key).Path; docs[path].Body == nil {
				docs[path] = providers.Document{Path: path, Missing: "not recorded"}
			}
		}
	}
	for _, key := range keys {
		at, err := document.Open(kind, docs, key)
		if err != nil {
			continue
		}
		items := []string{key}
		if kind.Keyed && !kind.Document.PerItem() {
			items = at.ItemKeys(kind)
		}
		for _, item := range items {
			for _, path := range at.ItemPaths(kind, item) {
				for _, a := range kind.Attributes {
					for n := range a.Elements {
						if _, has := at.Field(path, a).Text(n); has {
							shown[a.Name] = true
						}
					}
				}
			}
		}
	}
}
