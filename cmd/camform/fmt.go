package main

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"camform/engine/atomicfile"
	"camform/engine/config"
	"camform/engine/diag"
)

func fmtCommand(a *app) *cobra.Command {
	var check, list bool
	cmd := &cobra.Command{
		Use:   "fmt [FILE|DIR|-]...",
		Short: "Write configuration files in the canonical style",
		Long: `Rewrite *.cam.hcl and *.camvars files in the canonical style and print the names of those that changed. Without names
it works on the directory of the configuration; with - it formats the standard input to the standard output.

Exit code: 0 if all is well, 3 with -check if a file is not formatted, 2 if a file cannot be parsed.`,
		RunE: func(_ *cobra.Command, args []string) error {
			f := formatter{app: a, check: check, list: list}
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
	cmd.Flags().BoolVar(&check, "check", false, "change nothing, exit with 3 if a file is not formatted")
	cmd.Flags().BoolVar(&list, "list", true, "print the names of files that change")
	return cmd
}

// formatter formats files one after the other.
type formatter struct {
	*app
	check, list bool

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
	names, err := configurationFiles(arg)
	if err != nil {
		return err
	}
	for _, name := range names {
		path := filepath.Join(arg, name)
		switch leads, err := leadsOut(arg, path); {
		case err != nil:
			return err
		case leads:
			fmt.Fprintf(f.err, "%s is a link out of the directory, so it is left alone; format what it leads to by its own name.\n", path)
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

// configurationFiles are the names of the files in a directory that have a canonical style.
func configurationFiles(dir string) ([]string, error) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, err
	}
	var names []string
	for _, e := range entries {
		if !e.IsDir() && (strings.HasSuffix(e.Name(), ".cam.hcl") || strings.HasSuffix(e.Name(), ".camvars")) {
			names = append(names, e.Name())
		}
	}
	slices.Sort(names)
	return names, nil
}

func (f *formatter) standardInput() error {
	text, err := io.ReadAll(f.in)
	if err != nil {
		return err
	}
	formatted, problems := config.Format("<standard input>", text)
	f.note("<standard input>", text, problems)
	if problems.HasErrors() {
		return nil
	}
	if !bytes.Equal(text, formatted) {
		f.changed++
	}
	if !f.check {
		_, err = f.out.Write(formatted)
	}
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
	formatted, problems := config.Format(path, text)
	f.note(path, text, problems)
	if problems.HasErrors() || bytes.Equal(text, formatted) {
		return nil
	}
	f.changed++
	if f.list {
		fmt.Fprintln(f.out, path)
	}
	if f.check {
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
