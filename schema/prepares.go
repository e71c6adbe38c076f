package schema

// Prepares says that a setting prepares a way to a new password, for the day on which nobody knows the old one. A block `prepares` of
// a setting file declares it.
type Prepares struct {
	Way string `hcl:"way,label"` // what people call the way
	By  string `hcl:"by"`        // attribute, a list or set, that has members on a device that is prepared
}

// Preparing are the kinds that prepare a way to a new password, in the order of all kinds. A user's own kinds are none: what their
// files say could make a device look prepared.
func (s *Kinds) Preparing() []*Kind {
	var all []*Kind
	for _, k := range s.All() {
		if k.Prepares != nil && !k.Own {
			all = append(all, k)
		}
	}
	return all
}

func (p *Prepares) faults(k *Kind) []Fault {
	if p == nil {
		return nil
	}
	const summary = "Prepares block not possible"
	by := k.Attribute(p.By)
	return broken([]rule{
		{"prepares", summary, !namePattern.MatchString(p.Way), "The label must be lower case with underscores."},
		{"prepares", summary, k.Keyed, "prepares is for a kind that a device has once."},
		{"prepares.by", summary, by == nil || !by.Type.IsCollectionType() || by.Secret, "by must name an attribute that is a list or a set, and not secret."},
	})
}
