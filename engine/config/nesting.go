package config

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"go.yaml.in/yaml/v3"
)

// Parsers recurse into what is nested. The scans here find out first how deep that is, and recurse into nothing.

func isJSON(filename string) bool { return strings.HasSuffix(filename, ".json") }

// tooDeep is the diagnostic for what is nested deeper than it may be.
func tooDeep(at hcl.Range) hcl.Diagnostics {
	return hcl.Diagnostics{{
		Severity: hcl.DiagError, Summary: boundExceeded.summary, Subject: &at,
		Detail: fmt.Sprintf("What stands here is nested deeper than %d levels.", maxDepth),
	}}
}

// tooManyDigits is the diagnostic for a number that is longer than it may be.
func tooManyDigits(at hcl.Range) hcl.Diagnostics {
	return hcl.Diagnostics{{
		Severity: hcl.DiagError, Summary: boundExceeded.summary, Subject: &at,
		Detail: fmt.Sprintf("The number is longer than %d characters.", maxDigits),
	}}
}

// lexer is one of the lexers of HCL.
type lexer func(text []byte, filename string, start hcl.Pos) (hclsyntax.Tokens, hcl.Diagnostics)

var (
	lexFile       lexer = hclsyntax.LexConfig
	lexTemplate   lexer = hclsyntax.LexTemplate
	lexExpression lexer = hclsyntax.LexExpression
)

func nestedFile(text []byte, filename string) hcl.Diagnostics {
	return nested(lexFile, text, filename, hcl.InitialPos)
}

// nested refuses text in the native syntax in which brackets, signs, conditions or directives of templates are nested too
// deep, or a number is too long. What is wrong with the text otherwise is for the parser to say.
func nested(lex lexer, text []byte, filename string, start hcl.Pos) hcl.Diagnostics {
	tokens, _ := lex(text, filename, start)
	d := depth{levels: []level{{lines: true}}}
	for i, token := range tokens {
		if token.Type == hclsyntax.TokenNumberLit && len(token.Bytes) > maxDigits {
			return tooManyDigits(token.Range)
		}
		if d.take(token, tokens[i+1:]); d.total > maxDepth {
			return tooDeep(token.Range)
		}
	}
	return nil
}

// word is the first token that is no new line.
func word(tokens hclsyntax.Tokens) string {
	for _, t := range tokens {
		if t.Type != hclsyntax.TokenNewline {
			return string(t.Bytes)
		}
	}
	return ""
}

// depth counts what is open: brackets, and in each of them the signs and conditions into which a parser recurses.
type depth struct {
	levels []level
	total  int // of levels and all that is pending in them
}

// level is what an open bracket holds.
type level struct {
	pending int
	lines   bool // whether a new line ends an expression in it
}

// take counts a token, after which come others.
func (d *depth) take(token hclsyntax.Token, rest hclsyntax.Tokens) {
	switch token.Type {
	case hclsyntax.TokenOBrace:
		d.open(word(rest) != "for")
	case hclsyntax.TokenOBrack, hclsyntax.TokenOParen, hclsyntax.TokenTemplateInterp:
		d.open(false)
	case hclsyntax.TokenTemplateControl:
		switch word(rest) { // the directive itself stands in a level of its own
		case "if", "for":
			d.pend(1)
		case "endif", "endfor":
			d.pend(-1)
		}
		d.open(false)
	case hclsyntax.TokenCBrace, hclsyntax.TokenCBrack, hclsyntax.TokenCParen, hclsyntax.TokenTemplateSeqEnd:
		if last := len(d.levels) - 1; last > 0 {
			d.total -= d.levels[last].pending + 1
			d.levels = d.levels[:last]
		}
	case hclsyntax.TokenBang, hclsyntax.TokenMinus, hclsyntax.TokenQuestion:
		d.pend(1)
	case hclsyntax.TokenComma:
		d.pend(-d.total)
	case hclsyntax.TokenNewline:
		if d.levels[len(d.levels)-1].lines {
			d.pend(-d.total)
		}
	}
}

func (d *depth) open(lines bool) {
	d.levels = append(d.levels, level{lines: lines})
	d.total++
}

// pend counts something that ends with its level at the latest, or the end of as many.
func (d *depth) pend(n int) {
	last := &d.levels[len(d.levels)-1]
	n = max(n, -last.pending)
	last.pending += n
	d.total += n
}

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
			if open++; open > maxDepth {
				return tooDeep(at(i, i+1))
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
			if i-start > maxDigits {
				return tooManyDigits(at(start, i+1))
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
	if len(quoted) <= maxDepth { // which cannot open as many
		return nil
	}
	var text string
	if json.Unmarshal(quoted, &text) != nil {
		return nil // the parser says what is wrong with it
	}
	for _, lex := range []lexer{lexTemplate, lexExpression} {
		if diags := nested(lex, []byte(text), at.Filename, at.Start); diags.HasErrors() {
			return tooDeep(at)
		}
	}
	return nil
}

// errNested is for documents that a function is given.
var errNested = fmt.Errorf("the text is nested deeper than %d levels, or holds a number longer than %d characters", maxDepth, maxDigits)

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
	case depth > maxDepth || len(n.Value) > maxDigits && strings.Trim(n.Value, "0123456789.eE+-_") == "":
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
		if err == nil && inner.height >= maxDepth {
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
