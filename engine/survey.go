package engine

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"slices"

	"golang.org/x/sync/errgroup"

	"camform/engine/config"
	"camform/engine/credential"
	"camform/engine/diag"
	"camform/engine/diff"
	"camform/engine/graph"
	"camform/engine/live"
	"camform/engine/plan"
	"camform/engine/report"
	"camform/engine/rotate"
	"camform/engine/state"
	"camform/providers"
	"camform/schema"
)

// surveyor reads devices. Every command does so by survey, and it has nothing that could write to a device.
type surveyor struct {
	stage       report.Stage // what the reading is called in events
	open        func(providers.Target) providers.Reader
	interpreter providers.Interpreter
	store       *state.Fleet
	attempts    *attempts
	secret      func(origin string) (schema.Secret, error)
	values      func(*schema.Attribute) bool             // the attributes whose wanted value has to be known
	within      func(origins ...string) providers.Bounds // nil for anywhere
	passwords   rotate.Vault
	config      *config.Config // with all devices that there are; nil where that is not known
	parallelism graph.Parallelism
	event       func(report.Event)
	trace       providers.Trace
	nodes       *providers.Nodes
	searches    bool // whether new devices that do not answer are searched for after it

	// take is given each snapshot without Err as soon as it is there, from several goroutines, and may take out of it what the
	// survey does not need: what was read. Nil leaves all of it in the survey.
	take func(*config.Device, live.Wants, *live.Snapshot)
}

// survey is what was read of devices at one time. Slices are in the order of the devices.
type survey struct {
	devices     []*config.Device
	known       []state.Device // what was remembered of them before
	credentials credentials    // what was known of managed passwords before
	requests    []live.Request
	snapshots   []*live.Snapshot
	twins       map[int]int // devices that answered with the serial number of an earlier one, and that one
	renamed     []renamed   // devices that may be remembered under another name
	tried       []int       // versions of managed passwords that were tried on the devices; 0 for none
	unwritten   []error     // why the state could not be written
}

// wants says what to read of a device.
type wants func(*schema.Kinds, *config.Device) live.Wants

// survey reads devices: who they are, and what wants says of each. It remembers who answered, finds devices that answer with
// one serial number, and notes which of them refuse the password that the vault calls current, for the next run to find out.
// It changes nothing on any device.
//
// Without a survey the problems say why no device was asked. Beside one, an error among them means that it is not all to be
// relied on.
func (s surveyor) survey(ctx context.Context, devices []*config.Device, wants wants) (*survey, diag.Problems) {
	found, err := s.surveyBy(ctx, byAddress, devices, wants)
	if err != nil {
		return nil, stateUnreadable(err)
	}
	var problems diag.Problems
	for _, err := range found.unwritten {
		problems = append(problems, diag.FromError(err, "state-unwritable", "State cannot be written"))
	}
	return found, slices.Concat(problems, found.sameSerialNumbers(), renamedProblems(s.config, found.renamed))
}

// surveyBy is survey with the problems left in what it returns. By finds the record of a device; the error says why
// nothing could be.
func (s surveyor) surveyBy(ctx context.Context, by func([]state.Device) find, devices []*config.Device, wants wants) (*survey, error) {
	remembered, err := s.store.AllDevices(ctx)
	if err != nil {
		return nil, err
	}
	found := &survey{
		devices: slices.Clone(devices), known: make([]state.Device, len(devices)),
		requests: make([]live.Request, len(devices)), tried: make([]int, len(devices)),
	}
	if found.credentials, err = readCredentials(ctx, s.store); err != nil {
		return nil, err
	}
	var lost lost
	if s.config != nil {
		lost = lostFrom(s.config, remembered)
	}
	asked := found.recall(by(remembered), lost)
	complete, lacking := withSecrets(ctx, pick(devices, asked), s.secret, s.values)
	for n, i := range asked {
		device, known := complete[n], found.known[i]
		found.devices[i] = device
		found.requests[i] = s.request(ctx, device, found.credentials.standing(ctx, device, known), known.Pin, &found.tried[i], wants)
		if why := lacking[device.Address]; why != nil {
			found.requests[i].Blocked = why
		}
		if found.isNew(i) {
			found.requests[i] = wary(found.requests[i], lost.keys)
		}
		found.requests[i].Sought = s.searches && found.isNew(i) && lacksForSearch(device) == ""
		if s.take != nil {
			wants := found.requests[i].Wants
			found.requests[i].Take = func(snap *live.Snapshot) {
				if !found.isNew(i) || lost.answered(snap) == nil {
					s.take(device, wants, snap)
				}
			}
		}
	}
	found.snapshots = live.Refresh(ctx, found.requests, live.Options{
		Stage: s.stage, Open: s.open, Interpreter: s.interpreter, Parallelism: s.parallelism, Cache: capabilityCache{s.store.Capabilities}, Event: s.event,
	})
	found.unwritten = s.attempts.failed()
	found.answered(lost)
	found.twins = twins(found.snapshots)
	for _, note := range []func(context.Context, *survey) error{s.remember, s.doubt, s.prove} {
		if err := note(ctx, found); err != nil {
			found.unwritten = append(found.unwritten, err)
		}
	}
	return found, nil
}

