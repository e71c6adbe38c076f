package engine

import (
	"errors"
	"fmt"
	"net"
	"slices"
	"strings"

	"camform/engine/config"
	"camform/engine/diag"
	"camform/engine/live"
	"camform/engine/state"
	"camform/providers"
	"camform/schema"
)

// lost are the devices that the state remembers and that left a configuration without a word: it neither removes them nor says
// where they have moved. A new device that has something of one of them may be that one under another name, which has a password
// that camform knows. The zero value has none.
type lost struct {
	endpoints map[string]schema.Device
	serials   map[string]schema.Device
	keys      map[string]schema.Device // of TLS; those that several devices share tell nothing
}

// lostFrom finds the recorded devices that a configuration has lost.
func lostFrom(cfg *config.Config, remembered []state.Device) lost {
	l := lost{map[string]schema.Device{}, map[string]schema.Device{}, map[string]schema.Device{}}
	here := map[schema.Device]bool{}
	for _, d := range cfg.Devices {
		here[d.Address] = true
	}
	for _, i := range cfg.Imports {
		here[i.To] = true
	}
	keys := map[string]int{}
	for _, d := range remembered {
		keys[d.Pin.SPKI]++
	}
	for _, d := range remembered {
		if here[d.Address] || slices.ContainsFunc(cfg.Removed, func(r config.Removed) bool { return r.Covers(d.Address) }) {
			continue
		}
		l.endpoints[comparable(d.Endpoint)] = d.Address
		if d.Identity.Serial != "" {
			l.serials[strings.ToUpper(d.Identity.Serial)] = d.Address
		}
		if d.Pin.SPKI != "" && keys[d.Pin.SPKI] == 1 {
			l.keys[d.Pin.SPKI] = d.Address
		}
	}
	return l
}

// comparable is an endpoint without the port of its scheme, which may have changed.
func comparable(endpoint string) string {
	host, port, err := net.SplitHostPort(endpoint)
	if err == nil && (port == "80" || port == "443") {
		return host
	}
	return endpoint
}

// renamed is a new device that may be a lost one.
type renamed struct {
	*config.Device
	providers.ElsewhereError
}

// declared says which of the lost devices a new one may be, by what the configuration says of it.
func (l lost) declared(device *config.Device) *providers.ElsewhereError {
	if from, ok := l.serials[strings.ToUpper(device.Identity.Serial)]; ok {
		return &providers.ElsewhereError{Device: from, By: "serial number"}
	}
	if from, ok := l.endpoints[comparable(device.URL.Host)]; ok {
		return &providers.ElsewhereError{Device: from, By: "address"}
	}
	return nil
}

// answered says which of the lost devices a new one may be, by what it answered.
func (l lost) answered(snap *live.Snapshot) *providers.ElsewhereError {
	if known, ok := errors.AsType[*providers.ElsewhereError](snap.Err); ok {
		return known
	}
	if from, ok := l.serials[strings.ToUpper(snap.Identity.Serial)]; ok && snap.Err == nil {
		return &providers.ElsewhereError{Device: from, By: "serial number"}
	}
	return nil
}

// mostBlocks is how many blocks a message proposes.
const mostBlocks = 10

// renamedProblems is one problem for all new devices that may be lost ones, with the blocks to choose from.
func renamedProblems(cfg *config.Config, all []renamed) diag.Problems {
	if len(all) == 0 {
		return nil
	}
	var names, before, by []string
	for _, r := range all {
		names, before = append(names, r.Address.String()), append(before, r.ElsewhereError.Device.String())
		if !slices.Contains(by, r.By) {
			by = append(by, r.By)
		}
	}
	renamed, replaced := "The device was renamed: its", "It is another device, such as a new camera at the old address: the old record is forgotten, and its"
	if len(all) > 1 {
		renamed, replaced = "The devices were renamed: their", "They are other devices, such as new cameras at the old addresses: the old records are forgotten, and their"
	}
	return diag.Problems{{
		Severity: diag.Error, Code: "device-under-another-name", Summary: "Device under another name", Subject: &all[0].Range,
		Address: schema.Setting{Device: all[0].Address},
		Detail: fmt.Sprintf("camform has no record of %s. %s, which is no longer in the configuration, had the same %s. "+
			"camform does nothing there until the configuration says which of these is the case:\n\n"+
			"%s passwords, pins and history move to the new name, and so does the record of what camform made there.\n\n%s\n\n"+
			"%s passwords stay in the vault.\n\n%s",
			diag.FirstOf(names), diag.FirstOf(before), strings.Join(by, " or "), renamed, blocks(moves(cfg, all), movedText), replaced, blocks(removals(cfg, all), removedText)),
	}}
}

func blocks[T any](all []T, text func(T) string) string {
	var texts []string
	for _, b := range all[:min(mostBlocks, len(all))] {
		texts = append(texts, text(b))
	}
	if more := len(all) - mostBlocks; more > 0 {
		texts = append(texts, fmt.Sprintf("  # and %d more", more))
	}
	return strings.Join(texts, "\n\n")
}

func movedText(m schema.Move) string {
	return fmt.Sprintf("  moved {\n    from = %s\n    to   = %s\n  }", m.From, m.To)
}

func removedText(from schema.Device) string {
	return fmt.Sprintf("  removed {\n    from = %s\n    lifecycle {\n      destroy = false\n    }\n  }", from)
}

// moves are what moved blocks would say of renamed devices: one for a whole block if all of it kept their keys.
func moves(cfg *config.Config, all []renamed) schema.Moves {
	var found schema.Moves
	for _, r := range all {
		move := schema.Move{From: r.ElsewhereError.Device, To: r.Address}
		whole := schema.Move{From: schema.Device{Name: move.From.Name}, To: schema.Device{Name: move.To.Name}}
		if !declaresName(cfg, move.From.Name) && !slices.ContainsFunc(all, func(o renamed) bool {
			to, ok := whole.Of(o.ElsewhereError.Device)
			return ok && to != o.Address
		}) {
			move = whole
		}
		if !slices.Contains(found, move) {
			found = append(found, move)
		}
	}
	return found
}

// removals are what removed blocks would say of the devices that renamed ones may have been.
func removals(cfg *config.Config, all []renamed) []schema.Device {
	var found []schema.Device
	for _, r := range all {
		from := r.ElsewhereError.Device
		if !declaresName(cfg, from.Name) {
			from = schema.Device{Name: from.Name}
		}
		if !slices.Contains(found, from) {
			found = append(found, from)
		}
	}
	return found
}

func declaresName(cfg *config.Config, name string) bool {
	return slices.ContainsFunc(cfg.Devices, func(d *config.Device) bool { return d.Address.Name == name })
}
