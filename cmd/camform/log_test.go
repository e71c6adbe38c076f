package main

import (
	"io"
	"log"
	"os"
	"testing"
)

// What a device sends behind its answer, net/http logs as it came.
func TestI1LibrariesHaveNoLog(t *testing.T) {
	arguments, writer := os.Args, log.Writer()
	t.Cleanup(func() {
		os.Args = arguments
		log.SetOutput(writer)
	})
	os.Args = []string{"camform", "version"}
	if code := run(); code != 0 || log.Writer() != io.Discard {
		t.Errorf("the program ended with %d, and libraries may write", code)
	}
}
