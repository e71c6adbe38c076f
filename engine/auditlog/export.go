package auditlog

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"iter"
)

// maxLine bounds a line of an exported log. A record names what one request changes, which is far less.
const maxLine = 16 << 20

// entryLine is a line of an exported log.
type entryLine struct {
	Seq    int64           `json:"seq"`
	Hash   string          `json:"hash"`
	Record json.RawMessage `json:"record"`
}

// headLine is the last line of an exported log.
type headLine struct {
	Count int64  `json:"count"`
	Head  string `json:"head"`
}

// Export writes a log as lines of JSON, one for each record, and a last one with its head, which it returns.
func Export(w io.Writer, entries iter.Seq2[Entry, error]) (Head, error) {
	head := Empty()
	for e, err := range entries {
		if err != nil {
			return head, err
		}
		if !json.Valid([]byte(e.Text)) {
			return head, fmt.Errorf("record %d of the audit log is damaged; for details, run: camform audit-log verify", e.Seq)
		}
		if err := writeLine(w, entryLine{e.Seq, e.Hash, json.RawMessage(e.Text)}); err != nil {
			return head, err
		}
		head = Head{e.Seq, e.Hash}
	}
	return head, writeLine(w, headLine{head.Seq, head.Hash})
}

func writeLine(w io.Writer, value any) error {
	text, err := canonical(value)
	if err == nil {
		_, err = io.WriteString(w, text+"\n")
	}
	return err
}

// VerifyExport is Verify for what Export wrote. The error is that of the reader, or says that a line is too long.
func VerifyExport(r io.Reader, anchors ...Anchor) (Findings, error) {
	last := ""
	findings, err := Verify(exported(r, &last), anchors...)
	if err != nil || findings.Break != nil {
		return findings, err
	}
	switch head, ok := parseHead(last); {
	case ok && head.Seq > findings.Head.Seq:
		findings.Break = &Break{Kind: Cut, Seq: findings.Head.Seq + 1, Last: head.Seq, Noted: "in the last line"}
	case !ok || head != findings.Head:
		findings.Break = &Break{Kind: Headless, Seq: findings.Head.Seq}
	}
	return findings, nil
}

// exported goes through the entries of an exported log, and leaves its last line in last. That is an entry too where the line
// with the head is gone.
func exported(r io.Reader, last *string) iter.Seq2[Entry, error] {
	return func(yield func(Entry, error) bool) {
		scanner := bufio.NewScanner(r)
		scanner.Buffer(nil, maxLine)
		for first := true; scanner.Scan(); first = false {
			if !first && !yield(parseEntry(*last), nil) {
				return
			}
			*last = scanner.Text()
		}
		if err := scanner.Err(); err != nil {
			yield(Entry{}, err)
		} else if e := parseEntry(*last); e != (Entry{}) {
			yield(e, nil)
		}
	}
}

// parseEntry reads a line of an exported log. One that Export did not write in this form is an entry without anything, which
// no chain takes.
func parseEntry(line string) Entry {
	var l entryLine
	if !exactly(line, &l) {
		return Entry{}
	}
	return Entry{l.Seq, string(l.Record), l.Hash}
}

func parseHead(line string) (Head, bool) {
	var l headLine
	ok := exactly(line, &l)
	return Head{l.Count, l.Head}, ok
}

// exactly reads a line, and reports whether writing it again gives the same line.
func exactly(line string, value any) bool {
	if json.Unmarshal([]byte(line), value) != nil {
		return false
	}
	again, err := canonical(value)
	return err == nil && again == line
}
