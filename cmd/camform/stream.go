package main

import (
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/spf13/pflag"

	"camform/cmd/camform/view"
	"camform/engine/render"
	"camform/engine/report"
)

// addStream adds the option for what programs read beside the text for people.
func (f *runFlags) addStream(flags *pflag.FlagSet) {
	flags.StringVar(&f.into, "json-into", "", "also write what -json would print to this `FILE`")
}

// streams runs a command that tells programs line by line what happens, if it is asked to: from the beginning, and also where it fails.
func streams(a *app, flags *runFlags, operation render.Operation, run func() error) error {
	var to io.Writer = a.out
	switch {
	case flags.format == view.JSON && flags.into != "":
		return errors.New("-json prints what -json-into writes to a file; choose one")
	case flags.into != "":
		if err := claimName(a, "-json-into", flags.into); err != nil {
			return err
		}
		file, err := streamProduct.stream(flags.into)
		if err != nil {
			return fmt.Errorf("-json-into: %w", err)
		}
		defer file.Close()
		to = file
	case flags.format != view.JSON:
		return run()
	}
	a.stream = render.NewStream(to, operation, version(), time.Now)
	err := run()
	if err != nil && err.Error() != "" {
		a.stream.Failed(err.Error())
	}
	if failed := a.stream.Close(); err == nil && failed != nil {
		err = fmt.Errorf("the report could not be written: %w", failed)
	}
	return err
}

// alsoTold passes an event to a stream as well.
func alsoTold(a *app, event func(report.Event)) func(report.Event) {
	if a.stream == nil {
		return event
	}
	return func(e report.Event) {
		event(e)
		a.stream.Event(e)
	}
}
