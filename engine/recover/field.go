package recover

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"camform/engine/operator"
)

// Names of data that camform writes down when it asked the device without a login.
const (
	Answered  = "answered" // "yes" or "no"
	Asked     = "asked"    // options with which it was asked beyond its web server, as they are typed; missing if with none
	Serial    = "serial"
	MAC       = "mac"
	Model     = "model"
	Firmware  = "firmware"
	Address   = "address"
	Subnet    = "subnet"
	BootTime  = "boot_time" // by the device's own clock
	Activated = "activated" // "yes", "no" or "unknown"
	Ways      = "ways"      // options that it says over HTTP it has, separated by commas; it does not speak of others
	Lacks     = "lacks"     // those that it says over HTTP it lacks
	Resets    = "resets"    // options that the device says it has, separated by commas; missing where it did not say
)

// Other names of data that camform writes.
const (
	Uses    = "uses"    // items with which the device used others, as it had told before; separated by commas
	Missing = "missing" // fields of the ownership record that are not filled in, separated by commas
	Routes  = "routes"  // why the way to the device is not a local one
	Version = "version" // of the vault, which the device accepted
	Left    = "left"    // attempts that the device or the vendor's tool said were left
	Spent   = "spent"   // "no" where a failed try cost nothing
	Until   = "until"   // when a login that was withheld can be tried at the earliest
	Seconds = "seconds" // for how long the device did not answer
)

// Channels are the ways on which files may leave for support, and come back: those that the operator's rules know.
var Channels = func() (names []string) {
	for _, c := range operator.Channels {
		names = append(names, string(c))
	}
	return names
}()

// Field is something that the operator says about a step, as NAME=VALUE.
type Field struct {
	Name     string
	What     string
	Required bool
	Words    []string // what it may be; anything if empty
	Always   bool     // it is reported also where camform proved all that it can see
}

// tool are the fields of a step that a person does in the tool of the vendor or at the device.
var tool = []Field{
	{Name: "tool", What: "the tool used, with its version", Required: true},
	{Name: "tool_sha256", What: "hash of the tool's file"},
}

// explained is the field of a step that camform could not prove completely.
var explained = []Field{{Name: "explained", What: "how you know what camform could not see", Required: true}}

var fields = map[string][]Field{
	Verify: {
		{Name: "on_site", What: "who stands at the device", Required: true},
		{Name: "second", What: "who agrees as the second person"},
		{Name: "alone", What: "why there is no second person"},
		{Name: "warranty", What: "what the warranty or the contract said, or why nobody asked"},
		{Name: "accept_missing", What: "why fields of the ownership record are missing"},
		{Name: "accept_route", What: "why the device may be reached over a path that is not local"},
		{Name: "label", What: "serial number on the label, if the device does not report it"},
	},
	Consumers: {{Name: "notified", What: "who was notified, and when", Required: true}, {Name: "downtime", What: "how long the device may be away", Required: true}},
	Recordings: {
		{Name: "range", What: "period that was exported", Required: true},
		{Name: "medium", What: "where the export is", Required: true},
		{Name: "sha256", What: "hash of the export"},
	},
	GUIDFile: tool, Questions: tool, Email: tool, App: tool, Menu: tool, Support: tool, Button: tool,
	HandedOver: {
		{Name: "to", What: "who has the bundle now", Required: true},
		{Name: "channel", What: "how it got there", Required: true, Words: Channels},
		{Name: "ref", What: "number of the ticket"},
	},
	Online: {{Name: "confirmed_by", What: "who confirmed that its users have it again", Required: true}},
	Log:    explained, Baseline: explained, Accounts: explained, Prepare: explained,
	Network: {
		{Name: "port", What: "switch port, confirmed on site", Required: true, Always: true},
		{Name: "vlan", What: "VLAN of that port, according to the switch, or why there is none", Required: true, Always: true},
		{Name: "confirmed_by", What: "who confirmed it", Required: true, Always: true},
	},
	Update: {
		{Name: "update", What: "date of the firmware update, such as 2027-05-31"},
		{Name: "not_needed", What: "why it is not updated"},
	},
	Review: {{Name: "due", What: "date of the next review of the password, such as 2027-05-31", Required: true}},
	Card:   {{Name: "read_by", What: "who has read the card, and when", Required: true}},
}

// FieldsOf are the fields of a step.
func FieldsOf(step string) []Field { return fields[step] }

// CheckFields checks whether what the operator said about a finished step is complete and known.
func CheckFields(step string, said map[string]string) error {
	known := fields[step]
	for name := range said {
		if !slices.ContainsFunc(known, func(f Field) bool { return f.Name == name }) {
			return fmt.Errorf("the step %s has no %s; %s", step, name, list(known))
		}
	}
	for _, f := range known {
		value := strings.TrimSpace(said[f.Name])
		switch {
		case value == "" && f.Required:
			return fmt.Errorf("the step %s needs %s (%s)", step, f.Name, f.What)
		case value != "" && len(f.Words) > 0 && !slices.Contains(f.Words, value):
			return fmt.Errorf("%s=%s is not allowed; it is one of %s", f.Name, value, strings.Join(f.Words, ", "))
		}
	}
	for _, date := range []struct{ step, name string }{{Review, "due"}, {Update, "update"}} {
		if _, err := time.Parse(time.DateOnly, said[date.name]); step == date.step && err != nil && (said[date.name] != "" || step == Review) {
			return fmt.Errorf("%s=%s is not a date; write it like 2027-05-31", date.name, said[date.name])
		}
	}
	if step == Update && (said["update"] == "") == (strings.TrimSpace(said["not_needed"]) == "") {
		return fmt.Errorf("the step %s needs either update (the date of an update) or not_needed (why there is none)", step)
	}
	if step == Verify && (strings.TrimSpace(said["second"]) == "") == (strings.TrimSpace(said["alone"]) == "") {
		return fmt.Errorf("the step %s needs either second (who agrees as the second person) or alone (why there is none)", step)
	}
	return nil
}

func list(known []Field) string {
	if len(known) == 0 {
		return "it accepts no values"
	}
	names := make([]string, len(known))
	for i, f := range known {
		names[i] = f.Name
	}
	return "it accepts " + strings.Join(names, ", ")
}
