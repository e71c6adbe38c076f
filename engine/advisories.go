package engine

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"github.com/zclconf/go-cty/cty"
	"github.com/zclconf/go-cty/cty/convert"

	"camform/engine/advisory"
	"camform/engine/config"
	"camform/engine/state"
	"camform/schema"
)

// adviser judges devices by security advisories.
type adviser struct {
	devices  *state.Devices
	settings *state.Settings
	data     *advisory.Data
	now      time.Time
}

// judge says how devices stand to advisories by what the state remembers of them.
func (a adviser) judge(ctx context.Context, devices []*config.Device) ([]advisory.Judged, error) {
	all, err := a.devices.AllDevices(ctx)
	if err != nil {
		return nil, err
	}
	known := make(map[schema.Device]state.Device, len(all))
	for _, d := range all {
		known[d.Address] = d
	}
	judged := make([]advisory.Judged, len(devices))
	for i, device := range devices {
		seen, ok := known[device.Address]
		if !ok {
			judged[i] = a.data.Unseen(device.Address)
			continue
		}
		told := advisory.Device{Model: seen.Identity.Model, Firmware: seen.Identity.Firmware, Type: seen.Identity.Type}
		judged[i] = advisory.Judged{
			Address: device.Address, Device: told, Seen: seen.LastSeen, Old: a.now.Sub(seen.LastSeen) > advisory.OldAfter,
			Findings: a.data.Judge(told),
		}
		if needed := judged[i].Needed(); len(needed) > 0 {
			rows, err := a.settings.SettingsOf(ctx, device.Address)
			if err != nil {
				return nil, err
			}
			for _, s := range needed {
				judged[i].Mitigate(s, readingOf(s, device, rows))
			}
		}
	}
	slices.SortFunc(judged, func(x, y advisory.Judged) int { return x.Address.Compare(y.Address) })
	return judged, nil
}

// readingOf is what the state and the configuration know of the setting that switches a service off.
func readingOf(s *advisory.Service, device *config.Device, rows map[schema.Setting]state.Setting) (r advisory.Reading) {
	address := schema.Setting{Device: device.Address, Kind: s.Setting}
	if row, ok := rows[address]; ok {
		var had map[string]any
		if json.Unmarshal(row.Observed, &had) == nil && had[s.Attribute] != nil && !row.PendingReboot {
			r.Value, r.At = fmt.Sprint(had[s.Attribute]), row.At
		}
	}
	i := slices.IndexFunc(device.Settings, func(wanted *config.Setting) bool { return wanted.Address == address })
	if i < 0 {
		return r
	}
	declared, ok := device.Settings[i].Attributes[s.Attribute]
	if !ok {
		return r
	}
	wanted, _ := declared.Value.Unmark()
	if text, err := convert.Convert(wanted, cty.String); err == nil && text.IsKnown() && !text.IsNull() {
		r.Wanted = text.AsString()
	}
	return r
}
