package guard

import (
	"maps"
	"net/netip"
	"slices"
	"testing"

	"camform/engine/plan"
	"camform/engine/thorough"
)

// The guard is compared with a device that behaves: packets come to a filter, then to the service that listens on a port, then to
// a login. The device knows everything, the guard knows only what the steps of a plan say.

// box is such a device.
type box struct {
	filtering bool
	allows    bool
	listed    func(netip.Addr) bool
	https     listener
	http      listener
	redirect  bool
	accounts  map[string]level
}

type listener struct {
	on   bool
	port int64
}

// level is what an account may do.
type level int

const (
	watches level = iota + 1
	configures
	administers
)

// visitor is somebody who comes to a device through a router that may translate ports.
type visitor struct {
	source    netip.Addr
	scheme    string
	port      int64
	translate map[int64]int64
	account   string
	needs     level
}

// gets reports whether a visitor gets in.
func (b box) gets(v visitor) bool {
	if b.filtering && b.listed(v.source) != b.allows {
		return false
	}
	port := v.port
	if inside, ok := v.translate[port]; ok {
		port = inside
	}
	var answers []string
	if b.https.on && b.https.port == port {
		answers = append(answers, "https")
	}
	if b.http.on && b.http.port == port {
		answers = append(answers, "http")
	}
	if len(answers) != 1 || answers[0] != v.scheme || v.scheme == "http" && b.redirect {
		return false
	}
	return b.accounts[v.account] >= v.needs
}

// managed reports whether somebody is left who may change accounts.
func (b box) managed() bool {
	for _, l := range b.accounts {
		if l == administers {
			return true
		}
	}
	return false
}

// move is one request, or two for a step that is staged: what a device makes of it, and the steps of a plan that stand for it.
type move struct {
	name  string
	steps []plan.Step
	make  func(*box)
	first func(*box) // what it makes of the first of two; nil for one
}

// list is what a filter can hold, as the device and as a plan have it.
type list struct {
	texts []string
	has   func(netip.Addr) bool
}

var (
	us, them = netip.MustParseAddr("198.51.100.7"), netip.MustParseAddr("203.0.113.9")

	nobody   = list{nil, func(netip.Addr) bool { return false }}
	onlyUs   = list{[]string{"198.51.100.7"}, func(a netip.Addr) bool { return a == us }}
	onlyThem = list{[]string{"203.0.113.9"}, func(a netip.Addr) bool { return a == them }}
	both     = list{[]string{"198.51.100.7", "203.0.113.9"}, func(a netip.Addr) bool { return a == us || a == them }}
	ourNet   = list{[]string{"198.51.100.0/29"}, func(a netip.Addr) bool { b := a.As4(); return b[0] == 198 && b[3] < 8 }}
	nextNet  = list{[]string{"198.51.100.8/29"}, func(a netip.Addr) bool { b := a.As4(); return b[0] == 198 && b[3] >= 8 && b[3] < 16 }}
)

// filterState is how a filter is, or what it is to be.
type filterState struct {
	on, allows bool
	list       list
}

func (s filterState) values() values {
	mode := "deny"
	if s.allows {
		mode = "allow"
	}
	enabled := off
	if s.on {
		enabled = on
	}
	return filter(enabled, mode, s.list.texts...)
}

func (s filterState) on2(b *box) { b.filtering, b.allows, b.listed = s.on, s.allows, s.list.has }

// first is what a device makes of the first request of a staged step that changes a filter: it is off, or has both lists.
func (s filterState) first(step plan.Step, after filterState) func(*box) {
	switch {
	case !step.Staged():
		return nil
	case isFalse(step.Stage.GetAttr("enabled")):
		after.on = false
		return after.on2
	default:
		has := after.list.has
		after.list.has = func(a netip.Addr) bool { return s.list.has(a) || has(a) }
		return after.on2
	}
}

// filterMoves are what can be done to a filter, with how it is before.
func filterMoves() (before []filterState, moves [][]move) {
	before = []filterState{{false, true, nobody}, {true, true, onlyUs}, {true, true, both}, {true, false, nobody}, {false, true, onlyThem}}
	after := []filterState{
		{true, true, both},
		{true, true, onlyUs},
		{true, true, onlyThem},
		{true, true, ourNet},
		{true, true, nextNet},
		{true, false, onlyUs},
		{true, false, onlyThem},
		{true, false, nextNet},
		{false, true, onlyThem},
	}
	for _, b := range before {
		all := []move{{name: "filter stays"}}
		for _, a := range after {
			s := staged(step("ip_filter", "", b.values(), a.values()), roomy)
			all = append(all, move{name: "filter", steps: []plan.Step{s}, make: a.on2, first: b.first(s, a)})
		}
		moves = append(moves, all)
	}
	return before, moves
}

