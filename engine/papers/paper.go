// Package papers writes what leaves a case of recovery on paper: the record of the change, the card for the staff on site, and the
// request to support. It is pure, and knows no form in which a paper is printed.
//
// Rules:
//
//   - A paper has what the events of the case and the facts have, and says of everything else that nobody knows it: a record with a
//     gap that cannot be seen proves nothing.
//   - No paper holds a secret. Events hold none, and what people wrote into them is blanked where it repeats a password that the
//     vault knows.
//   - Texts come from devices, files and people, and may hold anything: escaping is for the form.
package papers

import (
	"fmt"
	"slices"
	"strings"

	"camform/engine/diag"
	"camform/engine/recover"
)

// Paper is a text in parts, as every form prints it.
type Paper struct {
	Kind     string    `json:"kind"` // "record", "card" or "request"
	Title    string    `json:"title"`
	Case     string    `json:"case"`
	Lead     []string  `json:"lead,omitempty"` // paragraphs before the parts
	Sections []Section `json:"sections"`
	Signed   string    `json:"signed,omitempty"` // what the reader signs below it by name and date; empty for nothing
}

// Section is a part of a paper: entries, sentences or a table. Sentences are camform's own, without what others said.
type Section struct {
	ID        string     `json:"id"`
	Title     string     `json:"title"`
	Entries   []Entry    `json:"entries,omitempty"`
	Sentences []string   `json:"sentences,omitempty"`
	Columns   []string   `json:"columns,omitempty"`
	Rows      [][]string `json:"rows,omitempty"`
}

// Entry is one fact. Its text is Unknown where nobody knows it.
type Entry struct {
	Name string `json:"name"` // for programs
	What string `json:"what"` // for people
	Text string `json:"text"`
}

// Unknown stands for what is not on record.
const Unknown = "not on record"

// Blanked is the paper with a function applied to every text of it.
func (p Paper) Blanked(blank func(string) string) Paper {
	each := func(texts []string) []string {
		if texts == nil {
			return nil
		}
		all := make([]string, len(texts))
		for i, text := range texts {
			all[i] = blank(text)
		}
		return all
	}
	p.Title, p.Case, p.Lead, p.Signed = blank(p.Title), blank(p.Case), each(p.Lead), blank(p.Signed)
	p.Sections = slices.Clone(p.Sections)
	for i := range p.Sections {
		s := &p.Sections[i]
		s.Sentences, s.Entries, s.Rows = each(s.Sentences), slices.Clone(s.Entries), slices.Clone(s.Rows)
		for k := range s.Entries {
			s.Entries[k].Text = blank(s.Entries[k].Text)
		}
		for k := range s.Rows {
			s.Rows[k] = each(s.Rows[k])
		}
	}
	return p
}

// add appends a fact.
func (s *Section) add(name, what, text string) {
	if text = strings.TrimSpace(text); text == "" {
		text = Unknown
	}
	s.Entries = append(s.Entries, Entry{name, what, text})
}

// sheet is a case with what is known besides.
type sheet struct {
	recover.Case
	recover.Facts
}

// said is what the last event of a step that is done says under a name; empty if nothing.
func (b sheet) said(step, name string) string {
	if e := b.Last(step); e != nil && e.Kind == recover.Done {
		return e.Data[name]
	}
	return ""
}

// outcome says how a step ended, with the reason or the remark.
func (b sheet) outcome(step string) string {
	e := b.Last(step)
	if e == nil {
		return ""
	}
	return fmt.Sprintf("%s, %s, by %s%s", e.Kind, diag.Time(e.At), e.Who, behind(": ", e.Remark))
}

func behind(separator, text string) string {
	if text == "" {
		return ""
	}
	return separator + text
}

// device are the facts by which a device is known.
func (b sheet) device() Section {
	s := Section{ID: "device", Title: "Device"}
	who := b.Identity
	if b.Record.Identity.Serial != "" {
		who = b.Record.Identity
	}
	s.add("device", "name", b.Case.Device.String())
	s.add("model", "model", who.Model)
	s.add("serial", "serial number", who.Serial)
	s.add("mac", "MAC address", who.MAC)
	s.add("firmware", "firmware", who.Firmware)
	s.add("url", "address", b.URL)
	s.add("place", "where it is", strings.Trim(b.Record.Site+", "+b.Record.Location, ", "))
	return s
}
