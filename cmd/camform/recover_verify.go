package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"camform/engine/discovery"
	"camform/engine/recover"
	"camform/engine/shell"
	"camform/providers"
	"camform/providers/hikvision/sweep"
)

// asking says where to ask a device who it is, without a login.
type asking struct {
	interfaces []string
	target     string
}

func (o *asking) add(flags *pflag.FlagSet) {
	flags.StringSliceVar(&o.interfaces, "interface", nil, "search the whole network of this interface (`IF`); may be repeated")
	flags.StringVar(&o.target, "target", "", "ask one address: `ADDR`, or ADDR:PORT if the port is not 37020")
}

// ask asks the device of a case who it is: its web server, and with the vendor's discovery protocol where that was typed. What
// nobody says stays out.
func (r *recovery) ask(ctx context.Context, where asking) (recover.Evidence, error) {
	search, err := (&discovering{interfaces: where.interfaces, target: where.target}).search(r.rules.Within("."))
	if err != nil {
		return nil, err
	}
	host, err := addressOf(ctx, r.device.URL)
	if err != nil {
		return nil, err
	}
	if why := r.rules.Within(".").Refuse(host); why != "" {
		return nil, fmt.Errorf("%s is not allowed by the operator: %s", host, why)
	}
	search.addresses, search.span, search.port = []netip.Addr{host}, host.String(), portOf(r.device.URL)
	found, err := r.search(ctx, search)
	if ctx.Err() != nil {
		return nil, errors.New("interrupted; nothing was changed")
	}
	if err != nil {
		return nil, err
	}
	said, err := r.evidence(found, host)
	if typed := where.String(); err == nil && typed != "" {
		said[recover.Asked] = typed
	}
	if _, told := said[recover.Resets]; err != nil || told {
		return said, err
	}
	for _, d := range found {
		if d.Source == discovery.Swept {
			ways := sweep.Sweep{}.Ways(ctx, sweep.Answer{URL: d.URL})
			said[recover.Ways], said[recover.Lacks] = strings.Join(ways.Has, ","), strings.Join(ways.Lacks, ",")
		}
	}
	return said, nil
}

// String is the options as they are typed.
func (o *asking) String() string {
	var all []string
	for _, name := range o.interfaces {
		all = append(all, "-interface "+shell.Quoted(name))
	}
	if o.target != "" {
		all = append(all, "-target "+shell.Quoted(o.target))
	}
	return strings.Join(all, " ")
}

// addressOf is the address of a device, which a name stands for.
func addressOf(ctx context.Context, u *url.URL) (netip.Addr, error) {
	all, err := net.DefaultResolver.LookupNetIP(ctx, "ip", u.Hostname())
	if err != nil || len(all) == 0 {
		return netip.Addr{}, fmt.Errorf("the address of the device: %w", err)
	}
	return all[0].Unmap(), nil
}

// portOf is the port of a device, 0 for the usual ones.
func portOf(u *url.URL) uint16 {
	port, _ := strconv.ParseUint(u.Port(), 10, 16)
	return uint16(port)
}

// evidence is what the answers say of the device of the case. Two devices that claim the same are an error.
func (r *recovery) evidence(found []discovery.Device, host netip.Addr) (recover.Evidence, error) {
	want := r.facts.Expected(r.Case)
	var claims []discovery.Device
	said := recover.Evidence{recover.Answered: "no"}
	for _, d := range found {
		if d.Source == discovery.Swept {
			said[recover.Answered], said[recover.Address], said[recover.Activated] = "yes", d.Address.String(), string(d.Activated)
			continue
		}
		same := want.Serial != "" && strings.EqualFold(d.Identity.Serial, want.Serial) ||
			want.MAC != "" && d.Identity.MAC == providers.NormalMAC(want.MAC) || d.Address == host
		if same {
			claims = append(claims, d)
		}
	}
	if len(claims) > 1 {
		return nil, fmt.Errorf("%d devices claim to be this one, so at least one of them is an impostor: %s. Find it, for example by its MAC address on the switch, "+
			"and take it off the network", len(claims), claimsOf(claims))
	}
	var routes []string
	for _, d := range claims {
		said[recover.Answered], said[recover.Address], said[recover.Activated] = "yes", d.Address.String(), string(d.Activated)
		for name, value := range map[string]string{
			recover.Serial: d.Identity.Serial, recover.MAC: d.Identity.MAC, recover.Model: d.Identity.Model, recover.Firmware: d.Identity.Firmware,
			recover.BootTime: d.BootTime,
		} {
			if value != "" {
				said[name] = value
			}
		}
		if d.Network.IsValid() {
			said[recover.Subnet] = d.Network.Masked().String()
		}
		said[recover.Resets] = strings.Join(d.Resets, ",")
		if d.Address.IsValid() && d.Address != host {
			routes = append(routes, fmt.Sprintf("it reports the address %s, and is configured at %s: its port may be forwarded", d.Address, host))
		}
	}
	routes = append(routes, remote(host)...)
	if len(routes) > 0 {
		said[recover.Routes] = strings.Join(routes, "; ")
	}
	return said, nil
}

func claimsOf(all []discovery.Device) string {
	texts := make([]string, len(all))
	for i, d := range all {
		texts[i] = fmt.Sprintf("%s at %s", d.Identity.MAC, d.Address)
	}
	return strings.Join(texts, ", ")
}

