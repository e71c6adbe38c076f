package main

import (
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// TestWhatPagesReferToExists checks every Markdown file of the repository: links and their anchors, paths, targets of make, and commands
// of camform with their options.
func TestWhatPagesReferToExists(t *testing.T) {
	s, err := readPages("../..")
	if err != nil {
		t.Fatal(err)
	}
	if len(s.pages) < 6 {
		t.Fatalf("%d pages are not all of the repository", len(s.pages))
	}
	for _, problem := range s.problems() {
		t.Error(problem)
	}
}

// pageSet is a repository as its pages see it.
type pageSet struct {
	root    string
	pages   []*sheet
	byName  map[string]*sheet
	targets map[string]bool // of make
	rooms   map[string]bool // the folders at the top, with which paths begin
}

// sheet is a Markdown file, as what refers to something.
type sheet struct {
	name    string // below the root, with slashes
	prose   []string
	spans   []string // code within prose
	blocks  []fenced
	anchors map[string]bool
}

// fenced is a block of code.
type fenced struct{ language, text string }

// unread are folders without pages of the repository: what is built or installed there is not of it.
var unread = map[string]bool{".git": true, "bin": true, "dist": true, "node_modules": true, "rapid": true}

// makeRule is a rule of a Makefile.
var makeRule = regexp.MustCompile(`(?m)^([a-z][a-z-]*):`)

func readPages(root string) (*pageSet, error) {
	s := &pageSet{root: root, byName: map[string]*sheet{}, targets: map[string]bool{}, rooms: map[string]bool{}}
	rules, err := os.ReadFile(filepath.Join(root, "Makefile"))
	if err != nil {
		return nil, err
	}
	for _, match := range makeRule.FindAllStringSubmatch(string(rules), -1) {
		s.targets[match[1]] = true
	}
	entries, err := os.ReadDir(root)
	if err != nil {
		return nil, err
	}
	for _, entry := range entries {
		s.rooms[entry.Name()] = entry.IsDir() && !unread[entry.Name()]
	}
	return s, filepath.WalkDir(root, func(at string, entry fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case entry.IsDir() && unread[entry.Name()]:
			return fs.SkipDir
		case entry.IsDir() || path.Ext(at) != ".md":
			return nil
		}
		name, err := filepath.Rel(root, at)
		if err != nil {
			return err
		}
		name = filepath.ToSlash(name)
		if strings.Contains(name, "testdata/") && path.Base(name) != "README.md" {
			return nil // what a test expects is no page
		}
		text, err := os.ReadFile(at)
		if err != nil {
			return err
		}
		p := readSheet(name, string(text))
		s.pages, s.byName[name] = append(s.pages, p), p
		return nil
	})
}

var (
	fence     = regexp.MustCompile("^\\s*(```+|~~~+)\\s*(\\S*)")
	heading   = regexp.MustCompile(`^#{1,6} +(.+?) *#*$`)
	anchor    = regexp.MustCompile(`<a (?:id|name)="([^"]+)"`)
	codeSpan  = regexp.MustCompile("(?s)(`+)(.+?)(`+)")
	linkText  = regexp.MustCompile(`\[([^\]]*)\]\([^)]*\)`)
	noSlug    = regexp.MustCompile(`[^\p{L}\p{N} _-]`)
	inlined   = regexp.MustCompile(`\]\(\s*<?([^)>\s]*)>?(?:\s+"[^"]*")?\s*\)`)
	defined   = regexp.MustCompile(`(?m)^\s{0,3}\[([^\]]+)\]:\s+(.*)$`)
	footnote  = regexp.MustCompile(`\[\^([^\]]+)\]`)
	bareLink  = regexp.MustCompile(`[a-z]+://[^\s<>)"|]*`)
	lineOf    = regexp.MustCompile(`^L\d+(-L\d+)?$`)
	lineAfter = regexp.MustCompile(`:\d+$`)
)

// remark is what a page says to tests.
var remark = regexp.MustCompile(`(?s)<!--.*?-->`)

// readSheet takes a page apart into prose and code.
func readSheet(name, text string) *sheet {
	text = remark.ReplaceAllString(text, "")
	p := &sheet{name: name, anchors: map[string]bool{}}
	var paragraph []string
	end := func() {
		if len(paragraph) > 0 {
			p.addProse(strings.Join(paragraph, "\n"))
		}
		paragraph = nil
	}
	open := ""
	for line := range strings.Lines(text) {
		line = strings.TrimRight(line, "\r\n")
		match := fence.FindStringSubmatch(line)
		switch {
		case open != "" && match != nil && strings.HasPrefix(match[1], open) && match[2] == "":
			open = ""
		case open != "":
			last := &p.blocks[len(p.blocks)-1]
			last.text += line + "\n"
		case match != nil:
			end()
			open = match[1]
			p.blocks = append(p.blocks, fenced{language: match[2]})
		case strings.TrimSpace(line) == "":
			end()
		default:
			if match := heading.FindStringSubmatch(line); match != nil {
				p.addAnchor(slug(match[1]))
			}
			paragraph = append(paragraph, line)
		}
	}
	end()
	return p
}

func (p *sheet) addProse(text string) {
	for _, match := range anchor.FindAllStringSubmatch(text, -1) {
		p.anchors[match[1]] = true
	}
	p.prose = append(p.prose, codeSpan.ReplaceAllStringFunc(text, func(code string) string {
		p.spans = append(p.spans, strings.Join(strings.Fields(strings.Trim(code, "`")), " "))
		return "code"
	}))
}

