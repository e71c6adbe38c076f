package engine_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/zclconf/go-cty/cty"

	"camform/engine"
	"camform/engine/config"
	"camform/engine/credential"
	"camform/engine/diag"
	"camform/engine/plan"
	"camform/engine/state"
	"camform/engine/thorough"
	"camform/providers"
	"camform/providers/device"
	"camform/providers/memory"
	"camform/schema"
)

// rolesOfFilters are devices of maps whose filter says what it guards, as that of a real device does.
type rolesOfFilters struct {
	providers.Provider
	kinds *schema.Kinds
}

func (p rolesOfFilters) Kinds() *schema.Kinds { return p.kinds }

func kindsWithRoles(all *schema.Kinds) *schema.Kinds {
	kinds := all.All()
	for i, k := range kinds {
		if k.Name == "filter" {
			guarded := *k
			guarded.Risk = schema.RiskLockout
			guarded.Guards = []*schema.Guard{{Role: schema.AddressFilter, Enabled: "enabled", List: "addresses"}}
			kinds[i] = &guarded
		}
	}
	return schema.NewKinds(kinds...)
}

// studio is a made-up fleet of cameras and of recorders that show them.
type studio struct {
	*world
	rand     *rand.Rand
	cameras  []string
	channels []showing
	dead     []string
	lines    []string // how it was made, for people
}

// showing is a channel that shows a camera.
type showing struct {
	recorder, key, camera string
}

func (c showing) item() schema.Setting { return setting(c.recorder, "channel", c.key) }

func (s *studio) chance(percent int) bool { return s.rand.IntN(100) < percent }

func (s *studio) note(format string, args ...any) {
	s.lines = append(s.lines, fmt.Sprintf(format, args...))
}

const shownAs = "rec"

// newStudioOf is a studio without devices.
func newStudioOf(t testing.TB) *studio {
	s := &studio{world: newWorld(t)}
	s.provider.Provider = rolesOfFilters{s.provider.Provider, kindsWithRoles(s.provider.Kinds())}
	return s
}

// newStudio makes up a fleet: cameras with addresses of their own, behind a forwarded port, or in the network of a recorder, in
// one site or two that repeat addresses; recorders that tell serial numbers or do not; channels that are declared by reference,
// by literals, without a password or not at all.
func newStudio(t testing.TB, seed uint64) *studio {
	s := newStudioOf(t)
	s.rand = rand.New(rand.NewPCG(seed, 13))
	sites := []string{"", "north"}[:1+s.rand.IntN(2)]
	for i := range 1 + s.rand.IntN(3) {
		s.camera(fmt.Sprintf("camera%d", i), sites[s.rand.IntN(len(sites))], i)
	}
	for i := range 1 + s.rand.IntN(2) {
		s.recorder(fmt.Sprintf("recorder%d", i), sites[s.rand.IntN(len(sites))], i)
	}
	return s
}

func (s *studio) camera(name, site string, i int) {
	address := fmt.Sprintf("https://10.0.0.%d:443", 10+i)
	if s.chance(30) {
		address = fmt.Sprintf("https://203.0.113.9:%d", 8001+i) // forwarded ports of one router
	}
	d := s.addAt(name, address, memory.Options{Without: []string{"channel"}, HidesSessions: true})
	d.SetUser(shownAs, "Operator", "Shown-"+name)
	s.declared(name).Site = site
	s.cameras = append(s.cameras, name)
	s.note("%s at %s in %q", name, address, site)
}

func (s *studio) recorder(name, site string, i int) {
	var mute []string
	for key, camera := range s.cameras {
		if s.declared(camera).Site == site && s.chance(40) { // what a recorder shows of another site it tells
			mute = append(mute, fmt.Sprint(key+1))
		}
	}
	host := fmt.Sprintf("10.0.0.%d", 100+i)
	d := s.addAt(name, "https://"+host+":443", memory.Options{HidesSerials: mute, Identity: providers.Identity{Model: "MEM-8"}})
	s.declared(name).Site = site
	s.note("%s at %s in %q, channels %v tell no serial number", name, host, site, mute)
	for k, camera := range s.cameras {
		if s.chance(75) {
			s.channel(d, showing{recorder: name, key: fmt.Sprint(k + 1), camera: camera})
		}
	}
}

