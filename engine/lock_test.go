package engine_test

import (
	"testing"
	"time"

	"github.com/zclconf/go-cty/cty"

	"camform/engine"
	"camform/engine/config"
	"camform/engine/live"
	"camform/engine/lockfile"
	"camform/providers"
	"camform/providers/memory"
	"camform/schema"
)

// judging is a provider that says the same of every value.
type judging struct {
	providers.Provider
	says []providers.AttributeError
}

func (j judging) Check(*schema.Kind, providers.Documents, string, cty.Value) []providers.AttributeError {
	return j.says
}

// What a device lacks and what is unproven is for a plan to tell; only what it would refuse makes a configuration wrong.
func TestALockRefusesOnlyWhatTheDeviceWould(t *testing.T) {
	base := memory.NewFleet(time.Now).Provider()
	kind, gate := base.Kinds().Lookup("cloud"), schema.Device{Name: "gate"}
	locked := lockfile.New()
	locked.Set(&live.Snapshot{Device: gate, Documents: providers.Documents{
		kind.Document.Path: {Path: kind.Document.Path, Body: []byte(`{"items":{"":{"enabled":true}}}`)},
	}}, func(docs providers.Documents) providers.Documents { return docs })
	cfg := &config.Config{Devices: []*config.Device{{Address: gate, Settings: []*config.Setting{{
		Address: schema.Setting{Device: gate, Kind: "cloud"}, Kind: kind,
		Attributes: map[string]config.Attribute{"enabled": {Value: cty.False}},
	}}}}}
	for title, c := range map[string]struct {
		says    providers.AttributeError
		refused bool
	}{
		"it would refuse": {providers.AttributeError{Attribute: "enabled", Detail: "No."}, true},
		"it lacks it":     {providers.AttributeError{Attribute: "enabled", Detail: "No.", Lacks: true}, false},
		"it is unproven":  {providers.AttributeError{Attribute: "enabled", Detail: "No.", Unproven: true}, false},
	} {
		problems, unknown := engine.Validate(cfg, locked, judging{base, []providers.AttributeError{c.says}})
		if problems.HasErrors() != c.refused || len(unknown) > 0 {
			t.Errorf("%s: %v, unknown %v", title, problems, unknown)
		}
	}
}
