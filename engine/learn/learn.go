// Package learn turns what devices have into a configuration that wants exactly that.
//
// Rules:
//
//   - It is pure: the same devices in the same order give the same bytes.
//   - What is written is what the devices have. A value that a configuration cannot say, or that a device would refuse, is
//     left out and told; nothing is rounded.
//   - No secret is written: a file names where a secret comes from.
//   - A device that logs in to another of the devices refers to the account there, so that a change of it arrives.
package learn

import (
	"bytes"
	"cmp"
	"slices"

	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"

	"camform/providers"
	"camform/schema"
)

// Device is a device as it was read.
type Device struct {
	Name     string // what it is to be called; if empty, OwnName counts, and then the model
	OwnName  string // under which it shows itself
	Address  string // URL
	Username string
	Password cty.Value // of schema.SecretType or unknown, marked with the origin under which it is written
	Basic    bool      // HTTP Basic may be used on it
	Legacy   bool      // TLS 1.0 and 1.1 may be used with it
	Site     string
	Tags     []string
	Identity providers.Identity

	Items     map[string]providers.Items // settings by kind
	Documents providers.Documents        // that the settings were read from, for Options.Check

	Unreadable map[schema.Setting]string       // what could not be read, without the device and with the reason; a kind as a whole has no key
	Omitted    map[string][]providers.Omission // entries that are no items, by kind

	// Hidden are attributes that hold secrets although their kind does not say so, by the address of the setting without its device.
	Hidden map[schema.Setting]map[string]bool

	Logins []Login // that it has to others of the devices, where that is certain
}

// Options are the judgements that are needed from outside. They are pure.
type Options struct {
	Kinds *schema.Kinds
	Taken []string // names of device blocks that exist already
	// Check finds values that a device will not take: see providers.Composer.
	Check func(kind *schema.Kind, docs providers.Documents, key string, want cty.Value) []providers.AttributeError
}

// Names of the files of a result.
const (
	ProfilesFile = "profiles.cam.hcl"
	DevicesFile  = "devices.cam.hcl"
	TableFile    = "devices.csv"
	SecretsFile  = "secrets.env.example"
)

// Result is a configuration, and what there is to say about it.
type Result struct {
	Files     map[string][]byte        // by name; files that would be empty are missing
	Addresses []schema.Device          // of the devices, in their order
	Left      []Left                   // in the order of the devices
	Profiles  int                      // how many profiles there are
	Blocks    int                      // how many device blocks
	Variables []string                 // of the environment that the configuration reads, sorted
	Secrets   map[string]schema.Secret // values that devices show, by the origin that stands for them; in no file
}

// Left is something that a device has and that was left out.
type Left struct {
	Device  schema.Device
	Setting schema.Setting // on the device; its key is empty for a kind that a device has once
	// Attribute is empty if the whole setting was left out.
	Attribute string
	Why       string // the end of a sentence that begins with what was left out
	Unread    string // why nothing could be read of the setting; empty where it was read
}

// Unread are the settings that could not be read at all, which may be there or not.
func (r *Result) Unread() []Left {
	return slices.DeleteFunc(slices.Clone(r.Left), func(l Left) bool { return l.Unread == "" })
}

// Lines counts the lines of all files.
func (r *Result) Lines() int {
	n := 0
	for _, text := range r.Files {
		n += bytes.Count(text, []byte("\n"))
	}
	return n
}

// Import writes one block for each device, with all of its settings.
func Import(devices []Device, o Options) *Result {
	c := collect(devices, o)
	names := c.taken()
	blocks := make([]*block, len(devices))
	for i := range devices {
		blocks[i] = c.newBlock([]int{i})
		blocks[i].label = names.take(c.nameOf(i))
	}
	return c.result(blocks, nil)
}

// Learn writes as little as possible: what the devices have in common goes into profiles, and devices of the same shape
// become one block with a line for each of them in a table.
func Learn(devices []Device, o Options) *Result {
	c := collect(devices, o)
	blocks := c.blocks()
	profiles := c.profiles(blocks)
	c.label(blocks)
	return c.result(blocks, profiles)
}

// result writes the files, and what was left out with the addresses that the devices have in them.
func (c *collection) result(blocks []*block, profiles []*profile) *Result {
	r := &Result{
		Files: map[string][]byte{}, Profiles: len(profiles), Blocks: len(blocks), Secrets: c.shown(), Variables: c.variables(),
		Addresses: make([]schema.Device, len(c.devices)),
	}
	for _, b := range blocks {
		for _, i := range b.devices {
			r.Addresses[i] = c.address(b, i)
		}
	}
	c.addresses = r.Addresses
	for i, left := range c.left {
		for _, l := range left {
			l.Device = r.Addresses[i]
			l.Setting.Device = r.Addresses[i]
			r.Left = append(r.Left, l)
		}
	}
	table := c.tableOf(blocks)
	for name, text := range map[string][]byte{
		ProfilesFile: c.profilesText(profiles), DevicesFile: c.devicesText(blocks, table),
		TableFile: table.text(), SecretsFile: c.secretsText(),
	} {
		if len(text) > 0 {
			r.Files[name] = text
		}
	}
	return r
}

// address is the address of a device in a block.
func (c *collection) address(b *block, device int) schema.Device {
	if len(b.devices) == 1 {
		return schema.Device{Name: b.label}
	}
	return schema.Device{Name: b.label, Key: c.keys[device], Each: true}
}

// taken are the names of blocks that exist already.
func (c *collection) taken() identifiers {
	taken := identifiers{}
	for _, name := range c.options.Taken {
		taken[name] = true
	}
	return taken
}

// nameOf is what a device is to be called: its name in the inventory, the name that it has itself, or its model.
func (c *collection) nameOf(device int) string {
	d := &c.devices[device]
	if hclsyntax.ValidIdentifier(d.Name) {
		return d.Name
	}
	return cmp.Or(identifier(d.Name), identifier(d.OwnName), identifier(d.Identity.Model), "device")
}
