package config

import (
	"encoding/base64"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"
	"unicode/utf8"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"
	"github.com/zclconf/go-cty/cty/function"
)

// inside makes a path relative to the directory of the configuration, and refuses one that leaves it. That makes a
// configuration complete: the directory contains everything that it is made of.
func inside(name string) (string, error) {
	local := filepath.FromSlash(path.Clean(name))
	if name == "" || !filepath.IsLocal(local) {
		return "", fmt.Errorf("%q is outside the directory of the configuration; only files inside it can be read", name)
	}
	return local, nil
}

// readLocal reads a file of the configuration that an expression names.
func (l *loader) readLocal(name string) ([]byte, error) {
	local, err := inside(name)
	if err != nil {
		return nil, err
	}
	text, err := l.files.own(local, maxFile)
	switch {
	case errors.Is(err, errPrivate):
		return nil, privateFile(name)
	case errors.Is(err, fs.ErrNotExist):
		return nil, fmt.Errorf("there is no file %q in the directory of the configuration", name)
	case err != nil:
		return nil, fmt.Errorf("%q cannot be read: %w", name, cause(err))
	}
	return text, l.files.note(isRead, name, filepath.Join(l.source.dir, local))
}

// readText reads a file that must be text.
func (l *loader) readText(name string) (string, error) {
	text, err := l.readLocal(name)
	if err == nil && !utf8.Valid(text) {
		err = fmt.Errorf("%q is not UTF-8 text; filebase64 reads other files", name)
	}
	return string(text), err
}

// fileFunctions are the functions that read something besides their arguments, without templatefile.
func fileFunctions(l *loader) map[string]function.Function {
	table := map[string]function.Function{
		"abspath":    textFunc("path", func(name string) (string, error) { return absolute(l.source.dir, name) }),
		"file":       naming(textFunc("path", l.readText), 1),
		"filebase64": naming(contentFunc(l, base64.StdEncoding.EncodeToString), 1),
		"fileexists": naming(l.fileExistsFunc(), 1),
		"fileset":    naming(l.fileSetFunc(), 2),
		"pathexpand": l.pathExpandFunc(),
	}
	for name, d := range digests {
		table["file"+name] = naming(contentFunc(l, d.of), 1)
	}
	return table
}

// contentFunc makes a function that tells something of the bytes of a file.
func contentFunc(l *loader, of func(content []byte) string) function.Function {
	return textFunc("path", func(name string) (string, error) {
		content, err := l.readLocal(name)
		return of(content), err
	})
}

// absolute is a path from the root, with slashes as in every path of a configuration.
func absolute(dir, name string) (string, error) {
	if !filepath.IsAbs(name) {
		name = filepath.Join(dir, name)
	}
	name, err := filepath.Abs(name)
	return filepath.ToSlash(name), err
}

func (l *loader) fileExistsFunc() function.Function {
	return function.New(&function.Spec{
		Params: []function.Parameter{{Name: "path", Type: cty.String}},
		Type:   function.StaticReturnType(cty.Bool),
		Impl: func(args []cty.Value, _ cty.Type) (cty.Value, error) {
			local, err := inside(args[0].AsString())
			if err != nil {
				return cty.NilVal, function.NewArgError(0, err)
			}
			root, err := os.OpenRoot(l.source.dir)
			if err != nil {
				return cty.NilVal, function.NewArgError(0, cause(err))
			}
			defer root.Close()
			if l.files.private().holds(filepath.Join(l.source.dir, local)) {
				return cty.NilVal, privateFile(args[0].AsString())
			}
			info, err := root.Stat(local)
			if errors.Is(err, fs.ErrNotExist) {
				return cty.False, nil
			}
			if err != nil {
				return cty.NilVal, function.NewArgError(0, cause(err))
			}
			if info.IsDir() {
				return cty.NilVal, function.NewArgErrorf(0, "%q is a directory", args[0].AsString())
			}
			return cty.True, nil
		},
	})
}

// pathExpandFunc replaces a tilde at the start of a path by the home directory.
func (l *loader) pathExpandFunc() function.Function {
	return textFunc("path", func(name string) (string, error) {
		home, _ := l.options.Env("HOME")
		if name == "~" {
			return home, nil
		}
		if rest, ok := strings.CutPrefix(name, "~/"); ok {
			return path.Join(home, rest), nil
		}
		return name, nil
	})
}

// fileSetFunc lists the files below a directory that match a pattern, relative to that directory. In a pattern ** stands
// for any number of directories and {a,b} for either word.
func (l *loader) fileSetFunc() function.Function {
	return function.New(&function.Spec{
		Params: []function.Parameter{{Name: "path", Type: cty.String}, {Name: "pattern", Type: cty.String}},
		Type:   function.StaticReturnType(cty.Set(cty.String)),
		Impl: func(args []cty.Value, _ cty.Type) (cty.Value, error) {
			dir, err := inside(args[0].AsString())
			if err != nil {
				return cty.NilVal, function.NewArgError(0, err)
			}
			patterns, err := alternatives(args[1].AsString())
			if err != nil {
				return cty.NilVal, function.NewArgError(1, err)
			}
			for _, p := range patterns {
				if _, err := path.Match(p, ""); err != nil {
					return cty.NilVal, function.NewArgErrorf(1, "the pattern is malformed")
				}
			}
			found := l.matching(filepath.ToSlash(dir), patterns)
			for _, name := range found {
				if err := l.files.note(isListed, path.Join(args[0].AsString(), name), filepath.Join(l.source.dir, dir, name)); err != nil {
					return cty.NilVal, err
				}
			}
			return stringSet(found), nil
		},
	})
}

