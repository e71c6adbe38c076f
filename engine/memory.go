package engine

import (
	"context"
	"maps"
	"slices"

	"camform/engine/apply"
	"camform/engine/config"
	"camform/engine/diff"
	"camform/engine/live"
	"camform/engine/state"
	"camform/providers"
	"camform/schema"
)

// memory is what the state remembers of the settings of devices.
type memory map[schema.Device]map[schema.Setting]diff.Memory

// recall reads what the state remembers of what a plan is about.
func recall(
	ctx context.Context, settings *state.Settings, kinds *schema.Kinds, at aim,
) (memory, error) {
	all := make(memory, len(at.devices))
	for _, device := range at.devices {
		all[device.Address] = map[schema.Setting]diff.Memory{}
	}
	var rows apply.Rows
	for row, err := range settings.AllSettings(ctx) {
		if err != nil {
			return nil, err
		}
		kind := kinds.Lookup(row.Address.Kind)
		memories := all[row.Address.Device]
		if memories == nil || kind == nil || !at.covers(row.Address) {
			continue // a kind that this camform does not have stays in the state
		}
		if memories[row.Address], err = rows.Remembered(kind, row); err != nil {
			return nil, err
		}
	}
	return all, nil
}

// wants are the kinds of a device that are declared, exclusive or remembered, with the items that are declared or
// remembered.
func (m memory) wants(kinds *schema.Kinds, device *config.Device) live.Wants {
	names, keys := slices.Clone(device.Exclusive), map[string][]string{}
	add := func(address schema.Setting) {
		names = append(names, address.Kind)
		if !slices.Contains(keys[address.Kind], address.Key) {
			keys[address.Kind] = append(keys[address.Kind], address.Key)
		}
	}
	for _, s := range device.Settings {
		add(s.Address)
	}
	for _, address := range slices.SortedFunc(maps.Keys(m[device.Address]), schema.Setting.Compare) {
		add(address)
	}
	return live.Wants{Kinds: live.KindsOf(kinds, names), Keys: keys}
}

// capabilityCache keeps documents that give limits in the state.
type capabilityCache struct{ store *state.Capabilities }

func (c capabilityCache) Lookup(model, firmware, path string) (providers.Document, bool) {
	body, missing, ok, err := c.store.Capability(context.Background(), model, firmware, path)
	return providers.Document{Path: path, Body: body, Missing: missing}, ok && err == nil
}

func (c capabilityCache) Store(model, firmware string, doc providers.Document) {
	if doc.Unsure {
		return // others of the model may have it
	}
	// A cache that cannot be written costs requests in later runs, nothing else.
	_ = c.store.SaveCapability(context.Background(), model, firmware, doc.Path, doc.Body, doc.Missing)
}
