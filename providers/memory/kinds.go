package memory

import (
	"time"

	"github.com/zclconf/go-cty/cty"

	"camform/schema"
)

// Paths of the documents that devices act upon.
const (
	accessPath = "/access"
	filterPath = "/filter"
	lockPath   = "/login_lock"
	timePath   = "/time"
	usersPath  = "/users"
	digestPath = "/digest"

	sessionsPath = "/sessions" // who is logged in; nobody writes it
)

// kinds are the kinds of settings of every fleet. Each stands for a family of real ones: a document of its own, a
// document shared by two kinds, items with and without fixed keys, a set, a secret, and every phase and risk.
var kinds = schema.NewKinds(
	&schema.Kind{
		Name: "system", DeviceName: "name", Summary: "Name of the device.",
		Document: document("/system", "/limits/system"),
		Phase:    schema.PhaseClock, Risk: schema.RiskNone, Reboot: schema.RebootNever,
		Attributes: []*schema.Attribute{
			{Name: "name", Type: cty.String, Doc: "Name that the device shows."},
		},
	},
	&schema.Kind{
		Name: "time", Summary: "Clock and time zone.",
		Document: document(timePath), Clock: &schema.Clock{Path: timePath},
		Phase: schema.PhaseClock, Risk: schema.RiskNone, Reboot: schema.RebootNever,
		Attributes: []*schema.Attribute{
			{Name: "mode", Type: cty.String, Values: []string{"NTP", "manual"}, Doc: "Source of the time."},
			{Name: "zone", Type: cty.String, Doc: "POSIX time zone. Offsets may be written with or without `:00`."},
		},
	},
	&schema.Kind{
		Name: "user", Summary: "Account.", Keyed: true, KeyDoc: "Name of the account.",
		Document: document(usersPath, "/limits/user"), Item: &schema.Item{Element: "items", Key: "name"},
		Write: &schema.Write{Path: usersPath + "/{id}", Create: usersPath, Delete: usersPath + "/{id}"},
		Phase: schema.PhaseAccounts, Risk: schema.RiskLogin, Reboot: schema.RebootNever,
		Attributes: []*schema.Attribute{
			{Name: "level", Type: cty.String, Values: []string{administrator, "Operator", "Viewer"}, Required: true, Doc: "Rights of the account; only an Administrator may change anything."},
			{Name: "password", Type: cty.String, Secret: true, WriteOnly: true, Required: true, Doc: "Password of the account."},
		},
		Sessions: &schema.Sessions{Path: sessionsPath, Account: "user", Address: "address", Since: "since"},
		Guards: []*schema.Guard{{Role: schema.Accounts, Level: "level", Password: "password", Levels: map[string]string{
			schema.LevelViewer: "Viewer", schema.LevelOperator: "Operator", schema.LevelAdministrator: administrator,
		}}},
	},
	&schema.Kind{
		Name: "cloud", Summary: "Vendor's service, which not every device has.",
		Document: document("/cloud"),
		Phase:    schema.PhaseServices, Risk: schema.RiskService, Reboot: schema.RebootMaybe,
		Attributes: []*schema.Attribute{
			{Name: "enabled", Type: cty.Bool, Doc: "Whether the device calls the vendor."},
			{Name: "code", Type: cty.String, Secret: true, Doc: "Code of the device at the vendor, which it shows to anyone who asks."},
		},
	},
	&schema.Kind{
		Name: "channel", Summary: "Camera of a recorder.", Keyed: true, KeyDoc: "Number of the channel.",
		Document: document(channelsPath), Item: &schema.Item{Element: "items", Key: "id"},
		Works: &schema.Works{Path: channelsPath + "/{key}" + statusEnd, Element: "online", Values: []string{"true"}, Wait: 40 * time.Second},
		Phase: schema.PhaseServices, Risk: schema.RiskService, Reboot: schema.RebootNever,
		Attributes: []*schema.Attribute{
			{Name: "camera", Type: cty.String, Doc: "Host of the camera, with its port where that is not the usual one."},
			{Name: "username", Type: cty.String, Doc: "Account on the camera."},
			{Name: "password", Type: cty.String, Secret: true, WriteOnly: true, Doc: "Password of the account on the camera."},
		},
		Consumes: &schema.Consumes{Account: "username", Password: "password", Address: "camera", Serial: "serial"},
	},
	&schema.Kind{
		Name: "login_lock", Summary: "Lock after failed logins.",
		Document: document(lockPath, "/limits/login_lock"),
		Phase:    schema.PhaseLogin, Risk: schema.RiskLogin, Reboot: schema.RebootNever,
		Attributes: []*schema.Attribute{
			{Name: "enabled", Type: cty.Bool, Doc: "Whether the device locks at all."},
			{Name: "attempts", Type: cty.Number, Doc: "Failed logins after which it locks."},
			{Name: "minutes", Type: cty.Number, Unit: "minutes", Doc: "How long it stays locked."},
		},
		Guards: []*schema.Guard{{Role: schema.Lock, Enabled: "enabled", Attempts: "attempts"}},
	},
	&schema.Kind{
		Name: "https", Summary: "Encrypted way in.",
		Document: document(accessPath), Item: &schema.Item{Element: "items", Key: "protocol", Equals: "HTTPS"},
		Phase: schema.PhaseAccess, Risk: schema.RiskLockout, Reboot: schema.RebootMaybe,
		Attributes: []*schema.Attribute{
			{Name: "enabled", Type: cty.Bool, Doc: "Whether new connections are accepted."},
			{Name: "port", Type: cty.Number, Doc: "TCP port."},
			{Name: "redirect", Type: cty.Bool, Doc: "Whether HTTP redirects here."},
		},
		Guards: []*schema.Guard{
			{Role: schema.Redirect, From: schema.SchemeHTTP, Enabled: "redirect"},
			{Role: schema.Listener, Scheme: schema.SchemeHTTPS, Called: "HTTPS", Enabled: "enabled", Port: "port", Delivered: 443},
		},
	},
	&schema.Kind{
		Name: "service", Summary: "Further way in.", Keyed: true, Keys: []string{"HTTP", "RTSP"}, KeyDoc: "Protocol.",
		Document: document(accessPath), Item: &schema.Item{Element: "items", Key: "protocol"},
		Phase: schema.PhaseAccess, Risk: schema.RiskLockout, Reboot: schema.RebootMaybe,
		Attributes: []*schema.Attribute{
			{Name: "enabled", Type: cty.Bool, Doc: "Whether new connections are accepted."},
			{Name: "port", Type: cty.Number, Doc: "TCP port."},
		},
		Guards: []*schema.Guard{
			{Role: schema.Listener, Key: "HTTP", Scheme: schema.SchemeHTTP, Called: "HTTP", Enabled: "enabled", Port: "port", Delivered: 80},
			{Role: schema.Listener, Key: "RTSP", Scheme: schema.SchemeRTSP, Called: "RTSP", Enabled: "enabled", Port: "port", Delivered: 554},
		},
	},
	&schema.Kind{
		Name: "digest", Summary: "How clients prove a password.",
		Document: document(digestPath),
		Phase:    schema.PhaseLogin, Risk: schema.RiskLockout, Reboot: schema.RebootNever,
		Attributes: []*schema.Attribute{
			{Name: "algorithm", Type: cty.String, Values: []string{"MD5", "MD5/SHA256", "SHA256"}, Doc: "Digest algorithms that the device offers. Recorders may only know MD5."},
		},
		Guards: []*schema.Guard{{Role: schema.Authentication, Schemes: []string{schema.SchemeHTTP, schema.SchemeHTTPS}, Algorithm: "algorithm"}},
	},
	&schema.Kind{
		// It has no role and less risk than a real one, so that a device can be lost by a wrong value.
		Name: "filter", Summary: "Addresses that may connect.",
		Document: document(filterPath, "/limits/filter"),
		Phase:    schema.PhaseFilter, Risk: schema.RiskLogin, Reboot: schema.RebootNever,
		Attributes: []*schema.Attribute{
			{Name: "enabled", Type: cty.Bool, Doc: "Whether the list is in effect. The device then drops new connections from elsewhere."},
			{Name: "addresses", Type: cty.Set(cty.String), Doc: "IP addresses and prefixes."},
		},
	},
)

