package render

import (
	"bytes"
	"slices"
	"strings"
	"testing"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/hashicorp/hcl/v2/hclwrite"
	"github.com/zclconf/go-cty/cty"
	"github.com/zclconf/go-cty/cty/convert"
	"github.com/zclconf/go-cty/cty/function"

	"camform/schema"
	"camform/schema/hikvision"
)

func TestReferencesOfKinds(t *testing.T) {
	for _, name := range testKinds().Names() {
		k := testKinds().Lookup(name)
		var md, text bytes.Buffer
		if err := KindMarkdown(&md, k); err != nil {
			t.Fatal(err)
		}
		if err := KindText(&text, k, Options{Width: 60}); err != nil {
			t.Fatal(err)
		}
		golden(t, "kind-"+name+".md", md.Bytes())
		golden(t, "kind-"+name+".txt", text.Bytes())
	}
}

func TestEveryRoleHasWords(t *testing.T) {
	for _, role := range schema.Roles() {
		if roleWords[role] == "" {
			t.Errorf("the reference does not say what a kind with the role %s decides", role)
		}
	}
}

func TestExamplesAreCanonicalAndFitTheirKind(t *testing.T) {
	kinds, diags := schema.Read(nil, schema.Folder{Files: hikvision.Files})
	if diags.HasErrors() {
		t.Fatal(diags)
	}
	secret := function.New(&function.Spec{
		Params: []function.Parameter{{Name: "origin", Type: cty.String}}, Type: function.StaticReturnType(cty.String),
		Impl: func(args []cty.Value, _ cty.Type) (cty.Value, error) { return args[0], nil },
	})
	for _, k := range append(kinds.All(), testKinds().All()...) {
		text := Example(k)
		if formatted := string(hclwrite.Format([]byte(text))); formatted != text {
			t.Errorf("%s is not canonical:\n%s", k.Name, text)
		}
		file, diags := hclsyntax.ParseConfig([]byte(text), k.Name, hcl.InitialPos)
		if diags.HasErrors() {
			t.Fatal(diags)
		}
		block := file.Body.(*hclsyntax.Body).Blocks[0]
		shown := slices.DeleteFunc(slices.Clone(k.Attributes), func(a *schema.Attribute) bool { return k.Name == "certificate" && a.Name == "chain" })
		if block.Type != k.Name || (len(block.Labels) == 1) != k.Keyed || len(block.Body.Attributes) != len(shown) {
			t.Errorf("%s:\n%s", k.Name, text)
		}
		for _, a := range shown {
			v, diags := block.Body.Attributes[a.Name].Expr.Value(&hcl.EvalContext{Functions: map[string]function.Function{"secret": secret}})
			if diags.HasErrors() {
				t.Fatal(diags)
			}
			if _, err := convert.Convert(v, a.Type); err != nil {
				t.Errorf("%s.%s = %s: %v", k.Name, a.Name, text, err)
			}
			if a.Secret && v.AsString() != "env:"+strings.ToUpper(k.Name+"_"+a.Name) {
				t.Errorf("%s.%s is not taken from the environment", k.Name, a.Name)
			}
		}
	}
}

func TestABadExampleIsReplacedByOneWithinTheLimits(t *testing.T) {
	for want, a := range map[string]*schema.Attribute{
		"x = 5\n":           {Type: cty.Number, Example: "five of them", Min: number(5)},
		"x = 7\n":           {Type: cty.Number, Max: number(7)},
		"x = 1\n":           {Type: cty.Number},
		"x = [\"b\"]\n":     {Type: cty.List(cty.String), Example: "[", Values: []string{"b", "a"}},
		"x = \"[not this\"": {Type: cty.String, Example: "[not this"},
	} {
		a.Name = "x"
		if got := Example(&schema.Kind{Name: "k", Attributes: []*schema.Attribute{a}}); !strings.Contains(got, want) {
			t.Errorf("got %s, want %s", got, want)
		}
	}
}

func TestTablesAreAlignedAndClean(t *testing.T) {
	var b bytes.Buffer
	err := Table(&b, []string{"Address", "Result"}, [][]string{{"device.日本", "done"}, {"device.x", "evil\x1b[2J\nline"}, {"short"}})
	if err != nil {
		t.Fatal(err)
	}
	want := "Address      Result\ndevice.日本  done\ndevice.x     evil\\x1b[2J\\nline\nshort\n"
	if b.String() != want {
		t.Errorf("got\n%s\nwant\n%s", b.String(), want)
	}
}
