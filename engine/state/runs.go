package state

import (
	"context"
	"database/sql"
	"fmt"
	"slices"
	"time"

	"camform/engine/auditlog"
	"camform/schema"
)

// Run is one run of camform.
type Run struct {
	ID        string // unique; made up by the process that begins the run
	Operation string // "apply"
	PlanHash  string // of a saved plan; empty for none
	Who       string // "user@host"
	Started   time.Time
	Ended     time.Time // zero while it runs, or if it died
	Summary   string    // one line for people; empty while it runs

	Reason, Ticket string // why, for the audit log alone; BeginRun takes them
}

// Runs are what was run, by whom, and how it ended.
type Runs struct{ *database }

const runColumns = `id, operation, plan_hash, who, started, ended, summary`

// BeginRun records a run. Who and Started are filled in where they are zero. It fails for an id that exists.
func (s *Runs) BeginRun(ctx context.Context, run Run) error {
	if run.Who == "" {
		run.Who = s.owner.Who
	}
	if run.Started.IsZero() {
		run.Started = s.now()
	}
	return s.writeAsRead(ctx, func(tx *transaction) error {
		fresh, err := changed(tx.Exec(`INSERT INTO runs (`+runColumns+`) VALUES ($1, $2, $3, $4, $5, 0, '') ON CONFLICT (id) DO NOTHING`,
			run.ID, run.Operation, run.PlanHash, run.Who, stamp(run.Started)))
		if err != nil {
			return err
		}
		if !fresh {
			return fmt.Errorf("there already is a run %q: this is a bug", run.ID)
		}
		return s.appendAudit(tx, auditlog.Record{
			Run: run.ID, Who: run.Who, Action: auditlog.RunBegun, Plan: run.PlanHash, Detail: run.Operation, Reason: run.Reason, Ticket: run.Ticket,
		})
	})
}

// EndRun records how a run ended. It fails for a run that was not begun.
func (s *Runs) EndRun(ctx context.Context, id, summary string) error {
	return s.writeAsRead(context.WithoutCancel(ctx), func(tx *transaction) error {
		known, err := changed(tx.Exec(`UPDATE runs SET ended = $1, summary = $2 WHERE id = $3`, stamp(s.now()), summary, id))
		if err != nil {
			return err
		}
		if !known {
			return fmt.Errorf("run %q was never begun: this is a bug", id)
		}
		return s.appendAudit(tx, auditlog.Record{Run: id, Action: auditlog.RunEnded, Outcome: summary})
	})
}

// LastRuns returns the last runs, newest first, at most limit of them.
func (s *Runs) LastRuns(ctx context.Context, limit int) ([]Run, error) {
	return read(ctx, s.database, scanRun, `SELECT `+runColumns+` FROM runs ORDER BY started DESC, id DESC LIMIT $1`, limit)
}

func scanRun(rows *sql.Rows) (Run, error) {
	var (
		run            Run
		started, ended int64
	)
	err := rows.Scan(&run.ID, &run.Operation, &run.PlanHash, &run.Who, &started, &ended, &run.Summary)
	run.Started, run.Ended = moment(started), moment(ended)
	return run, err
}

// Application says when a saved plan was applied first, and by which run.
type Application struct {
	Run string
	At  time.Time
}

// MarkApplied records that a run is about to apply the plan of that hash. Of all runs that do, one is the first: for it
// first is true. The others learn of it.
func (s *Runs) MarkApplied(ctx context.Context, hash, run string) (application Application, first bool, err error) {
	err = s.write(ctx, func(tx *transaction) error {
		first, err = changed(tx.Exec(`INSERT INTO applied_plans (hash, run, at) VALUES ($1, $2, $3) ON CONFLICT (hash) DO NOTHING`,
			hash, run, stamp(s.now())))
		if err != nil {
			return err
		}
		found, err := collect(context.Background(), tx, scanApplication, `SELECT run, at FROM applied_plans WHERE hash = $1`, hash)
		if err == nil {
			application = found[0]
		}
		return err
	})
	return application, first, err
}

func scanApplication(rows *sql.Rows) (Application, error) {
	var (
		a  Application
		at int64
	)
	err := rows.Scan(&a.Run, &at)
	a.At = moment(at)
	return a, err
}

// Overwritten is a setting that a run changed on its device.
type Overwritten struct {
	Setting schema.Setting
	Run     string
	At      time.Time
}

// WrittenSince are the settings that runs with other plans than that of a hash have changed after a time, in the order of their
// requests. What a run only found out about the requests of another one is not among them.
func (s *Runs) WrittenSince(ctx context.Context, hash string, since time.Time) ([]Overwritten, error) {
	sent, err := read(ctx, s.database, scanOverwritten, `SELECT i.device, i.steps, i.run, i.begun FROM intents i JOIN runs r ON r.id = i.run
		WHERE i.begun > $1 AND i.outcome <> $2 AND r.plan_hash <> $3 ORDER BY i.id`, stamp(since), string(NotApplied), hash)
	return slices.Concat(sent...), err
}

func scanOverwritten(rows *sql.Rows) ([]Overwritten, error) {
	var (
		name, text, run string
		begun           int64
		all             []Overwritten
	)
	if err := rows.Scan(&name, &text, &run, &begun); err != nil {
		return nil, err
	}
	device, err := schema.ParseDevice(name)
	if err != nil {
		return nil, err
	}
	steps, err := decodeSteps(device, text)
	for _, step := range steps {
		all = append(all, Overwritten{step.Setting, run, moment(begun)})
	}
	return all, err
}
