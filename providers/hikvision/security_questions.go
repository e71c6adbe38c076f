package hikvision

import (
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/zclconf/go-cty/cty"

	"camform/providers"
	"camform/providers/hikvision/xmlpatch"
	"camform/schema"
)

// Devices want answers to exactly three questions.
const answeredQuestions = 3

const questionsAttribute = "questions"

var (
	questionEntries = xmlpatch.MustPath("QuestionList/Question")
	questionID      = xmlpatch.MustPath("id")
	questionMark    = xmlpatch.MustPath("mark")
	questionAnswer  = xmlpatch.MustPath("answer")
	questionConfirm = xmlpatch.MustPath("password")
)

// answerTo is the attribute with the answer to the nth question, counted from 1.
func answerTo(n int) string { return "answer_" + strconv.Itoa(n) }

// decodeQuestions reads the numbers of the questions that are marked as chosen.
func decodeQuestions(f field) (cty.Value, error) {
	offered := f.doc.All(f.item.Join(questionEntries))
	if len(offered) == 0 {
		return f.null(), nil
	}
	chosen := []cty.Value{}
	for _, question := range offered {
		id, _ := question.Find(questionID)
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
	a, b := textsOf(want), textsOf(have)
	slices.Sort(a)
	slices.Sort(b)
	return slices.Equal(a, b)
}

// checkQuestions wants three questions that the device has, and all answers.
func checkQuestions(_ *schema.Kind, at place, _ string, want cty.Value) []providers.AttributeError {
	if want.IsNull() {
		return about("", sentence("This device does not let it be removed."))
	}
	questions := want.GetAttr(questionsAttribute)
	if !questions.IsWhollyKnown() {
		return nil
	}
	var wrong []providers.AttributeError
	if questions.IsNull() {
		wrong = about(questionsAttribute, sentence("Devices take answers only together with the numbers of their questions."))
	} else {
		wrong = about(questionsAttribute, at.impossible(textsOf(questions)))
	}
	answers := map[string]bool{}
	for n := range answeredQuestions {
		name := answerTo(n + 1)
		switch answer := want.GetAttr(name); {
		case answer.IsNull():
			wrong = append(wrong, about(name, sentence("Devices take all answers at once, also those that stay the same."))...)
		case !answer.IsKnown():
		case answers[answer.AsString()]:
			wrong = append(wrong, about(name, sentence("Another question has the same answer, which devices refuse."))...)
		default:
			answers[answer.AsString()] = true
			wrong = append(wrong, about(name, at.checkAnswer(answer.AsString()))...)
		}
	}
	return wrong
}

// impossible says why the numbers are not those of three questions of the device.
func (at place) impossible(questions []string) []string {
	var offered []string
	for _, question := range at.doc.All(questionEntries) {
		id, _ := question.Find(questionID)
		offered = append(offered, id.Text())
	}
	unique := slices.Compact(slices.Sorted(slices.Values(questions)))
	if len(questions) != answeredQuestions || len(unique) != answeredQuestions {
		return sentence("Devices want %d different questions.", answeredQuestions)
	}
	for _, id := range unique {
		if !slices.Contains(offered, id) {
			return sentence("This device has the questions %s, not %s.", list(offered), show(id))
		}
	}
	return nil
}

// checkAnswer never shows the answer.
func (at place) checkAnswer(answer string) []string {
	element, _ := at.limits.element(questionEntries, questionAnswer)
	if l := limitOf(element); !l.allows(int64(len(answer))) {
		return sentence("The answer has %s; this device takes %s.", bytesOf(answer), l.bounds())
	}
	return nil
}

// composeQuestions makes the one request that devices take: three questions with their answers, and the password of the
// login. It is not an edit of the document, which lists all questions there are and no answers.
func composeQuestions(at place, c providers.Composition) ([]providers.Request, error) {
	change := c.Changes[0]
	if wrong := checkQuestions(change.Kind, at, change.Key, change.After); len(wrong) > 0 {
		return nil, refused(change, wrong[0])
	}
	entry := "<Question><id></id><answer></answer></Question>"
	body, err := standalone(at.doc, []byte("<SecurityQuestion><QuestionList>"+strings.Repeat(entry, answeredQuestions)+
		"</QuestionList><password></password></SecurityQuestion>"), nil)
	if err != nil {
		return nil, err
	}
	doc, err := xmlpatch.Parse(body)
	if err != nil {
		return nil, inFamily(err)
	}
	for i, id := range textsOf(change.After.GetAttr(questionsAttribute)) {
		question := questionEntries.At(i + 1)
		if err := doc.Set(question.Join(questionID), id); err != nil {
			return nil, inFamily(err)
		}
		if err := doc.Set(question.Join(questionAnswer), change.After.GetAttr(answerTo(i+1)).AsString()); err != nil {
			return nil, inFamily(err)
		}
	}
	if err := doc.Set(questionConfirm, c.Login.Password.Reveal()); err != nil {
		return nil, inFamily(err)
	}
	return []providers.Request{{Method: http.MethodPut, Path: at.Path, Body: doc.Bytes(), Keys: []providers.Key{keyOf(change)}}}, nil
}
