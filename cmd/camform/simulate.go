package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"os"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"camform/engine/render"
	"camform/engine/vault"
	"camform/providers/hikvision/simulator"
)

// simulateHelp tells how to run simulated devices, and what more than that there is.
var simulateHelp = `Run a fleet of simulated cameras and recorders, each on its own address in 127.0.0.0/8. They store the settings that you
write, ask for digest authentication, lock after too many failed logins, and differ from each other as real ones do.

Third-party clients get what they expect, too: sessions of the web page, the stream of events, pictures, and documents that
may be written back in another serialisation. A fault file with the quirk exactBodies makes devices reject these, as some do.

The fleet cycles through the built-in models; -recordings serves recorded answers of real devices instead. The fleet runs
until it is interrupted. Started again with the same -seed, it has the same serial numbers and TLS keys, and factory settings.
Fleets in different networks (-net) can share a port, up to 512 devices each.

    export CAMERA_PASSWORD=Correct-Horse-7
    camform simulate -count 24 -inventory inventory.csv

With -sadp, they can be discovered, too:

    camform simulate -sadp 127.0.0.1:37020
    camform discover -target 127.0.0.1:37020

With -control, camform simulate ctl resets them as if you stood in front of them:

    camform simulate -control 127.0.0.1:8480
    camform simulate ctl reset camera-v57-0003 wipe

The built-in models are ` + strings.Join(simulator.Models(), ", ") + `.

A fault file makes devices behave oddly. A quirk is switched on for the devices whose names match. A rule does something to the
requests that it selects: the nth of them, every so many, the first so many (times), or by chance (probability). camform simulate
habits lists all quirks and actions. An action may need status, code, bytes, delay, failures or entries:

    {"quirks": [{"device": "camera-*", "crlf": true}],
     "rules": [{"device": "camera-*", "method": "PUT", "path": "/ISAPI/System/*", "nth": 2, "action": "drop-reply"},
               {"device": "recorder-*", "method": "GET", "path": "*", "every": 10, "action": "latency", "delay": "1.5s"}]}

Such a file also makes new devices, which share an address and have no password:

    {"quirks": [{"device": "camera-*", "inactive": true, "factoryAddress": true}]}

    camform simulate -faults new.json -factory 127.10.200.64

With -wiring, a recorder shows cameras of the fleet. It logs in to them every ten seconds, and reports why a channel is offline
when a camera shuts it out. The names are those of the inventory:

    {"accounts": [{"devices": "camera-*", "name": "nvr", "passwordEnv": "NVR_PASSWORD"}],
     "channels": [{"recorder": "recorder-v2-0007", "camera": "camera-v57-0003", "username": "nvr", "passwordEnv": "NVR_PASSWORD"}]}`

