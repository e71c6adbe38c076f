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
	if len(f.Doc.All(QuestionEntries)) == 0 {
		return f.Null(), nil
	}
	chosen := []cty.Value{}
	for _, id := range ChosenQuestions(f.Doc) {
		chosen = append(chosen, cty.StringVal(id))
	}
	if len(chosen) == 0 {
		return cty.ListValEmpty(cty.String), nil
	}
	return cty.ListVal(chosen), nil
}

// ChosenQuestions returns the numbers of the questions that a document marks as chosen, in its order.
func ChosenQuestions(doc *xmlpatch.Document) (chosen []string) {
	for _, question := range doc.All(QuestionEntries) {
		id, _ := question.Find(QuestionID)
		if mark, _ := question.Find(questionMark); strings.EqualFold(mark.Text(), "true") {
			chosen = append(chosen, id.Text())
		}
	}
	return chosen
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
