package sadp

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"strconv"

	"golang.org/x/net/ipv4"
)

// group is where devices listen on every network.
var group = &net.UDPAddr{IP: net.IPv4(239, 255, 255, 250), Port: Port}

// hops is how many routers an inquiry may pass, less one. Some devices drop packets with fewer left.
const hops = 4

// Unicast opens a socket that asks a single address.
func Unicast(to netip.AddrPort) (Socket, error) {
	local := "0.0.0.0:0"
	if to.Addr().Is6() {
		local = "[::]:0"
	}
	conn, err := net.ListenPacket("udp", local)
	if err != nil {
		return Socket{}, err
	}
	return Socket{Conn: conn, To: net.UDPAddrFromAddrPort(to), Via: to.String()}, nil
}

// Multicast opens the sockets that ask everybody on networks: one for each of their addresses here, and one at the port of the
// devices, which hears those that answer to everybody. Where the latter cannot be had, since another program keeps it for
// itself, the error is not nil and the sockets are usable.
func Multicast(interfaces ...net.Interface) ([]Socket, error) {
	var all []Socket
	var problems []error
	for _, i := range interfaces {
		addresses, err := Addresses(i)
		if err == nil && len(addresses) == 0 {
			err = errors.New("it has no IPv4 address")
		}
		if err != nil {
			problems = append(problems, fmt.Errorf("interface %s: %w", i.Name, err))
		}
		for _, a := range addresses {
			s, err := asker(i, a.Addr())
			if err != nil {
				problems = append(problems, fmt.Errorf("interface %s: %w", i.Name, err))
				continue
			}
			all = append(all, s)
		}
	}
	if len(all) == 0 {
		return nil, errors.Join(problems...)
	}
	s, err := sharer(interfaces)
	if err != nil {
		err = fmt.Errorf("devices that broadcast their answers to port %d may be missing, because another program listens there; stop it and search again: %w", Port, err)
		return all, errors.Join(append(problems, err)...)
	}
	return append(all, s), errors.Join(problems...)
}

// Addresses are the IPv4 addresses of an interface, with their networks.
func Addresses(i net.Interface) ([]netip.Prefix, error) {
	all, err := i.Addrs()
	if err != nil {
		return nil, err
	}
	var found []netip.Prefix
	for _, a := range all {
		if p, err := netip.ParsePrefix(a.String()); err == nil && p.Addr().Is4() {
			found = append(found, p)
		}
	}
	return found, nil
}

// asker sends to everybody on a network, from an address and a free port.
func asker(i net.Interface, from netip.Addr) (Socket, error) {
	conn, err := net.ListenPacket("udp4", netip.AddrPortFrom(from, 0).String())
	if err != nil {
		return Socket{}, err
	}
	p := ipv4.NewPacketConn(conn)
	if err := errors.Join(p.SetMulticastInterface(&i), p.SetMulticastTTL(hops)); err != nil {
		conn.Close()
		return Socket{}, err
	}
	return Socket{Conn: conn, To: group, Via: i.Name}, nil
}

// sharer listens where devices do, beside other programs that let it.
func sharer(interfaces []net.Interface) (Socket, error) {
	shared := net.ListenConfig{Control: reuse}
	conn, err := shared.ListenPacket(context.Background(), "udp4", ":"+strconv.Itoa(Port))
	if err != nil {
		return Socket{}, err
	}
	p := ipv4.NewPacketConn(conn)
	joined, via := false, ""
	for _, i := range interfaces {
		err = p.JoinGroup(&i, group)
		joined = joined || err == nil
		via = i.Name
	}
	if !joined {
		conn.Close()
		return Socket{}, err
	}
	if len(interfaces) > 1 {
		via = ""
	}
	return Socket{Conn: conn, Via: via}, nil
}
