package simulator

import (
	"bytes"
	"encoding/json"
	"net/http"

	"camform/providers/device"
)

// questionsToAnswer is how many security questions a user has to choose.
const questionsToAnswer = 3

// prepare makes of a request the write that it stands for: in plain text, confirmed with the password of who makes it where
// the document wants that, and with answers turned into what is shown of them.
func (d *Device) prepare(q request, by *device.Account) (request, refusal) {
	q, no := d.plain(q, by)
	have, _ := d.stored(q.path)
	switch {
	case no != nil || q.method != http.MethodPut || d.model.recorded || bytes.Equal(have.body, q.body):
		return q, no
	case q.path == questionsPath:
		return d.answerQuestions(q, have.body, by)
	case q.path == emailPath:
		return q, d.confirmEmail(q, by)
	}
	return q, nil
}

// answerQuestions turns the answers to three questions into the marks that GET shows. The answers are not kept.
func (d *Device) answerQuestions(q request, have []byte, by *device.Account) (request, refusal) {
	want, errWant := scan(q.body)
	shown, errShown := scan(have)
	if errWant != nil || errShown != nil {
		return q, nil // for others to refuse
	}
	if no := d.confirm(q, want.value("password"), by); no != nil {
		return q, no
	}
	list := want.child("QuestionList")
	chosen := make(map[string]bool)
	answers := make(map[string]bool)
	for _, question := range list.items() {
		if question.value("answer") == "" {
			return q, d.refuse(parametersLack).about("answer")
		}
		if known := itemWithID(shown.child("QuestionList"), question.value("id")); known != nil {
			chosen[known.value("id")] = true
		}
		answers[question.value("answer")] = true
	}
	switch {
	case len(list.items()) != questionsToAnswer || len(chosen) != questionsToAnswer:
		return q, d.refuse(wrongQuestions)
	case len(answers) != questionsToAnswer:
		return q, d.refuse(sameAnswer)
	}
	var edits []edit
	for _, question := range shown.child("QuestionList").items() {
		mark := "false"
		if chosen[question.value("id")] {
			mark = "true"
		}
		edits = append(edits, question.child("mark").setText(have, mark))
	}
	q.body = apply(have, edits)
	return q, nil
}

// confirmEmail checks the password that goes with a write of the e-mail addresses for recovery.
func (d *Device) confirmEmail(q request, by *device.Account) refusal {
	var sent struct {
		SecurityEmail struct {
			Password string `json:"password"`
		}
	}
	if json.Unmarshal(q.body, &sent) != nil {
		return nil // for others to refuse
	}
	return d.confirm(q, sent.SecurityEmail.Password, by)
}

// confirm refuses a write without the password of who makes it. A wrong one counts as a failed login.
func (d *Device) confirm(q request, password string, by *device.Account) refusal {
	switch {
	case password == "":
		return d.refuse(parametersLack).about("password")
	case !same(password, by.Password):
		d.failed(q, by.Name)
		return d.refuse(wrongAdminPassword)
	}
	return nil
}

// testLogServer answers a test of a log server: it is always there.
func (d *Device) testLogServer(q request) result {
	root, err := scan(q.body)
	switch {
	case err != nil:
		return *d.refuse(badXMLFormat)
	case root.name != "LogServerTestDescription":
		return *d.refuse(badXMLContent).about(root.name)
	case root.value("ipAddress") == "" && root.value("hostName") == "":
		return *d.refuse(parametersLack).about("ipAddress")
	}
	return result{http: http.StatusOK, code: ok}
}