// lacksForSearch is what the block of a device lacks for the device to be searched for; empty if nothing.
func lacksForSearch(device *config.Device) string {
	_, allowed := device.AllowUnproven[config.Activation]
	switch {
	case device.Identity.MAC == "":
		return "identity { mac = \"...\" }"
	case !allowed:
		return "allow_unproven = { activation = \"why\" }"
	default:
		return ""
	}
}

// isNew reports whether there is no record of a device.
func (s *survey) isNew(i int) bool { return s.known[i].LastSeen.IsZero() }

// recall fills in the records of the devices, and returns those that may be asked: a new one that may be a lost one is not.
func (s *survey) recall(remembers find, lost lost) (asked []int) {
	for i, device := range s.devices {
		s.known[i] = remembers(device)
		elsewhere := lost.declared(device)
		if elsewhere == nil || !s.isNew(i) {
			asked = append(asked, i)
			continue
		}
		s.requests[i] = live.Request{Target: providers.Target{Device: device.Address, URL: device.URL}, Site: device.Site, Blocked: elsewhere}
		s.renamed = append(s.renamed, renamed{device, *elsewhere})
	}
	return asked
}

// pick are some of the devices.
func pick(devices []*config.Device, some []int) []*config.Device {
	picked := make([]*config.Device, len(some))
	for n, i := range some {
		picked[n] = devices[i]
	}
	return picked
}

// wary is a request that sends no credential to who shows one of some TLS keys.
func wary(request live.Request, keys map[string]schema.Device) live.Request {
	request.Target.Trust.Elsewhere = keys
	if renew := request.Renew; renew != nil {
		request.Renew = func(ctx context.Context) (providers.Target, error) {
			target, err := renew(ctx)
			target.Trust.Elsewhere = keys
			return target, err
		}
	}
	return request
}

// answered takes out of a survey what new devices answered that may be lost ones.
func (s *survey) answered(lost lost) {
	for i, snap := range s.snapshots {
		if s.requests[i].Blocked != nil || !s.isNew(i) {
			continue
		}
		if elsewhere := lost.answered(snap); elsewhere != nil {
			s.renamed = append(s.renamed, renamed{s.devices[i], *elsewhere})
			s.snapshots[i] = &live.Snapshot{Device: snap.Device, Err: elsewhere}
		}
	}
	slices.SortFunc(s.renamed, func(a, b renamed) int { return a.Address.Compare(b.Address) })
}

// find finds the record of a device. The address in it is the one under which to record who answers; it is zero
// for a device that has none yet.
type find func(*config.Device) state.Device

// byAddress finds devices by their addresses in the configuration.
func byAddress(remembered []state.Device) find {
	known := make(map[schema.Device]state.Device, len(remembered))
	for _, d := range remembered {
		known[d.Address] = d
	}
	return func(device *config.Device) state.Device {
		d := known[device.Address]
		d.Address = device.Address
		return d
	}
}

// byEndpoint finds devices by where they answered last.
func byEndpoint(remembered []state.Device) find {
	known := make(map[string]state.Device, len(remembered))
	for _, d := range remembered {
		if d.LastSeen.After(known[d.Endpoint].LastSeen) {
			known[d.Endpoint] = d
		}
	}
	return func(device *config.Device) state.Device { return known[device.URL.Host] }
}

