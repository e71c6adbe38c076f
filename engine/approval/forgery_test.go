package approval_test

import (
	"bytes"
	"encoding/pem"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"camform/engine/approval"
	"camform/engine/plan"
	"camform/engine/thorough"
)

// forgeries are approvals that must not count, made of one that does: bob's. Carol may sign too, anna made the plan, and eve is
// nobody.
var forgeries = []struct {
	name string
	make func(f *forger) []byte
}{
	{"a flipped bit", func(f *forger) []byte {
		text := bytes.Clone(f.good)
		bit := f.next % (8 * len(text)) // every one of them in turn
		f.next++
		text[bit/8] ^= 1 << (bit % 8)
		return text
	}},
	{"a flipped bit of the signature, well written", func(f *forger) []byte {
		blob := bytes.Clone(f.signature)
		blob[f.IntN(len(blob))] ^= 1 << f.IntN(8)
		return f.join(f.statement, blob)
	}},
	{"several bytes changed", func(f *forger) []byte {
		text := bytes.Clone(f.good)
		for range 2 + f.IntN(8) {
			text[f.IntN(len(text))] ^= byte(1 + f.IntN(255))
		}
		return text
	}},
	{"a part of it", func(f *forger) []byte { return f.good[:f.IntN(len(f.good)-1)] }},
	{"another statement below the same signature", func(f *forger) []byte {
		st := f.change(f.draft)
		text, err := approval.Sign(st, key("b"))
		if err != nil {
			f.t.Fatal(err)
		}
		line, _, _ := bytes.Cut(text, []byte("\n"))
		return f.join(line, f.signature)
	}},
	{"bob's name with another key", func(f *forger) []byte { return f.sign(f.draft, f.pick("a", "c", "d", "e", "x")) }},
	{"another name with bob's key", func(f *forger) []byte {
		st := f.draft
		st.Principal = f.pick("anna", "carol", "dave", "eve", "BOB", "bob.", "b")
		return f.sign(st, "b")
	}},
	{"the author", func(f *forger) []byte {
		st := f.draft
		st.Principal = f.pick("anna", "bob", "carol", "Anna")
		return f.sign(st, "a")
	}},
	{"another plan", func(f *forger) []byte {
		st := f.draft
		hash := []byte(st.Hash)
		hash[len("sha256:")+f.IntN(64)] = "ghijk"[f.IntN(5)]
		st.Hash = string(hash)
		return f.sign(st, "b")
	}},
	{"a replayed approval of another plan", func(f *forger) []byte { return f.replayed }},
	{"another time", func(f *forger) []byte {
		st := f.draft
		switch f.IntN(4) {
		case 0:
			st.Expires = soon.Now.Add(-time.Duration(f.IntN(1e6)) * time.Second)
		case 1:
			st.Created = noon.Add(-time.Duration(1+f.IntN(1e6)) * time.Second)
		case 2:
			st.Created = soon.Now.Add(time.Hour + time.Duration(f.IntN(1e6))*time.Second)
			st.Expires = st.Created.Add(time.Hour)
		default:
			st.Expires = st.Created.Add(approval.LongestLife + time.Duration(1+f.IntN(1e9))*time.Second)
		}
		return f.sign(st, "b")
	}},
	{"another namespace", func(f *forger) []byte {
		blob := bytes.Replace(f.signature, []byte(approval.Namespace), []byte("camform-plaN"), 1)
		return f.join(f.statement, blob)
	}},
	{"a spliced signature of carol", func(f *forger) []byte {
		_, carols, _ := split(f.carols)
		at := f.IntN(len(carols))
		return f.join(f.statement, append(bytes.Clone(carols[:at]), f.signature[min(at, len(f.signature)):]...))
	}},
}

// forger makes approvals that must not count.
type forger struct {
	*rand.Rand
	t         *testing.T
	draft     approval.Statement
	good      []byte
	statement []byte // its line
	signature []byte // its signature, without armor
	carols    []byte // a good approval of carol for the same plan
	replayed  []byte // a good approval of bob for another plan
	next      int
}

func split(text []byte) (statement, signature []byte, ok bool) {
	statement, armor, ok := bytes.Cut(text, []byte("\n"))
	block, _ := pem.Decode(armor)
	return statement, block.Bytes, ok && block != nil
}

func (f *forger) join(statement, signature []byte) []byte {
	text := append(bytes.Clone(statement), '\n')
	return append(text, pem.EncodeToMemory(&pem.Block{Type: "SSH SIGNATURE", Bytes: signature})...)
}

func (f *forger) sign(st approval.Statement, letter string) []byte {
	return signed(f.t, st, letter).Text
}

func (f *forger) pick(from ...string) string { return from[f.IntN(len(from))] }

func (f *forger) change(st approval.Statement) approval.Statement {
	switch f.IntN(5) {
	case 0:
		st.Principal = f.pick("carol", "dave", "anna")
	case 1:
		st.Hash = "sha256:" + strings.Repeat(f.pick("0", "1", "f"), 64)
	case 2:
		st.Expires = st.Expires.Add(time.Duration(1+f.IntN(1e5)) * time.Second)
	case 3:
		st.Created = st.Created.Add(time.Duration(1+f.IntN(60)) * time.Second)
	default:
		st.Comment = f.pick("looks good", "0 changes", "approved by all")
	}
	return st
}

func TestNoForgeryIsAccepted(t *testing.T) {
	p := made("user")
	p.Approvals = &plan.Approvals{Required: 1, For: []string{approval.ClassAll}, Signers: staff}
	s := subject(t, p, nil)
	f := &forger{
		Rand: rand.New(rand.NewPCG(1, 2)), t: t, draft: draft(t, s, "bob"), good: by(t, s, "bob").Text,
		carols: by(t, s, "carol").Text, replayed: replayed(t, s).Text,
	}
	f.statement, f.signature, _ = split(f.good)
	for _, good := range [][]byte{f.good, f.carols, f.join(f.statement, f.signature)} {
		if v := approval.Verify(s, []approval.File{{Name: "f", Text: good}}, soon); !v.Enough() {
			t.Fatalf("a good approval does not count: %s", details(v))
		}
	}
	attempts := thorough.Pick(10_000, 100_000, 100_000)
	for i := range attempts {
		forgery := forgeries[i%len(forgeries)]
		text := forgery.make(f)
		if bytes.Equal(text, f.good) || bytes.Equal(text, f.carols) {
			continue // a splice at the very end
		}
		if v := approval.Verify(s, []approval.File{{Name: "f", Text: text}}, soon); v.Enough() {
			t.Fatalf("%s was accepted:\n%s", forgery.name, text)
		}
	}
	if !testing.Short() && f.next < 8*len(f.good) {
		t.Errorf("only %d of %d bits were flipped", f.next, 8*len(f.good))
	}
}
