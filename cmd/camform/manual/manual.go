// Package manual has the pages about what a configuration can hold, and about what all commands share: one file each in topics, in
// a small Markdown. What the program has as a table is put into the pages when they are read, so that no list is written twice.
//
// Rules:
//
//   - A page is named as what it is about, so that nobody has to look for it.
//   - The examples of a page are files: "```hcl main.cam.hcl" names the one that the block is. Tests plan each page's.
package manual

import (
	"embed"
	"fmt"
	"maps"
	"slices"
	"strings"
	"text/template"

	"github.com/zclconf/go-cty/cty"

	"camform/engine/config"
	"camform/engine/operator"
	"camform/schema"
)

//go:embed topics/*.md
var files embed.FS

// Topic is a page of the manual.
type Topic struct {
	Name    string
	Summary string // a few words, without a full stop
	Page    []Part // what is below the title
}

// Language reports whether the page is about what a configuration holds; others are about what commands share.
func (t Topic) Language() bool { return slices.Contains(language, t.Name) }

// The topics in the order in which people read of them.
var (
	language = []string{
		"device", "login", "tls", "identity", "ownership", "profile", "rule", "check", "consumer", "credential_policy",
		"camform", "limits", "approvals", "variable", "locals", "output", "import", "moved", "removed",
		"functions", "secrets", "addresses",
	}
	shared = []string{"operator", "environment", "exit-codes"}
)

// Names are the names of all topics.
func Names() []string { return slices.Concat(language, shared) }

// Topics are all topics.
func Topics(kinds *schema.Kinds) []Topic {
	var all []Topic
	for _, name := range Names() {
		all = append(all, open(kinds, name))
	}
	return all
}

// Find is the topic of that name, and whether there is one.
func Find(kinds *schema.Kinds, name string) (Topic, bool) {
	if !slices.Contains(Names(), name) {
		return Topic{}, false
	}
	return open(kinds, name), true
}

// open reads a page. One that cannot be read is a mistake in the program.
func open(kinds *schema.Kinds, name string) Topic {
	text, err := files.ReadFile("topics/" + name + ".md")
	if err != nil {
		panic(fmt.Sprintf("this is a bug: %v", err))
	}
	expand := template.New(name).Funcs(template.FuncMap{
		"arguments": func(path string) (string, error) { return arguments(config.Language(kinds), path) },
		"rules":     func() string { return block(operator.Reference(), "") },
		"functions": functions,
		"self":      func() string { return "`" + strings.Join(parts("self", config.SelfType), "`, `") + "`" },
	})
	var page strings.Builder
	if expand, err = expand.Parse(string(text)); err == nil {
		err = expand.Execute(&page, nil)
	}
	if err != nil {
		panic(fmt.Sprintf("this is a bug: %v", err))
	}
	all := parse(page.String())
	_, summary, _ := strings.Cut(all[0].Text, ": ")
	return Topic{Name: name, Summary: summary, Page: all[1:]}
}

// arguments are the arguments of a block and of the blocks in it, such as "device tls".
func arguments(blocks []config.BlockReference, path string) (string, error) {
	var found config.BlockReference
	for name := range strings.FieldsSeq(path) {
		i := slices.IndexFunc(blocks, func(b config.BlockReference) bool { return b.Name == name })
		if i < 0 {
			return "", fmt.Errorf("there is no block %s", path)
		}
		found, blocks = blocks[i], blocks[i].Blocks
	}
	return block(found, found.Name), nil
}

// block is the reference of a block. Those in it that have a page are named; the others follow it.
func block(b config.BlockReference, of string) string {
	var text, below strings.Builder
	for _, a := range b.Arguments {
		takes := a.Takes
		if len(a.Words) > 0 {
			takes = `"` + strings.Join(a.Words, `", "`) + `"`
		}
		fmt.Fprintf(&text, "* `%s` (%s): %s\n", a.Name, takes, a.Doc)
	}
	for _, inner := range b.Blocks {
		if slices.Contains(language, inner.Name) && of != "" {
			fmt.Fprintf(&text, "* `%s`: a block; see `camform help %s`.\n", header(inner), inner.Name)
			continue
		}
		fmt.Fprintf(&below, "\nIn `%s`:\n\n%s", header(inner), block(inner, of))
	}
	if b.Settings {
		text.WriteString("* Blocks of settings, such as `https`; `camform settings` lists them.\n")
	}
	return text.String() + below.String()
}

// header is how a block begins.
func header(b config.BlockReference) string {
	text := b.Name
	for _, label := range b.Labels {
		text += ` "` + strings.ToUpper(label) + `"`
	}
	return text + " { ... }"
}

// parts are the values in an object, each with its path.
func parts(path string, t cty.Type) []string {
	if !t.IsObjectType() {
		return []string{path}
	}
	var all []string
	for _, name := range slices.Sorted(maps.Keys(t.AttributeTypes())) {
		all = append(all, parts(path+"."+name, t.AttributeType(name))...)
	}
	return all
}

func functions() string {
	var text strings.Builder
	for _, f := range config.FunctionReferences() {
		fmt.Fprintf(&text, "* `%s`: %s\n", f.Call, f.Doc)
	}
	return text.String()
}
