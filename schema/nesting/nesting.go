// Package nesting finds out how deep text in the native syntax of HCL is nested, before a parser recurses into it: a stack
// overflow ends a Go program, and no parser of HCL has its own limit.
package nesting

import (
	"fmt"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
)

const (
	// MaxDepth is how deep expressions, blocks, documents and values may be nested. Parsers and evaluation recurse; at this
	// depth they use a few megabytes of stack. Hand-written text stays below 20.
	MaxDepth = 1000

	// MaxDigits is how many characters a number may have: the time to read one grows with their square.
	MaxDigits = 4096
)

// Summary is the summary of the diagnostics about bounds.
const Summary = "Bound exceeded"

// TooDeep is the diagnostic for what is nested deeper than it may be.
func TooDeep(at hcl.Range) hcl.Diagnostics {
	return hcl.Diagnostics{{
		Severity: hcl.DiagError, Summary: Summary, Subject: &at,
		Detail: fmt.Sprintf("The nesting here is deeper than %d levels.", MaxDepth),
	}}
}

// TooManyDigits is the diagnostic for a number that is longer than it may be.
func TooManyDigits(at hcl.Range) hcl.Diagnostics {
	return hcl.Diagnostics{{
		Severity: hcl.DiagError, Summary: Summary, Subject: &at,
		Detail: fmt.Sprintf("The number is longer than %d characters.", MaxDigits),
	}}
}

// Lexer is one of the lexers of HCL.
type Lexer func(text []byte, filename string, start hcl.Pos) (hclsyntax.Tokens, hcl.Diagnostics)

// The lexers, by what a text is.
var (
	File       Lexer = hclsyntax.LexConfig
	Template   Lexer = hclsyntax.LexTemplate
	Expression Lexer = hclsyntax.LexExpression
)

// Check refuses text in the native syntax in which brackets, signs, conditions or directives of templates are nested too
// deep, or a number is too long. What is wrong with the text otherwise is for the parser to say.
func Check(lex Lexer, text []byte, filename string, start hcl.Pos) hcl.Diagnostics {
	tokens, _ := lex(text, filename, start)
	d := depth{levels: []level{{lines: true}}}
	for i, token := range tokens {
		if token.Type == hclsyntax.TokenNumberLit && len(token.Bytes) > MaxDigits {
			return TooManyDigits(token.Range)
		}
		if d.take(token, tokens[i+1:]); d.total > MaxDepth {
			return TooDeep(token.Range)
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
