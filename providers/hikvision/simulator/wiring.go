package simulator

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/netip"
	"strconv"
	"strings"

	"camform/providers/device"
)

// Wiring says which recorder shows which camera, and where it has it. Names of devices are those of the inventory; where a
// field is called devices, it is a glob in which * stands for any text.
type Wiring struct {
	Accounts  []Account `json:"accounts"`
	Channels  []Channel `json:"channels"`
	Routes    []Route   `json:"routes"`
	Sessions  []Session `json:"sessions"`
	Hidden    []string  `json:"hidden"`    // devices in the network of a recorder: only routes lead there, and they are in no inventory
	Unplugged []string  `json:"unplugged"` // devices that do not answer

	Impostors []Impostor `json:"impostors"`
	Answers   []Answers  `json:"answers"`
}

// Impostor is a device that claims to be another one.
type Impostor struct {
	Device string `json:"device"`
	Serial string `json:"serial"` // the device whose serial number it claims; its own if empty
	MAC    string `json:"mac"`    // the device whose hardware address it claims; its own if empty
}

// Answers says who answers at an address that several devices have: see [Fleet.Answer].
type Answers struct {
	Address netip.Addr `json:"address"`
	Devices []string   `json:"devices"`
}

// Account is an account that devices have beside the administrator.
type Account struct {
	Devices  string `json:"devices"`
	Name     string `json:"name"`
	Level    string `json:"level"` // Operator if empty
	Password string `json:"-"`     // in files "passwordEnv", the environment variable that holds it
}

// Channel is a camera of a recorder. A recorder that has one has no others than those that the wiring gives it.
type Channel struct {
	Recorder string `json:"recorder"`
	Camera   string `json:"camera"`   // may be empty: then nobody is at the address, unless a route leads there
	Name     string `json:"name"`     // that of the camera if empty
	Protocol string `json:"protocol"` // HIKVISION if empty

	// Address is where the recorder has the camera. Empty, it is that of the camera; another one is a route that leads this
	// recorder there, with all ports.
	Address  netip.Addr `json:"address"`
	Port     uint16     `json:"port"`     // 8000 if 0, or 80 for ONVIF
	Username string     `json:"username"` // that of the administrator if empty, with the password of that
	Password string     `json:"-"`        // in files "passwordEnv", as of an account
	Plugged  bool       `json:"plugged"`  // at a PoE port of the recorder, where the model tells
	Mute     bool       `json:"mute"`     // it tells neither model nor serial number nor firmware of the camera
}

// Route leads recorders to a camera at an address that is not its own.
type Route struct {
	Recorder   string     `json:"recorder"` // all if empty
	Address    netip.Addr `json:"address"`
	Port       uint16     `json:"port"` // every port if 0
	Camera     string     `json:"camera"`
	CameraPort uint16     `json:"cameraPort"` // the one that the recorder has if 0
	Source     netip.Addr `json:"source"`     // whom the camera sees; the recorder if empty
}

// Session is somebody who is logged in at the web page of devices.
type Session struct {
	Devices string     `json:"devices"`
	User    string     `json:"user"`
	Address netip.Addr `json:"address"`
}

// ParseWiring reads a wiring file, and the passwords that it names from the environment. Unknown names in it are errors.
func ParseWiring(r io.Reader, env func(string) (string, bool)) (Wiring, error) {
	type secret struct {
		Variable string `json:"passwordEnv"`
	}
	var file struct {
		Wiring
		Accounts []struct {
			Account
			secret
		} `json:"accounts"`
		Channels []struct {
			Channel
			secret
		} `json:"channels"`
	}
	decoder := json.NewDecoder(r)
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&file); err != nil {
		return Wiring{}, err
	}
	var missing []string
	password := func(s secret) string {
		value, set := env(s.Variable)
		if s.Variable != "" && !set {
			missing = append(missing, s.Variable)
		}
		return value
	}
	w := file.Wiring
	for _, a := range file.Accounts {
		a.Password = password(a.secret)
		w.Accounts = append(w.Accounts, a.Account)
	}
	for _, c := range file.Channels {
		c.Password = password(c.secret)
		w.Channels = append(w.Channels, c.Channel)
	}
	if len(missing) > 0 {
		return Wiring{}, fmt.Errorf("the environment has no %s", strings.Join(missing, ", "))
	}
	return w, nil
}

// wire makes the devices of a fleet what a wiring says.
func (f *Fleet) wire(o Options) error {
	w := o.Wiring
	for i, c := range w.Impostors {
		if err := f.disguise(c); err != nil {
			return fmt.Errorf("impostor %d: %w", i+1, err)
		}
	}
	for i, a := range w.Answers {
		if err := f.Answer(a.Address, a.Devices...); err != nil {
			return fmt.Errorf("answers %d: %w", i+1, err)
		}
	}
	for i, a := range w.Accounts {
		err := f.matching(a.Devices, func(d *Device) {
			if !d.Inactive() {
				d.SetUser(a.Name, cmp.Or(a.Level, "Operator"), a.Password)
			}
		})
		if err != nil {
			return fmt.Errorf("account %d: %w", i+1, err)
		}
	}
	for i, r := range w.Routes {
		if err := f.route(r); err != nil {
			return fmt.Errorf("route %d: %w", i+1, err)
		}
	}
	for i, c := range w.Channels {
		if err := f.wireChannel(o, c); err != nil {
			return fmt.Errorf("channel %d: %w", i+1, err)
		}
	}
	for i, s := range w.Sessions {
		err := f.matching(s.Devices, func(d *Device) { d.OpenSession(s.User, s.Address) })
		if err != nil {
			return fmt.Errorf("session %d: %w", i+1, err)
		}
	}
	for _, d := range f.devices {
		d.unit.publishChannels()
	}
	return f.take(w)
}

