// Package discovery compares the devices that were found on the network with those that should be there: what a configuration
// declares and what the state remembers of it. It is pure, and asks nobody.
//
// Whatever was found is a claim: nobody has logged in anywhere. So nothing here says that a device is the right one, only that
// it says to be.
package discovery

import (
	"cmp"
	"fmt"
	"maps"
	"net/netip"
	"slices"
	"strings"
	"time"

	"camform/engine/config"
	"camform/engine/consumer"
	"camform/engine/state"
	"camform/providers"
	"camform/schema"
)

// Device is a device by what was found of it. What is not known is zero.
type Device struct {
	Address   netip.Addr
	Identity  providers.Identity
	Network   netip.Prefix // that it believes to be in
	URL       string       // where its web server answered
	HTTPPort  uint16
	HTTPSPort uint16
	BootTime  string // by its own clock, without a time zone
	Resets    []string

	Activated        Verdict
	BeforeActivation bool // its firmware is from before activation: it never asked for a password of its own

	Source Source
	Teller schema.Setting // the channel of a recorder that tells of it
	Told   time.Time      // when it did
}

// Verdict is what is known of a question.
type Verdict string

// The verdicts.
const (
	Unknown Verdict = "unknown"
	Yes     Verdict = "yes"
	No      Verdict = "no"
)

// Judged is the verdict of a fact that is known.
func Judged(fact bool) Verdict {
	if fact {
		return Yes
	}
	return No
}

// Source is who tells of a device.
type Source string

// The sources.
const (
	Inquired Source = "inquiry"  // it answered an inquiry, or announced itself
	Swept    Source = "range"    // it answered at its address
	Recorder Source = "recorder" // a recorder of the configuration told of it the last time that it was read
)

// Finding is a device that was found, held against what should be there.
type Finding struct {
	Device

	Declared  schema.Device // which device of the configuration it says to be; zero if none
	By        Match         // how that is known
	Elsewhere string        // host that the configuration has for it; empty if it is the one that it has
	Displaced schema.Device // the device that the configuration has at its address, where this is another one

	Sharing      int            // how many devices say to have its address; 1 for itself alone
	ClaimedTwice []string       // what another one claims as well: "MAC address", "serial number"
	Foreign      []netip.Prefix // networks of the interfaces that were asked on, where its address is in none of them
}

// Match is by what a device is known.
type Match string

// The matches, from the best to the weakest.
const (
	BySerial  Match = "serial number"
	ByMAC     Match = "MAC address"
	ByAddress Match = "address" // too little else is known of it to tell
)

// Report is what was found.
type Report struct {
	At       time.Time       // when the search ended; zero where nobody was asked
	Findings []Finding       // those with an address first, in their order
	Missing  []schema.Device // of the configuration, that nobody says to be; that proves nothing
}

// Expected is what should be there.
type Expected struct {
	Devices    []*config.Device // of the configuration
	Remembered []state.Device
	Told       []state.Uses   // by recorders
	Networks   []netip.Prefix // of the interfaces that were asked on; none where addresses were asked
}

// expected is a device of the configuration with what is known of its identity.
type expected struct {
	address     schema.Device
	host        string
	serial, mac string
}

// Make holds what was found against what is expected. What several sources tell of a device is joined. The error says that what
// the state remembers of recorders cannot be read.
func Make(found []Device, want Expected) (Report, error) {
	told, err := want.told()
	if err != nil {
		return Report{}, err
	}
	all := want.all()
	devices := join(found)
	for _, d := range told {
		if !slices.ContainsFunc(devices, d.sameAs) && !slices.ContainsFunc(all, d.isDeclared) {
			devices = append(devices, d)
		}
	}
	slices.SortStableFunc(devices, func(a, b Device) int {
		return cmp.Or(a.Address.Compare(b.Address), cmp.Compare(a.Identity.MAC, b.Identity.MAC), cmp.Compare(a.Identity.Serial, b.Identity.Serial))
	})
	r := Report{Findings: make([]Finding, len(devices))}
	seen := map[schema.Device]bool{}
	for i, d := range devices {
		f := Finding{Device: d}
		f.declare(all)
		f.compare(devices)
		if outside(d, want.Networks) {
			f.Foreign = want.Networks
		}
		if d.Source != Recorder {
			seen[f.Declared] = true
		}
		r.Findings[i] = f
	}
	for _, e := range all {
		if !seen[e.address] {
			r.Missing = append(r.Missing, e.address)
		}
	}
	return r, nil
}

