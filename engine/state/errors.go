package state

import (
	"errors"
	"fmt"
	"time"

	"camform/schema"
)

// The families of errors. Errors that have to do with files and rights wrap those of io/fs as well.
var (
	ErrDamaged     = errors.New("the state database is damaged")
	ErrForeign     = errors.New("the file is not a state database of camform")
	ErrOtherTables = errors.New("another version of camform wrote it")
	ErrNewer       = errors.New("the state database was written by a newer camform")
	ErrFolder      = errors.New("the folder of the state is not safe")
	ErrKey         = errors.New("the key of the state database is missing or wrong")
	ErrBusy        = errors.New("the state database is in use by another process")
	ErrFull        = errors.New("there is no space left for the state database")
	ErrFailed      = errors.New("the state database could not be written to the disk")
	ErrGone        = errors.New("the connection to the state database is lost")
	ErrRole        = errors.New("the role of this process may not do that in the state database")
	ErrText        = errors.New("the state database cannot keep a text")
	ErrClosed      = errors.New("the state database was closed")
	ErrLeaseLost   = errors.New("the run has lost the lease of the device")
	ErrFinished    = errors.New("the intent is not open")
	ErrRestored    = errors.New("the state was restored from a backup after this command had read it. Nothing has been started since; run the command again")
	ErrMigrated    = errors.New("the state was migrated")
	ErrNotEmpty    = errors.New("the target already has a state")
)

// HeldError says who holds the lease of a device.
type HeldError struct {
	Device   schema.Device
	Owner    Owner
	Run      string
	ID       int64 // what ForceRelease wants
	Acquired time.Time
	Renewed  time.Time
	Expires  time.Time // when it ends on its own, unless it is renewed
}

// Error says who holds it, since when, and what to do.
func (e *HeldError) Error() string {
	return fmt.Sprintf("%s is held by %s (process %d, %s, run %s) since %s; wait for it to end, or apply with -lock-timeout=10m. If that process is gone, the lease expires at %s; to release it now, run: camform state release %s",
		e.Device, e.Owner.Who, e.Owner.PID, e.Owner.Operation, e.Run, rfc3339(e.Acquired), rfc3339(e.Expires), e.Run)
}

// HeldErrors say who holds the leases of devices, at least one.
type HeldErrors []*HeldError

// Error describes the first of them, and says how many more there are.
func (e HeldErrors) Error() string {
	text := e[0].Error()
	if more := len(e) - 1; more > 0 {
		text = fmt.Sprintf("%s; %d more devices are held as well", text, more)
	}
	return text
}

// Unwrap gives them one by one.
func (e HeldErrors) Unwrap() []error {
	all := make([]error, len(e))
	for i, held := range e {
		all[i] = held
	}
	return all
}

func rfc3339(t time.Time) string { return t.UTC().Format(time.RFC3339) }