// take hides devices, and takes the power from some.
func (f *Fleet) take(w Wiring) error {
	for _, devices := range w.Hidden {
		if err := f.matching(devices, func(d *Device) { d.hidden = true }); err != nil {
			return fmt.Errorf("hidden: %w", err)
		}
	}
	for _, devices := range w.Unplugged {
		if err := f.matching(devices, (*Device).Unplug); err != nil {
			return fmt.Errorf("unplugged: %w", err)
		}
	}
	return nil
}

// matching calls act for the devices whose names a glob matches; there must be at least one.
func (f *Fleet) matching(devices string, act func(*Device)) error {
	found := false
	for _, d := range f.devices {
		if glob(devices, d.unit.name) {
			found = true
			act(d)
		}
	}
	if !found {
		return fmt.Errorf("no device matches %q", devices)
	}
	return nil
}

// disguise gives a device what an impostor claims.
func (f *Fleet) disguise(c Impostor) error {
	d := f.byName[c.Device]
	switch {
	case d == nil:
		return fmt.Errorf("there is no device %q", c.Device)
	case d.unit.model.recorded:
		return fmt.Errorf("%s answers as it was recorded", c.Device)
	}
	for _, name := range []string{c.Serial, c.MAC} {
		if name != "" && f.byName[name] == nil {
			return fmt.Errorf("there is no device %q", name)
		}
	}
	if c.Serial != "" {
		d.unit.identity.serial = f.byName[c.Serial].unit.identity.serial
	}
	if c.MAC != "" {
		d.unit.identity.mac = f.byName[c.MAC].unit.identity.mac
	}
	return nil
}

func (f *Fleet) route(r Route) error {
	if f.byName[r.Camera] == nil {
		return fmt.Errorf("there is no device %q", r.Camera)
	}
	if r.Recorder != "" && f.byName[r.Recorder] == nil {
		return fmt.Errorf("there is no device %q", r.Recorder)
	}
	if !r.Address.IsValid() {
		return errors.New("it has no address")
	}
	f.routes.Add(device.Route{
		Recorder: r.Recorder, To: netip.AddrPortFrom(r.Address, r.Port), Camera: r.Camera, Port: r.CameraPort, Source: r.Source,
	})
	return nil
}

func (f *Fleet) wireChannel(o Options, c Channel) error {
	recorder, camera := f.byName[c.Recorder], f.byName[c.Camera]
	switch {
	case recorder == nil:
		return fmt.Errorf("there is no device %q", c.Recorder)
	case recorder.unit.model.templates[channelsPath] == nil:
		return fmt.Errorf("%s has no channels for cameras", c.Recorder)
	case c.Camera != "" && camera == nil:
		return fmt.Errorf("there is no device %q", c.Camera)
	case camera == nil && !c.Address.IsValid():
		return errors.New("it has neither a camera nor an address")
	case camera == nil:
	case !c.Address.IsValid():
		c.Address = camera.unit.address
	case c.Address != camera.unit.address:
		if err := f.route(Route{Recorder: c.Recorder, Address: c.Address, Camera: c.Camera}); err != nil {
			return err
		}
	}
	if c.Username == "" {
		c.Username, c.Password = o.Username, o.Password
	}
	c.Name, c.Protocol = cmp.Or(c.Name, c.Camera), cmp.Or(c.Protocol, "HIKVISION")
	c.Port = cmp.Or(c.Port, uint16(usualPort(c.Protocol)))
	return recorder.unit.addChannel(c)
}

// addChannel adds a channel to those that a wiring gave to the device before.
func (d *unit) addChannel(c Channel) error {
	list := d.own[channelsPath]
	if !d.wired {
		d.wired = true
		list = d.model.documents[channelsPath].body
		if root, err := scan(list); err == nil {
			list = apply(list, []edit{root.setContent(list, "\n")})
		}
	}
	root, err := scan(list)
	if err != nil {
		return err
	}
	id := freeItemID(root)
	item, err := c.item(d.model.templates[channelsPath], id)
	if err != nil {
		return err
	}
	d.own[channelsPath] = apply(list, []edit{root.appendChild(list, strings.TrimSpace(string(item)))})
	d.secrets[channelsPath+"#InputProxyChannel["+id+"]/sourceInputPortDescriptor/password"] = c.Password
	return nil
}

// item is the channel as the model spells it.
func (c Channel) item(template []byte, id string) ([]byte, error) {
	root, err := scan(template)
	if err != nil {
		return nil, err
	}
	texts := map[string]string{
		"id": id, "name": c.Name, "proxyProtocol": c.Protocol, "ipAddress": c.Address.String(), "managePortNo": strconv.Itoa(int(c.Port)), "userName": c.Username,
	}
	if c.Plugged {
		texts["connMode"] = "plugplay"
	}
	var edits []edit
	root.walk(func(e *element) {
		text, told := texts[e.name]
		switch {
		case told && e.leaf():
			edits = append(edits, e.setText(template, text))
		case c.Mute && cameraElements[e.name] != nil:
			edits = append(edits, e.remove(template))
		}
	})
	return apply(template, edits), nil
}
