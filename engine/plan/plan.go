// Package plan holds what is to be done: the steps that bring devices to what is wanted, as data that can be saved,
// reviewed, signed and carried out elsewhere without the configuration.
//
// Rules:
//
//   - A plan holds facts: before, after, why and where from. What can be derived from them is derived, not stored.
//   - A plan holds no secret. A secret is its origin and a keyed fingerprint.
//   - The same input gives the same bytes.
package plan

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/hashicorp/hcl/v2"
	"github.com/zclconf/go-cty/cty"

	"camform/engine/credential"
	"camform/providers"
	"camform/schema"
)

// Plan is a program for apply.
type Plan struct {
	Version string    // version of camform that made it
	Created time.Time // UTC
	Schema  string    // hash of the setting files it was made with
	Lineage string    // of the state it was made with, which is the only one with which it can be applied
	Devices []Device  // every device of the configuration that was planned, ordered by address
	Targets []string  // addresses to which the plan is restricted; none if it looked at the whole configuration
	Moved   []Moved   // devices that get another name first, ordered by the old one
	Gone    []Gone    // devices that left the configuration, ordered by address; none with targets
	Taken   *Taken    // the snapshot that it was made from; nil if the devices were asked

	// Users are devices that use others, such as recorders, and are not in Devices. Apply asks them before the changes what they
	// use, and looks afterwards whether what they showed is still there.
	Users []Device
	Usage Usage

	Outputs []Output

	Configuration Configuration

	MaxUnreachable Tolerance // how many devices may be out of reach when it is applied

	Author    string     // who made it, as approvals know people: an e-mail address or user@host
	Limits    Limits     // how much may be changed at once
	Approvals *Approvals // who must have signed it before it is applied; nil for nobody
}

// Limits are how much a plan may change. A limit of 0 does not limit.
type Limits struct {
	MaxChanges int                 `json:"max_changes,omitempty"` // steps
	MaxDevices int                 `json:"max_devices,omitempty"` // devices with steps
	MaxRisk    map[schema.Risk]int `json:"max_risk,omitempty"`    // steps of a risk
}

// Approvals say who must sign a plan.
type Approvals struct {
	Required int      `json:"required"`          // signatures of so many distinct people
	For      []string `json:"for"`               // classes of changes that need them: "credentials", "lockout", "login", "all"
	Signers  []string `json:"signers,omitempty"` // lines of an allowed signers file of OpenSSH: who may sign with which key
}

// Device is what a plan says about one device.
type Device struct {
	Address    schema.Device
	Access     Access
	Identity   providers.Identity // what the device said when it was read; zero if it could not be read
	Record     Record             // what the state remembers of it from earlier runs
	Problem    string             // why it could not be read, for people; empty if it could
	Family     string             // family of that problem: "unreachable", "refused", "locked", "identity", ...; empty if none
	Activation *Activation        // how it gets its first password; nil for a device that has one
	Steps      []Step             // in the order in which apply carries them out
	Skipped    []Skipped          // wanted settings that are not in the steps, with the reason
	Unmanaged  map[string]int     // items of keyed kinds that nobody declared and that are left alone, by kind
	Unchanged  []Unchanged        // settings that are as wanted, ordered by address
	Adopted    []Adopted          // settings that are as wanted, which apply only remembers
	Source     string             // our own address as the device sees it; empty where that is not known
	Seen       []string           // addresses at which the device says that it sees us, or itself; it does not say which
	Ways       []Way              // ways in that others need, which must stay open too
	Logins     []Login            // sessions of nobody who is known, which the plan could cut off
	Cuts       []Cut              // whom the steps may cut off, since a person accepts that
	ClockJump  string             // why a person lets its clock jump, in words of the configuration; empty if it must not
	Pin        providers.Pin      // what was seen of the device when it was read
	Checks     []Check            // ordered by rule
}

// Record says whether the state remembers that something was applied to a device. Drift is judged by that memory alone.
type Record string

// The records.
const (
	NoRecord  Record = ""          // nothing was applied, and the device has nothing that could be
	Unapplied Record = "unapplied" // nothing was applied yet, although something is wanted
	Recorded  Record = "recorded"  // something was applied
)

// Origins are where the secrets come from that the steps send to the device, apart from those that are made when the plan is
// applied; sorted.
func (d Device) Origins() []string {
	var all []string
	for _, s := range d.Steps {
		for _, source := range s.Secrets {
			if source.Origin != "" {
				all = append(all, source.Origin)
			}
		}
	}
	slices.Sort(all)
	return slices.Compact(all)
}

