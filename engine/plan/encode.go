package plan

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/zclconf/go-cty/cty"
	ctyjson "github.com/zclconf/go-cty/cty/json"

	"camform/providers"
	"camform/schema"
)

// FormatVersion is the version of the plan file that Encode writes and Decode reads.
const FormatVersion = 6

// FileStart is how every plan file begins, which distinguishes it from other files without reading it.
const FileStart = `{"camform_plan":`

// Errors of Decode.
var (
	ErrNotAPlan    = errors.New("this is not a plan file of camform")
	ErrOtherFormat = errors.New("another version of camform wrote this plan file; plan again")
	ErrTampered    = errors.New("the plan file was changed after it was written, or is damaged")
	ErrOtherKind   = errors.New("the plan was made with other setting files than this camform has; plan again")
)

// Encode writes a plan as canonical JSON: the same plan gives the same bytes. It fails if a value that the schema calls
// secret is in it, which would be a bug in the code that made the plan.
func Encode(p *Plan, kinds *schema.Kinds) ([]byte, error) {
	file := fileShape{
		Version: p.Version, Created: p.Created.UTC().Format(time.RFC3339), Schema: p.Schema, Lineage: p.Lineage, MaxUnreachable: p.MaxUnreachable,
		Author: p.Author, Limits: p.Limits, Approvals: p.Approvals, Targets: p.Targets, Taken: p.Taken, Configuration: p.Configuration,
	}
	var err error
	if file.Devices, err = encodeDevices(p.Devices, kinds); err != nil {
		return nil, err
	}
	if file.Users, err = encodeDevices(p.Users, kinds); err != nil {
		return nil, err
	}
	if file.Usage, err = encodeUsage(p.Usage); err != nil {
		return nil, fmt.Errorf("encode plan: %w", err)
	}
	for _, m := range p.Moved {
		file.Moved = append(file.Moved, encodeMoved(m))
	}
	for _, g := range p.Gone {
		file.Gone = append(file.Gone, encodeGone(g))
	}
	for _, o := range p.Outputs {
		shape, err := encodeOutput(o)
		if err != nil {
			return nil, err
		}
		file.Outputs = append(file.Outputs, shape)
	}
	body, err := json.Marshal(file)
	if err != nil {
		return nil, fmt.Errorf("encode plan: %w", err)
	}
	envelope, err := json.Marshal(envelopeShape{Format: FormatVersion, Hash: hash(body), Plan: body})
	if err != nil {
		return nil, fmt.Errorf("encode plan: %w", err)
	}
	return append(envelope, '\n'), nil
}

// Hash identifies a plan: it is the hash of what Encode writes.
func Hash(p *Plan, kinds *schema.Kinds) (string, error) {
	text, err := Encode(p, kinds)
	if err != nil {
		return "", err
	}
	var e envelopeShape
	if err := json.Unmarshal(text, &e); err != nil {
		return "", fmt.Errorf("hash plan: %w", err)
	}
	return e.Hash, nil
}

// Decode reads a plan and proves that it is as it was written, and that it was made with the same setting files.
func Decode(text []byte, kinds *schema.Kinds) (*Plan, error) {
	var e envelopeShape
	if err := strictly(text, &e); err != nil || len(e.Plan) == 0 {
		return nil, ErrNotAPlan
	}
	if e.Format != FormatVersion {
		return nil, fmt.Errorf("%w (its format is %d, and this camform reads %d)", ErrOtherFormat, e.Format, FormatVersion)
	}
	if e.Hash != hash(e.Plan) {
		return nil, ErrTampered
	}
	var file fileShape
	if err := strictly(e.Plan, &file); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrNotAPlan, err)
	}
	if file.Schema != kinds.Hash() {
		return nil, ErrOtherKind
	}
	return file.plan(kinds)
}

func strictly(text []byte, into any) error {
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(into); err != nil {
		return err
	}
	if _, err := decoder.Token(); err != io.EOF {
		return errors.New("text after the end")
	}
	return nil
}

func hash(body []byte) string {
	sum := sha256.Sum256(body)
	return "sha256:" + hex.EncodeToString(sum[:])
}

