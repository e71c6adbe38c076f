package engine_test

import (
	"testing"

	"camform/engine/graph"
	"camform/providers"
	"camform/providers/memory"
)

// reads are how often each document of a device was read.
func reads(d *memory.Device) map[string]int {
	n := map[string]int{}
	for _, e := range d.Log() {
		if e.Kind == memory.Read {
			n[e.Path]++
		}
	}
	return n
}

func TestEachDocumentIsReadOnce(t *testing.T) {
	w := newWorld(t)
	w.parallelism = graph.Parallelism{Total: 1}
	camera := memory.Options{Without: []string{"channel"}}
	for _, name := range []string{"a", "b", "c"} {
		w.add(name, camera)
		w.everything(name)
	}
	camera.Identity = providers.Identity{Firmware: "V0.9.0"}
	w.add("old", camera)
	w.everything("old")
	w.plan()
	// The first of each model gives limits, and tells afterwards that the model uses no other devices.
	for name, limits := range map[string]int{"a": 1, "b": 0, "c": 0, "old": 1} {
		got := reads(w.fleet.Device(name))
		for _, path := range []string{"/system", "/time", "/users", "/cloud", "/login_lock", "/access", "/filter"} {
			if got[path] != 1 {
				t.Errorf("%s: %s was read %d times", name, path, got[path])
			}
		}
		for _, path := range []string{"/limits/system", "/limits/user", "/limits/login_lock", "/limits/filter"} {
			if got[path] != limits {
				t.Errorf("%s: %s was read %d times, want %d", name, path, got[path], limits)
			}
		}
		if n := w.fleet.Device(name).Count(memory.LoggedIn); n != 2 { // the second to ask who is logged in, and what it uses
			t.Errorf("%s: %d logins", name, n)
		}
		if got["/channels"] != limits {
			t.Errorf("%s: what it uses was asked %d times, want %d", name, got["/channels"], limits)
		}
	}
	w.restart()
	w.plan()
	if got := reads(w.fleet.Device("a")); got["/channels"] != 1 || got["/sessions"] != 2 {
		t.Errorf("another process asked again what the model uses, or not who is logged in: %v", got)
	}
	if got := reads(w.fleet.Device("a"))["/limits/user"]; got != 1 {
		t.Errorf("the limits were read again by another process: %d times", got)
	}
}
