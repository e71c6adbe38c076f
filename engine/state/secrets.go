package state

import (
	"cmp"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"time"

	"camform/engine/auditlog"
)

// SecretStatus says what a version of a secret is good for.
type SecretStatus string

// The statuses. At most one version of a name is Live.
//
//	             PutSecret, AdoptSecret
//	(nothing) ──────────────▶ live ───────────────▶ history
//	    │                      ▲     a newer one       │
//	    │ Begin                │     became live       │ found to be in use
//	    ▼          proven      │                       │ after all
//	 pending ──────────────────┤ ◀─────────────────────┘
//	    │  refused, and another accepted
//	    ▼                      │ found to be in use after all
//	 withdrawn ────────────────┘
//
// Nothing is ever removed: a device may come back with any password that was ever sent to it.
const (
	SecretPending   SecretStatus = "pending"   // made durable before it was sent; whether it is in use is uncertain
	SecretLive      SecretStatus = "live"      // in use
	SecretHistory   SecretStatus = "history"   // was in use
	SecretWithdrawn SecretStatus = "withdrawn" // was sent, and the device refused it when it was tried
)

// SecretVersion is one version of a secret. Only the vault can read what is sealed.
type SecretVersion struct {
	Name    string
	Version int // from 1
	Status  SecretStatus
	Sealed  []byte
	Created time.Time
	Sent    time.Time // when it may have left for a device; zero if it never did
	Proven  time.Time // when a device last accepted it; zero if none did
	Tried   int64     // place in the order in which versions of the name were tried since one was accepted; 0 if it was not
	Run     string    // run that made it up; empty for one that a person chose
	Note    string    // where it came from, for people; without secrets
	Under   string    // name that it is sealed for, where the store shows it under another one; see Options.Moves

	// Uncertain is when the backup was made that it was restored from. It is zero where no restore made it uncertain, or where a
	// device accepted it since.
	Uncertain time.Time
}

// Secrets are all versions of all secrets, sealed, and the keys of the vault that opens them.
type Secrets struct {
	*database
	leases *Leases
}

const (
	secretColumns = `name, version, status, sealed, created, sent, proven, tried, run, note, uncertain`
	allSecrets    = `SELECT ` + secretColumns + ` FROM secrets ORDER BY name, version DESC`
)

// Versions returns the versions of a name, newest first; none if there is no such name.
func (s *Secrets) Versions(ctx context.Context, name string) ([]SecretVersion, error) {
	found, err := read(ctx, s.database, scanSecret, `SELECT `+secretColumns+` FROM secrets WHERE name IN ($1, $2) ORDER BY version DESC`,
		name, s.names().oldSecret(name))
	for i := range found {
		found[i].showAs(name)
	}
	return found, err
}

// showAs gives a version another name than the one that it is sealed for.
func (v *SecretVersion) showAs(name string) {
	if v.Name != name {
		v.Name, v.Under = name, v.Name
	}
}

// AllSecrets returns all versions of all names, by name and then newest first.
func (s *Secrets) AllSecrets(ctx context.Context) ([]SecretVersion, error) {
	all, err := read(ctx, s.database, scanSecret, allSecrets)
	for i := range all {
		all[i].showAs(s.names().secret(all[i].Name))
	}
	slices.SortStableFunc(all, func(a, b SecretVersion) int { return cmp.Compare(a.Name, b.Name) })
	return all, err
}

// PutSecret keeps a new version of a name and makes it live; the one before becomes history.
func (s *Secrets) PutSecret(ctx context.Context, name string, sealed []byte, note string) (version int, err error) {
	err = s.writeAsRead(ctx, func(tx *transaction) error {
		if _, err := tx.Exec(`UPDATE secrets SET status = $1 WHERE name = $2 AND status = $3`,
			string(SecretHistory), name, string(SecretLive)); err != nil {
			return err
		}
		if version, err = s.addSecret(tx, SecretVersion{Name: name, Status: SecretLive, Sealed: sealed, Note: note}); err != nil {
			return err
		}
		return s.auditSecret(tx, Lease{}, auditlog.SecretSet, name, version)
	})
	return version, err
}

