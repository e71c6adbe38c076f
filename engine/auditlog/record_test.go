package auditlog

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// The form of a record is what hashes of old logs depend on.
func TestRecordsAreWrittenInOneForm(t *testing.T) {
	r := Record{
		Time: noon.In(time.FixedZone("CET", 3600)), Run: "r", Who: "w", From: "f", Version: "v", Action: RunBegun, Device: "d",
		Settings: []string{"<s>"}, Document: "/x&y", Plan: "p", Before: "b", After: "a", Outcome: "o", Detail: "\xff\n", Reason: "why",
	}
	e, err := Chain(Head{6, Genesis}, r)
	if err != nil {
		t.Fatal(err)
	}
	want := `{"seq":7,"time":"2026-03-01T12:00:00.123456Z","run":"r","who":"w","from":"f","version":"v","action":"run-begun","device":"d",` +
		`"settings":["<s>"],"document":"/x&y","plan":"p","before":"b","after":"a","outcome":"o","detail":"\ufffd\n","reason":"why","prev":"` + Genesis + `"}`
	if e.Text != want || e.Seq != 7 || e.Hash != hash(want) {
		t.Errorf("got  %s\nwant %s", e.Text, want)
	}
	got, err := e.Record()
	r.Seq, r.Prev, r.Time, r.Detail = 7, Genesis, noon.Truncate(time.Microsecond), "\ufffd\n"
	if diff := cmp.Diff(r, got); err != nil || diff != "" {
		t.Errorf("read back: %v %s", err, diff)
	}
	if _, err := Chain(Empty(), Record{Time: time.Date(10000, 1, 1, 0, 0, 0, 0, time.UTC)}); err == nil {
		t.Error("a record without a time was made")
	}
}

func TestHeadsAreReadInOneForm(t *testing.T) {
	head := Head{12, hash("")}
	if got, err := ParseHead(head.String()); err != nil || got != head {
		t.Errorf("got %v, %v", got, err)
	}
	for _, text := range []string{
		"", "12", "12:", ":" + head.Hash, "-1:" + head.Hash, "+12:" + head.Hash, "012:" + head.Hash, "12:" + head.Hash[1:],
		"12:" + head.Hash + "0", "12:" + strings.ToUpper(head.Hash), "x:" + head.Hash, "12:" + strings.Repeat("x", 64), "12:" + head.Hash + ":",
	} {
		if got, err := ParseHead(text); !errors.Is(err, ErrHead) {
			t.Errorf("%q: got %v, %v", text, got, err)
		}
	}
}
