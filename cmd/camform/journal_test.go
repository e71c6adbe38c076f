package main

import (
	"context"
	"os"
	"path/filepath"

	"camform/engine/state"
)

// remembered opens the state of a directory next to the program. The error is that of the file system where there is none yet.
func (w *world) remembered(dir string) (*state.Store, error) {
	if w.server != nil {
		return state.OpenServer(context.Background(), *w.server, state.Options{})
	}
	path := filepath.Join(dir, ".camform", "state.db")
	if _, err := os.Stat(path); err != nil {
		return nil, err
	}
	return state.Open(context.Background(), path, state.Options{})
}

// journal is the journal in a state that another process writes.
type journal struct {
	store  func() (*state.Store, error)
	opened *state.Store
}

// open is how many requests have no end yet; none as long as there is no state.
func (j *journal) open() int {
	if j.opened == nil {
		store, err := j.store()
		if err != nil {
			return 0
		}
		j.opened = store
	}
	open, err := j.opened.AllOpenIntents(context.Background())
	if err != nil {
		return 0
	}
	return len(open)
}

func (j *journal) close() {
	if j.opened != nil {
		_ = j.opened.Close()
	}
}
