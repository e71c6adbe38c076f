package view

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	ctyjson "github.com/zclconf/go-cty/cty/json"

	"camform/engine"
	"camform/engine/config"
	"camform/engine/diag"
	"camform/engine/render"
	"camform/engine/shell"
	"camform/schema"
)

// Explanations prints where settings come from and how they were applied.
type Explanations interface {
	Explain([]engine.Explanation) error
}

// NewExplanations makes the view of explanations.
func NewExplanations(f Format, out Output) Explanations {
	if f == JSON {
		return explanationsJSON{out}
	}
	return explanationsText{out}
}

type explanationsText struct{ Output }

func (v explanationsText) Explain(all []engine.Explanation) error {
	for i, e := range all {
		if i > 0 {
			fmt.Fprintln(v)
		}
		if err := v.one(e); err != nil {
			return err
		}
	}
	return nil
}

func (v explanationsText) one(e engine.Explanation) error {
	fmt.Fprintf(v, "# %s\n", diag.CleanText(e.Address.String()))
	if e.Kind != nil {
		fmt.Fprintf(v, "%s. Risk of a wrong value: %s.\n", e.Kind.Summary, e.Kind.RiskOf(e.Address.Key))
	}
	fmt.Fprintln(v)
	if e.Declared == nil {
		fmt.Fprintln(v, "The configuration no longer asks for it.")
	}
	if err := render.Table(v, []string{"argument", "wanted", "where", "applied"}, explanationRows(e)); err != nil {
		return err
	}
	fmt.Fprintln(v)
	fmt.Fprintln(v, applied(e))
	if err := v.requests(e); err != nil {
		return err
	}
	if len(e.Users) > 0 {
		fmt.Fprintln(v, "Who logs in:")
		for _, a := range e.Users {
			fmt.Fprintf(v, "  %s: %s\n", diag.CleanText(a.Account), diag.CleanText(strings.Join(a.Users, ", ")))
		}
	}
	_, err := fmt.Fprintf(v, "What the device has now: camform plan -target=%s\n", shell.Word(e.Address.String()))
	return err
}

func (v explanationsText) requests(e engine.Explanation) error {
	if len(e.Requests) == 0 {
		return nil
	}
	fmt.Fprintln(v, "Requests:")
	var rows [][]string
	for _, r := range e.Requests {
		why := strings.TrimSpace(r.Reason + " " + r.Ticket)
		rows = append(rows, []string{"  " + diag.Time(r.At), r.Outcome, r.Run, r.Who, why})
	}
	if err := render.Table(v, nil, rows); err != nil {
		return err
	}
	if e.More > 0 {
		fmt.Fprintf(v, "  and %s before; camform audit-log show has them all\n", render.Plural(e.More, "request"))
	}
	return nil
}

// applied says when a setting was applied last.
func applied(e engine.Explanation) string {
	if e.Remembered == nil {
		return "camform has no record of it: it was never applied, or was forgotten."
	}
	text := "Applied " + diag.Time(e.Remembered.At) + " in run " + e.Remembered.Run
	if e.Remembered.Created {
		text += "; camform made it"
	}
	if e.Remembered.PendingReboot {
		text += "; effective after the next restart"
	}
	return text + "."
}

// argument is what is known of an argument of a setting.
type argument struct {
	Name    string          `json:"name"`
	Wanted  json.RawMessage `json:"wanted,omitempty"` // none where nobody asks for it, or it is a secret
	Applied json.RawMessage `json:"applied,omitempty"`
	Secret  bool            `json:"secret,omitempty"`
	Origin  string          `json:"origin,omitempty"` // of the secret
	Profile string          `json:"profile,omitempty"`
	Rule    string          `json:"rule,omitempty"`
	File    string          `json:"file,omitempty"`
	Line    int             `json:"line,omitempty"`
}

