package state

import (
	"context"
	"database/sql"
	"fmt"
	"strings"
	"time"

	"camform/engine/ledger"
	"camform/providers"
)

var _ providers.Ledger = (*Attempts)(nil)

// Attempts are the login attempts of all devices; see package ledger.
type Attempts struct{ *database }

const attemptColumns = `id, credential, outcome, charged, settled, rebased, remaining, lock, consent, who, pid, session`

// attemptsOf selects what is known of an endpoint, in order.
const attemptsOf = `SELECT ` + attemptColumns + ` FROM attempts WHERE endpoint = $1 ORDER BY id`

// Charge records that a login attempt is about to be made, if the rules of package ledger let it. The error is a
// *ledger.Refusal then. The attempt must be sent at once: what waits longer than ledger.Grace must be charged again.
func (s *Attempts) Charge(ctx context.Context, a providers.Attempt) (providers.Charge, error) {
	var (
		id      providers.Charge
		refusal error
	)
	endpoint, credential := s.identify(a)
	err := s.write(ctx, func(tx *transaction) error {
		now := moment(stamp(s.now()))
		history, err := s.history(tx, endpoint, now)
		if err != nil {
			return err
		}
		refusal = ledger.Advise(history, ledger.Attempt{Credential: credential, Remaining: a.Remaining, Consent: a.Consent}, now)
		if refusal != nil {
			return nil // what the history learned about the clock is kept
		}
		return tx.Get([]any{&id}, `INSERT INTO attempts (endpoint, credential, outcome, charged, settled, rebased, remaining, lock, consent, who, pid)
			VALUES ($1, $2, $3, $4, 0, 0, $5, 0, $6, $7, $8) RETURNING id`,
			endpoint, credential, string(ledger.Open), stamp(now), a.Remaining, string(a.Consent), s.owner.Who, s.owner.PID)
	})
	if err != nil {
		return 0, err
	}
	if refusal != nil {
		return 0, refusal
	}
	return id, nil
}

// Allow fails as Charge would, and charges nothing.
func (s *Attempts) Allow(ctx context.Context, a providers.Attempt) error {
	endpoint, credential := s.identify(a)
	history, now, err := s.recall(ctx, endpoint)
	if err != nil {
		return err
	}
	return ledger.Advise(history, ledger.Attempt{Credential: credential, Remaining: a.Remaining, Consent: a.Consent}, now)
}

// Told is how many attempts a device at an endpoint said last are left, if that is still valid; or providers.RemainingUnknown.
func (s *Attempts) Told(ctx context.Context, endpoint string) (int, error) {
	history, now, err := s.recall(ctx, strings.ToLower(endpoint))
	if err != nil {
		return providers.RemainingUnknown, err
	}
	return ledger.Told(history, now), nil
}

// recall is what is known of an endpoint now, for a question. What it learns about the clock is not kept.
func (s *Attempts) recall(ctx context.Context, endpoint string) ([]ledger.Entry, time.Time, error) {
	now := moment(stamp(s.now()))
	history, err := collect(ctx, s.reads, s.scanEntry, attemptsOf, endpoint)
	ledger.Rebase(history, now)
	return history, now, err
}

// Settle records how a charged attempt ended. It fails for a charge that is not open.
func (s *Attempts) Settle(ctx context.Context, c providers.Charge, r providers.AttemptResult) error {
	return s.write(context.WithoutCancel(ctx), func(tx *transaction) error {
		open, err := changed(tx.Exec(`UPDATE attempts SET outcome = $1, settled = $2, remaining = $3, lock = $4,
			session = CASE WHEN $5 AND remaining = $6 THEN 1 ELSE 0 END WHERE id = $7 AND outcome = $8`,
			string(ledger.OutcomeOf(r)), stamp(s.now()), r.Remaining, r.Lock.Microseconds(), r.Accepted, providers.RemainingUnknown,
			int64(c), string(ledger.Open)))
		if err == nil && !open {
			err = fmt.Errorf("login attempt %d is not open: this is a bug", c)
		}
		if err == nil && r.Accepted {
			err = dropSuccesses(tx, c, s.now().Add(-ledger.Session))
		}
		return err
	})
}

