package main

import (
	"encoding/hex"
	"os"
	"os/exec"
	"regexp"
	"strings"
	"testing"

	"camform/engine/state"
	"camform/engine/thorough"
	"camform/providers/hikvision/simulator"
)

// canarySite has a secret of every kind and from every place.
const canarySite = `
variable "community" {
  type      = string
  sensitive = true
}

device "camera" {
  for_each = { for row in csvdecode(file("inventory.csv")) : row.name => row }
  address  = each.value.address

  login {
    username = "admin"
    password = secret("env:ADMIN_PASSWORD")
  }

  user "viewer" {
    level    = "Viewer"
    password = secret("env:VIEWER_PASSWORD")
  }

  user "guard" {
    level    = "Viewer"
    password = secret("file:guard.txt")
  }

  rule "snmp.community" {
    level = "basic"

    snmp {
      v1_enabled        = true
      v1_read_community = var.community
    }
  }

  upnp {
    enabled = true
  }
}
`

// command is one run of the program in the canary site. The rows share a site and come one after the other.
type command struct {
	name string
	args []string
	code int // that it must end with

	before func(c *canaryRun)                // what somebody does before it
	during func(c *canaryRun) func() bool    // tells when it is made to panic; nil for never
	start  func(c *canaryRun, cmd *exec.Cmd) // what is special about how it is started; nil for nothing

	known string // why it writes a secret all the same; empty for one that must not
}

// canaryRun is what the rows act on.
type canaryRun struct {
	*hunt
	camera, recorder *simulator.Device
}

