package advisory

import (
	"fmt"
	"regexp"
	"strings"
)

// fit is how well a model fits a pattern.
type fit int

// The fits, from the worst to the best.
const (
	differs   fit = iota
	resembles     // it is of the same series, or nearly
	belongs       // it is the pattern with a suffix for lens, region or ports
	equals
)

// model is the name of a model, in capitals and without brackets, which devices show and patterns have as "may be missing".
type model struct {
	name  string
	plain string // without the number of its ports: DS-7608NXI-I2/S for DS-7608NXI-I2/8P/S
}

var portCount = regexp.MustCompile(`/\d+P`)

func newModel(name string) model {
	name = strings.NewReplacer("(", "", ")", "").Replace(strings.ToUpper(strings.TrimSpace(name)))
	return model{name, portCount.ReplaceAllString(name, "")}
}

// of reports whether one of some patterns equals the model.
func (m model) of(patterns []pattern) bool { return m.fits(patterns) == equals }

// fits is how well the model fits the best of some patterns.
func (m model) fits(patterns []pattern) fit {
	best := differs
	for _, p := range patterns {
		best = max(best, p.fit(m))
	}
	return best
}

// resembling is the pattern of the products that the model resembles.
func (p products) resembling(m model) string {
	for _, pattern := range p.models {
		if pattern.fit(m) == resembles {
			return pattern.text
		}
	}
	return ""
}

// pattern stands for models, as records of advisories write them:
//
//	x       any letter or digit
//	*       any text
//	(A)     A, or nothing
//	(A|B)   A, B, or nothing
//
// Capitals stand for themselves, so that NXI has an X.
type pattern struct {
	text   string
	whole  *regexp.Regexp // models that equal it
	suffix *regexp.Regexp // with a suffix for lens or region; nil where the pattern has a suffix itself
	loose  *regexp.Regexp // models that resemble it
}

var (
	patternText = regexp.MustCompile(`^[A-Za-z0-9*()|/_.-]+$`)
	wildcards   = regexp.MustCompile(`(?:\[0-9A-Z\])+`)
)

// parsePattern reads a pattern. Resembling is what has the same series, up to the second dash, with any number of characters in
// place of x.
func parsePattern(text string) (pattern, error) {
	if !patternText.MatchString(text) {
		return pattern{}, fmt.Errorf("%q is not a pattern for models", text)
	}
	whole := regexpOf(text)
	series := text
	parts := strings.SplitN(text, "-", 3)
	if len(parts) == 3 {
		series = parts[0] + "-" + parts[1]
	}
	p := pattern{text: text}
	var err error
	if p.whole, err = regexp.Compile("^" + whole + "$"); err != nil {
		return pattern{}, fmt.Errorf("%q is not a pattern for models: a bracket is not closed", text)
	}
	if len(parts) < 3 {
		p.suffix = regexp.MustCompile("^" + whole + `(?:-[A-Z][0-9A-Z]*)?(?:/[A-Z][0-9A-Z]*)*$`)
	}
	loose := wildcards.ReplaceAllLiteralString(regexpOf(series), "[0-9A-Z]*")
	if p.loose, err = regexp.Compile("^" + loose + `[A-Z]*(?:[-/_.].*)?$`); err != nil {
		return pattern{}, fmt.Errorf("%q is not a pattern for models: a dash is inside brackets", text)
	}
	return p, nil
}

// regexpOf writes a pattern as a regular expression without ends.
func regexpOf(text string) string {
	var b strings.Builder
	for _, r := range text {
		switch r {
		case 'x':
			b.WriteString("[0-9A-Z]")
		case '*':
			b.WriteString(".*")
		case '(':
			b.WriteString("(?:")
		case ')':
			b.WriteString(")?")
		case '|':
			b.WriteRune(r)
		default:
			b.WriteString(regexp.QuoteMeta(strings.ToUpper(string(r))))
		}
	}
	return b.String()
}

func (p pattern) fit(m model) fit {
	switch {
	case p.whole.MatchString(m.name):
		return equals
	case p.whole.MatchString(m.plain) || p.suffix != nil && p.suffix.MatchString(m.plain):
		return belongs
	case p.loose.MatchString(m.name):
		return resembles
	}
	return differs
}