// Way is a way in to a device that somebody other than camform needs. Fields with unknown values are empty or 0.
type Way struct {
	Who       string `json:"who"`                 // "device.recorder.channel.1", or "vms" for a consumer block
	Title     string `json:"title,omitempty"`     // what the device that comes this way calls it
	Scheme    string `json:"scheme,omitempty"`    // "http", "https", "rtsp", "onvif" or "sdk"
	Port      int64  `json:"port,omitempty"`      // as the client sees it
	Address   string `json:"address,omitempty"`   // address or name by which it reaches the device
	Account   string `json:"account,omitempty"`   // the account that it logs in with
	Level     string `json:"level,omitempty"`     // the level that the account needs; empty for any
	Source    string `json:"source,omitempty"`    // address or prefix from which it comes
	Hardware  string `json:"hardware,omitempty"`  // hardware address from which it comes
	Told      bool   `json:"told,omitempty"`      // whether a new password of the account reaches it by the same plan
	Moves     string `json:"moves,omitempty"`     // address that the same plan makes it use
	Algorithm string `json:"algorithm,omitempty"` // the only digest algorithm that it knows: "MD5" or "SHA-256"; empty for both

	Evidence string `json:"evidence,omitempty"` // why it is taken for one of this device, if it was found there; empty if it is declared
	Declared string `json:"declared,omitempty"` // origin of the password that the configuration gives to it, where that is no reference
	Accepted string `json:"accepted,omitempty"` // why a person lets a change close it; empty if it must stay open
}

// Login is a session that a device lists, of somebody who is not known to use the device. Clients that send credentials with each
// request have none, so that a device without logins may have users all the same.
type Login struct {
	Account string   `json:"account"`
	Address string   `json:"address"`          // that it comes from
	Since   string   `json:"since"`            // as the device writes it, in a time zone of its own
	Device  string   `json:"device,omitempty"` // of the configuration that has the address; empty if none has
	Cuts    []string `json:"cuts"`             // what the plan does that could cut it off, for people
}

// Told says who is logged in and what could cut the session off, after the name of a device.
func (l Login) Told() string {
	who := "an address that belongs to no device or consumer here"
	if l.Device != "" {
		who = "the address of " + l.Device
	}
	return fmt.Sprintf("%q is logged in from %s, %s, since %s; %s", l.Account, l.Address, who, l.Since, strings.Join(l.Cuts, ", "))
}

// Cut is somebody whom a plan may cut off, since a person accepts that.
type Cut struct {
	Who    string `json:"who"`             // as in Way
	Title  string `json:"title,omitempty"` // likewise
	What   string `json:"what,omitempty"`  // the setting whose step cuts it off, without its device; empty where uncertain
	Why    string `json:"why"`             // how that cuts it off, in sentences
	Reason string `json:"reason"`          // why that is accepted
}

// Adopted is a setting that a device has already as it is wanted, although camform did not write it.
type Adopted struct {
	Address schema.Setting
	Value   cty.Value               // object of the kind's type; undeclared attributes and secrets are null
	Secrets map[string]SecretSource // by attribute
}

// Unchanged is a setting that a plan leaves as it is, since it is as wanted.
type Unchanged struct {
	Address schema.Setting
	Value   cty.Value // object of the kind's type with all that the device has; what is hidden is null. Null where the device was not asked for it
	Hidden  []string  // attributes whose values are not shown: those that the kind calls secret, and those that come from a secret
}

// Access is how to reach a device and log in.
type Access struct {
	URL      string
	Username string
	Password SecretSource
	Want     providers.Identity // what the configuration demands
	Verify   bool
	CAFile   string
	Legacy   bool
	Plain    bool // TLS may be done without although it was used before
	Basic    bool
	Site     string

	// Managed is the name in the vault of the password that is used instead of Password as soon as the vault has one.
	Managed string
}

// SecretSource names a secret without holding it.
type SecretSource struct {
	Origin      string `json:"origin"`                // where apply gets the value from
	Fingerprint string `json:"fingerprint,omitempty"` // keyed; tells whether it is still the value that was planned

	// Generation is the version that the vault had of it when the plan was made; 0 for a secret that is not in the vault. Where nobody
	// could open the vault there is no fingerprint, and the generation tells whether it is still the one that was planned.
	Generation int `json:"generation,omitempty"`

	// Generate makes a new value when the plan is applied; nil for a value that is there already.
	Generate *Generate `json:"generate,omitempty"`

	// Follows is the address of the setting whose Generate makes the value: an account of another device. Such a secret
	// has no fingerprint.
	Follows string `json:"follows,omitempty"`
}

