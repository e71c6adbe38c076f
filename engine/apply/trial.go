package apply

import (
	"errors"
	"fmt"
	"slices"
	"time"

	"camform/engine/diag"
	"camform/engine/guard"
	"camform/engine/plan"
	"camform/engine/report"
	"camform/providers"
)

// A change that may close the way in is made on trial: the old connection is kept, the way in is proven over a new one,
// and where that fails the document is put back as it was over the old one. A device that drops the old connection as well
// cannot be helped from here; the guard has refused what it could foresee, and the snapshot has what was there before.

// wouldLockOut proves once more that what is left to do keeps the way in open, as seen from where this run comes from: a
// plan may be applied from another machine than that on which it was made. It says why it does not, if so.
func (w *worker) wouldLockOut(left []plan.Group, now reading) string {
	d := w.device
	d.Steps = nil
	for _, g := range left {
		d.Steps = append(d.Steps, g.Steps...)
	}
	for _, doc := range now.documents {
		if doc.Source != "" {
			d.Source = doc.Source
		}
	}
	for _, p := range guard.Prove(d) {
		if p.Severity == diag.Error {
			return p.Detail
		}
	}
	return ""
}

// trials says how often, and with which pauses between, the way in is tried before a change is taken back.
var trials = []time.Duration{0, 2 * time.Second, 5 * time.Second}

// revertOf is what puts the document of a request back as it was. It is zero for a request that writes no document that was
// read.
func revertOf(request providers.Request, before reading) providers.Request {
	doc, ok := before.documents[request.Path]
	if !ok || doc.Missing != "" {
		return providers.Request{}
	}
	return providers.Request{Method: request.Method, Path: request.Path, Body: doc.Body, Keys: request.Keys}
}

// onTrial reports whether what was sent for a group is on trial. A device that restarts is not asked: it does not answer for
// a while in any case.
func onTrial(g plan.Group, sent []sending) bool {
	return guard.Trials(g) && !slices.ContainsFunc(sent, func(s sending) bool {
		return s.reply.Outcome == providers.Restarting || s.err != nil
	})
}

// wayIn proves that the device is reached over a new connection, with the login of the session. Meanwhile the document is
// read over the old connection now and then, since nobody keeps one open on which nothing is said.
func (w *worker) wayIn(document string) error {
	var err error
	for _, pause := range trials {
		if err := w.Sleep(w.ctx, pause); err != nil {
			return err
		}
		_, _ = w.session.Read(w.ctx, document)
		target := w.target
		target.Login = w.credential
		session := w.Provider.Open(target)
		_, err = session.Identify(w.ctx)
		if err == nil {
			w.session.Close()
			w.session = session
			return nil
		}
		session.Close()
		_, _ = w.session.Read(w.ctx, document)
		if !errors.Is(err, providers.ErrUnreachable) && !errors.Is(err, providers.ErrBusy) {
			return err
		}
	}
	return err
}

// takeBack puts documents back over the connection that the change left on, and proves that the way in is open again.
func (w *worker) takeBack(document string, sent []sending, why error) (reverted bool, detail string) {
	detail = fmt.Sprintf("after it the device could not be reached over a new connection (%s)", providers.Reason(why))
	for _, request := range slices.Backward(sent) {
		if request.revert.Path == "" {
			continue
		}
		if _, err := w.session.Do(w.ctx, request.revert); err != nil {
			return false, fmt.Sprintf("%s, and it could not be put back: %s", detail, providers.Reason(err))
		}
		reverted = true
	}
	if !reverted {
		return false, detail + ", and there is no document that could be put back"
	}
	if err := w.wayIn(document); err != nil {
		return false, fmt.Sprintf("%s; it was put back, but the way in is still closed: %s", detail, providers.Reason(err))
	}
	return true, detail + ", so it was put back as it was"
}

// endTrial proves the way in after a change on trial. It reports whether the change stays; otherwise its steps have ended.
func (w *worker) endTrial(document string, sent []sending, end func(plan.Step, report.Result, string)) bool {
	why := w.wayIn(document)
	if why == nil {
		return true
	}
	reverted, detail := w.takeBack(document, sent, why)
	for _, request := range sent {
		result := report.Unknown
		if reverted {
			result = report.Reverted
			w.record(request, []verdict{{result: report.Reverted}})
		}
		for _, s := range request.steps {
			end(s, result, detail)
		}
	}
	if reverted {
		w.fail(report.Reverted, detail)
	} else {
		w.fail(report.Unreachable, detail)
	}
	return false
}
