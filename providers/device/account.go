package device

import (
	"slices"
	"time"
)

// Account is an account of a device, as it was at the last [Accounts.Settle].
type Account struct {
	ID          int
	Name, Level string
	Password    string
	Epoch       int  // differs for each password that the device ever had; never 0
	Asleep      bool // somebody else has set the password, and the account has to set one itself
	Disabled    bool // it stays in the list, and nobody is let in with it

	next    string    // the password from a time on
	from    time.Time // that time; zero if there is no next one
	lasting string    // the password that it has again after a restart; empty for the one that it has
}

// Accounts are the accounts of a device in the order in which they were made. The zero value has none.
type Accounts struct {
	list   []Account
	epochs int // the last epoch given to a password
}

// Clone returns a copy that shares nothing with a.
func (a *Accounts) Clone() Accounts { return Accounts{slices.Clone(a.list), a.epochs} }

// Len returns how many accounts there are.
func (a *Accounts) Len() int { return len(a.list) }

// All returns the accounts. Pointers that other methods return are to what the slice holds, until an account is added or
// removed.
func (a *Accounts) All() []Account { return a.list }

// Named returns the account of that name, or nil.
func (a *Accounts) Named(name string) *Account {
	return a.first(func(u *Account) bool { return u.Name == name })
}

// WithID returns the account of that id, or nil.
func (a *Accounts) WithID(id int) *Account {
	return a.first(func(u *Account) bool { return u.ID == id })
}

func (a *Accounts) first(fits func(*Account) bool) *Account {
	for i := range a.list {
		if fits(&a.list[i]) {
			return &a.list[i]
		}
	}
	return nil
}

// Set gives an account a level and a password that is in force at once and for good. An account that is not there gets the
// lowest free id; one that is disabled stays so.
func (a *Accounts) Set(name, level, password string) *Account {
	a.epochs++
	fresh := Account{ID: 1, Name: name, Level: level, Password: password, Epoch: a.epochs}
	if u := a.Named(name); u != nil {
		fresh.ID, fresh.Disabled = u.ID, u.Disabled
		*u = fresh
		return u
	}
	for a.WithID(fresh.ID) != nil {
		fresh.ID++
	}
	a.list = append(a.list, fresh)
	return &a.list[len(a.list)-1]
}

// Remove removes the accounts that goes picks.
func (a *Accounts) Remove(goes func(Account) bool) {
	a.list = slices.DeleteFunc(slices.Clone(a.list), goes) // the holder of a pointer goes on with the account that it was
}

// Mishap is what goes wrong with a new password. The zero value is nothing.
type Mishap struct {
	Late time.Duration // it is in force only after that time
	Lost bool          // it is forgotten at the next restart
	Cut  int           // only so many of its first bytes are kept; 0 keeps all
}

// Change gives an account a new password that came with a request.
func (a *Accounts) Change(u *Account, password string, m Mishap, at time.Time) {
	if m.Cut > 0 {
		password = password[:min(m.Cut, len(password))]
	}
	lasting := u.lasting
	u.lasting, u.next, u.from = "", "", time.Time{}
	if m.Lost && lasting != "" {
		u.lasting = lasting
	} else if m.Lost {
		u.lasting = u.Password
	}
	if m.Late > 0 {
		u.next, u.from = password, at.Add(m.Late)
		return
	}
	a.give(u, password)
}

func (a *Accounts) give(u *Account, password string) {
	a.epochs++
	u.Password, u.Epoch = password, a.epochs
}

// Settle puts the passwords in force that are due at a time.
func (a *Accounts) Settle(at time.Time) {
	for i := range a.list {
		if u := &a.list[i]; !u.from.IsZero() && !at.Before(u.from) {
			a.give(u, u.next)
			u.next, u.from = "", time.Time{}
		}
	}
}

// Forget restores the earlier passwords where the new ones do not survive a restart.
func (a *Accounts) Forget() {
	for i := range a.list {
		if u := &a.list[i]; u.lasting != "" {
			a.give(u, u.lasting)
			u.lasting = ""
		}
	}
}
