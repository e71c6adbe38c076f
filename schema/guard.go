package schema

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/ext/typeexpr"
	"github.com/hashicorp/hcl/v2/gohcl"
	"github.com/zclconf/go-cty/cty"
)

// Guard says what a setting, or one item of it, decides about the ways in to a device: its role, and which attributes play
// which part in it. A block `guards` of a setting file declares one. Parts that a role does not have are empty.
type Guard struct {
	Role  Role
	Range hcl.Range // the value of every part is at guards.ROLE.PART in Kind.Places

	// Names of attributes of the kind.
	Enabled   string   `hcl:"enabled,optional"`    // whether the filter, listener, redirect, link or lock is on
	Mode      string   `hcl:"mode,optional"`       // whether the list of a filter allows or denies; without it, it allows
	List      string   `hcl:"list,optional"`       // the addresses of a filter
	Port      string   `hcl:"port,optional"`       // TCP port of a listener; a listener without one is a switch apart from ports
	Minimum   string   `hcl:"minimum,optional"`    // lowest version of TLS; the values are in ascending order
	Renews    []string `hcl:"renews,optional"`     // those that make a device answer with a new TLS key
	Keeps     string   `hcl:"keeps,optional"`      // a certificate that keeps the key
	Algorithm string   `hcl:"algorithm,optional"`  // digest algorithms on offer: MD5, SHA256 or MD5/SHA256
	Method    string   `hcl:"method,optional"`     // schemes of authentication on offer
	Level     string   `hcl:"level,optional"`      // what an account may do
	Password  string   `hcl:"password,optional"`   // password of an account
	Rights    string   `hcl:"rights,optional"`     // rights of an account over the network
	Attempts  string   `hcl:"attempts,optional"`   // failed logins before a lock
	Version   string   `hcl:"version,optional"`    // versions of IP in use: v4, v6 or dual
	V4        []string `hcl:"v4,optional"`         // those that decide how the device is reached over IPv4
	V6        []string `hcl:"v6,optional"`         // and over IPv6
	V4Address string   `hcl:"v4_address,optional"` // the IPv4 address itself
	V6Address string   `hcl:"v6_address,optional"` // the IPv6 address itself
	Cuts      []string `hcl:"cuts,optional"`       // those of a link that can cut it, whatever their value
	By        string   `hcl:"by,optional"`         // what asks something of clients
	Most      string   `hcl:"most,optional"`       // how many logins there can be at once

	// Words.
	Name      string            `hcl:"name,optional"`      // of an account: the word key, since its label names it
	Key       string            `hcl:"key,optional"`       // the item that is meant; empty for all that no other block names
	Scheme    string            `hcl:"scheme,optional"`    // by which clients come to a listener; empty for one that only takes a port
	Schemes   []string          `hcl:"schemes,optional"`   // those for which an account or an authentication counts; see Counts
	From      string            `hcl:"from,optional"`      // scheme whose clients a redirect turns away
	Called    string            `hcl:"called,optional"`    // what people call a listener or a link
	Delivered int64             `hcl:"delivered,optional"` // port of a listener as delivered
	Configure string            `hcl:"configure,optional"` // the right that camform needs
	View      string            `hcl:"view,optional"`      // the right that somebody who watches video needs
	Harmless  string            `hcl:"harmless,optional"`  // the value by which nothing is asked of clients: a word, or true or false
	Levels    map[string]string `hcl:"levels,optional"`    // viewer, operator and administrator in the words of the attribute
}

// Role is what a setting is for the ways in to a device.
type Role string

// The roles.
const (
	AddressFilter  Role = "address_filter"  // lets packets in by the IP address they come from
	HardwareFilter Role = "hardware_filter" // lets packets in by the hardware address they come from
	Listener       Role = "listener"        // answers on a port
	Redirect       Role = "redirect"        // sends clients of one scheme on to another
	TLS            Role = "tls"             // versions of TLS
	TLSIdentity    Role = "tls_identity"    // the key by which a device is known
	Authentication Role = "authentication"  // how clients prove a password
	Accounts       Role = "account"         // who may log in
	Rights         Role = "rights"          // what who logged in may do
	Link           Role = "link"            // carries the connection itself
	Lock           Role = "lock"            // refuses logins after failed ones
	Requirement    Role = "requirement"     // asks of clients what old ones cannot do
	Capacity       Role = "capacity"        // serves so many logins at once, and no more
)

// Roles are all roles, sorted.
func Roles() []Role { return slices.Sorted(maps.Keys(roles)) }