// argumentsOf are the arguments of a setting that are wanted or were applied, by name.
func argumentsOf(e engine.Explanation) []argument {
	found := map[string]argument{}
	if e.Declared != nil {
		for name, a := range e.Declared.Attributes {
			found[name] = wanted(e.Kind, name, a)
		}
	}
	if e.Remembered != nil {
		var values map[string]json.RawMessage
		_ = json.Unmarshal(e.Remembered.Applied, &values) // the state holds what camform encoded
		for name, value := range values {
			a := found[name]
			a.Name, a.Applied = name, value
			found[name] = a
		}
		for name := range e.Remembered.Fingerprints {
			a := found[name]
			a.Name, a.Secret = name, true
			found[name] = a
		}
	}
	var all []argument
	for _, a := range found {
		all = append(all, a)
	}
	slices.SortFunc(all, func(a, b argument) int { return strings.Compare(a.Name, b.Name) })
	return all
}

func wanted(kind *schema.Kind, name string, declared config.Attribute) argument {
	a := argument{Name: name, Profile: declared.Profile, Rule: declared.Rule, File: declared.Range.Filename, Line: declared.Range.Start.Line}
	attribute := kind.Attribute(name)
	if declared.Policy != nil {
		a.Secret, a.Origin = true, "credential_policy."+declared.Policy.Name
		return a
	}
	if attribute == nil || attribute.Secret || attribute.WriteOnly || declared.Value.ContainsMarked() || declared.Value.Type() == schema.SecretType {
		a.Secret, a.Origin = true, schema.Origin(declared.Value)
		return a
	}
	if declared.Value.IsWhollyKnown() {
		a.Wanted, _ = ctyjson.Marshal(declared.Value, declared.Value.Type()) // known and without marks
	}
	return a
}

func explanationRows(e engine.Explanation) [][]string {
	var rows [][]string
	for _, a := range argumentsOf(e) {
		value, was := string(a.Wanted), string(a.Applied)
		if a.Secret {
			value, was = "(sensitive value)", ""
			if a.Origin != "" {
				value = "(sensitive value from " + a.Origin + ")"
			}
		}
		var where []string
		if a.Profile != "" {
			where = append(where, "profile."+a.Profile)
		}
		if a.Rule != "" {
			where = append(where, "rule "+a.Rule)
		}
		if a.File != "" {
			where = append(where, fmt.Sprintf("%s:%d", a.File, a.Line))
		} else {
			value = "-"
		}
		rows = append(rows, []string{a.Name, value, strings.Join(where, ", "), was})
	}
	return rows
}

type explanationsJSON struct{ Output }

func (v explanationsJSON) Explain(all []engine.Explanation) error {
	type request struct {
		At      string `json:"at"`
		Outcome string `json:"outcome"`
		Run     string `json:"run"`
		Who     string `json:"who,omitempty"`
		Reason  string `json:"reason,omitempty"`
		Ticket  string `json:"ticket,omitempty"`
	}
	type user struct {
		Account string   `json:"account"`
		Users   []string `json:"users"`
	}
	type explanation struct {
		Address   string     `json:"address"`
		Declared  bool       `json:"declared"`
		Arguments []argument `json:"arguments"`
		Applied   string     `json:"applied,omitempty"` // when
		Run       string     `json:"run,omitempty"`
		Requests  []request  `json:"requests"`
		More      int        `json:"more_requests,omitempty"`
		Users     []user     `json:"users"`
	}
	docs := []explanation{}
	for _, e := range all {
		doc := explanation{Address: e.Address.String(), Declared: e.Declared != nil, Arguments: argumentsOf(e), Requests: []request{}, More: e.More, Users: []user{}}
		if e.Remembered != nil {
			doc.Applied, doc.Run = render.Moment(e.Remembered.At), e.Remembered.Run
		}
		for _, r := range e.Requests {
			doc.Requests = append(doc.Requests, request{render.Moment(r.At), r.Outcome, r.Run, r.Who, r.Reason, r.Ticket})
		}
		for _, a := range e.Users {
			doc.Users = append(doc.Users, user{a.Account, a.Users})
		}
		docs = append(docs, doc)
	}
	return v.document(docs)
}
