package hikvision_test

import (
	"bytes"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/rogpeppe/go-internal/txtar"
	"github.com/zclconf/go-cty/cty"
	"github.com/zclconf/go-cty/cty/convert"

	"camform/providers"
	"camform/providers/hikvision"
	"camform/providers/hikvision/isapi"
	"camform/schema"
)

var update = flag.Bool("update", false, "rewrite the wanted parts of testdata")

// Passwords in the cases. They may appear in the bodies of requests and nowhere else.
const (
	loginSecret = "Login-1357"
	userSecret  = "Canary+2468"
)

// TestDocuments runs the cases of testdata. A case has documents of a device, named by their paths, and changes, one a
// line: the address of a setting and what is wanted of it, or "removed". Documents of the kinds that a case does not have
// are missing on the device. The parts items, check and requests are what Decode, Check and Compose make of them.
func TestDocuments(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("testdata/*.txtar")
	if err != nil || len(files) == 0 {
		t.Fatalf("no cases: %v", err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txtar"), func(t *testing.T) {
			archive, err := txtar.ParseFile(file)
			if err != nil {
				t.Fatal(err)
			}
			have := run(t, archive)
			if *update {
				if err := os.WriteFile(file, txtar.Format(have), 0o644); err != nil {
					t.Fatal(err)
				}
				return
			}
			if diff := cmp.Diff(string(txtar.Format(archive)), string(txtar.Format(have))); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// run returns the case with the parts that it leads to.
func run(t *testing.T, given *txtar.Archive) *txtar.Archive {
	t.Helper()
	provider := hikvision.New(isapi.Options{})
	archive := &txtar.Archive{Comment: given.Comment}
	docs := providers.Documents{}
	read := func(path string) (providers.Document, error) {
		if _, ok := docs[path]; !ok {
			docs[path] = providers.Document{Path: path, Missing: "403 notSupport"}
		}
		return docs[path], nil
	}
	var lines, first []string
	for _, part := range given.Files {
		switch {
		case strings.HasPrefix(part.Name, "/"):
			docs[part.Name] = providers.Document{Path: part.Name, Body: part.Data}
		case part.Name == "changes":
			lines = strings.Split(strings.TrimSpace(string(part.Data)), "\n")
		case part.Name == "first":
			first = strings.Fields(string(part.Data))
		default:
			continue
		}
		archive.Files = append(archive.Files, part)
	}
	var (
		items, check, requests bytes.Buffer
		changes                []providers.Change
		decoded                = map[string]bool{}
	)
	for _, line := range lines {
		change := parseChange(t, provider, line)
		keys := []string{change.Key}
		if err := providers.ReadKind(change.Kind, keys, read, read); err != nil {
			t.Fatal(err)
		}
		have, err := provider.Decode(change.Kind, keys, docs)
		if !decoded[change.Kind.Name] {
			writeItems(&items, change.Kind, have, err)
			decoded[change.Kind.Name] = true
		}
		change.Before = change.Kind.Null()
		if value, ok := have[change.Key]; ok {
			change.Before = value
		}
		changes = append(changes, change)
		for _, problem := range provider.Check(change.Kind, docs, change.Key, change.After) {
			address := schema.Setting{Kind: change.Kind.Name, Key: change.Key}.Local()
			fmt.Fprintf(&check, "%s: %s\n", strings.TrimSuffix(address+"."+problem.Attribute, "."), problem.Detail)
		}
	}
	made, err := provider.Compose(providers.Composition{
		Documents: docs, Changes: changes, First: first,
		Login: providers.Credential{Username: "admin", Password: schema.NewSecret(loginSecret)},
	})
	if err != nil {
		fmt.Fprintf(&requests, "error: %v\n", err)
	}
	for _, r := range made {
		fmt.Fprintf(&requests, "%s %s for %v\n%s\n", r.Method, r.Path, r.Keys, bytes.TrimSpace(r.Body))
	}
	if made == nil && err == nil {
		fmt.Fprintln(&requests, "none")
	}
	for _, text := range []string{items.String(), check.String(), fmt.Sprint(err)} {
		if strings.Contains(text, userSecret) || strings.Contains(text, loginSecret) {
			t.Errorf("a secret is shown: %s", text)
		}
	}
	archive.Files = append(archive.Files,
		txtar.File{Name: "items", Data: items.Bytes()},
		txtar.File{Name: "check", Data: check.Bytes()},
		txtar.File{Name: "requests", Data: requests.Bytes()},
	)
	return archive
}

// parseChange reads a line such as `service.RTSP port=554 enabled=false`. Blanks in values are written as "_".
func parseChange(t *testing.T, provider *hikvision.Provider, line string) providers.Change {
	t.Helper()
	words := strings.Fields(line)
	setting, err := schema.ParseSetting("device.x." + words[0])
	if err != nil {
		t.Fatal(err)
	}
	kind := provider.Kinds().Lookup(setting.Kind)
	change := providers.Change{Kind: kind, Key: setting.Key, After: kind.Null()}
	if len(words) == 2 && words[1] == "removed" {
		return change
	}
	values := map[string]any{}
	for _, word := range words[1:] {
		name, text, _ := strings.Cut(word, "=")
		values[name] = parseValue(t, kind.Attribute(name), strings.ReplaceAll(text, "_", " "))
	}
	change.After = object(kind, values)
	return change
}

func parseValue(t *testing.T, a *schema.Attribute, text string) cty.Value {
	t.Helper()
	if a.Type.IsPrimitiveType() {
		value, err := convert.Convert(cty.StringVal(text), a.Type)
		if err != nil {
			t.Fatal(err)
		}
		return value
	}
	members := []cty.Value{}
	for member := range strings.SplitSeq(text, ",") {
		if member != "" {
			members = append(members, cty.StringVal(member))
		}
	}
	switch {
	case a.Type.IsListType() && len(members) == 0:
		return cty.ListValEmpty(cty.String)
	case a.Type.IsListType():
		return cty.ListVal(members)
	case len(members) == 0:
		return cty.SetValEmpty(cty.String)
	default:
		return cty.SetVal(members)
	}
}

func writeItems(b *bytes.Buffer, kind *schema.Kind, items providers.Items, err error) {
	if err != nil {
		fmt.Fprintf(b, "%s error: %v\n", kind.Name, err)
		return
	}
	var lines []string
	for key, item := range items {
		words := []string{schema.Setting{Kind: kind.Name, Key: key}.Local()}
		for _, a := range kind.Attributes {
			if v := item.GetAttr(a.Name); v.RawEquals(a.Conceal(v)) {
				words = append(words, a.Name+"="+written(v))
			} else {
				words = append(words, a.Name+" is not concealed")
			}
		}
		lines = append(lines, strings.Join(words, " "))
	}
	slices.Sort(lines)
	fmt.Fprintln(b, strings.Join(lines, "\n"))
}

func written(v cty.Value) string {
	switch {
	case v.IsNull():
		return "null"
	case v.Type().IsSetType(), v.Type().IsListType():
		var members []string
		for _, member := range v.AsValueSlice() {
			members = append(members, member.AsString())
		}
		return "[" + strings.Join(members, " ") + "]"
	default:
		text, err := convert.Convert(schema.Reveal(v), cty.String)
		if err != nil {
			return err.Error()
		}
		return fmt.Sprintf("%q", text.AsString())
	}
}