// request says what to read from a device. One that is in doubt which password it has is not asked.
func (s surveyor) request(
	ctx context.Context, device *config.Device, known standing, pin providers.Pin, tried *int, wants wants,
) live.Request {
	request := live.Request{Target: providers.Target{Device: device.Address, URL: device.URL}, Site: device.Site}
	if request.Blocked = known.blocked(); request.Blocked != nil {
		return request
	}
	access := diff.AccessOf(device)
	target, err := s.target(ctx, device.Address, access, pin)
	if err != nil {
		request.Target, request.Blocked = target, err
		if errors.Is(err, errNoPassword) {
			request.Dormant, request.Blocked, request.Explain = true, known.withoutPassword(err), known.explain
		}
		return request
	}
	request.Target, request.Wants, request.Explain = target, wants(s.interpreter.Kinds(), device), known.explain
	if access.Managed != "" {
		request.Renew = func(ctx context.Context) (providers.Target, error) { return s.renewed(ctx, known, pin, tried) }
	}
	return request
}

// renewed is the target of a device with the password that the vault has now: another run may have changed it while others had
// their turn, and the one from before would cost an attempt. Its version goes to tried. The error is why the device is not asked.
func (s surveyor) renewed(ctx context.Context, known standing, pin providers.Pin, tried *int) (target providers.Target, err error) {
	if known.versions, err = s.store.Versions(ctx, known.access.Managed); err != nil {
		return providers.Target{}, err
	}
	if err = known.blocked(); err != nil {
		return providers.Target{}, err
	}
	current, _ := rotate.Live(known.versions)
	*tried = current.Version
	return s.target(ctx, known.device, known.access, pin)
}

// target is how to reach a device with a pin from earlier runs. Origins are those of secrets that are sent to it
// beside the password that camform logs in with. The error is ErrDowngraded if the pin is of a TLS key, and the address has no
// TLS: a password that was safe would not be. With errNoPassword the target has no password and is right otherwise.
func (s surveyor) target(
	ctx context.Context, device schema.Device, access plan.Access, pin providers.Pin, origins ...string,
) (providers.Target, error) {
	u, err := secureEnough(access, pin)
	if err != nil {
		return providers.Target{}, err
	}
	password, origin, err := s.password(ctx, access)
	if err != nil && !errors.Is(err, errNoPassword) {
		return providers.Target{}, err
	}
	return s.reach(device, u, access, pin, password, append(origins, origin)...), err
}

// errNoPassword is the error of a login whose password the vault has yet to make. The device can be asked what takes no login.
var errNoPassword = fmt.Errorf("the vault has no password for it yet, and the login gives no first one: %w", providers.ErrBudget)

// secureEnough is the address of a device, or ErrDowngraded; see target.
func secureEnough(access plan.Access, pin providers.Pin) (*url.URL, error) {
	u, err := url.Parse(access.URL)
	if err == nil && u.Scheme == "http" && pin.SPKI != "" && !access.Plain {
		err = providers.ErrDowngraded
	}
	return u, err
}

// reach is target with a password that is given, and all origins of secrets that may be sent there.
func (s surveyor) reach(
	device schema.Device, u *url.URL, access plan.Access, pin providers.Pin, password schema.Secret, origins ...string,
) providers.Target {
	var within providers.Bounds
	if s.within != nil {
		within = s.within(origins...)
	}
	mode := providers.TrustPin
	if access.Verify {
		mode = providers.TrustVerify
	}
	return providers.Target{
		Device: device, URL: u, Within: within,
		Login: providers.Credential{Username: access.Username, Password: password},
		Pin:   pin, Want: access.Want, Basic: access.Basic,
		Trust:  providers.Trust{Mode: mode, CAFile: access.CAFile, Legacy: access.Legacy},
		Ledger: s.attempts, Trace: s.trace, Nodes: s.nodes,
	}
}

// password is what camform logs in with, and its origin: that of the vault where it manages the account and has one, else that
// from the origin.
func (s surveyor) password(ctx context.Context, access plan.Access) (password schema.Secret, origin string, err error) {
	if access.Managed != "" {
		versions, err := s.store.Versions(ctx, access.Managed)
		if err != nil {
			return schema.Secret{}, "", err
		}
		if v, ok := rotate.Live(versions); ok {
			password, err = s.passwords.Open(v)
			return password, credential.Origin(access.Managed), err
		}
		switch own := credential.Origin(access.Managed); {
		case rotate.InDoubt(versions):
			return schema.Secret{}, own, nil // one of the versions is it
		case access.Password.Origin == own:
			return schema.Secret{}, own, errNoPassword
		}
	}
	password, err = s.secret(access.Password.Origin)
	return password, access.Password.Origin, err
}

