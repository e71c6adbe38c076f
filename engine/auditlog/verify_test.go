package auditlog

import (
	"errors"
	"fmt"
	"iter"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

const long = 300

var noon = time.Date(2026, 3, 1, 12, 0, 0, 123456789, time.UTC)

// chain is a log of n records.
func chain(t testing.TB, n int, reason string) []Entry {
	t.Helper()
	head := Empty()
	var log []Entry
	for i := range n {
		e, err := Chain(head, Record{
			Time: noon.Add(time.Duration(i) * time.Second), Run: "r1", Who: "ops@host", Action: RequestIntended,
			Device: `device.gate["<ä>"]`, Settings: []string{"https", fmt.Sprintf("user.u%d", i)}, Before: "00ff", Reason: reason,
		})
		if err != nil {
			t.Fatal(err)
		}
		log, head = append(log, e), Head{e.Seq, e.Hash}
	}
	return log
}

func headOf(log []Entry) Head {
	if len(log) == 0 {
		return Empty()
	}
	last := log[len(log)-1]
	return Head{last.Seq, last.Hash}
}

func noted(h Head) Anchor { return Anchor{"on paper", h} }

func all(log []Entry) iter.Seq2[Entry, error] {
	return func(yield func(Entry, error) bool) {
		for _, e := range log {
			if !yield(e, nil) {
				return
			}
		}
	}
}

func verify(t testing.TB, log []Entry, anchors ...Anchor) Findings {
	t.Helper()
	findings, err := Verify(all(log), anchors...)
	if err != nil {
		t.Fatal(err)
	}
	return findings
}

// check demands a break, and that the chain is whole before it.
func check(t *testing.T, what string, findings Findings, want Break) {
	t.Helper()
	if diff := cmp.Diff(&want, findings.Break); diff != "" {
		t.Errorf("%s: %s", what, diff)
	}
}

func TestAWholeChainIsWhole(t *testing.T) {
	for _, n := range []int{0, 1, long} {
		log := chain(t, n, "")
		anchors := []Anchor{noted(Empty()), noted(headOf(log)), noted(headOf(log[:n/2]))}
		if diff := cmp.Diff(Findings{Head: headOf(log)}, verify(t, log, anchors...)); diff != "" {
			t.Errorf("%d records: %s", n, diff)
		}
	}
}

func TestDeletionsAreFound(t *testing.T) {
	log := chain(t, long, "")
	for i := range long - 1 {
		want := Break{Kind: Missing, Seq: int64(i + 1), Last: int64(i + 1)}
		if i == 0 {
			want.Kind = Late
		}
		findings := verify(t, slices.Delete(slices.Clone(log), i, i+1))
		check(t, fmt.Sprint("without ", i+1), findings, want)
		if findings.Head != headOf(log[:i]) {
			t.Errorf("without %d the chain is whole up to %v", i+1, findings.Head)
		}
	}
	check(t, "without many", verify(t, slices.Delete(slices.Clone(log), 99, 200)), Break{Kind: Missing, Seq: 100, Last: 200})
	check(t, "without the first ones", verify(t, log[7:]), Break{Kind: Late, Seq: 1, Last: 7})
}

// Somebody who deletes a row may give its number to the next one, and so on.
func TestDeletionsWithNewNumbersAreFound(t *testing.T) {
	log := slices.Delete(chain(t, long, ""), 41, 43)
	for i := range log {
		log[i].Seq = int64(i + 1)
	}
	check(t, "renumbered", verify(t, log), Break{Kind: Missing, Seq: 42, Last: 43})
}

func TestSwapsAreFound(t *testing.T) {
	log := chain(t, long, "")
	for i := range long {
		for _, j := range []int{i + 1, long - 1} {
			if j <= i || j >= long {
				continue
			}
			want := Break{Kind: Swapped, Seq: int64(i + 1), Other: int64(j + 1)}
			moved := slices.Clone(log)
			moved[i], moved[j] = moved[j], moved[i]
			check(t, fmt.Sprint("lines ", i, j), verify(t, moved), want)
			moved[i].Seq, moved[j].Seq = moved[j].Seq, moved[i].Seq
			check(t, fmt.Sprint("rows ", i, j), verify(t, moved), want)
		}
	}
}

func TestDuplicatesAreFound(t *testing.T) {
	log := chain(t, long, "")
	for i := range long - 1 {
		for _, j := range []int{i + 1, long - 1} {
			want := Break{Kind: Duplicated, Seq: int64(j + 1), Other: int64(i + 1)}
			check(t, fmt.Sprint("line ", i, j), verify(t, slices.Insert(slices.Clone(log), j, log[i])), want)
			replaced := slices.Clone(log)
			replaced[j].Text, replaced[j].Hash = log[i].Text, log[i].Hash
			check(t, fmt.Sprint("row ", i, j), verify(t, replaced), want)
		}
	}
}

// All bytes of some records and some bytes of all: a whole log is gone through for each.
func TestEveryEditOfAByteIsFound(t *testing.T) {
	log := chain(t, long, "")
	for i, e := range log {
		step := 97
		if i%150 == 0 || i == long-1 {
			step = 1
		}
		want := Break{Kind: Changed, Seq: e.Seq}
		for at := i % step; at < len(e.Text); at += step {
			log[i].Text = edited(e.Text, at, next)
			check(t, fmt.Sprintf("text of %d, byte %d", e.Seq, at), verify(t, log[:min(i+2, long)]), want)
		}
		log[i].Text = e.Text
		for at := i % step; at < len(e.Hash); at += step {
			log[i].Hash = edited(e.Hash, at, otherCase)
			check(t, fmt.Sprintf("hash of %d, byte %d", e.Seq, at), verify(t, log[:min(i+2, long)]), want)
		}
		log[i].Hash = e.Hash
	}
}

// edited is a text with another byte at a place: the one next to it, or a letter in the other case.
func edited(text string, at int, bit byte) string {
	bytes := []byte(text)
	bytes[at] ^= bit
	return string(bytes)
}

const (
	next      = 1
	otherCase = 0x20
)

func TestOtherChangesAreFound(t *testing.T) {
	change := func(f func(log []Entry)) []Entry {
		log := chain(t, 9, "")
		f(log)
		return log
	}
	rewrite := func(e *Entry) { e.Text = strings.Replace(e.Text, "ops@", "eve@", 1); e.Hash = hash(e.Text) }
	for what, tt := range map[string]struct {
		log  []Entry
		want Break
	}{
		"rewritten with its hash":       {change(func(log []Entry) { rewrite(&log[3]) }), Break{Kind: Unlinked, Seq: 5}},
		"another beginning":             {change(func(log []Entry) { log[0] = Entry{1, `{"seq":1,"prev":""}`, hash(`{"seq":1,"prev":""}`)} }), Break{Kind: Unlinked, Seq: 1}},
		"kept under a number of before": {change(func(log []Entry) { log[3].Seq = 2 }), Break{Kind: Changed, Seq: 4}},
		"kept under a number of later":  {change(func(log []Entry) { log[3].Seq = 7 }), Break{Kind: Changed, Seq: 4}},
		"no JSON, with its hash":        {change(func(log []Entry) { log[3] = Entry{4, "4", hash("4")} }), Break{Kind: Changed, Seq: 4}},
		"nothing":                       {change(func(log []Entry) { log[3] = Entry{} }), Break{Kind: Changed, Seq: 4}},
		"a gap before damage":           {change(func(log []Entry) { log[3] = Entry{Seq: 6} }), Break{Kind: Missing, Seq: 4, Last: 5}},
	} {
		check(t, what, verify(t, tt.log), tt.want)
	}
}

func TestOnlyAHeadShowsThatTheEndWasCut(t *testing.T) {
	log := chain(t, long, "")
	for n := range long {
		if findings := verify(t, log[:n]); findings.Break != nil {
			t.Fatalf("%d records alone: %v", n, findings.Break)
		}
		check(t, fmt.Sprint(n), verify(t, log[:n], noted(headOf(log))), Break{Kind: Cut, Seq: int64(n + 1), Last: long, Noted: "on paper"})
	}
}

func TestOnlyAHeadShowsThatTheLogWasWrittenAnew(t *testing.T) {
	log, forged := chain(t, 9, ""), chain(t, 9, "forged")
	if findings := verify(t, forged); findings.Break != nil {
		t.Fatalf("alone: %v", findings.Break)
	}
	for n := 1; n <= 9; n++ {
		check(t, fmt.Sprint(n), verify(t, forged, noted(headOf(log[:n]))), Break{Kind: Rewritten, Seq: int64(n), Noted: "on paper"})
	}
	first := Anchor{"in stone", headOf(log[:4])}
	check(t, "two heads", verify(t, forged, first, noted(first.Head), noted(headOf(log))), Break{Kind: Rewritten, Seq: 4, Noted: "in stone"})
	check(t, "another genesis", verify(t, log, noted(Head{0, hash("")})), Break{Kind: Rewritten, Noted: "on paper"})
}

// A record that was changed is reported at its place, also if there is a head that it breaks.
func TestTheFirstBreakIsTold(t *testing.T) {
	log := chain(t, 9, "")
	anchor := noted(headOf(log))
	log[6].Text, log[3].Text = "x", "x"
	check(t, "two changes and a head", verify(t, log, anchor), Break{Kind: Changed, Seq: 4})
}

func TestAnErrorOfTheEntriesIsReturned(t *testing.T) {
	failed := errors.New("failed")
	_, err := Verify(func(yield func(Entry, error) bool) { yield(Entry{}, failed) })
	if !errors.Is(err, failed) {
		t.Errorf("got %v", err)
	}
}

func TestBreaksAreToldWithTheirPlace(t *testing.T) {
	for _, tt := range []struct {
		b    Break
		want string
	}{
		{Break{Kind: Changed, Seq: 4}, "record 4 was changed"},
		{Break{Kind: Missing, Seq: 4, Last: 4}, "record 4 is missing"},
		{Break{Kind: Missing, Seq: 4, Last: 6}, "records 4 to 6 are missing"},
		{Break{Kind: Late, Seq: 1, Last: 6}, "the log begins with record 7; records 1 to 6 are missing"},
		{Break{Kind: Swapped, Seq: 4, Other: 6}, "record 6 is in place of record 4, which comes later"},
		{Break{Kind: Duplicated, Seq: 4, Other: 2}, "record 2 appears a second time, in place of record 4"},
		{Break{Kind: Unlinked, Seq: 4}, "record 4 does not continue record 3; one of them was replaced"},
		{Break{Kind: Unlinked, Seq: 1}, "record 1 is not the first record of a log; it was replaced"},
		{Break{Kind: Cut, Seq: 4, Last: 6, Noted: "on paper"}, "the log ends with record 3, but its length is noted as 6 on paper; the rest was cut off"},
		{Break{Kind: Rewritten, Seq: 4, Noted: "on paper"}, "record 4 does not match the hash noted on paper; the log was rewritten from there or earlier"},
		{Break{Kind: Added, Seq: 4, Last: 6}, "records 4 to 6 are not noted in the state; something other than camform wrote to the log"},
		{Break{Kind: Headless, Seq: 4}, "the last line does not give the number of records, 4, and the hash of the last one"},
	} {
		if got := tt.b.String(); got != tt.want {
			t.Errorf("got  %s\nwant %s", got, tt.want)
		}
	}
}
