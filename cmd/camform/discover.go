package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"camform/cmd/camform/view"
	"camform/engine/config"
	"camform/engine/diag"
	"camform/engine/discovery"
	"camform/engine/render"
	"camform/providers"
	"camform/providers/hikvision/sadp"
	"camform/providers/hikvision/sweep"
)

func discoverCommand(a *app) *cobra.Command {
	o := &discovering{}
	cmd := &cobra.Command{
		Use:   "discover",
		Short: "Find devices on the network, without a password",
		Long: `Search the network for devices, and compare them with the configuration and with the state. camform logs in nowhere, and
changes nothing on any device. You say where to search:

    camform discover -interface eth0          the whole network of an interface, with the vendor's discovery protocol (SADP).
                                              Devices answer whatever address they have, even before they are activated.
    camform discover -target 192.0.2.7        one address, with the same protocol
    camform discover -range 192.168.1.0/24    each address of a range, with one web request that needs no login

They can be combined. Without any of them, camform lists the interfaces. A range must be of private addresses, or within the
networks that the operator's rules name, if they name any.

Cameras that recorders of the configuration reported when camform last read them are listed as well.

Exit code: 0 if a device was found, 1 if none was or the search was interrupted.`,
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return a.discover(cmd, o) },
	}
	f := cmd.Flags()
	f.StringSliceVar(&o.interfaces, "interface", nil, "search the whole network of this interface (`IF`); may be repeated")
	f.StringVar(&o.target, "target", "", "ask one address: `ADDR`, or ADDR:PORT if the port is not 37020")
	f.StringVar(&o.span, "range", "", "ask each address of this range (`CIDR`)")
	f.IntVar(&o.most, "max", 1024, "ask at most `N` addresses of a range")
	f.Uint16Var(&o.port, "port", 0, "ask the addresses of a range at this `PORT` instead of 443 and 80")
	o.addVars(f)
	formatOption(f, &o.format, view.JSON, "json", "print one JSON document instead of text")
	formatOption(f, &o.format, view.CSV, "csv", "print CSV")
	formatOption(f, &o.format, view.HCL, "hcl", "print device blocks for the devices that the configuration lacks, to paste into it")
	return cmd
}

// discovering is where to look for devices, as it was typed.
type discovering struct {
	runFlags
	interfaces   []string
	target, span string
	most         int
	port         uint16
}

// search is where to look for devices, once that is known to be allowed.
type search struct {
	interfaces []net.Interface
	target     netip.AddrPort // not valid where none was named
	addresses  []netip.Addr
	span       string // that the addresses are of
	port       uint16
}

func (a *app) discover(cmd *cobra.Command, o *discovering) error {
	b, err := a.begin()
	if err != nil {
		return err
	}
	s, err := o.search(b.rules.Within("."))
	if err != nil {
		return err
	}
	cfg, err := b.compared(o)
	if err != nil {
		return err
	}
	want, err := b.expected(cmd.Context(), cfg)
	if err != nil {
		return err
	}
	if o.target == "" && o.span == "" && len(o.interfaces) == 0 {
		if s.interfaces, err = a.choose(); err != nil {
			return err
		}
	}
	_, stop, release := a.interruptible(cmd.Context())
	defer release()
	found, asked := a.search(stop, s)
	want.Networks = s.networks()
	r, err := discovery.Make(found, want)
	if err != nil {
		return err
	}
	r.At = time.Now()
	if err := view.NewDiscovery(o.format, a.stdout()).Found(r, taken(cfg)); err != nil {
		return err
	}
	switch {
	case stop.Err() != nil:
		return errors.New("interrupted; the devices found until then are shown")
	case asked != nil:
		return asked
	case len(found) == 0:
		return errors.New("no device answered, which does not prove that there is none")
	}
	return nil
}

// compared is the configuration that what is found is compared with. Somebody who begins has none.
func (b *beginning) compared(o *discovering) (*config.Config, error) {
	if present, err := hasConfiguration("."); err != nil || !present {
		return &config.Config{}, err
	}
	cfg, problems := b.judged(&o.runFlags, config.SecretsUnknown)
	return cfg, b.report(problems, cfg.Sources)
}