// all are the devices of the configuration. What it says of their identity goes before what is recorded.
func (w Expected) all() []expected {
	remembered := map[schema.Device]providers.Identity{}
	for _, d := range w.Remembered {
		remembered[d.Address] = d.Identity
	}
	var all []expected
	for _, d := range w.Devices {
		known := remembered[d.Address]
		all = append(all, expected{
			address: d.Address, host: d.URL.Hostname(),
			serial: cmp.Or(d.Identity.Serial, known.Serial), mac: providers.NormalMAC(cmp.Or(d.Identity.MAC, known.MAC)),
		})
	}
	return all
}

// told are the devices that recorders of the configuration told of. One in a network of a recorder's own is left out: its address
// means nothing elsewhere.
func (w Expected) told() ([]Device, error) {
	here := map[schema.Device]bool{}
	for _, d := range w.Devices {
		here[d.Address] = true
	}
	var all []Device
	for _, told := range w.Told {
		if !here[told.Device] {
			continue
		}
		uses, err := consumer.Decode(told.Device, told.Told)
		if err != nil {
			return nil, fmt.Errorf("%w: table uses: %w", state.ErrDamaged, err)
		}
		for _, u := range uses {
			address, err := netip.ParseAddr(u.Host)
			if err != nil || u.Inside {
				continue
			}
			d := Device{Address: address, Identity: providers.Identity{Serial: u.Serial}, Activated: Unknown, Source: Recorder, Teller: u.Item, Told: told.Read}
			if !slices.ContainsFunc(all, d.sameAs) {
				all = append(all, d)
			}
		}
	}
	return all, nil
}

// join puts what web servers answered to the only device that answered an inquiry with their address.
func join(found []Device) []Device {
	var all, swept []Device
	for _, d := range found {
		if d.Source == Swept {
			swept = append(swept, d)
		} else {
			all = append(all, d)
		}
	}
	inquired := len(all)
	for _, d := range swept {
		var at []int
		for i := range inquired {
			if all[i].Address == d.Address {
				at = append(at, i)
			}
		}
		switch len(at) {
		case 0:
			all = append(all, d)
		case 1:
			all[at[0]].URL = d.URL
		}
	}
	return all
}

// sameAs reports whether another device that was found may be this one.
func (d Device) sameAs(o Device) bool {
	return d.Address == o.Address || d.Identity.Serial != "" && strings.EqualFold(d.Identity.Serial, o.Identity.Serial)
}

// isDeclared reports whether a device of the configuration may be this one.
func (d Device) isDeclared(e expected) bool {
	return d.at(e.host) || d.Identity.Serial != "" && strings.EqualFold(d.Identity.Serial, e.serial)
}

// at reports whether a host of the configuration is the address of the device. A name is not looked up.
func (d Device) at(host string) bool {
	address, err := netip.ParseAddr(host)
	return err == nil && address.Unmap() == d.Address
}

// matches says by what a device is one of the configuration; empty if it is not.
func (d Device) matches(e expected) Match {
	serial := d.Identity.Serial != "" && e.serial != ""
	mac := d.Identity.MAC != "" && e.mac != ""
	switch {
	case serial && strings.EqualFold(d.Identity.Serial, e.serial):
		return BySerial
	case mac && d.Identity.MAC == e.mac:
		return ByMAC
	case !serial && !mac && d.at(e.host):
		return ByAddress
	}
	return ""
}

