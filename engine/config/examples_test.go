package config_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	ctyjson "github.com/zclconf/go-cty/cty/json"

	"camform/engine/config"
	"camform/schema"
	"camform/schema/hikvision"
)

var example = regexp.MustCompile("(?s)```hcl main.cam.hcl\n(.*?)```")

// Each example of the manual, written as *.cam.json, is one that editors take, and with an argument more it is none.
func TestTheExamplesOfTheManualFitTheSchemaForEditors(t *testing.T) {
	kinds, diags := schema.Read(nil, schema.Folder{Files: hikvision.Files})
	if diags.HasErrors() {
		t.Fatal(diags)
	}
	var root map[string]any
	if err := json.Unmarshal(config.JSONSchema(kinds), &root); err != nil {
		t.Fatal(err)
	}
	pages, err := filepath.Glob("../../cmd/camform/manual/topics/*.md")
	if err != nil || len(pages) < 20 {
		t.Fatalf("%d pages: %v", len(pages), err)
	}
	v := validator{root}
	for _, page := range pages {
		text, err := os.ReadFile(page)
		if err != nil {
			t.Fatal(err)
		}
		for _, found := range example.FindAllSubmatch(text, -1) {
			file, diags := hclsyntax.ParseConfig(found[1], page, hcl.InitialPos)
			if diags.HasErrors() {
				t.Fatal(diags)
			}
			written := inJSON(t, file.Body.(*hclsyntax.Body), found[1])
			if problems := v.problems(root, written, filepath.Base(page)); len(problems) > 0 {
				t.Errorf("%q\n%v", problems, written)
			}
			written["devise"] = map[string]any{}
			if len(v.problems(root, written, "")) == 0 {
				t.Errorf("%s: an unknown block is taken", page)
			}
			delete(written, "devise")
			spoil(written["device"])
			if len(v.problems(root, written, "")) == 0 {
				t.Errorf("%s: an unknown argument is taken", page)
			}
		}
	}
}

// spoil adds an argument that there is none of to each device.
func spoil(written any) {
	switch written := written.(type) {
	case []any:
		for _, one := range written {
			spoil(one)
		}
	case map[string]any:
		if _, isDevice := written["address"]; isDevice {
			written["nosuch"] = true
			return
		}
		for _, inner := range written {
			spoil(inner)
		}
	}
}

// naming are the arguments that hold names, which JSON has as plain texts.
var naming = []string{"extends", "profiles", "from", "to", "type", "password_policy", "protect", "ignore_changes"}

// inJSON is a body in the JSON syntax of HCL, as encoding/json would read it.
func inJSON(t *testing.T, body *hclsyntax.Body, source []byte) map[string]any {
	written := map[string]any{}
	for name, attr := range body.Attributes {
		written[name] = expressionInJSON(t, name, attr.Expr, source)
	}
	for _, block := range body.Blocks {
		var inner any = inJSON(t, block.Body, source)
		for _, label := range slices.Backward(block.Labels) {
			inner = map[string]any{label: inner}
		}
		switch before := written[block.Type].(type) {
		case nil:
			written[block.Type] = inner
		case []any:
			written[block.Type] = append(before, inner)
		default:
			written[block.Type] = []any{before, inner}
		}
	}
	return written
}

func expressionInJSON(t *testing.T, name string, expr hclsyntax.Expression, source []byte) any {
	if v, diags := expr.Value(nil); !diags.HasErrors() {
		text, err := ctyjson.Marshal(v, v.Type())
		if err != nil {
			t.Fatal(err)
		}
		var value any
		if err := json.Unmarshal(text, &value); err != nil {
			t.Fatal(err)
		}
		return value
	}
	text := string(expr.Range().SliceBytes(source))
	list, isList := expr.(*hclsyntax.TupleConsExpr)
	switch {
	case isList && slices.Contains(naming, name):
		var names []any
		for _, item := range list.Exprs {
			names = append(names, string(item.Range().SliceBytes(source)))
		}
		return names
	case slices.Contains(naming, name):
		return text
	case strings.HasPrefix(text, `"`):
		return strings.Trim(text, `"`) // a template
	}
	return "${" + text + "}"
}
