package simulator

import (
	"cmp"
	"context"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"camform/providers/device"
)

// Options say which devices a fleet has. The zero value has one device of each built-in model, but lacks a password.
type Options struct {
	Models     []string         // built-in models in the order in which devices cycle over them; all if there are no Recordings, either
	Recordings string           // folder below which every folder with recorded answers is a further model
	Count      int              // number of devices; 0 for one of each model
	Seed       uint64           // of everything that is made up; the same options give the same fleet
	Net        netip.Prefix     // addresses, within 127.0.0.0/8; 127.10.0.0/16 if not valid
	Factory    netip.Addr       // of every device with the quirk FactoryAddress until it is given another; 192.168.1.64 if not valid
	Port       int              // that Listen opens and that addresses in the inventory have; 0 for the one the models have
	TLS        bool             // the port speaks HTTPS
	Username   string           // of the administrator of every device; admin if empty
	Password   string           // of that user; must not be empty
	Algorithm  string           // of digest: MD5, SHA256 or MD5/SHA256, where the model has the choice; "" for that of the model
	LockUnit   string           // in which devices count the time of a lock: minutes or seconds; "" for that of the model
	Clock      func() time.Time // of all devices; time.Now if nil
	Faults     Faults
	Wiring     Wiring

	// Witness, if there is one, is called when an HTTP request has reached a device that has not looked at it yet, and once more
	// when the device has carried it out and its answer has not left. The exchange waits until it returns.
	Witness func()
}

// Fleet is a number of devices with addresses. It is safe for concurrent use.
type Fleet struct {
	devices   []*Device
	recorders device.Recorders
	routes    device.Routes
	clock     func() time.Time
	byName    map[string]*Device
	clients   *places // where clients find devices
	visited   *places // where recorders do
	net       netip.Prefix
	port      atomic.Int32
	secure    bool
	witness   func() // nil if nobody watches
	pipes     *http.Server
}

var loopback = netip.MustParsePrefix("127.0.0.0/8")

// New makes a fleet. Nothing listens before Listen, Serve or DialContext.
func New(o Options) (*Fleet, error) {
	o, err := o.complete()
	if err != nil {
		return nil, err
	}
	blueprints, err := o.blueprints()
	if err != nil {
		return nil, err
	}
	count := cmp.Or(o.Count, len(blueprints))
	f := &Fleet{
		byName: make(map[string]*Device, count), clients: newPlaces(), visited: newPlaces(),
		clock: o.Clock, secure: o.TLS, witness: o.Witness, net: o.Net,
	}
	f.recorders.Clock, f.recorders.Visit = o.Clock, f.visit
	f.port.Store(int32(o.Port))
	f.pipes = f.server()
	address := o.Net.Masked().Addr()
	serials := map[string]bool{}
	for i := range count {
		if address, err = nextHost(o.Net, address); err != nil {
			return nil, fmt.Errorf("%d devices: %w", count, err)
		}
		d := o.device(blueprints[i%len(blueprints)], i, address)
		d.unit.distinguish(serials)
		serials[d.unit.identity.serial] = true
		f.add(d)
	}
	if err := f.wire(o); err != nil {
		return nil, fmt.Errorf("wiring: %w", err)
	}
	return f, nil
}

// complete fills in what the options leave open, and checks them.
func (o Options) complete() (Options, error) {
	if !o.Net.IsValid() {
		o.Net = netip.MustParsePrefix("127.10.0.0/16")
	}
	if !o.Factory.IsValid() {
		o.Factory = factory
	}
	o.Username = cmp.Or(o.Username, "admin")
	if o.Clock == nil {
		o.Clock = time.Now
	}
	if len(o.Models) == 0 && o.Recordings == "" {
		o.Models = Models()
	}
	switch {
	case o.Password == "":
		return o, errors.New("the devices need a password")
	case o.Count < 0:
		return o, errors.New("the number of devices is negative")
	case !loopback.Contains(o.Net.Addr()) || o.Net.Bits() < loopback.Bits():
		return o, fmt.Errorf("network %s is not within %s", o.Net, loopback)
	case !o.Factory.Is4():
		return o, fmt.Errorf("the address of the factory, %s, is not an IPv4 address", o.Factory)
	case o.Algorithm != "" && algorithms[o.Algorithm] == nil:
		return o, fmt.Errorf("algorithm %q is not one of MD5, SHA256, MD5/SHA256", o.Algorithm)
	case o.LockUnit != "" && o.LockUnit != "minutes" && o.LockUnit != "seconds":
		return o, fmt.Errorf("unit of locks %q is not one of minutes, seconds", o.LockUnit)
	case o.Port < 0 || o.Port > 65535:
		return o, fmt.Errorf("port %d is not between 0 and 65535", o.Port)
	}
	return o, o.Faults.Check()
}

