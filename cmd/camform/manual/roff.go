package manual

import (
	"fmt"
	"regexp"
	"strings"
)

// Man is a page for man: its name with the section, and its text in roff.
type Man struct{ File, Text string }

// Roff makes a page of man of a topic. What a configuration holds is in section 5, the rest in section 7.
func (t Topic) Roff(version string) Man {
	section := "7"
	if t.Language() || t.Name == "operator" {
		section = "5"
	}
	return Roff("camform-"+t.Name, section, version, t.Summary, append([]Part{{Sort: Heading, Text: "Description"}}, t.Page...))
}

// Roff makes a page of man of parts.
func Roff(name, section, version, summary string, parts []Part) Man {
	var b strings.Builder
	fmt.Fprintf(&b, ".TH %s %s \"\" \"camform %s\" \"camform\"\n", strings.ToUpper(plain(name)), section, version)
	fmt.Fprintf(&b, ".SH NAME\n%s \\- %s\n", plain(name), prose(summary))
	for _, p := range parts {
		switch p.Sort {
		case Heading:
			b.WriteString(".SH " + strings.ToUpper(plain(p.Text)) + "\n")
		case Code:
			b.WriteString(".PP\n.nf\n.RS 4\n")
			for line := range strings.Lines(p.Text) {
				b.WriteString(guarded(plain(strings.TrimRight(line, "\n"))) + "\n")
			}
			b.WriteString(".RE\n.fi\n")
		case Item:
			b.WriteString(".IP \\(bu 2\n" + prose(p.Text) + "\n")
		case Table:
			for _, row := range p.Rows[1:] {
				last := len(row) - 1
				b.WriteString(".TP\n" + prose(strings.Join(row[:last], "  ")) + "\n" + prose(row[last]) + "\n")
			}
		default:
			b.WriteString(".PP\n" + prose(p.Text) + "\n")
		}
	}
	return Man{File: name + "." + section, Text: b.String()}
}

var escapes = strings.NewReplacer(`\`, `\e`, "-", `\-`, "'", `\(aq`, "`", `\(ga`, "^", `\(ha`, "~", `\(ti`, `"`, `\(dq`)

// plain is a text without any meaning to roff.
func plain(text string) string { return escapes.Replace(text) }

// guarded keeps a line from being a request.
func guarded(line string) string {
	if strings.HasPrefix(line, ".") {
		return `\&` + line
	}
	return line
}

var inline = regexp.MustCompile("`([^`]+)`")

// prose is a sentence with what stands between backticks in bold.
func prose(text string) string {
	var b strings.Builder
	at := 0
	for _, m := range inline.FindAllStringSubmatchIndex(text, -1) {
		b.WriteString(plain(text[at:m[0]]) + `\fB` + plain(text[m[2]:m[3]]) + `\fR`)
		at = m[1]
	}
	return guarded(b.String() + plain(text[at:]))
}
