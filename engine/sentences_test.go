package engine_test

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// stilted are phrases that nobody says, each with what to write instead. They are looked for in whatever case they have, and over the end
// of a line, in everything that people read: messages, comments, pages, documentation of kinds, and what tests expect to be printed.
var stilted = []struct{ phrase, instead string }{
	{`anew`, "again"},
	{`whoever`, "anybody who, or the one who is meant"},
	{`thereby`, "so"},
	{`as far as`, "if, or where"},
	{`of which`, "a sentence of its own"},
	{`not to be had`, "not available"},
	{`(?:is|are|was|were|be|been) told`, "is reported, gets, learns"},
	{`the way in of`, "how X gets in"},
	{`it is not known`, "uncertain, or unknown"},
	{`(?:nothing|nobody) is (?:known|remembered)`, "there is no record"},
	{`(?:is|are) remembered`, "is recorded"},
	{`behind (?:your|somebody's|camform's) back`, "out-of-band"},
	{`(?:bring|brings|brought) \w+(?: \w+)? along`, "ships with"},
	{`had its turn`, "moves to the end"},
	{`said yes`, "accepted the request"},
	{`nobody has tried`, "not tested"},
	{`became of`, "what happened to, or the outcome of"},
	{`comes? of it`, "results"},
	{`says? of (?:itself|themselves)`, "report"},
	{`makes it so`, "carries it out"},
	{`not any more`, "no longer"},
	{`in the place of`, "instead of, or in place of"},
}

// readable are the endings of the names of files that people read.
var readable = []string{".go", ".txtar", ".md", ".hcl", ".html", ".mutant"}

func TestNobodyWritesStiltedPhrases(t *testing.T) {
	patterns := make([]*regexp.Regexp, len(stilted))
	for i, s := range stilted {
		patterns[i] = regexp.MustCompile(`(?i)\b` + strings.ReplaceAll(s.phrase, " ", `[\s/#│|]+`) + `\b`)
	}
	read := 0
	err := filepath.WalkDir("..", func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if name := entry.Name(); entry.IsDir() && (name == ".git" || name == "bin" || name == "dist" || name == "node_modules") {
			return fs.SkipDir
		}
		if entry.IsDir() || !slices.Contains(readable, filepath.Ext(path)) || strings.HasSuffix(path, "sentences_test.go") {
			return nil
		}
		text, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		read++
		for i, pattern := range patterns {
			for _, at := range pattern.FindAllIndex(text, -1) {
				line := 1 + strings.Count(string(text[:at[0]]), "\n")
				t.Errorf("%s:%d: %q: write: %s", path, line, text[at[0]:at[1]], stilted[i].instead)
			}
		}
		return nil
	})
	if err != nil || read < 500 {
		t.Fatalf("%d files were read: %v", read, err)
	}
}
