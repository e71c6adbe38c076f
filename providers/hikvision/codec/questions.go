package codec

import (
	"slices"
	"strings"

	"github.com/zclconf/go-cty/cty"

	"camform/providers/hikvision/document"
	"camform/providers/hikvision/xmlpatch"
)

// decodeQuestions reads the numbers of the questions that are marked as chosen.
func decodeQuestions(f document.Field) (cty.Value, error) {
	offered := f.Doc.All(f.Item.Join(QuestionEntries))
	if len(offered) == 0 {
		return f.Null(), nil
	}
	chosen := []cty.Value{}
	for _, question := range offered {
		id, _ := question.Find(QuestionID)
		if mark, _ := question.Find(questionMark); strings.EqualFold(mark.Text(), "true") {
			chosen = append(chosen, cty.StringVal(id.Text()))
		}
	}
	if len(chosen) == 0 {
		return cty.ListValEmpty(cty.String), nil
	}
	return cty.ListVal(chosen), nil
}

// sameQuestions compares without regard to the order.
func sameQuestions(want, have cty.Value) bool {
	a, b := TextsOf(want), TextsOf(have)
	slices.Sort(a)
	slices.Sort(b)
	return slices.Equal(a, b)
}

// The questions that a device offers, and their numbers.
var (
	QuestionEntries = xmlpatch.MustPath("QuestionList/Question")
	QuestionID      = xmlpatch.MustPath("id")
	questionMark    = xmlpatch.MustPath("mark")
)
