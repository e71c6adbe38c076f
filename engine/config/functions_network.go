package config

import (
	"errors"
	"math/big"
	"net"
	"net/netip"

	"github.com/apparentlymart/go-cidr/cidr"
	"github.com/zclconf/go-cty/cty"
	"github.com/zclconf/go-cty/cty/function"
	"github.com/zclconf/go-cty/cty/gocty"
)

var prefixParameter = function.Parameter{Name: "prefix", Type: cty.String}

// parsePrefix reads an argument such as 192.0.2.0/24.
func parsePrefix(args []cty.Value, i int) (*net.IPNet, error) {
	_, network, err := net.ParseCIDR(args[i].AsString())
	if err != nil {
		return nil, function.NewArgErrorf(i, "a network is written like 192.0.2.0/24")
	}
	return network, nil
}

// integer reads an argument that is a whole number.
func integer[N int | *big.Int](args []cty.Value, i int) (N, error) {
	var n N
	if err := gocty.FromCtyValue(args[i], &n); err != nil {
		return n, function.NewArgErrorf(i, "a whole number is required")
	}
	return n, nil
}

// cidrHostFunc gives the address of a host by its number within a network; negative numbers count from the end.
var cidrHostFunc = function.New(&function.Spec{
	Params: []function.Parameter{prefixParameter, {Name: "hostnum", Type: cty.Number}},
	Type:   function.StaticReturnType(cty.String),
	Impl: func(args []cty.Value, _ cty.Type) (cty.Value, error) {
		network, err := parsePrefix(args, 0)
		if err != nil {
			return cty.NilVal, err
		}
		number, err := integer[*big.Int](args, 1)
		if err != nil {
			return cty.NilVal, err
		}
		ip, err := cidr.HostBig(network, number)
		if err != nil {
			return cty.NilVal, err
		}
		return cty.StringVal(ip.String()), nil
	},
})

// cidrNetmaskFunc gives the netmask of an IPv4 network, such as 255.255.255.0.
var cidrNetmaskFunc = function.New(&function.Spec{
	Params: []function.Parameter{prefixParameter},
	Type:   function.StaticReturnType(cty.String),
	Impl: func(args []cty.Value, _ cty.Type) (cty.Value, error) {
		network, err := parsePrefix(args, 0)
		if err != nil {
			return cty.NilVal, err
		}
		if network.IP.To4() == nil {
			return cty.NilVal, function.NewArgErrorf(0, "only IPv4 has netmasks")
		}
		return cty.StringVal(net.IP(network.Mask).String()), nil
	},
})

// cidrSubnetFunc gives the network with a number among those that newbits more bits make.
var cidrSubnetFunc = function.New(&function.Spec{
	Params: []function.Parameter{prefixParameter, {Name: "newbits", Type: cty.Number}, {Name: "netnum", Type: cty.Number}},
	Type:   function.StaticReturnType(cty.String),
	Impl: func(args []cty.Value, _ cty.Type) (cty.Value, error) {
		network, err := parsePrefix(args, 0)
		if err != nil {
			return cty.NilVal, err
		}
		bits, err := integer[int](args, 1)
		if err != nil {
			return cty.NilVal, err
		}
		number, err := integer[*big.Int](args, 2)
		if err != nil {
			return cty.NilVal, err
		}
		subnet, err := cidr.SubnetBig(network, bits, number)
		if err != nil {
			return cty.NilVal, err
		}
		return cty.StringVal(subnet.String()), nil
	},
})

// cidrSubnetsFunc gives networks one behind the other, each by its number of additional bits.
var cidrSubnetsFunc = function.New(&function.Spec{
	Params:   []function.Parameter{prefixParameter},
	VarParam: &function.Parameter{Name: "newbits", Type: cty.Number},
	Type:     function.StaticReturnType(cty.List(cty.String)),
	Impl: func(args []cty.Value, _ cty.Type) (cty.Value, error) {
		network, err := parsePrefix(args, 0)
		if err != nil {
			return cty.NilVal, err
		}
		if len(args) == 1 {
			return cty.ListValEmpty(cty.String), nil
		}
		length, size := network.Mask.Size()
		var subnets []cty.Value
		var current *net.IPNet
		for i := 1; i < len(args); i++ {
			bits, err := integer[int](args, i)
			if err != nil {
				return cty.NilVal, err
			}
			if bits < 1 || length+bits > size {
				return cty.NilVal, function.NewArgErrorf(i, "a network of this size does not fit into the prefix")
			}
			current, err = followingSubnet(network, current, length+bits)
			if err != nil {
				return cty.NilVal, function.NewArgError(i, err)
			}
			subnets = append(subnets, cty.StringVal(current.String()))
		}
		return cty.ListVal(subnets), nil
	},
})

// followingSubnet gives the first network of a length behind current, or at the start if that is nil.
func followingSubnet(within, current *net.IPNet, length int) (*net.IPNet, error) {
	_, size := within.Mask.Size()
	if current == nil {
		return &net.IPNet{IP: within.IP, Mask: net.CIDRMask(length, size)}, nil
	}
	next, over := cidr.NextSubnet(current, length)
	if over || !within.Contains(next.IP) {
		return nil, errors.New("there is no room left in the prefix")
	}
	return next, nil
}

// cidrContainsFunc reports whether a network contains an address or a whole other network.
var cidrContainsFunc = function.New(&function.Spec{
	Params: []function.Parameter{{Name: "containing_prefix", Type: cty.String}, {Name: "contained_ip_or_prefix", Type: cty.String}},
	Type:   function.StaticReturnType(cty.Bool),
	Impl: func(args []cty.Value, _ cty.Type) (cty.Value, error) {
		outer, err := netip.ParsePrefix(args[0].AsString())
		if err != nil {
			return cty.NilVal, function.NewArgErrorf(0, "a network is written like 192.0.2.0/24")
		}
		inner, err := parseIPOrPrefix(args[1].AsString())
		if err != nil {
			return cty.NilVal, function.NewArgErrorf(1, "an address or a network is required")
		}
		return cty.BoolVal(inner.Bits() >= outer.Bits() && outer.Contains(inner.Addr())), nil
	},
})

func parseIPOrPrefix(text string) (netip.Prefix, error) {
	if ip, err := netip.ParseAddr(text); err == nil {
		return netip.PrefixFrom(ip, ip.BitLen()), nil
	}
	return netip.ParsePrefix(text)
}