// channel makes a recorder show a camera: at the address that the camera has for us, or at another one.
func (s *studio) channel(d *memory.Device, c showing) {
	u := s.declared(c.camera).URL
	host, port := u.Hostname(), u.Port()
	other := host == "203.0.113.9" && s.declared(c.camera).Site == s.declared(c.recorder).Site
	if other || s.chance(20) {
		host = fmt.Sprintf("192.168.%d.64", len(s.channels)) // in a network of its own, or on the other side of the router
		to := netip.AddrPortFrom(netip.MustParseAddr(host), 0)
		s.fleet.Route(device.Route{Recorder: c.recorder, To: to, Camera: c.camera, Port: portOf(port)})
	}
	d.SetChannel(c.key, host+":"+port, shownAs, "Shown-"+c.camera)
	s.channels = append(s.channels, c)
	how := s.rand.IntN(4)
	switch how {
	case 1:
		s.declare(c.recorder, "channel", c.key, values{"username": cty.StringVal(shownAs)})
	case 2, 3: // a reference is an origin that both have
		origin := "env:" + c.camera + "/" + shownAs
		if how == 2 {
			origin = "env:" + c.recorder + "/" + c.key
		}
		s.secrets[origin] = "Shown-" + c.camera
		s.declare(c.recorder, "channel", c.key, values{"username": cty.StringVal(shownAs), "password": s.secret(origin)})
	}
	s.note("%s shows %s at %s:%s, declared %d", c.item(), c.camera, host, port, how)
}

// late makes a recorder that is alive show a camera that it does not show yet.
func (s *studio) late() {
	for _, d := range s.cfg.Devices {
		for k, camera := range s.cameras {
			c := showing{recorder: d.Address.Name, key: fmt.Sprint(k + 1), camera: camera}
			if strings.HasPrefix(c.recorder, "recorder") && !slices.Contains(s.dead, c.recorder) && !slices.Contains(s.channels, c) {
				s.note("after the plan:")
				s.channel(s.fleet.Device(c.recorder), c)
				return
			}
		}
	}
}

func portOf(text string) uint16 {
	at, _ := netip.ParseAddrPort("0.0.0.0:" + text)
	return at.Port()
}

// change wants something else of some cameras.
func (s *studio) change() {
	for _, camera := range s.cameras {
		d := s.declared(camera)
		what := s.rand.IntN(12)
		switch what {
		case 0: // a password that a policy makes
			s.declare(camera, "user", shownAs, values{"level": cty.StringVal("Operator")})
			account := d.Settings[slices.IndexFunc(d.Settings, func(set *config.Setting) bool { return set.Address == setting(camera, "user", shownAs) })]
			account.Attributes["password"] = config.Attribute{
				Policy: &credential.Policy{MinLength: 12, Classes: 3}, Range: at(40),
				Value: schema.MarkSecret(cty.UnknownVal(cty.String), credential.Origin(credential.Name(d.Address, shownAs))),
			}
		case 1: // one that somebody chose
			s.declareUser(camera, shownAs, "Operator", "Chosen-"+camera)
		case 2:
			s.declare(camera, "user", shownAs, values{"level": cty.StringVal("Viewer")})
		case 3:
			d.Exclusive = []string{"user"}
		case 4:
			s.filter(camera, memory.Source)
		case 5:
			s.filter(camera, memory.Source, "10.0.0.100", "10.0.0.101")
		case 6:
			s.declare(camera, "service", "HTTP", values{"enabled": cty.False})
		case 7:
			s.declareName(camera, "another name")
		default:
			continue
		}
		if s.chance(10) {
			d.Consumers = append(d.Consumers, config.Consumer{Name: "device.recorder0", Ignore: true, Reason: "it goes tomorrow"})
			s.note("%s may cut recorder0 off", camera)
		}
		s.note("%s changes by %d", camera, what)
	}
}

func (s *studio) filter(camera string, addresses ...string) {
	var list []cty.Value
	for _, a := range addresses {
		list = append(list, cty.StringVal(a))
	}
	s.declare(camera, "filter", "", values{"enabled": cty.True, "addresses": cty.SetVal(list)})
}