// The schemes by which clients come to a device.
const (
	SchemeHTTP  = "http"
	SchemeHTTPS = "https"
	SchemeRTSP  = "rtsp"
	SchemeONVIF = "onvif"
	SchemeSDK   = "sdk"     // the protocol of the vendor's own clients
	SecureSDK   = "sdk_tls" // the same over TLS
)

// Levels of accounts, from the least to the greatest.
const (
	LevelViewer        = "viewer"
	LevelOperator      = "operator"
	LevelAdministrator = "administrator"
)

// part is what a setting file may say in one part of a role.
type part struct {
	needed    bool
	attribute cty.Type // of the attributes that it names; of any type for DynamicPseudoType; NilType for words
	words     []string // that it takes; nil for any. Of an attribute: those that its values must be among.
	all       bool     // whether the attribute must have all of the words
}

var (
	schemes      = []string{SchemeHTTP, SchemeHTTPS, SchemeRTSP, SchemeONVIF, SchemeSDK, SecureSDK}
	flag         = part{attribute: cty.Bool}
	word         = part{attribute: cty.String}
	anyAttribute = part{attribute: cty.DynamicPseudoType}
	names        = part{needed: true, words: []string{KeyHole}}
)

// filterParts are those of both filters.
var filterParts = map[string]part{
	"enabled": needed(flag),
	"mode":    {attribute: cty.String, words: []string{"allow", "deny"}, all: true},
	"list":    {needed: true, attribute: cty.Set(cty.String)},
}

// roles are the roles with their parts.
var roles = map[Role]map[string]part{
	AddressFilter:  filterParts,
	HardwareFilter: filterParts,
	Listener: {
		"enabled": flag, "port": {attribute: cty.Number}, "scheme": {words: schemes}, "key": {}, "called": {}, "delivered": {},
	},
	Redirect:    {"enabled": needed(flag), "from": {needed: true, words: schemes}},
	TLS:         {"minimum": needed(word)},
	TLSIdentity: {"renews": needed(anyAttribute), "keeps": anyAttribute, "key": {}},
	Authentication: {
		"algorithm": {needed: true, attribute: cty.String, words: []string{"MD5", "SHA256", "MD5/SHA256"}},
		"method":    word, "schemes": {needed: true, words: schemes},
	},
	Accounts: {
		"name": names, "level": needed(word), "password": needed(word), "schemes": {words: schemes},
		"levels": {needed: true, words: []string{LevelViewer, LevelOperator, LevelAdministrator}},
	},
	Rights: {
		"name": names, "rights": {needed: true, attribute: cty.Set(cty.String)}, "schemes": {words: schemes},
		"configure": {needed: true}, "view": {needed: true},
	},
	Link: {
		"version": {attribute: cty.String, words: []string{"v4", "v6", "dual"}, all: true}, "v4": anyAttribute, "v6": anyAttribute,
		"v4_address": word, "v6_address": word, "enabled": flag, "cuts": anyAttribute, "key": {}, "called": {},
	},
	Lock:        {"enabled": flag, "attempts": {needed: true, attribute: cty.Number}},
	Requirement: {"by": needed(anyAttribute), "harmless": {needed: true}, "schemes": {words: schemes}},
	Capacity:    {"most": {needed: true, attribute: cty.Number}},
}

func needed(p part) part { p.needed = true; return p }

// GuardsOf are the guards of one item of a kind: those that name it, and those that name none where no other one of
// their role does. The key of a kind that a device has once is empty.
func (k *Kind) GuardsOf(key string) []*Guard {
	if !slices.ContainsFunc(k.Guards, func(g *Guard) bool { return g.Key != "" }) {
		return k.Guards
	}
	var all []*Guard
	for _, g := range k.Guards {
		named := func(other *Guard) bool { return other.Role == g.Role && other.Key == key }
		if g.Key == key || g.Key == "" && !slices.ContainsFunc(k.Guards, named) {
			all = append(all, g)
		}
	}
	return all
}

// Opaque reports whether an item can close the way in, and nobody knows by which of its values: it has the risk lockout, and
// no role that would say more. What a user's own setting file says of roles is not relied on.
func (k *Kind) Opaque(key string) bool {
	return k.RiskOf(key) == RiskLockout && (k.Own || !slices.ContainsFunc(k.GuardsOf(key), (*Guard).judges))
}