// matching lists the regular files below dir that match one of the patterns, without private ones: they are no part of the
// configuration, and come and go with the first run.
func (l *loader) matching(dir string, patterns []string) []string {
	var found []string
	root, err := os.OpenRoot(l.source.dir)
	if err != nil {
		return nil
	}
	defer root.Close()
	files, err := fs.Sub(root.FS(), dir)
	if err != nil {
		return nil
	}
	private := l.files.private()
	_ = fs.WalkDir(files, ".", func(name string, entry fs.DirEntry, err error) error {
		if err != nil {
			return fs.SkipDir // what cannot be listed matches nothing
		}
		for _, p := range patterns {
			if entry.Type().IsRegular() && matches(strings.Split(p, "/"), strings.Split(name, "/")) && !private.holds(filepath.Join(l.source.dir, dir, name)) {
				found = append(found, name)
				break
			}
		}
		return nil
	})
	return found
}

// maxAlternatives is how many patterns one with alternatives may stand for.
const maxAlternatives = 1000

// alternatives writes a pattern with {a,b} as several without.
func alternatives(pattern string) ([]string, error) {
	open, done := []string{pattern}, []string(nil)
	for len(open) > 0 {
		if len(open)+len(done) > maxAlternatives {
			return nil, fmt.Errorf("the pattern stands for more than %d patterns", maxAlternatives)
		}
		before, rest, _ := strings.Cut(open[0], "{")
		words, after, ok := strings.Cut(rest, "}")
		if !ok {
			open, done = open[1:], append(done, open[0])
			continue
		}
		open = open[1:]
		for word := range strings.SplitSeq(words, ",") {
			open = append(open, before+word+after)
		}
	}
	return done, nil
}

// matches compares a path with a pattern, both taken apart at the slashes.
func matches(pattern, name []string) bool {
	reached := make([]bool, len(name)+1) // whether the pattern so far matches so many parts of the name
	reached[0] = true
	for _, part := range pattern {
		next := make([]bool, len(name)+1)
		for i := range next {
			switch {
			case part == "**":
				next[i] = reached[i] || i > 0 && next[i-1]
			case i > 0 && reached[i-1]:
				next[i], _ = path.Match(part, name[i-1])
			}
		}
		reached = next
	}
	return reached[len(name)]
}

// templateFileFunc renders a file as a template. It may call all functions but itself, and counts on a meter.
func (l *loader) templateFileFunc(functions map[string]function.Function, m *meter) function.Function {
	return naming(function.New(&function.Spec{
		Params: []function.Parameter{{Name: "path", Type: cty.String}, {Name: "vars", Type: cty.DynamicPseudoType, AllowMarked: true}},
		Type:   function.StaticReturnType(cty.DynamicPseudoType),
		Impl: func(args []cty.Value, _ cty.Type) (cty.Value, error) {
			expr, err := l.template(args[0].AsString())
			if err != nil {
				return cty.NilVal, aboutFirst(err)
			}
			vars, marks := args[1].Unmark()
			if t := vars.Type(); !t.IsObjectType() && !t.IsMapType() {
				return cty.NilVal, function.NewArgErrorf(1, "a map is required")
			}
			ctx := &hcl.EvalContext{Variables: vars.AsValueMap(), Functions: functions}
			defer l.meter.within(ctx, m)()
			v, diags := evaluate(expr, ctx)
			if diags.HasErrors() {
				return cty.NilVal, function.NewArgError(0, templateError(diags))
			}
			return v.WithMarks(marks), nil
		},
	}), 1)
}

// template reads and parses a template, each once.
func (l *loader) template(name string) (hclsyntax.Expression, error) {
	known, ok := l.templates.Load(name)
	if !ok {
		text, err := l.readText(name)
		if err != nil {
			return nil, err
		}
		expr, diags := l.meter.template([]byte(text), l.display(name), hcl.InitialPos)
		if diags.HasErrors() {
			return nil, templateError(diags)
		}
		known, _ = l.templates.LoadOrStore(name, expr)
	}
	return known.(hclsyntax.Expression), nil
}

// templateError is the first problem of a template with its place. Functions that failed because of a secret keep quiet
// about it themselves.
func templateError(diags hcl.Diagnostics) error {
	p := fromHCL(diags)[0]
	return fmt.Errorf("%s: %s: %s", line(*p.Subject), strings.ToLower(p.Summary), strings.TrimSuffix(p.Detail, "."))
}
