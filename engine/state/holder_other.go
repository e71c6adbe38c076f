//go:build !linux

package state

// holder says which process writes to a database now; it is not known here.
func holder(string) string { return "" }
