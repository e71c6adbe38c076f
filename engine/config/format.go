package config

import (
	"github.com/hashicorp/hcl/v2/hclwrite"

	"camform/engine/diag"
)

// Format brings the text of a file into canonical style: indentation and alignment as in Terraform. Files in JSON syntax
// are checked and come back as they are. Text that cannot be parsed comes back as it is too, with what is wrong.
func Format(filename string, text []byte) ([]byte, diag.Problems) {
	_, diags := newMeter().file(text, filename)
	problems := fromHCL(diags)
	if problems.HasErrors() || isJSON(filename) {
		return text, problems
	}
	return hclwrite.Format(text), problems
}
