package main

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
)

// root is where the repository is, seen from here.
const root = "../.."

// A page is a Markdown file that people read. Its blocks say in their first line what they are:
//
//	console   what somebody types behind "$ ", and what is printed. TestThePagesArePlayed plays it. "..." stands for lines that
//	          are left out; "# exits with N" at the end of a command says that its exit code is not 0.
//	hcl, ...  a text. "<!-- file: NAME -->" before it says that the reader writes it into that file.
//
// Any other block has "<!-- not played: REASON -->" before it. "<!-- test: ... -->" has lines of a script that set up what a reader
// has and a test does not.
type page struct {
	path   string // from the root of the repository
	lines  []string
	blocks []block
}

// block is a fenced block of a page, or a comment with lines of a script.
type block struct {
	line     int // of the first line behind the fence, from 0
	language string
	lines    []string
	file     string // which the reader writes; empty for none
	reason   string // why it is not played; empty for none
}

// script is the language of a comment with lines of a script.
const script = "script"

var pageComment = regexp.MustCompile(`(?s)^<!-- (test|file|not played):\s+(.*?)\s*-->$`)

// pages are all Markdown files of the repository that people read.
func pages(t *testing.T) []page {
	t.Helper()
	files := []string{"README.md"}
	err := filepath.WalkDir(filepath.Join(root, "examples"), func(path string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() && strings.HasSuffix(path, ".md") {
			path, err = filepath.Rel(root, path)
			files = append(files, filepath.ToSlash(path))
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	var all []page
	for _, file := range files {
		p, err := readPage(file)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, p)
	}
	return all
}

func readPage(path string) (page, error) {
	text, err := os.ReadFile(filepath.Join(root, path))
	if err != nil {
		return page{}, err
	}
	p := page{path: path, lines: strings.Split(strings.TrimSuffix(string(text), "\n"), "\n")}
	var next block // what comments say about the block that follows
	for i := 0; i < len(p.lines); i++ {
		line := p.lines[i]
		switch {
		case strings.HasPrefix(strings.TrimLeft(line, " "), "<!-- "):
			start := i
			for !strings.HasSuffix(p.lines[i], "-->") {
				if i++; i == len(p.lines) {
					return page{}, fmt.Errorf("%s:%d: the comment does not end", path, start+1)
				}
			}
			said := pageComment.FindStringSubmatch(strings.TrimSpace(strings.Join(p.lines[start:i+1], "\n")))
			switch {
			case said == nil:
			case said[1] == "test":
				p.blocks = append(p.blocks, block{line: start, language: script, lines: strings.Split(said[2], "\n")})
			case said[1] == "file":
				next.file = said[2]
			default:
				next.reason = said[2]
			}
		case strings.HasPrefix(strings.TrimLeft(line, " "), "```"):
			fence := strings.TrimLeft(line, " ")
			indent := line[:len(line)-len(fence)]
			next.language, next.line = fence[3:], i+1
			for i++; ; i++ {
				if i == len(p.lines) {
					return page{}, fmt.Errorf("%s:%d: the block does not end", path, next.line)
				}
				if strings.TrimSpace(p.lines[i]) == "```" {
					break
				}
				next.lines = append(next.lines, strings.TrimPrefix(p.lines[i], indent))
			}
			p.blocks = append(p.blocks, next)
			next = block{}
		case line != "" && (next.file != "" || next.reason != ""):
			return page{}, fmt.Errorf("%s:%d: a comment says what the next block is, and none follows", path, i+1)
		}
	}
	return p, nil
}

// typed is a command that a page shows, with what it prints.
type typed struct {
	line    int // from 0
	command string
	code    string
	shown   []string
	end     int // line behind what is shown
}

var exitsWith = regexp.MustCompile(`^(.*?) +# exits with (\d)$`)

// typed are the commands of a block.
func (b block) typed() []typed {
	var all []typed
	for i, line := range b.lines {
		command, ok := strings.CutPrefix(line, "$ ")
		switch {
		case ok:
			t := typed{line: b.line + i, command: command, code: "0", end: b.line + i + 1}
			if said := exitsWith.FindStringSubmatch(command); said != nil {
				t.command, t.code = said[1], said[2]
			}
			all = append(all, t)
		case len(all) > 0:
			last := &all[len(all)-1]
			last.shown = append(last.shown, line)
			last.end = b.line + i + 1
		}
	}
	return all
}

// texts are languages of blocks that are no commands.
var texts = []string{"hcl", "json", "csv", "markdown"}

func TestEveryBlockOfAPageIsPlayedOrSaysWhyNot(t *testing.T) {
	played := 0
	for _, p := range pages(t) {
		for _, b := range p.blocks {
			where := fmt.Sprintf("%s:%d", p.path, b.line)
			switch {
			case b.language == "console":
				if len(b.lines) == 0 || !strings.HasPrefix(b.lines[0], "$ ") {
					t.Errorf("%s: a console begins with what somebody types, behind $", where)
				}
				played++
			case b.language == "sql" && p.path == statementsPage:
			case b.language == script || b.file != "":
			case b.language == "hcl":
				if _, diags := hclsyntax.ParseConfig([]byte(strings.Join(b.lines, "\n")+"\n"), where, hcl.InitialPos); diags.HasErrors() {
					t.Errorf("%s: %v", where, diags)
				}
			case !slices.Contains(texts, b.language) && b.reason == "":
				t.Errorf("%s: a block of %q is not played, and nothing says why", where, b.language)
			}
		}
	}
	if played < 30 {
		t.Errorf("%d blocks are played", played)
	}
}

// mentioned is a command of camform where a shell looks for a command.
var mentioned = regexp.MustCompile("(?:^|[;&|(]\\s*|^[A-Z_]+=\\S+ )camform((?: +(?:'[^']*'|\"[^\"]*\"|[^\\s`;&|()\"'<>]+))+)")

// mentionedIn are the commands of camform that a page shows or mentions, with the line of each.
func mentionedIn(p page) map[string]int {
	all := map[string]int{}
	note := func(line int, text string) {
		for _, found := range mentioned.FindAllStringSubmatch(text, -1) {
			all[strings.TrimSpace(found[1])] = line + 1
		}
	}
	fenced := map[int]bool{}
	for _, b := range p.blocks {
		for i, line := range b.lines {
			fenced[b.line+i] = true
			command, isTyped := strings.CutPrefix(line, "$ ")
			switch {
			case b.language == "console" && isTyped:
				if said := exitsWith.FindStringSubmatch(command); said != nil {
					command = said[1]
				}
				note(b.line+i, command)
			case b.reason != "":
				command, _, _ = strings.Cut(line, " # ")
				note(b.line+i, command)
			}
		}
	}
	var inline []string
	for i, line := range p.lines {
		if fenced[i] {
			line = ""
		}
		inline = append(inline, line)
	}
	// A command within a sentence may go over the end of a line.
	for _, code := range inlineCode.FindAllStringIndex(strings.Join(inline, "\n"), -1) {
		text := strings.Join(inline, "\n")
		note(strings.Count(text[:code[0]], "\n"), strings.Join(strings.Fields(strings.Trim(text[code[0]:code[1]], "`")), " "))
	}
	return all
}

var inlineCode = regexp.MustCompile("`camform [^`{]+`")

// TestEveryExampleHasAPage holds the index of the examples to the folders that there are.
func TestEveryExampleHasAPage(t *testing.T) {
	index, err := readPage("examples/README.md")
	if err != nil {
		t.Fatal(err)
	}
	folders, err := os.ReadDir(filepath.Join(root, "examples"))
	if err != nil {
		t.Fatal(err)
	}
	for _, folder := range folders {
		if !folder.IsDir() {
			continue
		}
		if _, err := os.Stat(filepath.Join(root, "examples", folder.Name(), "README.md")); err != nil {
			t.Errorf("examples/%s has no page", folder.Name())
		}
		if !strings.Contains(strings.Join(index.lines, "\n"), "]("+folder.Name()+")") {
			t.Errorf("examples/README.md does not lead to %s", folder.Name())
		}
	}
}

// aPlace is the address of a device on the network, which differs between a page and the test that plays a user.
var aPlace = regexp.MustCompile(`https?://[^\s'"]+|\$URL\d|\$\{?SADP\}?|\d+\.\d+\.\d+\.\d+(:\d+)?`)

// TestTheUsersTypeWhatTheyRead: the scripts user_*.txtar play people who know nothing but what they read, so each command in them is on a
// page.
func TestTheUsersTypeWhatTheyRead(t *testing.T) {
	read := map[string]bool{}
	for _, p := range pages(t) {
		for command := range mentionedIn(p) {
			read[aPlace.ReplaceAllString(command, "ADDRESS")] = true
		}
	}
	users, err := filepath.Glob(filepath.Join(scripts, "user_*.txtar"))
	if err != nil || len(users) != 3 {
		t.Fatalf("%d users: %v", len(users), err)
	}
	for _, user := range users {
		text, err := os.ReadFile(user)
		if err != nil {
			t.Fatal(err)
		}
		played, _, _ := strings.Cut(string(text), "\n-- ")
		for line := range strings.Lines(played) {
			found := userTypes.FindStringSubmatch(strings.TrimSpace(line))
			if found != nil && !read[aPlace.ReplaceAllString(found[1], "ADDRESS")] {
				t.Errorf("%s: no page has: camform %s", filepath.Base(user), found[1])
			}
		}
	}
}

var userTypes = regexp.MustCompile(`^(?:exec|exit \d) (?:sh run\.sh )?camform (.*)$`)
