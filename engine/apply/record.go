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

// readKinds reads the documents of the kinds of steps and decodes them. A kind that the device does not have has no items.
func (l *line) readKinds(ctx context.Context, interpreter providers.Interpreter, steps []plan.Step) (reading, error) {
	var kinds []*schema.Kind
	keys := map[*schema.Kind][]string{}
	for _, s := range steps {
		kind := interpreter.Kinds().Lookup(s.Address.Kind)
		if keys[kind] == nil {
			kinds = append(kinds, kind)
		}
		keys[kind] = append(keys[kind], s.Address.Key)
	}
	r := reading{documents: providers.Documents{}, items: map[string]providers.Items{}, limits: map[string]bool{}}
	read := func(path string) (providers.Document, error) {
		if doc, ok := r.documents[path]; ok {
			return doc, nil
		}
		doc, err := l.session.Read(ctx, path)
		if err == nil && doc.Unsure {
			err = fmt.Errorf("read %s: %s: %w", path, doc.Missing, providers.ErrWithheld)
		}
		if err == nil {
			r.documents[path] = doc
		}
		return doc, err
	}
	limits := func(path string) (providers.Document, error) {
		r.limits[path] = true
		if doc, ok := r.documents[path]; ok {
			return doc, nil
		}
		doc, err := l.readLimits(ctx, path)
		if err != nil && !providers.EndsSession(err) {
			doc, err = providers.Document{Path: path, Missing: err.Error()}, nil
		}
		if err == nil {
			r.documents[path] = doc
		}
		return doc, err
	}
	for _, kind := range kinds {
		if err := providers.ReadKind(kind, keys[kind], read, limits); err != nil {
			return r, err
		}
		if err := providers.ReadAlone(kind, keys[kind], r.documents, interpreter, read); err != nil {
			return r, err
		}
		r.see(kind, interpreter)
		items, err := interpreter.Decode(kind, keys[kind], r.documents)
		if err != nil && !errors.Is(err, providers.ErrUnsupported) {
			return r, fmt.Errorf("read %s: %w", kind.Name, err)
		}
		r.items[kind.Name] = items
	}
	return r, nil
}

// see notes at which address the device says that it sees us. The document that tells is none of its settings, nor is one with the clock
// that belongs to another kind.
func (r *reading) see(kind *schema.Kind, interpreter providers.Interpreter) {
	if kind.Clock != nil && !slices.ContainsFunc(kind.Documents(), func(d schema.Document) bool { return d.Path == kind.Clock.Path }) {
		r.limits[kind.Clock.Path] = true
	}
	if kind.Sees != nil {
		r.limits[kind.Sees.Path] = true
		r.seen = append(r.seen, providers.SeenAt(kind, r.documents, interpreter)...)
	}
}

func rowOf(address schema.Setting, kind *schema.Kind, want, have cty.Value, secrets map[string]plan.SecretSource) state.Setting {
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

// Rows reads rows of the state. Those of a fleet say much the same, as do the two halves of a row, so each text is read once,
// and what it says is shared: the maps of a memory must not be changed. The zero value is ready for use, by one goroutine.
type Rows struct {
	read map[attributeText]map[string]cty.Value
}

type attributeText struct {
	kind *schema.Kind
	text string
}

// Remembered turns a row into what the comparison needs. Attributes that the kind no longer has are left out.
func (r *Rows) Remembered(kind *schema.Kind, row state.Setting) (diff.Memory, error) {
	m := diff.Memory{Fingerprints: row.Fingerprints, Created: row.Created}
	var err error
	if m.Applied, err = r.attributes(kind, row.Applied); err != nil {
		return m, fmt.Errorf("state of %s: %w", row.Address, err)
	}
	if m.Observed, err = r.attributes(kind, row.Observed); err != nil {
		return m, fmt.Errorf("state of %s: %w", row.Address, err)
	}
	return m, nil
}

func (r *Rows) attributes(kind *schema.Kind, text json.RawMessage) (map[string]cty.Value, error) {
	key := attributeText{kind, string(text)}
	if values, ok := r.read[key]; ok {
		return values, nil
	}
	values, err := decodeAttributes(kind, text)
	if err != nil {
		return nil, err
	}
	if r.read == nil {
		r.read = map[attributeText]map[string]cty.Value{}
	}
	r.read[key] = values
	return values, nil
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

// intentOf is what the journal keeps of a request before it leaves: never its body, which may hold secrets.
func intentOf(document string, request providers.Request, steps []plan.Step, kinds *schema.Kinds) state.Intent {
	digest := sha256.Sum256([]byte(request.Method + " " + request.Path))
	in := state.Intent{Document: document, Method: request.Method, Digest: hex.EncodeToString(digest[:])}
	for _, s := range steps {
		kind := kinds.Lookup(s.Address.Kind)
		fingerprints, origins := map[string]string{}, map[string]string{}
		for attribute, secret := range s.Secrets {
			fingerprints[attribute], origins[attribute] = secret.Fingerprint, secret.Origin
		}
		in.Steps = append(in.Steps, state.IntentStep{
			Setting: s.Address, Action: string(s.Action), Fingerprints: fingerprints, Origins: origins,
			Before: encodeWhole(kind, s.Before), After: encodeWhole(kind, s.After), Tells: s.Tells,
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

// stepsOf are the steps that the request of an intent was to carry out.
func stepsOf(in state.Intent, kinds *schema.Kinds) ([]plan.Step, error) {
	var steps []plan.Step
	for _, shape := range in.Steps {
		kind := kinds.Lookup(shape.Setting.Kind)
		if kind == nil {
			return nil, fmt.Errorf("the journal names %s, which is of an unknown kind", shape.Setting)
		}
		before, errBefore := decodeWhole(kind, shape.Before)
		after, errAfter := decodeWhole(kind, shape.After)
		if err := errors.Join(errBefore, errAfter); err != nil {
			return nil, fmt.Errorf("journal of %s: %w", shape.Setting, err)
		}
		secrets := map[string]plan.SecretSource{}
		for attribute, fingerprint := range shape.Fingerprints {
			secrets[attribute] = plan.SecretSource{Origin: shape.Origins[attribute], Fingerprint: fingerprint}
		}
		steps = append(steps, plan.Step{
			Address: shape.Setting, Action: plan.Action(shape.Action), Before: before, After: after, Secrets: secrets, Tells: shape.Tells,
		})
	}
	return steps, nil
}
