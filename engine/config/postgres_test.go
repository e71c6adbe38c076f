package config

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// A state on a server is named by its block, and no secret stands in that.
func TestAStateOnAServer(t *testing.T) {
	state := func(lines ...string) string {
		return "camform {\n  state \"postgres\" {\n    " + strings.Join(lines, "\n    ") + "\n  }\n}\n"
	}
	least := []string{`host = "db.example.com"`, `database = "fleet"`, `key = "env:STATE_KEY"`}
	dir := write(t, map[string]string{"main.cam.hcl": state(append(least, `port = 6432`, `user = "planner"`, `password = "env:PW"`, `ca_file = "ca.pem"`)...)})
	source := Parse(dir, "0.1.0")
	want := &Postgres{
		Host: "db.example.com", Port: 6432, Database: "fleet", User: "planner", Password: "env:PW", Key: "env:STATE_KEY", CAFile: filepath.Join(dir, "ca.pem"),
	}
	if diff := cmp.Diff(want, source.Settings.Postgres); diff != "" || source.Mistakes.HasErrors() {
		t.Errorf("%v\n%s", source.Mistakes, diff)
	}
	if place := source.Settings.StatePath; place != "postgres://db.example.com:6432/fleet" {
		t.Errorf("the state is at %s", place)
	}
	for text, want := range map[string]string{
		state(least[1:]...):                             "needs host",
		state(least[0], least[2]):                       "needs database",
		state(least[:2]...):                             "needs key",
		state(append(least, `path = "state.db"`)...):    "path has no meaning",
		state(append(least, `port = 0`)...):             "port must be",
		state(append(least, `port = "50%"`)...):         "port must be",
		state(append(least, `password = "hunter2"`)...): "never contain it",
		state(least[0], least[1], `key = "abcdef"`):     "never contain it",
		"camform {\n  state \"sqlite\" {\n    path = \"x\"\n    host = \"y\"\n  }\n}\n": "host has no meaning",
		"camform {\n  state \"mysql\" {\n  }\n}\n":                                      "This version has no store",
	} {
		source := Parse(write(t, map[string]string{"main.cam.hcl": text}), "0.1.0")
		var said []string
		for _, p := range source.Mistakes {
			said = append(said, p.Detail)
		}
		if all := strings.Join(said, "\n"); !strings.Contains(all, want) || strings.Contains(all, "hunter2") {
			t.Errorf("%s: %q, want %q", text, all, want)
		}
	}
}

// What opens the state is read for the state alone.
func TestI1WhatOpensTheStateOnAServerIsPrivate(t *testing.T) {
	dir := write(t, map[string]string{
		"main.cam.hcl": "camform {\n  state \"postgres\" {\n    host = \"h\"\n    database = \"d\"\n    key = \"file:team.key\"\n    password = \"file:pw\"\n  }\n}\n",
		"team.key":     "0", "pw": "0", "other": "0",
	})
	source := Parse(dir, "0.1.0")
	for origin, private := range map[string]bool{"file:team.key": true, "file:pw": true, "file:./pw": true, "file:other": false} {
		if err := source.CheckOrigin(origin); (err != nil) != private {
			t.Errorf("%s: %v", origin, err)
		}
	}
}
