package providers

import (
	"cmp"
	"context"
	"fmt"
	"sync"
	"time"
)

// Node is one document of one device.
type Node struct {
	Endpoint string   // "host:port" of the device
	Device   Identity // zero before the device said who it is
	Path     string
}

// serial is the name under which the device of a node is remembered.
func (n Node) serial() string { return cmp.Or(n.Device.Serial, n.Device.MAC) }

// NodeStore remembers for which documents devices asked for a login again although the login was good. Methods are safe for
// concurrent use.
type NodeStore interface {
	// RefusedNodes are the paths of those of a device with a firmware, with the time of each, in UTC.
	RefusedNodes(ctx context.Context, serial, firmware string) (map[string]time.Time, error)

	// RefuseNode remembers one durably, and forgets those of other firmware of the device.
	RefuseNode(ctx context.Context, serial, firmware, path string) error

	// ForgetNodes forgets those of a device.
	ForgetNodes(ctx context.Context, serial string) error
}

// Nodes knows which documents of devices a run does not ask for: those that got no answer in time in this run, and those for
// which the device asked for a login again although the login was good, also in earlier runs. Methods are safe for concurrent use.
//
// A device may count a failed login for each such document. Where it does not tell how many are left, a run asks until it has been
// refused for two documents, three times in all, since devices lock after five failed logins as delivered and the last two are
// never spent. From then on it asks for what it has been given before, and for nothing else.
type Nodes struct {
	store  NodeStore
	recall func(ctx context.Context, serial, firmware string) (map[string]time.Time, error)

	mu      sync.Mutex
	hung    map[string]map[string]bool         // paths by endpoint
	given   map[string]map[string]bool         // paths that were answered, by endpoint
	untold  map[string]int                     // documents with such a 401 where the device did not tell what is left, by endpoint
	refused map[[2]string]map[string]time.Time // times by serial number and firmware, and path
}

// NewNodes returns the nodes of a run. Store is nil where nothing is remembered beyond the run.
func NewNodes(store NodeStore) *Nodes {
	n := &Nodes{
		store: store, hung: map[string]map[string]bool{}, given: map[string]map[string]bool{}, untold: map[string]int{},
		refused: map[[2]string]map[string]time.Time{},
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
		return fmt.Errorf("it got no answer in time before, and is asked for once in a run: %w", ErrWithheld)
	}
	if n.untold[node.Endpoint] >= mostUntold && !n.given[node.Endpoint][node.Path] {
		return fmt.Errorf("it is left for the next run: the device answered 401 for %d other documents although the login was good, "+
			"and does not tell how many attempts are left: %w", mostUntold, ErrWithheld)
	}
	refused, err := n.of(ctx, node)
	if err != nil {
		return fmt.Errorf("the state does not tell which documents to leave alone: %w", err)
	}
	if at, ok := refused[node.Path]; ok {
		return fmt.Errorf("the device answered 401 at %s although the login was good; to ask for it again, add -retry-nodes: %w",
			at.Truncate(time.Second).Format(time.RFC3339), ErrWithheld)
	}
	return nil
}

// mostUntold is for how many documents of a device a run is refused a good login where the device does not tell how many attempts
// that leaves. The first may cost two failed logins, and the others one each.
const mostUntold = 2

// Given remembers for the run that a device answered for a document.
func (n *Nodes) Given(node Node) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.given[node.Endpoint] == nil {
		n.given[node.Endpoint] = map[string]bool{}
	}
	n.given[node.Endpoint][node.Path] = true
}

// Untold counts a document for which a device refused a good login without telling how many attempts are left, and reports
// whether it is the first of the run.
func (n *Nodes) Untold(endpoint string) bool {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.untold[endpoint]++
	return n.untold[endpoint] == 1
}

// Frugal reports whether a device refused a good login before in this run without telling how many attempts are left.
func (n *Nodes) Frugal(endpoint string) bool {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.untold[endpoint] > 0
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
