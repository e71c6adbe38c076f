package state

import (
	"context"
	"errors"
)

// maxBatch bounds how many writes share a transaction, so that other processes get their turn.
const maxBatch = 256

// job is one write. It runs in a transaction that it may share with others, at most once.
type job struct {
	ctx  context.Context
	do   func(*transaction) error
	err  error
	done chan struct{}
}

// write runs do in a transaction and returns when that is durable. An error of do undoes what it did and nothing else.
// A job that has begun is not interrupted by ctx.
func (s *database) write(ctx context.Context, do func(tx *transaction) error) error {
	j := &job{ctx: ctx, do: do, done: make(chan struct{})}
	select {
	case s.jobs <- j:
	case <-ctx.Done():
		return ctx.Err()
	case <-s.closing:
		return ErrClosed
	}
	<-j.done
	return j.err
}

// writeAsRead is write for what was decided by what the state had when it was opened. It fails with ErrRestored if the state was
// restored since.
func (s *database) writeAsRead(ctx context.Context, do func(tx *transaction) error) error {
	return s.write(ctx, func(tx *transaction) error {
		switch now, err := lastRestore(context.Background(), tx); {
		case err != nil:
			return err
		case now != s.restored:
			return ErrRestored
		}
		return do(tx)
	})
}

// serve carries out jobs until the store is closed. Those that arrive while a transaction is being made durable share
// the next one.
func (s *database) serve() {
	defer close(s.served)
	var failed error
	for {
		var batch []*job
		select {
		case j := <-s.jobs:
			batch = s.waiting(j)
		case <-s.closing:
			return
		}
		err := failed
		if err == nil {
			err = s.commit(batch)
		}
		if errors.Is(err, ErrFailed) {
			failed = err
		}
		for _, j := range batch {
			if j.err == nil {
				j.err = err
			}
			close(j.done)
		}
	}
}

// waiting is first and the jobs that wait at this moment.
func (s *database) waiting(first *job) []*job {
	batch := []*job{first}
	for len(batch) < maxBatch {
		select {
		case j := <-s.jobs:
			batch = append(batch, j)
		default:
			return batch
		}
	}
	return batch
}

// commit runs jobs in one transaction. Its error is that of all jobs that have none of their own.
func (s *database) commit(batch []*job) error {
	ctx := context.Background()
	if err := s.begin(ctx); err != nil {
		return s.classify(err)
	}
	if err := s.valid(ctx, s.writes); err != nil {
		s.rollBack(ctx)
		return s.classify(err)
	}
	s.tail = auditTail{}
	if err := s.runAll(&transaction{s.writes}, batch); err != nil {
		s.rollBack(ctx)
		return s.classify(err)
	}
	// In PostgreSQL, the commit of a transaction in which a statement failed is no error: each job was released without one.
	if _, err := s.writer.ExecContext(ctx, "COMMIT"); err != nil {
		s.rollBack(ctx)
		return s.classify(err)
	}
	s.noteTail()
	return nil
}

// begin begins a transaction that is the only one of all processes that writes. A connection that was lost since the last one is
// replaced, once: nothing was written over it that anybody waits for. No sql.Tx is used: where the connection is lost under it,
// preparing a statement waits for ever.
func (s *database) begin(ctx context.Context) error {
	err := s.beginOnce(ctx)
	if err == nil || !s.lost(err) {
		return err
	}
	if err := s.connect(ctx); err != nil {
		return err
	}
	return s.beginOnce(ctx)
}

func (s *database) beginOnce(ctx context.Context) error {
	for _, statement := range s.beginning() {
		if _, err := s.writer.ExecContext(ctx, statement); err != nil {
			s.rollBack(ctx)
			return err
		}
	}
	return nil
}

// rollBack ends a transaction, if one is open: after some errors none is.
func (s *database) rollBack(ctx context.Context) { _, _ = s.writer.ExecContext(ctx, "ROLLBACK") }

func (s *database) runAll(tx *transaction, batch []*job) error {
	for _, j := range batch {
		if err := s.run(tx, j); err != nil {
			return err
		}
	}
	return s.saveTail(tx)
}

// run runs one job within a transaction. The error means that the transaction is lost; that of the job is in the job.
func (s *database) run(tx *transaction, j *job) error {
	if j.err = j.ctx.Err(); j.err != nil {
		return nil
	}
	if _, err := tx.Exec("SAVEPOINT job"); err != nil {
		return err
	}
	tail := s.tail
	if err := j.do(tx); err != nil {
		j.err = s.classify(err)
		s.tail = tail
		// Some errors, such as a full disk, undo the whole transaction; then the savepoint no longer exists.
		if _, err := tx.Exec("ROLLBACK TO SAVEPOINT job"); err != nil {
			return j.err
		}
	}
	_, err := tx.Exec("RELEASE SAVEPOINT job")
	return err
}