// Generate is how a new password is made.
type Generate struct {
	Policy   credential.Policy `json:"policy"`
	Replaces int               `json:"replaces,omitempty"` // version of the vault that it takes the place of; 0 for the first
	Own      bool              `json:"own,omitempty"`      // whether it is the account that camform logs in with
	Reason   string            `json:"reason"`             // why now, for people: "it is 93 days old, and 90 are allowed"
	MaxLen   int               `json:"max_len,omitempty"`  // the longest that the device takes; 0 if it does not say
	MinLen   int               `json:"min_len,omitempty"`  // the shortest that the device takes; 0 if it does not say
}

// Action is what a step does to a setting.
type Action string

// The actions. Forget removes a setting from the state only and does not touch the device.
const (
	Create Action = "create"
	Update Action = "update"
	Delete Action = "delete"
	Forget Action = "forget"
)

// Step is one change of one setting.
type Step struct {
	Address schema.Setting
	Action  Action
	Before  cty.Value               // object of the kind's type; null if the item does not exist
	After   cty.Value               // object; null if it is to be removed; null attributes are left as they are; secrets are null
	Secrets map[string]SecretSource // attribute → secret to be set
	Why     []Why                   // one for each attribute that changes, ordered as in the kind
	Reason  string                  // for deletions and forgets: why, for people
	Cause   Cause                   // for deletions: who moved; empty for the others, whose attributes know it
	Range   Source                  // the block that declares it
	Risk    schema.Risk
	Reboot  schema.Reboot
	Drops   bool // whether open connections may be cut

	// Stage is what is written first, and has to read back before After is written: of a filter its list, before that counts.
	// Null attributes are left as they are. The zero value is for a step of one request.
	Stage cty.Value

	// Accepted is why a person lets it pass although too little is known of it, in words of the configuration; empty for a
	// step that needs no reason.
	Accepted string

	// Jumps reports whether the step makes the clock of the device jump by more than five minutes, if that was known. How far is
	// no part of a plan, since that differs from one second to the next.
	Jumps bool

	// Enciphered reports whether the device said that it takes the passwords of the step enciphered over plain HTTP. They leave in no
	// other way then.
	Enciphered bool

	// Tells reports whether the step only passes a new password on to an item that nobody declares. There is no record of
	// it.
	Tells bool
}

// Staged reports whether a step takes two requests, the second only once the first reads back.
func (s Step) Staged() bool { return s.Stage != cty.NilVal }

// requests are the two steps that a staged one takes. What only the stage changes, the second puts back.
func (s Step) requests() (first, second Step) {
	first, second = s, s
	first.After, first.Stage, second.Stage = s.Stage, cty.NilVal, cty.NilVal
	before, after := s.Before.AsValueMap(), s.After.AsValueMap()
	for name, staged := range s.Stage.AsValueMap() {
		if staged.IsNull() {
			continue
		}
		if after[name].IsNull() {
			after[name] = before[name]
		}
		before[name] = staged
	}
	second.Before, second.After = cty.ObjectVal(before), cty.ObjectVal(after)
	return first, second
}

// Generates returns the attribute for which a step makes a new password, and how it is made; nil for a step that makes none.
func (s Step) Generates() (attribute string, how *Generate) {
	for attribute, secret := range s.Secrets {
		if secret.Generate != nil {
			return attribute, secret.Generate
		}
	}
	return "", nil
}

// Hides reports whether the value of an attribute is not in a step, nor shown: one that the kind calls secret, or that the step
// takes from a secret.
func (s Step) Hides(kind *schema.Kind, attribute string) bool {
	_, secret := s.Secrets[attribute]
	return secret || kind.IsSecret(attribute)
}

// Rotates reports whether a step makes a new password.
func (s Step) Rotates() bool {
	_, how := s.Generates()
	return how != nil
}

// Drifted reports whether a step undoes something that was changed on the device: an attribute, or an item that appeared
// there although nobody declares it.
func (s Step) Drifted() bool {
	moved := func(c Cause) bool { return c == CauseDrift || c == CauseBoth }
	return moved(s.Cause) || slices.ContainsFunc(s.Why, func(w Why) bool { return moved(w.Cause) })
}

// Follows is the address of the account of another device whose new password a step writes; empty if it follows none.
func (s Step) Follows() string {
	for _, secret := range s.Secrets {
		if secret.Follows != "" {
			return secret.Follows
		}
	}
	return ""
}

// Why says why one attribute changes.
type Why struct {
	Attribute string
	Cause     Cause
	Source    Source // where the wanted value is written
	Profile   string // profile that wants it, empty for the device's own block
}

// Cause says who moved since the last apply.
type Cause string

// The causes of a change.
const (
	CauseConfig Cause = "config" // the configuration asks for something new
	CauseDrift  Cause = "drift"  // the device was changed behind our back
	CauseBoth   Cause = "both"
)

