package apply

import (
	"errors"
	"fmt"
	"maps"
	"slices"

	"github.com/zclconf/go-cty/cty"

	"camform/engine/credential"
	"camform/engine/plan"
	"camform/engine/report"
	"camform/engine/rotate"
	"camform/engine/state"
	"camform/providers"
	"camform/schema"
)

// candidate is a new password that a step is about to set.
type candidate struct {
	state.Candidate
	text string
}

// open ends the session and begins one with another credential, over a new connection.
func (w *worker) open(credential providers.Credential) error {
	if w.session != nil {
		w.session.Close()
	}
	target := w.target
	target.Login = credential
	w.session = w.Provider.Open(target)
	identity, err := w.session.Identify(w.ctx)
	w.done.Identity = identity
	if err == nil {
		w.credential = credential
	}
	return err
}

// enter logs in. Where it is not known which password the account has, the versions of the vault are tried, as far as the
// ledger allows.
func (w *worker) enter() error {
	versions, err := w.versions(w.device.Access.Managed)
	if err != nil {
		return err
	}
	if rotate.InDoubt(versions) {
		w.found = w.search(versions, rotate.Unheard)
		switch {
		case w.found.Live == 0 && w.found.Err == nil:
			return fmt.Errorf("it refuses every password that the vault has for %s; somebody changed it: camform vault set %s takes the right one: %w",
				w.device.Access.Username, w.device.Access.Managed, providers.ErrRefused)
		case w.found.Live == 0:
			return w.found.Err
		}
		return w.settleLogin()
	}
	err = w.open(w.target.Login)
	if live, ok := rotate.Live(versions); ok && rotate.Refused(err) {
		// The next run looks further: a device may come back from a restart with an earlier password.
		if failed := w.Store.TriedSecret(w.ctx, w.lease, live.Name, live.Version); failed != nil {
			return fmt.Errorf("%w: %w", errStore, failed)
		}
	}
	return err
}

// settleLogin keeps which password the account has that we log in with. Where a request is open that speaks of it, whoever
// closes that does so.
func (w *worker) settleLogin() error {
	open, err := w.Store.OpenIntents(w.ctx, w.device.Address)
	if err != nil {
		return fmt.Errorf("%w: %w", errStore, err)
	}
	name := w.device.Access.Managed
	for _, in := range open {
		if slices.ContainsFunc(in.Candidates, func(c state.Candidate) bool { return c.Name == name }) {
			return nil
		}
	}
	if err := w.Store.SettleSecret(w.ctx, w.lease, w.found.Verdict(name)); err != nil {
		return fmt.Errorf("%w: %w", errStore, err)
	}
	return nil
}

// search finds out which version of our own password the device accepts; the session is that of the last attempt.
func (w *worker) search(versions []state.Secret, answer rotate.Answer) rotate.Finding {
	return rotate.Resolve(rotate.Possible(versions, answer), func(v state.Secret) error {
		return w.try(v, func(text string) error {
			return w.open(providers.Credential{Username: w.device.Access.Username, Password: providers.NewPassword(text)})
		})
	})
}

// ask finds out which version of the password of another account the device accepts.
func (w *worker) ask(account string, versions []state.Secret, answer rotate.Answer) rotate.Finding {
	return rotate.Resolve(rotate.Likely(versions, answer), func(v state.Secret) error {
		return w.try(v, func(text string) error { return w.awake(account, w.authenticate(account, text)) })
	})
}

// try logs in with a version. One that is refused had its turn, and has the next one after all others.
func (w *worker) try(v state.Secret, login func(text string) error) error {
	text, err := w.Vault.Open(v)
	if err != nil {
		return err
	}
	err = login(text)
	if rotate.Refused(err) {
		if failed := w.Store.TriedSecret(w.ctx, w.lease, v.Name, v.Version); failed != nil {
			return fmt.Errorf("%w: %w", errStore, failed)
		}
	}
	return err
}

// versions are those of a name; none for an account that is not managed.
func (w *worker) versions(name string) ([]state.Secret, error) {
	if name == "" {
		return nil, nil
	}
	versions, err := w.Store.Secrets(w.ctx, name)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", errStore, err)
	}
	return versions, nil
}

// generates is how the password of a step is made; nil if the step makes none.
func generates(s plan.Step) *plan.Generate { return s.Secrets[passwordAttribute].Generate }

// nameOf is the name in the vault of the password that a step makes.
func (w *worker) nameOf(s plan.Step) string { return credential.Name(w.device.Address, s.Address.Key) }

// superseded reports whether a step makes a password in place of one that is no longer the live one: another run was
// faster.
func (w *worker) superseded(s plan.Step) (bool, error) {
	how := generates(s)
	if how == nil {
		return false, nil
	}
	versions, err := w.versions(w.nameOf(s))
	live, _ := rotate.Live(versions)
	return live.Version != how.Replaces, err
}

