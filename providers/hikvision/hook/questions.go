package hook

import (
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/zclconf/go-cty/cty"

	"camform/providers"
	"camform/providers/hikvision/codec"
	"camform/providers/hikvision/document"
	"camform/providers/hikvision/xmlpatch"
	"camform/schema"
)

// Devices want answers to exactly three questions.
const answeredQuestions = 3

const questionsAttribute = "questions"

var (
	questionAnswer  = xmlpatch.MustPath("answer")
	questionConfirm = xmlpatch.MustPath("password")
)

// answerTo is the attribute with the answer to the nth question, counted from 1.
func answerTo(n int) string { return "answer_" + strconv.Itoa(n) }

// checkQuestions wants three questions that the device has, and all answers.
func checkQuestions(_ *schema.Kind, at document.Place, _ string, want cty.Value) []providers.AttributeError {
	if want.IsNull() {
		return document.About("", document.Sentence("This device does not allow its removal."))
	}
	questions := want.GetAttr(questionsAttribute)
	if !questions.IsWhollyKnown() {
		return nil
	}
	var wrong []providers.AttributeError
	if answered := answeredIn(at, want); len(answered) == 0 {
		wrong = document.About(questionsAttribute, document.Sentence("Devices accept answers only together with the numbers of their questions."))
	} else {
		wrong = document.About(questionsAttribute, impossible(at, answered))
	}
	answers := map[schema.Secret]bool{}
	for n := range answeredQuestions {
		name := answerTo(n + 1)
		value := want.GetAttr(name)
		switch answer, known := schema.SecretIn(value); {
		case value.IsNull():
			wrong = append(wrong, document.About(name, document.Sentence("Devices accept only all answers at once, including those that stay the same."))...)
		case !known:
		case answers[answer]:
			wrong = append(wrong, document.About(name, document.Sentence("Another question has the same answer, which devices reject."))...)
		default:
			answers[answer] = true
			wrong = append(wrong, document.About(name, checkAnswer(at, answer.Reveal()))...)
		}
	}
	return wrong
}

// answeredIn are the numbers of the questions whose answers a change has: those that it wants, else those that the device has.
func answeredIn(at document.Place, want cty.Value) []string {
	if questions := want.GetAttr(questionsAttribute); !questions.IsNull() {
		return codec.TextsOf(questions)
	}
	return codec.ChosenQuestions(at.Doc)
}

// impossible says why the numbers are not those of three questions of the device.
func impossible(at document.Place, questions []string) []string {
	var offered []string
	for _, question := range at.Doc.All(codec.QuestionEntries) {
		id, _ := question.Find(codec.QuestionID)
		offered = append(offered, id.Text())
	}
	unique := slices.Compact(slices.Sorted(slices.Values(questions)))
	if len(questions) != answeredQuestions || len(unique) != answeredQuestions {
		return document.Sentence("Devices require %d different questions.", answeredQuestions)
	}
	for _, id := range unique {
		if !slices.Contains(offered, id) {
			return document.Sentence("This device has the questions %s, not %s.", document.List(offered), document.Show(id))
		}
	}
	return nil
}

// checkAnswer never shows the answer.
func checkAnswer(at document.Place, answer string) []string {
	element, _ := at.Limits.Element(codec.QuestionEntries, questionAnswer)
	if l := document.LimitOf(element); !l.Allows(int64(len(answer))) {
		return document.Sentence("The answer has %s; this device accepts %s.", codec.BytesOf(answer), l.Bounds())
	}
	return nil
}

// composeQuestions makes the one request that devices take: three questions with their answers, and the password of the
// login. It is not an edit of the document, which lists all questions there are and no answers.
func composeQuestions(at document.Place, c providers.Composition) ([]providers.Request, error) {
	change := c.Changes[0]
	if wrong := checkQuestions(change.Kind, at, change.Key, change.After); len(wrong) > 0 {
		return nil, change.Refused(wrong[0], providers.ErrInvalid)
	}
	entry := "<Question><id></id><answer></answer></Question>"
	body, err := document.Standalone(at.Doc, []byte("<SecurityQuestion><QuestionList>"+strings.Repeat(entry, answeredQuestions)+
		"</QuestionList><password></password></SecurityQuestion>"), nil)
	if err != nil {
		return nil, err
	}
	doc, err := xmlpatch.Parse(body)
	if err != nil {
		return nil, document.InFamily(err)
	}
	for i, id := range answeredIn(at, change.After) {
		question := codec.QuestionEntries.At(i + 1)
		if err := doc.Set(question.Join(codec.QuestionID), id); err != nil {
			return nil, document.InFamily(err)
		}
		if err := doc.Set(question.Join(questionAnswer), schema.Reveal(change.After.GetAttr(answerTo(i+1))).AsString()); err != nil {
			return nil, document.InFamily(err)
		}
	}
	if err := doc.Set(questionConfirm, c.Login.Password.Reveal()); err != nil {
		return nil, document.InFamily(err)
	}
	return []providers.Request{{
		Method: http.MethodPut, Path: at.Path, Body: doc.Bytes(), Keys: []providers.Key{change.Item()}, Sensitive: change.Kind.Enciphers,
	}}, nil
}
