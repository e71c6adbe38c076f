package state

import (
	"bytes"
	"context"
	"database/sql"
	"slices"
	"sync"
)

// capability is a document that all devices of one model and firmware have in common.
type capability struct {
	body    []byte
	missing string
}

type capabilityKey struct{ model, firmware, path string }

// cache holds capabilities in memory, since a thousand devices of a model ask for the same ones. They never change for
// a firmware, so nothing ever becomes stale.
type cache struct {
	mu    sync.RWMutex
	known map[capabilityKey]capability
}

func (c *cache) get(key capabilityKey) (capability, bool) {
	c.mu.RLock()
	defer c.mu.RUnlock()
	found, ok := c.known[key]
	return found, ok
}

func (c *cache) put(key capabilityKey, value capability) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.known == nil {
		c.known = map[capabilityKey]capability{}
	}
	c.known[key] = value
}

// Capabilities are documents that depend on model and firmware only.
type Capabilities struct {
	*database
	cache cache
}

// Capability returns the document at path that devices of a model and firmware have: its body, or why they do not have
// it. Found is false if nobody saved it yet. The caller must not change the body.
func (s *Capabilities) Capability(ctx context.Context, model, firmware, path string) (body []byte, missing string, found bool, err error) {
	key := capabilityKey{model, firmware, path}
	if known, ok := s.cache.get(key); ok {
		return known.body, known.missing, true, nil
	}
	stored, err := read(ctx, s.database, scanCapability, `SELECT body, missing FROM capabilities WHERE model = $1 AND firmware = $2 AND path = $3`,
		model, firmware, path)
	if err != nil || len(stored) == 0 {
		return nil, "", false, err
	}
	s.cache.put(key, stored[0])
	return stored[0].body, stored[0].missing, true, nil
}

// SaveCapability records a document for all devices of a model and firmware. Missing says why they do not have it, and
// is empty if they do.
func (s *Capabilities) SaveCapability(ctx context.Context, model, firmware, path string, body []byte, missing string) error {
	key := capabilityKey{model, firmware, path}
	if known, ok := s.cache.get(key); ok && known.missing == missing && bytes.Equal(known.body, body) {
		return nil
	}
	err := s.write(ctx, func(tx *transaction) error {
		_, err := tx.Exec(`INSERT INTO capabilities (model, firmware, path, body, missing, at) VALUES ($1, $2, $3, $4, $5, $6)
			ON CONFLICT (model, firmware, path) DO UPDATE SET body = excluded.body, missing = excluded.missing, at = excluded.at`,
			model, firmware, path, body, missing, stamp(s.now()))
		return err
	})
	if err == nil {
		s.cache.put(key, capability{slices.Clone(body), missing})
	}
	return err
}

func scanCapability(rows *sql.Rows) (capability, error) {
	var c capability
	err := rows.Scan(&c.body, &c.missing)
	return c, err
}
