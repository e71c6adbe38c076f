package statetest

import (
	"context"
	"encoding/json"
	"testing"

	"camform/engine/state"
	"camform/schema"
)

// Moving is what gives devices other names, beside what is changed of them.
type Moving interface {
	Changes
	Debts
	MoveDevices(ctx context.Context, run string, moves schema.Moves, reseal func(state.SecretVersion, string) ([]byte, error)) (schema.Moves, error)
}

// Moves tests what moves with a device that gets another name.
func Moves(t *testing.T, open Opener[Moving]) {
	to := schema.Device{Name: "hall"}
	moves := schema.Moves{{From: camera("absent"), To: camera("other")}, {From: gate, To: to}}
	reseal := func(v state.SecretVersion, name string) ([]byte, error) {
		return append([]byte(name+" "), v.Sealed...), nil
	}
	run(t, open, map[string]func(*world[Moving]){
		"records go along": func(s *world[Moving]) {
			lease := s.acquire("r1")
			s.send(lease, "gate/admin", "first")
			s.ok(s.state.Record(s.Context(), lease, []state.Setting{{Address: of(gate, "user", "admin"), Applied: json.RawMessage(`{}`), Created: true}}, nil))
			s.ok(s.state.Owe(s.Context(), []state.Owed{{Item: of(camera("nvr"), "channel", "1"), Account: of(gate, "user", "admin"), Origin: "vault:gate/admin"}}))
			s.ok(s.state.Release(s.Context(), lease))
			moved, err := s.state.MoveDevices(s.Context(), "r2", moves, reseal)
			s.ok(err)
			s.same("moved", moved, moves[1:])
			s.same("left", s.settings(gate), map[schema.Setting]state.Setting(nil))
			if row := s.settings(to)[of(to, "user", "admin")]; !row.Created {
				s.Errorf("its settings are %v", s.settings(to))
			}
			open, err := s.open().OpenIntents(s.Context(), to)
			s.ok(err)
			if len(open) != 1 || len(open[0].Candidates) != 1 || open[0].Candidates[0].Name != "hall/admin" {
				s.Errorf("its open intents are %+v", open)
			}
			s.same("old password", s.versions("gate/admin"), []state.SecretVersion(nil))
			if versions := s.versions("hall/admin"); len(versions) != 1 || string(versions[0].Sealed) != "hall/admin first" {
				s.Errorf("its passwords are %+v", versions)
			}
			owed, err := s.open().AllOwed(s.Context())
			s.ok(err)
			if len(owed) != 1 || owed[0].Account != of(to, "user", "admin") || owed[0].Origin != "vault:hall/admin" {
				s.Errorf("owed is %+v", owed)
			}
			again, err := s.state.MoveDevices(s.Context(), "r2", moves, reseal)
			s.ok(err)
			s.same("moved again", again, schema.Moves(nil))
		},
		"what somebody holds does not move": func(s *world[Moving]) {
			lease := s.acquire("r1")
			s.ok(s.state.Record(s.Context(), lease, []state.Setting{{Address: of(gate, "https", ""), Applied: json.RawMessage(`{}`)}}, nil))
			_, err := s.state.MoveDevices(s.Context(), "r2", moves, reseal)
			s.held(err, lease)
			s.ok(s.state.Release(s.Context(), lease))
			_, err = s.state.MoveDevices(s.Context(), "r2", moves, reseal)
			s.ok(err)
			if later := s.lease(to, "r3"); later.Token <= lease.Token {
				s.Errorf("the token %d was given out before, or an earlier one: %d", later.Token, lease.Token)
			}
		},
		"a name in use is not taken": func(s *world[Moving]) {
			for _, d := range []schema.Device{gate, to} {
				lease := s.lease(d, "r1")
				s.ok(s.state.Record(s.Context(), lease, []state.Setting{{Address: of(d, "https", ""), Applied: json.RawMessage(`{}`)}}, nil))
				s.ok(s.state.Release(s.Context(), lease))
			}
			_, err := s.state.MoveDevices(s.Context(), "r2", moves, reseal)
			s.fails(err, state.ErrTaken)
			if len(s.settings(gate)) != 1 || len(s.settings(to)) != 1 {
				s.Error("something has moved")
			}
		},
	})
}
