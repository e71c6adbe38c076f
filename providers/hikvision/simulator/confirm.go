package simulator

import (
	"bytes"
	"encoding/json"
	"net/http"
)

// questionsToAnswer is how many security questions a user has to choose.
const questionsToAnswer = 3

// prepare makes of a request the write that it stands for: in plain text, confirmed with the password of who makes it where
// the document wants that, and with answers turned into what is shown of them.
func (w *write) prepare() refusal {
	no := w.plain()
	have, _ := w.unit.stored(w.q.path)
	switch {
	case no != nil || w.q.method != http.MethodPut || w.unit.model.recorded || bytes.Equal(have.body, w.q.body):
		return no
	case w.q.path == questionsPath:
		return w.answerQuestions(have.body)
	case w.q.path == emailPath:
		return w.confirmEmail()
	case w.q.path == loginLimitPath:
		return w.confirmLoginLimit()
	}
	return nil
}

// answerQuestions turns the answers to three questions into the marks that GET shows. Of the answers digests are kept.
func (w *write) answerQuestions(have []byte) refusal {
	want, errWant := scan(w.q.body)
	shown, errShown := scan(have)
	if errWant != nil || errShown != nil {
		return nil // for others to refuse
	}
	if no := w.confirm(want.value("password"), "password", wrongAdminPassword); no != nil {
		return no
	}
	list := want.child("QuestionList")
	chosen := make(map[string]bool)
	answers := make(map[string]bool)
	w.keeps.answers = make(map[string]string)
	for _, question := range list.items() {
		if question.value("answer") == "" {
			return w.unit.model.refuse(parametersLack).about("answer")
		}
		if known := itemWithID(shown.child("QuestionList"), question.value("id")); known != nil {
			chosen[known.value("id")] = true
			w.keeps.answers[known.value("id")] = custody{w.unit}.digest(known.value("id"), question.value("answer"))
		}
		answers[question.value("answer")] = true
	}
	switch {
	case len(list.items()) != questionsToAnswer || len(chosen) != questionsToAnswer:
		return w.unit.model.refuse(wrongQuestions)
	case len(answers) != questionsToAnswer:
		return w.unit.model.refuse(sameAnswer)
	}
	var edits []edit
	for _, question := range shown.child("QuestionList").items() {
		mark := "false"
		if chosen[question.value("id")] {
			mark = "true"
		}
		edits = append(edits, question.child("mark").setText(have, mark))
	}
	w.q.body = apply(have, edits)
	return nil
}

// confirmEmail checks the password that goes with a write of the e-mail addresses for recovery.
func (w *write) confirmEmail() refusal {
	var sent struct {
		SecurityEmail struct {
			Password string `json:"password"`
		}
	}
	if json.Unmarshal(w.q.body, &sent) != nil {
		return nil // for others to refuse
	}
	w.keeps.emails = w.unit.recovery.reservedEmails(w.q.body)
	return w.confirm(sent.SecurityEmail.Password, "password", wrongAdminPassword)
}

// confirmLoginLimit checks the password of the administrator that goes with a change of how many may log in at once.
func (w *write) confirmLoginLimit() refusal {
	var sent struct {
		LoginLinkNum struct {
			AdminPassword string `json:"adminPassword"`
		}
	}
	if json.Unmarshal(w.q.body, &sent) != nil {
		return nil // for others to refuse
	}
	return w.confirm(sent.LoginLinkNum.AdminPassword, "adminPassword", wrongAdminPassword)
}

// confirm refuses a write without the password of who makes it, which came in an element. A wrong one counts as a failed
// login.
func (w *write) confirm(password, element string, wrong subCode) refusal {
	switch {
	case password == "":
		return w.unit.model.refuse(parametersLack).about(element)
	case !same(password, w.by.Password):
		w.unit.failed(w.q, w.by.Name)
		return w.unit.model.refuse(wrong)
	}
	return nil
}

// testLogServer answers a test of a log server: it is always there.
func (b *blueprint) testLogServer(q request) result {
	root, err := scan(q.body)
	switch {
	case err != nil:
		return *b.refuse(badXMLFormat)
	case root.name != "LogServerTestDescription":
		return *b.refuse(badXMLContent).about(root.name)
	case root.value("ipAddress") == "" && root.value("hostName") == "":
		return *b.refuse(parametersLack).about("ipAddress")
	}
	return result{http: http.StatusOK, code: ok}
}
