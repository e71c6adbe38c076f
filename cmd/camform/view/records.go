package view

import (
	"fmt"
	"iter"
	"strconv"
	"strings"

	"camform/engine/auditlog"
	"camform/engine/diag"
	"camform/engine/render"
)

// Record is a record of the audit log with its text there.
type Record struct {
	auditlog.Record
	Text string
}

// Records prints records of the audit log.
type Records interface {
	// List prints records, oldest first. An error among them ends the list and is returned.
	List(iter.Seq2[Record, error]) error

	// Head prints where the log ends.
	Head(auditlog.Head) error
}

// NewRecords makes the view of the audit log. Text shows at most the last records and says how many are before them; most
// 0 shows all.
func NewRecords(f Format, out Output, most int) Records {
	if f == JSON {
		return recordsJSON{out}
	}
	return recordsText{out, most}
}

type recordsText struct {
	Output
	most int
}

func (v recordsText) List(records iter.Seq2[Record, error]) error {
	var rows [][]string
	hidden := 0
	for r, err := range records {
		if err != nil {
			return err
		}
		rows = append(rows, recordRow(r.Record))
		if v.most > 0 && len(rows) > v.most {
			rows, hidden = rows[1:], hidden+1
		}
	}
	if hidden > 0 {
		fmt.Fprintf(v, "%s before these; -since, -run and -device choose others.\n\n", render.Plural(hidden, "record"))
	}
	if len(rows) == 0 {
		_, err := fmt.Fprintln(v, "There is no such record.")
		return err
	}
	return render.Table(v, []string{"record", "when", "who", "action", "device", "what", "outcome"}, rows)
}

func (v recordsText) Head(h auditlog.Head) error {
	_, err := fmt.Fprintf(v, "\nHead of the log: %s\n", h)
	return err
}

func recordRow(r auditlog.Record) []string {
	what := r.Detail
	if len(r.Settings) > 0 {
		what = strings.Join(r.Settings, ", ")
	}
	return []string{strconv.FormatInt(r.Seq, 10), diag.Time(r.Time), r.Who, string(r.Action), r.Device, what, r.Outcome}
}

// recordsJSON prints records as they stand in the log, which has no line about its head.
type recordsJSON struct{ Output }

func (v recordsJSON) List(records iter.Seq2[Record, error]) error {
	for r, err := range records {
		if err != nil {
			return err
		}
		if _, err := fmt.Fprintln(v, r.Text); err != nil {
			return err
		}
	}
	return nil
}

func (v recordsJSON) Head(auditlog.Head) error { return nil }
