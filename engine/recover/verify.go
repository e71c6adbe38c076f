package recover

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"camform/providers"
)

// Evidence is what camform found out about a device without a login, by the names of data.
type Evidence map[string]string

// Unverified says why a device cannot be taken for the one of a case, each in a sentence with what to do; none if it can. Said is
// what a person says, by the fields of Verify.
func Unverified(c Case, f Facts, found Evidence, said map[string]string) []string {
	var all []string
	say := func(format string, args ...any) { all = append(all, fmt.Sprintf(format, args...)) }
	if err := CheckFields(Verify, said); err != nil {
		say("%s.", capital(err.Error()))
	}
	want := f.Expected(c)
	for _, part := range []struct{ name, want, have string }{
		{"serial number", want.Serial, found[Serial]},
		{"MAC address", providers.NormalMAC(want.MAC), providers.NormalMAC(found[MAC])},
		{"model", want.Model, found[Model]},
		{"serial number on the label", want.Serial, said["label"]},
	} {
		if part.want != "" && part.have != "" && !strings.EqualFold(part.want, part.have) {
			say("This is a different device: its %s is %s, but the inventory has %s.", part.name, part.have, part.want)
		}
	}
	if label := said["label"]; label != "" && found[Serial] != "" && !strings.EqualFold(label, found[Serial]) {
		say("The label says %s but the device %s: they are not the same device.", label, found[Serial])
	}
	if want.Serial == "" || found[Serial] == "" && said["label"] == "" {
		say("Nothing shows that this is the device of the inventory: %s.", unshown(want, found))
	}
	if routes := found[Routes]; routes != "" && said["accept_route"] == "" {
		say("The path to the device is not local: %s. Go into its network, or accept that with accept_route='REASON'.", routes)
	}
	if missing := f.Record.Ownership.Missing(); len(missing) > 0 && said["accept_missing"] == "" {
		say("Its ownership record lacks %s. Complete the ownership block of %s, or accept that with accept_missing='REASON'.",
			strings.Join(missing, ", "), c.Device)
	}
	if covered := f.covered(); covered != "" && said["warranty"] == "" {
		say("%s. Ask there first, and record the answer with warranty='WHAT THEY SAID'.", capital(covered))
	}
	return all
}

// Expected is what the device of a case should be: what the inventory says now, else what it said when the case was opened.
func (f Facts) Expected(c Case) providers.Identity {
	want := c.Identity
	if r := f.Record.Identity; r.Serial != "" {
		want = r
	}
	return want
}

func unshown(want providers.Identity, found Evidence) string {
	switch {
	case want.Serial == "":
		return "the inventory has no serial number for it. Read it from the label, and add it to the identity block of the device"
	case found[Answered] != "yes":
		return "it does not answer. Say where to ask with -target or -interface, or read the label: label=SERIAL"
	}
	return "it does not report its serial number. Read the label: label=SERIAL"
}

// covered says which warranty or contract the device has now, in a part of a sentence; empty if none.
func (f Facts) covered() string {
	for _, c := range []struct{ what, ref, until string }{
		{"warranty", f.Record.Warranty, f.Record.WarrantyUntil},
		{"contract", f.Record.Contract, f.Record.ContractUntil},
	} {
		until, err := time.Parse(time.DateOnly, c.until)
		if err == nil && f.Now.Before(until.AddDate(0, 0, 1)) {
			return strings.TrimSpace(fmt.Sprintf("the device has a %s until %s %s", c.what, c.until, parenthesis(c.ref)))
		}
	}
	return ""
}

func parenthesis(text string) string {
	if text == "" {
		return ""
	}
	return "(" + text + ")"
}

// ownership says what there is to know before a case is verified, in parts of sentences.
func (w *walk) ownership() []string {
	var all []string
	if missing := w.Record.Ownership.Missing(); len(missing) > 0 {
		all = append(all, "its ownership record lacks "+strings.Join(missing, ", "))
	}
	if covered := w.covered(); covered != "" {
		all = append(all, covered+": ask there first")
	}
	if text := w.firmware(); text != "" {
		all = append(all, text)
	}
	return all
}

// firmware says which advisories affect the firmware, in a part of a sentence; empty if none are known to.
func (f Facts) firmware() string {
	var all []string
	further := ""
	if len(f.Affected) > 0 {
		all, further = append(all, "its firmware is affected by "+strings.Join(f.Affected, ", ")), "further "
	}
	if len(f.Unsure) > 0 {
		all = append(all, fmt.Sprintf("whether %d %sadvisories affect it is unknown", len(f.Unsure), further))
	}
	return strings.Join(all, "; ")
}

// consumers names those who use the device.
func (f Facts) consumers() string {
	names := make([]string, len(f.Consumers))
	for i, c := range f.Consumers {
		names[i] = strings.TrimSpace(c.Name + " " + parenthesis(c.Why))
	}
	slices.Sort(names)
	return strings.Join(names, ", ")
}

func capital(text string) string {
	if text == "" {
		return text
	}
	return strings.ToUpper(text[:1]) + text[1:]
}

// Return is something that a reset can take from a device, and what brings it back.
type Return struct {
	What string
	Kept bool   // by a reset of the password alone
	Back string // what brings it back after the device was wiped; empty if nothing does
}

// Returns are what is at stake while nobody can log in, so that no new backup can be made.
func Returns(f Facts) []Return {
	configuration := ""
	if f.Configured > 0 {
		configuration = fmt.Sprintf("the configuration (%s)", plural(f.Configured, "setting"))
	}
	kept := configuration
	if f.Backup.Name != "" {
		kept = fmt.Sprintf("the backup %s of %s", f.Backup.Name, stamp(f.Backup.Taken))
		if configuration != "" {
			kept = configuration + " and " + kept
		}
	}
	recorder := ""
	if len(f.Consumers) > 0 {
		recorder = "given to its users again: " + f.consumers()
	}
	return []Return{
		{"declared settings", true, cmp.Or(configuration, kept)},
		{"settings that nobody declared (schedules, zones, texts)", true, backupOnly(f, kept)},
		{"address and network", true, kept},
		{"password of the administrator", false, "a new one, in the vault"},
		{"passwords of other accounts", true, configuration},
		{"security questions, reserved e-mail address", true, "entered again"},
		{"GUID file", false, "exported again"},
		{"certificates and their keys, cloud binding", true, ""},
		{"channels' passwords on a recorder", false, recorder},
		{"recordings", true, "nothing needs to, unless a disk is formatted: export what matters first"},
	}
}

// backupOnly is what brings back what no configuration has.
func backupOnly(f Facts, kept string) string {
	if f.Backup.Name == "" {
		return ""
	}
	return kept + "; camform backup show " + f.Backup.Name + " names what it lacks"
}

func plural(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}
