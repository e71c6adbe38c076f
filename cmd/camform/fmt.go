package main

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/rogpeppe/go-internal/diff"
	"github.com/spf13/cobra"

	"camform/engine/atomicfile"
	"camform/engine/config"
	"camform/engine/diag"
)

func fmtCommand(a *app) *cobra.Command {
	f := formatter{app: a}
	cmd := &cobra.Command{
		Use:   "fmt [FILE|DIR|-]...",
		Short: "Write configuration files in the canonical style",
		Long: `Rewrite *.cam.hcl and *.camvars files in the canonical style and print the names of those that changed. Without names,
it works on the directory of the configuration; with -, it formats standard input to standard output. With -list=false and
-write=false, it prints what it would write.

Exit code: 0 if all is well, 3 with -check if a file is not formatted, 2 if a file cannot be parsed.`,
		RunE: func(_ *cobra.Command, args []string) error {
			if len(args) == 0 {
				args = []string{"."}
			}
			for _, arg := range args {
				if err := f.argument(arg); err != nil {
					return err
				}
			}
			return f.end()
		},
	}
	cmd.Flags().BoolVar(&f.check, "check", false, "change nothing, exit with 3 if a file is not formatted")
	cmd.Flags().BoolVar(&f.list, "list", true, "print the names of files that change")
	cmd.Flags().BoolVar(&f.write, "write", true, "change the files; -write=false only prints")
	cmd.Flags().BoolVar(&f.diff, "diff", false, "print what changes, line by line")
	cmd.Flags().BoolVar(&f.recursive, "recursive", false, "also format the directories below, except those whose names begin with a dot")
	return cmd
}

// formatter formats files one after the other.
type formatter struct {
	*app
	check, list, write, diff, recursive bool

	problems diag.Problems
	sources  map[string][]byte
	changed  int
}

func (f *formatter) argument(arg string) error {
	if arg == "-" {
		return f.standardInput()
	}
	info, err := os.Stat(arg)
	if err != nil {
		return err
	}
	if !info.IsDir() {
		return f.file(arg)
	}
	return f.directory(arg, arg)
}

// directory formats the files of a directory that is, or lies in, one that somebody named.
func (f *formatter) directory(named, dir string) error {
	entries, err := os.ReadDir(dir) // in the order of the names
	if err != nil {
		return err
	}
	for _, e := range entries {
		if strings.HasPrefix(e.Name(), ".") {
			continue // such as the lock of an editor, which no configuration is read from either
		}
		path := filepath.Join(dir, e.Name())
		if e.IsDir() && f.recursive {
			if err := f.directory(named, path); err != nil {
				return err
			}
		}
		if e.IsDir() || !hasStyle(e.Name()) {
			continue
		}
		switch leads, err := leadsOut(named, path); {
		case err != nil:
			return err
		case leads:
			fmt.Fprintf(f.err, "%s is a link out of the directory, so it is left alone; format its target by its own name.\n", path)
		default:
			if err := f.file(path); err != nil {
				return err
			}
		}
	}
	return nil
}

// leadsOut reports whether a path in a directory is a link to something outside of it.
func leadsOut(dir, path string) (bool, error) {
	inside, err := filepath.EvalSymlinks(dir)
	if err != nil {
		return false, err
	}
	target, err := filepath.EvalSymlinks(path)
	if err != nil {
		return false, err
	}
	way, err := filepath.Rel(inside, target)
	return err != nil || !filepath.IsLocal(way), nil
}

// hasStyle reports whether files of a name have a canonical style.
func hasStyle(name string) bool {
	return strings.HasSuffix(name, ".cam.hcl") || strings.HasSuffix(name, ".camvars")
}

func (f *formatter) standardInput() error {
	text, err := io.ReadAll(f.in)
	if err != nil {
		return err
	}
	const name = "<standard input>"
	formatted, ok := f.format(name, text)
	switch {
	case !ok:
		return nil
	case f.diff:
		return f.compare(name, text, formatted)
	case f.check:
		return nil
	}
	_, err = f.out.Write(formatted)
	return err
}

// format is the canonical form of a text; ok is false where the text is wrong, which is noted.
func (f *formatter) format(name string, text []byte) (formatted []byte, ok bool) {
	formatted, problems := config.Format(name, text)
	f.note(name, text, problems)
	if problems.HasErrors() {
		return nil, false
	}
	if !bytes.Equal(text, formatted) {
		f.changed++
	}
	return formatted, true
}

// compare prints what changes in a file, as patch reads it.
func (f *formatter) compare(name string, text, formatted []byte) error {
	changes := diff.Diff("old/"+filepath.ToSlash(name), text, "new/"+filepath.ToSlash(name), formatted)
	_, changes, _ = bytes.Cut(changes, []byte("\n")) // the command that would print them
	_, err := f.out.Write(changes)
	return err
}

// file formats a file, that which a link leads to where the path is one.
func (f *formatter) file(path string) error {
	target, err := filepath.EvalSymlinks(path)
	if err != nil {
		return err
	}
	text, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	info, err := os.Stat(path)
	if err != nil {
		return err
	}
	formatted, ok := f.format(path, text)
	if !ok {
		return nil
	}
	if !f.list && !f.write && !f.diff && !f.check { // for a program that wants the text and no more
		_, err := f.out.Write(formatted)
		return err
	}
	if bytes.Equal(text, formatted) {
		return nil
	}
	if f.list {
		fmt.Fprintln(f.out, path)
	}
	if f.diff {
		if err := f.compare(path, text, formatted); err != nil {
			return err
		}
	}
	if f.check || !f.write {
		return nil
	}
	return atomicfile.Replace(target, formatted, info.Mode().Perm())
}

func (f *formatter) note(name string, text []byte, problems diag.Problems) {
	if f.sources == nil {
		f.sources = map[string][]byte{}
	}
	f.sources[name] = text
	f.problems = append(f.problems, problems...)
}

func (f *formatter) end() error {
	if err := f.report(f.problems, f.sources); err != nil {
		return exit{code: exitChanges}
	}
	if f.check && f.changed > 0 {
		return exit{code: exitFormat}
	}
	return nil
}