// The shapes of the file. Maps are sorted by encoding/json, structs keep their order.
type (
	envelopeShape struct {
		Format int             `json:"camform_plan"`
		Hash   string          `json:"hash"`
		Plan   json.RawMessage `json:"plan"`
	}
	fileShape struct {
		Version string        `json:"version"`
		Created string        `json:"created"`
		Schema  string        `json:"schema"`
		Lineage string        `json:"lineage"`
		Devices []deviceShape `json:"devices"`
		Targets []string      `json:"targets,omitempty"`
		Users   []deviceShape `json:"users,omitempty"`
		Usage   *usageShape   `json:"usage,omitempty"`
		Moved   []movedShape  `json:"moved,omitempty"`
		Gone    []goneShape   `json:"gone,omitempty"`
		Taken   *Taken        `json:"taken,omitempty"`
		Outputs []outputShape `json:"outputs,omitempty"`

		Configuration Configuration `json:"configuration"`

		MaxUnreachable Tolerance  `json:"max_unreachable"`
		Author         string     `json:"author,omitempty"`
		Limits         Limits     `json:"limits"`
		Approvals      *Approvals `json:"approvals,omitempty"`
	}
	deviceShape struct {
		Address    string             `json:"address"`
		Access     accessShape        `json:"access"`
		Identity   providers.Identity `json:"identity"`
		Source     string             `json:"source,omitempty"`
		Seen       []string           `json:"seen,omitempty"`
		Ways       []Way              `json:"ways,omitempty"`
		Logins     []Login            `json:"logins,omitempty"`
		Cuts       []Cut              `json:"cuts,omitempty"`
		ClockJump  string             `json:"clock_jump,omitempty"`
		Pin        providers.Pin      `json:"pin"`
		Record     Record             `json:"record,omitempty"`
		Problem    string             `json:"problem,omitempty"`
		Family     string             `json:"family,omitempty"`
		Activation *Activation        `json:"activation,omitempty"`
		Steps      []stepShape        `json:"steps,omitempty"`
		Adopted    []adoptedShape     `json:"adopted,omitempty"`
		Skipped    []skippedShape     `json:"skipped,omitempty"`
		Unmanaged  map[string]int     `json:"unmanaged,omitempty"`
		Unchanged  []unchangedShape   `json:"unchanged,omitempty"`
		Checks     []Check            `json:"checks,omitempty"`
	}
	accessShape struct {
		URL      string             `json:"url"`
		Username string             `json:"username"`
		Password SecretSource       `json:"password"`
		Want     providers.Identity `json:"want"`
		Verify   bool               `json:"verify,omitempty"`
		CAFile   string             `json:"ca_file,omitempty"`
		Legacy   bool               `json:"legacy,omitempty"`
		Plain    bool               `json:"plain,omitempty"`
		Basic    bool               `json:"basic,omitempty"`
		Site     string             `json:"site,omitempty"`
		Managed  string             `json:"managed,omitempty"`
	}
	stepShape struct {
		Address string                  `json:"address"`
		Action  Action                  `json:"action"`
		Before  json.RawMessage         `json:"before"`
		After   json.RawMessage         `json:"after"`
		Stage   json.RawMessage         `json:"stage,omitempty"`
		Secrets map[string]SecretSource `json:"secrets,omitempty"`
		Why     []whyShape              `json:"why,omitempty"`
		Reason  string                  `json:"reason,omitempty"`
		Cause   Cause                   `json:"cause,omitempty"`
		Source  Source                  `json:"source"`
		Risk    schema.Risk             `json:"risk,omitempty"`
		Reboot  schema.Reboot           `json:"reboot,omitempty"`
		Drops   bool                    `json:"drops_sessions,omitempty"`

		Accepted string `json:"accepted,omitempty"`
		Jumps    bool   `json:"clock_jumps,omitempty"`
		Ciphered bool   `json:"enciphered,omitempty"`
		Tells    bool   `json:"tells,omitempty"`
	}
	whyShape struct {
		Attribute string `json:"attribute"`
		Cause     Cause  `json:"cause"`
		Source    Source `json:"source"`
		Profile   string `json:"profile,omitempty"`
	}
	adoptedShape struct {
		Address string                  `json:"address"`
		Value   json.RawMessage         `json:"value"`
		Secrets map[string]SecretSource `json:"secrets,omitempty"`
	}
	unchangedShape struct {
		Address string          `json:"address"`
		Value   json.RawMessage `json:"value"`
		Hidden  []string        `json:"hidden,omitempty"`
	}
	skippedShape struct {
		Address   string     `json:"address"`
		Attribute string     `json:"attribute,omitempty"`
		Reason    SkipReason `json:"reason"`
		Detail    string     `json:"detail,omitempty"`
		Drifted   bool       `json:"drifted,omitempty"`
		Source    Source     `json:"source"`
	}
	outputShape struct {
		Name      string          `json:"name"`
		Action    Action          `json:"action,omitempty"`
		Before    json.RawMessage `json:"before,omitempty"`
		Mark      string          `json:"mark,omitempty"`
		Type      json.RawMessage `json:"type,omitempty"`
		Value     json.RawMessage `json:"value,omitempty"`
		Sensitive bool            `json:"sensitive,omitempty"`
		Elsewhere bool            `json:"elsewhere,omitempty"`
	}
)

