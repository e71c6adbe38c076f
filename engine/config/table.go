package config

import (
	"errors"
	"fmt"
	"strings"

	"github.com/zclconf/go-cty/cty"
	"github.com/zclconf/go-cty/cty/function"
	"github.com/zclconf/go-cty/cty/function/stdlib"
)

// Table is the text of a table as csvdecode reads it. Spreadsheets put a mark of their encoding before the first column, which would be
// a part of its name, and in many languages they put no commas between columns: that is an error.
func Table(text string) (string, error) {
	text = strings.TrimPrefix(text, "\uFEFF")
	header, _, _ := strings.Cut(text, "\n")
	for _, other := range []struct{ sign, name string }{{";", "semicolons"}, {"\t", "tabs"}} {
		if strings.Contains(header, other.sign) && !strings.Contains(header, ",") {
			return "", fmt.Errorf("the columns have %s between them, as spreadsheets write them in some languages, and not commas; save the table again as CSV with commas, "+
				"such as \"CSV UTF-8 (comma delimited)\" in Excel", other.name)
		}
	}
	if strings.ContainsRune(header, 0) {
		return "", errors.New("the table is in another encoding than UTF-8; save it again as CSV UTF-8")
	}
	return text, nil
}

// csvDecodeFunc is csvdecode for tables that spreadsheets write.
var csvDecodeFunc = function.New(&function.Spec{
	Description: stdlib.CSVDecodeFunc.Description(), Params: stdlib.CSVDecodeFunc.Params(),
	Type: func(args []cty.Value) (cty.Type, error) {
		args, err := tableIn(args)
		if err != nil {
			return cty.NilType, function.NewArgError(0, err)
		}
		return stdlib.CSVDecodeFunc.ReturnTypeForValues(args)
	},
	Impl: func(args []cty.Value, _ cty.Type) (cty.Value, error) {
		args, err := tableIn(args)
		if err != nil {
			return cty.NilVal, function.NewArgError(0, err)
		}
		return stdlib.CSVDecodeFunc.Call(args)
	},
})

// tableIn are the arguments of csvdecode with the text as Table has it. One that is not known is left as it is.
func tableIn(args []cty.Value) ([]cty.Value, error) {
	arg, marks := args[0].Unmark()
	if arg.Type() != cty.String || !arg.IsKnown() || arg.IsNull() {
		return args, nil
	}
	text, err := Table(arg.AsString())
	if err != nil {
		return nil, err
	}
	return []cty.Value{cty.StringVal(text).WithMarks(marks)}, nil
}
