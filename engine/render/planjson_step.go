package render

import (
	"cmp"
	"encoding/json"
	"fmt"

	"github.com/zclconf/go-cty/cty"
	ctyjson "github.com/zclconf/go-cty/cty/json"

	"camform/engine/plan"
	"camform/schema"
)

// stepView is a step with what a document for programs needs of it.
type stepView struct {
	step     plan.Step
	kind     *schema.Kind
	names    []string
	provider string
}

func newStepView(s plan.Step, kind *schema.Kind, provider string) stepView {
	return stepView{step: s, kind: kind, names: attributeNames(s, kind), provider: provider}
}

// unchangedView is a setting that stays as it is.
func unchangedView(u plan.Unchanged, kind *schema.Kind, provider string) stepView {
	s := plan.Step{Address: u.Address, Before: u.Value, After: u.Value, Secrets: map[string]plan.SecretSource{}}
	for _, name := range u.Hidden {
		s.Secrets[name] = plan.SecretSource{}
	}
	return newStepView(s, kind, provider)
}

func (v stepView) identity() identityDoc {
	a := v.step.Address
	doc := identityDoc{
		Address: a.String(), ModuleAddress: a.Device.String(), Mode: "managed", Type: a.Kind, Name: a.Kind, ProviderName: v.provider,
	}
	if a.Key != "" {
		doc.Name = a.Key
	}
	if a.Device.Each {
		doc.Index = a.Device.Key
	}
	return doc
}

// planActions are the words of a plan document. Those of the stream differ: see streamActions.
var planActions = map[plan.Action]string{
	plan.Create: "create", plan.Update: "update", plan.Delete: "delete", plan.Forget: "forget",
}

func (v stepView) change() (resourceChangeDoc, error) {
	before, err := v.object(v.step.Before, cty.NilVal)
	if err != nil {
		return resourceChangeDoc{}, err
	}
	after, err := v.object(v.step.After, v.step.Before)
	if err != nil {
		return resourceChangeDoc{}, err
	}
	doc := resourceChangeDoc{
		identityDoc: v.identity(),
		Change:      v.changeDoc([]string{planActions[v.step.Action]}, before, after),
		Camform:     new(v.camform()),
	}
	if doc.Camform.Stage, err = v.object(v.step.Stage, v.step.Before); err != nil {
		return resourceChangeDoc{}, err
	}
	if after != nil {
		unknown := v.unknown()
		doc.Change.AfterUnknown = unknown
		if err := v.epoch(before, after, unknown); err != nil {
			return resourceChangeDoc{}, err
		}
	}
	if v.step.Action == plan.Delete {
		doc.ActionReason = "delete_because_no_resource_config"
	}
	return doc, nil
}

func (v stepView) changeDoc(actions []string, before, after any) changeDoc {
	doc := changeDoc{
		Actions: actions, Before: before, After: after,
		AfterUnknown: struct{}{}, BeforeSensitive: false, AfterSensitive: false,
	}
	if before != nil {
		doc.BeforeSensitive = v.sensitive()
	}
	if after != nil {
		doc.AfterSensitive = v.sensitive()
	}
	return doc
}

// object is a setting with every attribute, or nil if it does not exist. Attributes that are null in it are those of
// under. Secrets and what is not known yet are null.
func (v stepView) object(object, under cty.Value) (any, error) {
	if object == cty.NilVal || object.IsNull() {
		return nil, nil
	}
	doc := attributesDoc{}
	for _, name := range v.names {
		value := attributeOf(object, name)
		if value.IsKnown() && value.IsNull() {
			value = attributeOf(under, name)
		}
		if v.secret(name) || !value.IsWhollyKnown() {
			value = cty.NullVal(cty.DynamicPseudoType)
		}
		text, err := jsonOf(value)
		if err != nil {
			return nil, fmt.Errorf("attribute %s: %w", name, err)
		}
		doc[name] = text
	}
	return doc, nil
}

// epochAttribute stands beside a password that camform makes: which version of it there is. The next one gets its number from the vault when
// it is made.
const epochAttribute = "credential_epoch"

