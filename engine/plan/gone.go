package plan

import (
	"time"

	"camform/schema"
)

// Gone is a device that the state remembers and the configuration no longer has. Apply forgets it. It keeps what it has,
// unless the configuration says how to reach it and to delete what camform made there.
type Gone struct {
	Address   schema.Device
	Endpoint  string           // where it answered last
	Seen      time.Time        // when that was; apply leaves it alone if it was read since
	Settings  int              // settings that are recorded
	Made      []schema.Setting // accounts and other items that camform made there; ordered
	Passwords []string         // names of its passwords in the vault, where they stay; ordered
	Source    Source           // the removed block; zero if there is none
	Cleared   bool             // whether its steps in the plan delete what camform made there; it is forgotten after that
}

// goneShape is Gone in a plan file.
type goneShape struct {
	Address   string    `json:"address"`
	Endpoint  string    `json:"endpoint,omitempty"`
	Seen      time.Time `json:"seen"`
	Settings  int       `json:"settings,omitempty"`
	Made      []string  `json:"made,omitempty"`
	Passwords []string  `json:"passwords,omitempty"`
	Source    Source    `json:"source,omitzero"`
	Cleared   bool      `json:"cleared,omitempty"`
}

func encodeGone(g Gone) goneShape {
	shape := goneShape{
		Address: g.Address.String(), Endpoint: g.Endpoint, Seen: g.Seen.UTC(), Settings: g.Settings, Passwords: g.Passwords,
		Source: g.Source, Cleared: g.Cleared,
	}
	for _, made := range g.Made {
		shape.Made = append(shape.Made, made.String())
	}
	return shape
}

func (shape goneShape) gone() (g Gone, err error) {
	g = Gone{
		Endpoint: shape.Endpoint, Seen: shape.Seen, Settings: shape.Settings, Passwords: shape.Passwords,
		Source: shape.Source, Cleared: shape.Cleared,
	}
	if g.Address, err = schema.ParseDevice(shape.Address); err != nil {
		return g, err
	}
	for _, text := range shape.Made {
		made, err := schema.ParseSetting(text)
		if err != nil {
			return g, err
		}
		g.Made = append(g.Made, made)
	}
	return g, nil
}
