package apply

import (
	"context"
	"errors"
	"fmt"

	"github.com/zclconf/go-cty/cty"

	"camform/engine/plan"
	"camform/engine/report"
	"camform/engine/rotate"
	"camform/engine/state"
	"camform/providers"
	"camform/schema"
)

// verdict is the outcome of a step.
type verdict struct {
	result   report.Result
	detail   string
	rows     []state.Setting  // what is recorded from now on
	forget   []schema.Setting // what is no longer recorded
	verdicts []state.Verdict  // which versions of secrets are in use
	doubt    error            // why the password of an account is uncertain
}

// judge decides the outcome of steps by what the device has now, and logs in where that tells more. It changes nothing.
type judge struct {
	comparison
	line     *line
	accounts *rotate.Accounts
}

// step decides the outcome of a step by what the device has now. What the device said about the request only explains
// it.
func (j judge) step(ctx context.Context, s plan.Step, request sending, after reading, unread error) verdict {
	if errors.Is(request.err, providers.ErrUnreachable) { // it never left
		v := verdict{result: report.Failed, detail: providers.Reason(request.err)}
		if ctx.Err() != nil {
			v.result, v.detail = report.NotRun, interruptedThere
		}
		if s.Rotates() {
			v.verdicts = []state.Verdict{j.accounts.Verdict(s.Address.Key, rotate.Finding{})}
		}
		return v
	}
	if unread != nil {
		return verdict{result: report.Unknown, detail: notReadBack(unread)}
	}
	have := j.value(s, after)
	if s.Rotates() {
		return j.password(ctx, s, request, have)
	}
	missing := j.missing(s, have)
	switch {
	case len(missing) == 0:
		return j.secretsOf(ctx, s, request, have)
	case errors.Is(request.err, providers.ErrUnknown) && !j.untouched(s, have):
		return verdict{result: report.Unknown, detail: providers.Reason(request.err) + "; the device now reports something else"}
	case request.err == nil && j.rewritten(s, missing, have):
		return verdict{result: report.Rewritten, detail: "the device accepted it and keeps it in its own form", rows: j.rows(s, have)}
	case request.err == nil && request.reply.Outcome == providers.PendingReboot && j.untouched(s, have):
		return request.inVain("the device carries out the request at its next restart, and until then " + j.instead(s, missing, have))
	default:
		return j.inVain(s, request, have, "the device accepted the request but "+j.instead(s, missing, have))
	}
}

// reverted are the verdicts on steps whose document was put back: the record is what was so before the run, also
// where a stage was remembered meanwhile.
func (j judge) reverted(steps []plan.Step) []verdict {
	verdicts := make([]verdict, len(steps))
	for i, s := range steps {
		verdicts[i].result = report.Reverted
		if row, ok := j.known[s.Address]; ok {
			verdicts[i].rows = []state.Setting{row}
		} else {
			verdicts[i].forget = []schema.Setting{s.Address}
		}
	}
	return verdicts
}

// inVain is the verdict on a step that did not come about: as the device said, or else otherwise.
func (s sending) inVain(otherwise string) verdict {
	switch {
	case s.err == nil:
		return verdict{result: report.Rejected, detail: otherwise}
	case errors.Is(s.err, providers.ErrInvalid), errors.Is(s.err, providers.ErrDenied), errors.Is(s.err, providers.ErrUnsupported):
		return verdict{result: report.Rejected, detail: providers.Reason(s.err)}
	default:
		return verdict{result: report.Failed, detail: providers.Reason(s.err)}
	}
}

// inVain is the verdict on a step that did not come about: as the device said, or else otherwise. A device that refused a request
// and shows something else since has carried out a part of it.
func (j judge) inVain(s plan.Step, request sending, have cty.Value, otherwise string) verdict {
	v := request.inVain(otherwise)
	if request.err != nil && !j.untouched(s, have) {
		v.result, v.detail = report.Rejected, v.detail+"; even so, "+j.moved(s, have)
	}
	return v
}

// secretsOf proves the secrets of a step whose other attributes are as wanted.
func (j judge) secretsOf(ctx context.Context, s plan.Step, request sending, have cty.Value) verdict {
	kind := j.kind(s)
	good := verdict{result: report.Done, detail: request.reply.Remark, rows: j.rows(s, have)}
	if request.reply.Outcome == providers.PendingReboot {
		good.result, good.detail = report.PendingReboot, "effective after the next restart of the device"
	}
	for i := range good.rows {
		good.rows[i].PendingReboot = good.result == report.PendingReboot
	}
	ok := provable(kind, s)
	switch {
	case len(hidden(kind, s, have)) == 0 || have.IsNull():
		return good
	case !ok && request.err == nil:
		return good // a secret that no login can prove; the device accepted it
	case !ok, request.err != nil && !errors.Is(request.err, providers.ErrUnknown) && j.untouched(s, have):
		// Refused, and nothing that can be read moved: a login to make sure would only cost an attempt.
		return request.inVain("")
	}
	login, err := j.secrets.login(kind, s)
	if err == nil {
		err = j.line.Authenticate(ctx, login)
	}
	switch {
	case err == nil:
		return good
	case rotate.Refused(err):
		return j.inVain(s, request, have, "the device accepted the request but rejects a login with the new password")
	default:
		return verdict{result: report.Unknown, detail: fmt.Sprintf("no login could confirm the new password: %s", providers.Reason(err))}
	}
}

// password decides the outcome of a step that makes a new password.
func (j judge) password(ctx context.Context, s plan.Step, request sending, have cty.Value) verdict {
	account := s.Address.Key
	var found rotate.Finding
	otherwise := "the device accepted the request but has no such account"
	if !have.IsNull() {
		found, otherwise = j.accounts.Find(ctx, account, rotate.AnswerOf(request.err)), "the device accepted the request but rejects a login with the new password"
	}
	if !found.Settled() {
		return verdict{result: report.Unknown, detail: "its password is uncertain, since no login could confirm it: " + providers.Reason(found.Err), doubt: found.Err}
	}
	v := verdict{result: report.Done, detail: request.reply.Remark}
	if !found.Fresh {
		v = j.inVain(s, request, have, otherwise)
	} else if missing := j.missing(s, have); len(missing) > 0 && !j.rewritten(s, missing, have) {
		v.result, v.detail = report.Rejected, "it has the new password but "+j.instead(s, missing, have)
	}
	v.rows = j.rowsOfPassword(s, have, found, j.accounts.Asleep(account))
	v.verdicts = []state.Verdict{j.accounts.Verdict(account, found)}
	return v
}

// lost finds out the outcome of a step of an earlier run that made no password. A secret that its origin no longer gives, or
// that no login can prove, counts as not written, so that the next plan writes it.
func (j judge) lost(ctx context.Context, s plan.Step, have cty.Value) verdict {
	vain, good := verdict{result: report.Failed}, verdict{result: report.Done, rows: j.rows(s, have)}
	if !j.asWanted(s, have) {
		return vain
	}
	kind := j.kind(s)
	if len(hidden(kind, s, have)) == 0 || s.After.IsNull() {
		return good
	}
	if _, can := j.line.session.(providers.Authenticator); !provable(kind, s) || !can {
		return vain
	}
	login, err := j.secrets.login(kind, s)
	if err != nil {
		return vain
	}
	switch err := j.line.Authenticate(ctx, login); {
	case err == nil:
		return good
	case !rotate.Refused(err):
		vain.doubt = err
	}
	return vain
}