func encodeDevices(devices []Device, kinds *schema.Kinds) ([]deviceShape, error) {
	var shapes []deviceShape
	for _, d := range devices {
		shape, err := encodeDevice(d, kinds)
		if err != nil {
			return nil, err
		}
		shapes = append(shapes, shape)
	}
	return shapes, nil
}

func encodeDevice(d Device, kinds *schema.Kinds) (deviceShape, error) {
	shape := deviceShape{
		Address: d.Address.String(), Access: accessShape(d.Access), Identity: d.Identity, Source: d.Source, Seen: d.Seen,
		Ways: d.Ways, Logins: d.Logins, Cuts: d.Cuts, ClockJump: d.ClockJump, Pin: d.Pin, Record: d.Record, Problem: d.Problem, Family: d.Family, Unmanaged: d.Unmanaged,
		Checks: d.Checks, Activation: d.Activation,
	}
	for _, s := range d.Steps {
		kind := kinds.Lookup(s.Address.Kind)
		before, err := encodeValue(kind, s.Before)
		if err != nil {
			return shape, fmt.Errorf("encode %s: %w", s.Address, err)
		}
		after, err := encodeValue(kind, s.After)
		if err != nil {
			return shape, fmt.Errorf("encode %s: %w", s.Address, err)
		}
		step := stepShape{
			Address: s.Address.String(), Action: s.Action, Before: before, After: after, Secrets: s.Secrets,
			Reason: s.Reason, Cause: s.Cause, Source: s.Range, Risk: s.Risk, Reboot: s.Reboot, Drops: s.Drops, Accepted: s.Accepted, Jumps: s.Jumps, Ciphered: s.Enciphered, Tells: s.Tells,
		}
		if s.Staged() {
			if step.Stage, err = encodeValue(kind, s.Stage); err != nil {
				return shape, fmt.Errorf("encode %s: %w", s.Address, err)
			}
		}
		for _, w := range s.Why {
			step.Why = append(step.Why, whyShape(w))
		}
		shape.Steps = append(shape.Steps, step)
	}
	for _, a := range d.Adopted {
		value, err := encodeValue(kinds.Lookup(a.Address.Kind), a.Value)
		if err != nil {
			return shape, fmt.Errorf("encode %s: %w", a.Address, err)
		}
		shape.Adopted = append(shape.Adopted, adoptedShape{Address: a.Address.String(), Value: value, Secrets: a.Secrets})
	}
	for _, u := range d.Unchanged {
		value, err := encodeValue(kinds.Lookup(u.Address.Kind), u.Value)
		if err != nil {
			return shape, fmt.Errorf("encode %s: %w", u.Address, err)
		}
		shape.Unchanged = append(shape.Unchanged, unchangedShape{Address: u.Address.String(), Value: value, Hidden: u.Hidden})
	}
	for _, s := range d.Skipped {
		shape.Skipped = append(shape.Skipped, skippedShape{
			Address: s.Address.String(), Attribute: s.Attribute, Reason: s.Reason, Detail: s.Detail, Drifted: s.Drifted, Source: s.Source,
		})
	}
	return shape, nil
}