// propose makes the passwords that steps ask for, and returns the steps with their fingerprints.
func (w *worker) propose(steps []plan.Step) ([]plan.Step, error) {
	proposed := slices.Clone(steps)
	for i, s := range proposed {
		how := generates(s)
		if how == nil {
			continue
		}
		name := w.nameOf(s)
		if err := w.adopt(name, *how); err != nil {
			return nil, err
		}
		text, sealed, err := w.Vault.Propose(w.ctx, name, s.Address.Key, *how)
		if err != nil {
			return nil, fmt.Errorf("new password for %s: %w", s.Address.Local(), err)
		}
		w.candidates[s.Address] = candidate{state.Candidate{Name: name, Sealed: sealed, Note: how.Reason}, text}
		proposed[i] = withPassword(s, w.Store.Fingerprint(s.Address, passwordAttribute, text))
	}
	return proposed, nil
}

// adopt keeps the password that we are logged in with before it is changed for the first time: until the new one is proven
// it may be the one that the device has.
func (w *worker) adopt(name string, how plan.Generate) error {
	if !how.Own || how.Replaces != 0 {
		return nil
	}
	sealed, err := w.Vault.Keep(name, w.credential.Password.Reveal())
	if err == nil {
		err = w.Store.AdoptSecret(w.ctx, w.lease, name, sealed, "in use before it was managed")
	}
	if err != nil {
		return fmt.Errorf("%w: the password that it has now: %w", errStore, err)
	}
	return nil
}

// following fills in the fingerprints of secrets that another account of the plan has by now.
func (w *worker) following(steps []plan.Step) ([]plan.Step, error) {
	filled := slices.Clone(steps)
	for i, s := range filled {
		if s.Follows() == "" {
			continue
		}
		s.Secrets = maps.Clone(s.Secrets)
		for attribute, secret := range s.Secrets {
			if secret.Follows == "" {
				continue
			}
			text, err := w.Secret(secret.Origin)
			if err != nil {
				return steps, err
			}
			s.Secrets[attribute] = plan.Secret{Origin: secret.Origin, Fingerprint: w.Store.Fingerprint(s.Address, attribute, text)}
		}
		filled[i] = s
	}
	return filled, nil
}

// withPassword is a step with the fingerprint of its new password.
func withPassword(s plan.Step, fingerprint string) plan.Step {
	s.Secrets = maps.Clone(s.Secrets)
	secret := s.Secrets[passwordAttribute]
	secret.Fingerprint = fingerprint
	s.Secrets[passwordAttribute] = secret
	return s
}

// candidatesOf are the new passwords that the steps of a request carry.
func (w *worker) candidatesOf(steps []plan.Step) []state.Candidate {
	var candidates []state.Candidate
	for _, s := range steps {
		if c, ok := w.candidates[s.Address]; ok {
			candidates = append(candidates, c.Candidate)
		}
	}
	return candidates
}

// answerOf is what a device said about a request.
func answerOf(err error) rotate.Answer {
	switch {
	case err == nil:
		return rotate.Accepted
	case errors.Is(err, providers.ErrUnknown):
		return rotate.Unheard
	default:
		return rotate.Denied
	}
}

// ownRotation finds the request that carried a new password for the account that the session logs in with.
func ownRotation(sent []sending) (sending, bool) {
	for _, request := range sent {
		for _, s := range request.steps {
			if how := generates(s); how != nil && how.Own {
				return request, true
			}
		}
	}
	return sending{}, false
}

// reenter begins the session anew after our own password may have been changed. The old connection is not used again: the
// device would count a login with the old password.
func (w *worker) reenter(request sending) error {
	if errors.Is(request.err, providers.ErrUnreachable) {
		return request.err // it never left
	}
	versions, err := w.versions(w.device.Access.Managed)
	if err != nil {
		return err
	}
	w.found = w.search(versions, answerOf(request.err))
	switch {
	case w.found.Live != 0:
		return nil
	case w.found.Err != nil:
		return fmt.Errorf("which password it has is not known yet: %w", w.found.Err)
	default:
		return fmt.Errorf("it refuses the new password and the old one: %w", providers.ErrRefused)
	}
}

