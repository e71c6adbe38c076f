package learn

import (
	"bytes"
	"cmp"
	"fmt"
	"strings"

	"github.com/hashicorp/hcl/v2/hclwrite"

	"camform/providers"
)

// Found is a device that somebody found and nobody has read.
type Found struct {
	Address  string // URL
	Identity providers.Identity
	Remarks  []string
}

// Blocks writes a block for each device that was found, with where it is and who it says to be. A login is left to the person who
// knows one. Taken are the names of device blocks that exist already.
func Blocks(found []Found, taken []string) []byte {
	names := identifiers{}
	for _, name := range taken {
		names[name] = true
	}
	var b bytes.Buffer
	for _, f := range found {
		separate(&b)
		for _, remark := range f.Remarks {
			fmt.Fprintf(&b, "# %s\n", oneLine(remark))
		}
		fmt.Fprintf(&b, "device %s {\naddress = %s\n", quoted(names.take(cmp.Or(identifier(f.Identity.Model), "device"))), quoted(f.Address))
		var identity strings.Builder
		for _, fact := range []struct{ name, text string }{{"serial", f.Identity.Serial}, {"mac", f.Identity.MAC}} {
			if fact.text != "" {
				fmt.Fprintf(&identity, "%s = %s\n", fact.name, quoted(fact.text))
			}
		}
		if identity.Len() > 0 {
			fmt.Fprintf(&b, "\nidentity {\n%s}\n", identity.String())
		}
		b.WriteString("}\n")
	}
	return hclwrite.Format(b.Bytes())
}
