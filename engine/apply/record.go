package apply

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"slices"

	"github.com/zclconf/go-cty/cty"
	ctyjson "github.com/zclconf/go-cty/cty/json"

	"camform/engine/diff"
	"camform/engine/plan"
	"camform/engine/state"
	"camform/providers"
	"camform/schema"
)

// wanted is what to read of one kind.
type wanted struct {
	kind *schema.Kind
	keys []string
}

// wantedBy lists the kinds of steps, each with its keys.
func (w *worker) wantedBy(steps []plan.Step) []wanted {
	var list []wanted
	for _, s := range steps {
		kind := w.kind(s.Address.Kind)
		i := slices.IndexFunc(list, func(have wanted) bool { return have.kind == kind })
		if i < 0 {
			i, list = len(list), append(list, wanted{kind: kind})
		}
		list[i].keys = append(list[i].keys, s.Address.Key)
	}
	return list
}

// readKinds reads the documents of kinds and decodes them. A kind that the device does not have has no items.
func readKinds(ctx context.Context, reader providers.Reader, interpreter providers.Interpreter, list []wanted) (reading, error) {
	r := reading{documents: providers.Documents{}, items: map[string]providers.Items{}, limits: map[string]bool{}}
	read := func(path string) (providers.Document, error) {
		if doc, ok := r.documents[path]; ok {
			return doc, nil
		}
		doc, err := reader.Read(ctx, path)
		if err == nil {
			r.documents[path] = doc
		}
		return doc, err
	}
	limits := func(path string) (providers.Document, error) {
		r.limits[path] = true
		doc, err := read(path)
		if err != nil && !providers.EndsSession(err) {
			doc = providers.Document{Path: path, Missing: err.Error()}
			r.documents[path], err = doc, nil
		}
		return doc, err
	}
	for _, want := range list {
		if err := providers.ReadKind(want.kind, want.keys, read, limits); err != nil {
			return r, err
		}
		items, err := interpreter.Decode(want.kind, want.keys, r.documents)
		if err != nil && !errors.Is(err, providers.ErrUnsupported) {
			return r, fmt.Errorf("read %s: %w", want.kind.Name, err)
		}
		r.items[want.kind.Name] = items
	}
	return r, nil
}

// row is what is remembered of a step that was carried out. Deleted items have no row.
func (w *worker) row(s plan.Step, kind *schema.Kind, have cty.Value) state.Setting {
	row := rowOf(s.Address, kind, s.After, have, s.Secrets)
	row.Created = s.Action == plan.Create || w.known[s.Address].Created
	return row
}

func (w *worker) adoptedRow(a plan.Adopted) state.Setting {
	row := rowOf(a.Address, w.kind(a.Address.Kind), a.Value, a.Value, a.Secrets)
	row.Created = w.known[a.Address].Created
	return row
}

func rowOf(address schema.Setting, kind *schema.Kind, want, have cty.Value, secrets map[string]plan.Secret) state.Setting {
	row := state.Setting{
		Address: address, Applied: EncodeAttributes(kind, want, want), Observed: EncodeAttributes(kind, want, have),
		Fingerprints: map[string]string{},
	}
	for attribute, secret := range secrets {
		row.Fingerprints[attribute] = secret.Fingerprint
	}
	return row
}

// forgotten is the address of an item that a step removes.
func forgotten(s plan.Step) []schema.Setting {
	if s.Action == plan.Delete {
		return []schema.Setting{s.Address}
	}
	return nil
}

// EncodeAttributes writes the values of the attributes that want declares, as the state keeps them. Secrets are left out.
func EncodeAttributes(kind *schema.Kind, want, values cty.Value) json.RawMessage {
	kept := map[string]json.RawMessage{}
	if !want.IsNull() && !values.IsNull() {
		for _, a := range kind.Attributes {
			if a.Secret || want.GetAttr(a.Name).IsNull() {
				continue
			}
			text, err := ctyjson.Marshal(values.GetAttr(a.Name), a.Type)
			if err != nil {
				panic(fmt.Sprintf("this is a bug: %s of %s cannot be encoded: %v", a.Name, kind.Name, err))
			}
			kept[a.Name] = text
		}
	}
	text, err := json.Marshal(kept)
	if err != nil {
		panic(fmt.Sprintf("this is a bug: %v", err))
	}
	return text
}

// Remembered turns a row of the state into what the comparison needs. Attributes that the kind no longer has are left
// out.
func Remembered(kind *schema.Kind, row state.Setting) (diff.Memory, error) {
	m := diff.Memory{Fingerprints: row.Fingerprints, Created: row.Created}
	var err error
	if m.Applied, err = decodeAttributes(kind, row.Applied); err != nil {
		return m, fmt.Errorf("state of %s: %w", row.Address, err)
	}
	if m.Observed, err = decodeAttributes(kind, row.Observed); err != nil {
		return m, fmt.Errorf("state of %s: %w", row.Address, err)
	}
	return m, nil
}

func decodeAttributes(kind *schema.Kind, text json.RawMessage) (map[string]cty.Value, error) {
	var raw map[string]json.RawMessage
	if len(text) > 0 {
		if err := json.Unmarshal(text, &raw); err != nil {
			return nil, err
		}
	}
	values := make(map[string]cty.Value, len(raw))
	for name, encoded := range raw {
		a := kind.Attribute(name)
		if a == nil {
			continue
		}
		v, err := ctyjson.Unmarshal(encoded, a.Type)
		if err != nil {
			return nil, err
		}
		values[name] = v
	}
	return values, nil
}

// intent is what the journal keeps of a request before it leaves: never its body, which may hold secrets.
func (w *worker) intent(g plan.Group, steps []plan.Step, request providers.Request) state.Intent {
	digest := sha256.Sum256([]byte(request.Method + " " + request.Path))
	in := state.Intent{
		Document: g.Document, Method: request.Method, Digest: hex.EncodeToString(digest[:]),
	}
	for _, s := range steps {
		kind := w.kind(s.Address.Kind)
		fingerprints, origins := map[string]string{}, map[string]string{}
		for attribute, secret := range s.Secrets {
			fingerprints[attribute], origins[attribute] = secret.Fingerprint, secret.Origin
		}
		in.Steps = append(in.Steps, state.IntentStep{
			Setting: s.Address, Action: string(s.Action), Fingerprints: fingerprints, Origins: origins,
			Before: encodeWhole(kind, s.Before), After: encodeWhole(kind, s.After),
		})
	}
	return in
}

// encodeWhole writes a setting for the journal; one that does not exist is nil.
func encodeWhole(kind *schema.Kind, v cty.Value) json.RawMessage {
	if v.IsNull() {
		return nil
	}
	text, err := ctyjson.Marshal(v, kind.Type())
	if err != nil {
		panic(fmt.Sprintf("this is a bug: %s cannot be encoded: %v", kind.Name, err))
	}
	return text
}

func decodeWhole(kind *schema.Kind, text json.RawMessage) (cty.Value, error) {
	if text == nil {
		return kind.Null(), nil
	}
	return ctyjson.Unmarshal(text, kind.Type())
}
