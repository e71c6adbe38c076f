package rotate

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"camform/engine/credential"
	"camform/engine/plan"
	"camform/engine/state"
	"camform/providers"
	"camform/schema"
)

// Store keeps versions of passwords. *state.Fleet is one; what its methods promise is said there.
type Store interface {
	Versions(ctx context.Context, name string) ([]state.SecretVersion, error)
	OpenIntents(ctx context.Context, device schema.Device) ([]state.Intent, error)
	AdoptSecret(ctx context.Context, lease state.Lease, name string, sealed []byte, note string) error
	TriedSecret(ctx context.Context, lease state.Lease, name string, version int) error
	SettleSecret(ctx context.Context, lease state.Lease, verdict state.Verdict) error
}

// Vault makes and reads managed passwords.
type Vault interface {
	// Propose makes a new password for an account and seals it, to be kept under a name.
	Propose(ctx context.Context, name, account string, how plan.Generate) (secret schema.Secret, sealed []byte, err error)

	// Keep seals a password that an account has already, to be kept under a name.
	Keep(name string, secret schema.Secret) (sealed []byte, err error)

	// Open reads a version of a secret.
	Open(state.SecretVersion) (schema.Secret, error)
}

// Device accepts passwords, or refuses them.
type Device interface {
	// Login ends the session and begins one with another credential, over a new connection.
	Login(context.Context, providers.Credential) error

	// Credential is the one that the device accepted last for the session.
	Credential() providers.Credential

	// Authenticate logs in as another account and leaves the session alone. It returns nil where nothing can be proven.
	Authenticate(context.Context, providers.Credential) error

	// MayAuthenticate fails as the next login with a credential would, and costs no attempt. It returns nil where nothing can
	// be proven.
	MayAuthenticate(context.Context, providers.Credential) error
}

// World is what a rotation works with. Randomness is in the vault, and time in the store.
type World struct {
	Store  Store
	Vault  Vault
	Device Device
}

// ErrStore marks failures of the store: without it nothing may be sent.
var ErrStore = errors.New("the state cannot be written")

// StoreError is an error of the store, marked with ErrStore. It leaves an error alone that says nothing about the store: the run
// was interrupted, or has lost the device.
func StoreError(err error) error {
	if errors.Is(err, context.Canceled) || errors.Is(err, state.ErrLeaseLost) || errors.Is(err, state.ErrRestored) {
		return err
	}
	return fmt.Errorf("%w: %w", ErrStore, err)
}

// Accounts are the accounts of one device, with what a run made for them and found out about them. Only one goroutine uses
// them.
type Accounts struct {
	World
	lease      state.Lease
	username   string // that of the session
	managed    string // name in the vault of the password of the session; empty if it is not managed
	found      Finding
	candidates map[string]candidate // by account
	asleep     map[string]bool      // accounts that have to set a password themselves before they may do anything
}

// candidate is a new password that is about to be set.
type candidate struct {
	state.Candidate
	secret schema.Secret
}

// NewAccounts returns the accounts of the device that a lease is for.
func NewAccounts(world World, lease state.Lease, access plan.Access) *Accounts {
	return &Accounts{
		World: world, lease: lease, username: access.Username, managed: access.Managed,
		candidates: map[string]candidate{}, asleep: map[string]bool{},
	}
}

// name is the name in the vault of the password of an account.
func (a *Accounts) name(account string) string { return credential.Name(a.lease.Device, account) }

// versions are those of a name; none for an account that is not managed.
func (a *Accounts) versions(ctx context.Context, name string) ([]state.SecretVersion, error) {
	if name == "" {
		return nil, nil
	}
	versions, err := a.Store.Versions(ctx, name)
	if err != nil {
		return nil, StoreError(err)
	}
	return versions, nil
}

// Enter logs in with a credential. Where it is uncertain which password the account has, it tries the versions of the vault
// instead, while the ledger allows it.
func (a *Accounts) Enter(ctx context.Context, login providers.Credential) error {
	versions, err := a.versions(ctx, a.managed)
	if err != nil {
		return err
	}
	if !InDoubt(versions) {
		err = a.Device.Login(ctx, login)
		live, ok := Live(versions)
		switch {
		case ok && err == nil && !live.Uncertain.IsZero():
			return a.settleLogin(ctx, Finding{Live: live.Version})
		case ok:
			// The next run looks further: a device may come back from a restart with an earlier password.
			err = a.noteRefusal(ctx, live, err)
		}
		return err
	}
	a.found = a.search(ctx, versions, Unheard)
	switch {
	case a.found.Live != 0:
		return a.settleLogin(ctx, a.found)
	case a.found.Err != nil:
		return a.found.Err
	default:
		return fmt.Errorf("it rejects every password that the vault has for %q: %w", a.username, providers.ErrRefused)
	}
}

