package engine

import (
	"fmt"
	"maps"

	"github.com/zclconf/go-cty/cty"

	"camform/engine/guard"
	"camform/engine/live"
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
		if d.Activation != nil {
			continue // what it needs is not known before it was read
		}
		listed := DeviceRequests{Device: d.Address}
		for _, g := range plan.GroupsAsOrdered(d.Steps, j.Kinds()) {
			snap := planned.Snapshots[d.Address]
			docs := snap.Documents
			for _, part := range g.Requests() {
				requests, err := j.Compose(providers.Composition{
					Documents: docs, Changes: j.changes(part.Steps, snap), First: guard.Sources(d),
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
func (j judge) changes(steps []plan.Step, snap *live.Snapshot) []providers.Change {
	var changes []providers.Change
	for _, s := range steps {
		kind := j.Kinds().Lookup(s.Address.Kind)
		changes = append(changes, providers.Change{
			Kind: kind, Key: s.Address.Key, Before: s.Before, After: blanked(s, kind, snap.Items[kind.Name][s.Address.Key]),
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

// blanked is what a step wants, with its secrets replaced by something that anybody may see: those that it sets, and
// texts that the device has and the step leaves out of what was before.
func blanked(s plan.Step, kind *schema.Kind, have cty.Value) cty.Value {
	if s.After.IsNull() {
		return s.After
	}
	values := s.After.AsValueMap()
	for attribute := range s.Secrets {
		values[attribute] = schema.NewSecret(schema.Blank).Value()
	}
	if s.Before.IsNull() || have == cty.NilVal || have.IsNull() {
		return cty.ObjectVal(values)
	}
	for _, a := range kind.Attributes {
		leftOut := values[a.Name].IsNull() && s.Before.GetAttr(a.Name).IsNull() && !have.GetAttr(a.Name).IsNull()
		if leftOut && kind.CanConceal(a) && !a.Secret {
			values[a.Name] = schema.NewSecret(schema.Blank).Value()
		}
	}
	return cty.ObjectVal(values)
}
