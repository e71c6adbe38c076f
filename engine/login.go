package engine

import (
	"cmp"
	"context"
	"errors"

	"camform/engine/config"
	"camform/engine/diff"
	"camform/engine/rotate"
	"camform/engine/state"
	"camform/providers"
	"camform/schema"
)

// Typed is a password that somebody gives for the account with which camform logs in to a device.
type Typed struct {
	Config   *config.Config // that declares the device
	Device   *config.Device
	Password func(context.Context) (schema.Secret, error) // read once the lease of the device is held
	Origin   string                                       // where that reads it; empty for one that was typed
	Consent  providers.Consent                            // ByPerson, or AtRisk if the operator accepts that

	// Set puts a password that the device accepted into the vault as the current one, as vault.Vault.Set does.
	Set func(ctx context.Context, name string, password schema.Secret) (version int, err error)
}

// LoginResult is the outcome of a login that somebody asked for.
type LoginResult struct {
	Before, After int    // attempts that the device said were left before it and, if it was refused, after it; or providers.RemainingUnknown
	Name          string // in the vault; empty for an account that camform does not manage
	Version       int    // that is the current one from then on; 0 if the account is not managed or the password was refused
	Charged       bool   // whether an attempt may have been spent
}

// ErrWithheld says that a login was not tried, to save attempts.
var ErrWithheld = errors.New("the login was not tried")

// Login tries a password once. If the device accepts it, its identity is recorded, and for a managed account the vault has it
// as the current one, so that nothing is in doubt any more. The error belongs to ErrWithheld where no attempt was made and a
// operator may accept the risk of one; see providers.AtRisk. It is a diag.Problem if the device may be another recorded one.
func (e *Engine) Login(ctx context.Context, typed Typed, run string) (LoginResult, error) {
	address, access := typed.Device.Address, diff.AccessOf(typed.Device)
	result := LoginResult{Before: providers.RemainingUnknown, After: providers.RemainingUnknown, Name: access.Managed}
	leases, err := e.Store.Acquire(ctx, run, address)
	if err != nil {
		return result, err
	}
	defer func() { _ = e.Store.Release(ctx, leases...) }() // one that cannot be given back expires by itself
	known, _, err := e.Store.Device(ctx, address)
	if err != nil {
		return result, err
	}
	keys, err := e.unclaimed(ctx, typed, known)
	if err != nil {
		return result, err
	}
	password, err := typed.Password(ctx)
	if err != nil {
		return result, err
	}
	if access.Managed != "" {
		if _, err := e.Passwords.Keep(access.Managed, password); err != nil {
			return result, err // nothing is tried that could not be kept
		}
	}
	s := e.surveyor(typed.Config)
	u, err := secureEnough(access, known.Pin)
	if err != nil {
		return result, err
	}
	target := s.reach(address, u, access, known.Pin, password, cmp.Or(typed.Origin, access.Password.Origin))
	target.Trust.Elsewhere = keys
	target.Consent, target.Ledger = typed.Consent, noting{target.Ledger, &result}
	reader := s.open(target)
	defer reader.Close()
	identity, err := reader.Identify(ctx)
	if err != nil {
		return result, e.withheld(ctx, err, result.Before, target)
	}
	if err := s.store.SaveSeen(ctx, state.Device{Address: address, Endpoint: target.URL.Host, Identity: identity, Pin: reader.Pin()}); err != nil {
		return result, err
	}
	if access.Managed == "" {
		return result, nil
	}
	if result.Version, err = e.current(ctx, access.Managed, password, typed.Set); err != nil {
		return result, err
	}
	return result, e.Store.SettleSecret(ctx, leases[0], state.Verdict{Name: access.Managed, Live: result.Version})
}

// unclaimed makes sure that a device is no other recorded one, if that is possible before it is contacted: it returns
// the TLS keys of those that it must not be.
func (e *Engine) unclaimed(ctx context.Context, typed Typed, known state.Device) (keys map[string]schema.Device, err error) {
	address := typed.Device.Address
	if problems := moveFirst(ctx, e.Store.Renames, func(d schema.Device) bool { return d == address }); len(problems) > 0 {
		return nil, problems[0]
	}
	if !known.LastSeen.IsZero() {
		return nil, nil
	}
	remembered, err := e.Store.AllDevices(ctx)
	if err != nil {
		return nil, err
	}
	lost := lostFrom(typed.Config, remembered)
	if elsewhere := lost.declared(typed.Device); elsewhere != nil {
		return nil, renamedProblems(typed.Config, []renamed{{typed.Device, *elsewhere}})[0]
	}
	return lost.keys, nil
}

// current is the version of the vault with a password that a device accepted. One that the vault does not have is put there.
func (e *Engine) current(
	ctx context.Context, name string, password schema.Secret, set func(context.Context, string, schema.Secret) (int, error),
) (version int, err error) {
	versions, err := e.Store.Versions(ctx, name)
	if err != nil {
		return 0, err
	}
	for _, v := range versions {
		if kept, err := e.Passwords.Open(v); err == nil && kept == password {
			return v.Version, nil
		}
	}
	return set(ctx, name, password)
}

// withheld marks the error of a login that was not tried, if the ledger lets the operator try it at risk. Where it does
// not, the error says why not even that is possible.
func (e *Engine) withheld(ctx context.Context, err error, left int, target providers.Target) error {
	few, reserved := errors.AsType[*providers.FewLeftError](err)
	if reserved {
		left = few.Left
	}
	if !reserved && !rotate.Untried(err) {
		return err
	}
	risk := providers.Attempt{Endpoint: target.URL.Host, Credential: target.Login, Remaining: left, Consent: providers.AtRisk}
	if refused := e.Store.Allow(ctx, risk); refused != nil {
		return refused
	}
	return untried{err}
}

// untried is an error that belongs to ErrWithheld too.
type untried struct{ error }

func (u untried) Unwrap() []error { return []error{u.error, ErrWithheld} }

// noting is a ledger that notes what the device says of the attempts that are left.
type noting struct {
	providers.Ledger
	result *LoginResult
}

func (n noting) Charge(ctx context.Context, a providers.Attempt) (providers.Charge, error) {
	n.result.Before = a.Remaining
	charge, err := n.Ledger.Charge(ctx, a)
	n.result.Charged = n.result.Charged || err == nil
	return charge, err
}

func (n noting) Return(ctx context.Context, c providers.Charge) error {
	n.result.Charged = false
	return n.Ledger.Return(ctx, c)
}

func (n noting) Settle(ctx context.Context, c providers.Charge, r providers.AttemptResult) error {
	n.result.After = r.Remaining
	return n.Ledger.Settle(ctx, c, r)
}
