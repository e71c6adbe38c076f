package auditlog

import (
	"fmt"
	"iter"
)

// Kind is how a chain is broken.
type Kind string

// The kinds of breaks.
const (
	Changed    Kind = "changed"    // the record is not the one that was hashed
	Missing    Kind = "missing"    // records are not there
	Late       Kind = "late"       // the log does not begin with record 1
	Swapped    Kind = "swapped"    // the record stands elsewhere
	Duplicated Kind = "duplicated" // an earlier record stands in its place
	Unlinked   Kind = "unlinked"   // the record is whole, and so is the one before, but one was not made for the other
	Cut        Kind = "cut"        // records at the end are gone
	Added      Kind = "added"      // records at the end were written by somebody else than camform
	Headless   Kind = "headless"   // an exported log does not end with the line that holds its head
	Rewritten  Kind = "rewritten"  // the chain is whole, but it is another one than that whose head was noted
)

// Break is the first place at which a chain is broken.
type Break struct {
	Kind  Kind
	Seq   int64  // first record that is not as it was written; of Headless: last record
	Last  int64  // of Missing, Late and Added: last one that is missing, or was added; of Cut: last one that there was
	Other int64  // of Swapped and Duplicated: record that stands in the place
	Noted string // of Cut and Rewritten: where the head was noted
}

// String says, for people, what is wrong and where.
func (b Break) String() string {
	switch b.Kind {
	case Changed:
		return fmt.Sprintf("record %d was changed", b.Seq)
	case Missing:
		return fmt.Sprintf("%s missing", records(b.Seq, b.Last))
	case Late:
		return fmt.Sprintf("the log begins with record %d; %s missing", b.Last+1, records(b.Seq, b.Last))
	case Swapped:
		return fmt.Sprintf("record %d is in place of record %d, which comes later", b.Other, b.Seq)
	case Duplicated:
		return fmt.Sprintf("record %d appears a second time, in place of record %d", b.Other, b.Seq)
	case Unlinked:
		if b.Seq == 1 {
			return "record 1 is not the first record of a log; it was replaced"
		}
		return fmt.Sprintf("record %d does not continue record %d; one of them was replaced", b.Seq, b.Seq-1)
	case Cut:
		return fmt.Sprintf("the log ends with record %d, but its length is noted as %d %s; the rest was cut off", b.Seq-1, b.Last, b.Noted)
	case Added:
		return fmt.Sprintf("%s not noted in the state; something other than camform wrote to the log", records(b.Seq, b.Last))
	case Headless:
		return fmt.Sprintf("the last line does not give the number of records, %d, and the hash of the last one", b.Seq)
	case Rewritten:
		return fmt.Sprintf("record %d does not match the hash noted %s; the log was rewritten from there or earlier", b.Seq, b.Noted)
	}
	panic(fmt.Sprintf("there is no break %q: this is a bug", b.Kind))
}

func records(first, last int64) string {
	if first == last {
		return fmt.Sprintf("record %d is", first)
	}
	return fmt.Sprintf("records %d to %d are", first, last)
}

// Anchor is a head that was noted outside the chain. It may be older than the chain, never newer.
type Anchor struct {
	Noted string // where, for people: "in the file state.db.audit-head"
	Head  Head
}

// Findings are what Verify found.
type Findings struct {
	Head  Head   // of the part of the chain that is whole, counted from its beginning
	Break *Break // nil if the chain is whole and continues every anchor
}

// Verify goes through a log from its beginning and finds the first place at which it is not as it was written. Entries come
// in the order in which they are kept. It returns the first error of the entries, and no result then.
func Verify(entries iter.Seq2[Entry, error], anchors ...Anchor) (Findings, error) {
	v := verifier{findings: Findings{Head: Empty()}, anchors: anchors}
	v.compare()
	for e, err := range entries {
		if err != nil {
			return Findings{}, err
		}
		v.see(e)
	}
	v.end()
	return v.findings, nil
}

type verifier struct {
	findings Findings
	anchors  []Anchor
}

func (v *verifier) next() int64 { return v.findings.Head.Seq + 1 }

// see takes the next entry of the log. Behind a break, entries only tell whether what is missing was moved.
func (v *verifier) see(e Entry) {
	switch b := v.findings.Break; {
	case b == nil:
		v.take(e)
	case (b.Kind == Missing || b.Kind == Late) && v.isNext(e):
		v.findings.Break = &Break{Kind: Swapped, Seq: b.Seq, Other: b.Last + 1}
	}
}

func (v *verifier) take(e Entry) {
	if b := v.misfit(e); b != nil {
		v.findings.Break = b
		return
	}
	v.findings.Head = Head{e.Seq, e.Hash}
	v.compare()
}

// isNext reports whether an entry holds the record that comes next, wherever it stands.
func (v *verifier) isNext(e Entry) bool {
	r, whole := open(e)
	return whole && r.Seq == v.next()
}

// misfit says why an entry is not the next one of the chain, nil if it is.
func (v *verifier) misfit(e Entry) *Break {
	next := v.next()
	r, whole := open(e)
	switch {
	case !whole && e.Seq > next:
		return v.gap(e.Seq)
	case !whole, r.Seq == next && e.Seq != next:
		return &Break{Kind: Changed, Seq: next}
	case r.Seq > next:
		return v.gap(r.Seq)
	case r.Seq < next:
		return &Break{Kind: Duplicated, Seq: next, Other: r.Seq}
	case r.Prev != v.findings.Head.Hash:
		return &Break{Kind: Unlinked, Seq: next}
	}
	return nil
}

// gap is the break before a record that comes too early.
func (v *verifier) gap(found int64) *Break {
	kind := Missing
	if v.next() == 1 {
		kind = Late
	}
	return &Break{Kind: kind, Seq: v.next(), Last: found - 1}
}

// compare holds the chain so far against the anchors that are as long.
func (v *verifier) compare() {
	for _, a := range v.anchors {
		if a.Head.Seq == v.findings.Head.Seq && a.Head.Hash != v.findings.Head.Hash && v.findings.Break == nil {
			v.findings.Break = &Break{Kind: Rewritten, Seq: a.Head.Seq, Noted: a.Noted}
		}
	}
}

// end holds the whole chain against the anchors that are longer.
func (v *verifier) end() {
	if v.findings.Break != nil {
		return
	}
	for _, a := range v.anchors {
		if a.Head.Seq > v.findings.Head.Seq {
			v.findings.Break = &Break{Kind: Cut, Seq: v.next(), Last: a.Head.Seq, Noted: a.Noted}
			return
		}
	}
}

// open reads a record, and reports whether it is the one that was hashed.
func open(e Entry) (r Record, whole bool) {
	if hash(e.Text) != e.Hash {
		return Record{}, false
	}
	r, err := e.Record()
	return r, err == nil
}
