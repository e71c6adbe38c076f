package simulator_test

import (
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"camform/providers/hikvision/simulator"
)

// putJSON writes a JSON document and demands the sub code.
func (c *client) putJSON(path, body, code string) answer {
	c.t.Helper()
	a := c.do(http.MethodPut, path, body)
	if a.err != nil || !strings.Contains(a.body, `"subStatusCode":"`+code+`"`) {
		c.t.Fatalf("PUT %s: want %s, have %d %v\n%s", path, code, a.status, a.err, a.body)
	}
	return a
}

func TestJSONIsChangedInPlace(t *testing.T) {
	f, d := one(t, "thermal-v55", time.Now)
	c := connect(t, f, d, "admin", password)
	before := c.get(advanced)
	c.putJSON(advanced, `{"SecurityAdvanced":{"noOperationTime":30}}`, "ok")
	if got, want := c.get(advanced), edit(t, before, ": 10", ": 30"); got != want {
		t.Errorf("have\n%s\nwant\n%s", got, want)
	}
	c.putJSON(advanced, before, "ok")
	if got := c.get(advanced); got != before {
		t.Errorf("have\n%s\nwant\n%s", got, before)
	}
	if err := d.SetDocument(advanced, []byte(`{"SecurityAdvanced":{}}`)); err != nil || c.get(advanced) != `{"SecurityAdvanced":{}}` || len(d.Document(advanced)) != 23 {
		t.Errorf("%v: %s", err, c.get(advanced))
	}
}

func TestAJSONDocumentIsListedOnce(t *testing.T) {
	f, d := one(t, "thermal-v55", time.Now)
	before := d.Documents()
	connect(t, f, d, "admin", password).putJSON(advanced, `{"SecurityAdvanced":{"noOperationTime":30}}`, "ok")
	if after := d.Documents(); !slices.Equal(before, after) {
		t.Errorf("have %q, want %q", after, before)
	}
}

func TestJSONIsChecked(t *testing.T) {
	f, d := one(t, "camera-v58", time.Now)
	c := connect(t, f, d, "admin", password)
	before := c.get(advanced)
	for body, code := range map[string]string{
		`{"SecurityAdvanced":{"noOperationTime":61}}`:                  "badParameters",
		`{"SecurityAdvanced":{"noOperationTime":0}}`:                   "badParameters",
		`{"SecurityAdvanced":{"noOperationTime":"30"}}`:                "badParameters",
		`{"SecurityAdvanced":{"noOperationEnabled":1}}`:                "badParameters",
		`{"SecurityAdvanced":{"colour":"red"}}`:                        "badJsonContent",
		`{"Other":{}}`:                                                 "badJsonContent",
		`{"SecurityAdvanced":30}`:                                      "badParameters",
		`{"SecurityAdvanced":{"noOperationTime":{"a":1}}}`:             "badParameters",
		`{"SecurityAdvanced":`:                                         "badJsonFormat",
		`{"SecurityAdvanced":{}}{}`:                                    "badJsonFormat",
		`<SecurityAdvanced/>`:                                          "badJsonFormat",
		``:                                                             "badJsonFormat",
		`{"SecurityAdvanced":{"noOperationTime":30,"noOperationTime"}`: "badJsonFormat",
	} {
		c.putJSON(advanced, body, code)
	}
	if got := c.get(advanced); got != before {
		t.Errorf("a refused write changed the document:\n%s", got)
	}
}

func TestJSONWantsItsQuery(t *testing.T) {
	everyModel(t, func(t *testing.T, f *simulator.Fleet, d *simulator.Device, _ *made) {
		c := connect(t, f, d, "admin", password)
		for _, path := range d.Documents() {
			bare, isJSON := strings.CutSuffix(path, "?format=json")
			if !isJSON {
				continue
			}
			if a := c.do(http.MethodGet, bare, ""); a.status == http.StatusOK || !strings.Contains(a.body, "<ResponseStatus") {
				t.Errorf("%s: %d\n%s", bare, a.status, a.body)
			}
			if writable(path) {
				c.put(bare, c.get(path), "badXmlFormat")
			}
		}
	})
}

func TestAddressesForRecoveryAreMasked(t *testing.T) {
	f, d := one(t, "camera-v57", time.Now)
	c := connect(t, f, d, "admin", password)
	sent := func(secret string) string {
		return `{"SecurityEmail":{"password":"` + secret + `","SecurityInformation":[{"emailAddress":"keeper@example.com"},{"emailAddress":"b****@example.org"}]}}`
	}
	c.putJSON(recoveryEmail, sent(password), "ok")
	got := c.get(recoveryEmail)
	if !strings.Contains(got, `"k****@example.com"`) || !strings.Contains(got, `"b****@example.org"`) || strings.Contains(got, "password") {
		t.Errorf("%s", got)
	}
	c.putJSON(recoveryEmail, sent("Not-This-One-1"), "administratorPasswordError")
	c.putJSON(recoveryEmail, `{"SecurityEmail":{"SecurityInformation":[]}}`, "MessageParametersLack")
	if d.Refusals() != 1 || c.get(recoveryEmail) != got {
		t.Errorf("%d refusals\n%s", d.Refusals(), c.get(recoveryEmail))
	}
}

func TestQuestionsAreChosenByTheirAnswers(t *testing.T) {
	body := func(secret string, answers ...string) string {
		list := ""
		for i, a := range answers {
			list += "<Question><id>" + string(rune('2'+i)) + "</id><answer>" + a + "</answer></Question>"
		}
		return "<SecurityQuestion><QuestionList>" + list + "</QuestionList><password>" + secret + "</password></SecurityQuestion>"
	}
	for _, model := range []string{"camera-v57", "camera-v58", "dvr-v47"} {
		f, d := one(t, model, time.Now)
		c := connect(t, f, d, "admin", password)
		before := c.get(questions)
		for bad, code := range map[string]string{
			body(password, "red", "green"):                                                              "SEQConfigNumError",
			body(password, "red", "green", "blue", "grey"):                                              "SEQConfigNumError",
			strings.Replace(body(password, "red", "green", "blue"), "<id>3<", "<id>2<", 1):              "SEQConfigNumError",
			strings.Replace(body(password, "red", "green", "blue"), "<id>3<", "<id>77<", 1):             "SEQConfigNumError",
			body(password, "red", "red", "blue"):                                                        "theAnswerToTheUserSecurityQuestionIsDuplicate",
			body(password, "red", "", "blue"):                                                           "MessageParametersLack",
			body("", "red", "green", "blue"):                                                            "MessageParametersLack",
			body("Not-This-One-1", "red", "green", "blue"):                                              "administratorPasswordError",
			strings.Replace(before, "<mark>false<", "<mark>true<", 1):                                   "MessageParametersLack",
			strings.Replace(body(password, "red", "green", "blue"), "<SecurityQuestion>", "<Other>", 1): "badXmlFormat",
		} {
			c.put(questions, bad, code)
			if c.get(questions) != before {
				t.Errorf("%s: a refused write changed the document", model)
			}
		}
		c.put(questions, body(password, "red", "green", "blue"), "ok")
		got := c.get(questions)
		if strings.Count(got, "<mark>true<") != 3 || strings.Contains(got, "green") || strings.Contains(got, "assword") {
			t.Errorf("%s:\n%s", model, got)
		}
		c.put(questions, got, "ok")
		if d.Refusals() != 1 {
			t.Errorf("%d refusals", d.Refusals())
		}
	}
}