// remote says why an address is not in a network of this machine; nothing if it is.
func remote(host netip.Addr) []string {
	if !isPrivate(host) {
		return []string{host.String() + " is a public address"}
	}
	interfaces, err := net.InterfaceAddrs()
	if err != nil {
		return []string{"the networks of this machine could not be read"}
	}
	local := slices.ContainsFunc(interfaces, func(a net.Addr) bool {
		network, err := netip.ParsePrefix(a.String())
		return err == nil && network.Contains(host)
	})
	if local {
		return nil
	}
	return []string{host.String() + " is in no network of this machine, so there is a router or a tunnel in between"}
}

func recoverVerifyCommand(a *app) *cobra.Command {
	flags, where := &caseFlags{}, &asking{}
	cmd := &cobra.Command{
		Use:   "verify NAME=VALUE...",
		Short: "Make sure that the device of a case is yours, and record who confirmed it",
		Long: `Ask the device for its identity, without a login, and compare it with the inventory. The case goes on if it is the device in the
inventory, its record of ownership is complete, warranty or contract was tried first, the path to it is local, and two people
agree. Anything that is missing is listed, with what to do; some of it can be accepted by name.

With -target or -interface, the device is also asked with the vendor's discovery protocol, which reports its serial number and
which ways to a new password it has. Without them, some devices still report these ways over HTTP, also without a login.

` + fieldsHelp(recover.Verify),
		Annotations: map[string]string{kept: "fields"},
		RunE: func(cmd *cobra.Command, args []string) error {
			says, err := fieldsOf(args)
			if err != nil {
				return err
			}
			if err := recover.CheckFields(recover.Verify, says); err != nil {
				return err // what is not understood is not on record either
			}
			r, err := a.recovery(cmd, flags)
			if err != nil {
				return err
			}
			defer r.close()
			return r.verify(cmd.Context(), *where, says)
		},
	}
	flags.add(cmd.Flags())
	where.add(cmd.Flags())
	return cmd
}

func (r *recovery) verify(parent context.Context, where asking, says map[string]string) error {
	if _, err := r.may(recover.Verify, "verified again"); err != nil {
		return err
	}
	_, stop, release := r.interruptible(parent)
	defer release()
	found, err := r.ask(stop, where)
	if err != nil {
		return err
	}
	unverified := recover.Unverified(r.Case, r.facts, found, says)
	data := map[string]string(found)
	for name, value := range says {
		data[name] = value
	}
	if len(r.facts.Uses) > 0 {
		data[recover.Uses] = strings.Join(r.facts.Uses, ",")
	}
	if missing := r.facts.Record.Ownership.Missing(); len(missing) > 0 {
		data[recover.Missing] = strings.Join(missing, ",")
	}
	if len(unverified) == 0 {
		return r.told(parent, recover.Event{Step: recover.Verify, Kind: recover.Done, Data: data})
	}
	if err := r.happened(parent, recover.Event{Step: recover.Verify, Kind: recover.Failed, Data: data, Remark: strings.Join(unverified, " ")}); err != nil {
		return err
	}
	fmt.Fprintf(r.err, "The device is not verified:\n")
	for _, text := range unverified {
		fmt.Fprintf(r.err, "  - %s\n", text)
	}
	return errReported
}

func recoverWaitCommand(a *app) *cobra.Command {
	flags, where, patience := &caseFlags{}, &asking{}, 10*time.Minute
	cmd := &cobra.Command{
		Use:   "wait",
		Short: "Wait until a device answers again, without a login",
		Long: `Ask a device repeatedly for its identity, without a login, until it answers. After a reset, this shows whether the device was wiped.
While a request to support is open, it shows whether the device was restarted, which would void the request.`,
		Args: noArgs,
		RunE: inCase(a, flags, func(ctx context.Context, r *recovery, _ []string) error {
			return r.wait(ctx, *where, patience)
		}),
	}
	flags.add(cmd.Flags())
	where.add(cmd.Flags())
	cmd.Flags().DurationVar(&patience, "timeout", patience, "give up after this `TIME`")
	return cmd
}

const askAgain = 5 * time.Second

func (r *recovery) wait(parent context.Context, where asking, patience time.Duration) error {
	if r.Custody != recover.Here {
		return fmt.Errorf("the case %s is %s", r.ID, r.Custody)
	}
	_, stop, release := r.interruptible(parent)
	defer release()
	waiting, cancel := context.WithTimeout(stop, patience)
	defer cancel()
	for {
		found, err := r.ask(waiting, where)
		switch {
		case err == nil && found[recover.Answered] == "yes":
			return r.answered(parent, found)
		case waiting.Err() != nil:
			return fmt.Errorf("the device did not answer; make sure that it has power and is on the network, then run camform recover wait -case %s. "+
				"A device that was wiped may have another address: -interface IF searches a whole network", r.ID)
		case err != nil:
			return err
		}
		select {
		case <-waiting.Done():
		case <-time.After(askAgain):
		}
	}
}

// answered notes what a device said once it answered.
func (r *recovery) answered(ctx context.Context, found recover.Evidence) error {
	s, ok := recover.Find(r.Case, r.facts, recover.Wait)
	if !ok || s.State != recover.Ready {
		return r.told(ctx, recover.Event{Step: recover.Wait, Kind: recover.Told, Data: found})
	}
	for _, e := range slices.Backward(r.Events) {
		if recover.Resetting(e.Step) && e.Kind == recover.Done {
			found[recover.Seconds] = strconv.Itoa(int(r.engine.Now().Sub(e.At).Seconds()))
			break
		}
	}
	return r.told(ctx, recover.Event{Step: recover.Wait, Kind: recover.Done, Data: found})
}