// settleLogin keeps which password our own account was found to have. Where a request is open that concerns it, closing that request
// does so.
func (a *Accounts) settleLogin(ctx context.Context, found Finding) error {
	open, err := a.Store.OpenIntents(ctx, a.lease.Device)
	if err != nil {
		return StoreError(err)
	}
	for _, in := range open {
		if carries(in, a.managed) {
			return nil
		}
	}
	if err := a.Store.SettleSecret(ctx, a.lease, a.Verdict(a.username, found)); err != nil {
		return StoreError(err)
	}
	return nil
}

// Reenter starts a new session after a request that may have changed our own password. The error of the request says
// what the device answered.
func (a *Accounts) Reenter(ctx context.Context, answer error) error {
	if errors.Is(answer, providers.ErrUnreachable) {
		return answer // it never left
	}
	versions, err := a.versions(ctx, a.managed)
	if err != nil {
		return err
	}
	a.found = a.search(ctx, versions, AnswerOf(answer))
	switch {
	case a.found.Live != 0:
		return nil
	case a.found.Err != nil:
		return fmt.Errorf("its password is still uncertain: %w", a.found.Err)
	default:
		return fmt.Errorf("it rejects both the new password and the old one: %w", providers.ErrRefused)
	}
}

// Prove logs in with the password that Propose made last for our own account, and with no other: the device had none before. The
// session is that of the attempt.
func (a *Accounts) Prove(ctx context.Context) Finding {
	versions, err := a.versions(ctx, a.managed)
	if err != nil {
		return Finding{Err: err}
	}
	candidates := slices.DeleteFunc(versions, func(v state.SecretVersion) bool { return v.Status != state.SecretPending })
	a.found = Resolve(candidates, a.trying(ctx, a.username, a.Device.Login))
	return a.found
}

// Pending is the password that Propose made last for our own account; whether the device has it is uncertain.
func (a *Accounts) Pending(ctx context.Context) (schema.Secret, error) {
	versions, err := a.versions(ctx, a.managed)
	if err != nil {
		return schema.Secret{}, err
	}
	i := slices.IndexFunc(versions, func(v state.SecretVersion) bool { return v.Status == state.SecretPending })
	if i < 0 {
		return schema.Secret{}, fmt.Errorf("there is no new password of %s: this is a bug", a.managed)
	}
	return a.Vault.Open(versions[i])
}

// Found is what the last login showed about the password of our own account.
func (a *Accounts) Found() Finding { return a.found }

// search finds out which version of our own password the device accepts; the session is that of the last attempt.
func (a *Accounts) search(ctx context.Context, versions []state.SecretVersion, answer Answer) Finding {
	return Resolve(Possible(versions, answer), a.trying(ctx, a.username, a.Device.Login))
}

// Find finds out which password an account has after a request that carried a new one for it. For our own account that was
// found out when the session began. Where the device said no and there is no other version, it is believed: a login would
// only cost an attempt, and the next change of the password does not need it.
func (a *Accounts) Find(ctx context.Context, account string, answer Answer) Finding {
	name := a.name(account)
	if name == a.managed {
		return a.found
	}
	versions, err := a.versions(ctx, name)
	if err != nil {
		return Finding{Err: err}
	}
	if _, ok := Live(versions); !ok && answer == Denied {
		return Finding{}
	}
	return Resolve(Likely(versions, answer), a.trying(ctx, account, func(ctx context.Context, login providers.Credential) error {
		err := a.Device.Authenticate(ctx, login)
		if errors.Is(err, providers.ErrMustChange) {
			a.asleep[account] = true // the login was right
			return nil
		}
		return err
	}))
}

// trying logs in with versions of the password of an account.
func (a *Accounts) trying(ctx context.Context, account string, login func(context.Context, providers.Credential) error) func(state.SecretVersion) error {
	return func(v state.SecretVersion) error {
		credential, err := a.credential(account, v)
		if err != nil {
			return err
		}
		return a.noteRefusal(ctx, v, login(ctx, credential))
	}
}

// credential is an account with a version of its password.
func (a *Accounts) credential(account string, v state.SecretVersion) (providers.Credential, error) {
	password, err := a.Vault.Open(v)
	return providers.Credential{Username: account, Password: password}, err
}

// noteRefusal returns what came of a login with a version. One that the device refused moves to the end of
// the queue.
func (a *Accounts) noteRefusal(ctx context.Context, v state.SecretVersion, err error) error {
	if !Refused(err) {
		return err
	}
	if failed := a.Store.TriedSecret(ctx, a.lease, v.Name, v.Version); failed != nil {
		return StoreError(failed)
	}
	return err
}