// Account returns what the items of a kind are as accounts of the device itself, with which people and camform log in: the key
// is the user name, and a login proves the attribute Password. For other kinds it is a guard without a role: for accounts of
// ONVIF clients alone, and for a user's own kinds, since what their files say of roles is not relied on.
func (k *Kind) Account() *Guard {
	i := slices.IndexFunc(k.Guards, func(g *Guard) bool { return g.Role == Accounts && g.Counts("") })
	if i < 0 || k.Own {
		return &Guard{}
	}
	return k.Guards[i]
}

// IsAccount reports whether the items of a kind are accounts of the device itself.
func (k *Kind) IsAccount() bool { return k.Account().Role == Accounts }

// IsLink reports whether an item is part of the link that carries the connection: it has that role, or lies where that is set.
func (k *Kind) IsLink(key string) bool {
	return k.Carries != nil && k.Carries(key) || slices.ContainsFunc(k.GuardsOf(key), func(g *Guard) bool { return g.Role == Link })
}

// judges reports whether a guard says enough to tell a change that closes the way in from one that does not. Of a link it may
// only be known that it is one.
func (g *Guard) judges() bool { return g.Role != Link || len(g.V4)+len(g.V6)+len(g.Cuts) > 0 }

// names reports whether an attribute plays a part in the role.
func (g *Guard) names(attribute string) bool {
	return slices.Contains(slices.Concat([]string{
		g.Enabled, g.Mode, g.List, g.Port, g.Minimum, g.Keeps, g.Algorithm, g.Method, g.Level, g.Password, g.Rights, g.Attempts,
		g.Version, g.V4Address, g.V6Address, g.By, g.Most,
	}, g.Renews, g.V4, g.V6, g.Cuts), attribute)
}

// TellsAddress reports whether a guard is about a link whose address the device tells.
func (g *Guard) TellsAddress() bool {
	return g.Role == Link && (g.V4Address != "" || g.V6Address != "")
}

// Restorable reports whether every change of the kind is a PUT of the document just read, which can be put back as it was.
func (k *Kind) Restorable() bool { return k.Write == nil && !k.Composed }

// Counts reports whether an account, its rights, an authentication or a requirement counts for clients of a scheme; an empty scheme is one
// that is not known. Accounts that name no schemes are those of the device, which count for all but ONVIF: that has accounts
// of its own.
func (g *Guard) Counts(scheme string) bool {
	switch {
	case len(g.Schemes) == 0:
		return scheme != SchemeONVIF
	case scheme == "":
		return slices.ContainsFunc(g.Schemes, func(s string) bool { return s != SchemeONVIF })
	default:
		return slices.Contains(g.Schemes, scheme)
	}
}

// guard is what a block says, right or wrong, and what is wrong with it.
func (s guardShape) guard(k *Kind) (*Guard, hcl.Diagnostics) {
	g := &Guard{Role: Role(s.Role), Range: s.Range}
	parts, ok := roles[g.Role]
	if !ok {
		return g, hcl.Diagnostics{fault(s.Label, "Unknown role", "%s%s", notOneOf(g.Role, Roles()), suggestion(s.Role, Roles()))}
	}
	arguments, diags := s.Parts.JustAttributes()
	for _, a := range inOrder(arguments) {
		if _, ok := parts[a.Name]; !ok {
			diags = append(diags, fault(a.NameRange, "Unknown part of a role", "The role %s has the parts %s.%s",
				g.Role, strings.Join(slices.Sorted(maps.Keys(parts)), ", "), suggestion(a.Name, slices.Collect(maps.Keys(parts)))))
		}
	}
	if diags.HasErrors() {
		return g, diags
	}
	word := &hcl.EvalContext{Variables: map[string]cty.Value{"key": cty.StringVal(KeyHole)}}
	if diags := gohcl.DecodeBody(s.Parts, word, g); diags.HasErrors() {
		return g, diags
	}
	for _, a := range inOrder(arguments) {
		diags = append(diags, parts[a.Name].faults(k, a, word)...)
	}
	for _, name := range slices.Sorted(maps.Keys(parts)) {
		if parts[name].needed && arguments[name] == nil {
			diags = append(diags, fault(s.Range, "Part of a role missing", "The role %s needs %s.", g.Role, name))
		}
	}
	return g, append(diags, s.misfits(k, g, arguments)...)
}

