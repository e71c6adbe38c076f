package hikvision_test

import (
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"camform/providers"
	"camform/providers/hikvision"
	"camform/providers/hikvision/isapi"
	"camform/schema"
)

// ownSettings is a folder of setting files that somebody wrote beside a configuration.
func ownSettings(name string) schema.Folder {
	return schema.Folder{Name: "settings", Files: os.DirFS("testdata/settings/" + name)}
}

func TestASettingFileOfOnesOwnWorksLikeTheOthers(t *testing.T) {
	provider, diags := hikvision.NewWith(isapi.Options{}, ownSettings("right"))
	if diags.HasErrors() {
		t.Fatal(diags)
	}
	kind := provider.Kinds().Lookup("line_detection")
	const body = `<LineDetection><enabled>false</enabled><LineItemList><LineItem><id>1</id><sensitivityLevel>50</sensitivityLevel></LineItem></LineItemList></LineDetection>`
	docs := providers.Documents{kind.Document.Path: {Path: kind.Document.Path, Body: []byte(body)}}
	want := object(kind, map[string]any{"enabled": true, "sensitivity": 70})
	if errs := provider.Check(kind, docs, "", want); len(errs) > 0 {
		t.Errorf("it is refused: %s", errs[0].Detail)
	}
	requests, err := provider.Compose(providers.Composition{
		Documents: docs, Changes: []providers.Change{{Kind: kind, Before: kind.Null(), After: want}},
	})
	if err != nil {
		t.Fatal(err)
	}
	changed := strings.NewReplacer("false", "true", "50", "70").Replace(body)
	if len(requests) != 1 || string(requests[0].Body) != changed {
		t.Errorf("requests are %v, want one with %s", requests, changed)
	}
	if provider.Kinds().Hash() == hikvision.New(isapi.Options{}).Kinds().Hash() {
		t.Error("a further setting file does not change the hash of the setting files")
	}
}

func TestMistakesInASettingFileAreToldWithFileAndLine(t *testing.T) {
	provider, diags := hikvision.NewWith(isapi.Options{}, ownSettings("wrong"))
	var got []string
	for _, d := range diags {
		detail, _, _ := strings.Cut(d.Detail, " address") // the list of all codecs goes on
		got = append(got, fmt.Sprintf("%s: %s: %s", d.Subject, d.Summary, detail))
	}
	want := []string{
		`settings/codecs.hcl:6,16-23: Unknown hooks: There are no hooks called "magic".`,
		`settings/codecs.hcl:17,15-21: Unknown codec: "bool" is not one of`,
		`settings/codecs.hcl:21,15-19: Codec does not fit the type: The codec text is for string; "forgotten" is bool.`,
		`settings/codecs.hcl:29,15-25: Elements missing: The codec host needs 4 elements; "elements" has 1.`,
		`settings/own.hcl:16,15-26: Codec not possible: The codec questions is for kinds with their own hooks.`,
		`settings/paths.hcl:23,14-41: New item not possible: new cannot be parsed: malformed document at line 1, column 15: ` +
			`end tag that does not match the start tag at line 1, column 11.`,
		`settings/paths.hcl:15,15-39: Path of an element not possible: invalid element path "LineItemList/LineItem[": missing =.`,
		`settings/paths.hcl:29,15-27: Path of an element not possible: invalid element path "a//enabled": "" is not a local name.`,
		`settings/paths.hcl:37,17-28: Path of an element not possible: invalid element path "[enabled]": "" is not a local name.`,
		`settings/twice.hcl:1,1-16: Kind declared twice: The kind "https" is already declared in https.hcl:1,1-16.`,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	for _, name := range []string{"codecs", "own", "paths"} {
		if provider.Kinds().Lookup(name) != nil {
			t.Errorf("the provider has the kind %s, with which it cannot work", name)
		}
	}
	if https := provider.Kinds().Lookup("https"); https == nil || https.Range.Filename != "https.hcl" {
		t.Error("a file of one's own takes the place of a kind of the program")
	}
}