func document(path string, limits ...string) schema.Document {
	return schema.Document{Path: path, Root: "items", Capabilities: limits}
}

// factory are the documents of a device out of the box, without the name and the built-in account.
var factory = map[string]string{
	"/system":            `{"items":{"":{"location":"unknown"}}}`,
	timePath:             `{"items":{"":{"drift":0.25,"mode":"manual","zone":"UTC0"}}}`,
	"/cloud":             `{"items":{"":{"code":"ABCDEF","enabled":true}}}`,
	lockPath:             `{"items":{"":{"attempts":5,"enabled":true,"minutes":30}}}`,
	filterPath:           `{"items":{"":{"addresses":[],"enabled":false}}}`,
	usersPath:            `{"items":{}}`,
	channelsPath:         `{"items":{}}`,
	digestPath:           `{"items":{"":{"algorithm":"SHA256"}}}`,
	"/limits/system":     `{"items":{"name":{"max":32}}}`,
	"/limits/user":       `{"items":{"level":{"values":["Administrator","Operator","Viewer"]},"password":{"max":16,"min":8}}}`,
	"/limits/login_lock": `{"items":{"attempts":{"max":20,"min":3},"minutes":{"max":120,"min":1}}}`,
	"/limits/filter":     `{"items":{"addresses":{"max":32}}}`,
	accessPath: `{"items":{"HTTP":{"enabled":true,"port":80},"HTTPS":{"enabled":true,"port":443,"redirect":false},` +
		`"RTSP":{"enabled":true,"multicast":"239.0.0.1","port":554}}}`,
}
