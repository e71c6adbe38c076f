package apply

import (
	"context"
	"fmt"
	"strings"
	"time"

	"camform/engine/plan"
	"camform/engine/report"
	"camform/providers"
	"camform/schema"
)

// beat is how long apply waits between two looks at whether settings work.
const beat = 2 * time.Second

// seeWorking waits until the settings that were changed are seen to work, if their kinds say where that is reported: a
// channel of a recorder is online again. A device has as long as the slowest of them may take, all together.
func (w *worker) seeWorking(ctx context.Context) {
	waiting := w.changed
	var most time.Duration
	for _, s := range waiting {
		most = max(most, w.judge.kind(s).Works.Wait)
	}
	for waited := time.Duration(0); len(waiting) > 0; waited += beat {
		var idle []plan.Step
		for _, s := range waiting {
			says, working := w.works(ctx, s)
			result := report.Done
			if !working {
				idle, result = append(idle, s), report.NotWorking
			}
			w.amend(s, func(done *report.Step) { done.Result, done.Detail = result, says })
		}
		waiting = idle
		if len(waiting) == 0 || waited >= most || w.Sleep(ctx, beat) != nil {
			return
		}
	}
}

// works reports whether a setting is seen to work, and if not, what the device says. A device that does not tell is
// believed.
func (w *worker) works(ctx context.Context, s plan.Step) (says string, working bool) {
	works := w.judge.kind(s).Works
	doc, err := w.line.session.Read(ctx, works.PathFor(s.Address.Key))
	if err != nil {
		return "whether it works could not be read: " + providers.Reason(err), false
	}
	if doc.Missing != "" {
		return "", true
	}
	texts, shows, err := providers.Working(works, doc, w.Provider)
	if err != nil || len(texts) == 0 || shows {
		return "", true
	}
	return fmt.Sprintf("it was written but does not work: the device reports %s = %s", works.Element, strings.Join(texts, ", ")), false
}

// tellsWhetherItWorks reports whether a step leaves something that the device reports as working or not.
func tellsWhetherItWorks(kind *schema.Kind, s plan.Step) bool {
	return kind.Works != nil && !s.After.IsNull()
}
