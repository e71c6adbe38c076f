package apply

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"camform/engine/plan"
	"camform/engine/report"
	"camform/engine/rotate"
	"camform/engine/state"
	"camform/schema"
)

// debts are the items that followers tell new passwords of accounts. They stand in the state before any account gets one, since
// no device shows afterwards whether it got it: only a step that ended well takes them out. An account that is left alone gets
// none.
func (f *followers) debts(c *census) []state.Owed {
	var all []state.Owed
	for leader, devices := range f.steps {
		account, err := schema.ParseSetting(leader)
		if err != nil || c.leaves(account) {
			continue
		}
		for _, d := range devices {
			for _, s := range d.Steps {
				if secret, tells := toldBy(s, c.kinds); tells {
					all = append(all, state.Owed{Item: s.Address, Account: account, Origin: secret.Origin})
				}
			}
		}
	}
	return all
}

// toldBy is the password for another device that a step writes.
func toldBy(s plan.Step, kinds *schema.Kinds) (plan.SecretSource, bool) {
	kind := kinds.Lookup(s.Address.Kind)
	if kind.Consumes == nil {
		return plan.SecretSource{}, false
	}
	secret, ok := s.Secrets[kind.Consumes.Password]
	return secret, ok
}

// pay forgets that the items of a device still have to get passwords which they got. What cannot be forgotten is sent
// once more.
func pay(ctx context.Context, d plan.Device, done report.Device, o Options) {
	var paid []schema.Setting
	for _, s := range d.Steps {
		if _, tells := toldBy(s, o.Provider.Kinds()); tells && ended(done, s).Good() {
			paid = append(paid, s.Address)
		}
	}
	_ = o.Store.Paid(context.WithoutCancel(ctx), paid)
}

// ended is how a step ended.
func ended(done report.Device, s plan.Step) report.Result {
	for _, step := range done.Steps {
		if step.Address == s.Address {
			return step.Result
		}
	}
	return report.NotRun
}

// certain returns an error if it is uncertain whether accounts have the passwords that steps pass on: what is taken for the current
// one might be the one that was replaced, or one that never came into effect.
func (w *worker) certain(ctx context.Context, steps []plan.Step) error {
	for _, s := range steps {
		for _, secret := range s.Secrets {
			account, err := schema.ParseSetting(secret.Follows)
			if err != nil {
				continue // it follows no account
			}
			if err := w.inEffect(ctx, account, secret.Origin); err != nil {
				return err
			}
		}
	}
	return nil
}

// inEffect returns an error if it is uncertain whether an account has the password from an origin.
func (w *worker) inEffect(ctx context.Context, account schema.Setting, origin string) error {
	open, errOpen := w.Store.OpenIntents(ctx, account.Device)
	known, errKnown := w.Store.SettingsOf(ctx, account.Device)
	if err := errors.Join(errOpen, errKnown); err != nil {
		return rotate.StoreError(err)
	}
	for _, in := range open {
		if slices.ContainsFunc(in.Steps, func(s state.IntentStep) bool { return s.Setting == account }) {
			return fmt.Errorf("the password of %s is uncertain: a rotation did not finish. Run `camform rotate -due` to resolve it", account)
		}
	}
	password, err := w.Secret(origin)
	if err != nil {
		return err
	}
	attribute := w.Provider.Kinds().Lookup(account.Kind).Account().Password
	if known[account].Fingerprints[attribute] != w.Store.Fingerprint(account, attribute, password) {
		return fmt.Errorf("%s may not have the password from %s; plan again", account, origin)
	}
	return nil
}
