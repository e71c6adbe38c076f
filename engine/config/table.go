package config

import (
	"errors"
	"fmt"
	"strings"

	"github.com/zclconf/go-cty/cty"
	"github.com/zclconf/go-cty/cty/function"
	"github.com/zclconf/go-cty/cty/function/stdlib"
)

// Table returns the text of a table without the byte order mark that spreadsheets write, which would become a part of the first column's
// name. It returns an error for a table whose columns are separated by semicolons or tabs, as spreadsheets do in many languages, and for
// one that is not UTF-8.
func Table(text string) (string, error) {
	text = strings.TrimPrefix(text, "\uFEFF")
	header, _, _ := strings.Cut(text, "\n")
	for _, other := range []struct{ sign, name string }{{";", "semicolons"}, {"\t", "tabs"}} {
		if strings.Contains(header, other.sign) && !strings.Contains(header, ",") {
			return "", fmt.Errorf("the columns are separated by %s instead of commas, as spreadsheets do in some languages; save the table as CSV with commas "+
				"(in Excel: \"CSV UTF-8 (Comma delimited)\")", other.name)
		}
	}
	if strings.ContainsRune(header, 0) {
		return "", errors.New("the table is not UTF-8; save it as CSV UTF-8")
	}
	return text, nil
}

// csvDecodeFunc is csvdecode, which also reads the tables that spreadsheets write.
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

// tableIn returns the arguments of csvdecode with the text that Table makes of it. An unknown one stays as it is.
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
