package providers

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"sync"
	"time"
)

// Node is one document of one device.
type Node struct {
	Endpoint string   // "host:port" of the device
	Device   Identity // zero before the device said who it is
	Path     string
}

// serial is the name under which the device of a node is recorded.
func (n Node) serial() string { return cmp.Or(n.Device.Serial, n.Device.MAC) }

// NodeStore remembers for which documents devices asked for a login again although the login was good. Methods are safe for
// concurrent use.
type NodeStore interface {
	// RefusedNodes are the paths of those of a device with a firmware, with the time of each, in UTC.
	RefusedNodes(ctx context.Context, serial, firmware string) (map[string]time.Time, error)

	// RefuseNode remembers one durably, and forgets those of other firmware of the device.
	RefuseNode(ctx context.Context, serial, firmware, path string) error

	// ForgetNodes forgets those of a device. It forgets nothing of UntoldNodes.
	ForgetNodes(ctx context.Context, serial string) error

	// UntoldNodes are the documents that were asked for of a device with a firmware that does not tell how many attempts are
	// left: by path, when it asked for a login again, in UTC, or the zero time where it gave the document.
	UntoldNodes(ctx context.Context, serial, firmware string) (map[string]time.Time, error)

	// NoteUntold remembers such documents durably, and forgets those of other firmware of the device.
	NoteUntold(ctx context.Context, serial, firmware string, nodes map[string]time.Time) error
}

// AttemptWindow is how long a failed login counts on a device, at the longest that is known of devices as delivered: half an hour,
// and a minute for clocks that differ.
const AttemptWindow = 31 * time.Minute

// Nodes knows which documents of devices a run does not ask for: those that got no answer in time in this run, and those for
// which the device asked for a login again although the login was good, also in earlier runs. Methods are safe for concurrent use.
//
// A device may count a failed login for each such document. Where it does not tell how many are left, it is asked until it has
// refused two documents, three times in all, since devices lock after five failed logins as delivered and the last two are never
// spent. From then on until AttemptWindow is over, every run asks for what it has been given before, and for nothing else.
type Nodes struct {
	store  NodeStore
	recall func(ctx context.Context, serial, firmware string) (map[string]time.Time, error)

	mu      sync.Mutex
	hung    map[string]map[string]bool         // paths by endpoint
	answers map[string]*answers                // by endpoint
	refused map[[2]string]map[string]time.Time // times by serial number and firmware, and path
}

// answers are what a device gave, and refused without telling how many attempts are left.
type answers struct {
	recalled bool                 // whether those of earlier runs are among them
	given    map[string]bool      // paths
	untold   map[string]time.Time // times by path
}

// NewNodes returns the nodes of a run. Store is nil where nothing is recorded beyond the run.
func NewNodes(store NodeStore) *Nodes {
	n := &Nodes{
		store: store, hung: map[string]map[string]bool{}, answers: map[string]*answers{}, refused: map[[2]string]map[string]time.Time{},
	}
	n.recall = n.remembered
	return n
}

// RetryNodes returns the nodes of a run that asks once more for what earlier runs had found, and forgets that.
func RetryNodes(store NodeStore) *Nodes {
	n := NewNodes(store)
	n.recall = func(ctx context.Context, serial, _ string) (map[string]time.Time, error) {
		return nil, store.ForgetNodes(ctx, serial)
	}
	return n
}

func (n *Nodes) remembered(ctx context.Context, serial, firmware string) (map[string]time.Time, error) {
	if n.store == nil {
		return nil, nil
	}
	return n.store.RefusedNodes(ctx, serial, firmware)
}

// Spared says why a document is not asked for, with the family ErrWithheld; nil if it is. Any other error is that of the store.
func (n *Nodes) Spared(ctx context.Context, node Node) error {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.hung[node.Endpoint][node.Path] {
		return fmt.Errorf("it got no answer in time before, and camform asks for it once per run: %w", ErrWithheld)
	}
	known, err := n.recalled(ctx, node)
	if err != nil {
		return fmt.Errorf("the state file does not show how many logins failed: %w", err)
	}
	if times := known.counting(); len(times) >= mostUntold && !known.given[node.Path] {
		return fmt.Errorf("camform does not ask for it before %s: the device answered 401 for %d other documents although the login was good, "+
			"and does not say how many attempts are left: %w", until(times[len(times)-mostUntold]), len(times), ErrWithheld)
	}
	if at, ok := known.untold[node.Path]; ok && counts(at) {
		return fmt.Errorf("the device answered 401 although the login was good, and does not say how many attempts are left; camform does not ask "+
			"for it before %s, even with -retry-nodes: %w", until(at), ErrWithheld)
	}
	refused, err := n.of(ctx, node)
	if err != nil {
		return fmt.Errorf("the state file does not show which documents to leave alone: %w", err)
	}
	if at, ok := refused[node.Path]; ok {
		return fmt.Errorf("the device answered 401 at %s although the login was good; to ask for it again, add -retry-nodes: %w",
			at.Truncate(time.Second).Format(time.RFC3339), ErrWithheld)
	}
	return nil
}

