package render

import (
	"fmt"
	"strings"
	"time"

	"camform/engine/diag"
	"camform/engine/plan"
	"camform/schema"
)

// writeTaken says that a plan is from a snapshot, whose, and how old it is. It is shown in every size.
func writeTaken(d *document, p *plan.Plan, kinds *schema.Kinds) {
	if p.Taken == nil {
		return
	}
	d.line(0, Careful, fmt.Sprintf("No device was contacted: this plan is from a snapshot that %s signed at %s (key %s).",
		printable(p.Taken.Signer), diag.Time(p.Taken.Signed), printable(p.Taken.Key))).Severity = Attention
	if age := p.Taken.Age(p.Created); age > 0 {
		d.line(0, Normal, fmt.Sprintf("The oldest reading was %s old; %s were allowed.", ageText(age), printable(p.Taken.Longest)))
	}
	if content, err := plan.ContentHash(p, kinds); err == nil {
		d.line(0, Normal, "Content of the plan: "+content)
	}
	if !p.Whole() {
		var unknown []string
		if n := len(p.UntilApplied()); n > 0 {
			unknown = append(unknown, Plural(n, "setting"))
		}
		if n := len(p.OutputsUntilApplied()); n > 0 {
			unknown = append(unknown, Plural(n, "sensitive output"))
		}
		verb := "are"
		if len(p.UntilApplied())+len(p.OutputsUntilApplied()) == 1 {
			verb = "is"
		}
		d.line(0, Careful, fmt.Sprintf("It is incomplete: %s %s unknown until apply, where the secrets are. Plan there before you apply.",
			strings.Join(unknown, " and "), verb)).Severity = Attention
	}
}

// ageText is an age in the largest unit that tells enough.
func ageText(d time.Duration) string {
	switch {
	case d >= 48*time.Hour:
		return Plural(int(d.Hours()/24), "day")
	case d >= 2*time.Hour:
		return Plural(int(d.Hours()), "hour")
	case d >= 2*time.Minute:
		return Plural(int(d.Minutes()), "minute")
	}
	return Plural(int(d.Seconds()), "second")
}

// takenDoc is the snapshot that a plan is from, for programs.
type takenDoc struct {
	plan.Taken
	AgeSeconds int64 `json:"age_seconds"` // of the oldest reading, when the plan was made
}

func takenDocOf(p *plan.Plan) *takenDoc {
	if p.Taken == nil {
		return nil
	}
	return &takenDoc{*p.Taken, int64(p.Taken.Age(p.Created).Seconds())}
}