// misfits is what is wrong with the parts of a guard taken together.
func (s guardShape) misfits(k *Kind, g *Guard, arguments hcl.Attributes) hcl.Diagnostics {
	var diags hcl.Diagnostics
	at := func(part string) hcl.Range {
		if a := arguments[part]; a != nil {
			return a.Expr.Range()
		}
		return s.Range
	}
	wrong := func(part, format string, args ...any) {
		diags = append(diags, fault(at(part), "Parts of a role do not fit together", format, args...))
	}
	if g.Role == Listener && g.Enabled == "" && g.Port == "" {
		wrong("", "A listener needs enabled, port or both.")
	}
	if g.Key != "" && !slices.Contains(k.Keys, g.Key) {
		wrong("key", "%s%s", notOneOf(g.Key, k.Keys), suggestion(g.Key, k.Keys))
	}
	if g.Name != "" && !k.Keyed {
		wrong("name", "A device has %s once, so it has no key to use as a name.", k.Name)
	}
	known := func(part, attribute string, words ...string) {
		a := k.Attribute(attribute)
		for _, w := range words {
			if a != nil && len(a.Values) > 0 && !slices.Contains(a.Values, w) {
				wrong(part, "%q is none of the values of %s: %s.", w, attribute, strings.Join(a.Values, ", "))
			}
		}
	}
	known("levels", g.Level, slices.Sorted(maps.Values(g.Levels))...)
	known("configure", g.Rights, g.Configure)
	known("view", g.Rights, g.View)
	if a := k.Attribute(g.Minimum); a != nil && len(a.Values) == 0 {
		wrong("minimum", "%s needs values, from the lowest version to the highest.", a.Name)
	}
	return diags
}

// faults is what is wrong with one part by itself.
func (p part) faults(k *Kind, a *hcl.Attribute, word *hcl.EvalContext) hcl.Diagnostics {
	var diags hcl.Diagnostics
	expressions, listed := hcl.ExprList(a.Expr)
	if listed.HasErrors() {
		expressions = []hcl.Expression{a.Expr}
	}
	if pairs, mapped := hcl.ExprMap(a.Expr); !mapped.HasErrors() {
		expressions = nil
		for _, pair := range pairs {
			expressions = append(expressions, pair.Key)
		}
	}
	for _, e := range expressions {
		v, _ := e.Value(word)
		if v.IsNull() || !v.IsKnown() || v.Type() != cty.String {
			continue // the decoder told it, or it is a number
		}
		text := v.AsString()
		switch {
		case p.attribute != cty.NilType:
			diags = append(diags, p.misused(k, text, e.Range())...)
		case p.words != nil && !slices.Contains(p.words, text):
			diags = append(diags, fault(e.Range(), "Unknown word", "%s%s", notOneOf(text, p.words), suggestion(text, p.words)))
		}
	}
	return diags
}

// misused is what is wrong with an attribute that a part names.
func (p part) misused(k *Kind, name string, at hcl.Range) hcl.Diagnostics {
	a := k.Attribute(name)
	if a == nil {
		var all []string
		for _, a := range k.Attributes {
			all = append(all, a.Name)
		}
		return hcl.Diagnostics{fault(at, "Unknown attribute", "%s has no attribute %q.%s", k.Name, name, suggestion(name, all))}
	}
	list := a.Type.IsListType() || a.Type.IsSetType()
	fits := p.attribute == cty.DynamicPseudoType || a.Type.Equals(p.attribute) || p.attribute.IsSetType() && list
	if !fits {
		return hcl.Diagnostics{fault(at, "Attribute does not fit the role", "This takes an attribute of the type %s; %s is %s.",
			typeexpr.TypeString(p.attribute), name, typeexpr.TypeString(a.Type))}
	}
	for _, v := range a.Values {
		if p.words != nil && !slices.Contains(p.words, v) {
			return hcl.Diagnostics{fault(at, "Attribute does not fit the role", "Here values can be %s, and %s has %q. Its map can translate words.",
				strings.Join(p.words, ", "), name, v)}
		}
	}
	if p.words != nil && len(a.Values) == 0 || p.all && len(a.Values) < len(p.words) {
		return hcl.Diagnostics{fault(at, "Attribute does not fit the role", "%s must list its values here, out of %s. Its map can translate words.",
			name, strings.Join(p.words, ", "))}
	}
	return nil
}

// inOrder are the arguments of a body as they stand.
func inOrder(arguments hcl.Attributes) []*hcl.Attribute {
	return slices.SortedFunc(maps.Values(arguments), func(a, b *hcl.Attribute) int { return cmp.Compare(a.Range.Start.Byte, b.Range.Start.Byte) })
}

// suggestion is a sentence about the word that was meant, if there is one.
func suggestion[T ~string](word string, words []T) string {
	var texts []string
	for _, w := range words {
		texts = append(texts, string(w))
	}
	if near := Nearest(word, texts); near != "" {
		return fmt.Sprintf(" Did you mean %q?", near)
	}
	return ""
}