// AdoptSecret keeps a password that an account had before it was managed, as the live version of a name that has none. A
// name that has versions is left as it is.
func (s *Secrets) AdoptSecret(ctx context.Context, lease Lease, name string, sealed []byte, note string) error {
	return s.write(ctx, func(tx *transaction) error {
		if err := s.leases.fence(tx, lease); err != nil {
			return err
		}
		known, err := collect(context.Background(), tx, scanSecret, `SELECT `+secretColumns+` FROM secrets WHERE name = $1`, name)
		if err != nil || len(known) > 0 {
			return err
		}
		version, err := s.addSecret(tx, SecretVersion{Name: name, Status: SecretLive, Sealed: sealed, Note: note})
		if err != nil {
			return err
		}
		return s.auditSecret(tx, lease, auditlog.SecretAdopted, name, version)
	})
}

// addSecret adds a version and returns its number.
func (s *Secrets) addSecret(tx *transaction, secret SecretVersion) (version int, err error) {
	if err := tx.Get([]any{&version}, `SELECT COALESCE(MAX(version), 0) + 1 FROM secrets WHERE name = $1`, secret.Name); err != nil {
		return 0, err
	}
	_, err = tx.Exec(`INSERT INTO secrets (`+secretColumns+`) VALUES ($1, $2, $3, $4, $5, $6, 0, 0, $7, $8, 0)`,
		secret.Name, version, string(secret.Status), secret.Sealed, stamp(s.now()), stamp(secret.Sent), secret.Run, secret.Note)
	return version, err
}

// TriedSecret records that a device refused a version, so that each of several gets its turn. The order
// does not depend on the clock.
func (s *Secrets) TriedSecret(ctx context.Context, lease Lease, name string, version int) error {
	return s.write(ctx, func(tx *transaction) error {
		if err := s.leases.fence(tx, lease); err != nil {
			return err
		}
		return tried(tx, name, version)
	})
}

// DoubtSecret is TriedSecret for who only reads devices, and holds no lease.
func (s *Secrets) DoubtSecret(ctx context.Context, name string, version int) error {
	return s.writeAsRead(ctx, func(tx *transaction) error {
		for _, name := range s.names().bothSecrets(name) {
			if err := tried(tx, name, version); err != nil {
				return err
			}
		}
		return nil
	})
}

func tried(tx *transaction, name string, version int) error {
	_, err := tx.Exec(`UPDATE secrets SET tried = (SELECT MAX(tried) + 1 FROM secrets WHERE name = $1)
		WHERE name = $1 AND version = $2`, name, version)
	return err
}

// ProveSecret records that a device accepted the live version that a restore had made uncertain, for who only reads devices and
// holds no lease. A version that is no longer that is left as it is.
func (s *Secrets) ProveSecret(ctx context.Context, name string, version int) error {
	return s.writeAsRead(ctx, func(tx *transaction) error {
		for _, name := range s.names().bothSecrets(name) {
			proven, err := changed(tx.Exec(`UPDATE secrets SET uncertain = 0, tried = 0, proven = $1
				WHERE name = $2 AND version = $3 AND status = $4 AND uncertain <> 0`, stamp(s.now()), name, version, string(SecretLive)))
			if err != nil {
				return err
			}
			if !proven {
				continue
			}
			if err := s.auditSecret(tx, Lease{}, auditlog.SecretLive, name, version); err != nil {
				return err
			}
		}
		return nil
	})
}

// Doubtful returns the names for which it is uncertain which version is in use: one may have been sent, or the live one was
// tried since it was last accepted.
func (s *Secrets) Doubtful(ctx context.Context) (map[string]bool, error) {
	scan := func(rows *sql.Rows) (string, error) {
		var name string
		err := rows.Scan(&name)
		return name, err
	}
	found, err := read(ctx, s.database, scan, `SELECT DISTINCT name FROM secrets WHERE status = 'pending' AND sent <> 0
		UNION SELECT name FROM secrets WHERE status = 'live' AND tried <> 0`)
	names := make(map[string]bool, len(found))
	for _, name := range found {
		names[s.names().secret(name)] = true
	}
	return names, err
}

