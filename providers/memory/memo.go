package memory

import "sync"

// memo keeps what follows from a key, for all devices: texts of documents are few, and each is understood thousands of times where
// worlds are played by the thousand. What it keeps is shared, and must not be changed.
type memo[K comparable, V any] struct {
	mu   sync.Mutex
	kept map[K]V
}

// most is how much a memo keeps before it starts again.
const most = 4096

// of is what follows from a key; make finds it out, at the first time or again.
func (m *memo[K, V]) of(key K, make func() V) V {
	m.mu.Lock()
	v, ok := m.kept[key]
	m.mu.Unlock()
	if ok {
		return v
	}
	v = make()
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.kept == nil || len(m.kept) >= most {
		m.kept = map[K]V{}
	}
	m.kept[key] = v
	return v
}
