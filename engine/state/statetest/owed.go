package statetest

import (
	"context"
	"testing"
	"time"

	"camform/engine/state"
	"camform/schema"
)

// Debts is what is owed to items of devices, beside what is changed of devices.
type Debts interface {
	Changes
	Owe(ctx context.Context, all []state.Owed) error
	Paid(ctx context.Context, items []schema.Setting) error
	AllOwed(ctx context.Context) ([]state.Owed, error)
}

// Owed tests what the state records about items that must get passwords.
func Owed(t *testing.T, open Opener[Debts]) {
	channel := func(key string) schema.Setting { return of(camera("north"), "channel", key) }
	account := of(gate, "user", "nvr")
	owes := func(s *world[Debts], want ...state.Owed) {
		s.Helper()
		all, err := s.open().AllOwed(s.Context())
		s.ok(err)
		s.same("owed", all, want)
	}
	run(t, open, map[string]func(*world[Debts]){
		"what is owed is durable, until it is paid": func(s *world[Debts]) {
			first := state.Owed{Item: channel("1"), Account: account, Origin: "vault:gate/nvr", Since: noon}
			second := state.Owed{Item: channel("2"), Account: account, Origin: "vault:gate/nvr", Since: noon.Add(-time.Hour)}
			s.ok(s.state.Owe(s.Context(), []state.Owed{second, {Item: first.Item, Account: account, Origin: first.Origin}}))
			owes(s, first, second)
			s.ok(s.state.Paid(s.Context(), []schema.Setting{first.Item}))
			owes(s, second)
			s.ok(s.state.Paid(s.Context(), []schema.Setting{first.Item, second.Item}))
			owes(s)
		},
		"an item is owed what it was last": func(s *world[Debts]) {
			for _, origin := range []string{"env:OLD", "env:NEW"} {
				s.ok(s.state.Owe(s.Context(), []state.Owed{{Item: channel("1"), Account: account, Origin: origin}}))
			}
			owes(s, state.Owed{Item: channel("1"), Account: account, Origin: "env:NEW", Since: noon})
		},
		"nothing is owed to nobody": func(s *world[Debts]) {
			s.ok(s.state.Owe(s.Context(), nil))
			s.ok(s.state.Paid(s.Context(), nil))
			owes(s)
		},
	})
}
