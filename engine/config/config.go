// Package config turns the files of a configuration into what is wanted: every setting of every device, where each
// attribute knows the file, the line and the profile it comes from.
//
// Rules:
//
//   - Load returns what it could understand together with everything that is wrong, not only the first problem.
//   - Nothing here talks to a device, and the same files and variables always give the same result.
//   - A value in a secret attribute is marked by the schema, whatever it was computed from, and must have one origin.
//   - A password that a policy manages is what the vault has for the account, and unknown as long as it has nothing.
package config

import (
	"net/url"

	"github.com/hashicorp/hcl/v2"
	"github.com/zclconf/go-cty/cty"

	"camform/engine/credential"
	"camform/engine/diag"
	"camform/schema"
)

// Config is what a configuration says.
type Config struct {
	Dir      string                   // the directory that was loaded
	Settings Settings                 // the camform block
	Devices  []*Device                // ordered by address
	Vacant   []hcl.Range              // headers of the device blocks that yield no device, in the order of the source
	Imports  []Import                 // in the order of the source
	Removed  []Removed                // likewise
	Moved    []Moved                  // likewise
	Origins  []string                 // of all secrets that it refers to; sorted
	Outputs  []Output                 // ordered by name
	Written  Written                  // what the files look like, for those who read plans
	Sources  map[string][]byte        // text of every file that was read, for messages
	Secrets  map[string]schema.Secret // values of secrets by origin, for the run; never stored
}

// WithoutDevices is the problem of a configuration that yields no device: a command that looks at none has nothing to call
// good. It is empty if there are devices.
func (c *Config) WithoutDevices() diag.Problems {
	if len(c.Devices) > 0 {
		return nil
	}
	const advice = "If that is intended, add -allow-no-devices."
	if len(c.Vacant) == 0 {
		return diag.Problems{noDevices.of("The configuration has no device block, so there is nothing to do. camform import writes one for a device. " + advice)}
	}
	return diag.Problems{noDevices.at(c.Vacant[0], "The for_each is empty here, so there is nothing to do. "+
		"Does the table that it reads have a line for each device below its header? "+advice)}
}

// Settings is the camform block.
type Settings struct {
	StatePath      string     // path of the SQLite file, absolute or below Dir, ".camform/state.db" by default; of a server its location
	Postgres       *Postgres  // the server that has the state; nil for a file
	StateRange     *hcl.Range // where that stands; nil for the default
	MaxUnreachable Limit      // how many devices may be out of reach in a run that still counts as good
	Compat         string     // "terraform" for the sentences that programs look for; empty for our own
	Schemas        []string   // folders of further setting files, absolute or below Dir
	Limits         Limits
	Approvals      *Approvals // nil if plans need no signatures
	Range          hcl.Range
}

// Limits are how much one run may change. A limit of 0 does not limit.
type Limits struct {
	MaxChanges int
	MaxDevices int
	MaxRisk    map[schema.Risk]int // changes of a risk
}

// Approvals is the approvals block: who must sign a plan before it is applied.
type Approvals struct {
	Required int      // signatures of so many distinct people
	For      []string // classes of changes that need them: "credentials", "lockout", "login" or "all"; sorted
	Signers  []string // lines of the file of signers, in the format of allowed_signers of OpenSSH, without comments
	Range    hcl.Range
}

// Limit is a number of devices or a share of them. The zero value allows none.
type Limit struct {
	Count   int
	Percent float64 // 0 to 100; used if Count is 0
}

// Device is one device, after for_each and profiles.
type Device struct {
	Address   schema.Device
	URL       *url.URL // scheme, host and port, always with a port
	Identity  Identity
	Login     Login
	TLS       TLS
	Location  string
	Ownership Ownership
	Site      string
	Tags      []string // sorted
	Exclusive []string // names of keyed kinds whose undeclared items are removed; sorted
	Strict    bool     // whether a wanted setting or attribute that the device lacks is an error
	Lifecycle Lifecycle

	Rules []Rule // by what the device is judged; sorted by id, and shared with other devices

	// AllowUnproven are kinds, and attributes like "system.location", that may be written although too little is known of
	// them.
	AllowUnproven Allowances

	// ClockJump is why its clock may jump by more than five minutes, in words of the configuration; empty if it may not.
	ClockJump string

	Settings  []*Setting // ordered by address
	Consumers []Consumer // who else needs a way in; ordered by name
	Range     hcl.Range  // the header of the device block
	URLRange  hcl.Range  // the address argument
}