// expected is what the configuration and the state know of devices. A state that is not there is not made.
func (b *beginning) expected(ctx context.Context, cfg *config.Config) (discovery.Expected, error) {
	want := discovery.Expected{Devices: cfg.Devices}
	m, err := b.recall(ctx, "discover", b.settings.StatePath, b.source.Moves())
	if err != nil || m.store == nil {
		return want, err
	}
	defer m.close()
	if want.Remembered, err = m.store.AllDevices(ctx); err != nil {
		return want, err
	}
	want.Told, err = m.store.AllUses(ctx)
	return want, err
}

// search finds out whether what was typed makes sense, and whether it is allowed to ask there.
func (o *discovering) search(bounds providers.Bounds) (search, error) {
	s := search{span: o.span, port: o.port}
	for _, name := range o.interfaces {
		i, err := net.InterfaceByName(name)
		if err != nil {
			return s, fmt.Errorf("-interface: this machine has no interface %s; camform discover lists them", diag.Quote(name))
		}
		s.interfaces = append(s.interfaces, *i)
	}
	var err error
	if o.target != "" {
		if s.target, err = target(o.target); err != nil {
			return s, err
		}
		if why := bounds.Refuse(s.target.Addr()); why != "" {
			return s, fmt.Errorf("-target: %s is not allowed by the operator: %s", s.target.Addr(), why)
		}
	}
	if o.span != "" {
		s.addresses, err = addressesOf(o.span, o.most, bounds)
	}
	return s, err
}

// target reads an address with or without a port.
func target(text string) (netip.AddrPort, error) {
	at, err := netip.ParseAddrPort(text)
	if address, bare := netip.ParseAddr(text); bare == nil {
		at, err = netip.AddrPortFrom(address, sadp.Port), nil
	}
	if err != nil || at.Port() == 0 {
		return at, fmt.Errorf("-target: %s is not an address; write it like 192.0.2.7 or 192.0.2.7:%d", diag.Quote(text), sadp.Port)
	}
	if at.Addr().IsMulticast() || at.Addr() == netip.AddrFrom4([4]byte{255, 255, 255, 255}) {
		return at, fmt.Errorf("-target: %s is not the address of a single device; -interface searches a whole network", at.Addr())
	}
	return at, nil
}

// addressesOf are the addresses of a range at which devices can be. It must be private, or within the bounds if there are some,
// and have no more addresses than most.
func addressesOf(text string, most int, bounds providers.Bounds) ([]netip.Addr, error) {
	span, err := netip.ParsePrefix(text)
	if err != nil {
		return nil, fmt.Errorf("-range: %s is not a range of addresses; write it like 192.168.1.0/24", diag.Quote(text))
	}
	span = span.Masked()
	host := span.Addr().BitLen() - span.Bits()
	if host > 30 || 1<<host > most {
		return nil, fmt.Errorf("-range: %s has more than %d addresses; choose a smaller one, or allow more with -max", span, most)
	}
	var all []netip.Addr
	for address := span.Addr(); address.IsValid() && span.Contains(address); address = address.Next() {
		why := bounds.Refuse(address)
		if len(bounds) == 0 && !isPrivate(address) {
			why = "it is not private, and the operator's rules name no networks of devices"
		}
		if why != "" {
			return nil, fmt.Errorf("-range: %s must not be searched: %s", address, why)
		}
		all = append(all, address)
	}
	if span.Addr().Is4() && len(all) > 2 {
		all = all[1 : len(all)-1] // that of the network, and that of everybody on it
	}
	return all, nil
}

func isPrivate(a netip.Addr) bool {
	return a.IsPrivate() || a.IsLoopback() || a.IsLinkLocalUnicast()
}

// networks are those of the interfaces that are asked on; none where the answers of others are wanted, too.
func (s search) networks() []netip.Prefix {
	var all []netip.Prefix
	for _, i := range s.interfaces {
		addresses, _ := sadp.Addresses(i) // an interface without them cannot be searched, which is reported
		all = append(all, addresses...)
	}
	if s.target.IsValid() {
		return nil
	}
	return all
}

