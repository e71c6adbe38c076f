package hikvision_test

import (
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/hashicorp/hcl/v2/hclwrite"
	"github.com/zclconf/go-cty/cty"
	"github.com/zclconf/go-cty/cty/convert"

	"camform/schema"
	"camform/schema/hikvision"
)

func kinds(t *testing.T) *schema.Kinds {
	t.Helper()
	set, diags := schema.Read(nil, schema.Folder{Files: hikvision.Files})
	if diags.HasErrors() {
		t.Fatal(diags)
	}
	return set
}

func TestKindsAreDocumented(t *testing.T) {
	sentence := regexp.MustCompile(`(?s)^[A-Z].*[.]$`)
	for _, k := range kinds(t).All() {
		if k.Summary == "" || strings.HasSuffix(k.Summary, ".") || strings.Contains(k.Summary, "\n") {
			t.Errorf("%s: the summary %q must be a title", k.Name, k.Summary)
		}
		if !sentence.MatchString(k.Doc) || k.Source == "" {
			t.Errorf("%s needs documentation in sentences, and a source", k.Name)
		}
		if k.Keyed && k.KeyDoc == "" {
			t.Errorf("%s needs documentation of its key", k.Name)
		}
		for _, path := range append([]string{k.Document.Path}, k.Document.Capabilities...) {
			if !strings.HasPrefix(path, "/ISAPI/") && !strings.HasPrefix(path, schema.KeyHole) {
				t.Errorf("%s: %s is no path of ISAPI", k.Name, path)
			}
		}
		for _, a := range k.Attributes {
			if !sentence.MatchString(a.Doc) {
				t.Errorf("%s.%s needs documentation in sentences", k.Name, a.Name)
			}
			if a.Confidence != "" && a.Source == "" || strings.HasSuffix(a.Source, ".") {
				t.Errorf("%s.%s has a grade of its own, so it needs a source of its own, without a full stop", k.Name, a.Name)
			}
			if (a.Example == "") != a.Secret {
				t.Errorf("%s.%s needs an example, unless it is a secret", k.Name, a.Name)
			}
		}
	}
}

func TestExamplesAreLegalValues(t *testing.T) {
	for _, k := range kinds(t).All() {
		for _, a := range k.Attributes {
			if a.Secret {
				continue
			}
			value, err := convert.Convert(example(t, a), a.Type)
			if err != nil {
				t.Errorf("%s.%s: the example %s: %v", k.Name, a.Name, a.Example, err)
				continue
			}
			for _, word := range words(value) {
				if len(a.Values) > 0 && !slices.Contains(a.Values, word) {
					t.Errorf("%s.%s: the example %s is not one of %v", k.Name, a.Name, a.Example, a.Values)
				}
			}
			if a.Type == cty.Number && outside(value, a) {
				t.Errorf("%s.%s: the example %s is out of bounds", k.Name, a.Name, a.Example)
			}
		}
	}
}

// words are the texts in a value: itself, or its members.
func words(v cty.Value) []string {
	if v.Type() == cty.String {
		return []string{v.AsString()}
	}
	var list []string
	if v.CanIterateElements() {
		for _, member := range v.AsValueSlice() {
			list = append(list, member.AsString())
		}
	}
	return list
}

// example reads an example: a text is written as it is, everything else as an expression.
func example(t *testing.T, a *schema.Attribute) cty.Value {
	t.Helper()
	if a.Type == cty.String {
		return cty.StringVal(a.Example)
	}
	expr, diags := hclsyntax.ParseExpression([]byte(a.Example), a.Name, hcl.InitialPos)
	if diags.HasErrors() {
		t.Fatal(diags)
	}
	value, diags := expr.Value(nil)
	if diags.HasErrors() {
		t.Fatal(diags)
	}
	return value
}

func outside(value cty.Value, a *schema.Attribute) bool {
	return a.Min != nil && value.LessThan(cty.NumberIntVal(*a.Min)).True() ||
		a.Max != nil && value.GreaterThan(cty.NumberIntVal(*a.Max)).True()
}

func TestSettingsOfOneDocumentAgreeAboutIt(t *testing.T) {
	first := map[string]*schema.Kind{}
	for _, k := range kinds(t).All() {
		other := first[k.Document.Path]
		if other == nil {
			first[k.Document.Path] = k
			continue
		}
		if k.Document.Root != other.Document.Root || !slices.Equal(k.Document.Capabilities, other.Document.Capabilities) || k.Phase != other.Phase {
			t.Errorf("%s and %s live in %s, so they are written together, but differ in root, capabilities or phase", k.Name, other.Name, k.Document.Path)
		}
	}
}

func TestSettingFilesAreInCanonicalStyle(t *testing.T) {
	for _, k := range kinds(t).All() {
		name := k.Range.Filename
		text, err := hikvision.Files.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		if name != k.Name+".hcl" {
			t.Errorf("%s is declared in %s; a kind is one file of its name", k.Name, name)
		}
		if string(hclwrite.Format(text)) != string(text) {
			t.Errorf("%s is not in canonical style", name)
		}
	}
}

func TestAChannelWorksOnceItsCameraIsOnline(t *testing.T) {
	works := kinds(t).Lookup("channel").Works
	if works == nil {
		t.Fatal("nobody would notice that a recorder has the wrong password of a camera")
	}
	if at := works.PathFor("3"); at != "/ISAPI/ContentMgmt/InputProxy/channels/3/status" || works.Element != "online" || !slices.Equal(works.Values, []string{"true"}) {
		t.Errorf("%s: %s is %v", at, works.Element, works.Values)
	}
}