// epoch adds the version of a password that a step replaces, and that the next is not known yet.
func (v stepView) epoch(before, after any, unknown map[string]bool) error {
	_, how := v.step.Generates()
	if how == nil {
		return nil
	}
	had := cty.NullVal(cty.Number)
	if how.Replaces > 0 {
		had = cty.NumberIntVal(int64(how.Replaces))
	}
	text, err := jsonOf(had)
	if err != nil {
		return err
	}
	if attributes, ok := before.(attributesDoc); ok {
		attributes[epochAttribute] = text
	}
	if attributes, ok := after.(attributesDoc); ok {
		attributes[epochAttribute] = json.RawMessage("null")
	}
	unknown[epochAttribute] = true
	return nil
}

func jsonOf(v cty.Value) (json.RawMessage, error) {
	return ctyjson.SimpleJSONValue{Value: v}.MarshalJSON()
}

func (v stepView) secret(name string) bool {
	_, set := v.step.Secrets[name]
	return set || isSecret(v.kind, name, attributeOf(v.step.Before, name), attributeOf(v.step.After, name))
}

// sensitive has true for every attribute whose value is never shown.
func (v stepView) sensitive() map[string]bool {
	doc := map[string]bool{}
	for _, name := range v.names {
		if v.secret(name) {
			doc[name] = true
		}
	}
	return doc
}

// unknown has true for every attribute whose new value is not in the document: secrets that will be set, and values
// that are known later only.
func (v stepView) unknown() map[string]bool {
	doc := map[string]bool{}
	for _, name := range v.names {
		d, shown := deltaOf(v.step, v.kind, name)
		if shown && d.secret || !attributeOf(v.step.After, name).IsWhollyKnown() {
			doc[name] = true
		}
	}
	return doc
}

func (v stepView) camform() camformStepDoc {
	s := v.step
	doc := camformStepDoc{
		Reason: s.Reason, Accepted: s.Accepted, Jumps: s.Jumps, Risk: string(cmp.Or(s.Risk, schema.RiskNone)), Reboot: string(cmp.Or(s.Reboot, schema.RebootNever)),
		Drops: s.Drops, Follows: s.Follows(),
	}
	for _, w := range s.Why {
		if doc.Why == nil {
			doc.Why = map[string]whyDoc{}
		}
		doc.Why[w.Attribute] = whyDoc{Cause: string(w.Cause), Source: w.Source, Profile: w.Profile}
	}
	for name, secret := range s.Secrets {
		if doc.Secrets == nil {
			doc.Secrets = map[string]string{}
		}
		doc.Secrets[name] = secret.Origin
		if g := secret.Generate; g != nil {
			doc.Generated = map[string]generatedDoc{name: {Policy: g.Policy.Name, Reason: g.Reason, Replaces: g.Replaces}}
		}
	}
	return doc
}

// drift tells what happened on the device before the plan, if that is a cause of the step. What was applied last is what
// the step wants again, unless the configuration moved as well.
func (v stepView) drift() (resourceChangeDoc, bool, error) {
	action, ok := driftAction(v.step)
	if !ok {
		return resourceChangeDoc{}, false, nil
	}
	before, err := v.object(v.lastApplied(), cty.NilVal)
	if err != nil {
		return resourceChangeDoc{}, false, err
	}
	after, err := v.object(v.step.Before, cty.NilVal)
	if err != nil {
		return resourceChangeDoc{}, false, err
	}
	doc := resourceChangeDoc{identityDoc: v.identity(), Change: v.changeDoc([]string{action}, before, after), Camform: new(v.camform())}
	return doc, true, nil
}

// lastApplied is the setting as it was before something changed on the device.
func (v stepView) lastApplied() cty.Value {
	values := map[string]cty.Value{}
	for _, name := range v.names {
		values[name] = attributeOf(v.step.Before, name)
	}
	for _, w := range v.step.Why {
		switch w.Cause {
		case plan.CauseDrift:
			values[w.Attribute] = attributeOf(v.step.After, w.Attribute)
		case plan.CauseBoth:
			values[w.Attribute] = cty.NullVal(cty.DynamicPseudoType)
		}
	}
	return cty.ObjectVal(values)
}
