//go:build !linux

package main

import "runtime/debug"

// harden keeps a crash from showing more than the goroutine that failed.
func harden() { debug.SetTraceback("single") }
