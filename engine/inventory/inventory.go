// Package inventory says what is owned: it joins what a configuration declares of devices with what is remembered of them. It is
// pure, and no device is asked for it.
package inventory

import (
	"slices"
	"strings"
	"time"

	"camform/engine/config"
	"camform/engine/state"
	"camform/providers"
	"camform/schema"
)

// Status is what there is to say about a device as a whole.
type Status string

// The statuses. A device can have several of the last three.
const (
	Known      Status = "known"      // it answered where the configuration has it, and as whom
	NeverSeen  Status = "never seen" // it is declared, and never answered
	Undeclared Status = "undeclared" // it is remembered, and not declared any more
	Moved      Status = "moved"      // it answered at another address than the one that is declared
	Swapped    Status = "swapped"    // another device answered than the one that is declared
	Duplicate  Status = "duplicate"  // another device has its serial number, MAC or address
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
	Others []schema.Device // of which it is a duplicate
}

// Join joins the devices of a configuration with those that a state remembers, by address.
func Join(declared []*config.Device, remembered []state.Device) []Record {
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
	markDuplicates(all)
	return all
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
	if len(r.Status) == 0 {
		r.Status = []Status{Known}
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
			for _, other := range same {
				if other != i && !slices.Contains(all[i].Others, all[other].Device) {
					all[i].Others = append(all[i].Others, all[other].Device)
				}
			}
		}
	}
	for i := range all {
		if len(all[i].Others) == 0 {
			continue
		}
		slices.SortFunc(all[i].Others, schema.Device.Compare)
		all[i].Status = append(slices.DeleteFunc(all[i].Status, func(s Status) bool { return s == Known }), Duplicate)
	}
}

// hostOf is the host and port of an address, of which the scheme may be missing.
func hostOf(address string) string {
	if _, rest, found := strings.Cut(address, "://"); found {
		return rest
	}
	return address
}
