package learn

import (
	"strconv"
	"strings"
	"unicode"

	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"
)

// identifiers are names that are taken.
type identifiers map[string]bool

// take returns name, or name with the first number behind it that makes it free, and takes it.
func (taken identifiers) take(name string) string {
	free := name
	for n := 2; taken[free]; n++ {
		free = name + "-" + strconv.Itoa(n)
	}
	taken[free] = true
	return free
}

// identifier makes a name of a text: letters and digits in lower case, and a dash for whatever is between them. It is empty
// if the text begins with no letter.
func identifier(text string) string {
	words := strings.FieldsFunc(strings.ToLower(text), func(r rune) bool {
		return r != '_' && !unicode.IsLetter(r) && !unicode.IsDigit(r)
	})
	name := cty.NormalizeString(strings.Join(words, "-"))
	if !hclsyntax.ValidIdentifier(name) {
		return ""
	}
	return name
}

// word makes a part of a variable of the environment, or of the name of a column, of a text.
func word(text string) string {
	clean := func(r rune) rune {
		if r < unicode.MaxASCII && (unicode.IsLetter(r) || unicode.IsDigit(r)) {
			return r
		}
		return '_'
	}
	return strings.Map(clean, text)
}

// leastPrefix is how much names of models must have in common to name a family: DS-2CD, but not DS-.
const leastPrefix = 5

// common names what devices have in common: their model, the beginning of their models, or their site. It is empty if
// there is nothing of the kind.
func (c *collection) common(devices []int) string {
	first := &c.devices[devices[0]]
	model, site := first.Identity.Model, first.Site
	for _, i := range devices[1:] {
		d := &c.devices[i]
		model = commonPrefix(model, d.Identity.Model)
		if d.Site != site {
			site = ""
		}
	}
	if model != first.Identity.Model && len(model) < leastPrefix {
		model = ""
	}
	if name := identifier(model); name != "" {
		return name
	}
	return identifier(site)
}

func commonPrefix(a, b string) string {
	n := 0
	for n < len(a) && n < len(b) && a[n] == b[n] {
		n++
	}
	return strings.ToValidUTF8(a[:n], "")
}