// judgeRotation decides what became of a step that makes a new password.
func (w *worker) judgeRotation(s plan.Step, request sending, kind *schema.Kind, have cty.Value) verdict {
	name := w.nameOf(s)
	if have.IsNull() {
		v := w.explained(request, "the device said yes, but has no such account")
		v.verdicts = []state.Verdict{{Name: name}} // there is no account that could have the password
		return v
	}
	finding, err := w.finding(s, request)
	if err != nil || !finding.Settled() {
		return verdict{result: report.Unknown, detail: "which password it has could not be proven: " + providers.Reason(errors.Join(err, finding.Err))}
	}
	fresh, err := w.isNew(name, finding.Live)
	if err != nil {
		return verdict{result: report.Unknown, detail: err.Error()}
	}
	verdicts := []state.Verdict{finding.Verdict(name)}
	if !fresh {
		v := w.explained(request, "the device said yes, but refuses a login with the new password")
		v.verdicts, v.rows = verdicts, w.unprovenRow(s, finding)
		return v
	}
	missing := w.missing(s, kind, have)
	good := verdict{result: report.Done, detail: request.reply.Remark, verdicts: verdicts}
	if len(missing) > 0 && !w.rewritten(s, kind, missing, have) {
		good.result, good.detail = report.Rejected, "it has the new password, but "+describe(missing)+" did not change"
		good.rows = []state.Setting{w.knownWith(s, s.Secrets[passwordAttribute].Fingerprint)}
		return good
	}
	good.rows = []state.Setting{w.row(s, kind, have)}
	if w.asleep[s.Address.Key] {
		good.rows = []state.Setting{w.knownWith(s, "")}
	}
	return good
}

// finding is which version the device accepts after a request. Where it said no and there is no other version, it is
// believed: a login would only cost an attempt, and whoever sets the password next needs not know it.
func (w *worker) finding(s plan.Step, request sending) (rotate.Finding, error) {
	if generates(s).Own {
		return w.found, nil
	}
	versions, err := w.versions(w.nameOf(s))
	if err != nil {
		return rotate.Finding{}, err
	}
	answer := answerOf(request.err)
	if _, ok := rotate.Live(versions); !ok && answer == rotate.Denied {
		return rotate.Finding{}, nil
	}
	return w.ask(s.Address.Key, versions, answer), nil
}

// isNew reports whether a version of a name is one that was pending.
func (w *worker) isNew(name string, version int) (bool, error) {
	versions, err := w.versions(name)
	return slices.ContainsFunc(versions, func(v state.Secret) bool {
		return v.Version == version && v.Status == state.SecretPending
	}), err
}

// explained is the verdict on a step that did not come about: as the device said, or else otherwise.
func (w *worker) explained(request sending, otherwise string) verdict {
	if request.err != nil {
		return verdict{result: resultOfRefusal(request.err), detail: providers.Reason(request.err)}
	}
	return verdict{result: report.Rejected, detail: otherwise}
}

// unprovenRow is what is remembered of an account that accepts no password of the vault: the next plan gives it a new one.
func (w *worker) unprovenRow(s plan.Step, finding rotate.Finding) []state.Setting {
	if _, known := w.known[s.Address]; !known || finding.Live != 0 || len(finding.Refused) == 0 {
		return nil
	}
	return []state.Setting{w.knownWith(s, "")}
}

// knownWith is what is remembered of the setting of a step, with another fingerprint of its password; none if it is empty.
func (w *worker) knownWith(s plan.Step, fingerprint string) state.Setting {
	row := w.known[s.Address]
	row.Address = s.Address
	row.Fingerprints = maps.Clone(row.Fingerprints)
	if row.Fingerprints == nil {
		row.Fingerprints = map[string]string{}
	}
	delete(row.Fingerprints, passwordAttribute)
	if fingerprint != "" {
		row.Fingerprints[passwordAttribute] = fingerprint
	}
	return row
}

// proveOldRefused asks for a login with the password that was replaced, where the policy wants that. It comes when all else
// on the device is done, since a refusal takes one attempt away for a while.
func (w *worker) proveOldRefused() {
	for _, s := range w.rotated {
		if !generates(s).Policy.ProveOldRefused || generates(s).Replaces == 0 {
			continue
		}
		versions, err := w.versions(w.nameOf(s))
		i := slices.IndexFunc(versions, func(v state.Secret) bool { return v.Version == generates(s).Replaces })
		if err != nil || i < 0 {
			continue
		}
		text, err := w.Vault.Open(versions[i])
		if err != nil {
			w.remark(s, "that the old password is refused could not be proven: "+err.Error())
			continue
		}
		switch err := w.authenticate(s.Address.Key, text); {
		case err == nil:
			w.remark(s, "the old password is still accepted")
		case !rotate.Refused(err):
			w.remark(s, "that the old password is refused could not be proven: "+providers.Reason(err))
		}
	}
}

// remark adds to the detail of a step that ended.
func (w *worker) remark(s plan.Step, text string) {
	for i, done := range w.done.Steps {
		if done.Address == s.Address {
			w.done.Steps[i].Detail = text
		}
	}
}

// unsent withdraws the password of a step whose request never left.
func (w *worker) unsent(s plan.Step) []state.Verdict {
	if !s.Rotates() {
		return nil
	}
	return []state.Verdict{{Name: w.nameOf(s)}}
}
