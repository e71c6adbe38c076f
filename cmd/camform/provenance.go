package main

import (
	"bytes"
	"context"
	"os/exec"
	"time"

	"camform/cmd/camform/view"
	"camform/engine/render"
)

// provenance says where a report comes from that is made now.
func provenance(a *app, now time.Time) render.Provenance {
	p := render.Provenance{Made: now, Author: author(a.env), Version: version()}
	p.Commit = git("rev-parse", "--verify", "HEAD")
	p.Changed = p.Commit != "" && git("--no-optional-locks", "status", "--porcelain", "--", ".") != ""
	return p
}

// reported is the output for a report in a form.
func reported(w *workspace, f view.Format) view.Output {
	out := w.output()
	if f != view.Text {
		out.From = provenance(w.app, w.engine.Now())
	}
	return out
}

// gitPatience is how long git may think.
const gitPatience = 5 * time.Second

// git is what git says in the directory; empty where there is no git, or no repository.
func git(args ...string) string {
	ctx, cancel := context.WithTimeout(context.Background(), gitPatience)
	defer cancel()
	text, err := exec.CommandContext(ctx, "git", args...).Output()
	if err != nil {
		return ""
	}
	return string(bytes.TrimSpace(text))
}
