package main

import (
	"errors"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/spf13/cobra"
)

// commands are the command lines of a block. In a console they have a prompt, and the rest is output.
func (f fenced) commands() [][]string {
	switch f.language {
	case "", "sh", "bash", "powershell":
		return shellCommands(f.text)
	case "console":
		var lines strings.Builder
		continued := false
		for line := range strings.Lines(f.text) {
			typed, ok := strings.CutPrefix(strings.TrimLeft(line, " "), "$ ")
			if ok || continued {
				lines.WriteString(typed)
				continued = strings.HasSuffix(strings.TrimRight(line, "\r\n"), `\`)
			}
		}
		return shellCommands(lines.String())
	}
	return nil
}

// shellCommands splits text into commands, and those into words, as a shell does where pages need it: quotes, comments, pipes, lists,
// substitutions and redirections, whose files are left out.
func shellCommands(text string) (commands [][]string) {
	var words []string
	var word strings.Builder
	inWord, redirected := false, false
	endWord := func() {
		if inWord && !redirected {
			words = append(words, word.String())
		}
		if inWord {
			redirected = false
		}
		word.Reset()
		inWord = false
	}
	endCommand := func() {
		endWord()
		if len(words) > 0 {
			commands = append(commands, words)
		}
		words, redirected = nil, false
	}
	for i := 0; i < len(text); i++ {
		c := text[i]
		switch {
		case c == '\\' && strings.HasPrefix(text[i+1:], "\n"):
			i++
			endWord()
		case c == '\'' || c == '"':
			closing := strings.IndexByte(text[i+1:], c)
			if closing < 0 {
				inWord = true
				word.WriteByte(c) // an apostrophe of prose
				continue
			}
			inWord = true
			word.WriteString(text[i+1 : i+1+closing])
			i += closing + 1
		case c == '#' && !inWord:
			if end := strings.IndexByte(text[i:], '\n'); end >= 0 {
				i += end - 1
			} else {
				i = len(text)
			}
		case strings.IndexByte("\n;|&()", c) >= 0:
			endCommand()
		case c == '<' || c == '>':
			if word.String() == "2" || word.String() == "1" {
				word.Reset()
				inWord = false
			}
			endWord()
			redirected = true
			if i+1 < len(text) && text[i+1] == '&' {
				i++
			}
		case c == ' ' || c == '\t' || c == '\r':
			endWord()
		default:
			inWord = true
			word.WriteByte(c)
		}
	}
	endCommand()
	return commands
}

var (
	assignment = regexp.MustCompile(`^[A-Za-z_]\w*=`)
	smallWord  = regexp.MustCompile(`^[a-z][a-z-]*$`)
)

// before are words in front of a command; those with true have a word of their own behind them.
var before = map[string]bool{"sudo": false, "-u": true, "env": false, "exec": false, "time": false, "nice": false, "$": false, "!": false, "if": false, "then": false}

// command checks a command: its paths, and what it is if it is one of make or of camform.
func (s *pageSet) command(words []string, note noteFunc) {
	for len(words) > 0 {
		argument, known := before[words[0]]
		if !known && !assignment.MatchString(words[0]) {
			break
		}
		words = words[1:]
		if argument && len(words) > 0 {
			words = words[1:]
		}
	}
	if len(words) == 0 {
		return
	}
	for _, word := range words {
		if first, _, ok := strings.Cut(strings.TrimPrefix(word, "./"), "/"); ok && s.rooms[first] && !s.matches(&sheet{name: "."}, word) {
			note("there is no %s", word)
		}
	}
	switch {
	case words[0] == "make":
		s.make(words[1:], note)
	case words[0] == "go" && len(words) > 1 && words[1] == "test":
		s.goTest(words[2:], note)
	case words[0] == "camform" && len(words) > 1:
		checkCall(words[1:], note)
	case (words[0] == "podman" || words[0] == "docker") && len(words) > 1 && words[1] == "run":
		for i, word := range words {
			if word == "camform" && i+1 < len(words) {
				checkCall(words[i+1:], note)
			}
		}
	case strings.Contains(strings.Join(words, " "), " -") && ownCommand(words[0]):
		checkCall(words, note)
	}
}

// make checks targets.
func (s *pageSet) make(words []string, note noteFunc) {
	for i, word := range words {
		if i > 0 && words[i-1] == "-C" {
			return // of another folder
		}
		if smallWord.MatchString(word) && !s.targets[word] {
			note("there is no make %s", word)
		}
	}
}

// testFunc is a test of Go.
var testFunc = regexp.MustCompile(`(?m)^func (Test\w+|Benchmark\w+|Example\w*)\(`)

// goTest checks that a pattern of go test -run matches a test of the packages that are named.
func (s *pageSet) goTest(words []string, note noteFunc) {
	pattern := ""
	var files []string
	for i, word := range words {
		if i > 0 && words[i-1] == "-run" {
			pattern, _, _ = strings.Cut(word, "/")
		}
		if dir, ok := strings.CutPrefix(word, "./"); ok {
			found, _ := filepath.Glob(filepath.Join(s.root, dir, "*_test.go"))
			files = append(files, found...)
		}
	}
	wanted, err := regexp.Compile(pattern)
	if err != nil || pattern == "" || len(files) == 0 {
		return
	}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			continue
		}
		for _, match := range testFunc.FindAllSubmatch(text, -1) {
			if wanted.Match(match[1]) {
				return
			}
		}
	}
	note("no test matches go test %s", strings.Join(words, " "))
}

// commandTree are the commands of camform.
func commandTree() *cobra.Command {
	root := (&app{env: func(string) (string, bool) { return "", false }}).root()
	root.InitDefaultHelpCmd()
	root.InitDefaultCompletionCmd()
	return root
}

// ownCommand reports whether a word is a command of camform that pages may name without the program.
func ownCommand(word string) bool {
	cmd, _, err := commandTree().Find([]string{word})
	return err == nil && cmd.Name() == word && !cmd.Hidden
}

// checkCall checks a command of camform and its options. Arguments may be placeholders.
func checkCall(words []string, note noteFunc) {
	if !smallWord.MatchString(words[0]) && !strings.HasPrefix(words[0], "-") {
		return // a block of the configuration, or a placeholder
	}
	call := strings.Join(words, " ")
	root := commandTree()
	cmd, rest, err := root.Find(doubleDashes(words))
	if err != nil || cmd == root && smallWord.MatchString(words[0]) || cmd.Hidden {
		note("there is no camform %s", call)
		return
	}
	cmd.InitDefaultHelpFlag()
	for i := 0; i < len(rest) && rest[i] != "--"; i++ {
		word := rest[i]
		name, isLong := strings.CutPrefix(word, "--")
		switch {
		case !isLong && strings.HasPrefix(word, "-") && len(word) > 1:
			if cmd.Flags().ShorthandLookup(word[1:2]) == nil && cmd.InheritedFlags().ShorthandLookup(word[1:2]) == nil {
				note("%s has no option %s", cmd.CommandPath(), word)
				return
			}
		case isLong:
			name, _, hasValue := strings.Cut(name, "=")
			option := cmd.Flags().Lookup(name)
			if option == nil {
				option = cmd.InheritedFlags().Lookup(name)
			}
			if option == nil {
				note("%s has no option -%s", cmd.CommandPath(), name)
				return
			}
			if !hasValue && option.NoOptDefVal == "" {
				i++
			}
		case cmd.HasAvailableSubCommands() && !strings.Contains(cmd.Use, "ADDR") && smallWord.MatchString(word):
			note("there is no camform %s", call)
			return
		}
	}
}

// Every rule for pages finds what breaks it, and nothing else.
func TestWhatPagesReferToIsMissed(t *testing.T) {
	s := &pageSet{root: t.TempDir(), targets: map[string]bool{"build": true}, rooms: map[string]bool{"engine": true}, byName: map[string]*sheet{}}
	const other = "# Other\n\n## Say `it` twice, *please*\n\n## Say `it` twice, *please*\n"
	for name, text := range map[string]string{
		"engine/doc.go": "package engine", "engine/doc_test.go": "package engine\n\nfunc TestSome(t *testing.T) {}\n", "examples/README.md": other,
	} {
		at := filepath.Join(s.root, name)
		if err := errors.Join(os.MkdirAll(filepath.Dir(at), 0o755), os.WriteFile(at, []byte(text), 0o600)); err != nil {
			t.Fatal(err)
		}
	}
	add := func(name, text string) {
		p := readSheet(name, text)
		s.pages, s.byName[name] = append(s.pages, p), p
	}
	good := "# Top\n\n[a](examples/README.md#say-it-twice-please-1) [b](#top) [c](https://example.com/x#y) [d](engine/doc.go#L1) [e][e] word[^1]\n\n" +
		"[e]: examples/README.md\n[^1]: Said at https://example.org.\n\n" +
		"`engine/doc.go`, `engine/*.go`, `engine/NAME.go`, `engine/doc.go:1`, `./engine/...`, `make build`, `camform plan -out\nFILE`, `camform { x = 1 }`, `plan -out x`, `go test ./engine -run 'Som/x$'`, `/engine/no`, `no/such`\n\n" +
		"```console\n$ A=1 camform plan -out=x | tee -a log && make build   # make nothing\nmake nothing\n$ camform drift -target \\\n  nothing\n```\n\n" +
		"```hcl\nmake nothing\n```\n\n```sh\nsudo -u me camform apply x.plan >engine/none 2>&1\nsource <(camform completion bash)\npodman build -t camform -f x .\n```\n"
	add("README.md", good)
	add("examples/README.md", other)
	if problems := s.problems(); len(problems) > 0 {
		t.Errorf("a good page has %q", problems)
	}
	for text, want := range map[string][]string{
		"[a](none.md)":                        {"the link none.md leads to no file of the repository"},
		"[a](../../README.md)":                {"the link ../../README.md leads to no file of the repository"},
		"[a](/engine/doc.go)":                 {"the link /engine/doc.go leads to no file of the repository"},
		"[a](README.md#none)":                 {"the link README.md#none has an anchor that no heading of examples/README.md has"},
		"[a](#none)":                          {"the link #none has an anchor that no heading of examples/page.md has"},
		"[a](../engine/doc.go#none)":          {"the link ../engine/doc.go#none has an anchor that no heading of engine/doc.go has"},
		"[a]()":                               {`the link "" is none`},
		"[a](http://example.com)":             {"the link http://example.com has to begin with https:// and a host"},
		"see http://example.com.":             {"the link http://example.com has to begin with https:// and a host"},
		"[a](https://nowhere/x)":              {"the link https://nowhere/x has to begin with https:// and a host"},
		"[a]: none.md":                        {"the link none.md leads to no file of the repository"},
		"word[^1]":                            {"the footnote 1 is missing"},
		"[^1]: said":                          {"nothing refers to the footnote 1"},
		"`engine/none.go`":                    {"there is no engine/none.go"},
		"`engine/*.none`":                     {"there is no engine/*.none"},
		"`engine/NAME.none`":                  {"there is no engine/NAME.none"},
		"`go test ./engine/none`":             {"there is no ./engine/none"},
		"`go test ./engine -run None`":        {"no test matches go test ./engine -run None"},
		"`make none`":                         {"there is no make none"},
		"`make build\nnone X=1`":              {"there is no make none"},
		"`camform none`":                      {"there is no camform none"},
		"`camform destroy`":                   {"there is no camform destroy"},
		"`camform state none`":                {"there is no camform state none"},
		"`camform plan -none`":                {"camform plan has no option -none"},
		"`camform -none plan`":                {"camform has no option -none"},
		"`plan -none`":                        {"camform plan has no option -none"},
		"```sh\nx && camform plan -none\n```": {"camform plan has no option -none"},
		"```\nmake none\n```":                 {"there is no make none"},
		"```console\n$ make none\n```":        {"there is no make none"},
		"```sh\npodman run camform none\n```": {"there is no camform none"},
	} {
		p := readSheet("examples/page.md", text)
		broken := &pageSet{root: s.root, targets: s.targets, rooms: s.rooms, byName: map[string]*sheet{"examples/README.md": s.byName["examples/README.md"], p.name: p}, pages: []*sheet{p}}
		for i := range want {
			want[i] = "examples/page.md: " + want[i]
		}
		if diff := cmp.Diff(want, broken.problems()); diff != "" {
			t.Errorf("%s:\n%s", text, diff)
		}
	}
}
