package main

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"

	"github.com/spf13/cobra"

	"camform/engine/apply"
	"camform/engine/state"
	"camform/schema"
)

func stateMoveCommand(a *app) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "mv FROM TO",
		Short: "Rename a device in the state, with all its records",
		Long: `Rename a device in the state: its passwords, pins, history and the record of what camform made there move to the new name.
Nothing changes on any device, and the configuration is not read: rename the device there, too. A name without a key stands for
every device of that name. A moved block in the configuration does the same with the next apply, wherever that configuration is
used.`,
		Args: arguments(cobra.ExactArgs(2)),
		RunE: func(cmd *cobra.Command, args []string) error {
			move, err := parseMove(args[0], args[1])
			if err != nil {
				return err
			}
			w, err := a.openForState(cmd)
			if err != nil {
				return err
			}
			defer w.close()
			return moveRemembered(cmd.Context(), w, move)
		},
	}
	return cmd
}

// parseMove reads the addresses of devices.
func parseMove(from, to string) (move schema.Move, err error) {
	if move.From, err = schema.ParseDevice(from); err != nil {
		return move, err
	}
	if move.To, err = schema.ParseDevice(to); err != nil {
		return move, err
	}
	if move.From == move.To {
		return move, fmt.Errorf("%s already has that name", move.From)
	}
	return move, nil
}

// moveRemembered gives the recorded devices the names that a move has for them.
func moveRemembered(ctx context.Context, w *workspace, move schema.Move) error {
	known, err := w.store.KnownDevices(ctx)
	if err != nil {
		return err
	}
	var moves schema.Moves
	for _, device := range slices.SortedFunc(maps.Keys(known), schema.Device.Compare) {
		if to, ok := move.Of(device); ok {
			moves = append(moves, schema.Move{From: device, To: to})
		}
	}
	if len(moves) == 0 {
		return fmt.Errorf("camform has no record of %s; camform state list shows what is recorded", move.From)
	}
	moved, err := w.store.MoveDevices(ctx, "", moves, apply.Reseal(w.engine.Passwords))
	if errors.Is(err, state.ErrTaken) {
		return fmt.Errorf("%w. Rename that one first, with camform state mv", err)
	}
	if err != nil {
		return err
	}
	for _, m := range moved {
		fmt.Fprintf(w.out, "Moved %s to %s.\n", m.From, m.To)
	}
	w.tellLocked(oldNames(moved))
	return nil
}

// oldNames are the names that devices had before moves.
func oldNames(moves schema.Moves) []schema.Device {
	names := make([]schema.Device, len(moves))
	for i, m := range moves {
		names[i] = m.From
	}
	return names
}
