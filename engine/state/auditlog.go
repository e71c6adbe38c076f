package state

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"iter"
	"maps"
	"net/url"
	"os"
	"slices"
	"strings"

	"camform/engine/atomicfile"
	"camform/engine/auditlog"
)

// auditHeadRow is the row of the table meta with the head of the audit log.
const auditHeadRow = "audit_head"

// AuditLog is who did what; see package auditlog.
type AuditLog struct{ *database }

// Audit appends records to the audit log, of things that no other method of the store records. Seq, Time, From, Version and
// Prev are filled in, and so is Who where it is empty. No field may hold a secret. It is written even if ctx is cancelled:
// what is recorded has happened.
func (s *AuditLog) Audit(ctx context.Context, records ...auditlog.Record) error {
	return s.write(context.WithoutCancel(ctx), func(tx *transaction) error {
		for _, r := range records {
			if err := s.appendAudit(tx, r); err != nil {
				return err
			}
		}
		return nil
	})
}

// AuditEntries goes through the audit log from a sequence number on, as it is kept: auditlog.Verify says whether it is to be
// believed. After an error there is nothing more.
func (s *AuditLog) AuditEntries(ctx context.Context, from int64) iter.Seq2[auditlog.Entry, error] {
	return s.auditEntries(ctx, `SELECT seq, record, hash FROM audit_log WHERE seq >= $1 ORDER BY seq`, from)
}

// VerifyAudit verifies the audit log by what the state itself says of it and by anchors: the caller's, and the file beside
// the database where there is one. Others may append to the log meanwhile.
func (s *AuditLog) VerifyAudit(ctx context.Context, anchors ...auditlog.Anchor) (auditlog.Findings, error) {
	before, err := s.AuditHead(ctx)
	if err != nil {
		return auditlog.Findings{}, err
	}
	anchors = append([]auditlog.Anchor{{Noted: "in the state", Head: before}}, anchors...)
	if noted, err := s.NotedHead(); err == nil {
		anchors = append(anchors, auditlog.Anchor{Noted: "in the file " + s.headPath(), Head: noted})
	}
	findings, err := auditlog.Verify(s.auditEntries(ctx, `SELECT seq, record, hash FROM audit_log ORDER BY seq`), anchors...)
	if err != nil || findings.Break != nil {
		return findings, err
	}
	after, err := s.AuditHead(ctx)
	if err == nil && findings.Head.Seq > after.Seq {
		findings.Break = &auditlog.Break{Kind: auditlog.Added, Seq: after.Seq + 1, Last: findings.Head.Seq}
	}
	return findings, err
}

// AuditHead is the head of the audit log as the state notes it, in the transaction that appends a record. Where that note is
// gone or cannot be read, it is the head of an empty log.
func (s *AuditLog) AuditHead(ctx context.Context) (auditlog.Head, error) {
	found, err := read(ctx, s.database, scanText, `SELECT value FROM meta WHERE name = $1`, auditHeadRow)
	if err != nil {
		return auditlog.Head{}, err
	}
	return headFrom(strings.Join(found, "")), nil
}

// NotedHead is the head of the audit log that is noted in a file beside the database. It may be a few records behind. The
// error says that there is no file, with the family fs.ErrNotExist, or that nothing can be read from it.
func (s *AuditLog) NotedHead() (auditlog.Head, error) { return s.notedHead() }

// Behind reports whether the file beside the database knows a record that the audit log lacks: then these secrets are an older
// copy.
func (s *Secrets) Behind(ctx context.Context) (bool, error) {
	noted, err := s.notedHead()
	if err != nil || noted == auditlog.Empty() {
		return false, nil // it tells nothing
	}
	known, err := read(ctx, s.database, scanText, `SELECT hash FROM audit_log WHERE seq = $1`, noted.Seq)
	return err == nil && (len(known) == 0 || known[0] != noted.Hash), err
}

func (s *database) notedHead() (auditlog.Head, error) {
	if s.path == "" {
		return auditlog.Head{}, fmt.Errorf("noted head of the audit log: %w", fs.ErrNotExist)
	}
	text, err := os.ReadFile(s.headPath())
	if err != nil {
		return auditlog.Head{}, fmt.Errorf("noted head of the audit log: %w", err)
	}
	head, err := auditlog.ParseHead(strings.TrimSuffix(string(text), "\n"))
	if err != nil {
		return auditlog.Head{}, fmt.Errorf("noted head of the audit log, %s: %w", s.headPath(), err)
	}
	return head, nil
}

