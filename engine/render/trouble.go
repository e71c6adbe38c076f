package render

import (
	"bytes"

	"camform/engine/diag"
)

// trouble is what went wrong while a command made a document.
type trouble struct {
	problems diag.Problems
	sources  map[string][]byte
	failure  string
}

// AddProblems adds problems; see Problems.
func (t *trouble) AddProblems(ps diag.Problems, sources map[string][]byte) {
	t.problems = append(t.problems, ps...)
	if t.sources == nil {
		t.sources = map[string][]byte{}
	}
	for name, text := range sources {
		t.sources[name] = text
	}
}

// Failed says why the command failed; an empty reason stands for the problems.
func (t *trouble) Failed(reason string) { t.failure = reason }

// boxes are the problems as a terminal shows them.
func (t *trouble) boxes(o Options) string {
	var boxes bytes.Buffer
	_ = Problems(&boxes, t.problems, t.sources, Options{Width: o.Width, Frame: o.Frame}) // a buffer takes everything
	return boxes.String()
}
