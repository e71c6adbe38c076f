package xmlpatch

import (
	"fmt"
	"strings"
	"unicode/utf8"
)

// cursor reads the body of a tree from front to back.
type cursor struct {
	*tree
	at int // the next byte to read
}

func (c *cursor) sees(prefix string) bool { return strings.HasPrefix(c.body[c.at:], prefix) }

// ahead returns the next n bytes, or as many as there are.
func (c *cursor) ahead(n int) string { return c.body[c.at:min(c.at+n, len(c.body))] }

func (c *cursor) skip(prefix string) bool {
	if !c.sees(prefix) {
		return false
	}
	c.at += len(prefix)
	return true
}

func (c *cursor) skipSpace() { c.skipAll(space) }

// skipAll moves behind all characters of a set that follow.
func (c *cursor) skipAll(set string) { c.at = len(c.body) - len(strings.TrimLeft(c.body[c.at:], set)) }

// skipTo moves behind the next end, if there is one.
func (c *cursor) skipTo(end string) bool {
	i := strings.Index(c.body[c.at:], end)
	if i >= 0 {
		c.at += i + len(end)
	}
	return i >= 0
}

func (c *cursor) malformed(at int, format string, args ...any) error {
	return c.fail(ErrMalformed, at, format, args...)
}

func (c *cursor) beyond(at int, format string, args ...any) error {
	return c.fail(ErrLimit, at, format, args...)
}

// checkLength holds the body to MaxBytes.
func (c *cursor) checkLength() error {
	if len(c.body) > MaxBytes {
		return fmt.Errorf("%w: %d bytes, of at most %d", ErrLimit, len(c.body), MaxBytes)
	}
	return nil
}

// fail makes an error about what stands at a byte. It does not quote the document: where a device forgets to escape a
// text, even what looks like a name can be part of a secret.
func (c *cursor) fail(family error, at int, format string, args ...any) error {
	line, column := c.place(at)
	return fmt.Errorf("%w at line %d, column %d: %s", family, line, column, fmt.Sprintf(format, args...))
}

// place returns line and column of a byte as people count them.
func (c *cursor) place(at int) (line, column int) {
	before := c.body[:at]
	line = strings.Count(before, "\n") + 1
	column = utf8.RuneCountInString(before[strings.LastIndexByte(before, '\n')+1:]) + 1
	return line, column
}