func (s *database) headPath() string { return s.path + ".audit-head" }

func (s *database) auditEntries(ctx context.Context, query string, args ...any) iter.Seq2[auditlog.Entry, error] {
	return func(yield func(auditlog.Entry, error) bool) {
		rows, err := s.reads.QueryContext(ctx, query, args...)
		if err != nil {
			yield(auditlog.Entry{}, s.classify(err))
			return
		}
		defer func() { _ = rows.Close() }()
		for rows.Next() {
			var e auditlog.Entry
			if err := rows.Scan(&e.Seq, &e.Text, &e.Hash); err != nil {
				yield(auditlog.Entry{}, s.classify(err))
				return
			}
			if !yield(e, nil) {
				return
			}
		}
		if err := rows.Err(); err != nil {
			yield(auditlog.Entry{}, s.classify(err))
		}
	}
}

// auditTail is the end of the audit log within a transaction. It belongs to the goroutine in serve.
type auditTail struct {
	known bool // head was read or made in this transaction
	head  auditlog.Head
	grown bool // by this transaction
}

// appendAudit adds a record to the audit log. It becomes durable together with what else the transaction writes, or not at
// all: nothing is done without a record.
func (s *database) appendAudit(tx *transaction, r auditlog.Record) error {
	if err := s.findTail(tx); err != nil {
		return err
	}
	r.Time, r.From, r.Version = s.now(), s.from, s.owner.Version
	if r.Who == "" {
		r.Who = s.owner.Who
	}
	e, err := auditlog.Chain(s.tail.head, r)
	if err != nil {
		return err
	}
	if _, err := tx.Exec(`INSERT INTO audit_log (seq, record, hash) VALUES ($1, $2, $3)`, e.Seq, e.Text, e.Hash); err != nil {
		return err
	}
	s.tail = auditTail{known: true, head: auditlog.Head{Seq: e.Seq, Hash: e.Hash}, grown: true}
	return nil
}

// findTail reads where the audit log ends, once in a transaction: another process may have appended before it. The hash is
// the one that was noted, not that of the last row, so that rows which somebody removed or added at the end stay a break in
// the chain. They do not keep anybody from appending.
func (s *database) findTail(tx *transaction) error {
	if s.tail.known {
		return nil
	}
	var (
		noted string
		last  int64
	)
	err := tx.Get([]any{&noted, &last}, `SELECT COALESCE((SELECT value FROM meta WHERE name = $1), ''), COALESCE((SELECT MAX(seq) FROM audit_log), 0)`,
		auditHeadRow)
	head := headFrom(noted)
	head.Seq = max(head.Seq, last)
	s.tail = auditTail{known: err == nil, head: head}
	return err
}

// saveTail notes the head of the audit log at the end of a transaction.
func (s *database) saveTail(tx *transaction) error {
	if !s.tail.grown {
		return nil
	}
	_, err := tx.Exec(`INSERT INTO meta (name, value) VALUES ($1, $2) ON CONFLICT (name) DO UPDATE SET value = excluded.value`,
		auditHeadRow, s.tail.head.String())
	return err
}

// headFrom reads a head that was noted. Other text is read as the head of an empty log, which fits no other.
func headFrom(text string) auditlog.Head {
	head, err := auditlog.ParseHead(text)
	if err != nil {
		return auditlog.Empty()
	}
	return head
}

// noteTail writes the head of the audit log into the file beside the database, after the transaction is durable: a head of
// records that are lost would make a whole log look cut. That it fails, or that another process is faster with an older
// head, does no harm, since the file may be behind. A head that is not part of the log stays: it is the proof that the log
// was cut or rewritten.
func (s *database) noteTail() {
	if s.tail.grown && s.path != "" && s.mayNote() {
		// To wait until the file is on the disk would take as long as the transaction.
		_ = atomicfile.ReplaceUnsynced(s.headPath(), []byte(s.tail.head.String()+"\n"), 0o600)
	}
}

// mayNote reports whether the head in the file, if there is one, is part of the log.
func (s *database) mayNote() bool {
	old, err := s.notedHead()
	switch {
	case errors.Is(err, auditlog.ErrHead), errors.Is(err, fs.ErrNotExist):
		return true // a power failure may leave nothing in the file
	case err != nil:
		return false
	case old == auditlog.Empty():
		return true
	}
	var known string
	err = s.writer.QueryRowContext(context.Background(), `SELECT hash FROM audit_log WHERE seq = $1`, old.Seq).Scan(&known)
	return err == nil && known == old.Hash
}

