package main

import (
	"bytes"
	"context"
	"fmt"
	"time"

	"github.com/spf13/pflag"

	"camform/engine/plan"
	"camform/engine/render"
)

func (f *runFlags) addPage(flags *pflag.FlagSet) {
	flags.StringVar(&f.page, "html", "", "also write an HTML page, for a browser or for printing, to this `FILE`")
}

// paged runs a command that writes a page about a subject if it is asked to: at its end, and also where it fails.
func paged(a *app, flags *runFlags, subject string, run func() error) error {
	if flags.page == "" {
		return run()
	}
	if err := claim(a, "-html", flags.page, pageProduct); err != nil { // before a fleet is read for it
		return err
	}
	a.page = &render.Page{Command: "camform " + subject, From: provenance(a, time.Now())}
	err := run()
	if err != nil {
		a.page.Failed(err.Error())
	}
	var text bytes.Buffer
	failed := a.page.Write(&text, flags.shown(a.stdout()).Options)
	if failed == nil {
		failed = pageProduct.write(flags.page, text.Bytes())
	}
	if failed != nil && err == nil {
		err = fmt.Errorf("-html: %w", failed)
	}
	return err
}

// fillPage gives a plan to the page, if one is written.
func fillPage(ctx context.Context, w *workspace, p *plan.Plan) error {
	if w.page == nil {
		return nil
	}
	subject, err := w.subject(ctx, p)
	if err != nil {
		return err
	}
	w.page.Plan(p, w.engine.Provider.Kinds(), subject.Hash, whoSigns(subject))
	return nil
}