// Superseded reports whether a password would take the place of one that is no longer the live one: another run was faster.
func (a *Accounts) Superseded(ctx context.Context, account string, how plan.Generate) (bool, error) {
	versions, err := a.versions(ctx, a.name(account))
	live, _ := Live(versions)
	return live.Version != how.Replaces, err
}

// Provable makes sure that a login can prove a new password before it is sent. The error is Untried where the ledger withholds
// that login: sent all the same, the password would be in doubt until then. A credential without a password stands for one that
// was never tried.
func (a *Accounts) Provable(ctx context.Context, login providers.Credential) error {
	err := a.Device.MayAuthenticate(ctx, login)
	if Untried(err) {
		return fmt.Errorf("its password stays as it is, since the login that would confirm a new one has to wait: %w", err)
	}
	return err
}

// Propose makes a new password for an account. It is durable once the intent is that has it as a candidate.
func (a *Accounts) Propose(ctx context.Context, account string, how plan.Generate) (schema.Secret, error) {
	name := a.name(account)
	if err := a.adopt(ctx, name, how); err != nil {
		return schema.Secret{}, err
	}
	secret, sealed, err := a.Vault.Propose(ctx, name, account, how)
	if err == nil {
		a.candidates[account] = candidate{state.Candidate{Name: name, Sealed: sealed, Note: how.Reason}, secret}
	}
	return secret, err
}

// Adopted is the note of a password that an account had before it was managed.
const Adopted = "in use before it was managed"

// adopt keeps the password that we are logged in with before it is changed for the first time: until the new one is proven
// it may be the one that the device has.
func (a *Accounts) adopt(ctx context.Context, name string, how plan.Generate) error {
	if !how.Own || how.Replaces != 0 {
		return nil
	}
	sealed, err := a.Vault.Keep(name, a.Device.Credential().Password)
	if err == nil {
		err = a.Store.AdoptSecret(ctx, a.lease, name, sealed, Adopted)
	}
	if err != nil {
		return StoreError(err)
	}
	return nil
}

// Proposed is the password that Propose made last for an account.
func (a *Accounts) Proposed(account string) schema.Secret { return a.candidates[account].secret }

// Candidate is the password that Propose made last for an account, as an intent keeps it.
func (a *Accounts) Candidate(account string) state.Candidate { return a.candidates[account].Candidate }

// Verdict is what the store is to keep of a finding about an account. The zero finding withdraws a candidate that the account
// cannot have: its request never left, or there is no such account.
func (a *Accounts) Verdict(account string, found Finding) state.Verdict {
	return state.Verdict{Name: a.name(account), Live: found.Live}
}

// Carried reports whether the request of an intent carried a new password for an account.
func (a *Accounts) Carried(in state.Intent, account string) bool { return carries(in, a.name(account)) }

func carries(in state.Intent, name string) bool {
	return slices.ContainsFunc(in.Candidates, func(c state.Candidate) bool { return c.Name == name })
}

// Asleep reports whether an account has a password that it has to replace itself before it may do anything.
//
// Some devices put an account whose password an administrator has set to sleep until it sets one itself, another than the
// one that it was given. Such a password is changed twice: by us, to one that is proven by a login and kept, and then as the
// account. Both are requests of their own in the journal.
func (a *Accounts) Asleep(account string) bool { return a.asleep[account] }

// Wake returns the credential with which an account that sleeps sets a further password. From then on the account is treated as
// awake, until the device says otherwise.
func (a *Accounts) Wake(ctx context.Context, account string) (providers.Credential, error) {
	delete(a.asleep, account)
	versions, err := a.versions(ctx, a.name(account))
	if err != nil {
		return providers.Credential{}, err
	}
	live, _ := Live(versions)
	return a.credential(account, live)
}

// ProveOldRefused asks for a login with the password that was replaced, where the policy wants that, and says what is wrong
// about the answer; it is empty if nothing is. It should come when all else on the device is done, since a refusal takes one
// attempt away for a while.
func (a *Accounts) ProveOldRefused(ctx context.Context, account string, how plan.Generate) (wrong string) {
	if !how.Policy.ProveOldRefused || how.Replaces == 0 {
		return ""
	}
	versions, err := a.versions(ctx, a.name(account))
	i := slices.IndexFunc(versions, func(v state.SecretVersion) bool { return v.Version == how.Replaces })
	if err != nil || i < 0 {
		return ""
	}
	old, err := a.credential(account, versions[i])
	if err == nil {
		err = a.Device.Authenticate(ctx, old)
	}
	switch {
	case err == nil:
		return "the old password is still accepted"
	case Refused(err):
		return ""
	default:
		return "camform could not confirm that the old password is rejected: " + providers.Reason(err)
	}
}
