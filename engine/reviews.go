package engine

import (
	"context"
	"fmt"
	"time"

	"camform/engine/config"
	"camform/engine/diag"
	"camform/engine/papers"
	"camform/engine/recover"
	"camform/engine/shell"
	"camform/engine/state"
	"camform/schema"
)

// OverdueCode is that of devices whose password should have been reviewed by now, as a case of recovery has said.
const OverdueCode = "review-overdue"

// overdue tells of those among some devices.
func overdue(ctx context.Context, store *state.Cases, devices []*config.Device, now time.Time) diag.Problems {
	cases, err := casesIn(ctx, store)
	if err != nil {
		return stateUnreadable(err)
	}
	of := map[schema.Device][]recover.Case{}
	for _, c := range cases {
		of[c.Device] = append(of[c.Device], c)
	}
	var problems diag.Problems
	for _, d := range devices {
		due, by := papers.Due(of[d.Address])
		if due.IsZero() || now.Before(due.AddDate(0, 0, 1)) {
			continue
		}
		problems = append(problems, diag.Problem{
			Severity: diag.Error, Code: OverdueCode, Summary: "Review of a password overdue", Address: schema.Setting{Device: d.Address}, Subject: &d.Range,
			Detail: fmt.Sprintf("According to case %s, the password of %s had to be reviewed by %s. Run camform credentials review to see who has access, "+
				"and set the date of the next review: camform recover review %s -due DATE", by, d.Address, due.Format(time.DateOnly), shell.Quoted(d.Address.String())),
		})
	}
	return problems
}
