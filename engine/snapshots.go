package engine

import (
	"context"

	"camform/engine/config"
	"camform/engine/diag"
	"camform/engine/snapshot"
	"camform/schema"
)

// TakeSnapshot reads all that devices of a configuration say of their settings, without secrets, for plans elsewhere. Targets restrict
// it to some devices. It changes nothing on any device. The caller adds the records of the state afterwards.
//
// Devices that could not be read are in it as that, and come back as problems, as do the settings that a plan would miss.
func (e *Engine) TakeSnapshot(ctx context.Context, cfg *config.Config, targets []schema.Setting) (*snapshot.Content, diag.Problems) {
	at := aimAt(cfg.Devices, targets)
	last, err := recall(ctx, e.Store.Settings, e.Provider.Kinds(), aimAt(cfg.Devices, nil))
	if err != nil {
		return nil, stateUnreadable(err)
	}
	t := &taking{
		judge: e.judge(), last: last, recorder: &snapshot.Recorder{Now: e.Now}, now: e.Now,
		content: &snapshot.Content{Version: e.Version, Noted: []snapshot.Noted{}, Devices: []snapshot.Device{}},
	}
	return e.surveyor(cfg).taken(ctx, at.devices, t)
}
