package consumer_test

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/zclconf/go-cty/cty"

	"camform/engine/consumer"
	"camform/providers"
	"camform/schema"
)

var noon = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

func device(name string) schema.Device { return schema.Device{Name: name} }

func camera(name, site, host, serial string) consumer.Device {
	return consumer.Device{Address: device(name), Site: site, Host: host, Serial: serial}
}

// channel is one of a recorder of the vendor's own protocol.
func channel(key, host, serial string) consumer.Use {
	return consumer.Use{Kind: "channel", Key: key, Host: host, Port: 8000, Serial: serial, Account: "nvr", Scheme: schema.SchemeSDK}
}

func TestWhoUsesADevice(t *testing.T) {
	onvif := channel("1", "10.0.0.7", "0000-MAC")
	onvif.Scheme = schema.SchemeONVIF
	for name, c := range map[string]struct {
		site    string // of the recorder
		use     consumer.Use
		camera  consumer.Device
		fleet   []consumer.Device // beside both
		found   consumer.Evidence
		unclear bool
	}{
		"the same serial number":                                           {use: channel("1", "10.0.0.99", "S1"), camera: camera("gate", "", "10.0.0.7", "S1"), found: consumer.BySerial},
		"the same serial number, in another spelling":                      {use: channel("1", "10.0.0.99", " s1"), camera: camera("gate", "", "10.0.0.7", "S1"), found: consumer.BySerial},
		"the same serial number, in another site":                          {site: "north", use: channel("1", "10.0.0.99", "S1"), camera: camera("gate", "south", "10.0.0.7", "S1"), found: consumer.BySerial},
		"another serial number at the same address":                        {use: channel("1", "10.0.0.7", "S2"), camera: camera("gate", "", "10.0.0.7", "S1")},
		"a serial number of another kind":                                  {use: onvif, camera: camera("gate", "", "10.0.0.7", "S1"), found: consumer.ByAddress},
		"no serial number, the same address":                               {use: channel("1", "10.0.0.7", ""), camera: camera("gate", "", "10.0.0.7", "S1"), found: consumer.ByAddress},
		"a camera whose serial number is not known":                        {use: channel("1", "10.0.0.7", ""), camera: camera("gate", "", "10.0.0.7", ""), found: consumer.ByAddress},
		"the same address in another site":                                 {site: "north", use: channel("1", "10.0.0.7", ""), camera: camera("gate", "south", "10.0.0.7", "S1")},
		"the same address, and the camera has no site":                     {site: "north", use: channel("1", "10.0.0.7", ""), camera: camera("gate", "", "10.0.0.7", "S1"), unclear: true},
		"the same address, and the recorder has no site":                   {use: channel("1", "10.0.0.7", ""), camera: camera("gate", "south", "10.0.0.7", "S1"), unclear: true},
		"the same address, by a protocol of its own, and no site":          {site: "north", use: onvif, camera: camera("gate", "", "10.0.0.7", "S1"), unclear: true},
		"the same address, no site, and another device of the site has it": {site: "north", use: channel("1", "10.0.0.7", ""), camera: camera("gate", "", "10.0.0.7", "S1"), fleet: []consumer.Device{camera("yard", "north", "10.0.0.7", "S2")}},
		"another serial number at the same address, and no site":           {site: "north", use: channel("1", "10.0.0.7", "S2"), camera: camera("gate", "", "10.0.0.7", "S1")},
		"an address that nobody has":                                       {use: channel("1", "10.0.0.99", ""), camera: camera("gate", "", "10.0.0.7", "S1"), unclear: true},
		"an address that nobody has, in another site":                      {site: "north", use: channel("1", "10.0.0.99", ""), camera: camera("gate", "south", "10.0.0.7", "S1")},
		"an address that another device has":                               {use: channel("1", "10.0.0.8", ""), camera: camera("gate", "", "10.0.0.7", "S1"), fleet: []consumer.Device{camera("yard", "", "10.0.0.8", "S2")}},
		"a camera behind a forwarded port":                                 {use: channel("1", "10.0.0.99", ""), camera: camera("gate", "", "203.0.113.5", "S1"), found: consumer.ByTranslated},
		"cameras that share an address":                                    {use: channel("1", "192.168.254.2", ""), camera: camera("gate", "", "10.0.0.1", "S1"), fleet: []consumer.Device{camera("yard", "", "10.0.0.1", "S2")}, found: consumer.ByTranslated},
		"a channel at an address that cameras share":                       {use: channel("1", "10.0.0.1", ""), camera: camera("gate", "", "10.0.0.1", "S1"), fleet: []consumer.Device{camera("yard", "", "10.0.0.1", "S2")}, found: consumer.ByTranslated},
		"a camera with a name":                                             {use: channel("1", "10.0.0.99", ""), camera: camera("gate", "", "gate.example.com", "S1"), found: consumer.ByTranslated},
		"a camera with a name that the channel has":                        {use: channel("1", "gate.example.com", ""), camera: camera("gate", "", "gate.example.com", "S1"), found: consumer.ByAddress},
		"a camera behind a forwarded port, by another":                     {use: channel("1", "10.0.0.99", "S2"), camera: camera("gate", "", "203.0.113.5", "S1")},
	} {
		t.Run(name, func(t *testing.T) {
			fleet := append(slices.Clone(c.fleet), c.camera, camera("recorder", c.site, "10.0.0.50", "R"))
			index := consumer.NewIndex(fleet, []consumer.List{{Device: device("recorder"), Site: c.site, Host: "10.0.0.50", Uses: []consumer.Use{c.use}, Read: noon}})
			found, unclear := index.Of(c.camera)
			by := consumer.Evidence("")
			for _, f := range found {
				by = f.By
				if f.Name() != `device.recorder.channel["1"]` || !f.Read.Equal(noon) {
					t.Errorf("found %+v", f)
				}
			}
			if by != c.found || len(unclear) > 0 != c.unclear {
				t.Errorf("found %q, unclear %v", by, unclear)
			}
		})
	}
}

