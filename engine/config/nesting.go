package config

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"camform/schema/nesting"

	"github.com/hashicorp/hcl/v2"
	"go.yaml.in/yaml/v3"
)

// Parsers recurse into what is nested. The scans here find out first how deep that is in JSON and YAML, as package nesting
// does for the native syntax, and recurse into nothing.

func isJSON(filename string) bool { return strings.HasSuffix(filename, ".json") }

// nestedJSON refuses JSON that is nested too deep, or in whose strings expressions are, or that holds a number too long.
func nestedJSON(text []byte, filename string) hcl.Diagnostics {
	open, line, lineStart := 0, 1, 0
	at := func(start, end int) hcl.Range {
		return hcl.Range{
			Filename: filename,
			Start:    hcl.Pos{Line: line, Column: start - lineStart + 1, Byte: start},
			End:      hcl.Pos{Line: line, Column: end - lineStart + 1, Byte: end},
		}
	}
	for i := 0; i < len(text); i++ {
		switch c := text[i]; {
		case c == '\n':
			line, lineStart = line+1, i+1
		case c == '[' || c == '{':
			if open++; open > nesting.MaxDepth {
				return nesting.TooDeep(at(i, i+1))
			}
		case c == ']' || c == '}':
			open--
		case c == '"':
			end := endOfString(text, i)
			if diags := nestedString(text[i:end], at(i, end)); diags.HasErrors() {
				return diags
			}
			i = end - 1
		case c >= '0' && c <= '9':
			start := i
			for i+1 < len(text) && strings.IndexByte("0123456789.eE+-", text[i+1]) >= 0 {
				i++
			}
			if i-start > nesting.MaxDigits {
				return nesting.TooManyDigits(at(start, i+1))
			}
		}
	}
	return nil
}

// endOfString is the position behind a string of JSON that begins at start.
func endOfString(text []byte, start int) int {
	for i := start + 1; i < len(text); i++ {
		switch text[i] {
		case '\\':
			i++
		case '"':
			return i + 1
		case '\n':
			return i // which no string holds
		}
	}
	return len(text)
}

// nestedString refuses a string of JSON in which a template, or an expression where one is expected, is nested too deep.
func nestedString(quoted []byte, at hcl.Range) hcl.Diagnostics {
	if len(quoted) <= nesting.MaxDepth { // which cannot open as many
		return nil
	}
	var text string
	if json.Unmarshal(quoted, &text) != nil {
		return nil // the parser says what is wrong with it
	}
	for _, lex := range []nesting.Lexer{nesting.Template, nesting.Expression} {
		if diags := nesting.Check(lex, []byte(text), at.Filename, at.Start); diags.HasErrors() {
			return nesting.TooDeep(at)
		}
	}
	return nil
}

// errNested is for documents that a function is given.
var errNested = fmt.Errorf("the text is nested deeper than %d levels, or holds a number longer than %d characters", nesting.MaxDepth, nesting.MaxDigits)

// shallowJSON refuses JSON for jsondecode.
func shallowJSON(text string) error {
	if nestedJSON([]byte(text), "").HasErrors() {
		return errNested
	}
	return nil
}

// maxAliases is how many values the aliases of a YAML document may stand for. Each can stand for several others.
const maxAliases = 1_000_000

// shallowYAML refuses YAML for yamldecode.
func shallowYAML(text string) error {
	var document yaml.Node
	if err := yaml.Unmarshal([]byte(text), &document); err != nil {
		return errors.New("the text is not YAML: " + strings.TrimPrefix(err.Error(), "yaml: "))
	}
	written, err := (yamlScale{}).weigh(&document, 0)
	if err == nil && written.size > len(text)+maxAliases {
		err = fmt.Errorf("its aliases stand for more than %d values", maxAliases)
	}
	return err
}

// yamlScale weighs the nodes of a YAML document as they are when written out.
type yamlScale map[*yaml.Node]yamlWeight

type yamlWeight struct{ size, height int }

func (y yamlScale) weigh(n *yaml.Node, depth int) (yamlWeight, error) {
	switch {
	case depth > nesting.MaxDepth || len(n.Value) > nesting.MaxDigits && strings.Trim(n.Value, "0123456789.eE+-_") == "":
		return yamlWeight{}, errNested
	case n.Kind == yaml.AliasNode:
		return y.weigh(n.Alias, depth+1)
	}
	if known, ok := y[n]; ok {
		return known, nil
	}
	w := yamlWeight{size: 1, height: 1}
	for _, part := range n.Content {
		inner, err := y.weigh(part, depth+1)
		if err == nil && inner.height >= nesting.MaxDepth {
			err = errNested
		}
		if err != nil {
			return yamlWeight{}, err
		}
		w.size, w.height = min(w.size+inner.size, 1<<40), max(w.height, inner.height+1)
	}
	y[n] = w
	return w, nil
}
