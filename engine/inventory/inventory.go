// Package inventory says what is owned: it joins what a configuration declares of devices with what the state records of them, and
// with what was found on the network. It is pure, and no device is asked for it.
package inventory

import (
	"slices"
	"strings"
	"time"

	"camform/engine/config"
	"camform/engine/discovery"
	"camform/engine/state"
	"camform/providers"
	"camform/schema"
)

// Status is what there is to say about a device as a whole.
type Status string

// The statuses. A device can have several of the last three.
const (
	Known      Status = "known"        // it answered where the configuration has it, and as whom
	NeverSeen  Status = "never seen"   // it is declared, and never answered
	NotHeardOf Status = "not heard of" // nobody says to be it, where the network was asked; that proves nothing
	Unknown    Status = "unknown"      // it was found, and is neither declared nor remembered
	Undeclared Status = "undeclared"   // the state has it, but it is no longer declared
	Moved      Status = "moved"        // it answered at another address than the one that is declared
	Swapped    Status = "swapped"      // another device answered than the one that is declared
	Duplicate  Status = "duplicate"    // another device has its serial number, MAC or address
)

// Record is a device of the inventory. What is not known is empty.
type Record struct {
	Device   schema.Device
	Status   []Status // at least one
	URL      string
	Identity providers.Identity // as it answered, else as it is declared
	Site     string
	Location string
	LastSeen time.Time
	config.Ownership
	Others []schema.Device // declared or remembered ones that it duplicates

	Heard *discovery.Finding // what says on the network to be this device; nil if nothing does, or nobody was asked
}

// Join joins the devices of a configuration with those that a state remembers, by address, and with what was found on the
// network. A report without a time is of nobody but recorders: then nothing follows from what is not in it.
func Join(declared []*config.Device, remembered []state.Device, found discovery.Report) []Record {
	seen := make(map[schema.Device]state.Device, len(remembered))
	for _, d := range remembered {
		seen[d.Address] = d
	}
	var all []Record
	for _, d := range declared {
		known, ok := seen[d.Address]
		delete(seen, d.Address)
		all = append(all, recordOf(d, known, ok))
	}
	for address, d := range seen {
		all = append(all, Record{
			Device: address, Status: []Status{Undeclared}, URL: d.Endpoint, Identity: d.Identity, LastSeen: d.LastSeen,
		})
	}
	slices.SortFunc(all, func(a, b Record) int { return a.Device.Compare(b.Device) })
	all = hear(all, found)
	markDuplicates(all)
	for i := range all {
		if len(all[i].Status) == 0 {
			all[i].Status = []Status{Known}
		}
	}
	return all
}

// hear adds what was found on the network: to the devices that it says to be, and behind them whatever else there is.
func hear(all []Record, found discovery.Report) []Record {
	taken := map[*discovery.Finding]bool{}
	displaced := map[schema.Device]bool{}
	for i := range found.Findings {
		f := &found.Findings[i]
		displaced[f.Displaced] = true
	}
	for i := range all {
		r := &all[i]
		r.Heard = found.Of(r.Device)
		if slices.Contains(r.Status, Undeclared) {
			r.Heard = found.Says(r.Identity)
		}
		switch {
		case r.Heard != nil:
			taken[r.Heard] = true
			if r.Heard.Elsewhere != "" {
				r.add(Moved)
			}
			if len(r.Heard.ClaimedTwice) > 0 {
				r.add(Duplicate)
			}
		case !found.At.IsZero():
			r.add(NotHeardOf)
		}
		if displaced[r.Device] {
			r.add(Swapped)
		}
	}
	for i := range found.Findings {
		f := &found.Findings[i]
		if taken[f] || !f.Declared.IsZero() && len(f.ClaimedTwice) == 0 {
			continue
		}
		r := Record{Status: []Status{Unknown}, Identity: f.Identity, Heard: f}
		if f.Address.IsValid() {
			r.URL = f.Reach()
		}
		if len(f.ClaimedTwice) > 0 {
			r.add(Duplicate)
		}
		all = append(all, r)
	}
	return all
}

// add says one thing more of a device.
func (r *Record) add(s Status) {
	if !slices.Contains(r.Status, s) {
		r.Status = append(r.Status, s)
	}
}

func recordOf(d *config.Device, known state.Device, seen bool) Record {
	r := Record{
		Device: d.Address, URL: d.URL.String(), Site: d.Site, Location: d.Location, Ownership: d.Ownership,
		Identity: providers.Identity{Serial: d.Identity.Serial, MAC: d.Identity.MAC, Model: d.Identity.Model},
	}
	if !seen {
		r.Status = []Status{NeverSeen}
		return r
	}
	if known.Endpoint != "" && known.Endpoint != d.URL.Host {
		r.Status = append(r.Status, Moved)
	}
	if differs(d.Identity.Serial, known.Identity.Serial) || differs(d.Identity.MAC, known.Identity.MAC) || differs(d.Identity.Model, known.Identity.Model) {
		r.Status = append(r.Status, Swapped)
	}
	r.Identity, r.LastSeen = known.Identity, known.LastSeen
	return r
}

// differs reports whether something is declared, known, and not the same.
func differs(declared, known string) bool {
	return declared != "" && known != "" && !strings.EqualFold(declared, known)
}

// markDuplicates finds devices that have something in common which only one device can have.
func markDuplicates(all []Record) {
	having := map[string][]int{}
	for i, r := range all {
		for kind, text := range map[string]string{"serial": r.Identity.Serial, "mac": r.Identity.MAC, "address": hostOf(r.URL)} {
			if kind == "address" && slices.Contains(r.Status, Unknown) {
				continue // the device at another's address has taken its place
			}
			if text != "" {
				key := kind + " " + strings.ToUpper(text)
				having[key] = append(having[key], i)
			}
		}
	}
	for _, same := range having {
		if len(same) < 2 {
			continue
		}
		for _, i := range same {
			all[i].add(Duplicate)
			for _, other := range same {
				if other != i && !all[other].Device.IsZero() && !slices.Contains(all[i].Others, all[other].Device) {
					all[i].Others = append(all[i].Others, all[other].Device)
				}
			}
		}
	}
	for i := range all {
		slices.SortFunc(all[i].Others, schema.Device.Compare)
	}
}

// hostOf is the host and port of an address, whose scheme may be missing.
func hostOf(address string) string {
	if _, rest, found := strings.Cut(address, "://"); found {
		return rest
	}
	return address
}
