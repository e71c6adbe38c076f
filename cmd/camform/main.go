// Command camform keeps network cameras and recorders true to what a repository says about them.
package main

import (
	"fmt"
	"io"
	"log"
	"os"

	"camform/engine/diag"
)

func main() { os.Exit(run()) }

// run is main without the exit, for tests that run the program within the test binary.
func run() int {
	harden()
	log.SetOutput(io.Discard) // where net/http puts what a device sends behind its answer, as it came: the end of a password, too
	a := &app{in: os.Stdin, out: os.Stdout, err: messagesOn(os.Stderr), env: os.LookupEnv, called: calledAs(os.Args[0])}
	err := a.execute(os.Args[1:])
	if err == nil {
		return 0
	}
	code := exitCode(err)
	if text := err.Error(); text != "" {
		fmt.Fprintln(a.err, diag.CleanText("camform: "+text)) // a device or a file may have said a part of it
	}
	return code
}