// blueprints are the models that the devices cycle over.
func (o Options) blueprints() ([]*blueprint, error) {
	known, err := builtIn()
	if err != nil {
		return nil, err
	}
	var all []*blueprint
	for _, name := range o.Models {
		b, found := known[name]
		if !found {
			return nil, fmt.Errorf("model %q is not one of %s", name, strings.Join(Models(), ", "))
		}
		all = append(all, b)
	}
	if o.Recordings != "" {
		recorded, err := loadRecordings(o.Recordings)
		if err != nil {
			return nil, err
		}
		all = append(all, recorded...)
	}
	for i, b := range all {
		if all[i], err = b.withAlgorithm(o.Algorithm); err != nil {
			return nil, fmt.Errorf("model %s: %w", b.name, err)
		}
		if all[i], err = all[i].withLockUnit(o.LockUnit); err != nil {
			return nil, fmt.Errorf("model %s: %w", b.name, err)
		}
	}
	return all, nil
}

// device makes the i-th device.
func (o Options) device(b *blueprint, i int, address netip.Addr) *Device {
	d := newDevice(b, mix(o.Seed)+uint64(i), fmt.Sprintf("%s-%04d", b.name, i+1), address, o.Clock)
	d.unit.admin, d.unit.factory = o.Username, o.Factory
	d.unit.core.Accounts.Set(o.Username, administrator, o.Password)
	for _, name := range b.recordedUsers() {
		if d.unit.core.Accounts.Named(name) == nil {
			d.unit.core.Accounts.Set(name, "Viewer", d.unit.identity.salt)
		}
	}
	d.unit.syncPermissions()
	for _, q := range o.Faults.Quirks {
		if glob(q.Device, d.unit.name) {
			d.unit.setQuirks(q.Quirks)
		}
	}
	for _, r := range o.Faults.Rules {
		if glob(r.Device, d.unit.name) {
			d.faults.Add(r)
		}
	}
	return d
}

func (f *Fleet) add(d *Device) {
	d.unit.fleet = f
	f.devices = append(f.devices, d)
	f.byName[d.unit.name] = d
	f.clients.add(d)
	f.visited.add(d)
	d.unit.obey(d.unit.running)
}

var errFull = errors.New("the network has no more addresses")

// nextHost is the next address of the network that does not end in 0 or 255.
func nextHost(within netip.Prefix, address netip.Addr) (netip.Addr, error) {
	for {
		address = address.Next()
		if !within.Contains(address) {
			return address, errFull
		}
		if last := address.As4()[3]; last != 0 && last != 255 {
			return address, nil
		}
	}
}

// loadRecordings makes a blueprint of every folder below dir that holds recorded answers, in the order of their names.
// Its name is the path to the folder with dashes. Folders without a document and without a refusal are left out.
func loadRecordings(dir string) ([]*blueprint, error) {
	var all []*blueprint
	err := filepath.WalkDir(dir, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || !entry.IsDir() || entry.Name() != "ISAPI" {
			return err
		}
		b, err := loadRecording(dir, filepath.Dir(path))
		if err != nil {
			return err
		}
		if len(b.documents)+len(b.refusals) > 0 {
			all = append(all, b)
		}
		return fs.SkipDir
	})
	if err == nil && len(all) == 0 {
		err = errors.New("not a folder with recorded answers")
	}
	if err != nil {
		return nil, fmt.Errorf("recordings in %s: %w", dir, err)
	}
	return all, nil
}

