// Package rotate changes the passwords that camform keeps, and finds out which one an account has while that is uncertain.
// It talks to the world through Store, Vault and Device, so that tests can play every history.
//
// A password is changed in this order, and the program may die between any two steps:
//
//	unmanaged
//	   │ Propose keeps the password in use (ours only)
//	   ▼         candidate and intent             request
//	live ───────▶ live + pending ───────────────▶ doubt: the device has one of the two ◀──────────────┐
//	   ▲ Propose   durable together                  │                                                │
//	   │                                             │ Find, over new connections                     │
//	   │      ┌──────────────────────────────────────┼─────────────────────────┐                      │
//	   │      │ candidate logs in                    │ live logs in            │ neither is certain   │
//	   │      ▼                                      ▼                         ▼                      │
//	   │   candidate is live,                 candidate is withdrawn      doubt stays; the next run   │
//	   │   the former history                 and kept                    tries what was not tried ───┘
//	   │      │                                                           for longest
//	   │      │ the device accepts it, but wants another one first
//	   │      ▼
//	   └── asleep: changed once more, logged in as the account
//
// The first password of a device that has none is a rotation whose old password does not exist: an activation. It has the same
// candidate, and Prove tries nothing else.
//
// Rules:
//
//   - A candidate is durable before it is sent (I8). No version is ever removed: a device may come back from a restart
//     with any password that it once had, or take one minutes after it said no.
//   - What the device said about the request decides only what is tried first.
//   - Each version is tried once at most in a run, one after the other, until one is accepted. Whether another attempt may
//     be spent is for the ledger to say (I5); what was not tried for longest has the first turn, so that after some
//     windows every version had one.
//   - Who may set the password of another account without knowing it, as administrators may, need not look further than
//     the candidate and the live version.
//   - The connection on which our own password was changed is not used again: the device would count a login with the old
//     one.
package rotate

import (
	"cmp"
	"errors"
	"slices"

	"camform/engine/ledger"
	"camform/engine/state"
	"camform/providers"
)

// Answer is what a device said about the request that carried a candidate.
type Answer string

// The answers.
const (
	Accepted Answer = "accepted"
	Denied   Answer = "denied"  // it said no
	Unheard  Answer = "unheard" // no answer came, or the program died meanwhile
)

// AnswerOf is the answer that the error of a request stands for.
func AnswerOf(err error) Answer {
	switch {
	case err == nil:
		return Accepted
	case errors.Is(err, providers.ErrUnknown):
		return Unheard
	default:
		return Denied
	}
}

// history bounds how many versions that are no longer in use are tried.
const history = 8

// InDoubt reports whether it is uncertain which version of an account a device has: a candidate may have been
// sent, or the live version was tried since it was last accepted.
func InDoubt(versions []state.SecretVersion) bool {
	return slices.ContainsFunc(versions, func(v state.SecretVersion) bool {
		return v.Status == state.SecretPending && !v.Sent.IsZero() || v.Status == state.SecretLive && v.Tried != 0
	})
}

// Live is the live version of an account; ok is false if there is none.
func Live(versions []state.SecretVersion) (live state.SecretVersion, ok bool) {
	i := slices.IndexFunc(versions, func(v state.SecretVersion) bool { return v.Status == state.SecretLive })
	if i < 0 {
		return state.SecretVersion{}, false
	}
	return versions[i], true
}

// Likely are the versions that an account that we share with other owners can have: candidates and the live one, in the
// order in which they are tried.
func Likely(versions []state.SecretVersion, answer Answer) []state.SecretVersion {
	likely := slices.DeleteFunc(slices.Clone(versions), func(v state.SecretVersion) bool {
		return v.Status != state.SecretPending && v.Status != state.SecretLive
	})
	return order(likely, answer)
}

// Possible are all versions that the account can have that we log in with, in the order in which they are tried. After a restore
// that made the live one uncertain, the device may have one that is newer than all of them: then what was live or on its way when
// the backup was made is tried once, and nothing older.
func Possible(versions []state.SecretVersion, answer Answer) []state.SecretVersion {
	former := 0
	live, _ := Live(versions)
	restored := !live.Uncertain.IsZero()
	possible := slices.DeleteFunc(newestFirst(versions), func(v state.SecretVersion) bool {
		if restored && v.Tried != 0 {
			return true
		}
		if v.Status == state.SecretPending || v.Status == state.SecretLive {
			return false
		}
		if restored {
			return true
		}
		former++
		return former > history
	})
	return order(possible, answer)
}

func newestFirst(versions []state.SecretVersion) []state.SecretVersion {
	return slices.SortedFunc(slices.Values(versions), func(a, b state.SecretVersion) int { return cmp.Compare(b.Version, a.Version) })
}

// order puts what was tried in vain last, the latest attempt at the very end, and within that the likely before the less
// likely.
func order(versions []state.SecretVersion, answer Answer) []state.SecretVersion {
	first := []state.SecretStatus{state.SecretPending, state.SecretLive, state.SecretWithdrawn, state.SecretHistory}
	if answer == Denied {
		first[0], first[1] = first[1], first[0]
	}
	ordered := newestFirst(versions)
	slices.SortStableFunc(ordered, func(a, b state.SecretVersion) int {
		return cmp.Or(cmp.Compare(a.Tried, b.Tried), cmp.Compare(slices.Index(first, a.Status), slices.Index(first, b.Status)))
	})
	return ordered
}

// Finding is the result of trying versions on a device.
type Finding struct {
	Live    int   // version that the device accepted; 0 if it accepted none
	Fresh   bool  // whether the accepted version was a candidate until now
	Refused []int // versions that it refused
	Err     error // why the others were not tried; nil if none are left
}

// Settled reports whether nothing is left in doubt: a version was accepted, or all of them were refused.
func (f Finding) Settled() bool { return f.Err == nil }

// Resolve tries versions one after the other until one is accepted. Try logs in over a new connection; nil means that the
// device accepted the version, and Refused that it did not. Any other error ends the search, since it proves nothing.
func Resolve(versions []state.SecretVersion, try func(state.SecretVersion) error) Finding {
	var f Finding
	for _, v := range versions {
		switch err := try(v); {
		case err == nil:
			f.Live, f.Fresh = v.Version, v.Status == state.SecretPending
			return f
		case Refused(err):
			f.Refused = append(f.Refused, v.Version)
		default:
			f.Err = err
			return f
		}
	}
	return f
}

// Refused reports whether err says that a device refused a credential. A ledger that did not let it be tried says nothing
// about the credential.
func Refused(err error) bool { return errors.Is(err, providers.ErrRefused) && !Untried(err) }

// Untried reports whether err says that a login was not tried, to save attempts.
func Untried(err error) bool {
	var refusal *ledger.Refusal
	return errors.As(err, &refusal)
}
