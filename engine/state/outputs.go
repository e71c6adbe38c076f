package state

import (
	"context"
	"database/sql"
	"encoding/json"
)

// Output is an output of the configuration as it was applied last.
type Output struct {
	Name      string
	Type      json.RawMessage // empty for a sensitive one
	Value     json.RawMessage // likewise
	Mark      string          // what tells whether a sensitive one is another one now, and nothing else of it
	Sensitive bool
}

// Outputs are what the configuration gave to the outside at the last apply.
type Outputs struct{ *database }

// SaveOutputs records outputs instead of all that were recorded before.
func (s *Outputs) SaveOutputs(ctx context.Context, all []Output) error {
	return s.write(ctx, func(tx *transaction) error {
		if _, err := tx.Exec(`DELETE FROM outputs`); err != nil {
			return err
		}
		for _, o := range all {
			sensitive := 0
			if o.Sensitive {
				sensitive = 1
			}
			if _, err := tx.Exec(`INSERT INTO outputs (name, type, value, mark, sensitive) VALUES ($1, $2, $3, $4, $5)`,
				o.Name, string(o.Type), string(o.Value), o.Mark, sensitive); err != nil {
				return err
			}
		}
		return nil
	})
}

// AllOutputs returns the recorded outputs, ordered by name.
func (s *Outputs) AllOutputs(ctx context.Context) ([]Output, error) {
	return read(ctx, s.database, scanOutput, `SELECT name, type, value, mark, sensitive FROM outputs ORDER BY name`)
}

func scanOutput(rows *sql.Rows) (Output, error) {
	var (
		o           Output
		typ, value  string
		isSensitive int64
	)
	err := rows.Scan(&o.Name, &typ, &value, &o.Mark, &isSensitive)
	o.Sensitive = isSensitive != 0
	if !o.Sensitive {
		o.Type, o.Value = json.RawMessage(typ), json.RawMessage(value)
	}
	return o, err
}
