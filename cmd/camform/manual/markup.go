package manual

import "strings"

// Part is a part of a page.
type Part struct {
	Sort Sort
	Text string     // Code has its line ends; the others stand on one line
	File string     // of Code: the name of the file that it is; empty for none
	Rows [][]string // of Table, with the header first
}

// Sort is what a part is.
type Sort int

// The sorts of parts.
const (
	Title Sort = iota
	Heading
	Paragraph
	Item
	Code
	Table
)

// marks are what lines of parts begin with.
var marks = []struct {
	begin string
	sort  Sort
}{{"# ", Title}, {"## ", Heading}, {"* ", Item}, {"```", Code}, {"|", Table}}

// begins says which part a line may begin, and what stands behind the mark.
func begins(line string) (Sort, string) {
	for _, m := range marks {
		if rest, ok := strings.CutPrefix(line, m.begin); ok {
			return m.sort, rest
		}
	}
	return Paragraph, strings.TrimSpace(line)
}

// parse takes a page apart.
func parse(page string) []Part {
	var parts []Part
	lines := strings.Split(page, "\n")
	open := false // whether the next line can go on the last part
	for i := 0; i < len(lines); i++ {
		sort, text := begins(lines[i])
		last := len(parts) - 1
		switch {
		case text == "" && sort == Paragraph:
			open = false
		case sort == Code:
			_, file, _ := strings.Cut(text, " ")
			end := i + 1
			for end < len(lines) && lines[end] != "```" {
				end++
			}
			parts = append(parts, Part{Sort: Code, File: file, Text: strings.Join(lines[i+1:end], "\n") + "\n"})
			i, open = end, false
		case sort == Table && open && parts[last].Sort == Table:
			if !strings.HasPrefix(text, "-") {
				parts[last].Rows = append(parts[last].Rows, cells(text))
			}
		case sort == Table:
			parts, open = append(parts, Part{Sort: Table, Rows: [][]string{cells(text)}}), true
		case sort == Paragraph && open:
			parts[last].Text += " " + text
		default:
			parts, open = append(parts, Part{Sort: sort, Text: text}), sort == Paragraph || sort == Item
		}
	}
	return parts
}

// cells are the columns of a row, with the first bar cut off.
func cells(row string) []string {
	columns := strings.Split(strings.TrimSuffix(strings.TrimSpace(row), "|"), "|")
	for i, c := range columns {
		columns[i] = strings.TrimSpace(c)
	}
	return columns
}

// Prose takes the text of a help apart: paragraphs, and indented examples.
func Prose(text string) []Part {
	var page strings.Builder
	code := false
	for line := range strings.Lines(text) {
		if indented := strings.HasPrefix(line, "    "); strings.TrimSpace(line) != "" && indented != code {
			code = indented
			page.WriteString("\n```\n")
		}
		page.WriteString(line)
	}
	if code {
		page.WriteString("\n```\n")
	}
	return parse(page.String())
}