// Source is a place in a configuration.
type Source struct {
	File string `json:"file,omitempty"`
	Line int    `json:"line,omitempty"`
}

// SourceOf turns a range into a place.
func SourceOf(r hcl.Range) Source { return Source{File: r.Filename, Line: r.Start.Line} }

// Skipped is a wanted setting that the plan leaves alone.
type Skipped struct {
	Address   schema.Setting
	Attribute string // the one that is left alone; empty if it is the whole setting
	Reason    SkipReason
	Detail    string // for people
	Drifted   bool   // whether it was applied once and is no longer on the device as it was then
	Source    Source
}

// Told is the detail with the name of the attribute in front, if it is about one.
func (s Skipped) Told() string {
	if s.Attribute == "" {
		return s.Detail
	}
	return s.Attribute + ": " + s.Detail
}

// SkipReason says why a setting is left alone.
type SkipReason string

// The reasons.
const (
	Unsupported SkipReason = "unsupported" // the device does not have the kind
	Protected   SkipReason = "protected"   // lifecycle { protect } forbids it; the difference stays
	Unreadable  SkipReason = "unreadable"  // its document could not be read
	Waiting     SkipReason = "waiting"     // it is due, but its window is not open
	Held        SkipReason = "held"        // somebody might lose a way in of whom nothing can be known now
	Masked      SkipReason = "masked"      // the device hides a secret in its document that would have to be sent along
	Exposed     SkipReason = "exposed"     // a password in it would leave over a connection that may use an old version of TLS
	Unproven    SkipReason = "unproven"    // too little is known of what a device makes of it; allow_unproven lets it pass
	UntilApply  SkipReason = "until-apply" // its secret was not there when the plan was made, so that nobody knows whether it changes
)

// Output is an output of the configuration, without its value if that is sensitive.
type Output struct {
	Name      string
	Action    Action          // what applying the plan does to the record of it: Create, Update or Delete, empty for nothing
	Value     cty.Value       // null if sensitive, or if it is to go
	Before    json.RawMessage // what was applied last, empty if there was nothing, or if that is sensitive
	Mark      string          // tells a sensitive value from others, and nothing else of it
	Sensitive bool
	Elsewhere bool // whether nobody knew where the plan was made if a sensitive value is another one
}

// OutputsLeftOut reports whether the configuration has outputs which the plan does not look at, since it is restricted to targets: they
// stay as they were applied last.
func (p *Plan) OutputsLeftOut() bool {
	return len(p.Targets) > 0 && slices.ContainsFunc(p.Configuration.Blocks, func(d Declaration) bool { return d.Type == "output" })
}

// ChangesOutputs reports whether applying the plan changes the records of the outputs.
func (p *Plan) ChangesOutputs() bool {
	return slices.ContainsFunc(p.Outputs, func(o Output) bool { return o.Action != "" })
}

// Counts are how many steps of each action there are.
type Counts struct{ Create, Update, Delete, Forget int }

// Counts counts the steps of all devices.
func (p *Plan) Counts() Counts {
	var c Counts
	for _, d := range p.Devices {
		for _, s := range d.Steps {
			switch s.Action {
			case Create:
				c.Create++
			case Update:
				c.Update++
			case Delete:
				c.Delete++
			case Forget:
				c.Forget++
			}
		}
	}
	return c
}

// Empty reports whether there is nothing to do.
func (p *Plan) Empty() bool {
	return p.Counts() == Counts{} && !p.ChangesOutputs() && len(p.Gone) == 0 && len(p.Moved) == 0 && len(p.Activated()) == 0
}

// Failed are the devices that could not be read.
func (p *Plan) Failed() []Device {
	var failed []Device
	for _, d := range p.Devices {
		if d.Problem != "" {
			failed = append(failed, d)
		}
	}
	return failed
}

// HCL is the place as a range of one whole line, for messages.
func (s Source) HCL() *hcl.Range {
	return &hcl.Range{
		Filename: s.File,
		Start:    hcl.Pos{Line: s.Line, Column: 1},
		End:      hcl.Pos{Line: s.Line, Column: 1},
	}
}

// Tolerance is how many devices may be out of reach in a run that still counts as good: a number, or a share if the
// number is 0.
type Tolerance struct {
	Count   int     `json:"count,omitempty"`
	Percent float64 `json:"percent,omitempty"`
}

// Allows reports whether n of all devices are within the tolerance.
func (t Tolerance) Allows(n, all int) bool {
	if t.Count > 0 {
		return n <= t.Count
	}
	return float64(n)*100 <= t.Percent*float64(all)
}