func simulateCommand(a *app) *cobra.Command {
	var o simulator.Options
	var network, factory, inventory, ready, faults, wiring, from string
	var at faces
	cmd := &cobra.Command{
		Use:   "simulate",
		Short: "Run simulated devices on loopback addresses, to try camform",
		Long:  simulateHelp,
		Args:  noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			var err error
			if o.Password, err = a.simulatedPassword(cmd.Context(), passwordOption, from); err != nil {
				return err
			}
			if o.Net, err = netip.ParsePrefix(network); err != nil {
				return fmt.Errorf("-net: %q is not a network such as 127.10.0.0/16", network)
			}
			if o.Factory, err = netip.ParseAddr(factory); err != nil {
				return fmt.Errorf("-factory: %q is no address", factory)
			}
			if o.Faults, err = a.readFaults(faults); err != nil {
				return err
			}
			if o.Wiring, err = a.readWiring(wiring); err != nil {
				return err
			}
			return a.simulate(cmd.Context(), o, at, inventory, ready)
		},
	}
	f := cmd.Flags()
	f.StringVar(&network, "net", "127.10.0.0/16", "give the devices addresses of this `NET`work, inside 127.0.0.0/8")
	f.StringVar(&factory, "factory", "192.168.1.64", "`ADDR`ess of devices with the quirk factoryAddress; choose one in 127.0.0.0/8 to reach them")
	f.IntVar(&o.Port, "port", 8443, "listen on this `PORT`")
	f.BoolVar(&o.TLS, "tls", false, "speak HTTPS, with a certificate of its own for each device")
	f.IntVar(&o.Count, "count", 0, "run this `N`umber of devices; 0 means one of each model")
	f.StringSliceVar(&o.Models, "models", nil, "built-in `MODELS` to cycle over, separated by commas; all by default")
	f.StringVar(&o.Recordings, "recordings", "", "serve every folder below this `DIR` that holds recorded answers")
	f.Uint64Var(&o.Seed, "seed", 1, "determines serial numbers, TLS keys and so on; the same seed gives the same fleet")
	f.StringVar(&o.Username, "username", "admin", "`NAME` of the administrator on every device")
	f.StringVar(&from, passwordOption, "env:CAMERA_PASSWORD", "read the administrator's password from this `ORIGIN`, such as env:NAME or file:PATH")
	f.StringVar(&o.Algorithm, "digest", "", "digest algorithm where a model has the choice: MD5, SHA256 or MD5/SHA256")
	f.StringVar(&o.LockUnit, "lock-unit", "", "`UNIT` in which cameras count the time of a lockout: minutes or seconds; by default that of the model")
	f.StringVar(&inventory, "inventory", "", "write the devices to this CSV `FILE`")
	f.StringVar(&ready, "ready", "", "create this `FILE` once the devices answer")
	f.StringVar(&faults, "faults", "", "make devices misbehave as this JSON `FILE` says")
	f.StringVar(&at.sadp, "sadp", "", "answer inquiries of camform discover at this loopback `ADDR`:PORT, for all devices")
	f.StringVar(&at.control, "control", "", "let camform simulate ctl act on the devices, at this loopback `ADDR`:PORT, such as "+usualControl)
	f.StringVar(&wiring, "wiring", "", "let recorders show cameras of the fleet as this JSON `FILE` says")
	cmd.AddCommand(simulateCtlCommand(a), simulateHabitsCommand(a))
	return cmd
}

// simulatedPassword reads the password of simulated devices from the origin that an option names.
func (a *app) simulatedPassword(ctx context.Context, option, origin string) (string, error) {
	rules, err := a.rules()
	if err != nil {
		return "", err
	}
	names, whole := rules.Environment()
	from := &vault.Origins{
		Env: a.env, Dir: ".",
		Check: func(origin string) error { return rules.CheckOrigin(origin, ".") },
		Shows: func(variable string) bool { return whole || slices.Contains(names, variable) },
	}
	secret, err := from.Read(ctx, origin)
	if err != nil {
		return "", fmt.Errorf("-%s: %w", option, err)
	}
	return secret.Reveal(), nil
}

func simulateHabitsCommand(a *app) *cobra.Command {
	return &cobra.Command{
		Use:   "habits",
		Short: "List the odd habits that a fault file can give to simulated devices",
		Long: `List the odd habits that a fault file can give to simulated devices (camform simulate -faults FILE). A quirk applies to
devices, the action of a rule to the requests that the rule selects:

    {"quirks": [{"device": "camera-*", "crlf": true}],
     "rules": [{"device": "camera-*", "method": "PUT", "path": "/ISAPI/System/*", "nth": 2, "action": "drop-reply"}]}`,
		Args: noArgs,
		RunE: func(*cobra.Command, []string) error {
			for _, h := range simulator.Habits() {
				sort := "quirk"
				if h.Rule {
					sort = "action"
				}
				fmt.Fprintf(a.out, "%-18s %-7s %s\n", h.Name, sort, h.What)
			}
			return nil
		},
	}
}

// faces are the addresses at which a fleet does more than to answer its clients; empty for none.
type faces struct{ sadp, control string }

// wrong says what is wrong with the addresses, before anybody listens at one.
func (f faces) wrong() error {
	for _, face := range []struct{ flag, at, example string }{{"sadp", f.sadp, "127.0.0.1:37020"}, {"control", f.control, usualControl}} {
		if face.at == "" {
			continue
		}
		if address, err := netip.ParseAddrPort(face.at); err != nil || !address.Addr().IsLoopback() {
			return fmt.Errorf("-%s: %q is not a loopback address with a port, such as %s", face.flag, face.at, face.example)
		}
	}
	return nil
}

