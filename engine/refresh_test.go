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
		if n := w.fleet.Device(name).Count(memory.LoggedIn); n != 1+limits {
			t.Errorf("%s: %d logins", name, n)
		}
	}
	w.restart()
	w.plan()
	if n := w.fleet.Device("a").Count(memory.LoggedIn); n != 3 {
		t.Errorf("another process asked again what the model uses: %d logins", n)
	}
	if got := reads(w.fleet.Device("a"))["/limits/user"]; got != 1 {
		t.Errorf("the limits were read again by another process: %d times", got)
	}
}
