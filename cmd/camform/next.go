package main

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"camform/cmd/camform/view"
	"camform/engine/plan"
	"camform/engine/report"
	"camform/engine/shell"
)

// goOn says what to do next, as commands that work when they are pasted. Programs, and people who asked for another form than text, are
// not advised.
func goOn(w *workspace, why string, commands ...string) {
	if w.automated() || w.flags.format != view.Text {
		return
	}
	fmt.Fprintf(w.out, "\n%s\n", why)
	for _, command := range commands {
		fmt.Fprintf(w.out, "    %s\n", command)
	}
}

// commandFor returns a command for the same directory.
func commandFor(a *app, name string, words ...string) string {
	line := []string{"camform"}
	if a.folder != "." {
		line = append(line, "-chdir="+shell.Word(a.folder))
	}
	return strings.Join(slices.Concat(line, []string{name}, words), " ")
}

// lookedAt returns the options that chose what the run looks at, for a command that is to look at the same. The value of a variable is left
// for the reader to fill in, since it may be nobody else's business.
func lookedAt(w *workspace) []string {
	var words []string
	for _, v := range w.flags.vars {
		if v.File != "" {
			words = append(words, "-var-file="+shell.Word(v.File))
		} else {
			words = append(words, "-var="+shell.Word(v.Name)+"=VALUE")
		}
	}
	for _, target := range w.flags.targets {
		words = append(words, "-target="+shell.Word(target))
	}
	return append(words, searched(w)...)
}

// searched returns the option that chose where new devices are searched for. What only a search finds is activated only by a search.
func searched(w *workspace) []string {
	if where := w.flags.search.String(); where != "" {
		return []string{"-search=" + shell.Word(where)}
	}
	return nil
}

// nextOfPlan says how a plan goes on that was saved to a file, or was not, where the name is empty. One that changes nothing and was not
// saved is the end, and so is one that was made for a review only. Where the rule for signatures cannot be found, apply says why.
func nextOfPlan(ctx context.Context, w *workspace, p *plan.Plan, file string) {
	if file == "" && (p.Empty() || whole(p) != nil || p.Taken != nil) {
		return
	}
	subject, err := w.subject(ctx, p)
	if err != nil {
		return
	}
	apply := commandFor(w.app, "apply", append(searched(w), shell.Word(file))...)
	switch sign := subject.Required(); {
	case file == "" && sign > 0:
		goOn(w, fmt.Sprintf("These changes need the signatures of %s. To save the plan for them, run:", persons(sign)), commandFor(w.app, "plan", append(lookedAt(w), "-out=FILE")...))
	case file == "":
		goOn(w, "To make these changes, run:", commandFor(w.app, "apply", lookedAt(w)...))
	case sign > 0:
		goOn(w, fmt.Sprintf("Saved the plan to %s. It needs the signatures of %s. To sign it and then to carry out exactly these steps, run:", file, persons(sign)),
			commandFor(w.app, "approve", shell.Word(file)), apply)
	default:
		goOn(w, fmt.Sprintf("Saved the plan to %s. To carry out exactly these steps, run:", file), apply)
	}
}

// nextOfRun says how to go on after a run that did not do everything. A plan that was saved can be applied again where what is left was
// not begun or not refused: what is done is not written again. Otherwise only a new plan knows what is left.
func nextOfRun(w *workspace, r *report.Report, d decision) {
	switch {
	case len(r.Bad()) == 0 && !r.Interrupted:
	case d.file != "" && !slices.ContainsFunc(r.Bad(), outlived):
		goOn(w, "Once that is resolved, go on with:", commandFor(w.app, "apply", append(searched(w), shell.Word(d.file))...))
	default:
		goOn(w, "To see what is left, run:", commandFor(w.app, "plan", lookedAt(w)...))
	}
}

// outlived reports whether a plan is of no more use for a device: the device is no longer as it was planned for, or did not do what it was
// asked for.
func outlived(d report.Device) bool {
	of := func(r report.Result) bool {
		switch r {
		case report.Stale, report.Rejected, report.NotWorking, report.Lost, report.Reverted, report.Unrecorded, report.Unknown, report.Mistaken:
			return true
		default:
			return false
		}
	}
	return of(d.Result) || slices.ContainsFunc(d.Steps, func(s report.Step) bool { return of(s.Result) })
}