func (a *app) readWiring(path string) (simulator.Wiring, error) {
	if path == "" {
		return simulator.Wiring{}, nil
	}
	file, err := os.Open(path)
	if err != nil {
		return simulator.Wiring{}, fmt.Errorf("-wiring: %w", err)
	}
	defer file.Close()
	w, err := simulator.ParseWiring(file, a.env)
	if err != nil {
		return simulator.Wiring{}, fmt.Errorf("-wiring: %s: %w", path, err)
	}
	return w, nil
}

func (a *app) readFaults(path string) (simulator.Faults, error) {
	if path == "" {
		return simulator.Faults{}, nil
	}
	file, err := os.Open(path)
	if err != nil {
		return simulator.Faults{}, fmt.Errorf("-faults: %w", err)
	}
	defer file.Close()
	faults, err := simulator.ParseFaults(file)
	if err != nil {
		return simulator.Faults{}, fmt.Errorf("-faults: %s: %w", path, err)
	}
	return faults, nil
}

func (a *app) simulate(parent context.Context, o simulator.Options, at faces, inventory, ready string) error {
	if err := at.wrong(); err != nil {
		return err
	}
	fleet, err := simulator.New(o)
	if err != nil {
		return err
	}
	_, stop, release := a.interruptible(parent)
	defer release()
	listener, err := fleet.Listen(stop)
	switch {
	case errors.Is(err, syscall.EADDRINUSE):
		return fmt.Errorf("%w; another program is using port %d there: choose another port with -port, or other addresses with -net", err, o.Port)
	case err != nil:
		return err
	}
	if err := answerInquiries(stop, fleet, at.sadp); err != nil {
		return errors.Join(err, listener.Close())
	}
	if err := a.letPeopleAct(stop, fleet, at.control); err != nil {
		return errors.Join(err, listener.Close())
	}
	served := make(chan error, 1)
	go func() { served <- fleet.Serve(stop, listener) }()
	if err := a.announce(fleet, inventory, ready); err != nil {
		return errors.Join(err, listener.Close())
	}
	err = <-served
	if stop.Err() != nil || errors.Is(err, net.ErrClosed) {
		fmt.Fprintln(a.err, "The simulated devices have stopped.")
		return nil
	}
	return err
}

// answerInquiries lets the devices be found at a loopback address, until ctx is done. An empty one is none.
func answerInquiries(ctx context.Context, fleet *simulator.Fleet, at string) error {
	if at == "" {
		return nil
	}
	conn, err := net.ListenPacket("udp", at)
	if err != nil {
		return fmt.Errorf("-sadp: %w", err)
	}
	go func() { _ = fleet.ServeSADP(ctx, conn) }() // an inquiry shows that it failed
	return nil
}

// letPeopleAct serves camform simulate ctl at a loopback address, until ctx is done. An empty one is none.
func (a *app) letPeopleAct(ctx context.Context, fleet *simulator.Fleet, at string) error {
	if at == "" {
		return nil
	}
	var config net.ListenConfig
	listener, err := config.Listen(ctx, "tcp", at)
	if err != nil {
		return fmt.Errorf("-control: %w", err)
	}
	server := &http.Server{Handler: fleet.Control(), ReadHeaderTimeout: 10 * time.Second}
	context.AfterFunc(ctx, func() { server.Close() })
	go func() { _ = server.Serve(listener) }() // camform simulate ctl shows that it failed
	fmt.Fprintf(a.out, "To act on the devices, run camform simulate ctl -control %s.\n", listener.Addr())
	return nil
}

// announce writes the inventory, tells where the devices are, and last creates the file that scripts wait for.
func (a *app) announce(fleet *simulator.Fleet, inventory, ready string) error {
	devices := fleet.Devices()
	if inventory != "" {
		var csv bytes.Buffer
		if err := fleet.WriteInventory(&csv); err != nil {
			return err
		}
		if err := inventoryProduct.write(inventory, csv.Bytes()); err != nil {
			return fmt.Errorf("-inventory: %w", err)
		}
	}
	first, last := devices[0], devices[len(devices)-1]
	fmt.Fprintf(a.out, "%s simulated, from %s (%s) to %s (%s). Interrupt to stop.\n",
		render.Plural(len(devices), "device"), fleet.URL(first), first.Name(), fleet.URL(last), last.Name())
	if ready == "" {
		return nil
	}
	if err := readyProduct.write(ready, []byte("ready\n")); err != nil {
		return fmt.Errorf("-ready: %w", err)
	}
	return nil
}