var canaryCommands = []command{
	{name: "validate", args: []string{"validate"}},
	{name: "plan", args: []string{"plan"}},
	{name: "plan as JSON", args: []string{"plan", "-json", "-full"}},
	{name: "plan into a page", args: []string{"plan", "-full", "-html=site.html"}},
	{name: "plan into a file", args: []string{"plan", "-full", "-out=site.plan"}},
	{name: "show", args: []string{"show", "site.plan"}},
	{name: "show as JSON", args: []string{"show", "-json", "site.plan"}},

	{
		name: "a panic with a password in flight", args: []string{"apply", "site.plan"}, code: 2,
		before: inject(simulator.Rule{Method: "POST", Path: usersPath, Action: simulator.Latency, Delay: window}),
		during: func(c *canaryRun) func() bool {
			j := c.journal()
			return func() bool { return j.open() > 0 }
		},
	},
	{name: "apply", before: heal, args: []string{"apply", "-auto-approve"}},
	{name: "apply again", args: []string{"apply", "-auto-approve", "-json"}},
	{name: "drift", args: []string{"drift"}},
	{name: "audit", args: []string{"audit", "-full"}},
	{name: "advisories as JSON", args: []string{"advisories", "-json"}, code: 1},
	{name: "audit as JSON", args: []string{"audit", "-json"}},
	{name: "lock", args: []string{"lock"}},
	{name: "settings", args: []string{"settings", "user"}},
	{name: "state list", args: []string{"state", "list"}},
	{name: "state show", args: []string{"state", "show", `device.camera["camera-v57-0001"]`}},
	{name: "state runs", args: []string{"state", "runs"}},

	// A case of recovery, and what leaves it on paper.
	{name: "vault init for recovery files", args: []string{"vault", "init"}},
	{name: "recover prepare", args: []string{"recover", "prepare"}},
	{name: "recover open", args: []string{"recover", "open", `device.camera["camera-v57-0001"]`, "-reason", "nobody knows it"}},
	{name: "recover card", args: []string{"recover", "card", "-html"}},
	{name: "recover record", args: []string{"recover", "record", "-json"}},
	{name: "recover record as a page", args: []string{"recover", "record", "-html", "-out", "record.html"}},
	{name: "recover status", args: []string{"recover", "status", "-json"}},

	// What devices have that nobody declared.
	{
		name: "learn", args: []string{"learn", "-inventory", "inventory.csv", "-password-from", "env:ADMIN_PASSWORD", "-out", "learned"},
		before: show,
	},
	{name: "import", args: []string{"import", "-out", "imported.cam.hcl"}, code: 1},

	// Devices that misbehave.
	{name: "drift of secrets", before: tamper, args: []string{"drift"}, code: 2},
	{name: "drift of secrets as JSON", args: []string{"drift", "-json"}, code: 2},
	{name: "a backup of devices that show secrets", before: show, args: []string{"backup"}},
	{name: "backup list", args: []string{"backup", "list", "-json"}},
	{name: "requests with secrets of devices", before: show, args: []string{"plan", "-requests"}},
	{name: "requests with secrets of devices as JSON", args: []string{"plan", "-requests", "-json"}},
	{
		name: "a lost answer", args: []string{"apply", "-auto-approve"},
		before: inject(simulator.Rule{Method: "PUT", Action: simulator.DropReply}),
	},
	{
		name: "words that repeat a secret", args: []string{"apply", "-auto-approve"}, code: 1,
		before: repeat(canaries["ADMIN_PASSWORD"]),
	},
	{
		name: "words that repeat a secret as XML", args: []string{"apply", "-auto-approve"}, code: 1,
		before: repeat(string(xmlText(canaries[communityCanary]))),
	},
	{
		name: "an answer that repeats the password in many forms", args: []string{"apply", "-auto-approve", "-json"}, code: 1,
		before: inject(simulator.Rule{Method: "PUT", Action: simulator.Echo}),
	},
	{
		name: "a document that repeats the password in many forms", args: []string{"plan", "-full"}, code: 1,
		before: inject(simulator.Rule{Path: "/ISAPI/System/Network/UPnP", Action: simulator.Echo}),
	},
	{
		name: "a name that repeats the password", before: rename,
		args: []string{"learn", "-inventory", "inventory.csv", "-password-from", "env:ADMIN_PASSWORD", "-out", "echoed"},
	},
	{
		name: "another device", args: []string{"plan"}, code: 1,
		before: inject(simulator.Rule{Action: simulator.WrongIdentity}),
	},
	{
		name: "a bomb", args: []string{"plan"}, code: 1,
		before: inject(simulator.Rule{Path: snmpPath, Action: simulator.GzipBomb}),
	},

	// Mistakes of people.
	{
		name: "a secret in clear", args: []string{"validate"}, code: 1,
		before: func(c *canaryRun) {
			c.plantFor(c.t, "clear.cam.hcl", `device "clear" {
  address = "127.0.0.1"
  login {
    username = "admin"
    password = "`+hclText(canaries[clearCanary])+`"
  }
}
`)
		},
	},
	{
		name: "a mistake next to a secret in clear", args: []string{"plan"}, code: 1,
		before: func(c *canaryRun) {
			c.plantFor(c.t, "clear.cam.hcl", `device "clear" { password = "`+hclText(canaries[clearCanary])+`" oops`)
		},
	},
	{
		name: "a password in an inventory", args: []string{"learn", "-inventory", "clear.csv", "-out", "clear"}, code: 1,
		before: func(c *canaryRun) {
			c.plantFor(c.t, "clear.csv", "name,address,password\ngate,127.0.0.1,"+canaries["OTHER_PASSWORD"]+"\n")
		},
	},

	// The world around.
	{
		name: "a full disk", args: []string{"plan", "-json"}, code: 1,
		start: func(c *canaryRun, cmd *exec.Cmd) {
			full, err := os.OpenFile("/dev/full", os.O_WRONLY, 0)
			if err != nil {
				c.t.Skip(err)
			}
			c.t.Cleanup(func() { _ = full.Close() })
			cmd.Stdout = full
		},
	},

	// Logins that are refused come last, since nothing is sent for a while then.
	{
		name: "a refused login", args: []string{"apply", "-auto-approve"}, code: 1,
		before: func(c *canaryRun) {
			heal(c)
			c.camera.SetUser("admin", "Administrator", canaries["OTHER_PASSWORD"])
		},
	},
	{name: "a login that is not tried", args: []string{"plan"}, code: 1},
}

