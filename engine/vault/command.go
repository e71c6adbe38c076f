package vault

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"camform/schema"
)

// Limits of commands that print secrets.
const (
	commandTime   = 30 * time.Second
	commandGrace  = time.Second // for those that a command left behind to let go of its output
	complaintSize = 4 << 10     // bytes kept of what it says on its standard error
	complaint     = 3           // lines shown of that
	complaintLine = 200         // characters shown of each
)

// readCommand runs a command without a shell and returns what it prints.
func (o *Origins) readCommand(ctx context.Context, line string) (schema.Secret, error) {
	words, err := splitWords(line)
	if err != nil {
		return schema.Secret{}, err
	}
	printed, err := o.run(ctx, words)
	if err != nil {
		return schema.Secret{}, fmt.Errorf("the command %s: %w", words[0], err)
	}
	return withoutNewline(printed, "what the command "+words[0]+" prints")
}

// run runs a command and returns its standard output. Of its standard error the first lines appear in the error if it
// fails, and nothing of its output.
func (o *Origins) run(ctx context.Context, words []string) ([]byte, error) {
	ctx, cancel := context.WithTimeoutCause(ctx, commandTime, fmt.Errorf("it took longer than %v", commandTime))
	defer cancel()
	cmd := exec.CommandContext(ctx, o.program(words[0]), words[1:]...)
	out, complaints := &bounded{limit: textLimit}, &bounded{limit: complaintSize}
	cmd.Dir, cmd.Env, cmd.Stdout, cmd.Stderr, cmd.WaitDelay = o.Dir, o.environment(), out, complaints, commandGrace
	err := cmd.Run()
	switch {
	case ctx.Err() != nil:
		return nil, context.Cause(ctx)
	case errors.Is(err, exec.ErrNotFound):
		return nil, fmt.Errorf("%w; install it, or give its path", exec.ErrNotFound)
	case err != nil:
		return nil, fmt.Errorf("%w%s", err, complained(complaints.kept, out.kept))
	case out.exceeded:
		return nil, fmt.Errorf("its output is too long for a secret; the limit is %d bytes", textLimit)
	}
	return out.kept, nil
}

// program is the path of a command: relative to Dir if it has a slash, and else to be found in PATH.
func (o *Origins) program(word string) string {
	if !strings.ContainsRune(word, filepath.Separator) || filepath.IsAbs(word) {
		return word
	}
	path, err := filepath.Abs(o.path(word))
	if err != nil {
		return word
	}
	return path
}

// environment is ours for a command, without the secrets that are meant for camform and without what the command may not see.
func (o *Origins) environment() []string {
	return slices.DeleteFunc(os.Environ(), func(variable string) bool {
		name, _, _ := strings.Cut(variable, "=")
		return strings.HasPrefix(name, "CAMFORM_") || o.Shows != nil && !o.Shows(name)
	})
}

// bounded keeps the beginning of what is written to it.
type bounded struct {
	kept     []byte
	limit    int
	exceeded bool
}

// Write takes everything and keeps what fits.
func (b *bounded) Write(text []byte) (int, error) {
	room := min(len(text), b.limit-len(b.kept))
	b.kept = append(b.kept, text[:room]...)
	b.exceeded = b.exceeded || room < len(text)
	return len(text), nil
}

// complained is what a command said on its standard error, fit for a message. Where it repeats its output, that is left
// out.
func complained(said, printed []byte) string {
	for line := range bytes.Lines(printed) {
		if secret := bytes.TrimSpace(line); len(secret) > 0 {
			said = bytes.ReplaceAll(said, secret, []byte(schema.Blank))
		}
	}
	var shown []string
	for line := range strings.Lines(strings.ToValidUTF8(string(said), "?")) {
		line = strings.TrimSpace(strings.Map(printable, line))
		if line == "" {
			continue
		}
		if len(shown) == complaint {
			shown = append(shown, "...")
			break
		}
		shown = append(shown, cut(line))
	}
	if len(shown) == 0 {
		return ""
	}
	return "; it says: " + strings.Join(shown, "; ")
}

func printable(r rune) rune {
	if unicode.IsPrint(r) {
		return r
	}
	return ' '
}

func cut(line string) string {
	if utf8.RuneCountInString(line) <= complaintLine {
		return line
	}
	return string([]rune(line)[:complaintLine]) + "..."
}

// splitWords splits a command line at blanks. Text in single or double quotes is kept as it is; there is no other way to
// quote, and nothing is replaced.
func splitWords(line string) ([]string, error) {
	var (
		words []string
		word  strings.Builder
		open  rune // quote that is open
		begun bool // a word, perhaps an empty one
	)
	for _, r := range line {
		switch {
		case open != 0 && r == open:
			open = 0
		case open != 0:
			word.WriteRune(r)
		case r == '\'' || r == '"':
			open, begun = r, true
		case !unicode.IsSpace(r):
			begun = true
			word.WriteRune(r)
		case begun:
			words, begun = append(words, word.String()), false
			word.Reset()
		}
	}
	if open != 0 {
		return nil, fmt.Errorf("%w: a quote of the command is not closed", schema.ErrOrigin)
	}
	if begun {
		words = append(words, word.String())
	}
	if len(words) == 0 || words[0] == "" {
		return nil, fmt.Errorf("%w: there is no command", schema.ErrOrigin)
	}
	return words, nil
}
