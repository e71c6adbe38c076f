package main

import (
	"bytes"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"camform/engine/render"
)

// misread is what a file says of a command line that could not be understood. The error itself quotes it, and may quote a password.
const misread = "The command line is invalid. See the error output of the program for what is wrong with it."

// outdate replaces what an earlier run wrote into the files of -html and -json-into, where a command failed before it came to that: they
// must not pass for those of today. Only a file that camform wrote is replaced, since it is not certain what such a command line means.
func outdate(a *app, root *cobra.Command, args []string, err error) {
	cmd, rest, found := root.Find(args)
	if found != nil {
		return
	}
	text, dir := err.Error(), ""
	if a.folder == "" { // its directory was not entered yet
		text, dir = misread, optionIn(args, "chdir")
	}
	if path := optionIn(rest, "html"); path != "" && a.page == nil && cmd.Flags().Lookup("html") != nil {
		page := render.Page{Command: cmd.CommandPath(), From: provenance(a, time.Now())}
		page.Failed(text)
		var made bytes.Buffer
		if page.Write(&made, a.stdout().Options) == nil {
			pageProduct.outdate(within(dir, path), made.Bytes())
		}
	}
	if path := optionIn(rest, "json-into"); path != "" && a.stream == nil && cmd.Flags().Lookup("json-into") != nil {
		operation := render.ApplyOperation
		if cmd.Name() == "plan" {
			operation = render.PlanOperation
		}
		var made bytes.Buffer
		stream := render.NewStream(&made, operation, version(), time.Now)
		stream.Failed(text)
		if stream.Close() == nil {
			streamProduct.outdate(within(dir, path), made.Bytes())
		}
	}
}

// optionIn is the value of an option in words that may be wrong otherwise.
func optionIn(args []string, name string) string {
	for i, arg := range args {
		if value, ok := strings.CutPrefix(arg, "--"+name+"="); ok {
			return value
		}
		if arg == "--"+name && i+1 < len(args) && !strings.HasPrefix(args[i+1], "-") {
			return args[i+1]
		}
	}
	return ""
}

// within is a path as a command has it that has entered a directory.
func within(dir, path string) string {
	if filepath.IsAbs(path) {
		return path
	}
	return filepath.Join(dir, path)
}
