package schema

import (
	"fmt"
	"strings"
)

// Clock says where a device reports the time of its clock. A block `clock` of a setting file declares it, for kinds that can make the
// clock jump; how far they do is for the provider to say.
type Clock struct {
	Path string `hcl:"path"` // URI path of the document that tells
}

// OfClock are the kinds that can make the clock of a device jump, in the order of all kinds.
func (s *Kinds) OfClock() []*Kind {
	var all []*Kind
	for _, k := range s.All() {
		if k.Clock != nil {
			all = append(all, k)
		}
	}
	return all
}

func (c *Clock) faults() []Fault {
	if c == nil {
		return nil
	}
	return broken([]rule{
		{"clock.path", "Clock block not possible", !strings.HasPrefix(c.Path, "/"), fmt.Sprintf("The path %q must begin with a slash.", c.Path)},
	})
}
