package main

import (
	"bytes"
	"io"
	"os"
	"sync"

	"golang.org/x/term"

	"camform/engine/render"
)

// messages is the standard error on a terminal. Its lines wrap at words. A line that does not end within one write, such as a question,
// appears at once as it is.
type messages struct {
	file *os.File

	mu  sync.Mutex
	mid bool // whether a line was begun and has not ended
}

// messagesOn returns a stream for messages: file itself where it is no terminal.
func messagesOn(file *os.File) io.Writer {
	if !term.IsTerminal(int(file.Fd())) {
		return file
	}
	return &messages{file: file}
}

// Write implements io.Writer. It writes all of text or returns an error.
func (m *messages) Write(text []byte) (int, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	width, _ := terminal(m.file)
	var wrapped bytes.Buffer
	for line := range bytes.Lines(text) {
		ends := bytes.HasSuffix(line, []byte("\n"))
		if m.mid || !ends {
			wrapped.Write(line)
		} else {
			wrapped.WriteString(render.Wrap(string(line[:len(line)-1]), width, hanging(line)) + "\n")
		}
		m.mid = !ends
	}
	if _, err := m.file.Write(wrapped.Bytes()); err != nil {
		return 0, err
	}
	return len(text), nil
}

// hanging is how far the parts of a line are indented behind its first: an item of a list, which is indented itself, a little more.
func hanging(line []byte) int {
	indent := len(line) - len(bytes.TrimLeft(line, " "))
	if indent == 0 {
		return 0
	}
	return indent + 2
}