// search looks everywhere, one after the other, and shows what it does. The error says what could not be asked; what was found
// comes nevertheless.
func (a *app) search(ctx context.Context, s search) (found []discovery.Device, err error) {
	heard := func(h sadp.Heard) { found = append(found, inquired(h)) }
	if s.target.IsValid() {
		fmt.Fprintf(a.err, "Asking %s...\n", s.target)
		socket, open := sadp.Unicast(s.target)
		if open == nil {
			open = sadp.Inquire(ctx, []sadp.Socket{socket}, sadp.NewID(), heard)
		}
		err = errors.Join(err, open)
	}
	if len(s.interfaces) > 0 && ctx.Err() == nil {
		fmt.Fprintf(a.err, "Searching the network of %s...\n", strings.Join(names(s.interfaces), ", "))
		sockets, open := sadp.Multicast(s.interfaces...)
		err = errors.Join(err, open)
		if len(sockets) > 0 {
			err = errors.Join(err, sadp.Inquire(ctx, sockets, sadp.NewID(), heard))
		}
	}
	if len(s.addresses) > 0 && ctx.Err() == nil {
		err = errors.Join(err, a.sweep(ctx, s, func(d discovery.Device) { found = append(found, d) }))
	}
	return found, err
}

// quiet is how long a search goes on before it says again how far it is.
const quiet = 10 * time.Second

// sweep asks each address of a range.
func (a *app) sweep(ctx context.Context, s search, found func(discovery.Device)) error {
	asked, devices, others, said := 0, 0, 0, time.Now()
	fmt.Fprintf(a.err, "Asking the addresses of %s (%d), at most %d per second...\n", s.span, len(s.addresses), sweep.PerSecond)
	err := sweep.Sweep{Port: s.port}.Ask(ctx, s.addresses, func(answer sweep.Answer) {
		asked++
		switch {
		case answer.Device:
			devices++
			found(discovery.Device{Address: answer.Address, URL: answer.URL, Activated: discovery.Judged(answer.Activated), Source: discovery.Swept})
		case answer.URL != "":
			others++
		}
		if time.Since(said) >= quiet {
			said = time.Now()
			fmt.Fprintf(a.err, "%d of %d asked, %s so far\n", asked, len(s.addresses), render.Plural(devices, "device"))
		}
	})
	if others > 0 {
		fmt.Fprintf(a.err, "Web servers that do not answer as these devices do: %d.\n", others)
	}
	return err
}

// inquired is a device by its answer to an inquiry.
func inquired(h sadp.Heard) discovery.Device {
	d := discovery.Device{
		Address: h.Address, Network: h.Network, HTTPPort: h.HTTPPort, HTTPSPort: h.HTTPSPort, BootTime: h.BootTime,
		Identity:  providers.Identity{Serial: h.Serial, MAC: h.MAC, Model: h.Model, Firmware: h.Firmware},
		Activated: discovery.Judged(h.Activated), BeforeActivation: h.BeforeActivation, Source: discovery.Inquired,
	}
	if !d.Address.IsValid() {
		d.Address = h.From
	}
	for _, r := range h.Resets {
		d.Resets = append(d.Resets, string(r))
	}
	return d
}

// choose lists the interfaces on which devices may be, and lets somebody at a terminal name one. Elsewhere it says what to type.
func (a *app) choose() ([]net.Interface, error) {
	all, err := net.Interfaces()
	if err != nil {
		return nil, err
	}
	var usable []net.Interface
	var rows [][]string
	for _, i := range all {
		addresses, err := sadp.Addresses(i)
		if err != nil || len(addresses) == 0 || i.Flags&net.FlagUp == 0 || i.Flags&net.FlagMulticast == 0 || i.Flags&net.FlagLoopback != 0 {
			continue
		}
		usable = append(usable, i)
		for _, address := range addresses {
			rows = append(rows, []string{i.Name, address.String(), "camform discover -interface " + i.Name})
		}
	}
	nothing := errors.New("nothing was searched; say where to search with -interface, -target or -range")
	if len(usable) == 0 {
		return nil, nothing
	}
	if err := render.Table(a.err, []string{"interface", "address", "to search it"}, rows); err != nil {
		return nil, err
	}
	if _, ok := terminal(a.in); !ok {
		return nil, nothing
	}
	fmt.Fprint(a.err, "\nWhich interface should be searched? Press Enter to stop: ")
	answer, _ := bufio.NewReader(a.in).ReadString('\n')
	for _, i := range usable {
		if strings.TrimSpace(answer) == i.Name {
			return []net.Interface{i}, nil
		}
	}
	return nil, nothing
}

func names(all []net.Interface) []string {
	var names []string
	for _, i := range all {
		names = append(names, i.Name)
	}
	return names
}