// Leave says that the session of an accepted attempt is over.
func (s *Attempts) Leave(ctx context.Context, c providers.Charge) error {
	return s.write(context.WithoutCancel(ctx), func(tx *transaction) error {
		_, err := tx.Exec(`UPDATE attempts SET session = 0 WHERE id = $1 AND session = 1`, int64(c))
		return err
	})
}

// Return removes a charge whose attempt provably never left: to the device it was not made. It fails for one that is not open.
func (s *Attempts) Return(ctx context.Context, c providers.Charge) error {
	return s.write(context.WithoutCancel(ctx), func(tx *transaction) error {
		open, err := changed(tx.Exec(`DELETE FROM attempts WHERE id = $1 AND outcome = $2`, int64(c), string(ledger.Open)))
		if err == nil && !open {
			err = fmt.Errorf("login attempt %d is not open: this is a bug", c)
		}
		return err
	})
}

// Locked records that a device said it is locked. A d of zero means that it did not tell for how long.
func (s *Attempts) Locked(ctx context.Context, endpoint string, d time.Duration) error {
	return s.write(context.WithoutCancel(ctx), func(tx *transaction) error {
		now := stamp(s.now())
		_, err := tx.Exec(`INSERT INTO attempts (endpoint, credential, outcome, charged, settled, rebased, remaining, lock)
			VALUES ($1, '', $2, $3, $3, 0, $4, $5)`,
			strings.ToLower(endpoint), string(ledger.Locked), now, providers.RemainingUnknown, max(d, 0).Microseconds())
		return err
	})
}

// identify names the endpoint of an attempt and its credential, which only those with the key can compare.
func (s *Attempts) identify(a providers.Attempt) (endpoint, credential string) {
	endpoint = strings.ToLower(a.Endpoint)
	return endpoint, fingerprint(s.key, "login", endpoint, a.Credential.Username, a.Credential.Password.Reveal())
}

// history reads what is known of an endpoint, and keeps track of a clock that went backwards.
func (s *Attempts) history(tx *transaction, endpoint string, now time.Time) ([]ledger.Entry, error) {
	history, err := collect(context.Background(), tx, s.scanEntry, attemptsOf, endpoint)
	if err != nil {
		return nil, err
	}
	for _, e := range ledger.Rebase(history, now) {
		if _, err := tx.Exec(`UPDATE attempts SET rebased = $1 WHERE id = $2`, stamp(e.Rebased), e.ID); err != nil {
			return nil, err
		}
	}
	return history, nil
}

// dropSuccesses removes the successes that came before that of a charge with the same credential: only the last one says
// anything, and there is one in every run. That of a session of the same process that began since and may last stays. A credential belongs to one
// endpoint; that is named for the sake of the index.
func dropSuccesses(tx *transaction, c providers.Charge, since time.Time) error {
	_, err := tx.Exec(`DELETE FROM attempts WHERE id < $1 AND outcome = $2
		AND NOT (session = 1 AND settled > $3 AND EXISTS (SELECT 1 FROM attempts own WHERE own.id = $1 AND own.who = attempts.who AND own.pid = attempts.pid))
		AND endpoint = (SELECT endpoint FROM attempts WHERE id = $1)
		AND credential = (SELECT credential FROM attempts WHERE id = $1)`, int64(c), string(ledger.Accepted), stamp(since))
	return err
}

func (s *Attempts) scanEntry(rows *sql.Rows) (ledger.Entry, error) {
	var (
		e                               ledger.Entry
		charged, settled, rebased, lock int64
		session                         int
		owner                           Owner
	)
	err := rows.Scan(&e.ID, &e.Credential, &e.Outcome, &charged, &settled, &rebased, &e.Remaining, &lock, &e.Consent, &owner.Who, &owner.PID, &session)
	e.Charged, e.Settled, e.Rebased = moment(charged), moment(settled), moment(rebased)
	e.Lock = time.Duration(lock) * time.Microsecond
	e.By = fmt.Sprintf("process %d of %s", owner.PID, owner.Who)
	e.Alive = (e.Outcome == ledger.Open || session == 1) && s.waits(owner)
	return e, err
}

// waits reports whether the process that left an attempt or a session open may still be at it. One of this process is given up: it makes the
// next attempt on a device only then. Of a process of another machine nobody here knows, so it may.
func (s *Attempts) waits(owner Owner) bool {
	here := owner.Who == s.owner.Who
	return owner.PID > 0 && (!here || owner.PID != s.owner.PID && s.alive(owner.PID))
}