// engineOf is an engine with a vault.
func (s *studio) engineOf() *engine.Engine {
	e := s.engine()
	e.Passwords = storedPasswords{s.store}
	env := e.Secret
	e.Secret = func(origin string) (schema.Secret, error) {
		name, managed := strings.CutPrefix(origin, "vault:")
		if !managed {
			return env(origin)
		}
		versions, err := s.store.Versions(context.Background(), name)
		if err != nil {
			return schema.Secret{}, err
		}
		for _, v := range versions {
			if v.Status == state.SecretLive {
				return storedPasswords{s.store}.Open(v)
			}
		}
		return schema.Secret{}, config.ErrSecretAbsent
	}
	return e
}

// online are the channels that show their camera now.
func (s *studio) online() map[schema.Setting]bool {
	s.clock.pass(time.Minute)
	all := map[schema.Setting]bool{}
	for _, c := range s.channels {
		text := s.fleet.Device(c.recorder).Document("/channels/" + c.key + "/status")
		all[c.item()] = strings.Contains(text, `"online":true`)
	}
	return all
}

// announces reports whether a plan, or what is reported about it, names a channel or its recorder, also as one that may be cut off.
func announces(p *plan.Plan, problems diag.Problems, c showing) bool {
	for _, d := range p.Devices {
		for _, step := range d.Steps {
			if step.Address == c.item() {
				return true
			}
		}
		for _, cut := range d.Cuts {
			if about, err := schema.ParseTarget(cut.Who); err == nil && d.Address.Name == c.camera && about.Covers(c.item()) {
				return true
			}
		}
	}
	return slices.ContainsFunc(problems, func(p diag.Problem) bool {
		return strings.Contains(p.Detail, c.item().String()) || strings.Contains(p.Detail, "device."+c.recorder) && strings.Contains(p.Detail, "never read")
	})
}

// tally counts the outcomes of plans and of channels.
type tally struct{ channels, applied, refused, dark int }

// lost plays one fleet, counts its outcomes, and returns which channels went dark although no plan had named them.
func (s *studio) lost(n *tally) (unannounced []string) {
	ctx := context.Background()
	if s.chance(50) {
		s.filter(s.cameras[0], memory.Source, "10.0.0.0/8", "192.168.0.0/16")
		s.engineOf().Plan(ctx, s.cfg, nil) // the recorders tell what they show
		s.retract(s.cameras[0], "filter", "")
	}
	for _, c := range s.channels {
		if s.chance(4) {
			s.fleet.Device(c.recorder).Unplug()
			s.dead = append(s.dead, c.recorder)
			s.note("%s is dead", c.recorder)
		}
	}
	s.change()
	planned, problems := s.engineOf().Plan(ctx, s.cfg, nil)
	if planned == nil || problems.HasErrors() {
		n.refused++
		return nil
	}
	n.applied++
	if s.chance(30) {
		s.late()
	}
	before := s.online()
	r := s.engineOf().Apply(ctx, ctx, planned.Plan, s.nextRun())
	after := s.online()
	for _, c := range s.channels {
		if !before[c.item()] || after[c.item()] {
			continue
		}
		n.dark++
		if !announces(planned.Plan, problems, c) {
			unannounced = append(unannounced, fmt.Sprintf("%s went dark\n%s\n%s\n%s\n%v", c.item(), strings.Join(s.lines, "\n"), toldPlan(planned.Plan), told(r), problems))
		}
	}
	return unannounced
}

// TestI13NoPictureIsLostUnannounced plays made-up fleets and changes: a channel that goes dark was named by the plan.
func TestI13NoPictureIsLostUnannounced(t *testing.T) {
	fleets := thorough.Pick(100, 200, 10_000)
	var all tally
	var bad []string
	for seed := range fleets {
		synctest.Test(t, func(t *testing.T) {
			s := newStudio(t, uint64(seed))
			unannounced := s.lost(&all)
			all.channels += len(s.channels)
			for _, u := range unannounced {
				bad = append(bad, fmt.Sprintf("fleet %d: %s", seed, u))
			}
		})
	}
	t.Logf("%d fleets with %d channels: %d plans were applied, %d refused; %d channels went dark, %d of them unannounced",
		fleets, all.channels, all.applied, all.refused, all.dark, len(bad))
	for _, text := range bad[:min(3, len(bad))] {
		t.Error(text)
	}
	if all.applied < fleets/4 || all.refused < fleets/10 || all.dark == 0 {
		t.Error("the fleets say nothing")
	}
}