// slug is the anchor that a heading gets where pages are shown.
func slug(heading string) string {
	text := linkText.ReplaceAllString(strings.ReplaceAll(heading, "`", ""), "$1")
	return strings.ReplaceAll(noSlug.ReplaceAllString(strings.ToLower(text), ""), " ", "-")
}

// addAnchor adds the anchor of a heading; a second one of the same name gets a number.
func (p *sheet) addAnchor(name string) {
	free := name
	for i := 1; p.anchors[free]; i++ {
		free = fmt.Sprintf("%s-%d", name, i)
	}
	p.anchors[free] = true
}

// problems are all references that lead nowhere.
func (s *pageSet) problems() (all []string) {
	for _, p := range s.pages {
		note := func(format string, args ...any) {
			all = append(all, p.name+": "+fmt.Sprintf(format, args...))
		}
		for _, prose := range p.prose {
			s.links(p, prose, note)
		}
		p.footnotes(note)
		for _, span := range p.spans {
			s.span(p, span, note)
		}
		for _, block := range p.blocks {
			for _, words := range block.commands() {
				s.command(words, note)
			}
		}
	}
	return all
}

type noteFunc func(format string, args ...any)

// links checks what a paragraph links to.
func (s *pageSet) links(p *sheet, prose string, note noteFunc) {
	for _, match := range inlined.FindAllStringSubmatch(prose, -1) {
		s.link(p, match[1], note)
	}
	for _, match := range defined.FindAllStringSubmatch(prose, -1) {
		if fields := strings.Fields(match[2]); !strings.HasPrefix(match[1], "^") && len(fields) > 0 {
			s.link(p, strings.Trim(fields[0], "<>"), note)
		}
	}
	for _, address := range bareLink.FindAllString(inlined.ReplaceAllString(prose, "]"), -1) {
		s.link(p, strings.TrimRight(address, ".,;:"), note)
	}
}

// link checks one link: https elsewhere, or a file of the repository with the anchor in it.
func (s *pageSet) link(p *sheet, to string, note noteFunc) {
	address, err := url.Parse(to)
	if err != nil || to == "" {
		note("the link %q is none", to)
		return
	}
	if address.Scheme != "" || address.Host != "" {
		if address.Scheme != "https" || !strings.Contains(address.Hostname(), ".") || address.User != nil {
			note("the link %s has to begin with https:// and a host", to)
		}
		return
	}
	name := p.name
	if address.Path != "" {
		name = path.Join(path.Dir(p.name), address.Path)
	}
	if path.IsAbs(address.Path) || !filepath.IsLocal(filepath.FromSlash(name)) || s.byName[name] == nil && !s.exists(name) {
		note("the link %s leads to no file of the repository", to)
		return
	}
	if address.Fragment == "" || lineOf.MatchString(address.Fragment) && s.byName[name] == nil {
		return
	}
	if there := s.byName[name]; there == nil || !there.anchors[address.Fragment] {
		note("the link %s has an anchor that no heading of %s has", to, name)
	}
}

// footnotes checks that what refers to a footnote has one, and the other way round.
func (p *sheet) footnotes(note noteFunc) {
	has, used := map[string]bool{}, map[string]bool{}
	for _, prose := range p.prose {
		for _, match := range defined.FindAllStringSubmatch(prose, -1) {
			if name, ok := strings.CutPrefix(match[1], "^"); ok {
				has[name] = true
			}
		}
		for _, match := range footnote.FindAllStringSubmatchIndex(prose, -1) {
			if !strings.HasPrefix(prose[match[1]:], ":") {
				used[prose[match[2]:match[3]]] = true
			}
		}
	}
	for _, name := range sortedNames(used) {
		if !has[name] {
			note("the footnote %s is missing", name)
		}
	}
	for _, name := range sortedNames(has) {
		if !used[name] {
			note("nothing refers to the footnote %s", name)
		}
	}
}

func sortedNames(set map[string]bool) (names []string) {
	for name := range set {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

func (s *pageSet) exists(name string) bool {
	_, err := os.Stat(filepath.Join(s.root, filepath.FromSlash(name)))
	return err == nil
}

// span checks code within prose: a path, or a command.
func (s *pageSet) span(p *sheet, span string, note noteFunc) {
	if strings.Contains(span, " ") {
		for _, words := range shellCommands(span) {
			s.command(words, note)
		}
		return
	}
	if s.isPath(p, span) && !s.matches(p, span) {
		note("there is no %s", span)
	}
}

// isPath reports whether a word looks like a path: it begins with a folder at the top of the repository, or with one beside the page.
func (s *pageSet) isPath(p *sheet, word string) bool {
	first, _, ok := strings.Cut(strings.TrimPrefix(word, "./"), "/")
	if !ok || first == "" || first == "." || first == ".." || first == "..." {
		return false
	}
	return s.rooms[first] || s.exists(path.Join(path.Dir(p.name), first))
}

// matches reports whether a path exists. A pattern stands for what it matches, NAME for any name, /... for what is below a folder, and
// :12 for a line.
func (s *pageSet) matches(p *sheet, word string) bool {
	word = strings.ReplaceAll(word, "NAME", "*")
	word = lineAfter.ReplaceAllString(strings.TrimSuffix(strings.TrimPrefix(word, "./"), "/..."), "")
	for _, dir := range []string{".", path.Dir(p.name)} {
		found, err := filepath.Glob(filepath.Join(s.root, filepath.FromSlash(dir), filepath.FromSlash(word)))
		if err == nil && len(found) > 0 {
			return true
		}
	}
	return false
}
