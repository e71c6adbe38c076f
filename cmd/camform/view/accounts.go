package view

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"camform/engine"
	"camform/engine/diag"
	"camform/engine/render"
	"camform/schema"
)

// Accounts prints accounts of devices: how old their passwords are and who uses them.
type Accounts interface {
	// Declared prints the accounts of a configuration.
	Declared([]engine.Account) error

	// Due prints the accounts whose passwords need attention.
	Due([]engine.Account) error

	// Review prints everybody who has access, with the devices that could not be read and why. Targets are the addresses to
	// which somebody restricted it; none for the whole configuration.
	Review(accounts []engine.Account, unread map[schema.Device]string, targets []string) error
}

// NewAccounts makes the view of accounts as of now.
func NewAccounts(f Format, out Output, now time.Time) Accounts {
	switch f {
	case JSON:
		return accountsJSON{out}
	case Markdown:
		return accountsMarkdown{out, now}
	default:
		return accountsText{out, now}
	}
}

var accountHeader = []string{"device", "account", "level", "policy", "age", "standing", "who uses it"}

func accountRows(accounts []engine.Account, now time.Time) [][]string {
	var rows [][]string
	for _, a := range accounts {
		rows = append(rows, []string{
			a.Device.String(), a.Account, orDash(a.Level), orDash(a.Policy), age(a.Since, now), a.Describe(), orDash(users(a, now)),
		})
	}
	return rows
}

func orDash(text string) string {
	if text == "" {
		return "-"
	}
	return text
}

// users are those who log in with an account. Where what devices told of it is older than a day, its age stands behind the last
// of those whom it is about.
func users(a engine.Account, now time.Time) string {
	old := func(user string) string {
		if at, told := a.Told[user]; told && now.Sub(at) > 24*time.Hour {
			return " (updated " + age(&at, now) + " ago)"
		}
		return ""
	}
	var text strings.Builder
	for i, user := range a.Users {
		text.WriteString(user)
		if slices.Contains(a.Owed, user) {
			text.WriteString(" (does not have the password yet: run camform apply)")
		}
		if note := old(user); i+1 == len(a.Users) || old(a.Users[i+1]) != note {
			text.WriteString(note)
		}
		if i+1 < len(a.Users) {
			text.WriteString(", ")
		}
	}
	return text.String()
}

// age is how long ago a password was set.
func age(since *time.Time, now time.Time) string {
	if since == nil {
		return "not known"
	}
	if days := int(now.Sub(*since).Hours() / 24); days > 0 {
		return render.Plural(days, "day")
	}
	return "today"
}

// restricted prints to what somebody restricted a list.
func (o Output) restricted(targets []string) error {
	if len(targets) == 0 {
		return nil
	}
	_, err := fmt.Fprintf(o, "\nTargets are in effect; only these were looked at: %s\n", strings.Join(targets, ", "))
	return err
}

func cleaned(texts []string) []string {
	all := make([]string, len(texts))
	for i, text := range texts {
		all[i] = diag.CleanText(text)
	}
	return all
}

// unreadRows say which devices could not be read, and why.
func unreadRows(unread map[schema.Device]string) []render.Row {
	var all []render.Trouble
	for _, device := range slices.SortedFunc(maps.Keys(unread), schema.Device.Compare) {
		all = append(all, render.Trouble{Device: device, Text: unread[device]})
	}
	return render.Troubles(render.Unread, all, render.Folded)
}

type accountsText struct {
	Output
	now time.Time
}

func (v accountsText) Declared(accounts []engine.Account) error {
	return v.table(accounts, "The configuration declares no accounts.")
}

func (v accountsText) Due(accounts []engine.Account) error {
	return v.table(accounts, "No password is due.")
}

func (v accountsText) Review(accounts []engine.Account, unread map[schema.Device]string, targets []string) error {
	if err := render.Table(v, accountHeader, accountRows(accounts, v.now)); err != nil {
		return err
	}
	if err := v.restricted(cleaned(targets)); err != nil || len(unread) == 0 {
		return err
	}
	fmt.Fprintln(v)
	return v.rows(unreadRows(unread))
}

// table prints accounts, or a sentence where there are none.
func (v accountsText) table(accounts []engine.Account, none string) error {
	if len(accounts) == 0 {
		_, err := fmt.Fprintln(v, none)
		return err
	}
	return render.Table(v, accountHeader, accountRows(accounts, v.now))
}

type accountsMarkdown struct {
	Output
	now time.Time
}

func (v accountsMarkdown) Declared(accounts []engine.Account) error {
	return v.Review(accounts, nil, nil)
}

func (v accountsMarkdown) Due(accounts []engine.Account) error { return v.Review(accounts, nil, nil) }

func (v accountsMarkdown) Review(accounts []engine.Account, unread map[schema.Device]string, targets []string) error {
	fmt.Fprintf(v, "# Who has access\n\n%s\n", v.From.Markdown())
	if err := v.markdownTable(accountHeader, accountRows(accounts, v.now)); err != nil {
		return err
	}
	if err := v.restricted(codes(targets)); err != nil || len(unread) == 0 {
		return err
	}
	fmt.Fprintln(v)
	return render.Markdown(v, unreadRows(unread))
}

type accountsJSON struct{ Output }

func (v accountsJSON) Declared(accounts []engine.Account) error {
	return v.Review(accounts, nil, nil)
}
func (v accountsJSON) Due(accounts []engine.Account) error { return v.Review(accounts, nil, nil) }

func (v accountsJSON) Review(accounts []engine.Account, unread map[schema.Device]string, targets []string) error {
	type account struct {
		Device string `json:"device"`
		engine.Account
		Standing string `json:"standing"`
	}
	shown := make([]account, len(accounts))
	for i, a := range accounts {
		shown[i] = account{Device: a.Device.String(), Account: a, Standing: a.Describe()}
	}
	problems := map[string]string{}
	for device, problem := range unread {
		problems[device.String()] = problem
	}
	return v.document(struct {
		Report   render.ProvenanceDoc `json:"report"`
		Accounts []account            `json:"accounts"`
		Unread   map[string]string    `json:"unread,omitempty"`
		Targets  []string             `json:"targets,omitempty"`
	}{v.From.Document(), shown, problems, targets})
}
