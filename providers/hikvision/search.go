package hikvision

import (
	"context"
	"crypto/rand"
	"crypto/rsa"
	"errors"
	"fmt"
	"net/netip"

	"camform/providers"
	"camform/providers/hikvision/activation"
	"camform/providers/hikvision/sadp"
	"camform/schema"
)

// Searching is a provider that finds devices by the search protocol. Sockets opens those over which it asks: commands leave over the
// first, and all are listened at.
type Searching struct {
	*Provider
	Sockets func() ([]sadp.Socket, error)
}

var _ providers.Finder = Searching{}

// Find asks everybody who can be heard over the sockets.
func (s Searching) Find(ctx context.Context) ([]providers.Found, error) {
	sockets, err := s.Sockets()
	if err != nil {
		return nil, err
	}
	var all []providers.Found
	err = sadp.Inquire(ctx, sockets, sadp.NewID(), func(h sadp.Heard) {
		all = append(all, providers.Found{
			Identity:  providers.Identity{Serial: h.Serial, MAC: h.MAC, Model: h.Model, Firmware: h.Firmware},
			Activated: h.Activated,
		})
	})
	return all, err
}

// Newcomer prepares to activate a device by its hardware address.
func (s Searching) Newcomer(target providers.Target) providers.Newcomer {
	return newcomer{s, providers.NormalMAC(target.Want.MAC), target}
}

// newcomer is a device that is reached by the search protocol.
type newcomer struct {
	Searching
	mac    string
	target providers.Target
}

// ask asks the device who it is. The first answer is taken.
func (n newcomer) ask(ctx context.Context) (sadp.Reply, error) {
	sockets, err := n.Sockets()
	if err != nil {
		return sadp.Reply{}, fmt.Errorf("search: %w: %w", err, providers.ErrUnreachable)
	}
	asking, heard := context.WithCancel(ctx)
	defer heard()
	var reply sadp.Reply
	err = sadp.Inquire(asking, sockets, sadp.NewID(), func(h sadp.Heard) {
		if h.MAC == n.mac && reply.MAC == "" {
			reply = h.Reply
			heard()
		}
	})
	if reply.MAC == "" {
		return reply, fmt.Errorf("no device with the hardware address %s answers a search (%v): %w", n.mac, err, providers.ErrUnreachable)
	}
	return reply, nil
}

// Activation asks the device whether it has a password.
func (n newcomer) Activation(ctx context.Context) (providers.Activation, error) {
	reply, err := n.ask(ctx)
	said := providers.BySearch
	said.Activated = reply.Activated
	return said, err
}

// Activate gives the device its first password: an exchange of keys, and one message with the password.
func (n newcomer) Activate(ctx context.Context, _ providers.Activation, password schema.Secret) error {
	switch now, err := n.Activation(ctx); {
	case err != nil:
		return err
	case now.Activated:
		return fmt.Errorf("it has got a password in the meantime: %w", providers.ErrActive)
	}
	key, err := rsa.GenerateKey(rand.Reader, activation.Classic.KeyBits())
	if err != nil {
		return fmt.Errorf("no key could be generated (%w): %w", err, providers.ErrInvalid)
	}
	answer, err := n.tell(ctx, sadp.ExchangeCode(sadp.NewID(), n.mac, &key.PublicKey), providers.ErrUnreachable)
	if err != nil {
		return fmt.Errorf("exchange keys: %w", err)
	}
	random, err := sadp.OpenCode(key, answer.Code)
	if err != nil {
		return fmt.Errorf("exchange keys: %w: %w", err, providers.ErrMalformed)
	}
	command, err := sadp.Activate(sadp.NewID(), n.mac, random, password.Reveal())
	if err != nil {
		return fmt.Errorf("%w: %w", err, providers.ErrInvalid)
	}
	if _, err = n.tell(ctx, command, providers.ErrUnknown); err != nil {
		return fmt.Errorf("activate: %w", err)
	}
	return nil
}

// Move gives the device the address of the target, in a network as large as the one that it is in.
func (n newcomer) Move(ctx context.Context, login providers.Credential) error {
	to, err := netip.ParseAddr(n.target.URL.Hostname())
	if err != nil || !to.Is4() {
		return fmt.Errorf("it can only be moved to an IPv4 address, and %q is not one: %w", n.target.URL.Hostname(), providers.ErrInvalid)
	}
	if why := n.target.Within.Refuse(to); why != "" {
		return fmt.Errorf("%s: %w", why, providers.ErrForbidden)
	}
	reply, err := n.ask(ctx)
	if err != nil || reply.Address == to {
		return err
	}
	network, err := networkAt(to, reply)
	if err != nil {
		return err
	}
	command := sadp.Update(sadp.NewID(), n.mac, login.Username, login.Password.Reveal(), reply.Salt, network)
	if _, err = n.tell(ctx, command, providers.ErrUnknown); err != nil {
		return fmt.Errorf("move to %s: %w", to, err)
	}
	return nil
}

// networkAt is the network of a device at another address. A move overwrites the mask and the ports, so nothing is sent where the device
// does not tell them: without them nobody would reach it.
func networkAt(to netip.Addr, said sadp.Reply) (sadp.Network, error) {
	bits := said.Network.Bits()
	if bits < 1 || bits > 30 || said.CommandPort == 0 || said.HTTPPort == 0 {
		return sadp.Network{}, fmt.Errorf("it does not report its network mask and its ports, which a move would overwrite; give it the address %s with the vendor's tool: %w",
			to, providers.ErrMalformed)
	}
	return sadp.Network{Address: netip.PrefixFrom(to, bits), CommandPort: said.CommandPort, HTTPPort: said.HTTPPort}, nil
}

// tell sends a command, once. Lost is the family of an answer that does not come.
func (n newcomer) tell(ctx context.Context, command sadp.Command, lost error) (sadp.Answer, error) {
	sockets, err := n.Sockets()
	if err != nil {
		return sadp.Answer{}, fmt.Errorf("search: %w: %w", err, providers.ErrUnreachable)
	}
	answer, err := sadp.Tell(ctx, sockets[0], sockets[1:], command)
	switch {
	case errors.Is(err, sadp.ErrUnsent):
		return answer, fmt.Errorf("%w: %w", err, providers.ErrUnreachable)
	case err != nil:
		return answer, fmt.Errorf("%w: %w", err, lost)
	case !answer.Succeeded():
		return answer, fmt.Errorf("it answers %q: %w", answer.Result, providers.ErrDenied)
	}
	return answer, nil
}