// remember keeps who answered, so that another device is noticed the next time.
func (s surveyor) remember(ctx context.Context, found *survey) error {
	var seen []state.Device
	for i, snap := range found.snapshots {
		if address := found.known[i].Address; snap.Err == nil && address != (schema.Device{}) {
			seen = append(seen, seenAs(address, found.requests[i].Target.URL, snap))
		}
	}
	if err := saveSeen(ctx, s.store.Devices, seen); ctx.Err() == nil {
		return err
	}
	return nil
}

// seenAs is the record of a device that answered.
func seenAs(address schema.Device, at *url.URL, snap *live.Snapshot) state.Device {
	return state.Device{Address: address, Endpoint: at.Host, Identity: snap.Identity, Pin: snap.Pin}
}

// saveSeen remembers devices. The store writes together what comes at the same time.
func saveSeen(ctx context.Context, devices *state.Devices, seen []state.Device) error {
	var group errgroup.Group
	group.SetLimit(savers)
	for _, d := range seen {
		group.Go(func() error { return devices.SaveSeen(ctx, d) })
	}
	return group.Wait()
}

// savers bounds how many writes wait for the store at the same time.
const savers = 256

// doubt notes for the next run that devices refuse the password that the vault calls current: it looks for the one that they
// have. A refusal that the ledger spared says nothing, and neither does one of a password that another run has replaced since.
func (s surveyor) doubt(ctx context.Context, found *survey) error {
	for i, device := range found.devices {
		name := diff.AccessOf(device).Managed
		if found.tried[i] == 0 || !rotate.Refused(found.snapshots[i].Err) {
			continue
		}
		versions, err := s.store.Versions(ctx, name)
		if current, _ := rotate.Live(versions); err == nil && current.Version == found.tried[i] {
			err = s.store.DoubtSecret(ctx, name, current.Version)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// prove notes that devices accept passwords that a restore of the state had made uncertain. Who may not write that, since he only
// reads devices, leaves them uncertain for who plans next.
func (s surveyor) prove(ctx context.Context, found *survey) error {
	for i, device := range found.devices {
		name := diff.AccessOf(device).Managed
		live, ok := rotate.Live(found.credentials.versions[name])
		if !ok || live.Uncertain.IsZero() || live.Version != found.tried[i] || found.snapshots[i].Err != nil {
			continue
		}
		if err := s.store.ProveSecret(ctx, name, live.Version); err != nil && !errors.Is(err, state.ErrRole) {
			return err
		}
	}
	return nil
}

// twins finds devices that answer with the serial number of an earlier one: either one device is declared twice, or one of
// them is not what it says it is.
func twins(snapshots []*live.Snapshot) map[int]int {
	first, found := map[string]int{}, map[int]int{}
	for i, s := range snapshots {
		if s.Err != nil || s.Identity.Serial == "" {
			continue
		}
		if earlier, ok := first[s.Identity.Serial]; ok {
			found[i] = earlier
			continue
		}
		first[s.Identity.Serial] = i
	}
	return found
}

// sameSerialNumbers tells of twins.
func (s *survey) sameSerialNumbers() diag.Problems {
	var problems diag.Problems
	for i, snap := range s.snapshots {
		earlier, ok := s.twins[i]
		if !ok {
			continue
		}
		problems = append(problems, diag.Problem{
			Severity: diag.Error, Code: "same-serial-number", Summary: "Two devices with one serial number",
			Detail: fmt.Sprintf("%s answers with the serial number %s, and so does %s. Is the same device declared with two addresses?",
				snap.Device, diag.Quote(snap.Identity.Serial), s.snapshots[earlier].Device),
			Address: schema.Setting{Device: snap.Device},
		})
	}
	return problems
}

func stateUnreadable(err error) diag.Problems {
	return diag.Problems{diag.FromError(err, "state-unreadable", "State cannot be read")}
}
