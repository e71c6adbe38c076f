package main

import (
	"os"
	"syscall"
)

// interruptSignals ask for an orderly end. A second one asks for a quick one.
var interruptSignals = []os.Signal{os.Interrupt, syscall.SIGTERM}
