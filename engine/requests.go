package engine

import (
	"fmt"
	"maps"

	"github.com/zclconf/go-cty/cty"

	"camform/engine/guard"
	"camform/engine/plan"
	"camform/providers"
	"camform/schema"
)

// DeviceRequests are the requests that apply would send to one device.
type DeviceRequests struct {
	Device   schema.Device
	Requests []providers.Request // in order, as people may see them: see providers.Composer.Shown
}

// requests composes what apply would send, from the documents that were read for a plan.
func (j judge) requests(planned *Planned) ([]DeviceRequests, error) {
	var all []DeviceRequests
	blank := schema.NewSecret(schema.Blank)
	for _, d := range planned.Plan.Devices {
		listed := DeviceRequests{Device: d.Address}
		for _, g := range plan.GroupsAsOrdered(d.Steps, j.Kinds()) {
			docs := planned.Snapshots[d.Address].Documents
			for _, part := range g.Requests() {
				requests, err := j.Compose(providers.Composition{
					Documents: docs, Changes: j.changes(part.Steps), First: guard.Sources(d),
					Login: providers.Credential{Username: d.Access.Username, Password: blank},
				})
				if err != nil {
					return nil, fmt.Errorf("%s: compose %s: %w", d.Address, g.Document, err)
				}
				for _, r := range requests {
					listed.Requests = append(listed.Requests, j.Shown(r))
				}
				docs = written(docs, requests)
			}
		}
		if len(listed.Requests) > 0 {
			all = append(all, listed)
		}
	}
	return all, nil
}

// changes are what steps ask for, with secrets blanked.
func (j judge) changes(steps []plan.Step) []providers.Change {
	var changes []providers.Change
	for _, s := range steps {
		changes = append(changes, providers.Change{
			Kind: j.Kinds().Lookup(s.Address.Kind), Key: s.Address.Key, Before: s.Before, After: blanked(s),
		})
	}
	return changes
}

// written are documents after requests that put some of them back, as a device that takes them has them.
func written(docs providers.Documents, requests []providers.Request) providers.Documents {
	docs = maps.Clone(docs)
	for _, r := range requests {
		if doc, ok := docs[r.Path]; ok {
			doc.Body = r.Body
			docs[r.Path] = doc
		}
	}
	return docs
}

// blanked is what a step wants, with something in the place of its secrets that anybody may see.
func blanked(s plan.Step) cty.Value {
	if s.After.IsNull() || len(s.Secrets) == 0 {
		return s.After
	}
	values := s.After.AsValueMap()
	for attribute := range s.Secrets {
		values[attribute] = schema.NewSecret(schema.Blank).Value()
	}
	return cty.ObjectVal(values)
}
