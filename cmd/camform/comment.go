package main

import (
	"errors"
	"fmt"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/spf13/pflag"

	"camform/cmd/camform/view"
	"camform/engine/render"
)

// commentFlags are the options of commands that print Markdown for a comment.
type commentFlags struct {
	size   sizeFlag
	marker string
}

func (f *runFlags) addComment(flags *pflag.FlagSet, usage string) {
	formatOption(flags, &f.format, view.Markdown, "markdown", usage)
	flags.Var(&f.comment.size, "size", fmt.Sprintf("with -markdown, shorten the comment to what this service or number of bytes allows: `SIZE` is %s or a number",
		strings.Join(render.CommentServices(), ", ")))
	flags.StringVar(&f.comment.marker, "marker", "", "with -markdown, the `NAME` in the first line, by which a later comment replaces this one; by default the directory")
}

// sizeFlag is a limit in bytes; 0 for none.
type sizeFlag int

func (s *sizeFlag) String() string {
	if *s == 0 {
		return ""
	}
	return strconv.Itoa(int(*s))
}

func (s *sizeFlag) Type() string { return "string" }

func (s *sizeFlag) Set(text string) error {
	if limit, ok := render.CommentLimits[text]; ok {
		*s = sizeFlag(limit)
		return nil
	}
	bytes, err := strconv.Atoi(text)
	if err != nil || bytes < render.SmallestComment {
		return fmt.Errorf("write %s, or a number of bytes from %d", strings.Join(render.CommentServices(), ", "), render.SmallestComment)
	}
	*s = sizeFlag(bytes)
	return nil
}

// documents runs a command that prints Markdown if it is asked to, as a comment about a subject, and writes a page if it is asked to:
// at its end, and also where it fails. Another command may tell what a comment leaves out.
func documents(a *app, flags *runFlags, subject, all string, run func() error) error {
	return paged(a, flags, subject, func() error { return commented(a, flags, subject, all, run) })
}

func commented(a *app, flags *runFlags, subject, all string, run func() error) error {
	if flags.format != view.Markdown {
		if flags.comment != (commentFlags{}) {
			return errors.New("-size and -marker are for -markdown; add that")
		}
		return run()
	}
	marker := flags.comment.marker
	if folder := filepath.ToSlash(filepath.Clean(a.folder)); marker == "" && folder != "." {
		marker = folder
	}
	a.comment = &render.Comment{Marker: strings.TrimSpace("camform " + subject + " " + marker), Command: all, Limit: int(flags.comment.size)}
	err := run()
	if err != nil {
		a.comment.Command = "camform " + subject // what failed, and not what shows a plan that was not saved
		a.comment.Failed(err.Error())
	}
	if failed := a.comment.Write(a.out, flags.shown(a.stdout()).Options); err == nil {
		err = failed
	}
	return err
}