// encodeValue writes a setting. It refuses what must never be in a file.
func encodeValue(kind *schema.Kind, v cty.Value) (json.RawMessage, error) {
	if kind == nil {
		return nil, errors.New("this is a bug: its kind is unknown")
	}
	if v.ContainsMarked() {
		return nil, errors.New("this is a bug: a value still carries the mark of a secret")
	}
	if err := withoutSecrets(kind, v); err != nil {
		return nil, fmt.Errorf("this is a bug: %w", err)
	}
	return ctyjson.Marshal(v, kind.Type())
}

func withoutSecrets(kind *schema.Kind, v cty.Value) error {
	if v.IsNull() {
		return nil
	}
	for _, a := range kind.Attributes {
		if a.Secret && !v.GetAttr(a.Name).IsNull() {
			return fmt.Errorf("the secret attribute %s has a value", a.Name)
		}
	}
	return nil
}

func encodeOutput(o Output) (outputShape, error) {
	shape := outputShape{Name: o.Name, Action: o.Action, Before: o.Before, Mark: o.Mark, Sensitive: o.Sensitive, Elsewhere: o.Elsewhere}
	if o.Sensitive {
		return shape, nil
	}
	typ, err := ctyjson.MarshalType(o.Value.Type())
	if err != nil {
		return shape, fmt.Errorf("encode output %s: %w", o.Name, err)
	}
	value, err := ctyjson.Marshal(o.Value, o.Value.Type())
	if err != nil {
		return shape, fmt.Errorf("encode output %s: %w", o.Name, err)
	}
	shape.Type, shape.Value = typ, value
	return shape, nil
}

func (f fileShape) plan(kinds *schema.Kinds) (*Plan, error) {
	created, err := time.Parse(time.RFC3339, f.Created)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrNotAPlan, err)
	}
	p := &Plan{
		Version: f.Version, Created: created, Schema: f.Schema, Lineage: f.Lineage, MaxUnreachable: f.MaxUnreachable,
		Author: f.Author, Limits: f.Limits, Approvals: f.Approvals, Targets: f.Targets, Taken: f.Taken, Configuration: f.Configuration,
	}
	if p.Devices, err = decodeDevices(f.Devices, kinds); err != nil {
		return nil, err
	}
	if p.Users, err = decodeDevices(f.Users, kinds); err != nil {
		return nil, err
	}
	if p.Usage, err = f.Usage.usage(); err != nil {
		return nil, fmt.Errorf("%w: usage: %w", ErrNotAPlan, err)
	}
	for _, shape := range f.Moved {
		m, err := shape.moved()
		if err != nil {
			return nil, fmt.Errorf("%w: %s: %w", ErrNotAPlan, shape.From, err)
		}
		p.Moved = append(p.Moved, m)
	}
	for _, shape := range f.Gone {
		g, err := shape.gone()
		if err != nil {
			return nil, fmt.Errorf("%w: %s: %w", ErrNotAPlan, shape.Address, err)
		}
		p.Gone = append(p.Gone, g)
	}
	for _, shape := range f.Outputs {
		o, err := shape.output()
		if err != nil {
			return nil, fmt.Errorf("%w: output %s: %w", ErrNotAPlan, shape.Name, err)
		}
		p.Outputs = append(p.Outputs, o)
	}
	return p, nil
}

func decodeDevices(shapes []deviceShape, kinds *schema.Kinds) ([]Device, error) {
	var devices []Device
	for _, shape := range shapes {
		d, err := shape.device(kinds)
		if err != nil {
			return nil, fmt.Errorf("%w: %s: %w", ErrNotAPlan, shape.Address, err)
		}
		devices = append(devices, d)
	}
	return devices, nil
}