func TestADeviceDoesNotUseItself(t *testing.T) {
	d := camera("recorder", "", "10.0.0.50", "R")
	index := consumer.NewIndex([]consumer.Device{d}, []consumer.List{{Device: d.Address, Host: d.Host, Uses: []consumer.Use{channel("1", "10.0.0.50", "R"), channel("2", "10.0.0.99", "")}}})
	if found, unclear := index.Of(d); len(found)+len(unclear) > 0 {
		t.Errorf("found %v and %v", found, unclear)
	}
}

func TestWhoseAUseIsForCertain(t *testing.T) {
	onvif := channel("1", "10.0.0.8", "S1")
	onvif.Scheme = schema.SchemeONVIF
	inside := channel("1", "10.0.0.7", "")
	inside.Inside = true
	for name, c := range map[string]struct {
		use   consumer.Use
		fleet []consumer.Device // beside gate
		want  string
	}{
		"the serial number":                   {use: channel("1", "10.0.0.99", "S1"), want: "gate"},
		"the address":                         {use: channel("1", "10.0.0.7", ""), want: "gate"},
		"the serial number over the address":  {use: onvif, fleet: []consumer.Device{camera("yard", "", "10.0.0.8", "S2")}, want: "gate"},
		"the serial number after the address": {use: onvif, fleet: []consumer.Device{camera("aaa", "", "10.0.0.8", "S2")}, want: "gate"},
		"two of one serial number":            {use: channel("1", "10.0.0.99", "S1"), fleet: []consumer.Device{camera("yard", "", "10.0.0.8", "S1")}},
		"two at one address":                  {use: channel("1", "10.0.0.7", ""), fleet: []consumer.Device{camera("yard", "", "10.0.0.7", "S2")}},
		"three at one address":                {use: channel("1", "10.0.0.7", ""), fleet: []consumer.Device{camera("yard", "", "10.0.0.7", "S2"), camera("door", "", "10.0.0.7", "S3")}},
		"the address in another site":         {use: channel("1", "10.0.0.8", ""), fleet: []consumer.Device{camera("yard", "north", "10.0.0.8", "S2")}},
		"a translated address":                {use: channel("1", "10.0.0.99", ""), fleet: []consumer.Device{camera("yard", "", "203.0.113.5", "S2")}},
		"an address of its own network":       {use: inside},
	} {
		t.Run(name, func(t *testing.T) {
			fleet := append([]consumer.Device{camera("gate", "", "10.0.0.7", "S1"), camera("recorder", "", "10.0.0.50", "R")}, c.fleet...)
			slices.SortFunc(fleet, func(a, b consumer.Device) int { return a.Address.Compare(b.Address) })
			index := consumer.NewIndex(fleet, []consumer.List{{Device: device("recorder"), Host: "10.0.0.50", Uses: []consumer.Use{c.use}}})
			got := index.Certain(fleet)[schema.Setting{Device: device("recorder"), Kind: "channel", Key: "1"}]
			if got.Name != c.want {
				t.Errorf("it is of %q, want %q", got.Name, c.want)
			}
		})
	}
}

