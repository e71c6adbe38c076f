package main

import (
	"fmt"
	"net"
	"net/netip"

	"github.com/spf13/pflag"

	"camform/engine/diag"
	"camform/providers"
	"camform/providers/hikvision"
	"camform/providers/hikvision/sadp"
)

// searchFlag is where new devices are searched for that answer at no address of their own: an interface, or an address with a
// port.
type searchFlag struct {
	text string
	on   *net.Interface
	at   netip.AddrPort
}

func (f *searchFlag) String() string { return f.text }
func (f *searchFlag) Type() string   { return "INTERFACE" }

// Set reads it. Nothing is asked yet.
func (f *searchFlag) Set(text string) (err error) {
	f.text = text
	if f.on, err = net.InterfaceByName(text); err == nil {
		return nil
	}
	if f.at, err = netip.ParseAddrPort(text); err != nil {
		return fmt.Errorf("%s is neither an interface here nor an address like 192.0.2.7:%d; camform discover lists the interfaces", diag.Quote(text), sadp.Port)
	}
	return nil
}

func (f *runFlags) addSearch(flags *pflag.FlagSet) {
	flags.Var(&f.search, "search", "also activate new devices that answer only a search, where allow_unproven names activation: search on this `INTERFACE`, or at ADDR:PORT")
}

// searching is the provider that searches where the flag says; the one that does not, without it.
func (b *beginning) searching(f searchFlag) providers.Provider {
	switch {
	case f.on != nil:
		return hikvision.Searching{Provider: b.provider, Sockets: func() ([]sadp.Socket, error) {
			sockets, err := sadp.Multicast(*f.on)
			if len(sockets) > 0 {
				err = nil // who answers to everybody may be missing, which proves nothing about him
			}
			return sockets, err
		}}
	case f.at.IsValid():
		return hikvision.Searching{Provider: b.provider, Sockets: func() ([]sadp.Socket, error) {
			if why := b.within().Refuse(f.at.Addr()); why != "" {
				return nil, fmt.Errorf("%s is not allowed by the operator: %s", f.at.Addr(), why)
			}
			socket, err := sadp.Unicast(f.at)
			return []sadp.Socket{socket}, err
		}}
	}
	return b.provider
}
