package engine

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"slices"

	"github.com/zclconf/go-cty/cty"

	"camform/engine/plan"
	"camform/engine/state"
	"camform/providers"
	"camform/schema"
)

// past is what is known of a device as it was before a run.
type past struct {
	documents providers.Documents
	problem   string                           // why there are no documents, for people; empty if there are
	touched   []*touched                       // settings that the run changed, in the order in which it did
	known     map[schema.Setting]state.Setting // the present records
}

// touched is what a run did to a setting.
type touched struct {
	address  schema.Setting
	created  bool              // the device did not have it before the run
	deleted  bool              // the run removed it
	declared map[string]bool   // attributes that the run set
	origins  map[string]string // of the secrets among them
	unshown  map[string]bool   // attributes without a value in the journal from before the run: the device had none, or a secret
}

// hides reports whether an attribute had a secret before the run, or got one, with this value in the snapshot.
func (t *touched) hides(attribute string, before cty.Value) bool {
	return t.origins[attribute] != "" || t.unshown[attribute] && !before.IsNull()
}

// attributes are those to take back, in the order of the kind and then those that it does not have. Of an item that is gone, or
// that the run removed, it is all that can be read.
func (t *touched) attributes(kind *schema.Kind, exists bool) []string {
	var names []string
	for _, a := range kind.Attributes {
		if t.declared[a.Name] || (t.deleted || !exists) && !a.Secret && t.origins[a.Name] == "" {
			names = append(names, a.Name)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(t.declared)) {
		if kind.Attribute(name) == nil {
			names = append(names, name)
		}
	}
	return names
}

// pasts are those of the devices that a run changed.
type pasts map[schema.Device]*past

// pastsOf gathers the records of the devices that a run changed, if targets name their settings. A request that was not
// carried out as it was meant may have changed something all the same, so every one counts.
func pastsOf(ctx context.Context, store *state.Fleet, unseal unseal, run string, targets []schema.Setting) (pasts, error) {
	intents, err := store.RunIntents(ctx, run)
	if err != nil {
		return nil, err
	}
	all := pasts{}
	for _, in := range intents {
		for _, step := range in.Steps {
			if !covered(targets, step.Setting) {
				continue
			}
			if all[in.Device] == nil {
				all[in.Device] = &past{}
			}
			if err := all[in.Device].touch(step); err != nil {
				return nil, err
			}
		}
	}
	for device, p := range all {
		if p.known, err = store.SettingsOf(ctx, device); err != nil {
			return nil, err
		}
		kept, err := store.FindSnapshots(ctx, state.SnapshotQuery{Run: run, Device: device})
		if err != nil {
			return nil, err
		}
		p.documents, p.problem = unseal.opened(kept)
	}
	return all, nil
}

// touch adds what the run did next.
func (p *past) touch(step state.IntentStep) error {
	i := slices.IndexFunc(p.touched, func(t *touched) bool { return t.address == step.Setting })
	if i < 0 {
		i = len(p.touched)
		p.touched = append(p.touched, &touched{
			address: step.Setting, created: step.Before == nil, declared: map[string]bool{}, origins: map[string]string{}, unshown: map[string]bool{},
		})
		var before map[string]any
		if step.Before != nil {
			if err := json.Unmarshal(step.Before, &before); err != nil {
				return fmt.Errorf("journal of %s: %w", step.Setting, err)
			}
		}
		for name, value := range before {
			p.touched[i].unshown[name] = value == nil
		}
	}
	t := p.touched[i]
	t.deleted = t.deleted || plan.Action(step.Action) == plan.Delete
	var after map[string]any
	if step.After != nil {
		if err := json.Unmarshal(step.After, &after); err != nil {
			return fmt.Errorf("journal of %s: %w", step.Setting, err)
		}
	}
	for name, value := range after {
		if value != nil {
			t.declared[name] = true
		}
	}
	for name := range step.Fingerprints {
		t.declared[name], t.origins[name] = true, step.Origins[name]
	}
	return nil
}

// unseal makes a sealed text readable.
type unseal func(sealed []byte) ([]byte, error)

// opened are the documents of snapshots, or why there are none. Of several that cannot be opened the first tells why.
func (u unseal) opened(kept []state.Snapshot) (providers.Documents, string) {
	if len(kept) == 0 {
		return nil, "no snapshot of the device is kept from before the run"
	}
	docs := make(providers.Documents, len(kept))
	for _, snap := range kept {
		body, err := u.open(snap.Sealed)
		if err != nil {
			return nil, fmt.Sprintf("the snapshot of %s cannot be opened: %v", snap.Path, err)
		}
		docs[snap.Path] = providers.Document{Path: snap.Path, Body: body}
	}
	return docs, ""
}

// maxDocument bounds a document that is unpacked, in bytes: more than sessions let devices send.
const maxDocument = 64 << 20

// open is a document from its snapshot: packed by gzip, then sealed.
func (u unseal) open(sealed []byte) ([]byte, error) {
	packed, err := u(sealed)
	if err != nil {
		return nil, err
	}
	reader, err := gzip.NewReader(bytes.NewReader(packed))
	if err != nil {
		return nil, err
	}
	return io.ReadAll(io.LimitReader(reader, maxDocument))
}