// serviceMoves are what can be done to the services, which leave in one request.
func serviceMoves() []move {
	type part struct {
		step *plan.Step
		make func(*box)
	}
	none := part{nil, func(*box) {}}
	one := func(s plan.Step, make func(*box)) part { return part{&s, make} }
	https := values{"enabled": on, "port": num(443), "redirect": off}
	http := values{"enabled": on, "port": num(80)}
	var moves []move
	for _, h := range []part{
		none,
		one(step("https", "", https, values{"enabled": off}), func(b *box) { b.https.on = false }),
		one(step("https", "", https, values{"port": num(8443)}), func(b *box) { b.https.port = 8443 }),
		one(step("https", "", https, values{"redirect": on}), func(b *box) { b.redirect = true }),
		one(step("https", "", https, values{"port": num(80)}), func(b *box) { b.https.port = 80 }),
	} {
		for _, p := range []part{
			none,
			one(step("service", "HTTP", http, values{"enabled": off}), func(b *box) { b.http.on = false }),
			one(step("service", "HTTP", http, values{"port": num(443)}), func(b *box) { b.http.port = 443 }),
			one(step("service", "HTTP", http, values{"port": num(8443)}), func(b *box) { b.http.port = 8443 }),
		} {
			m := move{name: "services", make: func(b *box) { h.make(b); p.make(b) }}
			for _, s := range []*plan.Step{h.step, p.step} {
				if s != nil {
					m.steps = append(m.steps, *s)
				}
			}
			moves = append(moves, m)
		}
	}
	return moves
}

// accountMoves are what can be done to the accounts, each a list of requests.
func accountMoves(own string) [][]move {
	gone := func(name string) func(*box) { return func(b *box) { delete(b.accounts, name) } }
	becomes := func(name string, l level) func(*box) { return func(b *box) { b.accounts[name] = l } }
	chief := move{name: "chief", steps: []plan.Step{created("user", "chief", user("Administrator"))}, make: becomes("chief", administers)}
	noAdmin := move{name: "no admin", steps: []plan.Step{step("user", "admin", user("Administrator"), nil)}, make: gone("admin")}
	lowered := move{name: "admin lowered", steps: []plan.Step{step("user", "admin", user("Administrator"), user("Viewer"))}, make: becomes("admin", watches)}
	noVMS := move{name: "no vms", steps: []plan.Step{step("user", "vms", user("Operator"), nil)}, make: gone("vms")}
	weakVMS := move{name: "vms lowered", steps: []plan.Step{step("user", "vms", user("Operator"), user("Viewer"))}, make: becomes("vms", watches)}
	all := [][]move{nil, {lowered}, {noAdmin}, {noVMS}, {weakVMS}}
	if own == "camform" {
		renewed := move{name: "rotation", steps: []plan.Step{rotation("camform")}, make: func(*box) {}}
		all = [][]move{nil, {chief, noAdmin, renewed}, {noAdmin, chief, renewed}, {noAdmin, renewed}, {chief, lowered, noVMS, renewed}, {lowered, renewed, weakVMS}}
	}
	return all
}

// tally counts how the plans ended.
type tally struct {
	all, lockouts, safe, refused int
	example                      string // of a plan that is refused and shuts nobody out
}

// history is one plan, carried out request by request.
type history struct {
	device    plan.Device
	begin     box
	moves     []move
	own, vms  visitor
	knowsThem bool
}

// outcome is what a plan does to those who come to a device.
type outcome int

const (
	lets    outcome = iota // everybody gets in, all the time or from some request on
	shuts                  // somebody who got in is shut out, for a while at least
	ignores                // somebody who never got in does not in the end, although the plan says that it needs to
)

func (h history) outcome() outcome {
	b := h.begin
	b.accounts = maps.Clone(h.begin.accounts)
	wasIn := b.gets(h.vms)
	for _, m := range h.moves {
		for _, make := range []func(*box){m.first, m.make} {
			if make == nil {
				continue
			}
			if make(&b); !b.gets(h.own) || !b.managed() || h.knowsThem && wasIn && !b.gets(h.vms) {
				return shuts
			}
		}
	}
	if h.knowsThem && !b.gets(h.vms) {
		return ignores
	}
	return lets
}