func loadRecording(dir, folder string) (*blueprint, error) {
	name, err := filepath.Rel(dir, folder)
	if err != nil {
		return nil, err
	}
	if name == "." {
		name = filepath.Base(folder)
	}
	b := &blueprint{name: strings.ReplaceAll(filepath.ToSlash(name), "/", "-"), recorded: true, personality: recordedPersonality()}
	if b.documents, b.refusals, err = readDocuments(os.DirFS(folder)); err != nil {
		return nil, err
	}
	for path, d := range b.documents {
		d.filled = false // what looks like a placeholder was recorded
		b.documents[path] = d
	}
	b.reconcile()
	if info, err := scan(b.documents[deviceInfoPath].body); err == nil {
		b.takeKind(info.value("deviceType"))
	}
	return b, b.derive()
}

// takeKind derives kind and manners from a recorded deviceType.
func (b *blueprint) takeKind(deviceType string) {
	switch {
	case strings.HasPrefix(deviceType, "IP"):
		b.Kind, b.Challenge, b.personality.Realm = "camera", cameraChallenge, "IP Camera(#####)"
	case deviceType == "NVR":
		b.Kind = "recorder"
	case deviceType != "":
		b.Kind = strings.ToLower(deviceType)
	}
}

// recordedUsers are the names in a recorded list of users.
func (b *blueprint) recordedUsers() []string {
	if !b.recorded {
		return nil
	}
	root, err := scan(b.documents[usersPath].body)
	if err != nil {
		return nil
	}
	var names []string
	for _, u := range root.children {
		names = append(names, u.value("userName"))
	}
	return names
}

// Devices are the devices of the fleet in the order of their addresses. The slice is the caller's.
func (f *Fleet) Devices() []*Device { return slices.Clone(f.devices) }

// Device returns the device of that name, or nil.
func (f *Fleet) Device(name string) *Device { return f.byName[name] }

// URL is where clients find a device of the fleet.
func (f *Fleet) URL(d *Device) *url.URL {
	scheme := "http"
	if f.secure {
		scheme = "https"
	}
	host := d.unit.address.String()
	if port := f.port.Load(); port != 0 {
		host = netip.AddrPortFrom(d.unit.address, uint16(port)).String()
	}
	return &url.URL{Scheme: scheme, Host: host}
}

// WriteInventory writes a line of CSV for each device that is not hidden, after a line of names:
// name, address (a URL), serial, mac, model, firmware, kind.
func (f *Fleet) WriteInventory(w io.Writer) error {
	out := csv.NewWriter(w)
	out.Write([]string{"name", "address", "serial", "mac", "model", "firmware", "kind"})
	for _, d := range f.devices {
		if d.hidden {
			continue
		}
		out.Write([]string{d.unit.name, f.URL(d).String(), d.unit.identity.serial, d.unit.identity.mac, d.unit.model.product, d.unit.model.firmware, d.Kind()})
	}
	out.Flush()
	return out.Error()
}

// server makes a web server that hands each connection to its device.
func (f *Fleet) server() *http.Server {
	return &http.Server{
		Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			l, ok := r.Context().Value(linkKey{}).(*link)
			if !ok {
				panic("this is a bug: a connection without a device")
			}
			l.device.ServeHTTP(w, r)
		}),
		ConnContext: withLink,
		ConnState:   markIdle,
		ErrorLog:    log.New(io.Discard, "", 0),
	}
}

// Serve answers connections that the listener accepts, each by the device of its local address, until ctx is done or the
// listener fails. The port of the listener stands for the port of the scheme that the models have: when a device is set
// to use another one, it is reached there only. Serve closes the listener.
func (f *Fleet) Serve(ctx context.Context, listener net.Listener) error {
	server := f.server()
	stop := context.AfterFunc(ctx, func() { server.Close() })
	defer stop()
	err := server.Serve(&deviceListener{Listener: listener, fleet: f})
	if ctx.Err() != nil || errors.Is(err, http.ErrServerClosed) {
		return nil
	}
	return err
}