// declare finds which device of the configuration the device says to be, and which one it is there instead of.
func (f *Finding) declare(all []expected) {
	for _, match := range []Match{BySerial, ByMAC, ByAddress} {
		i := slices.IndexFunc(all, func(e expected) bool { return f.matches(e) == match })
		if i < 0 {
			continue
		}
		f.Declared, f.By = all[i].address, match
		if _, err := netip.ParseAddr(all[i].host); err == nil && !f.at(all[i].host) {
			f.Elsewhere = all[i].host
		}
		break
	}
	i := slices.IndexFunc(all, func(e expected) bool { return f.at(e.host) })
	if i >= 0 && (f.Elsewhere != "" || f.Declared.IsZero()) {
		f.Displaced = all[i].address
	}
}

// compare finds what others claim as well.
func (f *Finding) compare(all []Device) {
	claims := map[string]int{}
	for _, o := range all {
		if f.Address.IsValid() && o.Address == f.Address {
			f.Sharing++
		}
		if f.Identity.MAC != "" && o.Identity.MAC == f.Identity.MAC {
			claims["MAC address"]++
		}
		if f.Identity.Serial != "" && strings.EqualFold(o.Identity.Serial, f.Identity.Serial) {
			claims["serial number"]++
		}
	}
	for _, what := range slices.Sorted(maps.Keys(claims)) {
		if claims[what] > 1 {
			f.ClaimedTwice = append(f.ClaimedTwice, what)
		}
	}
}

// outside reports whether the address of a device is in none of some networks, although it answered on them.
func outside(d Device, networks []netip.Prefix) bool {
	if d.Source != Inquired || !d.Address.IsValid() || len(networks) == 0 {
		return false
	}
	return !slices.ContainsFunc(networks, func(n netip.Prefix) bool { return n.Contains(d.Address) })
}

// Undeclared is the remark on a device that the configuration lacks.
const Undeclared = "not in the configuration"

// Reach is the URL at which a configuration would have the device.
func (d Device) Reach() string {
	host := d.Address.String()
	if d.Address.Is6() {
		host = "[" + host + "]"
	}
	switch {
	case d.URL != "":
		return d.URL
	case d.HTTPSPort != 0 && d.HTTPSPort != 443:
		return fmt.Sprintf("https://%s:%d", host, d.HTTPSPort)
	}
	return "https://" + host
}

// Guess says that the port of Reach is a guess: the device did not tell it, and does not keep to the usual ones. It is empty where
// it is none.
func (d Device) Guess() string {
	if d.URL != "" || d.HTTPSPort != 0 || d.HTTPPort == 0 || d.HTTPPort == 80 {
		return ""
	}
	return fmt.Sprintf("http is at port %d and the device announces no https port, so 443 is a guess; camform discover -range asks ports 443 and 80, or others with -port", d.HTTPPort)
}

// Remarks say what is to be known of a finding beside its facts, in sentences without an end.
func (f Finding) Remarks() []string {
	var all []string
	say := func(when bool, format string, args ...any) {
		if when {
			all = append(all, fmt.Sprintf(format, args...))
		}
	}
	say(f.Declared.IsZero(), Undeclared)
	say(f.By == ByAddress, "known by its address only: it could be another device")
	say(f.Elsewhere != "", "the configuration has it at %s", f.Elsewhere)
	say(!f.Displaced.IsZero(), "the configuration has %s at this address, which is another device", f.Displaced)
	say(f.Activated == No, "inactive: it has no password yet")
	say(f.BeforeActivation, "firmware from before activation: it may still have the default password")
	say(f.Sharing > 1, "%d devices claim this address", f.Sharing)
	say(len(f.ClaimedTwice) > 0, "another device claims the same %s: one of them pretends", strings.Join(f.ClaimedTwice, " and "))
	say(len(f.Foreign) > 0, "its address is outside the local network (%s), so TCP does not reach it", networks(f.Foreign))
	say(f.Source == Recorder, "reported by %s on %s, not heard directly", f.Teller, f.Told.UTC().Format(time.DateOnly))
	return all
}

func networks(all []netip.Prefix) string {
	names := make([]string, len(all))
	for i, n := range all {
		names[i] = n.Masked().String()
	}
	return strings.Join(names, ", ")
}