// whereFrom is the name of this host, and the page of the CI job that this process belongs to.
func whereFrom(env func(string) string) string {
	host, err := os.Hostname()
	if err != nil {
		host = "unknown host"
	}
	for _, page := range []string{
		env("CI_JOB_URL"), // GitLab
		env("GITHUB_SERVER_URL") + "/" + env("GITHUB_REPOSITORY") + "/actions/runs/" + env("GITHUB_RUN_ID"),
		env("BUILD_URL"), // Jenkins
	} {
		if u, err := url.Parse(page); err == nil && u.Host != "" && (u.Scheme == "https" || u.Scheme == "http") {
			// Neither a name and a password nor a token may come along.
			return host + " " + (&url.URL{Scheme: u.Scheme, Host: u.Host, Path: u.Path}).String()
		}
	}
	return host
}

// auditIntent records that a request may be sent from now on.
func (s *Journal) auditIntent(tx *transaction, lease Lease, id IntentID, intent Intent) error {
	before := func(step IntentStep) (json.RawMessage, map[string]string) { return step.Before, nil }
	after := func(step IntentStep) (json.RawMessage, map[string]string) { return step.After, step.Fingerprints }
	return s.appendAudit(tx, auditlog.Record{
		Run: lease.Run, Action: auditlog.RequestIntended, Device: lease.Device.String(), Settings: locals(intent.Steps),
		Document: intent.Document, Before: s.valuesFingerprint(intent.Steps, before), After: s.valuesFingerprint(intent.Steps, after),
		Detail: requestDetail(intent, id),
	})
}

// requestDetail says which request of the journal it is, and that it puts old values back if so.
func requestDetail(intent Intent, id IntentID) string {
	detail := fmt.Sprintf("%s, request %d", intent.Method, id)
	if intent.PutsBack() {
		detail += " that puts old values back"
	}
	return detail
}

// auditOutcome records the outcome of a request. An earlier run may have begun it.
func (s *Journal) auditOutcome(tx *transaction, lease Lease, intent Intent) error {
	detail := requestDetail(intent, intent.ID)
	if intent.Run != lease.Run {
		detail += " of run " + intent.Run
	}
	return s.appendAudit(tx, auditlog.Record{
		Run: lease.Run, Action: auditlog.RequestSettled, Device: lease.Device.String(), Settings: locals(intent.Steps),
		Document: intent.Document, Outcome: string(intent.Outcome), Detail: detail,
	})
}

// auditSecret records what happened to a version of a secret: all that were proposed for 0. Where a person did it there is no
// lease.
func (s *Secrets) auditSecret(tx *transaction, lease Lease, action auditlog.Action, name string, version int) error {
	r := auditlog.Record{Run: lease.Run, Action: action, Detail: name}
	if !lease.Device.IsZero() {
		r.Device = lease.Device.String()
	}
	if version > 0 {
		r.Detail = fmt.Sprintf("%s, version %d", name, version)
	}
	return s.appendAudit(tx, r)
}

func locals(steps []IntentStep) []string {
	var names []string
	for _, step := range steps {
		names = append(names, step.Setting.Local())
	}
	return names
}

// valuesFingerprint is a fingerprint of values of steps and of the secrets in them, empty if there are none. Equal values of
// the same settings have the same one, however their JSON is written.
func (s *Journal) valuesFingerprint(steps []IntentStep, pick func(IntentStep) (json.RawMessage, map[string]string)) string {
	fields, empty := []string{"audit"}, true
	for _, step := range steps {
		value, secrets := pick(step)
		empty = empty && value == nil && len(secrets) == 0
		fields = append(fields, step.Setting.String(), canonicalJSON(value))
		for _, attribute := range slices.Sorted(maps.Keys(secrets)) {
			fields = append(fields, attribute, secrets[attribute])
		}
	}
	if empty {
		return ""
	}
	return fingerprint(s.key, fields...)
}

// canonicalJSON is a value with the names of its objects in order and without spaces. Numbers stay as they are written.
func canonicalJSON(value json.RawMessage) string {
	if value == nil {
		return ""
	}
	decoder := json.NewDecoder(bytes.NewReader(value))
	decoder.UseNumber()
	var decoded any
	if decoder.Decode(&decoded) != nil {
		panic("a value that was checked is not JSON: this is a bug")
	}
	text, err := json.Marshal(decoded)
	if err != nil {
		panic(fmt.Sprintf("a value that was decoded cannot be encoded: this is a bug: %v", err))
	}
	return string(text)
}
