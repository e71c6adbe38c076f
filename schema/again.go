package schema

import "slices"

// Again says how an entry of a list is made again that a device had and somebody deleted: the list takes it by POST. A block `again`
// of a setting file declares it, for kinds whose entries are always there as long as nobody deletes one. It has a grade of its own,
// since what is recorded of an entry that is there says nothing about that.
type Again struct {
	New        string     `hcl:"new"`           // an entry as XML or JSON, before its attributes are set
	Room       string     `hcl:"room,optional"` // path of the element of a document with limits that tells how many entries the device holds; empty where none does
	Source     string     `hcl:"source"`
	Confidence Confidence `hcl:"confidence"`
}

// Template is a new item of the kind as XML or JSON, before its attributes are set; empty where none can be made, or hooks make it.
func (k *Kind) Template() string {
	switch {
	case k.Again != nil:
		return k.Again.New
	case k.Write != nil:
		return k.Write.New
	}
	return ""
}

func (a *Again) faults(k *Kind) []Fault {
	if a == nil {
		return nil
	}
	const summary = "Again block not possible"
	return broken([]rule{
		{"again", summary, k.Item == nil || k.Item.Names != nil || k.Item.Apart != "" || k.Item.AnyCase, "again is for the entries of a list that have their own key, or where the first one counts."},
		{"again", summary, k.Creatable() || k.IsAccount(), "Items that camform creates and deletes do not need again, and accounts never have it."},
		{"again", summary, k.Hooks != "", "again is for kinds without hooks."},
		{"again.new", summary, a.New == "", "new must be the entry in which the attributes are set."},
		{"again.source", summary, a.Source == "", "source must say where it is documented that devices accept an entry again."},
		{"again.confidence", "Unknown confidence", !slices.Contains(confidences, a.Confidence), notOneOf(a.Confidence, confidences)},
	})
}
