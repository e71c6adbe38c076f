package apply

import (
	"errors"
	"fmt"

	"github.com/zclconf/go-cty/cty"

	"camform/engine/plan"
	"camform/engine/report"
	"camform/engine/rotate"
	"camform/providers"
	"camform/schema"
)

// Some devices put an account whose password an administrator has set to sleep until it sets one itself, another than the
// one that it was given. Such a password is changed twice: by us, to one that is proven by a login and kept, and then as the
// account. Both are requests of their own in the journal. An account that still sleeps at the end has no fingerprint in the
// state, so that the next plan tries again.

// awake notes that an account accepted a password but has to set one itself; the login was right then.
func (w *worker) awake(account string, err error) error {
	if !errors.Is(err, providers.ErrMustChange) {
		return err
	}
	w.asleep[account] = true
	return nil
}

// wake changes the password of an account that sleeps once more, as the account, and says what became of the step.
func (w *worker) wake(g plan.Group, s plan.Step) (report.Result, string) {
	result, err := w.changeAs(g, onlyPassword(s, w.kind(s.Address.Kind)))
	if err != nil {
		return report.Failed, fmt.Sprintf("it has a new password, but has to set one itself before it may do anything: %s; the next plan tries again",
			providers.Reason(err))
	}
	return result.result, result.detail
}

// changeAs gives an account a further new password, logged in with the one that it has.
func (w *worker) changeAs(g plan.Group, s plan.Step) (verdict, error) {
	session, ok := w.session.(providers.Impersonator)
	if !ok {
		return verdict{}, providers.ErrUnsupported
	}
	credential, err := w.liveCredential(s)
	if err != nil {
		return verdict{}, err
	}
	now, err := w.read(g)
	if err != nil {
		return verdict{}, err
	}
	steps, err := w.propose([]plan.Step{s})
	if err != nil {
		return verdict{}, err
	}
	changes, err := w.changes(steps)
	if err != nil {
		return verdict{}, err
	}
	requests, err := w.Provider.Compose(providers.Composition{Documents: now.documents, Changes: changes, Login: credential})
	if err != nil {
		return verdict{}, err
	}
	request := requests[0] // one account, one attribute
	in := w.intent(g, steps, request)
	in.Candidates = w.candidatesOf(steps)
	intent, err := w.Store.Begin(w.ctx, w.lease, in)
	if err != nil {
		return verdict{}, fmt.Errorf("%w: %w", errStore, err)
	}
	delete(w.asleep, s.Address.Key)
	reply, err := session.DoAs(w.ctx, credential, request)
	sent := sending{intent: intent, steps: steps, request: request, reply: reply, err: err}
	kind := w.kind(s.Address.Kind)
	v := w.judgeRotation(steps[0], sent, kind, now.value(kind, s.Address.Key))
	w.record(sent, []verdict{v})
	return v, nil
}

// liveCredential is the account of a step with the password that it has by now.
func (w *worker) liveCredential(s plan.Step) (providers.Credential, error) {
	versions, err := w.versions(w.nameOf(s))
	if err != nil {
		return providers.Credential{}, err
	}
	live, _ := rotate.Live(versions)
	text, err := w.Vault.Open(live)
	return providers.Credential{Username: s.Address.Key, Password: providers.NewPassword(text)}, err
}

// onlyPassword is a step that changes nothing but the password of an account that is there.
func onlyPassword(s plan.Step, kind *schema.Kind) plan.Step {
	values := make(map[string]cty.Value, len(kind.Attributes))
	for _, a := range kind.Attributes {
		values[a.Name] = cty.NullVal(a.Type)
	}
	s.Action, s.After = plan.Update, cty.ObjectVal(values)
	return s
}
