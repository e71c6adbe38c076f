package apply

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"camform/engine/plan"
	"camform/engine/report"
	"camform/providers"
	"camform/schema"
)

// beat is how long apply waits between two looks at whether settings work.
const beat = 2 * time.Second

// seeWorking waits until the settings that were changed are seen to work, as far as their kinds say where that is told: a
// channel of a recorder is online again. A device has as long as the slowest of them may take, all together.
func (w *worker) seeWorking() {
	waiting := w.changed
	var most time.Duration
	for _, s := range waiting {
		most = max(most, w.kind(s.Address.Kind).Works.Wait)
	}
	for waited := time.Duration(0); len(waiting) > 0; waited += beat {
		var idle []plan.Step
		for _, s := range waiting {
			says, working := w.works(s)
			if !working {
				idle = append(idle, s)
				w.amend(s, report.NotWorking, says)
			} else {
				w.amend(s, report.Done, "")
			}
		}
		waiting = idle
		if len(waiting) == 0 || waited >= most || w.Sleep(w.ctx, beat) != nil {
			return
		}
	}
}

// works reports whether a setting is seen to work, and if not, what the device says. A device that does not tell is
// believed.
func (w *worker) works(s plan.Step) (says string, working bool) {
	works := w.kind(s.Address.Kind).Works
	doc, err := w.session.Read(w.ctx, works.PathFor(s.Address.Key))
	if err != nil {
		return "whether it works could not be read: " + providers.Reason(err), false
	}
	if doc.Missing != "" {
		return "", true
	}
	texts, err := w.Provider.Observe(doc, works.Element)
	if err != nil || len(texts) == 0 {
		return "", true
	}
	if slices.ContainsFunc(texts, func(text string) bool { return slices.Contains(works.Values, text) }) {
		return "", true
	}
	return fmt.Sprintf("it was written, but does not work: the device says %s = %s", works.Element, strings.Join(texts, ", ")), false
}

// tellsWhetherItWorks reports whether a step leaves something of which the device says whether it works.
func tellsWhetherItWorks(kind *schema.Kind, s plan.Step) bool {
	return kind.Works != nil && !s.After.IsNull()
}

// amend changes the result of a step that ended well.
func (w *worker) amend(s plan.Step, result report.Result, detail string) {
	for i, done := range w.done.Steps {
		if done.Address == s.Address {
			w.done.Steps[i].Result, w.done.Steps[i].Detail = result, detail
		}
	}
}