// SettleSecret records which version of a name is in use, where no request is open that says so.
func (s *Secrets) SettleSecret(ctx context.Context, lease Lease, v Verdict) error {
	return s.write(context.WithoutCancel(ctx), func(tx *transaction) error {
		if err := s.leases.fence(tx, lease); err != nil {
			return err
		}
		return s.settleSecret(tx, lease, v)
	})
}

// Verdict is what is known of the versions of a name after they were tried.
type Verdict struct {
	Name string
	Live int // version that the device accepted; 0 if it accepted none of those that were tried
}

// settleSecret withdraws pending versions and makes the version of a verdict live, if there is one; any other live one becomes
// history.
func (s *Secrets) settleSecret(tx *transaction, lease Lease, v Verdict) error {
	if _, err := tx.Exec(`UPDATE secrets SET status = $1 WHERE name = $2 AND status = $3 AND version <> $4`,
		string(SecretWithdrawn), v.Name, string(SecretPending), v.Live); err != nil {
		return err
	}
	if v.Live == 0 {
		return s.auditSecret(tx, lease, auditlog.SecretWithdrawn, v.Name, 0)
	}
	if _, err := tx.Exec(`UPDATE secrets SET status = $1 WHERE name = $2 AND status = $3 AND version <> $4`,
		string(SecretHistory), v.Name, string(SecretLive), v.Live); err != nil {
		return err
	}
	if _, err := tx.Exec(`UPDATE secrets SET tried = 0, uncertain = 0 WHERE name = $1`, v.Name); err != nil {
		return err
	}
	known, err := changed(tx.Exec(`UPDATE secrets SET status = $1, proven = $2 WHERE name = $3 AND version = $4`,
		string(SecretLive), stamp(s.now()), v.Name, v.Live))
	if err != nil {
		return err
	}
	if !known {
		return fmt.Errorf("there is no version %d of the secret %q: this is a bug", v.Live, v.Name)
	}
	return s.auditSecret(tx, lease, auditlog.SecretLive, v.Name, v.Live)
}

// Vault is what the state keeps of a vault: its keys, readable only for its recipients.
type Vault struct {
	Epoch     int    // grows with every Rekey, from 1
	Recipient string // public key that secrets are sealed to
	Keys      string // the private key, sealed to the recipients; package vault knows the form
	Created   time.Time
	Rekeyed   time.Time
}

// ErrNoVault says that there is no vault yet.
var ErrNoVault = errors.New("there is no vault yet; create one with camform vault init")

// Vault returns the keys of the vault, or ErrNoVault.
func (s *Secrets) Vault(ctx context.Context) (Vault, error) {
	found, err := read(ctx, s.database, scanVault, `SELECT epoch, recipient, keys, created, rekeyed FROM vault`)
	if err != nil {
		return Vault{}, err
	}
	if len(found) == 0 {
		return Vault{}, ErrNoVault
	}
	return found[0], nil
}

// CreateVault keeps the keys of a new vault. It fails if there is one.
func (s *Secrets) CreateVault(ctx context.Context, v Vault) error {
	return s.write(ctx, func(tx *transaction) error {
		now := stamp(s.now())
		fresh, err := changed(tx.Exec(`INSERT INTO vault (id, epoch, recipient, keys, created, rekeyed) VALUES (1, 1, $1, $2, $3, $3)
			ON CONFLICT (id) DO NOTHING`, v.Recipient, v.Keys, now))
		if err == nil && !fresh {
			err = errors.New("there is a vault already; camform vault recipients changes who can open it")
		}
		if err != nil {
			return err
		}
		return s.appendAudit(tx, auditlog.Record{Action: auditlog.VaultCreated})
	})
}

