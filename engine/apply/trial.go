package apply

import (
	"bytes"
	"context"
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
// and where that fails the document is put back as it was over the old one. A reply that gets lost often takes its
// connection along, so that a spare one is opened before the change. A device that drops both cannot be helped from here;
// the guard has refused what it could foresee, and the snapshot has what was there before.

// wouldLockOut proves once more that what is left to do keeps the way in open, as seen from where this run comes from: a
// plan may be applied from another machine than that on which it was made. It says why it does not, if so.
func (w *worker) wouldLockOut(left []plan.Group, now reading) string {
	d := w.seenFrom(now)
	d.Steps = nil
	for _, g := range left {
		d.Steps = append(d.Steps, g.Steps...)
	}
	for _, p := range guard.Prove(d, w.Provider.Kinds()) {
		if p.Severity == diag.Error {
			return p.Detail
		}
	}
	return ""
}

// seenFrom is the device as planned, with the addresses from which this run comes and at which the device sees it.
func (w *worker) seenFrom(now reading) plan.Device {
	d := w.device
	d.Seen = now.seen
	for _, doc := range now.documents {
		if doc.Source != "" {
			d.Source = doc.Source
		}
	}
	return d
}

// trials says how often, and with which pauses between, the way in is tried before a change is taken back.
var trials = []time.Duration{0, 2 * time.Second, 5 * time.Second}

// revertOf is what puts the document of a request back as it was, before its stage if it has one. There is nothing for a
// request that writes no document that was read, or one with a secret that nobody knows.
func (w *worker) revertOf(p prepared, request providers.Request) (providers.Request, bool) {
	doc, ok := p.before.origin[request.Path]
	if request.Content != "" {
		return providers.Request{}, false // what was read there is no such file
	}
	if !ok {
		doc, ok = p.before.documents[request.Path]
	}
	if !ok || doc.Missing != "" {
		return providers.Request{}, false
	}
	revert, err := w.Provider.Revert(doc, request)
	return revert, err == nil
}

// onTrial reports whether what was sent for a group is on trial: it is also where the device refused it or the reply was
// lost, since it may have been carried out all the same. A device that restarts is not asked: it does not answer for a while
// in any case. Nor is one that refuses the login, or that nothing reached.
func (s sent) onTrial() bool {
	left := func(s sending) bool { return !errors.Is(s.err, providers.ErrUnreachable) }
	over := func(s sending) bool {
		return s.reply.Outcome == providers.Restarting || left(s) && s.err != nil && providers.EndsSession(s.err)
	}
	return s.spare != nil && slices.ContainsFunc(s.sendings, left) && !slices.ContainsFunc(s.sendings, over)
}

// second logs in over a further connection, with the login of the session.
func (l *line) second(ctx context.Context) (providers.Session, error) {
	session := l.provider.Open(l.target)
	if _, err := session.Identify(ctx); err != nil {
		session.Close()
		return nil, err
	}
	return session, nil
}

// resume goes on with another session.
func (l *line) resume(session providers.Session) {
	l.session.Close()
	l.session = session
}

// untriable is why a trial that went well says nothing of a group; empty where it does.
func (w *worker) untriable(s sent) string {
	waits := slices.ContainsFunc(s.sendings, func(s sending) bool { return s.reply.Outcome == providers.PendingReboot })
	if !waits || !guard.ProvenByTrial(s.group, w.Provider.Kinds()) {
		return ""
	}
	kind := s.group.Steps[0].Address.Kind
	return fmt.Sprintf("the device reports that the change takes effect at its next restart, and camform cannot test before then whether the way in stays "+
		"open. If it works on a device that you can reach by hand, say so in the device block: allow_unproven = { %q = \"what you tried, and where\" }", kind)
}

// wayIn proves that the device is reached over a new connection, with the login of the session. Meanwhile the document is
// read over the old connection now and then, since nobody keeps one open on which nothing is said. Where that is gone as well, there
// is nothing over which the change could be taken back: the web server restarts, and is waited for.
func (l *line) wayIn(ctx context.Context, document string, sleep func(context.Context, time.Duration) error) error {
	var err, kept error
	for _, pause := range trials {
		if err := sleep(ctx, pause); err != nil {
			return err
		}
		_, _ = l.session.Read(ctx, document)
		var session providers.Session
		if session, err = l.second(ctx); err == nil {
			l.resume(session)
			return nil
		}
		_, kept = l.session.Read(ctx, document)
		if !isAway(err) {
			return err
		}
	}
	if !isAway(kept) || l.await(ctx, sleep) != nil {
		return err
	}
	session, err := l.second(ctx)
	if err == nil {
		l.resume(session)
	}
	return err
}

// takeBack puts documents back over the connection that the change left open, unless the device has them as they were, and
// proves that the way in is open again.
func (w *worker) takeBack(ctx context.Context, s sent) (reverted bool, detail string) {
	wrote := false
	for _, request := range slices.Backward(s.sendings) {
		revert, ok := w.revertOf(s.prepared, request.request)
		if !ok {
			continue
		}
		reverted = true
		var same bool
		var err error
		if request.err != nil {
			same, err = w.line.has(ctx, revert)
		}
		if same {
			continue
		}
		if err == nil {
			_, err = w.line.session.Do(ctx, revert)
		}
		if err != nil {
			return false, ", and the change could not be undone: " + providers.Reason(err)
		}
		wrote = true
	}
	if !reverted {
		return false, ", and there is no document to put back"
	}
	if err := w.line.wayIn(ctx, s.group.Document, w.Sleep); err != nil {
		return false, "; it is as it was before, but the way in is still closed: " + providers.Reason(err)
	}
	if !wrote {
		return true, ", but the device has what it had before"
	}
	return true, ", so it was put back as it was"
}

// has reports whether the device has what a request would write, byte for byte: a change that it refused, or whose
// reply was lost, is often not carried out, and needs no second write. A change that it accepted is always put back, since it
// may show the old document until it restarts. The error is that the connection is gone; a device that answers, and does not
// tell, is written to.
func (l *line) has(ctx context.Context, request providers.Request) (bool, error) {
	doc, err := l.session.Read(ctx, request.Path)
	if errors.Is(err, providers.ErrUnreachable) {
		return false, err
	}
	return err == nil && doc.Missing == "" && bytes.Equal(doc.Body, request.Body), nil
}

// endTrial proves the way in after a change on trial. If the change does not stay, its steps have ended.
func (w *worker) endTrial(ctx context.Context, s sent) (o outcome) {
	if slices.ContainsFunc(s.sendings, func(s sending) bool { return s.err != nil }) {
		w.line.resume(s.spare)
	}
	why := w.untriable(s)
	if err := w.line.wayIn(ctx, s.group.Document, w.Sleep); err != nil {
		why = fmt.Sprintf("after the change, the device could not be reached over a new connection (%s)", providers.Reason(err))
	}
	if why == "" {
		return o
	}
	reverted, then := w.takeBack(ctx, s)
	detail := why + then
	if ctx.Err() != nil && !reverted {
		detail = "the run was stopped while the change was on trial, so it is uncertain whether the way in is open"
	}
	step, device := report.Unknown, report.Unreachable
	if reverted {
		step, device = report.Reverted, report.Reverted
	}
	for _, request := range s.sendings {
		if reverted {
			o.unrecorded(w.record(ctx, request, w.judge.reverted(request.steps)))
		}
		o.end(step, detail, request.steps...)
	}
	o.fail(device, detail)
	return o
}