const snmpPath = "/ISAPI/System/Network/SNMP"

// show gives devices a secret that nobody declared, and that they show to anybody who may read their documents.
func show(c *canaryRun) { replaceElement(c, "writeCommunity") }

// tamper gives them another secret than was declared.
func tamper(c *canaryRun) {
	heal(c)
	replaceElement(c, "readCommunity")
}

// rename gives devices a name in which their password stands in hexadecimal digits.
func rename(c *canaryRun) {
	heal(c)
	const path = "/ISAPI/System/deviceInfo"
	name := regexp.MustCompile("<deviceName>[^<]*</deviceName>")
	echoed := "<deviceName>gate " + hex.EncodeToString([]byte(canaries["ADMIN_PASSWORD"])) + "</deviceName>"
	for _, d := range c.fleet.Devices() {
		if err := d.SetDocument(path, name.ReplaceAllLiteral(d.Document(path), []byte(echoed))); err != nil {
			c.t.Fatal(err)
		}
	}
}

func replaceElement(c *canaryRun, name string) {
	element := regexp.MustCompile("<" + name + ">[^<]*</" + name + ">")
	secret := "<" + name + ">" + string(xmlText(canaries[shownCanary])) + "</" + name + ">"
	for _, d := range c.fleet.Devices() {
		if err := d.SetDocument(snmpPath, element.ReplaceAllLiteral(d.Document(snmpPath), []byte(secret))); err != nil {
			c.t.Fatal(err)
		}
	}
}

// repeat lets devices answer writes with words that have a secret in them.
func repeat(words string) func(*canaryRun) {
	return func(c *canaryRun) {
		tamper(c)
		inject(simulator.Rule{Method: "PUT", Action: simulator.Status, Status: 400, Code: "bad " + words})(c)
	}
}

// hclText is a text as it stands between quotes.
func hclText(text string) string { return strings.ReplaceAll(text, `"`, `\"`) }

// inject lets all devices misbehave, in this way only.
func inject(rule simulator.Rule) func(*canaryRun) {
	return func(c *canaryRun) {
		heal(c)
		for _, d := range c.fleet.Devices() {
			if err := d.Inject(rule); err != nil {
				c.t.Fatal(err)
			}
		}
	}
}

func heal(c *canaryRun) {
	for _, d := range c.fleet.Devices() {
		d.Heal()
	}
}

// journal is closed at the end of the test.
func (c *canaryRun) journal() *journal {
	j := &journal{store: func() (*state.Store, error) { return (&world{}).remembered(c.dir) }}
	c.t.Cleanup(j.close)
	return j
}

func TestI1NothingTheProgramWritesHasASecret(t *testing.T) {
	thorough.OnlyUsual(t)
	t.Parallel()
	s := newSite(t, simulator.Options{Models: []string{"camera-v57", "recorder-v2"}, TLS: true, Seed: 11}, canarySite)
	c := &canaryRun{hunt: newHunt(s), camera: s.fleet.Devices()[0], recorder: s.fleet.Devices()[1]}
	c.plantFor(t, "guard.txt", canaries[fileCanary])
	for _, row := range canaryCommands {
		t.Run(row.name, func(t *testing.T) { c.row(t, row) })
	}
}

func (c *canaryRun) row(t *testing.T, row command) {
	c.t = t
	if row.before != nil {
		row.before(c)
	}
	program := c.program(row.args...)
	program.Env = append(program.Env, "CAMFORM_VAR_community="+canaries[communityCanary])
	if row.start != nil {
		row.start(c, program)
	}
	var during func(*os.Process)
	if row.during != nil {
		during = quitAt(row.during(c))
	}
	c.do(row.code, during, program)
	if row.known == "" {
		c.tell()
		return
	}
	if len(c.leaks) == 0 {
		t.Errorf("it writes no secret any more; take the reason away: %s", row.known)
	}
	clear(c.leaks)
}
