package main

import (
	"errors"
	"fmt"

	"github.com/spf13/pflag"
)

// Exit codes. The table of what each command ends with is the page exit-codes of the manual, and each row of it has a script.
const (
	exitError   = 1
	exitChanges = 2
	exitFormat  = 3 // fmt -check found files to format
)

// Exit codes instead of 1 for programs that look after many devices and ask for them: see detail.
const (
	fleetUnread   = 3 // nothing is wrong but devices that could not be read
	fleetBlocked  = 4 // the guard, a limit or a missing approval forbids it
	fleetHeld     = 5 // another run has the device
	fleetReverted = 6 // applied, but something was put back since it would have closed the way in
)

// exit ends the program with a code. Without text nothing more is printed.
type exit struct {
	code  int
	fleet int // instead of code, for those who ask for it; 0 for the same
	text  string
}

func (e exit) Error() string { return e.text }

func exitCode(err error) int {
	var e exit
	if errors.As(err, &e) {
		return e.code
	}
	return exitError
}

// errReported ends the program after everything that is wrong was printed already.
var errReported = exit{code: exitError}

// errUnread is errReported where nothing is wrong but that devices could not be read.
var errUnread = exit{code: exitError, fleet: fleetUnread}

// blocked is an error that comes of a rule, and not of a failure.
func blocked(err error) error {
	if err == nil {
		return nil
	}
	return exit{code: exitCode(err), fleet: fleetBlocked, text: err.Error()}
}

// detail is how much a command tells by its exit code: the option -detailed-exitcode.
type detail string

// The details.
const (
	plainCodes  detail = ""
	changeCodes detail = "true"  // 2 for changes
	fleetCodes  detail = "fleet" // and 3 to 6 instead of 1
)

func (d *detail) add(flags *pflag.FlagSet, usage string) {
	flags.Var(d, "detailed-exitcode", usage)
	flags.Lookup("detailed-exitcode").NoOptDefVal = string(changeCodes)
}

func (d *detail) String() string { return string(*d) }

// Type makes the help show the option without a value, which it can do without.
func (d *detail) Type() string { return "bool" }

func (d *detail) Set(text string) error {
	switch detail(text) {
	case changeCodes, fleetCodes:
		*d = detail(text)
	case "false":
		*d = plainCodes
	default:
		return fmt.Errorf("write -detailed-exitcode or -detailed-exitcode=%s", fleetCodes)
	}
	return nil
}

// ends is the error that ends a command: err with the code that was asked for.
func (d detail) ends(err error) error {
	var e exit
	if d == fleetCodes && errors.As(err, &e) && e.fleet != 0 {
		e.code = e.fleet
		return e
	}
	return err
}
