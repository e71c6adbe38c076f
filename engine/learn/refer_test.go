package learn_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/zclconf/go-cty/cty"
	"pgregory.net/rapid"

	"camform/engine/learn"
	"camform/schema"
)

// viewer is an account that recorders log in with.
var viewer = map[string]cty.Value{"user/nvr.level": str("Operator")}

// recorder makes a device that shows others on channels 1, 2 and so on, by an account.
func recorder(n int, account string, shows ...int) learn.Device {
	values := merged(viewer, map[string]cty.Value{"user/admin.level": str("Administrator")})
	var logins []learn.Login
	for i, to := range shows {
		key := fmt.Sprint(i + 1)
		values["channel/"+key+".login"] = str(account)
		logins = append(logins, learn.Login{Item: schema.Setting{Kind: "channel", Key: key}, To: to, Account: account})
	}
	d := device(n, values)
	d.Name, d.Logins = fmt.Sprintf("n%d", n), logins
	return d
}

// lines are the lines of a result that log in somewhere, or say what was left out of a channel.
func lines(r *learn.Result) string {
	var found []string
	for line := range strings.Lines(shown(r)) {
		line = strings.Join(strings.Fields(line), " ")
		if strings.HasPrefix(line, "login =") || strings.HasPrefix(line, "secret =") || strings.HasPrefix(line, "# Left out: channel") {
			found = append(found, line)
		}
	}
	return strings.Join(found, "\n")
}

func TestWhoeverLogsInElsewhereRefersToTheAccount(t *testing.T) {
	const left = `# Left out: channel["1"].secret, because devices never return it; `
	for name, c := range map[string]struct {
		devices []learn.Device
		want    string
	}{
		"an account of its own": {
			[]learn.Device{recorder(0, "nvr", 1), recorder(1, "")},
			"secret = try(device.n1.user.nvr.password, null)\nlogin = device.n1.user.nvr.name",
		},
		"the account of the login, whose password is declared": {
			[]learn.Device{recorder(0, "admin", 1), recorder(1, "")},
			left + "the run that generates a new password for the account writes it here\nlogin = device.n1.user.admin.name",
		},
		"an account that is not written": {
			[]learn.Device{recorder(0, "guest", 1), recorder(1, "")},
			left + "the run that generates a new password for the account writes it here\nlogin = \"guest\"",
		},
		"an account of another protocol": {
			[]learn.Device{speaking(recorder(0, "nvr", 1), schema.SchemeONVIF), recorder(1, "")},
			left + "the run that generates a new password for the account writes it here\nlogin = \"nvr\"",
		},
		"a camera that is nobody's": {
			[]learn.Device{stranger(recorder(0, "nvr", 1)), recorder(1, "")},
			`# Left out: channel["1"].secret, user.nvr.password, because devices never return it; to manage it, add it with secret("env:NAME")` + "\nlogin = \"nvr\"",
		},
		"another of its kind": {
			[]learn.Device{recorder(0, "nvr", 1), recorder(1, "nvr", 0)},
			"secret = try(device.n1.user.nvr.password, null)\nlogin = device.n1.user.nvr.name\n" +
				left + "the run that generates a new password for the account writes it here\nlogin = \"nvr\"",
		},
	} {
		t.Run(name, func(t *testing.T) {
			r := learned(c.devices)
			load(t, r)
			if got := lines(r); got != c.want {
				t.Errorf("got\n%s\nwant\n%s", got, c.want)
			}
		})
	}
}

func speaking(d learn.Device, scheme string) learn.Device { d.Logins[0].Scheme = scheme; return d }
func stranger(d learn.Device) learn.Device                { d.Logins = nil; return d }

// A camera that stands in a table is found there.
func TestAReferenceLeadsIntoATable(t *testing.T) {
	devices := []learn.Device{recorder(0, "nvr", 2), recorder(1, ""), recorder(2, ""), recorder(3, "")}
	r := learned(devices)
	load(t, r)
	if got, want := lines(r), `secret = try(device.ds-2cd2357["n2"].user.nvr.password, null)
login = device.ds-2cd2357["n2"].user.nvr.name`; got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

// What many devices refer to is in no profile: the device that they refer to could have it as well.
func TestReferencesAreNotShared(t *testing.T) {
	for _, most := range []string{"all but the camera", "fewer than half"} {
		devices := []learn.Device{stranger(recorder(0, "nvr", 1))}
		for i := range 9 {
			devices = append(devices, recorder(i+1, "nvr", 0))
		}
		if most == "fewer than half" {
			for i := range 20 {
				devices = append(devices, recorder(i+10, ""))
			}
		}
		var want []map[string]cty.Value
		for _, d := range devices {
			want = append(want, wanted(d, "nvr"))
		}
		wants(t, learned(devices), devices, want)
	}
}

// wanted is what a configuration has to want of a device that recorder makes.
func wanted(d learn.Device, account string) map[string]cty.Value {
	values := map[string]cty.Value{
		"user/nvr.level": str("Operator"), "user/admin.level": str("Administrator"), "user/admin.password": str(loginPassword),
	}
	for key := range d.Items["channel"] {
		values["channel/"+key+".login"] = str(account)
	}
	return values
}

// No matter who shows whom, the configuration is valid, and says of each channel what the device has.
func TestReferencesLeadInNoCircle(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(2, 6).Draw(t, "devices")
		var devices []learn.Device
		var want []map[string]cty.Value
		for i := range n {
			other := rapid.Map(rapid.IntRange(1, n-1), func(step int) int { return (i + step) % n })
			account := rapid.SampledFrom([]string{"nvr", "admin", "guest"}).Draw(t, "account")
			d := recorder(i, account, rapid.SliceOfN(other, 0, 3).Draw(t, "shows")...)
			devices, want = append(devices, d), append(want, wanted(d, account))
		}
		for _, how := range []func([]learn.Device, learn.Options) *learn.Result{learn.Import, learn.Learn} {
			wants(t, how(devices, learn.Options{Kinds: kinds}), devices, want)
		}
	})
}
