package schema

import (
	"strconv"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"
)

// Places says where each part of a kind stands in its setting file. A part is the path of arguments, blocks and labels that
// leads to it, joined by dots: phase, write.path, attribute.port.codec. Entries of a list have their index at the end, entries
// of a map their key, and the second and later blocks of a type without labels their index: attribute.port.elements.1,
// attribute.port.when.enabled, document.1.path.
type Places map[string]hcl.Range

// add puts everything below a body into the places. Bodies of another syntax have none.
func (p Places) add(prefix string, body hcl.Body) {
	native, ok := body.(*hclsyntax.Body)
	if !ok {
		return
	}
	for _, a := range native.Attributes {
		part := prefix + a.Name
		p[part] = a.Expr.Range()
		if entries, diags := hcl.ExprList(a.Expr); !diags.HasErrors() {
			for i, entry := range entries {
				p[part+"."+strconv.Itoa(i)] = entry.Range()
			}
		}
		if pairs, diags := hcl.ExprMap(a.Expr); !diags.HasErrors() {
			for _, pair := range pairs {
				if key, diags := pair.Key.Value(nil); !diags.HasErrors() && key.Type() == cty.String {
					p[part+"."+key.AsString()] = pair.Key.Range()
				}
			}
		}
	}
	count := map[string]int{}
	for _, b := range native.Blocks {
		part := prefix + strings.Join(append([]string{b.Type}, b.Labels...), ".")
		n := count[part]
		count[part]++
		if n > 0 {
			part += "." + strconv.Itoa(n)
		}
		p[part] = b.DefRange()
		p.add(part+".", b.Body)
	}
}

// Place is where a part of the kind stands: the value, or the next thing around it that the file has.
func (k *Kind) Place(part string) hcl.Range {
	for part != "" {
		if at, ok := k.Places[part]; ok {
			return at
		}
		part = part[:max(strings.LastIndexByte(part, '.'), 0)]
	}
	return k.Range
}