// mostUntold is for how many documents of a device a good login is refused within AttemptWindow where the device does not tell how
// many attempts that leaves. The first may cost two failed logins, and the others one each.
const mostUntold = 2

// Given remembers that a device answered for a document: for the run, and beyond where the device refused others untold.
func (n *Nodes) Given(ctx context.Context, node Node) error {
	n.mu.Lock()
	defer n.mu.Unlock()
	known := n.at(node.Endpoint)
	if known.given[node.Path] {
		return nil
	}
	known.given[node.Path] = true
	if n.store == nil || node.serial() == "" || len(known.counting()) == 0 {
		return nil
	}
	return n.store.NoteUntold(ctx, node.serial(), node.Device.Firmware, map[string]time.Time{node.Path: {}})
}

// Untold counts a document for which a device refused a good login without telling how many attempts are left. It reports whether
// no other one counts, and when the document may be asked for again. The run counts it even where that cannot be remembered for
// others, which is the error.
func (n *Nodes) Untold(ctx context.Context, node Node) (first bool, again string, err error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	known, now := n.at(node.Endpoint), time.Now().UTC()
	first = len(known.counting()) == 0
	known.untold[node.Path] = now
	if n.store == nil || node.serial() == "" {
		return first, until(now), nil
	}
	noted := map[string]time.Time{node.Path: now}
	if first {
		for path := range known.given {
			noted[path] = time.Time{}
		}
	}
	return first, until(now), n.store.NoteUntold(ctx, node.serial(), node.Device.Firmware, noted)
}

// Frugal reports whether a device refused a good login within AttemptWindow without telling how many attempts are left.
func (n *Nodes) Frugal(endpoint string) bool {
	n.mu.Lock()
	defer n.mu.Unlock()
	return len(n.at(endpoint).counting()) > 0
}

// until is when what a device counted at a time counts no longer.
func until(at time.Time) string {
	return at.Add(AttemptWindow + time.Second - 1).Truncate(time.Second).Format(time.RFC3339)
}

// counts reports whether a login that was refused at a time counts now. One in the future, where the clock was set back, does.
func counts(at time.Time) bool { return at.After(time.Now().Add(-AttemptWindow)) }

// counting are the times of the refused logins that count now, in their order.
func (a *answers) counting() []time.Time {
	return slices.SortedFunc(func(yield func(time.Time) bool) {
		for _, at := range a.untold {
			if counts(at) && !yield(at) {
				return
			}
		}
	}, time.Time.Compare)
}

func (n *Nodes) at(endpoint string) *answers {
	if n.answers[endpoint] == nil {
		n.answers[endpoint] = &answers{given: map[string]bool{}, untold: map[string]time.Time{}}
	}
	return n.answers[endpoint]
}

// recalled are the answers of a device, with those of earlier runs once it is known which device it is.
func (n *Nodes) recalled(ctx context.Context, node Node) (*answers, error) {
	known := n.at(node.Endpoint)
	if known.recalled || n.store == nil || node.serial() == "" {
		return known, nil
	}
	earlier, err := n.store.UntoldNodes(ctx, node.serial(), node.Device.Firmware)
	if err != nil {
		return nil, err
	}
	known.recalled = true
	for path, at := range earlier {
		switch {
		case at.IsZero():
			known.given[path] = true
		case at.After(known.untold[path]):
			known.untold[path] = at
		}
	}
	return known, nil
}

// of are the documents for which a device asked for a login again.
func (n *Nodes) of(ctx context.Context, node Node) (map[string]time.Time, error) {
	key := [2]string{node.serial(), node.Device.Firmware}
	if known, ok := n.refused[key]; ok {
		return known, nil
	}
	known, err := n.recall(ctx, key[0], key[1])
	if err != nil {
		return nil, err
	}
	if known == nil {
		known = map[string]time.Time{}
	}
	n.refused[key] = known
	return known, nil
}

// Refused remembers that a device asked for a login again for a document although the login is good. The run does not ask
// again even where that cannot be remembered for others, which is the error.
func (n *Nodes) Refused(ctx context.Context, node Node) error {
	n.mu.Lock()
	defer n.mu.Unlock()
	known, err := n.of(ctx, node)
	if err != nil {
		return err
	}
	known[node.Path] = time.Now().UTC()
	if n.store == nil {
		return nil
	}
	return n.store.RefuseNode(ctx, node.serial(), node.Device.Firmware, node.Path)
}

// Begin says that a session begins on the device at an endpoint: what other runs noted since the last one counts in it.
func (n *Nodes) Begin(endpoint string) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.at(endpoint).recalled = false
}

// Hung remembers for the run that a document got no answer in time.
func (n *Nodes) Hung(node Node) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.hung[node.Endpoint] == nil {
		n.hung[node.Endpoint] = map[string]bool{}
	}
	n.hung[node.Endpoint][node.Path] = true
}

// Hangs reports whether a document of the device at an endpoint got no answer in time in this run.
func (n *Nodes) Hangs(endpoint string) bool {
	n.mu.Lock()
	defer n.mu.Unlock()
	return len(n.hung[endpoint]) > 0
}
