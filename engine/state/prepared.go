package state

import (
	"context"
	"database/sql"
	"errors"
	"sync"
)

// preparer is a *sql.DB or a *sql.Conn.
type preparer interface {
	PrepareContext(ctx context.Context, query string) (*sql.Stmt, error)
}

// prepared are the statements of a pool of connections, or of one, by their text. Each is prepared when it is first used, and
// stays until close.
type prepared struct {
	on    preparer
	mu    sync.Mutex
	known map[string]*sql.Stmt
}

func prepare(on preparer) *prepared { return &prepared{on: on, known: map[string]*sql.Stmt{}} }

// statement returns the statement with a text. It prepares without the mutex, since to prepare may wait for a connection.
func (p *prepared) statement(ctx context.Context, query string) (*sql.Stmt, error) {
	p.mu.Lock()
	known := p.known[query]
	p.mu.Unlock()
	if known != nil {
		return known, nil
	}
	fresh, err := p.on.PrepareContext(ctx, query)
	if err != nil {
		return nil, err
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if known := p.known[query]; known != nil { // somebody else was faster
		return known, fresh.Close()
	}
	p.known[query] = fresh
	return fresh, nil
}

// QueryContext runs a query. The caller must close the rows.
func (p *prepared) QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error) {
	statement, err := p.statement(ctx, query)
	if err != nil {
		return nil, err
	}
	return statement.QueryContext(ctx, args...)
}

func (p *prepared) close() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	var err error
	for _, statement := range p.known {
		err = errors.Join(err, statement.Close())
	}
	clear(p.known)
	return err
}

// transaction is what a job of the writer works with: the statements of its connection, on which a transaction is open. It
// takes no context, since an interrupted statement would undo the work of others.
type transaction struct{ *prepared }

// Exec runs a statement that returns no rows.
func (tx *transaction) Exec(query string, args ...any) (sql.Result, error) {
	statement, err := tx.statement(context.Background(), query)
	if err != nil {
		return nil, err
	}
	return statement.Exec(args...)
}

// Get runs a statement that returns one row, and stores its columns. The error is sql.ErrNoRows if there is none.
func (tx *transaction) Get(to []any, query string, args ...any) error {
	statement, err := tx.statement(context.Background(), query)
	if err != nil {
		return err
	}
	return statement.QueryRow(args...).Scan(to...)
}
