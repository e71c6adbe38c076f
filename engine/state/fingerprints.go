package state

import (
	"context"
	"database/sql"
)

// Fingerprint is what a vault notes of a version of a secret to recognise its text without opening it.
type Fingerprint struct {
	Name    string
	Version int
	Text    string // in the form that the vault chose; empty for none
}

// Fingerprints returns those of all versions of all names, also where there is none yet.
func (s *Secrets) Fingerprints(ctx context.Context) ([]Fingerprint, error) {
	return read(ctx, s.database, scanFingerprint, `SELECT name, version, fingerprint FROM secrets`)
}

// SaveFingerprints notes fingerprints of versions that there are.
func (s *Secrets) SaveFingerprints(ctx context.Context, fingerprints []Fingerprint) error {
	if len(fingerprints) == 0 {
		return nil
	}
	return s.write(ctx, func(tx *transaction) error {
		for _, f := range fingerprints {
			if _, err := tx.Exec(`UPDATE secrets SET fingerprint = $1 WHERE name = $2 AND version = $3`, f.Text, f.Name, f.Version); err != nil {
				return err
			}
		}
		return nil
	})
}

func scanFingerprint(rows *sql.Rows) (Fingerprint, error) {
	var f Fingerprint
	err := rows.Scan(&f.Name, &f.Version, &f.Text)
	return f, err
}