func TestWhereAUserComesFrom(t *testing.T) {
	inside := channel("1", "192.168.254.2", "S1")
	inside.Inside = true
	own := []netip.Addr{netip.MustParseAddr("10.0.0.50")}
	gate := camera("gate", "", "10.0.0.7", "S1")
	for name, c := range map[string]struct {
		use    consumer.Use
		host   string
		own    []netip.Addr
		fleet  []consumer.Device
		source string
	}{
		"its own address":                    {use: channel("1", "10.0.0.7", "S1"), host: "10.0.0.50", own: own, source: "10.0.0.50"},
		"an address that it was not asked":   {use: channel("1", "10.0.0.7", "S1"), host: "10.0.0.50", source: "10.0.0.50"},
		"an address that is not its own":     {use: channel("1", "10.0.0.7", "S1"), host: "10.0.0.51", own: own},
		"a name":                             {use: channel("1", "10.0.0.7", "S1"), host: "nvr.example.com", own: own},
		"a network of its own":               {use: inside, host: "10.0.0.50", own: own},
		"an address that others share":       {use: channel("1", "10.0.0.7", "S1"), host: "10.0.0.50", own: own, fleet: []consumer.Device{camera("yard", "", "10.0.0.50", "S9")}},
		"a public one, with private cameras": {use: channel("1", "10.0.0.7", "S1"), host: "203.0.113.5"},
	} {
		t.Run(name, func(t *testing.T) {
			fleet := append(slices.Clone(c.fleet), gate, camera("recorder", "", c.host, "R"))
			found, _ := consumer.NewIndex(fleet, []consumer.List{{Device: device("recorder"), Host: c.host, Own: c.own, Uses: []consumer.Use{c.use}}}).Of(gate)
			if len(found) != 1 || found[0].Source != c.source {
				t.Errorf("found %+v, want the source %q", found, c.source)
			}
		})
	}
}

func TestWhatChannelsTell(t *testing.T) {
	text := &schema.Attribute{Type: cty.String}
	named := func(name string) *schema.Attribute { a := *text; a.Name = name; return &a }
	kind := &schema.Kind{
		Name: "channel", Keyed: true, Attributes: []*schema.Attribute{named("user"), named("password"), named("host"), named("speaks"), named("mode"), named("label")},
		Consumes: &schema.Consumes{
			Account: "user", Password: "password", Address: "host", Protocol: "speaks", Title: "label", Serial: "sn",
			Schemes: map[string]string{"OWN": schema.SchemeSDK}, Inside: map[string]string{"mode": "plug"},
		},
	}
	item := func(values map[string]string) cty.Value {
		all := map[string]cty.Value{}
		for _, a := range kind.Told().Attributes {
			all[a.Name] = cty.NullVal(cty.String)
			if v, ok := values[a.Name]; ok {
				all[a.Name] = cty.StringVal(v)
			}
		}
		return cty.ObjectVal(all)
	}
	uses := consumer.Uses(device("nvr"), kind, providers.Items{
		"2": item(map[string]string{"host": "10.0.0.7:9000", "user": "u", "speaks": "OWN", "label": "Gate", "sn": " S1 "}),
		"1": item(map[string]string{"host": "2001:db8::1", "mode": "PLUG", "speaks": "OTHER"}),
		"3": item(nil),
	})
	var lines []string
	for _, u := range uses {
		lines = append(lines, fmt.Sprintf("%s %s %s %d %s %s %s %t", u.Name(), u.Title, u.Host, u.Port, u.Account, u.Scheme, u.Serial, u.Inside))
	}
	want := `device.nvr.channel["1"]  2001:db8::1 0    true
device.nvr.channel["2"] Gate 10.0.0.7 9000 u sdk S1 false
device.nvr.channel["3"]   0    false`
	if got := strings.Join(lines, "\n"); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}