// SaveKeys replaces the sealed private key of the vault, for other recipients. Epoch must be that of the vault now.
func (s *Secrets) SaveKeys(ctx context.Context, epoch int, keys string) error {
	return s.write(ctx, func(tx *transaction) error {
		current, err := changed(tx.Exec(`UPDATE vault SET keys = $1 WHERE epoch = $2`, keys, epoch))
		if err != nil {
			return err
		}
		if !current {
			return errors.New("somebody else has given the vault a new key in the meantime; try again")
		}
		return s.appendAudit(tx, auditlog.Record{Action: auditlog.RecipientsChanged})
	})
}

// Rekey replaces the keys of the vault and every sealed text in the database, in one transaction: secrets and snapshots.
// Epoch must be that of the vault now. What was sealed before is then overwritten on the disk; an error of the family
// ErrBusy says that all is sealed again, and that another process keeps some of the old texts in the log.
func (s *Secrets) Rekey(ctx context.Context, epoch int, v Vault, reseal func(sealed []byte) ([]byte, error)) error {
	if err := s.write(ctx, func(tx *transaction) error {
		current, err := changed(tx.Exec(`UPDATE vault SET epoch = epoch + 1, recipient = $1, keys = $2, rekeyed = $3 WHERE epoch = $4`,
			v.Recipient, v.Keys, stamp(s.now()), epoch))
		if err != nil {
			return err
		}
		if !current {
			return errors.New("somebody else has given the vault a new key in the meantime; try again")
		}
		for _, table := range sealedTables {
			if err := resealTable(tx, table.name, table.key, reseal); err != nil {
				return err
			}
		}
		return s.appendAudit(tx, auditlog.Record{Action: auditlog.VaultRekeyed})
	}); err != nil {
		return err
	}
	return s.overwrite(context.WithoutCancel(ctx), s.db)
}

// MergeSecrets changes secrets by what merge makes of all that there are, by name and then newest first, in one
// transaction: versions that do not exist are added as they are, and of those that do only the status and the certainty change. Merge must
// not use the store. At most one version of a name may be left live. The audit log says which are in use from then on.
func (s *Secrets) MergeSecrets(ctx context.Context, merge func(known []SecretVersion) ([]SecretVersion, error)) error {
	return s.writeAsRead(ctx, func(tx *transaction) error {
		known, err := collect(context.Background(), tx, scanSecret, allSecrets)
		if err != nil {
			return err
		}
		rows, err := merge(known)
		if err != nil {
			return err
		}
		for _, r := range rows {
			if _, err := tx.Exec(`INSERT INTO secrets (`+secretColumns+`) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)
				ON CONFLICT (name, version) DO UPDATE SET status = excluded.status, uncertain = excluded.uncertain`,
				r.Name, r.Version, string(r.Status), r.Sealed, stamp(r.Created), stamp(r.Sent), stamp(r.Proven), r.Tried, r.Run, r.Note,
				stamp(r.Uncertain)); err != nil {
				return err
			}
			if r.Status != SecretLive {
				continue
			}
			if err := s.auditSecret(tx, Lease{}, auditlog.SecretSet, r.Name, r.Version); err != nil {
				return err
			}
		}
		return nil
	})
}

func scanSecret(rows *sql.Rows) (SecretVersion, error) {
	var (
		s                                SecretVersion
		created, sent, proven, uncertain int64
	)
	err := rows.Scan(&s.Name, &s.Version, &s.Status, &s.Sealed, &created, &sent, &proven, &s.Tried, &s.Run, &s.Note, &uncertain)
	s.Created, s.Sent, s.Proven, s.Uncertain = moment(created), moment(sent), moment(proven), moment(uncertain)
	return s, err
}

func scanVault(rows *sql.Rows) (Vault, error) {
	var (
		v                Vault
		created, rekeyed int64
	)
	err := rows.Scan(&v.Epoch, &v.Recipient, &v.Keys, &created, &rekeyed)
	v.Created, v.Rekeyed = moment(created), moment(rekeyed)
	return v, err
}