// Identity is what a device block says about who must answer. Empty fields are not checked.
type Identity struct {
	Serial, MAC, Model string
	Range              hcl.Range
}

// Login is the account that camform uses on a device.
type Login struct {
	Username string
	Password cty.Value          // of schema.SecretType or unknown, marked with schema.SecretMark; never null; if managed, that of the vault or else the first one
	Policy   *credential.Policy // by which the password is managed, also where only the block of the account says so; nil if it is not
	Source   hcl.Range          // the expression of the password; zero if there is none
	Basic    bool               // HTTP Basic may be used over TLS where a device has no digest
	Range    hcl.Range
}

// Consumer is a consumer block: somebody other than camform who needs a way in to the device. Fields that are not given are
// empty or 0.
type Consumer struct {
	Name      string // a word, or the address of a device or an item of it that uses this device
	Username  string // account that it logs in with
	Level     string // level that the account needs
	Scheme    string // "http", "https", "rtsp", "onvif" or "sdk"
	Port      int64
	Address   string // address or prefix from which it comes
	Algorithm string // the only digest algorithm that it knows: "MD5" or "SHA-256"
	Ignore    bool   // whether a change may cut it off
	Reason    string // why it may; never empty with Ignore
	Range     hcl.Range
}

// User is the device, or the item of one, that the block is about; false for somebody who is none.
func (c Consumer) User() (schema.Setting, bool) {
	about, err := schema.ParseTarget(c.Name)
	return about, err == nil
}

// TLS says how the certificate of a device is judged.
type TLS struct {
	Verify bool   // verify the chain and the name; otherwise the key seen first is pinned
	CAFile string // PEM file of the only authorities to trust when verifying
	Legacy bool   // allow TLS 1.0 and 1.1, for this device only
	Plain  bool   // do without TLS at an http address, also where the device was reached over TLS before
}

// Lifecycle limits what plans may do to a device.
type Lifecycle struct {
	Protect []Pattern // settings that plans never change; they are shown as blocked
	Ignore  []Pattern // settings or attributes whose differences are not looked at
}

// Pattern names settings of a device, as lifecycle takes them: `https`, `user.operator`, `time.zone`, or all.
type Pattern struct {
	Kind      string // "" stands for every kind
	Key       string // "" stands for every item
	Attribute string // "" stands for the whole setting
	Range     hcl.Range
}

// Setting is one setting that is wanted on a device.
type Setting struct {
	Address    schema.Setting
	Kind       *schema.Kind
	Attributes map[string]Attribute // only those that somebody declared; null values are left out
	Range      hcl.Range            // the header of the block that declares it, the device's own before a profile's; or the login block
}

// Attribute is one wanted value.
type Attribute struct {
	Value   cty.Value // of the attribute's type, known; of schema.SecretType and marked if secret
	Range   hcl.Range // the expression
	Profile string    // name of the profile that says so; empty for the device's own block
	Rule    string    // id of the rule that it is part of; empty for none

	// Policy is by what a password is managed: its value is that of the vault under credential.Name, unknown as long as
	// the vault has none. Nil for a password that is given.
	Policy *credential.Policy
}

// Want is the wanted value of the setting: an object of the kind's type in which undeclared attributes are null. Marks
// of secrets stay on.
func (s *Setting) Want() cty.Value {
	values := make(map[string]cty.Value, len(s.Kind.Attributes))
	for _, a := range s.Kind.Attributes {
		if declared, ok := s.Attributes[a.Name]; ok {
			values[a.Name] = declared.Value
		} else {
			values[a.Name] = cty.NullVal(a.Type)
		}
	}
	return cty.ObjectVal(values)
}

// Hides reports whether the wanted value of an attribute is secret: by its kind, or by where it comes from.
func (s *Setting) Hides(attribute string) bool {
	return s.Kind.IsSecret(attribute) || schema.IsSecret(s.Attributes[attribute].Value)
}

// Output is a value that a configuration gives to the outside.
type Output struct {
	Name        string
	Description string
	Value       cty.Value // may carry marks
	Sensitive   bool
}