func (h history) judge(t *testing.T, c *tally) {
	d := h.device
	d.Steps = nil
	for _, m := range h.moves {
		d.Steps = append(d.Steps, m.steps...)
	}
	if h.knowsThem {
		d.Ways = []plan.Way{{Who: "vms", Scheme: h.vms.scheme, Account: "vms", Level: "Operator", Source: them.String()}}
	}
	refused := Prove(d, kinds).HasErrors()
	c.all++
	switch o := h.outcome(); {
	case o == shuts && !refused:
		t.Errorf("somebody is shut out: %s over %s from %q, consumer over %s %t", local(d.Steps), d.Access.URL, d.Source, h.vms.scheme, h.knowsThem)
	case o == shuts:
		c.lockouts++
	case o == lets && h.knowable(d):
		c.safe++
		if refused {
			c.refused++
			c.example = local(d.Steps) + " over " + d.Access.URL + ": " + Prove(d, kinds)[0].Detail
		}
	}
}

// knowable reports whether a plan says enough to see that it is harmless. It does not where the source is not known, nor
// where ports are translated and a service moves to the port by which camform comes: the device may have it or not.
func (h history) knowable(d plan.Device) bool {
	return d.Source != "" && (h.own.translate == nil || !slices.ContainsFunc(d.Steps, func(s plan.Step) bool {
		return changes(s, "port") && number(valueIn(s.After, "port")) == h.own.port
	}))
}

// orders are the orders of three blocks of requests.
var orders = [][3]int{{0, 1, 2}, {0, 2, 1}, {1, 0, 2}, {1, 2, 0}, {2, 0, 1}, {2, 1, 0}}

// interleaved are the requests in the orders that differ: blocks without requests make no difference.
func interleaved(blocks [3][]move) [][]move {
	var all [][]move
	var seen []string
	for _, order := range orders {
		var moves []move
		name := ""
		for _, i := range order {
			moves = append(moves, blocks[i]...)
			if len(blocks[i]) > 0 {
				name += string(rune('0' + i))
			}
		}
		if !slices.Contains(seen, name) {
			seen, all = append(seen, name), append(all, moves)
		}
	}
	return all
}

func TestI9NoPlanThatShutsOutPasses(t *testing.T) {
	var c tally
	stride, n := thorough.Pick(31, 3, 1), 0 // of plans, every n-th is judged
	before, filters := filterMoves()
	services := serviceMoves()
	for _, way := range []struct {
		url, scheme, account string
		port                 int64
		translate            map[int64]int64
	}{
		{secure, "https", "admin", 443, nil},
		{plain, "http", "camform", 80, nil},
		{"https://192.0.2.1:8443", "https", "camform", 8443, map[int64]int64{8443: 443, 443: 4430}},
	} {
		accounts := accountMoves(way.account)
		own := visitor{us, way.scheme, way.port, way.translate, way.account, configures}
		for i, f := range before {
			begin := box{https: listener{true, 443}, http: listener{true, 80}, accounts: map[string]level{"admin": administers, "camform": configures, "vms": configures}}
			f.on2(&begin)
			if way.account == "admin" {
				own.needs = administers
			}
			for _, filter := range filters[i] {
				for _, service := range services {
					for _, account := range accounts {
						for _, known := range []struct {
							source string
							them   bool
						}{{us.String(), false}, {us.String(), true}, {"", false}} {
							h := history{device: over(way.url).as(way.account).from(known.source).Device, begin: begin, own: own, knowsThem: known.them}
							h.vms = visitor{source: them, scheme: "https", port: 443, account: "vms", needs: configures}
							if known.them && way.scheme == "https" {
								h.vms.scheme, h.vms.port = "http", 80
							}
							for _, moves := range interleaved([3][]move{acting(filter), acting(service), account}) {
								if n++; n%stride != 0 {
									continue
								}
								h.moves = moves
								h.judge(t, &c)
							}
							if t.Failed() {
								return
							}
						}
					}
				}
			}
		}
	}
	t.Logf("%d plans: %d shut somebody out, %d do not (%d of these are refused)", c.all, c.lockouts, c.safe, c.refused)
	if c.all*stride < 100_000 {
		t.Errorf("there are %d plans only", c.all)
	}
	if c.lockouts < c.all/10 || c.safe < c.all/100 {
		t.Errorf("the plans say little: %+v", c)
	}
	if c.refused*100 > c.safe {
		t.Errorf("of %d plans that shut nobody out %d are refused, such as %s", c.safe, c.refused, c.example)
	}
}

// acting is a request, or none where nothing is asked for.
func acting(m move) []move {
	if len(m.steps) == 0 {
		return nil
	}
	return []move{m}
}