func (shape deviceShape) device(kinds *schema.Kinds) (Device, error) {
	address, err := schema.ParseDevice(shape.Address)
	if err != nil {
		return Device{}, err
	}
	d := Device{
		Address: address, Access: Access(shape.Access), Identity: shape.Identity, Source: shape.Source, Seen: shape.Seen,
		Ways: shape.Ways, Logins: shape.Logins, Cuts: shape.Cuts, ClockJump: shape.ClockJump, Pin: shape.Pin, Record: shape.Record, Problem: shape.Problem, Family: shape.Family,
		Unmanaged: shape.Unmanaged, Checks: shape.Checks, Activation: shape.Activation,
	}
	for _, s := range shape.Steps {
		step, err := s.step(kinds)
		if err != nil {
			return d, err
		}
		d.Steps = append(d.Steps, step)
	}
	for _, a := range shape.Adopted {
		address, value, err := settingAndValue(a.Address, a.Value, kinds)
		if err != nil {
			return d, err
		}
		d.Adopted = append(d.Adopted, Adopted{Address: address, Value: value, Secrets: a.Secrets})
	}
	for _, u := range shape.Unchanged {
		address, value, err := settingAndValue(u.Address, u.Value, kinds)
		if err != nil {
			return d, err
		}
		d.Unchanged = append(d.Unchanged, Unchanged{Address: address, Value: value, Hidden: u.Hidden})
	}
	for _, s := range shape.Skipped {
		address, err := schema.ParseSetting(s.Address)
		if err != nil {
			return d, err
		}
		d.Skipped = append(d.Skipped, Skipped{
			Address: address, Attribute: s.Attribute, Reason: s.Reason, Detail: s.Detail, Drifted: s.Drifted, Source: s.Source,
		})
	}
	return d, nil
}

func (s stepShape) step(kinds *schema.Kinds) (Step, error) {
	switch s.Action {
	case Create, Update, Delete, Forget:
	default:
		return Step{}, fmt.Errorf("there is no action %q", s.Action)
	}
	address, before, err := settingAndValue(s.Address, s.Before, kinds)
	if err != nil {
		return Step{}, err
	}
	_, after, err := settingAndValue(s.Address, s.After, kinds)
	if err != nil {
		return Step{}, err
	}
	step := Step{
		Address: address, Action: s.Action, Before: before, After: after, Secrets: s.Secrets,
		Reason: s.Reason, Cause: s.Cause, Range: s.Source, Risk: s.Risk, Reboot: s.Reboot, Drops: s.Drops, Accepted: s.Accepted, Jumps: s.Jumps, Enciphered: s.Ciphered, Tells: s.Tells,
	}
	if s.Stage != nil {
		if step.Stage, err = s.stage(step, kinds); err != nil {
			return Step{}, err
		}
	}
	for _, w := range s.Why {
		step.Why = append(step.Why, Why(w))
	}
	return step, nil
}

// stage reads the stage of a step, which only an item that is there and stays can have.
func (s stepShape) stage(step Step, kinds *schema.Kinds) (cty.Value, error) {
	_, stage, err := settingAndValue(s.Address, s.Stage, kinds)
	if err == nil && (stage.IsNull() || step.Action != Update || step.Before.IsNull() || step.After.IsNull()) {
		err = fmt.Errorf("%s cannot be staged", s.Address)
	}
	return stage, err
}

func settingAndValue(address string, value json.RawMessage, kinds *schema.Kinds) (schema.Setting, cty.Value, error) {
	setting, err := schema.ParseSetting(address)
	if err != nil {
		return setting, cty.NilVal, err
	}
	kind := kinds.Lookup(setting.Kind)
	if kind == nil {
		return setting, cty.NilVal, fmt.Errorf("%s is of an unknown kind", setting)
	}
	v, err := ctyjson.Unmarshal(value, kind.Type())
	if err != nil {
		return setting, cty.NilVal, err
	}
	return setting, v, withoutSecrets(kind, v)
}

func (shape outputShape) output() (Output, error) {
	o := Output{Name: shape.Name, Action: shape.Action, Before: shape.Before, Mark: shape.Mark, Sensitive: shape.Sensitive, Elsewhere: shape.Elsewhere, Value: cty.NullVal(cty.DynamicPseudoType)}
	if shape.Sensitive {
		return o, nil
	}
	typ, err := ctyjson.UnmarshalType(shape.Type)
	if err != nil {
		return o, err
	}
	o.Value, err = ctyjson.Unmarshal(shape.Value, typ)
	return o, err
}
